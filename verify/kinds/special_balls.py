"""Special functions on balls, where arb's own need a case distinction, another order of arguments, or a scaling.

Every result contains the true value; it is NaN or infinite where the ball reaches a pole or leaves the function's
domain.  The definitions are SciPy's, named by their section of the Digital Library of Mathematical Functions (DLMF).
"""

from __future__ import annotations

from collections.abc import Callable

from flint import acb, arb

from verify.kinds.balls import trigamma

NAN = arb("nan")
_NARROW = 2.0**-24  # a relative radius that loses no digits to speak of


def erfinv(x: arb) -> arb:
    """The inverse of erf (DLMF 7.17.1), -1 < x < 1; no number at the ends, where arb has it infinite."""
    return x.erfinv() if abs(x) < 1 else NAN


def polygamma(n: arb, x: arb) -> arb:
    """ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹·n!·ζ(n + 1, x) for x > 0 (DLMF 25.11.12); left of 0 by arb's own reflection.

    n: a whole number that is not negative; the answer is NaN for any other.
    """
    if not n.is_integer() or n < 0:
        return NAN
    order = _whole(n)
    if order <= 1:
        return trigamma(x) if order else x.digamma()
    if x > 0:
        size = arb.fac_ui(order) * arb(order + 1).zeta(x)
        return size if order % 2 else -size
    return _real(acb(x).polygamma(order))


def bessel_j(n: arb, x: arb) -> arb:
    """J of order n (DLMF 10.2.2); for an order that is not whole, x ≥ 0."""
    return x.bessel_j(n) if n.is_integer() or x >= 0 else NAN


def bessel_y(n: arb, x: arb) -> arb:
    """Y of order n (DLMF 10.2.3), x > 0."""
    return x.bessel_y(n) if x > 0 else NAN


def bessel_i(n: arb, x: arb) -> arb:
    """I of order n (DLMF 10.25.2); for an order that is not whole, x ≥ 0."""
    return x.bessel_i(n) if n.is_integer() or x >= 0 else NAN


def bessel_ie(n: arb, x: arb) -> arb:
    """e**-|x|·I of order n; on both sides of 0 the two factors by themselves."""
    if x >= 0:
        return x.bessel_i(n, scaled=True)
    if x < 0 and n.is_integer():
        even = _whole(n) % 2 == 0
        size = (-x).bessel_i(n, scaled=True)
        return size if even else -size
    return (-abs(x)).exp() * bessel_i(n, x)


def bessel_k(n: arb, x: arb) -> arb:
    """K of order n (DLMF 10.27.4), x > 0."""
    return x.bessel_k(n) if x > 0 else NAN


def gammainc(a: arb, x: arb) -> arb:
    """P(a, x), the lower incomplete gamma function over Γ(a) (DLMF 8.2.4); a > 0, x ≥ 0.

    A probability that rises with x and falls with a: a wide ball is worked out by its ends, where arb's own, on the
    whole of it, takes up to a second and says next to nothing.
    """
    if not (a > 0 and x >= 0):
        return NAN
    if _wide(a, x):
        return gammainc(a.upper(), x.lower()).union(gammainc(a.lower(), x.upper()))
    return x.gamma_lower(a, regularized=1)


def gammaincc(a: arb, x: arb) -> arb:
    """Q(a, x) = 1 - P(a, x) (DLMF 8.2.4); a > 0, x ≥ 0."""
    if not (a > 0 and x >= 0):
        return NAN
    if _wide(a, x):
        return gammaincc(a.lower(), x.upper()).union(gammaincc(a.upper(), x.lower()))
    return x.gamma_upper(a, regularized=1)


def betainc(a: arb, b: arb, x: arb) -> arb:
    """The regularized incomplete beta function (DLMF 8.17.2); a, b > 0, 0 ≤ x ≤ 1; by 1 - x beyond the middle.

    A probability that rises with x and b and falls with a: a wide ball is worked out by its ends.
    """
    if not (a > 0 and b > 0 and x >= 0 and x <= 1):
        return NAN
    if _wide(a, b, x):
        return betainc(a.upper(), b.lower(), x.lower()).union(betainc(a.lower(), b.upper(), x.upper()))
    return 1 - (1 - x).beta_lower(b, a, regularized=True) if x > 0.75 else x.beta_lower(a, b, regularized=True)


def expi(x: arb) -> arb:
    """Ei(x), the principal value (DLMF 6.2.5)."""
    return x.ei() if x != 0 else NAN


def spence(x: arb) -> arb:
    """The dilogarithm of 1 - x (DLMF 25.12.2), x ≥ 0; from 2 on as -spence(1/x) - log(x)²/2 (DLMF 25.12.4)."""
    if x > 2:
        return -_dilogarithm(1 - 1 / x) - x.log() ** 2 / 2
    return _dilogarithm(1 - x) if x >= 0 else NAN


def _wide(*balls: arb) -> bool:
    return any(ball.rad() > abs(ball) * _NARROW for ball in balls)


def _whole(n: arb) -> int:
    """The whole number that the ball is."""
    return round(float(n))


def _dilogarithm(z: arb) -> arb:
    return _real(acb(z).polylog(2))


def _real(z: acb) -> arb:
    """The real part of a function that is real on the real axis."""
    return z.real if z.is_finite() else NAN


FUNCTIONS: dict[str, Callable[..., arb]] = {
    "erfinv": erfinv,
    "polygamma": polygamma,
    "bessel_j": bessel_j,
    "bessel_y": bessel_y,
    "bessel_i": bessel_i,
    "bessel_ie": bessel_ie,
    "bessel_k": bessel_k,
    "gammainc": gammainc,
    "gammaincc": gammaincc,
    "betainc": betainc,
    "expi": expi,
    "spence": spence,
}
"""By the op of the term."""
