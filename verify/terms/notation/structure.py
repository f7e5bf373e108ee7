"""The layout of a term: brackets, and parts with a layout of their own.  A notation defines the spelling.

`Notation` is the plain structure, that of code: sums, products, quotients, powers, comparisons, and everything else a
function of its arguments.  `Mathematics` adds the forms of written mathematics: leading signs, powers of e, roots, |x|,
cases.  Besides the operations of `verify.terms` a term may contain those that derivations add:

    D(f, x)        the derivative of f by x, not yet worked out
    the functions that they abbreviate: sigmoid, softplus, Φ (normal_cdf), φ (normal_pdf), sign

Terms keep the order in which they were written (SymPy would reorder them), and every part is spelled once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any, NamedTuple

from backproof.verify.support.decimals import MOST_BITS, as_decimal
from backproof.verify.terms.graph import Node, topological
from backproof.verify.terms.notation.names import LETTERS, TEXTBOOK
from backproof.verify.terms.ops import COMPARISONS

OR, AND, RELATION, SUM, QUOTIENT, PRODUCT, PREFIX, POWER, ATOM = range(1, 10)
"""How tightly an operator binds."""

BETWEEN = ("=", "becomes", "→", ",", "(", ")")
"""Signs between the formulas of a line."""

MINUS, DIGIT, FRACTION = "-", "0", "/"
"""What a part may begin with, where that affects the part before it."""

_LONG = 20  # from so many digits on, a shorter form of a number is tried
_MANY = 1000  # above this denominator a short decimal is preferred


class Spelled(NamedTuple):
    """The text of a part, the precedence of its outermost operator, and what it begins with ("" for the rest)."""

    text: str
    strength: int = ATOM
    first: str = ""


_CODE = {
    **{"add": "+", "sub": "-", "and": "and", "or": "or"},
    **{"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="},
}

Known = Mapping[Node, Spelled]


class _Factored(NamedTuple):
    """A product or quotient whose sign has moved to the front."""

    op: str
    args: tuple[Any, ...]
    value: Any = None


class Notation(ABC):
    """One way of writing terms; calling it gives the text of one.

    signs: the operators and words between two operands
    flat: a fraction is written on the line, a/b, so that its parts may need brackets
    factor, exponent: the precedence that a second factor and an exponent need to do without brackets
    """

    signs: Mapping[str, str] = _CODE
    flat = True
    factor = PRODUCT
    exponent = ATOM

    def __call__(self, term: Node) -> str:
        return self.spelled(term).text

    def spelled(self, term: Node) -> Spelled:
        """The term, and its precedence."""
        known: dict[Node, Spelled] = {}
        for node in topological(term):
            known[node] = self.laid_out(node, known)
        return known[term]

    def laid_out(self, term: Node, known: Known) -> Spelled:
        """One node, with its operands already spelled."""
        parts = [known[a] for a in term.args]
        match term.op:
            case "const":
                return self.number(term.value)
            case "symbol" | "special":
                return Spelled(self.name(str(term.value)))
            case "pi" | "true" | "false":
                return Spelled(self.name(term.op))
            case "neg":
                return self.minus(parts[0])
            case "add" | "sub":
                return self.sum(term.op, *parts)
            case "mul":
                return self.product(parts[0], parts[1], number_first=term.args[0].op == "const")
            case "div":
                return self.quotient(*parts)
            case "pow":
                return self.power(parts[0], term.args[1], known)
            case "not":
                return Spelled(self.negated(self.within(parts[0], RELATION).text), AND)
            case "and" | "or":
                strength = AND if term.op == "and" else OR
                left, right = self.within(parts[0], strength), self.within(parts[1], strength + 1)
                return Spelled(self.infix(term.op, left.text, right.text), strength)
            case op if op in COMPARISONS:
                return Spelled(self.infix(op, *(self.within(p, SUM).text for p in parts)), RELATION)
        return Spelled(self.call(term.op, [part.text for part in parts]))

    def within(self, part: Spelled, strength: int) -> Spelled:
        """The part, in brackets where its precedence is below ``strength``."""
        return part if part.strength >= strength else Spelled(self.bracketed(part.text))

    def number(self, value: Fraction) -> Spelled:
        return self.digits(value) if value >= 0 else self.minus(self.digits(-value))

    def minus(self, part: Spelled) -> Spelled:
        return Spelled(self.negative(self.within(part, QUOTIENT).text), SUM, MINUS)

    def sum(self, op: str, left: Spelled, right: Spelled) -> Spelled:
        left, right = self.within(left, SUM), self.after_a_sign(op, right)
        return Spelled(self.infix(op, left.text, right.text), SUM, left.first)

    def after_a_sign(self, op: str, part: Spelled) -> Spelled:
        """The right operand of a + or -."""
        return self.within(part, SUM if op == "add" else QUOTIENT)

    def product(self, left: Spelled, right: Spelled, number_first: bool = False) -> Spelled:
        """A number is written directly before its factor, 2x, in a notation that does so."""
        left, right = self.within(left, QUOTIENT), self.within(right, self.factor)
        close = number_first and right.first not in (DIGIT, FRACTION)
        return Spelled(self.times(left.text, right.text, close), PRODUCT, left.first)

    def quotient(self, above: Spelled, below: Spelled) -> Spelled:
        if not self.flat:
            return Spelled(self.over(above.text, below.text), PREFIX, FRACTION)
        above, below = self.within(above, QUOTIENT), self.within(below, PREFIX)
        return Spelled(self.over(above.text, below.text), QUOTIENT, above.first)

    def power(self, base: Spelled, exponent: Node, known: Known) -> Spelled:
        base = self.within(base, ATOM)
        return Spelled(self.raised(base.text, self.above(exponent, known)), POWER, base.first)

    def above(self, exponent: Node, known: Known) -> str:
        """An exponent, in brackets where needed."""
        return self.within(known[exponent], self.exponent).text

    # ------------------------------------------------------------------- the spelling of each piece: code by default

    @abstractmethod
    def digits(self, value: Fraction) -> Spelled:
        """A number that is not negative."""

    def name(self, name: str) -> str:
        return name

    def infix(self, op: str, left: str, right: str) -> str:
        return f"{left} {self.signs[op]} {right}"

    def negative(self, text: str) -> str:
        return "-" + text

    def negated(self, condition: str) -> str:
        return "not " + condition

    def times(self, left: str, right: str, close: bool) -> str:
        """``close``: a number that may be written directly before its factor."""
        return f"{left}*{right}"

    def over(self, above: str, below: str) -> str:
        return f"{above}/{below}"

    def raised(self, base: str, exponent: str) -> str:
        return f"{base}**{exponent}"

    def bracketed(self, text: str) -> str:
        return f"({text})"

    def call(self, function: str, arguments: list[str]) -> str:
        return f"{function}({', '.join(arguments)})"


class Mathematics(Notation):
    """The forms of written mathematics.

    aliases: variables shown under another name
    """

    def __init__(self, aliases: Mapping[str, str] = TEXTBOOK) -> None:
        self.aliases = aliases

    def line(self, parts: Sequence[Node | str]) -> str:
        """Terms and the `BETWEEN` signs between them; any other text is a number and stays unchanged."""
        return "".join(map(self.part, parts)).strip()

    def part(self, part: Node | str) -> str:
        if not isinstance(part, str):
            return self(part)
        if part in BETWEEN:
            return self.sign(part)
        return self.negative(self.numeral(part[1:])) if part.startswith("-") else self.numeral(part)

    def laid_out(self, term: Node, known: Known) -> Spelled:
        match term.op:
            case "special" if term.value == "-inf":
                return self.minus(Spelled(self.name("inf")))
            case "mul" | "div" if term.args[0].op == "neg":  # (-a)·b is -a·b
                (first,), second = term.args[0].args, term.args[1]
                return self.minus(self.laid_out(_Factored(term.op, (first, second)), known))
            case "mul" if term.args[0].op == "const" and term.args[0].value < 0:
                number, factor = self.digits(-term.args[0].value), known[term.args[1]]
                return self.minus(self.product(number, factor, number_first=True))
            case "exp":
                return self.power(Spelled(self.name("e")), term.args[0], known)
            case "sqrt" | "cbrt":
                return self.root(known[term.args[0]], 2 if term.op == "sqrt" else 3)
            case "abs" | "floor" | "ceil":
                return Spelled(self.fenced(term.op, known[term.args[0]].text))
            case "where":
                return self.chosen(term, known)
            case "D":
                function, variable = (known[a].text for a in term.args)
                return Spelled(self.derivative(function, variable), PRODUCT, FRACTION)
        return super().laid_out(term, known)

    def letter(self, name: str) -> str:
        """The Greek letter that a variable is named after, or its name."""
        return LETTERS.get(self.aliases.get(name, name), name)

    def after_a_sign(self, op: str, part: Spelled) -> Spelled:
        """Nothing there begins with a sign of its own."""
        return Spelled(self.bracketed(part.text)) if part.first == MINUS else super().after_a_sign(op, part)

    def root(self, radicand: Spelled, degree: int) -> Spelled:
        return Spelled(self.under_root(radicand.text, degree))

    def chosen(self, term: Node, known: Known) -> Spelled:
        """A choice: 1[c] for 1 where c holds and 0 elsewhere; else a case a line."""
        if is_indicator(term):
            return Spelled(self.indicator(known[term.args[0]].text))
        rows: list[tuple[str, str | None]] = []
        while term.op == "where" and (not rows or not is_indicator(term)):
            condition, value, term = term.args
            rows.append((known[value].text, known[condition].text))
        if not (term.op == "special" and term.value == "nan"):  # elsewhere there is no value
            rows.append((known[term].text, None))
        return Spelled(self.cases(rows))

    def digits(self, value: Fraction) -> Spelled:
        """An integer, a decimal of three places or more such as 0.044715, or a fraction."""
        if value.denominator == 1:
            return self.whole(value)
        text = _decimal(value)
        if "e" in text:
            return self.scientific(text)
        if len(text.partition(".")[2]) >= 3 or (text and value.denominator > _MANY):
            return Spelled(self.numeral(text), ATOM, DIGIT)
        above, below = Fraction(value.numerator), Fraction(value.denominator)
        return self.quotient(self.whole(above), self.whole(below))

    def whole(self, value: Fraction) -> Spelled:
        bits = value.numerator.bit_length()
        if bits > MOST_BITS:
            return Spelled(self.name(f"(a number of {bits} bits)"))
        text = _decimal(value)
        return self.scientific(text) if "e" in text else Spelled(self.numeral(text or str(value)), ATOM, DIGIT)

    def scientific(self, text: str) -> Spelled:
        """1.5e-7 as a multiple of a power of ten."""
        mantissa, _, exponent = text.partition("e")
        raised = self.number(Fraction(exponent))
        raised = self.within(raised, ATOM) if self.flat else raised
        power = Spelled(self.raised(self.numeral("10"), raised.text), POWER, DIGIT)
        return power if mantissa == "1" else self.product(Spelled(self.numeral(mantissa), ATOM, DIGIT), power)

    def numeral(self, digits: str) -> str:
        return digits

    @abstractmethod
    def sign(self, sign: str) -> str:
        """A sign between formulas, with the space around it."""

    @abstractmethod
    def under_root(self, radicand: str, degree: int) -> str:
        """A root, the second or the third."""

    @abstractmethod
    def fenced(self, op: str, text: str) -> str:
        """abs, floor, ceil."""

    @abstractmethod
    def indicator(self, condition: str) -> str:
        """1[c]."""

    @abstractmethod
    def cases(self, rows: list[tuple[str, str | None]]) -> str:
        """Values with their conditions; None for what holds in every other case."""

    @abstractmethod
    def derivative(self, function: str, variable: str) -> str:
        """d/dx[f]."""


def _decimal(value: Fraction) -> str:
    """The number with a decimal point, or with an exponent where that is shorter; "" where it is too long."""
    text = as_decimal(value)
    if 0 < len(text) <= _LONG:
        return text
    with suppress(OverflowError):
        if Fraction(float(value)) == value:
            return repr(float(value))  # the original literal
    short = text.rstrip("0")
    if value.denominator == 1 and len(short) < len(text) // 2:
        return f"{short[0]}{'.' * (len(short) > 1)}{short[1:]}e{len(text) - 1}"
    return text if len(text) <= 2 * _LONG else ""


def is_indicator(term: Node) -> bool:
    """Whether it is 1[c], which is where(c, 1, 0)."""
    _, one, zero = term.args
    return one.op == zero.op == "const" and (one.value, zero.value) == (1, 0)
