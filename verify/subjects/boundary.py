"""The boundary to user code: an exception it raises becomes a `SubjectError`, and is reported as an error of that code.

    with subject_code:
        out = forward(*data)

encloses each call of that code, including the reading of what it returned, and nothing else.  Callers of an operation
catch `SubjectError`; an error in Backproof itself propagates, and is reported as an internal error.

User code calls Backproof in turn: on symbols a rule runs on our terms, with our versions of `math` and `numpy`.  An
error that propagates through user code may therefore be ours.  The last frame of ours in the traceback decides:

its package             whose error it is
no frame of ours        theirs: their code raised it, or a library that their code called
terms, evaluate, ...    theirs if a `raise` statement of ours raised it (a symbol has no float), or if it says that
                        numbers have no value (ArithmeticError, ValueError); otherwise ours
tracing, subjects,      theirs: these packages work on user objects and replace functions of NumPy, so that a failure
arithmetics, accuracy   there is caused by the objects that were passed; but a NameError, an assertion and an
                        attribute that an object of ours lacks are ours

The alternative was our own exception classes for operations that symbols do not support.  Each would have to be a
TypeError or a ValueError for code that catches these, and would be reported under a name that no user knows; and an
error of NumPy inside a function of ours has no class of ours.  A `raise` statement needs no such convention.
"""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import Any, NoReturn

from backproof.verify.support.errors import (
    OUT_OF_ROOM,
    SubjectError,
    SubjectStopped,
    UsageError,
    in_a_line,
    raised_by_code,
)
from backproof.verify.support.limits import OutOfTime

_OURS = ("backproof.verify.", "backproof.derivations.")
_OF_OBJECTS = tuple(f"backproof.verify.{room}." for room in ("tracing", "subjects", "arithmetics", "accuracy"))
_NUMBERS = ("backproof.verify.terms.", "backproof.verify.tracing.", "backproof.verify.arithmetics.")
_DEEPEST = 3000  # frames that are examined: an exception object that is raised again keeps all its old ones
_OF_OTHERS = ("_pytest", "asyncio")


class NotCalled(SubjectStopped):
    """Raised where the subject's code is not called: it hung or exited too often before, or has no business there."""


class SubjectCode:
    """A block that turns any exception of the code into a SubjectError, including SystemExit and KeyboardInterrupt.

    These propagate unchanged: the end of the time limit, Ctrl-C, errors of ours, and a UsageError that we raise.

    what: the name of what is called, for a message about its exit
    """

    __slots__ = ("what",)

    def __init__(self, what: str = "it") -> None:
        self.what = what

    def __enter__(self) -> None:
        """Returns at once: this runs for every point."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None:
            found = _crossed(error, self.what)
            if found is not error:
                raise found from error


subject_code = SubjectCode()
"""The block for any code; it has no state, so one instance is shared."""


def cross(error: BaseException, what: str = "it") -> NoReturn:
    """Raises the translated error: for an ``except BaseException`` where even a block costs too much."""
    found = _crossed(error, what)
    if found is error:
        raise error
    raise found from error


def _crossed(error: BaseException, what: str) -> BaseException:
    """A SubjectError, or the error itself if it propagates unchanged."""
    match error:
        case SubjectError() | OutOfTime():
            return error
        case SystemExit():
            return SubjectStopped(f"{what} exits (code {error.code!r})")
        case KeyboardInterrupt():
            return SubjectStopped(f"{what} raises KeyboardInterrupt") if raised_by_code(error) else error
    if _is_of_others(error) or (not isinstance(error, OUT_OF_ROOM) and is_ours(error)):
        return error
    return SubjectError(in_a_line(error), error)


def _is_of_others(error: BaseException) -> bool:
    """Whether a calling framework raises it for control flow, to skip a test or to end a task."""
    kinds = type(error).__mro__
    return Exception not in kinds and any(kind.__module__.partition(".")[0] in _OF_OTHERS for kind in kinds)


def number(x: Any) -> float:
    """What a subject returned, as a float.

    Raises SubjectError for a value that is not a real number, or overflows.
    """
    if type(x) is float:
        return x
    with subject_code:
        if not hasattr(x, "__float__"):
            raise TypeError(f"the result {x!r} ({type(x).__name__}) is not a real number")
        return float(x)


# ---------------------------------------------------------------------------------------------- whose error it is


def is_ours(error: BaseException) -> bool:
    """Whether an error that reached the boundary is ours (see the table above)."""
    if error.__traceback__ is None:
        return False
    boundary = last = place = error.__traceback__
    whole = True  # whether there are only frames of ours below the boundary, and their cached properties
    for _ in range(_DEEPEST):
        if place.tb_next is None:
            break
        place = place.tb_next
        name = _name(place.tb_frame)
        whole &= name.startswith((*_OURS, "functools."))
        last = place if name.startswith(_OURS) else last
    else:
        return False
    if isinstance(error, UsageError):
        return whole and raised_by_code(error)  # raised by us on purpose, not in a call of ours by user code
    if last is boundary or _name(last.tb_frame).startswith(_OF_OBJECTS):
        return last is place and _slipped(error)
    on_purpose = _name(place.tb_frame).startswith("backproof.") and raised_by_code(error)
    if isinstance(error, (ArithmeticError, ValueError)) or on_purpose:
        return type(error) is AssertionError
    return True


def _slipped(error: BaseException) -> bool:
    """Whether the error is one that no argument can cause."""
    if isinstance(error, AttributeError):
        kind = type(error.obj)
        return kind.__module__.startswith(_OURS) and not kind.__module__.startswith(_NUMBERS)
    return isinstance(error, NameError) or type(error) is AssertionError


def _name(frame: FrameType) -> str:
    """The module whose code runs in a frame."""
    return f"{frame.f_globals.get('__name__', '')}."
