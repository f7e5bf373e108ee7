"""A rule run in a format: the closure itself, on data of that format, every operation rounded to it.

float64   Python's own floats, one point after the other: what the engine's users compute with
float32   NumPy arrays of that type, and so float16
bfloat16  `verify.accuracy.bfloats`

A compiled rule has its own kernel for each format, and runs a batch at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from verify.errors import UsageError, in_a_line
from verify.numbers.ulps import BFLOAT16, FLOAT64, FORMATS, Format
from verify.subjects.operation import Operation

Array = NDArray[np.float64]
Numbers = NDArray[np.floating]
"""Numbers of a format in an array of its own type, or of float64, which holds them all."""
_KINDS = frozenset(map(np.dtype, ("float16", "float32", "float64")))


class Answers(NamedTuple):
    """What the operation gave at a batch of points: its value, and one slope an operand; NaN for an exception."""

    out: Array
    slopes: tuple[Array, ...]


Runner = Callable[[Sequence[Array]], Answers]
"""From columns of coordinates, which the format must hold, to answers; float64 holds the numbers of every format."""


def runner(operation: Operation, fmt: Format) -> Runner:
    """The operation in this format."""
    if operation.compiled:
        return lambda columns: Answers(*operation.batch(columns, fmt.name))
    if fmt is FLOAT64:
        return lambda columns: _one_by_one(operation, columns)
    plain, convert = _with_plain_constants(operation), _converter(fmt)
    return lambda columns: Answers(*_widened(_batch(plain, fmt, convert, columns)))


def unwidened(operation: Operation, fmt: Format) -> Callable[[Numbers], tuple[Numbers, Numbers]]:
    """A one-operand operation in a format of 16 or 32 bits: the value and the slope, in arrays of the format's type.

    float32 stays float32 all the way, which is what a sweep of 2**32 numbers has the time for.
    """
    if operation.compiled:
        run = runner(operation, fmt)

        def compiled(column: Numbers) -> tuple[Numbers, Numbers]:
            out, (slope,) = run([column.astype(float)])
            return out, slope

        return compiled
    plain, convert = _with_plain_constants(operation), _converter(fmt)

    def native(column: Numbers) -> tuple[Numbers, Numbers]:
        out, slope = _batch(plain, fmt, convert, [column])
        return out, slope

    return native


def _with_plain_constants(operation: Operation) -> Operation:
    """The operation with its constants as plain floats, which give way to the precision of an array."""
    constants = getattr(operation, "constants", ())
    if not any(isinstance(c, float) for c in constants):
        return operation
    plain = copy(operation)
    vars(plain)["constants"] = tuple(float(c) if isinstance(c, float) else c for c in constants)
    return plain


def _one_by_one(operation: Operation, columns: Sequence[Array]) -> Answers:
    nothing = (math.nan,) * (1 + len(columns))
    rows = []
    for point in zip(*(column.tolist() for column in columns), strict=True):
        try:
            run = operation.run(point)
            rows.append((float(run.out), *map(float, run.gradients)))
        except Exception:  # the subject's own code may raise anything; the check of extremes tells of it
            rows.append(nothing)
    out, *slopes = np.array(rows, dtype=float).reshape(len(rows), len(nothing)).T
    return Answers(out, tuple(slopes))


def _bfloats(column: Numbers) -> Any:
    from verify.accuracy.bfloats import BFloats

    return BFloats(column)


def _converter(fmt: Format) -> Callable[[Numbers], Any]:
    """What makes data of the format of a column: a copy, which a rule may spoil without spoiling the column."""
    if fmt is BFLOAT16:
        return _bfloats
    kind = np.dtype(fmt.name)
    return lambda column: column.astype(kind)


def _batch(operation: Operation, fmt: Format, convert: Any, columns: Sequence[Numbers]) -> list[Numbers]:
    """The value and the slopes, each in the type that the rule answers in."""
    with np.errstate(all="ignore"):
        try:
            run = operation.run([convert(column) for column in columns])
            return [_column(x, fmt, len(columns[0])) for x in (run.out, *run.gradients)]
        except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
            raise UsageError(
                f"{operation.name} does not run on arrays of {fmt.name}: {in_a_line(error)}; its rule must leave the "
                "functions to NumPy, or verify it in float64"
            ) from error


def _widened(answers: Sequence[Numbers]) -> tuple[Array, tuple[Array, ...]]:
    """The answers as float64s, which hold every number of a smaller format."""
    out, *slopes = (np.asarray(answer, dtype=float) for answer in answers)
    return out, tuple(slopes)


def _column(x: Any, fmt: Format, size: int) -> Numbers:
    """The answer as an array, one number a point.

    Raises TypeError where it is wider than the format.
    """
    values = getattr(x, "values", x)
    kind = getattr(values, "dtype", None)
    if kind is not None and kind.itemsize * 8 > max(fmt.width, 32 if fmt is BFLOAT16 else 0):
        raise TypeError(f"it answers in {kind}")
    return np.broadcast_to(np.asarray(values, dtype=None if kind in _KINDS else float), (size,))


def rounded_to(fmt: Format, values: Iterable[float]) -> Array:
    """The numbers of the format nearest to ``values``."""
    column = np.fromiter(values, float)
    with np.errstate(all="ignore"):
        if fmt is FLOAT64:
            return column
        if fmt is BFLOAT16:
            from verify.accuracy.bfloats import rounded

            return rounded(column).astype(float)
        return column.astype(fmt.name).astype(float)


def every(fmt: Format) -> Array:
    """Every finite number of a format of 16 bits, both zeros included, from the smallest up."""
    if fmt.width != 16:
        raise UsageError(f"{fmt.name} has 2**{fmt.width} numbers: use `sweep`, or --dtype float16 or bfloat16")
    end = fmt.ordinal(fmt.largest)
    up = from_ordinals(fmt, np.arange(end + 1))
    return np.concatenate([-up[::-1], up])


def from_ordinals(fmt: Format, ordinals: NDArray[np.int64]) -> Array:
    """The numbers at these places among the format's (see `Format.ordinal`), as an array."""
    size = np.abs(ordinals)
    if fmt is FLOAT64:
        values = size.view(np.float64)
    elif fmt is BFLOAT16:
        values = (size.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(float)
    else:
        bits = size.astype(np.uint32 if fmt.width == 32 else np.uint16)
        values = bits.view(np.dtype(fmt.name)).astype(float)
    return np.where(ordinals < 0, -values, values)


def format_named(name: str) -> Format:
    """The format of this name; UsageError for another."""
    if name not in FORMATS:
        raise UsageError(f"--dtype {name!r}: there are {', '.join(FORMATS)}")
    return FORMATS[name]
