"""Derivatives written in unusual ways: all of these are equal.

Each line: a name, the function, its derivative in an unusual form, and where both have a value.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from backproof.verify.terms.term import PI, TERMS, TRUE, Condition, compare, symbol

T: Any = TERMS
x: Any = symbol("x")
y: Any = symbol("y")


class EqualForm(NamedTuple):
    """The function, and its derivative by x in another form."""

    name: str
    function: Any
    partial: Any
    domain: Condition = TRUE


def sqrt(u: Any) -> Any:
    return T.sqrt(u if hasattr(u, "args") else T.ratio(u, 1))


HALF, THIRD, QUARTER = Fraction(1, 2), Fraction(1, 3), Fraction(1, 4)
exp, log, sin, cos, tan, atan = T.exp, T.log, T.sin, T.cos, T.tan, T.atan
sinh, cosh, tanh, erf, erfc = T.sinh, T.cosh, T.tanh, T.erf, T.erfc
sigmoid = 1 / (1 + exp(-x))
softplus = log(1 + exp(x))
phi = exp(-x * x / 2) / sqrt(2 * PI)
Phi = erfc(-x / sqrt(2)) / 2
gudermann = 2 * atan(tanh(x / 2))
omega = 4 * (x + 1) + 4 * exp(2 * x) + exp(3 * x) + exp(x) * (4 * x + 6)
delta = 2 * exp(x) + exp(2 * x) + 2
inside = (x > -1) & (x < 1)
quarter_turn = (x > 0) & (x < 1)
tanh_inner = sqrt(2 / PI) * (x + Fraction(44715, 10**6) * x**3)

EQUAL_FORMS: tuple[EqualForm, ...] = (
    # hyperbolic and logistic
    EqualForm("tanh: sech²", tanh(x), 1 / cosh(x) ** 2),
    EqualForm("tanh: stable", tanh(x), 4 * exp(-2 * x) / (1 + exp(-2 * x)) ** 2),
    EqualForm("tanh: factored", tanh(x), (1 - tanh(x)) * (1 + tanh(x))),
    EqualForm("tanh: through 2x", tanh(x), 2 / (cosh(2 * x) + 1)),
    EqualForm("tanh: half angle", tanh(x), ((1 - tanh(x / 2) ** 2) / (1 + tanh(x / 2) ** 2)) ** 2),
    EqualForm("tanh: through the sigmoid", tanh(x / 2), 2 * sigmoid * (1 - sigmoid)),
    EqualForm("sigmoid: half tanh", sigmoid, (1 - tanh(x / 2) ** 2) / 4),
    EqualForm("sigmoid: sech²", sigmoid, 1 / (4 * cosh(x / 2) ** 2)),
    EqualForm("sigmoid: one exponential", sigmoid, exp(-x) / (1 + exp(-x)) ** 2),
    EqualForm("sigmoid: symmetric", sigmoid, 1 / (exp(x / 2) + exp(-x / 2)) ** 2),
    EqualForm("sigmoid: 2 + 2cosh", sigmoid, 1 / (2 + 2 * cosh(x))),
    EqualForm("sinh: product", sinh(x), 1 + 2 * sinh(x / 2) ** 2),
    EqualForm("cosh: half angles", cosh(x), 2 * sinh(x / 2) * cosh(x / 2)),
    EqualForm("cosh of 3x", cosh(3 * x), 9 * sinh(x) + 12 * sinh(x) ** 3),
    EqualForm("softplus", softplus, (1 + tanh(x / 2)) / 2),
    EqualForm("softplus: e^-softplus", softplus, 1 - exp(-softplus)),
    EqualForm("log cosh", log(cosh(x)), (exp(2 * x) - 1) / (exp(2 * x) + 1)),
    EqualForm("log sinh", log(sinh(x)), 1 / tanh(x), x > 0),
    EqualForm("log tanh(x/2)", log(tanh(x / 2)), 1 / sinh(x), x > 0),
    # activations
    EqualForm("mish: the paper's form", x * tanh(softplus), exp(x) * omega / delta**2),
    EqualForm("mish: algebraic tanh", x * tanh(softplus),
              ((1 + exp(x)) ** 2 - 1) / ((1 + exp(x)) ** 2 + 1)
              + x * 4 * exp(x) * (1 + exp(x)) / ((1 + exp(x)) ** 2 + 1) ** 2),
    EqualForm("silu: through out", x * sigmoid, x * sigmoid + sigmoid * (1 - x * sigmoid)),
    EqualForm("silu: the paper's form", x * sigmoid, (1 + exp(-x) + x * exp(-x)) / (1 + exp(-x)) ** 2),
    EqualForm("silu: half tanh", x * sigmoid, (2 * x / cosh(x / 2) ** 2 + 4 + 4 * tanh(x / 2)) / 8),
    EqualForm("gelu: erf for erfc", x * Phi, (1 + erf(x / sqrt(2))) / 2 + x * phi),
    EqualForm("gelu: √½", x * Phi, 1 - erfc(x * sqrt(T.ratio(1, 2))) / 2 + x * phi),
    EqualForm("gelu: 1/√(2π) outside", x * Phi, Phi + x / sqrt(2 * PI) / exp(x * x / 2)),
    EqualForm("gelu tanh: sech²", x * (1 + tanh(tanh_inner)) / 2,
              HALF * (1 + tanh(tanh_inner)) + x / 2 / cosh(tanh_inner) ** 2
              * sqrt(2 / PI) * (1 + Fraction(134145, 10**6) * x * x)),
    EqualForm("gelu tanh: a sigmoid of 2u", x * (1 + tanh(tanh_inner)) / 2,
              1 / (1 + exp(-2 * tanh_inner)) + x * exp(-2 * tanh_inner) / (1 + exp(-2 * tanh_inner)) ** 2
              * 2 * sqrt(2 / PI) * (1 + Fraction(134145, 10**6) * x * x)),
    EqualForm("elu's tail", exp(x) - 1, (exp(x) - 1) + 1),
    EqualForm("softsign above 0", x / (1 + abs(x)), (1 - x / (1 + abs(x))) ** 2, x > 0),
    EqualForm("penalized tanh", tanh(x) / 4, (1 - 16 * (tanh(x) / 4) ** 2) / 4),
    EqualForm("logit", log(x / (1 - x)), 1 / x + 1 / (1 - x), quarter_turn),
    EqualForm("logit: product", log(x) - log(1 - x), 1 / (x * (1 - x)), quarter_turn),
    # circular
    EqualForm("tan: half angle", tan(x), ((1 + tan(x / 2) ** 2) / (1 - tan(x / 2) ** 2)) ** 2,
              (x > -1) & (x < 1)),
    EqualForm("tan: through 2x", tan(x), 2 / (1 + cos(2 * x)), compare("ne", cos(x), 0)),
    EqualForm("sin: half angle", sin(x), (1 - tan(x / 2) ** 2) / (1 + tan(x / 2) ** 2),
              compare("ne", cos(x / 2), 0)),
    EqualForm("sin: a shift", sin(x), sin(x + PI / 2)),
    EqualForm("cos: a shift", cos(x), cos(x + PI / 2)),
    EqualForm("sin²", sin(x) ** 2, sin(2 * x)),
    EqualForm("sin of 3x", sin(3 * x), 12 * cos(x) ** 3 - 9 * cos(x)),
    EqualForm("sin: a turn by π/4", sin(x + PI / 4), (cos(x) - sin(x)) / sqrt(2)),
    EqualForm("sin: a turn by π/3", sin(x + PI / 3), cos(x) / 2 - sqrt(3) / 2 * sin(x)),
    EqualForm("sin·cos", sin(x) * cos(x), 1 - 2 * sin(x) ** 2),
    EqualForm("cos⁴ - sin⁴", cos(x) ** 4 - sin(x) ** 4, -4 * sin(x) * cos(x)),
    # inverse functions
    EqualForm("gudermannian: sech", gudermann, 1 / cosh(x)),
    EqualForm("gudermannian: cos of itself", gudermann, cos(gudermann)),
    EqualForm("gudermannian: atan sinh", atan(sinh(x)), cos(gudermann)),
    EqualForm("gudermannian: asin tanh", T.asin(tanh(x)), 2 / (exp(x) + exp(-x))),
    EqualForm("asin: two roots", T.asin(x), 1 / (sqrt(1 - x) * sqrt(1 + x)), inside),
    EqualForm("asin: cos asin", T.asin(x), 1 / cos(T.asin(x)), inside),
    EqualForm("acos: sin acos", T.acos(x), -1 / sin(T.acos(x)), inside),
    EqualForm("atan: cos² atan", atan(x), cos(atan(x)) ** 2),
    EqualForm("atan: an asin", atan(x), 1 - sin(T.asin(x / sqrt(1 + x * x))) ** 2),
    EqualForm("atan 1/x", atan(1 / x), -cos(atan(x)) ** 2, x > 0),
    EqualForm("asinh: its logarithm", log(x + sqrt(1 + x * x)), 1 / T.hypot(1, x)),
    EqualForm("asinh: cosh asinh", T.asinh(x), 1 / cosh(T.asinh(x))),
    EqualForm("asinh: odd", -log(sqrt(1 + x * x) - x), 1 / sqrt(1 + x * x)),
    EqualForm("acosh: sinh acosh", T.acosh(x), 1 / sinh(T.acosh(x)), x > 1),
    EqualForm("acosh: one root", T.acosh(x), 1 / sqrt(x * x - 1), x > 1),
    EqualForm("atanh: cosh² atanh", T.atanh(x), cosh(T.atanh(x)) ** 2, inside),
    EqualForm("atanh: partial fractions", T.atanh(x), HALF / (1 - x) + HALF / (1 + x), inside),
    # powers and roots
    EqualForm("x**x", x**x, x**x + x**x * log(x), x > 0),
    EqualForm("x**(1/x)", exp(log(x) / x), x ** (1 / x - 2) * (1 - log(x)), x > 0),
    EqualForm("2**x", 2**x, log(T.ratio(4, 1)) * 2 ** (x - 1)),
    EqualForm("log to base 10", log(x) / log(T.ratio(10, 1)),
              1 / (x * (log(T.ratio(2, 1)) + log(T.ratio(5, 1)))), x > 0),
    EqualForm("√√x", sqrt(sqrt(x)), x**QUARTER / (4 * x), x > 0),
    EqualForm("√(x√x)", sqrt(x * sqrt(x)), 3 / (4 * sqrt(sqrt(x))), x > 0),
    EqualForm("∛x·√x", T.cbrt(x) * sqrt(x), Fraction(5, 6) / x ** Fraction(1, 6), x > 0),
    EqualForm("1/√x", 1 / sqrt(x), -sqrt(x) / (2 * x * x), x > 0),
    EqualForm("√(x² + 2x + 1)", sqrt(x * x + 2 * x + 1), (x + 1) / abs(x + 1), x > -1),
    EqualForm("conjugate roots", sqrt(x + 1) - sqrt(x),
              -(sqrt(x + 1) - sqrt(x)) / (2 * sqrt(x) * sqrt(x + 1)), x > 0),
    EqualForm("rationalised", 1 / (sqrt(x + 1) + sqrt(x)),
              (sqrt(x) - sqrt(x + 1)) / (2 * sqrt(x * (x + 1))), x > 0),
    EqualForm("nested roots", sqrt(1 + sqrt(1 + x * x)),
              x / (2 * sqrt(1 + x * x) * sqrt(1 + sqrt(1 + x * x)))),
    EqualForm("a denested root", sqrt(x + 1 + 2 * sqrt(x)), 1 / (2 * sqrt(x)), x > 0),
    EqualForm("a conjugate under the root", sqrt(sqrt(1 + x * x) + x),
              1 / (2 * sqrt(1 + x * x) * sqrt(sqrt(1 + x * x) - x))),
    # error function and the normal distribution
    EqualForm("erf: 2/√π apart", erf(x), 2 * exp(-x * x) / sqrt(PI)),
    EqualForm("erf: a square", erf(x), sqrt(4 / PI) * exp(-x) ** x),
    EqualForm("erfc", erfc(x), -sqrt(2) * 2 / sqrt(2 * PI) / exp(x * x)),
    EqualForm("Mills' ratio", Phi / phi, 1 + x * Phi / phi),
    EqualForm("log Φ", log(Phi), phi / (1 - erfc(x / sqrt(2)) / 2)),
    EqualForm("erf²", erf(x) ** 2, 4 / sqrt(PI) * (1 - erfc(x)) * exp(-x * x)),
    EqualForm("x·erf + density", x * erf(x) + exp(-x * x) / sqrt(PI), 1 - erfc(x)),
    # two variables
    EqualForm("logaddexp", log(exp(x) + exp(y)), (1 + tanh((x - y) / 2)) / 2),
    EqualForm("hypot", T.hypot(x, y), x * T.hypot(x, y) / (x * x + y * y), x * x + y * y > 0),
    EqualForm("atan2", T.atan2(x, y), sin(T.atan2(y, x)) / T.hypot(x, y), (x > 0) & (y > 0)),
    EqualForm("pow", x**y, exp((y - 1) * log(x)) * y, x > 0),
)
