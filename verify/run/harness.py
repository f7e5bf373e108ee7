"""Every operation under every check: in worker processes that can be killed, in an order that never changes.

A check is a generator of findings.  It runs in a worker, which streams them back; a check that hangs, eats memory
or takes its process down costs that one check its verdict (`stopped`, with the reason), never the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backproof.verify.config.options import USUAL, Options
from backproof.verify.results.findings import Answer, Question
from backproof.verify.results.report import OperationReport
from backproof.verify.run.report import Report
from backproof.verify.run.tasks import READING, Task, hear, lost, steps, tasks_of
from backproof.verify.run.workers import listed_by, reader_of, run
from backproof.verify.subjects.subject import Elsewhere, Subject, recipe_of
from backproof.verify.support.fuel import budget
from backproof.verify.support.limits import OutOfTime, Stopped, time_limit
from backproof.verify.support.processes import NoProcess, forks

_PROVES = "backproof.verify.proof.decide"
"""The request to the process for proofs."""


def verify(
    subject: Subject,
    names: Sequence[str] = (),
    options: Options = USUAL,
    progress: Callable[[str], None] = lambda _: None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Report:
    """Check the questions for every operation of ``subject`` (or only of ``names``) and report.

    ``progress`` is called with the name of each that is done; ``meanwhile`` is called once, while the workers are busy.
    An interrupt (Ctrl-C) ends the run with the findings so far, marked incomplete.

    What holds objects of this process is verified in forks of it.  Where there are none it is verified in this
    process, as `verify_here` does; so is everything where no process can be started.
    """
    reader = reader_of(subject, options) if isinstance(subject, Elsewhere) else None
    if reader is None:
        tasks = tasks_of(subject, names, options)
    else:
        meanwhile()
        tasks = [task for task in listed_by(reader) if not names or task.name in names]
    waiting = [task for task in tasks if not task.ended]
    complete = True
    try:
        recipe = recipe_of(subject)
        try:
            if recipe is None and not forks():
                raise NoProcess
            run(waiting, recipe, options, progress, meanwhile if reader is None else lambda: None, reader)
        except NoProcess:
            meanwhile()
            _run_here(waiting, options, progress)
    except KeyboardInterrupt:
        complete = False
    return _reported(subject, tasks, options, complete, whole=not names)


def verify_here(subject: Subject, names: Sequence[str] = (), options: Options = USUAL) -> Report:
    """The same in this process, for code that can run nowhere else: a function object of the caller.

    A check ends after `Options.seconds` here, too.  The prover runs in a process beside this one,
    which is killed where necessary (verify/proof/process.py); the rest is interrupted by an alarm, which reaches
    Python code on the main thread of a POSIX process (verify/support/limits.py) and nothing else.  Memory has no limit
    here, and code that ends the process ends it.
    """
    from backproof.verify.proof import process

    process.start(_PROVES)
    tasks = tasks_of(subject, names, options)
    _run_here([task for task in tasks if not task.ended], options, lambda _: None)
    return _reported(subject, tasks, options, complete=True, whole=not names)


def _run_here(tasks: Sequence[Task], options: Options, progress: Callable[[str], None]) -> None:
    """The work of a worker, in this process."""
    from backproof.verify.proof import process

    process.ready(_PROVES)
    for task in tasks:
        _work_here(task, options)
        task.ended = True
        progress(task.name)


def _work_here(task: Task, options: Options) -> None:
    checks = task.checks(options)
    for name, step in steps(task, options):
        if name in task.done:
            continue
        hear(task, "begin", name)
        try:
            with time_limit(options.seconds), budget(options.fuel):
                found = step()
            hear(task, *found)
        except OutOfTime:
            lost(task, checks, f"it ran longer than {options.seconds:g} s and was stopped")
        except Stopped as stopped:
            lost(task, checks, str(stopped))


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
    if task.kind != "numbers":  # not every question is checked for arrays
        asked = {check.question for check in task.checks(options)}
        answers = {question: answer for question, answer in answers.items() if question in asked}
    if any(f.check == READING for f in task.findings):  # it could not be read: there is nothing else to report
        answers = {question: answer for question, answer in answers.items() if answer.findings}
    return OperationReport(task.name, task.rule, task.source, answers, task.inputs, task.command, task.plot_data)
