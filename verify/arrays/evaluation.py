"""A program at one random point modulo a chain of primes: the steps of its plan, carried out on whole arrays.

Inputs are ±w**l with random l, their signs being those of the real point: so the logarithms of inputs are known.
A function without laws is a random function of the residue of its operand, odd or even where the real one is.  sin
and cos are a random point of the unit circle.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays import matrices
from backproof.verify.arrays.discrete_logarithms import discrete_logarithm
from backproof.verify.arrays.floats import taken, viewed
from backproof.verify.arrays.laws import Plan, Step
from backproof.verify.arrays.numbers import Numbers
from backproof.verify.arrays.reach import feeding
from backproof.verify.arrays.residues import PrimeField, Residues, chain, salt

Ties = Mapping[str, NDArray[np.int64]]
Mask = NDArray[np.bool_]


class NoPoint(Exception):
    """No random point was found at which a program has a value; the message says why."""


@dataclass(frozen=True)
class Evaluated:
    """Residues of some nodes of a program at a random point.

    values: of each root, in its shape; modulus: the prime modulo which these are
    opaque: functions and other things that were met without all of their laws, by name: "erf", "log of a sum"
    read: the floats that were read as another number than themselves, with its text: "√(2/π)"
    powers_of_e: whether there are any, so that Schwartz's bound rests on a conjecture
    shared_roots: whether an input feeds more than one root: given that they all exist its law is not uniform, so that
        the bound is heuristic; redraws: how often inputs were drawn again for roots to exist
    """

    values: list[Residues]
    modulus: int
    opaque: frozenset[str]
    read: dict[float, str]
    powers_of_e: bool
    shared_roots: bool
    redraws: int


class Point:
    """A random chain of primes and random inputs.

    negative: the entries of each input that are negative, by name
    ties: numbers of the entries of inputs, by name: those with the same number are equal, those with -1 are 0
    draws: logarithms of the absolute values, by name and level, one for each entry or each number of the ties

    Raises NoChain where there are too many roots of constants.
    """

    def __init__(self, plan: Plan, seed: str, negative: Mapping[str, Mask], ties: Ties) -> None:
        self.seed, self.negative, self.ties = seed, negative, ties
        rng = random.Random(seed)
        self.fields = [PrimeField(m, rng) for m in chain(rng, plan.squares)]
        self.numbers = Numbers(self.fields, seed)
        self.draws: dict[tuple[str, int], Residues] = {}

    def drawn(self, name: str, level: int) -> Residues:
        """The logarithms of an input's absolute values, which are drawn when they are first asked for.

        Those of level -1 are logarithms among the values, which nothing is a power of.
        """
        if (name, level) not in self.draws:
            rng = np.random.default_rng(salt(self.seed, "drawn", name, level))
            ties = self.ties.get(name)
            shape = self.negative[name].shape if ties is None else (int(ties.max(initial=-1)) + 1,)
            self.draws[name, level] = rng.integers(0, self.most(level), shape)
        return self.draws[name, level]

    def most(self, level: int) -> int:
        """The number of different logarithms."""
        return self.fields[level].order if level >= 0 else self.fields[0].modulus

    def entries(self, name: str, level: int) -> Residues:
        """The logarithm of each entry's absolute value; anything for an entry that is 0."""
        draws, ties = self.drawn(name, level), self.ties.get(name)
        return draws if ties is None else np.append(draws, 0)[ties]

    def zeros(self, name: str) -> Mask | None:
        """The entries that are 0; None if there are none."""
        ties = self.ties.get(name)
        return None if ties is None or ties.min(initial=0) >= 0 else ties < 0


