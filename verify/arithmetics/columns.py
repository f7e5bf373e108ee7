"""Floats in a column: one operation on many points, giving at each of them the same float as alone.

NumPy's own arrays (`arrays`) are another floating-point program: their exp and tanh are not those of
the C library that Python calls.  Here ``+ - * /``, comparisons and square roots, which IEEE 754 rounds one way, are
done by NumPy, and every other function is Python's own, called once per point.  So a rule run on a column equals
the rule on floats, bit for bit but for the sign of a zero, in a tenth of the time.

Where a float would raise an exception, or leave the real numbers, the column marks the point as ``doubtful``; the
caller evaluates those points with plain floats.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from backproof.engine.arithmetic import FLOATS, Arithmetic, register
from backproof.verify.terms.ops import ENGINE

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

PIECE = 2048  # points at a time: an exception costs no more than the rest of its piece


class Column:
    """Floats, and which of the points they belong to are in doubt (one mask for all columns of a run)."""

    __slots__ = ("doubtful", "values")
    __array_ufunc__ = None  # NumPy's functions differ from those of floats
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values: Floats, doubtful: Mask) -> None:
        self.values = values
        self.doubtful = doubtful

    def __repr__(self) -> str:
        return f"Column({self.values!r})"

    def _with(self, values: Floats) -> Column:
        return Column(values, self.doubtful)

    def __add__(self, other: Any) -> Column:
        return self._plain(np.add, self, other)

    def __radd__(self, other: Any) -> Column:
        return self._plain(np.add, other, self)

    def __sub__(self, other: Any) -> Column:
        return self._plain(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Column:
        return self._plain(np.subtract, other, self)

    def __mul__(self, other: Any) -> Column:
        return self._plain(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Column:
        return self._plain(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Column:
        self._doubt(_floats(other) == 0)  # ZeroDivisionError
        return self._plain(np.divide, self, other)

    def __rtruediv__(self, other: Any) -> Column:
        self._doubt(self.values == 0)
        return self._plain(np.divide, other, self)

    def __pow__(self, other: Any) -> Column:
        return _power(self, other)  # type: ignore[no-any-return]

    def __rpow__(self, other: Any) -> Column:
        return _power(other, self)  # type: ignore[no-any-return]

    def __neg__(self) -> Column:
        return self._with(-self.values)

    def __pos__(self) -> Column:
        return self

    def __abs__(self) -> Column:
        return self._with(abs(self.values))

    def _plain(self, function: Callable[..., Floats], a: Any, b: Any) -> Column:
        """An operation that IEEE 754 defines exactly, so that NumPy and Python's floats agree."""
        with np.errstate(all="ignore"):
            return self._with(function(_floats(a), _floats(b)))

    def _doubt(self, points: Any) -> None:
        self.doubtful |= points

    def _no_order(self, *_: object) -> NoReturn:
        raise TypeError("a column of floats is neither true nor false, and has no order: only its points have")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _no_order


def operands(columns: Sequence[Floats]) -> tuple[list[Column], Mask]:
    """The operands of a run, and the mask in which it marks the points that need plain floats."""
    doubtful = np.zeros(len(columns[0]), dtype=bool)
    return [Column(values, doubtful) for values in columns], doubtful


def _floats(x: Any) -> Any:
    """The floats of a column; a plain number as Python would convert it.  Raises TypeError for anything else."""
    if type(x) is Column:
        return x.values
    if isinstance(x, (int, float)):
        return float(x)
    raise TypeError(f"cannot mix a column of floats and {x!r}")


# ----------------------------------------------------------------------------------------------- the arithmetic


def pointwise(function: Callable[..., float], careful: Callable[..., float]) -> Callable[..., Any]:
    """A function of floats, called once per point: the fast ``function``, and ``careful`` where it raises an exception.

    Where ``careful`` raises too, or returns no real number, the point is doubtful.
    """

    def called(*x: Any) -> Any:
        first = next((v for v in x if type(v) is Column), None)
        if first is None:
            return careful(*x)  # a constant of the rule, such as sqrt(2)
        size = len(first.values)
        found = np.empty(size)
        for start in range(0, size, PIECE):
            part = slice(start, min(start + PIECE, size))
            arguments = [v.values[part].tolist() if type(v) is Column else repeat(float(v)) for v in x]
            count = len(found[part])
            try:
                found[part] = np.fromiter(map(function, *arguments), float, count)
            except (ArithmeticError, ValueError, TypeError):  # TypeError: a complex number among them
                results = list(map(_asked(careful), *arguments))
                found[part] = results
                first.doubtful[part] |= np.isnan(results)
        return first._with(found)

    return called


def _asked(careful: Callable[..., float]) -> Callable[..., float]:
    """NaN where the function raises or leaves the reals."""

    def asked(*x: float) -> float:
        try:
            result = careful(*x)
        except (ArithmeticError, ValueError):
            return math.nan
        return math.nan if isinstance(result, complex) else result

    return asked


_power = pointwise(math.pow, operator.pow)  # one function of the C library, the second with Python's exceptions


def _both(column: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """``column`` if any operand is a column, ``plain`` for the plain numbers of a rule."""

    def chosen(*x: Any) -> Any:
        first = next((v for v in x if type(v) is Column), None)
        if first is None:
            return plain(*x)
        with np.errstate(all="ignore"):
            return first._with(column(*map(_floats, x)))

    return chosen


def _sqrt(x: Any) -> Any:
    if type(x) is not Column:
        return FLOATS.sqrt(x)
    x.doubtful[...] |= x.values < 0
    with np.errstate(all="ignore"):
        return x._with(np.sqrt(x.values))


def _where(condition: Any, a: Any, b: Any) -> Any:
    if type(condition) is not Column:
        return a if condition else b
    return condition._with(np.where(condition.values != 0, _floats(a), _floats(b)))


def indicator(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """1 where the comparison holds, and 0 elsewhere."""
    return _both(lambda a, b: compare(a, b).astype(float), lambda a, b: int(compare(a, b)))


_LARGEST = np.finfo(float).max
_IEEE: dict[str, Callable[..., Any]] = {
    "divide": np.divide,
    "maximum": lambda a, b: np.where((a >= b) | np.isnan(a), a, b),
    "minimum": lambda a, b: np.where((a <= b) | np.isnan(a), a, b),
    "finite": lambda x: np.clip(x, -_LARGEST, _LARGEST),
}
"""Operations that NumPy computes as floats do."""

_CALLED: dict[str, Callable[..., float]] = {name: getattr(math, name) for name in ENGINE if hasattr(math, name)}
"""Functions of the C library, or of Python itself."""

COLUMNS = Arithmetic(
    "column of floats",
    {
        "pi": math.pi,
        "ratio": FLOATS.ratio,
        "one": FLOATS.one,
        "where": _where,
        **{name: indicator(getattr(operator, name)) for name in ("ge", "gt", "le", "lt")},
        **{name: _both(function, getattr(FLOATS, name)) for name, function in _IEEE.items()},
        **{name: pointwise(function, getattr(FLOATS, name)) for name, function in _CALLED.items()},
        "sqrt": _sqrt,
    },
)

register(Column, COLUMNS)


def plain(x: Any, size: int) -> Floats:
    """The result of a run as floats: a column's own, or one number for all points.  Raises TypeError for others."""
    return np.broadcast_to(_floats(x), size)
