"""Gradients of vector-valued functions by one reverse sweep, as terms: the reference for rules of large arrays.

For outputs f_k and weights w_k it gives the derivative of Σ w_k·f_k by every symbol, in a graph a few times as large
as that of f, where one derivative after another (verify/terms/derivatives.py) would take a graph each.
"""

from __future__ import annotations

from collections.abc import Sequence

from backproof.verify.terms.derivatives import partials
from backproof.verify.terms.simplify import ZERO, minus, plus, times
from backproof.verify.terms.term import Term, topological


def gradient(outputs: Sequence[Term], weights: Sequence[Term], by: Sequence[Term]) -> tuple[Term, ...]:
    """The derivatives of Σ w_k·f_k by the symbols ``by``; 0 by one that does not occur.

    The outputs hold no `where`, maximum or absolute value.  Raises TypeError naming a function without a derivative.
    """
    arrived: dict[Term, Term] = {}
    for output, weight in zip(outputs, weights, strict=True):
        arrived[output] = plus(arrived.get(output, ZERO), weight)
    for node in reversed(topological(*outputs)):
        here = arrived.get(node, ZERO)
        if here is ZERO or not node.args:
            continue
        for operand, share in zip(node.args, _shares(node, here), strict=True):
            if operand.op != "const":
                arrived[operand] = plus(arrived.get(operand, ZERO), share)
    return tuple(arrived.get(symbol, ZERO) for symbol in by)


def _shares(node: Term, here: Term) -> tuple[Term, ...]:
    """The upstream gradient of a node, passed to each of its operands by the chain rule."""
    match node.op:
        case "add":
            return here, here
        case "sub":
            return here, minus(ZERO, here)
        case "neg":
            return (minus(ZERO, here),)
        case "mul":
            a, b = node.args
            return times(here, b), times(here, a)
        case "div":
            _, b = node.args
            share = here / b
            return share, minus(ZERO, times(share, node))
    return tuple(times(here, partial) for partial in partials(node))
