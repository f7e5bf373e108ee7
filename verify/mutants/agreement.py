"""A second check of every mutant, independent of the prover: interval arithmetic, at specially chosen points.

A mutant classified as equivalent must agree with the engine's own rule; for one classified as wrong the closure
itself, run on intervals, must differ from SymPy's derivative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice, pairwise, product

from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.balls import BallProgram, evaluate
from backproof.verify.numerics.points import Point
from backproof.verify.proof.result import BoundaryKind, Proof, Status
from backproof.verify.proof.simple_rationals import points_by_height
from backproof.verify.subjects.operation import Traced
from backproof.verify.support.errors import SubjectError
from backproof.verify.terms.from_sympy import from_sympy
from backproof.verify.terms.term import Term, constant, substitute, symbol, topological

SEEDS = (3, 5)
"""The upstream gradient, and the operands' gradients before."""
BITS = (128, 512, 2048)
_GENERATED, _HARVESTED, _SIMPLEST = 48, 400, 12


def disagreement(mutant: Case, own: Case) -> str:
    """Where a mutant's gradients certainly differ from those of the engine's rule, or "" if nowhere.

    At kinks both may be right and differ: the result there is left to the check of kinks.
    """
    theirs, ours = mutant.trace, own.trace
    assert isinstance(theirs, Traced)
    assert isinstance(ours, Traced)
    names = own.spec.inputs
    arguments = [*names, "g", *(f"acc_{n}" for n in names)]
    program = BallProgram([*theirs.gradients, *ours.gradients], arguments)
    upstream, before = SEEDS
    compared = 0
    with ctx.workprec(256):
        for point in _points(mutant, own):
            if _at_kink(own, point):
                continue
            values = program(*map(arb, point), arb(upstream), *[arb(before)] * len(names))
            for a, b in zip(values[: len(names)], values[len(names) :], strict=True):
                if a.is_finite() and b.is_finite():
                    compared += 1
                    if not a.overlaps(b):
                        return f"{a.str(12)} is not {b.str(12)} at {own.shown(point)}"
    return "" if compared else "no point at which both have a value"


def _at_kink(own: Case, point: Point) -> bool:
    at = dict(zip(own.spec.inputs, map(arb, point), strict=True))
    return any(all(evaluate(from_sympy(e), at).contains(0) for e in kink.at) for kink in own.spec.kinks)


def _points(mutant: Case, own: Case) -> Iterator[Point]:
    """Points of the spec, evenly taken, and points on, next to and between the constants of the rule."""
    every = max(1, len(own.points) // _GENERATED)
    yield from own.points[::every]
    trace = mutant.trace
    assert isinstance(trace, Traced)
    found = {t.value for t in topological(*trace.gradients) if t.op == "const"}
    constants = sorted({Fraction(0), *found, *(-c for c in found)})
    beside = [c + d for c in constants for d in (Fraction(0), Fraction(1, 2**44), -Fraction(1, 2**44))]
    between = [(a + b) / 2 for a, b in pairwise(constants)]
    places = [float(x) for x in (*beside, *between) if abs(x) < 2**1000]
    for point in islice(product(places, repeat=len(own.spec.inputs)), _HARVESTED):
        if point in own.region:
            yield point


def seen_wrong(case: Case, point: Mapping[str, str]) -> bool:
    """Whether the closure itself, run on intervals at this point, differs from SymPy's derivative."""
    names = case.spec.inputs
    if any(name not in point for name in names):
        return False
    return _wrong_at(case, [_exact(point[name]) for name in names])


def wrong_in_a_cell(case: Case, proof: Proof) -> str:
    """A simple point of a cell with a residual where the closure differs from SymPy's derivative; "" if there is none.

    For residuals that the refuter cannot separate: its secant needs a bit for every digit in which the forward cancels.
    """
    names = case.spec.inputs
    for cell in (c.cell for c in proof.cells if not c.outside and c.status is Status.RESIDUAL):
        for point in islice(points_by_height([cell.interval(name) for name in names]), _SIMPLEST):
            if _in_region(case, point) and _wrong_at(case, point):
                return _told(names, point)
    return ""


def wrong_on_a_boundary(case: Case, proof: Proof) -> str:
    """A simple point of a boundary without a proof, where the closure differs from SymPy's derivative."""
    names = case.spec.inputs
    without = (BoundaryKind.REJECTED, BoundaryKind.UNKNOWN)
    for boundary in (b for b in proof.boundaries if b.kind in without and b.where):
        bound = dict(boundary.where)
        free = [name for name in names if name not in bound]
        for values in islice(points_by_height([boundary.cell.interval(name) for name in free]), _SIMPLEST):
            known = {symbol(n): constant(v) for n, v in zip(free, values, strict=True)}
            point = [_number(substitute((bound.get(n, symbol(n)),), known)[0]) for n in names]
            exact = [x for x in point if x is not None]
            if len(exact) == len(names) and _in_region(case, exact) and _wrong_at(case, exact):
                return _told(names, exact)
    return ""


def _number(value: Term) -> Fraction | None:
    """The value of a term without symbols, if it is a binary fraction or a single constant."""
    if value.op == "const":
        return Fraction(value.value)
    with ctx.workprec(256):
        ball = BallProgram([value], ())()[0]
    if not ball.is_exact():
        return None
    mantissa, exponent = ball.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _in_region(case: Case, point: Sequence[Fraction]) -> bool:
    return tuple(map(float, point)) in case.region


def _told(names: Sequence[str], point: Sequence[Fraction]) -> str:
    return ", ".join(f"{n} = {v}" for n, v in zip(names, point, strict=True))


def _wrong_at(case: Case, at: Sequence[Fraction]) -> bool:
    """Whether some precision separates the closure's result from SymPy's derivative."""
    names = case.spec.inputs
    partials = BallProgram(case.partials, names)
    for bits in BITS:
        with ctx.workprec(bits):
            x = [ratio(v.numerator, v.denominator) for v in at]
            expected = partials(*x)
            try:
                ours = case.operation.run(x, upstream=arb(1)).gradients
            except SubjectError:
                return False
            for a, b in zip(ours, expected, strict=True):
                returned = arb(a)
                if returned.is_finite() and b.is_finite() and not returned.overlaps(b):
                    return True
    return False


def no_result(case: Case, point: Mapping[str, str]) -> bool:
    """Whether the rule has no real result on floats at this point: an exception, a NaN, an infinity."""
    names = case.spec.inputs
    if any(name not in point for name in names):
        return False
    try:
        partials = case.operation.partials(*(float(_exact(point[name])) for name in names))
    except SubjectError:
        return True
    return any(isinstance(s, complex) or s - s != 0 for s in partials)


def _exact(text: str) -> Fraction:
    """A coordinate as findings write it: a fraction, or a float in hexadecimal."""
    return Fraction(float.fromhex(text)) if "0x" in text.lower() else Fraction(text)
