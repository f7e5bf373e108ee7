"""Texts with the number of a symbol in them: ``f"{data:.4f}"``, a node's label, is no part of its rule.

Such a text may be kept, shown, and put into another text.  Whatever asks what it says learns of the symbol: a
comparison, its length, its hash, a function of the language that is given it, a conversion back to a number.  That is a
leak.
"""

from __future__ import annotations

from typing import Any

from backproof.verify.terms.ledger import leak
from backproof.verify.terms.term import Condition, Term
from backproof.verify.tracing.arrays import TermArray

MARK = "\ue000"  # stands for the digits; of the private use area, so that no text has it by itself
_NUMBERS = frozenset({"const", "special", "pi", "true", "false"})


class Text(str):
    """A text with a symbol's number in it."""

    __slots__ = ()

    def __add__(self, other: str) -> Text:
        return Text(str.__add__(self, other))

    def __radd__(self, other: str) -> Text:
        return Text(str.__add__(other, self))


class _Shown:
    """A symbol in a text."""

    def __format__(self, _: str) -> str:
        return MARK

    def __repr__(self) -> str:
        return MARK


def shown(x: Any) -> Any:
    """What stands in a text for this object: a mark for a symbol or an array of symbols, otherwise itself."""
    if isinstance(x, TermArray):
        return _Shown()
    return _Shown() if isinstance(x, Term) and not isinstance(x, Condition) and x.op not in _NUMBERS else x


def text_of(x: str) -> str:
    """The text, kept apart if a symbol's number is in it."""
    return Text(x) if MARK in x else x


def _asking(name: str) -> Any:
    plain = getattr(str, name)

    def asks(self: Text, *args: Any) -> Any:
        leak("the text of a symbol was asked")
        return plain(self, *args)

    return asks


def _asked_in_another(self: Text, other: str) -> Any:
    leak("the text of a symbol was asked")
    return str.__mod__(other, self)


for _name in ("eq", "ne", "lt", "le", "gt", "ge", "hash", "len", "iter", "contains", "getitem", "mul", "rmul", "mod"):
    setattr(Text, f"__{_name}__", _asking(f"__{_name}__"))
Text.__rmod__ = _asked_in_another  # type: ignore[attr-defined]
