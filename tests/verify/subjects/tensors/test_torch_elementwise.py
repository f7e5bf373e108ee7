"""PyTorch entry by entry: the program on floats is the function and its gradient, and each choice has a margin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'backproof[torch]'")

import torch.nn.functional as F  # noqa: E402

from backproof.verify.arrays.floats import values  # noqa: E402
from backproof.verify.arrays.traced import Point  # noqa: E402
from backproof.verify.subjects.tensors.torch_code import torch_code  # noqa: E402
from tests.verify.subjects.tensors.torch_replay import CLOSE, apart, beside, check, numbers  # noqa: E402

pytestmark = [pytest.mark.optional, pytest.mark.filterwarnings("default")]

x, y, z = (numbers(7, seed=seed) for seed in range(3))
half = torch.tensor(0.5, dtype=torch.float64)

ANYWHERE = """
abs asinh atan ceil cos cosh deg2rad digamma erf erfc exp exp2 expm1 floor frac i0 neg positive round sgn sigmoid sign
sin sinc sinh square tan tanh trunc
"""
ABOVE = "lgamma log log10 log1p log2 reciprocal rsqrt sqrt"
WITHIN = "acos asin atanh erfinv logit"
SPECIAL = "bessel_j0 bessel_j1 bessel_y0 bessel_y1 entr erfcx i1 log_ndtr modified_bessel_k0 modified_bessel_k1 ndtr"
ACTIVATIONS = """
celu elu gelu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish relu relu6 selu silu softplus
softshrink softsign tanhshrink
"""

UNARY = {
    **{name: (getattr(torch, name), x) for name in ANYWHERE.split()},
    **{name: (getattr(torch, name), x.exp()) for name in ABOVE.split()},
    **{name: (getattr(torch, name), x.sigmoid()) for name in WITHIN.split()},
    **{name: (getattr(torch.special, name), x.exp()) for name in SPECIAL.split()},
    **{name: (getattr(F, name), 2 * x) for name in ACTIVATIONS.split()},
    "acosh": (torch.acosh, 1 + x.exp()),
    "ndtri": (torch.special.ndtri, x.sigmoid()),
}

NOT_DIFFERENTIATED = {"bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "modified_bessel_k0", "modified_bessel_k1"}
"""PyTorch has no gradient of them."""


def ahead(function: Any) -> Any:
    """A rule whose forward is the function, where PyTorch has no gradient of its own."""

    class Ahead(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *inputs):
            return function(*inputs)

        @staticmethod
        def backward(ctx, g):
            return (g,) * len(ctx.needs_input_grad)

    return Ahead


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_array_is_its_program(name):
    function, value = UNARY[name]
    check(ahead(function) if name in NOT_DIFFERENTIATED else function, value)


FUNCTIONS = {
    "addcdiv": (torch.addcdiv, x, y, z),
    "addcmul": (lambda a, b, c: torch.addcmul(a, b, c, value=0.5), x, y, z),
    "atan2 in all quadrants": (torch.atan2, x, y),
    "clamp": (lambda a: a.clamp(-0.5, 0.5), x),
    "clamp between arrays": (torch.clamp, x, y, z),
    "clamp from above": (lambda a: a.clamp_max(0.2), x),
    "clip": (lambda a: a.clip(min=-0.3), x),
    "copysign": (torch.copysign, x, y),
    "division to the floor": (lambda a, b: a * torch.div(a * 3, b, rounding_mode="floor"), x, y),
    "division to 0": (lambda a, b: a * torch.div(a * 3, b, rounding_mode="trunc"), x, y),
    "fmax": (torch.fmax, x, y),
    "fmin": (torch.fmin, x, y),
    "fmod": (lambda a: torch.fmod(a * 3, 0.7), x),
    "gelu by tanh": (lambda a: F.gelu(a, approximate="tanh"), x),
    "glu": (F.glu, numbers(2, 4)),
    "hypot": (torch.hypot, x, y),
    "lerp": (torch.lerp, x, y, z),
    "lerp by a number": (lambda a, b: torch.lerp(a, b, 0.3), x, y),
    "logaddexp": (torch.logaddexp, x, y),
    "logaddexp2": (torch.logaddexp2, x, y),
    "logit with an edge": (lambda a: torch.logit(a, eps=0.3), x.sigmoid()),
    "maximum": (torch.maximum, x, y),
    "minimum": (torch.minimum, x, y),
    "mvlgamma": (lambda a: torch.mvlgamma(a.exp() + 2, 2), x),
    "nan_to_num": (torch.nan_to_num, x),
    "polygamma": (lambda a: torch.polygamma(2, a), x.exp()),
    "power": (torch.pow, x.exp(), y),
    "power of a number": (lambda a: 2**a, x),
    "power of whole numbers": (lambda a: a ** torch.tensor([2, 3, 0, 1, 4, 2, 2]), x),
    "power to -2": (lambda a: a**-2, x),
    "power to 0.3": (lambda a: a**0.3, x.exp()),
    "prelu": (F.prelu, numbers(2, 3), numbers(3)),
    "remainder": (lambda a, b: torch.remainder(a * 3, b), x, y),
    "rounding to a digit": (lambda a: a * torch.round(a, decimals=1), x),
    "rrelu in evaluation": (lambda a: F.rrelu(a, training=False), x),
    "rsub": (lambda a: 3 - a, x),
    "softplus beyond its threshold": (lambda a: F.softplus(a, beta=2, threshold=1), x),
    "sub with a factor": (lambda a, b: torch.sub(a, b, alpha=2), x, y),
    "threshold": (lambda a: F.threshold(a, 0.1, 2.0), x),
    "where": (lambda a, b: torch.where(a > b, a, 0.5), x, y),
    "where with whole numbers": (lambda a: torch.where(a > 0, a, torch.tensor(1)), x),
    "xlogy": (torch.xlogy, x, y.exp()),
    "heaviside": (ahead(lambda a: torch.heaviside(a, half)), x),
    "floor_divide": (ahead(lambda a: torch.floor_divide(a * 3, 2)), x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_arrays_is_its_program(name):
    check(*FUNCTIONS[name])


def test_the_derivative_of_hardsigmoid_has_a_sixth_of_32_bits():
    """PyTorch's kernel for doubles: the program has the number that is in it, not the one that was meant."""
    code = torch_code(F.hardsigmoid, (torch.zeros(1, dtype=torch.float64),))
    traced = code.trace(Point(code.inputs))
    (slope,) = values(traced.program, [traced.gradients["input"]], {"g0": np.ones(1)})
    assert float(slope[0]) == float(np.float32(1) / np.float32(6)) != 1 / 6


