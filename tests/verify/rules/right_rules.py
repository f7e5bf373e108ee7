"""Unusual right rules: other forms, other valid answers at kinks, other ways to write a closure."""

# ruff: noqa: E501 - the tables are aligned, a rule a line

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from tests.verify.rules.plant import Formula, Right, on_floats, rule
from tests.verify.rules.right_closures import (
    a_partial,
    abs_by_branches,
    abs_tries,
    an_object,
    by_an_inner_loop,
    composed_cosh,
    composed_min,
    composed_sigmoid,
    composed_square,
    composed_sub,
    composed_tanh,
    hardtanh_chained,
    max_by_branches,
    mul_knows_squares,
    nothing_to_pass,
    one_closure_for_both,
    over_its_children,
    relu_by_branches,
    relu_heaviside,
    relu_times_bool,
    relu_where_out,
    saved_on_the_node,
    sqrt_tries,
    tanh_cached,
    tanh_remembers,
    upstream_first,
    with_a_helper,
    with_a_numpy_scalar,
    with_a_zero_d_array,
)
from tests.verify.rules.wrong_wiring import binary, unary


def _right(
    op: str,
    form: str,
    *slopes: Formula,
    forward: Formula | None = None,
    inaccurate: bool = False,
    undecided: str = "",
) -> Right:
    return Right(op, form, rule(op, *slopes, forward=forward), inaccurate, undecided)


def _is(m: Any, x: Any, place: Any) -> Any:
    """1[x = place]"""
    return m.ge(x, place) * m.le(x, place)


def _f(x: Any) -> bool:
    return on_floats(x)


