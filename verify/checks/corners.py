"""Safe at corners and ties: the answer there lies in the Clarke subdifferential.

The subdifferential of a piecewise smooth function is the convex hull of the limits of its gradient (Clarke,
Optimization and Nonsmooth Analysis, theorem 2.5.1).  The limits are taken from the mirror's slopes in balls, along
directions into every piece; for two operands the answer is judged as a pair.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import sympy
from flint import arb, ctx

from verify.case import Case
from verify.errors import in_a_line
from verify.findings import Finding, Verdict
from verify.mirror import Corner
from verify.numbers.reference import Status
from verify.trace.balls import BallProgram, evaluate
from verify.trace.from_sympy import from_sympy

_TIES = (0.0, 0.75, -0.625, 2.5, -2.25, 1e-300, 1e300)
_GENERATED = 48  # of the generated points on a tie, about so many are looked at
_BITS = 2400  # enough to tell 1e300 from its neighbour at a distance of 2**-300 of it
_NEAR = 300
_NOUGHT = 2.0**-200  # for a reader
_SLACK = 2.0**-40  # of floats against exact limits; the proof judges the answer as a formula, without any
_DIRECTIONS = 720  # around a point where the slope turns with the direction: a hull of them is round to 1e-5
_FEW = 24  # enough directions to meet each of a few pieces

Vector = tuple[float, ...]


def check(case: Case) -> Iterator[Finding]:
    """Each corner of the row: what the rule answers there, and what would be valid."""
    judged = 0
    slopes = BallProgram(case.slopes, case.row.inputs)
    for corner in case.row.corners:
        for place in _places(case, corner):
            if not corner.answers and _no_value(case, place):
                continue
            judged += 1
            problem = _judge(case, slopes, corner, place)
            if problem is not None:
                yield problem
                break
        else:
            continue
        return
    if judged:
        yield case.finding("corners", Verdict.SAFE, f"a valid slope at {judged} corner and tie points")
    else:
        yield case.finding("corners", Verdict.SAFE, "no corners")


def _places(case: Case, corner: Corner) -> list[Vector]:
    """Points on the corner: the one there is, or several along a tie and all those that were generated on it."""
    names = case.row.inputs
    if len(corner.places) == len(names):
        place = tuple(map(float, corner.places))
        return [place] if place in case.region else []
    tie = from_sympy(corner.at[0])
    along: list[Vector] = []
    if len(names) == 2:
        along += [(t, u) for t in _TIES for u in (t, -t) if (t, u) in case.region]
    generated = [case.points[k] for k in case.points.plainest(among=case.at_corner)]
    along.extend(generated[:: max(1, len(generated) // _GENERATED)])
    weights = [i for i, name in enumerate(names) if name in case.operation.arriving]
    along.sort(key=lambda p: sum(p[i] == 0 for i in weights))  # a gradient of 0 hides what the rule answers
    return [p for p in along if evaluate(tie, dict(zip(names, map(arb, p), strict=True))).contains(0)]


def _no_value(case: Case, place: Vector) -> bool:
    """Whether there is nothing to derive here, by the definition and by the forward: 0/0, where x/y changes sign."""
    if case.values.at(place)[0].status is not Status.UNDEFINED:
        return False
    try:
        return not math.isfinite(float(case.operation.forward(*place)))
    except Exception:  # the subject's own code may raise anything
        return True


def _judge(case: Case, slopes: BallProgram, corner: Corner, place: Vector) -> Finding | None:
    at, point = case.shown(place), case.exact(place)
    try:
        answer = tuple(map(float, case.operation.slopes(*place)))
    except Exception as error:  # the subject's own code may raise anything
        return case.finding(
            "corners",
            Verdict.UNSAFE,
            f"no answer at its corner {at}",
            point=point,
            details=(("ours", in_a_line(error)), ("valid", _valid(_limits(case, slopes, place)))),
        )
    limits = _limits(case, slopes, place)
    if not limits and not corner.answers and not any(map(math.isnan, answer)):
        return None  # a place that nobody declared, and the slopes around it are infinite
    if not in_hull(answer, limits):
        return case.finding(
            "corners",
            Verdict.UNSAFE,
            f"the answer at the corner {at} is no valid slope",
            point=point,
            details=(("ours", _shown(answer)), ("valid", _valid(limits))),
        )
    if not (case.operation.follows_rows or case.operation.keeps_policy) or not corner.answers:
        return None
    declared = tuple(float(sympy.sympify(a).subs(case.row.constants)) for a in corner.answers)
    agrees = all(math.isclose(a, d, rel_tol=_SLACK) for a, d in zip(answer, declared, strict=True))
    if not agrees:
        return case.finding(
            "corners",
            Verdict.UNSAFE,
            f"the answer at the corner {at} is valid, but not the one that is declared",
            point=point,
            details=(("ours", _shown(answer)), ("declared", _shown(declared))),
        )
    return None


def _limits(case: Case, slopes: BallProgram, place: Vector) -> list[Vector]:
    """The distinct limits of the gradient at ``place``, along directions into every piece."""
    names = case.row.inputs
    found: dict[Vector, None] = {}
    inside = BallProgram([case.domain], names) if case.domain.op != "true" else None
    with ctx.workprec(_BITS):
        step = arb(min((1.0, *(abs(p) for p in place if p)))) * arb(2) ** -_NEAR
        for turn, direction in enumerate(_directions(len(names))):
            if turn == _FEW and len(found) <= 4:
                break  # a few flat or smooth pieces meet, and each has been seen
            x = [arb(p) + step * arb(d) for p, d in zip(place, direction, strict=True)]
            if inside is None or all(inside(*x)):
                gradient = slopes(*x)
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


def in_hull(answer: Sequence[float], limits: Sequence[Sequence[float]]) -> bool:
    """``answer`` lies in the convex hull of ``limits``, up to the round-off of floats.

    Where limits are beyond all floats that operand's answer is judged by itself, and may be infinite as they are.
    """
    beyond = {i for limit in limits for i, v in enumerate(limit) if math.isinf(v)}
    if beyond:
        between = all(min(v[i] for v in limits) <= answer[i] <= max(v[i] for v in limits) for i in beyond)
        others = [i for i in range(len(answer)) if i not in beyond]
        rest = list(dict.fromkeys(tuple(limit[i] for i in others) for limit in limits))
        return between and (not others or in_hull([answer[i] for i in others], rest))
    if not limits or not all(map(math.isfinite, answer)):
        return False
    size = max(1.0, *(abs(v) for limit in limits for v in limit))
    if len(answer) == 1:
        values = [limit[0] for limit in limits]
        return min(values) - _SLACK * size <= answer[0] <= max(values) + _SLACK * size
    slack = _SLACK if len(limits) <= 4 else 1e-5
    if len(answer) > 2:
        return _distance(answer, limits) <= slack * size
    corners = _hull([(v[0] / size, v[1] / size) for v in limits])  # floats near the largest must not overflow
    x, y = (v / size for v in answer)
    if len(corners) == 1:
        return math.dist(corners[0], (x, y)) <= slack
    if len(corners) == 2:
        (a, b), (c, d) = corners
        length = math.dist((a, b), (c, d))
        along = ((x - a) * (c - a) + (y - b) * (d - b)) / length
        across = abs((x - a) * (d - b) - (y - b) * (c - a)) / length
        return across <= slack and -slack <= along <= length + slack
    return all(
        (c - a) * (y - b) - (d - b) * (x - a) >= -slack * math.dist((a, b), (c, d))
        for (a, b), (c, d) in pairwise([*corners, corners[0]])
    )


def _distance(answer: Sequence[float], limits: Sequence[Sequence[float]]) -> float:
    """How far the answer is from the nearest mean of the limits.

    Weights w >= 0 with sum 1 and least |V·w - answer|: non-negative least squares, by the active sets of Lawson
    and Hanson, "Solving Least Squares Problems" (1974), chapter 23.
    """
    import numpy as np

    sizes = [abs(v) for vector in (answer, *limits) for v in vector]
    size = max(_NOUGHT, *sizes)  # of small slopes, too, a gain is told from round-off
    matrix = np.vstack([np.array(limits, dtype=float).T / size, np.ones(len(limits))])
    target = np.array([*(v / size for v in answer), 1.0])
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
    """The corners of the convex hull, counter-clockwise (Andrew's monotone chain)."""
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
    """The hull in words; a slope that grows from 0 is not quite 0 where it is looked at."""
    if not limits:
        return "no slope has a limit there"
    limits = list(dict.fromkeys(tuple(0.0 if abs(v) < _NOUGHT else v for v in limit) for limit in limits))
    if len(limits[0]) == 1:
        low, high = min(limits)[0], max(limits)[0]
        return f"{low:.12g}" if low == high else f"{low:.12g} to {high:.12g}, the one-sided slopes"
    if len(limits) > 4:
        return f"the convex hull of the slopes around it, for example ({_shown(limits[0])})"
    return "any mean of " + " and ".join(f"({_shown(v)})" for v in sorted(limits, reverse=True))
