"""Right as a formula, wrong on floats: overflow, lost digits, and rules that know when they are traced."""

# ruff: noqa: E501 - the tables are aligned, a rule a line

from __future__ import annotations

import math
from typing import Any

from tests.verify.rules.plant import FRAGILE, INACCURATE, REFUTED, UNSAFE, Formula, Wrong, on_floats, rule

_VERDICTS = {"points": REFUTED, "differences": REFUTED, "kinks": UNSAFE, "extremes": UNSAFE, "infinities": FRAGILE, "accuracy": INACCURATE}


def _wrong(op: str, mistake: str, *slopes: Formula, check: str, alone: bool = False, fragile: bool = False, **more: Any) -> Wrong:
    """fragile: it fails beyond the working range only."""
    return Wrong(op, mistake, rule(op, *slopes), check, FRAGILE if fragile else _VERDICTS[check], alone, **more)


def _f(x: Any) -> bool:
    """Whether this is a plain number, and no symbol."""
    return on_floats(x)


def cbrt_derivative(m: Any, x: Any, out: Any) -> Any:
    return m.divide(1, 3 * out * out)


class _NoNumber:
    """Swallows what it is multiplied with, as an object array would."""

    def __mul__(self, other: Any) -> _NoNumber:
        return self

    __radd__ = __mul__


