"""Derivations and walks for a notebook: what `derive`, `walk` and `expression` return shows itself there.

    from backproof.derivations.show import derive
    derive("tanh")                                  # the last line of a cell

No notebook software is needed, or loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backproof.derivations.pages.document import Document
from backproof.derivations.steps import derivation
from backproof.derivations.steps.derivation import Derivation
from backproof.derivations.walk import backward_pass as walks
from backproof.derivations.walk.backward_pass import Walk
from backproof.engine.node import Node


class ShownDerivation(Derivation):
    """A derivation that a notebook shows as plain text, Markdown, LaTeX or HTML."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from backproof.derivations.pages.derivation import to_document

        return bundle(to_document(self))


class ShownWalk(Walk):
    """A walk that a notebook shows as plain text, Markdown, LaTeX or HTML, and as a picture."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from backproof.derivations.walk.document import picture, to_document

        return {**bundle(to_document(self)), "image/svg+xml": picture(self)}


def derive(op: str) -> ShownDerivation:
    """The derivation of one of the engine's operations.

    Raises KeyError for an unknown name.
    """
    return ShownDerivation(**vars(derivation.derive(op)))


def walk(root: Node) -> ShownWalk:
    """The backward pass from ``root``, node by node."""
    return ShownWalk(**vars(walks.walk(root)))


def expression(formula: str, at: Mapping[str, float]) -> ShownWalk:
    """The walk through a user's expression, its names given values.

    Raises ExpressionError for text that is not an expression, LookupError if names and values\n    do not match.
    """
    return ShownWalk(**vars(walks.expression(formula, at)))


def bundle(document: Document) -> dict[str, Any]:
    """The document in every form that a notebook may choose from."""
    from backproof.derivations.pages.html import HtmlPrinter
    from backproof.derivations.pages.latex import LatexPrinter
    from backproof.derivations.pages.markdown import MarkdownPrinter
    from backproof.derivations.pages.text import TextPrinter

    return {
        "text/plain": TextPrinter()(document),
        "text/markdown": MarkdownPrinter()(document),
        "text/latex": LatexPrinter(standalone=False)(document),
        "text/html": HtmlPrinter().body(document),
    }
