"""Terms as SymPy expressions: for people to read, and for SymPy to have a try where the prover gives up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from verify.trace.term import Term, topological

_OPS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "neg": lambda a: -a,
    "abs": sympy.Abs,
    "cbrt": lambda a: sympy.sign(a) * sympy.Abs(a) ** sympy.Rational(1, 3),
    "expm1": lambda a: sympy.exp(a) - 1,
    "log1p": lambda a: sympy.log(1 + a),
    "hypot": lambda a, b: sympy.sqrt(a**2 + b**2),
    "maximum": sympy.Max,
    "minimum": sympy.Min,
    "ceil": sympy.ceiling,
    "erfinv": sympy.erfinv,
    "gamma": sympy.gamma,
    "lgamma": lambda a: sympy.log(sympy.Abs(sympy.gamma(a))),
    "digamma": sympy.digamma,
    "trigamma": sympy.trigamma,
    "polygamma": sympy.polygamma,
    "expi": sympy.Ei,
    "spence": lambda a: sympy.polylog(2, 1 - a),
    **{f"bessel_{kind}": getattr(sympy, f"bessel{kind}") for kind in "jyik"},
    "bessel_ie": lambda n, a: sympy.exp(-sympy.Abs(a)) * sympy.besseli(n, a),
    "gammainc": lambda a, x: sympy.lowergamma(a, x) / sympy.gamma(a),
    "gammaincc": lambda a, x: sympy.uppergamma(a, x) / sympy.gamma(a),
    "where": lambda condition, a, b: sympy.Piecewise((a, condition), (b, True)),
    "lt": sympy.Lt,
    "le": sympy.Le,
    "gt": sympy.Gt,
    "ge": sympy.Ge,
    "eq": sympy.Eq,
    "ne": sympy.Ne,
    "and": sympy.And,
    "or": sympy.Or,
    "not": sympy.Not,
    **{
        name: getattr(sympy, name)
        for name in (
            *("sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "floor"),
            *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc"),
        )
    },
}


def to_sympy(term: Term) -> Any:
    """The SymPy expression of a term (or of a condition), in real symbols; shared terms are shared.

    Raises TypeError naming an op that SymPy has no function for.
    """
    built: dict[Term, Any] = {}
    for t in topological(term):
        built[t] = _leaf(t) if not t.args else _applied(t, [built[a] for a in t.args])
    return built[term]


def _leaf(t: Term) -> Any:
    match t.op:
        case "const":
            return sympy.Rational(t.value.numerator, t.value.denominator)
        case "symbol":
            return sympy.Symbol(t.value, real=True)
        case "pi":
            return sympy.pi
        case "special":
            return {"inf": sympy.oo, "-inf": -sympy.oo}.get(t.value, sympy.nan)
        case _:
            return sympy.true if t.op == "true" else sympy.false


def _applied(t: Term, args: list[Any]) -> Any:
    if t.op not in _OPS:
        raise TypeError(f"{t.op} has no SymPy function in verify/trace/to_sympy.py")
    return _OPS[t.op](*args)
