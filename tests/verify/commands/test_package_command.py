"""`python -m verify package MODULE`: what a module's objects bring is listed and verified, in other processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backproof.verify.commands.cli import main
from backproof.verify.run.packages import listed
from backproof.verify.support.errors import UsageError

LINKS = """
import os
import numpy as np

class Link:
    def __call__(self, p):
        return NotImplementedError

    def inverse(self, z):
        return NotImplementedError

    def deriv(self, p):
        return NotImplementedError

class Log(Link):
    def __call__(self, p):
        return np.log(p)

    def inverse(self, z):
        return np.exp(z)

    def deriv(self, p):
        return 1 / p

class log(Log):
    def __init__(self):
        print("a word that is no part of the report")

class Wrong(Log):
    def deriv(self, p):
        return 1 / p**2

class Needs(Log):
    def __init__(self, power):
        self.power = power

class Exits(Log):
    def __init__(self):
        os._exit(7)

Link.__module__ = "statsmodels.genmod.families.links"
answer = 42
"""


@pytest.fixture(autouse=True)
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_links.py").write_text(LINKS, encoding="utf-8")
    (tmp_path / "without_links.py").write_text("answer = 42\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


def test_a_module_is_listed() -> None:
    listing = listed("some_links")
    assert [one.name for one in listing.found] == ["Log.deriv", "Wrong.deriv"]  # and no alias a second time
    unmade = dict(listing.unmade)
    assert set(unmade) == {"Needs", "Exits"}
    assert "missing 1 required positional argument: 'power'" in unmade["Needs"]
    assert unmade["Exits"] == "it ended the process with code 7 when it was made"


def test_it_is_verified_and_what_was_not_made_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["package", "some_links", "--points", "100"]) == 1
    out = capfd.readouterr().out
    assert out.startswith("some_links: 2 derivatives of 2 objects; 2 not made\n")
    assert "  Exits  not made: it ended the process with code 7 when it was made\n" in out
    assert "REFUTED  Wrong.deriv: the rule is not the derivative of" in out
    assert "python -m verify package some_links Wrong.deriv --seed 0 --point p=" in out
    assert "a word" not in out


def test_one_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["package", "some_links", "Log", "--points", "100"]) == 0
    assert "Log.deriv" in capfd.readouterr().out
    assert main(["package", "some_links", "Wrong.deriv", "--points", "100"]) == 1
    assert main(["package", "some_links", "Wrong.deri"]) == 2
    assert "'Wrong.deri' is no derivative of some_links" in capfd.readouterr().err


def test_a_report_is_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    assert main(["package", "some_links", "--points", "100", "--report", f"json={path}", "--report", "sarif=-"]) == 1
    found = json.loads(path.read_text(encoding="utf-8"))
    assert {one["name"]: one["right"]["verdict"] for one in found["operations"]} == {
        "Log.deriv": "proved",
        "Wrong.deriv": "refuted",
    }
    captured = capfd.readouterr()
    assert json.loads(captured.out)["runs"]
    assert "2 derivatives of 2 objects" in captured.err


def test_nothing_to_verify_is_nothing_selected(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["package", "without_links"]) == 5
    assert "holds nothing that brings derivatives" in capfd.readouterr().err


def test_bad_calls(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["package"]) == 2
    assert "package needs a module" in capfd.readouterr().err
    assert main(["package", "no_such_module_at_all"]) == 2
    assert "no_such_module_at_all" in capfd.readouterr().err
    with pytest.raises(UsageError):
        listed("no_such_module_at_all")
