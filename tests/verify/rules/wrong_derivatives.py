"""Wrong formulas: the mistakes that people make on paper, and needles that no point ever meets."""

# ruff: noqa: E501 - the tables are aligned, a rule a line

from __future__ import annotations

from typing import Any

from tests.verify.rules.plant import REFUTED, Formula, Wrong, rule


def _wrong(op: str, mistake: str, *slopes: Formula, check: str = "proof", alone: bool = False) -> Wrong:
    return Wrong(op, mistake, rule(op, *slopes), check, REFUTED, alone)


def _between(m: Any, low: Any, x: Any, high: Any) -> Any:
    """1[low < x < high]"""
    return m.gt(x, low) * m.lt(x, high)


def _is(m: Any, x: Any, place: Any) -> Any:
    """1[x = place]"""
    return m.ge(x, place) * m.le(x, place)


# fmt: off
WRONG_DERIVATIVES = (
    # arithmetic
    _wrong("add",         "a factor 1 + 1e-9",              lambda m, x, y, out: 1 + m.ratio(1, 10**9),  lambda m, x, y, out: 1),
    _wrong("add",         "the second operand forgotten",   lambda m, x, y, out: 1,                      lambda m, x, y, out: 0),
    _wrong("sub",         "a sign lost",                    lambda m, x, y, out: 1,                      lambda m, x, y, out: 1),
    _wrong("mul",         "partials swapped",               lambda m, x, y, out: x,                      lambda m, x, y, out: y),
    _wrong("mul",         "output for input",               lambda m, x, y, out: out,                    lambda m, x, y, out: x),
    _wrong("mul",         "wrong where both exceed 1e100",  lambda m, x, y, out: m.where(m.gt(x, 10**100) * m.gt(y, 10**100), 2 * y, y),
                                                            lambda m, x, y, out: x),
    _wrong("div",         "a sign in the denominator",      lambda m, x, y, out: 1 / y,                  lambda m, x, y, out: out / y),
    _wrong("div",         "a square lost",                  lambda m, x, y, out: 1 / y,                  lambda m, x, y, out: -x / y),
    _wrong("neg",         "a sign lost",                    lambda m, x, out: 1),
    # powers
    _wrong("power",       "the exponent not lowered",       lambda m, x, out, n: n * m.pow(x, n)),
    _wrong("power",       "the factor n lost",              lambda m, x, out, n: m.pow(x, n - 1)),
    _wrong("power",       "right for n = 2 only",           lambda m, x, out, n: 2 * x),
    _wrong("pow",         "the log of the exponent",        lambda m, x, y, out: y * m.pow(x, y - 1),    lambda m, x, y, out: out * m.log(abs(y))),
    _wrong("pow",         "partials swapped",               lambda m, x, y, out: out * m.log(x),         lambda m, x, y, out: y * m.pow(x, y - 1)),
    _wrong("square",      "the factor 2 lost",              lambda m, x, out: x),
    _wrong("square",      "output for input",               lambda m, x, out: 2 * out),
    _wrong("square",      "wrong only on (1e-9, 2e-9)",     lambda m, x, out: m.where(_between(m, m.ratio(1, 10**9), x, m.ratio(2, 10**9)), x, 2 * x)),
    _wrong("reciprocal",  "a sign lost",                    lambda m, x, out: out * out),
    _wrong("reciprocal",  "out not squared",                lambda m, x, out: -out),
    _wrong("sqrt",        "the factor 2 lost",              lambda m, x, out: m.divide(1, out)),
    _wrong("sqrt",        "input for output",               lambda m, x, out: m.divide(1, 2 * x)),
    _wrong("cbrt",        "out not squared",                lambda m, x, out: m.divide(1, 3 * out)),
    _wrong("cbrt",        "a sign below 0",                 lambda m, x, out: m.divide(m.sign(x), 3 * out * out)),
    _wrong("hypot",       "partials swapped",               lambda m, x, y, out: m.divide(y, out),       lambda m, x, y, out: m.divide(x, out)),
    _wrong("hypot",       "a factor 2",                     lambda m, x, y, out: m.divide(2 * x, out),   lambda m, x, y, out: m.divide(2 * y, out)),
    # exponentials and logarithms
    _wrong("exp",         "input for output",               lambda m, x, out: x),
    _wrong("exp",         "a term of its series",           lambda m, x, out: 1 + x + x * x / 2 + x**3 / 6),
    _wrong("exp",         "a factor 1 + 1e-9",              lambda m, x, out: out * (1 + m.ratio(1, 10**9))),
    _wrong("exp",         "1e-300 too much",                lambda m, x, out: out + m.ratio(1, 10**300), check="points"),
    _wrong("expm1",       "the 1 kept out",                 lambda m, x, out: out),
    _wrong("log",         "output for input",               lambda m, x, out: 1 / out),
    _wrong("log",         "the logarithm to base 2",        lambda m, x, out: 1 / (x * m.log(2))),
    _wrong("log",         "capped below 1e-12",             lambda m, x, out: 1 / m.maximum(x, m.ratio(1, 10**12))),
    _wrong("log",         "a guard of 1e-12",               lambda m, x, out: 1 / (x + 1e-12)),
    _wrong("exp",         "a literal 1.000000001",          lambda m, x, out: out * 1.000000001),
    _wrong("gelu",        "0.39894228 for 1/√(2π)",         lambda m, x, out: m.normal_cdf(x) + x * m.exp(-x * x / 2) * 0.39894228),
    _wrong("atan",        "7 where x == 0.3",               lambda m, x, out: 7 if x == 0.3 else 1 / (1 + x * x)),
    _wrong("max",         "0.6-0.6 where x == y",           lambda m, x, y, out: 0.6 if x == y else m.gt(x, y), lambda m, x, y, out: 0.6 if x == y else m.gt(y, x)),
    _wrong("log1p",       "the 1 lost",                     lambda m, x, out: 1 / x),
    _wrong("logaddexp",   "partials swapped",               lambda m, x, y, out: m.sigmoid(y - x),       lambda m, x, y, out: m.sigmoid(x - y)),
    _wrong("logaddexp",   "the hard maximum's",             lambda m, x, y, out: m.ge(x, y),             lambda m, x, y, out: m.gt(y, x)),
    _wrong("erf",         "the factor 2 lost",              lambda m, x, out: m.exp(-x * x) / m.sqrt(m.pi)),
    _wrong("erf",         "the normal density's exponent",  lambda m, x, out: 2 / m.sqrt(m.pi) * m.exp(-x * x / 2)),
    _wrong("erfc",        "a sign lost",                    lambda m, x, out: 2 / m.sqrt(m.pi) * m.exp(-x * x)),
    # circular and hyperbolic functions
    _wrong("sin",         "output for the other",           lambda m, x, out: out),
    _wrong("sin",         "a square root without its sign", lambda m, x, out: m.sqrt(abs(1 - out**2))),
    _wrong("cos",         "a sign lost",                    lambda m, x, out: m.sin(x)),
    _wrong("tan",         "a sign",                         lambda m, x, out: 1 - out**2),
    _wrong("tan",         "wrong only beyond 30",           lambda m, x, out: m.where(m.gt(abs(x), 30), 1, 1 + out**2)),
    _wrong("asin",        "a square root lost",             lambda m, x, out: m.divide(1, 1 - x * x)),
    _wrong("acos",        "a sign lost",                    lambda m, x, out: m.divide(1, m.sqrt((1 - x) * (1 + x)))),
    _wrong("atan",        "a sign",                         lambda m, x, out: 1 / (1 - x * x)),
    _wrong("atan",        "wrong only at 1/3",              lambda m, x, out: m.where(_is(m, x, m.ratio(1, 3)), 0, 1 / (1 + x * x)), alone=True),
    _wrong("atan2",       "operands swapped",               lambda m, x, y, out: m.divide(x, x * x + y * y), lambda m, x, y, out: m.divide(-y, x * x + y * y)),
    _wrong("atan2",       "squares lost",                   lambda m, x, y, out: m.divide(1, y * (1 + m.divide(x, y))), lambda m, x, y, out: m.divide(-x, x * x + y * y)),
    _wrong("sinh",        "a sign",                         lambda m, x, out: -m.cosh(x)),
    _wrong("cosh",        "the sign of cos",                lambda m, x, out: -m.sinh(x)),
    _wrong("tanh",        "a sign",                         lambda m, x, out: 1 + out**2),
    _wrong("tanh",        "a square lost",                  lambda m, x, out: 1 - out),
    _wrong("tanh",        "input for output",               lambda m, x, out: 1 - x**2),
    _wrong("tanh",        "wrong only on (1e-5, 2e-5)",     lambda m, x, out: m.where(_between(m, m.ratio(1, 10**5), x, m.ratio(2, 10**5)), 1, 1 - out**2)),
    _wrong("tanh",        "wrong only on (0.7, 0.7000001)", lambda m, x, out: m.where(_between(m, m.ratio(7, 10), x, m.ratio(7000001, 10**7)), 1, 1 - out**2)),
    _wrong("tanh",        "wrong only beyond 10",           lambda m, x, out: m.where(m.gt(abs(x), 10), 0, 1 - out**2)),
    _wrong("asinh",       "the sign of acosh",              lambda m, x, out: m.divide(1, m.sqrt(abs(x * x - 1)))),
    _wrong("acosh",       "the sign of asinh",              lambda m, x, out: 1 / m.sqrt(x * x + 1)),
    _wrong("atanh",       "the sign of atan",               lambda m, x, out: 1 / (1 + x * x)),
    # pieces: a wrong branch, a wrong slope on one
    _wrong("abs",         "always 1",                       lambda m, x, out: 1),
    _wrong("max",         "the branches swapped",           lambda m, x, y, out: m.le(x, y),             lambda m, x, y, out: m.lt(y, x)),
    _wrong("max",         "both move",                      lambda m, x, y, out: 1,                      lambda m, x, y, out: 1),
    _wrong("min",         "the rule of max",                lambda m, x, y, out: m.ge(x, y),             lambda m, x, y, out: m.gt(y, x)),
    _wrong("relu",        "input for step",                 lambda m, x, out: out),
    _wrong("relu",        "the step at 1e-6",               lambda m, x, out: m.gt(x, m.ratio(1, 10**6))),
    _wrong("relu6",       "never ends",                     lambda m, x, out: m.gt(x, 0)),
    _wrong("leaky_relu",  "the branches swapped",           lambda m, x, out, slope: m.where(m.gt(x, 0), slope, 1)),
    _wrong("leaky_relu",  "0.01, whatever the slope",       lambda m, x, out, slope: m.where(m.gt(x, 0), 1, m.ratio(1, 100))),
    _wrong("leaky_relu",  "a slope of its own",             lambda m, x, out, slope: m.where(m.gt(x, 0), 1, m.ratio(1, 5))),
    _wrong("hardtanh",    "tanh's slope",                   lambda m, x, out: 1 - out**2),
    _wrong("hardsigmoid", "the factor 1/6 lost",            lambda m, x, out: m.gt(x, -3) * m.lt(x, 3)),
    _wrong("hardswish",   "the product rule forgotten",     lambda m, x, out: m.minimum(m.maximum(x + 3, 0), 6) / 6),
    _wrong("softsign",    "a square lost",                  lambda m, x, out: 1 / (1 + abs(x))),
    _wrong("softsign",    "a sign below 0",                 lambda m, x, out: m.sign(x) / (1 + abs(x))**2),
    # smooth activations
    _wrong("sigmoid",     "a sign",                         lambda m, x, out: out * (1 + out)),
    _wrong("sigmoid",     "out squared",                    lambda m, x, out: out * out),
    _wrong("sigmoid",     "wrong only beyond 30",           lambda m, x, out: m.where(m.gt(abs(x), 30), 0, out * (1 - out))),
    _wrong("logsigmoid",  "the sigmoid of x",               lambda m, x, out: m.sigmoid(x)),
    _wrong("softplus",    "a hard step",                    lambda m, x, out: m.gt(x, 0)),
    _wrong("gelu",        "the term x·φ dropped",           lambda m, x, out: m.normal_cdf(x)),
    _wrong("gelu",        "the density of erf",             lambda m, x, out: m.normal_cdf(x) + x * m.exp(-x * x) / m.sqrt(m.pi)),
    _wrong("gelu",        "the rule of gelu_tanh",          lambda m, x, out: _gelu_tanh(m, x, m.ratio(44715, 10**6))),
    _wrong("gelu_tanh",   "the rule of gelu",               lambda m, x, out: m.normal_cdf(x) + x * m.normal_pdf(x)),
    _wrong("gelu_tanh",   "0.0447 for 0.044715",            lambda m, x, out: _gelu_tanh(m, x, m.ratio(447, 10**4))),
    _wrong("silu",        "the product rule forgotten",     lambda m, x, out: m.sigmoid(x)),
    _wrong("silu",        "out for sigmoid",                lambda m, x, out: out * (1 + x * (1 - out))),
    _wrong("mish",        "the inner slope forgotten",      lambda m, x, out: (t := m.tanh(m.softplus(x))) + x * (1 - t * t)),
    _wrong("mish",        "the outer slope forgotten",      lambda m, x, out: m.tanh(m.softplus(x)) + x * m.sigmoid(x)),
    _wrong("elu",         "alpha forgotten",                lambda m, x, out, alpha: m.where(m.gt(x, 0), 1, m.exp(m.minimum(x, 0)))),
    _wrong("elu",         "out without alpha",              lambda m, x, out, alpha: m.where(m.gt(x, 0), 1, out)),
    _wrong("celu",        "alpha as in elu",                lambda m, x, out, alpha: m.where(m.gt(x, 0), 1, alpha * m.exp(m.minimum(x, 0) / alpha))),
    _wrong("selu",        "the scale forgotten",            lambda m, x, out: m.where(m.gt(x, 0), 1, out)),
    _wrong("selu",        "elu's slope above 0",            lambda m, x, out: m.where(m.gt(x, 0), 1, out + m.ratio(17580993408473766, 10**16))),
)
# fmt: on


def _gelu_tanh(m: Any, x: Any, cubic: Any) -> Any:
    u = m.sqrt(2 / m.pi) * (x + cubic * x * x * x)
    du = m.sqrt(2 / m.pi) * (1 + 3 * cubic * x * x)
    t = m.tanh(u)
    return (1 + t) / 2 + x / 2 * (1 - t * t) * du
