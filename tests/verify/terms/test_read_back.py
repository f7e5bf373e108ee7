"""Printed terms parse back to the same term; hostile text ends in a one-line error, quickly."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backproof.derivations.quiz.grade import exact, formula
from backproof.derivations.walk.backward_pass import expression as walked
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.terms.functions import CONSTANTS
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.ops import COMPARISONS, PRIMITIVES
from backproof.verify.terms.parser import ExpressionError, condition, expression
from backproof.verify.terms.simplify import rewrite
from backproof.verify.terms.term import FALSE, PI, TRUE, Condition, Term, apply, compare, constant, symbol, where

NAMES = ("x", "y")
X, Y = map(symbol, NAMES)

# -------------------------------------------------------------------------------------------- printed, and read

NUMBERS = st.one_of(
    st.integers(-5, 5).map(Fraction),
    st.sampled_from((Fraction(1, 2), Fraction(-2, 3), Fraction(1, 4), Fraction(10**20), Fraction(1, 20000))),
    st.fractions(max_denominator=9999),
    st.decimals(-(10**6), 10**6, places=9).map(Fraction),
).map(constant)
LEAVES = st.one_of(st.sampled_from((X, Y, PI, constant(float("inf")), constant(float("-inf")))), NUMBERS)


@st.composite
def applied(draw: Any, smaller: st.SearchStrategy[Term]) -> Term:
    name = draw(st.sampled_from(("add", "sub", "mul", "div", "pow", "neg", *PRIMITIVES)))
    return apply(name, *(draw(smaller) for _ in PRIMITIVES[name].operands))


@st.composite
def conditions(draw: Any, smaller: st.SearchStrategy[Term]) -> Condition:
    def compared() -> Condition:
        op = draw(st.sampled_from(("true", "false", *COMPARISONS)))
        return {"true": TRUE, "false": FALSE}[op] if op in CONSTANTS else compare(op, draw(smaller), draw(smaller))

    found = compared()
    for op in draw(st.lists(st.sampled_from((operator.and_, operator.or_, operator.invert)), max_size=3)):
        if op is operator.invert:
            found = op(found)
        else:
            found = op(found, compared()) if draw(st.booleans()) else op(compared(), found)
    return found


def larger(smaller: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    return st.one_of(applied(smaller), st.builds(where, conditions(smaller), smaller, smaller))


TERMS = st.recursive(LEAVES, larger, max_leaves=12)


def worked_out(root: Term) -> Term:
    """The term with every quotient of integers, and every sign of an infinity, as one number."""

    def number(node: Term) -> Term | None:
        values = [a.value for a in node.args]
        if node.op == "div" and all(isinstance(v, Fraction) and v.denominator == 1 for v in values) and values[1] > 0:
            return constant(values[0] / values[1])
        return constant(-float(values[0])) if node.op == "neg" and node.args[0].op == "special" else None

    return rewrite((root,), number)[0]


@settings(max_examples=150)
@given(TERMS)
@example(constant(140806064978798656))
@example(apply("neg", X * Y))
@example(-X * Y)
@example(apply("neg", constant(3)) ** 2)
@example(X + (Y + X))
@example(X * (Y / X))
@example(X - apply("neg", Y))
@example(X * apply("neg", Y))
@example(constant(-3) ** constant(Fraction(1, 2)))
@example(constant(Fraction(-2, 3)) * X)
@example(apply("neg", constant(Fraction(2, 3))))
@example(apply("neg", apply("neg", X)))
def test_what_is_printed_is_read_back_to_the_same_term(root: Term) -> None:
    text = written(root)
    assert worked_out(expression(text, NAMES)) is worked_out(root), text


@given(conditions(TERMS))
def test_conditions_too(root: Condition) -> None:
    text = written(root)
    found = condition(text, NAMES)
    assert worked_out(found) is worked_out(root), text


@pytest.mark.parametrize(
    ("root", "text"),
    [
        (-X * Y, "-x*y"),
        (apply("neg", X * Y), "-(x*y)"),
        (-(X**2), "-x**2"),
        ((-X) ** 2, "(-x)**2"),
        (X - (-Y), "x - (-y)"),
        (X + (Y + X), "x + (y + x)"),
        ((X + Y) + X, "x + y + x"),
        (X * (Y * X), "x*(y*x)"),
        (X * (Y / X), "x*(y/x)"),
        (constant(-3) * X, "-3*x"),
        (apply("neg", constant(3)) * X, "-(3)*x"),
        (X ** constant(-1), "x**(-1)"),
        (X ** constant(Fraction(1, 2)), "x**(1/2)"),
        (constant(Fraction(-1, 2)) * X, "-1/2*x"),
        (constant(float("-inf")) - X, "-inf - x"),
    ],
)
def test_brackets_stand_where_python_needs_them(root: Term, text: str) -> None:
    assert written(root) == text
    assert expression(text, NAMES) is root


def test_a_float_is_written_as_the_decimal_that_one_would_type() -> None:
    """The one exception: 0.1 is slightly more than a tenth, which its text does not show."""
    assert written(constant(0.1)) == "0.1"
    assert expression("0.1", ()) is constant(Fraction(1, 10)) is not constant(0.1)


# ------------------------------------------------------------------------------------------------------ hostile

HOSTILE = [
    *("(" * 10_000 + "x" + ")" * 10_000, "(" * 4_900 + "x" + ")" * 4_900, "exp(" * 101 + "x" + ")" * 101),
    *("[" * 4_900, "-" * 9_999 + "x", "not " * 2_000 + "x > 0", "x**" * 500 + "x", "exp(" * 400 + "x" + ")" * 400),
    *("x" * 10_001, "9" * 5_000, "0x" + "f" * 9_000, "1e999999999", "9e999*x", "x.", "x..y", "1_", "1__0", "0b2"),
    *("lambda: x", "(lambda: x)()", "(x := 1)", "x if x else y", "[x for x in y]", "{x: y}", "{*x}", "*x", "**x"),
    *("f'{x}'", "f'{x!r:>{y}}'", "'x'", "b'x'", "'\\d'", "x.__class__", "().__class__.__bases__", "x.real"),
    *("__import__('os')", "__import__('os').system('true')", "eval('x')", "exec", "open('x')", "getattr(x, 'y')"),
    *("x; y", "x = 1", "x += 1", "import os", "def f(): pass", "while True: pass", "yield x", "await x", "print x"),
    *("async", "None", "True", "...", "Ellipsis", "__debug__", "x\0", "x\x1b[2J", "\ud800", "\u202ex", "x\u200by"),
    *("ｘ + 1", "ｅxp(x)", "𝐱", "ｗhere(x > 0, 1, 2)", "x \u2013 y\u037e", "ﬁ", "\ufeffx", "x # y", "x @ y", "x << y"),
    *("x[0]", "x[y:]", "1[x]", "x < y < ", "x is y", "x in y", "not", "and", "x and y", "~x", "x ? y : x", "x ^", "$x"),
    *("where(x, 1, 2)", "where(x > 0)", "exp()", "exp(x, y)", "exp(x=1)", "exp(*x)", "exp(**x)", "exp", "exp(x)(y)"),
    *("x!", "`x`", "\\", "\n\n)"),
]
"""Invalid expressions: each ends in an error of one line that names its place."""


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:24]))
@pytest.mark.parametrize(
    "reader",
    [
        lambda text: expression(text, NAMES),
        lambda text: condition(text, NAMES),
        lambda text: formula(text, NAMES),
        exact,
        lambda text: walked(text, {"x": 1.0, "y": 2.0}),
    ],
    ids=["expression", "condition", "learner", "number", "walk"],
)
def test_what_is_hostile_ends_in_one_line(text: str, reader: Any) -> None:
    """By any reader; some of it is a formula to one of them."""
    error = refusal(reader, text)
    if error is not None:
        assert str(error).isprintable()
        assert len(str(error)) < 300
        reason, line, place = error.pointed.split("\n")
        assert reason == error.reason
        assert line.isprintable()
        assert len(line) < 100
        assert place.strip() == "^"


def refusal(reader: Callable[[str], object], text: str) -> ExpressionError | None:
    """The reason why a text is rejected; None where it is accepted, or where a walk misses the value of a name."""
    try:
        reader(text)
    except ExpressionError as error:
        return error
    except LookupError:
        return None
    return None


@pytest.mark.parametrize("text", [text for text in HOSTILE if not text.startswith("0xf")], ids=lambda t: ascii(t[:24]))
def test_none_of_it_is_an_expression(text: str) -> None:
    with pytest.raises(ExpressionError):
        expression(text, NAMES)


@given(st.text(alphabet="xy0123456789.+-*/()[]<>=_ ,'\"eE²√·^:#{}\\\n!", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for reader in (expression, condition, formula):
        error = refusal(lambda text, reader=reader: reader(text, NAMES), text)
        assert error is None or str(error).isprintable()


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_any_letters_at_all(text: str) -> None:
    for reader in (expression, formula):
        error = refusal(lambda text, reader=reader: reader(text, NAMES), text)
        assert error is None or str(error).isprintable()


TOWER = "9**9**9**9"


def test_a_power_of_powers_is_read_and_never_worked_out() -> None:
    assert written(expression(TOWER, NAMES)) == TOWER
    assert natural_domain(expression(f"x/{TOWER}", NAMES)) is TRUE
    assert natural_domain(expression(f"log(x + {TOWER})", NAMES)) is not TRUE
    for reader in (lambda: walked(f"{TOWER}*x", {"x": 1.0}), lambda: exact(TOWER), lambda: formula(TOWER, NAMES)):
        with pytest.raises(ExpressionError, match=r"no value here|write the number out|not graded"):
            reader()
