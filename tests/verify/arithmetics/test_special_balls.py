"""Special functions on intervals: right (by mpmath's independent code), enclosing, NaN outside of their domains."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from flint import arb, ctx

from backproof.verify.arithmetics.special_balls import FUNCTIONS
from backproof.verify.terms.ops import ARITY

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
    "entr": (lambda x: -x * MP.log(x), [(x,) for x in (1e-9, *PLACES)]),
    "dawsn": (
        lambda x: MP.sqrt(MP.pi) / 2 * MP.exp(-x * x) * MP.erfi(x),
        [(x,) for x in (*PLACES, *NEGATIVE, 0.0)],
    ),
    "si": (MP.si, [(x,) for x in (*PLACES, *NEGATIVE, 0.0)]),
    "ci": (lambda x: MP.ci(abs(x)), [(x,) for x in (*PLACES, *NEGATIVE)]),
    "airy_ai": (MP.airyai, [(x,) for x in (*PLACES, *NEGATIVE, 0.0)]),
    "airy_ai_prime": (lambda x: MP.airyai(x, derivative=1), [(x,) for x in (*PLACES, *NEGATIVE, 0.0)]),
    "airy_bi": (MP.airybi, [(x,) for x in (0.3, 1.7, 2.5, *NEGATIVE, 0.0)]),
    "airy_bi_prime": (lambda x: MP.airybi(x, derivative=1), [(x,) for x in (0.3, 1.7, 2.5, *NEGATIVE, 0.0)]),
    "ellipk": (MP.ellipk, [(m,) for m in (-40.0, -0.5, 0.0, 0.3, 0.999)]),
    "ellipe": (MP.ellipe, [(m,) for m in (-40.0, -0.5, 0.0, 0.3, 0.999, 1.0)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_agree_with_mpmath(name: str) -> None:
    counterexample, places = WITNESSES[name]
    for at in places:
        with ctx.workprec(200), mpmath.workdps(50):
            ball = FUNCTIONS[name](*map(arb, at))
            expected = arb(mpmath.nstr(mpmath.re(counterexample(*map(mpmath.mpf, at))), 45))
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
        ("entr", (-0.5,)),
        ("ci", (0.0,)),
        ("ellipk", (1.0,)),
        ("ellipe", (1.25,)),
    ],
)
def test_outside_of_their_domain_they_have_no_value(name: str, at: tuple[float, ...]) -> None:
    assert not FUNCTIONS[name](*map(arb, at)).is_finite()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wide_interval_contains_the_values_at_its_points(name: str) -> None:
    before = {"betainc": (2, 3)}.get(name, () if ARITY[name] == 1 else (2,))
    wide = FUNCTIONS[name](*map(arb, before), arb(0.7, 0.2))
    for x in (0.5, 0.6, 0.7, 0.85, 0.9):
        assert wide.overlaps(FUNCTIONS[name](*map(arb, before), arb(x)))


@pytest.mark.parametrize("name", ["gammainc", "gammaincc", "betainc"])
def test_a_probability_of_a_wide_interval_stays_tight(name: str) -> None:
    """arb's own, on the whole interval, gives [-1.9, 1.9], and takes up to a second for that."""
    wide = [arb(1.5, 0.25), *[arb(2, 0.5)] * (name == "betainc"), arb(0.5, 0.125)]
    result = FUNCTIONS[name](*wide)
    assert result.rad() < 0.4
    for sides in itertools.product((-1, 0, 1), repeat=len(wide)):
        place = [ball.mid() + side * ball.rad() for ball, side in zip(wide, sides, strict=True)]
        assert result.overlaps(FUNCTIONS[name](*place))
