"""Numbers with a bound on their rounding errors: the kind on which a closure runs to bound its own error.

A number is a ball ``value``, which contains the exact value of the expression for every x of an interval, and
``error``, which is at least |computed - exact| for every x of it.  Not each operation times [1 - u, 1 + u] on the
interval: its width would swamp the errors.  The rules are the textbook's (Higham, "Accuracy and Stability of
Numerical Algorithms", 2002, chapters 2 and 3):

sum          e_a + e_b
product      |a|·e_b + |b|·e_a + e_a·e_b
quotient     (e_a + |a/b|·e_b) / (|b| - e_b)
f(a)         sup |f'| around a, times e_a

and to each its own rounding: half an ULP of the largest computed value (and what underflow takes), K ULPs for a
function that its library computes to K ULPs (`verify.accuracy.libm`), nothing for a product with a power of two or
a difference of numbers within a factor of two of each other (Sterbenz).

A number's library says in which format it is computed.  A constant of the rule is a float64 until it meets a number
of another format, which rounds it to its own, as NumPy does with a plain float beside an array.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flint import arb, fmpq

from engine.arithmetic import FLOATS, Arithmetic, register
from verify.accuracy.libm import GLIBC, Profile
from verify.kinds import balls
from verify.numbers.ulps import Format, rounded

_UP = 1 + 2.0**-40  # makes up for the rounding of the bounds themselves
_LEAST = 2.0**-1074  # of float64, in which the bounds themselves are computed


class Bounded:
    """The exact value over an interval, and a bound on the error of what is computed for it."""

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
        """A ball around everything that may have been computed."""
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
    """|x| rounded up; infinite for no number."""
    size = float(x.abs_upper())
    return size * (1 + 2.0**-50) + _LEAST if size == size else math.inf


def _below(x: arb) -> float:
    """The least |x|, rounded down."""
    size = float(x.abs_lower())
    return max(0.0, size * (1 - 2.0**-50) - _LEAST) if size == size else 0.0


def _exactly(x: Any) -> arb:
    """A plain number of the rule as the number that it stands for: 1/100 for a literal that says so."""
    if hasattr(x, "fraction"):
        return arb(fmpq(*x.fraction))
    return arb(x)


def _met(*numbers: Any) -> list[Bounded]:
    """Numbers that meet in an operation, all in the library of those that are no constants.

    A constant's library is `GLIBC`, which makes way for every other one.
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
    """What a plain number stands for, and how far off its float is."""
    value = _exactly(x)
    return Bounded(value, _above(value - float(x)) if value - float(x) != 0 else 0.0)


def _ulp(size: float, fmt: Format) -> float:
    """The ULP of the largest number of this size; infinite past the largest of the format: that has overflowed."""
    if not size < fmt.largest:
        return math.inf
    return math.ldexp(1.0, max(math.frexp(size)[1] - 1, fmt.least) - fmt.precision + 1)


def _rounded(value: arb, error: float, libm: Profile, ulps: float = 0.0) -> Bounded:
    """The result of an operation that is right to so many ULPs, or correctly rounded, given the error passed on."""
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
        return Bounded(arb(0), 0.0, a.libm)
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
    """The product of two bounds, rounded up where it underflows; nothing times anything is nothing."""
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
    if x.error and n.error:  # the slope in x at another exponent
        passed = _above(n.computed * x.computed ** (n.computed - 1)) * x.error + passed
    return _rounded(value, passed * _UP, x.libm, x.libm.of("pow"))


_SLOPES: dict[str, Callable[[arb], arb]] = {
    "sqrt": lambda x: 1 / (2 * x.sqrt()),
    "cbrt": lambda x: 1 / (3 * balls.cbrt(x) ** 2),
    "exp": arb.exp,
    "expm1": arb.exp,
    "log": lambda x: 1 / x,
    "log1p": lambda x: 1 / (1 + x),
    "sin": arb.cos,
    "cos": arb.sin,
    "tan": lambda x: 1 + x.tan() ** 2,
    "asin": lambda x: 1 / (1 - x * x).sqrt(),
    "acos": lambda x: 1 / (1 - x * x).sqrt(),
    "atan": lambda x: 1 / (1 + x * x),
    "sinh": arb.cosh,
    "cosh": arb.sinh,
    "tanh": lambda x: (1 / x.cosh()) ** 2,
    "asinh": lambda x: 1 / (1 + x * x).sqrt(),
    "acosh": lambda x: 1 / (x * x - 1).sqrt(),
    "atanh": lambda x: 1 / (1 - x * x),
    "erf": lambda x: (-x * x).exp() * 2 / arb.pi().sqrt(),
    "erfc": lambda x: (-x * x).exp() * 2 / arb.pi().sqrt(),
}
"""|f'| of each function of the library; the sign does not matter."""


def _function(name: str) -> Callable[[Any], Any]:
    exactly: Callable[[arb], arb] = balls.cbrt if name == "cbrt" else getattr(arb, name)
    slope, plain = _SLOPES[name], getattr(FLOATS, name)

    def function(x: Any) -> Any:
        if not isinstance(x, Bounded):
            return _constant(exactly(_exactly(x)), plain(x))
        passed = _above(slope(x.computed)) * x.error * _UP if x.error else 0.0
        return _rounded(exactly(x.value), passed, x.libm, x.libm.of(name))

    return function


def _constant(value: arb, computed: float) -> Bounded:
    """A constant of the rule: what it stands for, and the float that stands there."""
    return Bounded(value, _above(value - computed))


def _of_two(name: str, exactly: Callable[[arb, arb], arb], slopes: Callable[[arb, arb], tuple[arb, arb]]) -> Any:
    def function(x: Any, y: Any) -> Bounded:
        a, b = _met(x, y)
        libm = a.libm
        passed = 0.0
        if a.error or b.error:
            for number, slope in zip((a, b), slopes(a.computed, b.computed), strict=True):
                passed += _above(slope) * number.error if number.error else 0.0
        return _rounded(exactly(a.value, b.value), passed * _UP, libm, libm.of(name))

    return function


def _compared(name: str) -> Any:
    decide = getattr(balls.BALLS, name)

    def compare(a: Any, b: Any) -> Bounded:
        x, y = _met(a, b)
        libm = x.libm
        answer = decide(x.computed, y.computed)
        if isinstance(answer, int):
            return Bounded(arb(answer), 0.0, libm)
        exact = x.error == 0 and y.error == 0  # undecided on the interval, decided and right at each of its points
        return Bounded(answer, 0.0 if exact else 1.0, libm)

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
        "pi": Bounded(arb.pi(), 2.0**-52),  # 1.2e-16 in truth
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
        **{name: _function(name) for name in _SLOPES},
    },
)

register(Bounded, BOUNDS)

