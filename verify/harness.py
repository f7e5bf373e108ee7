"""Every operation under every check: in worker processes that can be killed, in an order that never changes.

A check is a generator of findings.  It runs in a worker, which streams them back; a check that hangs, eats memory
or takes its process down costs that one check its verdict (`inconclusive`, with the reason), never the run.
"""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, runtime_checkable

from verify import processes
from verify.checks import Check, checks_of
from verify.errors import UsageError, in_a_line
from verify.findings import Answer, Finding, Question, Source, Verdict
from verify.limits import OutOfTime, limit_memory, time_limit
from verify.mirror import Row
from verify.report import OperationReport, Portrait, Report
from verify.subjects.operation import Operation
from verify.subjects.sandbox import mute

DESCRIPTION = "description"
"""What a worker does first: read the rule as it is written."""

READING = "reading"
"""What stands in the place of a check where a rule could not even be read."""

PORTRAITS = "portraits"
"""What a worker does last, if asked to: formulas and plots for those formats that show them."""

MOST_LOSSES = 2
"""Workers that one operation may take down."""

_ROOM = 4  # times the memory for a worker with a framework in it: its threads map far more than they use


class Subject(Protocol):
    """What is under verification: a name, and operations beside their rows."""

    @property
    def name(self) -> str: ...

    def operations(self) -> Iterator[tuple[Operation, Row]]: ...


@runtime_checkable
class PartedSubject(Subject, Protocol):
    """A subject whose code does not run in our own process at all, nor in a fork of it: a framework's functions."""

    def parts(self) -> Iterator[tuple[str, PartedSubject]]:
        """The names of its operations, each with a subject of that one alone, which can be pickled."""

    def prepare(self) -> None:
        """Load what all of its operations need."""


@dataclass(frozen=True)
class Options:
    """How to verify.

    points: points per operand combination; questions: which to ask; jobs: worker processes;
    seconds: the time limit of one check of one operation; gibibytes: the memory limit of a worker
    alone: no check relies on what another has found, so that each can be judged by itself
    portraits: write out formulas and proofs as well; plots: work out what is plotted of them
    """

    points: int = 1000
    seed: int = 0
    questions: tuple[Question, ...] = tuple(Question)
    jobs: int = 0
    seconds: float = 20.0
    gibibytes: float = 4.0
    alone: bool = False
    portraits: bool = False
    plots: bool = False
    point: tuple[tuple[str, float], ...] = ()

    @property
    def workers(self) -> int:
        """Worker processes: as asked, else one a core."""
        return self.jobs or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else self.jobs or 1


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


