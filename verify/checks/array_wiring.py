"""Wired for large arrays: linear in the upstream gradient, no data modified, the same gradient when called twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.verify.checks import array_counterexamples as most_visible
from backproof.verify.checks.array_case import ArrayCase, without_warnings
from backproof.verify.checks.table import ARRAY_WIRING
from backproof.verify.numerics.lattices import Sample
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.functions.pairs import OUT, UPSTREAM
from backproof.verify.subjects.operation import ArrayOperation
from backproof.verify.support.errors import SubjectError, in_a_line

_POINTS = 3
_SLACK = 1e-9  # of the largest entry


@without_warnings
def check(case: ArrayCase) -> Iterator[Finding]:
    """The first wiring error; otherwise one finding that there is none."""
    pair, looked, refused = case.operation, 0, ""
    if (memory := pair.remembers()) is not None:
        message, details = memory
        yield case.finding(ARRAY_WIRING, Verdict.MISWIRED, message, details=tuple(details))
        return
    for sample in _points(case):
        try:
            found = _problem(pair, sample)
        except SubjectError as error:
            refused = refused or in_a_line(error)
            continue
        looked += 1
        if found is not None:
            message, details = found
            rerun = ("rerun", case.operation.rerun(case.options.seed, {}))
            evidence = (*details, *most_visible.at(pair, sample), rerun)
            yield case.finding(ARRAY_WIRING, Verdict.MISWIRED, message, details=evidence)
            return
        if looked == _POINTS:
            break
    if looked:
        how = f"proportional to the upstream gradient, and modifies no data, at {looked} points"
        yield case.finding(ARRAY_WIRING, Verdict.WIRED, how)
    else:
        yield case.finding(ARRAY_WIRING, Verdict.INCONCLUSIVE, f"the rule fails at every point ({refused})")


def _points(case: ArrayCase) -> Iterator[Sample]:
    if case.sampled.sampled:
        return (look.sample for look in case.sampled.sampled)
    return case.operation.samples(case.options.seed)


_Problem = tuple[str, list[tuple[str, str]]]


def _problem(pair: ArrayOperation, sample: Sample) -> _Problem | None:
    arrays = sample.arrays
    given = {**{one: arrays[one] for one in pair.inputs}, OUT: pair.out(arrays), UPSTREAM: arrays[pair.upstream]}
    before = {name: np.array(x, copy=True) for name, x in given.items()}
    first = {one: np.array(x, dtype=float, copy=True) for one, x in pair.returned(given).items()}
    for name, x in given.items():
        if not np.array_equal(np.asarray(x), before[name], equal_nan=True):
            return f"the backward modifies {name}, which belongs to the caller", [_first_change(name, before[name], x)]
    for one, again in pair.returned(given).items():
        if not np.array_equal(np.asarray(again, dtype=float), first[one], equal_nan=True):
            return "called again, the backward returns another gradient", [_first_change(one, first[one], again)]
    for factor in (0.0, -4.0, 1024.0):  # powers of two: they scale round-off exactly, too
        scaled = pair.returned({**given, UPSTREAM: factor * given[UPSTREAM]})
        for one, x in scaled.items():
            expected = factor * first[one]
            room = _SLACK * abs(factor) * max(np.abs(first[one]).max(), 2.0**-1000)
            room = room if np.asarray(x).dtype.itemsize >= 8 else 1e6 * room
            if np.isfinite(expected).all() and not np.all(np.abs(np.asarray(x, dtype=float) - expected) <= room):
                change = _first_change(one, expected, x)
                return f"not proportional to the upstream gradient: {factor:g}·g does not scale that of {one}", [change]
    return None


def _first_change(name: str, was: Any, now: Any) -> tuple[str, str]:
    """The entry that differs most."""
    was, now = np.asarray(was, dtype=float), np.asarray(now, dtype=float)
    place = np.unravel_index(int(np.argmax(np.abs(np.nan_to_num(now - was, nan=np.inf)))), was.shape)
    return "entry", f"{name}{most_visible.shown(place)}: {float(now[place])!r}, expected {float(was[place])!r}"
