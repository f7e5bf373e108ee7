"""Users' formulas: read by a whitelist, never evaluated; an error points at the character."""

from __future__ import annotations

import contextlib
from fractions import Fraction

import flint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations.quiz.grade import exact, formula
from backproof.derivations.steps.named import spelled_out
from backproof.verify.evaluate.balls import evaluate
from backproof.verify.terms.notation.plain import ASCII, UNICODE
from backproof.verify.terms.parser import ExpressionError, Language, names_in
from backproof.verify.terms.term import Term, apply, constant, symbol

x, y = symbol("x"), symbol("y")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x + y", x + y),
        ("2*x**3 - y/4", constant(2) * x ** constant(3) - y / constant(4)),
        ("-x", -x),
        ("+x", x),
        ("0.1*x", constant(Fraction(1, 10)) * x),
        ("x²·y", x ** constant(2) * y),
        ("x^2", x ** constant(2)),
        ("tanh(x)", apply("tanh", x)),
        ("Φ(x) + x·φ(x)", apply("normal_cdf", x) + x * apply("normal_pdf", x)),
        ("e^(-x)", apply("exp", -x)),
        ("max(x, y)", apply("maximum", x, y)),
    ],
    ids=str,
)
def test_what_is_read(text: str, wanted: Term) -> None:
    assert formula(text, ("x", "y")) is wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *(("x > 0", "1[x > 0]"), ("1[x >= y]", "1[x ≥ y]"), ("1 if x > 0 else y", "{1 if x > 0; else y}")),
        *(("0 < x < 1", "1[0 < x and x < 1]"), ("y·1[x > 0 and y > 0]", "y·1[x > 0 and y > 0]")),
    ],
)
def test_conditions(text: str, wanted: str) -> None:
    assert UNICODE(formula(text, ("x", "y"))) == wanted


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", "empty", 0),
        ("x +", "does not parse", 3),
        ("2x", "star", 0),
        ("x.real", "an attribute", 1),
        ("x + foo(y)", "unknown function 'foo'", 4),
        ("x + foo", "unknown name 'foo'", 4),
        ("tanh", "is a function", 0),
        ("tanh(x, y)", "takes 1 argument", 0),
        ("tanh(x=1)", "no named arguments", 0),
        ("x[0]", "an index", 0),
        ("x if 'a' else y", "a text", 5),
        ("lambda: 1", "a lambda", 0),
        ("[x]", "a list", 0),
        ("x and y", "a condition is needed", 0),
        ("(x := 1)", "an assignment", 1),
        ("x @ y", "this operator", 0),
        ("x // y", r"floor\(a/b\)", 0),
        ("~x", "write `not`", 0),
        ("x in y", "not a comparison", 0),
        ("f'{x}'", "a text", 0),
        ("True*x", "True", 0),
        ("1j*x", "1j", 0),
        ("1e999*x", "cannot be read", 0),
        ("x**99999", "not graded", 0),
        ("x + ☃", "invalid character '☃'", 4),
        ("x + ｙ", "the character 'ｙ' has no meaning", 4),
        ("__import__('os').system('true')", "functions stand alone", 16),
        ("().__class__", "an attribute", 2),
    ],
)
def test_what_is_refused_and_where(text: str, message: str, column: int) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        formula(text, ("x", "y"))
    assert caught.value.column == column + 1
    *_, pointer = caught.value.pointed.splitlines()
    assert pointer == "  " + " " * column + "^"


def test_long_and_deep_formulas_are_refused() -> None:
    with pytest.raises(ExpressionError, match="more than 300"):
        formula("x+" * 600 + "x", ("x",))
    with pytest.raises(ExpressionError, match="deep"):
        formula("-" * 120 + "x", ("x",))


def test_names_in_order() -> None:
    assert names_in("tanh(b*a) + a - max(c, b)", Language({}, {})) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("text", "wanted"), [("1/3", Fraction(1, 3)), ("-0.5", Fraction(-1, 2)), ("2*(1+1)", Fraction(4))]
)
def test_exact_numbers(text: str, wanted: Fraction) -> None:
    assert exact(text) == wanted


@pytest.mark.parametrize("text", ["9**9**9", "1/0", "x", ""])
def test_numbers_that_are_none(text: str) -> None:
    with pytest.raises(ExpressionError):
        exact(text)


@given(st.text(alphabet="xy0123456789.+-*/()[]<>=_ ,'\"eE²√", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but ExpressionError comes out, whatever goes in."""
    with contextlib.suppress(ExpressionError):
        formula(text, ("x", "y"))


_LEAVES = st.sampled_from([x, y, *map(constant, (1, 2, 3)), constant(Fraction(1, 3))])


def _grown(children: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    two = st.tuples(st.sampled_from(("add", "sub", "mul", "div")), children, children)
    one = st.tuples(st.sampled_from(("exp", "tanh", "sqrt", "abs", "sigmoid")), children)
    return st.one_of(two, one).map(lambda parts: apply(*parts))


def _value(term: Term) -> object:
    return evaluate(spelled_out(term), {"x": flint.arb("0.7"), "y": flint.arb("1.3")})


@given(st.recursive(_LEAVES, _grown, max_leaves=8))
def test_what_is_printed_reads_back_as_the_same_number(term: Term) -> None:
    """Brackets are neither missing nor misplaced, in ASCII."""
    text = ASCII(term)
    if "|" in text:  # |x| is for readers
        return
    again = formula(text, ("x", "y"))
    first, second = _value(term), _value(again)
    assert not first.is_finite() or first.overlaps(second)  # type: ignore[attr-defined]
