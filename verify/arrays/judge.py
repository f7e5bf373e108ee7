"""Whether a traced rule is the derivative on its cell: one equation, at random points of finite fields.

For a random direction v of all inputs, Σ <rule, v> = <g, J·v> holds for all inputs, upstream gradients and directions
exactly if the rule is the derivative.  The right side is built by forward mode.  If the rule is right, both sides
are equal at every point of the field; if it is wrong they differ at a random point but with the probability
degree/prime (Zippel 1979; Schwartz, J. ACM 27, 1980).  Equal sides are therefore evidence; different ones accuse
nobody, since a function without laws in the field, a constant that is read wrongly or a false trace may make them
differ: that is for `verify.arrays.accuse`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.degrees import trial_bits
from backproof.verify.arrays.evaluation import NoPoint
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.roots import evaluate
from backproof.verify.arrays.tangents import tangents
from backproof.verify.arrays.traced import Traced

ENOUGH = 60.0
"""Bits: a wrong rule is to pass with a probability of at most 2**-60."""

MOST_TRIALS = 6

Ties = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Judgement:
    """What the trials say.

    same: both sides were equal in all of them; bits: a wrong rule passes with a probability of at most 2**-bits, as far
        as the degrees tell; undecided: why there was no trial, "" if there was one
    opaque, read, powers_of_e, shared_roots: what it rests on (`verify.arrays.evaluation.Evaluated`)
    """

    same: bool
    bits: float = 0.0
    trials: int = 0
    undecided: str = ""
    opaque: frozenset[str] = frozenset()
    read: dict[float, str] = field(default_factory=dict)
    powers_of_e: bool = False
    shared_roots: bool = False


def sides(traced: Traced, ties: Ties | None = None) -> tuple[Node, Node]:
    """The rule along a direction, and <g, J·v>, both as one number."""
    p = traced.program
    directions = {traced.inputs[name]: direction(p, traced.inputs[name], name, ties) for name in traced.gradients}
    rule = p.number(0)
    for name, gradient in traced.gradients.items():
        if gradient is not None:
            rule = p.add(rule, inner(p, gradient, directions[traced.inputs[name]]))
    moved = tangents(p, traced.outputs, directions)
    derivative = p.total(inner(p, tangent, weight) for tangent, weight in zip(moved, traced.weights, strict=True))
    return rule, derivative


def direction(p: Program, leaf: Node, name: str, ties: Ties | None) -> Node:
    """A direction for an input; tied entries move together, and a 0 that is to stay one does not move."""
    found = p.leaf(f"along {name}", shape=leaf.shape)
    if ties is None or name not in ties:
        return found
    numbers = ties[name].reshape(leaf.shape)
    first = np.full(int(numbers.max(initial=-1)) + 2, -1)
    flat = numbers.reshape(-1)
    first[flat[::-1]] = np.arange(flat.size)[::-1]
    first[-1] = -1  # of the entries that are 0
    return p.take([found], first[numbers])


def inner(p: Program, a: Node, b: Node) -> Node:
    """Σ a·b."""
    return p.sum(p.multiply(a, b), range(len(a.shape)))


def judged(
    traced: Traced, seed: str, enough: float = ENOUGH, ties: Ties | None = None, draws: int | None = None
) -> Judgement:
    """As many trials as make ``enough`` bits, each with primes of its own; fewer where one of them differs.

    draws: of inputs for each trial, until all roots exist, as many as `verify.arrays.roots` has if it is None
    """
    rule, derivative = sides(traced, ties)
    each = max(1.0, trial_bits(traced.program, (rule, derivative)))
    wanted = min(MOST_TRIALS, math.ceil(enough / each))
    found: dict[str, Any] = {"opaque": frozenset(), "read": {}, "powers_of_e": False, "shared_roots": False}
    for trial in range(wanted):
        try:
            evaluated = evaluate(traced.program, (rule, derivative), f"{seed}|{trial}", ties, most=draws)
        except NoPoint as none:
            if not trial:
                return Judgement(False, undecided=str(none))
            wanted = trial
            break
        found = {
            "opaque": found["opaque"] | evaluated.opaque,
            "read": found["read"] | evaluated.read,
            "powers_of_e": found["powers_of_e"] or evaluated.powers_of_e,
            "shared_roots": found["shared_roots"] or evaluated.shared_roots,
        }
        ours, expected = evaluated.values
        if not np.array_equal(ours, expected):
            return Judgement(False, trials=trial + 1, **found)
    return Judgement(True, each * wanted, wanted, **found)
