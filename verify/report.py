"""What a run found: a value that the renderers turn into text, JSON and the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from verify.findings import Answer, Finding, Question, Source, Verdict


@dataclass(frozen=True)
class OperationReport:
    """One operation: its rule as written, one formula an operand, and an answer to each question asked."""

    name: str
    rule: tuple[str, ...]
    source: Source
    answers: dict[Question, Answer]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the questions."""
        return tuple(f for answer in self.answers.values() for f in answer.findings)

    def ok(self, strict: bool = False) -> bool:
        """No answer fails (nor, if ``strict``, warns)."""
        verdicts = [answer.verdict for answer in self.answers.values()]
        return not any(v.fails or (strict and v.warns) for v in verdicts)


@dataclass(frozen=True)
class Report:
    """A whole run.

    subject: what was verified; points: points per operand combination; complete: False if it was interrupted
    """

    subject: str
    seed: int
    points: int
    operations: tuple[OperationReport, ...]
    complete: bool = True

    def ok(self, strict: bool = False) -> bool:
        """Nothing failed."""
        return all(operation.ok(strict) for operation in self.operations)

    def __getitem__(self, name: str) -> OperationReport:
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise KeyError(f"{name!r} is not in this report: it has {', '.join(o.name for o in self.operations)}")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found, operation by operation."""
        return tuple(f for operation in self.operations for f in operation.findings)

    def summary(self) -> dict[str, int]:
        """How many answers have each verdict, the best verdicts first."""
        return count(answer.verdict for o in self.operations for answer in o.answers.values())


def count(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How often each verdict stands, in the order of `Verdict`."""
    counted = Counter(verdicts)
    return {verdict.value: counted[verdict] for verdict in Verdict if counted[verdict]}
