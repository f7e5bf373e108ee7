"""The graph of a term: topological order, in which every node comes after its operands."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, cast


class Node(Protocol):
    """The structural view of a term (`verify.terms.term.Term`)."""

    @property
    def op(self) -> str: ...

    @property
    def value(self) -> Any: ...

    @property
    def args(self) -> tuple[Any, ...]: ...


N = TypeVar("N", bound=Node)


def topological(*roots: N) -> list[N]:
    """Every term below ``roots``, operands before their users, each once, in a repeatable order."""
    order: dict[N, None] = {}
    stack: list[N | None] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:
            order[cast("N", stack.pop())] = None
        elif node not in order:
            stack += (node, None, *reversed(node.args))
    return list(order)
