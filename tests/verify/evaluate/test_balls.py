"""Terms in ball arithmetic: right, enclosing, undecided where they must be."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import pytest
from flint import arb

from backproof.engine.arithmetic import FLOATS
from backproof.verify.evaluate.balls import compile_balls, evaluate, holds
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.terms.ops import BINARY, UNARY
from backproof.verify.terms.term import FALSE, PI, TERMS, TRUE, apply, compare, constant, symbol, where

X, Y = symbol("x"), symbol("y")

FLOAT: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "abs": abs,
    "neg": lambda a: -a,
    "floor": math.floor,
    "ceil": math.ceil,
}
POINTS = {"acosh": (1.25, 7.5), "log": (0.3, 9.0), "entr": (0.3, 9.0), "sqrt": (0.0, 9.0)}


@pytest.mark.parametrize("op", [*UNARY, *BINARY])
def test_every_op_agrees_with_floats(op: str) -> None:
    operands = (X, Y)[: 2 if op in BINARY else 1]
    by_definition = compile_floats((apply(op, *operands),), ("x", "y")[: len(operands)])
    function = FLOAT.get(op) or vars(FLOATS).get(op) or (lambda *at: by_definition(*at)[0])
    for x in POINTS.get(op, (-0.75, 0.5, 0.25) if op not in BINARY else (0.75, 2.5, 9.0)):
        point = {"x": x, "y": -1.5}
        used = {s.value: point[s.value] for s in operands}
        got = evaluate(apply(op, *operands), {name: arb(v) for name, v in used.items()})
        assert float(got) == pytest.approx(function(*used.values()), rel=1e-15)
        assert got.rad() < 1e-30


@pytest.mark.parametrize(
    ("condition", "results"),
    [  # x certainly below 0, certainly above, undecided, exactly 0
        (compare("lt", X, 0), (True, False, None, False)),
        (compare("le", X, 0), (True, False, None, True)),
        (compare("gt", X, 0), (False, True, None, False)),
        (compare("ge", X, 0), (False, True, None, True)),
        (compare("eq", X, 0), (False, False, None, True)),
        (compare("ne", X, 0), (True, True, None, False)),
        (~compare("lt", X, 0), (False, True, None, True)),
        (compare("lt", X, 0) & compare("lt", X, 5), (True, False, None, False)),
        (compare("lt", X, 0) & compare("gt", X, 5), (False, False, False, False)),
        (compare("lt", X, 0) | compare("lt", X, 5), (True, True, True, True)),
        (compare("lt", X, 0) | compare("gt", X, 5), (True, False, None, False)),
        (compare("lt", X, X), (False,) * 4),
        (compare("ge", X, X), (True,) * 4),
        (TRUE, (True,) * 4),
        (FALSE, (False,) * 4),
    ],
)
def test_conditions_are_three_valued(condition: Any, results: tuple[bool | None, ...]) -> None:
    for x, result in zip((arb(-2), arb(3), arb(0, 1), arb(0)), results, strict=True):
        assert holds(condition, {"x": x}) is result


def test_an_undecided_where_is_the_union_of_both_branches() -> None:
    both = evaluate(where(compare("gt", X, 0), 5, -3), {"x": arb(0, 1)})
    assert both.contains(5)
    assert both.contains(-3)
    assert evaluate(where(compare("gt", X, 0), X, 1 / (X - X)), {"x": arb(2)}) == 2


def test_constants_follow_the_precision() -> None:
    third = compile_balls((constant(Fraction(1, 3)) * PI, X / 3), ["x"])
    for prec in (53, 200, 1000):
        with flint.ctx.workprec(prec):
            for got in third(arb(1)):
                assert prec - 5 < got.rel_accuracy_bits() < prec + 5
    with flint.ctx.workprec(64):
        assert third.at(300)(arb(1))[0].rel_accuracy_bits() > 290  # terms without symbols are made once, at 300


def test_binary_fractions_are_exact_at_any_precision() -> None:
    tiny = constant(0.1)  # its exact binary fraction
    with flint.ctx.workprec(8):
        (got,) = compile_balls((tiny,), [])()
    assert got.is_exact()
    assert got == arb(0.1)


def test_special_constants() -> None:
    assert not evaluate(X * constant(math.nan), {"x": arb(1)}).is_finite()
    assert evaluate(constant(math.inf), {}) > 10**100
    assert holds(compare("lt", X, constant(math.inf)), {"x": arb(1)})


def test_many_terms_share_their_parts() -> None:
    t = TERMS.tanh(X)
    program = compile_balls((t, 1 - t * t, t * t), ["x"])
    with flint.ctx.workprec(100):
        a, b, c = program(arb(0.5))
        assert (b + c).contains(1)
        assert a.overlaps(arb(0.5).tanh())


def test_deep_terms_compile() -> None:
    t = X
    for _ in range(5000):
        t = t * 0.75 + 0.25
    assert evaluate(t, {"x": arb(1)}) == 1


def test_wide_intervals_enclose_their_points() -> None:
    e = TERMS.exp(-abs(X)) * TERMS.sin(X) / (2 + TERMS.cos(X)) + TERMS.maximum(X, X * X) - TERMS.cbrt(X)
    wide = evaluate(e, {"x": arb(0.1, 0.5)})
    for i in range(-4, 7):
        if i:
            assert wide.contains(evaluate(e, {"x": arb(i) / 10}))


def test_an_unknown_symbol_is_named() -> None:
    with pytest.raises(KeyError, match="'y'"):
        compile_balls((X + Y,), ["x"])


def test_a_name_of_the_user_is_never_source() -> None:
    odd = symbol("__import__('os').abort()")
    assert evaluate(odd + 1, {odd.value: arb(1)}) == 2
