"""What branches: the point decides, entries are taken from what won, and the nodes whose signs decided it are kept."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from backproof.verify.arrays.functions import applied
from backproof.verify.arrays.program import PI, Indices, Node
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.jax.indexing import of_scatter, places, rounds, sorted_order
from backproof.verify.subjects.tensors.jax.moves import arranged
from backproof.verify.subjects.tensors.jax.step import Path, Step, is_real

COMPARISONS = {
    **{"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="},
    **{"lt_to": "<", "le_to": "<=", "eq_to": "=="},  # in which NaN has its place
}


def to_integers(step: Step) -> None:
    """A primitive that makes integers or booleans of floats: a decision.  Raises Unread for one that is none."""
    name = step.name
    match name:
        case _ if name in COMPARISONS:
            step.path.decided(COMPARISONS[name], step.program.subtract(*step.nodes))
        case "argmax" | "argmin":
            axis = step.parameters["axes"][0]
            won(step.path, name, step.nodes[0], np.expand_dims(step.results[0], axis), axis)
        case "convert_element_type" if step.results[0].dtype.kind == "b":
            step.path.decided("!= 0", step.nodes[0])
        case "convert_element_type":
            _within(step, "a whole number", step.nodes[0], *_cell("trunc", step.results[0].astype(float)))
        case "is_finite":
            step.path.decided(name)
        case _:
            raise Unread(f"no reading of {name}")


def won(path: Path, what: str, a: Node, winners: Indices, axis: int) -> Node:
    """The entries with these numbers along an axis, which stays: how far they are from the others decided."""
    numbers = np.arange(a.size).reshape(a.shape)
    best = arranged(path.program, [a], np.take_along_axis(numbers, winners, axis))
    path.decided(what, path.program.subtract(best, a))
    return best


def larger_or_smaller(step: Step) -> Node:
    """max and min of two; the first at a tie."""
    p = step.program
    a, b = (p.broadcast(node, step.shape) for node in step.nodes)
    x, y = step.data
    step.path.decided(step.name, p.subtract(a, b))
    numbers = np.arange(a.size).reshape(step.shape)
    first = x >= y if step.name == "max" else x <= y
    return arranged(p, [a, b], np.where(first, numbers, numbers + a.size))


def clamped(step: Step) -> Node:
    """min(max(x, low), high)."""
    p, shape = step.program, step.shape
    low, x, high = (p.broadcast(node, shape) for node in step.nodes)
    bottom, value, top = (np.broadcast_to(data, shape) for data in step.data)
    step.path.decided("clamp", p.subtract(x, low), p.subtract(x, high))
    which = np.where(value > top, 2, np.where(value < bottom, 1, 0))
    return arranged(p, [x, low, high], np.arange(x.size).reshape(shape) + which * x.size)


def largest(step: Step) -> Node:
    """reduce_max, reduce_min: the first of the largest along some axes."""
    p, a, axes = step.program, step.nodes[0], tuple(step.parameters["axes"])
    if not all(a.shape[k] for k in axes):
        return p.constant(step.results[0])
    rest = [k for k in range(len(a.shape)) if k not in axes]
    shape = [*(a.shape[k] for k in rest), math.prod(a.shape[k] for k in axes)]
    line = p.reshape(p.permute(a, [*rest, *axes]), shape)
    data = step.data[0].transpose([*rest, *axes]).reshape(shape)
    winners = data.argmax(-1) if step.name == "reduce_max" else data.argmin(-1)
    return p.reshape(won(step.path, step.name, line, winners[..., None], -1), step.shape)


def running(step: Step) -> Node:
    """cummax, cummin: at each place the entry that has won so far."""
    p, a, axis = step.program, step.nodes[0], step.parameters["axis"]
    data = -step.data[0] if step.name == "cummin" else step.data[0]
    numbers = np.arange(a.size).reshape(a.shape)
    if step.parameters["reverse"]:
        data, numbers = np.flip(data, axis), np.flip(numbers, axis)
    best = np.maximum.accumulate(data, axis)
    here = np.arange(a.shape[axis]).reshape([-1 if k == axis else 1 for k in range(data.ndim)])
    rest = (slice(None),) * axis
    before, after = (*rest, slice(None, -1)), (*rest, slice(1, None))
    new = np.ones(data.shape, bool)
    new[after] = np.diff(best, axis=axis) > 0
    found = np.take_along_axis(numbers, np.maximum.accumulate(np.where(new, here, 0), axis), axis)
    step.path.decided(step.name, p.subtract(arranged(p, [a], numbers[after]), arranged(p, [a], found[before])))
    return arranged(p, [a], np.flip(found, axis) if step.parameters["reverse"] else found)


def absolute(step: Step) -> Node:
    """|x|: x times its sign here."""
    step.path.decided("abs", step.nodes[0])
    return step.program.multiply(step.program.constant(np.sign(step.data[0])), step.nodes[0])


def stepped(step: Step) -> Node:
    """sign, floor, ceil, round: constant until their operand reaches an end of the interval that it is in."""
    value = np.asarray(step.results[0], float)
    if step.name == "sign":
        step.path.decided("sign", step.nodes[0])
    else:
        _within(step, step.name, step.nodes[0], *_cell(step.name, value))
    return step.program.constant(value)


def remainder(step: Step) -> Node:
    """rem: x - y·trunc(x/y)."""
    p = step.program
    x, y = (p.broadcast(node, step.shape) for node in step.nodes)
    with np.errstate(all="ignore"):
        whole = np.trunc(np.divide(*step.data))
    _within(step, "rem", p.divide(x, y), *_cell("trunc", whole))
    return p.subtract(x, p.multiply(p.constant(whole), y))


def _cell(name: str, value: Any) -> tuple[Any, Any]:
    """Between which numbers a function has this value."""
    match name:
        case "floor":
            return value, value + 1
        case "ceil":
            return value - 1, value
        case "round":
            return value - 0.5, value + 0.5
    return np.where(value > 0, value, value - 1), np.where(value < 0, value, value + 1)


def _within(step: Step, what: str, x: Node, low: Any, high: Any) -> None:
    p = step.program
    step.path.decided(what, p.subtract(x, p.constant(low)), p.subtract(x, p.constant(high)))


def cube_root(step: Step) -> Node:
    """sign(x)·|x|**(1/3)."""
    p, x = step.program, step.nodes[0]
    sign = p.constant(np.sign(step.data[0]))
    step.path.decided("cbrt", x)
    return p.multiply(sign, p.power(p.multiply(sign, x), Fraction(1, 3)))


def angle(step: Step) -> Node:
    """atan2(y, x): atan(y/x), and half a turn more or less where x < 0."""
    p, (y, x) = step.program, step.nodes
    side, across = step.data
    if not np.all(across):
        raise Unread("atan2 where its second operand is 0")
    turns = np.where(across < 0, np.where(side < 0, -1, 1), 0)
    step.path.decided("atan2", y, x)
    return p.add(applied(p, "atan", p.divide(y, x)), p.multiply(p.number(PI), p.constant(turns)))


def sort(step: Step) -> list[Node]:
    """Several arrays, sorted by the first ones: the same permutation moves all of them."""
    axis, count = step.parameters["dimension"], step.parameters["num_keys"]
    order = sorted_order(step.data[:count], axis)
    for key, data in zip(step.nodes[:count], step.data, strict=False):
        if is_real(data):
            _in_order(step, key, order, axis)
    return [arranged(step.program, [node], order) for node in step.nodes]


def top_k(step: Step) -> Node:
    """The largest along an axis; which they are is a decision."""
    a, data = step.nodes[0], step.data[0]
    axis = step.parameters.get("axis", -1) % data.ndim
    _in_order(step, a, sorted_order([-data], axis), axis)
    chosen = np.take_along_axis(np.arange(data.size).reshape(data.shape), step.results[1], axis)
    return arranged(step.program, [a], chosen)


def _in_order(step: Step, key: Node, order: Indices, axis: int) -> None:
    """Neighbours decide in which order they are."""
    p = step.program
    before, after = (arranged(p, [key], np.delete(order, end, axis)) for end in (-1, 0))
    step.path.decided(step.name, p.subtract(after, before))


def scattered(step: Step) -> Node:
    """scatter-mul, scatter-min, scatter-max: what goes to one place comes one after the other."""
    p, (a, _, updates) = step.program, step.nodes
    data, indices, new = step.data
    to = places(of_scatter(step.parameters, data.shape, new.shape), data.shape, indices)
    now = np.array(data).reshape(-1)
    flat = p.reshape(a, (a.size,))
    everywhere = np.arange(a.size)
    for at, entries in rounds(to):
        arrived = arranged(p, [updates], entries)
        if step.name == "scatter-mul":
            factor = np.full(a.size, entries.size)
            factor[at] = np.arange(entries.size)
            flat = p.multiply(flat, arranged(p, [arrived, p.number(1)], factor))
            continue
        values = new.reshape(-1)[entries]
        wins = values > now[at] if step.name == "scatter-max" else values < now[at]
        step.path.decided(step.name, p.subtract(arrived, arranged(p, [flat], at)))
        chosen = everywhere.copy()
        chosen[at[wins]] = a.size + np.flatnonzero(wins)
        flat = arranged(p, [flat, arrived], chosen)
        now[at[wins]] = values[wins]
    return p.reshape(flat, a.shape)
