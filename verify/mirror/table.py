"""The mirror: the definition, domain and kinks of each operation, and the derivatives the engine returns at kinks.

Written from the mathematics, never from the rules.  One spec per operation; an operation with a constant, such as
the exponent of x**n, has a spec for each value that is verified.

definition  the function, in the real symbols x and y (and its constants n, slope, alpha)
domain      where it has a value; its ends are the edges
kinks       where it is not differentiable: a kink is where all expressions of `at` are zero; `returns` are the
                        derivatives that the engine returns there, one per operand
stable      the same function, written so that interval (ball) arithmetic stays tight up to the ends of the float range;
                        proved equal to the definition by tests/verify/test_mirror.py
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from types import FunctionType
from typing import Any

from sympy import (
    Abs,
    And,
    Expr,
    Max,
    Min,
    Ne,
    Piecewise,
    Rational,
    Symbol,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    diff,
    erf,
    erfc,
    exp,
    log,
    pi,
    sin,
    sinh,
    sqrt,
    symbols,
    sympify,
    tan,
    tanh,
    true,
)

x, y, n, slope, alpha = symbols("x y n slope alpha", real=True)


@dataclass(frozen=True)
class Kink:
    """Where the operation has a kink (all of ``at`` zero), and the derivatives the engine returns there."""

    at: tuple[Expr, ...]
    returns: tuple[Any, ...]

    @property
    def places(self) -> tuple[Fraction, ...]:
        """Where it is, for a kink in one variable; () for a tie."""
        found = []
        for e in self.at:
            free = e.free_symbols
            if len(free) == 1:
                v = next(iter(free))
                root = -e.subs(v, 0) / diff(e, v)  # the kinks of the table are linear
                found.append(Fraction(int(root.p), int(root.q)))
        return tuple(found)


@dataclass(frozen=True)
class Spec:
    """One spec of the mirror.

    formula, stable_formula, given_domain, given_kinks: the values of `form`, `stable_form`, `domain` and `kinks`, or
    functions that build them on first use, since SymPy takes about a millisecond for each
    """

    op: str
    formula: Any
    given_domain: Any = true
    given_kinks: Any = ()
    stable_formula: Any = None
    constants: tuple[tuple[Symbol, Any], ...] = ()
    operands: tuple[str, ...] = ()  # the names of the operands, where they are not x, or x and y

    limits_declared = True  # verify/mirror/limits.py has the limits of its partial derivatives at infinity

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the operands."""
        return self.operands or (("x", "y") if self.op in BINARY else ("x",))

    @cached_property
    def form(self) -> Expr:
        """The function, with its constants as symbols."""
        return _built(self.formula)

    @cached_property
    def stable_form(self) -> Expr | None:
        """The same function in the form with the tightest intervals; None where that is the form itself."""
        return _built(self.stable_formula)

    @cached_property
    def domain(self) -> Any:
        """The domain of the operation."""
        return _built(self.given_domain)

    @cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """The kinks."""
        return _built(self.given_kinks)  # type: ignore[no-any-return]

    @cached_property
    def definition(self) -> Expr:
        """The function, with the constants of this spec."""
        return self.form.subs(self.constants) if self.constants else self.form

    @cached_property
    def stable(self) -> Expr:
        """The function in the form with the tightest intervals."""
        form = self.stable_form if self.stable_form is not None else self.form
        return form.subs(self.constants) if self.constants else form

    @cached_property
    def partials(self) -> tuple[Expr, ...]:
        """The partial derivatives of the definition, by SymPy."""
        return tuple(_partial(self.definition, Symbol(name, real=True)) for name in self.inputs)

    @cached_property
    def stable_derivatives(self) -> tuple[Expr, ...]:
        """The partial derivatives of the stable form, by SymPy."""
        if self.stable_form is None:
            return self.partials
        return tuple(_partial(self.stable, Symbol(name, real=True)) for name in self.inputs)

    @property
    def values(self) -> tuple[Any, ...]:
        """The constants as exact numbers, in the order the operation takes them."""
        return tuple(value for _, value in self.constants)

    @property
    def case(self) -> str:
        """The constants as text, for example ``n = -2``; empty without constants."""
        return ", ".join(f"{name} = {value}" for name, value in self.constants)


def _built(x: Any) -> Any:
    """The value given to a spec, or the result of the function that was given instead."""
    return x() if isinstance(x, FunctionType) else x


def at(*places: Expr, returns: tuple[Any, ...] = (0,)) -> tuple[Kink, ...]:
    """A kink at each place, with the same derivatives at all of them."""
    return tuple(Kink((place,), returns) for place in places)


