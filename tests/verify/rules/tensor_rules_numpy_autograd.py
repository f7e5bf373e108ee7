"""Operations of small automatic differentiators in NumPy, right and wrong."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tests.verify.rules.tensor_rule import Beyond, TensorRule, drawn


def unbroadcast(g, shape):
    """The sum over the axes that broadcasting added or stretched."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def multiply(x, w):
    return x * w


def multiply_backward(x, w, g):
    return unbroadcast(g * w, x.shape), unbroadcast(g * x, w.shape)


def multiply_backward_last(x, w, g):
    """Summed over the last axis, which fits a square."""
    return g * w, (g * x).sum(axis=-1)


def multiply_backward_mean(x, w, g):
    return g * w, (g * x).mean(axis=0)


def matmul(a, b):
    return a @ b


def matmul_backward(a, b, g):
    return unbroadcast(g @ np.swapaxes(b, -1, -2), a.shape), unbroadcast(np.swapaxes(a, -1, -2) @ g, b.shape)


def matmul_backward_last(a, b, g):
    """Of the batch, the last sample's."""
    return g @ b.T, (np.swapaxes(a, -1, -2) @ g)[-1]


def summation(x):
    return x.sum(axis=(0, 2))


def summation_backward(x, g):
    return np.broadcast_to(np.expand_dims(g, (0, 2)), x.shape)


def summation_backward_other_axes(x, g):
    return np.broadcast_to(g, x.shape)


def summation_backward_mean(x, g):
    return np.broadcast_to(g[None, :, None], x.shape) / x.shape[0]


def permuted(x):
    return np.transpose(x, (2, 0, 1))


def permuted_backward(g):
    return np.transpose(g, np.argsort((2, 0, 1)))


def permuted_backward_again(g):
    return np.transpose(g, (2, 0, 1))


def logsumexp(x):
    top = x.max(axis=(1, 2), keepdims=True)
    return np.log(np.exp(x - top).sum(axis=(1, 2))) + top.reshape(-1)


def logsumexp_backward(x, out, g):
    return g[:, None, None] * np.exp(x - out[:, None, None])


def logsumexp_backward_unnormalised(x, g):
    return g[:, None, None] * np.exp(x - x.max(axis=(1, 2), keepdims=True))


def concatenated(a, b, c):
    return np.concatenate([a, b, c], axis=1)


def concatenated_backward(a, b, c, g):
    ends = np.cumsum([part.shape[1] for part in (a, b)])
    return tuple(np.split(g, ends, axis=1))


def concatenated_backward_swapped(a, b, c, g):
    da, db, dc = concatenated_backward(a, b, c, g)
    return da, dc, db


def dilated(x):
    out = np.zeros((x.shape[0], 2 * x.shape[1]))
    out[:, ::2] = x
    return out


def dilated_backward(g):
    return g[:, ::2]


def dilated_backward_one_off(g):
    return g[:, 1::2]


def convolved(x, w):
    """One channel, by a view of all windows."""
    k = w.shape[0]
    windows = as_strided(x, (x.shape[0] - k + 1, k), x.strides * 2)
    return windows @ w


def convolved_backward(x, w, g):
    k = w.shape[0]
    windows = as_strided(x, (len(g), k), x.strides * 2)
    return np.convolve(g, w, mode="full"), windows.T @ g


def convolved_backward_correlated(x, w, g):
    _, dw = convolved_backward(x, w, g)
    return np.convolve(g, w[::-1], mode="full"), dw


def tanh(x):
    return np.tanh(x)


def tanh_backward(out, g):
    return g * (1 - out**2)


def tanh_backward_strides(x, out, g):
    """Reads g as if it lay in memory as x does."""
    return as_strided(g, x.shape, x.strides) * (1 - out**2)


def tanh_backward_in_place(out, g):
    g *= 1 - out**2
    return g


