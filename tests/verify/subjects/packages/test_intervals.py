"""Where a function and its inverse undo each other, and how an open interval is said."""

from __future__ import annotations

import math

from backproof.verify.subjects.packages.intervals import domain, image

CLIP = 2.0**-52


def clipped(p: float) -> float:
    p = min(max(p, CLIP), 1 - CLIP)
    return math.log(p / (1 - p))


def test_a_function_that_clips_is_meant_on_the_image_of_its_inverse() -> None:
    found = image(clipped, lambda z: 1 / (1 + math.exp(-z)))
    assert found is not None
    arguments, values = found
    assert arguments == (0.0, 1.0)
    assert -40 < values[0] < -30  # below its inverse ends in the part that is clipped
    assert 25 < values[1] < 40


def test_half_lines_and_the_whole_line() -> None:
    assert image(math.log, math.exp) == ((0.0, math.inf), (-math.inf, math.inf))
    assert image(lambda x: x, lambda x: x) == ((-math.inf, math.inf), (-math.inf, math.inf))
    assert image(math.sqrt, lambda z: z**2) == ((0.0, math.inf), (0.0, math.inf))


def test_no_inverse_tells_nothing() -> None:
    assert image(math.log, lambda _: math.nan) is None
    assert image(math.log, lambda z: z) is None


def test_an_open_interval_is_judged_inside_of_its_ends() -> None:
    assert domain("p", 0.0, 1.0) == {
        "domain": "p > 2**-50 and p < 1 - 2**-50",
        "bounds": {"p": (2.0**-50, 1 - 2.0**-50)},
    }
    assert domain("z", -math.inf, 0.0) == {"domain": "z < -2**-50"}
    assert domain("z", -math.inf, math.inf) == {}
