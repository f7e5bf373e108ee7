"""``python -m verify sweep tanh --dtype float32``: every number of a format, on all cores or on a cluster."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.accuracy.formats import format_named
from backproof.verify.accuracy.journal import Journal
from backproof.verify.accuracy.sweep import Job, Record, chunk_size, chunks, subject_of, swept
from backproof.verify.arithmetics.ulps import FLOAT64, Format
from backproof.verify.checks.case import Case
from backproof.verify.commands.arguments import chosen, engine_and_names, options_of, without_reports
from backproof.verify.commands.codes import FAILED, OK
from backproof.verify.mirror.table import Spec
from backproof.verify.reports import accuracy as shown
from backproof.verify.subjects.operation import Operation
from backproof.verify.subjects.subject import of_numbers
from backproof.verify.support.errors import UsageError
from backproof.verify.support.program import program
from backproof.verify.support.progress import bar

BACKENDS = ("loky", "sequential", "dask", "ray")
_BATCH = 16  # chunks for each process of a Ray cluster between two entries in the journal
Work = Callable[[Job, Sequence[int]], Iterator[Record]]
"""Chunks in, records out, in any order."""


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """The command: names of operations, after ``package.module:Class`` for another engine."""
    without_reports(arguments, "sweeps")
    target, names = engine_and_names(rest)
    if not names:
        raise UsageError(f"sweep needs an operation: {program()} sweep tanh --dtype float32")
    fmt = format_named(arguments.dtype or "float32")
    if fmt is FLOAT64:
        raise UsageError("float64 has 2**64 numbers, which no machine sweeps: use --accuracy, which searches them")
    within = True
    for name in names:
        for which, (operation, spec) in enumerate(of_numbers(chosen(subject_of(target, arguments.order), [name]))):
            if len(spec.inputs) > 1:
                raise UsageError(f"{name} has two operands, {fmt.name} too many pairs to sweep: use --accuracy")
            job = Job(target, name, which, fmt.name, arguments.ulp, arguments.order)
            case = Case(operation, spec, options_of(arguments))
            within &= _swept(job, case, fmt, arguments)
    return FAILED if arguments.strict and not within else OK


def _swept(job: Job, case: Case, fmt: Format, arguments: argparse.Namespace) -> bool:
    """Sweep one case, print the result, and return whether it stays within the budget."""
    path = Path(arguments.journal or _journal_name(case.operation, case.spec, fmt))
    size = chunk_size(fmt)
    count = chunks(fmt, size)
    journal = Journal.of(path, job, size, count, case.operation.source.text)
    done = journal.begin()
    with _backend(arguments) as work, bar(f"{job.op} in {fmt.name}", count) as progress:
        for record in work(job, [k for k in range(count) if k not in done]):
            journal.add(record)
            done[record.chunk] = record
            progress(len(done))
    digest = journal.close(done.values())
    print("\n".join(_lines(ErrorMeter(case, fmt), list(done.values()), job.budget, digest, path)))
    return all(record.within(job.budget, fmt) for record in done.values())


def _journal_name(operation: Operation, spec: Spec, fmt: Format) -> str:
    case = "".join(c if c.isalnum() else "_" for c in spec.case)
    return f"sweep-{operation.name}{'-' + case if case else ''}-{fmt.name}.jsonl"


def _lines(meter: ErrorMeter, records: list[Record], budget: float, digest: str, path: Path) -> Iterator[str]:
    yield shown.headline(meter)
    judged, beyond = sum(r.judged for r in records), sum(r.beyond for r in records)
    nans = sum(r.nans for r in records)
    worst = max(records, key=lambda r: (r.ulps, -r.chunk))
    if worst.place is None:
        yield shown.row("worst", "0 ULP: every result is the number nearest to the derivative")
    else:
        measured = meter.measured((meter.fmt.from_ordinal(worst.place),), 0)
        verdict = shown.verdict(worst.ulps, budget)
        yield shown.row("worst", f"{shown.ulps(worst.ulps)} ULP: {verdict}, the budget being {budget:g} ULP")
        if measured is not None:
            yield from shown.evidence(meter, measured)
    total = 2 * meter.fmt.ordinal(meter.fmt.largest) + 2
    yield shown.row("all inputs", f"{total:,} finite numbers, {judged:,} measured, {beyond:,} beyond the budget")
    if nans:
        yield shown.row("", f"{nans:,} results in the domain are NaN")
    below = max(records, key=lambda r: (r.subnormal_ulps, -r.chunk))
    if below.subnormal_place is not None:
        place = meter.fmt.from_ordinal(below.subnormal_place)
        measured = meter.measured((place,), 0, subnormal=True)
    else:
        measured = None
    yield from shown.subnormal_lines(meter, sum(r.subnormal for r in records), measured)
    yield shown.row("digest", f"{digest}   ({path})")


# ----------------------------------------------------------------------------------------------------- backends


@contextmanager
def _backend(arguments: argparse.Namespace) -> Iterator[Work]:
    """What runs the chunks: joblib's own processes, one process, or a cluster."""
    backend = arguments.backend
    if backend not in BACKENDS:
        raise UsageError(f"--backend {backend!r}: there are {', '.join(BACKENDS)}")
    if arguments.scheduler and backend not in ("dask", "ray"):
        raise UsageError("--scheduler goes with --backend dask or ray")
    if backend == "sequential":
        yield lambda job, numbers: (swept(job, k) for k in numbers)  # one after the other, in this process
        return
    joblib = _needed("joblib", "sweep")
    with _cluster(backend, arguments.scheduler) as settings, joblib.parallel_config(**settings):
        jobs = settings.get("n_jobs") or arguments.jobs or _cores()
        if backend == "ray":
            yield lambda job, numbers: _in_batches(joblib, job, numbers, jobs)
        else:
            yield lambda job, numbers: _as_they_come(joblib, job, numbers, jobs)


