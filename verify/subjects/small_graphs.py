"""Small graphs of operations on two leaves: listed from the smallest on, drawn at random, and made smaller.

A graph is a value: which operation each step is, and of what.  What an engine makes of it is found elsewhere
(`verify.checks.graph_pass`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Any

OF_GRAPHS = ("add", "mul", "sub", "neg", "relu")
"""The operations that graphs are made of: on whole numbers they are exact."""

SMOOTH = ("tanh", "exp")
"""Those of one operand that are looked at among them: a pass can be wrong at nodes of one operand only."""

LEAVES = ("a", "b")
VALUES = (2.0, 3.0)  # of the leaves: small whole numbers, which sums and products keep exact
_NAMES = ("c", "d", "e", "f", "h", "k")
_SIGNS = {"add": " + ", "sub": " - ", "mul": "*", "div": "/"}

Step = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Graph:
    """Steps on the leaves a and b: each an operation, and the places of its operands; the last step is the root.

    The places 0 and 1 are the leaves, place 2 is the result of the first step.
    """

    steps: tuple[Step, ...]

    @property
    def leaves(self) -> tuple[int, ...]:
        """The places of the leaves that it uses."""
        used = {place for _, places in self.steps for place in places}
        return tuple(place for place in range(len(LEAVES)) if place in used)

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations in it, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.steps))

    @property
    def meets(self) -> bool:
        """Whether paths meet in it: a result is used more than once."""
        uses = [place for _, places in self.steps for place in places if place >= len(LEAVES)]
        return len(set(uses)) < len(uses)

    @property
    def text(self) -> str:
        """As one writes it: what is used more than once has a name, as in ``c = a + b; c*c + c``."""
        uses = [place for _, places in self.steps for place in places]
        names = iter(_NAMES)
        parts: list[str] = []
        written = {i: (name, _WHOLE) for i, name in enumerate(LEAVES)}
        for place, (name, places) in enumerate(self.steps, len(LEAVES)):
            text = _written(name, [written[p] for p in places])
            if uses.count(place) > 1:
                short = next(names)
                parts.append(f"{short} = {text}")
                written[place] = short, _WHOLE
            else:
                written[place] = text, _LEVELS.get(name, _WHOLE)
        return "; ".join((*parts, written[len(LEAVES) + len(self.steps) - 1][0]))

    def evaluated(self, run: Callable[[str, Sequence[float]], tuple[float, Sequence[float]]]) -> tuple[float, ...]:
        """The gradients of both leaves by the chain rule; ``run`` gives an operation's value and derivatives."""
        values, partials = list(VALUES), []
        for name, places in self.steps:
            value, local = run(name, [values[p] for p in places])
            values.append(value)
            partials.append(local)
        gradients = [0.0] * len(values)
        gradients[-1] = 1.0
        for place in range(len(self.steps) - 1, -1, -1):
            for operand, partial in zip(self.steps[place][1], partials[place], strict=True):
                gradients[operand] += gradients[len(LEAVES) + place] * partial
        return tuple(gradients[: len(LEAVES)])

    def nodes(self, leaves: Sequence[Any], apply: Callable[..., Any]) -> list[Any]:
        """The nodes that an engine makes of it: the leaves, then the result of each step."""
        made = list(leaves)
        for name, places in self.steps:
            made.append(apply(name, *[made[p] for p in places]))
        return made


_LEVELS = {"add": 1, "sub": 1, "mul": 2, "div": 2, "neg": 2}
_WHOLE = 3


def _written(name: str, parts: Sequence[tuple[str, int]]) -> str:
    """An operation of texts with the levels of their own operations, in as few parentheses as keep the graph."""
    level = _LEVELS.get(name, _WHOLE)
    least = (level, level + 1) if name in _SIGNS else (_WHOLE,) * len(parts)
    texts = [text if own >= low else f"({text})" for (text, own), low in zip(parts, least, strict=True)]
    if name in _SIGNS:
        return _SIGNS[name].join(texts)
    return f"-{texts[0]}" if name == "neg" else f"{texts[0]}.{name}({', '.join(texts[1:])})"


def listed(operands: Mapping[str, int], must: str, most: int = 2) -> Iterator[Graph]:
    """All graphs of at most so many steps that hold the operation ``must``, the smallest and plainest first.

    operands: how many each operation has
    """
    for size in range(1, most + 1):
        yield from (graph for graph in _of_size(operands, size) if must in graph.operations)


