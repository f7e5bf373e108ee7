"""Pairs of array functions whose backward is declared to be the derivative of a surrogate, not of the forward.

See `verify.subjects.surrogate`.  To all checks the value of such a pair is that of its surrogate; the forward only
gives ``out``, and where the backward takes no ``out`` and shares no state with it, it is not run on symbols at all: it
may be a rounding, a sign, a table.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import BuiltinFunctionType, CellType, FunctionType, MappingProxyType, ModuleType
from typing import Any

import numpy as np

from backproof.verify.evaluate.formulas import Formula
from backproof.verify.mirror.table import Spec
from backproof.verify.subjects.arrays.large import LargePair
from backproof.verify.subjects.arrays.small import VectorPair, array_of, flat, weighted
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.arguments import as_term, beside_spec, is_function
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.functions.looked_at import name_of
from backproof.verify.subjects.functions.pairs import OUT
from backproof.verify.subjects.operation import Arrays, Operation, Shape
from backproof.verify.support.errors import SubjectError, UsageError
from backproof.verify.terms.term import Term
from backproof.verify.tracing.source_code import reached


class Surrogate:
    """A function of arrays, or a formula in their names that is applied entry by entry.  Raises UsageError."""

    def __init__(self, given: Any, arrays: Sequence[str]) -> None:
        self.function: Callable[..., Any] = given if is_function(given) else _EntryByEntry(given, arrays)
        self.shown = name_of(given, "a function without a name") if is_function(given) else str(given)

    def on(self, symbols: bool) -> Callable[..., Any]:
        """The function, rebuilt for symbols where they are passed."""
        if not symbols or isinstance(self.function, _EntryByEntry):
            return self.function
        from backproof.verify.tracing.symbolic import symbolic

        return symbolic(self.function)

    def code_texts(self) -> list[tuple[str, str]]:
        """What a certificate is tied to."""
        if isinstance(self.function, _EntryByEntry):
            return [("surrogate", self.shown)]
        return [(f"surrogate: {name}", text) for name, text in reached(self.function)]


class _EntryByEntry:
    """A formula in the names of arrays, whose shapes are broadcast as NumPy does it."""

    def __init__(self, given: Any, arrays: Sequence[str]) -> None:
        self._formula = Formula(as_term("surrogate", given, arrays, False), arrays)

    def __call__(self, *arrays: Any) -> Any:
        shape = np.broadcast_shapes(*map(np.shape, arrays))
        entries = list(zip(*(self._flat(a, shape) for a in arrays), strict=True))
        if not shape:
            return self._formula(*entries[0])
        if any(isinstance(x, Term) for x in entries[0]):
            return array_of([self._formula(*row) for row in entries], shape)
        found = self._formula(*map(np.array, zip(*entries, strict=True)))
        return np.broadcast_to(np.asarray(found, dtype=float).reshape(-1), (len(entries),)).reshape(shape).copy()

    @staticmethod
    def _flat(a: Any, shape: Shape) -> list[Any]:
        """The entries of an array as one of this shape has them."""
        entries, places = flat(a), np.arange(max(np.size(a), 1)).reshape(np.shape(a))
        return [entries[k] for k in np.broadcast_to(places, shape).reshape(-1).tolist()]


class SmallWithSurrogate(VectorPair):
    """At a small shape: one scalar operation of all entries, whose value is the weighted sum of the surrogate's."""

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        shapes: Mapping[str, int | Shape],
        name: str,
        inputs: Sequence[str],
        meant: Surrogate,
    ) -> None:
        self.meant, self.surrogate = meant, meant.shown
        super().__init__(forward, backward, shapes, name, inputs)

    def _on_symbols(self) -> Any:
        name = f"surrogate {self.surrogate}"
        return _Valued(self.meant.function, _nothing, self.shapes, name, self.arrays).first_output

    def _outputs(self, entries: Sequence[Any], symbols: bool) -> tuple[Any, list[Any]]:
        value = self.meant.on(symbols)(*self.shaped(entries))
        out = value
        if not symbols or self.asks_for(OUT) or shares_state(*self._given):
            out = self._functions(symbols)[0](*self.shaped(entries))
        for what, found in (("surrogate", value), ("forward", out)):
            if np.shape(found) != self.out_shape:
                here = f"{np.shape(found)}, and the surrogate {self.out_shape}"
                raise RuleError(f"the {what} returned shape {here} on symbols")
        return out, flat(value)

    def complaint(self) -> str:
        return super().complaint() or self._complaint_on_floats()

    def forward(self, *data: Any) -> Any:
        symbols = any(isinstance(x, Term) for x in data)
        count = len(self.entries)
        with np.errstate(all="ignore"), subject_code:
            if not symbols:
                self._admit(data)
            return weighted(data[count:], flat(self.meant.on(symbols)(*self.shaped(data[:count]))))

    def code_texts(self) -> list[tuple[str, str]]:
        return [*super().code_texts(), *self.meant.code_texts()]


