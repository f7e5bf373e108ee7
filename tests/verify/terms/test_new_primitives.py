"""Primitives of the language that are no operations of the engine: values, references, intervals, names, printing."""

from __future__ import annotations

import math
from typing import Any

import pytest
import sympy
from flint import arb, ctx

from backproof.verify.evaluate.balls import evaluate
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.reports.formula import formula
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.from_sympy import from_sympy
from backproof.verify.terms.notation.latex import LATEX
from backproof.verify.terms.parser import expression
from backproof.verify.terms.term import apply, symbol
from backproof.verify.terms.to_sympy import to_sympy

X = symbol("x")


def value(text: str, x: Any, prec: int = 128) -> arb:
    return evaluate(expression(text, ["x"]), {"x": arb(x)}, prec)


class TestSinc:
    def test_it_is_1_at_0_and_0_at_pi(self) -> None:
        assert value("sinc(x)", 0) == 1
        assert value("sinc(pi)", 0).contains(0)
        assert value("sinc(x) - sin(x)/x", 2.5).contains(0)

    @pytest.mark.parametrize("ieee", [False, True])
    def test_on_floats(self, ieee: bool) -> None:
        sinc = compile_floats((apply("sinc", X),), ("x",), ieee=ieee)
        assert [sinc(x)[0] for x in (0.0, -2.0)] == [1.0, math.sin(2.0) / 2.0]

    def test_its_derivative(self) -> None:
        partial = derivative(apply("sinc", X), "x")
        assert evaluate(partial, {"x": arb(0)}) == 0
        with ctx.workprec(400):
            near = evaluate(partial + X / 3, {"x": arb(2) ** -40}, 400)
            assert abs(near) < arb(2) ** -120

    def test_in_an_interval_around_0(self) -> None:
        wide = value("sinc(x)", arb(0, 0.5))
        assert wide.is_finite()
        assert wide.contains(1)
        assert wide.contains(value("sinc(x)", 0.5))

    def test_sympy(self) -> None:
        assert str(to_sympy(apply("sinc", X))) == "sinc(x)"
        assert from_sympy(to_sympy(apply("sinc", X))) is apply("sinc", X)

    def test_as_people_write_it(self) -> None:
        assert LATEX(apply("sinc", X)) == r"\operatorname{sinc}(x)"
        assert "<mi>sinc</mi>" in formula("sinc(x)")


class TestEntr:
    def test_it_is_0_at_0_and_1_and_has_no_value_below(self) -> None:
        assert value("entr(x)", 0) == 0
        assert value("entr(x)", 1) == 0
        assert value("entr(x) + x*log(x)", 2.5).contains(0)
        assert value("entr(x)", -1).is_nan()

    @pytest.mark.parametrize("ieee", [False, True])
    def test_on_floats(self, ieee: bool) -> None:
        entr = compile_floats((apply("entr", X),), ("x",), ieee=ieee)
        assert [entr(x)[0] for x in (0.0, 2.0)] == [0.0, -2.0 * math.log(2.0)]
        assert math.isnan(entr(-1.0)[0])

    def test_its_derivative(self) -> None:
        partial = derivative(apply("entr", X), "x")
        assert compile_floats((partial,), ("x",), ieee=True)(0.0)[0] == math.inf
        assert (evaluate(partial, {"x": arb(3)}) + 1 + arb(3).log()).contains(0)

    def test_in_an_interval(self) -> None:
        wide = value("entr(x)", arb(0.5, 0.375))
        assert wide.contains(arb(-1).exp())  # the top, at 1/e
        assert wide.contains(value("entr(x)", 0.875))
        assert wide > 0.1
        assert wide < 0.4

    def test_sympy(self) -> None:
        assert to_sympy(apply("entr", X)).subs(to_sympy(X), 2) == -2 * sympy.log(2)

    def test_as_people_write_it(self) -> None:
        assert LATEX(apply("entr", X)) == r"\operatorname{entr}(x)"
        assert "<mi>entr</mi>" in formula("entr(x)")
