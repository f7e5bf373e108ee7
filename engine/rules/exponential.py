"""Exponentials, logarithms and the error function."""

from __future__ import annotations

from typing import Any, Self

from backproof.engine.arithmetic import arithmetic
from backproof.engine.node import Node, op


class Exponential(Node):
    """e**x and its inverse, their shifted forms, log(e**x + e**y), and erf."""

    __slots__ = ()

    @op("exp")
    def exp(self) -> Self:
        """exp(x)  ->  out"""
        m = arithmetic(self.data)
        out = type(self)(m.exp(self.data), (self,), "exp")

        def _backward() -> None:
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    @op("expm1")
    def expm1(self) -> Self:
        """expm1(x)  ->  exp(x)"""
        m = arithmetic(self.data)
        out = type(self)(m.expm1(self.data), (self,), "expm1")

        def _backward() -> None:
            self.grad += m.exp(self.data) * out.grad

        out._backward = _backward
        return out

    @op("log")
    def log(self) -> Self:
        """log(x)  ->  1 / x"""
        m = arithmetic(self.data)
        out = type(self)(m.log(self.data), (self,), "log")

        def _backward() -> None:
            self.grad += 1 / self.data * out.grad

        out._backward = _backward
        return out

    @op("log1p")
    def log1p(self) -> Self:
        """log1p(x)  ->  1 / (1 + x)"""
        m = arithmetic(self.data)
        out = type(self)(m.log1p(self.data), (self,), "log1p")

        def _backward() -> None:
            self.grad += 1 / (1 + self.data) * out.grad

        out._backward = _backward
        return out

    @op("logaddexp")
    def logaddexp(self, other: Any) -> Self:
        """log(exp(x) + exp(y))  ->  sigmoid(x - y), sigmoid(y - x)"""
        other = self.operand(other)
        m = arithmetic(self.data, other.data)
        larger, gap = m.maximum(self.data, other.data), self.data - other.data
        out = type(self)(larger + m.log1p(m.exp(-abs(gap))), (self, other), "logaddexp")

        def _backward() -> None:
            self.grad += m.sigmoid(gap) * out.grad
            other.grad += m.sigmoid(-gap) * out.grad

        out._backward = _backward
        return out

    @op("erf")
    def erf(self) -> Self:
        """erf(x)  ->  2 / sqrt(pi) * exp(-x * x)"""
        m = arithmetic(self.data)
        out = type(self)(m.erf(self.data), (self,), "erf")

        def _backward() -> None:
            self.grad += 2 / m.sqrt(m.pi) * m.exp(-self.data * self.data) * out.grad

        out._backward = _backward
        return out

    @op("erfc")
    def erfc(self) -> Self:
        """erfc(x)  ->  -2 / sqrt(pi) * exp(-x * x)"""
        m = arithmetic(self.data)
        out = type(self)(m.erfc(self.data), (self,), "erfc")

        def _backward() -> None:
            self.grad += -2 / m.sqrt(m.pi) * m.exp(-self.data * self.data) * out.grad

        out._backward = _backward
        return out
