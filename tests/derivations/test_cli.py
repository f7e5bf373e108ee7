"""The command line of derivations: as wide as requested, and a mistake is one line."""

from __future__ import annotations

import pytest

from backproof.derivations.cli import main

WORDS = [["gelu"], ["gelu", "--ascii"], ["sqrt", "--ascii"], ["quiz", "tanh", "gelu"], ["walk"]]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("columns", [60, 80])
def test_it_is_as_wide_as_the_columns(
    words: list[str], columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code stays on its line, and numbers are not broken."""
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    widest = [line for line in lines if len(line) > columns and "self." not in line and "digits" not in line]
    assert widest == []
    assert any(set(line) in ({"─"}, {"-"}) and len(line) == columns for line in lines)


def test_help_fits_into_eighty_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["walk", "tanh(x)", "--at", "x=1", "--at", "x=2"], "--at: x is 1 and 2: give it one value"),
        (["TANH"], "did you mean 'tanh'?"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err
