"""A rule of whole arrays as an operation under verification: its inputs, its points, its entry in a report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.points import drawn, other_sizes
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.results.findings import Source
from backproof.verify.subjects.arrays.small import format_shape
from backproof.verify.subjects.operation import BaseOperation
from backproof.verify.subjects.tensors.bounded import BoundedCode
from backproof.verify.subjects.tensors.code import TensorCode, is_float
from backproof.verify.support.errors import SubjectError, UsageError

FAR = (30.0, 1000.0, -1000.0)
"""By how much inputs are scaled: past where exp overflows.  What has one sign keeps it."""

OTHERS = 3  # sizes besides that of the inputs as given

FARTHEST = 1000.0  # from the other end of bounds that are open

GIVEN = "the inputs as given"

PARTS = {"between": (0.0, 1.0), "at the lower end of": (0.0, 0.05), "at the upper end of": (0.95, 1.0)}
"""The parts of bounds in which inputs are drawn."""

DRAWN = 3  # points of the shapes that were given, beside the inputs themselves

MOST_SHOWN = 6  # entries of an array that a report writes out


@dataclass(frozen=True)
class Place:
    """Where a rule is looked at.

    told: how the inputs came about, for a report; inputs: by name; own: they have the shapes that were asked for
    far: they are so large that an intermediate result may overflow; meant: they are of the kind of those as given
    """

    told: str
    inputs: dict[str, Any]
    own: bool = True
    far: bool = False
    meant: bool = True

    def lines(self) -> str:
        """The inputs for a report: small ones written out."""
        found = []
        for name, value in self.inputs.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                shown = np.array2string(value, separator=", ", floatmode="unique") if value.size <= MOST_SHOWN else ""
                found.append(f"{name} = {shown}" if shown else f"{name}: {format_shape(value.shape)} numbers")
            elif isinstance(value, (bool, int, float, str, type(None))):
                found.append(f"{name} = {value!r}")
        return "\n".join([self.told, *found])


class TensorOperation(BaseOperation):
    """A function of arrays with its rule, at the inputs that a user gave and at others of their kind."""

    kind = "tensors"
    own_definition = True

    def __init__(self, code: TensorCode, bounds: Bounds | None = None, *, has_kind: bool = True) -> None:
        """has_kind: the inputs tell what may be passed, as those of a user do; those that we drew do not."""
        self.code = BoundedCode(code, bounds) if bounds else code
        self.has_kind = has_kind
        self.name = code.name
        self.command = code.command
        self.inputs = tuple(code.inputs)
        self.bounds = dict(bounds or {})

    @property
    def case(self) -> str:
        shapes = [(name, np.shape(x)) for name, x in self.code.inputs.items() if isinstance(x, np.ndarray)]
        return ", ".join(f"{name}: {format_shape(shape)}" for name, shape in shapes if shape)

    @property
    def source(self) -> Source:
        return self.code.source

    def written(self) -> tuple[str, ...]:
        return self.code.written()

    def code_texts(self) -> list[tuple[str, str]]:
        return self.code.code_texts()

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        return f"{self.command[:-1]}, seed={seed})" if self.command.endswith(")") else f"{self.command} --seed {seed}"

    def places(self, seed: int, most: int = DRAWN) -> Iterator[Place]:
        """The inputs that were given, then others of their shapes, within the bounds."""
        yield Place(GIVEN, dict(self.code.inputs))
        for index in range(most):
            inputs = drawn(self._alike, seed, index, moved=self.code.wrt)
            yield Place(f"inputs drawn anew ({index + 1})", self._bounded(inputs))

    @property
    def _alike(self) -> dict[str, Any]:
        """Inputs whose kind others are drawn in: of any sign where the inputs tell nothing."""
        given = self.code.inputs
        return given if self.has_kind else {name: self._of_both_signs(name, x) for name, x in given.items()}

    def _of_both_signs(self, name: str, value: Any) -> Any:
        if not self._is_moved(name, value):
            return value
        template = -1.0 - np.arange(np.size(value)) % 3
        return template.reshape(np.shape(value)) if np.ndim(value) else float(template[0])

    def of_both_signs(self, seed: int) -> Iterator[Place]:
        """Where the differentiated inputs have one sign as given: others, which may not be meant."""
        wrt = [name for name in self.code.wrt if name not in self.bounds and _has_one_sign(self.code.inputs[name])]
        if self.has_kind and wrt:
            rng = np.random.default_rng([seed, 73])
            inputs = dict(self.code.inputs)
            for name in wrt:
                value = inputs[name]
                inputs[name] = np.asarray(rng.standard_normal(value.shape)) if np.ndim(value) else -float(value)
            if self._runs(inputs):
                yield Place("at inputs of both signs, unlike those as given", inputs, meant=False)

    def far(self, seed: int) -> Iterator[Place]:
        """The inputs as given, times 30 and ±1000; between bounds all over them, and at their ends."""
        for part, (low, high) in PARTS.items() if self.bounds else ():
            rng = np.random.default_rng([seed, 67])
            yield Place(f"inputs {part} the bounds", {**self.code.inputs, **self._between(rng, low, high)})
        for scale in FAR:
            grown = {name: _scaled(x, scale) if self._is_moved(name, x) else x for name, x in self.code.inputs.items()}
            if self.keeps_kind(bounded := self._bounded(grown)):
                yield Place(f"the inputs as given, times {scale:g}", bounded, far=True)

    def _between(self, rng: np.random.Generator, low: float, high: float) -> dict[str, Any]:
        """The bounded inputs in a part of their bounds, 0 and 1 for the ends; an open end is 1000 from the other."""
        found = {}
        for name, (least, most) in self.bounds.items():
            if self._is_moved(name, value := self.code.inputs[name]):
                least, most = (least if math.isfinite(least) else min(most, FARTHEST) - FARTHEST), most
                most = most if math.isfinite(most) else least + FARTHEST
                drawn_there = least + (most - least) * rng.uniform(low, high, np.shape(value))
                found[name] = drawn_there if np.ndim(value) else float(drawn_there)
        return found

    def _is_moved(self, name: str, value: Any) -> bool:
        """Whether it is an array of floats, or a number that is differentiated."""
        return is_float(value) and bool(np.ndim(value) or name in self.code.wrt)

    def other_sizes(self, seed: int) -> Iterator[Place]:
        """Inputs of two other sizes, on which the function runs."""
        for inputs in other_sizes(self._alike, seed, lambda some: self._runs(self._bounded(some)), OTHERS):
            shapes = ", ".join(
                f"{name}: {format_shape(x.shape)}" for name, x in inputs.items() if isinstance(x, np.ndarray) and x.ndim
            )
            yield Place(f"at another size, {shapes}", self._bounded(inputs), own=False)

    def keeps_kind(self, inputs: Mapping[str, Any]) -> bool:
        """Whether inputs may be meant: what had one sign keeps it, what lay between 0 and 1 does, bounds hold."""
        for name, given in self._alike.items():
            if not is_float(given):
                continue
            was, now = np.asarray(given, dtype=float), np.asarray(inputs[name], dtype=float)
            low = 0.0 if (was >= 0).all() and was.any() else -math.inf
            high = 1.0 if low == 0.0 and ((was > 0) & (was < 1)).all() else math.inf
            least, most = self.bounds.get(name, (low, high))
            if not ((now >= max(low, least)) & (now <= min(high, most))).all():
                return False
        return True

    def has_its_indices(self, inputs: Mapping[str, Any]) -> bool:
        """Whether indices among the inputs still point into arrays of these shapes, as far as it is not an error."""
        if self.code.refuses_indices or not any(_is_of_integers(x) for x in self.code.inputs.values()):
            return True
        arrays = [(np.shape(x), np.shape(inputs[name])) for name, x in self.code.inputs.items() if is_float(x)]
        return all(n <= m for was, now in arrays for n, m in zip(was, now, strict=True))

    def _runs(self, inputs: Mapping[str, Any]) -> bool:
        """Whether the forward has a value there; one that is written for one size raises."""
        if not self.has_its_indices(inputs):
            return False
        try:
            return all(np.isfinite(out).all() for out in self.code.forward(inputs))
        except (SubjectError, UsageError):
            return False

    def _bounded(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Floats that lie outside of the bounds are folded into them."""
        found = dict(inputs)
        for name, ends in self.bounds.items():
            if is_float(found[name]):
                folded = _folded(np.asarray(found[name], dtype=float), *ends)
                found[name] = folded if folded.ndim else float(folded)
        return found


def _is_of_integers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu"


def _has_one_sign(value: Any) -> bool:
    return bool(np.size(value) and (np.all(np.asarray(value) > 0) or np.all(np.asarray(value) < 0)))


def _scaled(value: Any, factor: float) -> Any:
    one_sign = bool(np.all(np.asarray(value) >= 0) or np.all(np.asarray(value) <= 0))
    return (abs(factor) if one_sign else factor) * value


def _folded(value: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Reflected at the ends until it lies between them; as it is where it does."""
    if not math.isfinite(low) and not math.isfinite(high):
        return value
    if math.isfinite(low) and math.isfinite(high):
        width = high - low
        there = np.mod(value - low, 2 * width)
        inside = low + np.minimum(there, 2 * width - there)
    else:
        inside = low + np.abs(value - low) if math.isfinite(low) else high - np.abs(high - value)
    return np.where((value >= low) & (value <= high), value, np.clip(inside, low, high))
