"""Derivatives of the special functions, from the Digital Library of Mathematical Functions (DLMF).

The last operand is the one to derive in; None stands for the derivative in an order or a parameter, which is not
known here.  Where a recurrence offers a choice, it is the form that loses no digits in balls and divides by nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from verify.trace.term import PI, TERMS, Term, apply, compare, constant, where

Partials = tuple[Any, ...]


def _order(n: Term, step: int) -> Term:
    """The neighbouring order: a number where the order is one."""
    return constant(n.value + step) if n.op == "const" else n + step


def _neighbours(kind: str, below: int, above: int) -> Callable[[Term, Term], Partials]:
    """(±C of order n - 1 ± C of order n + 1)/2; of order 0, where the two are equal, one of them alone."""

    def partials(n: Term, x: Term) -> Partials:
        after = apply(kind, _order(n, 1), x)
        if n is constant(0):  # C(-1) = -C(1) for J and Y (DLMF 10.4.1), C(1) for I and K (DLMF 10.27.1, 10.27.3)
            return None, after if above > 0 else -after
        before = apply(kind, _order(n, -1), x)
        if below < 0:
            return None, -(before + after) / 2
        return None, (before + after if above > 0 else before - after) / 2

    return partials


def _scaled(n: Term, x: Term) -> Partials:
    """e**-|x|·I: I' - sign(x)·I, times e**-|x|."""
    sign = where(compare("gt", x, 0), 1, where(compare("lt", x, 0), -1, 0))
    _, slope = _neighbours("bessel_ie", 1, 1)(n, x)
    return None, slope - sign * apply("bessel_ie", n, x)


def _incomplete(a: Term, x: Term) -> Term:
    """x**(a - 1)·e**-x/Γ(a), as one exponential: each factor alone may overflow."""
    return apply("exp", (a - 1) * TERMS.log(x) - x - apply("lgamma", a))


def _incomplete_beta(a: Term, b: Term, x: Term) -> Term:
    """x**(a - 1)·(1 - x)**(b - 1)/B(a, b)."""
    log_beta = apply("lgamma", a) + apply("lgamma", b) - apply("lgamma", a + b)
    return apply("exp", (a - 1) * TERMS.log(x) + (b - 1) * TERMS.log1p(-x) - log_beta)


def _spence(x: Term) -> Term:
    """log(x)/(1 - x), continued by its limit -1 at 1."""
    return where(compare("eq", x, 1), -1, apply("log", x) / (1 - x))


PARTIALS: dict[str, Callable[..., Partials]] = {
    "erfinv": lambda x: (TERMS.sqrt(PI) / 2 * TERMS.exp(apply("erfinv", x) ** 2),),  # DLMF 7.17.1, 7.9.1
    "gamma": lambda x: (apply("gamma", x) * apply("digamma", x),),  # DLMF 5.2.2
    "lgamma": lambda x: (apply("digamma", x),),  # DLMF 5.2.2
    "digamma": lambda x: (apply("trigamma", x),),  # DLMF 5.15
    "trigamma": lambda x: (apply("polygamma", 2, x),),  # DLMF 5.15
    "polygamma": lambda n, x: (None, apply("polygamma", _order(n, 1), x)),  # DLMF 5.15
    "bessel_j": _neighbours("bessel_j", 1, -1),  # DLMF 10.6.1
    "bessel_y": _neighbours("bessel_y", 1, -1),  # DLMF 10.6.1
    "bessel_i": _neighbours("bessel_i", 1, 1),  # DLMF 10.29.1
    "bessel_ie": _scaled,
    "bessel_k": _neighbours("bessel_k", -1, -1),  # DLMF 10.29.1, K being e**(nπi) times one of its functions
    "gammainc": lambda a, x: (None, _incomplete(a, x)),  # DLMF 8.8.13
    "gammaincc": lambda a, x: (None, -_incomplete(a, x)),  # DLMF 8.8.13
    "betainc": lambda a, b, x: (None, None, _incomplete_beta(a, b, x)),  # DLMF 8.17.1
    "expi": lambda x: (TERMS.exp(x) / x,),  # DLMF 6.2.5
    "spence": lambda x: (_spence(x),),  # DLMF 25.12.2
}
"""The partial derivatives of each function."""
