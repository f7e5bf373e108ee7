"""Layers of NumPy libraries, right and wrong: one object's forward keeps what its backward needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.verify.rules.tensor_rule import Inputs, TensorRule, drawn


def pair(layer: Any) -> tuple[Any, Any]:
    """The methods of one object."""
    return layer.forward, layer.backward


class Affine:
    def forward(self, x, weight, bias):
        self.cache = x, weight
        return np.dot(x, weight) + bias

    def backward(self, dout):
        x, weight = self.cache
        return np.dot(dout, weight.T), np.dot(x.T, dout), np.sum(dout, axis=0)


class AffineAveraged(Affine):
    def backward(self, dout):
        dx, dw, db = super().backward(dout)
        return dx, dw / len(dout), db


class Sigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        return dout * (1.0 - self.out) * self.out


class SigmoidOfOutput(Sigmoid):
    """The derivative is taken at the output."""

    def backward(self, dout):
        again = 1 / (1 + np.exp(-self.out))
        return dout * again * (1 - again)


class SELU:
    """scale·(x where x > 0, α·(eˣ - 1) elsewhere)."""

    alpha, scale = 1.6732632423543772, 1.0507009873554805

    def forward(self, x):
        self.x = x
        return self.scale * np.where(x > 0, x, self.alpha * (np.exp(x) - 1))

    def backward(self, g):
        return g * self.scale * np.where(self.x > 0, 1.0, self.alpha * np.exp(self.x))


class SELUOfOutput(SELU):
    def backward(self, g):
        return g * self.scale * np.where(self.x > 0, 1.0, self.alpha * (np.exp(self.x) - 1))


class SELUUnscaled(SELU):
    def backward(self, g):
        return g * np.where(self.x > 0, 1.0, self.alpha * np.exp(self.x))


class DotProductAttention:
    """softmax(q·kᵀ/√d)·v of a batch."""

    def forward(self, q, k, v):
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        self.saved = {"q": q, "k": k, "v": v, "weights": weights}
        return weights @ v

    def backward(self, g):
        weights, v = self.saved["weights"], self.saved["v"]
        return self.of_scores(self.softmax(weights, g @ v.transpose(0, 2, 1)), g)

    def softmax(self, weights, g):
        return weights * (g - np.sum(g * weights, axis=-1, keepdims=True))

    def of_scores(self, d, g):
        q, k, weights = self.saved["q"], self.saved["k"], self.saved["weights"]
        d = d / np.sqrt(q.shape[-1])
        return d @ k, d.transpose(0, 2, 1) @ q, weights.transpose(0, 2, 1) @ g


class DotProductAttentionOtherAxis(DotProductAttention):
    def softmax(self, weights, g):
        return weights * (g - np.sum(g * weights, axis=1, keepdims=True))


class DotProductAttentionNotTransposed(DotProductAttention):
    """As many queries as keys: the weights fit without being transposed."""

    def of_scores(self, d, g):
        dq, dk, _ = super().of_scores(d, g)
        return dq, dk, self.saved["weights"] @ g


class AveragePool:
    """Means of windows of two by two, by reshaping."""

    def forward(self, x):
        n, c, h, w = x.shape
        self.shape = x.shape
        return x.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))

    def backward(self, g):
        return np.repeat(np.repeat(g, 2, axis=2), 2, axis=3) / 4


class AveragePoolSummed(AveragePool):
    def backward(self, g):
        return g.repeat(2, axis=2).repeat(2, axis=3)


class AveragePoolTiled(AveragePool):
    """Copies of the whole, not of each entry."""

    def backward(self, g):
        return np.tile(g, (1, 1, 2, 2)) / 4


class Im2colConvolution:
    """A convolution as one product, of a matrix whose rows are the windows."""

    def windows(self, x, size):
        n, c, h, w = x.shape
        rows, columns = h - size + 1, w - size + 1
        col = np.zeros((n, c, size, size, rows, columns))
        for i in range(size):
            for j in range(size):
                col[:, :, i, j] = x[:, :, i : i + rows, j : j + columns]
        return col.transpose(0, 4, 5, 1, 2, 3).reshape(n * rows * columns, -1)

    def forward(self, x, weight):
        size, out_h, out_w = weight.shape[2], x.shape[2] - weight.shape[2] + 1, x.shape[3] - weight.shape[3] + 1
        self.x, self.weight, self.col = x, weight, self.windows(x, size)
        out = np.dot(self.col, weight.reshape(len(weight), -1).T)
        return out.reshape(len(x), out_h, out_w, -1).transpose(0, 3, 1, 2)

    def backward(self, g):
        d = g.transpose(0, 2, 3, 1).reshape(-1, len(self.weight))
        dweight = np.dot(self.col.T, d).transpose(1, 0).reshape(self.weight.shape)
        dcol = np.dot(d, self.weight.reshape(len(self.weight), -1))
        return self.back(dcol, g.shape[2:]), dweight

    def back(self, dcol, size):
        n, c, *_ = self.x.shape
        k, (rows, columns) = self.weight.shape[2], size
        dcol = dcol.reshape(n, rows, columns, c, k, k).transpose(0, 3, 4, 5, 1, 2)
        image = np.zeros(self.x.shape)
        for i in range(k):
            for j in range(k):
                self.put(image[:, :, i : i + rows, j : j + columns], dcol[:, :, i, j])
        return image

    def put(self, window, values):
        window += values


class Im2colConvolutionOverwritten(Im2colConvolution):
    def put(self, window, values):
        window[...] = values


class GRUCell:
    """h' = (1 - z)·h + z·tanh(x·W + (r·h)·U), with the weights of z, r and of the candidate side by side."""

    def forward(self, x, h, w, u):
        n = h.shape[1]
        gates = 1 / (1 + np.exp(-(x @ w[:, : 2 * n] + h @ u[:, : 2 * n])))
        z, r = gates[:, :n], gates[:, n:]
        candidate = np.tanh(x @ w[:, 2 * n :] + (r * h) @ u[:, 2 * n :])
        self.cache = x, h, w, u, z, r, candidate
        return (1 - z) * h + z * candidate

    def backward(self, g):
        x, h, w, u, z, r, candidate = self.cache
        n = h.shape[1]
        dc = g * z * (1 - candidate**2)
        drh = dc @ u[:, 2 * n :].T
        dz = g * (candidate - h) * z * (1 - z)
        dr = drh * h * r * (1 - r)
        d = np.hstack([dz, dr, dc])
        du = np.hstack([h.T @ np.hstack([dz, dr]), (r * h).T @ dc])
        dh = g * (1 - z) + np.hstack([dz, dr]) @ u[:, : 2 * n].T + drh * self.reset(r)
        return d @ w.T, dh, x.T @ d, du

    def reset(self, r):
        return r


