"""A document as Markdown, with formulas between dollars and graphs as Mermaid: GitHub, GitLab and Jupyter show it."""

from __future__ import annotations

import re
from functools import singledispatchmethod

from backproof.derivations.pages.document import (
    Block,
    Code,
    Document,
    Facts,
    Heading,
    Hidden,
    Inline,
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
from backproof.derivations.pages.html import indented
from backproof.derivations.pages.plot import text_plot
from backproof.verify.terms.notation.latex import LATEX

_SPECIAL = re.compile(r"([\\`*_\[\]<>|$#])")


def escaped(text: str) -> str:
    """Plain text, escaped for Markdown."""
    return _SPECIAL.sub(r"\\\1", text)


class MarkdownPrinter:
    """Prints documents."""

    def __call__(self, document: Document) -> str:
        """The whole document."""
        return "\n\n".join(self.block(b) for b in document.blocks) + "\n"

    def inline(self, text: Text) -> str:
        return "".join(map(self.part, text))

    def part(self, part: Inline) -> str:
        if isinstance(part, Math):
            return f"${LATEX.line(part.parts)}$"
        return f"`{part.text}`" if isinstance(part, Code) else escaped(indented(part))

    def display(self, formula: Math) -> str:
        return f"$$\n{LATEX.line(formula.parts)}\n$$"

    @singledispatchmethod
    def block(self, block: Block) -> str:
        """One block."""
        raise TypeError(f"{type(block).__name__} is no block")

    @block.register
    def _(self, block: Heading) -> str:
        aside = f"\n\n`{block.aside}`" if block.aside else ""
        return f"{'#' * block.level} {escaped(block.text)}{aside}"

    @block.register
    def _(self, block: Paragraph) -> str:
        return self.inline(block.text)

    @block.register
    def _(self, block: Facts) -> str:
        return "\n".join(f"- **{name}:** {self.inline(text)}" for name, text in block.rows)

    @block.register
    def _(self, block: Table) -> str:
        head = " | ".join(escaped(h) or " " for h in block.head)
        rule = " | ".join("---:" if i in block.right else "---" for i in range(len(block.head)))
        rows = [" | ".join(self.inline(cell) or " " for cell in row) for row in block.rows]
        table = "\n".join(f"| {line} |" for line in (head, rule, *rows))
        return f"{escaped(block.caption)}\n\n{table}"

    @block.register
    def _(self, block: Listing) -> str:
        return "```python\n" + "\n".join(block.lines) + "\n```"

    @block.register
    def _(self, block: Sides) -> str:
        code = "\n".join(block.right)
        left = f"In {block.left_title}:\n\n{self.display(block.left)}"
        return f"{left}\n\nIn {block.right_title}:\n\n```python\n{code}\n```"

    @block.register
    def _(self, block: Steps) -> str:
        return "\n\n".join([self.display(block.start), *map(self.step, block.steps)])

    def step(self, step: Shown) -> str:
        """A numbered item with the line below it."""
        parts = [f"**{step.number}. {escaped(step.name)}** ({escaped(step.check)})"]
        if step.general is not None:
            parts[0] += f": {self.part(step.general)}"
        if step.condition:
            parts.append(f"where {escaped(step.condition)}")
        if step.lets is not None:
            parts.append(f"with {self.part(step.lets)}")
        if step.here is not None:
            parts.append(f"here {self.part(step.here)}")
        sentence = ", ".join(parts)
        return f"{sentence}. {escaped(step.because)}\n\n{self.display(step.line)}"

    @block.register
    def _(self, block: Plot) -> str:
        return "```text\n" + "\n".join(text_plot(block.name, block.curves, 80, False)) + "\n```"

    @block.register
    def _(self, block: Picture) -> str:
        return f"```mermaid\n{block.mermaid}\n```\n\n{escaped(block.alt)}"

    @block.register
    def _(self, block: Numbered) -> str:
        return "\n\n".join(
            f"**{number}.** " + "\n\n".join(map(self.block, item)) for number, item in enumerate(block.items, 1)
        )

    @block.register
    def _(self, block: Hidden) -> str:
        inner = "\n\n".join(map(self.block, block.blocks))
        opened = " open" if block.shown else ""
        return f"<details{opened}><summary>{escaped(block.title)}</summary>\n\n{inner}\n\n</details>"
