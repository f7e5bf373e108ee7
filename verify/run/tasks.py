"""One operation's part of a run: what is to be done for it, what was found, and what was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeGuard

from backproof.verify.checks.table import TABLES, Check
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Finding, Source, Verdict
from backproof.verify.results.report import PlotData
from backproof.verify.subjects.subject import PartedSubject, Specified, Subject
from backproof.verify.support.errors import SubjectError, SubjectStopped, in_a_line, kind_of
from backproof.verify.support.limits import OutOfTime, time_limit

if TYPE_CHECKING:
    from backproof.verify.checks.array_case import ArrayCase
    from backproof.verify.checks.case import Case
    from backproof.verify.checks.tensor_case import TensorCase
    from backproof.verify.subjects.operation import BaseOperation

    AnyCase = Case | ArrayCase | TensorCase
    Cases = list[AnyCase]

DESCRIPTION = "description"
"""What a worker does first: read the rule as it is written."""

READING = "reading"
"""The name in place of a check's where a rule could not even be read."""

PLOT_DATA = "plot_data"
"""What a worker does last, if requested: formulas and plots for those formats that show them."""

FEW_ROWS, MOST_TOLD = 3, 8
"""Refuted rows of a Jacobian that are shown where no common mistake is known, and further ones that are named."""

MOST_LOSSES = 2
"""Workers that may be lost to one operation."""


@dataclass
class Task:
    """One operation: all its cases (an operation with constants has several), under all checks.

    part: what the worker reads the cases from, where this process must not; then the worker reports the rest, too
    """

    name: str
    cases: list[Specified]
    part: PartedSubject | None = None
    findings: list[Finding] = field(default_factory=list)
    done: list[str] = field(default_factory=list)  # checks that have ended, one way or another
    running: str = DESCRIPTION
    losses: int = 0
    since: float = 0.0
    rule: tuple[str, ...] = ()
    plot_data: tuple[PlotData, ...] = ()
    ended: bool = False
    source: Source = field(default_factory=lambda: Source("", 0))
    inputs: tuple[str, ...] = ()
    command: str = ""
    heard_kind: str = "numbers"  # what the worker said of cases that only it has read

    def checks(self, options: Options) -> list[Check]:
        """The checks for the questions."""
        return [check for check in TABLES[self.kind] if check.question in options.questions]

    @property
    def kind(self) -> str:
        """The kind of operation, which decides what is checked."""
        return self.cases[0][0].kind if self.cases else self.heard_kind


def tasks_of(subject: Subject, names: Sequence[str], options: Options) -> list[Task]:
    """The operations that are wanted; one that cannot be read has ended before it began, inconclusive."""
    if isinstance(subject, PartedSubject):  # the workers read it
        wanted = [(name, part) for name, part in subject.parts() if not names or name in names]
        return [Task(name, [], part, source=Source(name, 0)) for name, part in wanted]
    tasks: dict[str, Task] = {}
    for case in subject.operations():
        name = case[0].name
        if not names or name in names:
            tasks.setdefault(name, Task(name, [])).cases.append(case)
    for task in tasks.values():
        operation = task.cases[0][0]
        task.inputs, task.command = operation.inputs, operation.command
        task.findings += _unreadable(task.cases, options)
        if task.findings:
            task.ended, task.source, task.rule = True, operation.source, _written(operation, options)
    return list(tasks.values())


def _unreadable(cases: list[Specified], options: Options) -> list[Finding]:
    """A finding for each case that cannot be read; none where no question is checked."""
    return [
        Finding(o.name, options.questions[0], _unread(o), READING, o.problem, source=o.source)
        for o, _ in cases
        if o.problem and options.questions
    ]


def _unread(operation: BaseOperation) -> Verdict:
    return Verdict.STOPPED if operation.stopped else Verdict.INCONCLUSIVE


def _written(operation: BaseOperation, options: Options) -> tuple[str, ...]:
    try:
        with time_limit(options.seconds):
            return operation.written()
    except OutOfTime:
        return (f"(does not run on symbols: it ran longer than {options.seconds:g} s)",) * len(operation.inputs)


Step = Callable[[], tuple[str, Any]]
"""A step of a task, and what is reported to `hear`."""


def steps(task: Task, options: Options) -> Iterator[tuple[str, Step]]:
    """What is done for a task, in order, each step by its name; those that are `Task.done` are to be left out.

    Every operation of the task comes with its spec, and with all that the checks share.
    """
    from backproof.verify.checks.cases import case_of

    if task.part is not None:
        task.cases = task.cases or list(task.part.operations())
        if problems := _unreadable(task.cases, options):
            yield DESCRIPTION, lambda: ("rule", _description(task))
            yield READING, lambda: ("findings", problems)
            return
    cases: Cases = [case_of(operation, spec, options) for operation, spec in task.cases]
    yield DESCRIPTION, lambda: ("rule", _description(task))
    for check in task.checks(options):
        yield check.name, partial(_checked, check, cases)
    if options.plot_data:
        yield PLOT_DATA, lambda: ("plot_data", _plot_data_of(cases, options))


