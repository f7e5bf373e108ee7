"""Points past the comparisons that a rule made on its path: beyond them it takes another one, and may be wrong there.

A comparison's margin is the difference whose sign decided it.  From the point of a trace each margin is aimed at along
its gradient, at the entry that is closest to 0; and random lines are followed, on which all margins are evaluated along
the old path.  Where one changes its sign, the place is found by bisection; where one comes close to 0 and turns back,
as that of `|x - max| < 0.01` does, its least value is searched by golden section, for a band between two steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.along import WORK, Direction, Entry, Start
from backproof.verify.arrays.margin_text import margin_text
from backproof.verify.arrays.program import Indices
from backproof.verify.arrays.traced import Floats, Traced

MOST = 40

LINES = ((1.0, 1.0), (0.3, 0.3), (3.0, 0.3), (10.0, 1.0), (0.3, 1.0), (1.0, 0.3), (3.0, 1.0), (10.0, 0.3)) * 2
"""Of each random line the scale of its direction, and the share of the entries that move."""

STEPS = 8  # along a line
TIMES = [k / STEPS for k in range(STEPS + 1)]
MOST_MARGINS = 200  # that are followed, at random where there are more: a loop makes one in each round
SAMPLED = 4096  # entries of a margin that are followed, at random where it has more
EACH = 2  # entries of a margin that one line adds, of either sign
DIPS = 4  # places where a margin comes close to 0 that are searched, for either sign
HALVINGS = 36
LOST = 10**9
ROUNDING = 1e-12  # a margin this small has no sign
BEYOND = [10.0**-k for k in range(3, 9)]  # how far past a change of sign a point lies, in steps: as far as it may
AIMED = (1.1, 2.0, 8.0, 32.0)  # times Newton's step

_GOLDEN = (math.sqrt(5) - 1) / 2


class _Stretch(NamedTuple):
    """A part of a line, from low to high, at whose end, or within it, an entry of a margin has another sign.

    margin, entry: their numbers; negative: the other sign
    spoiled: how far the path is another one there, for margins have changed their signs or lost their values before
    """

    margin: int
    entry: int
    direction: Direction
    low: float
    high: float
    negative: bool
    spoiled: int = 0


class Crossings(Iterator[tuple[str, dict[str, Floats]]]):
    """Points past margins, each with a text, and the values of the inputs by their names.

    labels: how many comparisons were crossed, never changed their sign, or were too many to be followed
    """

    def __init__(self, traced: Traced, seed: int, most: int) -> None:
        rng = np.random.default_rng([seed, 79])
        self._start = Start(traced, MOST_MARGINS, rng)
        found = _search(self._start, rng).found
        crossed = len({margin for (margin, _), flips in found.items() if flips})
        followed = len(self._start.margins)
        self.labels = {
            "crossed": crossed,
            "never flipped": followed - crossed,
            "not followed": self._start.count - followed,
        }
        in_turn = (flip for turn in zip_longest(*found.values()) for flip in turn if flip is not None)
        self._flips = islice(in_turn, most)

    def __next__(self) -> tuple[str, dict[str, Floats]]:
        flip = next(self._flips)
        margin = self._start.margins[flip.margin]
        text = margin_text(self._start.program, margin, flip.entry, negative=flip.negative)
        return text, self._start.inputs_at(flip.direction, _just_past(self._start, flip))


def past_margins(traced: Traced, seed: int, most: int = MOST) -> Crossings:
    """Points just on the other side of the comparisons on the path, at most so many, each with a text.

    Each comparison is crossed from either side before any is crossed again, at entries drawn by ``seed``.  Only inputs
    move: what depends on the upstream gradient alone is never crossed.
    """
    return Crossings(traced, seed, most)


# ------------------------------------------------------------------------------------------------------- the search

_Key = tuple[int, bool]
"""A margin, and whether it is negative past it."""


class _Search:
    """What the lines came across: changes of sign, the best for each entry, and how close to 0 others came."""

    def __init__(self, margins: int) -> None:
        keys = [(k, negative) for k in range(margins) for negative in (True, False)]
        self.flips: dict[_Key, dict[int, _Stretch]] = {key: {} for key in keys}
        self.dips: dict[_Key, list[tuple[float, _Stretch]]] = {key: [] for key in keys}

    def add(self, flip: _Stretch) -> None:
        """A change of sign."""
        flips = self.flips[flip.margin, flip.negative]
        if flip.entry not in flips or flip.spoiled < flips[flip.entry].spoiled:
            flips[flip.entry] = flip

    @property
    def found(self) -> dict[_Key, list[_Stretch]]:
        """All of them, the best first."""
        return {key: sorted(flips.values(), key=lambda flip: flip.spoiled) for key, flips in self.flips.items()}


def _search(start: Start, rng: np.random.Generator) -> _Search:
    search = _Search(len(start.margins))
    if not start.margins or not start.at:
        return search
    followed = [_followed(margin.node.size, rng) for margin in start.margins]

    def column(direction: Direction, t: float) -> list[Floats]:
        return [margin[entries] for margin, entries in zip(start.evaluated(direction, t), followed, strict=True)]

    before = column({}, 0.0)
    _aim_at_all(start, search, before, followed)
    for scale, share in LINES[: max(1, WORK // (STEPS * start.cost))]:
        direction = {name: _direction(value.shape, scale, share, rng) for name, value in start.at.items()}
        columns = [before, *(column(direction, t) for t in TIMES[1:])]
        spoiled = [sum(map(_spoiled, before, there)) for there in columns]
        for k, entries in enumerate(followed):
            along = np.stack([there[k] for there in columns])
            for place, step in _flips(along, rng):
                negative = bool(along[step, place] < 0)
                low, high = TIMES[step - 1], TIMES[step]
                worse = spoiled[step - 1] + spoiled[step]
                search.add(_Stretch(k, int(entries[place]), direction, low, high, negative, worse))
            for place, step in _dips(along):
                negative = bool(along[0, place] >= 0)
                low, high = TIMES[step - 1], TIMES[step + 1]
                around = _Stretch(k, int(entries[place]), direction, low, high, negative, 2 * spoiled[step])
                search.dips[k, negative].append((abs(float(along[step, place])), around))
    _look_into_dips(start, search)
    return search


def _followed(size: int, rng: np.random.Generator) -> Indices:
    return np.arange(size) if size <= SAMPLED else np.sort(rng.choice(size, SAMPLED, replace=False))


def _spoiled(before: Floats, there: Floats) -> int:
    """How many entries of a margin have another sign; what has no value any more outweighs them all."""
    lost = np.isfinite(before) & ~np.isfinite(there)
    return int(np.count_nonzero((before < 0) != (there < 0)) + LOST * np.count_nonzero(lost))


def _size(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Its distance from 0; infinite where it has no value."""
    return np.where(np.isfinite(margin), np.abs(margin), math.inf)


