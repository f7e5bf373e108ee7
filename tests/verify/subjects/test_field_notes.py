"""docs/field-notes.md: every function it names is in a table that its command verifies; every command exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from verify.cli import COMMANDS, parser
from verify.subjects.frameworks.catalogue import TABLES

NOTES = (Path(__file__).parents[3] / "docs" / "field-notes.md").read_text(encoding="utf-8")
SPECS = {entry.spec.partition("/")[0] for table in TABLES.values() for entry in table}
NAMED = sorted(set(re.findall(r"`((?:jax|torch|autograd)[\w.]*:\w+)`", NOTES)))
SAID = sorted(set(re.findall(r"python -m verify ((?:jax|torch|autograd|engine)[^`#\n]*)", NOTES)))


@pytest.mark.parametrize("name", NAMED)
def test_what_the_notes_name_is_verified(name):
    assert name in SPECS


@pytest.mark.parametrize("command", SAID)
def test_commands_of_the_notes_can_be_given(command):
    arguments = parser().parse_intermixed_args(command.split())
    first, *rest = arguments.what
    assert first in COMMANDS
    assert first == "engine" or set(rest) <= SPECS


def test_the_notes_count_the_tables():
    for framework, table in TABLES.items():
        assert f"| `{framework}` | {len(table)} |" in NOTES
