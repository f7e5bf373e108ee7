"""Whether a derivative depends on its arguments alone: not on where the function was called at last, nor on memory.

Objects keep what the function computed for the derivative to use.  An optimizer need not call the two at the same
point, nor in this order, and it may change one array in place from point to point.  So the derivative is asked again
at a point after the function was called at another, after it was asked close by, in an array that held another point
before, and the array that it returned is looked at once more after it was asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.contracts.claim import Claim
from backproof.verify.subjects.contracts.readings import Matrix
from backproof.verify.support.errors import SubjectError

Point = Sequence[float]
Found = tuple[str, Matrix, Matrix]
"""What it depends on, what it returned then, and what it returns by itself."""

_NEARBY = (2.0**-7, 2.0**-20, 2.0**-40)
"""Relative distances of a point close by: memory may be looked up by rounded numbers, or by `np.allclose`."""


def remembered(claim: Claim) -> Found | None:
    """The first dependence that shows at the claim's points; None where none does."""
    for place, other in pairwise(claim.points):
        try:
            found = _after_others(claim, place, other) or _in_place(claim, place, other)
        except SubjectError:  # for the checks of values to report
            continue
        if found is not None:
            return found
    return None


def _after_others(claim: Claim, place: Point, other: Point) -> Found | None:
    expected = _fresh(claim, place)
    claim.values(other)
    if _differ(now := claim.derived(place)[0], expected):
        return "the point at which the function was called at last", now, expected
    for distance in _NEARBY:
        beside = [x * (1 + distance) for x in place]
        if not claim.admits(beside):
            continue
        claim.both(other)
        expected = _fresh(claim, beside)
        claim.both(other)
        claim.both(place)
        now = claim.derived(beside)[0]
        if _differ(now, expected):
            return "what was asked at a point close by", now, expected
    return None


def _fresh(claim: Claim, place: Point) -> Matrix:
    """The derivative right after the function was called at the same point."""
    return claim.both(place)[1]


def _in_place(claim: Claim, place: Point, other: Point) -> Found | None:
    """In arrays that held another point before; and whether a result changes when it is asked elsewhere."""
    code, arguments = claim.derivative, claim.arguments
    if arguments.trees:  # which hold other arrays than those that are changed here
        return None
    with np.errstate(all="ignore"), subject_code:
        given, later = arguments.values(other), arguments.values(place)
        first = code.result(code.function, given)
        kept = _copied(claim.reading.read(first))
        for name in arguments.names:
            if isinstance(given[name], np.ndarray):
                given[name][...] = later[name]
            else:
                given[name] = later[name]
        now = _copied(claim.reading.read(code.result(code.function, given)))
        changed = claim.reading.read(first)
    if _differ(changed, kept) and not _differ(changed, now):
        return "its own next result: the array that it returned before is written over", changed, kept
    claim.both(other)
    expected = _fresh(claim, place)
    if _differ(now, expected):
        return "what an array held before it was changed in place", now, expected
    return None


def _copied(matrix: Matrix) -> Matrix:
    return np.array(matrix, dtype=object, copy=True)


def _differ(a: Matrix, b: Matrix) -> bool:
    """Whether results differ by more than a sum in another order may."""
    x, y = a.astype(float), b.astype(float)
    with np.errstate(all="ignore"):
        close = np.isclose(x, y, rtol=1e-9, atol=1e-300, equal_nan=True)
    return not bool(close.all())


def shown(matrix: Matrix) -> str:
    """A matrix in a line, shortened."""
    values = [f"{float(x):.12g}" for x in matrix.reshape(-1)[:4]]
    return ", ".join(values) + (", ..." if matrix.size > len(values) else "")


def told(claim: Claim) -> tuple[str, list[tuple[str, str]]] | None:
    """What a derivative depends on beside its arguments, in words; None where nothing shows."""
    if claim.spoils:
        return "the derivative changes what the function returns: it writes to data that both use", []
    found = remembered(claim)
    if found is None:
        return None
    what, now, alone = found
    return f"the result depends on {what}", [("ours", shown(now)), ("otherwise", shown(alone))]
