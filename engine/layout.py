"""Layout of a picture of a graph: columns from left to right, few crossings, straight arrows.

The steps are those of Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System
Structures" (1981): a column for every item, a waypoint in every column that an arrow passes through, an order
in each column by the mean place of the neighbours, then heights as near to the neighbours as the room allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 8


@dataclass(frozen=True)
class Layout:
    """The positions, heights downwards from 0.

    columns, heights: the column of each item, and the height of its middle
    paths: the points (column, height) of each arrow, from its tail to its head
    """

    columns: list[int]
    heights: list[float]
    paths: list[list[tuple[int, float]]]


def layout(items: int, arrows: Sequence[tuple[int, int]], gap: float) -> Layout:
    """Place items 0, 1, ... so that every arrow (tail, head) points to the right; tails come before heads.

    ``gap`` is the least distance between the middles of two items in a column.
    """
    columns = _columns(items, arrows)
    column_of = list(columns)
    chains = [_chain(tail, head, column_of) for tail, head in arrows]
    links = [link for chain in chains for link in pairwise(chain)]
    before: list[list[int]] = [[] for _ in column_of]
    after: list[list[int]] = [[] for _ in column_of]
    for left, right in links:
        before[right].append(left)
        after[left].append(right)
    rows = _ordered(column_of, before, after)
    heights = _heights(rows, before, after, gap)
    paths = [[(column_of[point], heights[point]) for point in chain] for chain in chains]
    return Layout(columns, heights[:items], paths)


def _columns(items: int, arrows: Sequence[tuple[int, int]]) -> list[int]:
    """The length of the longest path to each item; an item without predecessors is placed beside its first head."""
    columns = [0] * items
    for tail, head in sorted(arrows, key=lambda arrow: arrow[1]):
        columns[head] = max(columns[head], columns[tail] + 1)
    for item in set(range(items)) - {head for _, head in arrows}:
        heads = [columns[head] for tail, head in arrows if tail == item]
        columns[item] = min(heads, default=1) - 1
    return columns


def _chain(tail: int, head: int, column_of: list[int]) -> list[int]:
    """The points of an arrow: its tail, a new waypoint in every column between, its head."""
    between = range(column_of[tail] + 1, column_of[head])
    waypoints = range(len(column_of), len(column_of) + len(between))
    column_of += between
    return [tail, *waypoints, head]


def _ordered(column_of: list[int], before: list[list[int]], after: list[list[int]]) -> list[list[int]]:
    """The points of each column from the top, by the mean place of the neighbours: left, right, left, ..."""
    rows: list[list[int]] = [[] for _ in range(max(column_of, default=-1) + 1)]
    for point, column in enumerate(column_of):
        rows[column].append(point)
    place = {point: float(i) for row in rows for i, point in enumerate(row)}
    for sweep in range(SWEEPS):
        neighbours, turn = (before, rows) if sweep % 2 == 0 else (after, rows[::-1])
        for row in turn:
            row.sort(key=lambda point: _mean([place[n] for n in neighbours[point]], place[point]))
            place.update((point, i - (len(row) - 1) / 2) for i, point in enumerate(row))
    return rows


def _heights(
    rows: list[list[int]], before: list[list[int]], after: list[list[int]], gap: float
) -> list[float]:
    """A height for every point: level with its neighbours where the gap to the next one allows it."""
    heights = [0.0] * len(before)
    for row in rows:
        for i, point in enumerate(row):
            heights[point] = (i - (len(row) - 1) / 2) * gap
    for sweep in range(SWEEPS):
        neighbours, turn = (before, rows) if sweep % 2 == 0 else (after, rows[::-1])
        for row in turn:
            wishes = [_mean([heights[n] for n in neighbours[point]], heights[point]) for point in row]
            for point, height in zip(row, _apart(wishes, gap), strict=True):
                heights[point] = height
    top = min(heights, default=0.0)
    return [height - top for height in heights]


def _apart(wishes: Sequence[float], gap: float) -> list[float]:
    """The heights nearest to the wishes (least squares) that are at least ``gap`` apart, in the same order.

    With i*gap taken off the i-th, they need only not decrease: pooling adjacent violators does that exactly.
    """
    pools: list[tuple[float, int]] = []  # (mean, how many)
    for i, wish in enumerate(wishes):
        mean, count = wish - i * gap, 1
        while pools and pools[-1][0] > mean:
            other, members = pools.pop()
            mean, count = (mean * count + other * members) / (count + members), count + members
        pools.append((mean, count))
    level = [mean for mean, count in pools for _ in range(count)]
    return [height + i * gap for i, height in enumerate(level)]


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise
