"""The derivative of terms, against SymPy's and against secants in ball arithmetic."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb, ctx

from backproof.verify.evaluate.balls import compile_balls
from backproof.verify.mirror.table import SPECS, Spec
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.from_sympy import from_sympy
from backproof.verify.terms.ops import BINARY, PARAMETRIC, SPECIAL, UNARY
from backproof.verify.terms.term import apply, compare, constant, symbol, where

X, Y = symbol("x"), symbol("y")
PLACES = (0.3, 0.71, 1.9, -0.4)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.op} {spec.case}".strip())
@pytest.mark.parametrize("plain", [False, True])
def test_it_equals_sympys(spec: Spec, plain: bool) -> None:
    meant = from_sympy(spec.definition)
    for name, partial in zip(spec.inputs, spec.partials, strict=True):
        ours = compile_balls((derivative(meant, name, plain=plain), from_sympy(partial)), spec.inputs)
        compared = 0
        with ctx.workprec(200):
            for place in PLACES:
                a, b = ours(*map(arb, (place, 1.25)[: len(spec.inputs)]))
                if a.is_finite() and b.is_finite():
                    compared += 1
                    assert abs(a - b) < arb(2) ** -150
        assert compared


@pytest.mark.parametrize("op", [*UNARY, *SPECIAL, *BINARY])
def test_it_agrees_with_secants(op: str) -> None:
    operands = (X * X + Y, Y * X + 2)[: 2 if op in BINARY else 1]
    bounded = ("acosh", "atanh", "asin", "acos", "erfinv", "ellipk", "ellipe")
    inner = operands if op not in bounded else (operands[0] / 8,)
    f = apply(op, *inner) if op != "acosh" else apply(op, inner[0] + 2)
    program = compile_balls((f, derivative(f, "x")), ("x", "y"))
    with ctx.workprec(400):
        h = arb(2) ** -100
        for x, y in [(0.3, 0.7), (0.9, 0.45)]:
            ahead, (behind, partial) = program(arb(x) + h, arb(y))[0], program(arb(x), arb(y))
            assert abs((ahead - behind) / h - partial) < arb(2) ** -80


@pytest.mark.parametrize("order", [0, 1, 2, Fraction(1, 2)])
@pytest.mark.parametrize("op", PARAMETRIC)
def test_functions_with_an_order_or_parameters_too(op: str, order: int | Fraction) -> None:
    if op == "polygamma" and order == Fraction(1, 2):
        return  # there is none
    parameter = order if op.startswith(("bessel", "polygamma")) else order + Fraction(1, 2)
    before = (parameter, Fraction(5, 2))[: PARAMETRIC[op] - 1]
    f = apply(op, *before, X / (1 + X))
    program = compile_balls((f, derivative(f, "x")), ("x",))
    with ctx.workprec(400):
        h = arb(2) ** -100
        for x in (0.3, 2.0):
            ahead, (behind, partial) = program(arb(x) + h)[0], program(arb(x))
            assert abs((ahead - behind) / h - partial) < arb(2) ** -70
    with pytest.raises(TypeError, match="in its order or parameter"):
        derivative(apply(op, X, *before), "x")


def test_the_tails_of_tanh_are_followed() -> None:
    partial = compile_balls((derivative(apply("tanh", X), "x"),), ("x",))
    (far,) = partial(arb(1e5))
    assert far > 0
    assert far.rel_accuracy_bits() > 40


def test_branches_and_what_does_not_depend() -> None:
    f = where(compare("gt", X, 0), X * Y, apply("log", Y))
    assert derivative(f, "x") is where(compare("gt", X, 0), Y, 0)
    assert derivative(apply("log", Y), "x") is constant(0)
    assert derivative(X**1, "x") is constant(1)
    assert derivative(X * 3, "x") is constant(3)


def test_what_has_no_value_has_no_derivative() -> None:
    x, nan = symbol("x"), constant(float("nan"))
    assert derivative(nan, "x") is nan
    assert derivative(where(compare("gt", x, 0), x, nan), "x") is where(compare("gt", x, 0), constant(1), nan)