RULES = [
    TensorRule(
        id="np-multiply-broadcast",
        framework="numpy",
        reference="minitorch/minitorch minitorch/tensor_functions.py (Mul), its #1; pytorch/pytorch#1787",
        what="x·w with w for each column",
        right=(multiply, multiply_backward),
        wrong={
            "summed over the other axis, which fits a square": (multiply, multiply_backward_last),
            "averaged over the broadcast axis": (multiply, multiply_backward_mean),
        },
        inputs=drawn(x=(3, 3), w=(3,)),
    ),
    TensorRule(
        id="np-matmul-batch",
        framework="numpy",
        reference="dlsyscourse/hw1 python/needle/ops/ops_mathematic.py (MatMul)",
        what="a batch of matrices times one",
        right=(matmul, matmul_backward),
        wrong={"the last sample's gradient for their sum": (matmul, matmul_backward_last)},
        inputs=drawn(a=(2, 3, 4), b=(4, 2)),
    ),
    TensorRule(
        id="np-summation",
        framework="numpy",
        reference="dlsyscourse/hw1 python/needle/ops/ops_mathematic.py (Summation); harvard-edge/cs249r_book#1867",
        what="the sum over two of three axes",
        right=(summation, summation_backward),
        wrong={
            "laid along another axis, which fits": (summation, summation_backward_other_axes),
            "a mean over one of them": (summation, summation_backward_mean),
        },
        inputs=drawn(x=(2, 3, 3)),
    ),
    TensorRule(
        id="np-permute",
        framework="numpy",
        reference="minitorch/minitorch minitorch/tensor_functions.py (Permute)",
        what="axes in another order, which is not its own inverse",
        right=(permuted, permuted_backward),
        wrong={"the order for its inverse": (permuted, permuted_backward_again)},
        inputs=drawn(x=(3, 3, 3)),
    ),
    TensorRule(
        id="np-logsumexp",
        framework="numpy",
        reference="dlsyscourse/hw2, question on LogSumExp",
        what="log Σ eˣ over two axes",
        right=(logsumexp, logsumexp_backward),
        wrong={"not divided by the sum": (logsumexp, logsumexp_backward_unnormalised)},
        inputs=drawn(x=(2, 3, 2)),
    ),
    TensorRule(
        id="np-concatenate",
        framework="numpy",
        reference="dlsyscourse/hw4 python/needle/ops/ops_mathematic.py (Stack, Split)",
        what="three arrays side by side",
        right=(concatenated, concatenated_backward),
        wrong={"two of equal shape swapped": (concatenated, concatenated_backward_swapped)},
        inputs=drawn(a=(2, 1), b=(2, 3), c=(2, 3)),
    ),
    TensorRule(
        id="np-dilate",
        framework="numpy",
        reference="dlsyscourse/hw4 python/needle/ops/ops_mathematic.py (Dilate, UnDilate)",
        what="a zero after each entry",
        right=(dilated, dilated_backward),
        wrong={"the zeros' gradients": (dilated, dilated_backward_one_off)},
        inputs=drawn(x=(2, 4)),
    ),
    TensorRule(
        id="np-convolve",
        framework="numpy",
        reference="dlsyscourse/hw4 (Conv, by as_strided); llvm/torch-mlir#4437",
        what="a convolution by overlapping windows",
        right=(convolved, convolved_backward),
        wrong={"the kernel is flipped once too often": (convolved, convolved_backward_correlated)},
        inputs=drawn(x=(7,), w=(3,)),
    ),
    TensorRule(
        id="np-tanh",
        framework="numpy",
        reference="Dao-AILab/flash-attention#355, fla-org/flash-linear-attention#871, pytorch/pytorch#194719 (strides)",
        what="tanh of an array of two axes",
        right=(tanh, tanh_backward),
        wrong={
            "g is read with the strides of x": (tanh, tanh_backward_strides),
            "overwrites the upstream gradient": (tanh, tanh_backward_in_place),
        },
        beyond={
            "g is read with the strides of x": Beyond("g is contiguous there", layout="transposed"),
            "overwrites the upstream gradient": Beyond("one pass is right", writes=True),
        },
        inputs=drawn(x=(3, 4)),
    ),
]
