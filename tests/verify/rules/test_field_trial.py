"""The rules in tensor_rules_*.py through `check`: no right one is said to be wrong, and every wrong one is found.

Where the fault of a wrong rule shows at other inputs only (`TensorRule.beyond`), it is verified at those.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.results.report import OperationReport
from tests.verify.rules.tensor_rule import TensorRule
from tests.verify.rules.tensor_rules_jax import RULES as JAX
from tests.verify.rules.tensor_rules_numpy import RULES as NUMPY
from tests.verify.rules.tensor_rules_torch import RULES as TORCH

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

RULES = {"numpy": NUMPY, "torch": TORCH, "jax": JAX}

FAILS = {
    "np-squash": "its author divides by a norm of 0: nan at 0",
    "np-mixture": "the exponential of a scale overflows where the inputs are times 1000",
    "learned-step": "its definition uses detach(), and what is detached is differentiated, too",
}
"""Right at their example inputs, and they fail for this reason."""

BOUNDS = {"jax-newton-root": {"x": (0.5, 3.0)}}
"""Of a loop that never ends for a number below 0."""

SECONDS = 3600.0
"""For a check: none is to be stopped by a clock on a busy machine."""


class Tried(NamedTuple):
    """One rule, right or with a fault, and what was found."""

    rule: TensorRule
    fault: str
    found: OperationReport


def verified(rule: TensorRule, fault: str = "") -> OperationReport:
    beyond = rule.beyond.get(fault)
    inputs = (beyond.inputs if beyond and beyond.inputs else rule.inputs)()
    function = rule.wrong[fault] if fault else rule.right
    functions = function if rule.framework == "numpy" else (function,)
    more: dict[str, Any] = {} if rule.definition is None else {"surrogate": rule.definition}
    (found,) = verify.check(
        *functions,
        inputs=inputs,
        wrt=rule.differentiated(inputs),
        name=rule.id.replace("-", "_"),
        bounds=BOUNDS.get(rule.id, {}),
        seconds=SECONDS,
        raises=False,
        **more,
    ).operations
    return found


@cache
def trial(framework: str) -> tuple[Tried, ...]:
    """All of a framework, each verified once for all of the tests."""
    pytest.importorskip(framework)
    return tuple(_trial(framework))


def _trial(framework: str) -> Iterator[Tried]:
    for rule in RULES[framework]:
        for fault in ("", *rule.wrong):
            yield Tried(rule, fault, verified(rule, fault))


def _frameworks() -> list[Any]:
    return [pytest.param(one, marks=() if one == "numpy" else pytest.mark.optional) for one in RULES]


@pytest.mark.parametrize("framework", _frameworks())
def test_no_right_rule_is_said_to_be_wrong(framework: str) -> None:
    failed = {one.rule.id: one.found.findings for one in trial(framework) if not one.fault and not one.found.ok}
    known = {rule.id for rule in RULES[framework]} & FAILS.keys()
    assert failed.keys() == known, {name: failed[name] for name in failed.keys() - known}


@pytest.mark.parametrize("framework", _frameworks())
def test_every_wrong_rule_is_found(framework: str) -> None:
    passed = [f"{one.rule.id}: {one.fault}" for one in trial(framework) if one.fault and one.found.ok]
    assert passed == []


MATCHED = {
    "numpy": set[str](),
    "torch": {"bias-gelu", "entmax15", "selective-scan"},
    "jax": {"jax-fixed-point", "jax-newton-root"},
}
"""Right ones that the finite fields do not decide: iterations that have converged, constants of few digits, roots."""

COUNTS = {"numpy": (39, 55), "torch": (61, 101), "jax": (26, 33)}
"""Right rules and wrong ones."""


@pytest.mark.parametrize("framework", _frameworks())
def test_all_other_right_rules_are_probable(framework: str) -> None:
    right = {one.rule.id: one.found.right.verdict for one in trial(framework) if not one.fault}
    decided = (Verdict.PROVED, Verdict.PROBABLE, Verdict.REFUTED)
    assert {name for name, verdict in right.items() if verdict not in decided} == MATCHED[framework]
    assert (len(right), len(trial(framework)) - len(right)) == COUNTS[framework]
