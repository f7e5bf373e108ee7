"""Certificates from the command line: written, tied to a rule, checked in their own process, refused when touched."""

import json
from pathlib import Path

import pytest

from backproof.verify.commands.cli import main

PAIRS = """
def forward(x):
    return x * x * x

def slope(x):
    return 3 * x * x

def backward(x, g):
    return g * slope(x)

PAIRS = {"cube": (forward, backward)}
"""
RULES = """
[[rule]]
name = "swish"
inputs = ["x"]
definition = "x/(1 + exp(-x))"
backward = { x = "g*(1/(1 + exp(-x)) + x*exp(-x)/(1 + exp(-x))**2)" }
"""


@pytest.fixture
def tanh(tmp_path: Path) -> Path:
    path = tmp_path / "tanh.json"
    assert main(["tanh", "--certificate", str(path)]) == 0
    return path


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    (tmp_path / "pairs.py").write_text(PAIRS)
    path = tmp_path / "cube.json"
    assert main(["engine", f"{tmp_path}/pairs.py:PAIRS", "cube", "--certificate", str(path)]) == 0
    return path


def line(capfd: pytest.CaptureFixture[str]) -> str:
    """The one line printed."""
    out, err = capfd.readouterr()
    assert err == ""
    (only,) = out.splitlines()
    return only


