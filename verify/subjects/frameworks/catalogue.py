"""The elementwise functions of the frameworks that are verified when none is named.

spec     module:name, and /2 for a function of two inputs
row      the row of verify/mirror.py that says what it is, or a formula; without one its own traced forward does
domain   where it is verified, where that is not what its formula shows
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One line of a table."""

    spec: str
    row: str = ""
    domain: str = ""


# fmt: off
JAX = (
    Entry("jax.nn:relu",                   "relu"),
    Entry("jax.nn:relu6",                  "relu6"),
    Entry("jax.nn:sigmoid",                "sigmoid"),
    Entry("jax.nn:softplus",               "softplus"),
    Entry("jax.nn:silu",                   "silu"),
    Entry("jax.nn:mish",                   "mish"),
    Entry("jax.nn:gelu",                   "gelu_tanh"),
    Entry("jax.nn:elu"),
    Entry("jax.nn:selu"),
    Entry("jax.nn:celu"),
    Entry("jax.nn:leaky_relu",             "leaky_relu"),
    Entry("jax.nn:hard_tanh",              "hardtanh"),
    Entry("jax.nn:hard_sigmoid",           "hardsigmoid"),
    Entry("jax.nn:hard_silu",              "hardswish"),
    Entry("jax.nn:soft_sign",              "softsign"),
    Entry("jax.nn:log_sigmoid",            "logsigmoid"),
    Entry("jax.nn:squareplus"),
    Entry("jax.nn:sparse_plus"),
    Entry("jax.nn:sparse_sigmoid"),
    Entry("jax.nn:identity"),
    Entry("jax.nn:log1mexp",               domain="x > 0"),
    Entry("jax.numpy:abs",                 "abs"),
    Entry("jax.numpy:sqrt",                "sqrt"),
    Entry("jax.numpy:cbrt",                "cbrt"),
    Entry("jax.numpy:square",              "square"),
    Entry("jax.numpy:exp",                 "exp"),
    Entry("jax.numpy:exp2"),
    Entry("jax.numpy:expm1",               "expm1"),
    Entry("jax.numpy:log",                 "log"),
    Entry("jax.numpy:log2"),
    Entry("jax.numpy:log10"),
    Entry("jax.numpy:log1p",               "log1p"),
    Entry("jax.numpy:sin",                 "sin"),
    Entry("jax.numpy:cos",                 "cos"),
    Entry("jax.numpy:tan",                 "tan"),
    Entry("jax.numpy:arcsin",              "asin"),
    Entry("jax.numpy:arccos",              "acos"),
    Entry("jax.numpy:arctan",              "atan"),
    Entry("jax.numpy:sinh",                "sinh"),
    Entry("jax.numpy:cosh",                "cosh"),
    Entry("jax.numpy:tanh",                "tanh"),
    Entry("jax.numpy:arcsinh",             "asinh"),
    Entry("jax.numpy:arccosh",             "acosh"),
    Entry("jax.numpy:arctanh",             "atanh"),
    Entry("jax.numpy:sinc"),
    Entry("jax.numpy:sign"),
    Entry("jax.numpy:negative",            "neg"),
    Entry("jax.numpy:positive"),
    Entry("jax.numpy:reciprocal",          "reciprocal"),
    Entry("jax.numpy:floor"),
    Entry("jax.numpy:rint"),
    Entry("jax.numpy:i0"),
    Entry("jax.numpy:deg2rad"),
    Entry("jax.numpy:rad2deg"),
    Entry("jax.numpy:nan_to_num"),
    Entry("jax.numpy:add/2",               "add"),
    Entry("jax.numpy:subtract/2",          "sub"),
    Entry("jax.numpy:multiply/2",          "mul"),
    Entry("jax.numpy:divide/2",            "div"),
    Entry("jax.numpy:power/2",             "pow"),
    Entry("jax.numpy:float_power/2",       "pow"),
    Entry("jax.numpy:maximum/2",           "max"),
    Entry("jax.numpy:minimum/2",           "min"),
    Entry("jax.numpy:fmax/2",              "max"),
    Entry("jax.numpy:fmin/2",              "min"),
    Entry("jax.numpy:hypot/2",             "hypot"),
    Entry("jax.numpy:arctan2/2",           "atan2"),
    Entry("jax.numpy:logaddexp/2",         "logaddexp"),
    Entry("jax.numpy:logaddexp2/2"),
    Entry("jax.numpy:fmod/2"),
    Entry("jax.numpy:remainder/2"),
    Entry("jax.numpy:copysign/2"),
    Entry("jax.numpy:heaviside/2"),
    Entry("jax.lax:rsqrt"),
    Entry("jax.lax:logistic",              "sigmoid"),
    Entry("jax.lax:erf",                   "erf"),
    Entry("jax.lax:erfc",                  "erfc"),
    Entry("jax.lax:erf_inv"),
    Entry("jax.lax:lgamma"),
    Entry("jax.lax:digamma"),
    Entry("jax.lax:bessel_i1e"),
    Entry("jax.scipy.special:expit",       "sigmoid"),
    Entry("jax.scipy.special:logit"),
    Entry("jax.scipy.special:ndtr"),
    Entry("jax.scipy.special:log_ndtr",    "log(erfc(-x/sqrt(2))/2)"),
    Entry("jax.scipy.special:ndtri"),
    Entry("jax.scipy.special:entr",        domain="x > 0"),
    Entry("jax.scipy.special:xlogy/2",     domain="y > 0"),
    Entry("jax.scipy.special:xlog1py/2",   domain="y > -1"),
    Entry("jax.scipy.special:rel_entr/2",  domain="x > 0 and y > 0"),
    Entry("jax.scipy.special:kl_div/2",    domain="x > 0 and y > 0"),
    Entry("jax.scipy.special:betaln/2",    domain="x > 0 and y > 0"),
    Entry("jax.scipy.special:gammaln",     domain="x > 0"),
    Entry("jax.scipy.special:gamma"),
    Entry("jax.scipy.special:expi"),
    Entry("jax.scipy.special:spence"),
    Entry("jax.scipy.special:i1"),
)
# fmt: on

TABLES = {"jax": JAX}
"""The functions of each framework."""