class Evaluation:
    """The steps of a plan at a point.

    negative: for each constraint of the plan the entries whose real number is negative
    unmet: for each constraint the entries that are no squares when they should be, as of the last run; their roots
        are those of the number with the other sign, and mean nothing
    """

    def __init__(self, plan: Plan, point: Point, negative: Mapping[int, Mask]) -> None:
        self.plan, self.point, self.negative = plan, point, negative
        self.unmet: dict[int, Mask] = {}

    def run(self, wanted: Sequence[int]) -> list[Residues]:
        """The residues of some steps.  Each array is kept until its last use only.

        Raises ZeroDivisionError for a division by 0, or a logarithm of it, that the program's roots need.
        """
        steps = self.plan.steps
        order = self.below(wanted)
        uses = Counter(wanted)
        for number in order:
            uses.update(steps[number].operands)
        found: dict[int, Residues] = {}
        for number in order:
            step = steps[number]
            found[number] = np.asarray(LAWS[step.law](self, step, *[found[k] for k in step.operands]))
            for operand in step.operands:
                uses[operand] -= 1
                if not uses[operand]:
                    found.pop(operand, None)
        return [found[number] for number in wanted]

    def below(self, wanted: Sequence[int]) -> list[int]:
        """The steps that some need, and these, in order."""
        seen: set[int] = set()
        waiting = [*wanted]
        while waiting:
            number = waiting.pop()
            if number not in seen:
                seen.add(number)
                waiting += self.plan.steps[number].operands
        return sorted(seen)

    def field(self, step: Step) -> PrimeField:
        """The field in which a step is carried out."""
        return self.point.fields[step.level]

    def salt(self, *parts: object) -> int:
        """Chooses a random function; another one at every point."""
        return salt(self.point.seed, *parts)

    def defined(self, step: Step, a: Residues, function: Callable[[Residues], Residues]) -> Residues:
        """A function that is not defined at 0; where nothing needs that entry, 0 there.

        Raises ZeroDivisionError.
        """
        if a.all():
            return function(a)
        zeros = a == 0
        self.refuse(step, zeros)
        return np.where(zeros, 0, function(np.where(zeros, 1, a)))

    def refuse(self, step: Step, entries: Mask) -> None:
        """Raises ZeroDivisionError if the program's roots need one of these entries, which have no value."""
        if (entries & self._needed[step.number]).any():
            raise ZeroDivisionError(f"division by 0, or a logarithm of it, in {step.node.kind} {step.node.shape}")

    @cached_property
    def _needed(self) -> dict[int, Mask]:
        """The entries that the roots need, of steps that may divide by 0: a choice may leave out those that do not."""
        steps = self.plan.steps
        everything = {number: np.ones(steps[number].node.shape, np.bool_) for number in self.plan.roots}
        return feeding(steps, everything, _NOT_DEFINED_AT_0)

    # ------------------------------------------------------------------------------------- laws of several lines

    def signed(self, step: Step, drawn: Residues, name: str) -> Residues:
        """±w**l."""
        size = self.unsigned(step, drawn, name)
        return np.where(self.point.negative[name], self.field(step).negative(size), size)

    def unsigned(self, step: Step, drawn: Residues, name: str) -> Residues:
        """w**l."""
        found = self.field(step).powers_of_generator(drawn)
        zeros = self.point.zeros(name)
        return found if zeros is None else np.where(zeros, 0, found)

    def logarithm_of_input(self, step: Step, drawn: Residues, name: str) -> Residues:
        """l, which is reduced in its own field already."""
        zeros = self.point.zeros(name)
        if zeros is not None:
            self.refuse(step, zeros)
        return drawn

    def exponential_of_number(self, step: Step) -> Residues:
        """Of a constant; 0 for e**-inf."""
        number = step.node.parameter
        if isinstance(number, float | np.ndarray):
            infinite = np.broadcast_to(number * np.sign(float(step.parameter)) == np.inf, step.node.shape)
            if infinite.any():
                self.refuse(step, infinite)
        return self.point.numbers.exponentials(step.node, step.level, step.parameter)

    def scaled(self, step: Step, a: Residues) -> Residues:
        """A rational number times a."""
        field = self.field(step)
        return field.multiply(a, np.broadcast_to(np.int64(field.of_fraction(step.parameter)), a.shape))

    def power_of_w(self, step: Step, exponents: Residues) -> Residues:
        """w**(factor·a), a being one level up."""
        above = self.point.fields[step.level + 1]
        if step.parameter == -1:
            exponents = above.negative(exponents)
        elif step.parameter != 1:
            factor = np.int64(above.of_fraction(step.parameter))
            exponents = above.multiply(exponents, np.broadcast_to(factor, exponents.shape))
        return self.field(step).powers_of_generator(exponents)

    def power(self, step: Step, a: Residues) -> Residues:
        """A whole power of a residue, or a rational power of a square."""
        field, exponent = self.field(step), step.parameter
        raised = field.power if step.law == "power" else field.root_power
        return raised(a, exponent) if exponent > 0 else self.defined(step, a, lambda a: raised(a, exponent))

    def powers(self, step: Step, a: Residues) -> Residues:
        """a to whole powers, which a table has."""
        field = self.field(step)
        wholes, places = step.parameter
        if min(wholes) < 0 and not a.all():
            self.refuse(step, (a == 0) & (np.array(wholes) < 0)[places])
        return field.powers(a, np.array([n % (field.modulus - 1) for n in wholes], np.int64)[places])

    def random_function(self, step: Step, a: Residues) -> Residues:
        """A random function of a."""
        return self.field(step).random_function(a, self.salt(step.parameter))

    def even_function(self, step: Step, a: Residues) -> Residues:
        """One for which f(-a) = f(a)."""
        return self.random_function(step, np.minimum(a, self.field(step).negative(a)))

    def odd_function(self, step: Step, a: Residues) -> Residues:
        """One for which f(-a) = -f(a)."""
        field = self.field(step)
        minus = field.negative(a)
        found = self.random_function(step, np.minimum(a, minus))
        return np.where(a == 0, 0, np.where(a <= minus, found, field.negative(found)))

    def circle(self, step: Step, a: Residues) -> Residues:
        """sin and cos: 2t/(1 + t²) and (1 - t²)/(1 + t²) with t an odd function of a; -1 is no square modulo m."""
        field = self.field(step)
        t = self.odd_function(step, a)
        square = field.multiply(t, t)
        one = np.ones_like(square)
        above = field.add(t, t) if step.law == "sin" else field.add(one, field.negative(square))
        return field.multiply(above, field.inverse(field.add(one, square)))

    def logarithm_of_sum(self, step: Step, a: Residues) -> Residues:
        """log|a| among the values: an even random function."""
        return self.defined(step, a, lambda a: self.even_function(step, a))

    def inverse(self, step: Step, a: Residues) -> Residues:
        """Of matrices."""
        found, singular = matrices.inverse(self.field(step), a)
        if singular.any():
            self.refuse(step, np.broadcast_to(singular[..., None, None], a.shape))
        return found

    def square(self, step: Step, a: Residues) -> Residues:
        """|a|: of a and -a the one that is a square.  Notes where that is not the one that is positive as a real."""
        field = self.field(step)
        minus = field.negative(a)
        found = np.where(self.negative[step.number], minus, a)
        unmet = ~field.is_square(found)
        self.unmet[step.number] = unmet
        return np.where(unmet, field.negative(found), found)


