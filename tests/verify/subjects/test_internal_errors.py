"""Errors of ours: planted in a check, in the reading of a class, before the checks, each is an internal error."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.checks.case import Case
from backproof.verify.checks.cases import case_of
from backproof.verify.checks.table import ARRAY_IDENTITY, CHECKS, OF_ARRAYS
from backproof.verify.commands.cli import main
from backproof.verify.proof.decide import forget
from backproof.verify.results.findings import Finding
from backproof.verify.run.tasks import found_by
from backproof.verify.subjects.functions.arguments import beside_spec
from backproof.verify.subjects.functions.pairs import FunctionPair
from backproof.verify.support.errors import (
    SubjectError,
)
from tests.verify.subjects.error_helpers import FEW, case_of_relu6, compiled_in, partial, raising, square

for _check in (*CHECKS, *OF_ARRAYS):  # modules loaded while an error is planted would keep it
    importlib.import_module(f"backproof.verify.checks.{_check.name}")


def _pair_case() -> Case:
    pair = FunctionPair(lambda x: abs(x), lambda x, g: g * np.sign(x), inputs=("x",))
    return Case(*beside_spec(pair, domain="x > -100"), FEW)


def _planted(*_: Any, **__: Any) -> Any:
    raise AttributeError("planted")


def _findings(case: Case, name: str) -> list[Finding]:
    (check,) = [check for check in CHECKS if check.name == name]
    return found_by(check, [case])


PLANTED = (
    ("proof.prove._examined", "proof"),
    ("proof.field.interpret.Interpreter.__init__", "proof"),
    ("proof.decide._decided", "proof"),
    ("numerics.points._strata", "points"),
    ("numerics.points._from_ordinals", "extremes"),
    ("numerics.domain.domain_of", "differences"),
    ("checks.samples.touched", "extremes"),
    ("evaluate.screen.Screen.at", "points"),
    ("numerics.reference_values.screened", "accuracy"),
    ("numerics.differences._quotients", "differences"),
    ("evaluate.balls.compile_balls", "wiring"),
    ("checks.kinks._limits", "kinks"),
)
"""The place of an error of ours, and a check that runs into it."""


@pytest.mark.parametrize(
    ("made", "place", "check"),
    [
        (case_of_relu6, "checks.samples._checked", "points"),  # user functions are run point by point
        *((made, *planted) for made in (case_of_relu6, _pair_case) for planted in PLANTED),
    ],
)
def test_an_error_of_ours_is_an_internal_error(
    made: Callable[..., Case], place: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = made()
    forget()  # proofs of the same rule that an earlier test needed
    _plant(place, monkeypatch)
    found = _findings(case, check)
    monkeypatch.undo()
    assert [f.message for f in found if "planted" in f.message] == [
        "an internal error, please report it: AttributeError: planted"
    ]
    assert not any("raises AttributeError" in f.message or "on symbols" in f.message for f in found)


def _plant(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plants the error wherever the function is referred to by its name."""
    parts = place.split(".")
    depth = next(k for k in range(len(parts), 0, -1) if _module(parts[:k]) is not None)
    owner: Any = _module(parts[:depth])
    for name in parts[depth:-1]:
        owner = getattr(owner, name)
    original = getattr(owner, parts[-1])
    monkeypatch.setattr(owner, parts[-1], _planted)
    for room in ("checks.case", "checks.wiring", "checks.samples"):
        module = importlib.import_module(f"backproof.verify.{room}")
        if vars(module).get(parts[-1]) is original:
            monkeypatch.setattr(module, parts[-1], _planted)


def _module(parts: list[str]) -> Any:
    try:
        return importlib.import_module(".".join(("backproof.verify", *parts)))
    except ModuleNotFoundError:
        return None


@pytest.mark.parametrize(
    "place", ["terms.reverse_mode.plus", "proof.prove._examined", "finite_fields.identity._tested"]
)
def test_an_error_of_ours_in_the_array_checks(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program, _ = verify.pair(lambda x: x * x, lambda x, g: 2 * x * g, shapes={"x": 40})
    cases = [case_of(program.pair, None, FEW)]
    _plant(place, monkeypatch)
    found = found_by(ARRAY_IDENTITY, cases)
    monkeypatch.undo()
    assert ["an internal error, please report it: AttributeError: planted"] == [f.message for f in found]


@pytest.mark.parametrize("where", ["pair", "apart"])
def test_an_error_of_ours_before_the_checks(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from backproof.verify.subjects.functions import arguments

    monkeypatch.setattr(arguments, "natural_domain", _planted)
    if where == "pair":
        with pytest.raises(AttributeError, match="planted"):
            verify.pair(square, partial)
        return
    (tmp_path / "pairs_of_mine.py").write_text("PAIRS = [(lambda x: x * x, lambda x, g: 2 * x * g)]\n")
    monkeypatch.chdir(tmp_path)
    assert main(["engine", "pairs_of_mine.py:PAIRS"]) == 3
    assert "internal error: please report it" in capsys.readouterr().err


def test_an_error_of_ours_in_the_survey_of_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from backproof.verify.subjects.engines import discovery

    (tmp_path / "class_of_mine.py").write_text(
        "class Value:\n"
        "    def __init__(self, data, _prev=()):\n"
        "        self.data, self.grad, self._prev, self._backward = data, 0.0, _prev, lambda: None\n"
        "    def __mul__(self, other):\n"
        "        out = Value(self.data * other.data, (self, other))\n"
        "        def back():\n"
        "            self.grad += other.data * out.grad\n"
        "            other.grad += self.data * out.grad\n"
        "        out._backward = back\n"
        "        return out\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["engine", "class_of_mine.py:Value", "--points", "20"]) == 0
    planted = compiled_in("subjects.engines.discovery", "def _accepts(*_): return undefined")
    monkeypatch.setattr(discovery, "_accepts", planted)
    capsys.readouterr()
    assert main(["engine", "class_of_mine.py:Value", "--points", "20"]) == 3
    captured = capsys.readouterr()
    assert "internal error: please report it" in captured.err
    assert "cannot be inspected" not in captured.err


def test_code_that_raises_at_an_unusual_place_is_reported_as_user_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from backproof.verify.commands import cli

    monkeypatch.setattr(cli, "_dispatch", raising(SubjectError("KeyError: 1", KeyError(1))))
    assert main(["all"]) == 2
    assert capsys.readouterr().err == "verify: the code under verification raises KeyError: 1\n"


