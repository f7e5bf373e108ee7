"""Known forms of derivatives that keep their digits, by operation: `repair` proposes, proves and measures them.

Each form is written as a rule is: in x (and y) and the functions `m` of an arithmetic.  In exact arithmetic they are
the derivative, which the prover checks; in floats they avoid the loss of digits of the textbook's form.

`exp_of_square` and `gap` use a property of floats: the digits that a rounding drops.  In real numbers the upper half h
of a number (Veltkamp) is the number itself, and the rest of a difference (Knuth) is 0; so the prover handles them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Partials = Callable[..., tuple[Any, ...]]
"""From m, x (and y) to the derivative in each operand."""


@dataclass(frozen=True)
class Form:
    """A way to write the derivatives of an operation."""

    name: str
    partials: Partials


# ------------------------------------------------------------------------------------------------- building blocks


def sech2(m: Any, x: Any) -> Any:
    """1 - tanh(x)² = 4e/(1 + e)², e = exp(-2|x|): nothing cancels and nothing overflows."""
    e = m.exp(-2 * abs(x))
    return 4 * e / ((1 + e) * (1 + e))


def exp_of_square(m: Any, x: Any, halves: int = 1, bits: int = 27) -> Any:
    """exp(-x²/halves), x² = h² + (x - h)(x + h) with a short h, whose square is exact.

    The rounding of x² costs up to x²/2 ULPs; the rest of the square is small, and may be rounded.

    bits: what h is short of, half of a float64's or of a float32's
    """
    c = (2**bits + 1) * x
    h = m.where(m.lt(abs(x), 1000), c - (c - x), x)  # x without its last bits
    rest = (x - h) * x + (x - h) * h
    return m.exp(-(h * h) / halves) * m.exp(-rest / halves) if halves != 1 else m.exp(-(h * h)) * m.exp(-rest)


def gap(m: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """x - y, and what its rounding lost: while exp(-|x - y|) is a number, beyond there is nothing to correct."""
    d = x - y
    b = d - x
    return d, m.where(m.gt(m.exp(-abs(d)), 0), (x - (d - b)) - (y + b), 0)


# ------------------------------------------------------------------------------------------------------ the forms


def _logistic(m: Any, x: Any) -> Any:
    e = m.exp(-abs(x))
    return e / ((1 + e) * (1 + e))


def _silu(m: Any, x: Any) -> Any:
    """e·(e + 1 + x) on the left, by halves: e is subnormal before its product with x is."""
    e, h = m.exp(-abs(x)), m.exp(-abs(x) / 2)
    return m.where(m.ge(x, 0), 1 + e * (1 + x), h * (h * (e + (1 + x)))) / ((1 + e) * (1 + e))


def _mish(m: Any, x: Any) -> Any:
    """t + x·(1 - t²)·σ(x), t = tanh(softplus(x)), over one denominator: polynomials in e = exp(-|x|).

    On the left the last factor e comes by halves: it is subnormal before its product with x is.
    """
    e, h = m.exp(-abs(x)), m.exp(-abs(x) / 2)
    right, left = 1 + 2 * e * (1 + e), 2 + e * (2 + e)
    return m.where(
        m.ge(x, 0),
        ((1 + 2 * e) + 4 * (e * e) * (1 + e) * x / right) / right,
        4 * (h * (h * ((1 + x) + e * ((m.ratio(3, 2) + x) + e * (1 + e / 4))))) / (left * left),
    )


def _logaddexp(m: Any, x: Any, y: Any) -> tuple[Any, Any]:
    d, r = gap(m, x, y)
    first = m.ge(d, 0)
    e = m.exp(-abs(d)) * m.exp(m.where(first, -r, r))
    return m.where(first, 1, e) / (1 + e), m.where(first, e, 1) / (1 + e)


def _over_length(m: Any, x: Any, y: Any) -> tuple[Any, Any]:
    length = m.hypot(x, y)
    safe = m.where(m.gt(length, 0), length, 1)  # at the tip of the cone: gradient (0, 0)
    return x / safe, y / safe


def _one(function: Callable[[Any, Any], Any]) -> Partials:
    return lambda m, x: (function(m, x),)


def _forms(**functions: Callable[[Any, Any], Any]) -> tuple[Form, ...]:
    return tuple(Form(name.replace("_", " "), _one(function)) for name, function in functions.items())


FORMS: Mapping[str, tuple[Form, ...]] = {
    "tanh": _forms(
        sech2_by_exponentials=sech2,
        reciprocal_of_cosh_squared=lambda m, x: (1 / m.cosh(x)) * (1 / m.cosh(x)),
        one_over_cosh_squared=lambda m, x: 1 / (m.cosh(x) * m.cosh(x)),
    ),
    "sigmoid": _forms(
        by_one_exponential=_logistic,
        sigmoid_of_both_signs=lambda m, x: m.sigmoid(x) * m.sigmoid(-x),
    ),
    "softplus": _forms(sigmoid=lambda m, x: m.sigmoid(x)),
    "logsigmoid": _forms(sigmoid_of_minus_x=lambda m, x: m.sigmoid(-x)),
    "silu": _forms(
        over_one_denominator=_silu,
        by_both_sigmoids=lambda m, x: m.sigmoid(x) * (1 + x * m.sigmoid(-x)),
    ),
    "mish": _forms(over_one_denominator=_mish),
    "gelu": _forms(
        erfc_and_split_square=lambda m, x: m.erfc(-x / m.sqrt(2)) / 2 + x * exp_of_square(m, x, 2) / m.sqrt(2 * m.pi),
        erfc=lambda m, x: m.erfc(-x / m.sqrt(2)) / 2 + x * m.exp(-x * x / 2) / m.sqrt(2 * m.pi),
    ),
    "erf": _forms(
        split_square=lambda m, x: 2 / m.sqrt(m.pi) * exp_of_square(m, x),
        split_square_in_float32=lambda m, x: 2 / m.sqrt(m.pi) * exp_of_square(m, x, bits=12),
    ),
    "erfc": _forms(
        split_square=lambda m, x: -2 / m.sqrt(m.pi) * exp_of_square(m, x),
        split_square_in_float32=lambda m, x: -2 / m.sqrt(m.pi) * exp_of_square(m, x, bits=12),
    ),
    "asin": _forms(factored_square=lambda m, x: m.divide(1, m.sqrt((1 - x) * (1 + x)))),
    "acos": _forms(factored_square=lambda m, x: m.divide(-1, m.sqrt((1 - x) * (1 + x)))),
    "atanh": _forms(factored_square=lambda m, x: 1 / ((1 - x) * (1 + x))),
    "acosh": _forms(
        two_roots=lambda m, x: m.divide(1, m.sqrt(x - 1) * m.sqrt(x + 1)),
        factored_square=lambda m, x: m.divide(1, m.sqrt((x - 1) * (x + 1))),
    ),
    "asinh": _forms(hypot=lambda m, x: 1 / m.hypot(1, x)),
    "hypot": (Form("over the length", _over_length),),
    "logaddexp": (Form("compensated gap", _logaddexp),),
}
"""The forms of each operation, the most promising first."""
