"""Tasks in workers: each takes one operation after another and streams its findings back.

A worker gets by name what to verify: how the subject is read (`verify.subjects.subject.recipe_of`), an operation's
name, the options; it reads the subject itself.  Only a fork has the operations that this process has read already.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from backproof.verify.config.options import Options
from backproof.verify.run.tasks import DESCRIPTION, Task, hear, lost, steps, tasks_of
from backproof.verify.subjects.subject import Elsewhere, PartedSubject, Recipe, read
from backproof.verify.support.fuel import budget
from backproof.verify.support.pool import LOST, Pool
from backproof.verify.support.processes import NoProcess, forks
from backproof.verify.support.worker import DONE, SAID, START, Handler, Lost, Say, Worker

_LIST = ""  # in place of an operation's name: asks for the list of operations
_MISTAKE = "an internal error, please report it: "
_ROOM = 4  # times the memory for a worker with a framework in it: its threads map far more than they use


def run(
    tasks: Sequence[Task],
    recipe: Recipe | None,
    options: Options,
    progress: Callable[[str], None],
    meanwhile: Callable[[], object],
    first: Worker | None = None,
) -> None:
    """All tasks, each in a worker; a lost one continues in another worker, without the step at which it was lost.

    recipe: how a worker that is not a fork reads the subject; a fork has it
    first: a worker that has read it already

    Raises NoProcess where none can be started.
    """
    apart = any(task.part is not None for task in tasks)  # a framework's threads do not survive a fork
    forked = forks() and not apart
    told = (None, {task.name: task for task in tasks}) if forked else (recipe, {})
    room = options.gibibytes * (_ROOM if apart else 1)
    start = partial(Worker, _begin, *told, options, gibibytes=room, fresh=apart)
    there = [] if first is None else [first]
    pool = Pool(
        lambda: there.pop() if there else start(),
        lambda place: (tasks[place].name, tuple(tasks[place].done)),
        range(len(tasks))[::-1],  # from the end of the table, where the long ones are, so that none is left for last
        options.workers,
        options.seconds,
    )
    try:
        meanwhile()
        for place, kind, content in pool.words():
            task = tasks[place]
            if kind == SAID:
                hear(task, *content)
                continue
            task.ended = kind == DONE
            if not task.ended:
                lost(task, task.checks(options), _reason(content, options) if kind == LOST else _MISTAKE + content)
            if task.ended:
                progress(task.name)
            else:
                pool.waiting.appendleft(place)
    finally:
        pool.stop()


def reader_of(subject: Elsewhere, options: Options) -> Worker | None:
    """A worker that reads the subject; None where there can be none."""
    try:
        return Worker(_begin, subject.recipe, {}, options, gibibytes=options.gibibytes)
    except NoProcess:
        return None


def listed_by(reader: Worker) -> list[Task]:
    """What there is to do, without the cases, which only a worker has."""
    tasks: list[Task] = reader.answer((_LIST, ()), START)
    return tasks


def _reason(lost: Lost, options: Options) -> str:
    if lost.code is None:
        return f"it ran longer than {options.seconds:g} s and was stopped"
    return f"the process ended with code {lost.code} in the middle of it"


# ------------------------------------------------------------------------------------------------- a worker's side


def _begin(recipe: Recipe | None, known: Mapping[str, Task], options: Options) -> Handler:
    """Read the subject, and what a worker needs before its first task: a framework, if it is one's functions."""
    gc.disable()  # the mirror and the terms live as long as the worker
    subject = None if recipe is None else read(recipe)
    if isinstance(subject, PartedSubject):
        gc.enable()  # a framework's tracers make cycles
        subject.prepare()
    if subject is not None:
        known = {task.name: task for task in tasks_of(subject, (), options)}

    def answer(question: tuple[str, tuple[str, ...]], say: Say) -> list[Task]:
        name, done = question
        if name == _LIST:
            return [replace(task, cases=[]) for task in known.values()]
        say(("begin", DESCRIPTION))
        with budget(options.fuel):
            for step, work in steps(known[name], options):
                if step not in done:
                    say(("begin", step))
                    say(work())
        return []

    return answer
