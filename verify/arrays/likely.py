"""The likely cause of a wrong gradient, in an author's terms: a sign, a factor, a transpose, a mean for a sum.

Each is a guess that is held to all entries, at the point where the gradient is wrong: a cause is named only where the
true gradient, changed in this way, is what the rule returned.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from fractions import Fraction

import numpy as np

from backproof.verify.arrays.traced import Floats

CLOSE = 1e-8
MOST_AXES = 4  # whose permutations are tried


def cause(rule: Mapping[str, Floats], true: Mapping[str, Floats], name: str, sizes: Collection[int] = ()) -> str:
    """What is wrong with the gradient of an input, "" where no guess fits all of its entries.

    rule, true: the gradients of all inputs, by name; sizes: of the axes of inputs and outputs
    """
    ours, expected = rule[name], true[name]
    if not np.isfinite(ours).all() or not np.isfinite(expected).all():
        return ""
    if not ours.any():
        return "the rule returns 0"
    for other, gradient in true.items():
        if other != name and gradient.shape == expected.shape and _same(ours, gradient):
            return f"it is the gradient of {other}: they are returned in the wrong order"
    for text, changed in _guesses(expected):
        if _same(ours, changed()):
            return text
    return _factor(ours, expected, (*expected.shape, *sizes)) or _part(ours, expected)


def _same(a: Floats, b: Floats) -> bool:
    size = max(float(np.abs(b).max(initial=0.0)), 1e-300)
    return a.shape == b.shape and bool(np.abs(a - b).max(initial=0.0) <= CLOSE * size)


def _guesses(g: Floats) -> Iterator[tuple[str, Callable[[], Floats]]]:
    if not _same(-g, g):
        yield "its sign is wrong", lambda: -g
    for axes in itertools.permutations(range(g.ndim)) if g.ndim <= MOST_AXES else ():
        if axes != tuple(range(g.ndim)) and tuple(g.shape[k] for k in axes) == g.shape:
            text = "it is transposed" if g.ndim == 2 else f"its axes are in the order {axes}"
            yield text, lambda axes=axes: g.transpose(axes)  # type: ignore[misc]
    for axis, size in enumerate(g.shape):
        if size > 1:
            yield f"axis {axis} is reversed", lambda axis=axis: np.flip(g, axis)  # type: ignore[misc]
            for step in (1, -1):
                text = f"it is shifted by {step} along axis {axis}"
                yield text, lambda axis=axis, step=step: np.roll(g, step, axis)  # type: ignore[misc]
            yield f"it is the sum over axis {axis}, repeated", lambda axis=axis: _all(g.sum(axis, keepdims=True), g)  # type: ignore[misc]
            yield f"it is the mean over axis {axis}, repeated", lambda axis=axis: _all(g.mean(axis, keepdims=True), g)  # type: ignore[misc]


def _all(part: Floats, g: Floats) -> Floats:
    return np.array(np.broadcast_to(part, g.shape))


def _sizes(axes: Collection[int]) -> set[int]:
    """The sizes of axes, and of two or three of them together."""
    chosen = [*dict.fromkeys(axes)][:8]
    return {math.prod(some) for k in (1, 2, 3) for some in itertools.combinations(chosen, k)}


def _factor(ours: Floats, expected: Floats, sizes: Collection[int]) -> str:
    """One factor for all entries, as a fraction where it is one, and where it is a size of the array."""
    place = np.unravel_index(int(np.argmax(np.abs(expected))), expected.shape)
    if not expected[place]:
        return ""
    ratio = float(ours[place] / expected[place])
    if not _same(ours, ratio * expected):
        return ""
    if math.isclose(ratio, 1, rel_tol=1e-6):
        return f"it is off by {abs(ratio - 1):.1e} of itself: a constant of few digits?"
    short = Fraction(ratio).limit_denominator(10_000)
    told = str(short) if math.isclose(float(short), ratio, rel_tol=1e-7) else f"{ratio:.6g}"
    for size in sorted(_sizes(sizes) - {1}):
        if math.isclose(ratio * size, 1, rel_tol=1e-7):
            return f"it is 1/{size} of the derivative: a mean over {size} entries in place of a sum"
        if math.isclose(ratio, size, rel_tol=1e-7):
            return f"it is {size} times the derivative: a sum over {size} entries in place of a mean"
    return f"it is {told} times the derivative"


def _part(ours: Floats, expected: Floats) -> str:
    """Entries that are right beside others that are 0: contributions that were overwritten or masked away."""
    apart = np.abs(ours - expected) > CLOSE * max(float(np.abs(expected).max()), 1e-300)
    if apart.all():
        return ""
    wrong = ours[apart]
    if not wrong.any():
        return f"{np.count_nonzero(apart)} entries are 0, all others are right"
    if np.count_nonzero(apart) == 1:
        return "all other entries are right"
    for axis in range(ours.ndim):
        lines = np.asarray(apart.any(axis=tuple(k for k in range(ours.ndim) if k != axis)))
        if 0 < np.count_nonzero(lines) < len(lines):
            shown = ", ".join(map(str, np.flatnonzero(lines)[:6]))
            return f"only at {shown} of axis {axis}, the others are right: are contributions overwritten there?"
    return ""
