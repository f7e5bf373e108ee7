"""Errors that a user can fix, each naming the value, the reason and the remedy, and those of user code."""

from __future__ import annotations

from typing import Any

from backproof.verify.support.limits import OutOfTime


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


class SubjectError(Exception):
    """User code failed: it raised, exited, returned no gradient, or cannot be traced on symbols.

    Raised where that code is called (verify/subjects/boundary.py).  Code that runs an operation catches this and
    nothing wider, so that bugs of backproof propagate to where they are reported as internal errors.

    cause: what the code raised; the error itself if it raised nothing
    """

    def __init__(self, message: str, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.cause: BaseException = self if cause is None else cause

    def raised(self, *kinds: type[BaseException]) -> bool:
        """Whether the code raised one of these."""
        return isinstance(self.cause, kinds)

    @property
    def without_value(self) -> bool:
        """Whether it raised what Python raises where a function has no value: 1/0, the logarithm of -1."""
        return self.raised(ArithmeticError, ValueError)


class SubjectStopped(SubjectError):
    """The subject's code exited, or ran longer than it may."""


class NotTraced(SubjectError):
    """The code cannot be traced on symbols, for a reason that the tracer names, such as too many branches."""


OUT_OF_ROOM = (MemoryError, RecursionError)
"""What backproof's code may raise on terms that are too large for it: neither a bug nor a verdict."""

NO_TRACE = (SubjectError, *OUT_OF_ROOM)
"""What a run on symbols raises if the code cannot be traced; everything else is a bug of backproof."""


def raised_by_code(error: BaseException) -> bool:
    """Whether a `raise` statement threw this; Ctrl-C, and a step that failed by itself, leave the code elsewhere."""
    import dis

    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    at = place.tb_frame.f_code.co_code[place.tb_lasti]
    return dis.opname[at] == "RAISE_VARARGS"


def kind_of(error: BaseException) -> str:
    """The name of the error's type; for a `SubjectError`, of what the user code raised."""
    return type(error.cause if isinstance(error, SubjectError) else error).__name__


def in_a_line(error: object) -> str:
    """The error's type, and the first line of its message, if it has one that can be shown."""
    told = error.cause if isinstance(error, SubjectError) else error
    name = type(told).__name__
    try:
        return f"{name}: {next(iter(str(told).splitlines()), '')}".removesuffix(": ")
    except (OutOfTime, KeyboardInterrupt):
        raise
    except BaseException:  # its __str__ is user code, whose errors this function reports
        return name
