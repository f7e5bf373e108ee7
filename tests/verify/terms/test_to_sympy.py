"""Terms to SymPy and back."""

import pytest
import sympy

from backproof.verify.mirror.table import SPECS
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.terms.from_sympy import from_sympy
from backproof.verify.terms.term import TERMS, apply, compare, constant, symbol, where
from backproof.verify.terms.to_sympy import to_sympy

x, y = symbol("x"), symbol("y")
u, v = sympy.symbols("x y", real=True)


@pytest.mark.parametrize("spec", SPECS, ids=[f"{r.op} {r.case}".strip() for r in SPECS])
def test_there_and_back(spec) -> None:
    """The mirror's functions survive the conversion to terms and back."""
    back = to_sympy(from_sympy(spec.definition))
    for at in ({u: 0.3, v: 0.7}, {u: 0.9, v: -0.2}):
        if spec.op in ("acosh",):
            at = {u: 1.5}
        expected = complex(spec.definition.subs(at))
        assert complex(back.subs(at)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("operation", [o for o, _ in own_engine().operations()], ids=lambda o: o.name)
def test_every_trace_of_the_engine_has_an_expression(operation) -> None:
    trace = operation.traced()
    for term in (trace.forward, *trace.gradients):
        to_sympy(term)


def test_numbers_stay_exact() -> None:
    assert to_sympy(constant(0.5) * x + TERMS.ratio(1, 3)) == u / 2 + sympy.Rational(1, 3)


def test_conditions_become_relations() -> None:
    assert to_sympy(where(compare("gt", x, y), x, 0)) == sympy.Piecewise((u, u > v), (0, True))


def test_an_unknown_op_is_named() -> None:
    with pytest.raises(TypeError, match="frobnicate has no SymPy function"):
        to_sympy(apply("frobnicate", x))
