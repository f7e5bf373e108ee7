"""What a run found: a value that the renderers turn into text, JSON and the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from backproof.verify.results.findings import Answer, Finding, Known, Question, Source, Verdict


@dataclass(frozen=True)
class Series:
    """The points of a plot, as exact text.

    name: "slice" (along one operand, the others fixed), "range" (all sizes of floats) or "steps" (of a difference)
    operand: along which, and whose derivative it is; at: the operands that are fixed, such as "y = 2"
    columns: name of a column -> its numbers, `repr` of each; all of one length
    kinks: where along the operand the function has kinks
    """

    name: str
    operand: str
    at: str
    columns: dict[str, tuple[str, ...]]
    kinks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kink:
    """A kink: where it is ("x = 0"), and what the rule must return there, one derivative per operand."""

    where: str
    returns: tuple[str, ...]


@dataclass(frozen=True)
class PlotData:
    """One case of an operation as its spec has it, in SymPy's notation.

    partials: one an operand; domain: "" for all reals; proof: the proof as `--proof` prints it
    """

    case: str
    definition: str
    partials: tuple[str, ...]
    domain: str
    kinks: tuple[Kink, ...]
    proof: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Cell:
    """The answer to one question about one operand: the smallest unit that is counted.

    answer: None where no check reached this operand, because another had failed before
    """

    operation: OperationReport
    operand: str
    question: Question
    answer: Answer | None


@dataclass(frozen=True)
class OperationReport:
    """One operation: its rule as written, one formula an operand, and an answer to each question checked."""

    name: str
    rule: tuple[str, ...]
    source: Source
    answers: dict[Question, Answer]
    operands: tuple[str, ...] = ("x",)
    command: str = "python -m verify"
    plot_data: tuple[PlotData, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the questions."""
        return tuple(f for answer in self.answers.values() for f in answer.findings)

    def passes(self, strict: bool = False) -> bool:
        """No answer fails (nor, if ``strict``, warns), except what a baseline accepts."""
        return not any(answer.fails(strict) for answer in self.answers.values())

    @property
    def ok(self) -> bool:
        """No answer fails; warnings pass."""
        return self.passes()

    def _answer(self, question: Question) -> Answer:
        """An answer without findings, inconclusive, for a question that was not checked."""
        return self.answers.get(question, Answer(question, ()))

    @property
    def right(self) -> Answer:
        """Is the rule the derivative, everywhere in the domain?"""
        return self._answer(Question.RIGHT)

    @property
    def accurate(self) -> Answer:
        """Does it keep its digits in floats?"""
        return self._answer(Question.ACCURATE)

    @property
    def safe(self) -> Answer:
        """Does it return valid gradients at kinks, at edges and where floats overflow?"""
        return self._answer(Question.SAFE)

    @property
    def wired(self) -> Answer:
        """Does it pass gradients on correctly?"""
        return self._answer(Question.WIRED)

    def cells(self) -> Iterator[Cell]:
        """Every operand under every question; a finding about no particular operand applies to each."""
        named = dict.fromkeys((*self.operands, *(f.operand for f in self.findings if f.operand)))
        for operand in named:
            for question, answer in self.answers.items():
                found = tuple(f for f in answer.findings if f.operand in ("", operand))
                gap = answer.findings and not found
                yield Cell(self, operand, question, None if gap else Answer(question, found))


@dataclass(frozen=True)
class Report:
    """A whole run.

    subject: what was verified; points: points per operand combination
    strict: warnings fail; whole: nothing was deselected; complete: False if it was interrupted
    missing: operations that the interrupt cut off; stale: known failures (of a baseline) that fail no more
    """

    subject: str
    seed: int
    points: int
    operations: tuple[OperationReport, ...]
    complete: bool = True
    strict: bool = False
    whole: bool = True
    missing: tuple[str, ...] = ()
    stale: tuple[Known, ...] = ()

    @property
    def ok(self) -> bool:
        """Nothing failed (nor, if ``strict``, was warned of), and no known failure is stale."""
        return not self.stale and not self.failing

    def __getitem__(self, name: str) -> OperationReport:
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise KeyError(f"{name!r} is not in this report: it has {', '.join(o.name for o in self.operations)}")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found, operation by operation."""
        return tuple(f for operation in self.operations for f in operation.findings)

    @property
    def failing(self) -> tuple[OperationReport, ...]:
        """The operations that fail the run."""
        return tuple(operation for operation in self.operations if not operation.passes(self.strict))

    @property
    def only_stopped(self) -> bool:
        """Nothing failed but what this machine's limits stopped: another run may pass."""
        against = [f for o in self.failing for a in o.answers.values() if a.fails(self.strict) for f in _open(a, self)]
        return not self.stale and bool(against) and all(f.verdict is Verdict.STOPPED for f in against)

    def summary(self) -> dict[str, int]:
        """How many answers have each verdict, the best verdicts first."""
        return count(answer.verdict for o in self.operations for answer in o.answers.values())


def _open(answer: Answer, report: Report) -> list[Finding]:
    return [f for f in answer.against(report.strict) if not f.accepted]


AnyReport = TypeVar("AnyReport", bound=Report)
"""A report of any class: a function that changes one returns the same class."""


def count(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How often each verdict occurs, in the order of `Verdict`."""
    counted = Counter(verdicts)
    return {verdict.value: counted[verdict] for verdict in Verdict if counted[verdict]}