# fmt: off
WRONG_FLOATS = (
    # no answer far out: the formula is proved, and its floats overflow
    _wrong("sigmoid",    "e**x/(1 + e**x)**2, NaN at 800",       lambda m, x, out: m.exp(x) / (1 + m.exp(x))**2, check="extremes", alone=True),
    _wrong("tanh",       "1/cosh², OverflowError at 400",        lambda m, x, out: 1 / m.cosh(x)**2 if not _f(x) else 1 / math.cosh(x)**2, check="extremes", alone=True),
    _wrong("softplus",   "e**x/(1 + e**x), NaN at 800",          lambda m, x, out: m.exp(x) / (1 + m.exp(x)), check="extremes", alone=True),
    _wrong("silu",       "x*e**x: 0·inf",                        lambda m, x, out: 1 / (1 + m.exp(-x)) + x * m.exp(-x) / (1 + m.exp(-x))**2, check="extremes", alone=True),
    _wrong("mish",       "an exponential of 4x, as published",   lambda m, x, out: _mish(m, x), check="extremes", alone=True),
    _wrong("logaddexp",  "e**x/(e**x + e**y)",                   lambda m, x, y, out: m.exp(x) / (m.exp(x) + m.exp(y)), lambda m, x, y, out: m.exp(y) / (m.exp(x) + m.exp(y)), check="extremes", alone=True),
    _wrong("hypot",      "x/sqrt(x² + y²) overflows",            lambda m, x, y, out: m.where(m.gt(out, 0), m.divide(x, m.sqrt(x * x + y * y)), 0), lambda m, x, y, out: m.where(m.gt(out, 0), m.divide(y, m.sqrt(x * x + y * y)), 0), check="extremes", fragile=True),
    _wrong("atan2",      "y/(x² + y²) underflows",               lambda m, x, y, out: y / (x * x + y * y), lambda m, x, y, out: -x / (x * x + y * y), check="extremes", fragile=True),
    _wrong("log1p",      "NaN below -0.999, on floats",          lambda m, x, out: math.nan if _f(x) and x < -0.999 else 1 / (1 + x), check="extremes", alone=True),
    _wrong("sinh",       "(e**x + e**-x)/2: OverflowError",      lambda m, x, out: (m.exp(x) + m.exp(-x)) / 2 if not _f(x) else (math.exp(x) + math.exp(-x)) / 2, check="extremes", alone=True),
    _wrong("reciprocal", "-1/x², 0 for the slope at 1e-200",     lambda m, x, out: -1 / (x * x) if not _f(x) or x * x else 0.0, check="extremes", fragile=True, alone=True),
    _wrong("div",        "a wrong infinity at 1e-200",           lambda m, x, y, out: 1 / y, lambda m, x, y, out: -out / y if not _f(x) or math.isfinite(out / y) else math.inf, check="extremes", fragile=True, alone=True),
    # lost at infinity, where the forward has a finite value
    _wrong("atan2",      "by hypot squared: ∞/∞",                lambda m, x, y, out: m.divide(m.divide(y, m.hypot(x, y)), m.hypot(x, y)), lambda m, x, y, out: -m.divide(m.divide(x, m.hypot(x, y)), m.hypot(x, y)), check="infinities", alone=True),
    # no limit at infinity, where the engine declares to have them
    _wrong("gelu",       "x·φ(x) is ∞·0",                        lambda m, x, out: m.normal_cdf(x) + x * m.normal_pdf(x), check="infinities", alone=True, declares=True),
    _wrong("exp",        "guarded: infinite at NaN",             lambda m, x, out: out if not _f(x) or x < 709.78 else math.inf, check="infinities", alone=True, declares=True),
    # an exception or a wrong answer at the kink, on floats
    _wrong("abs",        "x/|x| on floats: ZeroDivisionError",   lambda m, x, out: x / abs(x) if _f(x) else m.sign(x), check="kinks", alone=True),
    _wrong("relu",       "7 at 0, on floats",                    lambda m, x, out: 7.0 if _f(x) and x == 0 else m.gt(x, 0), check="kinks", alone=True),
    _wrong("max",        "(1, 1) at 0.75, on floats",            lambda m, x, y, out: m.ge(x, y), lambda m, x, y, out: 1.0 if _f(x) and x == y == 0.75 else m.gt(y, x), check="kinks", alone=True),
    _wrong("max",        "(1, 1) at ties in (1e3, 1e299), on floats", lambda m, x, y, out: m.ge(x, y), lambda m, x, y, out: 1.0 if _f(x) and x == y and 1e3 < x < 1e299 else m.gt(y, x), check="kinks", alone=True),
    _wrong("min",        "(0, 0) at ties, on floats",            lambda m, x, y, out: m.lt(x, y) if _f(x) else m.le(x, y), lambda m, x, y, out: m.lt(y, x), check="kinks"),
    # right on symbols, wrong on floats
    _wrong("tanh",       "1 + out² on floats",                   lambda m, x, out: 1 + out**2 if _f(x) else 1 - out**2, check="points"),
    _wrong("sigmoid",    "wrong beyond 30, on floats",           lambda m, x, out: 0.0 if _f(x) and x < -30 else out * (1 - out), check="points"),
    _wrong("gelu",       "wrong on (1, 2), on floats",           lambda m, x, out: 1.0 if _f(x) and 1 < x < 2 else m.normal_cdf(x) + x * m.normal_pdf(x), check="points"),
    _wrong("exp",        "a factor 1 + 1e-9, when a float",         lambda m, x, out: out * (1 + 1e-9) if _f(x) else out, check="points"),
    _wrong("erf",        "0.886 for √π/2, on floats",            lambda m, x, out: m.exp(-x * x) / (0.886 if _f(x) else m.sqrt(m.pi) / 2), check="points"),
    _wrong("square",     "0 where x² overflows, on floats",      lambda m, x, out: 0.0 if _f(x) and math.isinf(out) else 2 * x, check="points", alone=True),
    _wrong("asinh",      "single precision's 1e-6, on floats",   lambda m, x, out: (1 / m.hypot(1, x)) * (1 + 1e-6 if _f(x) else 1), check="points"),
    # no symbol gets through: the rule is matched at points
    _wrong("tanh",       "floats only: a sign",                  lambda m, x, out: 1 + math.tanh(x)**2, check="points"),
    _wrong("sin",        "floats only: degrees",                 lambda m, x, out: math.cos(math.radians(x)), check="points"),
    _wrong("atan",       "floats only: a factor 1 + 1e-9",       lambda m, x, out: (1 + 1e-9) / (1 + math.pow(x, 2)) if abs(x) < 1e150 else math.pow(x, -1)**2, check="points"),
    _wrong("cosh",       "floats only: a factor 1 + 1e-11",      lambda m, x, out: (1 + 1e-11) * m.sinh(float(x)), check="points"),
    _wrong("softplus",   "floats only: a hard step beyond 3",    lambda m, x, out: float(x > 0) if abs(float(x)) > 3 else 1 / (1 + math.exp(-x)), check="points"),
    _wrong("log",        "floats only: 0 beyond 1e6",            lambda m, x, out: 0.0 if float(x) > 1e6 else 1 / x, check="points"),
    _wrong("expm1",      "floats only: 0.05% off on (1, 2)",     lambda m, x, out: m.exp(float(x)) * (1.0005 if 1 < x < 2 else 1), check="points"),
    _wrong("atan",       "floats only: 1e-7 off on (1/16, 30)",    lambda m, x, out: 1 / (1 + float(x) * x) * (1 + 1e-7 if 0.0625 < x < 30 else 1), check="differences", alone=True),
    # no number at all
    _wrong("cbrt",       "a power of a negative float: complex", lambda m, x, out: x**(-2 / 3) / 3 if _f(x) and x else cbrt_derivative(m, x, out), check="extremes", alone=True),
    _wrong("neg",        "None on floats",                       lambda m, x, out: _NoNumber() if _f(x) else -1, check="extremes"),
    _wrong("square",     "an int beyond all floats",             lambda m, x, out: 10**400 if _f(x) and x > 1 else 2 * x, check="extremes", alone=True),
    _wrong("square",     "(x + 1)² - x² - 1: cancels",           lambda m, x, out: (x + 1) * (x + 1) - x * x - 1, check="extremes", alone=True),
    # inaccurate: right, and useless in floats
    _wrong("tanh",       "1 - out², no digits at 20",            lambda m, x, out: 1 - out**2, check="accuracy", alone=True),
    _wrong("sigmoid",    "out·(1 - out), no digits at 40",       lambda m, x, out: out * (1 - out), check="accuracy", alone=True),
    _wrong("gelu",       "Φ by erf, no digits at -8",            lambda m, x, out: (1 + m.erf(x / m.sqrt(2))) / 2 + x * m.normal_pdf(x), check="accuracy", alone=True),
    _wrong("asin",       "1/sqrt(1 - x²), few digits at 1",      lambda m, x, out: m.divide(1, m.sqrt(1 - x * x)), check="accuracy", alone=True),
    _wrong("expm1",      "out + 1, no digits at -40",            lambda m, x, out: out + 1, check="accuracy", alone=True),
    _wrong("tan",        "1/cos² by 1 - sin²",                   lambda m, x, out: m.divide(1, 1 - m.sin(x)**2), check="accuracy", alone=True),
)
# fmt: on


def _mish(m: Any, x: Any) -> Any:
    """ω = 4(x + 1) + 4e**2x + e**3x + e**x(4x + 6), δ = 2e**x + e**2x + 2: e**x·ω/δ²."""
    e = m.exp(x)
    omega = 4 * (x + 1) + 4 * e**2 + e**3 + e * (4 * x + 6)
    delta = 2 * e + e**2 + 2
    return e * omega / delta**2