def _direction(shape: tuple[int, ...], scale: float, share: float, rng: np.random.Generator) -> Floats:
    moves = np.asarray(rng.random(shape) < share)
    if moves.size:
        moves.reshape(-1)[rng.integers(moves.size)] = True
    return np.asarray(scale * rng.standard_normal(shape) * moves)


def _flips(along: NDArray[np.float64], rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Some entries that change their sign, each with the first step at which it is another."""
    negative = along < 0
    other = np.isfinite(along) & np.isfinite(along[0]) & (negative != negative[0]) & (np.abs(along) > ROUNDING)
    for sign in (True, False):
        entries = np.flatnonzero((other & (negative == sign)).any(axis=0))
        for entry in rng.permutation(entries)[:EACH].tolist():
            yield entry, int(other[:, entry].argmax())


def _dips(along: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """The entries that come closest to 0 and turn back, each with the step where it is closest."""
    size = _size(along)
    turns = (size[1:-1] < size[:-2]) & (size[1:-1] <= size[2:]) & np.isfinite(size[2:])
    turns &= ((along < 0) == (along[0] < 0)).all(axis=0)
    least = np.where(turns, size[1:-1], math.inf)
    closest = least.min(axis=0)
    for entry in np.argsort(closest, kind="stable")[:EACH].tolist():
        if math.isfinite(closest[entry]):
            yield entry, 1 + int(least[:, entry].argmin())


def _look_into_dips(start: Start, search: _Search) -> None:
    """For bands that the steps passed over, where few changes of sign were found."""
    left = WORK
    ranked = [[around for _, around in sorted(dips, key=lambda dip: dip[0])[:DIPS]] for dips in search.dips.values()]
    for around in (dip for rank in zip_longest(*ranked) for dip in rank if dip is not None):
        if len(search.flips[around.margin, around.negative]) >= DIPS:
            continue
        entry = start.entry(around.margin, around.entry)
        left -= HALVINGS * entry.cost
        if left < 0:
            return
        inside = _inside(entry, around)
        if inside is not None:
            search.add(around._replace(high=inside))


def _inside(entry: Entry, around: _Stretch) -> float | None:
    """A place where the margin has the other sign, by golden section for its least value; None if none is met."""

    def height(t: float) -> float:
        value = entry.along(around.direction, t)
        return value if around.negative else -value

    low, high = around.low, around.high
    inner = [(t, height(t)) for t in (high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))]
    for _ in range(HALVINGS):
        for t, value in inner:
            if value < -ROUNDING:
                return t
        (a, at_a), (b, at_b) = inner
        if at_a < at_b:
            high, t = b, b - _GOLDEN * (b - low)
            inner = [(t, height(t)), (a, at_a)]
        else:
            low, t = a, a + _GOLDEN * (high - a)
            inner = [(b, at_b), (t, height(t))]
    return None


def _aim_at_all(start: Start, search: _Search, before: list[Floats], followed: list[Indices]) -> None:
    """From either side, at the entry that is closest to 0 there."""
    left = WORK
    for k, negative in search.flips:
        aimed = before[k] > ROUNDING if negative else before[k] < -ROUNDING
        size = np.where(aimed, _size(before[k]), math.inf)
        if np.isfinite(size).any():
            number = int(followed[k][size.argmin()])
            left -= 10 * start.entry(k, number).cost  # its reverse mode, and a few places along the gradient
            if left < 0:
                return
            _aim(start, search, k, number)


def _aim(start: Start, search: _Search, margin: int, number: int) -> None:
    """Along the gradient of a margin, as far as Newton's step says and farther."""
    entry = start.entry(margin, number)
    value = entry.along({}, 0.0)
    try:
        gradient = entry.gradient()
    except TypeError:  # a function whose derivative the table of primitives does not have
        return
    with np.errstate(over="ignore"):
        norm = sum(float((partial**2).sum()) for partial in gradient.values())
    if not math.isfinite(value) or not 0 < norm < math.inf:
        return
    direction = {name: -value / norm * partial for name, partial in gradient.items()}
    for low, high in zip((0.0, *AIMED), AIMED, strict=False):
        there = entry.along(direction, high)
        if math.isfinite(there) and (there < 0) != (value < 0) and abs(there) > ROUNDING:
            search.add(_Stretch(margin, number, direction, low, high, there < 0))
            return


# ------------------------------------------------------------------------------------------------- past one of them


def _just_past(start: Start, flip: _Stretch) -> float:
    """A place past the change of sign, as far as no other margin changes its own, if these can all be looked at."""
    entry = start.entry(flip.margin, flip.entry)

    def is_past(t: float) -> bool:
        value = entry.along(flip.direction, t)
        return math.isfinite(value) and (value < 0) == flip.negative

    low, high = flip.low, flip.high
    for _ in range(min(HALVINGS, WORK // (MOST * entry.cost))):
        middle = (low + high) / 2
        low, high = (low, middle) if is_past(middle) else (middle, high)
    stays = is_past if start.cost * len(BEYOND) * MOST > WORK else _same_signs(start, flip.direction, high)
    places = (high + part * (flip.high - high) for part in BEYOND)
    return next((t for t in places if stays(t)), high)


def _same_signs(start: Start, direction: Direction, at: float) -> Callable[[float], bool]:
    """Whether all margins have the signs that they have at a place of a line."""

    def signs(t: float) -> list[bytes]:
        return [(margin < 0).tobytes() for margin in start.evaluated(direction, t)]

    wanted = signs(at)
    return lambda t: signs(t) == wanted
