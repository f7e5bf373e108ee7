"""Helpers of the table of primitives: partial derivatives of special functions that take more than a line.

From the Digital Library of Mathematical Functions (DLMF).  Where a recurrence offers a choice, it is the form that
keeps intervals tight and divides by nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from backproof.verify.terms.term import PI, TERMS, Term, apply, compare, constant, where


def _order(n: Term, step: int) -> Term:
    """The neighbouring order: a number if the order is one."""
    return constant(n.value + step) if n.op == "const" else n + step


def _bessel(kind: str, below: int, above: int, n: Term, x: Term) -> Term:
    """(±C of order n - 1 ± C of order n + 1)/2; of order 0, where the two are equal, one of them alone."""
    after = apply(kind, _order(n, 1), x)
    if n is constant(0):  # C(-1) = -C(1) for J and Y (DLMF 10.4.1), C(1) for I and K (DLMF 10.27.1, 10.27.3)
        return after if above > 0 else -after
    before = apply(kind, _order(n, -1), x)
    if below < 0:
        return -(before + after) / 2
    return (before + after if above > 0 else before - after) / 2


def _scaled_bessel(n: Term, x: Term) -> Term:
    """e**-|x|·I: I' - sign(x)·I, times e**-|x|."""
    sign = where(compare("gt", x, 0), 1, where(compare("lt", x, 0), -1, 0))
    return _bessel("bessel_ie", 1, 1, n, x) - sign * apply("bessel_ie", n, x)


def _gamma_density(a: Term, x: Term) -> Term:
    """x**(a - 1)·e**-x/Γ(a), as one exponential: each factor alone may overflow (DLMF 8.8.13)."""
    return apply("exp", (a - 1) * TERMS.log(x) - x - apply("lgamma", a))


def _beta_density(a: Term, b: Term, x: Term) -> Term:
    """x**(a - 1)·(1 - x)**(b - 1)/B(a, b) (DLMF 8.17.1)."""
    log_beta = apply("lgamma", a) + apply("lgamma", b) - apply("lgamma", a + b)
    return apply("exp", (a - 1) * TERMS.log(x) + (b - 1) * TERMS.log1p(-x) - log_beta)


def _ellipk(m: Term) -> Term:
    """(E - (1 - m)·K)/(2m(1 - m)), continued by π/8 at 0 (DLMF 19.4.1, in the modulus)."""
    above = apply("ellipe", m) - (1 - m) * apply("ellipk", m)
    return where(compare("eq", m, 0), PI / 8, above / (2 * m * (1 - m)))


def _ellipe(m: Term) -> Term:
    """(E - K)/(2m), continued by -π/8 at 0 (DLMF 19.4.2, in the modulus)."""
    return where(compare("eq", m, 0), -PI / 8, (apply("ellipe", m) - apply("ellipk", m)) / (2 * m))


HELPERS: Mapping[str, Callable[..., Term]] = {
    "after": lambda n: _order(n, 1),
    "d_bessel_j": partial(_bessel, "bessel_j", 1, -1),  # DLMF 10.6.1
    "d_bessel_y": partial(_bessel, "bessel_y", 1, -1),  # DLMF 10.6.1
    "d_bessel_i": partial(_bessel, "bessel_i", 1, 1),  # DLMF 10.29.1
    "d_bessel_k": partial(_bessel, "bessel_k", -1, -1),  # DLMF 10.29.1, K being e**(nπi) times one of its functions
    "d_bessel_ie": _scaled_bessel,
    "d_ellipk": _ellipk,
    "d_ellipe": _ellipe,
    "gamma_density": _gamma_density,
    "beta_density": _beta_density,
}
"""By their names in the table."""
