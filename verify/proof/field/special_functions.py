"""Special functions in a field: generators whose derivatives lie in the field again, with the relations used.

    kind        generator         derivative                     relation
    gamma       Γ(a)              Γ(a)·ψ(a)·a'                   Γ(a + 1) = a·Γ(a), known at 1/2 and 1 (DLMF 5.4, 5.5.1)
    polygamma   ψ⁽ⁿ⁾(a)           ψ⁽ⁿ⁺¹⁾(a)·a'                   the same, derived                     (DLMF 5.15.5)
    erfinv      F: erf F = a      √π/2·e**(F²)·a'                erf and erfinv undo each other        (DLMF 7.17)
    expi        Ei(a)             e**a/a·a'                      -                                     (DLMF 6.2.5)
    spence      Li₂(1 - a)        log(a)/(1 - a)·a'              -                                     (DLMF 25.12.2)
    bessel_j/y  Cᵥ(a)             (Cᵥ₋₁ - Cᵥ₊₁)/2·a'             a·(Cᵥ₋₁ + Cᵥ₊₁) = 2v·Cᵥ               (DLMF 10.6.1)
    bessel_i    Iᵥ(a)             (Iᵥ₋₁ + Iᵥ₊₁)/2·a'             a·(Iᵥ₋₁ - Iᵥ₊₁) = 2v·Iᵥ               (DLMF 10.29.1)
    bessel_k    Kᵥ(a)             -(Kᵥ₋₁ + Kᵥ₊₁)/2·a'            a·(Kᵥ₊₁ - Kᵥ₋₁) = 2v·Kᵥ               (DLMF 10.29.1)
    gammainc    P(v, a)           a**(v - 1)·e**-a/Γ(v)·a'       -                                     (DLMF 8.8.13)
    betainc     I(v, w, a)        a**(v - 1)·(1 - a)**(w - 1)/B(v, w)·a'                               (DLMF 8.17.1)

log|Γ(a)| is the logarithm of the generator Γ(a), so that the exponential of a sum of them is a product again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import partial
from math import factorial

from flint import arb

from backproof.verify.arithmetics import special_balls
from backproof.verify.arithmetics.balls import ratio
from backproof.verify.proof.cell import NOT_ZERO
from backproof.verify.proof.field import functions
from backproof.verify.proof.field.algebra import (
    CONSTANT_ONE,
    CONSTANT_ZERO,
    GENS,
    Element,
    NoValue,
    Polynomial,
    TooHard,
    generator,
    indices,
    number,
    total,
)
from backproof.verify.proof.field.differential_field import DERIVATIVES, LOWERED, Field, Generator
from backproof.verify.proof.field.signs import known_sign, learn, require_nonzero, sign
from backproof.verify.proof.field.values import FUNCTIONS
from backproof.verify.terms.term import apply, constant

LARGEST = 60  # of the integers whose factorial is evaluated
FURTHEST = 24  # of the orders that a recurrence goes through

BESSEL = ("bessel_j", "bessel_y", "bessel_i", "bessel_k")


class Poles(TooHard):
    """Whether an argument hits a pole is undecided."""


# ------------------------------------------------------------------------------------ gamma and its derivatives


def _off_poles(field: Field, u: Element, trusting: bool) -> None:
    """Return if ``u`` is nowhere 0, -1, -2, ... on the cell: where it is above 0, or was trusted before.

    trusting: as in a definition, whose domain is where it has a value.
    Raises NoValue at a pole, Poles where it is undecided.
    """
    value = u.constant()
    if value is not None:
        if value.denominator == 1 and value <= 0:
            raise NoValue(f"a pole at {value}")
    elif not any(_is_steps_above(u, known) for known in field.regular) and known_sign(field, u) != 1:
        if not trusting:
            raise Poles(f"whether {field.term(u)!r} is 0, -1, -2, ... is undecided")
        field.regular.append(u)


def _is_steps_above(u: Element, known: Element) -> bool:
    """Whether ``u`` is 0, 1, 2, ... above an argument that is nowhere 0, -1, -2, ...: then it is not, either."""
    steps = (u - known).constant()
    return steps is not None and steps >= 0 and steps.denominator == 1


def gamma(field: Field, u: Element, trusting: bool = False) -> Element:
    """Γ(u), which has no zeros (DLMF 5.2.1)."""
    u = field.canonical(u)
    _off_poles(field, u, trusting)
    value = u.constant()
    if value is not None and value.denominator <= 2 and abs(value) <= LARGEST:
        return _gamma_of_number(field, value)
    near = _whole_steps_away(field, "gamma", u)
    if near is not None:
        g, steps = near
        lower = g.argument if steps > 0 else u
        rising = _product(lower + number(k) for k in range(abs(steps)))
        return generator(g.index) * rising if steps > 0 else generator(g.index) / rising
    g = field.deal("gamma", u, lambda: apply("gamma", field.term(u)))
    if GENS[g.index] not in field.signs:
        field.signs[GENS[g.index]] = NOT_ZERO
    return generator(g.index)


def _whole_steps_away(
    field: Field, kind: str, u: Element, parameters: tuple[Fraction, ...] = ()
) -> tuple[Generator, int] | None:
    """A generator of this kind whose argument differs from ``u`` by a whole number of steps, and how many it takes."""
    for g in field.generators.values():
        if g.kind == kind and g.parameters == parameters:
            steps = (u - g.argument).constant()
            if steps and steps.denominator == 1 and abs(steps) <= FURTHEST:
                return g, int(steps)
    return None


def _product(parts: Iterable[Element]) -> Element:
    """The product."""
    result = CONSTANT_ONE
    for part in parts:
        result = result * part
    return result


def _gamma_of_number(field: Field, c: Fraction) -> Element:
    """Γ(n) = (n - 1)! and Γ(1/2) = √π (DLMF 5.4.1, 5.4.6), and from there in steps of one (DLMF 5.5.1)."""
    if c.denominator == 1:
        return number(factorial(int(c) - 1))
    size, at = Fraction(1), Fraction(1, 2)
    while at < c:
        size, at = size * at, at + 1
    while at > c:
        at -= 1
        size /= at
    return field.sqrt_pi().scaled(size)


def log_gamma(field: Field, u: Element, trusting: bool = False) -> Element:
    """log|Γ(u)|."""
    return functions.log(field, gamma(field, u, trusting))


def polygamma(field: Field, n: int, u: Element, trusting: bool = False) -> Element:
    """The n-th derivative of ψ = Γ'/Γ."""
    u = field.canonical(u)
    _off_poles(field, u, trusting)
    near = _whole_steps_away(field, "polygamma", u, (Fraction(n),))
    if near is not None:
        g, steps = near
        lower = g.argument if steps > 0 else u
        added = total((lower + number(k)) ** -(n + 1) for k in range(abs(steps)))
        return generator(g.index) + added.scaled((-1) ** n * factorial(n) * (1 if steps > 0 else -1))
    names = {0: ("digamma",), 1: ("trigamma",)}
    name, *order = names.get(n, ("polygamma", constant(n)))
    named = partial(apply, name, *order)
    g = field.deal("polygamma", u, lambda: named(field.term(u)), parameters=(Fraction(n),))
    return generator(g.index)


