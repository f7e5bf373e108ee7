"""The degree of what a program computes, as a rational function of its inputs: how much one random trial tells.

A polynomial of degree d that is not 0 vanishes at a random point with probability at most d/|S|, the coordinates being
drawn from S (R. Zippel, EUROSAM 1979; J. T. Schwartz, J. ACM 27 (1980) 701-717).  Every entry is N/D, where D is a
product of powers of the numerators of what was divided by: of a sum over a row that is divided by its norm, D holds the
norm once.

Powers of e, logarithms and functions without laws count as inputs of their own.  Two exponents that differ may agree
modulo their prime, which is smaller: that is counted likewise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from backproof.verify.arrays.laws import Plan, Step
from backproof.verify.arrays.program import Node, Program, Shape

BITS = 29
"""log2 of the number of values that an input has at least; a level up it is one less."""

ROOT_BITS = 2
"""What roots cost: half of the points have none, and the bound is that of the product over both signs.  This is for
roots that share no inputs, as one after the other can be argued about; else the bound is heuristic."""

_KEPT = frozenset({"negative", "view", "scale", "square"})
_NUMBERS = frozenset({"number", "exponential of a number", "logarithm of a number"})


class _Divisor(NamedTuple):
    """power: the highest in which an entry of it occurs in D; entries: how many of them do."""

    power: int
    entries: int


@dataclass(frozen=True)
class _Degree:
    """Of each entry of a step: degree of N <= excess + degree of D.  divisors: what D is made of."""

    excess: int
    divisors: dict[int, _Divisor] = field(default_factory=dict)


def trial_bits(program: Program, roots: Sequence[Node]) -> float:
    """29 - log2 of the degree: if some entries of two of the nodes are different functions, a random point
    (`verify.arrays.roots.evaluate`) shows it but with a probability of at most 2**-bits; 0 where it may show nothing.

    With powers of e this rests on a conjecture (J. Li and M. Wu, ITCS 2026, arXiv:2506.04529).  That a prime of the
    chain divides all coefficients of the difference is left out: there are 21,000 chains.
    """
    plan = Plan(program, roots)
    degrees = _Degrees(plan.steps)
    bits = [BITS - math.log2(max(1, degrees.largest(plan.roots, 1)))]
    for level in {step.level for step in plan.steps if step.law == "power of w"}:
        powers = (step for step in plan.steps if step.law == "power of w" and step.level == level)
        exponents = [operand for step in powers for operand in step.operands]
        bits.append(BITS - level - 1 - math.log2(max(1, degrees.largest(exponents, 2))))
    return max(0.0, min(bits) - (ROOT_BITS if plan.constraints else 0))


class _Degrees:
    """The degrees of steps."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        # of each divisor its degree and its entries: a step whose numerator it is, or ~ a step that makes its own
        self._divided: dict[int, tuple[int, int]] = {}
        self._of: list[_Degree] = []
        for step in steps:
            self._of.append(self._degree(step, [self._of[k] for k in step.operands]))

    def largest(self, numbers: Iterable[int], terms: int) -> int:
        """The degree of the numerator of a sum of so many entries of these steps."""
        joined = self._spread(_joined([self._of[number] for number in numbers]), terms)
        return self._numerator(joined)

    def _numerator(self, a: _Degree) -> int:
        return a.excess + sum(d.power * d.entries * self._divided[number][0] for number, d in a.divisors.items())

    def _spread(self, a: _Degree, terms: int) -> _Degree:
        """Of a sum of so many entries, each with divisors of its own, as far as there are."""
        divisors = {
            number: _Divisor(d.power, min(d.entries * terms, self._divided[number][1]))
            for number, d in a.divisors.items()
        }
        return _Degree(a.excess, divisors)

    def _divided_by(self, divisor: int, numerator: int, entries: int) -> dict[int, _Divisor]:
        self._divided[divisor] = max(0, numerator), max(1, entries)
        return {divisor: _Divisor(1, 1)}

    def _degree(self, step: Step, below: list[_Degree]) -> _Degree:
        node, parameter = step.node, step.parameter
        if step.law in _KEPT:
            return below[0]
        if step.law in _NUMBERS:
            return _Degree(0)
        match step.law:
            case "add" | "take":
                return _joined(below)
            case "multiply":
                return _product(*below)
            case "dot":
                return self._spread(_product(*below), self._shape(step)[-1])
            case "sum":
                return self._spread(below[0], self._terms(step))
            case "product":
                return _power(below[0], self._terms(step))
            case "collect":
                together = np.bincount(node.parameter.reshape(-1) + 1, minlength=2)[1:]
                return self._spread(below[0], int(together.max()))
            case "power" | "root":
                return self._power(step, below[0], math.ceil(abs(parameter)), bool(parameter < 0))
            case "powers":
                wholes, _ = parameter
                parts = [(max(wholes), False), (-min(wholes), True)]
                return _joined([self._power(step, below[0], n, inverted) for n, inverted in parts if n > 0])
            case "inverse" | "determinant":
                return self._of_matrix(step, below[0])
            case "sin" | "cos":  # 2t/(1 + t²)
                return _Degree(0, self._divided_by(~step.number, 2, node.size))
        return _Degree(1)

    def _power(self, step: Step, a: _Degree, exponent: int, inverted: bool) -> _Degree:
        if inverted:
            (operand,) = step.operands
            a = _Degree(-a.excess, self._divided_by(operand, self._numerator(a), self._steps[operand].node.size))
        return _power(a, exponent)

    def _of_matrix(self, step: Step, a: _Degree) -> _Degree:
        """det A is a sum of products of n entries; A**-1 its minors, of n - 1 of them, divided by it."""
        size = self._shape(step)[-1]
        determinant = _power(self._spread(a, size * size), size)
        if step.law == "determinant":
            return determinant
        matrices = math.prod(self._shape(step)[:-2])
        return _Degree(-a.excess, self._divided_by(~step.number, self._numerator(determinant), matrices))

    def _shape(self, step: Step) -> Shape:
        return self._steps[step.operands[0]].node.shape

    def _terms(self, step: Step) -> int:
        return max(1, int(math.prod(self._shape(step)[axis] for axis in step.node.parameter)))


def _joined(parts: Sequence[_Degree]) -> _Degree:
    """Of a sum of two, or of entries of either."""
    divisors: dict[int, _Divisor] = {}
    for part in parts:
        if not divisors:
            divisors = part.divisors
        elif part.divisors is not divisors and part.divisors:
            divisors = dict(divisors)
            for number, (power, entries) in part.divisors.items():
                before = divisors.get(number, _Divisor(0, 0))
                divisors[number] = _Divisor(max(before.power, power), max(before.entries, entries))
    return _Degree(max((part.excess for part in parts), default=0), divisors)


def _product(a: _Degree, b: _Degree) -> _Degree:
    if not a.divisors or not b.divisors:
        return _Degree(a.excess + b.excess, a.divisors or b.divisors)
    divisors = dict(a.divisors)
    for number, (power, entries) in b.divisors.items():
        before = divisors.get(number, _Divisor(0, 0))
        divisors[number] = _Divisor(before.power + power, max(before.entries, entries))
    return _Degree(a.excess + b.excess, divisors)


def _power(a: _Degree, exponent: int) -> _Degree:
    divisors = {number: _Divisor(d.power * exponent, d.entries) for number, d in a.divisors.items()}
    return _Degree(a.excess * exponent, divisors)
