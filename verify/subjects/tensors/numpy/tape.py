"""What a rule did on traced arrays: the program, the choices that depended on data, and what could not be read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.floats import number, taken
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.traced import Margin, Unread
from backproof.verify.tracing.rebuild import covers
from backproof.verify.tracing.source_code import shown_path


class Reader(Protocol):
    """What carries out functions of NumPy that are given something traced."""

    def function(self, function: Any, args: Sequence[Any], options: dict[str, Any]) -> Any:
        """A function that dispatches by its arguments."""

    def ufunc(self, ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
        """A ufunc, called, or another of its methods."""


class Tape:
    """One run of a rule.

    reader: what its calls of NumPy go through
    decisions: how many choices depended on data
    narrow: the formats of floats, narrower than float64, that the code converts to; the trace does not round
    refused: the first operation that could not be read; code that catches the error goes on without it
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.program = Program()
        self.decisions = 0
        self.narrow: dict[str, None] = {}
        self.refused: Unread | None = None
        self._margins: dict[tuple[int, str], Margin] = {}

    def decide(self, what: str, *margins: Node) -> None:
        """Note a choice; ``margins``: nodes whose signs decided it."""
        self.decisions += 1
        for node in margins:
            if node.kind != "constant":
                self._margins.setdefault((node.index, what), Margin(node, what))

    @property
    def margins(self) -> list[Margin]:
        """The comparisons on the way, each once."""
        return list(self._margins.values())

    def refuse(self, what: str) -> Unread:
        """The error to raise at what cannot be read, with the line of the user's code."""
        line = line_of(sys._getframe(1))
        error = Unread(f"{what} ({line})" if line else what)
        self.refused = self.refused or error
        return error

    def kind_of(self, dtype: Any) -> str:
        """The kind of a type of NumPy's, as "f" of every format of floats."""
        is_class = isinstance(dtype, type) and issubclass(dtype, np.dtype)  # as of np.dtypes
        found: Any = dtype() if is_class else np.dtype(dtype)
        if found.kind == "f" and found.itemsize < 8:
            self.narrow[found.name] = None
        return found.kind  # type: ignore[no-any-return]

    def gathered(self, operands: Sequence[Node], numbers: NDArray[np.int64]) -> Node:
        """Entries of the operands, laid end to end, by their numbers; 0 for -1.

        Only operands of which something is taken are kept, so that what was overwritten or masked goes.
        """
        operands, numbers = _those_used(operands, numbers)
        if not operands:
            return self.program.number(0, numbers.shape)
        whole = len(operands) == 1 and numbers.min() >= 0
        if whole and operands[0].is_uniform:
            return self.program.number(operands[0].parameter, numbers.shape)
        if all(node.kind == "constant" for node in operands):
            return self.program.constant(taken(list(map(floats_of, operands)), numbers))
        if whole and operands[0].kind == "take":
            return self.gathered(operands[0].operands, operands[0].parameter.reshape(-1)[numbers])
        return self.program.take(operands, numbers)


def _those_used(operands: Sequence[Node], numbers: NDArray[np.int64]) -> tuple[Sequence[Node], NDArray[np.int64]]:
    """The operands of which something is taken, and the numbers of the entries among those of these."""
    if not numbers.size or numbers.max() < 0:
        return (), numbers
    if len(operands) == 1:
        return operands, numbers
    starts = np.cumsum([0, *(node.size for node in operands)])
    owners = np.searchsorted(starts, numbers, "right") - 1  # -1 for -1: the last of what moves, which does not move
    used = np.unique(owners[numbers >= 0])
    before = np.zeros(len(operands) + 1, np.int64)
    before[used] = starts[used] - np.cumsum([0, *(operands[k].size for k in used)])[:-1]
    return [operands[k] for k in used], numbers - before[owners]


def floats_of(node: Node) -> NDArray[np.float64]:
    """The floats of a constant."""
    if isinstance(node.parameter, np.ndarray):
        return node.parameter
    return np.broadcast_to(number(node.parameter), node.shape)


def line_of(place: FrameType | TracebackType | None) -> str:
    """The file and line of the innermost code of a user's in a stack or in a traceback; "" if there is none."""
    found = ""
    while place is not None:
        frame = place if isinstance(place, FrameType) else place.tb_frame
        if covers(frame.f_globals.get("__name__")) and "<" not in frame.f_code.co_filename:
            line = place.f_lineno if isinstance(place, FrameType) else place.tb_lineno
            found = f"{shown_path(frame.f_code.co_filename)}:{line}"
            if isinstance(place, FrameType):
                return found
        place = place.f_back if isinstance(place, FrameType) else place.tb_next
    return found
