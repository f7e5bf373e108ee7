"""Layers of NumPy as in course assignments, right and wrong: a forward returns a cache, the backward takes it."""

from __future__ import annotations

import numpy as np

from tests.verify.rules.tensor_rule import Beyond, TensorRule, between, drawn

# ----------------------------------------------------------------------------------------------- dense, normalised


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, _ = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def affine_backward_mean(dout, cache):
    dx, dw, _ = affine_backward(dout, cache)
    return dx, dw, dout.mean(axis=0)


def affine_backward_first(dout, cache):
    """The weight's gradient is that of the first sample, in a batch of one a right one."""
    x, *_ = cache
    dx, _, db = affine_backward(dout, cache)
    return dx, np.outer(x[0], dout[0]), db


def batchnorm_forward(x, gamma, beta, mode="train", eps=1e-5):
    if mode != "train":
        raise ValueError(f"unknown mode {mode}")
    mu = x.mean(axis=0)
    xc = x - mu
    var = (xc**2).mean(axis=0)
    std = np.sqrt(var + eps)
    xhat = xc / std
    return gamma * xhat + beta, {"xhat": xhat, "std": std, "xc": xc, "gamma": gamma}


def batchnorm_backward(dout, cache):
    xhat, std, xc, gamma = (cache[k] for k in ("xhat", "std", "xc", "gamma"))
    n = dout.shape[0]
    dxhat = dout * gamma
    dxc = dxhat / std
    dstd = -(dxhat * xc / std**2).sum(axis=0)
    dvar = 0.5 * dstd / std
    dxc += 2 / n * xc * dvar
    dmu = -dxc.sum(axis=0)
    return dxc + dmu / n, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_mean_lost(dout, cache):
    dx, dgamma, dbeta = batchnorm_backward(dout, cache)
    return dx + (dout * cache["gamma"] / cache["std"]).mean(axis=0), dgamma, dbeta


def batchnorm_backward_std(dout, cache):
    """1/2 in the derivative of the root lost."""
    xhat, std, gamma = cache["xhat"], cache["std"], cache["gamma"]
    d = dout * gamma
    dx = (d - d.mean(axis=0) - 2 * xhat * (d * xhat).mean(axis=0)) / std
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def layernorm_forward(x, gamma, beta):
    mu = x.mean(axis=1, keepdims=True)
    std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    xhat = (x - mu) / std
    return xhat * gamma + beta, (xhat, std, gamma)


def layernorm_gradients(dout, cache, n):
    xhat, std, gamma = cache
    d = dout * gamma
    dx = (n * d - d.sum(axis=1, keepdims=True) - xhat * (d * xhat).sum(axis=1, keepdims=True)) / (n * std)
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def layernorm_backward(dout, cache):
    return layernorm_gradients(dout, cache, dout.shape[1])


def layernorm_backward_rows(dout, cache):
    return layernorm_gradients(dout, cache, dout.shape[0])


def dropout_forward(x, noise, keep):
    mask = (noise < keep) / keep
    return x * mask, (mask, keep)


def dropout_backward(dout, cache):
    mask, _ = cache
    return dout * mask


def dropout_backward_unscaled(dout, cache):
    mask, keep = cache
    return dout * mask * keep


# ------------------------------------------------------------------------------------------------------ convolution


def conv_forward_naive(x, w, b, stride=2, pad=1):
    n, _, h, width = x.shape
    f, _, hh, ww = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows, columns = 1 + (h + 2 * pad - hh) // stride, 1 + (width + 2 * pad - ww) // stride
    out = np.zeros((n, f, rows, columns))
    for i in range(rows):
        for j in range(columns):
            window = padded[:, :, i * stride : i * stride + hh, j * stride : j * stride + ww]
            for k in range(f):
                out[:, k, i, j] = np.sum(window * w[k], axis=(1, 2, 3)) + b[k]
    return out, (x, w, stride, pad)


def conv_windows(dout, cache, step):
    """Gradients of the padded input and of the weight, window by window."""
    x, w, stride, pad = cache
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    hh, ww = w.shape[2:]
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            y, z = slice(i * stride, i * stride + hh), slice(j * stride, j * stride + ww)
            at = slice(i * step, i * step + hh), slice(j * step, j * step + ww)
            for k in range(w.shape[0]):
                g = dout[:, k, i, j][:, None, None, None]
                dw[k] += (padded[:, :, y, z] * g).sum(axis=0)
                dpadded[:, :, at[0], at[1]] += w[k] * g
    return dpadded, dw


