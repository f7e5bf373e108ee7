"""Converts a jaxpr to terms: JAX's own record of a function on scalars, one equation after the other.

Values are real numbers: x != x never holds, everything is finite, and a comparison with infinity is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from backproof.verify.subjects.frameworks.base import Untraceable
from backproof.verify.subjects.frameworks.reals import (
    both,
    bounded,
    chosen,
    compared,
    either,
    larger,
    named,
    neither,
    rounded,
    smaller,
    truncated,
    truth,
    whole_power,
)
from backproof.verify.terms.ops import by_name
from backproof.verify.terms.term import FALSE, TERMS, TRUE, Condition, Term, apply, constant, term, where

_CALLS = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Where an equation keeps the jaxpr that it calls: jit, custom_jvp_call, custom_vjp_call, closed_call, remat."""


def read(closed: Any, arguments: Sequence[Term]) -> tuple[Term, ...]:
    """The results of a closed jaxpr (of scalars) for these arguments.

    Raises Untraceable naming a primitive that has no term.
    """
    return _read(closed.jaxpr, [_value(c) for c in closed.consts], arguments)


def _read(jaxpr: Any, constants: Sequence[Term], arguments: Sequence[Term]) -> tuple[Term, ...]:
    known: dict[int, Term] = {}

    def value(atom: Any) -> Term:
        return _value(atom.val) if hasattr(atom, "val") else known[id(atom)]

    for variables, values in ((jaxpr.constvars, constants), (jaxpr.invars, arguments)):
        known.update((id(v), x) for v, x in zip(variables, values, strict=True))
    for equation in jaxpr.eqns:
        results = _result(equation, [value(atom) for atom in equation.invars])
        known.update((id(v), x) for v, x in zip(equation.outvars, results, strict=True))
    return tuple(value(atom) for atom in jaxpr.outvars)


def _result(equation: Any, x: list[Term]) -> tuple[Term, ...]:
    name, parameters = equation.primitive.name, equation.params
    if name == "cond":
        return _branched(x[0], [read(branch, x[1:]) for branch in parameters["branches"]])
    inner = next((parameters[key] for key in _CALLS if key in parameters), None)
    if inner is not None and name not in ("while", "scan"):
        return read(inner, x) if hasattr(inner, "consts") else _read(inner, (), x)
    for variable in equation.outvars:
        if variable.aval.shape and name != "stack":
            raise Untraceable(f"{name} makes an array of shape {variable.aval.shape}")
    if name == "convert_element_type":
        return (_converted(x[0], equation.invars[0].aval.dtype, parameters["new_dtype"]),)
    reading = _READINGS.get(name)
    if reading is None:
        raise Untraceable(f"there is no term for the primitive {name}")
    return (reading(parameters, *x),)


def _branched(index: Term, branches: list[tuple[Term, ...]]) -> tuple[Term, ...]:
    if len(branches) != 2:
        raise Untraceable(f"a switch of {len(branches)} branches")
    return tuple(chosen(truth(index), b, a) for a, b in zip(*branches, strict=True))


def _value(number: Any) -> Term:
    """The term of a constant of the jaxpr."""
    array = np.asarray(number)
    if array.size != 1:
        raise Untraceable(f"a constant array of shape {array.shape}")
    plain = array.reshape(()).astype(np.float64 if array.dtype.kind not in "biu" else array.dtype).item()
    if isinstance(plain, bool):
        return TRUE if plain else FALSE
    return constant(plain)


def _converted(x: Term, old: Any, new: Any) -> Term:
    """Precision does not affect a real number; conversion to an integer drops the fraction."""
    old, new = np.dtype(old), np.dtype(new)
    if new.kind == "b":
        return truth(x)
    if new.kind in "iu" and old.kind not in "biu":
        return truncated(x)
    if new.kind == "c":
        raise Untraceable("complex numbers")
    return term(x)


def _selected(_: Any, which: Term, *cases: Term) -> Term:
    if len(cases) == 2:
        return chosen(truth(which), cases[1], cases[0])
    result = cases[-1]
    for number, case in reversed(list(enumerate(cases[:-1]))):
        result = chosen(compared("eq", which, number), case, result)
    return result


