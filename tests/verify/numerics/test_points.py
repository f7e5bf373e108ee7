"""Points: deterministic, spread over the whole range, and never missing what matters."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise

import numpy as np
import pytest
import sympy

from backproof.verify.arithmetics.ulps import FLOAT64
from backproof.verify.mirror.table import SPECS, Spec
from backproof.verify.numerics.domain import Domain, Interval, domain_of
from backproof.verify.numerics.points import LANDMARKS, Point, bits_of_fraction, points

x, y = sympy.symbols("x y", real=True)
LINE = Domain((Interval(),))
PLANE = Domain((Interval(), Interval()))
MAX = FLOAT64.largest


def _digest(found: list[Point]) -> str:
    return sha256(repr(found).encode()).hexdigest()


@pytest.mark.parametrize("spec", SPECS, ids=lambda r: f"{r.op} {r.case}".strip())
def test_every_spec_has_its_points(spec: Spec) -> None:
    domain = domain_of(spec.domain, spec.inputs)
    found = points(spec.op, domain)
    assert len(found) == 1000
    assert len(set(map(repr, found))) > 980
    assert all(p in domain for p in found)
    assert all(math.isfinite(v) for p in found for v in p)
    assert found == points(spec.op, domain)


def test_seed_and_op_move_points_and_nothing_else_does() -> None:
    base = points("tanh", LINE)
    assert base != points("tanh", LINE, seed=1)
    assert base != points("tahn", LINE)
    code = (
        "from backproof.verify.numerics.points import points;"
        "from backproof.verify.numerics.domain import Domain, Interval;"
        "from hashlib import sha256; p = points('tanh', Domain((Interval(), Interval(low=0))), (1,), seed=3);"
        "print(sha256(repr(p).encode()).hexdigest())"
    )
    here = _digest(points("tanh", Domain((Interval(), Interval(low=0))), (1,), seed=3))
    for seed in ("0", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        assert ran.stdout.decode().strip() == here


def test_strata_cover_all_binary_exponents() -> None:
    exponents = sorted(math.frexp(v)[1] for (v,) in points("op", LINE) if v)
    assert exponents[0] == -1073
    assert exponents[-1] == 1024
    assert max(b - a for a, b in pairwise(exponents)) < 30
    for sign in (1, -1):  # every binade where people compute
        moderate = {math.frexp(v)[1] for (v,) in points("op", LINE) if v * sign > 0}
        assert moderate >= set(range(-39, 40))
    working = sorted(v for (v,) in points("op", LINE) if abs(v) <= 32)
    assert max(b - a for a, b in pairwise(working)) < 0.6


@pytest.mark.parametrize("kink", [Fraction(6), Fraction(-3), Fraction(1, 3), 0.044715, 1e-300])
def test_kinks_come_with_their_neighbours(kink: Fraction | float) -> None:
    found = {v for (v,) in points("op", LINE, (kink,), n=50)}
    nearest = float(kink)
    assert found >= {nearest, FLOAT64.step(nearest, 1), FLOAT64.step(nearest, -1)}


def test_edges_come_with_their_neighbours_inside() -> None:
    found = [v for (v,) in points("op", domain_of(sympy.And(x > -1, x <= 1), ("x",)), n=20)]
    assert {math.nextafter(-1, 0), 1.0, math.nextafter(1, 0)} <= set(found)
    assert -1.0 not in found
    found = [v for (v,) in points("op", domain_of(sympy.Ne(x, 2), ("x",)), n=20)]
    assert {FLOAT64.step(2.0, 1), FLOAT64.step(2.0, -1)} <= set(found)


def test_special_values_are_there() -> None:
    found = [v for (v,) in points("op", LINE)]
    assert any(v == 0 and math.copysign(1, v) < 0 for v in found)
    assert any(v == 0 and math.copysign(1, v) > 0 for v in found)
    assert {s * m for m in LANDMARKS for s in (1, -1)} <= set(found)
    assert any(0 < abs(v) < FLOAT64.smallest_normal for v in found)


def test_landmarks_are_where_documented() -> None:
    below, above = (math.nextafter(LANDMARKS[4], e) for e in (0, math.inf))
    assert math.isfinite(math.exp(below))
    with pytest.raises(OverflowError):
        math.exp(above)
    assert math.exp(-LANDMARKS[5] - 1e-9) == 0 < math.exp(-LANDMARKS[5] + 1e-9)
    smallest, lost = (math.exp(-x) for x in LANDMARKS[-2:])
    assert smallest == pytest.approx(sys.float_info.min, rel=1e-12)
    assert lost < sys.float_info.min / 100 < sys.float_info.min < LANDMARKS[-1] * lost


def test_two_operands_tie_and_nearly_tie() -> None:
    found = points("op", PLANE)
    assert sum(a == b for a, b in found) > 20
    assert sum(a == -b != 0 for a, b in found) > 20
    assert sum(FLOAT64.step(a, 1) == b for a, b in found) > 20
    assert sum(FLOAT64.step(a, -1) == b for a, b in found) > 20
    assert {(sa, sb) for sa in (1, -1) for sb in (1, -1)} == {
        (math.copysign(1, a), math.copysign(1, b)) for a, b in found if a and b
    }
    assert (MAX, MAX) in found
    assert (MAX, -1.0) in found
    assert (0.0, 0.0) in found


def test_two_operands_are_spread_independently() -> None:
    found = points("op", PLANE)
    quadrants = {(math.floor(a / 16), math.floor(b / 16)) for a, b in found if abs(a) < 32 and abs(b) < 32}
    assert len(quadrants) == 16
    ratios = [math.frexp(a)[1] - math.frexp(b)[1] for a, b in found]
    assert min(ratios) < -1500
    assert max(ratios) > 1500


def test_joint_conditions_are_met() -> None:
    domain = domain_of(sympy.And(x > 0, y > x), ("x", "y"))
    found = points("op", domain)
    assert len(found) > 980  # three quarters of the strata are refused, and drawn again
    assert all(0 < a < b for a, b in found)


def test_few_and_none() -> None:
    assert len(points("op", LINE, n=7)) == 7
    assert points("op", LINE, n=0) == []
    assert points("op", domain_of(sympy.And(x > 1, x < sympy.Rational(1, 2)), ("x",))) == []


def test_points_are_columns_that_read_as_a_list() -> None:
    found = points("op", PLANE, n=9)
    assert len(found) == len(list(found)) == 9
    assert found[2] == list(found)[2] == (found.columns[0][2], found.columns[1][2])
    assert all(type(v) is float for p in found for v in p)
    assert found.after((7.0, 8.0))[0] == (7.0, 8.0)
    assert found.where(np.array([4, 1]))[:] == [found[4], found[1]]
    assert found == points("op", PLANE, n=9)
    assert found != points("op", PLANE, n=8)


def test_the_plainest_come_first() -> None:
    found = points("op", PLANE, n=6000)
    order = sorted(range(len(found)), key=lambda k: (found.digits.item(k), k))
    assert found.plainest().tolist() == order
    assert found.plainest(100).tolist() == order[:100]
    assert found.plainest(5500).tolist() == order[:5500]
    rare = found.columns[0] > 1e300  # the plainest of all are not among these
    for most in (10, 10_000, None):
        assert found.plainest(most, among=rare).tolist() == [k for k in order if rare[k]][:most]
    assert found.plainest(3, among=np.zeros(len(found), dtype=bool)).tolist() == []


def test_the_bits_of_a_fraction() -> None:
    values = [0.0, -0.0, 1.0, 0.5, -6.0, 0.1, 5e-324, MAX, *(v for (v,) in points("op", LINE, n=200))]
    expected = [sum(part.bit_length() for part in v.as_integer_ratio()) for v in values]
    assert bits_of_fraction(np.array(values)).tolist() == expected


def test_columns_of_a_domain_hold_what_points_do() -> None:
    for condition in (sympy.And(x > 0, y > x), sympy.Ne(sympy.cos(x), 0), x**2 + y**2 > 0, sympy.atan(x) > y):
        domain = domain_of(condition, ("x", "y"))
        plane = points("op", PLANE, n=300)
        assert domain.holds(plane.columns).tolist() == [p in domain for p in plane]
