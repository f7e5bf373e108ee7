"""Identities in finite fields: true ones pass, false ones never, and undecided ones are reported as open."""

from __future__ import annotations

import pytest

from backproof.verify.finite_fields.fields import LEAST_Q_BITS
from backproof.verify.finite_fields.identity import SIGN_TRIALS, TRIALS, Outcome, seed_of, tried
from backproof.verify.terms.term import PI, TERMS, Term, apply, constant, symbol

x, y, z = map(symbol, "xyz")
exp, log, sqrt = TERMS.exp, TERMS.log, TERMS.sqrt
F = TERMS
half = constant(1) / 2


def outcome(a: Term, b: Term, seed: str = "0") -> Outcome:
    return tried([(a, b)], seed)


TRUE = {
    "a binomial": ((x + y) ** 2, x * x + 2 * x * y + y * y),
    "a quotient": (1 / (1 - x) + 1 / (1 + x), 2 / (1 - x * x)),
    "a power": (x**-3, 1 / (x * x * x)),
    "powers of e": (exp(x + y), exp(x) * exp(y)),
    "a power of a power of e": (exp(x) ** 3, exp(3 * x)),
    "a root of a power of e": (sqrt(exp(x)), exp(x / 2)),
    "an exponent with a denominator": (exp(x / y) * exp(1 / y), exp((x + 1) / y)),
    "tanh": (F.tanh(x), (exp(2 * x) - 1) / (exp(2 * x) + 1)),
    "cosh": (F.cosh(x) ** 2 - F.sinh(x) ** 2, constant(1)),
    "a root": (x / sqrt(x * x + 1) / sqrt(x * x + 1), x / (x * x + 1)),
    "roots of positive numbers": (sqrt(1 + x * x) * sqrt(2 + y * y), sqrt((1 + x * x) * (2 + y * y))),
    "roots that are multiples": (sqrt(8 + 8 * x * x), 2 * sqrt(constant(2)) * sqrt(1 + x * x)),
    "a half power": ((1 + x * x) ** constant(-1.5), 1 / (sqrt(1 + x * x) * (1 + x * x))),
    "a root in an exponent": (exp(sqrt(1 + x * x) + y), exp(sqrt(1 + x * x)) * exp(y)),
    "a cube root": (F.cbrt(x * y), F.cbrt(x) * F.cbrt(y)),
    "the root of pi": (sqrt(2 / PI), sqrt(constant(2)) / sqrt(PI)),
    "the power of a logarithm": (exp(x - log(1 + exp(x))), exp(x) / (1 + exp(x))),
    "half a logarithm": (exp(log(1 + x * x) / 2), sqrt(1 + x * x)),
    "the logarithm of a power": (log(exp(x + y)), x + y),
    "one logarithm": (log(x + y) * 2, log(y + x) + log(x + y)),
    "erf is odd": (F.erf(-x * y), -F.erf(y * x)),
    "erfc": (F.erfc(x), 1 - F.erf(x)),
    "sin and cos": (F.sin(x) ** 2 + F.cos(x) ** 2, constant(1)),
    "tan": (F.tan(x) * F.cos(x), F.sin(x)),
    "acos": (F.acos(x) + F.asin(x), PI / 2),
    "another power": (x ** constant(0.25) * x, x ** constant(1.25)),
    "a power and its derivative": (x ** (y - 1) * x, x**y),
    "constants too large to work out": (constant(3) ** 9000 * x, x * constant(9) ** 4500),
    "a power within a power": (exp(exp(x) + y), exp(exp(x)) * exp(y)),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_identities_pass(name: str) -> None:
    found = outcome(*TRUE[name])
    assert found.same, found
    assert found.error <= -SIGN_TRIALS


FALSE = {
    "off by one": (x + 1, x),
    "off by very little": (x, x * (1 + constant(2.0**-1000))),
    "a sign": (exp(-x), exp(x)),
    "a root of a square": (sqrt(x * x), x),
    "minus a root of a square": (sqrt(x * x), -x),
    "a root of a square in company": (sqrt(x * x * (1 + y * y)), x * sqrt(1 + y * y)),
    "the signs of two roots": (sqrt((x - 1) ** 2) * sqrt((x + 1) ** 2), x * x - 1),
    "a wrong power": (exp(x) ** y, exp(x + y)),
    "a wrong multiple": (exp(x) ** 2, exp(3 * x)),
    "the power of a sum": (exp(x) + exp(y), exp(x + y)),
    "a root of a sum": (sqrt(1 + x * x), 1 + x),
    "the other root": (sqrt(1 + x * x), -sqrt(1 + x * x)),
    "two functions": (F.erf(x), F.atan(x)),
    "sin is odd": (F.sin(-x), F.sin(x)),
    "pi is no fraction": (PI, constant(22) / 7),
    "a root of pi": (sqrt(PI), constant(7) / 4),
}


@pytest.mark.parametrize("seed", ["0", "1", "2"])
@pytest.mark.parametrize("name", FALSE)
def test_false_identities_never_pass(name: str, seed: str) -> None:
    found = outcome(*FALSE[name], seed)
    assert not found.same
    assert found.differing == (0,)


OPEN = {
    "the logarithm of a product": (log(x * y), log(x) + log(y)),
    "a double angle": (F.sin(2 * x), 2 * F.sin(x) * F.cos(x)),
    "a power of a power": ((x**y) ** z, x ** (y * z)),
    "nested powers": (exp(exp(x) * exp(y)), exp(exp(x + y))),
    "the root of a square of a positive number": (sqrt((1 + x * x) ** 2), 1 + x * x),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_difference_is_no_disproof_where_functions_are_unknown_or_signs_unseen(name: str) -> None:
    """These are true where their logarithms and roots are defined: the field cannot decide, and must not deny them."""
    found = outcome(*OPEN[name])
    assert not found.same
    assert not found.certain


def test_a_difference_of_known_functions_is_certain() -> None:
    assert outcome(exp(x) * x, exp(x)).certain
    assert not outcome(exp(exp(x)), x).certain


def test_roots_that_depend_on_one_another_take_many_trials() -> None:
    alone = outcome(1 / sqrt(1 + x * x), sqrt(1 + x * x) / (1 + x * x))
    assert (alone.trials, alone.dependent) == (TRIALS, False)
    together = outcome(sqrt(x * x) * sqrt(x * x), x * x)
    assert together.same
    assert (together.trials, together.dependent) == (SIGN_TRIALS, True)
    assert together.error == -SIGN_TRIALS


def test_roots_of_many_sums() -> None:
    """Points at which sixteen independent numbers are squares are found, one after the other."""
    symbols = [symbol(f"s_{i}") for i in range(16)]
    pairs = [(1 / sqrt(1 + s * s), sqrt(1 + s * s) / (1 + s * s)) for s in symbols]
    found = tried(pairs, "0")
    assert found.same
    assert (found.roots, found.dependent) == (16, False)


def test_the_pair_that_differs_is_named() -> None:
    assert tried([(x, x), (x * y, y * x), (x, y)], "0").differing == (2,)


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        (constant(float("inf")) * x, "inf in the middle"),
        (sqrt(constant(-2)) * x, "square root of a negative"),
        (x ** constant(0.5) / (y - y), "division by 0"),
    ],
)
def test_an_unreadable_term_has_a_reason(term: Term, reason: str) -> None:
    found = outcome(term, x)
    assert reason in found.reason
    assert not found.same


