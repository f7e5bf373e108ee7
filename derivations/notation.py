"""A term as mathematics: in Unicode for a terminal, in ASCII, and in LaTeX.

The terms of a derivation stay as they were written (SymPy would put them in an order of its own, and a step that only
reorders would show nothing), so they are printed from the terms.  Beside the operations of `verify.trace` they may hold

    D(f, x)        the derivative of f by x, not yet worked out
    the functions that `NAMED` abbreviates: sigmoid, softplus, Φ (normal_cdf), φ (normal_pdf), sign
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction

from verify.trace.term import Term, apply, constant

ADD, MUL, PREFIX, POWER, ATOM = 4, 5, 6, 8, 9
"""How tightly an operator binds."""

_RELATIONS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}
_GREEK = {"alpha": "α", "scale": "λ", "pi": "π"}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Written = tuple[str, int]
"""The text, and how tightly its outermost operator binds."""


class Notation(ABC):
    """One way of writing terms.  A subclass says what a fraction, a power, a root and a name look like."""

    times: str
    relations: dict[str, str]

    def __call__(self, term: Term) -> str:
        """The term as text."""
        return self.written(term)[0]

    def written(self, term: Term) -> Written:
        """The term, and how tightly it binds."""
        match term.op:
            case "const":
                return self.number(term.value)
            case "symbol" | "pi" | "special":
                return self.name(str(term.value) if term.op != "pi" else "pi"), ATOM
            case "add" | "sub":
                return self.sum(term), ADD
            case "neg":
                return "-" + self.within(term.args[0], MUL), ADD
            case "mul" | "div" if term.args[0].op == "neg":  # (-a)·b is -a·b
                (first,), second = term.args[0].args, term.args[1]
                return "-" + self.written(apply(term.op, first, second))[0], ADD
            case "mul" if term.args[0].op == "const" and term.args[0].value < 0:
                return "-" + self.product(constant(-term.args[0].value), term.args[1]), ADD
            case "mul":
                return self.product(*term.args), MUL
            case "div":
                return self.fraction(*term.args)
            case "pow":
                return self.power(*term.args)
            case "exp":
                return self.exponential(term.args[0])
            case "sqrt":
                return self.root(term.args[0])
            case "where":
                return self.cases(term)
            case "D":
                return self.derivative(*term.args)
            case "and" | "or":
                return self.word(term.op).join(map(self, term.args)), 1
            case op if op in self.relations:
                return f"{self(term.args[0])} {self.relations[op]} {self(term.args[1])}", 2
        return self.call(term.op, term.args), ATOM

    def within(self, term: Term, strength: int) -> str:
        """The term, in brackets where it binds less than ``strength``."""
        text, own = self.written(term)
        return text if own >= strength else self.bracketed(text)

    def sum(self, term: Term) -> str:
        left, right = term.args
        sign = "+" if term.op == "add" else "-"
        return f"{self.within(left, ADD)} {sign} {self.after_a_sign(right, term.op)}"

    def after_a_sign(self, term: Term, op: str) -> str:
        """What stands right of a + or -: nothing there begins with a sign of its own."""
        text, own = self.written(term)
        weak = own < (ADD if op == "add" else MUL)
        return self.bracketed(text) if weak or text.startswith("-") else text

    def bracketed(self, text: str) -> str:
        return f"({text})"

    def word(self, word: str) -> str:
        """A word between conditions."""
        return f" {word} "

    def indicator(self, term: Term) -> Term | None:
        """The condition c of 1[c], which is written where(c, 1, 0)."""
        condition, one, zero = term.args
        if one.op == zero.op == "const" and (one.value, zero.value) == (1, 0):
            return condition
        return None

    def pieces(self, term: Term) -> list[tuple[Term, Term | None]]:
        """The branches of nested where terms: (value, condition), the last one with no condition."""
        found: list[tuple[Term, Term | None]] = []
        while term.op == "where" and (not found or self.indicator(term) is None):
            condition, value, term = term.args
            found.append((value, condition))
        return [*found, (term, None)]

    @abstractmethod
    def number(self, value: Fraction) -> Written: ...
    @abstractmethod
    def name(self, name: str) -> str: ...
    @abstractmethod
    def product(self, left: Term, right: Term) -> str: ...
    @abstractmethod
    def fraction(self, above: Term, below: Term) -> Written: ...
    @abstractmethod
    def power(self, base: Term, exponent: Term) -> Written: ...
    @abstractmethod
    def exponential(self, exponent: Term) -> Written: ...
    @abstractmethod
    def root(self, radicand: Term) -> Written: ...
    @abstractmethod
    def cases(self, term: Term) -> Written: ...
    @abstractmethod
    def derivative(self, function: Term, variable: Term) -> Written: ...
    @abstractmethod
    def call(self, op: str, args: tuple[Term, ...]) -> str: ...


def decimal(value: Fraction) -> str | None:
    """The decimal that a fraction such as 8943/200000 = 0.044715 was written as, if it has three or more places."""
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
        if places > 40:
            return None
    if places < 3:
        return None
    digits = str(abs(value * 10**places).numerator).rjust(places + 1, "0")
    return ("-" if value < 0 else "") + digits[:-places] + "." + digits[-places:]


class Plain(Notation):
    """Mathematics on one line, with the letters of Unicode: 1 - out², Φ(x) + x·φ(x)."""

    times = "·"
    relations = _RELATIONS
    functions = {  # noqa: RUF012 - never written to
        **{"normal_cdf": "Φ", "normal_pdf": "φ", "maximum": "max", "minimum": "min", "cbrt": "∛", "sigmoid": "σ"},
    }

    def number(self, value: Fraction) -> Written:
        text = str(value.numerator) if value.denominator == 1 else decimal(value)
        if text is None:
            return str(value), MUL if value > 0 else ADD
        return text, ATOM if value >= 0 else ADD

    def name(self, name: str) -> str:
        return _GREEK.get(name, name)

    def product(self, left: Term, right: Term) -> str:
        return f"{self.within(left, MUL)}{self.times}{self.factor(right)}"

    def factor(self, term: Term) -> str:
        """A factor that follows another: a fraction there, a/b·c/d, would be read wrongly."""
        text, own = self.written(term)
        return text if own > MUL or (term.op == "mul" and own == MUL) else self.bracketed(text)

    def fraction(self, above: Term, below: Term) -> Written:
        divisor = self.within(below, PREFIX)
        if below.op == "D":  # 1/d/dx[f] would be read wrongly
            divisor = self.bracketed(divisor)
        return f"{self.within(above, MUL)}/{divisor}", MUL

    def power(self, base: Term, exponent: Term) -> Written:
        return self.within(base, ATOM) + self.exponent(exponent), POWER

    def exponent(self, exponent: Term) -> str:
        if exponent.op == "const" and exponent.value.denominator == 1 and abs(exponent.value) < 100:
            return str(exponent.value).translate(_SUPERSCRIPTS)
        return "^" + self.within(exponent, ATOM)

    def exponential(self, exponent: Term) -> Written:
        return "e^" + self.within(exponent, ATOM), POWER

    def root(self, radicand: Term) -> Written:
        return "√" + self.within(radicand, ATOM), ATOM

    def cases(self, term: Term) -> Written:
        condition = self.indicator(term)
        if condition is not None:
            return f"1[{self(condition)}]", ATOM
        parts = [f"{self(value)} if {self(c)}" for value, c in self.pieces(term)[:-1] if c is not None]
        return f"{{{'; '.join(parts)}; else {self(self.pieces(term)[-1][0])}}}", ATOM

    def derivative(self, function: Term, variable: Term) -> Written:
        return f"d/d{self(variable)}[{self(function)}]", ATOM

    def call(self, op: str, args: tuple[Term, ...]) -> str:
        if op == "abs":
            return f"|{self(args[0])}|"
        if op == "cbrt" and op in self.functions:
            return self.functions[op] + self.within(args[0], ATOM)
        return f"{self.functions.get(op, op)}({', '.join(map(self, args))})"


class Ascii(Plain):
    """The same with no letter past ASCII: 1 - out^2, Phi(x) + x*phi(x)."""

    times = "*"
    relations = {**_RELATIONS, "le": "<=", "ge": ">=", "ne": "!="}  # noqa: RUF012 - never written to
    functions = {  # noqa: RUF012 - never written to
        **{"normal_cdf": "Phi", "normal_pdf": "phi", "maximum": "max", "minimum": "min"},
    }

    def name(self, name: str) -> str:
        return {"scale": "lambda"}.get(name, name)

    def exponent(self, exponent: Term) -> str:
        return "^" + self.within(exponent, ATOM)

    def root(self, radicand: Term) -> Written:
        return f"sqrt({self(radicand)})", ATOM


_LATEX_FUNCTIONS = {
    **{"normal_cdf": r"\Phi", "normal_pdf": r"\varphi", "sigmoid": r"\sigma"},
    **{name: "\\" + name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "log")},
    **{name: "\\arc" + name[1:] for name in ("asin", "acos", "atan")},
    **{"maximum": r"\max", "minimum": r"\min"},
}
_LATEX_NAMES = {"alpha": r"\alpha", "scale": r"\lambda", "pi": r"\pi"}


class Latex(Notation):
    """LaTeX, in the part of it that every renderer of mathematics knows."""

    times = r" \cdot "
    relations = {"lt": "<", "le": r"\le", "gt": ">", "ge": r"\ge", "eq": "=", "ne": r"\ne"}  # noqa: RUF012

    def word(self, word: str) -> str:
        return rf" \text{{ {word} }} "

    def bracketed(self, text: str) -> str:
        return self.fenced("(", text, ")")

    def fenced(self, left: str, text: str, right: str) -> str:
        """In brackets as high as what stands in them."""
        tall = any(sign in text for sign in (r"\frac", r"\begin", r"\sqrt"))
        return rf"\left{left}{text}\right{right}" if tall else f"{left}{text}{right}"

    def number(self, value: Fraction) -> Written:
        text = str(value.numerator) if value.denominator == 1 else decimal(value)
        if text is not None:
            return text, ATOM if value >= 0 else ADD
        sign = "-" if value < 0 else ""
        return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}", PREFIX if value > 0 else ADD

    def name(self, name: str) -> str:
        if name in _LATEX_NAMES:
            return _LATEX_NAMES[name]
        stem, _, primes = name.partition("'")
        return (rf"\mathrm{{{stem}}}" if len(stem) > 1 else stem) + ("'" + primes if "'" in name else "")

    def product(self, left: Term, right: Term) -> str:
        first, second = self.within(left, MUL), self.factor(right)
        together = left.op == "const" and not second[0].isdigit() and not second.startswith(r"\frac")
        return f"{first} {second}" if together else f"{first}{self.times}{second}"

    def factor(self, term: Term) -> str:
        return self.within(term, MUL)

    def fraction(self, above: Term, below: Term) -> Written:
        return rf"\frac{{{self(above)}}}{{{self(below)}}}", PREFIX

    def power(self, base: Term, exponent: Term) -> Written:
        return f"{{{self.within(base, ATOM)}}}^{{{self(exponent)}}}", POWER

    def exponential(self, exponent: Term) -> Written:
        return f"e^{{{self(exponent)}}}", POWER

    def root(self, radicand: Term) -> Written:
        return rf"\sqrt{{{self(radicand)}}}", ATOM

    def cases(self, term: Term) -> Written:
        condition = self.indicator(term)
        if condition is not None:
            return r"\mathbf{1}" + self.fenced("[", self(condition), "]"), ATOM
        rows = [
            rf"{self(value)} & \text{{if }} {self(c)}" if c is not None else rf"{self(value)} & \text{{otherwise}}"
            for value, c in self.pieces(term)
        ]
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}", ATOM

    def derivative(self, function: Term, variable: Term) -> Written:
        inside = self.fenced("[", self(function), "]")
        return rf"\frac{{d}}{{d{self(variable)}}}{inside}", ATOM

    def call(self, op: str, args: tuple[Term, ...]) -> str:
        inside = ", ".join(map(self, args))
        if op == "abs":
            return rf"\left|{inside}\right|"
        if op == "cbrt":
            return rf"\sqrt[3]{{{inside}}}"
        function = _LATEX_FUNCTIONS.get(op) or rf"\operatorname{{{op}}}"
        return function + self.bracketed(inside)


UNICODE, ASCII, LATEX = Plain(), Ascii(), Latex()
