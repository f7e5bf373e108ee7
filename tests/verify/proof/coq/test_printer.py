"""What the printer writes for Coq, to the letter: it has to be believed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from backproof.verify.proof.coq.printer import FUNCTIONS, Unprintable, expression, name, proposition, values
from backproof.verify.terms.ops import ARITY
from backproof.verify.terms.term import PI, Term, apply, compare, constant, symbol, where

X, Y = symbol("x"), symbol("y")
HALF = constant(Fraction(1, 2))


def f(op: str, *args: object) -> Term:
    return apply(op, *args)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (X + Y * X - 2, "x + y * x - 2"),
        (X - (Y - X), "x - (y - x)"),
        ((X + Y) * (X - Y), "(x + y) * (x - y)"),
        (X / (Y / X), "x / (y / x)"),
        (X / Y / X, "x / y / x"),
        (X * (Y * X), "x * (y * x)"),
        (X * (Y / X), "x * (y / x)"),
        (-X, "(- x)"),
        (-(X * Y), "(- (x * y))"),
        (-(X**2), "(- x ^ 2)"),
        ((-X) ** 2, "(- x) ^ 2"),
        (X - (-Y), "x - (- y)"),
        (X**0, "x ^ 0"),
        (X**-2, "1 / x ^ 2"),
        (Y / X**-2, "y / (1 / x ^ 2)"),
        (X**Y, "Rpower x y"),
        (X ** Fraction(-1, 2), "Rpower x (- (1 / 2))"),
        ((X**2) ** 3, "(x ^ 2) ^ 3"),
        (constant(-3) * X, "(- 3) * x"),
        (HALF * X, "(1 / 2) * x"),
        (HALF**2, "(1 / 2) ^ 2"),
        (f("sqrt", 8 / PI), "sqrt (8 / PI)"),
        (f("sqrt", X) ** 2, "(sqrt x) ^ 2"),
        (f("exp", -X * Y), "exp ((- x) * y)"),
        (f("log", f("log", X)), "ln (ln x)"),
        (f("atan2", X, Y + 1), "atan2 x (y + 1)"),
        (f("maximum", f("abs", X), 0), "Rmax (Rabs x) 0"),
        (where(compare("gt", X, 0), X + 1, -X), "(if Rlt_dec 0 x then x + 1 else (- x))"),
        (where(compare("ne", X, Y), 1, 2), "(if Req_EM_T x y then 2 else 1)"),
        (
            where(compare("ge", X, 0) & compare("lt", X, 1), X, 0) * 2,
            "(if Rle_dec 0 x then (if Rlt_dec x 1 then x else 0) else 0) * 2",
        ),
        (
            where(compare("le", X, 0) | ~compare("eq", X, 1), X, 0),
            "(if Rle_dec x 0 then x else (if Req_EM_T x 1 then 0 else x))",
        ),
    ],
    ids=str,
)
def test_an_expression(term: Term, text: str) -> None:
    assert expression(term) == text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (compare("lt", X, Y), "x < y"),
        (compare("gt", X, Y), "y < x"),
        (compare("ge", X + 1, Y), "y <= x + 1"),
        (compare("ne", X, 0), "x <> 0"),
        (~compare("eq", X, 0), "~ (x = 0)"),
        (compare("lt", X, Y) & compare("lt", Y, 1), "(x < y) /\\ (y < 1)"),
    ],
    ids=str,
)
def test_a_proposition(condition: Term, text: str) -> None:
    assert proposition(condition) == text


@pytest.mark.parametrize(
    ("term", "needed"),
    [
        (2 * X * (constant(0) / (X - X)) + 2 * X, ["x - x <> 0"]),
        (X / 2 + X / PI, []),
        (X / constant(0), ["0 <> 0"]),
        (f("log", X * Y), ["0 < x * y"]),
        (f("log1p", X - Y), ["0 < 1 + (x - y)"]),
        (f("sqrt", X - 1) * f("sqrt", X - 1), ["0 <= x - 1"]),
        (f("tan", X + 1), ["cos (x + 1) <> 0"]),
        (f("asin", X), ["- 1 < x", "x < 1"]),
        (f("acosh", X), ["1 <= x"]),
        (f("atan2", Y, X), ["0 < sqrt (y * y + x * x) + x"]),
        (X**-2, ["x <> 0"]),
        (X**2, []),
        (X**Y, ["0 < x"]),
        (X**HALF, ["0 < x"]),
        (1 / f("log", X), ["0 < x", "ln x <> 0"]),
        (where(compare("gt", X, 0), 1 / X, f("log", Y)), ["(0 < x) -> x <> 0", "(~ (0 < x)) -> 0 < y"]),
        (where(compare("gt", 1 / X, 0), 1, 2), ["x <> 0"]),
        (where(compare("gt", X, 0), where(compare("gt", Y, 0), 1 / X, 0), 0), ["(0 < x) -> (0 < y) -> x <> 0"]),
    ],
    ids=str,
)
def test_what_has_to_hold_for_a_value(term: Term, needed: list[str]) -> None:
    assert values(term) == needed


def test_where_something_has_a_value_is_considered_for_every_function() -> None:
    """Those that have one everywhere, in Coq as in mathematics, are these."""
    operands: Callable[[str], list[Term]] = lambda op: [symbol(f"u{k}") for k in range(ARITY[op])]  # noqa: E731
    total = {op for op in FUNCTIONS if not values(apply(op, *operands(op)))}
    assert total == {
        *("exp", "expm1", "sin", "cos", "atan", "sinh", "cosh", "tanh", "asinh", "erf", "erfc", "hypot", "cbrt"),
        *("abs", "maximum", "minimum"),
    }


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        (f("gamma", X), "the function gamma"),
        (f("floor", X), "the function floor"),
        (X + float("inf"), "inf, which is not a real number"),
        (X**65, "a power of 65"),
        (symbol("größe") + 1, "the name größe"),
        (symbol("a) = b") + 1, "the name a"),
    ],
    ids=str,
)
def test_a_refusal_names_its_reason(term: Term, reason: str) -> None:
    with pytest.raises(Unprintable, match=f"^{reason}"):
        expression(term)


def test_a_term_whose_text_would_be_too_long_is_refused() -> None:
    term: Term = X
    for _ in range(64):
        term = term * term + 1
    with pytest.raises(Unprintable, match="an expression of more than 20000 characters"):
        expression(term)


def test_names_are_kept_apart() -> None:
    """From Coq's words, from those of our own statements, and from each other."""
    symbols = ["x", "acc_x", "exp", "ln", "d", "t", "fun", "v_exp", "X", "v_v_exp", "PI", "_", "x1"]
    written = [name(symbol) for symbol in symbols]
    assert written[:5] == ["x", "acc_x", "v_exp", "v_ln", "v_d"]
    assert len(set(written)) == len(written)
