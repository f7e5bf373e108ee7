"""The functions of the expression language, by name: the number of arguments of each, and the term that it builds.

Most are ops of terms.  Those of the engine that are not (gelu, relu6, logaddexp, ...) use the mirror's formula.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from backproof.verify.terms.definitions import build
from backproof.verify.terms.ops import ARITY, PRIMITIVES, by_name
from backproof.verify.terms.term import (
    FALSE,
    PI,
    TERMS,
    TRUE,
    Term,
    compare,
    constant,
    substitute,
    symbol,
    where,
)


class Function(NamedTuple):
    """arity: the number of arguments; build: terms in, a term out."""

    arity: int
    build: Callable[..., Term]


def _sign(x: Term) -> Term:
    """0 at 0, and NaN for NaN."""
    return where(compare("gt", x, 0), 1, where(compare("lt", x, 0), -1, 0 * x))


_SHORTER = {"max": "maximum", "min": "minimum", "ln": "log"}  # names that only the language has
_SIGNS = ("add", "sub", "mul", "div", "neg")  # these are operators
_ACTIVATIONS = ("sigmoid", "softplus", "normal_cdf", "normal_pdf")


@cache
def functions() -> dict[str, Function]:
    """All functions, by name: the table of primitives, then the mirror where it goes beyond a definition."""
    from backproof.verify.mirror.table import MIRROR

    names = {**by_name(), **_SHORTER}
    found = {
        **{name: _of_table(op) for name, op in names.items() if op not in _SIGNS and "." not in name},
        **{name: Function(1, getattr(TERMS, name)) for name in _ACTIVATIONS},
        "sign": Function(1, _sign),
        "where": Function(3, where),
    }
    for name, specs in MIRROR.items():
        if name not in (*PRIMITIVES, *_SHORTER, *_ACTIVATIONS, *_SIGNS, "power"):
            arity = len(specs[0].inputs) + len(specs[0].constants)
            found[name] = Function(arity, _mirrored(name))
    return found


def _of_table(op: str) -> Function:
    return Function(ARITY[op], lambda *x: build(op)(*x))


def _mirrored(name: str) -> Callable[..., Term]:
    """The mirror's function: its operands, then its constants (leaky_relu(x, slope))."""

    def build(*arguments: Term) -> Term:
        from backproof.verify.mirror.table import MIRROR
        from backproof.verify.terms.from_sympy import from_sympy

        spec = MIRROR[name][0]
        names = (*spec.inputs, *(str(s) for s, _ in spec.constants))
        form: Any = spec.stable_form if spec.stable_form is not None else spec.form
        replaced = dict(zip(map(symbol, names), arguments, strict=True))
        return substitute((from_sympy(form),), replaced)[0]

    return build


CONSTANTS: dict[str, Term] = {
    **{"pi": PI, "inf": constant(float("inf")), "nan": constant(float("nan"))},
    **{"true": TRUE, "false": FALSE},
}
"""The names of numbers, and the two constant conditions."""
