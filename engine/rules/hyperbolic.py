"""The hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Self

from backproof.engine.arithmetic import arithmetic
from backproof.engine.node import Node, op


class Hyperbolic(Node):
    """sinh, cosh, tanh, asinh, acosh, atanh."""

    __slots__ = ()

    @op("sinh")
    def sinh(self) -> Self:
        """sinh(x)  ->  cosh(x)"""
        m = arithmetic(self.data)
        out = type(self)(m.sinh(self.data), (self,), "sinh")

        def _backward() -> None:
            self.grad += m.cosh(self.data) * out.grad

        out._backward = _backward
        return out

    @op("cosh")
    def cosh(self) -> Self:
        """cosh(x)  ->  sinh(x)"""
        m = arithmetic(self.data)
        out = type(self)(m.cosh(self.data), (self,), "cosh")

        def _backward() -> None:
            self.grad += m.sinh(self.data) * out.grad

        out._backward = _backward
        return out

    @op("tanh")
    def tanh(self) -> Self:
        """tanh(x)  ->  1 - out**2"""
        m = arithmetic(self.data)
        out = type(self)(m.tanh(self.data), (self,), "tanh")

        def _backward() -> None:
            self.grad += (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    @op("asinh")
    def asinh(self) -> Self:
        """asinh(x)  ->  1 / hypot(1, x)"""
        m = arithmetic(self.data)
        out = type(self)(m.asinh(self.data), (self,), "asinh")

        def _backward() -> None:
            self.grad += 1 / m.hypot(1, self.data) * out.grad

        out._backward = _backward
        return out

    @op("acosh")
    def acosh(self) -> Self:
        """acosh(x)  ->  1 / (sqrt(x - 1) * sqrt(x + 1))"""
        m = arithmetic(self.data)
        out = type(self)(m.acosh(self.data), (self,), "acosh")

        def _backward() -> None:
            self.grad += m.divide(1, m.sqrt(self.data - 1) * m.sqrt(self.data + 1)) * out.grad

        out._backward = _backward
        return out

    @op("atanh")
    def atanh(self) -> Self:
        """atanh(x)  ->  1 / ((1 - x) * (1 + x))"""
        m = arithmetic(self.data)
        out = type(self)(m.atanh(self.data), (self,), "atanh")

        def _backward() -> None:
            self.grad += 1 / ((1 - self.data) * (1 + self.data)) * out.grad

        out._backward = _backward
        return out
