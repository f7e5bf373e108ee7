"""Every operation under every check: in worker processes that can be killed, in an order that never changes.

A check is a generator of findings.  It runs in a worker, which streams them back; a check that hangs, eats memory
or takes its process down costs that one check its verdict (`inconclusive`, with the reason), never the run.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from verify.checks import Check, checks_of
from verify.findings import Answer, Finding, Question, Source, Verdict
from verify.mirror import Row
from verify.report import OperationReport, Portrait, Report
from verify.subjects.operation import Operation

DESCRIPTION = "description"
"""What a worker does first: read the rule as it is written."""

READING = "reading"
"""What stands in the place of a check where a rule could not even be read."""

PORTRAITS = "portraits"
"""What a worker does last, if asked to: formulas and plots for those formats that show them."""

MOST_LOSSES = 2
"""Workers that one operation may take down."""


class Subject(Protocol):
    """What is under verification: a name, and operations beside their rows."""

    @property
    def name(self) -> str: ...

    def operations(self) -> Iterator[tuple[Operation, Row]]: ...


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
    """One operation: all its cases (an operation with constants has several), under all checks."""

    name: str
    cases: list[tuple[Operation, Row]]
    findings: list[Finding] = field(default_factory=list)
    done: list[str] = field(default_factory=list)  # checks that have ended, one way or another
    running: str = DESCRIPTION
    losses: int = 0
    since: float = 0.0
    rule: tuple[str, ...] = ()
    portraits: tuple[Portrait, ...] = ()
    ended: bool = False
    source: Source = field(default_factory=lambda: Source("", 0))

    def checks(self, options: Options) -> list[Check]:
        """The checks that speak to the questions."""
        return [check for check in checks_of(self.cases[0][0].large) if check.question in options.questions]


def verify(
    subject: Subject,
    names: Sequence[str] = (),
    options: Options = Options(),
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Ask the questions of every operation of ``subject`` (or only of ``names``) and report.

    An interrupt (Ctrl-C) ends the run with what is known, marked incomplete.
    """
    tasks = _tasks(subject, names, options)
    complete = True
    try:
        _run([task for task in tasks if not task.ended], options, progress)
    except KeyboardInterrupt:
        complete = False
    return _reported(subject, tasks, options, complete, whole=not names)


def verify_here(subject: Subject, names: Sequence[str] = (), options: Options = Options()) -> Report:
    """The same in this process, for code that the caller trusts: no limits of time or memory, and no start of any."""
    tasks = _tasks(subject, names, options)
    for task in tasks:
        if not task.ended:
            cases = _cases(task, options)
            task.rule, task.source = task.cases[0][0].written(), task.cases[0][0].source
            for check in task.checks(options):
                task.findings += _found(check, cases)
            if options.portraits:
                task.portraits = _portraits(cases, options)
            task.ended = True
    return _reported(subject, tasks, options, complete=True, whole=not names)


def _tasks(subject: Subject, names: Sequence[str], options: Options) -> list[Task]:
    """The operations that are wanted; one that cannot be read has ended before it began, inconclusive."""
    tasks: dict[str, Task] = {}
    for operation, row in subject.operations():
        if not names or operation.name in names:
            tasks.setdefault(operation.name, Task(operation.name, [])).cases.append((operation, row))
    for task in tasks.values():
        for operation, _ in task.cases:
            if operation.problem and options.questions:
                task.ended, task.source, task.rule = True, operation.source, operation.written()
                task.findings.append(_unreadable(operation, options.questions[0]))
    return list(tasks.values())


def _unreadable(operation: Operation, question: Question) -> Finding:
    return Finding(operation.name, question, Verdict.INCONCLUSIVE, READING, operation.problem, source=operation.source)


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
    operation = task.cases[0][0]
    answers = {
        question: Answer(question, tuple(f for f in task.findings if f.question is question))
        for question in options.questions
    }
    if operation.large:  # not everything is asked of a large array
        asked = {check.question for check in task.checks(options)}
        answers = {question: answer for question, answer in answers.items() if question in asked}
    if any(f.check == READING for f in task.findings):  # it could not be read: that is all there is to say
        answers = {question: answer for question, answer in answers.items() if answer.findings}
    return OperationReport(
        task.name, task.rule, task.source, answers, operation.inputs, operation.command, task.portraits
    )


# ------------------------------------------------------------------------------------------------- the workers


class _Worker:
    """A process, the pipe to it, and the task it is at."""

    def __init__(self, tasks: list[Task], options: Options) -> None:
        context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, tasks, options), daemon=True)
        self.process.start()
        theirs.close()
        self.task: Task | None = None

    def assign(self, index: int, task: Task) -> None:
        self.task = task
        task.since = time.monotonic()
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
                    workers[place] = fresh = _Worker(tasks, options)
                    fresh.assign(index_of[id(task)], task)
    finally:
        for worker in workers:
            worker.stop()


def _receive(pipe: Connection, task: Task) -> bool:
    """Take one message; True when the task has ended."""
    kind, content = pipe.recv()
    task.since = time.monotonic()
    if kind == "rule":
        task.rule, task.source = content
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
    if task.running == DESCRIPTION:
        task.rule = (f"(does not run on symbols: {reason})",)
    lost = {task.running: f"the check did not end: {reason}"}
    if task.losses == MOST_LOSSES:
        for check in checks:
            if check.name not in task.done:
                lost[check.name] = f"not tried, after other checks did not end: {reason}"
                task.done.append(check.name)
        task.done.append(PORTRAITS)
    task.findings += [
        Finding(task.name, c.question, Verdict.INCONCLUSIVE, c.name, lost[c.name], source=task.source)
        for c in checks
        if c.name in lost
    ]


def _work(pipe: Connection, tasks: list[Task], options: Options) -> None:
    """The life of a worker: take an operation, stream its findings, until the pipe closes."""
    gc.disable()  # the mirror and the terms live as long as the worker
    _limit_memory(options.gibibytes)
    try:
        while True:
            index, done = pipe.recv()
            task = tasks[index]
            cases = _cases(task, options)
            operation = task.cases[0][0]
            if DESCRIPTION not in done:
                pipe.send(("begin", DESCRIPTION))
                pipe.send(("rule", (operation.written(), operation.source)))
            for check in task.checks(options):
                if check.name in done:
                    continue
                pipe.send(("begin", check.name))
                pipe.send(("findings", _found(check, cases)))
            if options.portraits and PORTRAITS not in done:
                pipe.send(("begin", PORTRAITS))
                pipe.send(("portraits", _portraits(cases, options)))
            pipe.send(("end", None))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass


def _found(check: Check, cases: list[Any]) -> list[Finding]:
    findings: list[Finding] = []
    for case in cases:
        try:
            findings += check.run(case)
        except MemoryError:
            findings.append(case.finding(check, Verdict.INCONCLUSIVE, "the check ran out of memory"))
        except RecursionError:
            findings.append(case.finding(check, Verdict.INCONCLUSIVE, "the check recursed too deeply"))
        except Exception as error:  # a mistake of ours must cost this check its verdict, and be seen
            message = f"an internal error, please report it: {type(error).__name__}: {error}"
            findings.append(case.finding(check, Verdict.INCONCLUSIVE, message))
    return findings


def _limit_memory(gibibytes: float) -> None:
    """No worker takes the machine down: so much more than it has now, and an allocation is a MemoryError in it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit = _address_space() + int(gibibytes * 2**30)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _address_space() -> int:
    """Bytes that this process has mapped, large libraries included; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
