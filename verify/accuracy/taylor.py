"""A slope on a short piece of the line as a polynomial in float64, with a bound on its error that balls prove.

Around the middle m of a piece [m - r, m + r]

    f(m + t) = c_0 + c_1 t + ... + c_d t**d + R,      |R| <= sup |f^(d+1)| / (d+1)! · r**(d+1)

(Lagrange), where the c_k come from balls at m and the supremum from a ball around the whole piece.  Horner's scheme
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

from verify.numbers.ulps import Format, ulp_exponent
from verify.trace.balls import BallProgram
from verify.trace.series import Series, Undecided
from verify.trace.term import Term, symbols_of

DEGREE = 11  # where this is too low the piece is halved
_PREC = 384  # bits: 1 - x² is below 1 for every x of float32, down to 2**-149
_ALIKE = 2.0**-60  # of their size: slopes this close to each other may have a power of two between them
_U = 2.0**-53
_LEAST = 2.0**-1074
_ROOM = 1 + 2.0**-40  # makes up for the rounding of the bound itself


@dataclass(frozen=True)
class Polynomial:
    """The slope on a piece: ``at`` is off it by at most ``error``, and every slope there has this ``spacing``.

    spacing: the ULP of the slopes on the piece, a power of two; they are all in one binade, or all 0
    between: no ball tells them from a power of two, such as a slope that tends to 1; the lower binade's ULP stands
        for all, and some errors may be half of what they seem
    subnormal: they are all below the normal numbers
    """

    middle: float
    coefficients: tuple[float, ...]
    error: float
    spacing: float
    between: bool = False
    subnormal: bool = False

    def at(self, column: NDArray[np.floating]) -> NDArray[np.float64] | float:
        """The slopes at numbers of the piece; one number for all where the polynomial is a constant."""
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
    """The slope is far beyond the format's largest number anywhere on the piece: there is no error to judge."""


class Slope:
    """A slope in one variable, piece by piece, for a format."""

    def __init__(self, term: Term, fmt: Format, enough: float) -> None:
        self.fmt = fmt
        self.enough = enough  # ULPs that the polynomial may be off
        self._series = Series(term)
        self._ball = BallProgram((term,), symbols_of(term))

    def on(self, low: float, high: float) -> Polynomial | Nowhere | None:
        """What balls say of the slope between two numbers; None where the piece is too long, or the slope branches."""
        with ctx.workprec(_PREC):
            middle = low / 2 + high / 2
            reach = (arb(high) - middle).max(middle - arb(low)).upper()
            piece = arb(middle) + arb(0, 1) * reach
            if (answer := self._at_a_glance(middle, piece)) is not None:
                return answer
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
        """What one ball around the whole piece sees, where there is no series, or only a wild one: slopes all next
        to 0, but not 0, or far beyond the largest number.
        """
        (slope,) = self._ball(*[piece] * len(self._ball.inputs))
        if not slope.is_finite() or slope.is_zero():
            return None
        if slope.abs_lower() > 2 * self.fmt.largest:
            return Nowhere()
        error = float(slope.abs_upper()) * _ROOM + _LEAST
        if error <= self.enough * self.fmt.smallest:
            return Polynomial(middle, (0.0,), error, self.fmt.smallest, subnormal=True)
        return None

    def _shortest(
        self, middle: float, thin: Sequence[arb], wide: Sequence[arb], reach: arb, spacing: float
    ) -> Polynomial | None:
        """The polynomial of the least degree that is good enough."""
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
