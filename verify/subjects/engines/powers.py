"""What a class makes of powers: x**2, x**y of two nodes, 2**x.

Many engines take numbers as exponents only.  One that says so, by an assertion or an error of its own, offers no more.
One that fails otherwise, or gives the exponent no gradient, offers x**y and is wrong: that is told.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from backproof.verify.subjects.engines.conventions import Conventions
from backproof.verify.subjects.engines.observe import Tried
from backproof.verify.subjects.engines.survey import RPOW, Found
from backproof.verify.support.errors import SubjectError, in_a_line, raised_by_code

_CONSTANT = 2


def of_two_nodes(kind: type, c: Conventions, attribute: str, tried: Tried) -> Found | None:
    """The operation x**y; None if the class refuses a node as an exponent."""
    error = _failure(lambda: getattr(c.leaf(kind, 1.5), attribute)(c.leaf(kind, 2.5)), c, attribute, tried)
    if error is None:
        return Found("pow", attribute, 2, "pow")
    if _is_refused(error):
        return None
    return Found("pow", attribute, 2, "pow", problem=f"x**y of two nodes fails: {in_a_line(error)}")


def unsaid(kind: type, c: Conventions, attribute: str, tried: Tried) -> str:
    """What happens to a node as an exponent where the class does not say that it takes none; "" where it does."""
    error = _failure(lambda: getattr(c.leaf(kind, 1.5), attribute)(c.leaf(kind, 2.5)), c, attribute, tried)
    if error is None or not _is_refused(error) or _is_said(error):
        return ""
    return f"x**y of two nodes fails: {in_a_line(error)}"


def of_a_number(kind: type, c: Conventions, tried: Tried) -> Found | None:
    """The operation 2**x of a class with `__rpow__`; None if that refuses."""
    if not callable(getattr(kind, "__rpow__", None)):
        return None
    error = _failure(lambda: c.leaf(kind, 1.5).__rpow__(_CONSTANT), c, "__rpow__", tried)
    if error is None:
        return Found(RPOW, "__rpow__", 1, RPOW, constants=True)
    if _is_said(error) and _raised_in(error) == "__rpow__":
        return None
    return Found(RPOW, "__rpow__", 1, RPOW, constants=True, problem=f"{_CONSTANT}**x fails: {in_a_line(error)}")


class _NotOffered(TypeError):
    """The method returned NotImplemented."""


class _InBackward(SubjectError):
    """The forward worked."""


class _NoNode(TypeError):
    """The method returned something else than a node."""


def _failure(make: Callable[[], Any], c: Conventions, name: str, tried: Tried) -> SubjectError | None:
    """What forward and backward raise; None if they return a number."""
    out: list[Any] = []
    try:
        with tried(name):
            found = make()
            if found is NotImplemented:
                raise _NotOffered
            if not c.is_node(found):
                raise _NoNode(f"{name} returned a {type(found).__name__}, which is not a node of this engine")
            value = c.read(found)
            if not hasattr(value, "__float__") or value != value:
                raise ArithmeticError(f"the result is {value!r}, which is not a number")
            out.append(found)
        with tried(name):
            c.send_back(out[0], 1.0)
    except SubjectError as error:
        return _InBackward(str(error), error.cause) if out else error
    return None


def _is_refused(error: SubjectError) -> bool:
    """Whether the class says that it takes no such operand, or Python says so for it, in the forward."""
    if isinstance(error, _InBackward):
        return False
    return _is_said(error) or (error.raised(TypeError, AttributeError) and not isinstance(error.cause, _NoNode))


def _is_said(error: SubjectError) -> bool:
    if isinstance(error.cause, _NotOffered):
        return True
    said = error.raised(TypeError, NotImplementedError, AssertionError, ValueError)
    return said and raised_by_code(error.cause) and not isinstance(error.cause, _NoNode)


def _raised_in(error: SubjectError) -> str:
    """The function that raised it."""
    name = ""
    for frame, _ in traceback.walk_tb(error.cause.__traceback__):
        name = frame.f_code.co_name
    return name
