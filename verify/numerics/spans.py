"""Rational bounds of a term: interval arithmetic with exact ends, for terms of plain functions.

It quickly shows that 1 + exp(x) is above 0 and the like; an unknown range is left unbounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from backproof.verify.numerics.real_sets import End, Span
from backproof.verify.terms.term import Condition, Term, symbols_of, topological

EVERYTHING = Span()
LARGEST_POWER = 64  # of a number that is evaluated
MOST_BITS = 4096


class Monotone(NamedTuple):
    """A monotone function: its values, whether it increases, and some known pairs (a, f(a))."""

    values: Span
    known: tuple[tuple[int, int], ...]
    rises: bool = True


_ODD = ((0, 0),)
_NOT_NEGATIVE = Span(0, True)
MONOTONE = {
    "exp": Monotone(Span(0), ((0, 1),)),
    "expm1": Monotone(Span(-1), _ODD),
    "log": Monotone(EVERYTHING, ((1, 0),)),
    "log1p": Monotone(EVERYTHING, _ODD),
    "sqrt": Monotone(_NOT_NEGATIVE, ((0, 0), (1, 1))),
    "cbrt": Monotone(EVERYTHING, ((-1, -1), (0, 0), (1, 1))),
    "asin": Monotone(Span(-2, False, 2), _ODD),
    "acos": Monotone(Span(0, True, 4), ((1, 0),), rises=False),
    "atan": Monotone(Span(-2, False, 2), _ODD),
    "sinh": Monotone(EVERYTHING, _ODD),
    "tanh": Monotone(Span(-1, False, 1), _ODD),
    "asinh": Monotone(EVERYTHING, _ODD),
    "acosh": Monotone(_NOT_NEGATIVE, ((1, 0),)),
    "atanh": Monotone(EVERYTHING, _ODD),
    "erf": Monotone(Span(-1, False, 1), _ODD),
    "erfc": Monotone(Span(0, False, 2), ((0, 1),), rises=False),
    "erfinv": Monotone(EVERYTHING, _ODD),
}
"""Where the range ends at no rational number, as that of atan does, the interval is a little wider."""

_BOUNDED = {
    **dict.fromkeys(("sin", "cos"), Span(-1, True, 1, True)),
    **{"cosh": Span(1, True), "hypot": _NOT_NEGATIVE, "pi": Span(3, False, Fraction(22, 7))},
    **dict.fromkeys(("gammainc", "gammaincc", "betainc"), Span(0, True, 1, True)),
}


def span(root: Term, within: Mapping[str, Span]) -> Span:
    """An interval that contains every value of the term for inputs ``within`` these."""
    spans: dict[Term, Span] = {}
    for node in topological(root):
        if not isinstance(node, Condition):
            spans[node] = _short(_span(node, [spans[a] for a in node.args if a in spans], within))
    return spans[root]


def _short(a: Span) -> Span:
    """The interval, with ends of limited size; of longer ones only the sign is kept."""
    if all(isinstance(end, float) or _bits(end) <= MOST_BITS for end in (a.low, a.high)):
        return a
    low, high = 0 if a.low >= 0 else -math.inf, 0 if a.high <= 0 else math.inf
    return Span(low, a.low_in and a.low == 0, high, a.high_in and a.high == 0)


def _bits(x: Fraction | int) -> int:
    return max(x.numerator.bit_length(), x.denominator.bit_length())


def _span(node: Term, parts: list[Span], within: Mapping[str, Span]) -> Span:
    if node.op == "symbol":
        return within.get(node.value, EVERYTHING)
    if node.op == "const":
        return Span(node.value, True, node.value, True)
    if node.op in _BOUNDED:
        return _BOUNDED[node.op]
    if (rule := monotone(node)) is not None:
        return _image(rule, parts[-1] if node.op != "pow" else parts[node.args[1].op != "const"])
    if (node.op == "mul" and node.args[0] is node.args[1]) or node.op == "abs":
        size = _absolute(parts[0])
        return size if node.op == "abs" else _times(size, size)
    if node.op == "pow":
        exponent = node.args[1]
        if exponent.op == "const":
            return _power(parts[0], int(exponent.value))
        return Span(0, not symbols_of(exponent))  # of a base that is above 0, or at least 0
    return _RULES[node.op](*parts) if node.op in _RULES else EVERYTHING


def monotone(node: Term) -> Monotone | None:
    """The known facts of a function, or of a power with a fractional exponent or of a number above 0."""
    if node.op != "pow":
        return MONOTONE.get(node.op)
    base, exponent = node.args
    if exponent.op == "const":
        above = exponent.value > 0
        known = ((0, 0), (1, 1)) if above else ((1, 1),)
        return Monotone(Span(0, above), known, rises=above) if exponent.value.denominator != 1 else None
    if base.op == "const" and base.value > 0 and base.value != 1:
        return Monotone(Span(0), ((0, 1),), rises=base.value > 1)
    return None


def _image(rule: Monotone, u: Span) -> Span:
    """The values on an interval: between known pairs, beyond those unbounded."""
    low, low_in, high, high_in = u if rule.rises else _negative(u)
    signed = [(a if rule.rises else -a, b) for a, b in rule.known]
    below = [(b, low_in and a == low) for a, b in signed if a <= low]
    above = [(b, high_in and a == high) for a, b in signed if a >= high]
    values = rule.values
    least = max(below, key=lambda pair: pair[0], default=(values.low, values.low_in))
    largest = min(above, key=lambda pair: pair[0], default=(values.high, values.high_in))
    return Span(*least, *largest)


def _negative(a: Span) -> Span:
    return Span(-a.high, a.high_in, -a.low, a.low_in)


def _plus(a: Span, b: Span) -> Span:
    return Span(a.low + b.low, a.low_in and b.low_in, a.high + b.high, a.high_in and b.high_in)


def _times(a: Span, b: Span) -> Span:
    ends = [_product(x, y) for x, y in product((a[:2], a[2:]), (b[:2], b[2:]))]
    low, high = min(x for x, _ in ends), max(x for x, _ in ends)
    return Span(low, (low, True) in ends, high, (high, True) in ends)


def _product(a: tuple[End, bool], b: tuple[End, bool]) -> tuple[End, bool]:
    """The product of two ends, and whether it is attained: 0 is, wherever a 0 is."""
    (x, x_in), (y, y_in) = a, b
    if not x or not y:
        return Fraction(0), (x_in and not x) or (y_in and not y)
    return x * y, x_in and y_in


def _inverse(a: Span) -> Span:
    """1/a."""
    if a.low == a.high == 0:
        return EVERYTHING
    if a.low >= 0:
        low = Fraction(0) if a.high == math.inf else 1 / Fraction(a.high)
        return Span(low, a.high_in, *((1 / Fraction(a.low), a.low_in) if a.low else (math.inf, False)))
    return _negative(_inverse(_negative(a))) if a.high <= 0 else EVERYTHING


def _absolute(a: Span) -> Span:
    if a.low >= 0:
        return a
    b = _negative(a)
    if b.low >= 0:
        return b
    return Span(0, True, *max(a[2:], b[2:]))


def _power(a: Span, n: int) -> Span:
    if n < 0:
        return _inverse(_power(a, -n))
    if n == 0:
        return Span(1, True, 1, True)
    u = a if n % 2 else _absolute(a)
    if n > LARGEST_POWER:
        return Span(0, u.low_in and not u.low) if u.low >= 0 else EVERYTHING
    return Span(u.low**n, u.low_in, u.high**n, u.high_in)


def _larger(a: Span, b: Span) -> Span:
    return Span(*max(a[:2], b[:2], key=lambda e: (e[0], not e[1])), *max(a[2:], b[2:]))


def _either(a: Span, b: Span) -> Span:
    return Span(*min(a[:2], b[:2], key=lambda e: (e[0], not e[1])), *max(a[2:], b[2:]))


_RULES: dict[str, Callable[..., Span]] = {
    "neg": _negative,
    "add": _plus,
    "sub": lambda a, b: _plus(a, _negative(b)),
    "mul": _times,
    "div": lambda a, b: _times(a, _inverse(b)),
    "maximum": _larger,
    "minimum": lambda a, b: _negative(_larger(_negative(a), _negative(b))),
    "where": _either,
}
