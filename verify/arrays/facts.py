"""What is known of the nodes of a program before anything is evaluated: numbers, infinities, logarithms in sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from backproof.verify.arrays.numbers import meant, not_finite
from backproof.verify.arrays.program import Node, Program

MOST_BITS = 4096
"""Of a rational number that is worked out."""

_LINEAR = ("add", "negative", "take", "view", "sum")
_MULTIPLES = (*_LINEAR, "multiply")


@dataclass
class Facts:
    """Sets of nodes.

    numbers: those that depend on no leaf; rationals: those that are one rational number in all entries, and which
    infinite: those with infinities in them, as masks of scores have
    logarithmic: sums of logarithms and others, with numbers before them: e**(x - log y) is e**x/y
    """

    numbers: set[Node] = field(default_factory=set)
    rationals: dict[Node, Fraction] = field(default_factory=dict)
    infinite: set[Node] = field(default_factory=set)
    logarithmic: set[Node] = field(default_factory=set)


def facts(program: Program, roots: Sequence[Node]) -> Facts:
    """The facts about all nodes below some."""
    known = Facts()
    for node in program.below(roots):
        if node.kind != "leaf" and all(a in known.numbers for a in node.operands):
            known.numbers.add(node)
            rational = _rational(node, known.rationals)
            if rational is not None and _bits(rational) <= MOST_BITS:
                known.rationals[node] = rational
        if "inf" in not_finite(node) or (node.kind in _MULTIPLES and any(a in known.infinite for a in node.operands)):
            known.infinite.add(node)
        if _is_logarithmic(node, known):
            known.logarithmic.add(node)
    return known


def _rational(node: Node, known: dict[Node, Fraction]) -> Fraction | None:
    if node.is_uniform:
        if not_finite(node):
            return None
        term = meant(node.parameter)
        return Fraction(term.value) if term.op == "const" else None
    operands = [known.get(a) for a in node.operands]
    match node.kind, operands:
        case "negative", [Fraction() as a]:
            return -a
        case "add", [Fraction() as a, Fraction() as b]:
            return a + b
        case "multiply", [Fraction() as a, Fraction() as b]:
            return a * b
        case "view", [a]:
            return a
        case "power", [Fraction() as a] if a and node.parameter.denominator == 1:
            few = _bits(a) * abs(node.parameter) <= MOST_BITS
            return a ** int(node.parameter) if few else None
    return None


def _bits(x: Fraction) -> int:
    return x.numerator.bit_length() + x.denominator.bit_length()


def _is_logarithmic(node: Node, known: Facts) -> bool:
    if node.kind == "function":
        return bool(node.parameter == "log")
    if node.kind == "multiply":
        a, b = node.operands
        return (a in known.logarithmic and b in known.numbers) or (b in known.logarithmic and a in known.numbers)
    return node.kind in _LINEAR and any(a in known.logarithmic for a in node.operands)
