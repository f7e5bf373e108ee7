"""How what a derivative returns is read: which position of the result is the partial of which output by which entry.

Let the outputs have shape O, and the inputs that are differentiated the shapes I_1, ..., I_p with N entries in all.
A reading is a map of positions, so that it reads floats and symbols alike, into the matrix of m rows, one an output,
and N columns.

| name            | shape of the result                               | who returns it                               |
|-----------------|---------------------------------------------------|----------------------------------------------|
| partials        | a list, tuple or dict of p parts of shape O + I   | astropy's `fit_deriv`, JAX's pytrees         |
| rows            | O + I for one input, O + (N,) for several         | SciPy's `jac`, `curve_fit`, JAX's `jacfwd`   |
| elementwise     | O = I and a result of that shape: the diagonal    | links, activations, `newton` on arrays       |
| columns         | I + O, (N,) + O                                   | `leastsq(col_deriv=True)`                    |
| per observation | one output, and a result of shape (k, N): its sum | statsmodels' `score_obs` for `loglike`       |

Axes of size 1 that are missing or too many make no difference.  The first three are what the contract says, in this
order; the others are tried where it fails, to say what was handed over instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.subjects.contracts.arguments import Arguments
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.functions.returned import plain
from backproof.verify.subjects.operation import Shape
from backproof.verify.terms.term import Term

Matrix = NDArray[np.object_]
"""m rows and N columns of numbers, or of terms."""

STANDARD = ("partials", "rows", "elementwise")
OTHERS = ("columns", "per observation")
LAYOUTS = (*STANDARD, "columns")
"""What a user may say in ``layout=``."""


@dataclass(frozen=True)
class Reading:
    """A way to read a result.  ``read`` raises RuleError for a result that it does not fit."""

    name: str
    out: Shape
    arguments: Arguments

    def read(self, result: Any) -> Matrix:
        """The matrix of partial derivatives."""
        found = _READERS[self.name](_dense(self.arguments.parts_of(result)), self.out, self.arguments)
        if found is None:
            raise RuleError(refused(result, self.out, self.arguments))
        return found


    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.arguments.moved)

    def as_gradient(self, result: Any) -> Matrix:
        """The one row, in the shape of the input where there is just one."""
        row, names = self.read(result)[0], self.arguments.wrt
        gradient: Matrix = row.reshape(self.arguments.shapes[names[0]] if len(names) == 1 else row.shape)
        return gradient


@dataclass(frozen=True)
class Products:
    """A product with a vector, of the shape of the value: one number an output."""

    out: Shape
    width = 1

    def read(self, result: Any) -> Matrix:
        """The products as one column.  Raises RuleError."""
        found = _array(_dense(result))
        if found is None or not _alike(found.shape, self.out):
            expected = f"shape {_shown(self.out)}" if self.out else "one number"
            raise RuleError(f"the product returned {what(result)}: expected {expected}, as the function's value")
        return found.reshape(-1, 1)


def standard(result: Any) -> tuple[str, ...]:
    """What the contract says, in the order in which it is tried: a list of lists is a matrix by rows."""
    nested = isinstance(result, (list, tuple)) and result and all(isinstance(part, (list, tuple)) for part in result)
    return ("rows", "partials", "elementwise") if nested else STANDARD


def readings(result: Any, out: Shape, arguments: Arguments, names: Sequence[str]) -> list[Reading]:
    """Those of these names that fit a result."""
    given = _dense(arguments.parts_of(result))
    return [Reading(name, out, arguments) for name in names if _READERS[name](given, out, arguments) is not None]


def refused(result: Any, out: Shape, arguments: Arguments) -> str:
    """What came and what was expected, in a line."""
    names, shapes = arguments.wrt, [arguments.shapes[name] for name in arguments.wrt]
    sizes = sum(map(math.prod, shapes))
    wanted = _shown((*out, *shapes[0])) if len(names) == 1 else f"{_shown((*out, sizes))}, or one part for each of them"
    if len(names) == 1 and not out and not shapes[0]:
        wanted = "one number"
    inputs = zip(names, shapes, strict=True)
    given = ", ".join(f"{n} has shape {_shown(shape)}" if shape else f"{n} is a number" for n, shape in inputs)
    returns = f"the function returns shape {_shown(out)}" if out else "the function returns one number"
    return f"the derivative returned {what(result)}; {returns}, {given}: expected {wanted}"


def what(result: Any) -> str:
    """A result in a few words."""
    if result is None:
        return "None"
    if isinstance(result, Mapping):
        return f"a dictionary of {', '.join(map(str, result)) or 'nothing'}"
    if isinstance(result, str):
        return f"the text {result[:40]!r}"
    dense = _dense(result)
    if isinstance(dense, (list, tuple)):
        return f"{len(dense)} parts ({', '.join(map(_shape_in_words, dense))})"
    return _shape_in_words(dense).replace("a number", "one number")


def _shape_in_words(x: Any) -> str:
    try:
        shape = np.shape(x)
    except ValueError:
        return "nested parts of different shapes"
    return f"shape {_shown(shape)}" if shape else "a number"


def _shown(shape: Shape) -> str:
    return str(tuple(map(int, shape)))


def _dense(result: Any) -> Any:
    """Sparse matrices and linear operators as arrays, and dictionaries and lists of them."""
    if isinstance(result, Mapping):
        return {name: _dense(part) for name, part in result.items()}
    if isinstance(result, (list, tuple)):
        return type(result)(map(_dense, result)) if type(result) in (list, tuple) else tuple(map(_dense, result))
    if callable(getattr(result, "toarray", None)):
        return result.toarray()
    if callable(getattr(result, "matvec", None)) and len(getattr(result, "shape", ())) == 2:
        return result @ np.eye(result.shape[1])
    return result


def entries(x: Any) -> Matrix:
    """Its entries as an array of objects, numbers of NumPy as Python's."""
    if isinstance(x, Term):
        found = np.empty((), dtype=object)
        found[()] = x
        return found
    try:
        array = np.asarray(x)
    except ValueError:
        raise RuleError(f"the derivative returned {type(x).__name__} of parts of different shapes") from None
    if array.dtype.kind not in "fiubcO":
        raise RuleError(f"the derivative returned {what(x)}, which is no number")
    if array.dtype.kind == "c":
        raise RuleError("the derivative returned complex numbers: return real and imaginary part as two outputs")
    made = np.empty(array.shape, dtype=object)
    made.reshape(-1)[:] = [plain(v) for v in array.reshape(-1).tolist()] if array.size else []
    return made


