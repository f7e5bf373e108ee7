"""Conditions solved for the symbols, as far as possible over the rational numbers.

A condition becomes alternatives; each of them says of some quantities in which set they lie.  x**2 - 1 > 0 is one
alternative, that x lies beyond -1 or 1.  A quantity is a symbol, or a term that could not be solved: in cos(x) != 0 it
is cos(x).  Every compared term is assumed to have a value: log(x) < 0 is solved to x < 1, and the domain of log(x) is
left to the caller.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from backproof.verify.evaluate.balls import holds
from backproof.verify.numerics.alternatives import ALWAYS, NEVER, Alternatives, both, either
from backproof.verify.numerics.quotients import Quotients, preimage
from backproof.verify.numerics.real_sets import NOTHING, RealSet, half_line
from backproof.verify.numerics.spans import Monotone, monotone, span
from backproof.verify.proof.field.algebra import STOCK, Element, TooHard, fraction, number
from backproof.verify.terms.conditions import SWAPPED, negated
from backproof.verify.terms.term import (
    FALSE,
    TRUE,
    Condition,
    Term,
    apply,
    symbols_of,
    topological,
)

MOST_STEPS = 1000
DEEPEST = 30  # functions within each other that are inverted
_NOT_NEGATIVE, _NOT_ZERO, _ZERO = (half_line(op, 0) for op in ("ge", "ne", "eq"))


class Solver:
    """Solves conditions; an unsolved quantity is recognised when it occurs again in another form."""

    def __init__(self) -> None:
        self._solved: dict[Term, Alternatives] = {TRUE: ALWAYS, FALSE: NEVER}
        self._fuel = MOST_STEPS
        self._quotients = Quotients()
        self._quantities: dict[Element, tuple[Term, Fraction, Fraction]] = {}

    def solved(self, condition: Term) -> Alternatives:
        """The condition as alternatives.  Raises TooMany, or TooHard."""
        for node in topological(condition):
            if isinstance(node, Condition) and node not in self._solved:
                self._solved[node] = self._alternatives(node)
        return self._solved[condition]

    def _alternatives(self, node: Condition) -> Alternatives:
        match node.op:
            case "and":
                return self._both(*(self._solved[part] for part in node.args))
            case "or":
                return self._either(*(self._solved[part] for part in node.args))
            case "not":
                return self.solved(negated(node.args[0]))
        for op, (a, b) in ((node.op, node.args), (SWAPPED[node.op], node.args[::-1])):
            if b.op == "const":
                return self.within(a, half_line(op, b.value))
        return self.within(apply("sub", *node.args), half_line(node.op, 0))

    def _both(self, a: Alternatives, b: Alternatives) -> Alternatives:
        self._spend(len(a) * len(b))
        return both(a, b)

    def _either(self, a: Alternatives, b: Alternatives) -> Alternatives:
        self._spend(len(a) + len(b))
        return either(a, b)

    def _spend(self, steps: int) -> None:
        self._fuel -= steps
        if self._fuel < 0:
            raise TooHard("too many steps")

    # --------------------------------------------------------------------------------- in which set a term lies

    def within(self, u: Term, wanted: RealSet, depth: int = 0) -> Alternatives:
        """Where ``u`` has a value in the set.  Raises TooMany, or TooHard."""
        self._spend(1)
        values = RealSet.of(span(u, {}))
        if values <= wanted:
            return ALWAYS
        if values & wanted == NOTHING:
            return NEVER
        if u.op == "symbol":
            return ({u: wanted},)
        whole = self._read(u)
        atoms = whole.indices()
        if not symbols_of(u) or not atoms:
            return self._of_a_number(u, whole, wanted)
        if depth > DEEPEST:
            return self._of_a_quantity(u, whole, wanted)
        if len(atoms) == 1:
            atom, found = self._quotients.atoms[atoms[0]], preimage(whole, wanted)
            if found is not None:
                return self._of_an_atom(u, wanted, depth) if atom is u else self.within(atom, found, depth + 1)
        elif (parts := self._by_sign(u, wanted, depth + 1)) is not None:
            return parts
        return self._of_a_quantity(u, whole, wanted)

    def _read(self, u: Term) -> Element:
        """The term as a quotient; earlier ones are forgotten where there is no room for more."""
        try:
            return self._quotients.of(u)
        except TooHard:
            self._quotients, self._quantities = Quotients(), {}
            return self._quotients.of(u)

    def _of_a_number(self, u: Term, whole: Element, wanted: RealSet) -> Alternatives:
        """A constant such as pi - 3, decided in ball arithmetic; kept unsolved where that is undecided."""
        value = whole.constant()
        if value is not None:
            return ALWAYS if value in wanted else NEVER
        known = [holds(condition, {}) for condition in wanted.conditions(u)]
        if False in known:
            return NEVER
        return self._of_a_quantity(u, whole, wanted) if None in known else ALWAYS

    def _by_sign(self, u: Term, wanted: RealSet, depth: int) -> Alternatives | None:
        """A product, quotient or power compared with 0, by the signs of its parts; None where they do not decide it."""
        if u.op not in ("mul", "div", "pow", "neg") or any(at for at, _ in wanted.cuts):
            return None
        if u.op == "neg":
            return self.within(u.args[0], wanted.mirrored(), depth)
        if u.op == "pow":
            return self._power_by_sign(u, wanted, depth)
        if wanted == _NOT_ZERO or (wanted == _ZERO and u.op == "mul"):
            join = self._both if wanted == _NOT_ZERO else self._either
            return join(*(self.within(a, wanted, depth) for a in u.args))
        for one, other in permutations(u.args):
            values = span(one, {})
            if not values.low < 0 < values.high:
                side = self.within(other, wanted if values.low >= 0 else wanted.mirrored(), depth)
                if 0 in wanted:
                    side = self._either(side, self.within(one, _ZERO, depth))
                else:
                    side = self._both(side, self.within(one, _NOT_ZERO, depth))
                return side if u.op == "mul" else self._both(side, self.within(u.args[1], _NOT_ZERO, depth))
        return None

    def _power_by_sign(self, u: Term, wanted: RealSet, depth: int) -> Alternatives | None:
        base, exponent = u.args
        n = self._read(exponent).constant()
        if n is None or n.denominator != 1 or not n:
            return None
        if n % 2 == 0:
            wanted = wanted & _NOT_NEGATIVE
            wanted = wanted | wanted.mirrored()
        return self.within(base, wanted & _NOT_ZERO if n < 0 else wanted, depth)

    def _of_an_atom(self, u: Term, wanted: RealSet, depth: int) -> Alternatives:
        """A function of a term, solved for that term where the ends are known values of the function."""
        if u.op == "where":
            condition, a, b = u.args
            first = self._both(self.solved(condition), self.within(a, wanted, depth))
            return self._either(first, self._both(self.solved(negated(condition)), self.within(b, wanted, depth)))
        if u.op == "abs":
            sizes = wanted & _NOT_NEGATIVE
            return self.within(u.args[0], sizes | sizes.mirrored(), depth)
        if u.op in ("maximum", "minimum"):
            return self._of_the_larger(u, wanted, depth)
        if u.op == "hypot" and not any(at for at, _ in wanted.cuts):
            a, b = u.args
            return self.within(a**2 + b**2, wanted, depth)
        if u.op == "pow" and (parts := self._by_sign(u, wanted, depth)) is not None:
            return parts
        if u.op == "gamma" and _NOT_ZERO <= wanted:
            return ALWAYS
        rule = monotone(u)
        if rule is not None:
            wanted = _among(wanted, RealSet.of(rule.values))
            inner = _inverse(u, rule, wanted)
            if inner is not None:
                exponent = u.op == "pow" and u.args[1].op != "const"
                return self.within(u.args[exponent], inner, depth)
        return self._of_a_quantity(u, self._read(u), wanted)

    def _of_the_larger(self, u: Term, wanted: RealSet, depth: int) -> Alternatives:
        """A maximum lies below a number where both of its operands do, above it where one of them does."""
        if len(wanted.cuts) == 1:
            a, b = (self.within(operand, wanted, depth) for operand in u.args)
            return self._both(a, b) if wanted.begins == (u.op == "maximum") else self._either(a, b)
        first, second, is_interval = wanted.divided()
        a, b = (self._of_the_larger(u, part, depth) for part in (first, second))
        return self._both(a, b) if is_interval else self._either(a, b)

    def _of_a_quantity(self, u: Term, whole: Element, wanted: RealSet) -> Alternatives:
        """An unsolved quantity: the same one as before, where it differs from that by a factor and a shift only."""
        key, factor, shift = _canonical(whole)
        first, its_factor, its_shift = self._quantities.setdefault(key, (u, factor, shift))
        ratio = its_factor / factor
        return ({first: wanted.affine(ratio, its_shift - shift * ratio)},)


def _canonical(whole: Element) -> tuple[Element, Fraction, Fraction]:
    """(q, a, b) with the quotient a·q + b, and q the same for all that differ in a and b alone."""
    shift = Fraction(0)
    if whole.den.is_one():
        shift = fraction(whole.num[(0,) * STOCK])
        whole = whole - number(shift)
    factor = fraction(whole.num.leading_coefficient())
    return whole.scaled(1 / factor), factor, shift


def _among(wanted: RealSet, values: RealSet) -> RealSet:
    """The set without ends outside the values, or at their extremes: f(x) >= 0 says nothing about sqrt."""
    kept = wanted & values
    begins, cuts = kept.begins, kept.cuts
    if not values.begins and cuts[:1] == values.cuts[:1]:
        begins, cuts = True, cuts[1:]
    if not values.ends and cuts[-1:] == values.cuts[-1:]:
        cuts = cuts[:-1]
    return RealSet(begins, cuts)


def _inverse(u: Term, rule: Monotone, wanted: RealSet) -> RealSet | None:
    """Where the operand of a monotone function lies, for its value to be in the set; None where an end is unknown."""
    known = {Fraction(value): Fraction(at) for at, value in rule.known}
    exact = {"sqrt": 2, "cbrt": 3}.get(u.op)
    cuts = []
    for value, after in wanted.cuts:
        if exact is None and value not in known:
            return None
        at = known[value] if exact is None else value**exact
        cuts.append((at, after if rule.rises else 1 - after))
    return RealSet(wanted.begins, tuple(cuts)) if rule.rises else RealSet(wanted.ends, tuple(reversed(cuts)))
