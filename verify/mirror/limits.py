"""Limits of the partial derivatives at the infinities: a table from the mathematics, tested against the mirror.

IEEE 754 computes with infinities, and gradients meet them: an overflow in an earlier operation must not become a NaN
where the derivative has a limit.  A NaN input must give NaN, unless the derivative is constant at all real x.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction

from backproof.verify.mirror.table import Spec

INF, NAN = math.inf, math.nan

ENDS: Mapping[str, tuple[float, float]] = {
    # op           x -> -inf  x -> inf      NaN: no limit, or outside of the domain
    "neg":         (-1.0,     -1.0),
    "square":      (-INF,      INF),
    "reciprocal":  (0.0,       0.0),
    "sqrt":        (NAN,       0.0),
    "cbrt":        (0.0,       0.0),
    "exp":         (0.0,       INF),
    "expm1":       (0.0,       INF),
    "log":         (NAN,       0.0),
    "log1p":       (NAN,       0.0),
    "erf":         (0.0,       0.0),
    "erfc":        (0.0,       0.0),
    "sin":         (NAN,       NAN),
    "cos":         (NAN,       NAN),
    "tan":         (NAN,       NAN),
    "asin":        (NAN,       NAN),
    "acos":        (NAN,       NAN),
    "atan":        (0.0,       0.0),
    "sinh":        (INF,       INF),
    "cosh":        (-INF,      INF),
    "tanh":        (0.0,       0.0),
    "asinh":       (0.0,       0.0),
    "acosh":       (NAN,       0.0),
    "atanh":       (NAN,       NAN),
    "abs":         (-1.0,      1.0),
    "relu":        (0.0,       1.0),
    "relu6":       (0.0,       0.0),
    "hardtanh":    (0.0,       0.0),
    "hardsigmoid": (0.0,       0.0),
    "hardswish":   (0.0,       1.0),
    "softsign":    (0.0,       0.0),
    "sigmoid":     (0.0,       0.0),
    "logsigmoid":  (1.0,       0.0),
    "softplus":    (0.0,       1.0),
    "gelu":        (0.0,       1.0),
    "gelu_tanh":   (0.0,       1.0),
    "silu":        (0.0,       1.0),
    "mish":        (0.0,       1.0),
    "elu":         (0.0,       1.0),
    "celu":        (0.0,       1.0),
    "selu":        (0.0,       1.0507009873554804934193349852946),  # the scale of arXiv:1706.02515
}  # fmt: skip

PLACES: Mapping[str, Mapping[tuple[float, float], tuple[float, float]]] = {
    # op: (x, y): limits of the partial derivatives in x and in y
    "add":       {(INF, 1.0): (1.0, 1.0), (1.0, -INF): (1.0, 1.0)},
    "sub":       {(INF, 1.0): (1.0, -1.0), (1.0, -INF): (1.0, -1.0)},
    "mul":       {(INF, 2.0): (2.0, INF), (-3.0, -INF): (-INF, -3.0)},
    "div":       {(INF, 2.0): (0.5, -INF), (3.0, INF): (0.0, 0.0), (-3.0, -INF): (0.0, 0.0)},
    "pow":       {(INF, 1.0): (1.0, INF), (INF, -1.0): (0.0, 0.0), (2.0, -INF): (0.0, 0.0), (0.5, INF): (0.0, 0.0)},
    "hypot":     {(INF, 1.0): (1.0, 0.0), (-INF, 1.0): (-1.0, 0.0), (2.0, INF): (0.0, 1.0), (2.0, -INF): (0.0, -1.0)},
    "logaddexp": {(INF, 1.0): (1.0, 0.0), (-INF, 1.0): (0.0, 1.0), (2.0, INF): (0.0, 1.0), (2.0, -INF): (1.0, 0.0)},
    "atan2":     {(INF, 1.0): (0.0, 0.0), (-INF, 1.0): (0.0, 0.0), (2.0, INF): (0.0, 0.0), (2.0, -INF): (0.0, 0.0)},
    "max":       {(INF, 1.0): (1.0, 0.0), (-INF, 1.0): (0.0, 1.0), (2.0, INF): (0.0, 1.0), (2.0, -INF): (1.0, 0.0)},
    "min":       {(INF, 1.0): (0.0, 1.0), (-INF, 1.0): (1.0, 0.0), (2.0, INF): (1.0, 0.0), (2.0, -INF): (0.0, 1.0)},
}  # fmt: skip

FLAT = frozenset(
    ("neg", "abs", "relu", "relu6", "leaky_relu", "hardtanh", "hardsigmoid", "hardswish", "elu", "celu", "selu")
)
"""One-operand operations with a piece on which the derivative is a constant: there a NaN may give that constant."""


def limits(spec: Spec) -> Iterator[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Points at infinity and the limits of the partial derivatives there; NaN for one that has no limit there."""
    if len(spec.inputs) == 2:
        yield from PLACES.get(spec.op, {}).items()
        return
    constants = {str(name): Fraction(str(value)) for name, value in spec.constants}
    if spec.op == "power":
        ends = _power(constants["n"])
    elif spec.op == "leaky_relu":
        ends = float(constants["slope"]), 1.0
    else:
        ends = ENDS.get(spec.op, (NAN, NAN))
    for place, end in zip((-INF, INF), ends, strict=True):
        if end == end:
            yield (place,), (end,)


def _power(n: Fraction) -> tuple[float, float]:
    """n·x**(n - 1) as x tends to both infinities; for a fractional n there are no negative x."""
    if n in (0, 1):
        return float(n), float(n)
    up = math.copysign(INF, n) if n > 1 else 0.0
    if n.denominator != 1:
        return NAN, up
    return (up if n % 2 else -up) if up else 0.0, up
