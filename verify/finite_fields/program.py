"""Terms without branches as a list of steps that a finite field can evaluate.

Everything is reduced to +, -, ·, /, whole powers, √, ∛, e**u and symbols; constants are evaluated exactly.  A function
without a meaning in a finite field (log, erf, atan, ...) is opaque, known by name only: an
identity that holds for every such function holds for this one too.  Two facts about logarithms are used: e**log(u) is
u, also within a sum, and log(e**u) is u.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from math import isqrt
from typing import Any, NamedTuple

from backproof.engine.arithmetic import Arithmetic
from backproof.verify.evaluate.evaluate import Operations, evaluate
from backproof.verify.terms.definitions import definition
from backproof.verify.terms.ops import PRIMITIVES, inside
from backproof.verify.terms.term import Term

MOST_BITS = 8192  # of a constant that is evaluated; a larger one is kept as written
_ODD = frozenset({"sin, cos", *(name for name, row in PRIMITIVES.items() if row.parity == "odd")})
_OPAQUE = frozenset({"asinh", "acosh", "atanh"}) | inside("kink", "steps")
"""Functions that are not expanded by their definition, for these have roots and logarithms or branches of their own."""


class Step(NamedTuple):
    """op: "const", "symbol", "pi", "add", "sub", "mul", "div", "pow" (``value`` the whole exponent), "sqrt", "cbrt",
    "exp", or "opaque" (``value`` its name); args: places of earlier steps
    """

    op: str
    args: tuple[int, ...]
    value: Any = None


class Unreadable(Exception):
    """A part without a meaning in a finite field: an infinity, the root of a negative constant."""


class Program:
    """The steps of some terms.

    places: the step that gives the value of each term
    powers: numerator and denominator degree of each step, in the symbols and functions below it, as floats
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self.steps: list[Step] = []
        self.degrees: list[tuple[float, float]] = []
        self._known: dict[Step, int] = {}
        self._linear: dict[int, tuple[int, dict[int, Fraction]]] = {}  # a step with logs: the rest, and the logs
        self._exponent: dict[int, int] = {}  # a power of e, and its exponent
        self._logs: dict[int, int] = {}  # a logarithm, and its argument
        self.places = evaluate(terms, {}, _Reading(self))

    # ------------------------------------------------------------------------------------------------ making steps

    def const(self, value: Fraction | int) -> int:
        return self._step("const", (), Fraction(value))

    def add(self, a: int, b: int) -> int:
        if (found := self._folded("add", a, b)) is not None:
            return found
        return self._joined("add", a, b, 1)

    def sub(self, a: int, b: int) -> int:
        if (found := self._folded("sub", a, b)) is not None:
            return found
        return self._joined("sub", a, b, -1)

    def mul(self, a: int, b: int) -> int:
        if (found := self._folded("mul", a, b)) is not None:
            return found
        made = self._step("mul", (a, b))
        for scale, scaled in ((a, b), (b, a)):
            if scaled in self._linear and self.steps[scale].op == "const":
                rest, logs = self._linear[scaled]
                factor = self.steps[scale].value
                self._linear[made] = self.mul(scale, rest), {log: c * factor for log, c in logs.items()}
        return made

    def div(self, a: int, b: int) -> int:
        if self.steps[b].op == "const" and self.steps[b].value:
            return self.mul(a, self.const(1 / self.steps[b].value))
        return self._step("div", (a, b))

    def power(self, a: int, n: int) -> int:
        if n in (0, 1):
            return a if n else self.const(1)
        step = self.steps[a]
        if step.op == "const" and (step.value or n > 0) and abs(n) * _bits(step.value) < MOST_BITS:
            return self.const(step.value**n)
        return self._step("pow", (a,), n)

    def sqrt(self, a: int) -> int:
        step = self.steps[a]
        if step.op == "const":
            if step.value < 0:
                raise Unreadable("the square root of a negative constant")
            p, q = isqrt(step.value.numerator), isqrt(step.value.denominator)
            if Fraction(p * p, q * q) == step.value:
                return self.const(Fraction(p, q))
        return self._step("sqrt", (a,))

    def exp(self, a: int) -> int:
        """e**a; a whole or half multiple of a logarithm in the exponent becomes a power."""
        if a == self.const(0):
            return self.const(1)
        rest, logs = self._linear.get(a, (a, {}))
        if all((2 * c).denominator == 1 for c in logs.values()) and logs:
            made = self.exp(rest)
            for log, c in logs.items():
                made = self.mul(made, self._root_power(self._logs[log], c))
        else:
            made = self._step("exp", (a,))
        self._exponent.setdefault(made, a)
        return made

    def log(self, a: int) -> int:
        if a in self._exponent:
            return self._exponent[a]
        if a == self.const(1):
            return self.const(0)
        made = self._opaque("log", a)
        self._logs[made] = a
        self._linear[made] = self.const(0), {made: Fraction(1)}
        return made

    def pow(self, a: int, b: int) -> int:
        """a**b: a whole or half power; of another constant exponent the whole part and an opaque rest."""
        exponent = self.steps[b]
        if exponent.op in ("add", "sub") and (constant := self.steps[exponent.args[1]]).op == "const":
            more = constant.value if exponent.op == "add" else -constant.value
            if more.denominator == 1:  # a**(y - 1), the derivative of a power, is a**y / a
                return self.mul(self.pow(a, exponent.args[0]), self.power(a, int(more)))
        if exponent.op != "const":
            return self._opaque("pow", a, b)
        if exponent.value.denominator <= 2:
            return self._root_power(a, exponent.value)
        whole = exponent.value.numerator // exponent.value.denominator
        return self.mul(self.power(a, whole), self._opaque("pow", a, self.const(exponent.value - whole)))

    def _root_power(self, a: int, exponent: Fraction) -> int:
        if exponent.denominator == 1:
            return self.power(a, int(exponent))
        return self.power(self.sqrt(a), exponent.numerator)

    def _folded(self, op: str, a: int, b: int) -> int | None:
        """A constant, or one of the operands, where one is 0 or 1."""
        x, y = self.steps[a], self.steps[b]
        if x.op == y.op == "const" and _bits(x.value) + _bits(y.value) < MOST_BITS:
            match op:
                case "add":
                    return self.const(x.value + y.value)
                case "sub":
                    return self.const(x.value - y.value)
            return self.const(x.value * y.value)
        for step, other in ((y, a), (x, b)):
            if step.op != "const" or (op == "sub" and step is x):
                continue
            if step.value == (op == "mul"):
                return other
            if op == "mul" and step.value == 0:
                return self.const(0)
        return None

    def _joined(self, op: str, a: int, b: int, sign: int) -> int:
        """A sum or difference, tracking the logarithms in it."""
        made = self._step(op, (a, b))
        if made not in self._linear and (a in self._linear or b in self._linear):
            left, logs = self._linear.get(a, (a, {}))
            right, more = self._linear.get(b, (b, {}))
            total = dict(logs)
            for log, c in more.items():
                total[log] = total.get(log, Fraction(0)) + sign * c
            rest = self.add(left, right) if sign > 0 else self.sub(left, right)
            self._linear[made] = rest, {log: c for log, c in total.items() if c}
        return made

    def _opaque(self, name: str, *args: int) -> int:
        return self._step("opaque", args, name)

    def half_angle(self, a: int) -> tuple[int, int, int]:
        """t², 1 + t² and t = tan(a/2), which is opaque: sin and cos are rational in it."""
        t = self._opaque("sin, cos", a)
        square = self.mul(t, t)
        return square, self.add(self.const(1), square), t

    def _step(self, op: str, args: tuple[int, ...], value: Any = None) -> int:
        step = Step(op, args, value)
        found = self._known.get(step)
        if found is None:
            found = self._known[step] = len(self.steps)
            self.steps.append(step)
            self.degrees.append(_degree(step, [self.degrees[a] for a in args]))
        return found