class _Valued(VectorPair):
    """A surrogate alone, for its shape."""

    @property
    def valued(self) -> str:
        return self.name


def _nothing(g: Any) -> Any:
    """A backward that is not called."""
    return g


class LargeWithSurrogate(LargePair):
    """At a large shape: its values are those of the surrogate."""

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        shapes: Mapping[str, int | Shape],
        name: str,
        inputs: Sequence[str],
        meant: Surrogate,
        bounds: Mapping[str, Any] = MappingProxyType({}),
        domain: Any = None,
    ) -> None:
        self.stand_in, self.surrogate = meant, meant.shown
        super().__init__(forward, backward, shapes, name, inputs, meant.function, bounds, domain)
        for sample in self.samples(0):
            try:
                found = np.shape(self.out(sample.arrays))
            except SubjectError:  # possibly a point outside its domain; reported by the checks
                continue
            if found != self.out_shape:
                raise UsageError(f"surrogate: it returns shape {self.out_shape}, and {self.name} returns {found}")
            break

    @property
    def valued(self) -> str:
        return f"surrogate {self.surrogate}"

    def values(self, arrays: Arrays) -> Any:
        return self._numbers_of(self.stand_in.function, arrays)

    def out(self, arrays: Arrays) -> Any:
        return self._numbers_of(self._forward, arrays)

    def _outputs(self, forward: Callable[..., Any]) -> tuple[Any, list[Term], list[Term]]:
        meant, needed = self._meant(), self.asks_for(OUT) or shares_state(*self._given)
        out = forward(*self._on_symbols()) if needed else array_of(meant, self.out_shape)
        return out, meant, meant

    def _meant_on_symbols(self) -> Callable[..., Any]:
        return self.stand_in.on(symbols=True)

    def at_shapes(self, shapes: Mapping[str, Shape]) -> tuple[Operation, Spec]:
        small = SmallWithSurrogate(*self.functions, shapes, self.name, self.arrays, self.stand_in)
        return beside_surrogate(small, self.given_domain, bounds=self.bounds)

    def code_texts(self) -> list[tuple[str, str]]:
        return [*super().code_texts(), *self.stand_in.code_texts()]


def shares_state(forward: Callable[..., Any], backward: Callable[..., Any]) -> bool:
    """Whether a forward may leave something for its backward: as methods of one object do, or with `nonlocal`."""
    owners = [one for one in (getattr(f, "__self__", None) for f in (forward, backward)) if not _is_fixed(one)]
    cells = [{id(c): c for c in getattr(inspect.unwrap(f), "__closure__", None) or ()} for f in (forward, backward)]
    written = any(i.opname == "STORE_DEREF" for i in dis.get_instructions(forward)) if cells[0] else False
    common = [cells[0][k] for k in cells[0].keys() & cells[1].keys()]
    return (len(owners) == 2 and owners[0] is owners[1]) or bool(common and written) or any(map(_is_open, common))


def _is_fixed(x: Any) -> bool:
    """Whether nothing can be left in an object: a number, a text, a function, a module."""
    return x is None or isinstance(x, (int, float, str, type, FunctionType, BuiltinFunctionType, ModuleType, np.ufunc))


def _is_open(cell: CellType) -> bool:
    try:
        return not _is_fixed(cell.cell_contents)
    except ValueError:  # it is filled later
        return True


def beside_surrogate(
    small: SmallWithSurrogate, domain: Any = None, kinks: Any = (), bounds: Mapping[str, Any] = MappingProxyType({})
) -> tuple[Operation, Spec]:
    """The operation with the spec of its surrogate.  Raises UsageError."""
    operation, spec = beside_spec(small, None, domain, kinks, bounds=bounds)
    operation.own_definition = False
    return operation, spec