def _partial(form: Expr, v: Symbol) -> Expr:
    """The derivative by SymPy, of a `Piecewise` piece by piece.

    SymPy's `diff` gives the same and takes five times as long: it first checks whether the function is zero everywhere.
    """
    if isinstance(form, Piecewise):
        return pieces(*((piece._eval_derivative(v), where) for piece, where in form.args))
    return form._eval_derivative(v)


def halves(right: Expr, left: Expr) -> Expr:
    """``right`` for x >= 0, ``left`` below."""
    return pieces((right, x >= 0), (left, True))


def pieces(*parts: tuple[Expr, Any]) -> Expr:
    """A `Piecewise` without evaluation: SymPy would spend milliseconds on each, looking for common conditions."""
    return Piecewise(*parts, evaluate=False)


BINARY = frozenset({"add", "sub", "mul", "div", "pow", "hypot", "logaddexp", "atan2", "max", "min"})

HALF = Rational(1, 2)
ALPHA = Rational(16732632423543772848170429916717, 10**31)  # arXiv:1706.02515, to the places of the authors' code
SCALE = Rational(10507009873554804934193349852946, 10**31)
TIE = (Kink((x - y,), (1, 0)),)
TIP = (Kink((x, y), (0, 0)),)
INSIDE = And(x >= -1, x <= 1)


def sigmoid() -> Expr:
    """1/(1 + exp(-x)), without an overflow on either side."""
    return halves(1 / (1 + exp(-x)), exp(x) / (1 + exp(x)))


def elu(a: Expr) -> Expr:
    """x for x >= 0, a·(exp(x) - 1) below: arXiv:1511.07289."""
    return pieces((x, x > 0), (a * (exp(x) - 1), True))


def celu() -> Expr:
    """x for x >= 0, α·(exp(x/α) - 1) below: arXiv:1704.07483."""
    return pieces((x, x > 0), (alpha * (exp(x / alpha) - 1), True))


def inner() -> Expr:
    """The argument of the tanh in gelu_tanh: arXiv:1606.08415, section 2."""
    return sqrt(2 / pi) * (x + Rational(44715, 10**6) * x**3)