def test_a_degree_beyond_all_primes_is_inconclusive() -> None:
    power = x
    for _ in range(40):
        power = power * power
    for _ in range(100):
        power = power**1000
    assert outcome(power * (x + 1), power * x + power).error >= 0


def test_the_same_seed_gives_the_same_outcome() -> None:
    a, b = TRUE["a root"]
    assert outcome(a, b, seed_of(0, "f")) == outcome(a, b, seed_of(0, "f"))
    assert seed_of(0, "f") != seed_of(1, "f")


def test_every_function_of_terms_can_be_read_or_is_opaque() -> None:
    from backproof.verify.terms.ops import BINARY, SPECIAL, UNARY

    branches = {"abs", "floor", "ceil", "maximum", "minimum"}  # these are decided at a point before
    for name in {*UNARY, *SPECIAL, *BINARY} - branches:
        t = apply(name, *([x + 2, y][: 2 if name in BINARY else 1]))
        assert outcome(t, t).same
        assert outcome(t + 0 * z, t * 1).same, name


def test_the_bound_with_powers_of_e_is_that_of_the_smaller_field() -> None:
    """Exponents count modulo q: where they differ by a polynomial that vanishes there, e**u and e**v are equal."""
    rational = outcome((x + 1) ** 2, x * x + 2 * x + 1)
    powers = outcome(exp(x + x), exp(x) * exp(x))
    assert rational.same
    assert powers.same
    assert -TRIALS * LEAST_Q_BITS <= powers.error < -100
    assert rational.error < 2 * powers.error
