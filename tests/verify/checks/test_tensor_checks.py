"""Each check of rules of whole arrays alone: on right rules, on what only it sees to be wrong, on odd right rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof.verify.checks import tensor_safety, tensor_wiring
from backproof.verify.results.findings import Verdict
from tests.verify.checks.tensor_pairs import (
    CHECKS,
    RIGHT,
    all_maxima,
    case_of,
    fails,
    found_by,
    from_a_text,
    identity,
    normal,
    product,
    product_backward,
    softmax,
    softmax_backward,
    square,
    square_backward,
)


@pytest.mark.parametrize(
    ("forward", "backward", "inputs"),
    [
        (square, square_backward, {"x": normal(2, 3)}),
        (softmax, softmax_backward, {"x": normal(3, 4)}),
        (product, product_backward, {"a": normal(2, 3), "b": normal(3, 4)}),
    ],
)
def test_no_check_finds_a_right_rule_wrong(forward: Any, backward: Any, inputs: Any) -> None:
    case = case_of(forward, backward, **inputs)
    verdicts = {name: [one.verdict for one in check(case)] for name, check in CHECKS.items()}
    assert verdicts["identity"][0] in RIGHT
    assert verdicts["differences"] == [Verdict.MATCHED]
    assert verdicts["safety"] == [Verdict.SAFE]
    assert verdicts["wiring"] == [Verdict.WIRED]


# ------------------------------------------------------------------------------------------ odd rules that are right


def one_hot_of(choose: Callable[[Any], Any]) -> Any:
    """A backward of the largest entry of each row: all of the gradient goes to the entry that is chosen."""

    def backward(x: Any, g: Any) -> Any:
        dx = np.zeros_like(x)
        dx[np.arange(len(x)), choose(x)] = g
        return dx

    return backward


def equal_shares(x: Any, out: Any, g: Any) -> Any:
    mask = x == out[:, None]
    return g[:, None] * mask / mask.sum(axis=1, keepdims=True)


def sorted_by(kind: Any) -> Any:
    def backward(x: Any, g: Any) -> Any:
        dx = np.zeros_like(x)
        np.put_along_axis(dx, kind(x), g, axis=-1)
        return dx

    return backward


def median_backward(x: Any, g: Any) -> Any:
    dx = np.zeros_like(x)
    dx[np.argsort(x)[len(x) // 2]] = g
    return dx


def norm(x: Any) -> Any:
    return np.sqrt((x * x).sum(axis=-1))


def masked_norm_backward(x: Any, out: Any, g: Any) -> Any:
    """0 where the norm is 0, which is one of its subgradients."""
    zero = out == 0
    return np.where(zero, 0.0, g / np.where(zero, 1.0, out))[:, None] * x


CAUSAL = np.triu(np.full((4, 4), -np.inf), 1)


def causal_softmax(x: Any) -> Any:
    return softmax(x + CAUSAL)


ODD = {
    "the first of several maxima": (lambda x: x.max(axis=1), one_hot_of(lambda x: x.argmax(axis=1)), normal(3, 4)),
    "the last of several maxima": (
        lambda x: x.max(axis=1),
        one_hot_of(lambda x: x.shape[1] - 1 - x[:, ::-1].argmax(axis=1)),
        normal(3, 4),
    ),
    "equal shares for all maxima": (lambda x: x.max(axis=1), equal_shares, normal(3, 4)),
    "sorted": (lambda x: np.sort(x, axis=-1), sorted_by(lambda x: np.argsort(x, axis=-1)), normal(3, 4)),
    "sorted, equal entries in the reverse order": (
        lambda x: np.sort(x, axis=-1),
        sorted_by(lambda x: np.argsort(-x, axis=-1, kind="stable")[:, ::-1]),
        normal(3, 4),
    ),
    "clipped, 0 at the ends": (
        lambda x: np.clip(x, -0.5, 0.5), lambda x, g: g * ((x > -0.5) & (x < 0.5)), normal(3, 4),
    ),
    "clipped, 1 at the ends": (
        lambda x: np.clip(x, -0.5, 0.5), lambda x, g: g * ((x >= -0.5) & (x <= 0.5)), normal(3, 4),
    ),
    "relu, 0 at 0": (lambda x: np.maximum(x, 0), lambda x, g: g * (x > 0), normal(3, 4)),
    "relu, 1 at 0": (lambda x: np.maximum(x, 0), lambda x, g: g * (x >= 0), normal(3, 4)),
    "relu, ½ at 0": (lambda x: np.maximum(x, 0), lambda x, g: g * ((x > 0) + 0.5 * (x == 0)), normal(3, 4)),
    "a median": (lambda x: np.sort(x)[len(x) // 2], median_backward, normal(7)),
    "a norm with a mask at 0": (norm, masked_norm_backward, normal(3, 4)),
    "a mask of -inf": (causal_softmax, softmax_backward, normal(4, 4)),
    "all of it in float32": (
        lambda x: np.tanh(x.astype(np.float32)), lambda out, g: (1 - out * out) * g, normal(3, 4),
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_right_rule_is_left_in_peace(what: str) -> None:
    forward, backward, x = ODD[what]
    case = case_of(forward, backward, x=x)
    assert fails(case) == {}
    assert identity(case).verdict in RIGHT


@pytest.mark.parametrize("largest", [4.0, np.inf])
def test_an_infinite_slope_at_the_edge_of_a_domain_is_no_fault(largest: float) -> None:
    case = case_of(np.sqrt, lambda out, g: g / (2 * out), {"x": (0.0, largest)}, x=np.array([0.5, 1.5, 3]))
    assert fails(case) == {}
    assert identity(case).verdict in RIGHT


def test_infinite_entries_of_both_signs_raise_no_warning() -> None:
    case = case_of(np.sqrt, lambda out, g: g / (2 * out), {"x": (0.0, 4.0)}, x=np.linspace(0.5, 3, 6))
    assert [one.verdict for one in tensor_safety.check(case)] == [Verdict.SAFE]


def signed_square(x: Any) -> Any:
    return x * np.abs(x)


def test_slopes_of_one_sign_that_go_to_0_toward_a_tie_have_0_as_a_gradient() -> None:
    case = case_of(signed_square, lambda x, g: 2 * np.abs(x) * g, x=normal(4))
    assert identity(case).verdict in RIGHT
    assert fails(case) == {}


def test_slopes_of_40_entries_that_go_to_0_toward_a_tie_have_0_as_a_gradient() -> None:
    def of_norm(x: Any) -> Any:
        return x * np.sqrt((x * x).sum())

    def of_norm_backward(x: Any, g: Any) -> Any:
        size = np.sqrt((x * x).sum())
        return g * size + x * (g * x).sum() / (size if size > 0 else 1.0)

    assert fails(case_of(of_norm, of_norm_backward, x=normal(40))) == {}


def in_single(x: Any) -> Any:
    return np.tanh(x.astype(np.float32)) * x


def in_single_backward(x: Any, g: Any) -> Any:
    t = np.tanh(x.astype(np.float32))
    return g * (t + x * (1 - t * t))


def test_a_step_in_float32_on_the_way_is_no_fault() -> None:
    assert fails(case_of(in_single, in_single_backward, x=normal(3, 4))) == {}


def test_a_wrong_rule_in_float32_is_refuted() -> None:
    case = case_of(lambda x: np.tanh(x.astype(np.float32)), lambda out, g: 1.01 * (1 - out * out) * g, x=normal(3, 4))
    assert found_by(case, "identity").verdict is Verdict.REFUTED


# ---------------------------------------------------------------------------------------- wrong, and only one sees it


def nearly(x: Any, g: Any) -> Any:
    """Wrong by less than a finite difference shows."""
    return 2 * x * g * (1 + 1e-6)


def in_a_band(x: Any, g: Any) -> Any:
    """Wrong where no random point lies."""
    return np.where((x > 0.3) & (x < 0.30001), 0.0, 2 * x) * g


def without_the_maximum(x: Any) -> Any:
    e = np.exp(x)
    return e / (1 + e)


@pytest.mark.parametrize("backward", [nearly, in_a_band])
def test_only_the_identity_sees(backward: Any) -> None:
    found = found_by(case_of(square, backward, x=normal(2, 3)), "identity")
    assert found.verdict is Verdict.REFUTED
    assert "of its gradient is wrong" in found.message


def test_only_differences_see_what_is_wrong_in_code_that_is_not_read() -> None:
    assert fails(case_of(from_a_text, square_backward, x=normal(4))) == {}
    wrong = case_of(from_a_text, lambda x, g: 2.02 * x * g, x=normal(4))
    assert identity(wrong).verdict is Verdict.MATCHED
    assert "checked on floats only" in identity(wrong).message
    (found,) = fails(wrong)["differences"]
    assert found.verdict is Verdict.REFUTED
    assert "difference" in dict(found.details)


def norm_backward(x: Any, out: Any, g: Any) -> Any:
    return (g / out)[:, None] * x


@pytest.mark.parametrize(
    ("forward", "backward", "message"),
    [
        (lambda x: x.max(axis=1), all_maxima, "at a tie no valid gradient"),
        (lambda x: np.maximum(x, 0), lambda x, g: g * ((x > 0) + 2.0 * (x == 0)), "at a tie no valid gradient"),
        (np.abs, lambda x, g: np.where(x == 0, -3.0, np.sign(x)) * g, "at a tie no valid gradient"),
        (norm, norm_backward, "no finite gradient at a tie"),
        (lambda x: np.tanh(x / 2), lambda x, g: g * 2 * np.exp(x) / (1 + np.exp(x)) ** 2, "not finite"),
    ],
)
def test_only_safety_sees(forward: Any, backward: Any, message: str) -> None:
    found = found_by(case_of(forward, backward, x=normal(3, 4)), "safety")
    assert found.verdict is Verdict.UNSAFE
    assert message in found.message


@pytest.mark.parametrize("at_zero", [1.2, -0.2])
def test_a_slope_a_fifth_beyond_those_of_a_kink_is_unsafe(at_zero: float) -> None:
    case = case_of(lambda x: np.maximum(x, 0), lambda x, g: g * np.where(x == 0, at_zero, x > 0), x=normal(4))
    assert found_by(case, "safety").verdict is Verdict.UNSAFE


class SecondCall:
    """A backward whose second call for an array returns another gradient."""

    def __init__(self) -> None:
        self.last: Any = None

    def __call__(self, x: Any, g: Any) -> Any:
        key = np.asarray(x).tobytes() + np.asarray(g).tobytes()
        again, self.last = key == self.last, key
        return 2 * x * g * (1.01 if again else 1)


def writes_into_g(x: Any, g: Any) -> Any:
    g *= 2
    return x * g


def writes_into_x(x: Any, g: Any) -> Any:
    x *= 2
    return x * g


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda x, g: 2 * x * np.clip(g, -5, 5), "not proportional to the upstream gradient: -4·g"),
        (lambda x, g: 2 * x * np.clip(g, -40, 40), "not proportional to the upstream gradient: 1024·g"),
        (lambda x, g: 2 * x * g + 1e-6 * g * g * (np.abs(g) > 50), "not proportional to the upstream gradient"),
        (lambda x, g: 2 * x * np.maximum(g, -9), "not proportional to the upstream gradient"),
        (lambda x, g: 2 * x * g.ravel(order="K").reshape(x.shape), "an upstream gradient that is transposed in memory"),
        (writes_into_g, "the backward modifies g, which belongs to the caller"),
        (writes_into_x, "the backward modifies x, which belongs to the caller"),
    ],
)
def test_only_wiring_sees(backward: Any, message: str) -> None:
    found = found_by(case_of(square, backward, x=normal(3, 4)), "wiring")
    assert found.verdict is Verdict.MISWIRED
    assert message in found.message


def test_another_gradient_at_the_second_call_is_miswired() -> None:
    (found,) = tensor_wiring.check(case_of(square, SecondCall(), x=normal(3, 4)))
    assert found.verdict is Verdict.MISWIRED
    assert "called again, the backward returns another gradient" in found.message


def test_none_for_an_input_that_matters_is_miswired_and_for_one_that_does_not_is_no_fault() -> None:
    a, b = normal(2, 3), normal(2, 3, seed=1)
    found = found_by(case_of(lambda a, b: a * b, lambda a, b, g: (g * b, None), a=a, b=b), "wiring")
    assert "returns None for b, on which the forward depends" in found.message
    assert fails(case_of(lambda a, b: a * a, lambda a, b, g: (2 * g * a, None), a=a, b=b)) == {}