def _of_size(operands: Mapping[str, int], size: int) -> Iterator[Graph]:
    choices = [
        [(name, places) for name, n in operands.items() for places in product(range(len(LEAVES) + k), repeat=n)]
        for k in range(size)
    ]
    found = (Graph(steps) for steps in product(*choices))
    yield from sorted((g for g in found if _whole(g)), key=_plainness)


def _whole(graph: Graph) -> bool:
    """Whether every step leads to the root, and a is used before b."""
    used = [place for _, places in graph.steps for place in places]
    results = range(len(LEAVES), len(LEAVES) + len(graph.steps) - 1)
    leaves = [place for place in used if place < len(LEAVES)]
    return all(place in used for place in results) and leaves[:1] != [1]


def _plainness(graph: Graph) -> tuple[int, ...]:
    """Small graphs first, of one leaf, of one operation, with short paths."""
    order = {"add": 0, "mul": 1, "sub": 2}
    places = [place for _, places in graph.steps for place in places]
    ranks = sum(order.get(name, 3) for name, _ in graph.steps)
    return len(graph.steps), len(graph.leaves), len(graph.operations), ranks, *places


def drawn(operands: Mapping[str, int], must: str, seed: str, number: int, most: int = 5) -> Iterator[Graph]:
    """Random graphs of three steps and more that hold the operation ``must``: the same for the same seed."""
    source = random.Random(seed)
    names = list(operands)
    for _ in range(number):
        steps: list[Step] = []
        for k in range(source.randint(3, most)):
            name = source.choice(names)
            recent = [len(LEAVES) + k - 1] if k else [0]
            below = range(len(LEAVES) + k)
            places = [source.choice(recent if source.random() < 0.5 else below) for _ in range(operands[name])]
            steps.append((name, tuple(places)))
        graph = _pruned(Graph(tuple(steps)))
        if must in graph.operations:
            yield graph


def _pruned(graph: Graph) -> Graph:
    """Without the steps that do not lead to the root."""
    needed, first = {len(LEAVES) + len(graph.steps) - 1}, len(LEAVES)
    for place in range(first + len(graph.steps) - 1, first - 1, -1):
        if place in needed:
            needed.update(graph.steps[place - first][1])
    kept = [place for place in range(first, first + len(graph.steps)) if place in needed]
    renamed = dict(zip((*range(first), *kept), count(), strict=False))
    steps = [(name, tuple(renamed[p] for p in places)) for name, places in (graph.steps[p - first] for p in kept)]
    return replace(graph, steps=tuple(steps))


def shrunk(
    graph: Graph, operands: Mapping[str, int], must: str, shows: Callable[[Graph], bool], tries: int = 300
) -> Graph:
    """A graph that is as plain as possible and still ``shows`` the fault."""
    seen = {graph}
    while True:
        for smaller in sorted(_smaller(graph, operands), key=_plainness):
            if smaller in seen or must not in smaller.operations or _plainness(smaller) >= _plainness(graph):
                continue
            seen.add(smaller)
            tries -= 1
            if tries < 0:
                return graph
            if shows(smaller):
                graph = smaller
                break
        else:
            return graph


def _smaller(graph: Graph, operands: Mapping[str, int]) -> Iterator[Graph]:
    """Graphs with a step less, or another operation or operand in one place."""
    first = len(LEAVES)
    yield Graph(tuple((name, tuple(0 if p < first else p for p in places)) for name, places in graph.steps))
    for k, (name, places) in enumerate(graph.steps):
        for instead in dict.fromkeys(places):
            yield _without(graph, k, instead)
        for other, n in operands.items():
            if n == len(places) and other != name:
                yield _with(graph, k, (other, places))
        for i in range(len(places)):
            for p in range(first + k):
                if p != places[i]:
                    yield _with(graph, k, (name, (*places[:i], p, *places[i + 1 :])))


def _with(graph: Graph, k: int, step: Step) -> Graph:
    return _pruned(Graph((*graph.steps[:k], step, *graph.steps[k + 1 :])))


def _without(graph: Graph, k: int, instead: int) -> Graph:
    """The graph with the result of step ``k`` replaced by one of its operands."""
    place = len(LEAVES) + k
    moved = lambda p: instead if p == place else p - (p > place)  # noqa: E731
    steps = [(name, tuple(map(moved, places))) for i, (name, places) in enumerate(graph.steps) if i != k]
    return _pruned(Graph(tuple(steps))) if steps else graph