class _Bits:
    """The bits of a float, of which a term represents only the sign."""

    def __init__(self, x: Term) -> None:
        self.x = x


def _sign_bit(parameters: Any, bits: Any, by: Term) -> Term:
    """The sign bit of 64 bits, as a condition: nonzero where the number is below 0; -0 is the real number 0."""
    if not isinstance(bits, _Bits) or by is not constant(63):
        raise Untraceable("the bits of a number")
    return where(compared("lt", bits.x, 0), -1, 0)


class _Row:
    """A vector of conditions."""

    def __init__(self, conditions: tuple[Condition, ...]) -> None:
        self.conditions = conditions


def _first(_: Any, row: Any) -> Term:
    """The index of the first condition that holds; 0 if none does, as for the largest of equal numbers."""
    if not isinstance(row, _Row):
        raise Untraceable("the index of the largest number")
    result = constant(0)
    for place, condition in reversed(list(enumerate(row.conditions))):
        result = chosen(condition, constant(place), result)
    return result


def _rounded(parameters: Any, x: Term) -> Term:
    if parameters["rounding_method"].name != "TO_NEAREST_EVEN":
        raise Untraceable("ties that are rounded away from 0")
    return rounded(x)


def _polygamma(_: Any, order: Term, x: Term) -> Term:
    name = {constant(0): "digamma", constant(1): "trigamma"}.get(order)
    return apply("polygamma", order, x) if name is None else apply(name, x)


def _named(name: str) -> Callable[..., Term]:
    function = named(name)
    return lambda _, *x: function(*x)


def _comparison(name: str) -> Callable[..., Condition]:
    return lambda _, a, b: compared(name, a, b)


def _logical(function: Callable[..., Condition]) -> Callable[..., Condition]:
    def logical(_: Any, *x: Term) -> Condition:
        conditions = [c for c in x if isinstance(c, Condition)]
        if len(conditions) < len(x):
            raise Untraceable("the bits of integers")
        return reduce(function, conditions) if len(x) > 1 else function(*conditions)

    return logical


def _same(_: Any, x: Term, *__: Term) -> Term:
    return x


_READINGS: dict[str, Callable[..., Any]] = {
    **{name: _named(function) for name, function in by_name("numpy").items()},
    **{name: _comparison(name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
    **dict.fromkeys(
        ("broadcast_in_dim", "reshape", "squeeze", "copy", "copy_p", "reduce_precision", "stop_gradient", "real"), _same
    ),
    "add_any": _named("add"),
    "erf_inv": _named("erfinv"),
    "max": lambda _, a, b: larger(a, b),
    "min": lambda _, a, b: smaller(a, b),
    "clamp": lambda _, low, x, high: bounded(x, low, high),
    "and": _logical(both),
    "or": _logical(either),
    "not": _logical(neither),
    "is_finite": lambda _, x: TRUE,
    "select_n": _selected,
    "rem": lambda _, x, y: x - y * truncated(x / y),
    "integer_pow": lambda p, x: whole_power(x, p["y"]),
    "rsqrt": lambda _, x: 1 / TERMS.sqrt(x),
    "logistic": _named("expit"),
    "polygamma": _polygamma,
    "round": _rounded,
    "igamma": _named("gammainc"),
    "igammac": _named("gammaincc"),
    "regularized_incomplete_beta": _named("betainc"),
    "bessel_i0e": lambda _, x: apply("bessel_ie", 0, x),
    "bessel_i1e": lambda _, x: apply("bessel_ie", 1, x),
    "bitcast_convert_type": lambda _, x: _Bits(x),
    "shift_right_arithmetic": _sign_bit,
    "shift_right_logical": _sign_bit,
    "stack": lambda _, *conditions: _Row(tuple(map(truth, conditions))),
    "argmax": _first,
    "empty2": lambda _: constant(float("nan")),  # the value of a branch that is not taken
}
"""The term of each primitive: its parameters, then its operands."""
