"""Sets and tables of numbers that may be asked for a symbol.

``x in {0, 1}`` and ``TABLE.get(x)`` look a number up by its hash, which a symbol has none of: it would be in no set,
and every table would lack it.  Here such a question is put as it is on floats, number by number, and each is a branch.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from verify.trace.term import Condition, Term, term


def holds_numbers(keys: Iterable[Any]) -> bool:
    """Whether a symbol could be one of these."""
    return any(_is_number(key) for key in keys)


def _is_number(key: Any) -> bool:
    return isinstance(key, (int, float)) or (isinstance(key, Term) and key.op == "const")


def _found(x: Any, keys: Iterable[Any]) -> Any:
    """The first of the keys that is the number ``x``, smallest first; ``x`` itself where it is none or no symbol."""
    if isinstance(x, Condition):
        return bool(x)
    if not isinstance(x, Term):
        return x
    numbers = {key: term(key).value for key in keys if _is_number(key)}
    ordered = sorted((value, place) for place, value in enumerate(numbers.values()) if isinstance(value, Fraction))
    known = list(numbers)
    return next((known[place] for _, place in ordered if x == known[place]), x)


class Members(frozenset[Any]):
    """A set of numbers."""

    def __contains__(self, x: object) -> bool:
        return super().__contains__(_found(x, self))


class Table(dict[Any, Any]):
    """A dictionary whose keys are numbers."""

    def __contains__(self, x: object) -> bool:
        return super().__contains__(_found(x, self))

    def __getitem__(self, x: Any) -> Any:
        return super().__getitem__(_found(x, self))

    def get(self, x: Any, default: Any = None) -> Any:
        return super().get(_found(x, self), default)
