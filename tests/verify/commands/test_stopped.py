"""What the clock stops is told, and is no verdict: exit code 4, unless something failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from backproof.verify.commands.cli import main

RIGHT = "def right(x): return x*x\ndef d_right(x, g): return g*2*x\n"
HANGS = """
from backproof.engine.arithmetic import FLOATS, arithmetic

def hangs(x):
    if arithmetic(x) is FLOATS and x > 1e6:
        while True: pass
    return x*x
"""
WRONG = "def d_wrong(x, g): return g*3*x\n"
OPTIONS = ["--points", "40", "--seconds", "2", "--jobs", "1"]


def pairs(folder: Path, *names: str) -> str:
    table = "PAIRS = {'right': (right, d_right), 'hangs': (hangs, d_right), 'wrong': (right, d_wrong)}"
    text = f"{RIGHT}{HANGS}{WRONG}{table}\nPAIRS = {{name: PAIRS[name] for name in {names!r}}}\n"
    (folder / "my_pairs.py").write_text(text, encoding="utf-8")
    return f"{folder / 'my_pairs.py'}:PAIRS"


@pytest.mark.parametrize(("names", "code"), [(("right", "hangs"), 4), (("hangs", "wrong"), 1)])
def test_the_exit_code(
    names: tuple[str, ...], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["engine", pairs(tmp_path, *names), *OPTIONS]) == code
    shown = capsys.readouterr().out
    assert "STOPPED  hangs: the check did not end: it ran longer than 2 s" in shown
    if code == 4:
        assert "2 operations, 1 stopped by the limits of this machine: " in shown
