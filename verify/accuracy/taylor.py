"""A derivative on a short interval as a polynomial in float64, with an error bound proved by interval arithmetic.

Around the middle m of a piece [m - r, m + r]

    f(m + t) = c_0 + c_1 t + ... + c_d t**d + R,      |R| <= sup |f^(d+1)| / (d+1)! · r**(d+1)

(Lagrange), where the c_k are enclosed at m and the supremum over the whole piece, in Arb.  Horner's scheme
in floats adds at most γ_n Σ|c_k| r**k, n = 3d + 2 roundings (the c_k and t rounded too), and what underflow takes:
Higham, "Accuracy and Stability of Numerical Algorithms" (2002), section 5.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from backproof.verify.arithmetics.ulps import Format, ulp_exponent
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.evaluate.series import Series, Undecided
from backproof.verify.terms.term import Term, symbols_of

DEGREE = 11  # where this is too low the piece is halved
_PREC = 384  # bits: 1 - x² is below 1 for every x of float32, down to 2**-149
_ALIKE = 2.0**-60  # of their size: derivatives this close to each other may have a power of two between them
_U = 2.0**-53
_LEAST = 2.0**-1074
_ROOM = 1 + 2.0**-40  # covers the rounding of the bound itself


@dataclass(frozen=True)
class Polynomial:
    """The derivative on a piece: the error of ``at`` is at most ``error``, and every value there has this ``spacing``.

    spacing: the ULP of the derivatives on the piece, a power of two; they are all in one binade, or all 0
    between: no interval separates them from a power of two, as for a derivative that tends to 1; the lower binade's
        ULP is used for all, and some errors may be half of the estimate
    subnormal: they are all below the normal numbers
    """

    middle: float
    coefficients: tuple[float, ...]
    error: float
    spacing: float
    between: bool = False
    subnormal: bool = False

    def at(self, column: NDArray[np.floating]) -> NDArray[np.float64] | float:
        """The derivatives at numbers of the piece; one number for all if the polynomial is a constant."""
        value: float | NDArray[np.float64] = self.coefficients[-1]
        if len(self.coefficients) == 1:
            return value
        t = np.subtract(column, self.middle, dtype=float)
        value = np.multiply(t, value)
        for k in range(len(self.coefficients) - 2, 0, -1):
            value += self.coefficients[k]
            value *= t
        value += self.coefficients[0]
        return value


@dataclass(frozen=True)
class Nowhere:
    """The derivative overflows by far anywhere on the piece: there is no error to measure."""


class Derivative:
    """A derivative in one variable, piece by piece, for a format."""

    def __init__(self, term: Term, fmt: Format, enough: float) -> None:
        self.fmt = fmt
        self.enough = enough  # the error allowed to the polynomial, in ULPs
        self._series = Series(term)
        self._ball = BallProgram((term,), symbols_of(term))

    def on(self, low: float, high: float) -> Polynomial | Nowhere | None:
        """The model between two numbers; None if the piece is too long, or the derivative branches."""
        with ctx.workprec(_PREC):
            middle = low / 2 + high / 2
            reach = (arb(high) - middle).max(middle - arb(low)).upper()
            piece = arb(middle) + arb(0, 1) * reach
            if (result := self._at_a_glance(middle, piece)) is not None:
                return result
            try:
                wide = self._series.at(piece, DEGREE + 2)
                thin = self._series.at(arb(middle), DEGREE + 1)
            except Undecided:
                return None
            if not all(c.is_finite() for c in (*wide, *thin)):
                return None
            if wide[0].is_zero():
                return Polynomial(middle, (0.0,), 0.0, self.fmt.smallest)
            spread = sum(abs(c) * reach**k for k, c in enumerate((*thin[1:], wide[-1]), 1))
            least, most = (abs(thin[0]) - spread).lower(), (abs(thin[0]) + spread).upper()
            if most < self.fmt.smallest_normal:
                found = self._shortest(middle, thin, wide, reach, self.fmt.smallest)
                return found and replace(found, subnormal=True)
            if not (least >= self.fmt.smallest_normal and most <= self.fmt.largest):
                return None
            low_exponent, high_exponent = (ulp_exponent(size, self.fmt) for size in (least, most))
            between = low_exponent < high_exponent
            if between and not spread <= _ALIKE * most:
                return None
            found = self._shortest(middle, thin, wide, reach, math.ldexp(1.0, low_exponent))
            return found and replace(found, between=between)

    def _at_a_glance(self, middle: float, piece: arb) -> Polynomial | Nowhere | None:
        """The model from one interval around the whole piece, if there is no usable series: derivatives all next to 0,
        but not 0, or far beyond the largest number.
        """
        (partial,) = self._ball(*[piece] * len(self._ball.inputs))
        if not partial.is_finite() or partial.is_zero():
            return None
        if partial.abs_lower() > 2 * self.fmt.largest:
            return Nowhere()
        error = float(partial.abs_upper()) * _ROOM + _LEAST
        if error <= self.enough * self.fmt.smallest:
            return Polynomial(middle, (0.0,), error, self.fmt.smallest, subnormal=True)
        return None

    def _shortest(
        self, middle: float, thin: Sequence[arb], wide: Sequence[arb], reach: arb, spacing: float
    ) -> Polynomial | None:
        """The polynomial of the least sufficient degree."""
        coefficients = [float(c) for c in thin]
        sizes = [abs(c) * reach**k for k, c in enumerate(coefficients)]
        misses = [abs(exact - c) * reach**k for k, (exact, c) in enumerate(zip(thin, coefficients, strict=True))]
        for degree in range(DEGREE + 1):
            kept = degree + 1
            underflow = arb(_LEAST) * (2 * kept) * (1 + reach) ** degree
            rounding = sum(sizes[:kept]) * (3 * kept * _U) + underflow
            bound = abs(wide[kept]) * reach**kept + sum(misses[:kept]) + rounding
            error = float(bound.upper()) * _ROOM
            if error <= self.enough * spacing:
                return Polynomial(middle, tuple(coefficients[:kept]), error, spacing)
        return None
