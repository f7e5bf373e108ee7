"""A term as an element of a field, on a cell where it does not branch."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from backproof.verify.arithmetics import special_balls
from backproof.verify.proof.cell import NOT_ZERO
from backproof.verify.proof.field import functions
from backproof.verify.proof.field import special_functions as special
from backproof.verify.proof.field.algebra import (
    CONSTANT_ONE,
    CONSTANT_ZERO,
    Element,
    NoValue,
    generator,
    number,
)
from backproof.verify.proof.field.differential_field import DERIVATIVES, Field, Generator
from backproof.verify.proof.field.signs import learn, require_nonzero, sign
from backproof.verify.proof.field.values import FUNCTIONS
from backproof.verify.support.fuel import charge
from backproof.verify.terms.definitions import definition, domain, expanded, reading
from backproof.verify.terms.derivatives import partials
from backproof.verify.terms.ops import COMPARISONS, PRIMITIVES, SPECIAL
from backproof.verify.terms.term import Term, apply, symbol, topological

HALF = Fraction(1, 2)


class Undefined(Exception):
    """The term has no real value on the whole cell; ``node`` is the part without one."""

    def __init__(self, node: Term, why: str) -> None:
        super().__init__(f"{node!r} has no real value: {why}")
        self.node = node
        self.why = why


class Unsupported(Exception):
    """An operation that the prover has no normal form for."""


class Interpreter:
    """Reads terms in one field; results are cached.

    trusting: a divisor is assumed to be nowhere 0, as in a definition, whose domain is where it has a value;
        otherwise a divisor that may vanish raises Split
    replacement: the element for a symbol, by its name; a new generator if nothing is given
    """

    def __init__(
        self, field: Field, replacement: dict[str, Element] | None = None, *, trusting: bool = False
    ) -> None:
        self.field = field
        self.trusting = trusting
        self.replacement = replacement or {}
        self._read: dict[Term, Element] = {}

    def element(self, node: Term) -> Element:
        """The value of ``node`` on the cell.

        Raises Split where it branches, Undefined, Unsupported, TooHard, or Restart.
        """
        found = self._read.get(node)
        if found is None:
            found = self._read[node] = self._element(node)
        return found

    def _element(self, node: Term) -> Element:
        charge("terms", 2)
        match node.op:
            case "const":
                return number(node.value)
            case "symbol":
                return self.element_of_symbol(node.value)
            case "pi":
                return self.field.sqrt_pi() ** 2
            case "where":
                return self.element(node.args[1] if self.holds(node.args[0]) else node.args[2])
            case "special":
                raise Undefined(node, "it is not a real number")
            case "log" if node.args[0].op == "abs":
                inner = self.element(node.args[0].args[0])
                if self.field.is_zero(inner):
                    raise Undefined(node, "a logarithm of 0")
                require_nonzero(self.field, inner)
                return functions.log(self.field, inner)
        reading = _READINGS.get(node.op)
        if reading is None:
            return self.by_definition(node)
        try:
            return reading(self, node, *map(self.element, node.args))
        except ZeroDivisionError:
            raise Undefined(node, "it divides by 0") from None
        except NoValue as problem:
            raise Undefined(node, str(problem)) from None

    def by_definition(self, node: Term) -> Element:
        """The value of a function by its definition in terms of others."""
        by_others = definition(node.op)
        if by_others is None:
            raise Unsupported(f"no normal form for {node.op} in {node!r}")
        try:
            return self.element(by_others(*node.args))
        except Undefined as problem:
            raise Undefined(node, problem.why) from None

    def element_of_symbol(self, name: str) -> Element:
        """The element of the symbol."""
        found = self.replacement.get(name)
        return self.field.symbol(name) if found is None else found

    def holds(self, condition: Term) -> bool:
        """Whether a condition is true on the whole cell; raises Split where it depends.

        A definition that compares a part without a value is Unsupported: floats give NaN there, inside the domain.
        """
        match condition.op:
            case "true" | "false":
                return condition.op == "true"
            case "not":
                return not self.holds(condition.args[0])
            case "and":
                return all(self.holds(c) for c in condition.args)
            case "or":
                return any(self.holds(c) for c in condition.args)
        left, right = condition.args
        try:
            s = sign(self.field, self.element(left) - self.element(right))
        except Undefined as problem:
            if self.trusting:
                raise Unsupported(f"the definition compares a part without a value: {problem}") from None
            raise
        return {
            "lt": s < 0, "le": s <= 0, "gt": s > 0, "ge": s >= 0, "eq": s == 0, "ne": s != 0
        }[condition.op]

    # ------------------------------------------------------------------------------------------ readings

    def divide(self, a: Element, b: Element) -> Element:
        """a/b; a divisor that may vanish on the cell is a boundary, unless `trusting`."""
        if self.trusting:
            learn(self.field, b, NOT_ZERO)
        else:
            require_nonzero(self.field, b)
        return a / self.field.reduced(b)

    def power(self, node: Term, a: Element, b: Element) -> Element:
        exponent = b.constant()
        if exponent is None:
            if sign(self.field, a) <= 0:
                raise self.without_logarithm(node, a, b)
            return functions.exp(self.field, b * functions.log(self.field, a))
        if exponent.denominator != 1:
            return self.root(a, exponent)
        return a ** int(exponent) if exponent >= 0 else self.divide(CONSTANT_ONE, a ** int(-exponent))

    def without_logarithm(self, node: Term, a: Element, b: Element) -> Undefined | Unsupported:
        """Why a**b has no reading for a ≤ 0: an exponent that varies is hardly ever an integer.

        But 0**b has a value, where that is not just at a boundary, and b may still be an integer.
        """
        names = [name for name, _, _ in self.field.cell.box]
        still = all(self.field.is_zero(self.field.derivative(b, name)) for name in names)
        if (not a and not self.replacement) or (b.indices() and still and functions.moves(self.field, b)):
            return Unsupported(f"a power whose base is not above 0: {node!r}")
        return Undefined(node, "a power with a varying exponent needs a base above 0")

    def root(self, a: Element, exponent: Fraction) -> Element:
        """a**exponent, not whole: for a ≥ 0."""
        if sign(self.field, a) < 0:
            raise NoValue("a root of a negative number")
        return functions.power(self.field, a, exponent)

    def absolute(self, a: Element) -> Element:
        return a if sign(self.field, a) >= 0 else -a

    def cube_root(self, a: Element) -> Element:
        s = sign(self.field, a)
        return functions.power(self.field, a.scaled(s), Fraction(1, 3)).scaled(s)

    def logarithm(self, a: Element) -> Element:
        if sign(self.field, a) <= 0:
            raise NoValue("a logarithm of a number that is not above 0")
        return functions.log(self.field, a)

    def angle(self, node: Term, height: Element, reach: Element) -> Element:
        """atan2 = 2·atan(height/(length + reach)), off the cut where the divisor is 0; π on the cut."""
        length = self.root(height * height + reach * reach, HALF)
        if not self.field.is_zero(length + reach):
            return functions.atan(self.field, self.divide(height, length + reach)).scaled(2)
        if self.field.is_zero(reach):
            raise Undefined(node, "the origin has no angle")
        return self.field.sqrt_pi() ** 2  # height 0 and reach below 0: the cut

    def parameters(self, node: Term, *parameters: Element) -> tuple[Fraction, ...]:
        """The order or parameters of a special function, which must be rational numbers; raises Unsupported."""
        found = tuple(u.constant() for u in parameters)
        if None in found:
            raise Unsupported(f"an order or parameter that is not a rational number in {node!r}")
        return tuple(c for c in found if c is not None)

    def exponential_pair(self, u: Element) -> tuple[Element, Element]:
        up = functions.exp(self.field, u)
        return up, CONSTANT_ONE / up


def _tanh(i: Interpreter, u: Element) -> Element:
    down = functions.exp(i.field, u.scaled(-2))
    return (CONSTANT_ONE - down) / (CONSTANT_ONE + down)


def _tan(i: Interpreter, node: Term, u: Element) -> Element:
    s, c = functions.sine_cosine(i.field, u)
    return i.divide(s, c)


def _sinh_cosh(i: Interpreter, u: Element, direction: int) -> Element:
    up, down = i.exponential_pair(u)
    return (up + down.scaled(direction)).scaled(HALF)


def _asinh(i: Interpreter, u: Element) -> Element:
    return functions.log(i.field, u + functions.power(i.field, u * u + CONSTANT_ONE, HALF))


def _acosh(i: Interpreter, u: Element) -> Element:
    if sign(i.field, u - CONSTANT_ONE) < 0:
        raise NoValue("acosh of a number below 1")
    below, above = (functions.power(i.field, u + number(c), HALF) for c in (-1, 1))
    return functions.log(i.field, u + below * above)


def _atanh(i: Interpreter, u: Element) -> Element:
    above, below = CONSTANT_ONE + u, CONSTANT_ONE - u
    if sign(i.field, above) <= 0 or sign(i.field, below) <= 0:
        raise NoValue("atanh of a number not between -1 and 1")
    return (functions.log(i.field, above) - functions.log(i.field, below)).scaled(HALF)


def _polygamma(i: Interpreter, node: Term, order: Element, u: Element) -> Element:
    (n,) = i.parameters(node, order)
    if n.denominator != 1 or n < 0:
        raise Unsupported(f"polygamma of order {n}")
    return special.polygamma(i.field, int(n), u, i.trusting)


def _bessel(i: Interpreter, node: Term, order: Element, u: Element) -> Element:
    (n,) = i.parameters(node, order)
    if node.op != "bessel_ie":
        return special.bessel(i.field, node.op, n, u)
    return special.bessel(i.field, "bessel_i", n, u) * functions.exp(i.field, -i.absolute(u))


def _incomplete_gamma(i: Interpreter, node: Term, a: Element, u: Element) -> Element:
    (parameter,) = i.parameters(node, a)
    if parameter <= 0:
        raise Unsupported(f"a parameter that is not above 0 in {node!r}")
    return special.incomplete_gamma(i.field, parameter, u)


def _incomplete_beta(i: Interpreter, node: Term, a: Element, b: Element, u: Element) -> Element:
    first, second = i.parameters(node, a, b)
    if min(first, second) <= 0:
        raise Unsupported(f"a parameter that is not above 0 in {node!r}")
    return special.incomplete_beta(i.field, first, second, u)


def _larger(i: Interpreter, a: Element, b: Element) -> Element:
    return a if sign(i.field, a - b) >= 0 else b


_READINGS: dict[str, Callable[..., Element]] = {
    "add": lambda i, n, a, b: a + b,
    "sub": lambda i, n, a, b: a - b,
    "mul": lambda i, n, a, b: a * b,
    "div": lambda i, n, a, b: i.divide(a, b),
    "neg": lambda i, n, a: -a,
    "abs": lambda i, n, a: i.absolute(a),
    "pow": Interpreter.power,
    "sqrt": lambda i, n, a: i.root(a, HALF),
    "cbrt": lambda i, n, a: i.cube_root(a) if a else CONSTANT_ZERO,
    "maximum": lambda i, n, a, b: _larger(i, a, b),
    "minimum": lambda i, n, a, b: -_larger(i, -a, -b),
    "exp": lambda i, n, a: functions.exp(i.field, a),
    "log": lambda i, n, a: i.logarithm(a),
    "sin": lambda i, n, a: functions.sine_cosine(i.field, a)[0],
    "cos": lambda i, n, a: functions.sine_cosine(i.field, a)[1],
    "tan": _tan,
    "asin": lambda i, n, a: functions.asin(i.field, a),
    "atan": lambda i, n, a: functions.atan(i.field, a),
    "atan2": lambda i, n, a, b: i.angle(n, a, b),
    "sinh": lambda i, n, a: _sinh_cosh(i, a, -1),
    "cosh": lambda i, n, a: _sinh_cosh(i, a, 1),
    "tanh": lambda i, n, a: _tanh(i, a),
    "asinh": lambda i, n, a: _asinh(i, a),
    "acosh": lambda i, n, a: _acosh(i, a),
    "atanh": lambda i, n, a: _atanh(i, a),
    "erf": lambda i, n, a: functions.erf(i.field, a),
    "erfinv": lambda i, n, a: special.erfinv(i.field, a),
    "gamma": lambda i, n, a: special.gamma(i.field, a, i.trusting),
    "lgamma": lambda i, n, a: special.log_gamma(i.field, a, i.trusting),
    "digamma": lambda i, n, a: special.polygamma(i.field, 0, a, i.trusting),
    "trigamma": lambda i, n, a: special.polygamma(i.field, 1, a, i.trusting),
    "polygamma": _polygamma,
    "expi": lambda i, n, a: special.expi(i.field, a, i.trusting),
    "spence": lambda i, n, a: special.spence(i.field, a),
    **dict.fromkeys((*special.BESSEL, "bessel_ie"), _bessel),
    "gammainc": _incomplete_gamma,
    "betainc": _incomplete_beta,
}


# -------------------------------------------------------------------------------------- known by the table alone

BY_SPEC = tuple(op for op in SPECIAL if op not in _READINGS and not PRIMITIVES[op].definition)
"""Functions of one operand that are used by the table of primitives alone: domain, parity, derivative."""

_KNOWN_VALUES: dict[tuple[str, int | Fraction], str] = {
    ("ellipk", 0): "pi/2",
    ("ellipe", 0): "pi/2",
    ("ellipe", 1): "1",
}


def by_row(field: Field, op: str, u: Element, trusting: bool = False) -> Element:
    """The function of u, the argument's leading coefficient positive where it is even or odd.

    Raises NoValue outside of its domain, Split where u is on both sides.
    """
    row, u = PRIMITIVES[op], field.canonical(u)
    if u and row.parity and u.num.leading_coefficient() < 0:
        mirrored = by_row(field, op, -u, trusting)
        return -mirrored if row.parity == "odd" else mirrored
    if not Interpreter(field, {_OPERAND.value: u}, trusting=trusting).holds(domain(op)(_OPERAND)):
        raise NoValue(f"{op} has a value for {row.domain} only")
    if not u and row.parity == "odd":
        return CONSTANT_ZERO
    known = u.constant()
    if known is not None and (text := _KNOWN_VALUES.get((op, known))):
        return Interpreter(field).element(reading(text, ())())
    return generator(field.deal(op, u, lambda: apply(op, field.term(u))).index)


def _derivative(field: Field, g: Generator, inner: Element) -> Element:
    """The partial derivative from the table, of the generator's argument."""
    (partial,) = partials(apply(g.kind, _OPERAND))
    return Interpreter(field, {_OPERAND.value: g.argument}).element(partial) * inner


_OPERAND = symbol("x")
_READINGS.update((op, lambda i, n, a: by_row(i.field, n.op, a, i.trusting)) for op in BY_SPEC)
DERIVATIVES.update(dict.fromkeys(BY_SPEC, _derivative))
FUNCTIONS.update((op, lambda g, a: special_balls.FUNCTIONS[g.kind](a)) for op in BY_SPEC)


def unread(*terms: Term) -> list[str]:
    """The ops in these terms that have no normal form, in order of first appearance."""
    plain = ("const", "symbol", "pi", "where", "special", "true", "false", "not", "and", "or", *COMPARISONS)
    terms = expanded(terms, _READINGS.__contains__)
    return list(dict.fromkeys(t.op for t in topological(*terms) if t.op not in plain and t.op not in _READINGS))
