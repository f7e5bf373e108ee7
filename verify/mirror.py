"""The mirror: what each operation is, where it lives, where it bends, and what the engine answers there.

Written from the mathematics, never from the rules.  One row an operation; an operation with a constant, such as
the exponent of x**n, has a row for each value that is verified.

definition  the function, in the real symbols x and y (and its constants n, slope, alpha)
domain      where it has a value; its ends are the edges
corners     where it bends: the corner is where all expressions of `at` are zero, `answers` are the slopes that
            the engine gives there, one an operand
stable      the same function, written so that balls can follow it to the ends of the float range; proved
            equal to the definition by tests/verify/test_mirror.py
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
class Corner:
    """Where the operation bends (all of ``at`` zero), and the slopes the engine answers there."""

    at: tuple[Expr, ...]
    answers: tuple[Any, ...]

    @property
    def places(self) -> tuple[Fraction, ...]:
        """Where it is, for a corner in one variable; a tie is nowhere in particular."""
        found = []
        for e in self.at:
            free = e.free_symbols
            if len(free) == 1:
                v = next(iter(free))
                root = -e.subs(v, 0) / diff(e, v)  # the corners of the table are linear
                found.append(Fraction(int(root.p), int(root.q)))
        return tuple(found)


@dataclass(frozen=True)
class Row:
    """One line of the mirror.

    formula, stable_formula: expressions, or functions that build them when they are first asked for, for SymPy takes a
    millisecond
    """

    op: str
    formula: Any
    domain: Any = true
    corners: tuple[Corner, ...] = ()
    stable_formula: Any = None
    constants: tuple[tuple[Symbol, Any], ...] = ()
    operands: tuple[str, ...] = ()  # the names of the operands, where they are not x, or x and y

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the operands."""
        return self.operands or (("x", "y") if self.op in BINARY else ("x",))

    @cached_property
    def form(self) -> Expr:
        """The function, its constants still symbols."""
        return self.formula() if isinstance(self.formula, FunctionType) else self.formula

    @cached_property
    def stable_form(self) -> Expr | None:
        """The same function, as balls follow it furthest; None where that is the form itself."""
        return self.stable_formula() if isinstance(self.stable_formula, FunctionType) else self.stable_formula

    @cached_property
    def definition(self) -> Expr:
        """The function, with the constants of this row."""
        return self.form.subs(self.constants) if self.constants else self.form

    @cached_property
    def stable(self) -> Expr:
        """The function in the form that balls follow furthest."""
        form = self.stable_form if self.stable_form is not None else self.form
        return form.subs(self.constants) if self.constants else form

    @cached_property
    def slopes(self) -> tuple[Expr, ...]:
        """The partial derivatives of the definition, by SymPy."""
        return tuple(_slope(self.definition, Symbol(name, real=True)) for name in self.inputs)

    @cached_property
    def stable_slopes(self) -> tuple[Expr, ...]:
        """The partial derivatives of the stable form, by SymPy."""
        if self.stable_form is None:
            return self.slopes
        return tuple(_slope(self.stable, Symbol(name, real=True)) for name in self.inputs)

    @property
    def values(self) -> tuple[Any, ...]:
        """The constants as exact numbers, in the order the operation takes them."""
        return tuple(value for _, value in self.constants)

    @property
    def case(self) -> str:
        """The constants as text, for example ``n = -2``; empty without constants."""
        return ", ".join(f"{name} = {value}" for name, value in self.constants)


def at(*places: Expr, answers: tuple[Any, ...] = (0,)) -> tuple[Corner, ...]:
    """A corner at each place, the same answers at all of them."""
    return tuple(Corner((place,), answers) for place in places)


def _slope(form: Expr, v: Symbol) -> Expr:
    """The derivative by SymPy, of pieces piece by piece.

    Its `diff` gives the same and takes five times as long: it asks first whether the function is zero everywhere.
    """
    if isinstance(form, Piecewise):
        return pieces(*((piece._eval_derivative(v), where) for piece, where in form.args))
    return form._eval_derivative(v)


def halves(right: Expr, left: Expr) -> Expr:
    """``right`` for x >= 0, ``left`` below."""
    return pieces((right, x >= 0), (left, True))


