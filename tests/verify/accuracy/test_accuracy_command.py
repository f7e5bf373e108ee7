"""``--accuracy``, ``--dtype`` and ``--exhaustive`` from the command line."""

from __future__ import annotations

import pytest

from verify.cli import main


def test_tanh_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--accuracy"]) == 0
    shown = capsys.readouterr().out
    for piece in ("inaccurate, the budget being 8 ULP", "no digit", "from 19.0615474653984", "x < 0", "in float64"):
        assert piece in shown


def test_strict_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--accuracy", "--strict"]) == 1
    assert main(["softplus", "--accuracy", "--strict"]) == 0
    capsys.readouterr()


def test_the_budget_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["softplus", "--accuracy", "--strict", "--ulp", "0.5"]) == 1
    assert "the budget being 0.5 ULP" in capsys.readouterr().out
    assert main(["softplus", "--accuracy", "--ulp", "0"]) == 2


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_formats(dtype: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "max", "--dtype", dtype]) == 0
    assert f"in {dtype}" in capsys.readouterr().out


def test_an_unknown_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--dtype", "float8"]) == 2
    assert "bfloat16" in capsys.readouterr().err


def test_exhaustive(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--exhaustive"]) == 0
    shown = capsys.readouterr().out
    assert "33,562 judged" in shown
    assert "in bfloat16" in shown
    assert main(["tanh", "--exhaustive", "--dtype", "float32"]) == 2


def test_same_seed_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for _ in range(2):
        main(["mish", "--accuracy"])
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
