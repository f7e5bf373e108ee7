"""Small pictures of an operation and its derivative: dots of Braille for a terminal, and SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from backproof.derivations.steps.evidence import Curves, window

# ------------------------------------------------------------------------------------------------- terminal

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # the dots of one Braille character
_ROWS = 8


def text_plot(name: str, curves: Curves, width: int, ascii_only: bool) -> list[str]:
    """Two panels side by side, the operation and its derivative, or one above the other where there is no room."""
    panel = max(24, min(38, (width - 4) // 2))
    held = "" if curves.held is None else f", y = {curves.held:g}"
    partial = "derivative" if curves.held is None else "derivative in x"
    left = _panel(f"{name}{held}", curves.xs, curves.value, panel, ascii_only)
    right = _panel(f"{partial}{held}", curves.xs, curves.partial, panel, ascii_only)
    if 2 * panel + 4 > width:
        return [*left, "", *right]
    return [f"{a:<{panel}}    {b}".rstrip() for a, b in zip(left, right, strict=True)]


def _panel(title: str, xs: Sequence[float], ys: Sequence[float], width: int, ascii_only: bool) -> list[str]:
    low, high = window(ys)
    margin = 8
    columns = width - margin
    across, down = (1, 1) if ascii_only else (2, 4)
    cells = [[0] * columns for _ in range(_ROWS)]
    for i in range(columns * across):
        x = xs[0] + (xs[-1] - xs[0]) * i / (columns * across - 1)
        y = ys[round((x - xs[0]) / (xs[-1] - xs[0]) * (len(ys) - 1))]
        if math.isfinite(y) and low <= y <= high:
            row = round((high - y) / (high - low) * (_ROWS * down - 1))
            cells[row // down][i // across] |= 1 if ascii_only else _DOTS[row % 4][i % 2]
    zero = round((high - 0.0) / (high - low) * (_ROWS * down - 1)) // down
    lines = [f"{'':{margin}}{title}"]
    for r in range(_ROWS):
        label = {0: f"{high:.3g}", _ROWS - 1: f"{low:.3g}", zero: "0"}.get(r, "")
        bar = "|" if ascii_only else "┤" if label else "│"
        empty = ("-" if ascii_only else "─") if r == zero else " "
        drawn = "".join((("*" if ascii_only else chr(0x2800 + bits)) if bits else empty) for bits in cells[r])
        lines.append(f"{label:>{margin - 2}} {bar}{drawn}")
    ends = f"{xs[0]:g}", f"{xs[-1]:g}"
    lines.append(f"{'':{margin}}{ends[0]}{ends[1]:>{columns - len(ends[0])}}")
    return lines


# ------------------------------------------------------------------------------------------------------ SVG

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 560, 260, 44, 30, 26


def svg_plot(name: str, curves: Curves, alt: str) -> str:
    """Both curves in one picture: the operation as a full line, its derivative dashed."""
    low = min(window(curves.value)[0], window(curves.partial)[0])
    high = max(window(curves.value)[1], window(curves.partial)[1])
    pad = (high - low) * 0.06
    low, high = low - pad, high + pad

    def at(x: float, y: float) -> tuple[float, float]:
        across = _LEFT + (x - curves.low) / (curves.high - curves.low) * (_WIDTH - _LEFT - 12)
        down = _TOP + (high - y) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
        return across, down

    parts = [*_axes(curves, low, high, at)]
    for values, style in ((curves.partial, "slope"), (curves.value, "value")):
        for run in _runs(curves.xs, values, low, high):
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (at(x, y) for x, y in run))
            parts.append(f'<polyline class="{style}" points="{points}"/>')
    held = "" if curves.held is None else f" (y = {curves.held:g})"
    legend = (
        f'<path class="value" d="M{_LEFT + 4},14 h26"/><text x="{_LEFT + 36}" y="18">{escape(name + held)}</text>'
        f'<path class="slope" d="M{_LEFT + 236},14 h26"/><text x="{_LEFT + 268}" y="18">'
        f"its derivative{' in x' if held else ''}</text>"
    )
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" aria-label="{escape(alt)}"><title>{escape(alt)}</title>'
        f"<style>{_STYLE}</style>{legend}{''.join(parts)}</svg>"
    )


_STYLE = (
    ".plot text{font:12px system-ui,sans-serif;fill:#1b1f24}.plot .axis{stroke:#57606a;fill:none}"
    ".plot .grid{stroke:#d0d7de;fill:none}.plot .value{stroke:#0b57a4;stroke-width:2.2;fill:none}"
    ".plot .slope{stroke:#b35900;stroke-width:2.2;stroke-dasharray:6 4;fill:none}"
)


def _axes(curves: Curves, low: float, high: float, at):  # type: ignore[no-untyped-def]
    for tick in _ticks(low, high):
        (a, b), (c, _) = at(curves.low, tick), at(curves.high, tick)
        yield f'<path class="{"axis" if tick == 0 else "grid"}" d="M{a:.1f},{b:.1f} H{c:.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{b + 4:.1f}" text-anchor="end">{tick:g}</text>'
    for tick in _ticks(curves.low, curves.high):
        (a, b), (_, d) = at(tick, low), at(tick, high)
        yield f'<path class="{"axis" if tick == 0 else "grid"}" d="M{a:.1f},{b:.1f} V{d:.1f}"/>'
        yield f'<text x="{a:.1f}" y="{_HEIGHT - 10}" text-anchor="middle">{tick:g}</text>'


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers, four to nine of them."""
    step = 10.0 ** math.floor(math.log10((high - low) / 4))
    for factor in (5, 2, 1):
        if (high - low) / (step * factor) >= 4:
            step *= factor
            break
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) + 0.0 for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _runs(
    xs: Sequence[float], ys: Sequence[float], low: float, high: float
) -> list[list[tuple[float, float]]]:
    """The stretches to draw in one line: broken where there is no value, at a jump, and outside the window."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        before = runs[-1][-1][1] if runs[-1] else y
        if not (math.isfinite(y) and low <= y <= high):
            runs.append([])
            continue
        if abs(y - before) > (high - low) * 0.12:
            runs.append([])
        runs[-1].append((x, y))
    return [run for run in runs if len(run) > 1]
