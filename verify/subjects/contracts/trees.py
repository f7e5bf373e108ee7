"""Parameters in a dictionary, a dataclass or a named tuple: their numbers and arrays, each as an input of its own.

An input ``params`` with the value {"w": array, "b": 0.5} becomes the inputs params_w and params_b.  The function gets
the dictionary, and what a derivative returns for it is a dictionary with the same keys.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[Any, ...]
"""The keys that lead to a leaf."""


def is_tree(value: Any) -> bool:
    """Whether a value holds named parts."""
    return isinstance(value, Mapping) or _is_dataclass(value) or _is_named_tuple(value)


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _is_named_tuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(type(value), "_fields")


def _parts(tree: Any) -> dict[Any, Any]:
    if isinstance(tree, Mapping):
        return dict(tree)
    if _is_named_tuple(tree):
        return dict(zip(tree._fields, tree, strict=True))
    return {field.name: getattr(tree, field.name) for field in dataclasses.fields(tree)}


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Everything in it that is no tree itself, with the keys that lead there."""
    for key, part in _parts(tree).items():
        if is_tree(part):
            yield from leaves(part, (*path, key))
        else:
            yield (*path, key), part


def leaf_name(name: str, path: Path) -> str:
    """The name of a leaf as an input."""
    return "_".join((name, *("".join(c if c.isalnum() else "_" for c in str(key)) for key in path)))


def with_leaves(tree: Any, values: Mapping[Path, Any], path: Path = ()) -> Any:
    """The same tree with other leaves; those without a value stay."""
    parts = {
        key: with_leaves(part, values, (*path, key)) if is_tree(part) else values.get((*path, key), part)
        for key, part in _parts(tree).items()
    }
    if isinstance(tree, Mapping):
        return parts if type(tree) is dict else type(tree)(parts)  # type: ignore[call-arg]
    if _is_named_tuple(tree):
        return type(tree)(**parts)
    return dataclasses.replace(tree, **parts)


def named_leaves(name: str, tree: Any) -> dict[str, Any]:
    """The leaves of what a derivative returned for an input that is a tree, by the names of the inputs."""
    return {leaf_name(name, path): part for path, part in leaves(tree)}
