"""The numbers beside a derivation: three witnesses at three points, digits kept, corners, and curves to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from derivations.tidy import spelled_out
from verify.accuracy.conditioning import BUDGET
from verify.case import Case
from verify.checks import accuracy
from verify.findings import Verdict
from verify.numbers import differences
from verify.numbers.reference import Reference, Status, Truth
from verify.numbers.ulps import FLOAT64, decimal, digits_left, error_in_ulps
from verify.proof.result import Bend
from verify.trace.floats import compile_floats
from verify.trace.term import Term

Point = tuple[float, ...]

# ------------------------------------------------------------------------------------------------- witnesses

_CANDIDATES = (0.8813735870195432, -1.25, 3.0, 2.0, 0.25, -0.5, 1.5)
"""The first is the worked neuron's n."""
_PAIRS = ((0.75, 2.0), (-1.25, 0.5), (3.0, 1.5), (2.0, 3.0), (0.5, 0.25))
_WITNESSES = 3


@dataclass(frozen=True)
class Witness:
    """One slope at one point, three times over.

    hand: what the closure computed; symbolic: the mirror's derivative to 30 digits; difference, error: the finite
    difference of the forward and how far it may be off; ulps: the distance of hand from symbolic
    """

    point: Point
    operand: str
    case: str
    hand: float
    symbolic: str
    difference: float
    error: float
    ulps: float

    @property
    def word(self) -> str:
        """exact, or how many units in the last place are missing."""
        return "exact" if self.ulps <= 0.5 else f"{self.ulps:.1f} ULP"

    @property
    def agreement(self) -> str:
        """Whether the difference is as near to the symbolic slope as it says it is."""
        if not self.error <= differences.USELESS * max(1.0, abs(self.difference)):
            return "too coarse to tell"
        return "agrees" if abs(self.difference - float(self.symbolic)) <= self.error else "DISAGREES"


def witnesses(case: Case) -> tuple[Witness, ...]:
    """Hand, symbols and difference at the first three points that lie in the domain and on no corner."""
    names = case.row.inputs
    candidates = [(x,) for x in _CANDIDATES] if len(names) == 1 else list(_PAIRS)
    points = [p for p in candidates if p in case.region and p not in _corner_points(case)][:_WITNESSES]
    reference = Reference(case.slopes, names)
    found = []
    for point in points:
        slopes = case.operation.slopes(*point)
        for i, (name, truth) in enumerate(zip(names, reference.at(point), strict=True)):
            estimate = _difference(case, point, i)
            hand = float(slopes[i])
            found.append(
                Witness(
                    point, name, case.row.case, hand, _thirty_digits(truth), estimate.value, estimate.error,
                    truth.error(hand) if truth.status is Status.KNOWN else math.inf,
                )
            )  # fmt: skip
    return tuple(found)


def _thirty_digits(truth: Truth) -> str:
    """The number to 30 digits, without the zeros after one that ends."""
    text = decimal(truth.ball)
    return text.rstrip("0").rstrip(".") if truth.ball.is_exact() and "." in text and "e" not in text else text


def _corner_points(case: Case) -> set[Point]:
    return {tuple(map(float, c.places)) for c in case.row.corners}


def _difference(case: Case, point: Point, i: int) -> differences.Estimate:
    def forward(value: float) -> float:
        return float(case.operation.forward(*point[:i], value, *point[i + 1 :]))

    corners = [place for corner in case.row.corners for place in corner.places]
    if len(point) > 1 and case.row.corners:  # a tie: the operands meet
        corners += [Fraction(v) for j, v in enumerate(point) if j != i]
    low, high = differences.neighbourhood(point[i], case.region.intervals[i], corners)
    return differences.slope(forward, point[i], low, high)


# ---------------------------------------------------------------------------------------------- digits kept

_LADDER = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0)


@dataclass(frozen=True)
class Digits:
    """How many decimal digits of the slope the closure's form keeps.

    message: the worst found, in the words of `verify`; accurate: within the budget
    rows: (x, digits of the closure's form, digits of the better form) on the side where digits are lost
    better: a form that keeps them, measured at the same points; None where none is known
    """

    accurate: bool
    message: str
    points: int
    rows: tuple[tuple[float, float, float | None], ...] = ()
    better: Term | None = None


