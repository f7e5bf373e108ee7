"""Operations that add entries up at places, by their numbers: accumulating writes, and transposes of moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.torch.call import Call, Reading, Readings
from backproof.verify.subjects.tensors.torch.moves import moved, numbered
from backproof.verify.subjects.tensors.torch.routing import won

aten = torch.ops.aten


def _added(call: Call, base: Any, source: Node, places: Any) -> Node:
    """base, with entries added at places, which are numbers of entries of base."""
    p = call.program
    return p.add(call.node(base), _collected(call, source, places, tuple(base.shape)))


def _collected(call: Call, source: Node, places: Any, shape: Sequence[int]) -> Node:
    """An array of this shape, to which entries are added at places; -1 drops one."""
    p = call.program
    found = p.collect(p.broadcast(source, tuple(places.shape)), places.numpy(), int(np.prod(shape, dtype=np.int64)))
    return p.reshape(found, tuple(shape))


def _index_put(call: Call, a: Any, indices: Any, values: Any, accumulate: bool = False, *rest: Any, **_: Any) -> Any:
    if not accumulate:
        return moved(call, a, indices, values, accumulate, *rest)
    places = numbered(a.shape)[tuple(slice(None) if index is None else index for index in indices)]
    return _added(call, a, call.node(values), places)


def _put(call: Call, a: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    if not accumulate:
        return moved(call, a, index, source, accumulate)
    return _added(call, a, call.node(source), index % max(a.numel(), 1))


def _index_add(call: Call, a: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Node:
    places = numbered(a.shape).index_select(dim, index.reshape(-1)).reshape(source.shape)
    return _added(call, a, call.program.multiply(call.node(alpha), call.node(source)), places)


def _first(call: Call, source: Any, shape: Sequence[int]) -> Node:
    """The entries of a source that an index of this shape goes with."""
    if isinstance(source, (int, float)):
        return call.node(source)
    return call.take([call.node(source)], numbered(source.shape)[tuple(map(slice, shape))].numpy())


def _scatter_add(call: Call, a: Any, dim: int, index: Any, source: Any) -> Node:
    return _added(call, a, _first(call, source, index.shape), numbered(a.shape).gather(dim, index))


def _scatter(call: Call, a: Any, dim: int, index: Any, source: Any, *, reduce: str = "") -> Any:
    if not reduce:
        return moved(call, a, dim, index, source)
    if reduce != "add":
        raise Unread(f"reduce={reduce!r}")
    return _scatter_add(call, a, dim, index, source)


def _scatter_reduce(
    call: Call, a: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Node:
    """Sums, means and extremes; by index_reduce the same, with an index for each row along the axis."""
    p, numbers = call.program, numbered(a.shape)
    places = numbers.index_select(dim, index) if call.name == "index_reduce" else numbers.gather(dim, index)
    if reduce in ("amax", "amin"):
        return _best(call, a, source[tuple(map(slice, places.shape))], places, reduce == "amax", include_self)
    if reduce not in ("sum", "mean"):
        raise Unread(f"reduce={reduce!r}")
    count = torch.bincount(places.reshape(-1), minlength=a.numel()).reshape(a.shape).numpy()
    start = call.node(a)
    if not include_self:
        start = p.multiply(start, p.constant(count == 0))
    total = p.add(start, _collected(call, _first(call, source, places.shape), places, tuple(a.shape)))
    if reduce == "sum":
        return total
    return p.divide(total, p.constant(count + 1 if include_self else np.maximum(count, 1)))


def _best(call: Call, a: Any, source: Any, places: Any, largest: bool, include_self: bool) -> Node:
    """The largest or smallest of a's own entry and those that arrive in its place; without its own, if any arrive."""
    p, size = call.program, a.numel()
    joined = p.take([call.node(a), call.node(source)], np.arange(size + source.numel()))
    value = torch.cat([a.detach().reshape(-1), source.detach().reshape(-1)]).numpy()
    target = np.append(np.arange(size), places.numpy().reshape(-1))
    competes = np.full(target.size, True)
    if not include_self:
        competes[:size] = ~np.isin(target[:size], target[size:])
    order = np.lexsort((value if largest else -value, competes, target))
    winners = order[np.append(np.diff(target[order]) > 0, True)]
    won(call, joined, winners[target], np.where(competes, np.arange(target.size), -1))
    return p.take([joined], winners.reshape(tuple(a.shape)))


def _embedding_backward(call: Call, g: Any, index: Any, rows: int, padding: int, by_frequency: bool) -> Node:
    p, width = call.program, g.shape[-1]
    places = index.unsqueeze(-1) * width + torch.arange(width)
    places[index == padding] = -1
    weights = call.node(g)
    if by_frequency:
        counts = torch.bincount(index.reshape(-1), minlength=rows)[index].unsqueeze(-1)
        weights = p.divide(weights, p.constant(counts.numpy()))
    return _collected(call, weights, places, (rows, width))


# -------------------------------------------------------------------------------------------- transposes of moves


def _transposed(forward: Callable[..., tuple[Any, Sequence[int]]]) -> Reading:
    """The reading of a transpose.  forward: from its arguments, what the move makes of the numbers, and their shape."""

    def reading(call: Call, g: Any, *arguments: Any, **named: Any) -> Node:
        places, shape = forward(*arguments, **named)
        return _collected(call, call.node(g), places.to(torch.int64), shape)

    return reading


def _pad(name: str) -> Reading:
    def forward(a: Any, padding: Sequence[int]) -> tuple[Any, Sequence[int]]:
        return getattr(aten, name)(numbered(a.shape).double(), padding), a.shape

    return _transposed(forward)


def _upsample(name: str) -> Reading:
    def forward(size: Sequence[int], shape: Sequence[int], *scales: float | None) -> tuple[Any, Sequence[int]]:
        return getattr(aten, name)(numbered(shape).double(), size, *scales), shape

    return _transposed(forward)


def _windows(shape: Sequence[int], dim: int, size: int, step: int) -> tuple[Any, Sequence[int]]:
    return numbered(shape).unfold(dim, size, step), shape


def _columns(call: Call, a: Any, size: Sequence[int], *window: Any) -> Node:
    """col2im: the columns are windows of an image, which overlap; 0 stands for the padding around it."""
    batch = a.shape[:-2]
    columns = aten.im2col(numbered((1, 1, *size)).double() + 1, *window).to(torch.int64) - 1
    rows = columns.shape[1]
    channels, pixels = a.shape[-2] // rows, int(np.prod(size))
    images = numbered((*batch, channels)).reshape(-1, 1, 1) * pixels
    places = torch.where(columns >= 0, columns + images, -1)
    return _collected(call, call.node(a), places.reshape(a.shape), (*batch, channels, *size))


READINGS: Readings = {
    **dict.fromkeys(("index_put", "_index_put_impl", "_unsafe_index_put"), _index_put),
    **dict.fromkeys(("scatter_reduce", "index_reduce"), _scatter_reduce),
    **{f"reflection_pad{n}d_backward": _pad(f"reflection_pad{n}d") for n in (1, 2, 3)},
    **{f"replication_pad{n}d_backward": _pad(f"replication_pad{n}d") for n in (1, 2, 3)},
    **{f"upsample_nearest{n}d_backward": _upsample(f"upsample_nearest{n}d") for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d_backward": _upsample(f"_upsample_nearest_exact{n}d") for n in (1, 2, 3)},
    "col2im": _columns,
    "embedding_dense_backward": _embedding_backward,
    "index_add": _index_add,
    "put": _put,
    "scatter": _scatter,
    "scatter_add": _scatter_add,
    "unfold_backward": _transposed(_windows),
}
