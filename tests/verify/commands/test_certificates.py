"""Certificates from the command line: written, checked in a process of their own, and refused when touched."""

import json
from pathlib import Path

import pytest

from verify.cli import main


@pytest.fixture
def tanh(tmp_path: Path) -> Path:
    path = tmp_path / "tanh.json"
    assert main(["tanh", "--certificate", str(path)]) == 0
    return path


def test_a_certificate_holds(tanh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check-certificate", str(tanh)]) == 0
    assert capfd.readouterr().out == f"{tanh}: holds\n"
    assert len(tanh.read_bytes()) < 1024


def test_another_rule_does_not(tanh: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """1 - out**2 becomes 1 + out**2 in the trace: the identity must fail."""
    text = tanh.read_text()
    assert '["sub",3,5]' in text
    tanh.write_text(text.replace('["sub",3,5]', '["add",3,5]'))
    assert main(["check-certificate", str(tanh)]) == 1
    assert "cell 0" in capfd.readouterr().out


def test_another_operation_does_not(tanh: Path) -> None:
    tanh.write_text(tanh.read_text().replace('["tanh",0]', '["sinh",0]'))
    assert main(["check-certificate", str(tanh)]) == 1


def test_every_case_has_a_line(tmp_path: Path) -> None:
    path = tmp_path / "power.json"
    assert main(["power", "max", "--certificate", str(path)]) == 0
    ops = [json.loads(line)["op"] for line in path.read_text().splitlines()]
    assert ops == ["power"] * 9 + ["max"]
    assert main(["check-certificate", str(path)]) == 0


def test_what_is_not_proved_has_no_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "micrograd.json"
    assert main(["engine", "micrograd.engine:Value", "power", "--certificate", str(path)]) == 1
    assert "power (n = 0) has no certificate" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"cells": []}', '{"cells": [1]}', "null"])
def test_anything_else_is_no_certificate(tmp_path: Path, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert main(["check-certificate", str(path)]) == 1
    captured = capfd.readouterr()
    assert "holds" not in captured.out
    assert captured.err == ""


def test_what_is_no_text_is_no_certificate(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "noise.json"
    path.write_bytes(bytes(range(256)) * 40)
    assert main(["check-certificate", str(path)]) == 1
    out, err = capfd.readouterr()
    assert "it is no certificate" in out
    assert "more" in out
    assert err == ""


def test_a_certificate_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--certificate", "/"]) == 3
    assert capsys.readouterr().err == "verify: / cannot be written: it is a folder\n"
