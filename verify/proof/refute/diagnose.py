"""The error in a refuted rule, where that can be proved: the smallest change that makes it right.

Every diagnosis is a changed rule that the prover has proved.  Changes are tried in order of how often people
make the mistake: the wiring first, then the whole rule, then one place in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.prove import prove
from backproof.verify.proof.refute.counterexample import Counterexample
from backproof.verify.proof.result import BoundaryKind, BoundaryResult, Proof, Status
from backproof.verify.proof.simple_rationals import by_height, points_by_height
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import (
    Condition,
    Term,
    apply,
    compare,
    constant,
    substitute,
    symbol,
    symbols_of,
    term,
    topological,
    where,
)

MOST_CHANGES = 400
SEEDS = (Fraction(3), Fraction(5))
"""Upstream and earlier gradient for trying changes: neither 0 nor 1, so that nothing is hidden."""

G = symbol(UPSTREAM)


@dataclass(frozen=True)
class Diagnosis:
    """A description of the error, and the gradient that is proved instead."""

    mistake: str
    repaired: Term


def diagnose(proof: Proof, counterexample: Counterexample) -> Diagnosis | None:
    """The likeliest error in the counterexample's rule; None where no small change is proved to fix it."""
    if counterexample.operand is None:
        return None
    screen = _Screen(proof, counterexample.operand)
    for mistake, repaired in islice(_changes(proof.obligation, counterexample), MOST_CHANGES):
        if screen.passes(repaired) and _proved(proof, counterexample.operand, repaired):
            return Diagnosis(mistake, repaired)
    return None


def _proved(proof: Proof, operand: int, gradient: Term) -> bool:
    """Whether this gradient is the right one on every cell, and is rejected nowhere between them."""
    obligation = proof.obligation
    gradients = (*obligation.gradients[:operand], gradient, *obligation.gradients[operand + 1 :])
    mended = replace(obligation, gradients=gradients)
    cells = [c for c in prove(mended, between=False).cells if not c.outside]
    if not cells or any(c.gradients[operand].status is not Status.PROVED for c in cells):
        return False
    rejected = {b.where for b in proof.boundaries if b.kind is BoundaryKind.REJECTED}
    elsewhere = rejected if len(obligation.inputs) > 1 else set()  # perhaps because of another operand

    def wrong(boundary: BoundaryResult) -> bool:
        return boundary.kind is BoundaryKind.REJECTED and boundary.where not in elsewhere

    return not any(map(wrong, prove(mended, enough=wrong).boundaries))


class _Screen:
    """A few points of every cell, where a gradient must agree before a proof is attempted."""

    def __init__(self, proof: Proof, operand: int) -> None:
        obligation = proof.obligation
        self.names = (*obligation.inputs, UPSTREAM, *map(accumulated, obligation.inputs))
        self.places: list[tuple[list[arb], arb]] = []
        acc = symbol(accumulated(obligation.inputs[operand]))
        for cell in proof.cells:
            if cell.outside:
                continue
            signs = [t for t, _ in cell.cell.signs]
            program = BallProgram([acc + G * cell.derivatives[operand], *signs], self.names)
            box = [cell.cell.interval(name) for name in obligation.inputs]
            found = 0
            with ctx.workprec(128):
                for point in islice(points_by_height(box), 40):
                    values = [*point, SEEDS[0], *[SEEDS[1]] * len(point)]
                    at = [ratio(v.numerator, v.denominator) for v in values]
                    expected, *inside = program(*at)
                    given = zip(inside, cell.cell.signs, strict=True)
                    if expected.is_finite() and all(v * s > 0 if s else v != 0 for v, (_, s) in given):
                        self.places.append((at, expected))
                        found += 1
                    if found == 3:
                        break

    def passes(self, gradient: Term) -> bool:
        if not set(symbols_of(gradient)) <= set(self.names):
            return False
        program = BallProgram([gradient], self.names)
        with ctx.workprec(128):
            for at, expected in self.places:
                (ours,) = program(*at)
                if not (ours.is_finite() and ours.overlaps(expected)):
                    return False
        return bool(self.places)


# ------------------------------------------------------------------------------------------------ the changes

Change = tuple[str, Term]


