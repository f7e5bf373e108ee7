"""Text and tables of a given width: long text is wrapped, nothing is cut, and code stays on its line."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from textwrap import wrap

WIDTH = 80
"""Columns where no width is given: in a pipe, a file, a report."""

WHOLE = 10**9
"""Columns of a text that other programs read: nothing is folded there."""

_LEAST = 40  # the least width; narrower terminals overflow
_GAP = re.compile(r" {3,}")  # stands between parts of a line, which it may be broken at before any other place
_LONG_WORD = 16  # characters from which a formula is broken in a column that has to be narrower
_IN_FORMULA = re.compile(r"(?<=[*(,])(?![*])")  # where one may be broken that no line has room for
_IN_NAME = re.compile(r"(?<=[:.])(?=[A-Za-z_])")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def columns() -> int:
    """The value of $COLUMNS, else the terminal's width; `WIDTH` where there is neither."""
    return max(_LEAST, shutil.get_terminal_size((WIDTH, 24)).columns)


def folded(text: str, width: int = WIDTH, *, hang: int = 0, first: int = 0) -> list[str]:
    """The lines of ``text``, none wider than ``width`` unless a word is; continuation lines are indented by ``hang``.

    first: columns of the first line that are taken, by a label for one
    """
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        lines += _broken(line, width, hang if lines else first, hang)
    return [lines[0][first:], *lines[1:]]


def _broken(text: str, width: int, first: int, hang: int, *, cell: bool = False) -> list[str]:
    """One line, indented: whole, else broken at its gaps, and between words where a part is too long by itself."""
    lines: list[str] = []
    line = " " * first
    for gap, part in zip(["", *_GAP.findall(text)], _GAP.split(text), strict=True):
        if len(line) + len(gap) + len(part) <= width:
            line += gap + part
            continue
        if line.strip():
            lines.append(line)
            line = " " * hang
        words = [piece for word in part.split(" ") for piece in _pieces(word, width - hang, cell)]
        for place, (before, word) in enumerate(words):
            if line.strip() and len(line) + len(before) + len(word) > width:
                lines.append(line)
                line = " " * hang
                before = ""
            line += (before if place else "") + word
    return [*lines, line]


def _pieces(word: str, room: int, cell: bool) -> Iterator[tuple[str, str]]:
    """A word, and the blank before it; a formula that is wider than a line in pieces, without any between them.

    cell: so too a dotted name, which in a table is not there to be pasted
    """
    inside = _IN_FORMULA if "*" in word else _IN_NAME if cell else None
    pieces = inside.split(word) if inside is not None and len(word) > room else [word]
    return zip([" ", *[""] * (len(pieces) - 1)], pieces, strict=True)


def labelled(label: str, text: str, width: int = WIDTH, *, column: int = 11) -> list[str]:
    """A line of evidence: a label of so many columns, the text beside it, wrapped."""
    head = f"  {label:<{column}} "
    first, *more = folded(text, width, hang=column + 3, first=len(head))
    return [head + first, *more]


def located(name: str, place: object, code: str, width: int = WIDTH) -> list[str]:
    """A name, its location, and the line of code there: on one line, or the code on a line of its own."""
    before = "   ".join(part for part in (name, str(place)) if part)
    if len(before) + 3 + len(code) <= width or not code:
        return [f"{before}   {code}".rstrip()]
    return [before, f"  {code}"]


def table(
    rows: Sequence[Sequence[str]],
    head: Sequence[str],
    width: int = WIDTH,
    *,
    fold: Sequence[int] = (),
    align: Sequence[str] | None = None,
    keys: int = 1,
) -> str:
    """An aligned table; one too wide has its columns ``fold`` narrowed, and what still does not fit goes below.

    keys: columns that are repeated there
    """
    from tabulate import tabulate  # findings are printed without it

    rooms = _rooms(rows, head, width, fold)
    cells = [[_cell(text, rooms.get(i)) for i, text in enumerate(row)] for row in rows]
    parts = []
    for part in _parts(_widths(cells, head), width, keys):
        aligned = None if align is None or not rows else [align[i] for i in part]
        text = tabulate(
            [[row[i] for i in part] for row in cells],
            [head[i] for i in part],
            tablefmt="simple",
            disable_numparse=True,
            colalign=aligned,
        )
        parts.append("\n".join(line.rstrip() for line in text.split("\n")))
    return "\n\n".join(parts)


def _widths(rows: Sequence[Sequence[str]], head: Sequence[str]) -> list[int]:
    """The widths that tabulate gives the columns: a heading gets two more than it needs."""
    widest = [max((len(line) for row in rows for line in row[i].split("\n")), default=0) for i in range(len(head))]
    return [max(len(name) + 2, cell) for name, cell in zip(head, widest, strict=True)]


def _rooms(rows: Sequence[Sequence[str]], head: Sequence[str], width: int, fold: Sequence[int]) -> dict[int, int]:
    """The widths of columns that have to be narrowed: always the widest first."""
    widths = _widths(rows, head)
    least = {i: _least([row[i] for row in rows], head[i], width) for i in fold}
    rooms: dict[int, int] = {}
    for _ in range(sum(widths) + 2 * (len(widths) - 1) - width):
        yielding = [i for i in fold if widths[i] > least[i]]
        if not yielding:
            break
        widest = max(yielding, key=widths.__getitem__)
        widths[widest] -= 1
        rooms[widest] = widths[widest]
    return rooms


def _least(cells: Sequence[str], head: str, width: int) -> int:
    """The minimal width of a column: its longest word, or piece of a formula, but at most half of the total."""
    words = (word for text in cells for word in _kept(text).split(" "))
    longest = max((len(piece) for word in words for _, piece in _pieces(word, _LONG_WORD, True)), default=0)
    return max(len(head) + 2, min(longest, width // 2))


def _cell(text: str, room: int | None) -> str:
    """A cell in so many columns: broken between words, and within one that is wider than all of it."""
    if room is None or len(text) <= room:
        return text
    lines = (wrap(line, room, break_on_hyphens=False) for line in _broken(_kept(text), room, 0, 0, cell=True))
    return "\n".join(line for part in lines for line in part).replace(_NO_BREAK, " ")


def _kept(text: str) -> str:
    """The text with each `x = 1` in one word."""
    return text.replace(" = ", f"{_NO_BREAK}={_NO_BREAK}")


def _parts(widths: Sequence[int], width: int, keys: int) -> Iterator[list[int]]:
    """The columns that fit side by side, the first ``keys`` in every part."""
    part = list(range(keys))
    used = sum(widths[:keys]) + 2 * (keys - 1)
    taken = used
    for i in range(keys, len(widths)):
        if taken + 2 + widths[i] > width and len(part) > keys:
            yield part
            part, taken = list(range(keys)), used
        part.append(i)
        taken += 2 + widths[i]
    yield part
