"""Operations of MyGrad: ``__call__`` of tensors, then ``backward_var(grad, index)``, the product for one operand.

An operation remembers its operands between the two, so that each call is of an object made anew.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from backproof.verify.subjects.packages.pair import Pair, as_float, followed, has

_NAMES = ("x", "y")

DOMAINS = {
    **dict.fromkeys(("Log", "Log2", "Log10", "Sqrt", "Power"), "x > 0"),
    "Log1p": "x > -1",
    **dict.fromkeys(("Arcsin", "Arccos", "Arctanh"), "x > -1 and x < 1"),
    "Arccosh": "x > 1",
    **dict.fromkeys(("Arccsc", "Arcsec", "Arccoth"), "x**2 > 1"),
    **dict.fromkeys(("Reciprocal", "Csch", "Coth", "Arccsch", "Arccot"), "x != 0"),
    "Divide": "y != 0",
}
"""Where an operation is meant, if not everywhere."""

BOUNDS = {
    **{name: {"x": (-1.5, 1.5)} for name in ("Tan", "Sec")},
    **{name: {"x": (0.125, 3.0)} for name in ("Csc", "Cot")},
    "Sinc": {"x": (0.25, 4.0)},  # nearer to 0 it subtracts numbers that are almost equal
}
"""One period of those that have poles."""


class Operand:
    """What an operation takes for a tensor."""

    @followed(None)
    def __init__(self, data: Any) -> None:
        self.data, self.constant, self.ndim, self.shape = as_float(data), False, 0, ()


Operand.__module__ = "packages"


def recognises(kind: type) -> bool:
    """An operation of numbers."""
    of_it = any(str(base.__module__).startswith("mygrad.") for base in kind.__mro__)
    return of_it and has(kind, "__call__", "backward_var")


def pairs(operation: Any) -> Iterator[Pair]:
    """The product for each operand, in one: a backward of the operation as a function of numbers."""
    kind = type(operation)
    count = _count(kind)
    if count is None:
        return
    name = kind.__name__
    names = _NAMES[:count]

    ufunc = getattr(kind, "numpy_ufunc", None)
    keeps = ufunc is None or "__call__" in vars(kind)  # more than its operands

    @followed(kind.__call__)
    def one(x: Any) -> Any:
        return ufunc(as_float(x)) if ufunc is not None else kind()(Operand(x))

    @followed(kind.__call__)
    def two(x: Any, y: Any) -> Any:
        return ufunc(as_float(x), as_float(y)) if ufunc is not None else kind()(Operand(x), Operand(y))

    @followed(None)
    def called(*operands: Any) -> Any:
        made = kind()
        if keeps:
            made(*operands)
        else:  # what its __call__ does beside the ufunc
            made.variables = operands
        return made

    @followed(kind.backward_var)
    def one_backward(x: Any, g: Any) -> Any:
        return called(Operand(x)).backward_var(g, 0)

    @followed(kind.backward_var)
    def two_backward(x: Any, y: Any, g: Any) -> Any:
        made = called(Operand(x), Operand(y))
        return made.backward_var(g, 0), made.backward_var(g, 1)

    more: dict[str, Any] = {"names": names}
    if name in DOMAINS:
        more["domain"] = DOMAINS[name]
    if name in BOUNDS:
        more["bounds"] = BOUNDS[name]
    forward, backward = (one, one_backward) if count == 1 else (two, two_backward)
    yield Pair("backward_var", forward, {"backward": backward}, more)


def _count(kind: type) -> int | None:
    """How many operands it takes; None where they are arrays, or any number of them."""
    ufunc = getattr(kind, "numpy_ufunc", None)
    if ufunc is not None:
        return ufunc.nin if getattr(ufunc, "signature", None) is None else None
    try:
        parameters = list(inspect.signature(kind.__call__).parameters.values())[1:]
    except (TypeError, ValueError):
        return None
    required = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return len(required) if len(parameters) == len(required) and 1 <= len(required) <= len(_NAMES) else None