class GRUCellResetLost(GRUCell):
    def reset(self, r):
        return 1.0


class EmbeddingMean:
    """Means of rows of a table."""

    def forward(self, table, index):
        self.table, self.index = table, index
        return table[index].mean(axis=1)

    def backward(self, g):
        d = np.zeros_like(self.table)
        each = np.repeat(g[:, None] / self.index.shape[1], self.index.shape[1], axis=1)
        np.add.at(d, self.index, each)
        return d, None


class EmbeddingMeanSummed(EmbeddingMean):
    def backward(self, g):
        d = np.zeros_like(self.table)
        np.add.at(d, self.index, g[:, None])
        return d, None


def of_layers(name: str, reference: str, what: str, right: Any, wrong: dict[str, Any], inputs: Inputs) -> TensorRule:
    """A layer and its faults, each an object of a class."""
    faults = {fault: pair(layer()) for fault, layer in wrong.items()}
    return TensorRule(name, "numpy", reference, what, pair(right()), faults, inputs)


RULES = [
    of_layers(
        "np-layer-affine",
        "oreilly-japan/deep-learning-from-scratch common/layers.py (Affine); apache/mxnet#2427",
        "x·w + b by a layer that keeps its operands",
        Affine,
        {"the weight's gradient is averaged": AffineAveraged},
        drawn(x=(4, 3), weight=(3, 2), bias=(2,)),
    ),
    of_layers(
        "np-layer-sigmoid",
        "oreilly-japan/deep-learning-from-scratch common/layers.py (Sigmoid)",
        "the sigmoid by a layer that keeps its output",
        Sigmoid,
        {"the derivative at the output": SigmoidOfOutput},
        drawn(x=(3, 4)),
    ),
    of_layers(
        "np-layer-selu",
        "ddbourgin/numpy-ml numpy_ml/neural_nets/activations/activations.py (SELU)",
        "SELU",
        SELU,
        {"the function for its derivative below 0": SELUOfOutput, "the scale lost": SELUUnscaled},
        drawn(x=(3, 4)),
    ),
    of_layers(
        "np-layer-attention",
        "ddbourgin/numpy-ml numpy_ml/neural_nets/layers/layers.py (DotProductAttention); ooples/AiDotNet.Tensors#49",
        "attention of a batch with as many queries as keys",
        DotProductAttention,
        {
            "the sum is over the queries": DotProductAttentionOtherAxis,
            "the weights are not transposed": DotProductAttentionNotTransposed,
        },
        drawn(q=(2, 3, 2), k=(2, 3, 2), v=(2, 3, 2)),
    ),
    of_layers(
        "np-layer-average-pool",
        "ddbourgin/numpy-ml numpy_ml/neural_nets/layers/layers.py (Pool2D)",
        "means of windows of two by two",
        AveragePool,
        {"not divided by 4": AveragePoolSummed, "copies of the whole, not of each entry": AveragePoolTiled},
        drawn(x=(1, 2, 4, 4)),
    ),
    of_layers(
        "np-layer-im2col",
        "oreilly-japan/deep-learning-from-scratch common/util.py, common/layers.py (Convolution)",
        "a convolution by a matrix of windows",
        Im2colConvolution,
        {"overlapping windows overwrite each other": Im2colConvolutionOverwritten},
        drawn(x=(1, 2, 4, 4), weight=(2, 2, 2, 2)),
    ),
    of_layers(
        "np-layer-gru",
        "oreilly-japan/deep-learning-from-scratch-2 common/time_layers.py (GRU); Cho et al. 2014, arXiv:1406.1078",
        "a step of a GRU",
        GRUCell,
        {"through the reset gate h passes whole": GRUCellResetLost},
        drawn(x=(2, 3), h=(2, 2), w=(3, 6), u=(2, 6)),
    ),
    of_layers(
        "np-layer-embedding-mean",
        "ddbourgin/numpy-ml numpy_ml/neural_nets/layers/layers.py (Embedding, pool=mean)",
        "means of rows of a table, by np.add.at",
        EmbeddingMean,
        {"the sum's gradient": EmbeddingMeanSummed},
        drawn(table=(4, 2), index=np.array([[0, 2, 2], [3, 1, 0]])),
    ),
]
