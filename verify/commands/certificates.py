"""``check-certificate``: replay certificates in their own process, by a checker that shares no code with the prover.

With ``--rule`` the rule is loaded and traced here, and the checker compares: nothing is proved again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backproof.engine import OPS
from backproof.verify.commands.arguments import chosen, options_of
from backproof.verify.commands.codes import FAILED, OK, UNTIED, USAGE
from backproof.verify.config.project import load
from backproof.verify.proof.certificate import checker
from backproof.verify.subjects.subject import Specified, of_numbers
from backproof.verify.support.errors import UsageError

CODES = {checker.HOLDS: OK, checker.FALSE: FAILED, checker.UNUSABLE: USAGE, checker.UNTIED: UNTIED}
WHOLE = ("all", "engine")
MOST_LINES = 1000  # that are looked at for our own operations


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Check every file that ``rest`` names."""
    if not rest:
        raise UsageError("check-certificate needs a file, as written by --certificate FILE")
    for name in rest:
        if not Path(name).is_file():
            raise UsageError(f"{name}: no such file")
    heads = list(_heads(arguments)) if arguments.rule else _heads_of_our_own(arguments, rest)
    tied = ["--expected"] if arguments.rule or heads else []
    expected = json.dumps(heads) if tied else ""
    command = [sys.executable, "-m", checker.__name__, *tied, *(f"./{n}" if n[0] == "-" else n for n in rest)]
    ended = subprocess.run(command, check=False, input=expected, text=True, encoding="utf-8")
    return CODES.get(ended.returncode, FAILED)


def _heads_of_our_own(arguments: argparse.Namespace, paths: list[str]) -> list[dict[str, Any]]:
    """What the certificates are about where all are of operations of our own engine, whose source is at hand.

    They are recognised by their functions.  Empty where one is of anything else.
    """
    wanted = [line for path in paths for line in Path(path).read_bytes().splitlines() if line.strip()]
    try:
        about = [(data["op"], data["source"]["functions"]) for data in map(json.loads, wanted)]
        names = list(dict.fromkeys(op for op, _ in about if op in OPS))
    except (ValueError, KeyError, TypeError, RecursionError):  # no certificates: the checker says so
        return []
    if len(about) > MOST_LINES or not names or any(op not in names for op, _ in about):
        return []
    heads = list(_heads(argparse.Namespace(**{**vars(arguments), "rule": names})))
    ours = [(head["op"], head["source"]["functions"]) for head in heads]
    return heads if all(one in ours for one in about) else []


def _heads(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What the certificates of the rules named must be about; what cannot be traced is printed."""
    from backproof.verify.checks.case import Case
    from backproof.verify.checks.cases import case_of
    from backproof.verify.checks.certified import heads
    from backproof.verify.proof.certificate.claims import Uncertifiable

    options = options_of(arguments)
    for name in arguments.rule:
        for operation, spec in of_numbers(_cases(arguments, name)):
            case = case_of(operation, spec, options)
            try:
                found = list(heads(case)) if isinstance(case, Case) else []
            except Uncertifiable as problem:
                print(f"verify: {case.title} has no certificate: {problem}", file=sys.stderr)
                continue
            if not found:
                print(f"verify: {case.title} does not run on symbols: no certificate is about it", file=sys.stderr)
            yield from found


def _cases(arguments: argparse.Namespace, name: str) -> list[Specified]:
    """The operations that SPEC names: all, an operation, a file or module with a name in it, and an operation there.

    Raises UsageError.
    """
    from backproof.verify.commands.project import project_subject
    from backproof.verify.run.targets import subject_named

    if name in WHOLE:
        return _ordered(arguments, list(project_subject(load(Path.cwd())).operations()))
    if not any(sign in name for sign in (":", ".py", ".toml")):
        return _ordered(arguments, chosen(project_subject(load(Path.cwd())), [name]))
    try:
        return _ordered(arguments, list(subject_named(name).operations()))
    except UsageError:
        place, _, operation = name.rpartition(":")
        if not operation or not any(sign in place for sign in (":", ".py", ".toml")):
            raise
        return _ordered(arguments, chosen(subject_named(place), [operation]))


def _ordered(arguments: argparse.Namespace, cases: list[Specified]) -> list[Specified]:
    """The cases, or with ``--order 2`` those of the derivatives of their rules."""
    if arguments.order == 1:
        return cases
    from backproof.verify.subjects.engines.second_order import second_order
    from backproof.verify.subjects.subject import Cases

    return list(second_order(Cases("", tuple(cases))).operations())
