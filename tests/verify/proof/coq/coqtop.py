"""Coq's toplevel as a judge of many theorems: unlike coqc it goes on after one that it refuses."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from backproof.verify.proof.coq.export import HEADER, LIBRARY, Theorem

MALFORMED = ("Syntax error", "was not found", "has type", "Unknown", "Illegal", "already exists")
"""In messages about a text that is not well formed: a wrong rule is to be refused for no such reason."""


def accepted(folder: Path, theorems: Iterable[Theorem]) -> set[str]:
    """The names of those that Coq accepts, in a folder with a compiled prelude.

    All statements have to be well formed: what is refused is refused for want of a proof.
    """
    theorems = list(theorems)
    assert len({t.name for t in theorems}) == len(theorems)
    parts = [HEADER, *(f"{theorem}\nAbort All.\nLocate {theorem.name}.\n" for theorem in theorems), "Quit.\n"]
    command = ["coqtop", "-q", "-w", "-ambiguous-paths", "-Q", ".", LIBRARY]
    ended = subprocess.run(command, cwd=folder, input="\n".join(parts), capture_output=True, text=True, check=True)
    for word in MALFORMED:
        assert word not in ended.stderr, ended.stderr[max(0, ended.stderr.index(word) - 600) :][:1200]
    found = set(re.findall(r"Constant Top\.(\w+)", ended.stdout))
    missing = set(re.findall(r"No object of basename (\w+)", ended.stdout))
    assert found | missing == {t.name for t in theorems}
    return found
