"""Powers and roots."""

from __future__ import annotations

from typing import Any, Self

from backproof.engine.arithmetic import arithmetic
from backproof.engine.node import Node, op


class Powers(Node):
    """x**n, x**y, x², 1/x, √x, ∛x and √(x² + y²)."""

    __slots__ = ()

    @op("power")
    def power(self, n: Any) -> Self:
        """x**n  ->  n * x**(n - 1)

        ``n`` is a plain number; for an exponent that has a gradient of its own, see `pow`.
        Raises TypeError for an exponent that is not a number, ValueError where x**n has no real value.
        """
        if isinstance(n, str) or n is None or isinstance(n, bool):
            raise TypeError(f"the exponent {n!r} is a {type(n).__name__}, not a number")
        m = arithmetic(self.data, n)
        out = type(self)(m.pow(self.data, n), (self,), "**n", _constants=(n,))
        lower = n - 1 if n != 0 else 0  # the derivative of x**0 is 0*x**0: also where x**-1 has a pole

        def _backward() -> None:
            self.grad += n * m.pow(self.data, lower) * out.grad

        out._backward = _backward
        return out

    @op("pow")
    def pow(self, other: Any) -> Self:
        """x**y  ->  y * x**(y - 1), out * log(x)"""
        other = self.operand(other)
        m = arithmetic(self.data, other.data)
        out = type(self)(m.pow(self.data, other.data), (self, other), "**")
        positive = m.gt(self.data, 0)
        base = m.finite(m.where(positive, self.data, 1))  # no derivative in y where x <= 0: log 1 makes it 0
        y = m.finite(other.data)  # no inf * 0

        def _backward() -> None:
            half = m.pow(base, (y - 1) / 2)  # x**(y - 1) may overflow where y times it does not
            whole = m.where(positive, 1, m.pow(self.data, y - 1))  # a negative x has no half
            self.grad += y * half * half * whole * out.grad
            other.grad += out.data * m.log(base) * out.grad

        out._backward = _backward
        return out

    @op("square")
    def square(self) -> Self:
        """x * x  ->  2 * x"""
        out = type(self)(self.data * self.data, (self,), "square")

        def _backward() -> None:
            self.grad += 2 * self.data * out.grad

        out._backward = _backward
        return out

    @op("reciprocal")
    def reciprocal(self) -> Self:
        """1 / x  ->  -out * out"""
        out = type(self)(1 / self.data, (self,), "reciprocal")

        def _backward() -> None:
            self.grad += -out.data * out.data * out.grad

        out._backward = _backward
        return out

    @op("sqrt")
    def sqrt(self) -> Self:
        """sqrt(x)  ->  1 / (2 * out)"""
        m = arithmetic(self.data)
        out = type(self)(m.sqrt(self.data), (self,), "sqrt")

        def _backward() -> None:
            self.grad += m.divide(1, 2 * out.data) * out.grad

        out._backward = _backward
        return out

    @op("cbrt")
    def cbrt(self) -> Self:
        """cbrt(x)  ->  1 / (3 * out * out)"""
        m = arithmetic(self.data)
        out = type(self)(m.cbrt(self.data), (self,), "cbrt")

        def _backward() -> None:
            self.grad += m.divide(1, 3 * out.data * out.data) * out.grad

        out._backward = _backward
        return out

    @op("hypot")
    def hypot(self, other: Any) -> Self:
        """hypot(x, y)  ->  x / out, y / out"""
        other = self.operand(other)
        m = arithmetic(self.data, other.data)
        out = type(self)(m.hypot(self.data, other.data), (self, other), "hypot")
        x, y = m.finite(self.data), m.finite(other.data)  # no inf / inf

        def _backward() -> None:
            length = m.where(m.le(out.data, 0), 1, m.finite(out.data))  # at the tip of the cone: gradient (0, 0)
            self.grad += x / length * out.grad
            other.grad += y / length * out.grad

        out._backward = _backward
        return out
