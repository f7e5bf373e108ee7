"""Safe at the infinities: where a slope has a limit the rule answers with it, never with NaN or an exception.

The limits are declared in `verify.accuracy.special`.  An answer within a subnormal number of a limit of 0 will do.

Asked of engines that follow the rows of the mirror to the letter, as ours does.  A textbook rule that multiplies an
infinity by 0 is no less right for it; of somebody else's engine `--accuracy` tells, and nothing fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from verify.accuracy.special import FLAT, limits
from verify.case import Case
from verify.findings import Finding, Verdict
from verify.numbers.points import Point

_CLOSE = 1e-9  # of a finite limit; the digits are the check of accuracy's
_LEAST = 2.0**-1022


def check(case: Case) -> Iterator[Finding]:
    """Each slope that is not what it tends to; one finding that all are otherwise."""
    if case.operation.follows_rows:
        yield from findings(case)


def findings(case: Case) -> Iterator[Finding]:
    """The same of any engine."""
    looked, found = 0, False
    for place, expected in limits(case.row):
        answers = _answers(case, place)
        if answers is None:
            continue  # the forward refuses infinities: no gradient will ever be asked for there
        looked += 1
        for name, answer, limit in zip(case.row.inputs, answers, expected, strict=True):
            if not math.isnan(limit) and not _close(answer, limit):
                found = True
                yield _unsafe(case, name, place, answer, f"{limit:g}, the limit of the slope")
    if len(case.row.inputs) == 1 and case.row.op not in FLAT and case.row.op != "power":
        answers = _answers(case, (math.nan,))
        if answers is not None and not _is_nan(answers[0]):
            found = True
            yield _unsafe(case, case.row.inputs[0], (math.nan,), answers[0], "nan, as for any NaN")
    if not found:
        text = f"the limits at {looked} places at infinity" if looked else "no limits at infinity to answer with"
        yield case.finding("special", Verdict.SAFE, text)


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


def _is_nan(answer: object) -> bool:
    return isinstance(answer, float) and math.isnan(answer)


def _unsafe(case: Case, name: str, place: Point, answer: object, expected: str) -> Finding:
    if isinstance(answer, Exception):
        answer = f"{type(answer).__name__}: {answer}"
    return case.finding(
        "special",
        Verdict.UNSAFE,
        f"not the limit of the slope at {case.shown(place)}",
        operand=name if len(case.row.inputs) > 1 else "",
        details=(("ours", str(answer)), ("expected", expected), ("rerun", f"{case.operation.command} --select safe")),
    )
