"""What every front end of array programs offers: somebody's forward and rule, run on floats and traced at a point."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.traced import Floats, Point, Traced
from backproof.verify.results.findings import Source


@dataclass(frozen=True)
class Ran:
    """One forward and one backward pass on floats.

    outputs: those that are differentiated; gradients: of each differentiated input, None where the rule returned None
    formats: the narrowest format of floats among the outputs and gradients, as "float32"
    changed: the inputs, saved values or upstream gradients that the code wrote into, by name
    """

    outputs: list[Floats]
    gradients: dict[str, Floats | None]
    formats: str = "float64"
    changed: tuple[str, ...] = ()


@dataclass
class TensorCode(ABC):
    """A function of arrays with its rule.

    name: in reports; command: how a user verifies it again
    inputs: all arguments, by name and in order: arrays of floats as float64 of NumPy, the others as they were given
    wrt: the names of the inputs that are differentiated, all of them arrays of floats or floats
    """

    name: str
    command: str
    inputs: dict[str, Any]
    wrt: tuple[str, ...]
    notes: list[str] = field(default_factory=list)
    defined = False  # it is held to another function than its own forward
    surrogate = False  # and its forward may compute something else
    has_layouts = True  # its arrays have strides
    has_requests = False  # a rule hears which gradients are asked for
    refuses_indices = True  # one beyond an array is an error; JAX takes the last entry, or none

    @abstractmethod
    def forward(self, inputs: Mapping[str, Any]) -> list[Floats]:
        """The outputs that are differentiated, as floats.

        Raises SubjectError if the code fails, UsageError for what is no array of real numbers.
        """

    def reference(self, inputs: Mapping[str, Any]) -> list[Floats]:
        """What the rule is held to, on floats: its own forward, where no other function was passed."""
        return self.forward(inputs)

    def alone(self, name: str) -> TensorCode:
        """The same code with one input differentiated, where `has_requests`."""
        return replace(self, wrt=(name,))

    def as_given(self, weights: Sequence[Floats]) -> Ran | None:
        """A run on the very inputs that were given, in their formats and strides; None where `run` has just these."""
        return None

    @abstractmethod
    def run(self, inputs: Mapping[str, Any], weights: Sequence[Floats], layout: str = "contiguous") -> Ran:
        """Forward and backward on floats, given an upstream gradient for each output, laid out in memory as named.

        Raises SubjectError if the code fails; UsageError for gradients of the wrong count, shape or type.
        """

    @abstractmethod
    def trace(self, point: Point) -> Traced:
        """The same on arrays that write a program down.

        Raises Unread for what cannot be read, by name; SubjectError, UsageError as `run`.
        """

    @property
    @abstractmethod
    def source(self) -> Source:
        """Where the rule is written."""

    @abstractmethod
    def written(self) -> tuple[str, ...]:
        """The rule as written, a line for each differentiated input, or one for all."""

    def code_texts(self) -> list[tuple[str, str]]:
        """The functions that it is made of, each with its name and its text."""
        return []


def is_float(value: Any) -> bool:
    """Whether it is an array of floats, or a float."""
    return isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def shapes_of(values: Sequence[NDArray[Any]]) -> list[tuple[int, ...]]:
    """Their shapes."""
    return [np.shape(value) for value in values]
