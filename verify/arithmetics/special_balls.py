"""Special functions on intervals, where arb's own need a case distinction, another order of arguments, or a scaling.

Every result contains the true value; it is NaN or infinite where the interval reaches a pole or leaves the function's
domain.  The definitions are SciPy's, named by their section of the Digital Library of Mathematical Functions (DLMF).
"""

from __future__ import annotations

from collections.abc import Callable

from flint import acb, arb

from backproof.verify.arithmetics import balls
from backproof.verify.arithmetics.balls import trigamma

NAN = arb("nan")
_NARROW = 2.0**-24  # a relative radius that costs almost no digits


def erfinv(x: arb) -> arb:
    """The inverse of erf (DLMF 7.17.1), -1 < x < 1; NaN at the ends, where arb gives infinity."""
    return x.erfinv() if abs(x) < 1 else NAN


def polygamma(n: arb, x: arb) -> arb:
    """ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹·n!·ζ(n + 1, x) for x > 0 (DLMF 25.11.12); left of 0 by arb's own reflection.

    n: an integer >= 0; the result is NaN for any other.
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
    """J of order n (DLMF 10.2.2); for an order that is not an integer, x ≥ 0."""
    return x.bessel_j(n) if n.is_integer() or x >= 0 else NAN


def bessel_y(n: arb, x: arb) -> arb:
    """Y of order n (DLMF 10.2.3), x > 0."""
    return x.bessel_y(n) if x > 0 else NAN


def bessel_i(n: arb, x: arb) -> arb:
    """I of order n (DLMF 10.25.2); for an order that is not an integer, x ≥ 0."""
    return x.bessel_i(n) if n.is_integer() or x >= 0 else NAN


def bessel_ie(n: arb, x: arb) -> arb:
    """e**-|x|·I of order n; for intervals on both sides of 0 as a product of the two factors."""
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

    A probability that rises with x and falls with a: a wide interval is evaluated at its ends, since arb's own, on all
    of it, takes up to a second and gives almost no information.
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

    A probability that rises with x and b and falls with a: a wide interval is evaluated at its ends.
    """
    if not (a > 0 and b > 0 and x >= 0 and x <= 1):
        return NAN
    if _wide(a, b, x):
        return betainc(a.upper(), b.lower(), x.lower()).union(betainc(a.lower(), b.upper(), x.upper()))
    return 1 - (1 - x).beta_lower(b, a, regularized=True) if x > 0.75 else x.beta_lower(a, b, regularized=True)


def entr(x: arb) -> arb:
    """-x·log x, 0 at 0; x ≥ 0: it rises to 1/e there and falls from then on, so the ends suffice."""
    if not x >= 0:
        return NAN
    top = arb(-1).exp()
    ends = [-(end * end.log()) if end > 0 else arb(0) for end in (x.lower(), x.upper())]
    both = ends[0].union(ends[1])
    return both if x < top or x > top else both.union(top)


def expi(x: arb) -> arb:
    """Ei(x), the principal value (DLMF 6.2.5)."""
    return x.ei() if x != 0 else NAN


def spence(x: arb) -> arb:
    """The dilogarithm of 1 - x (DLMF 25.12.2), x ≥ 0; from 2 on as -spence(1/x) - log(x)²/2 (DLMF 25.12.4)."""
    if x > 2:
        return -_dilogarithm(1 - 1 / x) - x.log() ** 2 / 2
    return _dilogarithm(1 - x) if x >= 0 else NAN


def dawsn(x: arb) -> arb:
    """Dawson's integral e**-x²·∫e**t² dt = x·₁F₁(1, 3/2, -x²) (DLMF 7.2.5, 7.11.5); |its derivative| is at most 1."""
    return _no_steeper(x, lambda u: u * (-u * u).hypgeom_1f1(arb(1), arb(1.5)), 1)


def si(x: arb) -> arb:
    """The sine integral ∫sin(t)/t dt from 0 (DLMF 6.2.9)."""
    return _no_steeper(x, arb.si, 1)


def ci(x: arb) -> arb:
    """The cosine integral of |x|, γ + log|x| + ∫(cos(t) - 1)/t dt (DLMF 6.2.11, 6.2.13), as in SciPy; x not 0."""
    return abs(x).ci() if x != 0 else NAN


def airy_ai(x: arb) -> arb:
    """Ai (DLMF 9.2)."""
    return x.airy_ai()


def airy_bi(x: arb) -> arb:
    """Bi (DLMF 9.2)."""
    return x.airy_bi()


def airy_ai_prime(x: arb) -> arb:
    """Ai' (DLMF 9.2)."""
    return x.airy_ai(derivative=1)


def airy_bi_prime(x: arb) -> arb:
    """Bi' (DLMF 9.2)."""
    return x.airy_bi(derivative=1)


def ellipk(m: arb) -> arb:
    """K of the parameter m < 1 (DLMF 19.2.8, 19.5.1), which rises with m: a wide interval is evaluated at its ends."""
    if not m < 1:
        return NAN
    if m.rad() > 0:
        return _real(acb(m.lower()).elliptic_k()).union(_real(acb(m.upper()).elliptic_k()))
    return _real(acb(m).elliptic_k())


def ellipe(m: arb) -> arb:
    """E of the parameter m ≤ 1 (DLMF 19.2.8, 19.5.2), which falls as m rises; a wide interval: at its ends."""
    if not m <= 1:
        return NAN
    if m.rad() > 0:
        return _real(acb(m.upper()).elliptic_e()).union(_real(acb(m.lower()).elliptic_e()))
    return _real(acb(m).elliptic_e())


def _no_steeper(x: arb, function: Callable[[arb], arb], partial: float) -> arb:
    """The function of x, whose |derivative| is at most ``partial``: by the mean value theorem where that is tighter."""
    own = function(x)
    if x.rad() == 0 or not x.is_finite():
        return own
    better = function(x.mid()) + arb(0, (x.rad() * partial).upper())
    return better if not own.is_finite() or better.rad() < own.rad() else own


def _wide(*balls: arb) -> bool:
    return any(ball.rad() > abs(ball) * _NARROW for ball in balls)


def _whole(n: arb) -> int:
    """The integer of an exact interval."""
    return round(float(n))


def _dilogarithm(z: arb) -> arb:
    return _real(acb(z).polylog(2))


def _real(z: acb) -> arb:
    """The real part of a function that is real on the real axis."""
    return z.real if z.is_finite() else NAN


_BESSEL = (bessel_j, bessel_y, bessel_i, bessel_ie, bessel_k)

FUNCTIONS: dict[str, Callable[..., arb]] = {
    function.__name__: function
    for function in (
        *(entr, erfinv, polygamma, *_BESSEL, gammainc, gammaincc, betainc, expi, spence),
        *(dawsn, si, ci, airy_ai, airy_ai_prime, airy_bi, airy_bi_prime, ellipk, ellipe),
    )
}
"""By the op of the term."""

ON_BALLS = {**balls.FUNCTIONS, **FUNCTIONS}
"""Every primitive with an interval evaluation."""
