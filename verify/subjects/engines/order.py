"""Topological order of user-defined nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def operands_first(root: Any, operands: Callable[[Any], Iterable[Any]]) -> list[Any]:
    """The nodes below ``root``, operands first, by identity (an engine may redefine `==`)."""
    order: list[Any] = []
    seen: set[int] = set()
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(child, False) for child in operands(node)]
    return order
