"""Choices among the entries along an axis: the largest, its place, an order; and places in a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.numpy.arrays import as_traced, node_of, the_tape, value_of, wrapped
from backproof.verify.subjects.tensors.numpy.choices import difference
from backproof.verify.subjects.tensors.numpy.registry import reads, reads_method
from backproof.verify.subjects.tensors.numpy.tape import Tape


class Rows(NamedTuple):
    """An array with the axes that are looked along laid together as the last one: its node and its floats."""

    tape: Tape
    node: Node
    floats: NDArray[np.float64]

    def picked(self, places: Any) -> Node:
        """The entries at these places of each row."""
        numbers = np.arange(self.node.size).reshape(self.node.shape)
        return self.tape.gathered([self.node], np.take_along_axis(numbers, places, -1))

    def decide(self, what: str, first: Any) -> None:
        """Note that the entry at this place of each row came before its others."""
        count = self.floats.shape[-1]
        others = np.arange(count - 1) + (np.arange(count - 1) >= first[..., None])
        self.compare(what, np.broadcast_to(first[..., None], others.shape), others)

    def decide_order(self, what: str, places: Any) -> None:
        """Note that the entries at these places of each row come one after another."""
        self.compare(what, places[..., 1:], places[..., :-1])

    def compare(self, what: str, places: Any, others: Any) -> None:
        """Note that the entries at these places were compared with others of their rows."""
        first, second = (
            wrapped(self.tape, np.take_along_axis(self.floats, at, -1), self.picked(at)) for at in (places, others)
        )
        self.tape.decide(what, difference(self.tape, first, second))


def rows(x: Any, axis: Any) -> Rows:
    """The entries of an array in rows along some axes; None: all in one."""
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
    over = tuple(int(k) % x.ndim for k in axes)
    rest = tuple(k for k in range(x.ndim) if k not in over)
    turned = x.value.transpose(*rest, *over)
    shape = (*turned.shape[: len(rest)], int(np.prod(turned.shape[len(rest) :], dtype=int)))
    node = x.tape.program.reshape(x.tape.program.permute(x.node, (*rest, *over)), shape)
    return Rows(x.tape, node, turned.reshape(shape))


# -------------------------------------------------------------------------------------------------------- the largest


def _extreme(name: str, place: Callable[..., Any], larger: Any, *names: str) -> None:
    function = getattr(np, name)
    nothing = -np.inf if larger is np.maximum else np.inf

    @reads(name, *names)
    def extreme(a: Any, axis: Any = None, *, keepdims: Any = False, initial: Any = None, where: Any = True) -> Any:
        tape = the_tape(a, initial)
        x: Any = as_traced(tape, a) if where is True else np.where(where, a, nothing)
        value = function(x.value, axis=axis, keepdims=bool(keepdims))
        found = rows(x, axis)
        places = place(found.floats, -1)
        found.decide(name, places)
        node = tape.program.reshape(found.picked(places[..., None]), np.shape(value))
        result = wrapped(tape, value, node)
        return result if initial is None else larger(result, initial)


_extreme("max", np.argmax, np.maximum, "amax")
_extreme("min", np.argmin, np.minimum, "amin")
_extreme("nanmax", np.nanargmax, np.maximum)
_extreme("nanmin", np.nanargmin, np.minimum)


def _place(name: str) -> None:
    function = getattr(np, name)

    @reads(name)
    def place(a: Any, axis: Any = None, **options: Any) -> Any:
        found = rows(a, axis)
        found.decide(name, function(found.floats, -1))
        return function(a.value, axis, **options)


for _name in ("argmax", "argmin", "nanargmax", "nanargmin"):
    _place(_name)


@reads("ptp")
def _ptp(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    return np.max(a, axis, keepdims=bool(keepdims)) - np.min(a, axis, keepdims=bool(keepdims))


@reads_method("accumulate", "maximum", "minimum")
def _largest_so_far(ufunc: np.ufunc, x: Any, axis: int = 0) -> Any:
    found = rows(x, axis)
    at = np.arange(found.floats.shape[-1])
    best = np.where(found.floats == ufunc.accumulate(found.floats, -1), at, 0)
    places = np.maximum.accumulate(best, -1)
    found.compare(ufunc.__name__, places[..., :-1], np.broadcast_to(at[1:], places[..., 1:].shape))
    axes = [*(k for k in range(x.ndim) if k != axis % x.ndim), axis % x.ndim]
    node = x.tape.program.permute(found.picked(places), np.argsort(axes).tolist())
    return wrapped(x.tape, ufunc.accumulate(x.value, axis), node)


# ------------------------------------------------------------------------------------------------------------- orders


def _ordered(a: Any, axis: Any, order: Callable[..., Any]) -> tuple[Any, Any]:
    """An array, flat for no axis, and the places of its entries in their order."""
    along = -1 if axis is None else axis
    x: Any = np.ravel(a) if axis is None else a
    places = order(x.value, along)
    rows(x, along).decide_order("sort", np.moveaxis(places, along, -1))
    return x, places


def _by_sort(kind: Any, stable: Any) -> Callable[..., Any]:
    return lambda x, axis: np.argsort(x, axis, kind, stable=stable)


@reads("argsort")
def _argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    return _ordered(a, axis, _by_sort(kind, stable))[1]


@reads("sort")
def _sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    x, places = _ordered(a, axis, _by_sort(kind, stable))
    return np.take_along_axis(x, places, -1 if axis is None else axis)


@reads("argpartition")
def _argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
    return _ordered(a, axis, lambda x, along: np.argpartition(x, kth, along, kind))[1]


@reads("partition")
def _partition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
    """As sorted entirely, which is one of the orders that NumPy may return, where that is what it returned."""
    along = -1 if axis is None else axis
    x, places = _ordered(a, axis, lambda y, along: np.argpartition(y, kth, along, kind))
    found: Any = np.take_along_axis(x, places, along)
    if not np.array_equal(found.value, np.partition(value_of(a), kth, axis, kind)):
        raise x.tape.refuse("no reading of numpy.partition, whose order here is not that of argpartition")
    return found


def _quantile_of(name: str, whole: int) -> None:
    """Between the entries on both sides of its place in the order; ``whole``: what stands for all of them."""
    function = getattr(np, name)

    @reads(name)
    def quantile(
        a: Any, q: Any, axis: Any = None, method: Any = "linear", keepdims: Any = False, **options: Any
    ) -> Any:
        if method != "linear" or options.keys() - {"overwrite_input"}:
            raise a.tape.refuse(f"no reading of numpy.{name} but by the linear method, without weights")
        value = function(a.value, q, axis, keepdims=bool(keepdims))
        found = rows(a, axis)
        places = np.argsort(found.floats, -1)
        found.decide_order(name, places)
        ordered: Any = wrapped(a.tape, np.sort(found.floats, -1), found.picked(places))
        place = np.asarray(q) / whole * (found.floats.shape[-1] - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, found.floats.shape[-1] - 1)
        parts = np.take(ordered, low, -1) * (1 - (place - low)) + np.take(ordered, high, -1) * (place - low)
        axes = range(parts.ndim - place.ndim, parts.ndim)
        parts = np.moveaxis(parts, tuple(axes), tuple(range(place.ndim)))
        return wrapped(a.tape, value, a.tape.program.reshape(parts.node, np.shape(value)))


_quantile_of("quantile", 1)
_quantile_of("percentile", 100)


# ------------------------------------------------------------------------------------------------------------- tables


@reads("searchsorted")
def _searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    tape = the_tape(a, v)
    places = np.searchsorted(value_of(a), value_of(v), side, value_of(sorter))
    table = a if sorter is None else np.take(a, sorter)
    last = np.shape(value_of(a))[0] - 1
    if last >= 0:
        ends = [np.take(table, np.clip(places - one, 0, last)) for one in (1, 0)]
        tape.decide("searchsorted", *(difference(tape, v, end) for end in ends))
    return places


@reads("digitize")
def _digitize(x: Any, bins: Any, right: bool = False) -> Any:
    if np.all(np.diff(value_of(bins)) >= 0):
        return np.searchsorted(bins, x, "left" if right else "right")
    return np.shape(value_of(bins))[0] - np.searchsorted(np.flip(bins), x, "right" if right else "left")


@reads("interp")
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """On the segment that the point chooses."""
    tape = the_tape(x, xp, fp)
    value = np.interp(*map(value_of, (x, xp, fp, left, right)), period)  # type: ignore[call-overload]
    if period is not None:
        raise tape.refuse("no reading of numpy.interp with a period")
    count = np.shape(value_of(xp))[0]
    at = np.clip(np.searchsorted(xp, x, "right") - 1, 0, max(count - 2, 0))
    xs, fs = ([np.take(part, np.minimum(at + k, count - 1)) for k in (0, 1)] for part in (xp, fp))
    part = np.subtract(x, xs[0]) / (np.subtract(xs[1], xs[0]) if count > 1 else 1)
    found = fs[0] + part * np.subtract(fs[1], fs[0])
    ends = np.take(fp, [0, -1])
    found = np.where(np.less(x, np.take(xp, 0)), ends[0] if left is None else left, found)
    found = np.where(np.greater(x, np.take(xp, -1)), ends[1] if right is None else right, found)
    return wrapped(tape, value, tape.program.broadcast(node_of(tape, found), np.shape(value)))


def _of_shape(name: str) -> None:
    function = getattr(np, name)
    reads(name)(lambda *args, **options: function(*map(value_of, args), **options))


for _name in ("shape", "ndim", "size", "iscomplexobj", "isrealobj", "result_type", "may_share_memory", "shares_memory"):
    _of_shape(_name)


@reads("unique")
def _unique(ar: Any, **options: Any) -> Any:
    """Sorted, each number once."""
    if options:
        raise ar.tape.refuse(f"no reading of numpy.unique with {', '.join(options)}")
    flat: Any = np.ravel(ar)
    rows(flat, 0).decide_order("unique", np.argsort(flat.value))
    return np.take(flat, np.unique(flat.value, return_index=True)[1])


@reads("bincount")
def _bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """The sums of the weights of each integer."""
    tape = the_tape(weights)
    value = np.bincount(x, value_of(weights), minlength)
    return wrapped(tape, value, tape.program.collect(node_of(tape, weights), x, value.size))

