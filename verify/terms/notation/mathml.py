"""MathML Core (https://www.w3.org/TR/mathml-core), which every browser draws by itself.

A text is a sequence of elements; `_row` wraps it where a place takes one element.  A leading minus and a pair of
brackets get a row of their own, so that browsers distinguish them from an operator between two operands.
"""

from __future__ import annotations

import re
from collections.abc import Set
from html import escape, unescape

from backproof.verify.terms.graph import Node
from backproof.verify.terms.notation.names import FENCES, called, parts_of
from backproof.verify.terms.notation.structure import Known, Mathematics

_SIGNS = {"add": "+", "sub": "−", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}
_BETWEEN = {"becomes": "⟶"}
_LEFT = '<mtd style="text-align: left">'
_THIN = '<mspace width="0.17em"/>'
_SPACE = '<mspace width="0.3em"/>'
_TAG = re.compile("<[^>]*>")
_LONG = 40  # characters of a formula that is never broken
_WORD = re.compile(r"(?:<m\w*>)*<mi>\w\w")  # a name of more than a letter
_ALONE = re.compile(r"<m[ino]>[^<]*</m[ino]>")  # one element
_NAMES = {"inf": "∞", "nan": "undefined"}
_DOT = "<mo>⋅</mo>"
_BREAKS = {f"<mo>{sign}</mo>" for sign in ("=", "+", "−", "⟶", "≤", "≥", "≠", "&lt;", "&gt;")}


class Mathml(Mathematics):
    """The content of the formula; `element` puts it between ``<math>`` and ``</math>``."""

    flat = False
    exponent = 0

    def above(self, exponent: Node, known: Known) -> str:
        """On one line: a fraction with a bar would be too small to read there."""
        return Small(self.aliases)(exponent)

    def numeral(self, digits: str) -> str:
        return f"<mn>{digits}</mn>"

    def name(self, name: str) -> str:
        if name in _NAMES:
            return f"<mi>{_NAMES[name]}</mi>"
        stem, index, primes = parts_of(name)
        found = f"<mi>{escape(self.letter(stem))}</mi>"
        found = f"<msub>{found}<mn>{index}</mn></msub>" if index else found
        return f"<msup>{found}<mo>{'′' * len(primes)}</mo></msup>" if primes else found

    def sign(self, sign: str) -> str:
        space = '<mspace width="1em"/>' if sign == "," else ""
        return _operator(_BETWEEN.get(sign, sign)) + space

    def infix(self, op: str, left: str, right: str) -> str:
        return left + (_operator(_SIGNS[op]) if op in _SIGNS else _words(f" {op} ")) + right

    def negative(self, text: str) -> str:
        return _row(_operator("−") + text)

    def negated(self, condition: str) -> str:
        return _row(_words("not ") + condition)

    def times(self, left: str, right: str, close: bool) -> str:
        if not close:
            return left + _DOT + right
        return f"{left}<mo>&#x2062;</mo>{_THIN if _WORD.match(right) else ''}{right}"

    def over(self, above: str, below: str) -> str:
        parts = [f"{_SPACE}{p}{_SPACE}" if p.startswith("<mfrac>") else p for p in (above, below)]  # the longer bar
        return f"<mfrac>{_row(parts[0])}{_row(parts[1])}</mfrac>"

    def raised(self, base: str, exponent: str) -> str:
        return f"<msup>{_row(base)}{_row(exponent)}</msup>"

    def under_root(self, radicand: str, degree: int) -> str:
        if degree == 2:
            return f"<msqrt>{radicand}</msqrt>"
        return f"<mroot>{_row(radicand)}<mn>{degree}</mn></mroot>"

    def bracketed(self, text: str) -> str:
        return _between("(", text, ")")

    def fenced(self, op: str, text: str) -> str:
        left, right = FENCES[op]
        return _between(left, text, right)

    def indicator(self, condition: str) -> str:
        return _row("<mn>1</mn>" + _between("[", condition, "]"))

    def cases(self, rows: list[tuple[str, str | None]]) -> str:
        lines = []
        for value, c in rows:
            condition = _words("otherwise") if c is None else _words("if ") + c
            lines.append(f"<mtr>{_LEFT}{value}</mtd>{_LEFT}{condition}</mtd></mtr>")
        return _row(f"<mo>{{</mo><mtable>{''.join(lines)}</mtable>")

    def derivative(self, function: str, variable: str) -> str:
        operator = f"<mfrac><mi>d</mi><mrow><mi>d</mi>{variable}</mrow></mfrac>"
        return _row(operator + _between("[", function, "]"))

    def call(self, function: str, arguments: list[str]) -> str:
        name = called(function).unicode
        upright = ' mathvariant="normal"' if len(name) == 1 and name.isupper() else ""
        listed = "<mo>,</mo>".join(arguments)
        return _row(f"<mi{upright}>{escape(name)}</mi><mo>&#x2061;</mo>{_between('(', listed, ')')}")


class Small(Mathml):
    """The content of an exponent."""

    flat = True

    def over(self, above: str, below: str) -> str:
        return f'{above}<mo lspace="0" rspace="0">/</mo>{below}'


MATHML = Mathml()


def element(inside: str, alternative: str, *, large: bool = False) -> str:
    """The whole formula; ``alternative``: the text for readers that draw none; ``large``: fractions as on a line apart.

    A long one is several elements, which may wrap, since browsers do not break a formula: each
    begins with a relation, with + or -, or, where a summand is long, with the dot of a product.
    """
    displaystyle = ' displaystyle="true"' if large else ""
    first, *more = _pieces(inside)
    drawn = [f'<math alttext="{escape(alternative)}"{displaystyle}>{first}</math>']
    return "<wbr>".join([*drawn, *(f'<math alttext=""{displaystyle}>{piece}</math>' for piece in more)])


def _pieces(inside: str) -> list[str]:
    children = _children(inside)
    if _length(children) <= _LONG:
        return [inside]
    pieces: list[list[str]] = []
    for summand in _split(children, _BREAKS):
        pieces += _split(summand, {_DOT}) if _length(summand) > _LONG else [summand]
    return ["".join(piece) for piece in pieces]


def _length(children: list[str]) -> int:
    """Visible characters."""
    return len(unescape(_TAG.sub("", "".join(children))))


def _children(inside: str) -> list[str]:
    """The elements side by side, each with its content."""
    found, depth, start = [], 0, 0
    for tag in _TAG.finditer(inside):
        depth += -1 if tag[0].startswith("</") else 0 if tag[0].endswith("/>") else 1
        if depth == 0:
            found.append(inside[start : tag.end()])
            start = tag.end()
    return found


def _split(children: list[str], before: Set[str]) -> list[list[str]]:
    """Split into groups that begin with one of those; an operator in front stays infix."""
    groups: list[list[str]] = [[]]
    for child in children:
        if child in before:
            groups += [[]] * bool(groups[-1])
            child = child.replace("<mo>", '<mo form="infix">', 1)
        groups[-1] = [*groups[-1], child]
    return groups


def _between(left: str, text: str, right: str) -> str:
    return _row(_operator(left) + text + _operator(right))


def _row(text: str) -> str:
    return text if _ALONE.fullmatch(text) else f"<mrow>{text}</mrow>"


def _operator(sign: str) -> str:
    return f"<mo>{escape(sign)}</mo>"


def _words(words: str) -> str:
    return f"<mtext>{words.replace(' ', '&#xa0;')}</mtext>"
