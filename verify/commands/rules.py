"""``rules FILE``: the rules of a TOML file, or those that are named."""

from __future__ import annotations

import argparse

from verify.commands.verification import verified
from verify.errors import UsageError


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Verify the rules of the file that ``rest`` begins with."""
    if not rest:
        raise UsageError("rules needs a file: python -m verify rules rules.toml (docs/rules-files.md)")
    from verify.subjects.rules_file import rules_file

    return verified(arguments, rules_file(rest[0]), rest[1:])
