"""What the checks of whole arrays say of a rule: at which shapes, of which cause, at which points, and what is open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof.verify.checks import tensor_identity
from backproof.verify.results.findings import Finding, Verdict
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
    softmax,
    square,
    square_backward,
)

# ------------------------------------------------------------------------------------------------------ other shapes


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (lambda x: (x * x).mean(axis=1), lambda x, g: 2 * x * g[:, None] / 5),
        (lambda x: (x * x).sum(axis=1) / len(x), lambda x, g: 2 * x * g[:, None] / 4),  # the size of a batch
    ],
)
def test_a_rule_that_is_right_at_its_size_alone_is_told_and_not_refuted(forward: Any, backward: Any) -> None:
    case = case_of(forward, backward, x=normal(4, 5))
    assert fails(case) == {}
    first, last = tensor_identity.check(case)
    assert first.verdict is Verdict.MATCHED
    assert "right at these shapes; at another size" in first.message
    assert last.verdict in RIGHT


def test_a_rule_that_is_right_only_where_two_axes_are_of_one_size_is_wrong() -> None:
    case = case_of(lambda x: x.mean(axis=1), lambda x, g: np.repeat(g[:, None], x.shape[1], 1) / len(x), x=normal(4, 4))
    found = found_by(case, "identity")
    assert "at another size" in found.message or "already at" in found.message


def test_a_rule_that_runs_at_no_other_size_is_probable_at_its_own() -> None:
    case = case_of(lambda x: x @ np.eye(5), lambda x, g: np.zeros((4, 5)) + g, x=normal(4, 5))
    assert fails(case) == {}
    assert identity(case).verdict in RIGHT


def test_what_is_wrong_is_shown_at_the_smallest_shapes() -> None:
    found = found_by(case_of(softmax, lambda out, g: out * g, x=normal(6, 8)), "identity")
    details = dict(found.details)
    assert ", already at x: 2×2: entry x[" in found.message
    assert "x = [[" in details["at"]
    assert "of 48 entries" in details["wrong"]
    small = found_by(case_of(softmax, lambda out, g: out * g, x=normal(2, 3)), "identity")
    assert "already" not in small.message


def test_each_wrong_gradient_is_a_finding() -> None:
    case = case_of(product, lambda a, b, g: (-(g @ b.T), 1.5 * a.T @ g), a=normal(2, 3), b=normal(3, 2))
    found = fails(case)["identity"]
    assert {one.operand for one in found} == {"a", "b"}
    assert {dict(one.details)["likely"] for one in found} == {"its sign is wrong", "it is 3/2 times the derivative"}


@pytest.mark.parametrize(
    ("forward", "backward", "likely"),
    [
        (np.sin, lambda x, g: -np.cos(x) * g, "its sign is wrong"),
        (square, lambda x, g: 3 * x * g, "it is 3/2 times the derivative"),
        (lambda x: x.sum(axis=0), lambda x, g: 0 * x + g / len(x), "a mean over 3 entries in place of a sum"),
        (square, lambda x, g: 0 * g, "the rule returns 0"),
        (np.cumsum, lambda x, g: np.cumsum(g).reshape(x.shape), ""),
    ],
)
def test_a_likely_cause_is_named(forward: Any, backward: Any, likely: str) -> None:
    found = found_by(case_of(forward, backward, x=normal(3, 1)), "identity")
    assert likely in dict(found.details).get("likely", "")


# ------------------------------------------------------------------------------------- what is told, and not refuted


def fixed_point(x: Any) -> Any:
    z = np.zeros_like(x)
    for _ in range(30):
        z = np.tanh(0.3 * z + x)
    return z


def fixed_point_backward(out: Any, g: Any) -> Any:
    slope = 1 - out * out
    return g * slope / (1 - 0.3 * slope)


def test_an_iteration_that_has_converged_is_matched() -> None:
    case = case_of(fixed_point, fixed_point_backward, x=normal(3))
    assert case.is_approximate
    assert fails(case) == {}
    found = identity(case)
    assert found.verdict is Verdict.MATCHED
    assert "it differs in a finite field, and no entry does in intervals" in found.message
    assert fails(case_of(fixed_point, lambda out, g: 1.01 * fixed_point_backward(out, g), x=normal(3)))


def scaled(x: Any) -> Any:
    return x * float(np.exp(x).sum())


def scaled_backward(x: Any, g: Any) -> Any:
    return g * float(np.exp(x).sum()) + np.exp(x) * (g * x).sum()


CACHE: dict[tuple[int, ...], Any] = {}


def centred_once(x: Any) -> Any:
    """Kept from the first call of a shape, as a frozen statistic is."""
    return x * x - CACHE.setdefault(np.shape(x), 1.5)


@pytest.mark.parametrize(
    ("forward", "backward"),
    [(scaled, scaled_backward), (centred_once, square_backward), (from_a_text, square_backward)],
)
def test_a_number_that_is_read_out_of_an_array_or_kept_refutes_nobody(forward: Any, backward: Any) -> None:
    case = case_of(forward, backward, x=normal(4))
    assert fails(case) == {}
    assert identity(case).verdict in (*RIGHT, Verdict.MATCHED)


# -------------------------------------------------------------------------------------------------- where one looks


def test_all_points_lie_within_the_bounds() -> None:
    low, high = 0.25, 2.0

    def root(x: Any, w: Any) -> Any:
        return np.sqrt(x - 0.2) * w

    def root_backward(x: Any, w: Any, g: Any) -> Any:
        return g * w / (2 * np.sqrt(x - 0.2)), g * np.sqrt(x - 0.2)

    case = case_of(root, root_backward, {"x": (low, high)}, x=np.linspace(0.3, 1.9, 6), w=normal(6))
    assert fails(case) == {}
    seed = case.options.seed
    places = [*case.operation.places(seed), *case.operation.far(seed), *case.operation.other_sizes(seed)]
    places += [look.place for look in case.looks]
    assert all((place.inputs["x"] >= low).all() and (place.inputs["x"] <= high).all() for place in places)
    assert any(place.inputs["x"].max() > high - 0.1 for place in places)
    assert any((np.abs(place.inputs["w"]) > 100).any() for place in places)


def test_what_overflows_outside_of_the_bounds_is_no_fault_within() -> None:
    def logistic_backward(x: Any, g: Any) -> Any:
        return g * np.exp(x) / (1 + np.exp(x)) ** 2

    def logistic(x: Any) -> Any:
        return np.exp(x) / (1 + np.exp(x))

    assert fails(case_of(logistic, logistic_backward, {"x": (-20, 20)}, x=normal(4))) == {}


def test_the_same_seed_gives_the_same_findings() -> None:
    def findings() -> list[Finding]:
        case = case_of(lambda x: x.max(axis=1), all_maxima, x=normal(3, 4))
        return [one for check in CHECKS.values() for one in check(case)]

    assert findings() == findings()