# ---------------------------------------------------------------------------------------- functions of one operand


def erfinv(field: Field, u: Element) -> Element:
    """The inverse of erf, between -1 and 1; the argument's leading coefficient positive."""
    u = field.canonical(u)
    if not u:
        return CONSTANT_ZERO
    inner = functions.single(field, u, "erf")
    if inner is not None:
        return inner.argument
    if u.num.leading_coefficient() < 0:
        return -erfinv(field, -u)
    if sign(field, CONSTANT_ONE - u * u) <= 0:
        raise NoValue("erfinv of a number not between -1 and 1")
    return generator(field.deal("erfinv", u, lambda: apply("erfinv", field.term(u))).index)


def expi(field: Field, u: Element, trusting: bool = False) -> Element:
    """Ei(u), u not 0."""
    u = field.canonical(u)
    if not u:
        raise NoValue("a pole at 0")
    if trusting:
        learn(field, u, NOT_ZERO)
    else:
        require_nonzero(field, u)
    return generator(field.deal("expi", u, lambda: apply("expi", field.term(u))).index)


def spence(field: Field, u: Element) -> Element:
    """Li₂(1 - u), u ≥ 0; known at 0 and 1 (DLMF 25.12.1)."""
    u = field.canonical(u)
    if not u:
        return (field.sqrt_pi() ** 4).scaled(Fraction(1, 6))
    if sign(field, u) < 0:
        raise NoValue("spence of a negative number")
    if u.constant() == 1:
        return CONSTANT_ZERO
    return generator(field.deal("spence", u, lambda: apply("spence", field.term(u))).index)


