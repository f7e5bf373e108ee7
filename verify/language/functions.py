"""The functions of the expression language, by name: how many arguments each takes, and the term that it builds.

Most are ops of terms.  Those of the engine that are not (gelu, relu6, logaddexp, ...) are the mirror's formula.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from verify.trace.term import (
    BINARY,
    PARAMETRIC,
    PI,
    SPECIAL,
    TERMS,
    UNARY,
    Term,
    apply,
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


def _op(name: str) -> Callable[..., Term]:
    return lambda *x: apply(name, *x)


def _sign(x: Term) -> Term:
    return where(compare("gt", x, 0), 1, where(compare("lt", x, 0), -1, 0 * x))


def _trunc(x: Term) -> Term:
    return where(compare("ge", x, 0), apply("floor", x), apply("ceil", x))


def _sinc(x: Term) -> Term:
    """sin(πx)/(πx), NumPy's, which is 1 at 0."""
    return where(compare("eq", x, 0), 1, apply("sin", PI * x) / (PI * x))


def _xlogy(x: Term, y: Term) -> Term:
    """x·log(y), and 0 where x is 0, whatever y is."""
    return where(compare("eq", x, 0), 0, x * apply("log", y))


_NAMES = {"maximum": "max", "minimum": "min"}  # what is said here of what terms call otherwise
_ALIASES = {
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{"arctan2": "atan2", "ln": "log", "maximum": "max", "minimum": "min"},
}
_INFIX = ("add", "sub", "mul", "div", "neg")  # these have signs of their own


def _of_terms() -> dict[str, Function]:
    found = {
        **{_NAMES.get(name, name): Function(1, _op(name)) for name in (*UNARY, *SPECIAL) if name not in _INFIX},
        **{_NAMES.get(name, name): Function(2, _op(name)) for name in BINARY if name not in _INFIX},
        **{name: Function(arity, _op(name)) for name, arity in PARAMETRIC.items()},
        **{name: Function(1, getattr(TERMS, name)) for name in ("sigmoid", "softplus", "normal_cdf", "normal_pdf")},
        "sign": Function(1, _sign),
        "trunc": Function(1, _trunc),
        "sinc": Function(1, _sinc),
        "xlogy": Function(2, _xlogy),
        "where": Function(3, where),
    }
    return found | {alias: found[name] for alias, name in _ALIASES.items()}


@cache
def functions() -> dict[str, Function]:
    """All functions, by name."""
    from verify.mirror import MIRROR

    found = _of_terms()
    for name, rows in MIRROR.items():
        if name not in found and name not in _INFIX and name != "power":
            arity = len(rows[0].inputs) + len(rows[0].constants)
            found[name] = Function(arity, _mirrored(name))
    return found


def _mirrored(name: str) -> Callable[..., Term]:
    """The mirror's function: its operands, then its constants (leaky_relu(x, slope))."""

    def build(*arguments: Term) -> Term:
        from verify.mirror import MIRROR
        from verify.trace.from_sympy import from_sympy

        row = MIRROR[name][0]
        names = (*row.inputs, *(str(s) for s, _ in row.constants))
        form: Any = row.stable_form if row.stable_form is not None else row.form
        replaced = dict(zip(map(symbol, names), arguments, strict=True))
        return substitute((from_sympy(form),), replaced)[0]

    return build


CONSTANTS: dict[str, Term] = {"pi": PI, "inf": constant(float("inf")), "nan": constant(float("nan"))}
"""The names that stand for numbers."""
