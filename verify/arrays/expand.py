"""An array program as terms, one for each entry: small shapes, which the prover decides.

Nothing is judged here.  What is left out is what arrays bring along and nobody writes by hand: 0 + x and 1·x, as a mask
makes them, and -∞ under a power of e.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.cone import Cone, cone
from backproof.verify.arrays.cone import TooLarge as TooLarge  # re-exported for those who call it
from backproof.verify.arrays.functions import formula
from backproof.verify.arrays.objects import Arithmetic, Matrix, entries_of
from backproof.verify.arrays.program import PI, Node, Number, Program, Shape
from backproof.verify.terms.simplify import ONE, ZERO, plus, times
from backproof.verify.terms.term import PI as PI_TERM
from backproof.verify.terms.term import Term, TooManyTerms, apply, at_most, constant, substitute, symbol

MOST_TERMS = 200_000

MOST_ROWS = 4
"""Of a matrix whose inverse or determinant is written out in cofactors."""


def terms(
    program: Program, roots: Sequence[Node], symbols: Mapping[str, NDArray[np.object_]] | None = None
) -> list[list[Term]]:
    """The entries of the roots in C's order, as terms in the entries of the leaves.

    symbols: for a leaf by its name, an array of terms of its shape; where none is given, symbols as in `entry_names`

    Float constants stay the exact numbers that these floats are.  Raises TooLarge.
    """
    given = symbols or {}
    needed = cone(program, [(root, k) for root in roots for k in range(root.size)])
    names = entry_names({name: program.leaves[name].node.shape for name in needed.leaves if name not in given})

    def of_leaf(name: str, number: int) -> Term:
        return given[name].reshape(-1)[number] if name in given else symbol(names[name][number])

    flat = iter(terms_of(needed, of_leaf))
    return [[next(flat) for _ in range(root.size)] for root in roots]


def terms_of(needed: Cone, of_leaf: Callable[[str, int], Term]) -> list[Term]:
    """The entries of a cone; ``of_leaf``: the term of an entry of a leaf, by its name and number.  Raises TooLarge."""
    leaves = {name: _column([of_leaf(name, k) for k in numbers.tolist()]) for name, numbers in needed.leaves.items()}
    try:
        with at_most(MOST_TERMS):
            return entries_of(needed, leaves, TERMS_OF_ENTRIES)
    except TooManyTerms:
        raise TooLarge(f"the entries have more than {MOST_TERMS} terms") from None


def entry_names(shapes: Mapping[str, Shape]) -> dict[str, list[str]]:
    """Of each array the names of its entries, x_0_1, and the name itself where it is one number.

    No name is there twice: beside an array x and a number x_0 the entries of x are x__0, x__1.
    """
    found = {name: _names(name, shape, "_") for name, shape in shapes.items()}
    joint = "_"
    while clashes := [name for name, count in Counter(n for ns in found.values() for n in ns).items() if count > 1]:
        joint += "_"
        for name, shape in shapes.items():
            if shape and not set(clashes).isdisjoint(found[name]):
                found[name] = _names(name, shape, joint)
    return found


def _names(name: str, shape: Shape, joint: str) -> list[str]:
    return [joint.join([name, *map(str, place)]) for place in np.ndindex(*shape)]


def _column(entries: list[Term]) -> NDArray[np.object_]:
    found = np.empty(len(entries), dtype=object)
    found[:] = entries
    return found


# --------------------------------------------------------------------------------------------- arithmetic of entries

_INFINITE = ("inf", "-inf")
_REAL = ("symbol", "const", "pi")


def _constant(number: Number) -> Term:
    return PI_TERM if number == PI else constant(number)  # type: ignore[arg-type]  # PI is the only text


def _is_infinite(a: Term) -> bool:
    return a.op == "special" and a.value in _INFINITE


def _sum(a: Term, b: Term) -> Term:
    """Where one is infinite, the other real: the infinite one."""
    for one, other in ((a, b), (b, a)):
        if _is_infinite(one) and other.op != "special":
            return one
    return plus(a, b)


def _negative(a: Term) -> Term:
    return constant(-math.inf if a.value == "inf" else math.inf) if _is_infinite(a) else apply("neg", a)


def _product(a: Term, b: Term) -> Term:
    """0 times what may be infinite or have no value is left to the prover."""
    if (a is ZERO and b.op not in _REAL) or (b is ZERO and a.op not in _REAL):
        return apply("mul", a, b)
    return times(a, b)


def _power(exponent: Fraction) -> Callable[[Term], Term]:
    """Roots and reciprocals are written as such."""

    def power(a: Term) -> Term:
        if exponent < 0:
            return apply("div", ONE, _power(-exponent)(a))
        if exponent == 1:
            return a
        return apply("sqrt", a) if exponent == Fraction(1, 2) else apply("pow", a, constant(exponent))

    return power


def _function(parameter: Any) -> Callable[[Term], Term]:
    root, operand = formula(parameter), symbol("x0")

    def function(a: Term) -> Term:
        if parameter == "exp" and a.op == "special" and a.value == "-inf":
            return ZERO
        return substitute((root,), {operand: a})[0]

    return function


def _small(matrix: Matrix) -> None:
    if len(matrix) > MOST_ROWS:
        size = f"{len(matrix)}×{len(matrix)}"
        raise TooLarge(f"a matrix of {size}: inverses and determinants are written out up to {MOST_ROWS}×{MOST_ROWS}")


def _determinant(matrix: Matrix) -> Term:
    """By cofactors of the first row.  Raises TooLarge."""
    _small(matrix)
    if not matrix:
        return ONE
    found = ZERO
    for k, x in enumerate(matrix[0]):
        part = _product(x, _determinant(_minor(matrix, 0, k)))
        found = _sum(found, _negative(part) if k % 2 else part)
    return found


def _inverse(matrix: Matrix) -> Matrix:
    """The transposed cofactors over the determinant."""
    whole, rows = _determinant(matrix), range(len(matrix))
    cofactors = [[_determinant(_minor(matrix, k, i)) for k in rows] for i in rows]
    return [[apply("div", _negative(c) if (i + k) % 2 else c, whole) for k, c in enumerate(row)]
            for i, row in enumerate(cofactors)]  # fmt: skip


def _minor(matrix: Matrix, i: int, k: int) -> Matrix:
    return [[x for j, x in enumerate(row) if j != k] for r, row in enumerate(matrix) if r != i]


TERMS_OF_ENTRIES = Arithmetic(_constant, _sum, _negative, _product, _power, _function, _inverse, _determinant)
"""Terms, with sums and products of 0 and 1 left out."""