def _cores() -> int:
    """The cores that this process may use; by default -1, which joblib takes for all of them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else -1


def _as_they_come(joblib: Any, job: Job, numbers: Sequence[int], jobs: int) -> Iterator[Record]:
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    yield from parallel(joblib.delayed(swept)(job, k) for k in numbers)


def _in_batches(joblib: Any, job: Job, numbers: Sequence[int], jobs: int) -> Iterator[Record]:
    """A batch at a time, for Ray's backend, which hands nothing over before all it was given is done."""
    with joblib.Parallel(n_jobs=jobs, batch_size=1) as parallel:
        for start in range(0, len(numbers), _BATCH * jobs):
            yield from parallel(joblib.delayed(swept)(job, k) for k in numbers[start : start + _BATCH * jobs])


@contextmanager
def _cluster(backend: str, scheduler: str) -> Iterator[dict[str, Any]]:
    """joblib's settings for the backend, connected to its cluster for as long as it is needed."""
    if backend == "dask":
        distributed = _needed("distributed", "dask")
        with _connected(backend, scheduler, lambda: distributed.Client(scheduler or None)):
            yield {"backend": "dask", "n_jobs": -1}
    elif backend == "ray":
        ray = _needed("ray", "ray")
        with _connected(backend, scheduler, lambda: ray.init(address=_answering(scheduler))):
            _needed("ray.util.joblib", "ray").register_ray()
            yield {"backend": "ray", "n_jobs": max(1, int(ray.cluster_resources().get("CPU", 1)))}
    else:
        yield {"backend": backend}


@contextmanager
def _connected(backend: str, scheduler: str, connect: Callable[[], Any]) -> Iterator[None]:
    """The connection that ``connect`` makes, closed at the end; UsageError where nothing answers."""
    try:
        connection = connect()
    except (OSError, ValueError) as error:
        where = f" --scheduler {scheduler}" if scheduler else ""
        raise UsageError(f"--backend {backend}{where}: {error}; is the cluster running?") from error
    with connection:
        yield


def _answering(scheduler: str) -> str | None:
    """The address of a Ray cluster, checked for a listener first: Ray itself tries for minutes; None for a local one.

    Raises OSError where nothing listens, ValueError for a port that is not a number.
    """
    host, colon, port = scheduler.removeprefix("ray://").rpartition(":")
    if colon:  # not "auto"
        socket.create_connection((host, int(port)), timeout=10).close()
    return scheduler or None


def _needed(module: str, extra: str) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        way_out = f"pip install 'backproof[{extra}]', or --backend sequential"
        raise UsageError(f"{module} is not installed: {way_out}") from None
