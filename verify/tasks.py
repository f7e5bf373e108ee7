"""One operation's part of a run: what is to be done for it, what was found, and what was lost on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from verify.checks import Check, checks_of
from verify.errors import in_a_line
from verify.findings import Finding, Source, Verdict
from verify.mirror import Row
from verify.options import Options
from verify.report import Portrait
from verify.subjects.operation import Operation
from verify.subjects.subject import PartedSubject

DESCRIPTION = "description"
"""What a worker does first: read the rule as it is written."""

READING = "reading"
"""What stands in the place of a check where a rule could not even be read."""

PORTRAITS = "portraits"
"""What a worker does last, if asked to: formulas and plots for those formats that show them."""

MOST_LOSSES = 2
"""Workers that one operation may take down."""


@dataclass
class Task:
    """One operation: all its cases (an operation with constants has several), under all checks.

    part: what the worker reads the cases from, where it is not for this process to do; then it tells the rest, too
    """

    name: str
    cases: list[tuple[Operation, Row]]
    part: PartedSubject | None = None
    findings: list[Finding] = field(default_factory=list)
    done: list[str] = field(default_factory=list)  # checks that have ended, one way or another
    running: str = DESCRIPTION
    losses: int = 0
    since: float = 0.0
    rule: tuple[str, ...] = ()
    portraits: tuple[Portrait, ...] = ()
    ended: bool = False
    source: Source = field(default_factory=lambda: Source("", 0))
    inputs: tuple[str, ...] = ()
    command: str = ""

    def checks(self, options: Options) -> list[Check]:
        """The checks that speak to the questions."""
        return [check for check in checks_of(self.large) if check.question in options.questions]

    @property
    def large(self) -> bool:
        """An operation of arrays that are too large for the usual checks."""
        return bool(self.cases) and self.cases[0][0].large


def unreadable(cases: list[tuple[Operation, Row]], options: Options) -> list[Finding]:
    """A finding for each case that cannot be read; none where nothing is asked."""
    return [
        Finding(o.name, options.questions[0], Verdict.INCONCLUSIVE, READING, o.problem, source=o.source)
        for o, _ in cases
        if o.problem and options.questions
    ]


def cases_of(task: Task, options: Options) -> list[Any]:
    """Every operation of the task beside its row, with all that the checks share."""
    from verify.case import Case

    return [Case(operation, row, options) for operation, row in task.cases]


def portraits_of(cases: list[Any], options: Options) -> tuple[Portrait, ...]:
    """Formulas and plots, for those formats that show them."""
    from verify.portrait import portrait

    return tuple(portrait(case, plots=options.plots) for case in cases if not case.operation.large)


def lost(task: Task, checks: list[Check], reason: str) -> None:
    """What was running took its process with it: inconclusive, by name.

    After the second loss the rest is not tried: it would end the same way, a time limit later each time.
    """
    task.losses += 1
    task.done.append(task.running)
    if task.running == DESCRIPTION and task.part is not None:  # it could not even be read, and would not be again
        task.ended, task.rule = True, (f"(cannot be read: {reason})",)
        message = f"it cannot be read: {reason}"
        task.findings.append(
            Finding(task.name, checks[0].question, Verdict.INCONCLUSIVE, READING, message, source=task.source)
        )
        return
    if task.running == DESCRIPTION:
        task.rule = (f"(does not run on symbols: {reason})",)
    reasons = {task.running: f"the check did not end: {reason}"}
    if task.losses == MOST_LOSSES:
        for check in checks:
            if check.name not in task.done:
                reasons[check.name] = f"not tried, after other checks did not end: {reason}"
                task.done.append(check.name)
        task.done.append(PORTRAITS)
        task.ended = True
    task.findings += [
        Finding(task.name, c.question, Verdict.INCONCLUSIVE, c.name, reasons[c.name], source=task.source)
        for c in checks
        if c.name in reasons
    ]


def found_by(check: Check, cases: list[Any]) -> list[Finding]:
    """What one check finds; what goes wrong in it is a finding, too."""
    findings: list[Finding] = []
    for case in cases:
        try:
            findings += check.run(case)
        except MemoryError:
            findings.append(case.finding(check, Verdict.INCONCLUSIVE, "the check ran out of memory"))
        except RecursionError:
            findings.append(case.finding(check, Verdict.INCONCLUSIVE, "the check recursed too deeply"))
        except SystemExit as error:
            message = f"the operation exits (code {error.code!r})"
            findings.append(case.finding(check, Verdict.INCONCLUSIVE, message))
        except Exception as error:  # a mistake of ours must cost this check its verdict, and be seen
            message = f"an internal error, please report it: {in_a_line(error)}"
            findings.append(case.finding(check, Verdict.INCONCLUSIVE, message))
    return findings
