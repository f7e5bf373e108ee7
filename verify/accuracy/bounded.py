"""Numbers with a bound on their rounding errors: a closure runs on them to bound its own error.

A number is an interval ``value`` (an Arb ball), which contains the exact value of the expression for every x of an
interval, and ``error``, which is at least |computed - exact| for every x of it.  Operations are not multiplied by
[1 - u, 1 + u] on the interval: its width would swamp the errors.  The rules are the textbook's (Higham, "Accuracy and
Stability of Numerical Algorithms", 2002, chapters 2 and 3):

sum          e_a + e_b
product      |a|·e_b + |b|·e_a + e_a·e_b
quotient     (e_a + |a/b|·e_b) / (|b| - e_b)
f(a)         sup |f'| around a, times e_a

plus the rounding of each operation: half an ULP of the largest computed value (and what underflow takes), K ULPs for a
function that its library computes to K ULPs (`verify.accuracy.libm`), nothing for a product with a power of two or
a difference of numbers within a factor of two of each other (Sterbenz).

A number's library says in which format it is computed.  A constant of the rule is a float64 until it meets a number
of another format, which rounds it to its own, as NumPy does with a plain float beside an array.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from flint import arb, fmpq

from backproof.engine.arithmetic import FLOATS, Arithmetic, register
from backproof.verify.accuracy.libm import GLIBC, Profile
from backproof.verify.arithmetics import balls
from backproof.verify.arithmetics.ulps import Format, rounded
from backproof.verify.evaluate.balls import compile_balls
from backproof.verify.terms.derivatives import partials
from backproof.verify.terms.ops import ENGINE, PRIMITIVES
from backproof.verify.terms.term import apply, symbol

_UP = 1 + 2.0**-40  # covers the rounding of the bounds themselves
_LEAST = 2.0**-1074  # of float64, in which the bounds themselves are computed


class Bounded:
    """The exact value over an interval, and a bound on the error of the computed value."""

    __slots__ = ("error", "libm", "value")
    __array_ufunc__ = None

    def __init__(self, value: arb, error: float = 0.0, libm: Profile = GLIBC) -> None:
        self.value = value
        self.error = error if error == error else math.inf
        self.libm = libm

    def __repr__(self) -> str:
        return f"Bounded({self.value}, error {self.error:.3g})"

    @property
    def size(self) -> float:
        """The largest |computed value|, rounded up."""
        return (_above(self.value) + self.error) * _UP

    @property
    def computed(self) -> arb:
        """An interval that contains every value that may have been computed."""
        return self.value + arb(0, self.error) if math.isfinite(self.error) else arb("nan")

    def __neg__(self) -> Bounded:
        return Bounded(-self.value, self.error, self.libm)

    def __abs__(self) -> Bounded:
        return Bounded(abs(self.value), self.error, self.libm)

    def __add__(self, other: Any) -> Bounded:
        return _sum(*_met(self, other))

    def __radd__(self, other: Any) -> Bounded:
        return _sum(*_met(other, self))

    def __sub__(self, other: Any) -> Bounded:
        a, b = _met(self, other)
        return _sum(a, -b)

    def __rsub__(self, other: Any) -> Bounded:
        a, b = _met(other, self)
        return _sum(a, -b)

    def __mul__(self, other: Any) -> Bounded:
        return _product(*_met(self, other))

    def __rmul__(self, other: Any) -> Bounded:
        return _product(*_met(other, self))

    def __truediv__(self, other: Any) -> Bounded:
        return _quotient(*_met(self, other))

    def __rtruediv__(self, other: Any) -> Bounded:
        return _quotient(*_met(other, self))

    def __pow__(self, other: Any) -> Bounded:
        return _power(*_met(self, other))

    def __rpow__(self, other: Any) -> Bounded:
        return _power(*_met(other, self))


def _above(x: arb) -> float:
    """|x| rounded up; infinite for NaN."""
    size = float(x.abs_upper())
    return size * (1 + 2.0**-50) + _LEAST if size == size else math.inf


def _below(x: arb) -> float:
    """The least |x|, rounded down."""
    size = float(x.abs_lower())
    return max(0.0, size * (1 - 2.0**-50) - _LEAST) if size == size else 0.0


def _exactly(x: Any) -> arb:
    """A plain number of the rule as the number that it stands for: 1/100 for such a literal."""
    if hasattr(x, "fraction"):
        return arb(fmpq(*x.fraction))
    return arb(x)


def _met(*numbers: Any) -> list[Bounded]:
    """The operands of an operation, all in the library of those that are not constants.

    A constant's library is `GLIBC`, which yields to every other one.
    """
    libraries = [x.libm for x in numbers if isinstance(x, Bounded)]
    libm = next((library for library in libraries if library is not GLIBC), GLIBC)
    return [_of(x, libm) for x in numbers]


def _of(x: Any, libm: Profile) -> Bounded:
    """A plain number, or a constant of float64, in the format of ``libm``."""
    number = x if isinstance(x, Bounded) else _plain(x)
    if number.libm is libm:
        return number
    if number.libm.fmt is libm.fmt or (number.error == 0 and number.value == rounded(number.value, libm.fmt)):
        return Bounded(number.value, number.error, libm)
    return _rounded(number.value, number.error, libm)


def _plain(x: Any) -> Bounded:
    """The exact value of a plain number, and the error of its float."""
    value = _exactly(x)
    return Bounded(value, _above(value - float(x)) if value - float(x) != 0 else 0.0)


def _ulp(size: float, fmt: Format) -> float:
    """The ULP of the largest number of this size; infinite past the format's largest number: an overflow."""
    if not size < fmt.largest:
        return math.inf
    return math.ldexp(1.0, max(math.frexp(size)[1] - 1, fmt.least) - fmt.precision + 1)


