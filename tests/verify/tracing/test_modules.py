"""Functions that use modules of the user's are proved, whatever the tracer counts meanwhile."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

HELPERS = """
SCALE = 2.0
calls = 0

def square(x):
    return SCALE * x * x / 2

def slope(x):
    return SCALE * x

def counted(x):
    global calls
    calls += 1
    return SCALE * x
"""


@pytest.mark.parametrize(("name", "verdict"), [("slope", Verdict.PROVED), ("counted", Verdict.MATCHED)])
def test_a_module_that_is_imported(
    name: str, verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "helpers_of_somebody.py").write_text(HELPERS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    helpers = importlib.import_module("helpers_of_somebody")
    monkeypatch.delitem(sys.modules, "helpers_of_somebody")

    rules = {
        "slope": (lambda x, g: g * helpers.slope(x), lambda x: helpers.slope(x)),
        "counted": (lambda x, g: g * helpers.counted(x), lambda x: helpers.counted(x)),
    }
    backward, df = rules[name]
    for report in (
        verify.check(lambda x: helpers.square(x), backward, points=60),
        verify.check(lambda x: helpers.square(x), jac=df, points=60),
    ):
        assert report.operations[0].right.verdict is verdict, [f.message for f in report.findings]
