"""Functions of NumPy and SciPy on traced arrays: by replay on floats, or refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof.verify.arrays.traced import Point, Unread
from backproof.verify.subjects.tensors.numpy.arrays import wrapped
from backproof.verify.subjects.tensors.numpy.dispatch import NumpyReader
from tests.verify.subjects.tensors.numpy_replay import of_function, replayed

RNG = np.random.default_rng(3)
A, B = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 5))
CUBE = RNG.normal(size=(2, 3, 4))
PART, OTHER = RNG.uniform(0.2, 0.8, (3, 4)), RNG.uniform(0.2, 0.8, (3, 4))
SPD = (lambda m: m @ m.T + np.eye(4))(RNG.normal(size=(4, 4)))
INDEX = np.array([2, 0, 2, 1])
MASK = np.array([[True, False, True, False]] * 3)

Function = Callable[..., Any]


def names(text: str) -> list[str]:
    return text.split()


def each(*functions: Function) -> list[Any]:
    return [pytest.param(f, id=f"{k}") for k, f in enumerate(functions)]


@pytest.mark.parametrize(
    "name",
    names(
        """
        exp log sqrt square sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh expm1 log1p exp2 log2 log10
        cbrt reciprocal negative positive conjugate absolute fabs sign floor ceil rint trunc degrees radians deg2rad
        rad2deg sinc i0 nan_to_num isfinite isnan signbit fix round
        """
    ),
)
def test_a_function_of_one_array(name: str) -> None:
    replayed(of_function(lambda x: getattr(np, name)(x) * x, PART))
    replayed(of_function(lambda x: getattr(np, name)(3 * x - 1) * x, PART))


@pytest.mark.parametrize(
    "name",
    names(
        """
        add subtract multiply divide power float_power maximum minimum fmax fmin arctan2 hypot logaddexp logaddexp2
        floor_divide remainder mod fmod copysign heaviside less greater_equal not_equal logical_and
        """
    ),
)
def test_a_function_of_two_arrays(name: str) -> None:
    function = getattr(np, name)
    replayed(of_function(lambda x, y: function(x, y) * x, PART, OTHER))
    replayed(of_function(lambda x, y: function(x, y) * x, PART, OTHER[0]))
    replayed(of_function(lambda x: function(x, 0.3) * x + function(2, x), PART))


@pytest.mark.parametrize(
    "name",
    names(
        """
        sum mean var std max min prod ptp median cumsum cumprod average
        nansum nanmean nanvar nanstd nanprod nanmax nanmin nanmedian
        """
    ),
)
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_a_reduction(name: str, axis: int | None) -> None:
    replayed(of_function(lambda x: getattr(np, name)(x, axis=axis), CUBE))


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "prod", "max", "min"])
def test_a_reduction_with_options(name: str) -> None:
    start = {"initial": -9.0} if name == "max" else {"initial": 9.0} if name == "min" else {}
    replayed(of_function(lambda x: getattr(x, name)(axis=(0, 2), keepdims=True), CUBE))
    replayed(of_function(lambda x: getattr(np, name)(x, axis=1, where=x > -0.5, **start), A))
    if name in ("var", "std"):
        replayed(of_function(lambda x: getattr(x, name)(axis=0, ddof=1), A))
        replayed(of_function(lambda x: getattr(np, name)(x, axis=0, mean=x.mean(0, keepdims=True)), A))
    if name != "prod":
        replayed(of_function(lambda x: getattr(np, name)([x[0], x[1]], axis=0), A))


REDUCED = each(
    lambda x: np.add.reduce(x, axis=1),
    lambda x: np.multiply.reduce(x),
    lambda x: np.logaddexp.reduce(x, axis=1),
    lambda x: np.maximum.accumulate(x, axis=1),
    lambda x: np.add.accumulate(x, axis=0),
    lambda x: np.add.reduceat(x[0], [0, 2, 1]),
    lambda x: np.subtract.outer(x[0], x[1]),
    lambda x: np.sum(x, axis=1, initial=x[0, 0]),
    lambda x: np.nanmean(np.where(x < x.max(), x, np.nan), axis=0),
    lambda x: np.diff(x, axis=1),
    lambda x: np.gradient(x)[0],
    lambda x: np.trapezoid(x, dx=0.5),
    lambda x: np.cov(x),
    lambda x: np.trace(x) + x.trace(1),
    lambda x: max(x[0]) + min(x[1]) + sum(x[2]) + abs(x[0, 0]),
)


@pytest.mark.parametrize("function", REDUCED)
def test_another_reduction(function: Function) -> None:
    replayed(of_function(function, A))


CHOSEN = each(
    lambda x: x[np.arange(3), np.argmax(x, 1)] + x.min(1),
    lambda x: np.take_along_axis(x, np.argsort(x, 1), 1),
    lambda x: np.sort(x, axis=0),
    lambda x: np.sort(x, axis=None)[::-1],
    lambda x: np.partition(x, 2, axis=1),
    lambda x: np.take_along_axis(x, np.argpartition(x, 1, axis=0), 0),
    lambda x: np.quantile(x, 0.3, axis=0),
    lambda x: np.percentile(x, [25, 60], axis=1),
    lambda x: np.unique(np.concatenate([x, x])),
    lambda x: x * np.searchsorted([-1.0, 0, 1], x),
    lambda x: x * np.digitize(x, [1.0, 0, -1]),
    lambda x: np.interp(x, [-1.0, 0, 1], [1.0, 4, 9]),
    lambda x: np.interp([-5.0, -0.2, 0.3, 9], np.sort(x[0]), x[1]),
    lambda x: np.clip(x, -0.5, 0.5) + x.clip(min=0) + np.clip(x, None, x.mean()),
    lambda x: np.where(x > 0, x, -np.inf).max(axis=1),
    lambda x: np.exp(np.where(MASK, x, -np.inf) - np.where(MASK, x, -np.inf).max(1, keepdims=True)),
    lambda x: np.where(x.sum() > 0, x, 2 * x) + np.where(x, 1.0, 0.0),
    lambda x: np.select([x > 1, x > 0], [x, x * x], -x),
    lambda x: np.piecewise(x, [x > 0], [lambda v: v * v, lambda v: -v]),
    lambda x: np.choose(INDEX, [x[0], x[1], x[2]]),
    lambda x: x[x > 0],
    lambda x: np.compress([1, 0, 1], x, axis=0),
    lambda x: np.extract(x > 0, x),
    lambda x: x * (3 * x).astype(int) + x * x.astype(bool) + x * np.asarray(x, dtype=bool),
    lambda x: x * np.isclose(x, x[0]) + x * np.count_nonzero(x > 0) * np.any(x > 2),
    lambda x: x if np.allclose(x, x) and x.sum() < 0 else 2 * x,
    lambda x: np.vectorize(lambda v: v * v if v > 0 else -v)(x),
    lambda x: sum(divmod(x, 0.3)) + np.modf(3 * x)[0],
    lambda x: np.arctan2(x, np.roll(x, 1)) + np.arctan2(x, -1.0),
    lambda x: np.add(x[0], x[1], x[2].copy()),
    lambda x: abs(x) ** 1.5 + x**3 + x**-2 + 2.0**x + x ** np.arange(4) + abs(x) ** x,
)


@pytest.mark.parametrize("function", CHOSEN)
def test_a_choice(function: Function) -> None:
    assert replayed(of_function(function, A)).program.nodes


MOVED = each(
    lambda x: np.concatenate([x, x * 2, np.ones((1, 4))]),
    lambda x: np.stack([x, x * 2], -1),
    lambda x: np.vstack([x, x[0]]) + np.hstack([x, x])[0, :4],
    lambda x: np.dstack([x, x]),
    lambda x: np.column_stack([x[:, 0], x[:, 1]]),
    lambda x: np.block([[x, x], [x, np.zeros((3, 4))]]),
    lambda x: np.tile(x, (2, 1)),
    lambda x: np.repeat(x, [1, 0, 2], 0),
    lambda x: np.roll(x, (1, 2), (0, 1)),
    lambda x: np.flip(x) + np.fliplr(x) * np.flipud(x),
    lambda x: np.rot90(x),
    lambda x: np.resize(x, (5, 3)),
    lambda x: x.take([1, 1, 0], axis=1),
    lambda x: np.delete(x, 1, 0),
    lambda x: np.tril(x) @ np.triu(x).T,
    lambda x: np.diag(x[0]) + np.diag(x, 1)[0] + np.diagflat(x[1]),
    lambda x: x.diagonal() * np.diagonal(x, 1),
    lambda x: x.reshape(2, -1) + x.reshape((2, 6), order="F"),
    lambda x: x[::-1].T.reshape(3, 4, order="A") + x[:, ::-1].T.reshape(3, 4, order="A"),
    lambda x: x.T.reshape(3, 4, order="A") * x[:, ::2].T.ravel("K")[0] * x[::2].T.ravel("K")[:4],
    lambda x: x.T.ravel("K") * np.arange(12) + x.ravel("F"),
    lambda x: x.transpose(1, 0) + np.moveaxis(x, 0, 1) + x.swapaxes(0, 1) + np.rollaxis(x, 1),
    lambda x: np.expand_dims(x, 1).squeeze(1),
    lambda x: x[:, None] * x[None],
    lambda x: np.broadcast_to(x[0], (3, 4)) * np.broadcast_arrays(x, x[0])[1],
    lambda x: np.split(x, 2, 1)[1] * np.array_split(x, 2, 1)[0],
    lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)).sum(axis=(2, 3)),
    lambda x: np.lib.stride_tricks.as_strided(x, (3, 2), (32, 16)),
    lambda x: np.pad(x, 1),
    lambda x: np.pad(np.flip(x), 1) + np.pad(np.tril(x[::-1]), 1),
    lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=3.5),
    lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=x[0, 0]),
    lambda x: np.pad(x, 2, mode="edge") + np.pad(x, 2, "reflect") + np.pad(x, 2, "wrap"),
    lambda x: np.insert(x, 1, x[0, 0], axis=1),
    lambda x: np.append(x, x[0]),
    lambda x: x[[0, 2, 0], [1, 3, 1]] * x[INDEX, INDEX][::2].sum(),
    lambda x: x[..., -1] + x[:, INDEX].sum(-1),
    lambda x: x[::-1, ::-2],
    lambda x: x[np.ix_([0, 2], [1, 3])],
    lambda x: x[1:1].sum() + x[:, :0].prod() + np.concatenate([x[:0], x]),
    lambda x: np.meshgrid(x[0], x[1])[0],
    lambda x: np.atleast_2d(x[0]) @ x.T,
    lambda x: np.r_[x[0], 1.0, x[1]],
    lambda x: np.c_[x[0], x[1]],
    lambda x: np.array([[x[0, 0], 1.0], [2, x[1, 1]]]),
    lambda x: np.array(x.tolist()) + np.ascontiguousarray(x.T).T + np.asarray(x, dtype=np.float64),
    lambda x: x.copy() + x.flatten().reshape(x.shape) + x.real + x.imag + x.conj(),
    lambda x: np.full((2, 2), x[0, 0]) + np.full_like(x, x[0, 0])[:2, :2] + np.zeros_like(x)[:2, :2],
    lambda x: np.linspace(x[0], x[1], 5),
    lambda x: np.bincount(INDEX, x[0], 5),
    lambda x: np.apply_along_axis(lambda v: v * v.sum(), 1, x),
    lambda x: sum(v * i[0] for i, v in np.ndenumerate(x)),
)


@pytest.mark.parametrize("function", MOVED)
def test_entries_are_moved(function: Function) -> None:
    replayed(of_function(function, A))


def contraction(text: str) -> Function:
    return lambda a, b: np.einsum(text, a, b)


PRODUCTS = each(
    *map(contraction, ("ij,jk->ik", "ij,jk", "ij,jk->", "ij,jk->kij", "...ij,jk->...ik", "ij,kl->ik", "ij,jk->j")),
    lambda a, b: np.einsum("ba", a),
    lambda a, b: np.einsum("ij->", a),
    lambda a, b: np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij,ij->i", a, a, a),
    lambda a, b: np.einsum("ij,ik->ijk", a, a),
    lambda a, b: np.einsum("ii->i", a[:, :3]) * np.einsum("ii", a[:, :3]),
    lambda a, b: np.einsum("iij,jk->ik", np.stack([a[:, :3]] * 4, 2), b),
    lambda a, b: np.einsum("ij,jk,lk->il", a, b, b, optimize=True),
    lambda a, b: np.einsum("i...->...i", a),
    lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]).T * np.einsum(a, [0, 1], b, [1, 2]),
    lambda a, b: a @ b + a.dot(b) + np.eye(3, dtype=int) @ a @ b,
    lambda a, b: a[0] @ b + a[0] @ b[:, 0] + (a @ b[:, 0]).sum(),
    lambda a, b: np.matmul(np.stack([a, a]), b),
    lambda a, b: np.tensordot(a, b, 1) + np.tensordot(a, a, ([0, 1], [0, 1])),
    lambda a, b: np.tensordot(a, b, 0),
    lambda a, b: np.dot(np.stack([a, 2 * a]), np.stack([b, b, b])),
    lambda a, b: np.outer(a, b) + np.multiply.outer(a, b).reshape(12, 20),
    lambda a, b: np.inner(a, b.T) * np.vdot(a, a),
    lambda a, b: np.kron(a, b),
    lambda a, b: np.cross(a[:, :3], b[:3, :3]),
    lambda a, b: np.linalg.multi_dot([a, b, b.T]),
    lambda a, b: np.vecdot(a, a) + np.linalg.vecdot(a, a),
    *(lambda a, b, m=mode: np.convolve(a[0], b[0], m) for mode in ("full", "same", "valid")),
    *(lambda a, b, m=mode: np.correlate(a[0], b[0], m) for mode in ("full", "same", "valid")),
)


@pytest.mark.parametrize("function", PRODUCTS)
def test_a_product(function: Function) -> None:
    replayed(of_function(function, A, B))


MATRICES = each(
    np.linalg.inv,
    np.linalg.det,
    lambda s: np.linalg.solve(s, s[:, :2] + 1),
    lambda s: np.linalg.solve(s, s[0]),
    lambda s: np.linalg.slogdet(s)[1] + np.linalg.slogdet(-s[:3, :3]).logabsdet,
    lambda s: np.linalg.cholesky(s + s.T),
    lambda s: np.linalg.cholesky(np.stack([s + s.T, 3 * (s + s.T)])),
    lambda s: np.linalg.cholesky(s + s.T, upper=True),
    lambda s: np.linalg.norm(s) + np.linalg.norm(s, "fro") + np.linalg.norm(s[0]) + np.linalg.norm(s, 1),
    lambda s: np.linalg.norm(s, 1, axis=1) + np.linalg.norm(s, 3, axis=0) + np.linalg.norm(s, -np.inf, axis=0),
    lambda s: np.linalg.norm(s, axis=1, keepdims=True) + np.linalg.norm(s, np.inf),
    lambda s: np.linalg.matrix_power(s, 3) + np.linalg.matrix_power(s, -2) + np.linalg.matrix_power(s, 0),
)


@pytest.mark.parametrize("function", MATRICES)
def test_a_function_of_a_matrix(function: Function) -> None:
    replayed(of_function(lambda s: function(s), SPD))


def test_functions_of_the_standard_library_take_entries_of_traced_arrays() -> None:
    def several(x: Any) -> Any:
        found = math.exp(x[0, 0]) + math.sqrt(abs(x[0, 1])) + math.tanh(x[0, 2]) + math.log(abs(x[1, 0]), 2)
        found += math.pow(abs(x[1, 1]), 2) + math.fsum(x[0]) + math.hypot(x[0, 0], x[0, 1]) + math.atan2(x[0, 0], -1)
        return found + math.gamma(abs(x[0, 0]) + 1) + math.erf(x[0, 1]) + math.lgamma(2 + abs(x[1, 1])) + math.pi

    replayed(of_function(several, A))


REFUSED = {
    "item": lambda x: x * x[0, 0].item(),
    "float": lambda x: x * float(x[0, 0]),
    "int": lambda x: x * int(9 * x[0, 0]),
    "array of int64 would make constants": lambda x: x * np.asarray(x, dtype=int),
    "numpy.linalg.eigvalsh": lambda x: np.linalg.eigvalsh(x.T @ x),
    "numpy.linalg.svd": lambda x: np.linalg.svd(x)[1],
    "numpy.linalg.cholesky of more than 16": lambda x: np.linalg.cholesky(np.eye(17) + x[0, 0] ** 2),
    "numpy.linalg.norm with ord=2": lambda x: np.linalg.norm(x, 2),
    "numpy.fft.fft": lambda x: np.fft.fft(x).real,
    "complex128": lambda x: (x * 1j).real,
    "as another type": lambda x: x * x.view(np.int64),
    "math.floor": lambda x: x * math.floor(x[0, 0]),
    "numpy.ndarray.tobytes": lambda x: x * len(x.tobytes()),
    "array of object would make constants": lambda x: np.array([x[0, 0], None], dtype=object)[0] * x,
    "hash": lambda x: x * {x[0, 0]: 2}.get(x[0, 0], 1),
    "numpy.nextafter": lambda x: np.nextafter(x, 1),
    "mode='mean'": lambda x: np.pad(x, 1, "mean"),
    "to places that are traced floats": lambda x: np.compress(x[:, 0], x, axis=0),
    "leaves entries without a value": lambda x: np.log(x, out=None, where=x > 0),
    "numpy.add with signature": lambda x: np.add(x, 1, signature="dd->d"),
    "numpy.sum of traced floats as int64": lambda x: np.sum(x, dtype=np.int64) * x,
    "numpy.hypot.reduce": lambda x: np.hypot.reduce(x),
    "numpy.unique with return_counts": lambda x: np.unique(x, return_counts=True)[0],
    "by the linear method": lambda x: np.quantile(x, 0.3, method="lower"),
    "ord='nuc'": lambda x: np.linalg.norm(x, "nuc"),
    "with a period": lambda x: np.interp(x, [0.0, 1.0], [1.0, 2.0], period=3.0),
    "where numbers are missing": lambda x: np.nanmedian(np.where(x > 0, x, np.nan)),
    "directions as text": lambda x: np.r_["0,2", x[0], x[1]],
    "round": lambda x: x * round(x[0, 0]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_reading_is_refused_by_name_and_line(what: str) -> None:
    with pytest.raises(Unread, match=r"test_numpy_functions\.py:\d+\)$") as caught:
        of_function(REFUSED[what], A).trace(Point({"x": A}))
    assert what in str(caught.value)


def test_numpys_own_code_is_held_to_its_results_on_floats() -> None:
    class Function:
        """A function of NumPy whose code is another one than it runs."""

        __name__, __module__ = "twice", "numpy"
        _implementation = staticmethod(lambda x, factor: x * factor * 2)

        def __call__(self, x: Any, factor: float) -> Any:
            return x * 2 if factor == 1 else x

    reader = NumpyReader()
    x = wrapped(reader.tape, A, reader.tape.program.leaf("x", A))
    reading = reader.modules.own_code(Function())
    assert reading is not None
    assert np.array_equal(reading(x, 1).value, 2 * A)
    with pytest.raises(Unread, match=r"no reading of numpy\.twice: its code has another result"):
        reading(x, 3)


def test_a_partition_is_held_to_that_of_the_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    code = of_function(lambda x: np.partition(x, 2, axis=None), np.arange(12.0)[::-1].copy())
    replayed(code)
    monkeypatch.setattr(np, "argpartition", lambda x, kth, axis, kind: np.arange(12))
    with pytest.raises(Unread, match="not that of argpartition"):
        code.trace(Point(code.inputs))