# fmt: off
SPECS = (
    #    op             definition                                domain           kinks
    Spec("add",         lambda: x + y),
    Spec("sub",         lambda: x - y),
    Spec("mul",         lambda: x * y),
    Spec("div",         lambda: x / y,                            Ne(y, 0)),
    Spec("neg",         lambda: -x),
    Spec("power",       lambda: x**n,                                                      constants=((n, 3),)),
    Spec("power",       lambda: x**n,                                                      constants=((n, 2),)),
    Spec("power",       lambda: x**n,                                                      constants=((n, 1),)),
    Spec("power",       lambda: x**n,                                                      constants=((n, 0),)),
    Spec("power",       lambda: x**n,                             Ne(x, 0),                constants=((n, -1),)),
    Spec("power",       lambda: x**n,                             Ne(x, 0),                constants=((n, -2),)),
    Spec("power",       lambda: x**n,                             x >= 0,                  constants=((n, HALF),)),
    Spec("power",       lambda: x**n,                             x >= 0,                  constants=((n, 5 * HALF),)),
    Spec("power",       lambda: x**n,                             x > 0,                   constants=((n, -3 * HALF),)),
    Spec("pow",         lambda: x**y,                             x > 0),
    Spec("square",      lambda: x**2),
    Spec("reciprocal",  lambda: 1 / x,                            Ne(x, 0)),
    Spec("sqrt",        lambda: sqrt(x),                          x >= 0),
    Spec("cbrt",        lambda: halves(x ** Rational(1, 3), -((-x) ** Rational(1, 3)))),
    Spec("hypot",       lambda: sqrt(x**2 + y**2),                true,            TIP),
    Spec("exp",         lambda: exp(x)),
    Spec("expm1",       lambda: exp(x) - 1),
    Spec("log",         lambda: log(x),                           x > 0),
    Spec("log1p",       lambda: log(1 + x),                       x > -1),
    Spec("logaddexp",   lambda: log(exp(x) + exp(y)),
        stable_formula=lambda: pieces((x + log(1 + exp(y - x)), x >= y), (y + log(1 + exp(x - y)), True))),
    Spec("erf",         lambda: erf(x)),
    Spec("erfc",        lambda: erfc(x)),
    Spec("sin",         lambda: sin(x)),
    Spec("cos",         lambda: cos(x)),
    Spec("tan",         lambda: tan(x),                           Ne(cos(x), 0)),
    Spec("asin",        lambda: asin(x),                          INSIDE),
    Spec("acos",        lambda: acos(x),                          INSIDE),
    Spec("atan",        lambda: atan(x)),
    Spec("atan2",       lambda: atan2(x, y),                      x**2 + y**2 > 0),
    Spec("sinh",        lambda: sinh(x)),
    Spec("cosh",        lambda: cosh(x)),
    Spec("tanh",        lambda: tanh(x),
        stable_formula=lambda: halves((1 - exp(-2*x)) / (1 + exp(-2*x)), (exp(2*x) - 1) / (exp(2*x) + 1))),
    Spec("asinh",       lambda: asinh(x)),
    Spec("acosh",       lambda: acosh(x),                         x >= 1),
    Spec("atanh",       lambda: atanh(x),                         And(x > -1, x < 1)),
    Spec("abs",         lambda: Abs(x),                           true,            at(x)),
    Spec("max",         lambda: Max(x, y),                        true,            TIE),
    Spec("min",         lambda: Min(x, y),                        true,            TIE),
    Spec("relu",        lambda: Max(x, 0),                        true,            at(x)),
    Spec("relu6",       lambda: Min(Max(x, 0), 6),                true,            at(x, x - 6)),
    Spec("leaky_relu",  lambda: Max(x, 0) + slope * Min(x, 0),    true,            at(x, returns=(slope,)),
        constants=((slope, Rational(1, 100)),)),
    Spec("leaky_relu",  lambda: Max(x, 0) + slope * Min(x, 0),    true,            at(x, returns=(slope,)),
        constants=((slope, Rational(1, 4)),)),
    Spec("hardtanh",    lambda: Min(Max(x, -1), 1),               true,            at(x + 1, x - 1)),
    Spec("hardsigmoid", lambda: Min(Max(x + 3, 0), 6) / 6,        true,            at(x + 3, x - 3)),
    Spec("hardswish",   lambda: x * Min(Max(x + 3, 0), 6) / 6,    true,            at(x + 3) + at(x - 3, returns=(1,))),
    Spec("softsign",    lambda: x / (1 + Abs(x))),
    Spec("sigmoid",     lambda: 1 / (1 + exp(-x)),                stable_formula=sigmoid),
    Spec("logsigmoid",  lambda: -log(1 + exp(-x)),
        stable_formula=lambda: halves(-log(1 + exp(-x)), x - log(1 + exp(x)))),
    Spec("softplus",    lambda: log(1 + exp(x)),
        stable_formula=lambda: halves(x + log(1 + exp(-x)), log(1 + exp(x)))),
    Spec("gelu",        lambda: x * (1 + erf(x / sqrt(2))) / 2,
        stable_formula=lambda: x * erfc(-x / sqrt(2), evaluate=False) / 2),
    Spec("gelu_tanh",   lambda: x * (1 + tanh(inner())) / 2,
        stable_formula=lambda: halves(x / (1 + exp(-2*inner())), x * exp(2*inner()) / (1 + exp(2*inner())))),
    Spec("silu",        lambda: x / (1 + exp(-x)),                stable_formula=lambda: x * sigmoid()),
    Spec("mish",        lambda: x * tanh(log(1 + exp(x))),
        stable_formula=lambda: halves(x * (1 + 2*exp(-x)) / (1 + 2*exp(-x) + 2*exp(-2*x)),
                                      x * (exp(2*x) + 2*exp(x)) / (exp(2*x) + 2*exp(x) + 2))),
    Spec("elu",         lambda: elu(alpha),                                                constants=((alpha, 1),)),
    Spec("elu",         lambda: elu(alpha),                       true,            at(x, returns=(HALF,)),
        constants=((alpha, HALF),)),
    Spec("celu",        celu,                                                              constants=((alpha, 1),)),
    Spec("celu",        celu,                                                              constants=((alpha, 2),)),
    Spec("selu",        lambda: SCALE * elu(ALPHA),               true,            at(x, returns=(SCALE * ALPHA,))),
)
# fmt: on

MIRROR: dict[str, tuple[Spec, ...]] = {
    name: tuple(spec for spec in SPECS if spec.op == name) for name in dict.fromkeys(spec.op for spec in SPECS)
}
"""The specs of every operation, by its name."""


def constant(value: Any) -> Any:
    """A constant of an operation as SymPy's exact number: a float as its exact binary fraction."""
    return Rational(*value.as_integer_ratio()) if isinstance(value, float) else sympify(value)
