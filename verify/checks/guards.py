"""Events of floats: whether a proof, which is of real numbers, is one of the code as well.

A rule may ask about an overflow, which real numbers do not have (`verify.terms.ledger`), and a comparison may be
decided by one: floats then take a branch that the proof passes over.  A proof stands where that branch was looked at
and gives no other function, or where no number of the working range leads there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import numpy as np
from flint import arb, ctx

from backproof.verify.checks.case import Case
from backproof.verify.checks.extremes import far_off
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.evaluate.floats import on_columns
from backproof.verify.numerics.domain import Interval
from backproof.verify.numerics.reference import Status
from backproof.verify.numerics.working_range import limits
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.ops import COMPARISONS
from backproof.verify.terms.term import Condition, Term, substitute, symbols_of, topological
from backproof.verify.tracing.stopped import placed

_FAR_OFF = 2.0**-10  # of the value or of 1, whichever is larger
_NEARBY = 2.0**-40  # a relative change of the inputs that may explain a value: steep, but not another function
_CONFIRMED = 32  # points at which a value that is off is looked at in intervals
_BITS = 256
_MOST_BOXES = 1_000
_MOST_ASKED = 1_000  # terms that are computed below a handler; a loop has any number
_LARGEST = arb(2) ** 1023


def doubt(case: Case) -> str:
    """Why floats may compute another function than the one that is proved; "" if nothing says so."""
    if case.guards and (asked := _unseen(case)) is not None:
        return f"{placed(case.guards[0])}, and {written(asked)} may overflow where no point is"
    decided = placed(case.guards[0]) if case.guards else ""
    if not decided and not (decided := _decided_by_an_overflow(case)):
        return ""
    if all(far_off(case, i) is None for i in range(len(case.spec.inputs))) and not _forward_is_far_off(case):
        return ""
    return f"{decided}, and a result that is far off"


def _terms(case: Case) -> tuple[Term, ...]:
    """Forward and gradients of the trace, for an upstream gradient of one."""
    assert not isinstance(case.trace, Exception)
    return substitute((case.trace.forward, *case.trace.gradients), case.seeds)


def _overflow(case: Case, terms: Sequence[Term]) -> list[bool]:
    """For each term whether it is not finite at a point of the working range, as NumPy computes it."""
    columns, _ = on_columns(terms, case.spec.inputs, case.points.columns, ieee=True)
    return [bool(np.any(~np.isfinite(column) & case.in_working_range)) for column in columns]


# ----------------------------------------------------------------------------------------- guards that were looked at


def _unseen(case: Case) -> Term | None:
    """A term that a guard asks about, whose overflow no point shows, and which may overflow in the working range.

    Of a term that does overflow at some point, that point shows what the rule does then.
    """
    assert not isinstance(case.trace, Exception)
    asked = [t for t in case.trace.asked if t.args]
    if not asked or len(asked) > _MOST_ASKED:
        return next(iter(asked), None)
    shown = _overflow(case, substitute(tuple(asked), case.seeds))
    return next((t for t, seen in zip(asked, shown, strict=True) if not seen and not _stays_finite(case, t)), None)


def _stays_finite(case: Case, asked: Term) -> bool:
    """Whether no intermediate result of a term can overflow in the working range, by intervals piece by piece."""
    nodes = [node for node in topological(asked) if not isinstance(node, Condition)]
    names = symbols_of(asked)  # the upstream gradient may be among them
    program = BallProgram(nodes, names)
    pieces = [_pieces(case, name, len(names) == 1) for name in names]
    if math.prod(map(len, pieces)) > _MOST_BOXES:
        return False
    with ctx.workprec(_BITS):
        return all(
            value.is_finite() and value.abs_upper() < _LARGEST for box in product(*pieces) for value in program(*box)
        )


def _pieces(case: Case, name: str, fine: bool) -> list[arb]:
    """The working range of a symbol, of an input inside its interval of the domain, in pieces: binades, if ``fine``."""
    least, most = limits(case.format.name)
    low, high = case.operation.bounds.get(name, (-most, most))
    ends = [2.0**e for e in range(round(math.log2(least)), round(math.log2(most)) + 1)] if fine else [least, most]
    ends = [end for end in ends if end < max(abs(low), abs(high))]
    marks = sorted({0.0, *ends, *(-end for end in ends), low, high})
    inputs = case.spec.inputs
    interval = case.region.intervals[inputs.index(name)] if name in inputs else Interval()
    return list(_inside(marks, interval, low, high))


def _inside(marks: Sequence[float], interval: Interval, low: float, high: float) -> Iterator[arb]:
    first, last = interval.floats
    first, last = max(first, low), min(last, high)
    for a, b in pairwise(marks):
        if max(a, first) <= min(b, last):
            yield arb(max(a, first)).union(arb(min(b, last)))


# ---------------------------------------------------------------------------------- comparisons that an event decides


def _decided_by_an_overflow(case: Case) -> str:
    """A comparison of the trace that floats of the working range decide by an infinity or NaN; "" if there is none."""
    compared = [t for t in topological(*_terms(case)) if isinstance(t, Condition) and t.op in COMPARISONS]
    compared = [t for t in compared if any(side.args for side in t.args)]
    if not compared:
        return ""
    found = _overflow(case, [side for t in compared for side in t.args])
    decided = (t for t, left, right in zip(compared, found[::2], found[1::2], strict=True) if left or right)
    return next((f"an overflow decides {written(t)}" for t in decided), "")


def _forward_is_far_off(case: Case) -> bool:
    """Whether the forward gives a finite value of the working range that is no matter of digits."""
    ours = case.samples.out
    if case.screened is None:
        suspects = case.points.plainest(_CONFIRMED).tolist()
    else:
        with np.errstate(all="ignore"):
            high = case.screened[0][0]
            off = ~(abs(ours - high) <= _FAR_OFF * np.maximum(abs(high), 1)) & np.isfinite(ours)
        suspects = case.points.plainest(among=off & case.in_working_range).tolist()[:_CONFIRMED]
    return any(_is_far_off(case, index) for index in suspects)


def _is_far_off(case: Case, index: int) -> bool:
    point, ours = case.points[index], case.samples.out.item(index)
    true = case.values.at(point)[0]
    if true.status is not Status.KNOWN or not math.isfinite(ours):
        return False
    with ctx.workprec(_BITS):
        around = case.values.program(*(arb(x, abs(x) * _NEARBY) for x in point))[0]
    steep = not around.is_finite() or bool(around.contains(ours))
    return not steep and abs(ours - true.nearest) > _FAR_OFF * max(abs(true.nearest), 1)
