"""An array program: what a rule of arrays does along the path of one point, with whole arrays as nodes.

Every node is an array of real numbers, made from others by one of these kinds:

| kind          | its value                                                                                 |
|---------------|-------------------------------------------------------------------------------------------|
| leaf          | an input, an upstream gradient or a direction, by its name                                |
| constant      | one exact number for all entries (a fraction, a float, pi), or an array of floats         |
| add, negative, multiply | entry by entry, of one shape                                                    |
| power         | to a rational exponent, entry by entry                                                    |
| function      | a function of the table of primitives (`verify.terms.ops`), entry by entry                |
| take          | entries of the operands, laid end to end, by their numbers; 0 for the number -1           |
| view          | the same by an offset and strides, as NumPy and PyTorch have them                         |
| collect       | the transpose of take: entries are added up at the places that their numbers say          |
| sum           | over some axes                                                                            |
| dot           | a matrix product over the last two axes, for each index of the ones before                |
| inverse, determinant | of the matrices in the last two axes                                               |

Whatever moves data is one kind, `take`, and what branches is decided by the point: a maximum takes the entries that
won.  Nodes are shared: the same kind of the same operands is the same node.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]

Kind = Literal[
    "leaf",
    "constant",
    "add",
    "negative",
    "multiply",
    "power",
    "function",
    "take",
    "view",
    "collect",
    "sum",
    "dot",
    "inverse",
    "determinant",
]

PI = "pi"
"""The constant, exact."""

Number = Fraction | float | str
"""A constant for all entries: an exact fraction, `PI`, or a float as the code has it."""

Indices = NDArray[np.int64]


class Node:
    """An array of a program.  index: its place among the nodes; parameter: what else its kind needs."""

    __slots__ = ("index", "kind", "operands", "parameter", "shape")

    def __init__(self, index: int, kind: Kind, operands: tuple[Node, ...], shape: Shape, parameter: Any) -> None:
        self.index, self.kind, self.operands, self.shape, self.parameter = index, kind, operands, shape, parameter

    @property
    def size(self) -> int:
        """The number of its entries."""
        return math.prod(self.shape)

    @property
    def is_uniform(self) -> bool:
        """Whether it is one constant for all entries."""
        return self.kind == "constant" and not isinstance(self.parameter, np.ndarray)

    def __repr__(self) -> str:
        return f"%{self.index} {self.parameter if self.kind in ('leaf', 'function') else self.kind} {self.shape}"


@dataclass
class Leaf:
    """An input of a program.  value: at the point; None where any will do, as for a direction."""

    node: Node
    value: NDArray[np.float64] | None


@dataclass
class Program:
    """Nodes in an order in which each comes after its operands."""

    nodes: list[Node] = field(default_factory=list)
    leaves: dict[str, Leaf] = field(default_factory=dict)
    _known: dict[Any, Node] = field(default_factory=dict)

    def _made(self, kind: Kind, operands: Sequence[Node], shape: Iterable[int], parameter: Any = None) -> Node:
        shape = tuple(map(int, shape))
        key = kind, tuple(a.index for a in operands), shape, _key(parameter)
        node = self._known.get(key)
        if node is None:
            node = Node(len(self.nodes), kind, tuple(operands), shape, parameter)
            self.nodes.append(node)
            self._known[key] = node
        return node

    # ------------------------------------------------------------------------------------------------------ sources

    def leaf(self, name: str, value: Any = None, shape: Iterable[int] = ()) -> Node:
        """An input by its name, with its value at the point, or only its shape."""
        if name not in self.leaves:
            array = None if value is None else np.array(value, dtype=float)
            node = self._made("leaf", (), shape if array is None else array.shape, name)
            self.leaves[name] = Leaf(node, array)
        return self.leaves[name].node

    def number(self, number: Number | int, shape: Iterable[int] = ()) -> Node:
        """One number for all entries."""
        exact = Fraction(number) if isinstance(number, int) else number
        if isinstance(exact, float) and exact.is_integer() and abs(exact) < 2.0**53:
            exact = Fraction(int(exact))
        return self._made("constant", (), shape, exact)

    def constant(self, array: Any) -> Node:
        """An array of floats; one number where all of its entries are equal."""
        array = np.array(array, dtype=float)
        flat = array.reshape(-1)
        if flat.size and (flat == flat[0]).all():
            return self.number(float(flat[0]), array.shape)
        return self._made("constant", (), array.shape, array)

    # -------------------------------------------------------------------------------------------------- arithmetic

    def broadcast(self, a: Node, shape: Iterable[int]) -> Node:
        """In another shape, by NumPy's rule of broadcasting."""
        shape = tuple(shape)
        if a.shape == shape:
            return a
        lead = len(shape) - len(a.shape)
        pairs = zip(a.shape, shape[lead:], contiguous(a.shape), strict=True)
        strides = [0 if size == 1 and wanted != 1 else stride for size, wanted, stride in pairs]
        return self.view(a, 0, shape, (*[0] * lead, *strides))

    def add(self, a: Node, b: Node) -> Node:
        """a + b."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        if is_number(a, 0):
            return self.broadcast(b, shape)
        if is_number(b, 0):
            return self.broadcast(a, shape)
        return self._made("add", _ordered(self.broadcast(a, shape), self.broadcast(b, shape)), shape)

    def total(self, terms: Iterable[Node], shape: Iterable[int] = ()) -> Node:
        """The sum of some nodes; 0 in the shape if there are none."""
        found = self.number(0, shape)
        for one in terms:
            found = self.add(found, one)
        return found

    def negative(self, a: Node) -> Node:
        """-a."""
        if is_number(a, 0):
            return a
        return a.operands[0] if a.kind == "negative" else self._made("negative", (a,), a.shape)

    def subtract(self, a: Node, b: Node) -> Node:
        """a - b."""
        return self.add(a, self.negative(b))

    def multiply(self, a: Node, b: Node) -> Node:
        """a·b."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        a, b = self.broadcast(a, shape), self.broadcast(b, shape)
        if is_number(a, 0) or is_number(b, 0):
            return self.number(0, shape)
        if is_number(a, 1):
            return b
        return a if is_number(b, 1) else self._made("multiply", _ordered(a, b), shape)

    def scaled(self, a: Node, factor: Number | int) -> Node:
        """A number times a."""
        return self.multiply(self.number(factor), a)

    def power(self, a: Node, exponent: Fraction | int) -> Node:
        """a to a rational exponent; 0**0 is 1."""
        exponent = Fraction(exponent)
        if exponent == 1:
            return a
        if exponent == 0:
            return self.number(1, a.shape)
        if a.kind == "power" and (a.parameter.denominator > 1 or exponent.denominator == 1 == a.parameter.denominator):
            return self.power(a.operands[0], a.parameter * exponent)  # (x**2)**(1/2) is |x|, and stays as it is
        return self._made("power", (a,), a.shape, exponent)

    def divide(self, a: Node, b: Node) -> Node:
        """a/b."""
        return self.multiply(a, self.power(b, -1))

    def function(self, name: str, a: Node, orders: Sequence[Fraction] = ()) -> Node:
        """A function of the table of primitives as a node of its own; see `verify.arrays.functions.applied`.

        orders: what comes before its operand, as the order of a polygamma; its parameter then is (name, *orders)
        """
        return self._made("function", (a,), a.shape, (name, *orders) if orders else name)

    # ------------------------------------------------------------------------------------------------ moving entries

    def take(self, operands: Sequence[Node], numbers: Any) -> Node:
        """The entries of the operands, laid end to end, with these numbers; 0 for -1."""
        indices: Indices = np.array(numbers, dtype=np.int64, order="C")
        same = len(operands) == 1 and operands[0].shape == indices.shape
        if same and np.array_equal(indices.reshape(-1), np.arange(indices.size)):
            return operands[0]
        if all(is_number(a, 0) for a in operands):
            return self.number(0, indices.shape)
        return self._made("take", operands, indices.shape, indices)

    def view(self, a: Node, offset: int, shape: Iterable[int], strides: Iterable[int]) -> Node:
        """The entries at offset + Σ index·stride; strides count entries of a in its own order, and are not negative."""
        shape, strides = tuple(shape), tuple(strides)
        usual = zip(strides, contiguous(shape), shape, strict=True)
        if offset == 0 and shape == a.shape and all(s == t or size == 1 for s, t, size in usual):
            return a
        if a.is_uniform:
            return self._made("constant", (), shape, a.parameter)
        if a.kind == "view" and a.parameter == (0, contiguous(a.shape)):  # of a reshape
            return self.view(a.operands[0], offset, shape, strides)
        return self._made("view", (a,), shape, (offset, strides))

    def reshape(self, a: Node, shape: Iterable[int]) -> Node:
        """The same entries in their order, in another shape."""
        shape = tuple(shape)
        return self.view(a, 0, shape, contiguous(shape))

    def permute(self, a: Node, axes: Sequence[int]) -> Node:
        """With its axes in another order."""
        strides = contiguous(a.shape)
        return self.view(a, 0, [a.shape[k] for k in axes], [strides[k] for k in axes])

    def transpose(self, a: Node) -> Node:
        """With its last two axes exchanged."""
        axes = [*range(len(a.shape))]
        axes[-1], axes[-2] = axes[-2], axes[-1]
        return self.permute(a, axes)

    def collect(self, a: Node, numbers: Any, size: int) -> Node:
        """An array of ``size`` entries to which those of a are added at these numbers; -1 drops an entry."""
        indices: Indices = np.ascontiguousarray(numbers, dtype=np.int64)
        if is_number(a, 0):
            return self.number(0, (size,))
        return self._made("collect", (a,), (size,), indices)

    # ------------------------------------------------------------------------------------------------------- sums

    def sum(self, a: Node, axes: Iterable[int], keep: bool = False) -> Node:
        """Over some axes; ``keep``: these stay, with one entry each."""
        over = tuple(sorted({axis % len(a.shape) for axis in axes})) if a.shape else ()
        shape = tuple(size for k, size in enumerate(a.shape) if k not in over)
        if not over:
            return a
        found = self.number(0, shape) if is_number(a, 0) else self._made("sum", (a,), shape, over)
        return self.reshape(found, [1 if k in over else n for k, n in enumerate(a.shape)]) if keep else found

    def mean(self, a: Node, axes: Iterable[int], keep: bool = False) -> Node:
        """Over some axes."""
        axes = tuple(axes)
        count = math.prod(a.shape[k] for k in axes)
        return self.scaled(self.sum(a, axes, keep), Fraction(1, count) if count else math.nan)

    def dot(self, a: Node, b: Node) -> Node:
        """a[..., i, k]·b[..., k, j]; the axes before are broadcast."""
        lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = self.broadcast(a, lead + a.shape[-2:]), self.broadcast(b, lead + b.shape[-2:])
        shape = (*lead, a.shape[-2], b.shape[-1])
        if a.shape[-1] != b.shape[-2]:
            raise ValueError(f"a matrix product of {a.shape} and {b.shape}")
        if is_number(a, 0) or is_number(b, 0) or not a.shape[-1]:
            return self.number(0, shape)
        return self._made("dot", (a, b), shape)

    def product(self, a: Node, axis: int) -> Node:
        """Along an axis, which goes: by halves."""
        axis %= len(a.shape)
        rest = [n for k, n in enumerate(a.shape) if k != axis]
        if not a.shape[axis]:
            return self.number(1, rest)
        while (size := a.shape[axis]) > 1:
            numbers = np.arange(a.size).reshape(a.shape)
            first, second, odd = np.split(numbers, (size // 2, size // 2 * 2), axis)
            half = self.multiply(self.take([a], first), self.take([a], second))
            if size % 2:
                places = np.arange(half.size).reshape(half.shape)
                half = self.take([half, a], np.concatenate([places, half.size + odd], axis))
            a = half
        return self.reshape(a, rest)

    def inverse(self, a: Node) -> Node:
        """Of the matrices in the last two axes."""
        return self._made("inverse", (a,), a.shape)

    def determinant(self, a: Node) -> Node:
        """Of the matrices in the last two axes."""
        return self._made("determinant", (a,), a.shape[:-2])

    def grafted(self, roots: Sequence[Node], of: Program) -> list[Node]:
        """The roots of another program as nodes of this one, which has leaves of the same names."""
        found: dict[int, Node] = {}
        for node in of.below(roots):
            if node.kind == "leaf":
                found[node.index] = self.leaf(node.parameter, of.leaves[node.parameter].value, node.shape)
            else:
                operands = [found[a.index] for a in node.operands]
                found[node.index] = self._made(node.kind, operands, node.shape, node.parameter)
        return [found[root.index] for root in roots]

    # ------------------------------------------------------------------------------------------------------- order

    def below(self, roots: Iterable[Node]) -> list[Node]:
        """All nodes that the roots are made of, and these, each after its operands."""
        seen: set[int] = set()
        waiting = [*roots]
        while waiting:
            node = waiting.pop()
            if node.index not in seen:
                seen.add(node.index)
                waiting += node.operands
        return [self.nodes[k] for k in sorted(seen)]


def contiguous(shape: Sequence[int]) -> Shape:
    """The strides of an array in C's order, in entries."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def numbers_of_view(node: Node) -> Indices:
    """Which entries of its operand a view consists of."""
    offset, strides = node.parameter
    if not node.size:
        return np.zeros(node.shape, np.int64)
    numbers = np.arange(node.operands[0].size)[offset:]
    return np.lib.stride_tricks.as_strided(numbers, node.shape, [8 * s for s in strides], writeable=False)


def is_number(a: Node, number: int) -> bool:
    """Whether it is this constant in all entries."""
    return a.is_uniform and a.parameter != PI and a.parameter == number


def _ordered(a: Node, b: Node) -> tuple[Node, Node]:
    return (a, b) if a.index <= b.index else (b, a)


def _key(parameter: Any) -> Any:
    """What tells parameters apart: of an array a digest; -0.0 and 0 are different floats."""
    if isinstance(parameter, np.ndarray):
        return parameter.dtype.char, blake2b(np.ascontiguousarray(parameter).tobytes(), digest_size=16).digest()
    return (type(parameter).__name__, repr(parameter)) if isinstance(parameter, float) else parameter