def _bits(x: Fraction) -> int:
    return x.numerator.bit_length() + x.denominator.bit_length()


def is_odd(name: str) -> bool:
    """Whether an opaque function is odd: f(-u) = -f(u), the only property used."""
    return name in _ODD


def _degree(step: Step, below: list[tuple[float, float]]) -> tuple[float, float]:
    """Numerator and denominator degree, as in the Schwartz-Zippel bound."""
    match step.op:
        case "const":
            return 0.0, 0.0
        case "symbol" | "pi":
            return 1.0, 0.0
        case "add" | "sub":
            (a, b), (c, d) = below
            return max(a + d, c + b), b + d
        case "mul":
            (a, b), (c, d) = below
            return a + c, b + d
        case "div":
            (a, b), (c, d) = below
            return a + d, b + c
        case "pow":
            ((a, b),) = below
            return (a * step.value, b * step.value) if step.value > 0 else (-b * step.value, -a * step.value)
        case "sqrt" | "cbrt":
            return below[0]
    return 1.0 + sum(a + b for a, b in below), 0.0


def _sinh(m: Program, a: int, sign: int) -> int:
    e = m.exp(a)
    inverse = m.div(m.const(1), e)
    both = m.add(e, inverse) if sign > 0 else m.sub(e, inverse)
    return m.mul(m.const(Fraction(1, 2)), both)


def _sin(m: Program, a: int) -> int:
    _, below, t = m.half_angle(a)
    return m.div(m.mul(m.const(2), t), below)


def _cos(m: Program, a: int) -> int:
    square, below, _ = m.half_angle(a)
    return m.div(m.sub(m.const(1), square), below)


def _no_number(m: Program, value: str) -> int:
    raise Unreadable(f"{value} in the middle of a formula")


_READ: dict[str, Callable[..., int]] = {
    **{name: getattr(Program, name) for name in ("const", "add", "sub", "mul", "div", "pow", "sqrt", "exp", "log")},
    "symbol": lambda m, name: m._step("symbol", (), name),
    "pi": lambda m: m._step("pi", ()),
    "special": _no_number,
    "neg": lambda m, a: m.mul(m.const(-1), a),
    "cbrt": lambda m, a: m._step("cbrt", (a,)),
    "sinh": lambda m, a: _sinh(m, a, -1),
    "cosh": lambda m, a: _sinh(m, a, 1),
    "sin": _sin,
    "cos": _cos,
}


class _Reading(Operations):
    """Each op of a term as steps of a program; an op that is not in `_READ` is opaque."""

    def __init__(self, program: Program) -> None:
        super().__init__(Arithmetic("step of a program", {}))
        self._program = program

    def _found(self, op: str) -> Callable[..., int]:
        if op in _READ:
            return partial(_READ[op], self._program)
        by_others = None if op in _OPAQUE else definition(op)
        return partial(self._program._opaque, op) if by_others is None else self._written_out(op, by_others)
