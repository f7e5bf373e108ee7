"""The reverse sweep gives what one derivative after another gives."""

from __future__ import annotations

import pytest
from flint import arb

from backproof.verify.evaluate.balls import evaluate
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.ops import SPECIAL, UNARY
from backproof.verify.terms.reverse_mode import gradient
from backproof.verify.terms.term import TERMS, Term, apply, constant, symbol, topological

x, y, u, v = map(symbol, ("x", "y", "u", "v"))
AT = {"x": arb(0.3), "y": arb(0.7), "u": arb(1.25), "v": arb(-2)}
INSIDE = {"acosh": 1 + x}


def outputs() -> list[tuple[Term, ...]]:
    left_out = ("abs", "floor", "ceil", "erfinv", "trigamma")  # branches, and functions missing elsewhere
    unary = [(apply(name, INSIDE.get(name, x * y)),) for name in (*UNARY, *SPECIAL) if name not in left_out]
    binary = [(apply(op, x + y, x * y),) for op in ("add", "sub", "mul", "div", "pow", "atan2", "hypot")]
    return [*unary, *binary, (x * y, x / y, TERMS.exp(x) ** 3, constant(2) ** y), (x, x), (constant(1),)]


@pytest.mark.parametrize("found", outputs(), ids=str)
def test_against_forward_derivatives(found: tuple[Term, ...]) -> None:
    weights = [u, v, u * v, constant(1)][: len(found)]
    total: Term = constant(0)
    for w, f in zip(weights, found, strict=True):
        total = total + w * f
    for name, partial in zip(("x", "y"), gradient(found, weights, (x, y)), strict=True):
        expected = derivative(total, name)
        assert evaluate(partial - expected, AT).contains(0)
        assert evaluate(partial, AT).rel_accuracy_bits() > 60 or evaluate(partial, AT).contains(0)


def test_a_long_chain_is_no_recursion_and_stays_small() -> None:
    t: Term = x
    for _ in range(5000):
        t = TERMS.sin(t) * y
    partials = gradient([t], [u], (x, y))
    assert len(topological(*partials)) < 8 * 5000


def test_a_function_without_a_derivative() -> None:
    with pytest.raises(TypeError, match="in its order or parameter is not supported"):
        gradient([apply("bessel_j", x, x)], [u], (x,))


def test_an_order_is_no_operand() -> None:
    (partial,) = gradient([apply("bessel_j", 2, x)], [u], (x,))
    assert partial == u * derivative(apply("bessel_j", 2, x), "x")
