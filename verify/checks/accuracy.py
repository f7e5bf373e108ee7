"""Accurate: the rule's error in ULPs of the true derivative, at every point where that is a normal number.

Near a zero of the derivative every float formula loses its digits: there the error is measured relative to the size
of the derivative around the zero, and the report says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arithmetics.ulps import FLOAT64, decimal, digits_left, error_in_ulps
from backproof.verify.checks.case import Case
from backproof.verify.checks.table import ACCURACY
from backproof.verify.numerics.conditioning import BUDGET, size_around_root
from backproof.verify.numerics.points import Column, Point
from backproof.verify.numerics.reference import Reference, Status
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.support.chunks import by_pieces

Mask = NDArray[np.bool_]
_CANDIDATES = 64  # the worst points by a rough measure, which are then measured in interval arithmetic


def check(case: Case) -> Iterator[Finding]:
    """One finding per operand: the worst error and where it occurs."""
    reference = Reference(case.derivatives, case.spec.inputs)
    for i, name in case.moved:
        ranked = _ranked(case, i)
        if not ranked:
            operand = name if len(case.moved) > 1 else ""
            message = case.no_result_reason or "the rule returned no value at any point with a normal derivative"
            yield case.finding(ACCURACY, Verdict.INCONCLUSIVE, message, operand=operand)
            continue
        worst: tuple[float, int | None] = 0.0, None
        ill: tuple[float, Point] | None = None
        for index, reference_values in zip(ranked, case.reference_values.at(ranked), strict=True):
            point, result, expected = case.points[index], case.samples.partials[i].item(index), reference_values[i]
            error = error_in_ulps(result, expected.ball, case.format)
            if error > BUDGET and (size := size_around_root(reference, case.region, point, i, expected.nearest)):
                ill = max(ill or (0.0, point), (error, point))
                # in ULPs of the size around the zero, in place of those at the derivative itself
                distance = error * math.ulp(expected.nearest) if expected.nearest else abs(result) / _coarser(case)
                error = distance / math.ulp(size)
            if error > worst[0]:
                worst = error, index
        yield _finding(case, i, name, worst[0], worst[1], ill)


def _ranked(case: Case, i: int) -> list[int]:
    """Indices of points where the derivative is normal (or 0) and the rule returned a number, largest errors first.

    Points where the forward has overflowed, or lost its own digits, are not measured; the check of extremes reports
    values that are not finite.
    """
    nearest, known = case.reference_values.nearest[i], case.reference_values.has(Status.KNOWN, i) & ~case.at_kink
    known &= case.in_range_of_format
    rough = by_pieces(partial(_rough, case), float, nearest, case.samples.partials[i], case.samples.out, known)
    bar = np.partition(rough, -2 * _CANDIDATES)[-2 * _CANDIDATES] if len(rough) > 2 * _CANDIDATES else 0.0
    places = np.flatnonzero((rough >= bar) & (rough >= 0))
    worst = places[np.argsort(-rough[places], kind="stable")[: 2 * _CANDIDATES]].tolist()
    return [k for k in worst if nearest[k] != 0 or case.reference_values[k][i].ball.is_zero()][:_CANDIDATES]


def _coarser(case: Case) -> float:
    """How much farther apart the format's floats are than those in double precision."""
    return 2.0 ** (FLOAT64.precision - case.format.precision)


def _rough(case: Case, nearest: Column, result: Column, out: Column, known: Mask) -> Column:
    """Errors in ULPs of the float nearest to the derivative; -1 where nothing is measured."""
    least = case.format.smallest_normal
    with np.errstate(all="ignore"):
        out = abs(out)
        measured = known & np.isfinite(result) & np.isfinite(out) & ((out == 0) | (out >= least))
        measured &= (nearest == 0) | (abs(nearest) >= least)
        size = np.minimum(abs(nearest), FLOAT64.largest / 2)  # above the largest there is none to be spaced from
        return np.where(measured, abs(result - nearest) / (np.spacing(size) * _coarser(case)), -1.0)


def _finding(
    case: Case, i: int, name: str, error: float, index: int | None, ill: tuple[float, Point] | None
) -> Finding:
    operand = name if len(case.moved) > 1 else ""
    if index is None:
        worst = "every result is the float nearest to the true derivative"
        return case.finding(ACCURACY, Verdict.ACCURATE, worst, operand=operand)
    point, expected = case.points[index], case.reference_values[index][i]
    details = [
        ("ours", f"{case.samples.partials[i].item(index)!r}   at {case.shown(point)}"),
        ("expected", f"{decimal(expected.ball)}   (reference)"),
        ("digits", f"{digits_left(error, case.format):.1f} of {case.format.digits:.1f} left there"),
    ]
    if ill is not None:
        near = "near a zero of the derivative: measured relative to its size nearby"
        details.append(("ill-cond.", f"{_rounded(ill[0])} ULP at {case.shown(ill[1])}, {near}"))
    details.append(("rerun", case.rerun(point)))
    accurate = error <= BUDGET
    return case.finding(
        ACCURACY,
        Verdict.ACCURATE if accurate else Verdict.INACCURATE,
        f"worst error {_rounded(error)} ULP{_of(case)}, at {case.shown(point)}",
        operand=operand,
        point=case.exact(point),
        details=tuple(details),
    )


def _of(case: Case) -> str:
    return "" if case.format is FLOAT64 else f" of {case.format.name}"


def _rounded(error: float) -> str:
    return f"{error:.1f}" if error < 1000 else f"{error:.1e}"
