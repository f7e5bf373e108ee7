"""Where things stand in a picture."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof.engine.layout import _apart, layout


@st.composite
def graphs(draw):
    items = draw(st.integers(1, 12))
    arrow = st.integers(0, items - 1).flatmap(lambda head: st.tuples(st.integers(0, head), st.just(head)))
    arrows = draw(st.lists(arrow.filter(lambda pair: pair[0] < pair[1]), max_size=20)) if items > 1 else []
    return items, arrows


@given(graphs())
def test_arrows_point_right_and_nothing_is_nearer_than_the_gap(graph):
    items, arrows = graph
    placed = layout(items, arrows, gap=10.0)
    assert all(placed.columns[tail] < placed.columns[head] for tail, head in arrows)
    assert min(placed.columns, default=0) >= 0
    spots = {(column, height) for path in placed.paths for column, height in path[1:-1]}
    spots |= set(zip(placed.columns, placed.heights, strict=True))
    for (column, height), (next_column, next_height) in pairwise(sorted(spots)):
        assert column < next_column or next_height - height >= 10.0 - 1e-6


@given(graphs())
def test_paths_go_column_by_column(graph):
    items, arrows = graph
    placed = layout(items, arrows, gap=1.0)
    for (tail, head), path in zip(arrows, placed.paths, strict=True):
        assert [column for column, _ in path] == list(range(placed.columns[tail], placed.columns[head] + 1))
        assert path[0][1] == placed.heights[tail]
        assert path[-1][1] == placed.heights[head]


def test_a_chain_is_level():
    assert layout(3, [(0, 1), (1, 2)], gap=5.0).heights == [0.0, 0.0, 0.0]


def test_a_late_leaf_stands_beside_its_first_use():
    assert layout(4, [(0, 1), (1, 3), (2, 3)], gap=5.0).columns == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("wishes", "heights"),
    [
        ([0.0, 0.0], [-0.5, 0.5]),
        ([0.0, 5.0], [0.0, 5.0]),
        ([3.0, 0.0, 1.0], [1 / 3, 4 / 3, 7 / 3]),
        ([], []),
    ],
)
def test_the_nearest_heights_that_are_apart(wishes, heights):
    assert _apart(wishes, 1.0) == pytest.approx(heights)
