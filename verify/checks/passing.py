"""Wired for large arrays: linear in the gradient that arrives, nothing changed on the way, the same answer twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from verify.case import Case
from verify.checks.of_large import of_large
from verify.errors import in_a_line
from verify.findings import Finding, Verdict
from verify.identity import telling
from verify.numbers.lattices import Sample
from verify.subjects.large import LargePair
from verify.subjects.pairs import OUT, UPSTREAM

_POINTS = 3
_SLACK = 1e-9  # of the largest entry


@of_large
def check(case: Case, pair: LargePair) -> Iterator[Finding]:
    """What is miswired; one finding that all is well otherwise."""
    looked, refused = 0, ""
    for sample in _points(case, pair):
        try:
            found = _problem(pair, sample)
        except Exception as error:  # the user's own code may raise anything
            refused = refused or in_a_line(error)
            continue
        looked += 1
        if found is not None:
            message, details = found
            evidence = (*details, *telling.at(pair, sample), ("rerun", case.operation.rerun(case.options.seed, {})))
            yield case.finding("passing", Verdict.MISWIRED, message, details=evidence)
            return
        if looked == _POINTS:
            break
    if looked:
        how = f"proportional to what arrives, and changes no data, at {looked} points"
        yield case.finding("passing", Verdict.WIRED, how)
    else:
        yield case.finding("passing", Verdict.INCONCLUSIVE, f"the rule has no answer at any point ({refused})")


def _points(case: Case, pair: LargePair) -> Iterator[Sample]:
    if case.looks.looks:
        return (look.sample for look in case.looks.looks)
    return pair.samples(case.options.seed)


_Problem = tuple[str, list[tuple[str, str]]]


def _problem(pair: LargePair, sample: Sample) -> _Problem | None:
    arrays = sample.arrays
    given = {**{one: arrays[one] for one in pair.arrays}, OUT: pair.values(arrays), UPSTREAM: arrays[pair.upstream]}
    before = {name: np.array(x, copy=True) for name, x in given.items()}
    first = {one: np.array(x, dtype=float, copy=True) for one, x in pair.answered(given).items()}
    for name, x in given.items():
        if not np.array_equal(np.asarray(x), before[name], equal_nan=True):
            return f"the backward changes {name}, which is not its own", [_first_change(name, before[name], x)]
    for one, again in pair.answered(given).items():
        if not np.array_equal(np.asarray(again, dtype=float), first[one], equal_nan=True):
            return "called a second time the backward answers something else", [_first_change(one, first[one], again)]
    for factor in (0.0, -4.0, 1024.0):  # powers of two: they scale what cancellation has left behind exactly, too
        scaled = pair.answered({**given, UPSTREAM: factor * given[UPSTREAM]})
        for one, x in scaled.items():
            expected = factor * first[one]
            room = _SLACK * abs(factor) * max(np.abs(first[one]).max(), 2.0**-1000)
            room = room if np.asarray(x).dtype.itemsize >= 8 else 1e6 * room
            if np.isfinite(expected).all() and not np.all(np.abs(np.asarray(x, dtype=float) - expected) <= room):
                change = _first_change(one, expected, x)
                return f"not proportional to what arrives: {factor:g}·g gives other gradients of {one}", [change]
    return None


def _first_change(name: str, was: Any, now: Any) -> tuple[str, str]:
    """The entry that differs most."""
    was, now = np.asarray(was, dtype=float), np.asarray(now, dtype=float)
    place = np.unravel_index(int(np.argmax(np.abs(np.nan_to_num(now - was, nan=np.inf)))), was.shape)
    return "entry", f"{name}{telling.shown(place)}: {float(now[place])!r}, expected {float(was[place])!r}"
