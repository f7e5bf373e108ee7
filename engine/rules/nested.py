"""Values whose data are Values: the arithmetic that makes a gradient differentiable again (second order)."""

from __future__ import annotations

from functools import cache
from typing import Any

from backproof.engine.arithmetic import Arithmetic
from backproof.engine.node import Node

_METHODS = (
    *("sqrt", "cbrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "hypot", "pow"),
    *("sigmoid", "softplus"),  # smooth at 0, where the formulas of an arithmetic, by min and abs, have a kink
)


@cache
def values_of(inner: Arithmetic) -> Arithmetic:
    """The arithmetic of Values whose own data use ``inner``: each function is the operation of that name."""

    def lifted(name: str, plain: str) -> Any:
        def function(*x: Any) -> Any:
            if not any(isinstance(v, Node) for v in x):
                return getattr(inner, plain)(*x)  # a constant of the rule, such as sqrt(2)
            first = x[0] if isinstance(x[0], Node) else _wrap(x)
            return getattr(first, name)(*x[1:])

        return function

    def compare(name: str) -> Any:
        return lambda a, b: getattr(inner, name)(_data(a), _data(b))

    def divide(a: Any, b: Any) -> Any:
        if _data(b) is not b and not isinstance(a, Node):
            a = _wrap((a, b))
        return _divide(inner, a, b) if isinstance(a, Node) else inner.divide(a, b)

    return Arithmetic(
        f"Value of {inner.name}",
        {
            "pi": inner.pi,
            "ratio": inner.ratio,
            "divide": divide,
            "maximum": lifted("max", "maximum"),
            "minimum": lifted("min", "minimum"),
            "where": lambda c, a, b: _select(inner, c, a, b),
            "one": lambda v: type(v)(inner.one(v.data)),
            "pow": lambda x, n: x**n if isinstance(x, Node) or isinstance(n, Node) else inner.pow(x, n),
            **{name: compare(name) for name in ("ge", "gt", "le", "lt")},
            **{name: lifted(name, name) for name in _METHODS if name != "pow"},
        },
    )


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Node) else x


def _wrap(x: tuple[Any, ...]) -> Any:
    """The plain number x[0] as a Value beside the Value that follows it."""
    return next(v for v in x if isinstance(v, Node)).operand(x[0])


def _select(inner: Arithmetic, condition: Any, a: Any, b: Any) -> Any:
    """where(condition, a, b): the gradient goes to the one that was chosen."""
    if not isinstance(a, Node) and not isinstance(b, Node):
        return inner.where(condition, a, b)
    if not isinstance(a, Node):
        a = b.operand(a)
    b = a.operand(b)
    out = type(a)(inner.where(condition, a.data, b.data), (a, b), "where", _constants=(condition,))

    def _backward() -> None:
        a.grad += inner.where(condition, 1, 0) * out.grad
        b.grad += inner.where(condition, 0, 1) * out.grad

    out._backward = _backward
    return out


def _divide(inner: Arithmetic, a: Any, b: Any) -> Any:
    """a/b with IEEE 754's infinity at a pole; the rule of `/` otherwise."""
    b = a.operand(b)
    out = type(a)(inner.divide(a.data, b.data), (a, b), "/")

    def _backward() -> None:
        a.grad += inner.divide(1, b.data) * out.grad
        b.grad += inner.divide(-out.data, b.data) * out.grad

    out._backward = _backward
    return out