def test_a_certificate_holds_for_the_rule_named(tanh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check-certificate", str(tanh), "--rule", "tanh"]) == 0
    said = line(capfd)
    assert said.startswith(f"{tanh}: holds: tanh: d/dx of tanh(x) is 1 - out**2 (engine/rules/hyperbolic.py:")
    assert said.endswith("), all real x, 1 cell, 0 boundaries, over the reals; 0 leaks")
    assert len(tanh.read_bytes()) < 1536


def test_an_operation_of_our_own_is_tied_without_being_named(tanh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check-certificate", str(tanh)]) == 0
    assert "d/dx of tanh(x) is 1 - out**2 (" in line(capfd)


def test_without_a_rule_it_holds_for_nothing_but_its_nodes(cube: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check-certificate", str(cube)]) == 6
    assert "holds for the nodes in the file; not tied to any source" in line(capfd)


def test_it_does_not_hold_for_another_rule(tanh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check-certificate", str(tanh), "--rule", "sinh"]) == 1
    out, _ = capfd.readouterr()
    assert "does not hold: what it is about: the rule named has no operation tanh" in out
    assert "no certificate of sinh" in out


def test_the_name_of_another_operation_does_not_help(tanh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tanh.write_text(tanh.read_text().replace('"op":"tanh"', '"op":"sinh"'))
    assert main(["check-certificate", str(tanh), "--rule", "sinh"]) == 1
    assert "the source is not that of the rule" in line(capfd)


def test_another_trace_does_not(tanh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """1 - out**2 becomes 1 + out**2 in the trace."""
    text = tanh.read_text()
    assert text.count('["sub",') == 1
    tanh.write_text(text.replace('["sub",', '["add",'))
    assert main(["check-certificate", str(tanh), "--rule", "tanh"]) == 1
    assert "the gradient is not that of the rule" in line(capfd)
    assert main(["check-certificate", str(tanh)]) == 1
    assert "the gradient is not that of the rule" in line(capfd)


def test_another_rule_does_not_without_its_source_either(cube: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = cube.read_text()
    assert text.count('["const","3"]') == 1
    cube.write_text(text.replace('["const","3"]', '["const","4"]'))
    assert main(["check-certificate", str(cube)]) == 1
    assert "cell 0" in line(capfd)


def test_another_definition_does_not(tanh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tanh.write_text(tanh.read_text().replace('["tanh",0]', '["sinh",0]'))
    assert main(["check-certificate", str(tanh)]) == 1
    assert "the text of the definition is not its nodes" in line(capfd)


def test_a_leak_of_the_trace_is_refused(cube: Path, capfd: pytest.CaptureFixture[str]) -> None:
    cube.write_text(cube.read_text().replace('"leaks":[]', '"leaks":["hash of x"]'))
    assert main(["check-certificate", str(cube)]) == 1
    assert "the trace leaks: hash of x" in line(capfd)


def test_every_case_has_a_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "power.json"
    assert main(["power", "max", "--certificate", str(path)]) == 0
    ops = [json.loads(line)["op"] for line in path.read_text().splitlines()]
    assert ops == ["power"] * 9 + ["max"]
    assert main(["check-certificate", str(path), "--rule", "power", "--rule", "max"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 10


def test_a_line_that_is_missing_is_missed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "power.json"
    assert main(["power", "--certificate", str(path)]) == 0
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    assert main(["check-certificate", str(path), "--rule", "power"]) == 1
    assert "no certificate of power (n = " in capfd.readouterr().out


def test_all_operations_of_the_engine_hold_and_are_tied(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "all.json"
    assert main(["all", "--certificate", str(path)]) == 0
    assert main(["check-certificate", str(path), "--rule", "all"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert len(out.splitlines()) == 63
    assert {text.split(": ")[1] for text in out.splitlines()} == {"holds"}
    assert len(path.read_bytes()) < 120_000


# ---------------------------------------------------------------------------------------- rules of a user


def test_a_pair_is_tied_by_its_functions_and_those_they_call(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pairs.py").write_text(PAIRS)
    assert main(["engine", "pairs.py:PAIRS", "cube", "--certificate", "cube.json"]) == 0
    functions = json.loads(Path("cube.json").read_text())["source"]["functions"]
    assert [name for name, _ in functions] == ["forward", "backward", "slope"]
    for spec in ("pairs.py:PAIRS", "pairs.py:PAIRS:cube"):
        assert main(["check-certificate", "cube.json", "--rule", spec]) == 0
        assert "d/dx of x*x*x is 3*x*x (pairs.py:9, " in line(capfd)
    Path("other.py").write_text(PAIRS.replace("3 * x * x", "x * x * 3"))
    assert main(["check-certificate", "cube.json", "--rule", "other.py:PAIRS"]) == 1
    assert "the source is not that of the rule" in line(capfd)


def test_a_rule_of_a_file_is_tied_by_its_formulas(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.toml").write_text(RULES)
    assert main(["rules", "rules.toml", "--certificate", "swish.json"]) == 0
    assert main(["check-certificate", "swish.json", "--rule", "rules.toml"]) == 0
    assert main(["check-certificate", "swish.json", "--rule", "rules.toml:swish"]) == 0
    capfd.readouterr()
    Path("rules.toml").write_text(RULES.replace("x*exp(-x)/", "exp(-x)*x/"))
    assert main(["check-certificate", "swish.json", "--rule", "rules.toml"]) == 1
    assert "the source is not that of the rule" in line(capfd)


@pytest.mark.parametrize("spec", ["no-such.py:PAIRS", "tanhh", "no-such.toml"])
def test_a_rule_that_is_not_found_is_one_line(tanh: Path, spec: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check-certificate", str(tanh), "--rule", spec]) == 2
    out, err = capfd.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)


def test_a_rule_is_named_for_a_certificate_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--rule", "tanh"]) == 2
    assert "--rule belongs to check-certificate" in capsys.readouterr().err


def test_what_is_not_proved_has_no_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "micrograd.json"
    assert main(["engine", "micrograd.engine:Value", "power", "--certificate", str(path)]) == 1
    assert "power (n = 0) has no certificate" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------- unusable files


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("{", "it is not a certificate: "),
        ("[]", "it is not a certificate"),
        ("{}", "it is not a certificate"),
        ("null", "it is not a certificate"),
        ('{"format": 1}', "it is not a certificate"),
        ('{"format": NaN}', "it is not a certificate: NaN"),
        ('{"format": "a", "format": "b"}', "it is not a certificate: a key occurs twice"),
        ('{"format": "backproof certificate 1", "cells": []}', "another version (backproof certificate 1; "),
        ('{"format": "backproof certificate 3"}', "another version (backproof certificate 3; "),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"a":' * 100_000, "it is nested too deeply"),
        ("no certificate\n" * 40, "it is not a certificate: "),
        ('{"format": ' + "9" * 5000 + "}", "it is not a certificate: "),
    ],
)
def test_anything_else_is_one_line_and_unusable(
    tmp_path: Path, text: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert main(["check-certificate", str(path)]) == 2
    said = line(capfd)
    assert why in said
    assert "holds" not in said


def test_a_file_that_is_not_text_is_no_certificate(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "noise.json"
    path.write_bytes(bytes(range(256)) * 40)
    assert main(["check-certificate", str(path)]) == 2
    assert "it is not a certificate" in line(capfd)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "large.json"
    path.write_bytes(b" " * 8_000_001)
    assert main(["check-certificate", str(path)]) == 2
    assert "it is larger than 8000000 bytes" in line(capfd)


def test_a_certificate_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--certificate", "/"]) == 3
    assert capsys.readouterr().err == "verify: / cannot be written: it is a folder\n"