def hear(task: Task, kind: str, content: Any) -> None:
    """Receive the result of a step of the task; before it the name of the step."""
    if kind == "begin":
        task.running = content
        return
    if kind == "rule":
        task.rule, task.source, task.inputs, task.command, task.heard_kind = content
    elif kind == "findings":
        task.findings += content
    elif kind == "plot_data":
        task.plot_data = content
    task.done.append(task.running)


def _description(task: Task) -> tuple[tuple[str, ...], Source, tuple[str, ...], str, str]:
    """The rule as it is written, its location, its operands, how to verify it again, and its kind."""
    operation = task.cases[0][0]
    return operation.written(), operation.source, operation.inputs, operation.command, operation.kind


def _checked(check: Check, cases: Cases) -> tuple[str, list[Finding]]:
    return "findings", found_by(check, cases)


def _plot_data_of(cases: Cases, options: Options) -> tuple[PlotData, ...]:
    """Formulas and plots, for those formats that show them; of arrays there are none."""
    from backproof.verify.checks.case import Case
    from backproof.verify.run.plot_data import plot_data

    return tuple(plot_data(case, plots=options.plots) for case in cases if isinstance(case, Case))


def lost(task: Task, checks: list[Check], reason: str) -> None:
    """What was running took its process with it: stopped, by name.

    After the second loss the rest is not tried: it would end the same way, a time limit later each time.
    """
    task.losses += 1
    task.done.append(task.running)
    if task.running == DESCRIPTION and task.part is not None:  # it could not even be read, and would not be again
        task.ended, task.rule = True, (f"(cannot be read: {reason})",)
        message = f"it cannot be read: {reason}"
        task.findings.append(
            Finding(task.name, checks[0].question, Verdict.STOPPED, READING, message, source=task.source)
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
        task.done.append(PLOT_DATA)
        task.ended = True
    task.findings += [
        Finding(task.name, c.question, Verdict.STOPPED, c.name, reasons[c.name], source=task.source)
        for c in checks
        if c.name in reasons
    ]


def found_by(check: Check, cases: Cases) -> list[Finding]:
    """What one check finds; what goes wrong in it is a finding, too."""
    from backproof.verify.checks.case import Case
    from backproof.verify.checks.own_forward import as_judged

    findings: list[Finding] = []
    for case in cases:
        try:
            found = check.run(as_judged(case) if isinstance(case, Case) else case)
            findings += (_as_far_as_known(case.operation, finding) for finding in found)
        except Exception as error:  # a bug of backproof must cost this check its verdict, and be visible
            verdict = Verdict.STOPPED if kind_of(error) == MemoryError.__name__ else Verdict.INCONCLUSIVE
            findings.append(case.finding(check, verdict, _ended(error)))
    known = {case.spec.case: case.operation.likely for case in cases if _is_row(case)}
    return _one_a_fault(findings, known) if known else findings


def _is_row(case: AnyCase) -> TypeGuard[Case]:
    """Whether it is about a derivative that was handed over, which has a case for each row."""
    return getattr(case.operation, "returns_derivative", False)


def _one_a_fault(findings: list[Finding], known: Mapping[str, str]) -> list[Finding]:
    """The findings about the rows of a Jacobian, those of one mistake as one; of unknown mistakes the first few.

    known: the mistake in each row, where it is known
    """
    kept: list[Finding] = []
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.verdict is not Verdict.REFUTED:
            kept.append(finding)
            continue
        likely = known.get(finding.case, "")
        group = groups.setdefault(likely, [])
        group.append(finding)
        if len(group) <= (1 if likely else FEW_ROWS):
            kept.append(finding)
    for likely, group in groups.items():
        most = 1 if likely else FEW_ROWS
        if others := [f"{f.case}{f' in {f.operand}' if f.operand else ''}" for f in group[most:]]:
            last = group[most - 1]
            told = ", ".join(others[:MOST_TOLD]) + (f" and {len(others) - MOST_TOLD} more" * (len(others) > MOST_TOLD))
            alike = replace(last, details=(*last.details[:-1], ("alike", told), *last.details[-1:]))
            kept[kept.index(last)] = alike
    return kept


def _as_far_as_known(operation: BaseOperation, finding: Finding) -> Finding:
    """What refutes an operation whose domain nobody stated is inconclusive: the point may lie outside of it."""
    if operation.domain_known or finding.verdict not in (Verdict.REFUTED, Verdict.UNSAFE):
        return finding
    why = "where it is meant is not known: state domain= or bounds="
    return replace(finding, verdict=Verdict.INCONCLUSIVE, details=(("domain", why), *finding.details))


def _ended(error: Exception) -> str:
    """Why a check did not finish."""
    kind = kind_of(error)
    if kind == MemoryError.__name__:
        return "the check ran out of memory"
    if kind == RecursionError.__name__:
        return "the check recursed too deeply"
    if isinstance(error, SubjectStopped):
        return f"the operation {str(error).removeprefix('it ')}"
    if isinstance(error, SubjectError):
        return f"the operation raises {in_a_line(error)}"
    return f"an internal error, please report it: {in_a_line(error)}"
