"""Runs a rule in a format: the closure itself, on data of that format, every operation rounded to it.

float64   Python's own floats, one point after the other: what the engine's users compute with
float32   NumPy arrays of that type, and so float16
bfloat16  `verify.arithmetics.bfloats`

A compiled rule has its own kernel for each format, and runs a batch at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arithmetics.ulps import BFLOAT16, FLOAT64, FORMATS, Format
from backproof.verify.subjects.boundary import number, subject_code
from backproof.verify.subjects.operation import CompiledOperation, Operation
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line

Array = NDArray[np.float64]
Numbers = NDArray[np.floating]
"""Numbers of a format in an array of its own type, or of float64, which represents them all."""
_KINDS = frozenset(map(np.dtype, ("float16", "float32", "float64")))


_FEW = 8  # points that are run one by one before one run on columns has ended


class Results(NamedTuple):
    """The operation at a batch of points: its value, and one derivative per operand; NaN for an exception."""

    out: Array
    partials: tuple[Array, ...]


Runner = Callable[[Sequence[Array]], Results]
"""From columns of coordinates, which the format must represent, to results in float64, which represents them all."""


def runner(operation: Operation, fmt: Format) -> Runner:
    """The operation in this format."""
    if isinstance(operation, CompiledOperation):
        return lambda columns: Results(*operation.batch(columns, fmt.name))
    if fmt is FLOAT64:
        return lambda columns: _in_floats(operation, columns)
    plain, convert = _with_plain_constants(operation), _converter(fmt)
    return lambda columns: Results(*_widened(_batch(plain, fmt, convert, columns)))


def unwidened(operation: Operation, fmt: Format) -> Callable[[Numbers], tuple[Numbers, Numbers]]:
    """A one-operand operation in a format of 16 or 32 bits: value and derivative, in arrays of the format's type.

    float32 is not converted on the way, so that a sweep of 2**32 numbers is fast enough.
    """
    if isinstance(operation, CompiledOperation):
        run = runner(operation, fmt)

        def compiled(column: Numbers) -> tuple[Numbers, Numbers]:
            out, (partial,) = run([column.astype(float)])
            return out, partial

        return compiled
    plain, convert = _with_plain_constants(operation), _converter(fmt)

    def native(column: Numbers) -> tuple[Numbers, Numbers]:
        out, partial = _batch(plain, fmt, convert, [column])
        return out, partial

    return native


def _with_plain_constants(operation: Operation) -> Operation:
    """The operation with its constants as plain floats, which take the precision of an array."""
    if not any(isinstance(c, float) for c in operation.constants):
        return operation
    plain = copy(operation)
    plain.constants = tuple(float(c) if isinstance(c, float) else c for c in operation.constants)
    return plain


def _in_floats(operation: Operation, columns: Sequence[Array]) -> Results:
    """On Python's floats: in one run where that gives the same, the points that it leaves open one by one."""
    found = operation.at_once(columns) if len(columns[0]) > _FEW else None
    if found is None:
        return _one_by_one(operation, columns)
    doubtful = np.flatnonzero(found.doubtful)
    if not len(doubtful):
        return Results(found.out, found.partials)
    results = Results(found.out.copy(), tuple(partial.copy() for partial in found.partials))
    alone = _one_by_one(operation, [column[doubtful] for column in columns])
    for together, single in zip((results.out, *results.partials), (alone.out, *alone.partials), strict=True):
        together[doubtful] = single
    return results


def _one_by_one(operation: Operation, columns: Sequence[Array]) -> Results:
    nothing = (math.nan,) * (1 + len(columns))
    rows = []
    for point in zip(*(column.tolist() for column in columns), strict=True):
        try:
            run = operation.run(point)
            rows.append((number(run.out), *map(number, run.gradients)))
        except SubjectError:  # reported by the check of extremes
            rows.append(nothing)
    out, *partials = np.array(rows, dtype=float).reshape(len(rows), len(nothing)).T
    return Results(out, tuple(partials))


def _bfloats(column: Numbers) -> Any:
    from backproof.verify.arithmetics.bfloats import BFloats

    return BFloats(column)


def _converter(fmt: Format) -> Callable[[Numbers], Any]:
    """Converts a column to data of the format: a copy, which a rule may modify without changing the column."""
    if fmt is BFLOAT16:
        return _bfloats
    kind = np.dtype(fmt.name)
    return lambda column: column.astype(kind)


def _batch(operation: Operation, fmt: Format, convert: Any, columns: Sequence[Numbers]) -> list[Numbers]:
    """The value and the derivatives, each in the type that the rule returns."""
    with np.errstate(all="ignore"):
        try:
            run = operation.run([convert(column) for column in columns])
            with subject_code:  # it may return an object of any kind
                return [_column(x, fmt, len(columns[0])) for x in (run.out, *run.gradients)]
        except SubjectError as error:
            if not error.raised(TypeError, ValueError, AttributeError, NotImplementedError):
                raise
            raise UsageError(
                f"{operation.name} does not run on arrays of {fmt.name}: {in_a_line(error)}; its rule must leave the "
                "functions to NumPy, or verify it in float64"
            ) from error


def _widened(results: Sequence[Numbers]) -> tuple[Array, tuple[Array, ...]]:
    """The results as float64s, which represent every number of a smaller format."""
    out, *partials = (np.asarray(result, dtype=float) for result in results)
    return out, tuple(partials)


def _column(x: Any, fmt: Format, size: int) -> Numbers:
    """The result as an array, one number per point.

    Raises TypeError if it is wider than the format.
    """
    values = getattr(x, "values", x)
    kind = getattr(values, "dtype", None)
    if kind is not None and kind.itemsize * 8 > max(fmt.width, 32 if fmt is BFLOAT16 else 0):
        raise TypeError(f"it returns {kind}")
    return np.broadcast_to(np.asarray(values, dtype=None if kind in _KINDS else float), (size,))


def rounded_to(fmt: Format, values: Iterable[float]) -> Array:
    """The numbers of the format nearest to ``values``."""
    column = np.fromiter(values, float)
    with np.errstate(all="ignore"):
        if fmt is FLOAT64:
            return column
        if fmt is BFLOAT16:
            from backproof.verify.arithmetics.bfloats import rounded

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
    """The numbers with these ordinals (see `Format.ordinal`), as an array."""
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
    """The format of this name; UsageError for an unknown one."""
    if name not in FORMATS:
        raise UsageError(f"--dtype {name!r}: choose from {', '.join(FORMATS)}")
    return FORMATS[name]
