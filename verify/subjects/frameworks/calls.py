"""How a function is called: ``module:name``, ``module:name/2``, or ``module:name(2,x)`` with some arguments fixed.

The arguments are names, which are the operands, and numbers: a whole number is passed as an int, ``3.0`` and ``1/2``
as floats.  The text is parsed against a whitelist and never evaluated.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backproof.verify.support.errors import UsageError

Argument = str | int | Fraction
"""The name of an operand, or a number; a Fraction is passed as a float."""

_SPEC = re.compile(r"(?P<path>[^/()]*)(?:/(?P<count>\d+)|\((?P<arguments>[^()]*)\))?")
_NAME = re.compile(r"[A-Za-z_]\w*")
_WHOLE = re.compile(r"-?\d{1,15}")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{0,15}|/[1-9]\d{0,15})")


@dataclass(frozen=True)
class Call:
    """One way to call a function.

    path: ``module:name``
    count: how many operands it has, 0 if its signature shows that
    arguments: operands and numbers, in order; empty where every argument is an operand
    """

    path: str
    count: int = 0
    arguments: tuple[Argument, ...] = ()

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of the operands."""
        return tuple(a for a in self.arguments if isinstance(a, str))

    @property
    def name(self) -> str:
        """Its name in the report."""
        return f"{self.path}({', '.join(map(_shown, self.arguments))})" if self.arguments else self.path


def _shown(argument: Argument) -> str:
    whole = isinstance(argument, Fraction) and argument.denominator == 1
    return f"{argument}.0" if whole else str(argument)


def parsed(target: str) -> Call:
    """The call that the text describes.

    Raises UsageError naming the part that is neither a name nor a number.
    """
    found = _SPEC.fullmatch(target)
    if found is None:
        raise UsageError(f"{target!r} is not a function call: write package.module:function(2,x)")
    path, count, arguments = found["path"].strip(), found["count"], found["arguments"]
    if arguments is None:
        return Call(path, int(count or 0))
    call = Call(path, 0, tuple(_argument(part.strip(), target) for part in arguments.split(",")))
    names = call.operands
    if not names or len(set(names)) < len(names):
        raise UsageError(f"{target!r} needs operands, each once: names in the parentheses, such as x")
    return call


def _argument(text: str, target: str) -> Argument:
    if _NAME.fullmatch(text):
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return Fraction(text)
    raise UsageError(f"{text!r} in {target!r} is neither the name of an operand nor a number such as 2, 0.5 or 1/2")


def filled(
    arguments: Sequence[Argument], operands: Sequence[Any], number: Callable[[Fraction], Any] = float
) -> list[Any]:
    """The arguments of a call, its operands in place of their names; ``number`` converts a Fraction."""
    waiting = iter(operands)
    return [
        next(waiting) if isinstance(a, str) else number(a) if isinstance(a, Fraction) else a for a in arguments
    ]


def bound(function: Callable[..., Any], arguments: Sequence[Argument]) -> Callable[..., Any]:
    """The function of its operands alone."""

    @functools.wraps(function)
    def of_operands(*operands: Any) -> Any:
        return function(*filled(arguments, operands))

    return of_operands
