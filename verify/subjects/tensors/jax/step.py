"""One step of the walk: a primitive of JAX with its operands, and what is written down of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import jax
import numpy as np

from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.traced import Margin


class Value(NamedTuple):
    """An array as it is at the point, and its node if it depends on a leaf; arrays without one are constants.

    data: an array of NumPy; a key of random numbers as JAX has it
    bits: of integers that are the bits of floats, the node of these
    """

    data: Any
    node: Node | None = None
    bits: Node | None = None


@dataclass
class Path:
    """What is written down on the way: nodes, comparisons, and how many choices depended on data."""

    program: Program
    decisions: int = 0
    _margins: dict[tuple[int, str], Margin] = field(default_factory=dict)

    @property
    def margins(self) -> list[Margin]:
        """The comparisons, each once."""
        return list(self._margins.values())

    def decided(self, what: str, *nodes: Node) -> None:
        """A choice was made, by the signs of these nodes; one that the function and its rule make counts once."""
        new = {(node.index, what): Margin(node, what) for node in nodes if (node.index, what) not in self._margins}
        self.decisions += bool(new) or not nodes
        self._margins |= new


@dataclass
class Step:
    """A primitive of which at least one operand has a node.

    parameters: of the equation; results: its results at the point
    """

    path: Path
    name: str
    parameters: Mapping[str, Any]
    values: Sequence[Value]
    results: Sequence[Any]

    @property
    def program(self) -> Program:
        """The program that is written."""
        return self.path.program

    @property
    def data(self) -> list[Any]:
        """The operands as they are at the point."""
        return [value.data for value in self.values]

    @cached_property
    def nodes(self) -> list[Node]:
        """The operands as nodes; integers and booleans are read as the constants that they are here."""
        return [as_node(self.program, value) for value in self.values]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its first result."""
        return tuple(np.shape(self.results[0]))


def as_node(program: Program, value: Value) -> Node:
    """The node of a value, or the constant that it is."""
    return program.constant(value.data) if value.node is None else value.node


def is_real(array: Any) -> bool:
    """Whether its entries are floats, in any format."""
    return bool(jax.dtypes.issubdtype(dtype_of(array), np.floating))


def dtype_of(array: Any) -> Any:
    """Its type of numbers."""
    return array.dtype if hasattr(array, "dtype") else np.asarray(array).dtype


def as_array(x: Any) -> Any:
    """An array of NumPy; keys of random numbers stay as they are."""
    return x if jax.dtypes.issubdtype(dtype_of(x), jax.dtypes.extended) else np.asarray(x)
