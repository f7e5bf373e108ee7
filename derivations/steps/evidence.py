"""The numbers beside a derivation: three computations at three points, digits kept, kinks, and curves to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from backproof.derivations.steps.named import spelled_out
from backproof.verify.arithmetics.ulps import FLOAT64, decimal, digits_left, error_in_ulps
from backproof.verify.checks import accuracy
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.numerics import differences
from backproof.verify.numerics.conditioning import BUDGET
from backproof.verify.numerics.reference import Reference, ReferenceValue, Status
from backproof.verify.proof.result import BoundaryKind
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.boundary import number
from backproof.verify.support.errors import SubjectError
from backproof.verify.terms.term import Term

Point = tuple[float, ...]

# ----------------------------------------------------------------------------------------------- comparisons

_CANDIDATES = (0.8813735870195432, -1.25, 3.0, 2.0, 0.25, -0.5, 1.5)
"""The first is the worked neuron's n."""
_PAIRS = ((0.75, 2.0), (-1.25, 0.5), (3.0, 1.5), (2.0, 3.0), (0.5, 0.25))
_WITNESSES = 3


@dataclass(frozen=True)
class Comparison:
    """One derivative at one point, computed three ways.

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
        """Whether the finite difference is within its error bound of the symbolic derivative."""
        if not self.error <= differences.USELESS * max(1.0, abs(self.difference)):
            return "too coarse to decide"
        return "agrees" if abs(self.difference - float(self.symbolic)) <= self.error else "DISAGREES"


def comparisons(case: Case) -> tuple[Comparison, ...]:
    """Hand, symbols and difference at the first three points that lie in the domain and on no kink."""
    names = case.spec.inputs
    candidates = [(x,) for x in _CANDIDATES] if len(names) == 1 else list(_PAIRS)
    points = [p for p in candidates if p in case.region and p not in _kink_points(case)][:_WITNESSES]
    reference = Reference(case.partials, names)
    found = []
    for point in points:
        partials = case.operation.partials(*point)
        for i, (name, expected) in enumerate(zip(names, reference.at(point), strict=True)):
            estimate = _difference(case, point, i)
            hand = float(partials[i])
            found.append(
                Comparison(
                    point, name, case.spec.case, hand, _thirty_digits(expected), estimate.value, estimate.error,
                    expected.error(hand) if expected.status is Status.KNOWN else math.inf,
                )
            )  # fmt: skip
    return tuple(found)


def _thirty_digits(expected: ReferenceValue) -> str:
    """The number to 30 digits, without the zeros after one that ends."""
    text = decimal(expected.ball)
    return text.rstrip("0").rstrip(".") if expected.ball.is_exact() and "." in text and "e" not in text else text


def _kink_points(case: Case) -> set[Point]:
    return {tuple(map(float, c.places)) for c in case.spec.kinks}


def _difference(case: Case, point: Point, i: int) -> differences.Estimate:
    def forward(value: float) -> float:
        return number(case.operation.forward(*point[:i], value, *point[i + 1 :]))

    kinks = [place for kink in case.spec.kinks for place in kink.places]
    if len(point) > 1 and case.spec.kinks:  # a tie: the operands meet
        kinks += [Fraction(v) for j, v in enumerate(point) if j != i]
    low, high = differences.neighbourhood(point[i], case.region.intervals[i], kinks)
    return differences.finite_difference(forward, point[i], low, high)


# ---------------------------------------------------------------------------------------------- digits kept

_LADDER = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0)


@dataclass(frozen=True)
class Digits:
    """How many decimal digits of the derivative the closure's form keeps.

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
    if worst.verdict is Verdict.ACCURATE or len(case.spec.inputs) > 1:
        accurate = worst.verdict is Verdict.ACCURATE
        operand = f"in {worst.operand}: " if worst.operand and not accurate else ""
        message = "no error above 8 ULP" if accurate else operand + worst.message
        return Digits(accurate, message, count)
    sign = math.copysign(1.0, float.fromhex(worst.point["x"]))
    kept = None if better is None else compile_floats([spelled_out(better)], ("x",))
    rows = []
    reference = Reference(case.partials, case.spec.inputs)
    for x in (*(sign * step for step in _LADDER), float.fromhex(worst.point["x"])):
        expected = reference.at((x,))[0]
        ours = error_in_ulps(float(case.operation.partials(x)[0]), expected.ball)
        theirs = None if kept is None else digits_left(error_in_ulps(kept(x)[0], expected.ball))
        rows.append((x, digits_left(ours), theirs))
    return Digits(False, worst.message, count, tuple(rows), better if _keeps(case, kept) else None)


def _keeps(case: Case, form: object) -> bool:
    """Whether the form stays within the budget wherever the derivative is a normal number."""
    if not callable(form):
        return False
    least = FLOAT64.smallest_normal
    return all(
        error_in_ulps(form(*point)[0], expected.ball) <= BUDGET
        for point, (expected, *_) in zip(case.points, case.reference_values, strict=True)
        if expected.status is Status.KNOWN and abs(expected.nearest) >= least
    )


# --------------------------------------------------------------------------------------------------- kinks


@dataclass(frozen=True)
class KinkPartials:
    """What the prover found at a kink: where it is, the one-sided derivatives, and what the engine returns.

    weights: of the one-sided derivatives in the returned value, which make it a valid subgradient
    """

    where: tuple[tuple[str, Term], ...]
    sides: tuple[tuple[Term, ...], ...]
    returned: tuple[Term, ...]
    weights: tuple[Term, ...]
    case: str


def kinks(case: Case) -> tuple[KinkPartials, ...]:
    """Every kink and tie of the operation, from the proof."""
    proof = case.proof
    if proof is None:
        return ()
    found = []
    for b in proof.boundaries:
        sides = [tuple(s for s in side if s is not None) for side in b.limits]
        if b.kind is BoundaryKind.SUBGRADIENT and b.rule is not None and all(len(s) == len(b.rule) for s in sides):
            found.append(KinkPartials(b.where, tuple(sides), b.rule, b.weights, case.spec.case))
    return tuple(found)


# ---------------------------------------------------------------------------------------------------- curves


@dataclass(frozen=True)
class Curves:
    """The operation and its derivative in the first operand at evenly spaced x; NaN outside of the domain.

    held: the fixed value of the second operand, None without one
    """

    low: float
    high: float
    value: tuple[float, ...]
    partial: tuple[float, ...]
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
    held = (1.0,) if len(case.spec.inputs) == 2 else ()
    values, partials = [], []
    for k in range(_SAMPLES + 1):
        point = (-reach + 2 * reach * k / _SAMPLES, *held)
        value, partial = math.nan, math.nan
        if point in case.region:
            try:
                run = case.operation.run(point)
                value, partial = number(run.out), number(run.gradients[0])
            except SubjectError as error:
                if not error.without_value:
                    raise
        values.append(value)
        partials.append(partial)
    return Curves(-reach, reach, tuple(values), tuple(partials), held[0] if held else None)


def window(values: Sequence[float]) -> tuple[float, float]:
    """The heights to show: everything, unless a pole would press the rest flat."""
    finite = sorted(v for v in values if math.isfinite(v))
    if not finite:
        return -1.0, 1.0
    low, high = max(finite[0], -6.0), min(finite[-1], 6.0)
    low, high = min(low, 0.0), max(high, 0.0)
    return (low - 1.0, high + 1.0) if low == high else (low, high)
