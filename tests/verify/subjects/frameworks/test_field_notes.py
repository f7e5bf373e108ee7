"""docs/field-notes.md: every function it names is in a table that its command verifies; every command exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backproof.verify.commands.cli import COMMANDS, parser
from backproof.verify.subjects.frameworks.calls import parsed
from backproof.verify.subjects.frameworks.catalogue import TABLES

NOTES = (Path(__file__).parents[4] / "docs" / "field-notes.md").read_text(encoding="utf-8")
SPECS = {parsed(entry.target).name for table in TABLES.values() for entry in table}
PATHS = {parsed(entry.target).path for table in TABLES.values() for entry in table}
NAMED = sorted(set(re.findall(r"`((?:jax|torch|autograd)[\w.]*:\w+(?:\([^`]*\))?)`", NOTES)))
SAID = sorted(set(re.findall(r"python -m verify ((?:jax|torch|autograd|engine)[^`#\n]*)", NOTES)))


@pytest.mark.parametrize("name", NAMED)
def test_what_the_notes_name_is_verified(name):
    assert name in SPECS | PATHS


@pytest.mark.parametrize("command", SAID)
def test_commands_of_the_notes_can_be_given(command):
    arguments = parser().parse_intermixed_args(command.split())
    first, *rest = arguments.what
    assert first in COMMANDS
    assert first == "engine" or set(rest) <= SPECS | PATHS


def test_the_notes_count_the_tables():
    for framework, table in TABLES.items():
        assert f"| `{framework}` | {len(table)} |" in NOTES
        assert re.search(rf"Of the .*\b{len(table)}\b.* functions these have rules without a proof", NOTES)


@pytest.mark.parametrize("framework", TABLES)
def test_the_notes_say_why_of_each_rule_that_is_not_proved(framework):
    """By the list of the tests that prove the others, which needs no framework to be read."""
    tests = Path(__file__).with_name(f"test_{framework}.py").read_text(encoding="utf-8")
    unproved = tests[tests.index("UNPROVED = {") : tests.index("def ")]
    known = {entry.target for entry in TABLES[framework]}
    listed = {target for target in known if f'"{target}"' in unproved}
    section = NOTES[NOTES.index("## Not proved, and why") : NOTES.index("## By hand")]
    proved = int(re.search(rf"\| `{framework}` \| \d+ \| (\d+) \|", NOTES)[1])
    assert listed
    assert not [target for target in listed if f"`{parsed(target).path}`" not in section]
    assert proved == len(known) - len(listed)