def conv_backward_naive(dout, cache):
    dpadded, dw = conv_windows(dout, cache, cache[2])
    pad = cache[3]
    return dpadded[:, :, pad:-pad, pad:-pad], dw, dout.sum(axis=(0, 2, 3))


def conv_backward_stride(dout, cache):
    """Where the input's gradient is put, the stride is 1."""
    dpadded, dw = conv_windows(dout, cache, 1)
    pad = cache[3]
    return dpadded[:, :, pad:-pad, pad:-pad], dw, dout.sum(axis=(0, 2, 3))


def conv_backward_corner(dout, cache):
    """The padding is cut off at one side only."""
    dpadded, dw = conv_windows(dout, cache, cache[2])
    pad = cache[3]
    return dpadded[:, :, : -2 * pad, : -2 * pad], dw, dout.sum(axis=(0, 2, 3))


def max_pool_forward_naive(x, size=2, stride=1):
    n, c, h, w = x.shape
    out = np.zeros((n, c, 1 + (h - size) // stride, 1 + (w - size) // stride))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = x[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
            out[:, :, i, j] = window.max(axis=(2, 3))
    return out, (x, size, stride)


def max_pool_gradient(dout, cache, add):
    x, size, stride = cache
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(*dout.shape):
        window = x[n, c, i * stride : i * stride + size, j * stride : j * stride + size]
        row, column = np.unravel_index(np.argmax(window), window.shape)
        at = n, c, i * stride + row, j * stride + column
        dx[at] = dx[at] + dout[n, c, i, j] if add else dout[n, c, i, j]
    return dx


def max_pool_backward_naive(dout, cache):
    return max_pool_gradient(dout, cache, add=True)


def max_pool_backward_overwritten(dout, cache):
    return max_pool_gradient(dout, cache, add=False)


# ------------------------------------------------------------------------------------------------------- recurrence


def rnn_step_forward(x, prev_h, w_x, w_h, b):
    next_h = np.tanh(x @ w_x + prev_h @ w_h + b)
    return next_h, (x, prev_h, w_x, w_h, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, w_x, w_h, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ w_x.T, da @ w_h.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def rnn_step_backward_inputs_swapped(dnext_h, cache):
    dx, dprev_h, dw_x, dw_h, db = rnn_step_backward(dnext_h, cache)
    return dx, dprev_h, dw_h, dw_x, db


def rnn_step_backward_linear(dnext_h, cache):
    x, prev_h, w_x, w_h, next_h = cache
    da = dnext_h * (1 - next_h)
    return da @ w_x.T, da @ w_h.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, state, w_x, w_h, b):
    """The state is h beside c, and so is what it returns."""
    h, c = np.split(state, 2, axis=1)
    a = x @ w_x + h @ w_h + b
    i, f, o = (sigmoid(part) for part in np.split(a, 4, axis=1)[:3])
    g = np.tanh(a[:, 3 * h.shape[1] :])
    next_c = f * c + i * g
    tanh_c = np.tanh(next_c)
    return np.hstack([o * tanh_c, next_c]), (x, h, c, w_x, w_h, i, f, o, g, tanh_c)


def lstm_gradients(dnext, cache, through_h):
    x, h, c, w_x, w_h, i, f, o, g, tanh_c = cache
    dh, dc = np.split(dnext, 2, axis=1)
    if through_h:
        dc = dc + dh * o * (1 - tanh_c**2)
    da = np.concatenate(
        [dc * g * i * (1 - i), dc * c * f * (1 - f), dh * tanh_c * o * (1 - o), dc * i * (1 - g**2)], axis=1
    )
    return da @ w_x.T, np.hstack([da @ w_h.T, dc * f]), x.T @ da, h.T @ da, da.sum(axis=0)


def lstm_step_backward(dnext, cache):
    return lstm_gradients(dnext, cache, through_h=True)


def lstm_step_backward_cell_only(dnext, cache):
    return lstm_gradients(dnext, cache, through_h=False)


def other_rows():
    """As the example's, with another number of rows than of columns."""
    return drawn(x=(2, 5), gamma=(5,), beta=(5,))()


RULES = [
    TensorRule(
        id="np-affine",
        framework="numpy",
        reference="CS231n assignment 1, cs231n/layers.py affine_forward; kvfrans/notes#5, mlpack/mlpack#3679",
        what="x·w + b of flattened samples",
        right=(affine_forward, affine_backward),
        wrong={
            "the bias's gradient is averaged over the batch": (affine_forward, affine_backward_mean),
            "the weight's gradient is that of the first sample": (affine_forward, affine_backward_first),
        },
        inputs=drawn(x=(3, 4), w=(4, 2), b=(2,)),
    ),
    TensorRule(
        id="np-batchnorm",
        framework="numpy",
        reference="CS231n assignment 2, cs231n/layers.py batchnorm_backward; mlpack/mlpack#1923",
        what="batch norm in training, its cache a dictionary",
        right=(batchnorm_forward, batchnorm_backward),
        wrong={
            "the mean is taken for a constant": (batchnorm_forward, batchnorm_backward_mean_lost),
            "the root's 1/2 lost": (batchnorm_forward, batchnorm_backward_std),
        },
        inputs=drawn(x=(6, 3), gamma=(3,), beta=(3,)),
    ),
    TensorRule(
        id="np-layernorm",
        framework="numpy",
        reference="CS231n assignment 2, cs231n/layers.py layernorm_backward",
        what="layer norm of as many rows as columns",
        right=(layernorm_forward, layernorm_backward),
        wrong={"the number of rows for that of columns": (layernorm_forward, layernorm_backward_rows)},
        beyond={"the number of rows for that of columns": Beyond("they are as many", inputs=other_rows)},
        inputs=drawn(x=(4, 4), gamma=(4,), beta=(4,)),
    ),
    TensorRule(
        id="np-dropout",
        framework="numpy",
        reference="CS231n assignment 2, cs231n/layers.py dropout_backward (inverted dropout)",
        what="dropout by noise that is given",
        right=(dropout_forward, dropout_backward),
        wrong={"the factor 1/keep lost": (dropout_forward, dropout_backward_unscaled)},
        inputs=drawn(x=(3, 4), noise=between(0, 1, 3, 4), keep=0.6),
        wrt=("x",),
    ),
    TensorRule(
        id="np-conv-naive",
        framework="numpy",
        reference="CS231n assignment 2, cs231n/layers.py conv_backward_naive; NervanaSystems/neon#111",
        what="a convolution with stride 2 and padding 1, by loops",
        right=(conv_forward_naive, conv_backward_naive),
        wrong={
            "the stride is 1 where the gradient is put": (conv_forward_naive, conv_backward_stride),
            "the padding is cut off at one side": (conv_forward_naive, conv_backward_corner),
        },
        inputs=drawn(x=(1, 2, 5, 5), w=(2, 2, 3, 3), b=(2,)),
    ),
    TensorRule(
        id="np-max-pool-naive",
        framework="numpy",
        reference="CS231n assignment 2, cs231n/layers.py max_pool_backward_naive; 0809zheng/CS231n-assignment2019#19",
        what="maxima of overlapping windows, by loops",
        right=(max_pool_forward_naive, max_pool_backward_naive),
        wrong={"an entry that wins twice is overwritten": (max_pool_forward_naive, max_pool_backward_overwritten)},
        inputs=drawn(x=(1, 2, 4, 3)),
    ),
    TensorRule(
        id="np-rnn-step",
        framework="numpy",
        reference="CS231n assignment 3, cs231n/rnn_layers.py rnn_step_backward",
        what="a step of a recurrent network",
        right=(rnn_step_forward, rnn_step_backward),
        wrong={
            "two gradients of equal shape swapped": (rnn_step_forward, rnn_step_backward_inputs_swapped),
            "1 - h for 1 - h²": (rnn_step_forward, rnn_step_backward_linear),
        },
        inputs=drawn(x=(2, 3), prev_h=(2, 3), w_x=(3, 3), w_h=(3, 3), b=(3,)),
    ),
    TensorRule(
        id="np-lstm-step",
        framework="numpy",
        reference="CS231n assignment 3, cs231n/rnn_layers.py lstm_step_backward",
        what="a step of an LSTM, its state in one array",
        right=(lstm_step_forward, lstm_step_backward),
        wrong={"the cell misses what h passes on": (lstm_step_forward, lstm_step_backward_cell_only)},
        inputs=drawn(x=(2, 3), state=(2, 4), w_x=(3, 8), w_h=(2, 8), b=(8,)),
    ),
]
