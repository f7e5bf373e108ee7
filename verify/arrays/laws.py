"""What the residues of a program's nodes are made of: a list of steps, each after those that it needs.

A node is seen in four ways, modulo the prime of a level (`verify.arrays.residues.chain`).  Where a law of real
numbers says what one of them is made of, that is done to the residues, and nothing is rewritten:

| node                 | e**(c·node), c rational  | log of its absolute value | its absolute value, below a root |
|----------------------|--------------------------|---------------------------|----------------------------------|
| a + b, sum           | product                  | -                         | -                                |
| -a                   | e**(-c·a)                | log|a|                    | |a|                              |
| take, view           | the same movement        | the same movement         | the same movement                |
| r·a, r rational      | e**(cr·a)                | log|r| + log|a|           | |r|·|a|                          |
| a·b                  | -                        | log|a| + log|b|           | |a|·|b|                          |
| a**r                 | -                        | r·log|a|                  | |a|**r                           |
| e**a                 | -                        | a                         | itself                           |
| log a                | a**c                     | -                         | -                                |
| -inf                 | 0                        | -                         | -                                |
| else                 | w**(c·a), a one level up | the discrete logarithm    | the one of ±a that is a square   |

The values themselves follow the kind of the node.  A power of e is taken apart only where a logarithm or an infinity
is below it.  The absolute value of an input is known, as inputs are drawn as ±w**l.  Where an absolute value is that
of a sum, the point must be one where the residue is a square just where the real number is positive: a constraint.
Among the values, where there are no discrete logarithms, the logarithm of a sum is a random function of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from backproof.verify.arrays import discrete_logarithms
from backproof.verify.arrays.constants import exact
from backproof.verify.arrays.facts import facts
from backproof.verify.arrays.numbers import distinct, is_data, meant, not_finite, rational_part, under
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.residues import LEVELS
from backproof.verify.terms.ops import PRIMITIVES
from backproof.verify.terms.term import Term

ONE = Fraction(1)


class Key(NamedTuple):
    """One way to see a node: "value", "exponential", "logarithm", "absolute", or "drawn", the logarithm of an input."""

    view: str
    node: Node
    level: int
    factor: Fraction = ONE


@dataclass(slots=True)
class Step:
    """What is done to the residues of earlier steps.

    law: which law, a name of `verify.arrays.evaluation.LAWS`; operands: numbers of earlier steps
    parameter: what else the law needs
    """

    number: int
    law: str
    node: Node
    level: int
    operands: tuple[int, ...]
    parameter: Any = None


class _Law(NamedTuple):
    law: str
    operands: Sequence[Key]
    parameter: Any = None


class Plan:
    """The steps that lead to the values of some nodes.

    discrete: logarithms of sums within exponents are discrete ones, with a constraint each; else random functions

    steps: in order; roots: the steps of these nodes' values
    constraints: the steps whose operand must be a square, up to the sign of the real number
    opaque: functions without all of their laws, by name; powers_of_e: whether there are powers of e
    squares: constants that must be squares too, by level
    read: the floats that were read as another number than themselves, with its text
    """

    def __init__(self, program: Program, roots: Sequence[Node], discrete: bool = True) -> None:
        self.steps: list[Step] = []
        self.opaque: set[str] = set()
        self.powers_of_e = False
        self.squares: dict[int, set[Fraction]] = {}
        self.read: dict[float, str] = {}
        self._places: dict[Key, int] = {}
        self._facts = facts(program, roots)
        self._discrete = discrete
        self.roots = [self._place(Key("value", root, 0)) for root in roots]
        self.constraints = [step.number for step in self.steps if step.law == "square"]

    def _place(self, wanted: Key) -> int:
        """The step of a key.  With a list of what waits, as a program may be deeper than Python's stack."""
        waiting: list[tuple[Key, _Law]] = [(wanted, self._law(wanted))]
        while waiting:
            key, law = waiting[-1]
            missing = [operand for operand in law.operands if operand not in self._places]
            if missing:
                waiting += [(operand, self._law(operand)) for operand in reversed(missing)]
                continue
            waiting.pop()
            if key not in self._places:
                self._places[key] = self._made(key, law)
        return self._places[wanted]

    def _made(self, key: Key, law: _Law) -> int:
        operands = tuple(self._places[operand] for operand in law.operands)
        if law.law == "same":
            return operands[0]
        self.steps.append(Step(len(self.steps), law.law, key.node, key.level, operands, law.parameter))
        return len(self.steps) - 1

    def _law(self, key: Key) -> _Law:
        match key.view:
            case "value":
                return self._value(key.node, key.level)
            case "exponential":
                return self._exponential(key.node, key.level, key.factor)
            case "logarithm":
                return self._logarithm(key.node, key.level)
            case "absolute":
                return self._absolute(key.node, key.level)
        return _Law("drawn", [], key.node.parameter)

    # ------------------------------------------------------------------------------------------------------ values

    def _value(self, node: Node, level: int) -> _Law:
        operands = [Key("value", a, level) for a in node.operands]
        match node.kind:
            case "leaf":
                return _Law("signed", [Key("drawn", node, level)])
            case "constant":
                self._note_constant(node, level)
                self.opaque |= not_finite(node)
                return _Law("number", [])
            case "power":
                if node.parameter.denominator == 1:
                    return _Law("power", operands, int(node.parameter))
                return _Law("root", [Key("absolute", node.operands[0], level)], node.parameter)
            case "function":
                return self._function(node, level)
            case "take":
                return _Law("take", operands, 0)
        return _Law(node.kind, operands)

    def _function(self, node: Node, level: int) -> _Law:
        (operand,) = node.operands
        name = node.parameter if isinstance(node.parameter, str) else node.parameter[0]
        match name:
            case "exp":
                return _Law("same", [Key("exponential", operand, level)])
            case "log":
                return _Law("same", [Key("logarithm", operand, level)])
        self.opaque.add(name)
        if name in ("sin", "cos"):
            return _Law(name, [Key("value", operand, level)], "half an angle")
        law = {"odd": "odd random function", "even": "even random function"}
        return _Law(law.get(PRIMITIVES[name].parity, "random function"), [Key("value", operand, level)], node.parameter)

    # ---------------------------------------------------------------------------------------------------- e**node

    def _exponential(self, node: Node, level: int, factor: Fraction) -> _Law:
        if node in self._facts.logarithmic or node in self._facts.infinite:
            law = self._taken_apart(node, level, factor)
            if law is not None:
                return law
        if node.kind == "constant":
            self._note_constant(node, min(level + 1, LEVELS - 1))
            return _Law("exponential of a number", [], factor)
        self.powers_of_e = True
        if level + 1 < LEVELS:
            return _Law("power of w", [Key("value", node, level + 1)], factor)
        self.opaque.add("e**u within two exponents")
        if factor == ONE:
            return _Law("random square", [Key("value", node, level)], "exp")
        return _raised(Key("exponential", node, level), Key("exponential", node, level), factor)

    def _taken_apart(self, node: Node, level: int, factor: Fraction) -> _Law | None:
        """By a law of powers, or None where none applies: for a product of a logarithm and no rational number."""
        operands = [Key("exponential", a, level, factor) for a in node.operands]
        match node.kind:
            case "function":
                (a,) = node.operands
                return _raised(Key("value", a, level), Key("absolute", a, level), factor)
            case "add":
                return _Law("multiply", operands)
            case "negative":
                return _Law("same", [Key("exponential", node.operands[0], level, -factor)])
            case "take":
                return _Law("take", operands, 1)
            case "view":
                return _Law("view", operands)
            case "sum":
                return _Law("product", operands)
            case "multiply":
                return self._of_multiple(node, level, factor)
        return None

    def _of_multiple(self, node: Node, level: int, factor: Fraction) -> _Law | None:
        """e**(c·r·a) for rational numbers r: one, or an array of them over a common denominator."""
        for a, number in (node.operands, node.operands[::-1]):
            if number in self._facts.rationals:
                self._note_constants(number, level)
                return _Law("same", [Key("exponential", a, level, factor * self._facts.rationals[number])])
            if number.kind == "constant" and number not in self._facts.infinite:
                return self._of_multiples(a, number, level, factor)
        return None

    def _of_multiples(self, a: Node, array: Node, level: int, factor: Fraction) -> _Law | None:
        numbers, places = distinct(array)
        terms = [] if is_data(numbers) else [meant(x) for x in numbers]
        if not terms or any(t.op != "const" for t in terms):
            return None
        self._note_constant(array, level)
        rationals = [Fraction(t.value) for t in terms]
        common = math.lcm(*(r.denominator for r in rationals))
        wholes = [int(r * common) for r in rationals]
        return _Law("powers", [Key("exponential", a, level, factor / common)], (wholes, places))

    # ------------------------------------------------------------------------------------------------ log|node|, |node|

    def _logarithm(self, node: Node, level: int) -> _Law:
        operands = [Key("logarithm", a, level) for a in node.operands]
        match node.kind:
            case "leaf":
                return _Law("logarithm of an input", [Key("drawn", node, level - 1)])
            case "constant":
                self._note_constant(node, level, logarithm=True)
                self.opaque |= not_finite(node)
                if is_data(distinct(node)[0]):
                    self.opaque.add("log of an array of numbers")
                return _Law("logarithm of a number", [])
            case "negative":
                return _Law("same", operands)
            case "multiply":
                return _Law("add", operands)
            case "power":
                return _Law("scale", operands, node.parameter)
            case "function" if node.parameter == "exp":
                return _Law("same", [Key("value", node.operands[0], level)])
            case "view":
                return _Law("view", operands)
            case "take" if node.parameter.min(initial=0) >= 0:
                return _Law("take", operands, 0)
        if level and self._discrete and node.size <= discrete_logarithms.MOST:
            return _Law("discrete logarithm", [Key("absolute", node, level - 1)])
        self.opaque.add("log of a sum")
        return _Law("logarithm of a sum", [Key("value", node, level)], "log")

    def _absolute(self, node: Node, level: int) -> _Law:
        operands = [Key("absolute", a, level) for a in node.operands]
        value = Key("value", node, level)
        match node.kind:
            case "leaf":
                return _Law("unsigned", [Key("drawn", node, level)])
            case "constant":
                self._note_constant(node, level, root=True)
            case "negative":
                return _Law("same", operands)
            case "view":
                return _Law("view", operands)
            case "take":
                return _Law("take", operands, 0)
            case "power":
                whole = node.parameter.denominator == 1
                return _Law("power", operands, int(node.parameter)) if whole else _Law("same", [value])
            case "multiply" if not self._is_multiple_of_sum(node):
                return _Law("multiply", operands)
            case "function" if node.parameter == "exp" and node.operands[0] not in self._facts.logarithmic:
                return _Law("same", [value])  # a power of w, or 0
        return _Law("square", [value])

    def _is_multiple_of_sum(self, product: Node) -> bool:
        """Whether a product is a number times a sum: then the product must be a square, not each of the two."""
        a, b = product.operands
        if a in self._facts.numbers or b not in self._facts.numbers:
            a, b = b, a
        while a.kind in ("view", "negative"):
            (a,) = a.operands
        one_square = a.kind in ("leaf", "power", "multiply", "take") or (a.kind == "function" and a.parameter == "exp")
        return b in self._facts.numbers and a not in self._facts.numbers and not one_square

    # --------------------------------------------------------------------------------------------------- constants

    def _note_constants(self, number: Node, level: int) -> None:
        """Those of a node that is made of numbers."""
        waiting = [number]
        while waiting:
            node = waiting.pop()
            waiting += node.operands
            if node.kind == "constant":
                self._note_constant(node, level)

    def _note_constant(self, node: Node, level: int, root: bool = False, logarithm: bool = False) -> None:
        """Its readings, and the numbers that must be squares for it to have a residue, or a root or a logarithm."""
        self.opaque |= not_finite(node) - {"inf"}
        numbers, _ = distinct(node)
        for number in () if is_data(numbers) else numbers:
            if isinstance(number, float) and not math.isfinite(number):
                continue
            if isinstance(number, float) and (text := exact(float(number)).text):
                self.read[float(number)] = text
            term = meant(number)
            self._need_squares(level, [*under(term, "sqrt"), *([term] if root else [])])
            if level:
                self._need_squares(level - 1, [*under(term, "log"), *([term] if logarithm else [])])

    def _need_squares(self, level: int, numbers: Iterable[Term]) -> None:
        found = {abs(rational_part(number)) for number in numbers}
        self.squares.setdefault(level, set()).update(found - {0, 1})


def _raised(value: Key, absolute: Key, factor: Fraction) -> _Law:
    """A power of a node: of its value for a whole exponent, else of its absolute value."""
    if factor == 1:
        return _Law("same", [value])
    if factor.denominator == 1:
        return _Law("power", [value], int(factor))
    return _Law("root", [absolute], factor)
