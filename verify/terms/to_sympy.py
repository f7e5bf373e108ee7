"""Terms as SymPy expressions: for reports, and for SymPy to try where the prover gives up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from backproof.verify.terms.definitions import expanded
from backproof.verify.terms.ops import COMPARISONS, PRIMITIVES
from backproof.verify.terms.term import Term, apply, symbol, topological

_OPS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "neg": lambda a: -a,
    "cbrt": lambda a: sympy.sign(a) * sympy.Abs(a) ** sympy.Rational(1, 3),
    "lgamma": lambda a: sympy.log(sympy.Abs(sympy.gamma(a))),
    "dawsn": lambda a: sympy.sqrt(sympy.pi) / 2 * sympy.exp(-(a**2)) * sympy.erfi(a),
    "ci": lambda a: sympy.Ci(sympy.Abs(a)),
    "spence": lambda a: sympy.polylog(2, 1 - a),
    "gammainc": lambda a, x: sympy.lowergamma(a, x) / sympy.gamma(a),
    "gammaincc": lambda a, x: sympy.uppergamma(a, x) / sympy.gamma(a),
    **{name: getattr(sympy, row.sympy) for name, row in PRIMITIVES.items() if row.sympy},
    "where": lambda condition, a, b: sympy.Piecewise((a, condition), (b, True)),
    **dict(zip(COMPARISONS, (sympy.Lt, sympy.Le, sympy.Gt, sympy.Ge, sympy.Eq, sympy.Ne), strict=True)),
    **{"and": sympy.And, "or": sympy.Or, "not": sympy.Not},
}
"""SymPy's name or formula for it; all others use their definition."""


def to_sympy(term: Term) -> Any:
    """The SymPy expression of a term (or of a condition), in real symbols; shared terms are shared.

    Raises TypeError naming an op that SymPy has no function for.
    """
    return _built(term, {})


def sympy_function(name: str) -> Callable[..., Any]:
    """A primitive of SymPy expressions: SymPy's own function, or the result of its definition."""
    if name in _OPS:
        return _OPS[name]
    operands = PRIMITIVES[name].operands
    form = apply(name, *map(symbol, operands))
    return lambda *x: _built(form, dict(zip(map(symbol, operands), x, strict=True)))


def _built(term: Term, known: Mapping[Term, Any]) -> Any:
    built: dict[Term, Any] = dict(known)
    (term,) = expanded([term], _OPS.__contains__)
    for t in topological(term):
        if t not in built:
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
        raise TypeError(f"{t.op} has no SymPy function in verify/terms/to_sympy.py")
    return _OPS[t.op](*args)