LAWS: Mapping[str, Callable[..., Residues]] = {
    "drawn": lambda e, s: e.point.entries(s.parameter, s.level),
    "signed": lambda e, s, a: e.signed(s, a, s.node.parameter),
    "unsigned": lambda e, s, a: e.unsigned(s, a, s.node.parameter),
    "number": lambda e, s: e.point.numbers.values(s.node, s.level),
    "exponential of a number": Evaluation.exponential_of_number,
    "logarithm of a number": lambda e, s: e.point.numbers.logarithms(s.node, s.level),
    "logarithm of an input": lambda e, s, a: e.logarithm_of_input(s, a, s.node.parameter),
    "logarithm of a sum": Evaluation.logarithm_of_sum,
    "discrete logarithm": lambda e, s, a: e.defined(s, a, lambda a: discrete_logarithm(e.point.fields[s.level - 1], a)),
    "add": lambda e, s, a, b: e.field(s).add(a, b),
    "negative": lambda e, s, a: e.field(s).negative(a),
    "multiply": lambda e, s, a, b: e.field(s).multiply(a, b),
    "scale": Evaluation.scaled,
    "power": Evaluation.power,
    "root": Evaluation.power,
    "powers": Evaluation.powers,
    "power of w": Evaluation.power_of_w,
    "square": Evaluation.square,
    "random function": Evaluation.random_function,
    "random square": lambda e, s, a: e.field(s).power(e.random_function(s, a), 2),
    "odd random function": Evaluation.odd_function,
    "even random function": Evaluation.even_function,
    "sin": Evaluation.circle,
    "cos": Evaluation.circle,
    "take": lambda e, s, *operands: taken(operands, s.node.parameter, s.parameter),
    "view": lambda e, s, a: viewed(a, s.node),
    "collect": lambda e, s, a: e.field(s).collect(a, s.node.parameter, s.node.size),
    "sum": lambda e, s, a: e.field(s).sum(a, s.node.parameter),
    "product": lambda e, s, a: e.field(s).product(a, s.node.parameter),
    "dot": lambda e, s, a, b: matrices.dot(e.field(s), a, b),
    "inverse": Evaluation.inverse,
    "determinant": lambda e, s, a: matrices.determinant(e.field(s), a),
}
"""How each law is carried out, on an evaluation, a step and the residues of its operands."""

_NOT_DEFINED_AT_0 = frozenset(
    {
        "exponential of a number",
        "power",
        "powers",
        "root",
        "inverse",
        "logarithm of an input",
        "logarithm of a sum",
        "discrete logarithm",
    }
)
