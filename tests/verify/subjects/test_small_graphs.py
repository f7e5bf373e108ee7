"""Small graphs: how they read, what they must give, in what order they come, and how they are made smaller."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from backproof.verify.subjects.small_graphs import Graph, drawn, listed, shrunk

OPERANDS = {"add": 2, "mul": 2, "neg": 1}


def run(name: str, data: Sequence[float]) -> tuple[float, Sequence[float]]:
    if name == "neg":
        return -data[0], (-1.0,)
    x, y = data
    return {"add": (x + y, (1.0, 1.0)), "sub": (x - y, (1.0, -1.0)), "mul": (x * y, (y, x))}[name]


@pytest.mark.parametrize(
    ("steps", "text", "gradients"),
    [
        ((("add", (0, 0)),), "a + a", (2, 0)),
        ((("mul", (0, 1)), ("add", (2, 0))), "a*b + a", (4, 2)),
        ((("add", (0, 1)), ("mul", (2, 2)), ("add", (3, 2))), "c = a + b; c*c + c", (11, 11)),
        ((("add", (0, 1)), ("mul", (0, 2))), "a*(a + b)", (7, 2)),
        ((("sub", (0, 1)), ("sub", (0, 2))), "a - (a - b)", (0, 1)),
        ((("sub", (0, 1)), ("sub", (2, 0))), "a - b - a", (0, -1)),
        ((("neg", (0,)), ("mul", (2, 1))), "-a*b", (-3, -2)),
        ((("add", (0, 1)), ("neg", (2,))), "-(a + b)", (-1, -1)),
    ],
)
def test_a_graph_reads_as_one_writes_it_and_has_the_gradients_of_the_chain_rule(steps, text, gradients) -> None:
    graph = Graph(steps)
    assert graph.text == text
    assert graph.evaluated(run) == gradients


def test_the_smallest_come_first_and_all_hold_what_they_must() -> None:
    graphs = list(listed(OPERANDS, "mul"))
    assert [g.text for g in graphs[:4]] == ["a*a", "a*b", "a*(a*a)", "a*a*a"]
    assert all("mul" in g.operations for g in graphs)
    assert len({g.steps for g in graphs}) == len(graphs)
    assert max(len(g.steps) for g in graphs) == 2


def test_the_same_seed_draws_the_same_graphs_without_loose_ends() -> None:
    once, again = ([g.steps for g in drawn(OPERANDS, "add", "seed", 40)] for _ in range(2))
    assert once == again
    assert once != [g.steps for g in drawn(OPERANDS, "add", "another", 40)]
    for steps in once:
        used = {place for _, places in steps for place in places}
        assert set(range(2, 1 + len(steps))) <= used


def test_what_shows_a_fault_is_made_smaller_as_far_as_it_does() -> None:
    """The fault: a result is used by two different operations."""

    def shows(graph: Graph) -> bool:
        results = range(2, 2 + len(graph.steps))
        return any(sum(place in places for _, places in graph.steps) > 1 for place in results)

    large = next(g for g in drawn(OPERANDS, "add", "large", 200) if shows(g) and len(g.steps) > 3)
    small = shrunk(large, OPERANDS, "add", shows)
    assert shows(small)
    assert len(small.steps) == 3
    assert small.leaves == (0,)


def test_making_it_smaller_ends_after_so_many_tries() -> None:
    asked = 0

    def shows(_: Graph) -> bool:
        nonlocal asked
        asked += 1
        return False

    large = Graph((("mul", (0, 1)), ("mul", (2, 2)), ("add", (3, 2)), ("add", (4, 1))))
    assert shrunk(large, OPERANDS, "add", shows, tries=7) is large
    assert asked == 7
