"""Where in a user's code a step of JAX comes from."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jax

_NOT_THEIRS = (str(Path(jax.__file__).parent), str(Path(__file__).resolve().parents[3]))


def of_equation(equation: Any) -> str:
    """Of an equation of a jaxpr, as " (layers.py:12)"; nothing if it is not known."""
    frames = getattr(getattr(equation.source_info, "traceback", None), "frames", ())
    return _first((frame.file_name, frame.line_num) for frame in frames)


def of_error(error: BaseException) -> str:
    """Where an exception passed through their code last."""
    return _first((frame.filename, frame.lineno) for frame in reversed(traceback.extract_tb(error.__traceback__)))


def _first(frames: Iterable[tuple[str, int | None]]) -> str:
    for file, line in frames:
        if not str(Path(file).resolve()).startswith(_NOT_THEIRS):
            return f" ({Path(file).name}:{line})"
    return ""
