"""A document: the content, independent of its format.

Derivations, walks and quizzes become documents; the printers (`text`, `markdown`, `latex`, `html`) have one small
function for each kind of block.
"""

from __future__ import annotations

from dataclasses import dataclass

from backproof.derivations.steps.evidence import Curves
from backproof.verify.terms.term import Term


@dataclass(frozen=True)
class Math:
    """A formula within a sentence: terms, and the signs between them ("=", "→", ",")."""

    parts: tuple[Term | str, ...]


@dataclass(frozen=True)
class Code:
    """A piece of source within a sentence."""

    text: str


Inline = str | Math | Code
Text = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    """level 1 for the document, 2 for its parts."""

    level: int
    text: str
    aside: str = ""


@dataclass(frozen=True)
class Paragraph:
    text: Text


@dataclass(frozen=True)
class Facts:
    """Labels, and a text for each."""

    rows: tuple[tuple[str, Text], ...]


@dataclass(frozen=True)
class Table:
    """caption: what it shows; right: the columns that hold numbers; mark: rows to point out"""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Listing:
    """Lines of source."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Sides:
    """A formula and the code for it, side by side."""

    left_title: str
    left: Math
    right_title: str
    right: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """One numbered step.

    general: the rule; here: what it does to the part that changes; line: the whole line after it
    """

    number: int
    rule: str
    name: str
    line: Math
    because: str
    general: Math | None = None
    here: Math | None = None
    condition: str = ""
    lets: Math | None = None
    check: str = ""


@dataclass(frozen=True)
class Steps:
    """A chain of equal lines: its start, and its steps."""

    start: Math
    steps: tuple[Shown, ...]


@dataclass(frozen=True)
class Plot:
    """The operation and its derivative."""

    name: str
    curves: Curves
    alt: str


@dataclass(frozen=True)
class Picture:
    """A picture of a graph, the same as Mermaid, and in words."""

    svg: str
    mermaid: str
    alt: str


@dataclass(frozen=True)
class Numbered:
    """Exercises, or anything else that is counted; each item is a list of blocks."""

    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True)
class Hidden:
    """What a reader opens when wanted, such as a hint.  shown: open from the start, as on a teacher's sheet."""

    title: str
    blocks: tuple[Block, ...]
    shown: bool = False


Block = (
    Heading | Paragraph | Facts | Table | Listing | Sides | Steps | Plot | Picture | Numbered | Hidden
)


@dataclass(frozen=True)
class Document:
    """name: a word for file names; title: for people."""

    name: str
    title: str
    blocks: tuple[Block, ...]
