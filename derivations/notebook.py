"""What a notebook shows of a derivation or a walk, without a notebook's software."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derivations.document import Document


def bundle(document: Document) -> dict[str, Any]:
    """The document in every form: plain, Markdown, LaTeX, and HTML where latex2mathml is installed."""
    from derivations.html import HtmlPrinter, MissingConverter
    from derivations.latex import LatexPrinter
    from derivations.markdown import MarkdownPrinter
    from derivations.text import TextPrinter

    found = {
        "text/plain": TextPrinter()(document),
        "text/markdown": MarkdownPrinter()(document),
        "text/latex": LatexPrinter(standalone=False)(document),
    }
    with suppress(MissingConverter):
        found["text/html"] = HtmlPrinter().body(document)
    return found
