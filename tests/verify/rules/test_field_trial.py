"""The rules in tensor_rules_*.py through `check`: no right one is said to be wrong, and every wrong one is found.

Where the fault of a wrong rule shows at other inputs only (`TensorRule.beyond`), it is verified at those.
"""

from __future__ import annotations

from collections.abc import Iterator
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


def trial(framework: str) -> Iterator[Tried]:
    """All of a framework, right and with their faults."""
    for rule in RULES[framework]:
        for fault in ("", *rule.wrong):
            yield Tried(rule, fault, verified(rule, fault))


MATCHED = {
    "numpy": set[str](),
    "torch": {"bias-gelu", "entmax15", "selective-scan"},
    "jax": {"jax-fixed-point", "jax-newton-root"},
}
"""Right ones that the finite fields do not decide: iterations that have converged, constants of few digits, roots."""

COUNTS = {"numpy": (39, 55), "torch": (61, 101), "jax": (26, 33)}
"""Right rules and wrong ones."""


@pytest.mark.parametrize(
    "framework", [pytest.param(one, marks=() if one == "numpy" else pytest.mark.optional) for one in RULES]
)
def test_no_right_rule_is_said_to_be_wrong_and_every_wrong_one_is_found(framework: str) -> None:
    """In one test, since each of them is verified once."""
    pytest.importorskip(framework)
    tried = list(trial(framework))
    right, wrong = ([one for one in tried if bool(one.fault) is faulty] for faulty in (False, True))
    assert (len(right), len(wrong)) == COUNTS[framework]
    failed = {one.rule.id: one.found.findings for one in right if not one.found.ok}
    known = {rule.id for rule in RULES[framework]} & FAILS.keys()
    assert failed.keys() <= known, {name: failed[name] for name in failed.keys() - known}
    assert [f"{one.rule.id}: {one.fault}" for one in wrong if one.found.ok] == []
    open_ones = {one.rule.id for one in right if one.found.ok and one.found.right.verdict is Verdict.MATCHED}
    assert open_ones <= MATCHED[framework]
