"""Every operation under every check: in worker processes that can be killed, in an order that never changes.

A check is a generator of findings.  It runs in a worker, which streams them back; a check that hangs, eats memory
or takes its process down costs that one check its verdict (`inconclusive`, with the reason), never the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from verify.checks import Check
from verify.findings import Answer, Question, Source
from verify.limits import OutOfTime, time_limit
from verify.options import USUAL, Options
from verify.report import OperationReport, Report
from verify.subjects.operation import Operation
from verify.subjects.subject import PartedSubject, Subject
from verify.tasks import DESCRIPTION, PORTRAITS, READING, Task, cases_of, found_by, lost, portraits_of, unreadable
from verify.workers import run


def verify(
    subject: Subject,
    names: Sequence[str] = (),
    options: Options = USUAL,
    progress: Callable[[str], None] = lambda _: None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Report:
    """Ask the questions of every operation of ``subject`` (or only of ``names``) and report.

    ``progress`` is told the name of each that is done; ``meanwhile`` is called once, while the workers are busy.
    An interrupt (Ctrl-C) ends the run with what is known, marked incomplete.
    """
    tasks = _parts(subject, names) if isinstance(subject, PartedSubject) else _tasks(subject, names, options)
    complete = True
    try:
        run([task for task in tasks if not task.ended], options, progress, meanwhile)
    except KeyboardInterrupt:
        complete = False
    return _reported(subject, tasks, options, complete, whole=not names)


def verify_here(subject: Subject, names: Sequence[str] = (), options: Options = USUAL) -> Report:
    """The same in this process, for code that can run nowhere else: a function that somebody holds.

    A check ends after `Options.seconds` here, too.  What is asked of the prover is worked out in a process beside this
    one, which is killed where it must be (verify/proof/process.py); the rest is interrupted by an alarm, which reaches
    Python code on the main thread of a POSIX process (verify/limits.py) and nothing else.  Memory has no limit here,
    and code that ends the process ends it.
    """
    from verify.proof import process

    process.start()
    tasks = _tasks(subject, names, options)
    process.ready()
    for task in tasks:
        if not task.ended:
            _work_here(task, options)
            task.ended = True
    return _reported(subject, tasks, options, complete=True, whole=not names)


def _work_here(task: Task, options: Options) -> None:
    """What a worker does, without one."""
    checks = task.checks(options)
    cases = cases_of(task, options)
    operation = task.cases[0][0]

    def described() -> None:
        task.rule, task.source = operation.written(), operation.source

    def look(check: Check) -> None:
        task.findings += found_by(check, cases)

    def portrayed() -> None:
        task.portraits = portraits_of(cases, options)

    steps: list[tuple[str, Callable[[], None]]] = [(DESCRIPTION, described)]
    steps += [(check.name, partial(look, check)) for check in checks]
    steps += [(PORTRAITS, portrayed)] if options.portraits else []
    for name, step in steps:
        if name in task.done:
            continue
        task.running = name
        try:
            with time_limit(options.seconds):
                step()
            task.done.append(name)
        except OutOfTime:
            lost(task, checks, f"it ran longer than {options.seconds:g} s and was stopped")


def _tasks(subject: Subject, names: Sequence[str], options: Options) -> list[Task]:
    """The operations that are wanted; one that cannot be read has ended before it began, inconclusive."""
    tasks: dict[str, Task] = {}
    for operation, row in subject.operations():
        if not names or operation.name in names:
            tasks.setdefault(operation.name, Task(operation.name, [])).cases.append((operation, row))
    for task in tasks.values():
        operation = task.cases[0][0]
        task.inputs, task.command = operation.inputs, operation.command
        task.findings += unreadable(task.cases, options)
        if task.findings:
            task.ended, task.source, task.rule = True, operation.source, _written(operation, options)
    return list(tasks.values())


def _parts(subject: PartedSubject, names: Sequence[str]) -> list[Task]:
    """The same of a subject that workers read."""
    wanted = [(name, part) for name, part in subject.parts() if not names or name in names]
    return [Task(name, [], part, source=Source(name, 0)) for name, part in wanted]


def _written(operation: Operation, options: Options) -> tuple[str, ...]:
    try:
        with time_limit(options.seconds):
            return operation.written()
    except OutOfTime:
        return (f"(does not run on symbols: it ran longer than {options.seconds:g} s)",) * len(operation.inputs)


def _reported(subject: Subject, tasks: list[Task], options: Options, complete: bool, whole: bool) -> Report:
    return Report(
        subject.name,
        options.seed,
        options.points,
        tuple(_report(task, options) for task in tasks if task.ended),
        complete,
        whole=whole and options.questions == tuple(Question),
        missing=tuple(task.name for task in tasks if not task.ended),
    )


def _report(task: Task, options: Options) -> OperationReport:
    answers = {
        question: Answer(question, tuple(f for f in task.findings if f.question is question))
        for question in options.questions
    }
    if task.large:  # not everything is asked of a large array
        asked = {check.question for check in task.checks(options)}
        answers = {question: answer for question, answer in answers.items() if question in asked}
    if any(f.check == READING for f in task.findings):  # it could not be read: that is all there is to say
        answers = {question: answer for question, answer in answers.items() if answer.findings}
    return OperationReport(task.name, task.rule, task.source, answers, task.inputs, task.command, task.portraits)
