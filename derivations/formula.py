"""Formulas of a document in LaTeX and in plain text: the terms and the signs between them."""

from __future__ import annotations

from functools import cache

from derivations.document import Math
from derivations.notation import LATEX, UNICODE

_SIGNS = {"becomes": r"\;\longrightarrow\;", ",": r",\quad ", "→": r"\to ", "(": "(", ")": ")"}


@cache
def latex(formula: Math) -> str:
    """The formula in LaTeX, without dollars."""
    found = ""
    for part in formula.parts:
        found += _SIGNS.get(part, part) if isinstance(part, str) else LATEX(part)
        found += " " if part == "=" else ""
    return found.strip()


@cache
def plain(formula: Math) -> str:
    """The formula on one line, for what cannot show more: a title, an alternative text."""
    found = ""
    for part in formula.parts:
        if not isinstance(part, str):
            found += UNICODE(part)
        else:
            found = f"{found.rstrip()} {part} " if part not in "()," else found + part + " " * (part == ",")
    return found.strip()
