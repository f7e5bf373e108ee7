"""Sums, means, variances and products along axes, and running ones."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.numpy.arrays import as_traced, node_of, the_tape, value_of, wrapped
from backproof.verify.subjects.tensors.numpy.makers import unset
from backproof.verify.subjects.tensors.numpy.registry import ALWAYS, reads, reads_method
from backproof.verify.subjects.tensors.numpy.tape import Tape


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    """The axes that are summed over, counted from the first."""
    return tuple(range(x.ndim)) if axis is None else tuple(int(k) % x.ndim for k in np.atleast_1d(axis))


@reads("sum")
def _sum(
    a: Any, axis: Any = None, dtype: Any = None, *, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    x: Any = as_traced(the_tape(a, initial), a)
    x = x if where is True else np.where(where, x, 0.0)
    value = np.sum(x.value, axis=axis, keepdims=bool(keepdims))
    found = wrapped(x.tape, value, x.tape.program.reshape(x.tape.program.sum(x.node, _axes(x, axis)), np.shape(value)))
    return found if initial is None else found + initial


@reads("mean")
def _mean(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: Any = False, where: Any = True) -> Any:
    x: Any = as_traced(the_tape(a), a)
    value = np.mean(x.value, axis=axis, keepdims=bool(keepdims), where=where)
    total = _sum(x, axis, keepdims=keepdims, where=where)
    return wrapped(x.tape, value, node_of(x.tape, total * _one_part(x, axis, where, 0, keepdims)))


def _one_part(x: Any, axis: Any, where: Any, less: Any, keepdims: Any) -> Any:
    """1/n for the n entries that are added up, but for ``less``: exact where that is one number."""
    if where is True:
        count = Fraction(int(np.prod([x.shape[k] for k in _axes(x, axis)], dtype=int))) - Fraction(less)
        return _exact(x.tape, 1 / count) if count > 0 else np.float64(np.nan)
    return 1.0 / (np.sum(np.broadcast_to(where, x.shape), axis=axis, keepdims=bool(keepdims)) - less)


def _exact(tape: Tape, number: Fraction) -> Any:
    return wrapped(tape, float(number), tape.program.number(number))


@reads("var")
def _var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    *,
    ddof: Any = 0,
    keepdims: Any = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    x = as_traced(the_tape(a, mean), a)
    less = ddof if correction is None else correction
    given = {} if mean is None else {"mean": value_of(mean)}
    value = np.var(x.value, axis=axis, ddof=less, keepdims=bool(keepdims), where=where, **given)
    centre = _mean(x, axis, keepdims=True, where=where) if mean is None else mean
    total = _sum(np.square(x - centre), axis, keepdims=keepdims, where=where)
    return wrapped(x.tape, value, node_of(x.tape, total * _one_part(x, axis, where, less, keepdims)))


@reads("std")
def _std(*args: Any, **options: Any) -> Any:
    return np.sqrt(_var(*args, **options))


@reads("prod")
def _prod(
    a: Any, axis: Any = None, dtype: Any = None, *, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    x: Any = as_traced(the_tape(a, initial), a)
    x = x if where is True else np.where(where, x, 1.0)
    value = np.prod(x.value, axis=axis, keepdims=bool(keepdims))
    node = x.node
    for k in sorted(_axes(x, axis), reverse=True):
        node = x.tape.program.product(node, k)
    found = wrapped(x.tape, value, x.tape.program.reshape(node, np.shape(value)))
    return found if initial is None else found * initial


def _without_nan(name: str, plain: Callable[..., Any]) -> None:
    """As of the entries alone that are numbers."""

    @reads(name)
    def found(a: Any, axis: Any = None, *args: Any, **options: Any) -> Any:
        missing = np.isnan(a)
        return plain(a, axis, *args, **options, **({"where": ~missing} if missing.any() else {}))


for _name in ("sum", "mean", "var", "std", "prod"):
    _without_nan(f"nan{_name}", getattr(np, _name))


@reads("nanmedian")
def _nanmedian(a: Any, axis: Any = None, **options: Any) -> Any:
    if np.isnan(a).any():
        raise a.tape.refuse("no reading of numpy.nanmedian where numbers are missing")
    return np.median(a, axis, **options)


# ------------------------------------------------------------------------------------------------------- running ones


def running(tape: Tape, node: Node, join: Callable[[Node, Node], Node]) -> Node:
    """Along the last axis, from its start to each place, in log n steps.

    Hillis and Steele, Data parallel algorithms, CACM 29 (1986), section "Sum of an array of numbers".
    """
    count, step = node.shape[-1], 1
    numbers = np.arange(node.size).reshape(node.shape)
    while step < count:
        joined = join(tape.gathered([node], numbers[..., :-step]), tape.gathered([node], numbers[..., step:]))
        beyond = node.size + np.arange(joined.size).reshape(joined.shape)
        node = tape.gathered([node, joined], np.concatenate([numbers[..., :step], beyond], -1))
        step *= 2
    return node


def _running(name: str, join: str) -> None:
    function = getattr(np, name)

    @reads(name)
    def found(a: Any, axis: Any = None, dtype: Any = None) -> Any:
        x: Any = as_traced(the_tape(a), a)
        x, axis = (np.ravel(x), 0) if axis is None else (x, axis % x.ndim)
        axes = [*(k for k in range(x.ndim) if k != axis), axis]
        program = x.tape.program
        node = running(x.tape, program.permute(x.node, axes), getattr(program, join))
        return wrapped(x.tape, function(x.value, axis), program.permute(node, np.argsort(axes).tolist()))


_running("cumsum", "add")
_running("cumprod", "multiply")


# ----------------------------------------------------------------------------------------------- as methods of ufuncs

_REDUCED: dict[str, Callable[..., Any]] = {
    "add": np.sum,
    "multiply": np.prod,
    "maximum": np.max,
    "minimum": np.min,
    "logical_and": np.all,
    "logical_or": np.any,
}


@reads_method("reduce", *_REDUCED)
def _reduce(ufunc: np.ufunc, x: Any, axis: Any = 0, **options: Any) -> Any:
    return _REDUCED[ufunc.__name__](x, axis=axis, **options)


@reads_method("reduce", "logaddexp")
def _log_of_sum(ufunc: np.ufunc, x: Any, axis: Any = 0, keepdims: bool = False) -> Any:
    largest = np.max(x, axis=axis, keepdims=True)
    found = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return found if keepdims else np.squeeze(found, axis)


@reads_method("accumulate", "add")
def _running_sum(ufunc: np.ufunc, x: Any, axis: int = 0) -> Any:
    return np.cumsum(x, axis)


@reads_method("accumulate", "multiply")
def _running_product(ufunc: np.ufunc, x: Any, axis: int = 0) -> Any:
    return np.cumprod(x, axis)


@reads_method("reduceat", *_REDUCED)
def _reduce_pieces(ufunc: np.ufunc, x: Any, places: Any, axis: int = 0) -> Any:
    """From each place to the next; of one that is not before the next the entry alone."""
    first = np.moveaxis(x, axis, 0)
    ends = [*places[1:], len(first)]
    pieces = [ufunc.reduce(first[a : max(b, a + 1)], axis=0) for a, b in zip(places, ends, strict=True)]
    return np.moveaxis(np.stack(pieces), 0, axis)


# -------------------------------------------------------------------------------------------------- arrays like others


def _like(name: str) -> None:
    function = getattr(np, name)

    @reads(name)
    def made(a: Any, *args: Any, **options: Any) -> Any:
        value = function(a.value, *args, **options)
        return wrapped(a.tape, value, a.tape.program.constant(value)) if value.dtype.kind == "f" else value


_like("zeros_like")
_like("ones_like")


def _empty_like(prototype: Any, *args: Any, **options: Any) -> Any:
    return unset(np.zeros_like(prototype, *args, **options))


ALWAYS[np.empty_like] = _empty_like


@reads("full_like")
def _full_like(a: Any, fill_value: Any, *args: Any, **options: Any) -> Any:
    found = np.zeros_like(a, *args, **options)
    found[...] = fill_value
    return found
