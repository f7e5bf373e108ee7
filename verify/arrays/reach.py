"""Which entries of earlier steps feed given entries of later ones: from the numbers of moved entries, not by values."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.laws import Step
from backproof.verify.arrays.program import numbers_of_view

Labels = NDArray[Any]


def feeding(steps: Sequence[Step], labels: Mapping[int, Labels], kept: Collection[str]) -> dict[int, Labels]:
    """The largest label that each entry of a step feeds, for the steps of some laws; 0, or False, where it feeds none.

    labels: for entries of some steps, by the steps' numbers: integers >= 0, or whether they are meant

    It goes back step by step as an adjoint does, with maxima for sums.
    """
    arrived: dict[int, Labels] = dict(labels)
    found: dict[int, Labels] = {}
    for step in reversed(steps[: max(arrived, default=-1) + 1]):
        label = arrived.pop(step.number, None)
        if label is None:
            continue
        if step.law in kept:
            found[step.number] = label
        for operand, passed in zip(step.operands, _passed_on(step, label, steps), strict=True):
            before = arrived.get(operand)
            arrived[operand] = passed if before is None else np.maximum(before, passed)
    return found


def _passed_on(step: Step, label: Labels, steps: Sequence[Step]) -> list[Labels]:
    node = step.node
    shapes = [steps[operand].node.shape for operand in step.operands]
    match step.law:
        case "sum" | "product":
            kept = [1 if k in node.parameter else n for k, n in enumerate(shapes[0])]
            return [np.broadcast_to(label.reshape(kept), shapes[0])]
        case "dot":
            across = [label.max(axis=axis, keepdims=True, initial=0) for axis in (-1, -2)]
            return [np.broadcast_to(one, shape) for one, shape in zip(across, shapes, strict=True)]
        case "inverse":
            return [np.broadcast_to(label.max(axis=(-1, -2), keepdims=True, initial=0), shapes[0])]
        case "determinant":
            return [np.broadcast_to(label[..., None, None], shapes[0])]
        case "view":
            return [_at(numbers_of_view(node), label, math.prod(shapes[0])).reshape(shapes[0])]
        case "take":
            sizes = [math.prod(shape) for shape in shapes]
            flat = _at(node.parameter, label, sum(sizes))
            pieces = np.split(flat, np.cumsum(sizes)[:-1])
            return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]
        case "collect":
            return [np.concatenate([label, np.zeros(1, label.dtype)])[node.parameter]]
    return [label] * len(shapes)


def _at(numbers: NDArray[np.int64], label: Labels, size: int) -> Labels:
    """The largest label at each of these numbers of entries; that of the number -1 is dropped."""
    found = np.zeros(size + 1, label.dtype)
    if label.dtype == np.bool_:
        found[numbers[label]] = True
    else:
        np.maximum.at(found, numbers.reshape(-1), label.reshape(-1))
    return found[:-1]
