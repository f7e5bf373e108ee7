"""What stopped a trace, in a line: the call that no symbol survives, or the error, and the line of the user's code."""

from __future__ import annotations

import traceback

from backproof.verify.support.errors import NotTraced, SubjectError, in_a_line
from backproof.verify.terms.ledger import Entry, Ledger
from backproof.verify.tracing.source_code import shown_path
from backproof.verify.tracing.texts import MARK

_OURS = ("backproof.verify.", "backproof.derivations.", "backproof.engine.")


class Stopped(NotTraced):
    """Raised in place of the error that user code raised on symbols, with its place.  ``by``: the line that says so."""

    def __init__(self, error: SubjectError, ledger: Ledger) -> None:
        self.by = "; ".join(filter(None, (_shown(error), _leaked(error, ledger) or _at(error))))
        super().__init__(self.by, error.cause)


def _shown(error: SubjectError) -> str:
    """The error in a line, a text with a symbol's number in it as a reader knows it."""
    return in_a_line(error).replace(ascii(MARK)[1:-1], "…").replace(MARK, "…")


def placed(entry: Entry) -> str:
    """An entry of the ledger with its place."""
    return f"{entry.what} ({shown_path(entry.file)}:{entry.line})" if entry.line else entry.what


def _leaked(error: SubjectError, ledger: Ledger) -> str:
    """The last leak, if it is in the line that raised: what was called there took no symbol."""
    place = _place(error.cause)
    last = next(reversed(ledger.leaks), None)
    return placed(last) if last is not None and place == (last.file, last.line) else ""


def _at(error: SubjectError) -> str:
    place = _place(error.cause)
    return f"at {shown_path(place[0])}:{place[1]}" if place else ""


def _place(error: BaseException) -> tuple[str, int] | None:
    """The last line of user code, or of a library's, that an error came through."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = f"{frame.f_globals.get('__name__', '')}."
        if not name.startswith(_OURS) and frame.f_code.co_filename[:1] != "<":
            found = frame.f_code.co_filename, line
    return found
