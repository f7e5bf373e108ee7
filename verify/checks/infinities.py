"""Safe at the infinities: where a derivative has a limit the rule returns a number, not NaN and not an exception.

The limits are declared in `verify.mirror.limits`; for a definition without a spec in the mirror they are the values
that its derivative approaches at the largest floats, where interval arithmetic shows it to settle.

Requirements:

our own engine      the limit itself (within a subnormal number of a limit of 0), and NaN for NaN: it follows the specs
other code          no NaN and no exception where a limit exists and the forward has a finite value; any number is
                    accepted

The check of extremes draws the line in the same way: a finite value with a NaN derivative is an error (a masked score
of -inf whose weight is 0), while the textbook's inf·0 for the derivative of gelu at inf follows an infinite value, and
is accepted.  Neither is a rule wrong where the forward rejects an infinity or has lost it already, as silu does with
-inf·0.  `--accuracy` shows all of this for any engine, without failing it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from backproof.verify.arithmetics.ulps import FLOAT64
from backproof.verify.checks.case import Case
from backproof.verify.checks.table import INFINITIES
from backproof.verify.mirror.limits import FLAT, limits
from backproof.verify.numerics.points import Point
from backproof.verify.numerics.reference import Reference, Status
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.support.errors import SubjectError, SubjectStopped, in_a_line

_CLOSE = 1e-9  # of a finite limit; the check of accuracy measures the digits
_LEAST = 2.0**-1022
_FAR = (2.0**300, 2.0**700, FLOAT64.largest)  # where a derivative with a limit has reached it
_VAST = 1e100  # a derivative beyond this from 2**700 on tends to infinity, one below its reciprocal to 0

Limit = tuple[Point, tuple[float, ...]]
"""A point at infinity and the limits of the derivatives there; NaN for a derivative without a limit."""


def check(case: Case) -> Iterator[Finding]:
    """Each derivative lost at infinity, or for our own engine different from its limit; otherwise one finding."""
    yield from findings(case) if case.operation.matches_mirror_kinks else _lost(case)


def findings(case: Case) -> Iterator[Finding]:
    """The requirements of our own engine, for any engine."""
    looked, found = 0, False
    for place, expected in _limits(case):
        results = _results(case, place)
        if results is None:
            continue  # the forward rejects infinities: no gradient is ever computed there
        looked += 1
        for name, result, limit in zip(case.spec.inputs, results, expected, strict=True):
            if not math.isnan(limit) and not _close(result, limit):
                found = True
                yield _fragile(case, name, place, result, f"{limit:g}, the limit of the derivative")
    spec = case.spec
    if len(spec.inputs) == 1 and spec.limits_declared and spec.op not in FLAT and spec.op != "power":
        results = _results(case, (math.nan,))
        if results is not None and not _is_nan(results[0]):
            found = True
            yield _fragile(case, case.spec.inputs[0], (math.nan,), results[0], "nan, as for any NaN")
    if not found:
        text = f"the limits at {looked} place{'s' * (looked != 1)} at infinity" if looked else "no limits at infinity"
        yield case.finding(INFINITIES, Verdict.SAFE, text)


def _lost(case: Case) -> Iterator[Finding]:
    """NaN or an exception where the derivative has a limit and the forward a finite value.

    A rule that fails at the largest float as well is reported by the check of extremes.
    """
    looked, found = 0, False
    for place, expected in _limits(case) if case.operation.sampled_region is None else ():
        results = _results(case, place)
        if results is None or not _finite(case.operation.forward(*place)):
            continue
        looked += 1
        for name, result, limit in zip(case.spec.inputs, results, expected, strict=True):
            if not math.isnan(limit) and _is_lost(result) and not _lost_before(case, place):
                found = True
                problem = "not a number, where the derivative has a limit,"
                yield _fragile(case, name, place, result, f"{limit:g}, the limit of the derivative", problem)
    if looked and not found:
        places = "the infinity" if looked == 1 else f"{looked} infinities"
        yield case.finding(INFINITIES, Verdict.SAFE, f"a number, not NaN, at {places} where the derivative has a limit")


def _limits(case: Case) -> Iterator[Limit]:
    """The declared limits of a spec of the mirror; else, for one operand, what interval arithmetic shows far out."""
    if case.spec.limits_declared:
        yield from limits(case.spec)
    elif len(case.spec.inputs) == 1:
        partial = Reference(case.derivatives, case.spec.inputs)
        for sign in (-1, 1):
            limit = _settled(case, partial, sign)
            if not math.isnan(limit):
                yield (sign * math.inf,), (limit,)


def _settled(case: Case, partial: Reference, sign: int) -> float:
    """The limit of the derivative on this side; NaN where it does not settle, or is not defined there."""
    places = [(sign * x,) for x in _FAR]
    if any(place not in case.region for place in places):
        return math.nan
    reference_values = [partial.at(place)[0] for place in places]
    if any(true_value.status not in (Status.KNOWN, Status.FLUSHED, Status.OVERFLOW) for true_value in reference_values):
        return math.nan
    _, far, end = (true_value.nearest for true_value in reference_values)
    if min(abs(far), abs(end)) > _VAST and far * end > 0:
        return math.copysign(math.inf, end)
    settled = all(abs(true_value.nearest - end) <= _CLOSE * max(1.0, abs(end)) for true_value in reference_values)
    if not settled:
        return math.nan
    return end if abs(end) > 1 / _VAST else 0.0


def _results(case: Case, place: Point) -> tuple[object, ...] | None:
    """The derivatives at a point; the exception that the rule raised instead; None where the forward has no value."""
    try:
        case.operation.forward(*place)
    except SubjectError:
        return None
    try:
        return case.operation.partials(*place)
    except SubjectError as error:
        return (error,) * len(place)


def _close(result: object, limit: float) -> bool:
    if not isinstance(result, (int, float)):
        return False
    if math.isinf(limit):
        return result == limit
    return abs(result - limit) <= max(_LEAST, _CLOSE * abs(limit))


def _is_lost(result: object) -> bool:
    """NaN, or an exception of the rule's own."""
    return _is_nan(result) or (isinstance(result, Exception) and not isinstance(result, SubjectStopped))


def _lost_before(case: Case, place: Point) -> bool:
    """Whether the rule fails at the largest finite floats already."""
    largest = FLOAT64.largest
    results = _results(case, tuple(max(-largest, min(x, largest)) for x in place))
    return results is not None and any(map(_is_lost, results))


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _is_nan(result: object) -> bool:
    return isinstance(result, float) and math.isnan(result)


def _fragile(
    case: Case, name: str, place: Point, result: object, expected: str, problem: str = "not the limit of the derivative"
) -> Finding:
    if isinstance(result, Exception):
        result = in_a_line(result)
    return case.finding(
        INFINITIES,
        Verdict.FRAGILE,  # no infinity is in the working range
        f"{problem} at {case.shown(place)}",
        operand=name if len(case.moved) > 1 else "",
        details=(("ours", str(result)), ("expected", expected), ("rerun", f"{case.operation.command} --select safe")),
    )
