"""A term as a quotient of polynomials in its atoms: its symbols, and every part that is no sum, product or power."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flint import fmpq_poly

from backproof.verify.numerics.real_sets import NOTHING, RealSet, half_line
from backproof.verify.proof.field.algebra import (
    STOCK,
    Element,
    TooHard,
    fraction,
    generator,
    number,
    rational,
    univariate,
)
from backproof.verify.terms.term import Condition, Term, apply, topological

MOST_MONOMIALS = 24
HIGHEST = 24  # exponent
MOST_BITS = 4096  # of a coefficient


class Quotients:
    """Reads terms as quotients; each atom is a generator, for the first `STOCK` of them."""

    def __init__(self) -> None:
        self.atoms: list[Term] = []
        self._read: dict[Term, Element] = {}

    def of(self, root: Term) -> Element:
        """The term as a quotient; a part that would have too many monomials counts as an atom.

        Raises TooHard where there are too many atoms.
        """
        for node in topological(root):
            if node not in self._read and not isinstance(node, Condition):
                try:
                    found = self._quotient(node)
                except (TooHard, ZeroDivisionError):
                    found = None
                self._read[node] = found if found is not None and _is_small(found) else self._atom(node)
        return self._read[root]

    def _atom(self, node: Term) -> Element:
        if node not in self.atoms:
            if len(self.atoms) == STOCK:
                raise TooHard(f"more than {STOCK} different functions")
            self.atoms.append(node)
        return generator(self.atoms.index(node))

    def _quotient(self, node: Term) -> Element | None:
        """Combined from the quotients of the operands; None for a function."""
        parts = [self._read[a] for a in node.args if a in self._read]
        match node.op:
            case "const":
                return number(node.value)
            case "neg":
                return -parts[0]
            case "add":
                return parts[0] + parts[1]
            case "sub":
                return parts[0] - parts[1]
            case "mul":
                return parts[0] * parts[1]
            case "div":
                return parts[0] / parts[1]
            case "pow":
                n = parts[1].constant()
                whole = n is not None and n.denominator == 1 and abs(n) <= HIGHEST
                return parts[0] ** int(n) if n is not None and whole else None
            case "floor":
                return self._floor(*node.args)
        return None

    def _floor(self, u: Term) -> Element:
        """floor(u + n) = floor(u) + n for an integer n."""
        shift = Fraction(0)
        while u.op in ("add", "sub"):
            inner, n = u.args if u.op == "sub" or u.args[1].op == "const" else u.args[::-1]
            if n.op != "const" or n.value.denominator != 1:
                break
            u, shift = inner, shift + (n.value if u.op == "add" else -n.value)
        return self._atom(apply("floor", u)) + number(shift)


def _is_small(u: Element) -> bool:
    coefficients = (*u.num.coeffs(), *u.den.coeffs())
    bits = (max(int(c.p).bit_length(), int(c.q).bit_length()) for c in coefficients)
    return len(coefficients) <= MOST_MONOMIALS and all(n <= MOST_BITS for n in bits)


# ------------------------------------------------------------------------------------------------- in one atom


def preimage(u: Element, wanted: RealSet) -> RealSet | None:
    """The numbers t for which a quotient in one atom has a value in a set; None where an end is irrational."""
    (atom,) = u.indices()
    above, below = (fmpq_poly([rational(c) for c in univariate(p, atom)]) for p in (u.num, u.den))
    poles = _where(below, "eq")
    if poles is None:
        return None
    result = RealSet(wanted.begins)
    for at, after in wanted.cuts:
        beyond = _where((above - rational(at) * below) * below, "gt" if after else "ge")
        if beyond is None:
            return None
        result = result ^ beyond
    return result & ~poles
def _where(p: fmpq_poly, op: str) -> RealSet | None:
    """Where a polynomial is > 0, >= 0 or = 0; None where it has an irrational zero."""
    if not p:
        return NOTHING if op == "gt" else ~NOTHING
    zeros, positive, rest = NOTHING, NOTHING, p
    for zero, multiplicity in p.roots():
        at = fraction(zero)
        zeros |= half_line("eq", at)
        rest //= fmpq_poly([-zero, 1]) ** multiplicity
        if multiplicity % 2:
            positive ^= half_line("gt", at)
    others: Any = rest.complex_roots() if rest.degree() > 0 else ()
    if any(root.imag == 0 for root, _ in others):
        return None
    if rest[0] * (-1) ** (p.degree() - rest.degree()) > 0:  # its sign, and that of p, far to the left
        positive = ~positive
    return zeros if op == "eq" else positive | zeros if op == "ge" else positive & ~zeros
