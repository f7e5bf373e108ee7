"""Value: a number that remembers how it was made, with each operation next to its hand-written rule.

Every operation is written the same way: the forward value, a closure that passes the gradient back, return.
Its docstring gives the formula and, after the arrow, the local derivative in each operand.  The arithmetic
is here; the other families are mixins in `engine.rules`.
"""

from __future__ import annotations

from typing import Any, Self

from backproof.engine.arithmetic import arithmetic, register
from backproof.engine.node import Node, op
from backproof.engine.rules.activations import Activations
from backproof.engine.rules.exponential import Exponential
from backproof.engine.rules.hyperbolic import Hyperbolic
from backproof.engine.rules.kinks import Kinks
from backproof.engine.rules.nested import values_of
from backproof.engine.rules.powers import Powers
from backproof.engine.rules.trigonometric import Trigonometric


class Value(Powers, Exponential, Trigonometric, Hyperbolic, Kinks, Activations):
    """A node with all operations."""

    __slots__ = ()

    @op("add")
    def __add__(self, other: Any) -> Self:
        """x + y  ->  1, 1"""
        other = self.operand(other)
        out = type(self)(self.data + other.data, (self, other), "+")

        def _backward() -> None:
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    @op("sub")
    def __sub__(self, other: Any) -> Self:
        """x - y  ->  1, -1"""
        other = self.operand(other)
        out = type(self)(self.data - other.data, (self, other), "-")

        def _backward() -> None:
            self.grad += out.grad
            other.grad += -out.grad

        out._backward = _backward
        return out

    @op("mul")
    def __mul__(self, other: Any) -> Self:
        """x * y  ->  y, x"""
        other = self.operand(other)
        out = type(self)(self.data * other.data, (self, other), "*")

        def _backward() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    @op("div")
    def __truediv__(self, other: Any) -> Self:
        """x / y  ->  1 / y, -out / y"""
        other = self.operand(other)
        out = type(self)(self.data / other.data, (self, other), "/")

        def _backward() -> None:
            self.grad += 1 / other.data * out.grad
            other.grad += -out.data / other.data * out.grad

        out._backward = _backward
        return out

    @op("neg")
    def __neg__(self) -> Self:
        """-x  ->  -1"""
        out = type(self)(-self.data, (self,), "neg")

        def _backward() -> None:
            self.grad += -out.grad

        out._backward = _backward
        return out

    def __pow__(self, exponent: Any) -> Self:
        """x**n by the power rule for a plain number n; x**y for a Value y."""
        return self.pow(exponent) if isinstance(exponent, Node) else self.power(exponent)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """How a notebook shows it: its repr, and a picture of its graph where that is not too large to draw."""
        from backproof.engine.draw import draw_svg

        try:
            return {"text/plain": repr(self), "image/svg+xml": draw_svg(self)}
        except ValueError:
            return {"text/plain": repr(self)}

    def __radd__(self, other: Any) -> Self:  # other + self
        return self.operand(other) + self

    def __rsub__(self, other: Any) -> Self:  # other - self
        return self.operand(other) - self

    def __rmul__(self, other: Any) -> Self:  # other * self
        return self.operand(other) * self

    def __rtruediv__(self, other: Any) -> Self:  # other / self
        return self.operand(other) / self

    def __rpow__(self, other: Any) -> Self:  # other ** self
        return self.operand(other) ** self


register(Value, lambda value: values_of(arithmetic(value.data)))

OPS: dict[str, str] = {
    method.operation: attribute
    for family in reversed(Value.__mro__)
    for attribute, method in vars(family).items()
    if hasattr(method, "operation")
}
"""Every operation's name and the method that performs it, for example {"mul": "__mul__", "tanh": "tanh"}."""
