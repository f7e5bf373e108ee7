"""Maxima, sorts, medians and pools of maxima: the entries that won are taken, by the indices of the operation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.torch import choices
from backproof.verify.subjects.tensors.torch.call import Call, Readings
from backproof.verify.subjects.tensors.torch.convolution import Geometry, per_axis
from backproof.verify.subjects.tensors.torch.moves import numbered

Numbers = NDArray[np.int64]
Outputs = list[Node | None]


def won(call: Call, node: Node, winners: Numbers, others: Numbers) -> None:
    """The point has decided between entries, by their numbers; -1 is none: the margins are the differences of pairs."""
    winners, others = np.broadcast_arrays(winners, others)
    pairs, p = (winners != others) & (others >= 0), call.program
    call.record.decided(call.name, p.subtract(p.take([node], winners[pairs]), p.take([node], others[pairs])))


# ------------------------------------------------------------------------------------------------------- extremes


def _rows(a: Any, dim: Any) -> Numbers:
    """The numbers of the entries, with the axes that are meant as the last one."""
    dims = range(a.ndim) if dim is None or dim in ([], ()) else [dim] if isinstance(dim, int) else dim
    over = [k % a.ndim for k in dims] if a.ndim else []
    rest = [k for k in range(a.ndim) if k not in over]
    found = numbered(a.shape).permute(*rest, *over).reshape([*(a.shape[k] for k in rest), -1])
    return np.asarray(found.numpy())


def _places(a: Any, rows: Numbers, largest: bool) -> Numbers:
    """Of each row, the place of its largest or smallest entry."""
    values = a.detach().contiguous().reshape(-1)[torch.from_numpy(rows)]
    return np.asarray((values.argmax(-1) if largest else values.argmin(-1)).numpy())


def extremes(call: Call, node: Node, value: Any, dim: Any, largest: bool, places: Any = None) -> Node:
    """The largest or smallest entries over axes, in the shape of the output; places: where, if PyTorch told it."""
    rows = _rows(value, dim)
    places = _places(value, rows, largest) if places is None else places.numpy().reshape(rows.shape[:-1])
    found = np.take_along_axis(rows, places[..., None], -1)
    won(call, node, found, rows)
    return call.take([node], found.reshape(call.shape))


def _extreme(largest: bool) -> Any:
    """max and min: of two arrays, of an axis, of all entries."""

    def reading(call: Call, a: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if isinstance(dim, torch.Tensor):
            return (choices.larger if largest else choices.smaller)(call, a, dim)
        places = call.outputs[1] if len(call.outputs) > 1 else None
        return [extremes(call, call.node(a), a, dim, largest, places), None][: len(call.outputs)]

    return reading


def _place(largest: bool) -> Any:
    def reading(call: Call, a: Any, dim: Any = None, keepdim: bool = False) -> Outputs:
        extremes(call, call.node(a), a, dim, largest)
        return [None]

    return reading


def _both(call: Call, a: Any, *, dim: Any = None, keepdim: bool = False) -> Outputs:
    return [extremes(call, call.node(a), a, dim, largest) for largest in (False, True)]


# ---------------------------------------------------------------------------------------------------------- orders


def _along(a: Any, indices: Any, dim: int) -> Any:
    """The numbers of the entries at these places along an axis."""
    return torch.take_along_dim(numbered(a.shape), indices, dim) if a.ndim else numbered(())


def _sort(call: Call, a: Any, dim: int = -1, descending: bool = False, *, stable: Any = None) -> Outputs:
    taken = _along(a, call.outputs[1], dim)
    rows = taken.movedim(dim, -1).numpy() if a.ndim else np.zeros((0, 1), np.int64)
    won(call, call.node(a), rows[..., :-1], rows[..., 1:])
    return [call.take([call.node(a)], taken.numpy()), None]


def _top(call: Call, a: Any, k: int, dim: int = -1, largest: bool = True, is_sorted: bool = True) -> Outputs:
    """Each of the k first wins against the next, and the last of them against all the others."""
    taken = _along(a, call.outputs[1], dim)
    if a.ndim and k:
        order = a.detach().argsort(dim=dim, descending=largest, stable=True)
        rows = _along(a, order, dim).movedim(dim, -1).numpy()
        won(call, call.node(a), rows[..., : k - 1], rows[..., 1:k])
        won(call, call.node(a), rows[..., k - 1 : k], rows[..., k:])
    return [call.take([call.node(a)], taken.numpy()), None]


def _one_of_a_row(call: Call, a: Any, dim: int, indices: Any, keepdim: bool) -> Outputs:
    """One entry of each row, such as its median: against all the others of the row."""
    taken = _along(a, indices if keepdim or not a.ndim else indices.unsqueeze(dim), dim).numpy()
    won(call, call.node(a), taken, numbered(a.shape).numpy())
    return [call.take([call.node(a)], taken.reshape(call.shape)), None]


def _kth(call: Call, a: Any, k: int, dim: int = -1, keepdim: bool = False) -> Outputs:
    return _one_of_a_row(call, a, dim, call.outputs[1], keepdim)


def _median(call: Call, a: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    if dim is not None:
        return _one_of_a_row(call, a, dim, call.outputs[1], keepdim)
    place = int((a.detach().reshape(-1) == call.outputs[0].detach()).nonzero()[0])
    won(call, call.node(a), np.array(place), np.arange(a.numel()))
    return call.take([call.node(a)], np.array(place))


def _mode(call: Call, a: Any, dim: int = -1, keepdim: bool = False) -> Outputs:
    return _one_of_a_row(call, a, dim, call.outputs[1], keepdim)


def _cumulative(call: Call, a: Any, dim: int) -> Outputs:
    """The largest or smallest so far: that of the entries before, against the next."""
    taken = _along(a, call.outputs[1], dim)
    if a.ndim:
        rows, best = numbered(a.shape).movedim(dim, -1).numpy(), taken.movedim(dim, -1).numpy()
        won(call, call.node(a), best[..., :-1], rows[..., 1:])
    return [call.take([call.node(a)], taken.numpy()), None]


# ----------------------------------------------------------------------------------------------------------- pools


def _in_planes(indices: Any, image: Sequence[int]) -> Any:
    """Numbers of entries from those within their plane."""
    lead = indices.shape[: indices.ndim - len(image)]
    return indices + numbered(lead).reshape(*lead, *[1] * len(image)) * math.prod(image)


def _rank(call: Call) -> int:
    return 3 if "3d" in call.name else 2


def _max_pool(
    call: Call, a: Any, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Outputs:
    rank = _rank(call)
    winners = _in_planes(call.outputs[1], a.shape[-rank:]).numpy()
    if not ceil_mode:
        kernel, padding, dilation = (per_axis(one, rank) for one in (kernel, padding, dilation))
        at = Geometry(kernel, per_axis(stride or kernel, rank), padding, dilation)
        lead = a.shape[: a.ndim - rank]
        others = at.windows((1, math.prod(lead), *a.shape[-rank:]))[0]
        won(call, call.node(a), winners.reshape(others.shape[0], 1, -1), others)
    else:
        call.record.decisions += 1
    return [call.take([call.node(a)], winners), None]


def _pooled(call: Call, a: Any, *_: Any) -> Outputs:
    """A pool whose windows differ: which entries lost is not recorded."""
    call.record.decisions += 1
    winners = _in_planes(call.outputs[1], a.shape[-_rank(call) :])
    return [call.take([call.node(a)], winners.numpy()), None]


def _max_pool_backward(call: Call, g: Any, a: Any, *rest: Any) -> Node:
    p, places = call.program, _in_planes(rest[-1], a.shape[-_rank(call) :])
    return p.reshape(p.collect(call.node(g), places.numpy(), a.numel()), tuple(a.shape))


READINGS: Readings = {
    **{f"max_pool{n}d_with_indices": _max_pool for n in (2, 3)},
    **{f"max_pool{n}d_with_indices_backward": _max_pool_backward for n in (2, 3)},
    **{f"adaptive_max_pool{n}d": _pooled for n in (2, 3)},
    **{f"adaptive_max_pool{n}d_backward": _max_pool_backward for n in (2, 3)},
    **dict.fromkeys(("max", "amax"), _extreme(True)),
    **dict.fromkeys(("min", "amin"), _extreme(False)),
    **dict.fromkeys(("cummax", "cummin"), _cumulative),
    **dict.fromkeys(("median", "nanmedian"), _median),
    "aminmax": _both,
    "argmax": _place(True),
    "argmin": _place(False),
    "kthvalue": _kth,
    "mode": _mode,
    "sort": _sort,
    "topk": _top,
}
