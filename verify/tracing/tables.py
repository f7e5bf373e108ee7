"""Sets and dictionaries of numbers in which a symbol can be looked up.

``x in {0, 1}`` and ``TABLE.get(x)`` look a number up by its hash, which a symbol does not have: it would be in no set
and no table.  Here a look-up compares with the keys one by one, as equal floats, and each comparison is a branch.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from backproof.verify.terms.term import Condition, Term, term


def holds_numbers(keys: Iterable[Any]) -> bool:
    """Whether a symbol could be one of these."""
    return any(_is_number(key) for key in keys)


def _is_number(key: Any) -> bool:
    return isinstance(key, (int, float)) or (isinstance(key, Term) and key.op == "const")


def found(x: Any, keys: Iterable[Any]) -> Any:
    """The first of the keys equal to ``x``, smallest first; ``x`` itself if there is none or it is not a symbol."""
    if isinstance(x, Condition):
        return bool(x)
    if not isinstance(x, Term):
        return x
    numbers = {key: term(key).value for key in keys if _is_number(key)}
    ordered = sorted((value, place) for place, value in enumerate(numbers.values()) if isinstance(value, Fraction))
    known = list(numbers)
    return next((known[place] for _, place in ordered if x == known[place]), x)


class Members(frozenset[Any]):
    """A set of numbers that supports symbols."""

    def __contains__(self, x: object) -> bool:
        return super().__contains__(found(x, self))


class Table(dict[Any, Any]):
    """A dictionary with numbers as keys that supports symbols."""

    def __contains__(self, x: object) -> bool:
        return super().__contains__(found(x, self))

    def __getitem__(self, x: Any) -> Any:
        return super().__getitem__(found(x, self))

    def get(self, x: Any, default: Any = None) -> Any:
        return super().get(found(x, self), default)

    def pop(self, x: Any, *default: Any) -> Any:
        return super().pop(found(x, self), *default)

    def setdefault(self, x: Any, default: Any = None) -> Any:
        return super().setdefault(found(x, self), default)
