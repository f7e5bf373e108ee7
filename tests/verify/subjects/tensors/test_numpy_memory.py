"""Memory of traced arrays: views and writes, numbers and arrays, upstream gradients in all layouts; by replay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof.verify.arrays import floats
from backproof.verify.arrays.layouts import LAYOUTS
from backproof.verify.arrays.traced import Point, Unread
from backproof.verify.subjects.tensors.numpy_code import numpy_code
from tests.verify.subjects.tensors.numpy_replay import of_function, replayed, shifted

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 4))


def writes(*each: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        y = x.copy()
        for write in each:
            write(y)
        return y * 1

    return function


def put(key: Any, value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda y: y.__setitem__(key, value(y))


WRITES: dict[str, Callable[[Any], Any]] = {
    "a row": put(0, lambda y: y[1] * 2),
    "a row with an axis too many": put(0, lambda y: y[None, 1]),
    "broadcast": put(slice(None), lambda y: y[:1]),
    "an entry": put((1, 2), lambda y: y[0, 0] * y[2, 1]),
    "repeated places": put(([0, 1, 0], [1, 2, 1]), lambda y: y[2, :3]),
    "a mask": lambda y: y.__setitem__(y > 0, y[0, 0]),
    "overlapping": put((slice(None), slice(1, None)), lambda y: y[:, :-1]),
    "reversed": put(slice(None, None, -1), lambda y: y * 1),
    "through a transpose": lambda y: y.T.__setitem__(slice(0, 2), y[2, :3]),
    "through a negative view": lambda y: y[::-1, ::-1].__setitem__(0, y[0]),
    "through a reshape": lambda y: y.reshape(-1)[::5].__imul__(3.0),
    "into a copy": lambda y: y.T.reshape(-1).__setitem__(slice(0, 5), 7.0),
    "through a part": lambda y: np.split(y, 2, axis=1)[0].__imul__(2),
    "through a diagonal": lambda y: np.fill_diagonal(y, y[2, 3]),
    "through ravel": lambda y: y.ravel().__setitem__(slice(2, 4), 0.0),
    "through flat": lambda y: y.flat.__setitem__(slice(0, 12, 4), y[0, 0]),
    "to itself": lambda y: y[:, ::2].__iadd__(y[:, 1::2]),
    "added at repeated places": lambda y: np.add.at(y, [0, 0], y[1:3]),
    "buffered at repeated places": lambda y: y.__setitem__([0, 0], y[[0, 0]] + y[1:3]),
    "subtracted at": lambda y: np.subtract.at(y, ([0, 2], [1, 1]), y[1, :2]),
    "multiplied at": lambda y: np.multiply.at(y, ([0, 0], [1, 1]), y[1, :2]),
    "the larger at": lambda y: np.maximum.at(y, ([0, 0], [1, 1]), y[1, :2]),
    "np.put": lambda y: np.put(y, [0, 3, 3], [1.0, 2, y[1, 1]]),
    "np.place": lambda y: np.place(y, np.eye(3, 4, dtype=bool), [1.0, y[0, 1]]),
    "np.putmask": lambda y: np.putmask(y, np.eye(3, 4, dtype=bool), y * 2),
    "np.copyto": lambda y: np.copyto(y, y[0], where=[True, False, True, False]),
    "put_along_axis": lambda y: np.put_along_axis(y, np.array([[1], [0], [3]]), y[:, :1], 1),
    "an output": lambda y: np.exp(y[0], out=y[1]),
    "an output of a sum": lambda y: np.sum(y, axis=0, out=y[0]),
    "an output at some entries": lambda y: np.log(y, out=y, where=y > 0),
    "fill": lambda y: y[0].fill(y[1, 1]),
    "sort": lambda y: y[1].sort(),
    "nothing": lambda y: y[1:1].__iadd__(1.0),
}


@pytest.mark.parametrize("what", WRITES)
def test_writes_are_read(what: str) -> None:
    replayed(of_function(writes(WRITES[what]), X))


@pytest.mark.parametrize("seed", range(12))
def test_a_chain_of_writes_and_views_is_read(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chain = [list(WRITES.values())[k] for k in rng.integers(0, len(WRITES), 6)]
    replayed(of_function(writes(*chain), X))


def buffers(x: Any) -> Any:
    """Constants that are views of one another and overlap, before and after what depends on x is written into them."""
    line = np.arange(1.0, 5.0)
    line[1:] = line[:-1]
    part = x[0, :2] * line[2:]
    table, flat = np.zeros((4, 3)), np.zeros(12)
    table.T[...] = x * line
    flat.reshape(3, 4)[1] = x[0]
    first, second = np.split(flat, 2)
    second[:2] = first[4:]
    return np.concatenate([table.ravel(), flat, line, part])


def of_constants(x: Any) -> Any:
    """What is asked of constants alone, by functions that have no reading and by Python."""
    table = np.zeros((3, 3))
    table[:] = np.array([1.0, 2.0, 4.0])
    table[1, 2] = 7.0
    row = table[:2, 1:]
    eigenvalues = np.linalg.eigvalsh(table + table.T)
    return x[:, :3] @ table * float(table[1, 2]) + int(row[1, 1]) + np.linalg.svd(row)[1][0] + eigenvalues[0]


@pytest.mark.parametrize("function", [buffers, of_constants])
def test_buffers_that_hold_constants_are_memory_like_others(function: Callable[..., Any]) -> None:
    replayed(of_function(function, X))


def test_a_number_is_bound_anew_where_an_array_is_written_into() -> None:
    def function(x: Any) -> Any:
        first, row, total = x[0, 0], x[1], x.sum()
        kept = total
        first += 1
        row += 1
        total *= 2
        scalar = np.array(x[2, 2])
        alias = scalar
        alias += 5
        return np.stack([first, kept, total, scalar]) * x

    replayed(of_function(function, X))
    traced = replayed(of_function(lambda x: (lambda y, s: (y.__setitem__(0, 9.0), s)[1])(x, x[0]) * 1, X))
    assert floats.values(traced.program, traced.outputs, {})[0].tolist() == [9.0] * 4, "a row is a view"


@pytest.mark.parametrize("count", [16, 64])
def test_a_loop_over_entries_is_linear_in_them(count: int) -> None:
    def forward(x: Any, w: Any) -> Any:
        out = np.zeros(len(x))
        for i in range(len(x)):
            out[i] = x[i] * w + (out[i - 1] if i else 0)
        return out

    def backward(x: Any, w: Any, g: Any) -> Any:
        d, dw, total = np.zeros_like(x), 0.0, 0.0
        for i in reversed(range(len(x))):
            total += g[i]
            d[i] += total * w
            dw += total * x[i]
        return d, dw

    traced = replayed(numpy_code(forward, backward, {"x": RNG.normal(size=count), "w": 2.0}))
    assert len(traced.program.nodes) <= 16 * count
    assert sum(node.size for node in traced.program.nodes) <= 24 * count


@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (2, 0)])
def test_arrays_of_no_axes_and_of_no_entries(shape: tuple[int, ...]) -> None:
    def forward(x: Any) -> Any:
        empty = x[:0] if np.ndim(x) else np.reshape(x, 1)[:0]
        return np.exp(x).sum() + empty.sum() + np.concatenate([empty, empty]).prod() + np.ascontiguousarray(x).ndim

    replayed(numpy_code(forward, lambda x, g: np.exp(x) * g, {"x": RNG.normal(size=shape)}))


def of_tanh(backward: Callable[..., Any]) -> Any:
    return numpy_code(lambda x: np.tanh(x), backward, {"x": X})


# -------------------------------------------------------------------------------------------------------------- layouts


def with_strides_of_x(x: Any, out: Any, g: Any) -> Any:
    return np.lib.stride_tricks.as_strided(g, x.shape, x.strides) * (1 - out * out)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_upstream_gradient_lies_in_memory_as_named(layout: str) -> None:
    def backward(out: Any, g: Any) -> Any:
        return g * (1 - out * out) + 0 * g.T.reshape(g.shape) * len(g.strides)

    traced = replayed(of_tanh(backward), layout)
    assert traced.weights[0].shape == X.shape


def test_a_rule_that_reads_the_gradient_by_other_strides_is_another_function_when_it_is_transposed() -> None:
    code = of_tanh(with_strides_of_x)
    at = shifted(code.trace(Point(code.inputs)), 0.0)
    found = {layout: replayed(code, layout) for layout in ("contiguous", "transposed", "sliced")}
    values = {k: floats.values(t.program, [t.gradients["x"]], at)[0] for k, t in found.items()}
    right = at["g0"] * (1 - np.tanh(X) ** 2)
    assert np.allclose(values["contiguous"], right)
    assert not np.allclose(values["transposed"], right)
    assert not np.allclose(values["sliced"], right)
    with pytest.raises(Unread, match="beyond the memory"):
        code.trace(Point(code.inputs, 0, "expanded"))


def test_of_an_expanded_gradient_only_its_first_entries_are_read() -> None:
    traced = replayed(of_tanh(lambda out, g: g * (1 - out * out)), "expanded")
    assert np.all(np.ptp(traced.program.leaves["g0"].value, axis=0) == 0)
    other = shifted(traced, 0.0)
    other["g0"][1:] = 99.0
    was, now = (floats.values(traced.program, [traced.gradients["x"], traced.weights[0]], at) for at in ({}, other))
    assert all(map(np.array_equal, was, now))
