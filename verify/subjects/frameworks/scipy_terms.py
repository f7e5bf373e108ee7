"""Functions of SciPy that are not ufuncs, as terms: autograd's rules call them besides those that NumPy dispatches.

The distributions are SciPy's, in its own parameters: loc and scale where it has them, the location first.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from backproof.verify.terms.term import PI, Term, apply, compare, constant, term, where

Builder = Callable[..., Term]
HALF = constant(Fraction(1, 2))


def _log(x: Any) -> Term:
    return apply("log", x)


def _exp(x: Any) -> Term:
    return apply("exp", x)


def _log_gamma(x: Any) -> Term:
    return apply("lgamma", x)


def multigammaln(a: Any, d: int) -> Term:
    """log Γ of d dimensions: d(d - 1)/4·log π + Σ log Γ(a - j/2), j < d (DLMF 35.3.4)."""
    total = constant(Fraction(d * (d - 1), 4)) * _log(PI)
    for j in range(d):
        total = total + _log_gamma(term(a) - constant(Fraction(j, 2)) if j else a)
    return total


# ------------------------------------------------------------------------------------------------ distributions


def _standard(x: Any, loc: Any, scale: Any) -> Term:
    return apply("div", term(x) - loc, scale)


def _normal_log(x: Any, loc: Any = 0, scale: Any = 1) -> Term:
    z = _standard(x, loc, scale)
    return -z * z / 2 - _log(scale) - _log(2 * PI) / 2


def _normal_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Term:
    z = _standard(x, loc, scale)
    return _exp(-z * z / 2) / (term(scale) * apply("sqrt", 2 * PI))


def _normal_tail(side: int) -> Builder:
    """Φ for -1, 1 - Φ for 1."""

    def tail(x: Any, loc: Any = 0, scale: Any = 1) -> Term:
        return apply("erfc", side * _standard(x, loc, scale) / apply("sqrt", 2)) / 2

    return tail


def _gamma_log(x: Any, a: Any) -> Term:
    return (term(a) - 1) * _log(x) - term(x) - _log_gamma(a)


def _beta_log(x: Any, a: Any, b: Any) -> Term:
    powers = (term(a) - 1) * _log(x) + (term(b) - 1) * apply("log1p", -term(x))
    return powers - (_log_gamma(a) + _log_gamma(b) - _log_gamma(term(a) + b))


def _chi2_log(x: Any, df: Any) -> Term:
    return _gamma_log(term(x) / 2, term(df) / 2) - _log(2)


def _student_log(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Term:
    z, freedom = _standard(x, loc, scale), term(df)
    size = _log_gamma((freedom + 1) / 2) - _log_gamma(freedom / 2) - _log(freedom * PI) / 2 - _log(scale)
    return size - (freedom + 1) / 2 * apply("log1p", z * z / freedom)


def _student_cdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Term:
    """(1 ± I(1/2, df/2, z²/(df + z²)))/2, by the sign of z."""
    z, freedom = _standard(x, loc, scale), term(df)
    half = apply("betainc", HALF, freedom / 2, z * z / (freedom + z * z)) / 2
    return where(compare("ge", z, 0), HALF + half, HALF - half)


def _poisson_log(k: Any, mu: Any) -> Term:
    return term(k) * _log(mu) - term(mu) - _log_gamma(term(k) + 1)


def _poisson_cdf(k: Any, mu: Any) -> Term:
    return apply("gammaincc", term(k) + 1, mu)


def _of_log(log: Builder) -> Builder:
    return lambda *x: _exp(log(*x))


def _log_of(function: Builder) -> Builder:
    return lambda *x: _log(function(*x))


FUNCTIONS: dict[str, Builder] = {
    "polygamma": lambda n, x: apply("polygamma", n, x),
    "multigammaln": multigammaln,
    "norm.pdf": _normal_pdf,
    "norm.logpdf": _normal_log,
    "norm.cdf": _normal_tail(-1),
    "norm.sf": _normal_tail(1),
    "norm.logcdf": _log_of(_normal_tail(-1)),
    "norm.logsf": _log_of(_normal_tail(1)),
    "gamma.pdf": _of_log(_gamma_log),
    "gamma.logpdf": _gamma_log,
    "gamma.cdf": lambda x, a: apply("gammainc", a, x),
    "beta.pdf": _of_log(_beta_log),
    "beta.logpdf": _beta_log,
    "beta.cdf": lambda x, a, b: apply("betainc", a, b, x),
    "chi2.pdf": _of_log(_chi2_log),
    "chi2.logpdf": _chi2_log,
    "chi2.cdf": lambda x, df: apply("gammainc", term(df) / 2, term(x) / 2),
    "t.pdf": _of_log(_student_log),
    "t.logpdf": _student_log,
    "t.cdf": _student_cdf,
    "t.logcdf": _log_of(_student_cdf),
    "poisson.pmf": _of_log(_poisson_log),
    "poisson.logpmf": _poisson_log,
    "poisson.cdf": _poisson_cdf,
}
"""The term of each function, by its name; a distribution's by the distribution and the method."""


def name_of(function: Any) -> str:
    """The name of a function of SciPy in the table: norm.pdf for the bound method of `scipy.stats.norm`."""
    name = getattr(function, "__name__", "")
    owner = type(getattr(function, "__self__", None)).__name__
    return f"{owner.removesuffix('_gen')}.{name}" if owner.endswith("_gen") else name
