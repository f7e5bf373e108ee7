"""What was found in a user's class, as values: its conventions and its operations."""

from __future__ import annotations

from dataclasses import dataclass

from backproof.verify.mirror.table import MIRROR, Spec, n, x
from backproof.verify.subjects.engines.conventions import Conventions
from backproof.verify.subjects.load import Place


@dataclass(frozen=True)
class Found:
    """One operation of a class.

    name: the mirror's if there is one, else the method's; method: the attribute that performs it; operands: how many
    spec: the specs it is compared with; "" where its own forward, run on symbols, is the definition
    constants: it takes its spec's constants; problem: why it cannot be verified, "" if it can
    note: what is told beside its verdicts, a warning
    """

    name: str
    method: str
    operands: int
    spec: str = ""
    constants: bool = False
    problem: str = ""
    note: str = ""

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The specs of the mirror that it is compared with, one for each value of its constants."""
        if self.spec == RPOW:
            return (_POWER_OF_TWO,)
        return MIRROR[self.spec] if self.spec else ()


class _Undeclared(Spec):
    """A spec that is not the mirror's: the limits of its derivatives are not declared."""

    limits_declared = False


RPOW = "rpow"
"""The operation 2**x of a class that takes no nodes as exponents."""

_POWER_OF_TWO = _Undeclared(RPOW, lambda: n**x, constants=((n, 2),))


@dataclass(frozen=True)
class Survey:
    """What is known of a class: its location, its conventions, its operations."""

    place: Place | None
    conventions: Conventions
    operations: tuple[Found, ...]
