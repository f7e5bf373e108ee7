"""`python -m verify autograd ...`: functions run in workers; one that hangs or ends its process costs only itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from backproof.verify.commands.cli import main
from backproof.verify.config.options import Options
from backproof.verify.run.harness import verify
from backproof.verify.subjects.frameworks import Functions, functions
from backproof.verify.subjects.frameworks.catalogue import Entry
from backproof.verify.subjects.subject import PartedSubject
from backproof.verify.support.errors import UsageError

autograd = pytest.importorskip("autograd", reason="autograd is not installed: pip install 'backproof[autograd]'")

pytestmark = pytest.mark.optional

HOSTILE = """
import os
import time
import autograd.numpy as np
from autograd.extend import defvjp, primitive

def rule(function):
    made = primitive(function)
    defvjp(made, lambda ans, x: lambda g: g * (1 - ans**2))
    return made

@rule
def good(x):
    print("a word that is no part of the report")
    return np.tanh(x)

@rule
def exits(x):
    os._exit(7)

@rule
def leaves(x):
    raise SystemExit(7)

@rule
def sleeps(x):
    time.sleep(600)

@rule
def raises(x):
    raise ValueError("in vain")
"""


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Functions:
    (tmp_path / "hostile_functions.py").write_text(HOSTILE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    names = ("good", "exits", "leaves", "sleeps", "raises")
    return functions("autograd", [f"hostile_functions:{name}" for name in names])


def test_what_hangs_or_exits_costs_only_itself(hostile: Functions, capfd: pytest.CaptureFixture[str]) -> None:
    report = verify(hostile, options=Options(points=20, seconds=3.0, jobs=2))
    told = {o.name.partition(":")[2]: [f.message for f in o.findings if f.verdict.fails] for o in report.operations}
    assert told["good"] == []
    assert told["exits"] == ["it cannot be read: the process ended with code 7 in the middle of it"]
    assert told["sleeps"] == ["it cannot be read: it ran longer than 3 s and was stopped"]
    assert "in vain" in told["raises"][0]
    assert told["leaves"]
    assert list(told) == ["good", "exits", "leaves", "sleeps", "raises"]
    assert "a word" not in capfd.readouterr().out


def test_what_is_named_is_reported_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["autograd", "autograd.numpy:tanh", "--points", "20"]) == 0
    assert "  proved      proof        on 1 cell" in capsys.readouterr().out


def test_the_parts_are_the_whole_and_nothing_is_run_for_them() -> None:
    table = Functions("autograd", (Entry("nowhere:f"), Entry("nowhere:g/2"), Entry("nowhere:f/1")))
    assert isinstance(table, PartedSubject)
    assert [(name, len(part.entries)) for name, part in table.parts()] == [("nowhere:f", 2), ("nowhere:g", 1)]


def test_a_function_that_is_not_there_is_a_mistake_in_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["autograd", "autograd.numpy:tanhh"]) == 2
    assert capsys.readouterr().err == "verify: autograd.numpy has no 'tanhh'\n"
    with pytest.raises(UsageError, match="cannot be imported"):
        verify(functions("autograd", ["no_such_module:f"]), options=Options(points=20))
