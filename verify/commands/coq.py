"""``--coq DIR``: write the proofs as files for Coq, and have them checked where it is installed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from backproof.verify.commands.codes import FAILED, OK
from backproof.verify.config.options import Options
from backproof.verify.proof.coq import compile as compiler
from backproof.verify.proof.coq.export import (
    ASSUMPTIONS,
    LIBRARY,
    PRELUDE,
    Exported,
    NotProved,
    assumptions,
    exported,
    prelude,
)
from backproof.verify.proof.coq.printer import Unprintable
from backproof.verify.reports.output import to_stdout, write_folder
from backproof.verify.subjects.sandbox import silence
from backproof.verify.subjects.subject import Specified
from backproof.verify.support.errors import OutputError, UsageError
from backproof.verify.support.escape import visible
from backproof.verify.support.layout import columns, table

LONGEST_NAME = 60


def run(cases: Sequence[Specified], options: Options, folder: str) -> int:
    """Write a file for each case, print what Coq says of it, and return the exit code: 1 where Coq refuses one.

    What has no words in Coq, and what is not proved, is no finding about a rule: it is only told.
    Raises UsageError for a folder that cannot be written.
    """
    found = [_file(case, options) for case in cases]
    names = _names([title for title, _ in found])
    files = {name: file for name, (_, file) in zip(names, found, strict=True) if isinstance(file, Exported)}
    texts = {name: file.text for name, file in files.items()}
    if files:
        texts |= {PRELUDE: prelude(), ASSUMPTIONS: assumptions(list(files))}
    try:
        write_folder(folder, texts)
    except OutputError as error:
        raise UsageError(f"--coq: {error}") from None
    verdicts, note = _checked(Path(folder), list(files), options)
    rows = [
        (title, str(len(file.theorems)), verdicts[name]) if isinstance(file, Exported) else (title, "", file)
        for name, (title, file) in zip(names, found, strict=True)
    ]
    head, align = ("operation", "theorems", "in Coq"), ("left", "right", "left")
    to_stdout(visible(f"{table(rows, head, columns(), fold=(2,), align=align)}\n\n{note}\n"))
    return FAILED if any(verdict.startswith(_REFUSED) for verdict in verdicts.values()) else OK


_ACCEPTED, _WRITTEN = "proved (Coq)", "written, not checked"
_REFUSED, _NO_WORDS, _NOT_PROVED = "not accepted: ", "no words: ", "not proved: "


def _checked(folder: Path, names: list[str], options: Options) -> tuple[dict[str, str], str]:
    """The verdict on each file, and a closing line."""
    by_hand = f"coqc -Q . {LIBRARY} FILE, with {PRELUDE} first and {ASSUMPTIONS} last (docs/coq.md)"
    if not names:
        return {}, "nothing is written"
    try:
        coqc = compiler.prepare(folder)
    except compiler.NoCoq as reason:
        missing = f"{reason}: with Coq and its library Coquelicot (apt-get install coq libcoq-coquelicot)"
        return dict.fromkeys(names, _WRITTEN), f"{missing} check the files in {folder} by\n  {by_hand}"
    problems = compiler.check(coqc, folder, names, options.workers)
    verdicts = {
        name: f"{_REFUSED}{problem}" if problem else _ACCEPTED for name, problem in zip(names, problems, strict=True)
    }
    return (
        verdicts,
        f"{problems.count('')} of {len(names)} files accepted by Coq; to check them again, in {folder}:\n  {by_hand}",
    )


def _file(case: Specified, options: Options) -> tuple[str, Exported | str]:
    """The case's title, and its file or why it has none, in words."""
    from backproof.verify.checks.case import Case
    from backproof.verify.checks.cases import case_of

    operation, spec = case
    made = case_of(operation, spec, options)
    if not isinstance(made, Case):
        return made.title, f"{_NO_WORDS}so large an array is tested as a whole"
    with silence():
        proof = made.proof
    if proof is None:
        return made.title, f"{_NOT_PROVED}{made.untraced}"
    try:
        return made.title, exported(proof)
    except Unprintable as reason:
        return made.title, f"{_NO_WORDS}{reason}"
    except NotProved as reason:
        return made.title, f"{_NOT_PROVED}{reason}"


def _names(titles: Sequence[str]) -> list[str]:
    """A file name for each title, which is a name of Coq as well; no two are the same on any file system."""
    taken: set[str] = set()
    names = []
    for title in titles:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", title.replace("-", " minus ")).strip("_")[:LONGEST_NAME]
        name, count = f"rule_{plain}.v", 1
        while name.lower() in taken:
            count += 1
            name = f"rule_{plain}_{count}.v"
        taken.add(name.lower())
        names.append(name)
    return names
