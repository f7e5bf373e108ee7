"""The streams that a command writes to, made so that no text can break it."""

from __future__ import annotations

import io
import os
import sys


def prepare() -> None:
    """A stream that was closed becomes one that swallows; one that cannot hold a character writes its escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell: `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - it lives as long as we do
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
