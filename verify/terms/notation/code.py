"""A term as typed in Python: in the order it was written, with no more brackets than it needs."""

from __future__ import annotations

from fractions import Fraction

from backproof.verify.support.decimals import MOST_BITS, as_decimal
from backproof.verify.terms.graph import Node, topological
from backproof.verify.terms.notation.structure import ATOM, MINUS, POWER, PREFIX, QUOTIENT, Known, Notation, Spelled

LONGEST = 400
"""The longest formula written in full, in steps: shared parts, as in an unrolled loop, double the text each time."""

_MANY = 10**6  # from this denominator on, a decimal is easier to read


def written(term: Node, longest: int = LONGEST) -> str:
    """The term as text, for example ``1 - out**2``; the number of its steps, where it is more than ``longest``."""
    order = topological(term)
    sizes: dict[Node, int] = {}
    for t in order:
        sizes[t] = min(longest + 1, 1 + sum(sizes[a] for a in t.args))
    return CODE(term) if sizes[term] <= longest else f"(a formula of {len(order)} steps)"


class Code(Notation):
    """Printed terms parse back to the same term (`verify.terms.parser`), so a + (b + c) keeps its brackets.

    A minus binds as in Python, -x*y being (-x)*y.  Two exceptions: a float is written as the shortest
    decimal that it is the nearest float to, and parsed as that decimal; a quotient of integers is parsed as a number.
    """

    factor = PREFIX
    exponent = POWER

    def laid_out(self, term: Node, known: Known) -> Spelled:
        match term.op:
            case "special" if term.value == "-inf":
                return Spelled("-inf", PREFIX, MINUS)
            case "neg" if term.args[0].op == "const":  # -3 is a number
                return self.minus(Spelled(self.bracketed(known[term.args[0]].text)))
        return super().laid_out(term, known)

    def number(self, value: Fraction) -> Spelled:
        size = self.digits(abs(value))
        return size if value >= 0 else Spelled("-" + size.text, min(size.strength, PREFIX), MINUS)

    def minus(self, part: Spelled) -> Spelled:
        return Spelled(self.negative(self.after(part, PREFIX).text), PREFIX, MINUS)

    def after_a_sign(self, op: str, part: Spelled) -> Spelled:
        return self.after(part, QUOTIENT)

    def product(self, left: Spelled, right: Spelled, number_first: bool = False) -> Spelled:
        return super().product(left, self.after(right, PREFIX), number_first)

    def quotient(self, above: Spelled, below: Spelled) -> Spelled:
        return super().quotient(above, self.after(below, PREFIX))

    def after(self, part: Spelled, strength: int) -> Spelled:
        """A part after an operator: it must not begin with a sign."""
        return Spelled(self.bracketed(part.text)) if part.first == MINUS else self.within(part, strength)

    def digits(self, value: Fraction) -> Spelled:
        """An integer, a fraction with a small denominator, or the original float literal."""
        above, below = value.numerator, value.denominator
        if below == 1 and above < 10**17:
            return Spelled(str(above))
        if 1 < below < 10_000 and above.bit_length() <= MOST_BITS:
            return Spelled(f"{above}/{below}", QUOTIENT)
        try:
            literal = repr(float(value))
            # an integer parses back as the decimal, which is not always the float: 1.4080606497879866e+17
            if Fraction(float(value)) == value and (below != 1 or Fraction(literal) == value):
                return Spelled(literal)
        except OverflowError:
            pass
        bits = max(above.bit_length(), below.bit_length())
        if bits > MOST_BITS:
            return Spelled(f"(a number of {bits} bits)")
        if below == 1:
            return Spelled(str(above))
        if below >= _MANY and (text := as_decimal(value)):
            return Spelled(text, ATOM)
        return Spelled(f"{above}/{below}", QUOTIENT)


CODE = Code()
