"""Operations that choose entry by entry, or round: the point has decided."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from backproof.verify.arrays.functions import applied
from backproof.verify.arrays.program import PI, Node
from backproof.verify.subjects.tensors.torch.call import Call, Reading, Readings
from backproof.verify.subjects.tensors.torch.storages import floats_of, is_float


def compared(call: Call, a: Any, b: Any) -> None:
    """A comparison: its sign is that of a - b."""
    call.record.decided(call.name, call.program.subtract(call.node(a), call.node(b)))


def _comparison(call: Call, a: Any, b: Any) -> list[Node | None]:
    compared(call, a, b)
    return [None]


def chosen(call: Call, mask: Any, a: Node, b: Node) -> Node:
    """The entries of a where the mask holds, else of b."""
    shape = tuple(mask.shape)
    numbers = np.arange(mask.numel()).reshape(shape)
    places = np.where(mask.numpy(), numbers, numbers + mask.numel())
    return call.take([call.program.broadcast(a, shape), call.program.broadcast(b, shape)], places)


def larger(call: Call, a: Any, b: Any) -> Node:
    """The larger of a and b, a if they are equal."""
    compared(call, a, b)
    return chosen(call, a >= b, call.node(a), call.node(b))


def smaller(call: Call, a: Any, b: Any) -> Node:
    """The smaller of a and b, a if they are equal."""
    compared(call, a, b)
    return chosen(call, a <= b, call.node(a), call.node(b))


def _clamp(call: Call, a: Any, low: Any = None, high: Any = None, *, min: Any = None, max: Any = None) -> Node:
    low, high = min if low is None else low, max if high is None else high
    found, value = call.node(a), a.detach()
    for bound, beyond in ((low, torch.lt), (high, torch.gt)):
        if bound is not None:
            compared(call, a, bound)
            outside = beyond(value, bound)
            found = chosen(call, outside, call.node(bound), found)
            value = torch.where(outside, bound, value)
    return found


def _relu(call: Call, a: Any) -> Node:
    return larger(call, a, torch.zeros((), dtype=a.dtype))


def _threshold_backward(call: Call, g: Any, a: Any, threshold: Any) -> Node:
    compared(call, a, threshold)
    return chosen(call, a <= threshold, call.program.number(0), call.node(g))


# --------------------------------------------------------------------------------------------- signs and steps


def signs(call: Call, a: Any) -> Node:
    """-1, 0 or 1."""
    call.record.decided("sign", call.node(a))
    return call.program.constant(floats_of(a.detach().sign()))


def absolute(call: Call, a: Any) -> Node:
    """|a|, as ±a."""
    return call.program.multiply(signs(call, a), call.node(a))


_REACH: dict[Any, tuple[float, float]] = {torch.floor: (0, 1), torch.ceil: (1, 0), torch.round: (0.5, 0.5)}
"""How far below and above a whole number others are rounded to it; by trunc as far as 1, on the side away from 0."""


def steps(call: Call, node: Node, value: Any, rounding: Callable[[Any], Any]) -> Node:
    """A whole number near a value, which does not change until the value has moved to the next."""
    p, whole = call.program, floats_of(rounding(value.detach()))
    below, above = _REACH.get(rounding, (whole <= 0, whole >= 0))
    ends = p.constant(whole - below), p.constant(whole + above)
    call.record.decided(call.name, *(p.subtract(node, end) for end in ends))
    return p.constant(whole)


def _step(rounding: Callable[[Any], Any]) -> Reading:
    return lambda call, a: steps(call, call.node(a), a, rounding)


def _round(call: Call, a: Any, *, decimals: int = 0) -> Node:
    p, scale = call.program, Fraction(10) ** decimals
    found = steps(call, p.scaled(call.node(a), scale), a.detach() * float(scale), torch.round)
    return p.scaled(found, 1 / scale)


def _frac(call: Call, a: Any) -> Node:
    return call.program.subtract(call.node(a), steps(call, call.node(a), a, torch.trunc))


def _quotient(call: Call, a: Any, b: Any, rounding: Callable[[Any], Any]) -> Node:
    """a/b, rounded to a whole number."""
    value = torch.true_divide(*(torch.as_tensor(x, dtype=torch.float64).detach() for x in (a, b)))
    return steps(call, call.program.divide(call.node(a), call.node(b)), value, rounding)


def _divide(call: Call, a: Any, b: Any, rounding_mode: str | None = None) -> Node:
    if rounding_mode is not None:
        return _quotient(call, a, b, torch.floor if rounding_mode == "floor" else torch.trunc)
    return call.program.divide(call.node(a), call.node(b))


def _remainder(rounding: Callable[[Any], Any]) -> Reading:
    def reading(call: Call, a: Any, b: Any) -> Node:
        p = call.program
        return p.subtract(call.node(a), p.multiply(call.node(b), _quotient(call, a, b, rounding)))

    return reading


def _converted(call: Call, a: Any, *_: Any, **__: Any) -> list[Node | None]:
    """To another format of floats, which real numbers do not have; to whole numbers or truth values."""
    out = call.outputs[0]
    if is_float(out):
        return [call.node(a)]
    if out.dtype == torch.bool:
        call.record.decided("a truth value", call.node(a))
    else:
        steps(call, call.node(a), a, torch.trunc)
    return [None]


def _copysign(call: Call, a: Any, b: Any) -> Node:
    other = call.node(b)
    call.record.decided("copysign", other)
    negative = torch.signbit(torch.as_tensor(b)).double()
    return call.program.multiply(absolute(call, a), call.program.constant(floats_of(1 - 2 * negative)))


def _atan2(call: Call, y: Any, x: Any) -> Node:
    """The angle of (x, y): atan(y/x) where x is the larger, else -atan(x/y), and the quarters of a turn between."""
    p, a, b = call.program, call.node(y), call.node(x)
    call.record.decided("atan2", a, b)
    wide = x.abs() >= y.abs()
    steep = applied(p, "atan", p.divide(b, a))
    found = chosen(call, wide, applied(p, "atan", p.divide(a, b)), p.negative(steep))
    angle = torch.atan2(y, x).detach()
    near = torch.where(wide, torch.atan(y / x), -torch.atan(x / y)).detach()
    quarters = torch.round((angle - near) / (math.pi / 2))
    return p.add(found, p.multiply(p.scaled(p.number(PI), Fraction(1, 2)), p.constant(floats_of(quarters))))


READINGS: Readings = {
    **dict.fromkeys(("gt", "lt", "ge", "le", "eq", "ne"), _comparison),
    **dict.fromkeys(("maximum", "fmax"), larger),
    **dict.fromkeys(("minimum", "fmin"), smaller),
    **dict.fromkeys(("sign", "sgn"), signs),
    **dict.fromkeys(("_to_copy", "convert_element_type"), _converted),
    "abs": absolute,
    "atan2": _atan2,
    "ceil": _step(torch.ceil),
    "clamp": _clamp,
    "clamp_max": lambda call, a, bound: _clamp(call, a, None, bound),
    "clamp_min": lambda call, a, bound: _clamp(call, a, bound),
    "copysign": _copysign,
    "div": _divide,
    "floor": _step(torch.floor),
    "floor_divide": lambda call, a, b: _quotient(call, a, b, torch.floor),
    "fmod": _remainder(torch.trunc),
    "frac": _frac,
    "relu": _relu,
    "remainder": _remainder(torch.floor),
    "round": _round,
    "threshold_backward": _threshold_backward,
    "trunc": _step(torch.trunc),
}
