"""Right rules whose closures have another shape than the engine's: loops, branches, helpers, what is kept elsewhere."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from backproof.engine import Value
from backproof.engine.arithmetic import arithmetic
from tests.verify.rules.plant import forward_of


def upstream_first(self: Any) -> Any:
    out = type(self)(forward_of("sin", self.data), (self,), "sin")

    def _backward() -> None:
        g = out.grad
        self.grad = self.grad + g * arithmetic(self.data).cos(self.data)

    out._backward = _backward
    return out


def with_a_helper(self: Any) -> Any:
    m = arithmetic(self.data)

    def sech(x: Any) -> Any:
        e = m.exp(-abs(x))
        return 2 * e / (1 + e * e)

    def _backward() -> None:
        self.grad += sech(self.data) * sech(self.data) * out.grad

    out = type(self)(m.tanh(self.data), (self,), "tanh")
    out._backward = _backward
    return out


def by_an_inner_loop(self: Any, n: Any) -> Any:
    """x**n for a small whole n by repeated multiplication; the engine's way for the others."""
    if not (isinstance(n, int) and n >= 0):
        return Value.power(self, n)
    value: Any = 1
    for _ in range(n):
        value = value * self.data
    out = type(self)(value * 1.0 if isinstance(self.data, float) else value, (self,), "**n", _constants=(n,))

    def _backward() -> None:
        slope: Any = n
        for _ in range(n - 1):
            slope = slope * self.data
        self.grad += slope * out.grad

    out._backward = _backward
    return out


def composed_tanh(self: Any) -> Any:
    return (self * 2).sigmoid() * 2 - 1


def composed_sigmoid(self: Any) -> Any:
    return ((self / 2).tanh() + 1) / 2


def composed_square(self: Any) -> Any:
    return self * self


def composed_sub(self: Any, other: Any) -> Any:
    return Value.__add__(self, -self.operand(other))


def composed_min(self: Any, other: Any) -> Any:
    return -((-self).max(-self.operand(other)))


def composed_cosh(self: Any) -> Any:
    """e**(x - log 2) + e**(-x - log 2): no sooner infinite than it has to be."""
    half = arithmetic(self.data).log(2)
    return (self - half).exp() + (-self - half).exp()


def relu_by_branches(self: Any) -> Any:
    x = self.data
    value = x if x > 0 else 0 * x
    out = type(self)(value, (self,), "relu")

    def _backward() -> None:
        if x > 0:
            self.grad += out.grad

    out._backward = _backward
    return out


def abs_by_branches(self: Any) -> Any:
    out = type(self)(abs(self.data), (self,), "abs")

    def _backward() -> None:
        if self.data < 0:
            self.grad -= out.grad
        elif self.data > 0:
            self.grad += out.grad

    out._backward = _backward
    return out


def max_by_branches(self: Any, other: Any) -> Any:
    other = self.operand(other)
    m = arithmetic(self.data, other.data)
    out = type(self)(m.maximum(self.data, other.data), (self, other), "max")

    def _backward() -> None:
        if self.data == other.data:
            self.grad += out.grad / 2
            other.grad += out.grad / 2
        else:
            winner = self if self.data > other.data else other
            winner.grad += out.grad

    out._backward = _backward
    return out


def hardtanh_chained(self: Any) -> Any:
    x = self.data
    m = arithmetic(x)
    out = type(self)(m.minimum(m.maximum(x, -1), 1), (self,), "hardtanh")

    def _backward() -> None:
        if -1 <= x <= 1:
            self.grad += out.grad

    out._backward = _backward
    return out


def with_a_numpy_scalar(self: Any) -> Any:
    two = np.float64(2)
    out = type(self)(self.data * self.data, (self,), "square")

    def _backward() -> None:
        self.grad += two * self.data * out.grad

    out._backward = _backward
    return out


