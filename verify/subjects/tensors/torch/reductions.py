"""Sums, means, products, variances and norms over axes, and running ones along an axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.torch.call import Call, Readings
from backproof.verify.subjects.tensors.torch.choices import absolute
from backproof.verify.subjects.tensors.torch.routing import extremes

Dims = int | Sequence[int] | None


def axes_of(rank: int, dims: Dims) -> tuple[int, ...]:
    """The axes that PyTorch's argument dim means, from 0 on: all of them for None and for none."""
    if dims is None or (not isinstance(dims, int) and not len(dims)):
        return tuple(range(rank))
    return tuple(dim % rank for dim in ([dims] if isinstance(dims, int) else dims)) if rank else ()


def _sum(call: Call, a: Any, dim: Dims = None, keepdim: bool = False) -> Node:
    return call.program.sum(call.node(a), axes_of(a.ndim, dim), keepdim)


def _mean(call: Call, a: Any, dim: Dims = None, keepdim: bool = False) -> Node:
    return call.program.mean(call.node(a), axes_of(a.ndim, dim), keepdim)


def _product(call: Call, a: Any, dim: int | None = None, keepdim: bool = False) -> Node:
    p = call.program
    if dim is None or not a.ndim:
        return p.product(p.reshape(call.node(a), (a.numel(),)), 0)
    return p.reshape(p.product(call.node(a), dim), call.shape)


# ------------------------------------------------------------------------------------------------- running ones


def running(call: Call, a: Node, axis: int, combined: Callable[[Node, Node], Node], unit: int) -> Node:
    """What an associative operation makes of the entries along an axis up to each.

    It is combined with itself, shifted by 1, 2, 4, ... (Hillis and Steele 1986, Data parallel algorithms);
    unit: what stands before the first entry
    """
    p, shift = call.program, 1
    while a.shape and shift < a.shape[axis]:
        numbers = np.full(a.shape, a.size)  # that of the unit, which is laid behind the entries
        into, of = [slice(None)] * len(a.shape), [slice(None)] * len(a.shape)
        into[axis], of[axis] = slice(shift, None), slice(None, -shift)
        numbers[tuple(into)] = np.arange(a.size).reshape(a.shape)[tuple(of)]
        a = combined(a, p.take([a, p.number(unit)], numbers))
        shift *= 2
    return a


def _cumsum(call: Call, a: Any, dim: int) -> Node:
    return running(call, call.node(a), dim, call.program.add, 0)


def _cumprod(call: Call, a: Any, dim: int) -> Node:
    return running(call, call.node(a), dim, call.program.multiply, 1)


# ------------------------------------------------------------------------------------------- variances and norms


def _deviation(call: Call, a: Any, *given: Any, correction: Any = 1, unbiased: bool = True, **named: Any) -> Any:
    """var, std, var_mean, std_mean; given: dim, unbiased and keepdim, or unbiased alone."""
    p, x = call.program, call.node(a)
    dims = given[0] if given and not isinstance(given[0], bool) else named.get("dim")
    flags = [one for one in given if isinstance(one, bool)]
    unbiased = flags[0] if flags else unbiased
    keep = flags[1] if len(flags) > 1 else named.get("keepdim", False)
    axes = axes_of(a.ndim, dims)
    count = math.prod(x.shape[k] for k in axes)
    rest = Fraction(count) - (Fraction(1 if correction is None else correction) if unbiased else 0)
    mean = p.mean(x, axes, keep=True)
    squares = p.sum(p.power(p.subtract(x, mean), 2), axes, keep=True)
    found = p.scaled(squares, 1 / rest if rest > 0 else math.nan)
    if call.name.startswith("std"):
        found = p.power(found, Fraction(1, 2))
    shape = found.shape if keep else tuple(n for k, n in enumerate(found.shape) if k not in axes)
    return [p.reshape(one, shape) for one in (found, mean)][: len(call.outputs)]


def _norm(call: Call, a: Any, ord: Any = 2, dim: Dims = None, keepdim: bool = False) -> Node:
    """(Σ |x|**ord)**(1/ord); for an infinite order the largest or smallest |x|."""
    p, axes, order = call.program, axes_of(a.ndim, dim), 2.0 if ord is None else float(ord)
    if order == 2:
        return p.power(p.sum(p.power(call.node(a), 2), axes, keepdim), Fraction(1, 2))
    size = absolute(call, a)
    if math.isinf(order):
        return extremes(call, size, a.detach().abs(), dim, order > 0)
    if order == 1:
        return p.sum(size, axes, keepdim)
    exponent = Fraction(order).limit_denominator(1000)
    if exponent == 0:
        raise Unread(f"a norm of order {ord}")
    return p.power(p.sum(p.power(size, exponent), axes, keepdim), 1 / exponent)


READINGS: Readings = {
    **dict.fromkeys(("var", "std", "var_mean", "std_mean"), _deviation),
    **dict.fromkeys(("norm", "linalg_vector_norm"), _norm),
    "cumprod": _cumprod,
    "cumsum": _cumsum,
    "mean": _mean,
    "prod": _product,
    "sum": _sum,
}
