"""Derivations by hand from courses and books in NumPy, right and wrong."""

from __future__ import annotations

import numpy as np

from tests.verify.rules.tensor_rule import TensorRule, drawn


def bessel_norm(x, gain, bias):
    """Batch norm with the variance over n - 1."""
    return gain * (x - x.mean(0)) / np.sqrt(x.var(0, ddof=1) + 1e-5) + bias


def bessel_norm_backward(x, gain, bias, g):
    n = len(x)
    inverse = (x.var(0, ddof=1) + 1e-5) ** -0.5
    raw = (x - x.mean(0)) * inverse
    dx = gain * inverse / n * (n * g - g.sum(0) - n / (n - 1) * raw * (g * raw).sum(0))
    return {"x": dx, "gain": (g * raw).sum(0), "bias": g.sum(0)}


def bessel_norm_backward_biased(x, gain, bias, g):
    n = len(x)
    inverse = (x.var(0, ddof=1) + 1e-5) ** -0.5
    raw = (x - x.mean(0)) * inverse
    dx = gain * inverse / n * (n * g - g.sum(0) - raw * (g * raw).sum(0))
    return {"x": dx, "gain": (g * raw).sum(0), "bias": g.sum(0)}


def cross_entropy(logits, targets):
    shifted = logits - logits.max(1, keepdims=True)
    counts = np.exp(shifted)
    logprobs = np.log(counts / counts.sum(1, keepdims=True))
    return -logprobs[range(len(targets)), targets].mean()


def cross_entropy_backward(logits, targets, g):
    """A step of the forward at a time, from the last to the first."""
    n = len(targets)
    counts = np.exp(logits - logits.max(1, keepdims=True))
    sums = counts.sum(1, keepdims=True)
    dlogprobs = np.zeros_like(logits)
    dlogprobs[range(n), targets] = -g / n
    dprobs = dlogprobs / (counts / sums)
    dsums = (-dprobs * counts / sums**2).sum(1, keepdims=True)
    dshifted = (dprobs / sums + dsums) * counts
    dtop = -dshifted.sum(1, keepdims=True)
    places = np.eye(logits.shape[1])[logits.argmax(1)]
    return dshifted + places * dtop, None


def cross_entropy_backward_sums_lost(logits, targets, g):
    dlogprobs = np.zeros_like(logits)
    dlogprobs[range(len(targets)), targets] = -g / len(targets)
    return dlogprobs, None


def cross_entropy_backward_summed(logits, targets, g):
    return cross_entropy_backward(logits, targets, g * len(targets))


def embedded(table, index):
    return table[index]


def embedded_backward(table, index, g):
    d = np.zeros_like(table)
    for row in range(index.shape[0]):
        for column in range(index.shape[1]):
            d[index[row, column]] += g[row, column]
    return d, None


def embedded_backward_buffered(table, index, g):
    d = np.zeros_like(table)
    d[index] += g
    return d, None


def softmax(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def softmax_backward(out, g):
    """By the Jacobian of each row."""
    d = np.empty_like(g)
    for i, (row, upstream) in enumerate(zip(out, g, strict=True)):
        column = row.reshape(-1, 1)
        d[i] = np.dot(np.diagflat(column) - np.dot(column, column.T), upstream)
    return d


def softmax_backward_diagonal(out, g):
    return g * out * (1 - out)


RULES = [
    TensorRule(
        id="np-bessel-norm",
        framework="numpy",
        reference="karpathy/nn-zero-to-hero lectures/makemore, part 4: backprop ninja, exercise 3",
        what="batch norm with the variance over n - 1; gradients by name",
        right=(bessel_norm, bessel_norm_backward),
        wrong={"the variance's n/(n - 1) lost": (bessel_norm, bessel_norm_backward_biased)},
        inputs=drawn(x=(5, 3), gain=(3,), bias=(3,)),
    ),
    TensorRule(
        id="np-cross-entropy-by-steps",
        framework="numpy",
        reference="karpathy/nn-zero-to-hero lectures/makemore, part 4: backprop ninja, exercise 1",
        what="cross entropy, every step of it differentiated, the maximum too",
        right=(cross_entropy, cross_entropy_backward),
        wrong={
            "through the sum nothing flows": (cross_entropy, cross_entropy_backward_sums_lost),
            "not divided by the batch's size": (cross_entropy, cross_entropy_backward_summed),
        },
        inputs=drawn(logits=(4, 5), targets=np.array([1, 0, 4, 1])),
    ),
    TensorRule(
        id="np-embedding-loops",
        framework="numpy",
        reference="karpathy/nn-zero-to-hero lectures/makemore, part 4: exercise 1; CS231n word_embedding",
        what="rows of a table, gathered by loops",
        right=(embedded, embedded_backward),
        wrong={"+= with an array of indices keeps one": (embedded, embedded_backward_buffered)},
        inputs=drawn(table=(4, 2), index=np.array([[0, 2, 2], [3, 2, 0]])),
    ),
    TensorRule(
        id="np-softmax-jacobian",
        framework="numpy",
        reference="Kinsley, Kukieła, Neural Networks from Scratch, chapter 9 (Activation_Softmax)",
        what="softmax, by the Jacobian of each row",
        right=(softmax, softmax_backward),
        wrong={"the Jacobian's diagonal alone": (softmax, softmax_backward_diagonal)},
        inputs=drawn(x=(3, 4)),
    ),
]
