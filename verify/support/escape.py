"""Text from elsewhere (names, messages, source lines) made safe to show, and JSON that anything can read."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from typing import Any

# Characters that are invisible, or that reorder others: controls but tab and newline, lone surrogates,
# marks of direction and of zero width, line separators, the byte order mark and the two noncharacters XML bars.
_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"
)
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
_ON_A_LINE = re.compile(rf"[{_UNSEEN}\n\t]")


def _named(match: re.Match[str]) -> str:
    code = ord(match[0])
    return {"\n": "\\n", "\t": "\\t"}.get(match[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def visible(text: str) -> str:
    """The text with every character that cannot be seen, or that reorders others, written as its escape."""
    return _INVISIBLE.sub(_named, text)


def on_a_line(text: str) -> str:
    """`visible`, with newlines and tabs escaped too."""
    return _ON_A_LINE.sub(_named, text)


def slashed(path: str) -> str:
    """The path as reports have it: with forward slashes."""
    return path.replace(os.sep, "/")


def quoted(word: str) -> str:
    """A word of a command line, to be typed in the shell of this system."""
    if sys.platform == "win32":
        from subprocess import list2cmdline

        return list2cmdline([word])
    return shlex.quote(word)


def as_json(document: Any, *, indent: int | None = 2) -> str:
    """JSON in UTF-8: no bare NaN or infinity, and what cannot be seen as its escape, which reads back as itself."""
    text = json.dumps(document, indent=indent, ensure_ascii=False, allow_nan=False)
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"
