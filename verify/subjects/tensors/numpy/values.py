"""What traced arrays and traced numbers have in common: how NumPy and Python ask for them, attributes and methods."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.numpy.tape import Tape


class TracedValue(NDArrayOperatorsMixin):
    """Real floats, and beside them a node of a program.  value: the floats, as NumPy has them.

    It is no subclass of `numpy.ndarray`: a plain buffer or a function of C that is handed one asks for `__array__`,
    which raises, where it would take the floats out of a subclass, and make a constant of them without a word.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # as of every array

    value: Any

    @property
    @abstractmethod
    def tape(self) -> Tape:
        """Where it is written down."""

    @property
    @abstractmethod
    def node(self) -> Node:
        """What it is now."""

    @property
    def is_constant(self) -> bool:
        """Whether it does not depend on any input."""
        return self.node.kind == "constant"

    # ------------------------------------------------------------------------------------------ as NumPy asks for it

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return self.tape.reader.ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return self.tape.reader.function(function, args, options)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if not self.is_constant:
            raise self.tape.refuse("traced floats were taken for plain ones, which would make a constant of them")
        plain = np.array(self.value, dtype)
        plain.flags.writeable = False  # what is written into this copy would be lost
        return plain

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array

    # ----------------------------------------------------------------------------------------- as Python asks for it

    def plain(self, what: str, *place: Any) -> Any:
        """The one float of a constant, or that at a place.  Raises Unread for what depends on an input."""
        if not self.is_constant:
            raise self.tape.refuse(f"{what} would make a constant of a traced number: compute with the number itself")
        return self.value.item(*place)

    def __float__(self) -> float:
        return float(self.plain("float()"))

    def __int__(self) -> int:
        return int(self.plain("int()"))

    def __complex__(self) -> complex:
        return complex(self.plain("complex()"))

    def __bool__(self) -> bool:
        return bool(self.value) if self.is_constant or self.size != 1 else bool(np.all(np.not_equal(self, 0)))

    def __round__(self, digits: int | None = None) -> Any:
        if digits is None:
            raise self.tape.refuse("round() would make an integer of a traced number: use np.round")
        return np.round(self, digits)

    def __repr__(self) -> str:
        return f"<traced, of shape {self.shape}>"

    def __format__(self, form: str) -> str:
        return repr(self)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    # ---------------------------------------------------------------------------------------------------- attributes

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its floats, as all of these."""
        return self.value.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.value.size  # type: ignore[no-any-return]

    @property
    def T(self) -> Any:
        """Its axes in the reverse order."""
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        """Its last two axes exchanged."""
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> Any:
        """Itself."""
        return self

    @property
    def imag(self) -> Any:
        """Zeros."""
        return np.zeros_like(self)

    def __getattr__(self, name: str) -> Any:
        if name in _OF_FLOATS:
            return getattr(self.value, name)
        if not name.startswith("__") and (hasattr(np.ndarray, name) or hasattr(np.float64, name)):
            raise self.tape.refuse(f"no reading of numpy.ndarray.{name}")
        raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")

    # ------------------------------------------------------------------------------------------------------- methods

    def item(self, *place: Any) -> Any:
        """The float of a constant.  Raises Unread for what depends on an input."""
        return self.plain("item()", *place)

    def tolist(self) -> Any:
        """Nested lists of numbers that are traced."""
        return [part.tolist() for part in self] if self.ndim else self[()]  # type: ignore[attr-defined,index]

    def copy(self, order: str = "C") -> Any:
        """In memory of its own."""
        return np.copy(self, order)  # type: ignore[call-overload]

    def astype(
        self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """As floats the same, whatever their format; as truths or integers a choice."""
        kind = self.tape.kind_of(dtype)
        if kind == "f":
            return np.copy(self, order) if copy else self  # type: ignore[call-overload]
        if self.is_constant:
            return self.value.astype(dtype)
        if kind == "b":
            return np.not_equal(self, 0)
        if kind in "iu":
            whole: Any = np.trunc(self)
            return whole.value.astype(dtype)
        raise self.tape.refuse(f"no reading of astype({np.dtype(dtype).name})")

    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> Any:
        """As NumPy's."""
        sizes = shape[0] if len(shape) == 1 else shape
        found: Any = np.reshape(self, sizes, order)  # type: ignore[call-overload]
        return found.copy() if copy else found

    def transpose(self, *axes: Any) -> Any:
        """As NumPy's."""
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def flatten(self, order: str = "C") -> Any:
        """In one axis, as a copy."""
        return np.copy(np.ravel(self, order))  # type: ignore[call-overload]

    def clip(self, min: Any = None, max: Any = None, out: Any = None) -> Any:
        """As NumPy's."""
        return np.clip(self, min, max, out=out)

    def conj(self) -> Any:
        """Itself: it is real."""
        return np.conjugate(self)

    conjugate = conj


_OF_FLOATS = frozenset({"dtype", "strides", "itemsize", "nbytes", "flags", "device"})
"""Attributes that are those of the floats."""


def _method(name: str) -> Any:
    """A method that NumPy has as a function, too."""

    def method(self: TracedValue, *args: Any, **options: Any) -> Any:
        return getattr(np, name)(self, *args, **options)

    method.__name__ = name
    return method


for _name in (
    *("sum", "mean", "var", "std", "prod", "max", "min", "all", "any", "cumsum", "cumprod", "trace", "dot"),
    *("argmax", "argmin", "argsort", "argpartition", "nonzero", "searchsorted", "round"),
    *("take", "repeat", "ravel", "squeeze", "swapaxes", "diagonal"),
):
    setattr(TracedValue, _name, _method(_name))