def verify(
    subject: Subject,
    names: Sequence[str] = (),
    options: Options = Options(),
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Ask the questions of every operation of ``subject`` (or only of ``names``) and report.

    An interrupt (Ctrl-C) ends the run with what is known, marked incomplete.
    """
    tasks = _parts(subject, names) if isinstance(subject, PartedSubject) else _tasks(subject, names, options)
    complete = True
    try:
        _run([task for task in tasks if not task.ended], options, progress)
    except KeyboardInterrupt:
        complete = False
    return _reported(subject, tasks, options, complete, whole=not names)


def verify_here(subject: Subject, names: Sequence[str] = (), options: Options = Options()) -> Report:
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
    cases = _cases(task, options)
    operation = task.cases[0][0]

    def described() -> None:
        task.rule, task.source = operation.written(), operation.source

    def found(check: Check) -> None:
        task.findings += _found(check, cases)

    def portrayed() -> None:
        task.portraits = _portraits(cases, options)

    steps: list[tuple[str, Callable[[], None]]] = [(DESCRIPTION, described)]
    steps += [(check.name, partial(found, check)) for check in checks]
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
            _lost(task, checks, f"it ran longer than {options.seconds:g} s and was stopped")


def _tasks(subject: Subject, names: Sequence[str], options: Options) -> list[Task]:
    """The operations that are wanted; one that cannot be read has ended before it began, inconclusive."""
    tasks: dict[str, Task] = {}
    for operation, row in subject.operations():
        if not names or operation.name in names:
            tasks.setdefault(operation.name, Task(operation.name, [])).cases.append((operation, row))
    for task in tasks.values():
        operation = task.cases[0][0]
        task.inputs, task.command = operation.inputs, operation.command
        task.findings += _unreadable(task.cases, options)
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


def _unreadable(cases: list[tuple[Operation, Row]], options: Options) -> list[Finding]:
    """A finding for each case that cannot be read; none where nothing is asked."""
    return [
        Finding(o.name, options.questions[0], Verdict.INCONCLUSIVE, READING, o.problem, source=o.source)
        for o, _ in cases
        if o.problem and options.questions
    ]


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


def _cases(task: Task, options: Options) -> list[Any]:
    from verify.case import Case

    return [Case(operation, row, options) for operation, row in task.cases]


def _portraits(cases: list[Any], options: Options) -> tuple[Portrait, ...]:
    from verify.portrait import portrait

    return tuple(portrait(case, plots=options.plots) for case in cases if not case.operation.large)


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


# ------------------------------------------------------------------------------------------------- the workers


class _Worker:
    """A process, the pipe to it, and the task it is at."""

    def __init__(self, tasks: list[Task], options: Options) -> None:
        apart = any(task.part is not None for task in tasks)  # a framework's threads do not survive a fork
        self.process, self.pipe = processes.start(_work, tasks, options, fresh=apart)
        self.task: Task | None = None
        self.started = False

    def assign(self, index: int, task: Task) -> None:
        self.task = task
        task.since = time.monotonic() if self.started else math.inf  # what it takes to start is nobody's time
        self.pipe.send((index, tuple(task.done)))

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _run(tasks: list[Task], options: Options, progress: Callable[[str], None]) -> None:
    waiting = list(enumerate(tasks))  # from the end of the table: there stand the long ones, and none is left for last
    index_of = {id(task): index for index, task in enumerate(tasks)}
    workers = [_Worker(tasks, options) for _ in range(max(1, min(options.workers, len(tasks))))]
    try:
        for worker in workers:
            if waiting:
                worker.assign(*waiting.pop())
        while busy := [w for w in workers if w.task is not None]:
            ready = set(wait([w.pipe for w in busy], timeout=0.5))
            for place, worker in enumerate(workers):
                task = worker.task
                if task is None:
                    continue
                reason = ""
                if worker.pipe in ready:
                    try:
                        ended = _receive(worker.pipe, task)
                        worker.started = True
                    except EOFError:
                        worker.process.join()
                        reason = f"the process ended with code {worker.process.exitcode} in the middle of it"
                        ended = False
                    if ended:
                        progress(task.name)
                        worker.task = None
                        if waiting:
                            worker.assign(*waiting.pop())
                        continue
                elif time.monotonic() - task.since > options.seconds:
                    reason = f"it ran longer than {options.seconds:g} s and was stopped"
                if reason:
                    _lost(task, task.checks(options), reason)
                    worker.stop()
                    worker.task = None
                    if task.ended:
                        progress(task.name)
                    if not task.ended or waiting:
                        workers[place] = fresh = _Worker(tasks, options)
                        fresh.assign(*(waiting.pop() if task.ended else (index_of[id(task)], task)))
    finally:
        for worker in workers:
            worker.stop()


def _receive(pipe: Connection, task: Task) -> bool:
    """Take one message; True when the task has ended."""
    kind, content = pipe.recv()
    task.since = time.monotonic()
    if kind == "usage":
        raise UsageError(content)
    if kind == "rule":
        task.rule, task.source, task.inputs, task.command = content
        task.done.append(DESCRIPTION)
    elif kind == "begin":
        task.running = content
    elif kind == "findings":
        task.findings += content
        task.done.append(task.running)
    elif kind == "portraits":
        task.portraits = content
        task.done.append(PORTRAITS)
    task.ended = kind == "end"
    return task.ended


def _lost(task: Task, checks: list[Check], reason: str) -> None:
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
    lost = {task.running: f"the check did not end: {reason}"}
    if task.losses == MOST_LOSSES:
        for check in checks:
            if check.name not in task.done:
                lost[check.name] = f"not tried, after other checks did not end: {reason}"
                task.done.append(check.name)
        task.done.append(PORTRAITS)
        task.ended = True
    task.findings += [
        Finding(task.name, c.question, Verdict.INCONCLUSIVE, c.name, lost[c.name], source=task.source)
        for c in checks
        if c.name in lost
    ]


def _work(pipe: Connection, tasks: list[Task], options: Options) -> None:
    """The life of a worker: take an operation, stream its findings, until the pipe closes."""
    gc.disable()  # the mirror and the terms live as long as the worker
    try:
        _prepare(tasks, options)
        pipe.send(("started", None))
        while True:
            index, done = pipe.recv()
            task = tasks[index]
            pipe.send(("begin", DESCRIPTION))
            if task.part is not None:
                task.cases = task.cases or list(task.part.operations())
                if problems := _unreadable(task.cases, options):
                    pipe.send(("rule", _description(task)))
                    pipe.send(("findings", problems))
                    pipe.send(("end", None))
                    continue
            cases = _cases(task, options)
            if DESCRIPTION not in done:
                pipe.send(("rule", _description(task)))
            for check in task.checks(options):
                if check.name in done:
                    continue
                pipe.send(("begin", check.name))
                pipe.send(("findings", _found(check, cases)))
            if options.portraits and PORTRAITS not in done:
                pipe.send(("begin", PORTRAITS))
                pipe.send(("portraits", _portraits(cases, options)))
            pipe.send(("end", None))
    except UsageError as error:
        pipe.send(("usage", str(error)))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass


def _prepare(tasks: list[Task], options: Options) -> None:
    """What a worker needs before its first task: a framework, if it is one's functions, and a limit to its memory."""
    parts = [task.part for task in tasks if task.part is not None]
    if parts:
        mute()
        gc.enable()  # its tracers make cycles
        parts[0].prepare()
    limit_memory(options.gibibytes * (_ROOM if parts else 1))


def _description(task: Task) -> tuple[tuple[str, ...], Source, tuple[str, ...], str]:
    """The rule as it is written, where it stands, its operands, and how to verify it again."""
    operation = task.cases[0][0]
    return operation.written(), operation.source, operation.inputs, operation.command


def _found(check: Check, cases: list[Any]) -> list[Finding]:
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
