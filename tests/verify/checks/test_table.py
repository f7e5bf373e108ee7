"""Every check of the table is a module with a `check`, and the findings of a case are of one of its own checks."""

from __future__ import annotations

from importlib import import_module

import pytest

from backproof.verify.checks.table import CHECKS, OF_ARRAYS, Check
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.subjects.engines.own import own_engine


@pytest.mark.parametrize("check", [*CHECKS, *OF_ARRAYS], ids=lambda check: check.name)
def test_a_check_is_a_module(check: Check) -> None:
    assert callable(import_module(f"backproof.verify.checks.{check.name}").check)


def test_names_are_unique() -> None:
    names = [check.name for check in (*CHECKS, *OF_ARRAYS)]
    assert len(set(names)) == len(names)


def test_a_finding_belongs_to_its_check() -> None:
    operation, spec = next(own_engine().operations())
    found = Check("points", Question.RIGHT).finding(operation, spec.case, Verdict.MATCHED, "said", of="y", operand="x")
    assert (found.op, found.check, found.question, found.operand) == ("add", "points", Question.RIGHT, "x")
    assert found.source == operation.source_of("y") != operation.source_of("x")
