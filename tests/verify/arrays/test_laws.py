"""The laws of real functions hold modulo a chain of primes, and what differs by a sign differs there."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from backproof.verify.arrays.laws import Plan
from backproof.verify.arrays.program import PI
from backproof.verify.arrays.roots import evaluate
from tests.verify.arrays.formulas import HALF, KEPT, MASK, E, S, Variables, equal, kept

LOG2, LOG3, LOG10 = map(math.log, (2, 3, 10))
ROOT2, ROOT7 = map(math.sqrt, (2, 7))


def logsumexp(a: E) -> E:
    return a.exp().sum().log()


def squared(a: E) -> E:
    """As a product, where a power of a root would be the root's radicand."""
    return a * a


LAWS: dict[str, Callable[[Variables], tuple[E, E, E]]] = {
    "e**log x": lambda v: (v.x.log().exp(), v.x, -v.x),
    "the log of a product": lambda v: ((v.x * v.y).log(), v.x.log() + v.y.log(), v.x.log() - v.y.log()),
    "the log of a power": lambda v: ((v.x**-3 / v.y).log(), v.x.log() * -3 - v.y.log(), v.x.log() * 3 - v.y.log()),
    "the log of a power of e": lambda v: ((v.x + v.t).exp().log(), v.x + v.t, v.x - v.t),
    "the log of a multiple": lambda v: ((v.x * 6).log(), v.x.log() + LOG2 + LOG3, v.x.log() + LOG2 - LOG3),
    "the log of a difference or its negative": lambda v: ((v.x - v.y).log(), (v.y - v.x).log(), -(v.y - v.x).log()),
    "log10": lambda v: (v.x.log() / v.number(10).log(), v.x.log() * (1 / LOG10), v.x.log() * (-1 / LOG10)),
    "the root of x²": lambda v: ((v.x**2) ** HALF, v.x, -v.x),
    "the root of s², s of both signs": lambda v: ((v.s**2) ** HALF, v.s * np.sign(S), v.s),
    "the root of (s + t)²": lambda v: (((v.s + v.t) ** 2) ** HALF, (v.s + v.t) * np.sign(S), v.s + v.t),
    "the root of (s + t)²·x": lambda v: (
        ((v.s + v.t) ** 2 * v.x) ** HALF,
        (v.s + v.t) * np.sign(S) * v.x**HALF,
        (v.s + v.t) * v.x**HALF,
    ),
    "roots of a product": lambda v: ((v.x * v.y) ** HALF, v.x**HALF * v.y**HALF, v.x**HALF / v.y**HALF),
    "cube roots": lambda v: ((v.x * v.y) ** Fraction(1, 3), (v.x * v.y) ** Fraction(4, 3) / (v.x * v.y), v.x * v.y),
    "roots of sums": lambda v: ((v.x + v.y) ** HALF * (v.x + v.y) ** HALF, v.x + v.y, -(v.x + v.y)),
    "a multiple of a sum": lambda v: (((v.x + v.y) / 7) ** HALF * ROOT7, (v.x + v.y) ** HALF, (v.x + v.y) ** -HALF),
    "multiples by no square": lambda v: (
        ((v.x + v.y) / 8) ** HALF,
        ((v.x + v.y) / 7) ** HALF * v.number(Fraction(7, 8)) ** HALF,
        ((v.x + v.y) / 7) ** HALF * v.number(Fraction(8, 7)) ** HALF,
    ),
    "x**y·x": lambda v: (v.x**v.t * v.x, v.x ** (v.t + 1), v.x ** (v.t - 1)),
    "(x + z)**y·(x + z)": lambda v: (
        (v.x + v.z) ** v.t * (v.x + v.z),
        (v.x + v.z) ** (v.t + 1),
        (v.x + v.z) ** (v.t - 1),
    ),
    "a power of a sum": lambda v: (((v.x + v.z).log() * HALF).exp(), (v.x + v.z) ** HALF, (v.x + v.z) ** -HALF),
    "the root of a power with a sum in it": lambda v: (
        squared(((v.x + v.z).log() + v.t).exp() ** HALF),
        (v.x + v.z) * v.t.exp(),
        (v.x + v.z) * (-v.t).exp(),
    ),
    "a root above a power of a sum": lambda v: (
        ((v.x + v.z) ** v.t * (v.x + v.z) + v.y) ** HALF,
        ((v.x + v.z) ** (v.t + 1) + v.y) ** HALF,
        ((v.x + v.z) ** (v.t - 1) + v.y) ** HALF,
    ),
    "2**t": lambda v: (v.number(2) ** (v.t + 1), v.number(2) ** v.t * 2, v.number(2) ** v.t * -2),
    "10**t": lambda v: (v.number(10) ** (v.t - 1), v.number(10) ** v.t / 10, v.number(10) ** v.t * 10),
    "e**(t + 1)": lambda v: ((v.t + 1).exp(), v.t.exp() * math.e, v.t.exp() * -math.e),
    "a power within a power": lambda v: (
        (v.t.exp() * v.s.exp()).exp(),
        (v.t + v.s).exp().exp(),
        (v.t - v.s).exp().exp(),
    ),
    "softmax": lambda v: ((v.m - logsumexp(v.m)).exp(), v.m.exp() / v.m.exp().sum(), v.m.exp() * v.m.exp().sum()),
    "log-softmax": lambda v: (
        (v.m - logsumexp(v.m)).sum(),
        v.m.sum() - logsumexp(v.m) * 5,
        v.m.sum() + logsumexp(v.m) * 5,
    ),
    "a softmax with a temperature": lambda v: (
        ((v.m - logsumexp(v.m)) / v.scalar(0.5)).exp(),
        v.m.exp() ** 2 / v.m.exp().sum() ** 2,
        v.m.exp() ** 2 * v.m.exp().sum() ** 2,
    ),
    "a number before a log": lambda v: (
        (v.number(-2) * (v.x + v.z).log()).exp(),
        (v.x + v.z) ** -2,
        (v.x + v.z) ** 2,
    ),
    "numbers in a sum of logs": lambda v: (
        ((v.scalar(3) ** -1 - v.scalar(1)) * (v.scalar(-3) * v.scalar(0.5)) * v.x.log() * v.scalar(2) + v.t).exp(),
        v.x**2 * v.t.exp(),
        v.x**-2 * v.t.exp(),
    ),
    "softplus": lambda v: ((-(v.t.exp() + 1).log()).exp(), (v.t.exp() + 1) ** -1, v.t.exp() + 1),
    "the product of a row": lambda v: (v.x.log().sum().exp(), v.x.product() + v.x.sum() * 0, -v.x.product()),
    "multiples of logs": lambda v: (
        (v.x.log() * np.array([2, -1, 0.5])).exp(),
        (v.x**2).take([0, 4, 8], v.x**-1, v.x**HALF),
        (v.x**2).take([0, 4, 8], v.x, v.x**HALF),
    ),
    "a mask of -inf": lambda v: ((v.m + MASK).exp(), kept(v.m.exp()), v.m.exp()),
    "a masked softmax": lambda v: (
        ((v.m + MASK) * Fraction(1, 3) - logsumexp((v.m + MASK) * Fraction(1, 3))).exp(),
        kept((v.m / 3).exp()) / kept((v.m / 3).exp()).sum(),
        kept((v.m / 3).exp()) / (v.m / 3).exp().sum(),
    ),
    "a scaled mask": lambda v: ((v.scalar(0.5) * MASK + v.m).exp(), kept(v.m.exp()), v.m.exp()),
    "a mask that scales": lambda v: (((v.m * 0 + 0.5) * MASK + v.m).exp(), kept(v.m.exp()), v.m.exp()),
    "scores filled with -inf": lambda v: (
        v.m.take(np.where(MASK == 0, KEPT, 20), v.number(-math.inf)).exp(),
        kept(v.m.exp()),
        v.m.exp(),
    ),
    "moved logs": lambda v: (
        v.x.log().take([2, -1]).exp(),
        v.x.take([2, 3], v.number(1)),
        v.x.take([2, -1]),
    ),
    "sin and cos": lambda v: (v.t.sin() ** 2 + v.t.cos() ** 2, v.number(1), v.t.sin() ** 2 - v.t.cos() ** 2),
    "sin is odd": lambda v: ((v.x - v.y).sin(), -(v.y - v.x).sin(), (v.y - v.x).sin()),
    "cos is even": lambda v: ((v.x - v.y).cos(), (v.y - v.x).cos(), -(v.y - v.x).cos()),
    "erf is odd": lambda v: ((v.x - v.y).erf(), -(v.y - v.x).erf(), (v.y - v.x).erf()),
    "sinh of asinh": lambda v: (v.x.asinh().sinh(), v.x, -v.x),
    "the root of π": lambda v: (v.number(PI) ** HALF * math.sqrt(2 / math.pi), v.number(ROOT2), v.number(-ROOT2)),
    "a third": lambda v: (v.x * (1 / 3), v.x / 3, v.x * 0.333333),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_holds_and_with_one_sign_changed_it_does_not(name: str) -> None:
    left, right, wrong = LAWS[name](Variables())
    for seed in "01":
        assert equal(left, right, seed)
        assert not equal(left, wrong, seed)


@pytest.mark.parametrize("name", [name for name in LAWS if "log" in name or "soft" in name])
def test_sums_of_logarithms_are_taken_apart_and_need_no_discrete_ones(name: str) -> None:
    left, _, _ = LAWS[name](v := Variables())
    assert "discrete logarithm" not in [step.law for step in Plan(v.p, [left.node]).steps]


OPAQUE = {
    "erf": lambda v: (v.x + v.y).erf(),
    "polygamma": lambda v: E(v.p, v.p.function("polygamma", v.x.node, [Fraction(2)])),
    "sin": lambda v: v.x.sin(),
    "log of a sum": lambda v: (v.x + v.y).log(),
    "e**u within two exponents": lambda v: v.x.exp().exp().exp().exp(),
    "log of an array of numbers": lambda v: E(v.p, v.p.constant(np.arange(1000) / 7 + 1)).log(),
    "inf": lambda v: v.m + MASK,
    "nan": lambda v: (v.x * np.array([math.nan, 1, 2])).exp(),
}


@pytest.mark.parametrize("name", OPAQUE)
def test_what_has_no_laws_is_named(name: str) -> None:
    node = OPAQUE[name](v := Variables()).node
    assert evaluate(v.p, [node], "0").opaque == {name}


def test_what_was_used_is_said() -> None:
    v = Variables()
    found = evaluate(v.p, [(v.x * 0.1 * math.sqrt(2 / math.pi) * 0.5).node], "0")
    assert found.read == {0.1: "the decimal 0.1", math.sqrt(2 / math.pi): "√(2/π)"}
    assert (found.opaque, found.powers_of_e, found.shared_roots, found.redraws) == (frozenset(), False, False, 0)
    assert evaluate(v.p, [v.x.exp().node], "0").powers_of_e
    assert not evaluate(v.p, [v.x.log().exp().node, v.number(math.e).exp().node], "0").powers_of_e


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_an_infinity_is_named_in_whatever_is_done_with_it(number: float) -> None:
    v = Variables()
    name = {str(number)}
    for node in (v.number(number).log(), v.x * number, v.x + np.array([number, 1, 2]), v.x * np.full((300, 3), number)):
        assert evaluate(v.p, [node.node], "0").opaque == name


def test_different_functions_without_laws_differ() -> None:
    v = Variables()
    functions = [v.x.erf(), v.x.atan(), v.x.lgamma(), v.x.sin(), v.x.cos(), v.x.log(), v.x.exp()]
    values = [tuple(found.tolist()) for found in evaluate(v.p, [f.node for f in functions], "0").values]
    assert len(set(values)) == len(functions)
