"""Mathematics on one line: in Unicode for a terminal, or in ASCII only."""

from __future__ import annotations

import re

from backproof.verify.terms.notation.names import FENCES, called
from backproof.verify.terms.notation.structure import ATOM, Mathematics, Spelled

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WHOLE = re.compile(r"\(?(-?\d{1,2})\)?")  # an exponent that is written above the line


class Plain(Mathematics):
    """The common part of both."""

    point = "·"
    signs = {**Mathematics.signs, "le": "≤", "ge": "≥", "eq": "=", "ne": "≠"}  # noqa: RUF012 - never written to

    def sign(self, sign: str) -> str:
        return {"(": "(", ")": ")", ",": ", "}.get(sign, f" {sign} ")

    def times(self, left: str, right: str, close: bool) -> str:
        return f"{left}{self.point}{right}"

    def raised(self, base: str, exponent: str) -> str:
        return f"{base}^{exponent}"

    def indicator(self, condition: str) -> str:
        return f"1[{condition}]"

    def cases(self, rows: list[tuple[str, str | None]]) -> str:
        return "{" + "; ".join(f"else {v}" if c is None else f"{v} if {c}" for v, c in rows) + "}"

    def derivative(self, function: str, variable: str) -> str:
        return f"d/d{variable}[{function}]"


class Unicode(Plain):
    """1 - out², Φ(x) + x·φ(x)."""

    def name(self, name: str) -> str:
        return "∞" if name == "inf" else self.letter(name)

    def raised(self, base: str, exponent: str) -> str:
        whole = _WHOLE.fullmatch(exponent)
        return base + whole[1].translate(_SUPERSCRIPTS) if whole else super().raised(base, exponent)

    def root(self, radicand: Spelled, degree: int) -> Spelled:
        return Spelled(self.under_root(self.within(radicand, ATOM).text, degree))

    def under_root(self, radicand: str, degree: int) -> str:
        return ("√" if degree == 2 else "∛") + radicand

    def fenced(self, op: str, text: str) -> str:
        left, right = FENCES[op]
        return left + text + right

    def call(self, function: str, arguments: list[str]) -> str:
        return f"{called(function).unicode}({', '.join(arguments)})"


class Ascii(Plain):
    """1 - out^2, Phi(x) + x*phi(x)."""

    point = "*"
    signs = {**Plain.signs, "le": "<=", "ge": ">=", "ne": "!="}  # noqa: RUF012 - never written to

    def name(self, name: str) -> str:
        return self.aliases.get(name, name)

    def under_root(self, radicand: str, degree: int) -> str:
        return f"{'sqrt' if degree == 2 else 'cbrt'}({radicand})"

    def fenced(self, op: str, text: str) -> str:
        return f"|{text}|" if op == "abs" else f"{op}({text})"

    def call(self, function: str, arguments: list[str]) -> str:
        return f"{called(function).ascii}({', '.join(arguments)})"


UNICODE, ASCII = Unicode(), Ascii()
