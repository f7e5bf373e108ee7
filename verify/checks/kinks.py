"""Safe at kinks and ties: the rule's gradient there lies in the Clarke subdifferential.

The subdifferential of a piecewise smooth function is the convex hull of the limits of its gradient (Clarke,
Optimization and Nonsmooth Analysis, theorem 2.5.1).  The limits are those of the mirror's derivatives, in interval
arithmetic, along directions into every piece; for two operands both derivatives are checked as one vector.  What is
not valid at kinks beyond the working range only, where intermediate results overflow, is fragile.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise, product

import numpy as np
import sympy
from flint import arb, ctx

from backproof.verify.checks.case import Case
from backproof.verify.checks.table import KINKS
from backproof.verify.evaluate.balls import BallProgram, evaluate
from backproof.verify.mirror.table import Kink
from backproof.verify.numerics.reference import Status
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.boundary import number
from backproof.verify.support.errors import SubjectError, in_a_line
from backproof.verify.terms.from_sympy import from_sympy
from backproof.verify.terms.ops import COMPARISONS
from backproof.verify.terms.term import FALSE, TRUE, Condition, Term, substitute, topological

_TIES = (0.0, 0.75, -0.625, 2.5, -2.25, 1e-300, 1e300)
_GENERATED = 48  # of the generated points on a tie, about this many are checked
_BITS = 2400  # enough to tell 1e300 from its neighbour at a distance of 2**-300 of it
_NEAR = 300
_ROUNDED = 50  # binary digits: a place this close to a tie, relative to its largest coordinate, may round to it
_MOST_NEAR = 4  # comparisons that are nearly ties at one place
_NOUGHT = 2.0**-200  # for a reader
_SLACK = 2.0**-40  # of floats against exact limits; the proof compares formulas, without tolerance
_DIRECTIONS = 720  # around a point where the gradient varies with the direction: their hull approximates a disc to 1e-5
_FEW = 24  # enough directions to meet each of a few pieces

Vector = tuple[float, ...]


def check(case: Case) -> Iterator[Finding]:
    """The first kink of the spec where the rule's result is not valid; otherwise one finding that all are.

    Where it gives no number beyond the working range it is fragile, and other kinks are looked at first.
    """
    judged = 0
    partials = case.derivatives
    beyond: Finding | None = None
    for kink in case.spec.kinks:
        places = _places(case, kink)
        for place in sorted(places, key=lambda place: not case.is_in_working_range(place)):
            if not kink.returns and _no_value(case, place):
                continue
            judged += 1
            problem = _judge(case, partials, kink, place)
            if problem is not None and problem.verdict is Verdict.UNSAFE:
                yield problem
                return
            beyond = beyond or problem
    if beyond is not None:
        yield beyond
    elif judged:
        yield case.finding(KINKS, Verdict.SAFE, f"a valid subgradient at {judged} kink and tie points")
    else:
        yield case.finding(KINKS, Verdict.SAFE, "no kinks")


def _places(case: Case, kink: Kink) -> list[Vector]:
    """Points on the kink: the single one, or several along a tie and all those that were generated on it."""
    names = case.spec.inputs
    if len(kink.places) == len(names):
        place = tuple(map(float, kink.places))
        return [place] if place in case.region else []
    tie = from_sympy(kink.at[0])
    along: list[Vector] = []
    if len(names) == 2:
        along += [(t, u) for t in _TIES for u in (t, -t) if (t, u) in case.region]
    generated = [case.points[k] for k in case.points.plainest(among=case.at_kink)]
    along.extend(generated[:: max(1, len(generated) // _GENERATED)])
    weights = [i for i, name in enumerate(names) if name in case.operation.arriving]
    along.sort(key=lambda p: sum(p[i] == 0 for i in weights))  # a gradient of 0 hides what the rule returns
    return [p for p in along if evaluate(tie, dict(zip(names, map(arb, p), strict=True))).contains(0)]


def _no_value(case: Case, place: Vector) -> bool:
    """Whether neither the definition nor the forward has a value here: 0/0, where x/y changes sign."""
    if case.values.at(place)[0].status is not Status.UNDEFINED:
        return False
    try:
        return not math.isfinite(number(case.operation.forward(*place)))
    except SubjectError:
        return True


def _judge(case: Case, partials: BallProgram, kink: Kink, place: Vector) -> Finding | None:
    at, point = case.shown(place), case.exact(place)
    beyond = not case.is_in_working_range(place)
    failed, note = (Verdict.FRAGILE, "; beyond the working range") if beyond else (Verdict.UNSAFE, "")
    try:
        result = tuple(map(number, case.operation.partials(*place)))
    except SubjectError as error:
        return case.finding(
            KINKS,
            failed,
            f"forward or backward fails at the kink {at}{note}",
            point=point,
            details=(("ours", in_a_line(error)), ("valid", _valid(_limits(case, partials, place)))),
        )
    limits = _limits(case, partials, place)
    if not limits and not kink.returns and not any(map(math.isnan, result)):
        return None  # not a declared kink, and the derivatives around it are infinite
    if not (
        in_hull(result, limits)
        or _is_mask(case, partials, place, result, limits)
        or _within_rounding(case, partials, kink, place, result, limits)
        or in_hull(result, _either_side(case, place))
    ):
        return case.finding(
            KINKS,
            failed,
            f"the gradient at the kink {at} is not a valid subgradient{note}",
            point=point,
            details=(("ours", _shown(result)), ("valid", _valid(limits))),
        )
    if not (case.operation.matches_mirror_kinks or case.operation.keeps_policy) or not kink.returns:
        return None
    declared = tuple(float(sympy.sympify(a).subs(case.spec.constants)) for a in kink.returns)
    agrees = all(math.isclose(a, d, rel_tol=_SLACK) for a, d in zip(result, declared, strict=True))
    if not agrees:
        return case.finding(
            KINKS,
            failed,
            f"the gradient at the kink {at} is a valid subgradient, but not the declared one",
            point=point,
            details=(("ours", _shown(result)), ("declared", _shown(declared))),
        )
    return None


def _is_mask(case: Case, partials: BallProgram, place: Vector, result: Vector, limits: list[Vector]) -> bool:
    """Whether 0 stands for derivatives that grow without bound on every side, as -log x - 1 does at 0.

    They are larger by half at least at the square of a distance; for the logarithm, the slowest, it is twice as much.
    """
    nearer = _limits(case, partials, place, _step(place) ** 2, 2 * _BITS)
    if not limits or not nearer:
        return False
    grow = [min(abs(v[i]) for v in nearer) > max(1.0, 1.5 * min(abs(v[i]) for v in limits)) for i in range(len(result))]
    rest = [i for i, grows in enumerate(grow) if not grows]
    masked = any(grow) and all(not v for v, grows in zip(result, grow, strict=True) if grows)
    return masked and (
        not rest or in_hull([result[i] for i in rest], list({tuple(v[i] for i in rest): None for v in nearer}))
    )


def _within_rounding(
    case: Case, partials: BallProgram, kink: Kink, place: Vector, result: Vector, limits: list[Vector]
) -> bool:
    """Whether the result is valid at points within rounding of a place that is not exactly on the kink.

    max(x, 0.1) has its kink at 1/10, beside the float 0.1; a - b + m rounds to 0 at a = 1, b = 5e-324, m = -1.  There
    the code may take either side.  A place exactly on the kink is held to the limits there.
    """
    with ctx.workprec(_BITS):
        if all(e.contains(0) for e in BallProgram(map(from_sympy, kink.at), case.spec.inputs)(*map(arb, place))):
            return False
    return in_hull(result, [*limits, *_limits(case, partials, place, arb(max(map(abs, place))) * 2.0**-_ROUNDED)])


def _either_side(case: Case, place: Vector) -> list[Vector]:
    """The limits at a place where comparisons of the derivative that are within rounding of a tie may end either way.

    Near 0 the sine of x is x on floats, and far from there no step leads to the other side of sin(x) < x.  Those that
    are ties exactly have both sides around them already.
    """
    names = case.spec.inputs
    compared = [t for t in topological(*case.partials) if isinstance(t, Condition) and t.op in COMPARISONS]
    near = [t for t in compared if _is_nearly_a_tie(t, dict(zip(names, place, strict=True)))]
    if len(near) > _MOST_NEAR:
        return []
    found: list[Vector] = []
    for ends in product((TRUE, FALSE), repeat=len(near)):
        decided = substitute(case.partials, dict(zip(near, ends, strict=True)))
        found += _limits(case, BallProgram(decided, names), place)
    return found


def _is_nearly_a_tie(compared: Term, at: dict[str, float]) -> bool:
    left, right = compared.args
    with ctx.workprec(_BITS):
        x = {name: arb(value) for name, value in at.items()}
        apart = abs(evaluate(left - right, x, _BITS))
        return bool(apart > 0) and bool(apart <= (_summed(left, x) + _summed(right, x)) * arb(2) ** -_ROUNDED)


def _summed(term: Term, x: dict[str, arb]) -> arb:
    """The sizes of what a term adds up: its rounding is relative to these."""
    if term.op in ("add", "sub", "neg"):
        return sum((_summed(part, x) for part in term.args), arb(0))
    return abs(evaluate(term, x, _BITS))


def _step(place: Vector) -> arb:
    """A distance so small that the gradient there is its limit."""
    return arb(min((1.0, *(abs(p) for p in place if p)))) * arb(2) ** -_NEAR


def _limits(
    case: Case, partials: BallProgram, place: Vector, step: arb | None = None, bits: int = _BITS
) -> list[Vector]:
    """The distinct limits of the gradient at ``place``, along directions into every smooth piece.

    step: how far to go into each piece; by default so little that the gradient there is its limit
    """
    names = case.spec.inputs
    found: dict[Vector, None] = {}
    inside = BallProgram([case.domain], names) if case.domain.op != "true" else None
    with ctx.workprec(bits):
        step = _step(place) if step is None else step
        for turn, direction in enumerate(_directions(len(names))):
            if turn == _FEW and len(found) <= 4:
                break  # a few flat or smooth pieces meet, and each has been found
            x = [arb(p) + step * arb(d) for p, d in zip(place, direction, strict=True)]
            if inside is None or all(inside(*x)):
                gradient = partials(*x)
                if all(g.is_finite() for g in gradient):
                    found[tuple(float(g.mid()) for g in gradient)] = None
    return list(found)


@cache
def _directions(inputs: int) -> list[Vector]:
    if inputs == 1:
        return [(1.0,), (-1.0,)]
    if inputs > 2:
        source = random.Random(inputs)
        drawn = [[source.gauss() for _ in range(inputs)] for _ in range(_DIRECTIONS)]
        return [tuple(v / math.hypot(*d) for v in d) for d in drawn]
    few = [i * _DIRECTIONS // _FEW for i in range(_FEW)]
    places = [*few, *(i for i in range(_DIRECTIONS) if i not in set(few))]
    turns = [(i + 0.25) * 2 * math.pi / _DIRECTIONS for i in places]  # never along an axis or a tie
    return [(math.cos(t), math.sin(t)) for t in turns]


def in_hull(result: Sequence[float], limits: Sequence[Sequence[float]]) -> bool:
    """``result`` lies in the convex hull of ``limits``, up to the round-off of floats.

    Where the limits overflow, that operand's derivative is checked by itself, and may be infinite too.
    """
    beyond = {i for limit in limits for i, v in enumerate(limit) if math.isinf(v)}
    if beyond:
        between = all(min(v[i] for v in limits) <= result[i] <= max(v[i] for v in limits) for i in beyond)
        others = [i for i in range(len(result)) if i not in beyond]
        rest = list(dict.fromkeys(tuple(limit[i] for i in others) for limit in limits))
        return between and (not others or in_hull([result[i] for i in others], rest))
    if not limits or not all(map(math.isfinite, result)):
        return False
    size = max(1.0, *(abs(v) for limit in limits for v in limit))
    if len(result) == 1:
        values = [limit[0] for limit in limits]
        return min(values) - _SLACK * size <= result[0] <= max(values) + _SLACK * size
    slack = _SLACK if len(limits) <= 4 else 1e-5
    if len(result) > 2:
        return _distance(result, limits) <= slack * size
    kinks = _hull([(v[0] / size, v[1] / size) for v in limits])  # floats near the largest must not overflow
    x, y = (v / size for v in result)
    edges = list(pairwise([*kinks, kinks[0]]))
    if len(kinks) > 2 and all((c - a) * (y - b) - (d - b) * (x - a) >= 0 for (a, b), (c, d) in edges):
        return True
    return min(_from_segment((x, y), a, b) for a, b in edges) <= slack


def _from_segment(p: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    """How far a point is from a segment: not from its line, which a hull as thin as a hair would be taken for."""
    length = math.dist(a, b)
    if length == 0:
        return math.dist(p, a)
    u, v = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    along = min(max((p[0] - a[0]) * u + (p[1] - a[1]) * v, 0.0), length)
    return math.dist(p, (a[0] + along * u, a[1] + along * v))


def _distance(result: Sequence[float], limits: Sequence[Sequence[float]]) -> float:
    """How far the gradient is from the nearest convex combination of the limits.

    Weights w >= 0 with sum 1 and least |V·w - gradient|: non-negative least squares, by the active sets of Lawson
    and Hanson, "Solving Least Squares Problems" (1974), chapter 23.
    """
    sizes = [abs(v) for vector in (result, *limits) for v in vector]
    size = max(_NOUGHT, *sizes)  # a gain is distinguished from round-off for small derivatives, too
    matrix = np.vstack([np.array(limits, dtype=float).T / size, np.ones(len(limits))])
    target = np.array([*(v / size for v in result), 1.0])
    weights = np.zeros(len(limits))
    used: list[int] = []
    for _ in range(3 * len(limits)):
        gain = matrix.T @ (target - matrix @ weights)
        gain[used] = -np.inf
        best = int(np.argmax(gain))
        if gain[best] <= 2.0**-45:
            break
        used.append(best)
        while True:
            solved = np.linalg.lstsq(matrix[:, used], target, rcond=None)[0]
            if (solved > 0).all():
                break
            old = weights[used]
            step = min(o / (o - s) for o, s in zip(old, solved, strict=True) if s <= 0)
            weights[used] = old + step * (solved - old)
            used = [k for k in used if weights[k] > 2.0**-45]
            weights[[k for k in range(len(limits)) if k not in used]] = 0
        weights[:] = 0
        weights[used] = solved
    return float(np.abs(matrix @ weights - target).max()) * size


def _hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The vertices of the convex hull, counter-clockwise (Andrew's monotone chain)."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered

    def chain(sequence: list[tuple[float, float]]) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for p in sequence:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], p) <= 0:
                kept.pop()
            kept.append(p)
        return kept[:-1]

    return chain(ordered) + chain(ordered[::-1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _shown(vector: Sequence[float]) -> str:
    return ", ".join(f"{v:.12g}" for v in vector)


def _valid(limits: list[Vector]) -> str:
    """The hull in words; a derivative that tends to 0 is not exactly 0 where it is evaluated."""
    if not limits:
        return "the gradient has no limit there"
    limits = list(dict.fromkeys(tuple(0.0 if abs(v) < _NOUGHT else v for v in limit) for limit in limits))
    if len(limits[0]) == 1:
        low, high = min(limits)[0], max(limits)[0]
        return f"{low:.12g}" if low == high else f"{low:.12g} to {high:.12g}, the one-sided derivatives"
    if len(limits) > 4:
        return f"the convex hull of the gradients around it, for example ({_shown(limits[0])})"
    return "any convex combination of " + " and ".join(f"({_shown(v)})" for v in sorted(limits, reverse=True))
