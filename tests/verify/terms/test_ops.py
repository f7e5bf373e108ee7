"""The table of primitives: its facts hold for the functions."""

import pytest
from flint import arb, ctx

from backproof.verify.evaluate.balls import evaluate
from backproof.verify.terms.definitions import build, definition, domain, expanded
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.ops import ARITY, DEFINED, PRIMITIVES, UNARY, by_name
from backproof.verify.terms.term import TRUE, apply, symbol

PLACES = (0.25, 0.5, 1.5, 3, -0.25)
"""Points where functions are evaluated; each has a value at some of them."""


def operands(name):
    return [symbol(operand) for operand in PRIMITIVES[name].operands]


def values_at(term, row):
    for place in PLACES:
        at = {operand: arb(place) + i for i, operand in enumerate(row.operands)}
        if row.operands[0] == "n":
            at["n"] = arb(2)
        yield evaluate(term, at, 128)


@pytest.mark.parametrize("name", [name for name, row in PRIMITIVES.items() if row.definition])
def test_a_definition_is_the_function(name):
    row = PRIMITIVES[name]
    tried = 0
    here, there = apply(name, *operands(name)), definition(name)(*operands(name))
    assert here is not there
    for own, by_others in zip(values_at(here, row), values_at(there, row), strict=True):
        if own.is_finite() and by_others.is_finite():
            tried += 1
            assert own.overlaps(by_others), name
    assert tried


@pytest.mark.parametrize("name", [name for name, row in PRIMITIVES.items() if row.parity])
def test_an_even_or_odd_function_is(name):
    x = symbol("x")
    mirrored = apply(name, -x) if PRIMITIVES[name].parity == "even" else -apply(name, -x)
    with ctx.workprec(128):
        for place in PLACES:
            a, b = (evaluate(t, {"x": arb(place)}) for t in (apply(name, x), mirrored))
            assert a.overlaps(b) or a.is_nan()


@pytest.mark.parametrize("name", [name for name in UNARY if PRIMITIVES[name].domain and name != "tan"])
def test_a_function_has_values_in_its_domain_and_none_outside(name):
    x = symbol("x")
    condition = domain(name)(x)
    for place in (-3, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 3):
        at = {"x": arb(place)}
        inside = evaluate(condition, at)
        assert evaluate(apply(name, x), at).is_finite() == bool(inside), place


def test_a_function_without_a_bound_is_everywhere():
    assert domain("exp")(symbol("x")) is TRUE


@pytest.mark.parametrize("name", DEFINED)
def test_a_defined_function_is_written_out(name):
    row = DEFINED[name]
    found = build(name)(*map(symbol, row.operands))
    assert found.op not in DEFINED
    with pytest.raises(TypeError):
        build(name)(*[1] * (len(row.operands) + 1))


def test_expanding_leaves_what_is_known():
    x = symbol("x")
    root = apply("log1p", apply("expm1", x) + 1)
    assert expanded([root], lambda name: True) == (root,)
    assert written(expanded([root], lambda name: name != "log1p")[0]) == "log(1 + (expm1(x) + 1))"
    assert written(expanded([root], lambda name: False)[0]) == "log(1 + (exp(x) - 1 + 1))"


def test_every_name_leads_to_one_function():
    rows = [*PRIMITIVES.values(), *DEFINED.values()]
    assert len(by_name()) == sum(1 + len(row.names) for row in rows)
    assert set(by_name().values()) == set(ARITY)
