"""Kernels of PyTorch that work entry by entry, in terms of other operations.

PyTorch has these of its own, too, but loads its compiler when they are first used, which takes longer than a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from backproof.verify.arrays.traced import Unread

# ------------------------------------------------------------------------------------------------------ activations


def _gelu(a: Any, *, approximate: str = "none") -> Any:
    if approximate == "none":
        return 0.5 * a * (1 + torch.erf(a * math.sqrt(0.5)))
    return 0.5 * a * (1 + torch.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))


def _softplus(a: Any, beta: float = 1, threshold: float = 20) -> Any:
    return torch.where(a * beta > threshold, a, torch.log1p(torch.exp(a * beta)) / beta)


def _elu(a: Any, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Any:
    return torch.where(a > 0, a * scale, torch.expm1(a * input_scale) * (alpha * scale))


def _glu(a: Any, dim: int = -1) -> Any:
    first, second = a.chunk(2, dim)
    return first * torch.sigmoid(second)


def _softshrink(a: Any, lambd: float = 0.5) -> Any:
    return torch.where(a > lambd, a - lambd, torch.where(a < -lambd, a + lambd, 0.0))


def _shrunk(a: Any, lambd: float = 0.5) -> Any:
    return torch.where((a >= -lambd) & (a <= lambd), 0.0, a)


def _shrunk_backward(g: Any, a: Any, lambd: float) -> Any:
    return torch.where((a >= -lambd) & (a <= lambd), 0.0, g)


def _rrelu(a: Any, noise: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, **_: Any) -> Any:
    if training:
        raise Unread("it draws random numbers")
    return torch.where(a > 0, a, a * ((lower + upper) / 2))


_SIXTH = 0.16666667163372040
"""The constant in PyTorch's derivative of hardsigmoid: 1/6 as a float of 32 bits, for doubles too."""


def _hardsigmoid_backward(g: Any, a: Any) -> Any:
    return torch.where((a > -3) & (a < 3), g * _SIXTH, 0.0)


# -------------------------------------------------------------------------------------------------------- functions


def _logit(p: Any, eps: float | None = None) -> Any:
    p = p if eps is None else p.clamp(eps, 1 - eps)
    return torch.log(p / (1 - p))


def _product_with_log(a: Any, b: Any) -> Any:
    return torch.where(torch.as_tensor(a == 0), 0.0, a * torch.log(torch.as_tensor(b)))


def _sinc(a: Any) -> Any:
    return torch.where(a == 0, 1.0, torch.sin(math.pi * a) / (math.pi * a))


def _without_nan(a: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    limits = torch.finfo(a.dtype)
    high = torch.where(a == math.inf, limits.max if posinf is None else posinf, a)
    low = torch.where(a == -math.inf, limits.min if neginf is None else neginf, high)
    return torch.where(torch.isnan(a), nan, low)


def _huber(a: Any, b: Any, reduction: int = 1, delta: float = 1.0) -> Any:
    size = (a - b).abs()
    found = torch.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta))
    return (found, found.mean(), found.sum())[reduction]


def _plus_product(a: Any, b: Any, c: Any, *, value: float = 1) -> Any:
    return a + value * b * c


def _plus_quotient(a: Any, b: Any, c: Any, *, value: float = 1) -> Any:
    return a + value * b / c


ACTIVATIONS: Mapping[str, Callable[..., Any]] = {
    "addcdiv": _plus_quotient,
    "addcmul": _plus_product,
    "celu": lambda a, alpha=1.0: _elu(a, alpha, 1, 1 / alpha),
    "deg2rad": lambda a: a * (math.pi / 180),
    "elu": _elu,
    "gelu": _gelu,
    "glu": _glu,
    "hardshrink": _shrunk,
    "hardshrink_backward": _shrunk_backward,
    "hardsigmoid_backward": _hardsigmoid_backward,
    "hardtanh": lambda a, low=-1, high=1: a.clamp(low, high),
    "heaviside": lambda a, middle: torch.where(a == 0, middle, (a > 0).to(a.dtype)),
    "huber_loss": _huber,
    "leaky_relu": lambda a, slope=0.01: torch.where(a > 0, a, a * slope),
    "lerp": lambda a, b, weight: a + weight * (b - a),
    "logit": _logit,
    "mish": lambda a: a * torch.tanh(torch.log1p(torch.exp(a))),
    "nan_to_num": _without_nan,
    "rad2deg": lambda a: a * (180 / math.pi),
    "rrelu_with_noise": _rrelu,
    "sinc": _sinc,
    "softplus": _softplus,
    "softshrink": _softshrink,
    "softshrink_backward": _shrunk_backward,
    "special_entr": lambda a: torch.where(a == 0, 0.0, -a * torch.log(a)),
    "threshold": lambda a, threshold, value: torch.where(a <= threshold, value, a),
    "xlogy": _product_with_log,
}
"""By the names of the operations."""
