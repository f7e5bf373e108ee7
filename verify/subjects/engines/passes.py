"""Runs small graphs through an engine: its own pass, or its rules in our order; a second time on what is there.

A second pass starts from gradients that are set back to what a new node has.  An engine may forget a graph once its
pass is done, as PyTorch does: then a second pass is no fault.  What was forgotten shows: the pass raises, a list that
it went through is empty, or the rules are gone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from backproof.verify.subjects.boundary import number, subject_code
from backproof.verify.subjects.engines.conventions import attributes
from backproof.verify.subjects.small_graphs import VALUES, Graph
from backproof.verify.support.errors import SubjectError

Gradients = tuple[float, ...]


@dataclass(frozen=True)
class Passes:
    """What is needed of an engine to run graphs.

    leaf: makes a leaf; apply: an operation by its name; own_pass: the engine's own pass; gradient: of a node
    held, hold: a node's gradient as it is kept, to set it back; rules: the rules in our order, None if there are none
    tapes: lists that the engine keeps beside its nodes
    """

    leaf: Callable[[float], Any]
    apply: Callable[..., Any]
    own_pass: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    held: Callable[[Any], Any]
    hold: Callable[[Any, Any], None]
    rules: Callable[[Any], Any] | None = None
    tapes: Callable[[], Mapping[int, Any]] = dict

    def once(self, graph: Graph) -> Gradients:
        """The leaves' gradients after the pass."""
        nodes = self._made(graph)
        self.own_pass(nodes[-1])
        return self._gradients(nodes)

    def by_rules(self, graph: Graph) -> Gradients | None:
        """The leaves' gradients by the rules in our order."""
        if self.rules is None:
            return None
        nodes = self._made(graph)
        self.rules(nodes[-1])
        return self._gradients(nodes)

    def twice(self, graph: Graph, expected: Sequence[float]) -> Gradients | None:
        """The leaves' gradients after a second pass on the same graph; None if the graph was forgotten on purpose."""
        nodes = self._made(graph)
        new, flags = list(map(self.held, nodes)), list(map(_flags, nodes))
        tapes = {key for key, tape in self.tapes().items() if tape}
        self.own_pass(nodes[-1])
        if tapes and not all(tape for key, tape in self.tapes().items() if key in tapes):
            return None
        flagged = flags != list(map(_flags, nodes))
        self._set_back(nodes, new)
        try:
            with subject_code:
                self.own_pass(nodes[-1])
        except SubjectError:
            return None
        found = self._gradients(nodes)
        if _same(found, expected):
            return found
        if self.rules is None:
            return found if flagged else None
        self._set_back(nodes, new)
        try:
            with subject_code:
                self.rules(nodes[-1])
        except SubjectError:
            return None
        return found if _same(self._gradients(nodes), expected) else None

    def beside(self, graph: Graph) -> Gradients:
        """The leaves' gradients after the pass of a second graph on the same leaves, whose gradients were set to 0."""
        nodes = self._made(graph)
        leaves = nodes[: len(VALUES)]
        new = list(map(self.held, leaves))
        self.own_pass(nodes[-1])
        self._set_back(leaves, new)
        again = graph.nodes(leaves, self.apply)
        self.own_pass(again[-1])
        return self._gradients(again)

    def _made(self, graph: Graph) -> list[Any]:
        return graph.nodes([self.leaf(value) for value in VALUES], self.apply)

    def _gradients(self, nodes: Sequence[Any]) -> Gradients:
        return tuple(number(self.gradient(leaf)) for leaf in nodes[: len(VALUES)])

    def _set_back(self, nodes: Sequence[Any], new: Sequence[Any]) -> None:
        for node, gradient in zip(nodes, new, strict=True):
            self.hold(node, gradient)


AGAIN, BESIDE = "on the same graph", "on another graph of the same leaves"


def later(passes: Passes, graph: Graph, expected: Sequence[float], beside: bool = True) -> dict[str, Gradients]:
    """The leaves' gradients after later passes, by what these are on; ``beside``: on a second graph as well."""
    found = {AGAIN: passes.twice(graph, expected), BESIDE: passes.beside(graph) if beside else None}
    return {on: gradients for on, gradients in found.items() if gradients is not None}


def _same(ours: Sequence[float], expected: Sequence[float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(ours, expected, strict=True))


def _flags(node: Any) -> dict[str, bool]:
    return {name: held for name in attributes(node) if isinstance(held := getattr(node, name), bool)}


def tapes_of(names: Mapping[str, Any], kind: type) -> dict[int, Any]:
    """Lists among the names of a module, in its objects, and on the class."""
    found: dict[int, Any] = {}
    scopes = [names, *(vars(base) for base in kind.__mro__[:-1])]
    for value in [value for scope in scopes for value in scope.values()]:
        held = [value, *getattr(value, "__dict__", {}).values()]
        found |= {id(one): one for one in held if isinstance(one, list)}
    return found


@contextmanager
def numbered(kind: type, down: bool = False) -> Iterator[None]:
    """Within this block the nodes' hashes are their numbers, in the order in which they were made.

    By default a hash is an address, and with it the order of a set of nodes another one in each run; ``down``: the
    numbers fall, so that sets have another order.
    """
    missing = object()
    before = vars(kind).get("__hash__", missing)
    try:
        with subject_code:  # a metaclass may refuse
            kind.__hash__ = _Numbers(down)  # type: ignore[assignment]
    except SubjectError:
        yield
        return
    try:
        yield
    finally:
        if before is missing:
            del kind.__hash__
        else:
            kind.__hash__ = before  # type: ignore[method-assign]


class _Numbers:
    """A method `__hash__` that numbers the nodes; no function, so that a class which has it is still the user's."""

    def __init__(self, down: bool) -> None:
        self._down = down
        self._known: dict[int, tuple[int, Any]] = {}  # id -> its number, and the node, kept alive

    def __get__(self, node: Any, kind: type) -> Callable[[], int]:
        return lambda: self._number(node)

    def _number(self, node: Any) -> int:
        place, _ = self._known.setdefault(id(node), (len(self._known), node))
        return 2**16 - place if self._down else place
