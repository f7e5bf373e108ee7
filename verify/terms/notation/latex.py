"""LaTeX, restricted to the commands that every renderer supports."""

from __future__ import annotations

from backproof.verify.terms.notation.names import called
from backproof.verify.terms.notation.structure import Mathematics

_BETWEEN = {"=": "= ", "becomes": r"\;\longrightarrow\;", ",": r",\quad ", "→": r"\to "}
_FENCES = {
    "abs": (r"\left|", r"\right|"),
    "floor": (r"\left\lfloor ", r"\right\rfloor"),
    "ceil": (r"\left\lceil ", r"\right\rceil"),
}
_TALL = (r"\frac", r"\begin", r"\sqrt")


class Latex(Mathematics):
    signs = {  # noqa: RUF012 - never written to
        **{"add": "+", "sub": "-", "and": r"\text{ and }", "or": r"\text{ or }"},
        **{"lt": "<", "le": r"\le", "gt": ">", "ge": r"\ge", "eq": "=", "ne": r"\ne"},
    }
    flat = False
    exponent = 0  # it is in braces

    def name(self, name: str) -> str:
        if name == "inf":
            return r"\infty"
        if self.letter(name) != name:
            return "\\" + self.aliases.get(name, name)
        stem, prime, primes = name.partition("'")
        upright = stem.replace("_", r"\_")
        return (rf"\mathrm{{{upright}}}" if len(stem) > 1 else stem) + prime + primes

    def sign(self, sign: str) -> str:
        return _BETWEEN.get(sign, sign)

    def negated(self, condition: str) -> str:
        return rf"\text{{not }} {condition}"

    def times(self, left: str, right: str, close: bool) -> str:
        return f"{left} {right}" if close else rf"{left} \cdot {right}"

    def over(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def raised(self, base: str, exponent: str) -> str:
        return f"e^{{{exponent}}}" if base == "e" else f"{{{base}}}^{{{exponent}}}"

    def under_root(self, radicand: str, degree: int) -> str:
        return rf"\sqrt{'' if degree == 2 else f'[{degree}]'}{{{radicand}}}"

    def bracketed(self, text: str) -> str:
        return self.between("(", text, ")")

    def between(self, left: str, text: str, right: str) -> str:
        """In brackets as high as their content."""
        tall = any(sign in text for sign in _TALL)
        return rf"\left{left}{text}\right{right}" if tall else f"{left}{text}{right}"

    def fenced(self, op: str, text: str) -> str:
        left, right = _FENCES[op]
        return left + text + right

    def indicator(self, condition: str) -> str:
        return r"\mathbf{1}" + self.between("[", condition, "]")

    def cases(self, rows: list[tuple[str, str | None]]) -> str:
        lines = [rf"{v} & \text{{otherwise}}" if c is None else rf"{v} & \text{{if }} {c}" for v, c in rows]
        return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"

    def derivative(self, function: str, variable: str) -> str:
        return rf"\frac{{d}}{{d{variable}}}{self.between('[', function, ']')}"

    def call(self, function: str, arguments: list[str]) -> str:
        return called(function).latex + self.bracketed(", ".join(arguments))


LATEX = Latex()