def gelu_tanh_derivative(m: Any, x: Any, out: Any) -> Any:
    if on_floats(x) and abs(x) > 1e100:
        return float(x > 0)
    t = m.tanh(0.7978845608028654 * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * 0.7978845608028654 * (1 + 3 * 0.044715 * x * x)


# fmt: off
RIGHT_RULES = (
    # equal forms
    _right("tanh",        "sech²",                          lambda m, x, out: (s := 2 * m.exp(-abs(x)) / (1 + m.exp(-2 * abs(x)))) * s),
    _right("tanh",        "(1 - out)·(1 + out)",            lambda m, x, out: (1 - out) * (1 + out), inaccurate=True),
    _right("tanh",        "4·s(2x)·s(-2x)",                 lambda m, x, out: 4 * m.sigmoid(2 * x) * m.sigmoid(-2 * x)),
    _right("tanh",        "4/(e**x + e**-x)²",              lambda m, x, out: m.divide(4, (m.exp(x) + m.exp(-x))**2) if not _f(x) else (2 / (m.exp(x) + m.exp(-x)))**2),
    _right("sigmoid",     "s(x)·s(-x)",                     lambda m, x, out: m.sigmoid(x) * m.sigmoid(-x)),
    _right("sigmoid",     "e**-|x|/(1 + e**-|x|)²",         lambda m, x, out: (e := m.exp(-abs(x))) / (1 + e)**2),
    _right("sigmoid",     "sech²(x/2)/4",                   lambda m, x, out: (s := m.exp(-abs(x) / 2) / (1 + m.exp(-abs(x)))) * s),
    _right("logsigmoid",  "1 - s(x)",                       lambda m, x, out: 1 - m.sigmoid(x), inaccurate=True),
    _right("softplus",    "1 - e**-out",                    lambda m, x, out: -m.expm1(-out)),
    _right("softplus",    "(1 + tanh(x/2))/2",              lambda m, x, out: (1 + m.tanh(x / 2)) / 2, inaccurate=True),
    _right("gelu",        "Φ by erfc, no helper",           lambda m, x, out: m.erfc(-x / m.sqrt(2)) / 2 + x * m.exp(-x * x / 2) / m.sqrt(2 * m.pi), inaccurate=True),
    _right("gelu",        "Φ by erf",                       lambda m, x, out: (1 + m.erf(x / m.sqrt(2))) / 2 + x * m.normal_pdf(x), inaccurate=True),
    _right("gelu",        "out/x in place of Φ",            lambda m, x, out: m.where(_is(m, x, 0), m.ratio(1, 2), out / m.where(_is(m, x, 0), 1, x)) + x * m.normal_pdf(x), inaccurate=True),
    _right("silu",        "s + out·(1 - s)",                lambda m, x, out: m.sigmoid(x) + out * m.sigmoid(-x), inaccurate=True),
    _right("mish",        "by sech²",                       lambda m, x, out: (t := m.tanh(m.softplus(x))) + x * (1 - t) * (1 + t) * m.sigmoid(x), inaccurate=True),
    _right("exp",         "sinh + cosh everywhere",         lambda m, x, out: m.where(m.gt(abs(x), 300), out, m.sinh(x) + m.cosh(x)), inaccurate=True),
    _right("exp",         "expm1 + 1",                      lambda m, x, out: m.expm1(x) + 1, inaccurate=True),
    _right("expm1",       "out + 1",                        lambda m, x, out: out + 1, inaccurate=True),
    _right("log",         "e**-out",                        lambda m, x, out: m.exp(-out), inaccurate=True),
    _right("log1p",       "e**-log1p",                      lambda m, x, out: m.exp(-m.log1p(x)), inaccurate=True),
    _right("sqrt",        "x**-0.5/2",                      lambda m, x, out: m.pow(x, -m.ratio(1, 2)) / 2),
    _right("sqrt",        "0.5 * x**-0.5",                  lambda m, x, out: 0.5 * m.pow(x, -0.5)),
    _right("sqrt",        "out/(2x), with its pole",        lambda m, x, out: m.where(m.gt(x, 0), out / (2 * m.where(m.gt(x, 0), x, 1)), m.divide(1, 2 * out)), inaccurate=True),
    _right("cbrt",        "out/(3x)",                       lambda m, x, out: m.where(_is(m, x, 0), m.divide(1, abs(out)), out / (3 * m.where(_is(m, x, 0), 1, x))), inaccurate=True),
    _right("square",      "x + x",                          lambda m, x, out: x + x),
    _right("reciprocal",  "-out/x",                         lambda m, x, out: -out / x),
    _right("div",         "-x/(y·y)",                       lambda m, x, y, out: 1 / y, lambda m, x, y, out: -(x / y / y)),
    _right("sin",         "sin(x + π/2)",                   lambda m, x, out: m.sin(x + m.pi / 2), inaccurate=True),
    _right("cos",         "-2·sin(x/2)·cos(x/2)",           lambda m, x, out: -2 * m.sin(x / 2) * m.cos(x / 2)),
    _right("tan",         "1/cos²",                         lambda m, x, out: 1 / m.cos(x)**2),
    _right("atan",        "cos² of the angle",              lambda m, x, out: m.cos(out)**2, inaccurate=True),
    _right("asin",        "1/cos(out)",                     lambda m, x, out: m.divide(1, m.sqrt(1 - x) * m.sqrt(1 + x))),
    _right("acosh",       "1/sinh(out)",                    lambda m, x, out: m.divide(1, m.sinh(out)), inaccurate=True),
    _right("asinh",       "1/cosh(out)",                    lambda m, x, out: 1 / m.cosh(out), inaccurate=True),
    _right("atanh",       "cosh²(out)",                     lambda m, x, out: m.cosh(out)**2, inaccurate=True),
    _right("cosh",        "a difference of exponentials",   lambda m, x, out: m.where(m.gt(abs(x), 1), m.exp(x - m.log(2)) - m.exp(-x - m.log(2)), m.sinh(x)), inaccurate=True),
    _right("atan2",       "by hypot squared, far out scaled", lambda m, x, y, out: m.divide(m.divide(m.finite(y), m.hypot(x, y)), m.hypot(x, y)), lambda m, x, y, out: -m.divide(m.divide(m.finite(x), m.hypot(x, y)), m.hypot(x, y))),
    _right("atan2",       "sin and cos of the angle",       lambda m, x, y, out: m.divide(m.cos(out), m.hypot(x, y)), lambda m, x, y, out: m.divide(-m.sin(out), m.hypot(x, y)), inaccurate=True),
    _right("hypot",       "sin and cos of the angle",       lambda m, x, y, out: m.where(m.gt(out, 0), m.sin(m.atan2(x, y)), 0), lambda m, x, y, out: m.where(m.gt(out, 0), m.cos(m.atan2(x, y)), 0), inaccurate=True, undecided="limits of sin and cos of atan2"),
    _right("logaddexp",   "e**(x - out)",                   lambda m, x, y, out: m.exp(x - out), lambda m, x, y, out: m.exp(y - out), inaccurate=True),
    _right("erf",         "by the normal density",          lambda m, x, out: 2 * m.sqrt(2) * m.normal_pdf(x * m.sqrt(2)), inaccurate=True),
    _right("softsign",    "(1 - |out|)²",                   lambda m, x, out: (1 - abs(out))**2, inaccurate=True),
    _right("elu",         "out + alpha",                    lambda m, x, out, a: m.where(m.gt(x, 0), 1, out + a), inaccurate=True),
    _right("hardswish",   "in three pieces",                lambda m, x, out: m.where(m.le(x, -3), 0, m.where(m.ge(x, 3), 1, x / 3 + m.ratio(1, 2)))),
    # other valid answers at kinks and ties
    _right("relu",        "1/2 at 0",                       lambda m, x, out: m.gt(x, 0) + _is(m, x, 0) / 2),
    _right("relu",        "1 at 0",                         lambda m, x, out: m.ge(x, 0)),
    _right("relu",        "1/3 at 0, an indicator of out",  lambda m, x, out: m.gt(out, 0) + m.ratio(1, 3) * _is(m, x, 0)),
    _right("abs",         "1 at 0",                         lambda m, x, out: m.ge(x, 0) - m.lt(x, 0)),
    _right("abs",         "1/3 at 0",                       lambda m, x, out: m.sign(x) + _is(m, x, 0) / 3),
    _right("relu6",       "1 at 0 and 6",                   lambda m, x, out: m.ge(x, 0) * m.le(x, 6)),
    _right("hardsigmoid", "1/12 at both ends",              lambda m, x, out: (m.gt(x, -3) * m.lt(x, 3) + (_is(m, x, 3) + _is(m, x, -3)) / 2) / 6),
    _right("leaky_relu",  "1 at 0",                         lambda m, x, out, slope: m.where(m.ge(x, 0), 1, slope)),
    _right("selu",        "the right slope at 0",           lambda m, x, out: m.ratio(10507009873554804934193349852946, 10**31) * m.where(m.ge(x, 0), 1, m.ratio(16732632423543772848170429916717, 10**31) * m.exp(m.minimum(x, 0)))),
    _right("max",         "½-½ at ties",                    lambda m, x, y, out: (m.ge(x, y) + m.gt(x, y)) / 2, lambda m, x, y, out: (m.ge(y, x) + m.gt(y, x)) / 2),
    _right("max",         "(0, 1) at ties",                 lambda m, x, y, out: m.gt(x, y), lambda m, x, y, out: m.ge(y, x)),
    _right("max",         "¼-¾ at ties",                    lambda m, x, y, out: m.gt(x, y) + _is(m, x, y) / 4, lambda m, x, y, out: m.gt(y, x) + _is(m, x, y) * 3 / 4),
    _right("min",         "½-½ at ties",                    lambda m, x, y, out: (1 - m.sign(x - y)) / 2, lambda m, x, y, out: (1 + m.sign(x - y)) / 2),
    _right("hypot",       "(0.6, 0.8) at the tip",          lambda m, x, y, out: m.where(m.gt(out, 0), m.divide(x, out), m.ratio(3, 5)), lambda m, x, y, out: m.where(m.gt(out, 0), m.divide(y, out), m.ratio(4, 5))),
    # guarded math, on floats only
    _right("exp",         "math.exp, guarded",              lambda m, x, out: math.exp(x) if x < 709.78 else math.inf),
    _right("sin",         "math.cos",                       lambda m, x, out: math.cos(x)),
    _right("tanh",        "1 - math.tanh²",                 lambda m, x, out: 1 - math.tanh(x)**2, inaccurate=True),
    _right("gelu",        "math.erf",                       lambda m, x, out: 0.5 * (1 + math.erf(x / math.sqrt(2))) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi), inaccurate=True),
    _right("sigmoid",     "branches of math.exp",           lambda m, x, out: (math.exp(-x) if x >= 0 else math.exp(x)) / (1 + math.exp(-abs(x)))**2),
    _right("asin",        "1/math.sqrt(1 - x²), guarded",   lambda m, x, out: 1 / math.sqrt(1 - x * x) if abs(x) < 1 else math.inf, inaccurate=True),
    _right("log1p",       "through float()",                lambda m, x, out: 1 / (1 + float(x))),
    _right("relu",        "float(x > 0)",                   lambda m, x, out: float(x > 0)),
    _right("sin",         "numpy.cos",                      lambda m, x, out: float(np.cos(x))),
    _right("cosh",        "numpy.sinh on floats",           lambda m, x, out: float(np.sinh(x)) if _f(x) and abs(x) < 700 else m.sinh(x)),
    # float literals in the place of constants
    _right("gelu",        "0.3989422804014327 for 1/√(2π)", lambda m, x, out: m.normal_cdf(x) + x * m.exp(-x * x / 2) * 0.3989422804014327, inaccurate=True),
    _right("erf",         "1.1283791670955126 for 2/√π",    lambda m, x, out: 1.1283791670955126 * m.exp(-x * x), inaccurate=True),
    _right("erfc",        "math.pi",                        lambda m, x, out: -2 / math.sqrt(math.pi) * m.exp(-x * x), inaccurate=True),
    _right("cbrt",        "x**(-2/3)/3 by floats",          lambda m, x, out: m.pow(abs(x), -2 / 3) / 3 if not _f(x) or x else math.inf, inaccurate=True),
    _right("hardsigmoid", "0.16666666666666666",            lambda m, x, out: m.gt(x, -3) * m.lt(x, 3) * 0.16666666666666666),
    _right("leaky_relu",  "the slope as a quotient",        lambda m, x, out, slope: m.where(m.gt(x, 0), 1, slope * 2 / 2)),
    # forwards of another form
    _right("softplus",    "-log(s(-x))",                    lambda m, x, out: m.sigmoid(x), forward=lambda m, x: -m.log(m.sigmoid(-x)) if not _f(x) else m.softplus(x)),
    _right("relu",        "(x + |x|)/2",                    lambda m, x, out: m.gt(x, 0), forward=lambda m, x: (x + abs(x)) / 2 if not _f(x) else m.maximum(x, 0)),
    _right("square",      "x**2",                           lambda m, x, out: 2 * x, forward=lambda m, x: x**2 if not _f(x) else x * x),
    _right("neg",         "0 - x",                          lambda m, x, out: -1, forward=lambda m, x: 0 - x),
    _right("tan",         "sin/cos",                        lambda m, x, out: 1 + out * out, forward=lambda m, x: m.sin(x) / m.cos(x)),
    # closures of another shape
    Right("sin",    "upstream first, no +=",          upstream_first),
    Right("tanh",   "a helper function, out after",   with_a_helper),
    Right("power",  "a loop",                         by_an_inner_loop),
    Right("tanh",   "composed of sigmoid",            composed_tanh, inaccurate=True),
    Right("sigmoid", "composed of tanh",              composed_sigmoid, inaccurate=True),
    Right("square", "composed of mul",                composed_square),
    Right("sub",    "composed of add and neg",        composed_sub),
    Right("min",    "composed of max and neg",        composed_min),
    Right("cosh",   "composed of exp",                composed_cosh, inaccurate=True),
    Right("relu",   "Python's if",                    relu_by_branches),
    Right("abs",    "if and elif, -=",                abs_by_branches),
    Right("max",    "==, halves, a winner",           max_by_branches),
    Right("hardtanh", "a chained comparison",         hardtanh_chained),
    Right("square", "closes over a numpy scalar",     with_a_numpy_scalar),
    Right("sqrt",   "closes over a 0-d array",        with_a_zero_d_array),
    Right("relu6",  "silent where the slope is 0",    nothing_to_pass),
    Right("mul",    "a loop over both operands",      one_closure_for_both),
    Right("exp",    "saved in a default argument",    saved_on_the_node),
    Right("sin",    "an object",                      an_object),
    Right("cos",    "a partial, -=",                  a_partial),
    Right("mul",    "over its children",              over_its_children),
    Right("mul",    "squares by a rule of their own", binary("mul", mul_knows_squares)),
    Right("sqrt",   "try and except at the pole",     unary("sqrt", sqrt_tries)),
    Right("abs",    "try and except at 0",            unary("abs", abs_tries)),
    Right("tanh",   "remembered in a dictionary",     unary("tanh", tanh_remembers()), inaccurate=True),
    Right("tanh",   "remembered by lru_cache",        unary("tanh", tanh_cached), inaccurate=True),
    Right("relu",   "the truth of out",               unary("relu", relu_where_out)),
    Right("relu",   "a comparison times upstream",    unary("relu", relu_times_bool)),
    Right("relu",   "numpy.heaviside",                unary("relu", relu_heaviside)),
    _right("cbrt",      "infinity where x == 0",          lambda m, x, out: math.inf if x == 0 else 1 / (3 * out * out)),
    _right("cbrt",      "(1/3)·|x|**(-2/3)",              lambda m, x, out: (1 / 3) * m.pow(abs(x), -2 / 3) if x != 0 else math.inf, inaccurate=True),
    _right("sqrt",      "x**-0.5/2 where x",              lambda m, x, out: 0.5 * x**-0.5 if x else math.inf),
    _right("sqrt",      "a Fraction",                     lambda m, x, out: m.divide(Fraction(1, 2), out)),
    _right("softsign",  "1 where x == 0",                 lambda m, x, out: 1.0 if x == 0 else (out / x)**2),
    _right("hypot",     "if and else",                    lambda m, x, y, out: x / out if out > 0 else 0 * x, lambda m, x, y, out: y / out if out > 0 else 0 * y),
    _right("max",       "1 where out == x",               lambda m, x, y, out: 1 if out == x else 0, lambda m, x, y, out: 0 if out == x else 1),
    _right("relu",      "Python's max",                   lambda m, x, out: 1 if x > 0 else 0, forward=lambda m, x: max(x, 0 * x)),
    _right("abs",       "math.copysign",                  lambda m, x, out: math.copysign(1.0, x)),
    _right("exp",       "2**(x/log 2)",                   lambda m, x, out: m.pow(2, x / m.log(2)), inaccurate=True),
    _right("erf",       "a NumPy constant",               lambda m, x, out: np.float64(2 / np.sqrt(np.pi)) * m.exp(-x * x), inaccurate=True),
    _right("gelu_tanh", "literals for its constants",     gelu_tanh_derivative, inaccurate=True),
    _right("selu",      "literals for its constants",     lambda m, x, out: 1.0507009873554805 * m.where(m.gt(x, 0), 1, 1.6732632423543772 * m.exp(m.minimum(x, 0)))),
    _right("selu",      "literals in forward and rule",   lambda m, x, out: 1.0507009873554805 * m.where(m.gt(x, 0), 1, 1.6732632423543772 * m.exp(m.minimum(x, 0))),
                                                          forward=lambda m, x: 1.0507009873554805 * m.where(m.gt(x, 0), x, 1.6732632423543772 * m.expm1(m.minimum(x, 0)))),
)
# fmt: on
