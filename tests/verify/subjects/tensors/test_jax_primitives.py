"""The primitives of JAX as nodes: each program on floats is the real function, at its point and beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'backproof[jax]'")

import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402
from jax.scipy import linalg, special, stats  # noqa: E402

from backproof.verify.subjects.tensors.jax_code import jax_code  # noqa: E402
from tests.verify.subjects.tensors.jax_replay import replayed  # noqa: E402

pytestmark = pytest.mark.optional

rng = np.random.default_rng(5)
x = rng.standard_normal((3, 4))
y = rng.standard_normal((3, 4))
positive = rng.uniform(0.5, 2, (3, 4))
other = rng.uniform(0.5, 2, (4,))
inside = rng.uniform(0.1, 0.9, (3, 4))
square = rng.standard_normal((4, 4))
definite = square @ square.T + 4 * np.eye(4)
images = rng.standard_normal((2, 4, 5, 6))
pairs = np.array([0, 0, 1])


def check(function: Any, *inputs: Any) -> None:
    replayed(jax_code(function, inputs))


# ---------------------------------------------------------------------------------------------------- entry by entry

ANYWHERE = (
    "sin cos sinh cosh tanh arcsinh arctan exp expm1 exp2 square cbrt sinc abs sign floor ceil round trunc negative"
)
ABOVE = "log log2 log10 log1p sqrt reciprocal"
WITHIN = "arcsin arccos arctanh tan"
ACTIVATIONS = (
    "relu relu6 sigmoid softplus soft_sign silu mish log_sigmoid leaky_relu hard_sigmoid hard_silu hard_tanh elu celu"
    " selu gelu glu squareplus sparse_plus sparse_sigmoid softmax log_softmax logsumexp standardize"
)
SPECIAL = "gammaln digamma entr expit erf erfc ndtr log_ndtr i0 i0e i1 i1e"


ONE = {
    "anywhere": (jnp, ANYWHERE, x),
    "above 0": (jnp, ABOVE, positive),
    "between 0 and 1": (jnp, WITHIN, inside),
    "activations": (jax.nn, ACTIVATIONS, x),
    "special functions": (special, SPECIAL, positive),
    "those of probabilities": (special, "logit ndtri erfinv", inside),
}


@pytest.mark.parametrize("group", ONE)
def test_functions_of_one_array_are_read(group: str) -> None:
    home, names, at = ONE[group]
    check(lambda a: [getattr(home, name)(a) for name in names.split()], at)


TWO = (
    "add subtract multiply divide maximum minimum arctan2 hypot logaddexp logaddexp2 fmod remainder copysign power"
    " float_power fmax heaviside"
)


def test_functions_of_two_arrays_are_read() -> None:
    check(lambda a, b: [getattr(jnp, name)(a, b) for name in TWO.split()], positive, other)


ENTRYWISE = {
    "an angle in every quadrant": (jnp.arctan2, x, y),
    "the error function in GELU": (lambda a: jax.nn.gelu(a, approximate=False), x),
    "whole powers": (lambda a: a**3 + a**-2, x),
    "exponents in an array, of numbers below 0": (lambda a: a ** jnp.arange(4.0), x),
    "a product with a logarithm": (special.xlogy, positive, positive[:1]),
    "a beta function": (special.betaln, positive, other),
    "a polygamma": (lambda a: special.polygamma(1, a), positive),
    "incomplete gamma functions": (lambda a: [special.gammainc(2.0, a), special.gammaincc(1.5, a)], positive[0]),
    "an incomplete beta function": (lambda a: special.betainc(2.0, 3.0, a), inside[0]),
    "a remainder of numbers below 0": (lambda a: a % 0.3, x),
    "bounds": (lambda a: lax.clamp(-0.5, a, 0.5), x),
    "bounds that are arrays": (lambda a, b: jnp.clip(a, -b, b), x, other),
    "the sign in its bit": (lambda a: jnp.where(jnp.signbit(a), -a, 2 * a), x),
    "a whole number": (lambda a: a * a.astype(int) + (a * 3).astype(bool), x),
    "a precision": (lambda a: lax.reduce_precision(a, 11, 52) * a, x),
    "a density": (stats.norm.logpdf, x, y, positive),
}


@pytest.mark.parametrize("name", ENTRYWISE)
def test_entry_by_entry(name: str) -> None:
    check(*ENTRYWISE[name])


# ------------------------------------------------------------------------------------------------- along some axes

SUMS = {
    **{f"{name} of all": getattr(jnp, name) for name in ("sum", "mean", "var", "max", "prod", "median")},
    **{
        f"{name} along an axis": lambda a, name=name: getattr(jnp, name)(a, axis=0)
        for name in ("sum", "std", "min", "prod", "nanmean", "cumsum", "cumprod", "ptp")
    },
    "a sum from behind": lambda a: lax.cumsum(a, axis=1, reverse=True),
    "a product from behind": lambda a: lax.cumprod(a, axis=0, reverse=True),
    "the largest so far": lambda a: lax.cummax(a, axis=1),
    "the smallest from behind": lambda a: lax.cummin(a, axis=0, reverse=True),
    "a logarithm of sums so far": lambda a: lax.cumlogsumexp(a, axis=1),
    "a weighted logarithm of a sum": lambda a: special.logsumexp(a, axis=1, b=other),
    "a running recurrence": lambda a: lax.associative_scan(lambda p, q: (p[0] * q[0], p[1] * q[0] + q[1]), (a, a)),
    "a norm": lambda a: jnp.linalg.norm(a, axis=1),
    "the largest absolute value": lambda a: jnp.linalg.norm(a, jnp.inf, axis=1),
    "a quantile": lambda a: jnp.quantile(a, 0.3, axis=1),
    "sorted": lambda a: jnp.sort(a, axis=0),
    "the three largest": lambda a: lax.top_k(a, 3)[0],
    "where the largest is": lambda a: a[jnp.arange(3), jnp.argmax(a, 1)],
}
ALONG = {
    "of one array": (lambda a: [function(a) for function in SUMS.values()], x),
    "the largest along two axes": (lambda a: jnp.max(a, axis=(0, 2), keepdims=True), images[0]),
    "sorted by another": (lax.sort_key_val, x, y),
    "sorted by two keys": (lambda a, b: lax.sort((jnp.round(a), b, a * b), num_keys=2, dimension=1), x, y),
    "in the order of another": (lambda a, b: jnp.take_along_axis(a, jnp.argsort(b, axis=1), axis=1), x, y),
}


@pytest.mark.parametrize("name", ALONG)
def test_along_axes(name: str) -> None:
    check(*ALONG[name])


# -------------------------------------------------------------------------------------------------- moving entries

MOVED = {
    "reshaped in Fortran's order": lambda a: a.reshape((2, 6), order="F"),
    "transposed": lambda a: a.T * 2,
    "reversed": lambda a: a[::-1, ::-1],
    "sliced": lambda a: a[1:, ::2],
    "by indices": lambda a: a[:, np.array([2, 0, 2])],
    "by pairs of indices": lambda a: a[np.array([0, 1]), np.array([3, 1])],
    "one entry": lambda a: a[-1, -2],
    "where a mask holds": lambda a: jnp.where(a > 0, a, 0.5),
    "masked with -inf": lambda a: jax.nn.softmax(jnp.where(np.tril(np.ones((3, 4), bool)), a, -jnp.inf)),
    "one of three": lambda a: lax.select_n(np.array([[0, 1, 2, 0]] * 3), a, a * 2, a * 3),
    "joined": lambda a: jnp.concatenate([a, a[:, :1], jnp.ones((3, 1))], 1),
    "stacked": lambda a: jnp.stack([a, a * 2], 1),
    "split": lambda a: jnp.split(a, [1, 3], 1),
    "tiled and repeated": lambda a: jnp.tile(jnp.repeat(a, 2, 1), (2, 1)),
    "rolled": lambda a: jnp.roll(a, 1, 1),
    "padded": lambda a: lax.pad(a, 0.5, ((-1, 2, 1), (1, -1, 2))),
    "padded by its edge": lambda a: jnp.pad(a, 1, mode="edge"),
    "a triangle": jnp.tril,
    "a diagonal": lambda a: jnp.diag(a[0]) @ jnp.diagonal(a[:, :3])[:1].repeat(4)[:, None],
    "differences": jnp.diff,
    "outside, filled in": lambda a: jnp.take(a, np.array([0, 9, 2]), axis=1, mode="fill", fill_value=0.5),
    "outside, moved inside": lambda a: jnp.take(a, np.array([0, 9, 2]), axis=1, mode="clip"),
    "outside, dropped": lambda a: jnp.zeros((2, 4)).at[np.array([0, 5, 1])].add(a),
    "written to rows": lambda a: a.at[1].set(0.0),
    "written twice": lambda a: jnp.zeros((3, 4)).at[pairs].set(a),
    "added twice": lambda a: jnp.zeros((3, 4)).at[pairs].add(a),
    "subtracted": lambda a: (a * a).at[pairs].subtract(a),
    "multiplied": lambda a: a.at[np.array([0, 2])].mul(a[:2] * 2, unique_indices=True),
    "the larger of those written": lambda a: (a * a).at[pairs].max(a),
    "the smaller of those written": lambda a: jnp.ones((3, 4)).at[pairs].min(a),
    "segments": lambda a: jax.ops.segment_max(a, np.array([0, 1, 0]), 2),
    "a slice at a place": lambda a: lax.dynamic_slice(a, (1, 9), (2, 2)),
    "a slice written": lambda a: lax.dynamic_update_slice(a, a[:1, :2] * 2, (2, -5)),
    "batches of indices": lambda a: jax.vmap(lambda row, k: row[k])(a, np.array([[1, 3], [0, 0], [2, 1]])),
    "batches of writes": lambda a: jax.vmap(lambda row, k: row.at[k].add(row[0]))(a, np.array([1, 0, 1])),
    "interpolated": lambda a: jnp.interp(np.array([0.1, 0.7]), np.array([0.0, 0.5, 1.0, 2.0]), a[0]),
    "interpolated at it": lambda a: jnp.interp(a[0], np.array([-1.0, 0.0, 1.0, 2.0]), a[1]),
    "random numbers with a key": lambda a: a * jax.random.normal(jax.random.key(3), a.shape),
    "dropped out": lambda a: jnp.where(jax.random.bernoulli(jax.random.PRNGKey(1), 0.5, a.shape), a / 0.5, 0.0),
}


def test_moved_entries() -> None:
    check(lambda a: [function(a) for function in MOVED.values()], x)


# ------------------------------------------------------------------------------------------- products and windows

PRODUCTS = {
    "a product of matrices": (jnp.matmul, x, rng.standard_normal((4, 2))),
    "batches of them": (lambda a, b: jnp.einsum("bij,bkj->bik", a, b), images[0], images[0] * 2),
    "a contraction of two axes": (lambda a, b: jnp.einsum("abc,cbd->da", a, b), images[0], images[0].T),
    "a trace": (lambda a: jnp.einsum("ii->", a), square),
    "a Kronecker product": (jnp.kron, x[:2, :2], x),
    "attention": (lambda q, k, v: jax.nn.softmax(q @ k.T / np.sqrt(8)) @ v, x, y, y * x),
    "a convolution of rows": (lambda a: jnp.convolve(a[0], a[1]), x),
}
KERNELS = {
    "a convolution": ((3, 4, 2, 3), {}),
    "with strides and holes": (
        (3, 4, 2, 2),
        {"window_strides": (2, 1), "padding": ((1, 2), (-1, 1)), "rhs_dilation": (1, 2)},
    ),
    "with groups": ((6, 2, 2, 3), {"feature_group_count": 2}),
    "of each feature": ((8, 1, 3, 3), {"feature_group_count": 4, "padding": "SAME", "window_strides": (2, 2)}),
    "with groups of the batch": ((6, 4, 2, 2), {"batch_group_count": 2}),
    "transposed": ((3, 4, 2, 2), {"lhs_dilation": (2, 3), "padding": ((1, 1), (0, 2))}),
}
POOLS = {
    "the largest": (lax.max, -np.inf, (1, 1, 2, 2), (1, 1, 2, 2), "VALID"),
    "the largest, overlapping and padded": (lax.max, -np.inf, (1, 1, 3, 3), (1, 1, 2, 2), "SAME"),
    "the smallest": (lax.min, np.inf, (1, 1, 2, 3), (1, 1, 1, 2), "VALID"),
    "the sum": (lax.add, 0.0, (1, 1, 3, 2), (1, 1, 1, 2), "SAME"),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name: str) -> None:
    check(*PRODUCTS[name])


@pytest.mark.parametrize("name", KERNELS)
def test_convolutions_and_their_transposes(name: str) -> None:
    shape, more = KERNELS[name]
    given = {"window_strides": (1, 1), "padding": "VALID", **more}
    check(lambda a, w: lax.conv_general_dilated(a, w, **given), images, rng.standard_normal(shape))


def test_a_convolution_of_other_axes() -> None:
    kernel = rng.standard_normal((2, 3, 6, 3))
    form = ("NHWC", "HWIO", "NHWC")
    check(lambda a, w: lax.conv_general_dilated(a, w, (1, 1), "SAME", dimension_numbers=form), images, kernel)


@pytest.mark.parametrize("name", POOLS)
def test_pools(name: str) -> None:
    function, start, *window = POOLS[name]
    check(lambda a: lax.reduce_window(a, start, function, *window), images)


def test_the_tangent_of_a_pool_is_that_of_the_winner() -> None:
    pool = lambda a: lax.reduce_window(a, -np.inf, lax.max, (2, 2), (1, 1), "VALID")  # noqa: E731
    check(lambda a: jax.jvp(pool, (a,), (a * a,))[1], x)


# ------------------------------------------------------------------------------------------------- linear algebra

MATRICES = {
    "an inverse": jnp.linalg.inv,
    "inverses": lambda a: jnp.linalg.inv(jnp.stack([a, a.T])),
    "a determinant": jnp.linalg.det,
    "its logarithm": lambda a: jnp.linalg.slogdet(a)[1],
    "a solution": lambda a: jnp.linalg.solve(a, a[:, :2] * a[:, 1:3]),
    "a root": jnp.linalg.cholesky,
    "the root of a lower triangle": lambda a: lax.linalg.cholesky(a, symmetrize_input=False),
    "a triangular system": lambda a: linalg.solve_triangular(a, jnp.ones(4), lower=True, trans=1, unit_diagonal=True),
    "another, from the right": lambda a: lax.linalg.triangular_solve(a, a[:2], left_side=False, lower=False),
    "the factors of elimination": lambda a: linalg.lu(a)[1:],
    "Q and R": jnp.linalg.qr,
    "Q and R of a tall matrix": lambda a: jnp.linalg.qr(a[:, :2]),
    "a power of e": lambda a: linalg.expm(a / 8),
}


@pytest.mark.parametrize("name", MATRICES)
def test_matrices(name: str) -> None:
    check(MATRICES[name], definite + square / 8)


def test_a_system_is_the_inverse_of_its_matrix_however_it_is_solved() -> None:
    def solution(a: Any, b: Any) -> Any:
        return jax.scipy.sparse.linalg.cg(lambda v: a @ (a.T @ v) + v, b, tol=1e-14)[0]

    traced = replayed(jax_code(solution, (square, other)))
    kinds = {node.kind for node in traced.program.below(traced.outputs)}
    assert "inverse" in kinds
    assert "power" not in kinds  # no step of the iteration
