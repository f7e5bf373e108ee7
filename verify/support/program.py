"""The command that runs us: ``python -m verify`` wherever that name is ours, else ``backproof``."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

_OURS = Path(__file__).resolve().parents[1]  # the folder of backproof.verify


def program() -> str:
    """How a user who stands in this folder repeats a command; ``python -m`` looks into the current folder first."""
    here = Path.cwd()
    for name in ("verify", "verify.py"):
        if (here / name).exists() and (here / name).resolve() != _OURS:
            return "backproof"
    return "python -m verify" if _is_ours() else "backproof"


def _is_ours() -> bool:
    """Whether the module ``verify`` is ours, by its full name or as the thin file that stands for it."""
    loaded = sys.modules.get("verify")
    if loaded is not None:
        return loaded.__name__ == "backproof.verify"
    try:
        spec = find_spec("verify")
    except (ImportError, ValueError):  # a package that cannot be looked for
        return False
    if spec is None or spec.origin is None:
        return False
    if Path(spec.origin).resolve().parent == _OURS:
        return True
    text = Path(spec.origin).read_text(encoding="utf-8", errors="replace")
    return "from backproof.short_names import adopt" in text
