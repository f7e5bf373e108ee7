"""Suggestions for names that are not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

FEW = 12  # names that are listed where none is close


def closest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """The known name that was probably meant: with letters swapped first, then the most similar one; "" if none is."""
    names = list(known)
    swapped = [other for other in names if sorted(other.lower()) == sorted(name.lower())]
    close = swapped or get_close_matches(name, names, n=1, cutoff=cutoff)
    return next(iter(close or get_close_matches(name.lower(), names, n=1, cutoff=cutoff)), "")


def suggestion(name: str, known: Iterable[str], *, cutoff: float = 0.5, few: float = FEW, otherwise: str = "") -> str:
    """The end of a message: ": did you mean 'tanh'?", or the known names if there are few, or what else to read."""
    names = list(known)
    close = closest(name, names, cutoff)
    if close:
        return f": did you mean {close!r}?"
    if names and len(names) <= few:
        return f"; there are {', '.join(names)}"
    return f"; {otherwise}" if otherwise and names else ""
