"""How an operation's own forward and the mirror's function are related."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OwnForward:
    """How an operation's own forward and the mirror's function are related, where they are not the same.

    mirror: the mirror's case, where the rule is proved as the derivative of its own forward, and checked so
    nearly: forward and rule differ from the mirror's by less than 2**-30 of their size
    said: for a rule that is refuted, what it is
    """

    mirror: Any = None
    nearly: bool = False
    said: str = ""