def _rounded(value: arb, error: float, libm: Profile, ulps: float = 0.0) -> Bounded:
    """The result of an operation accurate to ``ulps``, or correctly rounded, given the propagated error."""
    size = (_above(value) + error) * _UP
    own = (ulps or libm.rounding) * _ulp(size, libm.fmt)
    return Bounded(value, (error + own) * _UP + libm.fmt.smallest * (ulps > 0.5), libm)


def _zero(a: Bounded) -> bool:
    return a.error == 0 and bool(a.value.is_zero())


def _sum(a: Bounded, b: Bounded) -> Bounded:
    if _zero(a) or _zero(b):
        return b if _zero(a) else a
    value, error = a.value + b.value, (a.error + b.error) * _UP
    if _sterbenz(a, b):
        return Bounded(value, error, a.libm)
    return _rounded(value, error, a.libm)


def _sterbenz(a: Bounded, b: Bounded) -> bool:
    """a + b is exact: opposite signs, within a factor of two of each other."""
    x, y = a.computed, -b.computed
    if x < 0:
        x, y = -x, -y
    return bool(x > 0 and y > 0 and 2 * x.lower() >= y.upper() and 2 * y.lower() >= x.upper())


def _product(a: Bounded, b: Bounded) -> Bounded:
    value = a.value * b.value
    if _zero(a) or _zero(b):
        overflows = not max(a.size, b.size) <= a.libm.fmt.largest  # 0·inf is NaN; the error of an overflow is infinite
        return Bounded(arb(0), math.inf if overflows else 0.0, a.libm)
    error = (_times(_above(a.value), b.error) + _times(_above(b.value), a.error) + _times(a.error, b.error)) * _UP
    for one, other in ((a, b), (b, a)):
        fmt = a.libm.fmt
        if _power_of_two(one) and other.size * _above(one.value) < fmt.largest:
            least = _below(other.value) - other.error
            normal = least * _below(one.value) > 2 * fmt.smallest_normal
            underflow = 0.0 if normal or _above(one.value) >= 1 else fmt.smallest
            return Bounded(value, error + underflow, a.libm)
    return _rounded(value, error, a.libm)


def _times(a: float, b: float) -> float:
    """The product of two bounds, rounded up where it underflows; 0 times anything is 0."""
    return a * b + _LEAST if a and b else 0.0


def _power_of_two(a: Bounded) -> bool:
    if a.error or not a.value.is_exact():
        return False
    return abs(math.frexp(float(a.value))[0]) == 0.5


def _quotient(a: Bounded, b: Bounded) -> Bounded:
    value = a.value / b.value
    room = _below(b.value) - b.error
    if room <= 0:
        return Bounded(value, math.inf, a.libm)
    error = (a.error + _above(value) * b.error) / room * _UP if a.error or b.error else 0.0
    fmt = a.libm.fmt
    if _power_of_two(b) and _below(value) - error > 2 * fmt.smallest_normal:
        overflow = _above(value) + error >= fmt.largest
        return Bounded(value, math.inf if overflow else error, a.libm)
    return _rounded(value, error, a.libm)


def _power(x: Bounded, n: Bounded) -> Bounded:
    if _zero(n):
        return Bounded(arb(1), 0.0, x.libm)
    if n.error == 0 and n.value == 1:
        return x
    value = x.value**n.value
    passed = 0.0
    if x.error:
        passed += _above(n.value * x.computed ** (n.value - 1)) * x.error
    if n.error:
        passed += _above(x.computed**n.computed * x.computed.log()) * n.error
    if x.error and n.error:  # the derivative in x at another exponent
        passed = _above(n.computed * x.computed ** (n.computed - 1)) * x.error + passed
    return _rounded(value, passed * _UP, x.libm, x.libm.of("pow"))


