"""Accurate: the rule's error in ULPs of the true slope, at every point where that is a normal number.

Near a root of the slope every float formula loses its digits: there the error is measured against the size of the
slope around the root, and the report says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from verify.accuracy.conditioning import BUDGET, size_around_root
from verify.case import Case
from verify.findings import Finding, Verdict
from verify.numbers.pieces import by_pieces
from verify.numbers.points import Column, Point
from verify.numbers.reference import Reference, Status
from verify.numbers.ulps import FLOAT64, decimal, digits_left, error_in_ulps

Mask = NDArray[np.bool_]
_CANDIDATES = 64  # the worst points by a rough measure, which are then measured in balls


def check(case: Case) -> Iterator[Finding]:
    """One finding an operand: the worst error and where."""
    reference = Reference(case.slopes, case.row.inputs)
    for i, name in enumerate(case.row.inputs):
        ranked = _ranked(case, i)
        if not ranked:
            operand = name if len(case.row.inputs) > 1 else ""
            message = case.silent or "the rule gave no answer at any point where the slope is a normal number"
            yield case.finding("accuracy", Verdict.INCONCLUSIVE, message, operand=operand)
            continue
        worst: tuple[float, int | None] = 0.0, None
        ill: tuple[float, Point] | None = None
        for index, truths in zip(ranked, case.truths.at(ranked), strict=True):
            point, answer, truth = case.points[index], case.samples.slopes[i].item(index), truths[i]
            error = error_in_ulps(answer, truth.ball)
            if error > BUDGET and (size := size_around_root(reference, case.region, point, i, truth.nearest)):
                ill = max(ill or (0.0, point), (error, point))
                distance = error * math.ulp(truth.nearest) if truth.nearest else abs(answer)
                error = distance / math.ulp(size)
            if error > worst[0]:
                worst = error, index
        yield _told(case, i, name, worst[0], worst[1], ill)


def _ranked(case: Case, i: int) -> list[int]:
    """Places of points where the slope is a normal number (or 0) and the rule gave one, the roughest answers first.

    Where the forward has overflowed, or lost its own digits, there is nothing to be accurate about; the check of
    extremes tells of what is not finite.
    """
    nearest, known = case.truths.nearest[i], case.truths.has(Status.KNOWN, i) & ~case.at_corner
    rough = by_pieces(_rough, float, nearest, case.samples.slopes[i], case.samples.out, known)
    bar = np.partition(rough, -2 * _CANDIDATES)[-2 * _CANDIDATES] if len(rough) > 2 * _CANDIDATES else 0.0
    places = np.flatnonzero((rough >= bar) & (rough >= 0))
    worst = places[np.argsort(-rough[places], kind="stable")[: 2 * _CANDIDATES]].tolist()
    return [k for k in worst if nearest[k] != 0 or case.truths[k][i].ball.is_zero()][:_CANDIDATES]


def _rough(nearest: Column, answer: Column, out: Column, known: Mask) -> Column:
    """Errors in ULPs of the float nearest to the slope; -1 where nothing is measured."""
    least = FLOAT64.smallest_normal
    with np.errstate(all="ignore"):
        out = abs(out)
        measured = known & np.isfinite(answer) & np.isfinite(out) & ((out == 0) | (out >= least))
        measured &= (nearest == 0) | (abs(nearest) >= least)
        size = np.minimum(abs(nearest), FLOAT64.largest / 2)  # above the largest there is none to be spaced from
        return np.where(measured, abs(answer - nearest) / np.spacing(size), -1.0)


def _told(
    case: Case, i: int, name: str, error: float, index: int | None, ill: tuple[float, Point] | None
) -> Finding:
    operand = name if len(case.row.inputs) > 1 else ""
    if index is None:
        worst = "every answer is the float nearest to the true slope"
        return case.finding("accuracy", Verdict.ACCURATE, worst, operand=operand)
    point, truth = case.points[index], case.truths[index][i]
    details = [
        ("ours", f"{case.samples.slopes[i].item(index)!r}   at {case.shown(point)}"),
        ("expected", f"{decimal(truth.ball)}   (reference)"),
        ("digits", f"{digits_left(error):.1f} of {FLOAT64.digits:.1f} left there"),
    ]
    if ill is not None:
        near = f"{_rounded(ill[0])} ULP at {case.shown(ill[1])}, near a root of the slope: measured by its size around"
        details.append(("ill-cond.", near))
    details.append(("rerun", case.rerun(point)))
    accurate = error <= BUDGET
    return case.finding(
        "accuracy",
        Verdict.ACCURATE if accurate else Verdict.INACCURATE,
        f"worst error {_rounded(error)} ULP, at {case.shown(point)}",
        operand=operand,
        point=case.exact(point),
        details=tuple(details),
    )


def _rounded(error: float) -> str:
    return f"{error:.1f}" if error < 1000 else f"{error:.1e}"
