"""A document as one HTML page that opens from disk: MathML for formulas, SVG for pictures, no network, no scripts."""

from __future__ import annotations

from functools import singledispatchmethod
from html import escape

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
from backproof.derivations.pages.plot import svg_plot
from backproof.verify.terms.notation.mathml import MATHML, element
from backproof.verify.terms.notation.plain import UNICODE

STYLE = """\
:root { color-scheme: light; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --wash: #f6f8fa; --blue: #0b57a4; }
* { box-sizing: border-box; }
body { font: 17px/1.55 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; color: var(--ink);
  background: #fff; max-width: 58rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.9rem; margin: 0 0 .2rem; display: flex; justify-content: space-between; align-items: baseline;
  flex-wrap: wrap; gap: .5rem; border-bottom: 2px solid var(--ink); padding-bottom: .3rem; }
h1 small { font: 400 .9rem ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; color: var(--soft); }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
code, pre { font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: .88em; }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
  white-space: pre-wrap; margin: .4rem 0; line-height: 1.4; }
math { font-size: 1.08em; padding-block: .15em;
  font-family: 'STIX Two Math', 'Cambria Math', 'Latin Modern Math', 'DejaVu Math TeX Gyre', math; }
.formula { margin: .35rem 0; padding-left: 2rem; text-indent: -2rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1.2rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
dd, p, .rule, .formula { overflow: auto hidden; overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.5fr); gap: 1.2rem; align-items: start; }
.sides h3 { font-size: .95rem; font-weight: 600; color: var(--soft); margin: 0 0 .3rem; }
ol.steps { list-style: none; counter-reset: step; padding: 0; margin: .6rem 0; }
ol.steps > li { counter-increment: step; position: relative; padding: .55rem 0 .55rem 2.6rem;
  border-top: 1px solid var(--line); }
ol.steps > li::before { content: counter(step); position: absolute; left: 0; top: .62rem; width: 1.75rem;
  height: 1.75rem; border: 1.5px solid var(--blue); color: var(--blue); border-radius: 50%; text-align: center;
  line-height: 1.6rem; font-weight: 600; font-size: .9rem; }
.rule { display: flex; flex-wrap: wrap; gap: .3rem .9rem; align-items: baseline; }
.rule .name { font-weight: 600; } .check { margin-left: auto; color: #116329; font-size: .88rem; }
.check.open { color: #a40e26; font-weight: 600; }
.small { color: var(--soft); font-size: .93rem; margin: .1rem 0; } .small math { color: var(--ink); }
.line { margin-top: .25rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0; font-size: .95rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { text-align: left; padding: .22rem .8rem .22rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; white-space: nowrap; }
th { font-weight: 600; } .right { text-align: right; }
svg { max-width: 100%; height: auto; } figure { margin: .6rem 0; }
nav ul { columns: 3; list-style: none; padding: 0; } nav li { padding: .1rem 0; }
details { margin: .25rem 0; } summary { cursor: pointer; color: var(--blue); }
@media (max-width: 640px) { .sides { grid-template-columns: minmax(0, 1fr); } nav ul { columns: 2; } }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } ol.steps > li { break-inside: avoid; }
  .sides { grid-template-columns: minmax(0, 1fr); } table { font-size: 9pt; } h2, h3 { break-after: avoid; }
  dd, p, .rule, .formula, .scroll { overflow: visible; } }
"""


def displayed(formula: Math) -> str:
    """The formula on lines of its own, as many as it needs."""
    drawn = element(MATHML.line(formula.parts), UNICODE.line(formula.parts), large=True)
    return f'<div class="formula">{drawn}</div>'


