"""Special functions on balls: right (by mpmath's independent code), enclosing, NaN outside of their domains."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from flint import arb, ctx

from verify.kinds.special_balls import FUNCTIONS

MP = mpmath.mp
NEGATIVE = (-3.25, -0.5)
PLACES = (0.3, 1.7, 2.5, 40.0)

WITNESSES: dict[str, tuple[Callable[..., Any], list[tuple[float, ...]]]] = {
    "erfinv": (MP.erfinv, [(x,) for x in (-0.99, -0.5, 0.0, 0.3, 0.875)]),
    "polygamma": (MP.polygamma, [(n, x) for n in (0, 1, 2, 3) for x in (*PLACES, *NEGATIVE)]),
    "bessel_j": (MP.besselj, [*((n, x) for n in (0, 1, 2, 3) for x in (*PLACES, *NEGATIVE)), (2.5, 1.7)]),
    "bessel_y": (MP.bessely, [(n, x) for n in (0, 1, 2.5) for x in PLACES]),
    "bessel_i": (MP.besseli, [*((n, x) for n in (0, 1, 2, 3) for x in (*PLACES, *NEGATIVE)), (2.5, 1.7)]),
    "bessel_ie": (
        lambda n, x: MP.exp(-abs(x)) * MP.besseli(n, x),
        [*((n, x) for n in (0, 1, 2, 3) for x in (*PLACES, *NEGATIVE, 0.0)), (2.5, 1.7)],
    ),
    "bessel_k": (MP.besselk, [(n, x) for n in (0, 1, 2.5) for x in PLACES]),
    "gammainc": (lambda a, x: MP.gammainc(a, 0, x, regularized=True), [(a, x) for a in (0.5, 3) for x in PLACES]),
    "gammaincc": (lambda a, x: MP.gammainc(a, x, regularized=True), [(a, x) for a in (0.5, 3) for x in PLACES]),
    "betainc": (
        lambda a, b, x: MP.betainc(a, b, 0, x, regularized=True),
        [(a, b, x) for a in (0.5, 3) for b in (1.0, 2.5) for x in (0.125, 0.5, 0.875)],
    ),
    "expi": (MP.ei, [(x,) for x in (*PLACES, *NEGATIVE)]),
    "spence": (lambda x: MP.polylog(2, 1 - x).real, [(x,) for x in (0.25, 1.0, *PLACES, 1e5)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_are_what_mpmath_says(name: str) -> None:
    witness, places = WITNESSES[name]
    for at in places:
        with ctx.workprec(200), mpmath.workdps(50):
            ball = FUNCTIONS[name](*map(arb, at))
            expected = arb(mpmath.nstr(mpmath.re(witness(*map(mpmath.mpf, at))), 45))
            assert ball.is_finite(), at
            assert abs(ball - expected) <= arb("1e-38") * (1 + abs(expected)), at


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("erfinv", (-1.0,)),
        ("erfinv", (1.5,)),
        ("polygamma", (0.5, 1.0)),
        ("polygamma", (1.0, -2.0)),
        ("polygamma", (2.0, -2.0)),
        ("bessel_j", (0.5, -1.0)),
        ("bessel_y", (0.0, -1.0)),
        ("bessel_y", (0.0, 0.0)),
        ("bessel_k", (0.0, -1.0)),
        ("gammainc", (-0.5, 1.0)),
        ("gammaincc", (0.5, -1.0)),
        ("betainc", (2.0, 3.0, 1.5)),
        ("expi", (0.0,)),
        ("spence", (-0.5,)),
    ],
)
def test_outside_of_their_domain_they_have_no_value(name: str, at: tuple[float, ...]) -> None:
    assert not FUNCTIONS[name](*map(arb, at)).is_finite()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wide_ball_contains_what_its_points_give(name: str) -> None:
    before = {"betainc": (2, 3), "erfinv": (), "expi": (), "spence": ()}.get(name, (2,))
    wide = FUNCTIONS[name](*map(arb, before), arb(0.7, 0.2))
    for x in (0.5, 0.6, 0.7, 0.85, 0.9):
        assert wide.overlaps(FUNCTIONS[name](*map(arb, before), arb(x)))


@pytest.mark.parametrize("name", ["gammainc", "gammaincc", "betainc"])
def test_of_a_wide_ball_a_probability_says_something(name: str) -> None:
    """arb's own, on the whole of it, answers [-1.9, 1.9], and takes up to a second for that."""
    wide = [arb(1.5, 0.25), *[arb(2, 0.5)] * (name == "betainc"), arb(0.5, 0.125)]
    answer = FUNCTIONS[name](*wide)
    assert answer.rad() < 0.4
    for sides in itertools.product((-1, 0, 1), repeat=len(wide)):
        place = [ball.mid() + side * ball.rad() for ball, side in zip(wide, sides, strict=True)]
        assert answer.overlaps(FUNCTIONS[name](*place))