def pieces(*parts: tuple[Expr, Any]) -> Expr:
    """A `Piecewise` as it is written: SymPy would look, for milliseconds each, for what the pieces have in common."""
    return Piecewise(*parts, evaluate=False)


BINARY = frozenset({"add", "sub", "mul", "div", "pow", "hypot", "logaddexp", "atan2", "max", "min"})

HALF = Rational(1, 2)
ALPHA = Rational(16732632423543772848170429916717, 10**31)  # arXiv:1706.02515, to the places of the authors' code
SCALE = Rational(10507009873554804934193349852946, 10**31)
TIE = (Corner((x - y,), (1, 0)),)
TIP = (Corner((x, y), (0, 0)),)
INSIDE = And(x >= -1, x <= 1)


def sigmoid() -> Expr:
    """1/(1 + exp(-x)), without an overflow on either side."""
    return halves(1 / (1 + exp(-x)), exp(x) / (1 + exp(x)))


def elu(a: Expr) -> Expr:
    """x, and a·(exp(x) - 1) on the left: arXiv:1511.07289."""
    return pieces((x, x > 0), (a * (exp(x) - 1), True))


def celu() -> Expr:
    """x, and α·(exp(x/α) - 1) on the left: arXiv:1704.07483."""
    return pieces((x, x > 0), (alpha * (exp(x / alpha) - 1), True))


def inner() -> Expr:
    """What the tanh of gelu_tanh is taken of: arXiv:1606.08415, section 2."""
    return sqrt(2 / pi) * (x + Rational(44715, 10**6) * x**3)


