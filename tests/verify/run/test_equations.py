"""Derivatives that are meant on a set given by equations: right along it, and in full where that is so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.support.errors import UsageError

FEW: dict[str, Any] = {"points": 150, "raises": False}
CIRCLE = "c**2 + s**2 == 1"
SPHERE = "q_0**2 + q_1**2 + q_2**2 + q_3**2 == 1"
SIMPLEX = "p_0 + p_1 + p_2 == 1 and p >= 0"
ORTHOGONAL = "Q_0_0**2 + Q_1_0**2 == 1 and Q_0_1**2 + Q_1_1**2 == 1 and Q_0_0*Q_0_1 + Q_1_0*Q_1_1 == 0"
THREE = " and ".join(
    f"{' + '.join(f'R_{k}_{i}*R_{k}_{j}' for k in range(3))} == {int(i == j)}" for i in range(3) for j in range(i, 3)
)


def projected(q):
    g = np.array([q[1], q[0], 2 * q[2], 0 * q[3]])
    return g - q * (q * g).sum()


RIGHT: dict[str, tuple[Any, Any, dict[str, Any], bool]] = {
    "by the tangent": (lambda c, s: c * c, lambda c, s: (0 * c, -2 * s), {"domain": CIRCLE}, False),
    "in full": (lambda c, s: c * s, lambda c, s: (s, c), {"domain": CIRCLE}, True),
    "with a function": (
        lambda c, s: np.exp(c) * s,
        lambda c, s: (np.exp(c) * s, np.exp(c) * (c * c + s * s)),
        {"domain": CIRCLE},
        True,
    ),
    "another radius": (lambda c, s: c**3, lambda c, s: (3 * c * c, 0 * s), {"domain": "2*c**2 + 2*s**2 == 6"}, True),
    "an input beside": (
        lambda x, c, s: x * c,
        lambda x, c, s: (c, s * 0 + x, 0 * s),
        {"domain": CIRCLE},
        True,
    ),
    "an input held beside": (
        lambda x, c, s: x * c * c,
        lambda x, c, s: (0 * c, -2 * x * s),
        {"domain": CIRCLE, "wrt": ("c", "s")},
        False,
    ),
    "a simplex": (
        lambda p: p[0] * p[1] * (1 - p[0] - p[1]),
        lambda p: np.array([p[1] * p[2], p[0] * p[2], p[0] * p[1]]),
        {"domain": SIMPLEX, "shapes": {"p": 3}},
        False,
    ),
    "the inside of a simplex": (
        lambda p: -(p * np.log(p)).sum(),
        lambda p: -np.log(p),
        {"domain": "p_0 + p_1 + p_2 == 1 and p > 0", "shapes": {"p": 3}},
        False,
    ),
    "a unit quaternion": (
        lambda q: q[0] * q[1] - q[2] * q[3],
        lambda q: np.array([q[1], q[0], -q[3], -q[2]]),
        {"domain": SPHERE, "shapes": {"q": 4}},
        True,
    ),
    "a gradient that was projected": (
        lambda q: q[0] * q[1] + q[2] ** 2,
        projected,
        {"domain": SPHERE, "shapes": {"q": 4}},
        False,
    ),
    "an orthogonal matrix": (
        lambda Q: Q[0, 0] * Q[1, 1] - Q[0, 1] * Q[1, 0],
        lambda Q: np.array([[Q[1, 1], -Q[1, 0]], [-Q[0, 1], Q[0, 0]]]),
        {"domain": ORTHOGONAL, "shapes": {"Q": (2, 2)}},
        True,
    ),
    "what is constant on it": (
        lambda Q: Q[0, 0] ** 2 + Q[1, 0] ** 2,
        lambda Q: 0 * Q,
        {"domain": ORTHOGONAL, "shapes": {"Q": (2, 2)}},
        False,
    ),
    "a hyperbola": (lambda x, y: x + y, lambda x, y: (1 - y / x, 0 * y), {"domain": "x*y == 1"}, False),
    "a graph": (lambda x, y: x * y, lambda x, y: (3 * x * x, 0 * y), {"domain": "y == x**2"}, False),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_along_the_set(name: str) -> None:
    function, jac, options, in_full = RIGHT[name]
    (operation,) = verify.check(function, jac=jac, **options, **FEW).operations
    assert operation.right.verdict is Verdict.PROVED
    assert operation.ok, [f.message for f in operation.findings if f.verdict.fails]
    (told, *_) = [f.message for f in operation.findings if f.check == "proof"]
    assert told.endswith("in all directions")
    assert told.endswith("not as the gradient in all directions") is not in_full


WRONG: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "along it": (lambda c, s: c**3, lambda c, s: (0 * c, -2 * s), {"domain": CIRCLE}),
    "at a pole of the chart only": (
        lambda c, s: c * s,
        lambda c, s: (s, c) if s > -1 else (s + 1, c),
        {"domain": CIRCLE},
    ),
    "one part of a simplex": (
        lambda p: p[0] * p[1] * (1 - p[0] - p[1]),
        lambda p: np.array([p[1] * p[2], p[0] * p[2], 2 * p[0] * p[1]]),
        {"domain": SIMPLEX, "shapes": {"p": 3}},
    ),
    "reflections only": (
        lambda Q: Q[0, 0] * Q[1, 1],
        lambda Q: np.array([[Q[1, 1], 0], [0, Q[0, 0]]]) * (1 if Q[0, 0] * Q[1, 1] - Q[0, 1] * Q[1, 0] > 0 else 2),
        {"domain": ORTHOGONAL, "shapes": {"Q": (2, 2)}},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_along_the_set(name: str) -> None:
    function, jac, options = WRONG[name]
    (operation,) = verify.check(function, jac=jac, **options, **FEW).operations
    assert operation.right.verdict is Verdict.REFUTED


def test_a_matrix_of_three() -> None:
    """Eight charts, of which each is looked at."""
    report = verify.check(
        lambda R: R[0, 0] * R[1, 1],
        jac=lambda R: np.array([[R[1, 1], 0, 0], [0, R[0, 0], 0], [0, 0, 0]]),
        domain=THREE,
        shapes={"R": (3, 3)},
        **{**FEW, "points": 40},
    )
    assert report.operations[0].right.verdict is Verdict.PROVED
    assert len({f.case for f in report.findings}) == 8


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a crossing": ({"domain": "x*y == 0"}, "no parametrisation of it is known"),
    "no polynomial": ({"domain": "exp(x) + y**2 == 3"}, "only polynomial equations"),
    "shared inputs": ({"domain": "x**2 + y**2 == 1 and x*y == 0"}, "known for orthogonal matrices only"),
    "an input that is held": ({"domain": "x**2 + y**2 == 1", "wrt": "x"}, "y is bound by an equation"),
}


@pytest.mark.parametrize("name", BAD)
def test_equations_that_are_not_known_are_told(name: str) -> None:
    options, message = BAD[name]
    partials = (lambda x, y: 1.0) if "wrt" in options else (lambda x, y: (1.0, 1.0))
    with pytest.raises(UsageError, match=message):
        verify.check(lambda x, y: x + y, jac=partials, **options, **FEW)


def test_no_function_is_called_off_the_set() -> None:
    seen: list[float] = []

    def f(c, s):
        if isinstance(c, float):
            seen.append(abs(c * c + s * s - 1))
        return c * s

    assert verify.check(f, jac=lambda c, s: (s, c), domain=CIRCLE, **FEW).ok
    assert len(seen) > 50
    assert max(seen) < 1e-15