# ------------------------------------------------------------------------------------------- with an order before


def bessel(field: Field, kind: str, order: Fraction, u: Element) -> Element:
    """The function of this order, an integer order made positive; u > 0 unless J or I is of integer order."""
    u = field.canonical(u)
    whole, regular = order.denominator == 1, kind in ("bessel_j", "bessel_i")
    odd = whole and int(order) % 2 == 1
    if order < 0 and (whole or kind == "bessel_k"):  # DLMF 10.4.1, 10.27.1, 10.27.3
        found = bessel(field, kind, -order, u)
        return -found if odd and kind in ("bessel_j", "bessel_y") else found
    if not u:
        if not regular or order < 0:
            raise NoValue(f"{kind} has no value at 0")
        return CONSTANT_ONE if order == 0 else CONSTANT_ZERO
    if not (whole and regular):
        if sign(field, u) < 0:
            raise NoValue(f"{kind} of a negative number")
    elif u.num.leading_coefficient() < 0:  # DLMF 10.11.1, 10.34.1
        return -bessel(field, kind, order, -u) if odd else bessel(field, kind, order, -u)
    named = partial(apply, kind, constant(order))
    g = field.deal(kind, u, lambda: named(field.term(u)), parameters=(order,))
    return generator(g.index)


def _bessel_derivative(field: Field, g: Generator, inner: Element) -> Element:
    (order,) = g.parameters
    before, after = (bessel(field, g.kind, order + step, g.argument) for step in (-1, 1))
    twice = {"bessel_i": before + after, "bessel_k": -(before + after)}.get(g.kind, before - after)
    return twice.scaled(Fraction(1, 2)) * inner


def _lowered(field: Field, p: Polynomial) -> Polynomial:
    """``p`` with every Bessel function expressed in the two of lowest order of its kind and argument.

    The result is 0 only if ``p`` is: it is p times a power of the arguments, which vanish on no open set, where p is
    continuous.  An argument for which that is not known is left alone.
    """
    if not any(g.kind in BESSEL for g in field.generators.values()):
        return p
    for _ in range(FURTHEST):
        g = _highest(field, p)
        if g is None:
            return p
        (order,) = g.parameters
        one, two = (bessel(field, g.kind, order - step, g.argument) for step in (1, 2))
        share = (one / g.argument).scaled(2 * (order - 1))
        image = {"bessel_i": two - share, "bessel_k": two + share}.get(g.kind, share - two)
        p = field.reduced_polynomial(_replaced(p, g.index, image).num)
    return p


def _highest(field: Field, p: Polynomial) -> Generator | None:
    """The Bessel function in ``p`` of the highest order, if one of its kind two or more orders below occurs, too."""
    found = [field.generators[i] for i in indices(p) if field.generators[i].kind in BESSEL]
    for g in sorted(found, key=lambda g: g.parameters, reverse=True):
        kin = (f.parameters[0] for f in found if f.kind == g.kind and f.argument == g.argument)
        steps = [g.parameters[0] - order for order in kin]
        if any(step >= 2 and step.denominator == 1 for step in steps) and _vanishes_rarely(field, g.argument):
            return g
    return None


def _vanishes_rarely(field: Field, u: Element) -> bool:
    """Whether ``u`` is 0 on no open set: a polynomial in the symbols, or a number with a sign."""
    plain = all(field.generators[i].kind == "symbol" for i in u.indices())
    return plain or known_sign(field, u) in (1, -1)


def _replaced(p: Polynomial, i: int, image: Element) -> Element:
    """``p`` with an element in place of a generator."""
    result = CONSTANT_ZERO
    degree = int(p.degrees()[i])
    for power in range(degree, -1, -1):  # by Horner's rule
        part = {m: c for m, c in p.to_dict().items() if m[i] == power}
        lowered = {tuple(0 if k == i else n for k, n in enumerate(m)): c for m, c in part.items()}
        result = result * image + Element(p.context().from_dict(lowered))
    return result


