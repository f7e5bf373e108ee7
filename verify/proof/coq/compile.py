"""Coq itself, where it is installed: it compiles the files of a folder, and says what each rests on."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from backproof.verify.proof.coq.export import ASSUMPTIONS, AXIOMS, LIBRARY, PRELUDE, assumptions

SECONDS = 300
"""How long one file may take: a last guard, since the slowest one of the engine takes some seconds."""

_IN_FILE = re.compile(r'^File "[^"]*", line (\d+), characters [\d-]+:\n(.*)', re.DOTALL | re.MULTILINE)

_NAMED = re.compile(r"(?:Theorem|Example) (\w+)")
_LONGEST = 200


class NoCoq(Exception):
    """Coq is not here, or cannot compile the prelude; the message says which."""


def prepare(folder: Path) -> str:
    """Compile the prelude of a folder; returns the path of coqc.  Raises NoCoq."""
    coqc = shutil.which("coqc")
    if coqc is None:
        raise NoCoq("there is no coqc here")
    problem = _compiled(coqc, folder, PRELUDE)[1]
    if problem:
        raise NoCoq(f"coqc does not compile {PRELUDE}: {problem}")
    return coqc


def check(coqc: str, folder: Path, names: Sequence[str], jobs: int = 1) -> list[str]:
    """For each file of a folder whose prelude is compiled why it is not accepted, in a line; "" where it is."""
    pool = ThreadPoolExecutor(max(1, jobs))
    try:
        problems = list(pool.map(lambda name: _compiled(coqc, folder, name)[1], names))
    finally:
        pool.shutdown(cancel_futures=True)  # where the user interrupts, no further file is begun
    compiled = [name for name, problem in zip(names, problems, strict=True) if not problem]
    if not compiled or not _rests(coqc, folder, compiled):
        return problems
    return [
        problem or _rests(coqc, folder, [name]) for name, problem in zip(names, problems, strict=True)
    ]  # one of them assumes something: which, is asked one by one


def _rests(coqc: str, folder: Path, names: Sequence[str]) -> str:
    """What the theorems of compiled files assume beyond the axioms of Coq's reals; "" for nothing."""
    (folder / ASSUMPTIONS).write_text(assumptions(names), encoding="utf-8")
    output, problem = _compiled(coqc, folder, ASSUMPTIONS)
    return problem or foreign(output)


def foreign(output: str) -> str:
    """What the theorems assume beyond the axioms of Coq's reals, by the output of `Print Assumptions`; "" for nothing.

    The output is one of several lines, each beginning with a name; what goes on below is indented.
    """
    said, axioms, listed = output.partition("Axioms:\n")
    if "Closed under the global context" in said:
        return ""
    if not axioms:
        return "Coq does not say what the theorems rest on"
    used = [line.split(" ")[0].rstrip(":") for line in listed.splitlines() if line[:1].strip()]
    others = [name for name in used if name not in AXIOMS]
    return f"it assumes {', '.join(others)}" if others else ""


def _compiled(coqc: str, folder: Path, name: str) -> tuple[str, str]:
    """What coqc prints for a file, and why it refuses it, in a line ("" if it does not)."""
    command = [coqc, "-q", "-w", "-ambiguous-paths", "-Q", ".", LIBRARY, name]
    try:
        ended = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"it takes more than {SECONDS} s"
    except OSError as error:
        return "", f"coqc does not start: {error.strerror or error}"
    return ended.stdout, "" if ended.returncode == 0 else _reason(ended.stderr, folder / name)


def _reason(stderr: str, path: Path) -> str:
    """The error in a line, with the theorem that it is in and the line of the file: that of the tactic that fails."""
    found = _IN_FILE.search(stderr)
    if found is None:
        return " ".join(stderr.split())[:_LONGEST] or "coqc ended without a word"
    above = path.read_text(encoding="utf-8").splitlines()[: int(found[1])]
    named = [match[1] for line in above if (match := _NAMED.match(line))]
    where = f"{named[-1]}, line {found[1]}" if named else f"line {found[1]}"
    return f"{where}: {' '.join(found[2].split()).removeprefix('Error: ')}"[:_LONGEST]
