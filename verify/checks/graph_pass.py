"""Wired: the subject's own pass through graphs in which paths meet, again on a graph, and on another one beside it.

What a graph must give follows from the operations' own values and derivatives by the chain rule, so that a wrong rule
is not told as a wrong pass; and an operation that is miswired by itself is in no graph here.  All graphs of two steps
are looked at, then larger ones drawn at random, and what shows a fault is made smaller, as far as it still does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial

from backproof.verify.checks.case import Case
from backproof.verify.subjects.boundary import number
from backproof.verify.subjects.operation import Operation
from backproof.verify.subjects.small_graphs import (
    LEAVES,
    OF_GRAPHS,
    SMOOTH,
    VALUES,
    Graph,
    drawn,
    listed,
    shrunk,
)
from backproof.verify.support.errors import SubjectError, SubjectStopped, in_a_line

_DRAWN = 600  # random graphs: in many of those with tanh it is flat, and shows nothing
_OTHERS = ("div", "max", "min")  # of an engine that has no other operations

Problem = tuple[str, list[tuple[str, str]]]
Gradients = Sequence[float]


def problems(case: Case) -> Iterator[Problem]:
    """The plainest graph that the pass gets wrong."""
    name = case.operation.name
    if name not in (*OF_GRAPHS, *SMOOTH, *_OTHERS):
        return
    lab = _Lab(case.operation)
    looked_at = (*OF_GRAPHS, *SMOOTH) if set(OF_GRAPHS[:3]) & set(lab.operations) else _OTHERS
    if name not in looked_at or name not in lab.operations:
        return
    for graph in lab.graphs(name, case.options.seed):
        for look in (lab.first, lab.reordered, lab.later):
            problem = look(graph)
            if problem is not None:
                found = shrunk(graph, lab.operands, name, partial(_shows, look, problem))
                yield look(found) or problem
                return


def _shows(look: Callable[[Graph], Problem | None], found: Problem, graph: Graph) -> bool:
    """Whether a graph shows the fault: another gradient, or the same error."""
    problem = look(graph)
    return problem is not None and (problem[0] == found[0] or (len(found[1]) > 1 and len(problem[1]) > 1))


def plainest(operation: Operation) -> list[tuple[str, str]]:
    """The smallest graph in which the operation's rule gives a wrong gradient, as details; none if none is known."""
    lab = _Lab(operation, miswired=True)
    if operation.name not in lab.operations:
        return []
    for graph in listed(lab.operands, operation.name):
        try:
            expected = lab.expected(graph)
            ours = operation.on_graph(graph)
            ours = operation.by_rules(graph) if ours is None else ours
        except SubjectError:  # no value there
            continue
        if ours is not None and not _same(ours, expected):
            return _details(graph, ours, expected)
    return []


class _Lab:
    """Graphs of one subject: what they must give, and what its pass makes of them.

    miswired: the operation itself is in them though it is miswired
    """

    def __init__(self, operation: Operation, *, miswired: bool = False) -> None:
        self.operation = operation
        siblings = operation.siblings()
        sound = {name: one for name, one in siblings.items() if (miswired and name == operation.name) or _is_sound(one)}
        kept = {name: one for name, one in sound.items() if name == operation.name or name in OF_GRAPHS}
        self.operations: Mapping[str, Operation] = kept
        self.operands = {name: len(kept[name].inputs) for name in dict.fromkeys((*OF_GRAPHS, *kept)) if name in kept}
        self.local = lru_cache(maxsize=None)(self._local)

    def graphs(self, name: str, seed: int) -> Iterator[Graph]:
        """Those that are looked at."""
        yield from listed(self.operands, name)
        yield from drawn(self.operands, name, f"graphs {name} {seed}", _DRAWN)

    def _local(self, name: str, data: tuple[float, ...]) -> tuple[float, tuple[float, ...]]:
        run = self.operations[name].run(data)
        return number(run.out), tuple(map(number, run.gradients))

    def expected(self, graph: Graph) -> tuple[float, ...]:
        """The leaves' gradients by the chain rule."""
        return graph.evaluated(lambda name, data: self.local(name, tuple(data)))

    def _known(self, graph: Graph) -> tuple[float, ...] | None:
        """The same, if it has a value."""
        try:
            expected = self.expected(graph)
        except SubjectError:
            return None
        return expected if all(map(math.isfinite, expected)) else None

    def first(self, graph: Graph, down: bool = False) -> Problem | None:
        """What the pass gets wrong in the graph; None if nothing."""
        if (expected := self._known(graph)) is None:
            return None
        own_pass = self.operation.own_pass
        try:
            ours = self.operation.on_graph(graph, down=down)
        except SubjectError as error:
            return _failure(own_pass, error), [("at", _at(graph))]
        if ours is None or _same(ours, expected):
            return None
        what = "propagates a gradient before it is complete" if graph.meets else "gives another gradient than the rules"
        return f"{own_pass} {what}", _details(graph, ours, expected)

    def reordered(self, graph: Graph) -> Problem | None:
        """The same where sets of nodes have another order."""
        return self.first(graph, down=True)

    def later(self, graph: Graph) -> Problem | None:
        """What later passes get wrong; the first one is right."""
        if len(graph.steps) > 2 or (expected := self._known(graph)) is None:
            return None  # what is left behind by a pass shows in small graphs
        try:
            found = self.operation.again_on_graph(graph, expected)
        except SubjectError as error:
            return _failure(f"a second {self.operation.own_pass}", error), [("at", _at(graph))]
        for on, ours in found.items():
            if not _same(ours, expected):
                message = f"a second {self.operation.own_pass} {on} gives another gradient"
                return message, _details(graph, ours, expected, "; every gradient was set to 0 before it")
        return None


def _failure(own_pass: str, error: SubjectError) -> str:
    return str(error) if isinstance(error, SubjectStopped) else f"{own_pass} fails: {in_a_line(error)}"


def _is_sound(operation: Operation) -> bool:
    """Whether the operation adds g times its rule, to one operand twice as well: by itself it is not at fault."""
    try:
        for place in ((2.0, 3.0), (3.0, 2.0), (0.5, 0.5)):
            data = place[: len(operation.inputs)]
            rule = tuple(map(number, operation.partials(*data)))
            gradients = operation.run(data, upstream=3.0, before=[5.0] * len(data)).gradients
            if not _same(tuple(map(number, gradients)), [5 + 3 * r for r in rule]):
                return False
            shared = operation.run_shared(place[0], upstream=3.0)
            both = operation.partials(*[place[0]] * len(data))
            if shared is not None and not _same([number(shared)], [3 * sum(map(number, both))]):
                return False
    except SubjectError:
        return False
    return not operation.unreached()


def _same(ours: Gradients, expected: Gradients) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(ours, expected, strict=True))


def _at(graph: Graph) -> str:
    values = ", ".join(f"{LEAVES[place]} = {VALUES[place]:g}" for place in graph.leaves)
    return f"{graph.text}   for {values}"


def _details(graph: Graph, ours: Gradients, expected: Gradients, note: str = "") -> list[tuple[str, str]]:
    def told(gradients: Gradients) -> str:
        return ", ".join(f"{LEAVES[place]}.grad = {gradients[place]:.12g}" for place in graph.leaves)

    return [("at", f"{_at(graph)}{note}"), ("ours", told(ours)), ("expected", told(expected))]
