"""Quotients of polynomials in a fixed stock of generators, with rational coefficients.

The polynomials are FLINT's `fmpq_mpoly`, in lexicographic order.  Generators are allotted from the last index
down, so a later generator is the larger one, and dividing by a relation ``g**n - p`` with p in earlier
generators removes every power of g from the n-th on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import compress
from math import gcd, lcm
from typing import Any, Generic, TypeVar

from flint import Ordering, fmpq, fmpq_mpoly_ctx

from backproof.verify.support.fuel import charge

STOCK = 40
"""The number of generators."""

MOST_TERMS = 6000
"""A product of polynomials that would have more terms than this is refused: FLINT cannot be interrupted."""

MOST_BITS = 2**17
"""A power of a number that would have more binary digits than this is refused: one division of such takes a second."""

_DENSE = 64  # a degree
_SMALL = 200  # terms times degree, below which nobody asks for the variables

Polynomial = Any  # flint.fmpq_mpoly, which has no usable static type for its operators
V = TypeVar("V")

RING = fmpq_mpoly_ctx.get([f"g{i}" for i in range(STOCK)], Ordering.lex)
GENS: tuple[Polynomial, ...] = tuple(RING.gens())
ZERO: Polynomial = RING.constant(0)
ONE: Polynomial = RING.constant(1)


class TooHard(Exception):
    """A computation that would exceed the limits set here."""


class NoValue(Exception):
    """A function that has no real value on a whole cell; the message says which."""


def rational(c: Fraction | int) -> Any:
    """``c`` as a number of the ring."""
    return fmpq(c.numerator, c.denominator)


def fraction(c: Any) -> Fraction:
    """A number of the ring as a Fraction."""
    return Fraction(int(c.p), int(c.q))


def product(a: Polynomial, b: Polynomial) -> Polynomial:
    """a·b; raises TooHard where it may have too many terms."""
    if len(a) * len(b) > MOST_TERMS:
        raise TooHard(f"a product of {len(a)} by {len(b)} terms")
    charge("products", 12 + (3 * len(a) * len(b) * (digits(a) + digits(b))) // 4)
    return a * b


def digits(p: Polynomial) -> int:
    """The size of its leading coefficient, in pieces of 2,048 bits: what arithmetic with its numbers costs."""
    return 1 + (_bits(p.leading_coefficient()) >> 11) if p else 1


def remainder(p: Polynomial, relation: Polynomial) -> Polynomial:
    """``p`` modulo a relation."""
    charge("remainders", 15 + _size(p) * digits(p) // 16)
    return divmod(p, relation)[1]


def _common_work(a: Polynomial, b: Polynomial) -> int:
    """What a greatest common divisor costs: in one variable a 64th of what it does in several, measured."""
    size = _size(a) + _size(b)
    return size if size < _SMALL or len({*indices(a), *indices(b)}) > 1 else _SMALL + size // 64


def _size(p: Polynomial) -> int:
    """Terms times degree: what a division of polynomials costs; a single term is divided at once.

    A high degree of few terms is a power of another generator, e**(x/3) of e**(x/1000000), which FLINT divides out.
    """
    return len(p) if len(p) < 2 else len(p) * (1 + min(int(p.total_degree()), _DENSE))


def indices(p: Polynomial) -> list[int]:
    """The generators that occur in ``p``, earliest first."""
    return occurring(p.degrees()) if p else []


def occurring(exponents: tuple[Any, ...]) -> list[int]:
    """The generators whose exponent is not 0, earliest first: they are allotted from the end."""
    return list(compress(_EARLIEST_FIRST, reversed(exponents)))


_EARLIEST_FIRST = range(STOCK - 1, -1, -1)


def terms(p: Polynomial) -> Iterator[tuple[Fraction, Polynomial]]:
    """The coefficient and the monomial of every term."""
    for exponents, coefficient in zip(p.monoms(), p.coeffs(), strict=True):
        yield fraction(coefficient), RING.from_dict({exponents: 1})


def factors(p: Polynomial) -> tuple[Fraction, list[tuple[Polynomial, int]]]:
    """A rational content and the factors of ``p`` with their multiplicities.

    Factors have whole coefficients and a positive leading one; they are irreducible up to a size past which
    only repeated factors are split off.
    """
    if p.is_constant():
        return fraction(p.leading_coefficient()) if p else Fraction(0), []
    if len(p) == 1:
        return fraction(p.leading_coefficient()), [(GENS[i], int(p.degrees()[i])) for i in indices(p)]
    if p.total_degree() == 1:
        scale = _content(p)
        return scale, [(p / rational(scale), 1)]
    small = len(p) <= 24 and p.total_degree() <= 24
    if not small and len(p) > 400:
        return Fraction(1), [(p, 1)]
    charge("factors", 400 + _size(p) * digits(p))
    content, found = p.factor() if small else p.factor_squarefree()
    result = []
    scale = fraction(content)
    for f, e in found:
        if f.leading_coefficient() < 0:
            f, scale = -f, scale * (-1) ** int(e)
        result.append((f, int(e)))
    return scale, result


def _content(p: Polynomial) -> Fraction:
    """The rational content of ``p``, with the leading coefficient of the primitive part positive."""
    coefficients = [fraction(c) for c in p.coeffs()]
    above = gcd(*(c.numerator for c in coefficients))
    return Fraction(above if coefficients[0] > 0 else -above, lcm(*(c.denominator for c in coefficients)))


def univariate(p: Polynomial, i: int) -> list[Fraction]:
    """The coefficients of ``p``, which has no other generator than i, constant first."""
    coefficients = [Fraction(0)] * (p.degrees()[i] + 1)
    for exponents, c in zip(p.monoms(), p.coeffs(), strict=True):
        coefficients[exponents[i]] = fraction(c)
    return coefficients


class Known(Generic[V]):
    """A dictionary with polynomials as keys.

    FLINT's polynomials have no hash, and their text cannot serve as one: python-flint leaks the memory of every text,
    about a kilobyte each time.  So those of one length are kept in a list.
    """

    def __init__(self) -> None:
        self._shelves: dict[int, tuple[list[Polynomial], list[V]]] = {}

    def __contains__(self, p: Polynomial) -> bool:
        shelf = self._shelves.get(len(p))
        return shelf is not None and p in shelf[0]

    def __setitem__(self, p: Polynomial, value: V) -> None:
        polynomials, values = self._shelves.setdefault(len(p), ([], []))
        if p in polynomials:
            values[polynomials.index(p)] = value
        else:
            polynomials.append(p)
            values.append(value)

    def get(self, p: Polynomial) -> V | None:
        """The value of ``p``; None if it has none."""
        shelf = self._shelves.get(len(p))
        return shelf[1][shelf[0].index(p)] if shelf is not None and p in shelf[0] else None


class Element:
    """num/den in lowest terms, den monic: the same quotient is always the same pair."""

    __slots__ = ("den", "num")

    def __init__(self, num: Polynomial, den: Polynomial = ONE) -> None:
        self.num = num
        self.den = den

    def __repr__(self) -> str:
        return str(self.num) if self.den.is_one() else f"({self.num})/({self.den})"

    def __eq__(self, other: object) -> bool:
        """Whether it is the same quotient, before relations are applied."""
        return isinstance(other, Element) and bool(self.num == other.num) and bool(self.den == other.den)

    def __hash__(self) -> int:
        return hash((len(self.num), len(self.den)))

    def __bool__(self) -> bool:
        return bool(self.num)

    def __neg__(self) -> Element:
        return Element(-self.num, self.den)

    def __add__(self, other: Element) -> Element:
        if self.den == other.den:
            return Element(self.num + other.num, self.den) if self.den.is_one() else \
                quotient(self.num + other.num, self.den)
        return quotient(
            product(self.num, other.den) + product(other.num, self.den), product(self.den, other.den)
        )

    def __sub__(self, other: Element) -> Element:
        return self + -other

    def __mul__(self, other: Element) -> Element:
        num, den = product(self.num, other.num), product(self.den, other.den)
        return Element(num) if den.is_one() else quotient(num, den)

    def __truediv__(self, other: Element) -> Element:
        return quotient(product(self.num, other.den), product(self.den, other.num))

    def __pow__(self, n: int) -> Element:
        """Raises ZeroDivisionError for a negative power of 0, TooHard for a power with too many terms."""
        if n < 0:
            return (CONSTANT_ONE / self) ** -n
        for p in (self.num, self.den):
            if len(p) > 1 and (n > 60 or len(p) ** min(n, 6) > MOST_TERMS):
                raise TooHard(f"the power {n} of a polynomial of {len(p)} terms")
            if len(p) == 1 and _bits(p.leading_coefficient()) * n > MOST_BITS:
                raise TooHard("a power of a number that has too many digits")
            if p:
                charge("powers", 12 + len(p) ** min(n, 6) + (_bits(p.leading_coefficient()) * n >> 6))
        return Element(self.num**n, self.den**n)

    def scaled(self, c: Fraction | int) -> Element:
        """c times the element."""
        return Element(self.num * rational(c), self.den) if c else CONSTANT_ZERO

    def constant(self) -> Fraction | None:
        """The element as a rational number, or None."""
        if not self.den.is_one() or not self.num.is_constant():
            return None
        return fraction(self.num.leading_coefficient()) if self.num else Fraction(0)

    def indices(self) -> list[int]:
        """The generators that occur, earliest first."""
        if self.den.is_one():
            return indices(self.num)
        return sorted({*indices(self.num), *indices(self.den)}, reverse=True)


def _bits(c: fmpq) -> int:
    """The size of a number; 0 for 1 and -1, whose powers do not grow."""
    above, below = c.p.bit_length(), c.q.bit_length()
    return 0 if above == below == 1 else max(above, below)


def quotient(num: Polynomial, den: Polynomial) -> Element:
    """num/den in lowest terms; raises ZeroDivisionError for den 0."""
    if not den:
        raise ZeroDivisionError("a quotient by 0")
    if not num:
        return CONSTANT_ZERO
    if not den.is_constant():
        charge("quotients", 15 + _common_work(num, den) * (digits(num) + digits(den)) // 2)
        common = num.gcd(den)
        if not common.is_one():
            num, den = num // common, den // common
    lead = den.leading_coefficient()
    return Element(num, den) if lead == 1 else Element(num / lead, den / lead)


def number(c: Fraction | int) -> Element:
    """The constant c."""
    return Element(RING.constant(rational(c)))


def generator(i: int) -> Element:
    """The generator of index i by itself."""
    return Element(GENS[i])


CONSTANT_ZERO = Element(ZERO)
CONSTANT_ONE = Element(ONE)


def total(parts: Iterable[Element]) -> Element:
    """The sum."""
    result = CONSTANT_ZERO
    for part in parts:
        result = result + part
    return result