# fmt: off
ROWS = (
    #   op             what it is                                where it lives     where it bends
    Row("add",         lambda: x + y),
    Row("sub",         lambda: x - y),
    Row("mul",         lambda: x * y),
    Row("div",         lambda: x / y,                            Ne(y, 0)),
    Row("neg",         lambda: -x),
    Row("power",       lambda: x**n,                                                       constants=((n, 3),)),
    Row("power",       lambda: x**n,                                                       constants=((n, 2),)),
    Row("power",       lambda: x**n,                                                       constants=((n, 1),)),
    Row("power",       lambda: x**n,                                                       constants=((n, 0),)),
    Row("power",       lambda: x**n,                             Ne(x, 0),                 constants=((n, -1),)),
    Row("power",       lambda: x**n,                             Ne(x, 0),                 constants=((n, -2),)),
    Row("power",       lambda: x**n,                             x >= 0,                   constants=((n, HALF),)),
    Row("power",       lambda: x**n,                             x >= 0,                   constants=((n, 5 * HALF),)),
    Row("power",       lambda: x**n,                             x > 0,                    constants=((n, -3 * HALF),)),
    Row("pow",         lambda: x**y,                             x > 0),
    Row("square",      lambda: x**2),
    Row("reciprocal",  lambda: 1 / x,                            Ne(x, 0)),
    Row("sqrt",        lambda: sqrt(x),                          x >= 0),
    Row("cbrt",        lambda: halves(x ** Rational(1, 3), -((-x) ** Rational(1, 3)))),
    Row("hypot",       lambda: sqrt(x**2 + y**2),                true,             TIP),
    Row("exp",         lambda: exp(x)),
    Row("expm1",       lambda: exp(x) - 1),
    Row("log",         lambda: log(x),                           x > 0),
    Row("log1p",       lambda: log(1 + x),                       x > -1),
    Row("logaddexp",   lambda: log(exp(x) + exp(y)),
        stable_formula=lambda: pieces((x + log(1 + exp(y - x)), x >= y), (y + log(1 + exp(x - y)), True))),
    Row("erf",         lambda: erf(x)),
    Row("erfc",        lambda: erfc(x)),
    Row("sin",         lambda: sin(x)),
    Row("cos",         lambda: cos(x)),
    Row("tan",         lambda: tan(x),                           Ne(cos(x), 0)),
    Row("asin",        lambda: asin(x),                          INSIDE),
    Row("acos",        lambda: acos(x),                          INSIDE),
    Row("atan",        lambda: atan(x)),
    Row("atan2",       lambda: atan2(x, y),                      x**2 + y**2 > 0),
    Row("sinh",        lambda: sinh(x)),
    Row("cosh",        lambda: cosh(x)),
    Row("tanh",        lambda: tanh(x),
        stable_formula=lambda: halves((1 - exp(-2*x)) / (1 + exp(-2*x)), (exp(2*x) - 1) / (exp(2*x) + 1))),
    Row("asinh",       lambda: asinh(x)),
    Row("acosh",       lambda: acosh(x),                         x >= 1),
    Row("atanh",       lambda: atanh(x),                         And(x > -1, x < 1)),
    Row("abs",         lambda: Abs(x),                           true,             at(x)),
    Row("max",         lambda: Max(x, y),                        true,             TIE),
    Row("min",         lambda: Min(x, y),                        true,             TIE),
    Row("relu",        lambda: Max(x, 0),                        true,             at(x)),
    Row("relu6",       lambda: Min(Max(x, 0), 6),                true,             at(x, x - 6)),
    Row("leaky_relu",  lambda: Max(x, 0) + slope * Min(x, 0),    true,             at(x, answers=(slope,)),
        constants=((slope, Rational(1, 100)),)),
    Row("leaky_relu",  lambda: Max(x, 0) + slope * Min(x, 0),    true,             at(x, answers=(slope,)),
        constants=((slope, Rational(1, 4)),)),
    Row("hardtanh",    lambda: Min(Max(x, -1), 1),               true,             at(x + 1, x - 1)),
    Row("hardsigmoid", lambda: Min(Max(x + 3, 0), 6) / 6,        true,             at(x + 3, x - 3)),
    Row("hardswish",   lambda: x * Min(Max(x + 3, 0), 6) / 6,    true,             at(x + 3) + at(x - 3, answers=(1,))),
    Row("softsign",    lambda: x / (1 + Abs(x))),
    Row("sigmoid",     lambda: 1 / (1 + exp(-x)),                stable_formula=sigmoid),
    Row("logsigmoid",  lambda: -log(1 + exp(-x)),
        stable_formula=lambda: halves(-log(1 + exp(-x)), x - log(1 + exp(x)))),
    Row("softplus",    lambda: log(1 + exp(x)),
        stable_formula=lambda: halves(x + log(1 + exp(-x)), log(1 + exp(x)))),
    Row("gelu",        lambda: x * (1 + erf(x / sqrt(2))) / 2,
        stable_formula=lambda: x * erfc(-x / sqrt(2), evaluate=False) / 2),
    Row("gelu_tanh",   lambda: x * (1 + tanh(inner())) / 2,
        stable_formula=lambda: halves(x / (1 + exp(-2*inner())), x * exp(2*inner()) / (1 + exp(2*inner())))),
    Row("silu",        lambda: x / (1 + exp(-x)),                stable_formula=lambda: x * sigmoid()),
    Row("mish",        lambda: x * tanh(log(1 + exp(x))),
        stable_formula=lambda: halves(x * (1 + 2*exp(-x)) / (1 + 2*exp(-x) + 2*exp(-2*x)),
                           x * (exp(2*x) + 2*exp(x)) / (exp(2*x) + 2*exp(x) + 2))),
    Row("elu",         lambda: elu(alpha),                                                 constants=((alpha, 1),)),
    Row("elu",         lambda: elu(alpha),                       true,             at(x, answers=(HALF,)),
        constants=((alpha, HALF),)),
    Row("celu",        celu,                                                               constants=((alpha, 1),)),
    Row("celu",        celu,                                                               constants=((alpha, 2),)),
    Row("selu",        lambda: SCALE * elu(ALPHA),               true,             at(x, answers=(SCALE * ALPHA,))),
)
# fmt: on

MIRROR: dict[str, tuple[Row, ...]] = {
    name: tuple(row for row in ROWS if row.op == name) for name in dict.fromkeys(row.op for row in ROWS)
}
"""Every operation's rows by its name."""


def constant(value: Any) -> Any:
    """A constant of an operation as SymPy's exact number: a float is the binary fraction it is."""
    return Rational(*value.as_integer_ratio()) if isinstance(value, float) else sympify(value)


def __getattr__(name: str) -> Any:
    """`mirror(value)` and its kin, for whole graphs: they stand in `verify.graph`, which reads this table."""
    if name in ("mirror", "mirror_gradient", "check_graph"):
        from verify import graph

        return getattr(graph, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
