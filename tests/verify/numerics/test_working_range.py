"""The working range: which sizes of numbers a rule is held to."""

from __future__ import annotations

import numpy as np
import pytest

from backproof.verify.numerics.working_range import bounded, inside, limits
from backproof.verify.terms.term import compare, symbol


@pytest.mark.parametrize(
    ("fmt", "binades"), [("float64", 64), ("float32", 20), ("bfloat16", 20), ("float16", 8)]
)
def test_its_ends_belong_to_it(fmt: str, binades: int) -> None:
    assert limits(fmt) == (2.0**-binades, 2.0**binades)
    ends = np.array([0.0, -0.0, 2.0**-binades, -(2.0**binades)])
    assert inside([ends], ("x",), {}, fmt).all()
    beyond = np.array([2.0**-binades * (1 - 2**-20), 2.0**binades * (1 + 2**-20), np.inf, np.nan])
    assert not inside([beyond, beyond], ("x", "y"), {}, fmt).any()


def test_every_coordinate_counts() -> None:
    assert inside([np.array([1.0, 1.0]), np.array([1.0, 1e300])], ("x", "y"), {}).tolist() == [True, False]


def test_bounds_take_its_place() -> None:
    x = np.array([-1e300, 0.5, 2.0])
    assert inside([x, x], ("x", "y"), {"x": (-np.inf, 1.0), "y": (-np.inf, np.inf)}).tolist() == [True, True, False]


def test_bounds_as_conditions() -> None:
    x = symbol("x")
    assert bounded({"x": (0.0, np.inf)}) == [compare("ge", x, 0)]
    assert bounded({"x": (-1.0, 2.0)}) == [compare("ge", x, -1), compare("le", x, 2)]
