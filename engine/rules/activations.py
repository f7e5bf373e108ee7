"""Smooth activation functions, and the three ELUs."""

from __future__ import annotations

from typing import Any, Self

from backproof.engine.arithmetic import arithmetic
from backproof.engine.node import Node, op


class Activations(Node):
    """sigmoid and its relatives, gelu in both forms, silu, mish, elu, celu, selu."""

    __slots__ = ()

    @op("sigmoid")
    def sigmoid(self) -> Self:
        """sigmoid(x)  ->  out * (1 - out)"""
        m = arithmetic(self.data)
        out = type(self)(m.sigmoid(self.data), (self,), "sigmoid")

        def _backward() -> None:
            self.grad += out.data * (1 - out.data) * out.grad

        out._backward = _backward
        return out

    @op("logsigmoid")
    def logsigmoid(self) -> Self:
        """-softplus(-x)  ->  sigmoid(-x)"""
        m = arithmetic(self.data)
        out = type(self)(-m.softplus(-self.data), (self,), "logsigmoid")

        def _backward() -> None:
            self.grad += m.sigmoid(-self.data) * out.grad

        out._backward = _backward
        return out

    @op("softplus")
    def softplus(self) -> Self:
        """softplus(x)  ->  sigmoid(x)"""
        m = arithmetic(self.data)
        out = type(self)(m.softplus(self.data), (self,), "softplus")

        def _backward() -> None:
            self.grad += m.sigmoid(self.data) * out.grad

        out._backward = _backward
        return out

    @op("gelu")
    def gelu(self) -> Self:
        """x * normal_cdf(x)  ->  normal_cdf(x) + x * normal_pdf(x)"""
        m = arithmetic(self.data)
        out = type(self)(self.data * m.normal_cdf(self.data), (self,), "gelu")
        x = m.finite(self.data)  # at an infinity x * normal_pdf(x) tends to 0

        def _backward() -> None:
            self.grad += (m.normal_cdf(x) + x * m.normal_pdf(x)) * out.grad

        out._backward = _backward
        return out

    @op("gelu_tanh")
    def gelu_tanh(self) -> Self:
        """x * (1 + tanh(u(x))) / 2  ->  s + x * s * (1 - s) * 2 * du(x)

        u(x) = √(2/π)·(x + 0.044715·x³), du its derivative, s = sigmoid(2·u(x)) = (1 + tanh(u(x)))/2: the
        approximation of Hendrycks and Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415, section 2.
        """
        m = arithmetic(self.data)
        x, scale, cubic = self.data, m.sqrt(8 / m.pi), m.ratio(44715, 1_000_000)
        s = m.sigmoid(scale * (x + cubic * (x * x * x)))
        out = type(self)(x * s, (self,), "gelu_tanh")

        def _backward() -> None:
            bend = s * (1 - s)
            slope = scale * (1 + 3 * cubic * (x * x))  # it may overflow, but only where gelu is saturated
            self.grad += (s + m.where(m.gt(bend, 0), x * bend * slope, 0)) * out.grad

        out._backward = _backward
        return out

    @op("silu")
    def silu(self) -> Self:
        """x * sigmoid(x)  ->  sigmoid(x) * (1 + x * sigmoid(-x))"""
        m = arithmetic(self.data)
        s = m.sigmoid(self.data)
        out = type(self)(self.data * s, (self,), "silu")
        x = m.finite(self.data)  # at an infinity x * sigmoid(-x) tends to 0

        def _backward() -> None:
            self.grad += s * (1 + x * m.sigmoid(-x)) * out.grad

        out._backward = _backward
        return out

    @op("mish")
    def mish(self) -> Self:
        """x * tanh(softplus(x))  ->  t + x * (1 - t * t) * sigmoid(x)

        t = tanh(softplus(x)): Misra, "Mish: A Self Regularized Non-Monotonic Activation Function",
        arXiv:1908.08681, equation 1.
        """
        m = arithmetic(self.data)
        t = m.tanh(m.softplus(self.data))
        out = type(self)(self.data * t, (self,), "mish")
        x = m.finite(self.data)  # at an infinity x * (1 - t * t) * sigmoid(x) tends to 0

        def _backward() -> None:
            self.grad += (t + x * (1 - t * t) * m.sigmoid(x)) * out.grad

        out._backward = _backward
        return out

    @op("elu")
    def elu(self, alpha: Any = 1) -> Self:
        """where(gt(x, 0), x, alpha * expm1(x))  ->  where(gt(x, 0), 1, alpha * exp(x))"""
        m = arithmetic(self.data)
        below = m.minimum(self.data, 0)  # the exponential is taken where it cannot overflow
        positive = m.gt(self.data, 0)
        out = type(self)(
            m.where(positive, self.data, alpha * m.expm1(below)), (self,), "elu", _constants=(alpha,)
        )

        def _backward() -> None:
            self.grad += m.where(positive, 1, alpha * m.exp(below)) * out.grad

        out._backward = _backward
        return out

    @op("celu")
    def celu(self, alpha: Any = 1) -> Self:
        """where(gt(x, 0), x, alpha * expm1(x / alpha))  ->  where(gt(x, 0), 1, exp(x / alpha))"""
        m = arithmetic(self.data)
        below = m.minimum(self.data, 0)
        positive = m.gt(self.data, 0)
        out = type(self)(
            m.where(positive, self.data, alpha * m.expm1(below / alpha)), (self,), "celu", _constants=(alpha,)
        )

        def _backward() -> None:
            self.grad += m.where(positive, 1, m.exp(below / alpha)) * out.grad

        out._backward = _backward
        return out

    @op("selu")
    def selu(self) -> Self:
        """scale * where(gt(x, 0), x, alpha * expm1(x))  ->  scale * where(gt(x, 0), 1, alpha * exp(x))

        scale and alpha are the decimals of Klambauer et al., "Self-Normalizing Neural Networks",
        arXiv:1706.02515, equation 2, to the 31 places of the authors' code.
        """
        m = arithmetic(self.data)
        alpha = m.ratio(16732632423543772848170429916717, 10**31)
        scale = m.ratio(10507009873554804934193349852946, 10**31)
        below = m.minimum(self.data, 0)
        positive = m.gt(self.data, 0)
        out = type(self)(scale * m.where(positive, self.data, alpha * m.expm1(below)), (self,), "selu")

        def _backward() -> None:
            self.grad += scale * m.where(positive, 1, alpha * m.exp(below)) * out.grad

        out._backward = _backward
        return out
