"""What a reading is given: the operation as it was met, its outputs, and the program that it is written into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.traced import Margin, Unread
from backproof.verify.subjects.tensors.torch.storages import Storages

Reading = Callable[..., Node | list[Node | None]]
"""It is given a Call and the arguments of the operation, and returns a node for each output, None for one without."""

Readings = Mapping[str, Reading]


@dataclass
class Record:
    """What is written down while a rule runs.

    margins: the comparisons; decisions: how many choices depended on data
    factored: by the number of a node with the factors of a matrix, that matrix
    """

    program: Program = field(default_factory=Program)
    margins: list[Margin] = field(default_factory=list)
    decisions: int = 0
    factored: dict[int, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.storages = Storages(self.program)

    def node(self, value: Any) -> Node:
        """What a tensor, or a number, consists of.  Raises Unread for complex ones."""
        if isinstance(value, torch.Tensor):
            return self.storages.node(value)
        if isinstance(value, complex):
            raise Unread("complex numbers")
        return self.program.number(int(value) if isinstance(value, int) else float(value))

    def decided(self, what: str, *margins: Node) -> None:
        """A choice was made, by the signs of these nodes."""
        self.decisions += 1
        self.margins += [Margin(node, what) for node in margins if node.size and not node.is_uniform]


@dataclass(frozen=True)
class Call:
    """One operation.  name: as PyTorch has it, without its namespace and overload; outputs: what it returned."""

    record: Record
    function: Any
    name: str
    outputs: tuple[Any, ...]

    @property
    def program(self) -> Program:
        """Where nodes are made."""
        return self.record.program

    def node(self, value: Any) -> Node:
        """What a tensor, or a number, consists of."""
        return self.record.node(value)

    def take(self, operands: Sequence[Node], numbers: Any) -> Node:
        """Entries of the operands by their numbers, as `Program.take`, for an array of no axes, too."""
        return self.program.reshape(self.program.take(operands, numbers), np.shape(numbers))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the first output."""
        return tuple(self.outputs[0].shape)
