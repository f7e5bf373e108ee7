"""Safe at the infinities: where a slope has a limit the rule answers with a number, never with NaN or an exception.

The limits are declared in `verify.accuracy.special`, and of a definition that is no row of the mirror they are what
its slope comes to at the largest floats, where balls see it settle.

What is asked of whom:

our own engine      the limit itself (within a subnormal number of a limit of 0), and NaN for NaN: it follows the rows
anybody else        no NaN and no exception where a limit exists and the forward has a finite value; another number is
                    a policy of theirs

That is the border of the check of extremes: a healthy value with a NaN for its slope is a trap (a masked score of -inf
whose weight is 0), while the textbook's inf·0 for the slope of gelu at inf comes after an infinite value, and is no
less right for it.  Nor is a rule to blame where the forward refuses an infinity or has lost it already, as silu does
with -inf·0.  All this `--accuracy` tells of any engine, and fails nobody for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from verify.accuracy.special import FLAT, limits
from verify.case import Case
from verify.errors import in_a_line
from verify.findings import Finding, Verdict
from verify.mirror import Row
from verify.numbers.points import Point
from verify.numbers.reference import Reference, Status
from verify.numbers.ulps import FLOAT64
from verify.subjects.sandbox import SubjectStopped

_CLOSE = 1e-9  # of a finite limit; the digits are the check of accuracy's
_LEAST = 2.0**-1022
_FAR = (2.0**300, 2.0**700, FLOAT64.largest)  # where a slope that has a limit has come to it
_VAST = 1e100  # a slope beyond this from 2**700 on tends to infinity, one below its reciprocal to 0

Limit = tuple[Point, tuple[float, ...]]
"""A place at infinity and the limits of the slopes there; NaN for a slope that has none."""


def check(case: Case) -> Iterator[Finding]:
    """Each slope that is lost at infinity, or for our own engine not what it tends to; one finding otherwise."""
    yield from findings(case) if case.operation.follows_rows else _lost(case)


def findings(case: Case) -> Iterator[Finding]:
    """What our own engine is asked, asked of any."""
    looked, found = 0, False
    for place, expected in _limits(case):
        answers = _answers(case, place)
        if answers is None:
            continue  # the forward refuses infinities: no gradient will ever be asked for there
        looked += 1
        for name, answer, limit in zip(case.row.inputs, answers, expected, strict=True):
            if not math.isnan(limit) and not _close(answer, limit):
                found = True
                yield _unsafe(case, name, place, answer, f"{limit:g}, the limit of the slope")
    if len(case.row.inputs) == 1 and type(case.row) is Row and case.row.op not in FLAT and case.row.op != "power":
        answers = _answers(case, (math.nan,))
        if answers is not None and not _is_nan(answers[0]):
            found = True
            yield _unsafe(case, case.row.inputs[0], (math.nan,), answers[0], "nan, as for any NaN")
    if not found:
        text = f"the limits at {looked} places at infinity" if looked else "no limits at infinity to answer with"
        yield case.finding("special", Verdict.SAFE, text)


def _lost(case: Case) -> Iterator[Finding]:
    """NaN or an exception where the slope has a limit and the forward a finite value.

    A rule that is lost at the largest float as well is the check of extremes' to tell.
    """
    looked, found = 0, False
    for place, expected in _limits(case) if case.operation.within is None else ():
        answers = _answers(case, place)
        if answers is None or not _finite(case.operation.forward(*place)):
            continue
        looked += 1
        for name, answer, limit in zip(case.row.inputs, answers, expected, strict=True):
            if not math.isnan(limit) and _is_lost(answer) and not _lost_before(case, place):
                found = True
                problem = "no number, where the slope has a limit,"
                yield _unsafe(case, name, place, answer, f"{limit:g}, the limit of the slope", problem)
    if looked and not found:
        places = "the infinity" if looked == 1 else f"{looked} infinities"
        yield case.finding("special", Verdict.SAFE, f"a number, and no NaN, at {places} where the slope has a limit")


def _limits(case: Case) -> Iterator[Limit]:
    """The declared limits of a row of the mirror; for another definition of one operand what balls see far out."""
    if type(case.row) is Row:
        yield from limits(case.row)
    elif len(case.row.inputs) == 1:
        slope = Reference(case.slopes, case.row.inputs)
        for sign in (-1, 1):
            limit = _settled(case, slope, sign)
            if not math.isnan(limit):
                yield (sign * math.inf,), (limit,)


def _settled(case: Case, slope: Reference, sign: int) -> float:
    """What the slope comes to on this side; NaN where it does not settle, or lives elsewhere."""
    places = [(sign * x,) for x in _FAR]
    if any(place not in case.region for place in places):
        return math.nan
    truths = [slope.at(place)[0] for place in places]
    if any(truth.status not in (Status.KNOWN, Status.FLUSHED, Status.OVERFLOW) for truth in truths):
        return math.nan
    _, far, end = (truth.nearest for truth in truths)
    if min(abs(far), abs(end)) > _VAST and far * end > 0:
        return math.copysign(math.inf, end)
    settled = all(abs(truth.nearest - end) <= _CLOSE * max(1.0, abs(end)) for truth in truths)
    if not settled:
        return math.nan
    return end if abs(end) > 1 / _VAST else 0.0


def _answers(case: Case, place: Point) -> tuple[object, ...] | None:
    """The slopes at a place; the exception that the rule raised instead; None where the forward has no value."""
    try:
        case.operation.forward(*place)
    except Exception:  # the subject's own code may raise anything
        return None
    try:
        return case.operation.slopes(*place)
    except Exception as error:
        return (error,) * len(place)


def _close(answer: object, limit: float) -> bool:
    if not isinstance(answer, (int, float)):
        return False
    if math.isinf(limit):
        return answer == limit
    return abs(answer - limit) <= max(_LEAST, _CLOSE * abs(limit))


def _is_lost(answer: object) -> bool:
    """NaN, or an exception of the rule's own."""
    return _is_nan(answer) or (isinstance(answer, Exception) and not isinstance(answer, SubjectStopped))


def _lost_before(case: Case, place: Point) -> bool:
    """Whether the rule has lost the slope on the way, at the largest floats."""
    largest = FLOAT64.largest
    answers = _answers(case, tuple(max(-largest, min(x, largest)) for x in place))
    return answers is not None and any(map(_is_lost, answers))


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _is_nan(answer: object) -> bool:
    return isinstance(answer, float) and math.isnan(answer)


def _unsafe(
    case: Case, name: str, place: Point, answer: object, expected: str, problem: str = "not the limit of the slope"
) -> Finding:
    if isinstance(answer, Exception):
        answer = in_a_line(answer)
    return case.finding(
        "special",
        Verdict.UNSAFE,
        f"{problem} at {case.shown(place)}",
        operand=name if len(case.row.inputs) > 1 else "",
        details=(("ours", str(answer)), ("expected", expected), ("rerun", f"{case.operation.command} --select safe")),
    )
