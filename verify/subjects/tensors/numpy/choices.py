"""Choices that the point makes, entry by entry: comparisons, signs, steps, the larger of two.

An integer or a truth has no node: it is a constant on the path of the point, and what is chosen by it is a `take`.  The
nodes whose signs decided are kept as margins.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.numpy.arrays import constant, node_of, the_tape, value_of, wrapped
from backproof.verify.subjects.tensors.numpy.registry import reads, reads_ufunc
from backproof.verify.subjects.tensors.numpy.tape import Tape
from backproof.verify.subjects.tensors.numpy.values import TracedValue

# ------------------------------------------------------------------------------------------------------- comparisons


def difference(tape: Tape, a: Any, b: Any) -> Node:
    """a - b, of the entries where both are finite: an infinite one is a mask, and turns nowhere."""
    x, y = np.broadcast_arrays(value_of(a), value_of(b))
    nodes = [tape.program.broadcast(node_of(tape, one), x.shape) for one in (a, b)]
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        numbers = np.flatnonzero(finite)
        nodes = [tape.gathered([node], numbers) for node in nodes]
    return tape.program.subtract(*nodes)


def _comparison(name: str) -> None:
    ufunc = getattr(np, name)

    @reads_ufunc(name)
    def compared(a: Any, b: Any) -> Any:
        tape = the_tape(a, b)
        tape.decide(name, difference(tape, a, b))
        return ufunc(value_of(a), value_of(b))


for _name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"):
    _comparison(_name)


def truths(x: Any) -> Any:
    """Where it is not 0: a choice for what is traced."""
    return np.not_equal(x, 0) if isinstance(x, TracedValue) else x


def _logical(name: str) -> None:
    ufunc = getattr(np, name)
    reads_ufunc(name)(lambda *inputs: ufunc(*map(truths, inputs)))


for _name in ("logical_and", "logical_or", "logical_xor", "logical_not"):
    _logical(_name)


def _event(name: str) -> None:
    ufunc = getattr(np, name)

    @reads_ufunc(name)
    def happens(x: Any) -> Any:
        x.tape.decide(name)
        return ufunc(x.value)


for _name in ("isnan", "isinf", "isfinite"):  # of floats: real numbers turn nowhere
    _event(_name)


@reads_ufunc("signbit")
def _signbit(x: Any) -> Any:
    return np.less(x, 0)


def _of_truths(name: str) -> None:
    function = getattr(np, name)
    reads(name)(lambda a, *args, **options: function(truths(a), *args, **options))


for _name in ("any", "all", "count_nonzero", "nonzero", "flatnonzero", "argwhere"):
    _of_truths(_name)


# ---------------------------------------------------------------------------------------------------- signs and steps


@reads_ufunc("sign")
def _sign(x: Any) -> Any:
    x.tape.decide("sign", difference(x.tape, x, 0))
    return constant(x.tape, np.sign(x.value))


@reads_ufunc("absolute", "fabs")
def _absolute(x: Any) -> Any:
    return x * np.sign(x)


def _step(name: str, low: float, high: float) -> None:
    """A function that is a number for all that lie between ``low`` and ``high`` from it."""
    ufunc = getattr(np, name)

    @reads_ufunc(name)
    def stepped(x: Any) -> Any:
        value = ufunc(x.value)
        x.tape.decide(name, difference(x.tape, x, value + low), difference(x.tape, x, value + high))
        return constant(x.tape, value)


for _name, _low, _high in (("floor", 0, 1), ("ceil", -1, 0), ("rint", -0.5, 0.5)):
    _step(_name, _low, _high)


@reads_ufunc("trunc")
def _trunc(x: Any) -> Any:
    """To 0 from both sides."""
    x.tape.decide("trunc", *(difference(x.tape, x, np.trunc(x.value) + end) for end in (-1, 1)))
    return constant(x.tape, np.trunc(x.value))


@reads("fix")
def _fix(x: Any) -> Any:
    return np.trunc(x)


@reads("round", "around")
def _round(a: Any, decimals: int = 0) -> Any:
    np.rint(a * 10.0**decimals)  # the choice
    return constant(a.tape, np.round(a.value, decimals))


@reads_ufunc("divmod")
def _divmod(a: Any, b: Any) -> Any:
    return np.floor_divide(a, b), np.remainder(a, b)


@reads_ufunc("modf")
def _modf(x: Any) -> Any:
    whole = np.trunc(x)
    return x - whole, whole


@reads_ufunc("cbrt")
def _cbrt(x: Any) -> Any:
    sign = np.sign(x)
    root = x.tape.program.power((x * sign).node, Fraction(1, 3))
    return wrapped(x.tape, np.cbrt(x.value), x.tape.program.multiply(sign.node, root))


@reads_ufunc("arctan2")
def _arctan2(y: Any, x: Any) -> Any:
    """atan(y/x), or π/2 - atan(x/y) where that is steeper, on the right half plane; turned by π on the left."""
    steep = np.abs(y) > np.abs(x)
    angle = np.arctan(np.where(steep, x, y) / np.where(steep, y, x))
    up = np.where(np.signbit(y), -1.0, 1.0)
    found = np.where(steep, up * (np.pi / 2) - angle, angle + np.where(np.less(x, 0), up * np.pi, 0.0))
    return wrapped(found.tape, np.arctan2(value_of(y), value_of(x)), found.node)


# -------------------------------------------------------------------------------------------------- the larger of two


def _larger(name: str) -> None:
    ufunc = getattr(np, name)
    no_better = np.less_equal if name in ("minimum", "fmin") else np.greater_equal

    @reads_ufunc(name)
    def chosen(a: Any, b: Any) -> Any:
        tape, x, y = the_tape(a, b), value_of(a), value_of(b)
        first = no_better(x, y) | np.isnan(y if name.startswith("f") else x)
        tape.decide(name, difference(tape, a, b))
        return wrapped(tape, ufunc(x, y), node_of(tape, np.where(first, a, b)))


for _name in ("maximum", "minimum", "fmax", "fmin"):
    _larger(_name)


@reads_ufunc("clip")
def _clipped(x: Any, low: Any, high: Any) -> Any:
    return np.minimum(np.maximum(x, low), high)


@reads("clip")
def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    found = a if low is None else np.maximum(a, low)
    return found if high is None else np.minimum(found, high)
