"""Which functions fit this data: one namespace of functions for each kind of number.

A rule finds its functions by its data, ``m = arithmetic(self.data)``, and then reads as mathematics:
``m.tanh(x)``, ``m.pi``, ``m.maximum(a, b)``.  Floats are built in.  Every other kind registers itself with
`register`, or is found through the entry-point group ``backproof.arithmetics`` the first time its data turns up.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any


class Arithmetic:
    """The functions of one kind of number, under the names that `math` and `numpy` give them.

    ``functions`` maps a name to a function (or a constant such as ``pi``).  The methods of this class are the
    formulas that hold in any arithmetic; a kind with better ones passes its own under the same name.
    """

    def __init__(self, name: str, functions: Mapping[str, Any]) -> None:
        self.name = name
        vars(self).update(functions)

    def __repr__(self) -> str:
        return f"<{self.name} arithmetic>"

    def __getattr__(self, function: str) -> Any:
        if function.startswith("__"):  # copy and pickle probe for these
            raise AttributeError(function)
        raise NotImplementedError(
            f"{self.name} arithmetic has no {function!r}: add {function}=... where its Arithmetic is built"
        )

    def leaf(self, x: Any) -> Any:
        """``x`` as a node may hold it; a kind that must convert or refuse passes its own."""
        return x

    def agree(self, *data: Any) -> None:
        """No check where any two numbers of a kind fit each other; arrays compare their shapes."""

    def finite(self, x: Any) -> Any:
        """``x``, an infinity as the largest number there is: for a product that must not be inf * 0.

        The identity for a kind whose numbers are finite, or have no largest.
        """
        return x

    def sign(self, x: Any) -> Any:
        """1[x > 0] - 1[x < 0]: 0 at 0."""
        return self.gt(x, 0) - self.gt(0, x)

    def sigmoid(self, x: Any) -> Any:
        """1/(1 + e**-x), written so that no exponential grows: e**min(x, 0) / (1 + e**-|x|)."""
        return self.exp(self.minimum(x, 0)) / (1 + self.exp(-abs(x)))

    def softplus(self, x: Any) -> Any:
        """log(1 + e**x), written so that no exponential grows: max(x, 0) + log1p(e**-|x|)."""
        return self.maximum(x, 0) + self.log1p(self.exp(-abs(x)))

    def normal_cdf(self, x: Any) -> Any:
        """Φ(x) = erfc(-x/√2)/2: the complement keeps its digits where Φ is small."""
        return self.erfc(-x / self.sqrt(2)) / 2

    def normal_pdf(self, x: Any) -> Any:
        """φ(x) = e**(-x²/2) / √(2π)."""
        return self.exp(-x * x / 2) / self.sqrt(2 * self.pi)


# ---------------------------------------------------------------------------------------------- plain floats

_DOMAIN = {
    "sqrt": "x >= 0",
    "log": "x > 0",
    "log1p": "x > -1",
    "asin": "-1 <= x <= 1",
    "acos": "-1 <= x <= 1",
    "acosh": "x >= 1",
    "atanh": "-1 < x < 1",
    "sin": "a finite x",
    "cos": "a finite x",
    "tan": "a finite x",
    "pow": "a base above 0, or a whole exponent (and not 0 to a negative power)",
}


def _float_function(name: str, on_overflow: Callable[..., float] | None = None) -> Callable[..., float]:
    """`math`'s function, with IEEE 754's infinity for an overflow and an error that names the value."""
    function = getattr(math, name)

    def guarded(*x: float) -> float:
        try:
            return function(*x)  # type: ignore[no-any-return]
        except OverflowError:
            if on_overflow is None or any(type(v) is int and abs(v) > 2**1023 for v in x):
                raise OverflowError(f"{name}{_shown(x)}: the number is beyond the range of a float") from None
            return on_overflow(*x)
        except ValueError:
            raise ValueError(f"{name}{_shown(x)} has no real value: it needs {_DOMAIN.get(name)}") from None

    guarded.__name__ = name
    return guarded


def _shown(arguments: tuple[Any, ...]) -> str:
    return "(" + ", ".join(map(repr, arguments)) + ")"


def _power_overflow(x: float, n: float) -> float:
    """The infinity that x**n overflows to: negative for a negative base and an odd exponent."""
    return -math.inf if x < 0 and n % 2 == 1 else math.inf


def _float_pow(x: float, n: float) -> float:
    if x == 0 and n < 0:  # IEEE 754: a pole, where `math` raises
        odd = n % 2 == 1
        return math.copysign(math.inf, x) if odd else math.inf
    return _checked_pow(x, n)


def _float_divide(a: float, b: float) -> float:
    """a/b as IEEE 754 has it: ±inf at a pole, nan for 0/0."""
    if b != 0:
        return a / b
    return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


_LARGEST = sys.float_info.max
_checked_pow = _float_function("pow", _power_overflow)

FLOATS = Arithmetic(
    "float",
    {
        "pi": math.pi,
        "ratio": lambda p, q: p / q,  # of two ints: correctly rounded, whatever their size
        "divide": _float_divide,
        "pow": _float_pow,
        # NaN wins, as in IEEE 754-2019 `maximum`
        "maximum": lambda a, b: a if a >= b or a != a else b,
        "minimum": lambda a, b: a if a <= b or a != a else b,
        "ge": lambda a, b: 1 if a >= b else 0,
        "gt": lambda a, b: 1 if a > b else 0,
        "le": lambda a, b: 1 if a <= b else 0,
        "lt": lambda a, b: 1 if a < b else 0,
        "where": lambda c, a, b: a if c else b,
        "one": lambda _: 1.0,
        "finite": lambda x: min(max(x, -_LARGEST), _LARGEST) if x == x else x,
        "exp": _float_function("exp", lambda _: math.inf),
        "expm1": _float_function("expm1", lambda _: math.inf),
        "cosh": _float_function("cosh", lambda _: math.inf),
        "sinh": _float_function("sinh", lambda x: math.copysign(math.inf, x)),
        "hypot": math.hypot,
        "atan2": math.atan2,
        **{
            name: _float_function(name)
            for name in (
                *("sqrt", "cbrt", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan"),
                *("tanh", "asinh", "acosh", "atanh", "erf", "erfc"),
            )
        },
    },
)


# ------------------------------------------------------------------------------------------ choosing by type

_BY_TYPE: dict[type, Callable[[Any], Arithmetic]] = {}


def register(kind: type, arithmetic_of: Arithmetic | Callable[[Any], Arithmetic]) -> None:
    """Data of type ``kind`` (and its subclasses) uses this arithmetic, or the one this function returns."""
    if isinstance(arithmetic_of, Arithmetic):
        fixed = arithmetic_of
        _BY_TYPE[kind] = lambda _: fixed
    else:
        _BY_TYPE[kind] = arithmetic_of


for _plain in (int, float):  # not numbers.Real: SymPy's Integer and NumPy's float64 are Reals too
    register(_plain, FLOATS)


def arithmetic(*data: Any) -> Arithmetic:
    """The one arithmetic that fits all of ``data``; plain ints and floats fit anywhere.

    Raises TypeError naming both kinds for a mix that makes no sense, or naming the value of an unknown kind.
    """
    if len(data) == 1:
        x = data[0]
        chosen = _BY_TYPE.get(type(x))
        return chosen(x) if chosen is not None else _look_up(x)
    found = {id(m): m for m in map(arithmetic, data)}
    if len(found) > 1:
        found.pop(id(FLOATS), None)
    if len(found) > 1:
        kinds = " and ".join(sorted(m.name for m in found.values()))
        raise TypeError(f"cannot mix {kinds} data in one operation: {_shown(data)}")
    return next(iter(found.values()))


def _look_up(x: Any) -> Arithmetic:
    """The slow path: a subclass of a registered type, or a kind of a plug-in."""
    kind = type(x)
    if kind is bool:
        raise TypeError(f"{x!r} is a bool, not a number: pass {int(x)} if you mean the number")
    _load_plugins(kind)
    for base in kind.__mro__:
        if base in _BY_TYPE:
            chosen = _BY_TYPE[kind] = _BY_TYPE[base]  # the next one of this type is found at once
            return chosen(x)
    raise TypeError(
        f"no arithmetic is registered for {kind.__name__} data: {x!r}; "
        "pass a number, or teach the kind with engine.register(type, arithmetic)"
    )


def _load_plugins(kind: type) -> None:
    """Load the entry points named like the package that ``kind`` comes from (numpy, sympy, mpmath, flint)."""
    from importlib.metadata import entry_points

    for package in {base.__module__.partition(".")[0] for base in kind.__mro__} - {"builtins"}:
        for plugin in entry_points(group="backproof.arithmetics", name=package):
            plugin.load()
