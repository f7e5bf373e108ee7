"""Lists, tuples and dictionaries of arguments and results, and what they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def leaves(value: Any) -> list[Any]:
    """What lists, tuples and dictionaries hold, in order."""
    if isinstance(value, (list, tuple)):
        return [leaf for one in value for leaf in leaves(one)]
    return [leaf for one in value.values() for leaf in leaves(one)] if isinstance(value, dict) else [value]


def replaced(value: Any, by: Callable[[Any], Any]) -> Any:
    """The same lists, tuples and dictionaries, with ``by(leaf)`` in the place of every leaf."""
    if isinstance(value, (list, tuple)):
        return same_kind(value, [replaced(one, by) for one in value])
    if isinstance(value, dict):
        return {name: replaced(one, by) for name, one in value.items()}
    return by(value)


def same_kind(value: Any, items: list[Any]) -> Any:
    """A list or tuple of the kind of the value, with other items."""
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
