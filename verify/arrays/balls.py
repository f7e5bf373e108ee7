"""Single entries of an array program in interval arithmetic (`flint.arb`): an accused entry is looked at in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import flint
import numpy as np
from flint import arb, arb_mat

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.arrays.cone import TooLarge as TooLarge  # re-exported for those who look at entries
from backproof.verify.arrays.cone import cone
from backproof.verify.arrays.constants import exact
from backproof.verify.arrays.functions import formula
from backproof.verify.arrays.objects import Arithmetic, Matrix, entries_of
from backproof.verify.arrays.program import PI, Node, Number, Program
from backproof.verify.evaluate.balls import BallProgram, compile_balls, evaluate
from backproof.verify.terms.term import apply, constant, symbol

BITS = 128


def meant(value: float) -> arb:
    """The exact number that a float constant means (`verify.arrays.constants`), at the precision of the context."""
    return evaluate(exact(value).term, {}, flint.ctx.prec)



def entries(
    program: Program,
    wanted: Sequence[tuple[Node, int]],
    leaves: Mapping[str, Any],
    bits: int = BITS,
    read: Callable[[float], arb] = meant,
) -> list[arb]:
    """Intervals that contain the values of single entries, each given by its node and its number in C's order.

    Only what these entries depend on is evaluated.  Leaves are exact floats: those in ``leaves``, whole arrays by name,
    and those of the point where a name is missing.  An entry without a value is NaN.

    bits: of precision
    read: the number that a float constant means, ``arb`` for the float itself; arrays of floats are data, and stay

    Raises TooLarge for entries that depend on too many others, ValueError for a leaf without a value.
    """
    needed = cone(program, wanted)
    known = {name: leaf.value for name, leaf in program.leaves.items() if leaf.value is not None}
    parts = needed.parts(known | dict(leaves))
    for name in needed.leaves:
        if name not in parts:
            raise ValueError(f"the leaf {name!r} has no value at the point: pass one in leaves")
    with flint.ctx.workprec(bits):
        exact = {name: np.frompyfunc(_float, 1, 1)(part) for name, part in parts.items()}
        return entries_of(needed, exact, _intervals(bits, read))


def _float(x: Any) -> arb:
    return arb(float(x))


def _intervals(bits: int, read: Callable[[float], arb]) -> Arithmetic:
    """Of the precision of the context, which is ``bits``."""

    def number(exact: Number) -> arb:
        if isinstance(exact, Fraction):
            return ratio(exact.numerator, exact.denominator)
        if exact == PI:
            return arb.pi()
        value = float(exact)
        return read(value) if np.isfinite(value) else arb(value)

    def of_one(program: BallProgram) -> Callable[[arb], arb]:
        at = program.at(bits)
        return lambda x: at(x)[0]

    return Arithmetic(
        number,
        arb.__add__,
        arb.__neg__,
        arb.__mul__,
        power=lambda exponent: of_one(_power(exponent)),
        function=lambda parameter: of_one(_function(parameter)),
        inverse=_inverse,
        determinant=lambda matrix: arb_mat(matrix).det(),
    )


@cache
def _power(exponent: Fraction) -> BallProgram:
    return compile_balls((apply("pow", symbol("x0"), constant(exponent)),), ("x0",))


@cache
def _function(parameter: Any) -> BallProgram:
    return compile_balls((formula(parameter),), ("x0",))


def _inverse(matrix: Matrix) -> Matrix:
    """NaN where the intervals hold a singular matrix."""
    try:
        return arb_mat(matrix).inv().tolist()
    except ZeroDivisionError:
        return [[arb("nan")] * len(row) for row in matrix]
