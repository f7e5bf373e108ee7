"""Operations entry by entry that are smooth: arithmetic, powers, functions of the table of primitives."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from backproof.verify.arrays.functions import applied, power
from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.torch.call import Call, Reading, Readings
from backproof.verify.terms.ops import ARITY

_SAME = """
acos acosh asin asinh atan atanh cos cosh digamma erf erfc erfinv exp exp2 expm1 lgamma log log10 log1p log2 logaddexp
logaddexp2 reciprocal sin sinh square tan tanh
"""

NAMES = {
    **{name: name for name in _SAME.split()},
    "sigmoid": "expit",
    "i0": "i0",
    "special_bessel_j0": "j0",
    "special_bessel_j1": "j1",
    "special_bessel_y0": "y0",
    "special_bessel_y1": "y1",
    "special_erfcx": "erfcx",
    "special_i1": "i1",
    "special_log_ndtr": "log_ndtr",
    "special_modified_bessel_k0": "k0",
    "special_modified_bessel_k1": "k1",
    "special_ndtri": "ndtri",
}
"""PyTorch's name of a function, and that of the table of primitives."""


def _named(name: str) -> Reading:
    def reading(call: Call, *operands: Any, **_: Any) -> Node:
        return applied(call.program, name, *map(call.node, operands[: ARITY[name]]))

    return reading


def _add(call: Call, a: Any, b: Any, alpha: Any = 1) -> Node:
    return call.program.add(call.node(a), _times(call, alpha, call.node(b)))


def _subtract(call: Call, a: Any, b: Any, alpha: Any = 1) -> Node:
    return call.program.subtract(call.node(a), _times(call, alpha, call.node(b)))


def _times(call: Call, factor: Any, node: Node) -> Node:
    return call.program.multiply(call.node(factor), node)


def _multiply(call: Call, a: Any, b: Any) -> Node:
    return call.program.multiply(call.node(a), call.node(b))


FEW = 16
"""Different exponents in an array of them that make a power each, so that the base may be negative."""


def _power(call: Call, a: Any, b: Any) -> Node:
    p, base, exponent = call.program, call.node(a), call.node(b)
    exponents = np.unique(exponent.parameter) if exponent.kind == "constant" and not exponent.is_uniform else ()
    if not 0 < len(exponents) <= FEW:
        return power(p, base, exponent)
    shape = np.broadcast_shapes(base.shape, exponent.shape)
    base = p.broadcast(base, shape)
    which = np.searchsorted(exponents, np.broadcast_to(exponent.parameter, shape))
    powers = [power(p, base, p.number(float(one))) for one in exponents]
    return p.take(powers, which * base.size + np.arange(base.size).reshape(shape))


def _to(exponent: Fraction) -> Reading:
    return lambda call, a: call.program.power(call.node(a), exponent)


def _polygamma(call: Call, order: int, a: Any) -> Node:
    if order == 0:
        return applied(call.program, "digamma", call.node(a))
    return call.program.function("polygamma", call.node(a), [Fraction(order)])


def _hypot(call: Call, a: Any, b: Any) -> Node:
    p = call.program
    return p.power(p.add(p.power(call.node(a), 2), p.power(call.node(b), 2)), Fraction(1, 2))


def _sigmoid_backward(call: Call, g: Any, y: Any) -> Node:
    p, out = call.program, call.node(y)
    return p.multiply(call.node(g), p.multiply(p.subtract(p.number(1), out), out))


def _tanh_backward(call: Call, g: Any, y: Any) -> Node:
    p = call.program
    return p.multiply(call.node(g), p.subtract(p.number(1), p.power(call.node(y), 2)))


READINGS: Readings = {
    **{name: _named(of) for name, of in NAMES.items()},
    "add": _add,
    "sub": _subtract,
    "rsub": lambda call, a, b, alpha=1: _subtract(call, b, a, alpha),
    "mul": _multiply,
    "neg": lambda call, a: call.program.negative(call.node(a)),
    "pow": _power,
    "sqrt": _to(Fraction(1, 2)),
    "rsqrt": _to(Fraction(-1, 2)),
    "hypot": _hypot,
    "polygamma": _polygamma,
    "sigmoid_backward": _sigmoid_backward,
    "tanh_backward": _tanh_backward,
}
