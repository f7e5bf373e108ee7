"""``rules FILE``: the rules of a TOML file, or those that are named."""

from __future__ import annotations

import argparse

from backproof.verify.commands.verification import verified
from backproof.verify.support.errors import UsageError
from backproof.verify.support.program import program


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Verify the rules of the file that ``rest`` begins with."""
    if not rest:
        raise UsageError(f"rules needs a file: {program()} rules rules.toml (docs/rules-files.md)")
    from backproof.verify.subjects.rules_file import rules_file

    return verified(arguments, rules_file(rest[0]), rest[1:])
