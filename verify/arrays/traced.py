"""What a front end makes of a rule: a program along the path of a point, with its inputs, outputs and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.program import Node, Program

Floats = NDArray[np.float64]


class Unread(Exception):
    """An operation that a front end cannot read; the message names it, and where it can its line.

    What cannot be read is never taken for a constant: the rule is then run on floats only.
    """


@dataclass(frozen=True)
class Margin:
    """A comparison that was made on the way: the sign of a node decides it.

    what: which comparison, in a word
    """

    node: Node
    what: str


@dataclass
class Traced:
    """A rule, run at a point.

    inputs: the leaves of the arrays of floats that it was given, by their names, in order
    outputs: what the forward returned, those that are differentiated; weights: the leaves of their upstream gradients
    gradients: what the rule returned for each input that is differentiated, None where it returned None
    values, slopes: the same as floats, as the real function returned them
    margins: the comparisons on the way; decisions: how many choices depended on data, these and others
    notes: what a reader is to know of the trace; faults: what is wrong with the code, in a sentence each
    formats: the narrowest format of floats on the way of the function itself: so far its program may differ
    """

    program: Program
    inputs: dict[str, Node]
    outputs: list[Node]
    weights: list[Node]
    gradients: dict[str, Node | None]
    values: list[Floats]
    slopes: dict[str, Floats | None]
    margins: list[Margin] = field(default_factory=list)
    decisions: int = 0
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    formats: str = "float64"


@dataclass(frozen=True)
class Point:
    """Where a rule is traced.

    inputs: a value for each argument, by its name: arrays of floats, and what is passed as it is
    seed: of the upstream gradients, one for each output, which the front end draws once it knows their shapes
    layout: how upstream gradients lie in memory (`verify.arrays.layouts`)
    """

    inputs: Mapping[str, Any]
    seed: int = 0
    layout: str = "contiguous"


def upstream(shapes: Sequence[tuple[int, ...]], seed: int) -> list[Floats]:
    """An upstream gradient for each output, standard normal."""
    rng = np.random.default_rng([seed, 71])
    return [np.asarray(rng.standard_normal(shape)) for shape in shapes]
