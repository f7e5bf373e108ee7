"""The rules in tensor_rules_*.py are what they say: right ones right, wrong ones wrong, by means that are not ours."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import pytest

from tests.verify.rules.tensor_calls import RUN, agrees, applied, same_gradients, writes
from tests.verify.rules.tensor_rule import TensorRule
from tests.verify.rules.tensor_rules_jax import RULES as JAX
from tests.verify.rules.tensor_rules_numpy import RULES as NUMPY
from tests.verify.rules.tensor_rules_torch import RULES as TORCH

RULES = [*NUMPY, *TORCH, *JAX]
SEEN = [(rule, fault) for rule in RULES for fault in rule.wrong if fault not in rule.beyond]
BEYOND = [(rule, fault) for rule in RULES for fault in rule.beyond]


def _each(rules: Iterable[Any]) -> list[Any]:
    """Parameters of a test, a rule or a rule with a fault each; those that need an extra are marked."""
    params = []
    for given in rules:
        rule, *fault = given if isinstance(given, tuple) else (given,)
        marks = () if rule.framework == "numpy" else pytest.mark.optional
        params.append(pytest.param(*(rule, *fault), id=": ".join([rule.id, *fault]), marks=marks))
    return params


def in_doubles(rule: TensorRule) -> AbstractContextManager[Any]:
    """JAX computes in float32 unless it is told otherwise."""
    if rule.framework != "jax":
        return nullcontext()
    import jax

    return jax.enable_x64(True)


def is_right(rule: TensorRule, function: Any) -> bool:
    """Whether a function's rule is the derivative that is wanted: gradcheck, check_grads, or central differences."""
    inputs, run = rule.inputs(), RUN[rule.framework]
    wrt = rule.differentiated(inputs)
    if rule.framework == "numpy":
        forward, backward = function
        return agrees(run, (rule.definition or forward, backward), inputs, wrt)
    with in_doubles(rule):
        if rule.definition is not None:
            return same_gradients(run, function, rule.definition, inputs, wrt)
        check = by_gradcheck if rule.framework == "torch" else by_check_grads
        return check(function, inputs, wrt)


def by_gradcheck(function: Any, inputs: dict[str, Any], wrt: tuple[str, ...]) -> bool:
    import torch

    given = [value.requires_grad_() if name in wrt else value for name, value in inputs.items()]
    return torch.autograd.gradcheck(applied(function), given, raise_exception=False)


def by_check_grads(function: Any, inputs: dict[str, Any], wrt: tuple[str, ...]) -> bool:
    from jax.test_util import check_grads

    def of_floats(*values: Any) -> Any:
        return function(*{**inputs, **dict(zip(wrt, values, strict=True))}.values())

    try:
        check_grads(of_floats, tuple(inputs[name] for name in wrt), order=1, modes=("rev",))
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("rule", _each(RULES))
def test_a_right_rule_is_the_derivative(rule: TensorRule) -> None:
    assert is_right(rule, rule.right)


@pytest.mark.parametrize(("rule", "fault"), _each(SEEN))
def test_a_wrong_rule_is_not(rule: TensorRule, fault: str) -> None:
    assert not is_right(rule, rule.wrong[fault])


@pytest.mark.parametrize(("rule", "fault"), _each(BEYOND))
def test_what_differences_do_not_see_shows_where_it_is_said_to(rule: TensorRule, fault: str) -> None:
    wrong, beyond, run = rule.wrong[fault], rule.beyond[fault], RUN[rule.framework]
    wrt = rule.differentiated(rule.inputs())

    def here(function: Any, along_ones: bool) -> bool:
        at = (beyond.inputs or rule.inputs)()
        return agrees(run, function, at, wrt, beyond.layout, beyond.scale, along_ones)

    with in_doubles(rule):
        assert agrees(run, wrong, rule.inputs(), wrt)
        if beyond.writes:
            assert writes(run, wrong, rule.inputs(), wrt)
            assert not writes(run, rule.right, rule.inputs(), wrt)
        else:
            assert any(here(rule.right, ones) and not here(wrong, ones) for ones in (True, False))


def test_there_are_many_and_no_two_alike() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert len(NUMPY) >= 30
    assert all(rule.wrong and set(rule.beyond) <= set(rule.wrong) for rule in RULES)
    assert all(rule.reference and rule.what for rule in RULES)


@pytest.mark.optional
@pytest.mark.parametrize(("framework", "rules", "least"), [("torch", TORCH, 50), ("jax", JAX, 20)])
def test_there_are_many_of_a_framework_that_is_installed(framework: str, rules: list[TensorRule], least: int) -> None:
    pytest.importorskip(framework)
    assert len(rules) >= least


@pytest.mark.parametrize("rule", _each(RULES))
def test_example_inputs_are_small_and_the_same_each_time(rule: TensorRule) -> None:
    first, second = rule.inputs(), rule.inputs()
    assert list(first) == list(second)
    assert all(np.array_equal(np.asarray(first[name]), np.asarray(second[name])) for name in first)
    assert set(rule.differentiated(first)) <= set(first)
    assert sum(np.asarray(first[name]).size for name in rule.differentiated(first)) <= 200


def test_an_oracle_sees_a_factor() -> None:
    """Central differences are no empty check, even of one entry among many."""

    def backward(x: Any, g: Any) -> Any:
        return 2 * x * g * np.where(np.arange(x.size) == 3, 1.001, 1)

    inputs = {"x": np.linspace(0.5, 2, 7)}
    assert agrees(RUN["numpy"], (np.square, lambda x, g: 2 * x * g), inputs, ("x",))
    assert not agrees(RUN["numpy"], (np.square, backward), inputs, ("x",))