def _changes(obligation: Obligation, counterexample: Counterexample) -> Iterator[Change]:
    """Ways in which the rule may have gone wrong, each with the gradient that it should have been."""
    assert counterexample.operand is not None
    gradient = obligation.gradients[counterexample.operand]
    acc = symbol(accumulated(obligation.inputs[counterexample.operand]))
    yield from _wiring(gradient, acc)
    yield from _whole(obligation, counterexample, gradient, acc)
    for old, new, mistake in _places(obligation, gradient):
        (changed,) = substitute((gradient,), {old: new})
        if changed is not gradient:
            yield mistake or f"{_said(new)} is proved in place of {_said(old)}", changed


def _wiring(gradient: Term, acc: Term) -> Iterator[Change]:
    """The upstream gradient left out, the earlier gradient thrown away."""
    used = symbols_of(gradient)
    if UPSTREAM not in used:
        partial = _partial(gradient, acc) if acc.value in used else gradient
        yield "the upstream gradient is missing", apply("add", acc, apply("mul", partial, G))
    if acc.value not in used:
        yield "the gradient is overwritten instead of added to (`=` for `+=`)", apply("add", acc, gradient)


def _whole(obligation: Obligation, counterexample: Counterexample, gradient: Term, acc: Term) -> Iterator[Change]:
    """The partial derivatives of two operands swapped, or the whole rule off by a factor."""
    for name, other in zip(obligation.inputs, obligation.gradients, strict=True):
        if other is not gradient:
            (swapped,) = substitute((other,), {symbol(accumulated(name)): acc})
            yield f"the partial derivatives are swapped: that of {name} is right here", swapped
    partial, factor = _partial(gradient, acc), _factor(counterexample)
    if factor == -1:
        right = partial.args[0] if partial.op == "neg" else apply("neg", partial)
        yield "the sign is reversed", apply("add", acc, right)
    elif factor is not None:
        mended = apply("add", acc, apply("div", partial, constant(factor)))
        yield f"the rule is {factor} times the derivative", mended


def _partial(gradient: Term, acc: Term) -> Term:
    """The contribution added to the earlier gradient."""
    if gradient.op in ("add", "sub") and gradient.args[0] is acc:
        return gradient.args[1] if gradient.op == "add" else apply("neg", gradient.args[1])
    return apply("sub", gradient, acc)


def _factor(counterexample: Counterexample) -> Fraction | None:
    """ours/expected at the counterexample, where that is a simple fraction."""
    before = ratio(counterexample.before.numerator, counterexample.before.denominator)
    with ctx.workprec(256):
        quotient = (counterexample.ours - before) / (counterexample.expected - before)
        if not quotient.is_finite() or quotient.contains(0) or quotient.rad() > arb(2) ** -100:
            return None
        middle = quotient.mid().fmpq()
        exact, slack = Fraction(int(middle.p), int(middle.q)), Fraction(1, 2**100)
    found = next(by_height(exact - slack, exact + slack))
    return found if max(abs(found.numerator), found.denominator) < 2**40 else None


Place = tuple[Term, Term, str]
"""A part of the gradient, its replacement, and a description if it has its own."""

_SIGNS = {"add": ("sub",), "sub": ("add",)}
_FACTORS = {"mul": ("div", "add"), "div": ("mul",)}
_FUNCTIONS = {
    **{"sin": ("cos",), "cos": ("sin",), "sinh": ("cosh",), "cosh": ("sinh",), "tan": ("tanh",)},
    **{"tanh": ("tan",), "exp": ("expm1",), "expm1": ("exp",), "log": ("log1p",), "log1p": ("log",)},
    **{"erf": ("erfc",), "erfc": ("erf",), "maximum": ("minimum",), "minimum": ("maximum",)},
}
_COMPARISONS = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "ne", "ne": "eq"}


def _places(obligation: Obligation, gradient: Term) -> Iterator[Place]:
    """Every single change to one part of the gradient, the likeliest kinds first."""
    parts = topological(gradient)
    numbers = [t for t in parts if not isinstance(t, Condition)]
    yield from _cases(numbers)
    yield from _exchanged(numbers, _SIGNS)
    yield from _conditions(parts)
    yield from _operands(obligation, parts)
    yield from _exchanged(numbers, _FUNCTIONS)
    for t in numbers:
        if t.op == "neg":  # before its operand is negated once more
            yield t, t.args[0], ""
    for t in numbers:
        if t.op in ("symbol", "const", "pi"):
            continue
        yield t, apply("mul", t, t), f"{_said(t)} is not squared"
        if t.op != "neg":
            yield t, apply("neg", t), ""
    yield from _exchanged(numbers, _FACTORS)
    for t in numbers:
        if t.op in ("sub", "div", "pow"):
            yield t, apply(t.op, *reversed(t.args)), ""
    yield from _superfluous(numbers)
    for t in numbers:
        if t.op == "const":
            for value in _near(t.value):
                yield t, constant(value), ""
    yield from _missing(obligation, numbers)


