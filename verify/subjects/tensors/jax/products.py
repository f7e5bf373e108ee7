"""Sums and products: over axes, along them, at places, and of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from backproof.verify.arrays.program import Node, Program
from backproof.verify.subjects.tensors.jax.indexing import of_scatter, places
from backproof.verify.subjects.tensors.jax.moves import arranged
from backproof.verify.subjects.tensors.jax.step import Step


def dot_general(step: Step) -> Node:
    """Products summed over some axes of both, for each index of the batch axes: as one product of matrices."""
    p, (a, b) = step.program, step.nodes
    (sum_a, sum_b), (batch_a, batch_b) = step.parameters["dimension_numbers"]
    free_a = [k for k in range(len(a.shape)) if k not in (*sum_a, *batch_a)]
    free_b = [k for k in range(len(b.shape)) if k not in (*sum_b, *batch_b)]
    left = _grouped(p, a, batch_a, free_a, sum_a)
    right = _grouped(p, b, batch_b, sum_b, free_b)
    return p.reshape(p.dot(left, right), step.shape)


def _grouped(p: Program, a: Node, *groups: Sequence[int]) -> Node:
    """With the axes of each group made one."""
    moved = p.permute(a, [k for group in groups for k in group])
    return p.reshape(moved, [math.prod(a.shape[k] for k in group) for group in groups])


def reduce_sum(step: Step) -> Node:
    """Over some axes."""
    return step.program.sum(step.nodes[0], step.parameters["axes"])


def reduce_prod(step: Step) -> Node:
    """Over some axes."""
    found = step.nodes[0]
    for axis in sorted(step.parameters["axes"], reverse=True):
        found = step.program.product(found, axis)
    return found


def cumulative(step: Step) -> Node:
    """cumsum, cumprod, cumlogsumexp; the last as it is defined, which overflows where JAX's floats do not."""
    p, a = step.program, step.nodes[0]
    if step.name == "cumlogsumexp":
        return p.function("log", _doubled(step, p.function("exp", a), p.add, 0))
    return _doubled(step, a, p.multiply, 1) if step.name == "cumprod" else _doubled(step, a, p.add, 0)


def _doubled(step: Step, a: Node, joined: Callable[[Node, Node], Node], neutral: int) -> Node:
    """Each entry joined with the one 1, then 2, then 4... before (Hillis and Steele 1986, CACM 29, 1170-1183)."""
    p, axis = step.program, step.parameters["axis"]
    numbers = np.arange(a.size).reshape(a.shape)
    if step.parameters["reverse"]:
        numbers = np.flip(numbers, axis)
    a, distance = arranged(p, [a], numbers), 1
    places_here = np.arange(a.size).reshape(a.shape)
    rest = (slice(None),) * axis
    while distance < a.shape[axis]:
        earlier = np.full(a.shape, a.size)
        earlier[(*rest, slice(distance, None))] = places_here[(*rest, slice(None, -distance))]
        a = joined(a, arranged(p, [a, p.number(neutral)], earlier))
        distance *= 2
    return arranged(p, [a], np.flip(places_here, axis)) if step.parameters["reverse"] else a


def added_at(step: Step) -> Node:
    """scatter-add, scatter-sub."""
    p, (a, _, updates) = step.program, step.nodes
    to = places(of_scatter(step.parameters, a.shape, updates.shape), a.shape, step.data[1])
    added = p.reshape(p.collect(updates, to, a.size), a.shape)
    return p.subtract(a, added) if step.name == "scatter-sub" else p.add(a, added)