CHOICES = {
    "abs": lambda a, b: a.abs() * b,
    "amax": lambda a, b: (a * b).amax(),
    "amin over rows": lambda a, b: (a.outer(b)).amin(1),
    "aminmax": lambda a, b: torch.stack(tuple((a * b).aminmax())),
    "argmax": lambda a, b: b[a.argmax()],
    "argmin over rows": lambda a, b: b[a.outer(b).argmin(0)],
    "argsort": lambda a, b: b[a.argsort()],
    "atan2": torch.atan2,
    "branch of Python": lambda a, b: a * b if a.sum() > 0 else a + b,
    "ceil": lambda a, b: (a * 2).ceil() * b,
    "clamp": lambda a, b: a.clamp(-0.5, 0.5) * b,
    "comparisons": lambda a, b: a * (a >= b) + b * (a < 0.5) + a * (b <= 1) + (a > b) * a**2,
    "copysign": lambda a, b: torch.copysign(a, b),
    "cummax": lambda a, b: a.cummax(0)[0] * b,
    "cummin": lambda a, b: a.outer(b).cummin(1)[0],
    "floor": lambda a, b: (a * 2).floor() * b,
    "fmod": lambda a, b: torch.fmod(a * 3, 0.7) * b,
    "huber": lambda a, b: F.huber_loss(a, b, delta=0.5),
    "infinite norm": lambda a, b: torch.linalg.vector_norm(a * b, float("inf")),
    "kthvalue": lambda a, b: (a * b).kthvalue(2)[0],
    "leaky_relu": lambda a, b: F.leaky_relu(a, 0.1) * b,
    "long": lambda a, b: (3 * a).long() * b,
    "max pool": lambda a, b: F.max_pool2d(a.outer(b)[None, None], 3, 2, 1),
    "max_pool1d": lambda a, b: F.max_pool1d((a * b)[None, None], 2),
    "maximum": torch.maximum,
    "median": lambda a, b: (a * b).median(),
    "median of rows": lambda a, b: a.outer(b).median(0)[0],
    "min over rows": lambda a, b: a.outer(b).min(0)[0],
    "mode": lambda a, b: (a * b).mode()[0],
    "relu": lambda a, b: F.relu(a) * b,
    "remainder": lambda a, b: torch.remainder(a * 3, b.exp()),
    "round": lambda a, b: (a * 2).round() * b,
    "scatter of maxima": lambda a, b: b[:3].scatter_reduce(0, torch.tensor([1, 0, 2, 1, 1, 0, 2]), a, "amax"),
    "scatter of minima alone": lambda a, b: b.scatter_reduce(
        0, torch.tensor([1, 0, 2, 1, 1, 0, 2]), a, "amin", include_self=False
    ),
    "sign": lambda a, b: a.sign() * b,
    "sort": lambda a, b: (a * b).sort(descending=True)[0],
    "topk": lambda a, b: (a * b).topk(3)[0],
    "topk smallest, in no order": lambda a, b: a.outer(b).topk(2, dim=0, largest=False, sorted=False)[0].sum(0),
    "trunc": lambda a, b: (a * 2).trunc() * b,
    "where": lambda a, b: torch.where(a.abs() < b, a * b, b),
}


@pytest.mark.parametrize("name", CHOICES)
def test_the_program_is_the_function_as_long_as_no_margin_changes_its_sign(name):
    """At points from near to far: where all signs are those of the trace, so is the function, and they do change."""
    code = torch_code(CHOICES[name], {"a": x, "b": y})
    traced = code.trace(Point(code.inputs, 3))
    nodes = [margin.node for margin in traced.margins]
    assert traced.decisions
    signs = [np.sign(found) for found in values(traced.program, nodes, {})]
    stayed = 0
    for seed in range(60):
        there = beside(traced, 0.01 * 1.1**seed, seed)
        turned = any((np.sign(a) != b).any() for a, b in zip(values(traced.program, nodes, there), signs, strict=True))
        if not turned:
            stayed += 1
            assert apart(code, traced, there) < CLOSE
    assert 0 < stayed < 60