def incomplete_gamma(field: Field, a: Fraction, u: Element) -> Element:
    """P(a, u) for a > 0 and u ≥ 0; 0 at 0."""
    u = field.canonical(u)
    if not u:
        return CONSTANT_ZERO
    if sign(field, u) < 0:
        raise NoValue("an incomplete gamma function of a negative number")
    named = partial(apply, "gammainc", constant(a))
    g = field.deal("gammainc", u, lambda: named(field.term(u)), parameters=(a,))
    return generator(g.index)


def incomplete_beta(field: Field, a: Fraction, b: Fraction, u: Element) -> Element:
    """I(a, b, u) for a, b > 0 and 0 ≤ u ≤ 1; known at 0 and 1."""
    u = field.canonical(u)
    if not u or u.constant() == 1:
        return u
    if sign(field, u) < 0 or sign(field, CONSTANT_ONE - u) < 0:
        raise NoValue("an incomplete beta function of a number not between 0 and 1")
    named = partial(apply, "betainc", constant(a), constant(b))
    g = field.deal("betainc", u, lambda: named(field.term(u)), parameters=(a, b))
    return generator(g.index)


def _density(field: Field, g: Generator, inner: Element) -> Element:
    """The derivative of P and of I: powers of the argument, and of 1 minus it, over a constant."""
    u, a = g.argument, g.parameters[0]
    if g.kind == "gammainc":
        size = functions.exp(field, functions.log(field, u).scaled(a - 1) - u)
        return size / gamma(field, number(a)) * inner
    b = g.parameters[1]
    rest = functions.log(field, CONSTANT_ONE - u)
    size = functions.exp(field, functions.log(field, u).scaled(a - 1) + rest.scaled(b - 1))
    above, below = gamma(field, number(a)) * gamma(field, number(b)), gamma(field, number(a + b))
    return size * below / above * inner


# --------------------------------------------------------------------------------------------------- the tables


def _erfinv_derivative(field: Field, g: Generator, inner: Element) -> Element:
    itself = generator(g.index)
    return field.sqrt_pi().scaled(Fraction(1, 2)) * functions.exp(field, itself * itself) * inner


def _spence_derivative(field: Field, g: Generator, inner: Element) -> Element:
    return functions.log(field, g.argument) / (CONSTANT_ONE - g.argument) * inner


def _in_balls(g: Generator, u: arb) -> arb:
    return special_balls.FUNCTIONS[g.kind](*(ratio(c.numerator, c.denominator) for c in g.parameters), u)


DERIVATIVES.update(
    {
        "gamma": lambda field, g, inner: generator(g.index) * polygamma(field, 0, g.argument) * inner,
        "polygamma": lambda field, g, inner: polygamma(field, int(g.parameters[0]) + 1, g.argument) * inner,
        "erfinv": _erfinv_derivative,
        "expi": lambda field, g, inner: functions.exp(field, g.argument) / g.argument * inner,
        "spence": _spence_derivative,
        **dict.fromkeys(BESSEL, _bessel_derivative),
        **dict.fromkeys(("gammainc", "betainc"), _density),
    }
)
LOWERED.append(_lowered)

FUNCTIONS.update(
    {
        "gamma": lambda g, a: a.gamma(),
        **dict.fromkeys(("erfinv", "polygamma", *BESSEL, "gammainc", "betainc", "expi", "spence"), _in_balls),
    }
)


AGAIN: dict[str, Callable[[Field, Generator, Element], Element]] = {
    "gamma": lambda field, g, u: gamma(field, u),
    "polygamma": lambda field, g, u: polygamma(field, int(g.parameters[0]), u),
    "erfinv": lambda field, g, u: erfinv(field, u),
    "expi": lambda field, g, u: expi(field, u),
    "spence": lambda field, g, u: spence(field, u),
    **dict.fromkeys(BESSEL, lambda field, g, u: bessel(field, g.kind, g.parameters[0], u)),
    "gammainc": lambda field, g, u: incomplete_gamma(field, g.parameters[0], u),
    "betainc": lambda field, g, u: incomplete_beta(field, g.parameters[0], g.parameters[1], u),
}
"""The function of a generator, applied to another argument."""
