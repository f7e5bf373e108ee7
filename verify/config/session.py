"""The defaults of a whole session: set by the pytest plugin, read by `case.check()`."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from backproof.verify.support.fuel import FUEL


class Settings(NamedTuple):
    """points: per operand combination; seed: of the points; strict: warnings fail; fuel: of a question."""

    points: int = 1000
    seed: int = 0
    strict: bool = False
    fuel: int = FUEL


_CURRENT: ContextVar[Settings] = ContextVar("settings", default=Settings())  # noqa: B039 - a tuple


def current() -> Settings:
    """The settings of this session."""
    return _CURRENT.get()


def use(settings: Settings) -> None:
    """Use these settings from now on."""
    _CURRENT.set(settings)
