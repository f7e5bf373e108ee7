"""Two operands on stated boxes: bounds above whatever is found, and roots named where there are none."""

from __future__ import annotations

import math
from typing import Any

import pytest
from accuracy_rules import case_of

from verify.accuracy.bounds import founded
from verify.accuracy.boxes import SIZES, has_bound, squares
from verify.accuracy.gauge import Gauge
from verify.accuracy.told import box_lines
from verify.api import pair
from verify.case import Case
from verify.mirror import BINARY
from verify.numbers.ulps import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Format
from verify.options import Options


@pytest.mark.slow
@pytest.mark.parametrize("fmt", [FLOAT64, FLOAT32, FLOAT16, BFLOAT16], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("name", sorted(BINARY))
def test_no_error_found_in_a_box_is_above_its_bound(name: str, fmt: Format) -> None:
    gauge = Gauge(case_of(name), fmt)
    found = list(squares(gauge))
    assert len(found) == 2 * len(SIZES) ** 2
    for square in found:
        if square.worst is not None:
            assert square.worst.local <= square.bound, (square.sizes, square.operand)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "max", "min", "hypot", "atan2", "logaddexp"])
def test_boxes_have_bounds_of_use(name: str) -> None:
    """In float64 and float32, within 16 ULP or 16 times what is found."""
    for fmt in (FLOAT64, FLOAT32):
        gauge = Gauge(case_of(name), fmt)
        for square in squares(gauge):
            worst = square.worst.local if square.worst else 0.0
            assert square.bound <= 16 * max(1.0, worst), (fmt.name, square)


def test_a_slope_with_a_root_in_the_box_says_so() -> None:
    """Of x·sin(y), in y: x·cos(y), which is 0 at π/2, with a cosine that is 1 off at most."""

    def forward(x: float, y: float) -> float:
        return x * math.sin(y)

    def backward(x: float, y: float, out: float, g: float) -> tuple[float, float]:
        return g * math.sin(y), g * (x * (math.cos(y) + 1e16 - 1e16))

    gauge = Gauge(Case(*pair(forward, backward, "x*sin(y)"), Options()))
    found = {(square.sizes[1], square.operand): square for square in squares(gauge)}
    with_root = found[(1.0, 2.0), 1]
    assert with_root.root
    assert not has_bound(with_root, gauge)
    assert "none: a root" in "\n".join(box_lines(gauge, [with_root]))
    assert not found[(0.125, 0.25), 1].root


def test_a_bound_that_is_refuted_is_none() -> None:
    """Proved on symbols, and something else on floats, beyond 1; elsewhere the bound stands."""

    def backward(x: Any, y: Any, out: Any, g: Any) -> Any:
        return g * y * (1 + 1e-9) if type(x).__name__ == "float" and x > 1 else g * y, g * x

    gauge = Gauge(Case(*pair(lambda x, y: x * y, backward, "x*y"), Options()))
    assert founded(gauge.case)
    for square in squares(gauge):
        assert math.isfinite(square.bound)
        assert has_bound(square, gauge) == (square.operand == 1 or square.sizes[0][0] < 1), square.sizes


def told(name: str, fmt: Format) -> str:
    gauge = Gauge(case_of(name), fmt)
    return "\n".join(box_lines(gauge, list(squares(gauge, Options().seed))))


def test_the_table_names_what_its_bounds_rest_on() -> None:
    assert "glibc" in told("hypot", FLOAT64)
    assert "umath-validation-set" in told("hypot", FLOAT32)
    assert "float32's, rounded" in told("hypot", BFLOAT16)


def test_more_ulps_than_the_slope_has_are_no_bound() -> None:
    gauge = Gauge(case_of("pow"))
    assert [square.sizes for square in squares(gauge) if not has_bound(square, gauge)] == [((8.0, 16.0),) * 2]
