"""Enclosures: differences that cancel are bounded tightly, others are not, on the stated box."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from flint import arb, ctx

from backproof.verify.evaluate.balls import compile_balls
from backproof.verify.proof.bound_residual import enclose, enclosed
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import Status
from backproof.verify.terms.ops import UNARY
from backproof.verify.terms.term import TERMS as M
from backproof.verify.terms.term import TRUE, Term, apply, compare, constant, symbol, where

X, Y = symbol("x"), symbol("y")
EPS = Fraction(1, 10**18)
T = M.tanh(M.log1p(M.exp(X)))
OMEGA = M.exp(3 * X) + 4 * M.exp(2 * X) + (6 + 4 * X) * M.exp(X) + 4 * (1 + X)
DELTA = 2 * M.exp(X) + M.exp(2 * X) + 2

EQUAL: dict[str, tuple[Term, Term, int | Fraction, int]] = {
    "nested roots": (M.sqrt(X + 2 * M.sqrt(X) + 1), M.sqrt(X) + 1, Fraction(1, 100), 100),
    "tanh' as sech²": (1 - M.tanh(X) ** 2, 1 / M.cosh(X) ** 2, -20, 20),
    "erf and erfc": (M.erf(X), 1 - M.erfc(X), -10, 10),
    "asinh as a logarithm": (M.asinh(X), M.log(X + M.sqrt(X * X + 1)), -5, 5),
    "acosh as atanh": (M.acosh(X), M.atanh(M.sqrt(X * X - 1) / X), 2, 8),
    "atan(x) + atan(1/x)": (M.atan(X) + M.atan(1 / X), M.pi / 2, 1, 9),
    "half angles": (M.tan(X / 2), (1 - M.cos(X)) / M.sin(X), 1, 3),
    "mish as in the paper": (T + X * (1 - T * T) / (1 + M.exp(-X)), M.exp(X) * OMEGA / DELTA**2, -10, 10),
    "a kink at 0": (abs(X), where(compare("gt", X, 0), X, -X), Fraction(1, 1000), 5),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_formulas_are_enclosed(name: str) -> None:
    left, right, low, high = EQUAL[name]
    found = enclose(left - right, "x", Fraction(low), Fraction(high), EPS)
    assert found is not None
    assert found.bound <= arb(1e-18)
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize("name", EQUAL)
def test_a_difference_is_never_enclosed(name: str) -> None:
    left, right, low, high = EQUAL[name]
    for extra in (constant(Fraction(2, 10**18)), M.exp(-((X - 3) ** 2)) * Fraction(1, 10**15)):
        assert enclose(left - right + extra, "x", Fraction(low), Fraction(high), EPS) is None


@pytest.mark.parametrize("op", sorted(set(UNARY) - {"floor", "ceil"}))
def test_bounds_are_bounds(op: str) -> None:
    """Every op's Taylor model against its values, on both sides of 0 where it is defined there."""
    term = apply(op, X)
    boxes = [(Fraction(1, 3), Fraction(3, 4)), (Fraction(-3, 4), Fraction(-1, 3))]
    if op == "acosh":
        boxes = [(Fraction(4, 3), Fraction(2))]
    elif op in ("sqrt", "log", "entr"):
        boxes = boxes[:1]
    for low, high in boxes:
        found = enclose(term, "x", low, high, Fraction(100))
        assert found is not None
        program = compile_balls([term], ["x"])
        largest = 0.0
        with ctx.workprec(100):
            for i in range(21):
                at = low + (high - low) * i / 20
                (value,) = program(arb(at.numerator) / at.denominator)
                assert abs(value) <= found.bound + arb(1e-25)
                largest = max(largest, abs(float(value)))
        assert float(found.bound) < 3 * largest + 0.5


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "pow", "atan2", "hypot", "maximum", "minimum"])
def test_two_argument_ops(op: str) -> None:
    left, right = X + 2, 3 - X
    known = {"pow": M.exp(right * M.log(left)), "hypot": M.sqrt(left * left + right * right)}
    known |= {"atan2": M.atan(left / right), "maximum": left, "minimum": right, "div": left * (1 / right)}
    known |= {"add": constant(5), "sub": 2 * X - 1, "mul": 6 + X - X * X}
    difference = apply(op, left, right) - known[op]
    assert enclose(difference, "x", Fraction(1), Fraction(2), EPS) is not None


def test_a_pole_or_an_open_branch_gives_no_bound() -> None:
    assert enclose(1 / X, "x", Fraction(-1), Fraction(1), Fraction(10**6)) is None
    kind = where(compare("gt", X, Fraction(1, 3)), X, 0)
    assert enclose(kind, "x", Fraction(0), Fraction(1), Fraction(10)) is None
    assert enclose(X + Y, "x", Fraction(0), Fraction(1), Fraction(10)) is None


def test_the_current_precision_is_left_alone() -> None:
    before = (ctx.prec, ctx.cap)
    enclose(M.exp(X), "x", Fraction(0), Fraction(1), Fraction(10))
    assert (ctx.prec, ctx.cap) == before


def test_what_a_proof_left_over_is_bounded_cell_by_cell() -> None:
    """A literal that is nearly 2/√π: no proof, but a bound, and on the stated box."""
    partial = constant(2 / math.sqrt(math.pi)) * M.exp(-X * X)
    gradient = symbol("acc_x") + partial * symbol("g")
    subject = Obligation("erf", ("x",), M.erf(X), TRUE, M.erf(X), (gradient,))
    (cell,) = prove(subject).cells
    assert cell.gradients[0].status is Status.RESIDUAL
    found = enclosed(subject, cell, 0, Fraction(1, 10**16))
    assert found is not None
    assert (found.low, found.high) == (-16, 16)
    assert 1e-17 < float(found.bound) < 1e-16
    assert enclosed(subject, cell, 0, Fraction(1, 10**18)) is None


def test_two_inputs_are_not_enclosed() -> None:
    gradients = tuple(symbol(f"acc_{n}") + symbol("g") * s for n, s in (("x", 2 * Y), ("y", X)))
    obligation = Obligation("mul", ("x", "y"), X * Y, TRUE, X * Y, gradients)
    (cell,) = prove(obligation).cells
    assert enclosed(obligation, cell, 0, EPS) is None
