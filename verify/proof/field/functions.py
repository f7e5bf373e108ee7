"""The elementary functions of a field: each brings its value to a normal form in the fewest generators.

Sums in an exponent become products, products in a logarithm sums, multiples of an angle polynomials in its
sine and cosine; hyperbolic functions and their inverses are written with exp and log.  So that, say,
tanh(x/2) and (e**x - 1)/(e**x + 1) get the same form.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from math import gcd

from flint import fmpz

from backproof.verify.proof.field import algebra
from backproof.verify.proof.field.algebra import (
    CONSTANT_ONE,
    CONSTANT_ZERO,
    Element,
    NoValue,
    Polynomial,
    generator,
    number,
    quotient,
)
from backproof.verify.proof.field.differential_field import DERIVATIVES, Field, Generator, Restart
from backproof.verify.proof.field.signs import known_sign, sign
from backproof.verify.terms.term import Term, apply, constant

FINEST = 512
FINEST_CONSTANT = 2**24
"""The largest ratio of two coefficients that is expressed as a power of one exponential or root; for constants,
which are never factored, a larger one."""

HIGHEST_ROOT = 24
MOST_TURNS = 24


# ---------------------------------------------------------------------------------------------- exponentials


def exp(field: Field, u: Element) -> Element:
    """e**u as a product: a power of its argument for every logarithm in u, an exponential for the rest."""
    result = CONSTANT_ONE
    for c, part in summands(field.canonical(u)):
        g = single(field, part, "log")
        result = result * (_exp_of_monomial(field, c, part) if g is None else _absolute_power(field, g, c))
    return result


def _absolute_power(field: Field, g: Generator, c: Fraction) -> Element:
    """|p|**c, which is e**(c·log|p|)."""
    if c.denominator == 1 and c.numerator % 2 == 0:
        return g.argument ** int(c)
    s = sign(field, g.argument)
    return _power(field, g.argument.num if s > 0 else -g.argument.num, c)


def _exp_of_monomial(field: Field, c: Fraction, part: Element) -> Element:
    base, times = grain_of(field, "exp", part, c)
    argument = part.scaled(base)
    g = field.deal("exp", argument, lambda: apply("exp", field.term(argument)))
    return generator(g.index) ** times


def summands(u: Element) -> Iterator[tuple[Fraction, Element]]:
    """``u`` as a sum of rational multiples of quotients with one term in the numerator and coefficient 1.

    The polynomial part is split off first, so that 1 + 1/x and (x + 1)/x give the same parts.
    """
    if u.den.is_constant():
        for c, monomial in algebra.terms(u.num):
            yield c, Element(monomial)
        return
    whole, rest = divmod(u.num, u.den)
    for c, monomial in algebra.terms(whole):
        yield c, Element(monomial)
    for c, monomial in algebra.terms(rest):
        yield c, quotient(monomial, u.den)


def grain_of(
    field: Field, kind: str, part: Element, c: Fraction, first: Fraction | None = None
) -> tuple[Fraction, int]:
    """The grain in which multiples of ``part`` are counted, and how many of it make c.

    The first multiple met (or ``first``) sets the grain; one that is not a whole number of grains raises
    Restart with a finer one.
    """
    name = f"{kind} {field.term(part)!r}"
    if name not in field.grains:
        field.grains[name] = field.hints.get(name, first or abs(c))
    grain = field.grains[name]
    times = c / grain
    finest = FINEST if moves(field, part) else FINEST_CONSTANT
    if times.denominator == 1 and abs(times) <= finest:
        return grain, int(times)
    finer = Fraction(
        gcd(grain.numerator * c.denominator, c.numerator * grain.denominator),
        grain.denominator * c.denominator,
    )
    if abs(c) / finer <= finest and grain / finer <= finest:
        raise Restart(name, finer)
    return abs(c), 1 if c > 0 else -1  # too fine to share: a separate function


def moves(field: Field, u: Element) -> bool:
    """Whether ``u`` depends on a symbol."""
    return any(
        g.kind == "symbol" or moves(field, g.argument) for g in (field.generators[i] for i in u.indices())
    )


def single(field: Field, u: Element, kind: str) -> Generator | None:
    """The generator that ``u`` equals, if it is one of this kind."""
    if not u.den.is_one() or len(u.num) != 1 or u.num.total_degree() != 1:
        return None
    g = field.generators[algebra.indices(u.num)[0]]
    return g if g.kind == kind and u.num.leading_coefficient() == 1 else None


# ------------------------------------------------------------------------------------------------ logarithms


def log(field: Field, u: Element) -> Element:
    """log|u| as a sum over the factors of u; a real logarithm where u is not 0."""
    u = field.canonical(u)
    if not u:
        raise ZeroDivisionError("log 0")
    result = CONSTANT_ZERO
    for p, direction in ((u.num, 1), (u.den, -1)):
        content, found = field.fine_factors(p)
        if content != 1:
            result = result + _log_of_number(field, abs(content)).scaled(direction)
        for f, multiplicity in found:
            result = result + _log_of_factor(field, f).scaled(direction * multiplicity)
    return result


def _log_of_number(field: Field, c: Fraction) -> Element:
    result = CONSTANT_ZERO
    for whole, direction in ((c.numerator, 1), (c.denominator, -1)):
        for prime, multiplicity in _primes(whole):
            named = partial(apply, "log", constant(prime))
            g = field.deal("log", number(prime), named)
            result = result + generator(g.index).scaled(direction * multiplicity)
    return result


def _primes(n: int) -> list[tuple[int, int]]:
    """The prime factors; a number too large to factor quickly counts as one."""
    if n == 1:
        return []
    if n.bit_length() > 64:
        return [(n, 1)]
    return [(int(p), int(e)) for p, e in fmpz(n).factor()]


def _log_of_factor(field: Field, f: Polynomial) -> Element:
    """log|f| of one irreducible factor."""
    g = single(field, Element(f), "exp")
    if g is not None:
        return g.argument
    g = single(field, Element(f), "root")
    if g is not None:
        return log(field, g.argument).scaled(Fraction(1, g.order))
    conjugate = _unit_conjugate(field, f)
    if conjugate is not None and _comes_first(conjugate[0], f):
        other, norm = conjugate
        return _log_of_number(field, abs(norm)) - _plain_log(field, other)
    return _plain_log(field, f)


def _plain_log(field: Field, f: Polynomial) -> Element:
    def term_of_log() -> Term:
        s = known_sign(field, Element(f))
        inner = field.term(Element(f if s != -1 else -f))
        return apply("log", inner if s is not None else apply("abs", inner))

    return generator(field.deal("log", Element(f), term_of_log).index)


def _unit_conjugate(field: Field, f: Polynomial) -> tuple[Polynomial, Fraction] | None:
    """For f = a + b·R with R a square root and f·(a - b·R) a rational number: the conjugate, and that number.

    √(1 + x²) + x and √(1 + x²) - x are such a pair: the logarithm of one is minus that of the other.
    """
    degrees = f.degrees()
    for index in reversed(field.generators):
        g = field.generators[index]
        if g.kind == "root" and g.order == 2 and degrees[index] == 1:
            flipped = {m: -c if m[index] % 2 else c for m, c in f.to_dict().items()}
            other = algebra.RING.from_dict(flipped)
            norm = field.reduced_polynomial(f * other)
            if norm.is_constant():
                if other.leading_coefficient() < 0:
                    other = -other
                return other, algebra.fraction(norm.leading_coefficient())
            return None
    return None


def _comes_first(conjugate: Polynomial, f: Polynomial) -> bool:
    """Which of the two is kept: the one with + at the first difference."""
    return bool(conjugate.coeffs() > f.coeffs())


# ---------------------------------------------------------------------------------------------------- powers


def power(field: Field, u: Element, c: Fraction) -> Element:
    """u**c for u > 0 (or u = 0 < c) and a rational c, as a product over the factors of u.

    Factors of unknown sign whose product is positive go under one root; raises Split where that fails.
    """
    u = field.canonical(u)
    if not u:
        if c > 0:
            return CONSTANT_ZERO
        raise ZeroDivisionError("a negative power of 0")
    result, unsigned = CONSTANT_ONE, algebra.ONE
    for p, direction in ((u.num, 1), (u.den, -1)):
        content, found = field.fine_factors(p)
        unsigned = unsigned if content > 0 else -unsigned
        result = result * _power_of_number(field, abs(content), c * direction)
        for f, multiplicity in found:
            s = known_sign(field, Element(f))
            if s is None and direction == multiplicity == 1:
                unsigned = unsigned * f  # with the signs of all other factors: u > 0, so this is positive
                continue
            if s is None:
                s = sign(field, Element(f))
            result = result * _power(field, f if s > 0 else -f, c * direction * multiplicity)
            unsigned = unsigned if s > 0 or multiplicity % 2 == 0 else -unsigned
    return result if unsigned.is_constant() else result * _power(field, unsigned, c)


def _power_of_number(field: Field, number_: Fraction, c: Fraction) -> Element:
    result = CONSTANT_ONE
    for whole, direction in ((number_.numerator, 1), (number_.denominator, -1)):
        for prime, multiplicity in _primes(whole):
            result = result * _power(field, algebra.RING.constant(prime), c * direction * multiplicity)
    return result


def _power(field: Field, f: Polynomial, c: Fraction) -> Element:
    """f**c for a polynomial that is positive on the cell."""
    g = single(field, Element(f), "exp")
    if g is not None and c.denominator != 1:
        return exp(field, g.argument.scaled(c))
    g = single(field, Element(f), "root")
    if g is not None and c.denominator != 1:
        return power(field, g.argument, c / g.order)
    conjugate = _unit_conjugate(field, f) if c.denominator != 1 else None
    if conjugate is not None and _comes_first(conjugate[0], f if f.leading_coefficient() > 0 else -f):
        other, norm = conjugate
        positive = other if sign(field, Element(other)) > 0 else -other
        return _power_of_number(field, abs(norm), c) * _power(field, positive, -c)
    whole = c.numerator // c.denominator
    rest = c - whole
    result = Element(f) ** whole if whole else CONSTANT_ONE
    if not rest:
        return result
    if rest.denominator > HIGHEST_ROOT:
        return result * _exp_of_monomial(field, rest, log(field, Element(f)))
    grain, times = grain_of(field, "root", Element(f), rest, Fraction(1, rest.denominator))
    return result * generator(_root(field, f, grain.denominator).index) ** times


def _root(field: Field, f: Polynomial, order: int) -> Generator:
    def term_of_root() -> Term:
        inner = field.term(Element(f))
        if order in (2, 3):
            return apply("sqrt" if order == 2 else "cbrt", inner)
        return apply("pow", inner, constant(Fraction(1, order)))

    return field.deal("root", Element(f), term_of_root, order)


# ---------------------------------------------------------------------------------------- circular functions


def sine_cosine(field: Field, u: Element) -> tuple[Element, Element]:
    """(sin u, cos u): the angles of a sum are added by turning, (c + i·s)(c' + i·s')."""
    sine, cosine = CONSTANT_ZERO, CONSTANT_ONE
    for c, part in summands(field.canonical(u)):
        s, k = _turn(field, c, part)
        sine, cosine = sine * k + cosine * s, cosine * k - sine * s
        sine, cosine = field.reduced(sine), field.reduced(cosine)
    return sine, cosine


def _turn(field: Field, c: Fraction, part: Element) -> tuple[Element, Element]:
    """Sine and cosine of c times one summand."""
    if part == field.sqrt_pi() ** 2:
        known = _known_angle(field, c % 2)
        if known is not None:
            return known
    arctangent = single(field, part, "atan")
    if arctangent is not None and c.denominator == 1 and abs(c) <= MOST_TURNS:
        v = arctangent.argument  # sin(atan v) = v/√(1 + v²), cos(atan v) = 1/√(1 + v²)
        cosine = power(field, CONSTANT_ONE + v * v, Fraction(-1, 2))
        return _times(field, v * cosine, cosine, int(c))
    base, times = grain_of(field, "sin", part, c)
    if abs(times) > MOST_TURNS:
        base, times = abs(c), 1 if c > 0 else -1
    argument = part.scaled(base)
    s, k = field.deal_pair(argument)
    return _times(field, generator(s.index), generator(k.index), times)


def _times(field: Field, sine: Element, cosine: Element, n: int) -> tuple[Element, Element]:
    """Sine and cosine of n times the angle, by doubling."""
    if n < 0:
        sine, n = -sine, -n
    s, k = CONSTANT_ZERO, CONSTANT_ONE
    for bit in f"{n:b}":
        s, k = field.reduced(s * k.scaled(2)), field.reduced(k * k - s * s)
        if bit == "1":
            s, k = field.reduced(s * cosine + k * sine), field.reduced(k * cosine - s * sine)
    return s, k


def _known_angle(field: Field, c: Fraction) -> tuple[Element, Element] | None:
    """Sine and cosine of c·π for a multiple of π/6 or π/4."""
    quarter = int(c * 2)
    rest = c - Fraction(quarter, 2)
    half = Fraction(1, 2)
    if rest == 0:
        s, k = CONSTANT_ZERO, CONSTANT_ONE
    elif rest == Fraction(1, 6):
        s, k = number(half), _half_root(field, 3)
    elif rest == Fraction(1, 4):
        s, k = _half_root(field, 2), _half_root(field, 2)
    elif rest == Fraction(1, 3):
        s, k = _half_root(field, 3), number(half)
    else:
        return None
    for _ in range(quarter):
        s, k = k, -s
    return s, k


def _half_root(field: Field, n: int) -> Element:
    """√n/2."""
    return power(field, number(n), Fraction(1, 2)).scaled(Fraction(1, 2))


def atan(field: Field, u: Element) -> Element:
    """atan u, the argument's leading coefficient positive; exact at 0 and ±1."""
    u = field.canonical(u)
    if not u:
        return CONSTANT_ZERO
    if u.num.leading_coefficient() < 0:
        return -atan(field, -u)
    value = u.constant()
    if value == 1:
        return (field.sqrt_pi() ** 2).scaled(Fraction(1, 4))
    g = field.deal("atan", u, lambda: apply("atan", field.term(u)))
    return generator(g.index)


def asin(field: Field, u: Element) -> Element:
    """asin u = atan(u/√(1 - u²)); exact at ±1."""
    u = field.canonical(u)
    cosine_squared = CONSTANT_ONE - u * u
    within = sign(field, cosine_squared)
    if within < 0:
        raise NoValue("asin of a number beyond ±1")
    if within == 0:
        return (field.sqrt_pi() ** 2).scaled(Fraction(sign(field, u), 2))
    return atan(field, u * power(field, cosine_squared, Fraction(-1, 2)))


def erf(field: Field, u: Element) -> Element:
    """erf u, the argument's leading coefficient positive."""
    u = field.canonical(u)
    if not u:
        return CONSTANT_ZERO
    inverse = single(field, u, "erfinv")
    if inverse is not None:
        return inverse.argument
    if u.num.leading_coefficient() < 0:
        return -erf(field, -u)
    g = field.deal("erf", u, lambda: apply("erf", field.term(u)))
    return generator(g.index)


def _erf_derivative(field: Field, g: Generator, inner: Element) -> Element:
    """2/√π·e**(-a²)·a'."""
    bell = exp(field, -(g.argument * g.argument))
    return number(2) / field.sqrt_pi() * bell * inner


DERIVATIVES["erf"] = _erf_derivative
