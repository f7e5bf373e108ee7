"""A document as LaTeX: a page that any LaTeX sets, with amsmath and nothing unusual."""

from __future__ import annotations

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
from backproof.derivations.steps.evidence import Curves, window
from backproof.verify.terms.notation.latex import LATEX

_PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb,geometry}
\geometry{margin=25mm}
\setlength{\parindent}{0pt}
\setlength{\parskip}{5pt plus 2pt}
\allowdisplaybreaks
\begin{document}
"""

_LETTERS = {
    **{c: "\\" + c for c in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}"},
    **{"<": "$<$", ">": "$>$", "²": r"$^2$", "³": r"$^3$", "√": r"$\surd$", "∛": r"$\sqrt[3]{\ }$", "·": r"$\cdot$"},
    **{"π": r"$\pi$", "Φ": r"$\Phi$", "φ": r"$\varphi$", "σ": r"$\sigma$", "α": r"$\alpha$", "λ": r"$\lambda$"},
    **{"≥": r"$\ge$", "≤": r"$\le$", "≠": r"$\ne$", "±": r"$\pm$", "→": r"$\to$", "…": r"\dots{}", "—": "---"},
}


def escaped(text: str) -> str:
    """Plain text as LaTeX shows it."""
    return "".join(_LETTERS.get(c, c) for c in text)


class LatexPrinter:
    """Prints documents.  ``standalone=False`` leaves the frame of the page away, to be put into another."""

    def __init__(self, standalone: bool = True) -> None:
        self.standalone = standalone

    def __call__(self, document: Document) -> str:
        """The whole document."""
        body = "\n\n".join(filter(None, map(self.block, document.blocks)))
        return f"{_PREAMBLE}\n{body}\n\n\\end{{document}}\n" if self.standalone else body + "\n"

    def inline(self, text: Text) -> str:
        return "".join(map(self.part, text))

    def part(self, part: Inline) -> str:
        if isinstance(part, Math):
            return f"${LATEX.line(part.parts)}$"
        return rf"\texttt{{{escaped(part.text)}}}" if isinstance(part, Code) else escaped(part)

    def display(self, formula: Math) -> str:
        return f"\\[ {LATEX.line(formula.parts)} \\]"

    @singledispatchmethod
    def block(self, block: Block) -> str:
        """One block."""
        raise TypeError(f"{type(block).__name__} is no block")

    @block.register
    def _(self, block: Heading) -> str:
        if block.level == 1:
            aside = rf"\hfill\normalfont\normalsize\texttt{{{escaped(block.aside)}}}" if block.aside else ""
            return rf"\section*{{{escaped(block.text)}{aside}}}"
        return rf"\subsection*{{{escaped(block.text)}}}"

    @block.register
    def _(self, block: Paragraph) -> str:
        return self.inline(block.text)

    @block.register
    def _(self, block: Facts) -> str:
        rows = "\n".join(rf"\item[{escaped(name)}] {self.inline(text)}" for name, text in block.rows)
        return f"\\begin{{description}}\n{rows}\n\\end{{description}}"

    @block.register
    def _(self, block: Table) -> str:
        columns = "".join("r" if i in block.right else "l" for i in range(len(block.head)))
        head = " & ".join(map(escaped, block.head)) + r" \\ \hline"
        rows = [" & ".join(map(self.inline, row)) + r" \\" for row in block.rows]
        body = "\n".join([head, *rows])
        return f"{escaped(block.caption)}\n\n{{\\small\n\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}}}"

    @block.register
    def _(self, block: Listing) -> str:
        return "\\begin{verbatim}\n" + "\n".join(block.lines) + "\n\\end{verbatim}"

    @block.register
    def _(self, block: Sides) -> str:
        return f"{self.display(block.left)}\n\n{self.block(Listing(block.right))}"

    @block.register
    def _(self, block: Steps) -> str:
        items = "\n".join(map(self.step, block.steps))
        return f"{self.display(block.start)}\n\\begin{{enumerate}}\n{items}\n\\end{{enumerate}}"

    def step(self, step: Shown) -> str:
        """One numbered item, its rule and its line."""
        parts = [rf"\textbf{{{escaped(step.name)}}} ({escaped(step.check)})"]
        if step.general is not None:
            parts.append(self.part(step.general))
        if step.condition:
            parts.append("where " + escaped(step.condition))
        if step.lets is not None:
            parts.append("with " + self.part(step.lets))
        if step.here is not None:
            parts.append("here " + self.part(step.here))
        return f"\\item {', '.join(parts)}. {escaped(step.because)}\n{self.display(step.line)}"

    @block.register
    def _(self, block: Plot) -> str:
        pictures = [_picture(block.curves, values) for values in (block.curves.value, block.curves.partial)]
        return f"{escaped(block.alt)}.\n\n{pictures[0]}\\quad\n{pictures[1]}"

    @block.register
    def _(self, block: Picture) -> str:
        return escaped(block.alt)

    @block.register
    def _(self, block: Numbered) -> str:
        items = "\n".join("\\item " + "\n\n".join(map(self.block, item)) for item in block.items)
        return f"\\begin{{enumerate}}\n{items}\n\\end{{enumerate}}"

    @block.register
    def _(self, block: Hidden) -> str:
        inner = " ".join(map(self.block, block.blocks))
        return rf"\emph{{{escaped(block.title)}:}} {inner}"


_WIDE, _HIGH = 70.0, 40.0  # millimetres


def _picture(curves: Curves, values: tuple[float, ...]) -> str:
    """A plot by LaTeX's own picture environment: axes, and a dot every so often."""
    low, high = window(values)

    def at(x: float, y: float) -> str:
        across = (x - curves.low) / (curves.high - curves.low) * _WIDE
        return f"({across:.1f},{(y - low) / (high - low) * _HIGH:.1f})"

    dots = "".join(
        rf"\put{at(x, y)}{{\circle*{{0.6}}}}"
        for x, y in zip(curves.xs, values, strict=True)
        if y == y and low <= y <= high
    )
    axes = (
        rf"\put{at(curves.low, 0.0)}{{\line(1,0){{{_WIDE:g}}}}}"
        rf"\put{at(0.0, low)}{{\line(0,1){{{_HIGH:g}}}}}"
        rf"\put{at(0.0, high)}{{\makebox(0,0)[br]{{\scriptsize {high:.3g}}}}}"
        rf"\put{at(0.0, low)}{{\makebox(0,0)[tr]{{\scriptsize {low:.3g}}}}}"
    )
    frame = f"\\setlength{{\\unitlength}}{{1mm}}\\begin{{picture}}({_WIDE:g},{_HIGH + 3:g})"
    return f"{frame}\n{axes}{dots}\n\\end{{picture}}"
