"""The plots of an operation: the rule and the reference, its error, and a difference's error."""

from __future__ import annotations

import math
from html import escape

from backproof.verify.reports.plot import LEAST, Axis, Curve, bent, draw, ladder, linear, logarithmic
from backproof.verify.results.report import Series
from backproof.verify.support.escape import on_a_line

_STEEP = 40.0  # how far the largest derivative may exceed the usual one (nine tenths are below) before the axis is bent
_HALF = 0.5  # ULP: the largest error of a correctly rounded result


def figures(series: Series) -> list[str]:
    """The plots of a series, each a ``<figure>``, or a line that says why there is none."""
    columns = {name: [float(text) for text in numbers] for name, numbers in series.columns.items()}
    return _PLOTS[series.name](series, columns) if series.name in _PLOTS and all(columns.values()) else []


Columns = dict[str, list[float]]


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(on_a_line(caption))}.</figcaption></figure>"


def _nothing(text: str) -> str:
    """In place of a plot that would be empty."""
    return f'<p class="facts">{escape(on_a_line(text))}.</p>'


def _slice(series: Series, columns: Columns) -> list[str]:
    xs, rule, reference = columns["x"], columns["rule"], columns["reference"]
    across = linear(_name(series), min(xs), max(xs))
    kinks = list(map(float, series.kinks))
    marked = ", kinks marked" if kinks else ""
    about = f"The rule and the reference{_along(series)}, from {_short(min(rule))} to {_short(max(rule))}{marked}."
    curves = [Curve("reference", "reference", xs, reference), Curve("rule", "rule", xs, rule)]
    first = draw(about, across, _partials([*rule, *reference]), curves, kinks=kinks)
    explain = f"Derivative{_along(series)}: the rule on the reference{marked}"
    return [_figure(first, explain), _errors(series, columns, across, kinks)]


def _errors(series: Series, columns: Columns, across: Axis, kinks: list[float]) -> str:
    xs, errors = columns["x"], columns["error"]
    if not any(errors):
        return _nothing(f"Error in ULPs{_along(series)}: none")
    svg = draw(
        f"Error of the rule{_along(series)}: {_worst(xs, errors, series)}.",
        across, _ulps(errors), [Curve("error", "dots", xs, errors)], kinks=kinks, level=_HALF,
    )  # fmt: skip
    return _figure(svg, f"Error in ULPs{_along(series)}: {_worst(xs, errors, series)}")


def _range(series: Series, columns: Columns) -> list[str]:
    xs, errors = columns["x"], columns["error"]
    if not any(errors):
        return [_nothing("Error in ULPs over floats of every size: none")]
    worst = _worst(xs, errors, series)
    svg = draw(
        f"Error of the rule over floats of every size: {worst}.",
        ladder(f"{_name(series)}, all floats"), _ulps(errors), [Curve("error", "dots", xs, errors)], level=_HALF,
    )  # fmt: skip
    return [_figure(svg, f"Error in ULPs over floats of every size, the worst of each stretch: {worst}")]


def _steps(series: Series, columns: Columns) -> list[str]:
    hs, errors = columns["h"], columns["error"]
    positive = [e for e in errors if 0 < e < math.inf]
    if not positive:
        return [_nothing(f"Error of a central difference at {series.at}: none, whatever the step")]
    best = min(zip(errors, hs, strict=True))
    about = f"at best {_short(best[0])}, with a step of {_short(best[1])}"
    svg = draw(
        f"Relative error of a central difference against its step, at {on_a_line(series.at)}: {about}.",
        logarithmic("step h", min(hs), max(hs)), logarithmic("relative error", min(positive), max(positive)),
        [Curve("error", "dots", hs, errors)],
    )  # fmt: skip
    return [_figure(svg, f"A central difference at {series.at}: its relative error is {about}")]


_PLOTS = {"slice": _slice, "range": _range, "steps": _steps}


def _name(series: Series) -> str:
    return on_a_line(series.operand)


def _along(series: Series) -> str:
    return f" along {_name(series)}" + (f", {on_a_line(series.at)}" if series.at else "")


def _short(number: float) -> str:
    return f"{number:.3g}"


def _worst(xs: list[float], errors: list[float], series: Series) -> str:
    error, x = max(zip(errors, xs, strict=True))
    size = "an infinity where there is none" if error == math.inf else f"{_short(error)} ULP"
    return f"at most {size}, at {_name(series)} = {_short(x)}"


def _ulps(errors: list[float]) -> Axis:
    finite = [e for e in errors if e < math.inf]
    return logarithmic("error in ULPs", LEAST, max([10.0, *finite]))


def _partials(values: list[float]) -> Axis:
    """Linear; bent where a few derivatives are far larger than the rest, so that the rest can be seen."""
    low, high = min(values), max(values)
    margin = (high - low) * 0.05
    sizes = sorted(map(abs, values))
    usual, most = sizes[len(sizes) // 2], sizes[len(sizes) * 9 // 10]
    if usual and sizes[-1] > _STEEP * most:
        return bent("derivative", low, high, usual)
    return linear("derivative", low - margin, high + margin)
