"""What code learned of a symbol beside its trace: the ledger of one run on symbols.

A term records what is computed from it and which branch a comparison takes.  Code can learn of a number in other ways:
by its type, hash, text or identity, by an exception that it handles, by a function of C.  On floats it learns a number
there, on symbols something else or nothing, so that the trace may be another function than the code.

leak     the code may have learned what the trace does not record: nothing that is proved of the trace holds of the code
guard    the code asks about an event of floats that real numbers do not have (an overflow): the trace takes the answer
         of real numbers, and whether floats do as well is for the checks on floats to say

A leak is entered before anything is raised, so that code which handles the exception changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType
from typing import Any, NamedTuple

_OURS = ("backproof.verify.", "backproof.derivations.")
_FOR_USERS = "backproof.verify.tracing.calls."


class Entry(NamedTuple):
    """What was asked, and the line of code that asked; file "" if it is not known."""

    what: str
    file: str = ""
    line: int = 0


class Ledger:
    """The leaks and guards of a run, each once, in the order in which they were met.

    arrays: whether symbols are entries of arrays, which are numbers of NumPy on floats
    asked: by guard the terms that it asks about; formats: the narrow formats of floats that it converts to
    assumed: conditions without which a function that was called raises: a matrix that is inverted is not singular
    handled: the guard that asks about all that is computed from now on; None if there is no handler of overflows
    """

    def __init__(self, arrays: bool = False) -> None:
        self.arrays = arrays
        self.leaks: dict[Entry, None] = {}
        self.asked: dict[Entry, dict[Any, None]] = {}
        self.formats: dict[str, None] = {}
        self.handled: Entry | None = None
        self.assumed: dict[Any, None] = {}


_OPEN: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


@contextmanager
def recording(ledger: Ledger) -> Iterator[None]:
    """Within this block, leaks and guards are entered in ``ledger``."""
    token = _OPEN.set(ledger)
    try:
        yield
    finally:
        _OPEN.reset(token)


def of_entries() -> bool:
    """Whether the symbols are entries of arrays."""
    ledger = _OPEN.get()
    return ledger is not None and ledger.arrays


def for_user_code() -> bool:
    """Whether a ledger is open, and the object that calls this was asked by user code, not by ours or by NumPy.

    What `verify.tracing.calls` carries out for user code counts as asked by it; what NumPy may be called for is listed
    (`verify.tracing.passed`).
    """
    if _OPEN.get() is None:
        return False
    module = f"{sys._getframe(2).f_globals.get('__name__', '')}."
    return module.startswith(_FOR_USERS) or not module.startswith((*_OURS, "numpy."))


def leak(what: str, code: CodeType | None = None) -> None:
    """Enter a leak, if a ledger is open; ``code``: where, if not where the code runs now."""
    ledger = _OPEN.get()
    if ledger is not None:
        entry = _entry(what) if code is None else Entry(what, code.co_filename, code.co_firstlineno)
        ledger.leaks[entry] = None


def leak_of(what: str) -> None:
    """Enter a leak of an object, which has no line."""
    ledger = _OPEN.get()
    if ledger is not None:
        ledger.leaks[Entry(what)] = None


def guard(what: str, *terms: Any) -> None:
    """Enter a guard that asks about these terms, if a ledger is open."""
    ledger = _OPEN.get()
    if ledger is not None:
        ledger.asked.setdefault(_entry(what), {}).update(dict.fromkeys(terms))


def handles_overflows(what: str) -> None:
    """Enter a handler of overflows as a guard: it asks about all that is computed from now on, used or not."""
    ledger = _OPEN.get()
    if ledger is not None:
        ledger.handled = _entry(what)
        ledger.asked.setdefault(ledger.handled, {})


def computed(term: Any) -> None:
    """Note a term that user code computes, for the handler that may ask about it."""
    ledger = _OPEN.get()
    if ledger is not None and ledger.handled is not None:
        ledger.asked[ledger.handled][term] = None


def assume(condition: Any) -> None:
    """Note that the code is meant for where this holds."""
    ledger = _OPEN.get()
    if ledger is not None:
        ledger.assumed[condition] = None


def narrowed(fmt: str) -> None:
    """Note that the code converts to a narrow format, which rounds: a matter of digits."""
    ledger = _OPEN.get()
    if ledger is not None:
        ledger.formats[fmt] = None


def _entry(what: str) -> Entry:
    frame = sys._getframe(2)
    while frame.f_back is not None and f"{frame.f_globals.get('__name__', '')}.".startswith(_OURS):
        frame = frame.f_back
    return Entry(what, frame.f_code.co_filename, frame.f_lineno)