def digits(case: Case, better: Term | None) -> Digits:
    """What `verify` measures of the accuracy, and for a form that loses digits where and how many."""
    found = list(accuracy.check(case))
    worst = next((f for f in found if f.verdict is Verdict.INACCURATE), found[0])
    count = len(case.points)
    if worst.verdict is Verdict.ACCURATE or len(case.row.inputs) > 1:
        accurate = worst.verdict is Verdict.ACCURATE
        operand = f"in {worst.operand}: " if worst.operand and not accurate else ""
        message = "no error above 8 ULP" if accurate else operand + worst.message
        return Digits(accurate, message, count)
    sign = math.copysign(1.0, float.fromhex(worst.point["x"]))
    kept = None if better is None else compile_floats([spelled_out(better)], ("x",))
    rows = []
    reference = Reference(case.slopes, case.row.inputs)
    for x in (*(sign * step for step in _LADDER), float.fromhex(worst.point["x"])):
        truth = reference.at((x,))[0]
        ours = error_in_ulps(float(case.operation.slopes(x)[0]), truth.ball)
        theirs = None if kept is None else digits_left(error_in_ulps(kept(x)[0], truth.ball))
        rows.append((x, digits_left(ours), theirs))
    return Digits(False, worst.message, count, tuple(rows), better if _keeps(case, kept) else None)


def _keeps(case: Case, form: object) -> bool:
    """Whether the form stays within the budget wherever the slope is a normal number."""
    if not callable(form):
        return False
    least = FLOAT64.smallest_normal
    return all(
        error_in_ulps(form(*point)[0], truth.ball) <= BUDGET
        for point, (truth, *_) in zip(case.points, case.truths, strict=True)
        if truth.status is Status.KNOWN and abs(truth.nearest) >= least
    )


# --------------------------------------------------------------------------------------------------- corners


@dataclass(frozen=True)
class CornerSlopes:
    """What the prover found at a corner: where it is, the slopes on its sides, and the engine's answer.

    weights: the share of each side's slope in the answer, which makes it a valid subgradient
    """

    where: tuple[tuple[str, Term], ...]
    sides: tuple[tuple[Term, ...], ...]
    answer: tuple[Term, ...]
    weights: tuple[Term, ...]
    case: str


def corners(case: Case) -> tuple[CornerSlopes, ...]:
    """Every corner and tie of the operation, from the proof."""
    proof = case.proof
    if proof is None:
        return ()
    found = []
    for b in proof.boundaries:
        sides = [tuple(s for s in side if s is not None) for side in b.limits]
        if b.bend is Bend.SUBGRADIENT and b.rule is not None and all(len(s) == len(b.rule) for s in sides):
            found.append(CornerSlopes(b.where, tuple(sides), b.rule, b.weights, case.row.case))
    return tuple(found)


# ---------------------------------------------------------------------------------------------------- curves


@dataclass(frozen=True)
class Curves:
    """The operation and its slope in the first operand at evenly spaced x; NaN outside of the domain.

    held: the value at which the second operand stands still, None without one
    """

    low: float
    high: float
    value: tuple[float, ...]
    slope: tuple[float, ...]
    held: float | None

    @property
    def xs(self) -> list[float]:
        """Where the values belong."""
        n = len(self.value) - 1
        return [self.low + (self.high - self.low) * k / n for k in range(n + 1)]


_SAMPLES = 240
_RANGE = {"asin": 1.0, "acos": 1.0, "atanh": 1.0, "hardswish": 5.0, "hardsigmoid": 5.0, "selu": 3.0, "relu6": 8.0}


def curves(case: Case) -> Curves:
    """Samples for a plot: x from -4 to 4 unless the operation shows itself elsewhere, y = 1."""
    reach = _RANGE.get(case.operation.name, 4.0)
    held = (1.0,) if len(case.row.inputs) == 2 else ()
    values, slopes = [], []
    for k in range(_SAMPLES + 1):
        point = (-reach + 2 * reach * k / _SAMPLES, *held)
        value, slope = math.nan, math.nan
        if point in case.region:
            try:
                run = case.operation.run(point)
                value, slope = float(run.out), float(run.gradients[0])
            except (ArithmeticError, ValueError):
                pass
        values.append(value)
        slopes.append(slope)
    return Curves(-reach, reach, tuple(values), tuple(slopes), held[0] if held else None)


def window(values: Sequence[float]) -> tuple[float, float]:
    """The heights to show: everything, unless a pole would press the rest flat."""
    finite = sorted(v for v in values if math.isfinite(v))
    if not finite:
        return -1.0, 1.0
    low, high = max(finite[0], -6.0), min(finite[-1], 6.0)
    low, high = min(low, 0.0), max(high, 0.0)
    return (low - 1.0, high + 1.0) if low == high else (low, high)