_TIGHTER: dict[str, Callable[[arb], arb]] = {
    "tan": lambda x: 1 + x.tan() ** 2,
    "asin": lambda x: 1 / (1 - x * x).sqrt(),
    "acos": lambda x: 1 / (1 - x * x).sqrt(),
    "tanh": lambda x: (1 / x.cosh()) ** 2,
    "acosh": lambda x: 1 / (x * x - 1).sqrt(),
    "atanh": lambda x: 1 / (1 - x * x),
    "erf": lambda x: (-x * x).exp() * 2 / arb.pi().sqrt(),
    "erfc": lambda x: (-x * x).exp() * 2 / arb.pi().sqrt(),
}
"""|f'| (the sign does not matter), where this gives a tighter interval than the derivative of the table."""


@cache
def _partial(name: str) -> Callable[[arb], arb]:
    """|f'| or f'."""
    if name in _TIGHTER:
        return _TIGHTER[name]
    program = compile_balls(partials(apply(name, symbol("x"))), ["x"])
    return lambda x: program(x)[0]


def _function(name: str) -> Callable[[Any], Any]:
    exactly: Callable[[arb], arb] = getattr(arb, name, None) or getattr(balls.BALLS, name)
    plain = getattr(FLOATS, name)

    def function(x: Any) -> Any:
        if not isinstance(x, Bounded):
            return _constant(exactly(_exactly(x)), plain(x))
        passed = _above(_partial(name)(x.computed)) * x.error * _UP if x.error else 0.0
        return _rounded(exactly(x.value), passed, x.libm, x.libm.of(name))

    return function


def _constant(value: arb, computed: float) -> Bounded:
    """A constant of the rule: its exact value, and its float."""
    return Bounded(value, _above(value - computed))


def _of_two(
    name: str, exactly: Callable[[arb, arb], arb], local_partials: Callable[[arb, arb], tuple[arb, arb]]
) -> Any:
    def function(x: Any, y: Any) -> Bounded:
        a, b = _met(x, y)
        libm = a.libm
        passed = 0.0
        if a.error or b.error:
            for number, partial in zip((a, b), local_partials(a.computed, b.computed), strict=True):
                passed += _above(partial) * number.error if number.error else 0.0
        return _rounded(exactly(a.value, b.value), passed * _UP, libm, libm.of(name))

    return function


def _compared(name: str) -> Any:
    decide = getattr(balls.BALLS, name)

    def compare(a: Any, b: Any) -> Bounded:
        x, y = _met(a, b)
        libm = x.libm
        result = decide(x.computed, y.computed)
        if isinstance(result, int):
            return Bounded(arb(result), 0.0, libm)
        exact = x.error == 0 and y.error == 0  # undecided on the interval, decided and right at each of its points
        return Bounded(result, 0.0 if exact else 1.0, libm)

    return compare


def _where(condition: Any, a: Any, b: Any) -> Bounded:
    condition, x, y = _met(condition, a, b)
    libm = condition.libm
    if condition.value.is_zero():
        return y
    if condition.value != 0:
        return x
    union, error = x.value.union(y.value), max(x.error, y.error)
    if condition.error:  # the other branch may have been taken
        error = (error + _above(x.value - y.value)) * _UP
    return Bounded(union, error, libm)


def _chosen(exactly: Callable[[arb, arb], arb]) -> Any:
    def choose(a: Any, b: Any) -> Bounded:
        x, y = _met(a, b)
        libm = x.libm
        return Bounded(exactly(x.value, y.value), max(x.error, y.error), libm)

    return choose


BOUNDS = Arithmetic(
    "bounded",
    {
        "pi": Bounded(arb.pi(), 2.0**-52),  # its error is 1.2e-16
        "ratio": lambda p, q: _constant(arb(fmpq(p, q)), p / q),
        "one": lambda x: Bounded(arb(1), 0.0, x.libm),
        "divide": lambda a, b: a / b,
        "pow": lambda x, n: x**n,
        "maximum": _chosen(balls.maximum),
        "minimum": _chosen(balls.minimum),
        "where": _where,
        "hypot": _of_two("hypot", balls.hypot, lambda x, y: (arb(1), arb(1))),
        "atan2": _of_two("atan2", arb.atan2, lambda y, x: (x / (x * x + y * y), y / (x * x + y * y))),
        **{name: _compared(name) for name in ("ge", "gt", "le", "lt")},
        **{name: _function(name) for name in ENGINE if len(PRIMITIVES[name].operands) == 1},
    },
)

register(Bounded, BOUNDS)

