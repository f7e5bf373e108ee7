"""SymPy expressions: a rule runs on formulas for people to read.

Symbols should be real, ``Symbol("x", real=True)``.  A plain float in a function becomes its exact
fraction; comparisons give ``Piecewise`` indicators.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy import And, Integer, Ne, Piecewise, Rational

from backproof.engine.arithmetic import Arithmetic, register
from backproof.verify.terms.ops import ENGINE
from backproof.verify.terms.to_sympy import sympy_function


def _exact(x: Any) -> Any:
    """A plain number as an exact number."""
    if isinstance(x, float) and x - x == 0:
        return Rational(x)
    return sympy.sympify(x)


def _leaf(x: Any) -> Any:
    if x.is_extended_real is False:
        raise TypeError(
            f"{x} is not real: derivatives here are of real functions; use Symbol('x', real=True)"
        )
    return x


def _of(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *x: function(*map(_exact, x))


def _indicator(relation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return _of(lambda a, b: Piecewise((Integer(1), relation(a, b)), (Integer(0), True)))


def _condition(indicator: Any) -> Any:
    """The condition that an indicator 1[c], or a product of such, stands for."""
    match indicator:
        case Piecewise(args=((Integer(p=1), holds), (Integer(p=0), otherwise))) if otherwise == True:  # noqa: E712
            return holds
        case sympy.Mul(args=factors):
            return And(*map(_condition, factors))
        case sympy.logic.boolalg.Boolean():
            return indicator
        case _:
            return Ne(indicator, 0)


def _where(condition: Any, a: Any, b: Any) -> Any:
    return Piecewise((_exact(a), _condition(sympy.sympify(condition))), (_exact(b), True))


SYMBOLS = Arithmetic(
    "SymPy",
    {
        **{name: _of(sympy_function(name)) for name in ENGINE},
        "pi": sympy.pi,
        "ratio": Rational,
        "leaf": _leaf,
        "one": lambda _: Integer(1),
        "divide": _of(lambda a, b: a / b),
        "pow": _of(sympy.Pow),
        "ge": _indicator(sympy.Ge),
        "gt": _indicator(sympy.Gt),
        "le": _indicator(sympy.Le),
        "lt": _indicator(sympy.Lt),
        "where": _where,
        "sign": _of(sympy.sign),
    },
)

register(sympy.Expr, SYMBOLS)
