"""Operations with kinks: what they return at a kink or a tie is a convention, and it is written here."""

from __future__ import annotations

from typing import Any, Self

from backproof.engine.arithmetic import arithmetic
from backproof.engine.node import Node, op


class Kinks(Node):
    """|x|, max, min, and the activations made of straight pieces."""

    __slots__ = ()

    @op("abs")
    def __abs__(self) -> Self:
        """abs(x)  ->  sign(x)"""
        m = arithmetic(self.data)
        out = type(self)(abs(self.data), (self,), "abs")

        def _backward() -> None:
            self.grad += m.sign(self.data) * out.grad

        out._backward = _backward
        return out

    @op("max")
    def max(self, other: Any, *more: Any) -> Self:
        """maximum(x, y)  ->  ge(x, y), gt(y, x)"""
        other = self.operand(_only(other, more, "max"))
        m = arithmetic(self.data, other.data)
        out = type(self)(m.maximum(self.data, other.data), (self, other), "max")

        def _backward() -> None:
            self.grad += m.ge(self.data, other.data) * out.grad
            other.grad += m.gt(other.data, self.data) * out.grad

        out._backward = _backward
        return out

    @op("min")
    def min(self, other: Any, *more: Any) -> Self:
        """minimum(x, y)  ->  le(x, y), lt(y, x)"""
        other = self.operand(_only(other, more, "min"))
        m = arithmetic(self.data, other.data)
        out = type(self)(m.minimum(self.data, other.data), (self, other), "min")

        def _backward() -> None:
            self.grad += m.le(self.data, other.data) * out.grad
            other.grad += m.lt(other.data, self.data) * out.grad

        out._backward = _backward
        return out

    @op("relu")
    def relu(self) -> Self:
        """maximum(x, 0)  ->  gt(x, 0)"""
        m = arithmetic(self.data)
        out = type(self)(m.maximum(self.data, 0), (self,), "relu")

        def _backward() -> None:
            self.grad += m.gt(self.data, 0) * out.grad

        out._backward = _backward
        return out

    @op("relu6")
    def relu6(self) -> Self:
        """minimum(maximum(x, 0), 6)  ->  gt(x, 0) * lt(x, 6)"""
        m = arithmetic(self.data)
        out = type(self)(m.minimum(m.maximum(self.data, 0), 6), (self,), "relu6")

        def _backward() -> None:
            self.grad += m.gt(self.data, 0) * m.lt(self.data, 6) * out.grad

        out._backward = _backward
        return out

    @op("leaky_relu")
    def leaky_relu(self, slope: Any = 0.01) -> Self:
        """where(gt(x, 0), x, slope * x)  ->  where(gt(x, 0), 1, slope)"""
        m = arithmetic(self.data)
        positive = m.gt(self.data, 0)
        out = type(self)(
            m.where(positive, self.data, slope * self.data), (self,), "leaky_relu", _constants=(slope,)
        )

        def _backward() -> None:
            self.grad += m.where(positive, 1, slope) * out.grad

        out._backward = _backward
        return out

    @op("hardtanh")
    def hardtanh(self) -> Self:
        """minimum(maximum(x, -1), 1)  ->  gt(x, -1) * lt(x, 1)"""
        m = arithmetic(self.data)
        out = type(self)(m.minimum(m.maximum(self.data, -1), 1), (self,), "hardtanh")

        def _backward() -> None:
            self.grad += m.gt(self.data, -1) * m.lt(self.data, 1) * out.grad

        out._backward = _backward
        return out

    @op("hardsigmoid")
    def hardsigmoid(self) -> Self:
        """minimum(maximum(x + 3, 0), 6) / 6  ->  gt(x, -3) * lt(x, 3) / 6"""
        m = arithmetic(self.data)
        out = type(self)(m.minimum(m.maximum(self.data + 3, 0), 6) / 6, (self,), "hardsigmoid")

        def _backward() -> None:
            self.grad += m.gt(self.data, -3) * m.lt(self.data, 3) / 6 * out.grad

        out._backward = _backward
        return out

    @op("hardswish")
    def hardswish(self) -> Self:
        """x * minimum(maximum(x + 3, 0), 6) / 6  ->  where(lt(abs(x), 3), (2 * x + 3) / 6, gt(x, 0))"""
        m = arithmetic(self.data)
        out = type(self)(
            self.data * (m.minimum(m.maximum(self.data + 3, 0), 6) / 6), (self,), "hardswish"
        )

        def _backward() -> None:
            inside = m.gt(self.data, -3) * m.lt(self.data, 3)
            self.grad += m.where(inside, (2 * self.data + 3) / 6, m.gt(self.data, 0)) * out.grad

        out._backward = _backward
        return out

    @op("softsign")
    def softsign(self) -> Self:
        """x / (1 + abs(x))  ->  1 / (1 + abs(x))**2"""
        scale = 1 + abs(self.data)
        out = type(self)(self.data / scale, (self,), "softsign")

        def _backward() -> None:
            self.grad += 1 / (scale * scale) * out.grad

        out._backward = _backward
        return out


def _only(other: Any, more: tuple[Any, ...], name: str) -> Any:
    """The one other operand; a third is refused by name."""
    if more:
        operands = ", ".join(map(repr, (other, *more)))
        raise TypeError(f"{name} takes one other operand, not {operands}: nest it, a.{name}(b).{name}(c)")
    return other
