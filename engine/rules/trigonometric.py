"""The circular functions and their inverses."""

from __future__ import annotations

from typing import Any, Self

from backproof.engine.arithmetic import arithmetic
from backproof.engine.node import Node, op


class Trigonometric(Node):
    """sin, cos, tan, asin, acos, atan, and atan2 for the angle of a point."""

    __slots__ = ()

    @op("sin")
    def sin(self) -> Self:
        """sin(x)  ->  cos(x)"""
        m = arithmetic(self.data)
        out = type(self)(m.sin(self.data), (self,), "sin")

        def _backward() -> None:
            self.grad += m.cos(self.data) * out.grad

        out._backward = _backward
        return out

    @op("cos")
    def cos(self) -> Self:
        """cos(x)  ->  -sin(x)"""
        m = arithmetic(self.data)
        out = type(self)(m.cos(self.data), (self,), "cos")

        def _backward() -> None:
            self.grad += -m.sin(self.data) * out.grad

        out._backward = _backward
        return out

    @op("tan")
    def tan(self) -> Self:
        """tan(x)  ->  1 + out**2"""
        m = arithmetic(self.data)
        out = type(self)(m.tan(self.data), (self,), "tan")

        def _backward() -> None:
            self.grad += (1 + out.data**2) * out.grad

        out._backward = _backward
        return out

    @op("asin")
    def asin(self) -> Self:
        """asin(x)  ->  1 / sqrt((1 - x) * (1 + x))"""
        m = arithmetic(self.data)
        out = type(self)(m.asin(self.data), (self,), "asin")

        def _backward() -> None:
            self.grad += m.divide(1, m.sqrt((1 - self.data) * (1 + self.data))) * out.grad

        out._backward = _backward
        return out

    @op("acos")
    def acos(self) -> Self:
        """acos(x)  ->  -1 / sqrt((1 - x) * (1 + x))"""
        m = arithmetic(self.data)
        out = type(self)(m.acos(self.data), (self,), "acos")

        def _backward() -> None:
            self.grad += m.divide(-1, m.sqrt((1 - self.data) * (1 + self.data))) * out.grad

        out._backward = _backward
        return out

    @op("atan")
    def atan(self) -> Self:
        """atan(x)  ->  1 / (1 + x * x)"""
        m = arithmetic(self.data)
        out = type(self)(m.atan(self.data), (self,), "atan")

        def _backward() -> None:
            self.grad += 1 / (1 + self.data * self.data) * out.grad

        out._backward = _backward
        return out

    @op("atan2")
    def atan2(self, other: Any) -> Self:
        """atan2(x, y)  ->  y / (x * x + y * y), -x / (x * x + y * y)

        As in `math.atan2`, the first operand is the height of the point and the second its reach:
        atan2(x, y) is the angle whose tangent is x/y.
        """
        other = self.operand(other)
        m = arithmetic(self.data, other.data)
        out = type(self)(m.atan2(self.data, other.data), (self, other), "atan2")
        x, y = m.finite(self.data), m.finite(other.data)  # no inf / inf

        def _backward() -> None:
            length = m.finite(m.hypot(x, y))  # dividing by it twice: its square may overflow
            self.grad += m.divide(m.divide(y, length), length) * out.grad
            other.grad += m.divide(m.divide(-x, length), length) * out.grad

        out._backward = _backward
        return out
