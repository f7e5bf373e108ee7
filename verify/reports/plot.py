"""Plots as SVG: axes, curves and points, distinguishable without colour; a text says what they show.

Coordinates have one decimal: the same numbers give the same bytes, whatever the machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 26, 40  # margins
_FOOT = HEIGHT - BOTTOM
_WIDE, _HIGH = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
LEAST = 0.01  # an axis of sizes ends here: what is smaller is drawn at its foot


@dataclass(frozen=True)
class Axis:
    """A scale: where a number lies between 0 and 1, and the numbers that are written at it."""

    label: str
    place: Callable[[float], float]
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Curve:
    """Numbers to draw: as a line ("reference", "rule") or as dots ("dots")."""

    name: str
    style: str
    xs: Sequence[float]
    ys: Sequence[float]


def linear(label: str, low: float, high: float) -> Axis:
    """From ``low`` to ``high``, with about five round ticks."""
    if not high > low:
        low, high = low - 1, high + 1
    step = _round_step((high - low) / 4)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = [(k * step, f"{k * step:.6g}") for k in range(first, last + 1)]
    return Axis(label, lambda v: (v - low) / (high - low), ticks)


def _round_step(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(f * power for f in (1, 2, 5, 10) if f * power >= rough * (1 - 1e-9))


def logarithmic(label: str, low: float, high: float) -> Axis:
    """Powers of ten from ``low`` to ``high``; smaller numbers lie at the foot, larger ones at the top."""
    first = math.floor(math.log10(low) + 1e-9)
    last = max(first + 1, math.ceil(math.log10(high) - 1e-9)) if math.isfinite(high) else first + 1
    step = max(1, -(-(last - first) // 6))

    def place(v: float) -> float:
        if v <= 0:
            return 0.0
        return min(max((math.log10(v) - first) / (last - first), 0.0), 1.0) if math.isfinite(v) else 1.0

    return Axis(label, place, [(10.0**k, _power(k)) for k in range(first, last + 1, step)])


def _power(k: int) -> str:
    return f"{10.0**k:g}" if -3 < k < 4 else f"1e{k}"


def bent(label: str, low: float, high: float, size: float) -> Axis:
    """Linear near 0 and logarithmic beyond ``size``, on both sides."""
    a, b = math.asinh(low / size), math.asinh(high / size)
    if not b > a:
        a, b = a - 1, b + 1
    top = max(1, math.ceil(math.log10(max(abs(low), abs(high), size))))
    least = math.floor(math.log10(size))
    step = max(1, -(-(top - least) // 3))
    sizes = [10.0**k for k in range(top, least - 1, -step)]
    ticks = [(v, f"{v:g}") for v in sorted((*(-s for s in sizes), 0.0, *sizes)) if low <= v <= high]
    return Axis(label, lambda v: (math.asinh(v / size) - a) / (b - a), ticks)


def ladder(label: str) -> Axis:
    """All floats by size, the most negative first: most room for sizes around 1, least for the ends."""
    near, far = math.asinh(-1075 / 10), math.asinh(1024 / 10)

    def place(v: float) -> float:
        part = (math.asinh(math.log2(abs(v)) / 10) - near) / (far - near) if v else 0.0
        return 0.5 + math.copysign(part, v) / 2

    written = (-1e300, -1e6, -1.0, -1e-6, 0.0, 1e-6, 1.0, 1e6, 1e300)
    return Axis(label, place, [(v, _exponent(v)) for v in written])


def _exponent(v: float) -> str:
    """1e6 and 1e-6, without the zeros and signs that `:g` has."""
    mantissa, mark, power = f"{v:.0e}".partition("e")
    return f"{v:g}" if v == 0 or abs(v) == 1 else f"{mantissa}{mark}{int(power)}"


def draw(
    about: str, x: Axis, y: Axis, curves: Sequence[Curve], *, kinks: Sequence[float] = (), level: float | None = None
) -> str:
    """The plot.  ``about`` is read out in its place; ``kinks`` are marked; ``level`` is a line across."""
    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(about)}">',
        *_frame(x, y),
        *(_kink(_across(x, c)) for c in kinks if 0 <= x.place(c) <= 1),
    ]
    if level is not None and 0 < y.place(level) < 1:
        parts.append(f'<path class="level" d="M{LEFT} {_up(y, level)}H{WIDTH - RIGHT}"/>')
    parts += [_curve(curve, x, y, kinks) for curve in curves]
    if len(curves) > 1:
        parts += _legend(curves)
    return "".join(parts) + "</svg>"


def _frame(x: Axis, y: Axis) -> list[str]:
    foot, side = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for value, text in x.ticks:
        at = _across(x, value)
        parts.append(f'<path class="grid" d="M{at} {TOP}V{foot}"/>')
        parts.append(f'<text x="{at}" y="{foot + 14}" class="x">{text}</text>')
    for value, text in y.ticks:
        at = _up(y, value)
        parts.append(f'<path class="grid" d="M{LEFT} {at}H{side}"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{at}" class="y">{text}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{foot}H{side}"/>')
    parts.append(f'<text x="{(LEFT + side) / 2:.1f}" y="{HEIGHT - 6}" class="x">{escape(x.label)}</text>')
    parts.append(f'<text x="4" y="14" class="name">{escape(y.label)}</text>')
    return parts


def _across(axis: Axis, value: float) -> str:
    return f"{LEFT + axis.place(value) * _WIDE:.1f}"


def _up(axis: Axis, value: float) -> str:
    return f"{_FOOT - axis.place(value) * _HIGH:.1f}"


def _kink(at: str) -> str:
    return f'<path class="kink" d="M{at} {TOP}V{HEIGHT - BOTTOM}m-4 0h8l-4-7z"/>'


def _curve(curve: Curve, x: Axis, y: Axis, kinks: Sequence[float]) -> str:
    across = [f"{LEFT + place * _WIDE:.1f}" for place in map(x.place, curve.xs)]
    if curve.style == "dots":
        points = list(zip(across, curve.ys, strict=True))
        dots = "".join([f"M{a} {_FOOT - y.place(b) * _HIGH:.1f}h0" for a, b in points if b < math.inf])
        over = "".join([f"M{a} {TOP + 8}l-4 0l4 -7l4 7z" for a, b in points if b == math.inf])
        triangles = f'<path class="over" d="{over}"/>' if over else ""
        return f'<path class="dots" d="{dots}"/>{triangles}' if dots else triangles
    up = [f"{_FOOT - place * _HIGH:.1f}" for place in map(y.place, curve.ys)]
    path, before = [], None
    widest = _usual_gap(curve.xs) * 1.5
    for a, at, height in zip(curve.xs, across, up, strict=True):
        cut = before is None or a - before > widest or any(before < c < a for c in kinks)
        path.append(f"{'M' if cut else 'L'}{at} {height}")
        before = a
    return f'<path class="{curve.style}" d="{"".join(path)}"/>'


def _usual_gap(xs: Sequence[float]) -> float:
    gaps = sorted(b - a for a, b in pairwise(xs))
    return gaps[len(gaps) // 2] if gaps else math.inf


def _legend(curves: Sequence[Curve]) -> list[str]:
    parts, at = [], WIDTH - RIGHT
    for curve in reversed(curves):
        at -= 7 * len(curve.name) + 34
        parts.append(f'<path class="{curve.style}" d="M{at} 10h24"/>')
        parts.append(f'<text x="{at + 28}" y="14" class="name">{escape(curve.name)}</text>')
    return parts
