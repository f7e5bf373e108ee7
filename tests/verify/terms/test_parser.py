"""The expression language: what it accepts, and how it rejects the rest."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb

from backproof.verify.evaluate.balls import evaluate, holds
from backproof.verify.terms.functions import functions
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.parser import ExpressionError, condition, expression, nearest, unfit
from backproof.verify.terms.term import Condition, constant, symbol

NAMES = ("x", "y", "out", "g")


@pytest.mark.parametrize(
    "text",
    ["g*y/(x**2 + y**2)", "1 - out**2", "-x**2", "x - (y - g)", "exp(-abs(x))", "where(x > 0, g, 0)", "2/3"],
)
def test_what_is_read_is_written_alike(text: str) -> None:
    assert expression(written(expression(text, NAMES)), NAMES) is expression(text, NAMES)


@pytest.mark.parametrize(
    ("text", "at", "value"),
    [
        ("-x**2", 3, -9),
        ("2**3**2", 0, 512),
        ("1 - 2 - 3", 0, -4),
        ("+x", 3, 3),
        ("(x > 2)*10", 3, 10),
        ("1 < x < 2", 3, 0),
        ("where(not x > 2 or x == 3 and x != 4, 7, 8)", 3, 7),
        ("max(x, 5) + min(x, 5) + maximum(1, 2)", 3, 10),
        ("sign(-x) + trunc(-x/2) + floor(-x/2) + ceil(-x/2)", 3, -1 - 1 - 2 - 1),
        ("xlogy(0, 0) + sinc(0)", 0, 1),
        ("relu6(x) + leaky_relu(-x, 0.5) + square(x)", 3, 3 - 1.5 + 9),
        ("x +\n\t1", 3, 4),
        ("  x", 3, 3),
        ("1_000 + 0x10", 0, 1016),
    ],
)
def test_what_it_means(text: str, at: float, value: float) -> None:
    assert evaluate(expression(text, ("x",)), {"x": arb(at)}) == value


def test_a_literal_is_the_decimal_that_is_written() -> None:
    assert expression("0.1", ()) is constant(Fraction(1, 10))
    assert expression("1.5e-3", ()) is constant(Fraction(3, 2000))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 - tahn(x)", "line 1, column 5: unknown function 'tahn': did you mean 'tanh'?"),
        ("elipk(x)", "line 1, column 1: unknown function 'elipk': did you mean 'ellipk'?"),
        ("airy(x)", "line 1, column 1: airy has several results, each by its own name: airy_ai, airy_ai_prime, "),
        ("struve(0, x)", "line 1, column 1: struve is left out: the prover has no relations between Struve functions"),
        ("x + ouy", "line 1, column 5: unknown name 'ouy': did you mean 'out'?"),
        ("x +\n  qq", r"line 2, column 3: unknown name 'qq'; there are x, y"),
        ("x +", "line 1, column .: this does not parse"),
        ("x) + (y", "line 1, column 2: this does not parse: unmatched"),
        ("", "there is no expression"),
        ("x ^ 2", r"column 1: 'x \^ 2' has no meaning here: a power is written \*\*"),
        ("np.exp(x)", "functions stand alone"),
        ("x if x > 0 else 0", r"write where\(condition, a, b\)"),
        ("x % 2", r"write a - b\*floor"),
        ("where(x, 1, 2)", "column 7: a condition is needed here"),
        ("not x", "a condition is needed here"),
        ("atan2(x)", "atan2 takes 2 arguments, not 1"),
        ("exp(x=1)", "by place"),
        ("exp(*x)", "by place"),
        ("exp", r"exp is a function: exp\(x\)"),
        ("__import__('os').system('true')", "has no meaning here"),
        ("__import__('os')", "unknown function '__import__'"),
        ("(lambda: 1)()", "has no meaning here"),
        ("[x for x in y]", "has no meaning here"),
        ("x.__class__", "has no meaning here"),
        ("x[0]", "has no meaning here"),
        ("'x'", "has no meaning here"),
        ("1j", "has no meaning here"),
        ("True", "has no meaning here"),
        ("x # a comment", "column 3: an expression has no comments"),
        ("1e999", "beyond the range of a double"),
        ("x\0", "does not parse"),
        ("x := 1", "does not parse"),
        ("x in y", "has no meaning here"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        expression(text, NAMES[:2] if "qq" in text else NAMES)


@pytest.mark.parametrize("text", ["-" * 5000 + "x", "(" * 90 + "x" + ")" * 90 + "]", "exp(" * 150 + "x" + ")" * 150])
def test_depth_is_no_danger(text: str) -> None:
    with pytest.raises(ExpressionError):
        expression(text, NAMES)


def test_length_is_no_danger() -> None:
    with pytest.raises(ExpressionError, match="10001 characters"):
        expression("x" * 10_001, NAMES)
    assert expression("+".join(["x"] * 500), NAMES).op == "add"  # a chain is no nesting


def test_places_are_counted_in_characters() -> None:
    with pytest.raises(ExpressionError) as caught:
        expression("exp(x) + 'é' + 1", NAMES)
    assert caught.value.column == 10
    with pytest.raises(ExpressionError) as caught:
        expression("exp(x) +\n exp(ä)", NAMES)
    assert (caught.value.line, caught.value.column) == (2, 6)


def test_conditions() -> None:
    found = condition("x**2 + y**2 > 0", NAMES)
    assert isinstance(found, Condition)
    assert holds(found, {"x": arb(0), "y": arb(1)})
    with pytest.raises(ExpressionError, match="a condition is needed"):
        condition("x", NAMES)


@pytest.mark.parametrize("name", ["pi", "out", "g", "acc_x", "lambda", "1x", "x y", "é", "None"])
def test_names_that_no_input_may_have(name: str) -> None:
    assert unfit(name)


def test_other_names_may_be_inputs() -> None:
    assert not any(map(unfit, ("x", "logits", "x_1", "delta", "gamma")))


def test_the_nearest_name() -> None:
    assert nearest("tahn", ["tan", "tanh"]) == ": did you mean 'tanh'?"
    assert nearest("q", ["tan", "tanh"]) == "; there are tan, tanh"


@pytest.mark.parametrize("name", sorted(functions()))
def test_every_function_builds_a_term_of_its_arguments(name: str) -> None:
    arity = functions()[name].arity
    arguments = ", ".join(["x > 0", "x", "y"] if name == "where" else ["x", "y", "0.5"][:arity])
    found = expression(f"{name}({arguments})", ("x", "y"))
    assert symbol("x") in set(_below(found))


def _below(root):
    yield root
    for child in root.args:
        yield from _below(child)


def test_a_function_and_an_input_differ_by_parentheses() -> None:
    assert written(expression("gamma*x + gamma(x)", ("x", "gamma"))) == "gamma*x + gamma(x)"
