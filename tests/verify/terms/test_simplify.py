"""The one simplifier: it removes trivial parts, and leaves everything else as written."""

from __future__ import annotations

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from backproof.verify.evaluate.balls import evaluate
from backproof.verify.terms.simplify import rewrite, simplify
from backproof.verify.terms.term import Term, apply, compare, constant, substitute, symbol, where

x, y = symbol("x"), symbol("y")
positive, small = where(compare("gt", x, 0), 1, 0), where(compare("lt", x, 6), 1, 0)


@pytest.mark.parametrize(
    ("formula", "simple", "folded"),
    [
        (x + 0, x, x),
        (0 + x * 1, x, x),
        (x - 0, x, x),
        (x / 1, x, x),
        (1 * x * y, x * y, x * y),
        (-1 * x, -x, -x),
        (apply("exp", 0 + x), apply("exp", x), apply("exp", x)),
        (0 - x, 0 - x, -x),
        (x * 0, x * 0, constant(0)),
        (0 / x, 0 / x, constant(0)),
        (x - (-y), x - (-y), x + y),
        (x + (-y), x + (-y), x - y),
        (apply("neg", -x), apply("neg", -x), x),
        (-constant(2), constant(-2), constant(-2)),
        ((-x) * y, (-x) * y, -(x * y)),
        ((-x) * (-y), (-x) * (-y), x * y),
        (x / (-y), x / (-y), -(x / y)),
        (x / constant(-2), x / constant(-2), -(x / 2)),
        (x * 2, x * 2, 2 * x),
        (x ** (constant(2) - 1), x ** (constant(2) - 1), x),
        (constant(2) * 3 + x, constant(2) * 3 + x, constant(6) + x),
        (constant(3) - 3 + x, constant(3) - 3 + x, x),
        (constant(3) + (-3) + x, constant(3) + (-3) + x, x),
        (where(compare("gt", x, 0), y, y), where(compare("gt", x, 0), y, y), y),
    ],
    ids=str,
)
def test_trivial_parts_go(formula: Term, simple: Term, folded: Term) -> None:
    assert simplify(formula) is simple
    assert simplify(formula, fold=True) is folded


def test_a_condition_used_as_a_number_is_one() -> None:
    both = where(compare("ne", positive * small, 0), x, y)
    assert simplify(both, fold=True) is where(compare("gt", x, 0) & compare("lt", x, 6), x, y)


def test_it_does_no_algebra() -> None:
    for formula in (x + x, x / x, x * x, x**2 / x, apply("log", apply("exp", x))):
        assert simplify(formula) is simplify(formula, fold=True) is formula


def test_a_rewriting_is_applied_from_the_inside_out() -> None:
    halved = rewrite((4 * x, 2 + y), lambda t: constant(t.value / 2) if t.op == "const" else None)
    assert halved == (2 * x, 1 + y)


def test_a_shared_part_is_rewritten_once() -> None:
    """2**100 occurrences of x."""
    shared, seen = x + 0, []
    for _ in range(100):
        shared = shared * shared
    simplify(substitute((shared,), {y: x})[0])
    rewrite((shared,), seen.append)
    assert len(seen) == 103


_LEAVES = st.sampled_from([x, y, *map(constant, (-1, 0, 1, 2))])


def _grown(children: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    two = st.tuples(st.sampled_from(("add", "sub", "mul", "div")), children, children)
    return st.one_of(two, st.tuples(st.just("neg"), children)).map(lambda parts: apply(*parts))


@given(st.recursive(_LEAVES, _grown, max_leaves=10), st.booleans())
def test_it_stays_the_same_number(formula: Term, fold: bool) -> None:
    at = {"x": arb("0.7"), "y": arb("-1.3")}
    before, after = evaluate(formula, at), evaluate(simplify(formula, fold=fold), at)
    assert not before.is_finite() or before.overlaps(after)
