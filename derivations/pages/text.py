"""A document for a terminal: Unicode or ASCII, so many columns wide."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from functools import singledispatchmethod

from backproof.derivations.pages.document import (
    Block,
    Code,
    Document,
    Facts,
    Heading,
    Hidden,
    Listing,
    Math,
    Numbered,
    Paragraph,
    Picture,
    Plot,
    Shown,
    Sides,
    Steps,
    Table,
    Text,
)
from backproof.derivations.pages.plot import text_plot
from backproof.verify.terms.notation.plain import ASCII, UNICODE

WIDTH = 80

_LETTERS = {
    **{"²": "^2", "³": "^3", "√": "sqrt", "∛": "cbrt", "π": "pi", "Φ": "Phi", "φ": "phi", "σ": "sigma", "α": "alpha"},
    **{"λ": "lambda", "·": "*", "≥": ">=", "≤": "<=", "≠": "!=", "±": "+-", "−": "-", "—": "-", "→": "->", "∂": "d"},
    **{"…": "...", "θ": "theta", "≈": "~", "×": "x", "│": "|", "─": "-", "┤": "|", "’": "'"},
}


def in_ascii(text: str) -> str:
    """The text with its letters past ASCII spelled out."""
    text = re.sub(r"√(\w)", r"sqrt(\1)", text)
    return "".join(_LETTERS.get(c, c if c.isascii() else "?") for c in text)


class TextPrinter:
    """Prints documents.  A style is what marks a heading or a word; by default nothing does."""

    def __init__(self, width: int = WIDTH, ascii_only: bool = False, colour: bool = False) -> None:
        self.width = width
        self.ascii_only = ascii_only
        self.colour = colour
        self.notation = ASCII if ascii_only else UNICODE

    def __call__(self, document: Document) -> str:
        """The whole document."""
        lines: list[str] = []
        for block in document.blocks:
            lines += self.lines(block)
        text = "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"
        return in_ascii(text) if self.ascii_only else text

    def styled(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colour and text else text

    # ------------------------------------------------------------------------------------------- sentences

    def inline(self, text: Text) -> str:
        found = "".join(part if isinstance(part, str) else self.formula(part) for part in text)
        return in_ascii(found) if self.ascii_only else found

    def formula(self, part: Math | Code) -> str:
        if isinstance(part, Code):
            return part.text
        return self.notation.line(part.parts)

    def wrapped(self, text: str, indent: str = "", hanging: str | None = None) -> list[str]:
        return textwrap.wrap(
            in_ascii(text) if self.ascii_only else text,  # before the lines are as wide as they are
            max(self.width, 40),
            initial_indent=indent,
            subsequent_indent=indent if hanging is None else hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )

    # ---------------------------------------------------------------------------------------------- blocks

    @singledispatchmethod
    def lines(self, block: Block) -> list[str]:
        """The lines of one block, an empty one before it."""
        raise TypeError(f"{type(block).__name__} is no block")

    @lines.register
    def _(self, block: Heading) -> list[str]:
        if block.level > 1:
            return ["", self.styled(block.text, "1")]
        gap = max(2, self.width - len(block.text) - len(block.aside))
        rule = ("-" if self.ascii_only else "─") * self.width
        return ["", self.styled(block.text, "1") + " " * gap + block.aside, rule]

    @lines.register
    def _(self, block: Paragraph) -> list[str]:
        return self.wrapped(self.inline(block.text), "  ")

    @lines.register
    def _(self, block: Facts) -> list[str]:
        label = max(len(name) for name, _ in block.rows) + 2
        lines: list[str] = []
        for name, text in block.rows:
            lines += self.wrapped(self.inline(text), f"  {name:<{label}}", " " * (label + 2))
        return lines

    @lines.register
    def _(self, block: Table) -> list[str]:
        rows = [[self.inline(cell) for cell in row] for row in block.rows]
        wide = [max(len(r[i]) for r in [list(block.head), *rows]) for i in range(len(block.head))]

        def line(cells: list[str]) -> str:
            parts = [
                f"{c:>{w}}" if i in block.right else f"{c:<{w}}"
                for i, (c, w) in enumerate(zip(cells, wide, strict=True))
            ]
            return ("  " + "  ".join(parts)).rstrip()

        if sum(wide) + 2 * len(wide) > self.width and len(wide) > 4:
            return [f"  {block.caption}", *self._paired(block.head, rows)]
        if sum(wide) + 2 * len(wide) > self.width and len(wide) > 2:
            return [f"  {block.caption}", *self._stacked(block.head, rows)]
        return [f"  {block.caption}", line(list(block.head)), *map(line, rows)]

    def _stacked(self, head: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
        """A table too wide for the page: the first column as a line of its own where it changes."""
        label = max(len(r[1]) for r in rows) + 2
        value = max((len(r[2]) for r in rows if r[3:]), default=0)
        for row in rows:
            if row[0]:
                yield f"  {row[0]}"
            rest = "  ".join([f"{row[2]:<{value}}", *row[3:]]).rstrip()
            yield f"    {row[1]:<{label}}{rest}"

    def _paired(self, head: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
        """A table much too wide for the page: the first cell, and below it the others with their headings."""
        for row in rows:
            yield f"  {row[0]}"
            indent = " " * (len(row[0]) - len(row[0].lstrip()) + 6)
            pairs = [f"{h} {cell}" for h, cell in zip(head[1:], row[1:], strict=True) if cell]
            yield from self.wrapped("   ".join(pairs), indent)

    @lines.register
    def _(self, block: Listing) -> list[str]:
        return [f"    {line}" for line in block.lines]

    @lines.register
    def _(self, block: Sides) -> list[str]:
        left = [block.left_title, self.formula(block.left)]
        right = [block.right_title, *block.right]
        column = max(map(len, left)) + 4
        if 2 + column + max(map(len, right)) > self.width:  # one above the other
            return [
                *(f"  {line}" for line in (left[0], f"  {left[1]}")),
                *(f"  {line}" for line in (right[0], *(f"  {line}" for line in block.right))),
            ]
        longest = max(len(left), len(right))
        left += [""] * (longest - len(left))
        right += [""] * (longest - len(right))
        return [f"  {a:<{column}}{b}" for a, b in zip(left, right, strict=True)]

    @lines.register
    def _(self, block: Steps) -> list[str]:
        lines = self.broken(self.formula(block.start), "  ")
        for step in block.steps:
            lines += self.step(step)
        return lines

    def step(self, step: Shown) -> list[str]:
        """Number, rule and verdict on one line; below it the rule, this instance, why, and the line."""
        head = f"  {step.number:>2}  {step.name}"
        gap = max(2, self.width - len(head) - len(step.check))
        lines = ["", f"  {step.number:>2}  " + self.styled(step.name, "36") + " " * gap + step.check]
        if len(step.check) > 30:
            lines = ["", head, *self.wrapped(step.check, " " * 6)]
        details: list[tuple[str, str]] = []
        if step.general is not None:
            details.append(("rule", self.formula(step.general)))
        if step.condition:
            details.append(("where", step.condition))
        if step.lets is not None:
            details.append(("with", self.formula(step.lets)))
        if step.here is not None:
            details.append(("here", self.formula(step.here)))
        if step.because:
            details.append(("why", step.because))
        for label, text in details:
            layout = self.wrapped if label in ("why", "where") else self.broken
            lines += layout(text, f"      {label:<7}", " " * 13)
        return [*lines, *self.broken(self.formula(step.line), "    ")]

    def broken(self, formula: str, indent: str, hanging: str | None = None) -> list[str]:
        """A formula over several lines where one is too short: broken before an operator outside of brackets."""
        hanging = indent + "    " if hanging is None else hanging
        lines, rest, lead = [], formula, indent
        while len(lead) + len(rest) > self.width and (place := _break(rest, self.width - len(lead))):
            lines.append(lead + rest[:place].rstrip())
            rest, lead = rest[place:].lstrip(), hanging
        return [*lines, lead + rest]

    @lines.register
    def _(self, block: Plot) -> list[str]:
        return text_plot(block.name, block.curves, self.width, self.ascii_only)

    @lines.register
    def _(self, block: Picture) -> list[str]:
        return self.wrapped(block.alt, "  ")

    @lines.register
    def _(self, block: Numbered) -> list[str]:
        narrower = TextPrinter(self.width - 3, self.ascii_only, self.colour)
        lines: list[str] = []
        for number, item in enumerate(block.items, 1):
            inner = [line for b in item for line in narrower.lines(b)]
            lines += ["", f"{number:>2}. {inner[0].strip()}" if inner else "", *(f"  {line}" for line in inner[1:])]
        return lines

    @lines.register
    def _(self, block: Hidden) -> list[str]:
        first, *more = block.blocks
        if isinstance(first, Paragraph):
            lines = self.wrapped(f"{block.title}: {self.inline(first.text)}", "  ", "    ")
        else:
            lines = [f"  {block.title}", *self.lines(first)]
        return [*lines, *(line for b in more for line in self.lines(b))]


_OPERATORS = re.compile(r" (?=[-+=] )| (?=becomes )|(?<=[·*])(?=[^ ])|(?<=; )")


def _break(formula: str, room: int) -> int:
    """Where to break: the last operator that fits, those least deep in brackets first; 0 if there is none."""
    places: dict[int, int] = {}
    for match in _OPERATORS.finditer(formula):
        place = match.start()
        if 8 < place <= room:
            depth = formula[:place].count("(") + formula[:place].count("[") + formula[:place].count("{")
            depth -= formula[:place].count(")") + formula[:place].count("]") + formula[:place].count("}")
            places[place] = depth
    if not places:
        return 0
    least = min(places.values())
    return max(place for place, depth in places.items() if depth == least)


Printer = Callable[[Document], str]
