"""Worker processes: each takes one operation after another, streams its findings back, and can be killed."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait

from verify import processes
from verify.errors import UsageError
from verify.findings import Source
from verify.limits import limit_memory
from verify.options import Options
from verify.subjects.sandbox import mute
from verify.tasks import DESCRIPTION, PORTRAITS, Task, cases_of, found_by, lost, portraits_of, unreadable

_ROOM = 4  # times the memory for a worker with a framework in it: its threads map far more than they use


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


def run(
    tasks: list[Task], options: Options, progress: Callable[[str], None], meanwhile: Callable[[], object]
) -> None:
    """All tasks, each in a worker; one that is lost goes on in another, without what it was lost at."""
    waiting = list(enumerate(tasks))  # from the end of the table: there stand the long ones, and none is left for last
    index_of = {id(task): index for index, task in enumerate(tasks)}
    workers = [_Worker(tasks, options) for _ in range(max(1, min(options.workers, len(tasks))))]
    try:
        for worker in workers:
            if waiting:
                worker.assign(*waiting.pop())
        meanwhile()
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
                    lost(task, task.checks(options), reason)
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
                if problems := unreadable(task.cases, options):
                    pipe.send(("rule", _description(task)))
                    pipe.send(("findings", problems))
                    pipe.send(("end", None))
                    continue
            cases = cases_of(task, options)
            if DESCRIPTION not in done:
                pipe.send(("rule", _description(task)))
            for check in task.checks(options):
                if check.name in done:
                    continue
                pipe.send(("begin", check.name))
                pipe.send(("findings", found_by(check, cases)))
            if options.portraits and PORTRAITS not in done:
                pipe.send(("begin", PORTRAITS))
                pipe.send(("portraits", portraits_of(cases, options)))
            pipe.send(("end", None))
    except UsageError as error:
        pipe.send(("usage", str(error)))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass


def _prepare(tasks: list[Task], options: Options) -> None:
    """What a worker needs before its first task: a framework, if it is one's functions, and a limit to its memory.

    Whatever a subject prints goes nowhere: stdout may be a report for a machine.
    """
    mute()
    parts = [task.part for task in tasks if task.part is not None]
    if parts:
        gc.enable()  # its tracers make cycles
        parts[0].prepare()
    limit_memory(options.gibibytes * (_ROOM if parts else 1))


def _description(task: Task) -> tuple[tuple[str, ...], Source, tuple[str, ...], str]:
    """The rule as it is written, where it stands, its operands, and how to verify it again."""
    operation = task.cases[0][0]
    return operation.written(), operation.source, operation.inputs, operation.command