def _exchanged(parts: list[Term], instead: Mapping[str, tuple[str, ...]]) -> Iterator[Place]:
    """One operator or function mistaken for another."""
    for t in parts:
        for op in instead.get(t.op, ()):
            yield t, apply(op, *t.args), ""


def _cases(parts: list[Term]) -> Iterator[Place]:
    """A case too many.

    Tried before all else: any change that disables a wrong case (its condition negated, its bounds crossed) would
    be proved as well, and is not the error.
    """
    for t in parts:
        if t.op == "where":
            condition, met, failed = map(_said, t.args)
            yield t, t.args[2], f"where {condition} it gives {met}: {failed} is right there too"
            yield t, t.args[1], f"unless {condition} it gives {failed}: {met} is right there too"


def _conditions(parts: list[Term]) -> Iterator[Place]:
    """A comparison the wrong way round, the branches of a `where` swapped."""
    for t in parts:
        if t.op in _COMPARISONS:
            yield t, compare(_COMPARISONS[t.op], *t.args), ""
        elif t.op == "where":
            yield t, where(t.args[0], t.args[2], t.args[1]), ""


def _operands(obligation: Obligation, parts: list[Term]) -> Iterator[Place]:
    """Input in place of the output, output in place of an input, one input for another: everywhere, or once."""
    names = {obligation.forward: "the output"} | {symbol(name): f"the input {name}" for name in obligation.inputs}
    for one, found in names.items():
        for other, wanted in names.items():
            if one is other:
                continue
            mistake = f"{found} is used in place of {wanted}"
            if one in parts:
                yield one, other, mistake
            for t in parts:
                if one in t.args and t is not obligation.forward:
                    yield t, _rebuilt(t, tuple(other if a is one else a for a in t.args)), mistake


def _superfluous(parts: list[Term]) -> Iterator[Place]:
    """A term or a factor too many."""
    for t in parts:
        if t.op in ("add", "sub", "mul", "div"):
            yield t, t.args[0], _superfluous_part(t.args[1], t)
        if t.op in ("add", "mul"):
            yield t, t.args[1], _superfluous_part(t.args[0], t)


def _superfluous_part(part: Term, whole: Term) -> str:
    inside = "" if _said(part) == _said(whole) else f" in {_said(whole)}"
    return f"{_named(part)} is superfluous{inside}"


def _missing(obligation: Obligation, parts: list[Term]) -> Iterator[Place]:
    """A factor left out."""
    for t in parts:
        if t.op not in ("symbol", "const", "pi", "where"):
            for factor in (*map(symbol, obligation.inputs), obligation.forward):
                yield t, apply("mul", factor, t), f"the factor {_said(factor)} is missing in {_said(t)}"


def _named(t: Term) -> str:
    return "the upstream gradient" if t is G else _said(t)


def _said(t: Term) -> str:
    """The term as it was written, without the 0 + and 1 * of an upstream gradient of one."""
    return written(simplify(t))


def _rebuilt(t: Term, args: tuple[Term, ...]) -> Term:
    if isinstance(t, Condition):
        return compare(t.op, *args) if t.op in _COMPARISONS else t
    return where(*args) if t.op == "where" else apply(t.op, *map(term, args))


def _near(value: Fraction) -> Iterator[Fraction]:
    """Simple numbers to try instead."""
    changes: tuple[Callable[[Fraction], Fraction], ...] = (
        lambda v: -v,
        lambda v: v + 1,
        lambda v: v - 1,
        lambda v: 2 * v,
        lambda v: v / 2,
        lambda v: 3 * v,
        lambda v: v / 3,
        lambda v: v * v,
    )
    yield from (change(value) for change in changes)
    if value:
        yield 1 / value
