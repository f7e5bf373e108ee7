"""Errors that a user can mend: each names the value, the reason and the way out."""

from __future__ import annotations

from typing import Any


class UsageError(Exception):
    """A command line, a configuration or a name that cannot be used; exit code 2."""


class OutputError(Exception):
    """A result that cannot be written where it should go; exit code 3."""


class DerivativeError(AssertionError):
    """A derivative that failed; ``report`` has everything that was found, the message what fails."""

    def __init__(self, message: str, report: Any = None) -> None:
        super().__init__(message)
        self.report = report

    @property
    def findings(self) -> tuple[Any, ...]:
        """What was found, all of it."""
        return self.report.findings if self.report is not None else ()


def raised_by_code(error: KeyboardInterrupt) -> bool:
    """Whether a `raise` of somebody's code threw this, and not Ctrl-C: at which the code stands at any other step."""
    import dis

    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    at = place.tb_frame.f_code.co_code[place.tb_lasti]
    return dis.opname[at] == "RAISE_VARARGS"


def in_a_line(error: object) -> str:
    """The error's type, and the first line of what it says, if it says anything that can be shown."""
    name = type(error).__name__
    try:
        return f"{name}: {next(iter(str(error).splitlines()), '')}".removesuffix(": ")
    except Exception:  # its __str__ is the subject's own
        return name
