"""Constants of a program in a chain of primes: their residues, their powers of e, their logarithms.

π is a random square, so that √π exists.  The logarithm of a fraction is made of those of its prime factors, which are
random numbers among the values, so that log 6 = log 2 + log 3; among exponents it is the discrete logarithm, so that
e**(y·log 2) is 2**y.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpz
from numpy.typing import NDArray

from backproof.verify.arrays.constants import exact
from backproof.verify.arrays.discrete_logarithms import discrete_logarithm
from backproof.verify.arrays.program import PI, Node
from backproof.verify.arrays.residues import PrimeField, Residues, salt
from backproof.verify.terms import term as terms
from backproof.verify.terms.term import Term, topological

MOST_READ = 256
"""Different numbers in an array of constants; with more it is data."""

MOST_ROOTS = 5
"""Different primes under the roots in an array of constants: a chain of primes must have roots of all of them."""

_Different = Sequence[Any] | NDArray[np.float64]


def distinct(node: Node) -> tuple[_Different, NDArray[np.intp] | None]:
    """The different numbers of a constant node, and which of them each entry is; None for one number everywhere."""
    if node.is_uniform:
        return [node.parameter], None
    few = np.unique(node.parameter.reshape(-1)[:4096])
    if len(few) <= MOST_READ:  # a mask, say: a look into a short table is faster than sorting all entries
        places = np.searchsorted(few, node.parameter).clip(0, len(few) - 1)
        if (few[places] == node.parameter).all():
            return few, places
    numbers, places = np.unique(node.parameter, return_inverse=True)
    return numbers, places.reshape(node.shape)


def is_data(numbers: _Different) -> bool:
    """Whether these different numbers of an array are too many to be read: its floats then are meant as they are."""
    if len(numbers) > MOST_READ:
        return True
    if len(numbers) <= MOST_ROOTS:
        return False
    roots = [root for x in numbers if math.isfinite(x) for root in under(meant(x), "sqrt")]
    parts = {abs(rational_part(root)) for root in roots}
    primes = {int(p) for x in parts for p, _ in fmpz(x.numerator * x.denominator).factor()}
    return len(primes) > MOST_ROOTS


def not_finite(node: Node) -> set[str]:
    """Which of "inf" and "nan" are in a node, if it is a constant."""
    if node.kind != "constant" or not isinstance(node.parameter, float | np.ndarray):
        return set()
    floats = np.asarray(node.parameter)
    return {name for name, met in (("inf", np.isinf(floats)), ("nan", np.isnan(floats))) if met.any()}


def meant(number: Any) -> Term:
    """The exact number that is meant.  Raises ValueError for inf and nan."""
    if isinstance(number, Fraction):
        return terms.constant(number)
    return terms.PI if number == PI else exact(float(number)).term


def under(term: Term, op: str) -> list[Term]:
    """The numbers under its roots, op "sqrt", or in its logarithms, op "log"."""
    return [t.args[0] for t in topological(term) if t.op == op]


def rational_part(term: Term) -> Fraction:
    """The rational factor of a number that is written as a product."""
    match term.op:
        case "const":
            return Fraction(term.value)
        case "neg":
            return -rational_part(term.args[0])
        case "mul" | "div":
            a, b = map(rational_part, term.args)
            return a * b if term.op == "mul" or not b else a / b
    return Fraction(1)


class Numbers:
    """Constants modulo the primes of a chain."""

    def __init__(self, fields: Sequence[PrimeField], seed: str) -> None:
        self._fields, self._seed = fields, seed
        self._known: dict[tuple[Term, int, bool], int] = {}

    def values(self, node: Node, level: int) -> Residues:
        """A constant node modulo the prime of a level; a random number for inf and nan, which have no residue."""
        return _spread(node, lambda numbers: self._values(numbers, level))

    def exponentials(self, node: Node, level: int, factor: Fraction) -> Residues:
        """e**(factor·a); 0 for e**-inf, and for e**inf, which has no value."""

        def powers(numbers: _Different) -> Residues:
            infinite = np.isinf(numbers) if isinstance(numbers, np.ndarray) else np.isin(numbers, (math.inf, -math.inf))
            return np.where(infinite, 0, self._powers(numbers, level, factor))

        return _spread(node, powers)

    def logarithms(self, node: Node, level: int) -> Residues:
        """log|a|; a random number for inf and nan.  Raises ZeroDivisionError for 0."""
        return _spread(node, lambda numbers: self._logarithms(numbers, level))

    def _values(self, numbers: _Different, level: int) -> Residues:
        if is_data(numbers):
            floats = np.asarray(numbers)
            found = _binary_fractions(self._fields[level], np.where(np.isfinite(floats), floats, 1.0))
            return np.where(np.isfinite(floats), found, self._random(level, math.inf))
        return self._each(numbers, level, self._value)

    def _powers(self, numbers: _Different, level: int, factor: Fraction) -> Residues:
        field = self._fields[level]
        if level + 1 == len(self._fields):
            return field.power(field.random_function(self._values(numbers, level), salt(self._seed, "exp", factor)), 2)
        above = self._fields[level + 1]
        exponents = above.reduce(self._values(numbers, level + 1) * np.int64(above.of_fraction(factor)))
        return field.powers_of_generator(exponents % field.order)

    def _logarithms(self, numbers: _Different, level: int) -> Residues:
        if is_data(numbers):
            values = self._values(numbers, level)
            return self._fields[level].random_function(values, salt(self._seed, "logarithms of data"))
        return self._each(numbers, level, self._logarithm)

    def _each(self, numbers: _Different, level: int, of: Callable[[Term, int], int]) -> Residues:
        finite = [not isinstance(x, float) or math.isfinite(x) for x in numbers]
        pairs = zip(numbers, finite, strict=True)
        return np.array([of(meant(x), level) if fine else self._random(level, x) for x, fine in pairs], np.int64)

    # ------------------------------------------------------------------------------------------------ one number

    def _random(self, level: int, *name: object) -> int:
        return 1 + salt(self._seed, "number", level, *name) % (self._fields[level].modulus - 1)

    def _value(self, term: Term, level: int) -> int:
        key = term, level, False
        if key not in self._known:
            self._known[key] = self._worked_out(term, level)
        return self._known[key]

    def _worked_out(self, term: Term, level: int) -> int:
        field = self._fields[level]
        m = field.modulus
        match term.op:
            case "const":
                return field.of_fraction(Fraction(term.value))
            case "pi":
                return pow(self._random(level, PI), 2, m)
            case "log":
                return self._logarithm(term.args[0], level)
            case "exp" if level + 1 < len(self._fields):
                return pow(field.generator, self._value(term.args[0], level + 1), m)
            case "exp":
                return self._random(level, term)
        first, *others = (self._value(a, level) for a in term.args)
        match term.op:
            case "neg":
                return -first % m
            case "mul":
                return first * others[0] % m
            case "div":
                return first * field.of_fraction(Fraction(1, others[0])) % m if others[0] else self._zero(term)
            case "sqrt":
                root = pow(first, (m + 1) // 4, m)  # which is a square, as m = 3 mod 4
                return root if root * root % m == first else self._zero(term)
        raise TypeError(f"a constant with {term.op}")

    def _zero(self, term: Term) -> int:
        raise ZeroDivisionError(f"{term!r} does not exist modulo this prime")

    def _logarithm(self, term: Term, level: int) -> int:
        key = term, level, True
        if key not in self._known:
            self._known[key] = self._logarithm_of_value(term, level) if level else self._logarithm_by_parts(term)
        return self._known[key]

    def _logarithm_of_value(self, term: Term, level: int) -> int:
        below = self._fields[level - 1]
        value = np.array([self._value(term, level - 1)])
        return int(discrete_logarithm(below, np.where(below.is_square(value), value, below.negative(value)))[0])

    def _logarithm_by_parts(self, term: Term) -> int:
        m = self._fields[0].modulus
        match term.op:
            case "const":
                x = Fraction(term.value)
                if not x:
                    raise ZeroDivisionError("the logarithm of 0")
                above, below = (self._logarithm_of_whole(abs(n)) for n in (x.numerator, x.denominator))
                return (above - below) % m
            case "mul" | "div":
                a, b = (self._logarithm(t, 0) for t in term.args)
                return (a + b if term.op == "mul" else a - b) % m
            case "sqrt":
                return self._logarithm(term.args[0], 0) * ((m + 1) // 2) % m
            case "neg":
                return self._logarithm(term.args[0], 0)
            case "exp":
                return self._value(term.args[0], 0)
        return self._random(0, "log", term)

    def _logarithm_of_whole(self, x: int) -> int:
        return sum(int(n) * self._random(0, "log", int(p)) for p, n in fmpz(x).factor())


def _spread(node: Node, residues: Callable[[_Different], Residues]) -> Residues:
    numbers, places = distinct(node)
    found = residues(numbers)
    return np.broadcast_to(found[0], node.shape) if places is None else found[places]


def _binary_fractions(field: PrimeField, numbers: NDArray[np.float64]) -> Residues:
    """Finite floats as the binary fractions that they are."""
    mantissas, exponents = np.frexp(numbers)
    wholes = np.ldexp(mantissas, 53).astype(np.int64)
    different, places = np.unique(exponents.astype(np.int64) - 53, return_inverse=True)
    powers = np.array([pow(2, int(e), field.modulus) for e in different], np.int64)
    return field.multiply(field.reduce(wholes), powers[places])
