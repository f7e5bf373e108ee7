"""A node of the graph: data, gradient, and how the gradient flows back through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from backproof.engine.arithmetic import arithmetic
from backproof.engine.closures import RULES, WHOLE, Closure, Kept, Runners, know

Method = TypeVar("Method", bound=Callable[..., Any])


def op(name: str) -> Callable[[Method], Method]:
    """Mark a method as the operation ``name``; the method itself comes back untouched."""

    def mark(method: Method) -> Method:
        know(method)
        setattr(method, "operation", name)  # noqa: B010 - a function's own attribute, unknown to its type
        return method

    return mark


def nothing() -> None:
    """The `_backward` of a leaf: it has no operands to pass a gradient to."""


_LEAF: Kept = (WHOLE, nothing)


class Node:
    """A number that remembers how it was made.

    data: float, int, NumPy array, SymPy expression, mpmath number, python-flint `arb`, or another node
    grad: d(output)/d(this node), summed over all paths; 0 until `backward` has run
    _prev: the operands in order, repeated ones included
    _op: the operation's symbol; _constants: its plain numbers, such as the exponent of x**3
    """

    __slots__ = ("__weakref__", "_constants", "_kept", "_op", "_prev", "data", "grad", "label")
    __array_ufunc__: ClassVar[None] = None  # ndarray * Value defers to Value, instead of making an object array

    def __init__(
        self,
        data: Any,
        _children: tuple[Node, ...] = (),
        _op: str = "",
        label: str = "",
        _constants: tuple[Any, ...] = (),
    ) -> None:
        if type(data) is not float:
            data = arithmetic(data).leaf(data)
        self.data = data
        self.grad: Any = 0
        self._kept: Kept = _LEAF
        self._prev = _children
        self._op = _op
        self.label = label
        self._constants = _constants

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data!r}, grad={self.grad!r}{label})"

    @property
    def _backward(self) -> Closure:
        """Passes this node's gradient on to its operands: the closure that its operation attached."""
        return self._kept[0].closure(self, self._kept)  # type: ignore[no-any-return]

    @_backward.setter
    def _backward(self, closure: Any) -> None:
        self._kept = RULES.get(id(getattr(closure, "__code__", None)), WHOLE).keep(closure, self)

    def operand(self, other: Any) -> Self:
        """``other`` as a node to combine with this one: a constant is wrapped, kinds and shapes must fit.

        Raises TypeError for a kind that does not fit, ValueError for arrays of different shapes.
        """
        if not isinstance(other, Node):
            other = type(self)(other, (), "constant")
        if not (type(self.data) is type(other.data) is float):
            arithmetic(self.data, other.data).agree(self.data, other.data)
        return other  # type: ignore[no-any-return]  # a node of a sister class serves as well

    def backward(self) -> None:
        """Fill in `grad` of every node this one was made from: d(self)/d(node).

        A second call adds to the leaves once more, as their next use would; the nodes in between start
        from 0 each time, so that no path is counted twice.
        """
        order = interior(self)
        for node in order:
            node.grad = 0
        self.grad = arithmetic(self.data).one(self.data)
        run = Runners()
        for node in reversed(order):
            kept = node._kept
            run[kept[0]](node, kept)

    def _no_order(self, other: object) -> NoReturn:
        raise TypeError(
            f"{self!r} and {other!r} have no order: compare their .data, or use a.max(b) and a.min(b), "
            "nested for more than two"
        )

    __lt__ = __le__ = __gt__ = __ge__ = _no_order


def interior(root: Node) -> list[Node]:
    """Every node below ``root`` that has operands (``root`` included), operands before their results.

    A loop, not a recursion: a chain of a million nodes is in order.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:  # all operands of the node below this mark are in order
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node._prev and node not in seen:
            seen.add(node)
            stack.append(node)
            stack.append(None)
            stack += node._prev[::-1]
    return order
