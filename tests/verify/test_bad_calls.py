"""Calls of `verify.check` that make no sense: one clear line, of ours, that names the thing and the way out."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from backproof import verify
from backproof.verify.support.errors import UsageError


def rule(out, g):
    return g * (1 - out**2)


class Unreadable:
    """An object that raises on every attribute access."""

    def __call__(self, x: float) -> float:
        return math.tanh(x)

    def __getattr__(self, name: str) -> Any:
        return 1 / 0


async def later(x):
    return math.tanh(x)


def generated(x):
    yield math.tanh(x)


def check(**more: Any) -> Any:
    return verify.check(math.tanh, rule, **{"definition": "tanh(x)", "names": ("x",), "points": 20, **more})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"points": 0}, "points: 0 is not an integer from 1"),
        ({"points": -1}, "points: -1 is not an integer"),
        ({"points": 10.5}, "points: 10.5 is not an integer"),
        ({"points": "many"}, "points: 'many' is not an integer"),
        ({"points": True}, "points: True is not an integer"),
        ({"seed": "a"}, "seed: 'a' is not an integer"),
        ({"seconds": 0}, "seconds: 0 is not a positive number"),
        ({"seconds": math.inf}, "seconds: inf is not a positive number"),
        ({"seconds": math.nan}, "seconds: nan is not a positive number"),
        ({"seconds": "a"}, "seconds: 'a' is not a positive number"),
        ({"name": 5}, "name: 5 is not a text"),
        ({"names": 5}, "5 is not a list of names"),
        ({"names": (5,)}, r"\(5,\) is not a list of names"),
        ({"point": [1]}, r"point: \[1\] does not name the inputs"),
        ({"point": 1.0}, "point: 1.0 does not name the inputs"),
        ({"point": {"x": 10**400}}, r"point: 1000.*\.\.\. is not a number"),
        ({"shapes": [3]}, r"shapes: \[3\] names no inputs"),
        ({"shapes": {"x": 3.0}}, "shapes: 3.0 is not a shape"),
        ({"kinks": None}, "kinks: None is neither a list of places"),
        ({"kinks": [math.nan]}, "kinks: nan is not a place"),
        ({"kinks": [math.inf]}, "kinks: inf is not a place"),
        ({"kinks": [True]}, "kinks: True is not a place"),
        ({"kinks": {0: "abc"}}, "kinks: the derivative 'abc' at 0 is not a number"),
        ({"kinks": {0: math.nan}}, "kinks: the derivative nan at 0 is not a number"),
        ({"definition": b"tanh(x)"}, r"definition b'tanh\(x\)' is not a formula"),
        ({"definition": "(" * 5000 + "x" + ")" * 5000}, r"\.\.\.: line 1, column 1: 10001 characters are more than"),
        ({"definition": "x*" + "9" * 4999}, "does not parse"),
        ({"domain": (0, 1)}, r'domain \(0, 1\) is not a formula: write it as text, "x > 0"'),
    ],
)
def test_an_argument_that_makes_no_sense_is_one_line(more: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        check(**more)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: verify.check(later, rule), "later is asynchronous"),
        (lambda: verify.check(math.tanh, later, names=("x",)), "later is asynchronous"),
        (lambda: verify.check(Mock(return_value=1.0), rule), "pass names="),
        (lambda: verify.check(None), "None is neither a function nor a class"),
        (lambda: verify.check(lambda x: x), "a lambda is a function without its backward"),
    ],
)
def test_functions_that_are_none(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()


def test_an_object_that_cannot_be_asked_anything_is_called_all_the_same() -> None:
    assert verify.check(Unreadable(), rule, names=("x",), points=60).operations[0].right.verdict.value == "proved"
    report = verify.check(Unreadable(), lambda x, g: g, points=60, raises=False)
    assert report.operations[0].right.verdict.value == "refuted"



@pytest.mark.parametrize(
    ("forward", "backward", "said"),
    [
        (generated, rule, "the forward returned a generator, which is not a number"),
        (lambda x: {"y": x}, rule, "the forward returned a dict"),
        (lambda x: (math.tanh(x),), rule, "the forward returned a tuple"),
        (lambda x: None, rule, "the forward returned a NoneType"),
        (lambda x: "a", rule, "the forward returned a str, 'a'"),
        (math.tanh, generated, "the backward returned a generator, which is not a number"),
        (math.tanh, lambda out, g: ((g,),), "the backward returned a tuple"),
        (math.tanh, lambda out, g: np.array([g, g]), "2 gradients for 1 input"),
    ],
)
def test_a_returned_value_that_is_not_a_number_is_reported(forward: Any, backward: Any, said: str) -> None:
    report = verify.check(forward, backward, "tanh(x)", names=("x",), points=20, raises=False)
    (finding,) = report.findings
    assert finding.verdict.value == "inconclusive"
    assert said in finding.message
    assert "0x" not in finding.message


@pytest.mark.parametrize(
    "more",
    [
        {"kinks": [Decimal("0.5")]},
        {"kinks": np.array([0.0, 1.0])},
        {"kinks": 5},
        {"seed": -1},
        {"seconds": 100},
        {"point": {"x": "7/10"}},
    ],
)
def test_what_is_odd_and_makes_sense_is_taken(more: dict[str, Any]) -> None:
    assert check(**more).ok


def test_a_number_is_a_definition() -> None:
    assert verify.check(lambda x: 3.0, lambda x, g: 0.0 * g, 3, points=20).ok


def test_gradients_may_come_in_an_array() -> None:
    report = verify.check(lambda x, y: x * y, lambda x, y, g: np.array([g * y, g * x]), points=20)
    assert report.ok
    with pytest.raises(verify.DerivativeError):
        verify.check(lambda x, y: x * y, lambda x, y, g: np.array([g * x, g * y]), points=20)
