"""Where in somebody's code an operation was called."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

_CALLER = "backproof.verify.subjects.tensors.torch.passes."


def calling_line() -> str:
    """" (layers.py:12)" for the innermost line that is neither PyTorch's, nor copy's, nor ours; "" where there is none.

    The frames of the code are between ours at the top, which handle the operation, and the one that runs the rule, in a
    backward pass too: the engine calls it on the same stack.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame) and _module(frame) != _CALLER:
        frame = frame.f_back
    while frame is not None and not _is_ours(frame):
        if not _module(frame).startswith(("torch.", "copy.")):
            return f" ({Path(frame.f_code.co_filename).name}:{frame.f_lineno})"
        frame = frame.f_back
    return ""


def _is_ours(frame: FrameType) -> bool:
    return _module(frame).startswith("backproof.verify.")


def _module(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '')}."
