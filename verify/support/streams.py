"""The streams that a command writes to, made robust against any text."""

from __future__ import annotations

import io
import os
import sys


def prepare() -> None:
    """A closed stream becomes one that discards its text; one that cannot encode a character writes its escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell: `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - it lives as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