def _partials(result: Any, out: Shape, arguments: Arguments) -> Matrix | None:
    names = arguments.wrt
    if isinstance(result, Mapping):
        if set(result) != set(names):
            return None
        parts: Sequence[Any] = [result[name] for name in names]
    elif isinstance(result, (list, tuple)) and len(result) == len(names):
        parts = result
    else:
        return None
    blocks = []
    for name, part in zip(names, parts, strict=True):
        if part is None:
            raise RuleError(f"the derivative returned None for {name}: leave it out of wrt=, or return 0")
        try:
            array = entries(part)
        except RuleError:
            return None
        wanted = (*out, *arguments.shapes[name])
        if _alike(array.shape, wanted):
            blocks.append(array.reshape(math.prod(out), arguments.size(name)))
        elif array.size == 1 and not arguments.shapes[name]:  # of a number, the same for all outputs
            made = np.empty((math.prod(out), arguments.size(name)), dtype=object)
            made[:] = array.reshape(-1)[0]
            blocks.append(made)
        else:
            return None
    return np.concatenate(blocks, axis=1)


def _rows(result: Any, out: Shape, arguments: Arguments) -> Matrix | None:
    array = _array(result)
    m, n = math.prod(out), len(arguments.moved)
    single = (*out, *arguments.shapes[arguments.wrt[0]]) if len(arguments.wrt) == 1 else (*out, n)
    if array is None or not any(_alike(array.shape, shape) for shape in (single, (*out, n), (m, n))):
        return None
    return array.reshape(m, n)


def _elementwise(result: Any, out: Shape, arguments: Arguments) -> Matrix | None:
    array = _array(result)
    if array is None or len(arguments.wrt) != 1 or not out or arguments.shapes[arguments.wrt[0]] != out:
        return None
    if not _alike(array.shape, out):
        return None
    found = np.zeros((array.size, array.size), dtype=object)
    found[:] = 0.0
    np.fill_diagonal(found, array.reshape(-1))
    return found


def _columns(result: Any, out: Shape, arguments: Arguments) -> Matrix | None:
    array = _array(result)
    m, n = math.prod(out), len(arguments.moved)
    if array is None or m == 1 or n == 1:
        return None
    inputs = [arguments.shapes[name] for name in arguments.wrt]
    if not (_alike(array.shape, (n, *out)) or (len(inputs) == 1 and _alike(array.shape, (*inputs[0], *out)))):
        return None
    return array.reshape(n, m).T


def _per_observation(result: Any, out: Shape, arguments: Arguments) -> Matrix | None:
    array, n = _array(result), len(arguments.moved)
    if array is None or math.prod(out) != 1 or array.ndim != 2 or array.shape[1] != n or array.shape[0] < 2:
        return None
    return np.array(array.sum(axis=0), dtype=object).reshape(1, n)


def _array(result: Any) -> Matrix | None:
    if result is None or isinstance(result, (Mapping, str)):
        return None
    try:
        return entries(result)
    except RuleError:
        if isinstance(result, (list, tuple)):
            return None
        raise


def _alike(a: Shape, b: Shape) -> bool:
    """Whether two shapes are the same but for axes of size 1."""
    return [n for n in a if n != 1] == [n for n in b if n != 1]


_READERS: dict[str, Callable[[Any, Shape, Arguments], Matrix | None]] = {
    "partials": _partials,
    "rows": _rows,
    "elementwise": _elementwise,
    "columns": _columns,
    "per observation": _per_observation,
}
