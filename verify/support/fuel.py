"""Fuel: work counted in units, so that what is decided depends neither on a machine's speed nor on what else it does.

A unit is about a microsecond of one core.  Work is charged before it is done, by the sizes of its operands, at a few
doors that everything long passes: products, quotients and factors of polynomials, evaluations in ball arithmetic.
Nothing is charged by a cache's state, so that the order of questions changes no count.  The same idea: Z3's `rlimit`,
Lean's `maxHeartbeats`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal

FUEL = 2_000_000
"""Units for one question to the prover, if nothing else is said: ten times what any rule of our tests takes."""

_LETTERS = {"k": 10**3, "M": 10**6, "G": 10**9}


class OutOfFuel(BaseException):
    """The units are spent.  Not an Exception: nothing on the way may take it for a result.

    The message says how many units were given, and at which door most of them went.
    """


class Purse:
    """The units for one question, and where they go."""

    def __init__(self, units: int) -> None:
        self.given = self.left = units
        self.spent: Counter[str] = Counter()

    def pay(self, door: str, units: int) -> None:
        """Raises OutOfFuel, before the work is done, if fewer units are left."""
        self.spent[door] += units
        self.left -= units
        if self.left < 0:
            raise OutOfFuel(self.account())

    def account(self) -> str:
        """What was given, and the door that asked for most of it; how to give more."""
        door, most = self.spent.most_common(1)[0]
        asked = "more than that" if most > self.given else f"{shown(most)} of them"
        more = f"a fuel of {shown(4 * self.given)} gives more"
        return f"fuel: {shown(self.given)} units are spent, {asked} on {door}; {more}"


_PURSE: ContextVar[Purse | None] = ContextVar("purse", default=None)
_GIVEN: ContextVar[int] = ContextVar("given", default=FUEL)


@contextmanager
def budget(units: int) -> Iterator[None]:
    """Within this block, each question to the prover is given so many units."""
    token = _GIVEN.set(units)
    try:
        yield
    finally:
        _GIVEN.reset(token)


def given() -> int:
    """The units for one question."""
    return _GIVEN.get()


@contextmanager
def purse(units: int) -> Iterator[Purse]:
    """Charge the work of this block to a purse of its own.  Raises OutOfFuel."""
    opened = Purse(units)
    token = _PURSE.set(opened)
    try:
        yield opened
    finally:
        _PURSE.reset(token)


def charge(door: str, units: int) -> None:
    """Charge work that is about to be done; where no purse is open, it is free.  Raises OutOfFuel."""
    opened = _PURSE.get()
    if opened is not None:
        opened.pay(door, units)


def shown(units: int) -> str:
    """2M for 2,000,000, 250k for 250,000, as `units_of` reads it."""
    for letter, size in reversed(_LETTERS.items()):
        if units >= size:
            return f"{units / size:.3g}{letter}"
    return str(units)


def units_of(text: str) -> int:
    """A number of units from text: 40M, 250k, 2.5M, 1000000.  Raises ValueError."""
    size = _LETTERS.get(text[-1:])
    try:
        units = int(text) if size is None else int(Decimal(text[:-1]) * size)
    except ArithmeticError:  # no number, or none that ends
        units = 0
    if units < 1:
        raise ValueError(text)
    return units
