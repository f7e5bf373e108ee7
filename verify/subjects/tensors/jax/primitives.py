"""The nodes of each primitive of JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from backproof.verify.arrays.functions import NoNodes, applied, power
from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.jax import choices, linear_algebra, products, windows
from backproof.verify.subjects.tensors.jax.moves import MOVES, arranged, gathered, moved
from backproof.verify.subjects.tensors.jax.step import Step
from backproof.verify.terms.ops import PARAMETRIC

Reading = Callable[[Step], Node | Sequence[Node] | None]

MOST_EXPONENTS = 64
"""Different exponents in one array."""


def _function(name: str) -> Reading:
    """A function of the table of primitives, entry by entry; what comes before its operand is one exact number."""

    def reading(step: Step) -> Node:
        p, operands = step.program, step.nodes
        if name in PARAMETRIC:
            *orders, operand = operands
            if not all(order.is_uniform for order in orders):
                raise Unread(f"the order of {name}, which is not one number")
            operands = [*(p.number(Fraction(order.parameter)) for order in orders), operand]
        try:
            return p.broadcast(applied(p, name, *operands), step.shape)
        except NoNodes as reason:
            raise Unread(str(reason)) from None

    return reading


def _same(step: Step) -> Node:
    return step.nodes[0]


def _power(step: Step) -> Node:
    """A rational power where the exponent is a constant, entry by entry if need be; else e**(exponent·log base)."""
    p, (base, exponent) = step.program, step.nodes
    if exponent.kind == "constant" and not np.isfinite(step.data[1]).all():
        raise Unread("a power with an exponent that is infinite or no number")
    if exponent.kind != "constant" or exponent.is_uniform:
        return power(p, base, exponent)
    base = p.broadcast(base, step.shape)
    exponents = np.broadcast_to(np.asarray(step.data[1], float), step.shape)
    different, which = np.unique(exponents, return_inverse=True)
    if different.size > MOST_EXPONENTS:
        raise Unread(f"a power with {different.size} different exponents: at most {MOST_EXPONENTS} are read")
    powers = [power(p, base, p.number(float(one))) for one in different]
    return arranged(p, powers, which.reshape(step.shape) * base.size + np.arange(base.size).reshape(step.shape))


def _scaled_bessel(order: int) -> Reading:
    """e**-|x|·I(x)."""

    def reading(step: Step) -> Node:
        p, x = step.program, step.nodes[0]
        bessel = applied(p, "bessel_i", p.number(order), x)
        return p.multiply(p.function("exp", p.negative(choices.absolute(step))), bessel)

    return reading


READINGS: dict[str, Reading] = {
    **dict.fromkeys(MOVES, moved),
    **{name: _function(name) for name in ("sub", "mul", "div", "neg", "sqrt", "square", "exp", "exp2", "log", "log1p")},
    **{name: _function(name) for name in ("expm1", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh")},
    **{name: _function(name) for name in ("tanh", "asinh", "acosh", "atanh", "erf", "erfc", "lgamma", "digamma")},
    **dict.fromkeys(("convert_element_type", "reduce_precision"), _same),
    **dict.fromkeys(("add", "add_any"), _function("add")),
    **dict.fromkeys(("max", "min"), choices.larger_or_smaller),
    **dict.fromkeys(("reduce_max", "reduce_min"), choices.largest),
    **dict.fromkeys(("cummax", "cummin"), choices.running),
    **dict.fromkeys(("sign", "floor", "ceil", "round"), choices.stepped),
    **dict.fromkeys(("scatter-mul", "scatter-min", "scatter-max"), choices.scattered),
    **dict.fromkeys(("scatter-add", "scatter-sub"), products.added_at),
    **dict.fromkeys(("cumsum", "cumprod", "cumlogsumexp"), products.cumulative),
    **dict.fromkeys(("reduce_window_max", "reduce_window_min"), windows.window_largest),
    "polygamma": _function("polygamma"),
    "logistic": _function("expit"),
    "erf_inv": _function("erfinv"),
    "igamma": _function("gammainc"),
    "igammac": _function("gammaincc"),
    "regularized_incomplete_beta": _function("betainc"),
    "bessel_i0e": _scaled_bessel(0),
    "bessel_i1e": _scaled_bessel(1),
    "rsqrt": lambda step: step.program.power(step.nodes[0], Fraction(-1, 2)),
    "integer_pow": lambda step: step.program.power(step.nodes[0], step.parameters["y"]),
    "pow": _power,
    "cbrt": choices.cube_root,
    "atan2": choices.angle,
    "abs": choices.absolute,
    "rem": choices.remainder,
    "clamp": choices.clamped,
    "sort": choices.sort,
    "top_k": choices.top_k,
    "gather": gathered,
    "reduce_sum": products.reduce_sum,
    "reduce_prod": products.reduce_prod,
    "reduce_window_sum": windows.window_sum,
    "select_and_scatter_add": windows.selected_and_added,
    "select_and_gather_add": windows.selected_and_gathered,
    "dot_general": products.dot_general,
    "conv_general_dilated": windows.convolution,
    "triangular_solve": linear_algebra.triangular_solve,
    "cholesky": linear_algebra.cholesky,
    "lu": linear_algebra.lu,
    "qr": linear_algebra.qr,
}
"""What each primitive becomes."""
