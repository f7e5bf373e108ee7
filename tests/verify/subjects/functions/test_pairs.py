"""Pairs of functions: the arguments of a backward, its results, and what is found about it."""

from __future__ import annotations

import math
from math import tanh as tangent
from typing import Any

import numpy as np
import pytest
from flint import arb

from backproof import verify
from backproof.verify.evaluate.balls import evaluate
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.functions.pairs import FunctionPair, inputs_of
from backproof.verify.subjects.functions.returned import gradients_of
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.term import symbols_of

SCALE = 0.1


def helper(x: Any) -> Any:
    return math.exp(-x * SCALE)


def product(x: Any, y: Any) -> Any:
    return x * y


# ------------------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    "backward",
    [
        lambda x, y, out, g: (g * y, g * x),
        lambda g, y, x: (g * y, g * x),
        lambda g, *, x, y: (g * y, g * x),
        lambda x, y, /, g: (g * y, g * x),
        lambda **k: (k["g"] * k["y"], k["g"] * k["x"]),
        lambda g, out, x, y: {"y": g * x, "x": g * y},
        lambda g, x, y: [g * y, np.float64(g * x)],
        lambda g, x, y, scale=1: (g * y * scale, g * x),
    ],
)
def test_it_receives_its_arguments_by_name(backward: Any) -> None:
    run = FunctionPair(product, backward).run((2.0, 5.0), upstream=3.0, before=[1.0, 1.0])
    assert (run.out, run.gradients) == (10.0, (16.0, 7.0))


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda x, slope: slope, "unknown argument 'slope'"),
        (lambda x, ouy: ouy, "unknown argument 'ouy': did you mean 'out'?"),
        (lambda *everything: 0, "unknown argument 'everything'"),
    ],
)
def test_unknown_arguments_are_usage_errors(backward: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        FunctionPair(math.exp, backward, inputs=("x",))


def test_a_forward_names_its_inputs() -> None:
    assert inputs_of(lambda a, b, slope=0.01: a) == ("a", "b")
    assert inputs_of(np.hypot) == ("x", "y")
    assert inputs_of(math.sin) == ("x",)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (lambda *x: x, r"takes \*x: pass names"),
        (lambda x, *, y: x, "needs the keyword argument y="),
        (lambda: 1, "has no inputs"),
        (lambda g: g, "cannot be called g"),
        (lambda pi: pi, "is a reserved name"),
    ],
)
def test_invalid_forwards(forward: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        FunctionPair(forward, lambda **_: 0)


# ---------------------------------------------------------------------------------------------------- what is returned


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "returned None: it must return one gradient for each of 2 inputs"),
        (1.0, "returned 1 gradient for 2 inputs"),
        ((1.0,), "returned 1 gradient for 2 inputs"),
        ((1.0, 2.0, 3.0), "returned 3 gradients for 2 inputs"),
        ((1.0, None), "returned None for y: return 0"),
        ({"x": 1.0}, "returned gradients of x for 2 inputs"),
    ],
)
def test_the_wrong_number_of_gradients(returned: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        gradients_of(returned, ("x", "y"))
    pair = FunctionPair(product, lambda x, y, g: returned)
    assert message.split(":")[0] in pair.complaint()
    floats_only = FunctionPair(product, lambda x, y, g: (float.hex(g), returned)[1])
    assert message.split(":")[0] in floats_only.complaint()


def test_scalars_of_numpy_are_floats() -> None:
    (gradient,) = gradients_of(np.array(2.5), ("x",))
    assert type(gradient) is float
    with pytest.raises(ArithmeticError, match="not real"):
        gradients_of(1j, ("x",))


# ------------------------------------------------------------------------------------------------------- on symbols


def test_ordinary_functions_run_on_symbols() -> None:
    pair = FunctionPair(lambda x: tangent(x) * helper(x), lambda x, g: g * np.where(x > 0, np.exp(x), 1.0))
    trace = pair.traced()
    assert symbols_of(trace.forward) == ["x"]
    exact = evaluate(trace.forward, {"x": arb(2)})
    assert exact.overlaps(arb(2).tanh() * (arb(-2) * arb(0.1)).exp())
    assert evaluate(trace.gradients[0], {"x": arb(-1), "g": arb(3), "acc_x": arb(1)}) == 4
    assert SCALE == 0.1
    assert tangent is math.tanh


def test_branches_are_followed() -> None:
    def forward(x: Any) -> Any:
        if x > 0:
            return x
        return 0.0

    trace = FunctionPair(forward, lambda x, g: g if x > 0 else 0.0).traced()
    assert trace.forward.op == "where"
    assert evaluate(trace.gradients[0], {"x": arb(5), "g": arb(3), "acc_x": arb(1)}) == 4


def test_code_that_cannot_be_traced_runs_on_floats() -> None:
    pair = FunctionPair(lambda x: float.fromhex(float(x).hex()) * 2, lambda g: 2 * g)
    with pytest.raises(Exception):  # noqa: B017 - whatever the user's own code raises
        pair.traced()
    assert pair.run((1.5,)).gradients == (2.0,)


def test_warnings_of_numpy_are_not_ours() -> None:
    pair = FunctionPair(lambda x: np.exp(np.float64(x)), lambda out, g: g * out)  # warnings are errors in these tests
    assert pair.run((1e4,)).out == math.inf


# ------------------------------------------------------------------------------------------------------ reports


def test_the_rule_as_written() -> None:
    assert FunctionPair(np.tanh, lambda out, g: g * (1 - out**2)).written() == ("1 - out**2",)
    assert FunctionPair(product, lambda x, y, g: (g * y, x * g)).written() == ("y", "x")


def test_where_the_rule_stands() -> None:
    def backward(out: Any, g: Any) -> Any:
        partial = 1 - out**2
        return g * partial

    source = FunctionPair(np.tanh, backward).source
    assert source.text == "return g * partial"
    assert source.file.endswith("test_pairs.py")
    assert not source.file.startswith("/")


class Rule:
    @staticmethod
    def backward(out: Any, g: Any) -> Any: return g * out


def test_where_the_rule_stands_below_its_decorators() -> None:
    assert FunctionPair(np.exp, Rule.backward).source.text.startswith("def backward(out")


def test_a_pair_among_many_is_named() -> None:
    pairs = {"twice": (lambda x: 2 * x, lambda g: 2 * g), "scaled": (lambda x: 3 * x, lambda x, k, g: k * g)}
    with pytest.raises(UsageError, match="'scaled': pair takes an unknown argument 'k'"):
        verify.cases(pairs)
    with pytest.raises(UsageError, match="pair 2: pair takes an unknown argument 'k'"):
        verify.cases([verify.pair(*pairs["twice"], name="twice"), pairs["scaled"]])


def test_a_forward_with_state_is_shown_by_its_values() -> None:
    calls = iter(range(10**9))
    report = verify.check(lambda x: x * x + next(calls), lambda x, g: 2 * x * g, "x**2", raises=False)
    miswired = [f for f in report.findings if f.verdict is Verdict.MISWIRED]
    (found,) = [f for f in miswired if f.message.endswith("another result the second time: in the forward")]
    said = dict(found.details)
    assert said["ours"] != said["expected"]


def test_how_to_look_again() -> None:
    pair = FunctionPair(product, product.__class__(product.__code__, {}, "product_backward"), inputs=("x", "y"))
    assert pair.rerun(7, {"x": "0x1p+0"}) == 'verify.check(product, product_backward, seed=7, point={"x": "0x1p+0"})'


LITERALS = {
    "leaky": (lambda x: x if x > 0 else 0.01 * x, lambda x, g: g if x > 0 else g / 100),
    "a tenth": (lambda x: x * 0.1, lambda x, g: g / 10),
    "a quarter of pi": (lambda x: x * 0.7853981633974483, lambda x, g: g * math.pi / 4),
    "a polynomial": (lambda x: x + 0.044715 * x**3, lambda x, g: g * (1 + 0.134145 * x * x)),
}


@pytest.mark.parametrize("name", LITERALS)
def test_literals_of_the_forward_are_what_they_are_meant_to_be(name: str) -> None:
    """Without a definition the forward's floats are the definition: their rounding is not an error."""
    report = verify.check(*LITERALS[name], raises=False)
    assert report.operations[0].right.verdict in (Verdict.PROVED, Verdict.MATCHED), report.findings


INFINITIES = {
    "a guard": (math.atan, lambda x, g: g / (1 + x * x) if abs(x) != math.inf else 0 * g, "atan(x)"),
    "a range": (math.atan, lambda x, g: g / (1 + x * x) if -math.inf < x < math.inf else 0 * g, "atan(x)"),
    "an open end": (lambda x: np.clip(x, -np.inf, 5), lambda x, g: g * (x < 5), "min(x, 5)"),
}


@pytest.mark.parametrize("name", INFINITIES)
def test_a_rule_may_mention_infinity(name: str) -> None:
    forward, backward, definition = INFINITIES[name]
    report = verify.check(forward, backward, definition, names=("x",), raises=False)
    assert report.operations[0].right.verdict in (Verdict.PROVED, Verdict.MATCHED), report.findings
    assert report.operations[0].safe.verdict is Verdict.SAFE, report.findings


def test_a_wrong_rule_that_mentions_infinity_is_refuted() -> None:
    wrong = verify.check(
        math.atan, lambda x, g: g / (1 + x) if abs(x) < math.inf else 0 * g, "atan(x)", names=("x",), raises=False
    )
    assert wrong.operations[0].right.verdict is Verdict.REFUTED


def test_the_line_that_verifies_it_again_says_what_was_said() -> None:
    report = verify.check(lambda x: 2 * x, lambda g: 2 * g, "3*x", name="double", raises=False)
    (finding,) = [f for f in report.findings if f.check == "forward"]
    again = dict(finding.details)["rerun"]
    assert "definition='3*x', name='double'" in again


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"definition": 3}, "definition=3"),
        ({"kinks": {"x": 5}}, "kinks={'x': 5}"),
        ({"kinks": ["x - 1"], "domain": "x > 0"}, "domain='x > 0', kinks=['x - 1']"),
        ({"names": ("x",)}, "names=('x',)"),
    ],
)
def test_what_was_said_in_other_ways_is_said_again(more: dict[str, Any], said: str) -> None:
    operation, _ = verify.pair(lambda x: x * x, lambda x, g: g * x, **more)
    assert operation.command == f"verify.check(forward, backward, {said})"


def test_a_jump_is_reported() -> None:
    """Where the forward itself jumps there is no derivative: the proof is for the rest, and says so."""
    report = verify.check(lambda x: x + 1 if x > 0 else x, lambda g: g, raises=False)
    (proof,) = [f for f in report.findings if f.check == "proof"]
    assert "1 jump left out, where there is no derivative" in proof.message
