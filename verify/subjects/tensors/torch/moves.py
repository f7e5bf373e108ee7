"""Operations that move entries: run once more on the numbers of the entries, they say where each came from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.torch.call import Call, Readings

_NAMES = """
as_strided_copy as_strided_scatter block_diag cat channel_shuffle clone constant_pad_nd copy diag_embed
diagonal_backward diagonal_copy diagonal_scatter embedding expand_copy fill flip gather im2col index index_copy
index_fill index_select lift_fresh_copy masked_fill masked_scatter masked_scatter_backward masked_select max_unpool2d
max_unpool3d narrow_copy native_channel_shuffle permute_copy pixel_shuffle pixel_unshuffle reflection_pad1d
reflection_pad2d reflection_pad3d repeat repeat_interleave replication_pad1d replication_pad2d replication_pad3d roll
rot90 select_backward select_copy select_scatter slice_backward slice_copy slice_scatter split_copy
split_with_sizes_copy squeeze_copy stack t_copy take transpose_copy tril triu unbind_copy unfold_copy _unsafe_index
_unsafe_masked_index unsafe_split unsafe_split_with_sizes unsqueeze_copy upsample_nearest1d upsample_nearest2d
upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d view_copy where zero
"""

MOVES = frozenset(_NAMES.split())
"""By the names of their functional forms; they neither add up nor change an entry."""

PLACES = frozenset({"index", "indices", "mask", "condition", "repeats"})
"""Arguments, by PyTorch's names, that say which entries; all other tensors are entries."""


def numbered(shape: Sequence[int]) -> Any:
    """A tensor of the numbers of its entries, from 0 on."""
    return torch.arange(math.prod(shape)).reshape(tuple(shape))


class Numbers:
    """The numbers that stand for entries, from 1 on; 0 stands for a zero that the operation puts in."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._operands: list[Node] = []
        self._count = 1

    def _of(self, node: Node) -> NDArray[np.float64]:
        """As floats, so that the operation runs as it did: they are exact below 2**53."""
        numbers = np.arange(self._count, self._count + node.size, dtype=float).reshape(node.shape)
        self._operands.append(node)
        self._count += node.size
        return numbers

    def instead(self, value: Any, name: str, kind: str) -> Any:
        """An argument, with numbers in the place of its entries.  name, kind: in the schema of the operation."""
        if name in PLACES:
            return value
        if isinstance(value, torch.Tensor):
            return torch.from_numpy(self._of(self._call.node(value)))
        if isinstance(value, (list, tuple)):
            return [self.instead(one, name, kind) for one in value]
        if kind == "number" and value is not None:
            return float(self._of(self._call.node(value)))
        return value

    def taken(self, found: Any) -> Node:
        """The node of an output that consists of numbers."""
        return self._call.take(self._operands, found.detach().numpy().astype(np.int64) - 1)


def moved(call: Call, *arguments: Any, **named: Any) -> list[Node | None]:
    """What an operation of MOVES makes."""
    numbers = Numbers(call)
    schema = [(a.name, str(a.type)) for a in call.function._schema.arguments]
    given = [numbers.instead(a, *facts) for a, facts in zip(arguments, schema, strict=False)]
    kinds = dict(schema)
    by_name = {name: numbers.instead(a, name, kinds[name]) for name, a in named.items() if name != "dtype"}
    found = call.function(*given, **by_name)
    return [numbers.taken(one) for one in (found if isinstance(found, (list, tuple)) else [found])]


READINGS: Readings = dict.fromkeys(MOVES, moved)
