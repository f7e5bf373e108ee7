"""Exact fractions: a rational rule runs on them without rounding; an irrational result raises TypeError."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NoReturn

from backproof.engine.arithmetic import FLOATS, Arithmetic, register
from backproof.verify.terms.ops import ENGINE


def _irrational(name: str) -> Callable[..., NoReturn]:
    def refuse(*x: Any) -> NoReturn:
        arguments = ", ".join(map(str, x))
        raise TypeError(f"{name}({arguments}) is not a fraction: use floats, mpmath numbers or arb balls here")

    return refuse


def _root(name: str, order: int) -> Callable[[Any], Fraction]:
    """The root of a perfect power; raises TypeError for any other."""

    def root(x: Any) -> Fraction:
        x = Fraction(x)
        size = Fraction(_whole_root(abs(x.numerator), order), _whole_root(x.denominator, order))
        found = -size if x < 0 else size
        if found**order != x:
            _irrational(name)(x)
        return found

    return root


def _whole_root(n: int, order: int) -> int:
    """The integer part of the root, exact for a perfect power (Newton's method, from above)."""
    if n == 0:
        return 0
    guess = 1 << -(-n.bit_length() // order)
    while (lower := ((order - 1) * guess + n // guess ** (order - 1)) // order) < guess:
        guess = lower
    return guess


def _pow(x: Any, n: Any) -> Fraction:
    power = Fraction(x) ** Fraction(n)  # a float where n is not whole
    if not isinstance(power, Fraction):
        _irrational("pow")(x, n)
    return power


class RationalArithmetic(Arithmetic):
    """Functions of fractions that give fractions."""

    def __getattr__(self, function: str) -> Any:
        if function == "pi":
            return _irrational("pi")()
        return super().__getattr__(function)


RATIONALS = RationalArithmetic(
    "fraction",
    {
        **{name: _irrational(name) for name in ENGINE},
        "ratio": Fraction,
        "one": lambda _: Fraction(1),
        "divide": lambda a, b: Fraction(a) / b,
        "pow": _pow,
        "sqrt": _root("sqrt", 2),
        "cbrt": _root("cbrt", 3),
        "hypot": lambda x, y: _root("hypot", 2)(Fraction(x) ** 2 + Fraction(y) ** 2),
        "maximum": lambda a, b: Fraction(max(a, b)),
        "minimum": lambda a, b: Fraction(min(a, b)),
        "where": lambda c, a, b: Fraction(a if c else b),
        **{name: getattr(FLOATS, name) for name in ("ge", "gt", "le", "lt")},
    },
)

register(Fraction, RATIONALS)