def indented(text: str) -> str:
    """The text with leading spaces that HTML does not swallow."""
    plain = text.lstrip(" ")
    return "\u2003" * ((len(text) - len(plain)) // 2) + plain if len(text) - len(plain) > 1 else text


class HtmlPrinter:
    """Prints documents.  ``home`` is a link to go back to, "" for none."""

    def __init__(self, home: str = "") -> None:
        self.home = home

    def __call__(self, document: Document) -> str:
        """The whole page."""
        back = f'<p class="small"><a href="{escape(self.home)}">All operations</a></p>\n' if self.home else ""
        return page(document.title, back + self.body(document))

    def body(self, document: Document) -> str:
        """The content of the page."""
        return "\n".join(map(self.block, document.blocks))

    def inline(self, text: Text) -> str:
        return "".join(map(self.part, text))

    def part(self, part: Inline) -> str:
        if isinstance(part, Math):
            return element(MATHML.line(part.parts), UNICODE.line(part.parts))
        return f"<code>{escape(part.text)}</code>" if isinstance(part, Code) else escape(indented(part))

    @singledispatchmethod
    def block(self, block: Block) -> str:
        """One block."""
        raise TypeError(f"{type(block).__name__} is no block")

    @block.register
    def _(self, block: Heading) -> str:
        aside = f" <small>{escape(block.aside)}</small>" if block.aside else ""
        return f"<h{block.level}>{escape(block.text)}{aside}</h{block.level}>"

    @block.register
    def _(self, block: Paragraph) -> str:
        return f"<p>{self.inline(block.text)}</p>"

    @block.register
    def _(self, block: Facts) -> str:
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{self.inline(text)}</dd>\n" for name, text in block.rows)
        return f"<dl>\n{rows}</dl>"

    @block.register
    def _(self, block: Table) -> str:
        def cell(tag: str, i: int, content: str) -> str:
            scope = ' scope="col"' if tag == "th" else ""
            right = ' class="right"' if i in block.right else ""
            return f"<{tag}{scope}{right}>{content}</{tag}>"

        head = "".join(cell("th", i, escape(h)) if h else "<td></td>" for i, h in enumerate(block.head))
        rows = "\n".join(
            "<tr>" + "".join(cell("td", i, self.inline(c)) for i, c in enumerate(row)) + "</tr>" for row in block.rows
        )
        parts = f"<caption>{escape(block.caption)}</caption>\n<thead><tr>{head}</tr></thead>"
        return f'<div class="scroll"><table>{parts}\n<tbody>\n{rows}\n</tbody></table></div>'

    @block.register
    def _(self, block: Listing) -> str:
        return "<pre><code>" + escape("\n".join(block.lines)) + "</code></pre>"

    @block.register
    def _(self, block: Sides) -> str:
        code = escape("\n".join(block.right))
        return (
            f'<div class="sides"><div><h3>{escape(block.left_title)}</h3>{displayed(block.left)}</div>'
            f"<div><h3>{escape(block.right_title)}</h3><pre><code>{code}</code></pre></div></div>"
        )

    @block.register
    def _(self, block: Steps) -> str:
        items = "\n".join(map(self.step, block.steps))
        return f'{displayed(block.start)}\n<ol class="steps">\n{items}\n</ol>'

    def step(self, step: Shown) -> str:
        """One item: the rule, this instance, why, and the line."""
        good = step.check == "proved"
        check = f'<span class="check{"" if good else " open"}">{"✓ " if good else ""}{escape(step.check)}</span>'
        general = f"<span>{self.part(step.general)}</span>" if step.general is not None else ""
        small = []
        if step.lets is not None:
            small.append("with " + self.part(step.lets))
        if step.here is not None:
            small.append("here " + self.part(step.here))
        if step.condition:
            small.append("where " + escape(step.condition))
        details = f'<p class="small">{"; ".join(small)}</p>' if small else ""
        return (
            f'<li data-rule="{escape(step.rule)}"><div class="rule"><span class="name">{escape(step.name)}</span>'
            f"{general}{check}</div><p class=\"small\">{escape(step.because)}</p>{details}"
            f'<div class="line">{displayed(step.line)}</div></li>'
        )

    @block.register
    def _(self, block: Plot) -> str:
        return f"<figure>{svg_plot(block.name, block.curves, block.alt)}</figure>"

    @block.register
    def _(self, block: Picture) -> str:
        return f'<figure class="scroll">{block.svg}</figure>'

    @block.register
    def _(self, block: Numbered) -> str:
        items = "\n".join("<li>" + "\n".join(map(self.block, item)) + "</li>" for item in block.items)
        return f"<ol>\n{items}\n</ol>"

    @block.register
    def _(self, block: Hidden) -> str:
        inner = "\n".join(map(self.block, block.blocks))
        opened = " open" if block.shown else ""
        return f"<details{opened}><summary>{escape(block.title)}</summary>{inner}</details>"


def page(title: str, body: str, style: str = "", script: str = "") -> str:
    """A whole page around a body."""
    scripts = f"<script>\n{script}</script>\n" if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f"{scripts}</body>\n</html>\n"
    )