def with_a_zero_d_array(self: Any) -> Any:
    half = np.array(0.5)
    m = arithmetic(self.data)
    out = type(self)(m.sqrt(self.data), (self,), "sqrt")

    def _backward() -> None:
        self.grad += m.divide(half.item(), out.data) * out.grad

    out._backward = _backward
    return out


def nothing_to_pass(self: Any) -> Any:
    """A rule that is silent where the slope is 0."""
    m = arithmetic(self.data)
    out = type(self)(m.minimum(m.maximum(self.data, 0), 6), (self,), "relu6")

    def _backward() -> None:
        if self.data > 0 and self.data < 6:
            self.grad += out.grad

    out._backward = _backward
    return out


def one_closure_for_both(self: Any, other: Any) -> Any:
    other = self.operand(other)
    out = type(self)(self.data * other.data, (self, other), "*")

    def _backward() -> None:
        for a, b in ((self, other), (other, self)):
            a.grad += b.data * out.grad

    out._backward = _backward
    return out


def saved_on_the_node(self: Any) -> Any:
    m = arithmetic(self.data)
    saved = {"out": m.exp(self.data)}
    out = type(self)(saved["out"], (self,), "exp")

    def _backward(saved: Any = saved) -> None:
        self.grad += saved["out"] * out.grad

    out._backward = _backward
    return out


class Backward:
    """A rule that is an object."""

    def __init__(self, operand: Any, out: Any) -> None:
        self.operand, self.out = operand, out

    def __call__(self) -> None:
        self.operand.grad += self.out.grad * arithmetic(self.operand.data).cos(self.operand.data)


def an_object(self: Any) -> Any:
    out = type(self)(forward_of("sin", self.data), (self,), "sin")
    out._backward = Backward(self, out)
    return out


def a_partial(self: Any) -> Any:
    out = type(self)(forward_of("cos", self.data), (self,), "cos")
    out._backward = functools.partial(cos_backward, self, out)
    return out


def cos_backward(operand: Any, out: Any) -> None:
    operand.grad -= arithmetic(operand.data).sin(operand.data) * out.grad


def over_its_children(self: Any, other: Any) -> Any:
    other = self.operand(other)
    out = type(self)(self.data * other.data, (self, other), "*")

    def _backward() -> None:
        x, y = out._prev
        for node, slope in zip(out._prev, (y.data, x.data), strict=True):
            node.grad += slope * out.grad

    out._backward = _backward
    return out


def mul_knows_squares(m: Any, self: Any, other: Any, out: Any) -> None:
    if self is other:
        self.grad += 2 * self.data * out.grad
    else:
        self.grad += other.data * out.grad
        other.grad += self.data * out.grad


def sqrt_tries(m: Any, self: Any, out: Any) -> None:
    try:
        slope = 0.5 / out.data
    except ZeroDivisionError:
        slope = math.inf
    self.grad += slope * out.grad


def abs_tries(m: Any, self: Any, out: Any) -> None:
    try:
        slope = self.data / abs(self.data)
    except ZeroDivisionError:
        slope = 0.0
    self.grad += slope * out.grad


def tanh_remembers() -> Any:
    known: dict[Any, Any] = {}

    def backward(m: Any, self: Any, out: Any) -> None:
        if self.data not in known:
            known[self.data] = 1 - m.tanh(self.data) ** 2
        self.grad += known[self.data] * out.grad

    return backward


@functools.lru_cache(None)
def cached_derivative(x: Any) -> Any:
    return 1 - arithmetic(x).tanh(x) ** 2


def tanh_cached(m: Any, self: Any, out: Any) -> None:
    self.grad += cached_derivative(self.data) * out.grad


def relu_where_out(m: Any, self: Any, out: Any) -> None:
    if out.data:
        self.grad += out.grad


def relu_times_bool(m: Any, self: Any, out: Any) -> None:
    self.grad += (self.data > 0) * out.grad


def relu_heaviside(m: Any, self: Any, out: Any) -> None:
    self.grad += np.heaviside(self.data, 0.0) * out.grad
