"""Embeddings, graphs and densities from papers in NumPy, right and wrong."""

from __future__ import annotations

import numpy as np

from tests.verify.rules.tensor_rule import TensorRule, between, drawn


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def logsumexp(x, axis):
    top = x.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(x - top).sum(axis=axis))


def affinities(scores):
    """Symmetric, 0 on the diagonal, of sum 1."""
    p = np.exp(scores) + np.exp(scores.T)
    p = p * (1 - np.eye(len(p)))
    return p / p.sum()


def student(y):
    difference = y[:, None] - y[None]
    kernel = 1 / (1 + (difference**2).sum(-1))
    return difference, kernel * (1 - np.eye(len(y)))


def tsne(y, scores):
    p, (_, kernel) = affinities(scores), student(y)
    q = kernel / kernel.sum()
    off = ~np.eye(len(y), dtype=bool)
    return (p[off] * np.log(p[off] / q[off])).sum()


def tsne_backward(y, scores, g):
    p, (difference, kernel) = affinities(scores), student(y)
    weights = (p - kernel / kernel.sum()) * kernel
    return 4 * g * np.einsum("ij,ijd->id", weights, difference)


def tsne_backward_half(y, scores, g):
    return tsne_backward(y, scores, g) / 2


def tsne_backward_gaussian(y, scores, g):
    """That of SNE with a Gaussian kernel."""
    p, (difference, kernel) = affinities(scores), student(y)
    return 4 * g * np.einsum("ij,ijd->id", p - kernel / kernel.sum(), difference)


def graph_layer(x, w, adjacency):
    """relu(Â·x·w) with Â the means over neighbours: not symmetric."""
    mean = adjacency / adjacency.sum(axis=1, keepdims=True)
    return np.maximum(mean @ x @ w, 0)


def graph_layer_backward(x, w, adjacency, out, g):
    mean = adjacency / adjacency.sum(axis=1, keepdims=True)
    d = mean.T @ (g * (out > 0))
    return d @ w.T, x.T @ d, None


def graph_layer_backward_symmetric(x, w, adjacency, out, g):
    mean = adjacency / adjacency.sum(axis=1, keepdims=True)
    d = mean @ (g * (out > 0))
    return d @ w.T, x.T @ d, None


def squash(s):
    """Capsules: s·|s|/(1 + |s|²)."""
    norm = np.sqrt((s**2).sum(-1, keepdims=True))
    return s * norm / (1 + norm**2)


def squash_backward(s, g):
    norm = np.sqrt((s**2).sum(-1, keepdims=True))
    factor, slope = norm / (1 + norm**2), (1 - norm**2) / (1 + norm**2) ** 2
    return factor * g + s * (s * g).sum(-1, keepdims=True) * slope / norm


def squash_backward_factor_constant(s, g):
    norm = np.sqrt((s**2).sum(-1, keepdims=True))
    return norm / (1 + norm**2) * g


def squash_backward_not_divided(s, g):
    norm = np.sqrt((s**2).sum(-1, keepdims=True))
    factor, slope = norm / (1 + norm**2), (1 - norm**2) / (1 + norm**2) ** 2
    return factor * g + s * (s * g).sum(-1, keepdims=True) * slope


def factorisation(x, w, v):
    """x·w + ½·Σ ((x·v)² - x²·v²)"""
    return x @ w + 0.5 * ((x @ v) ** 2 - x**2 @ v**2).sum(axis=1)


def factorisation_backward(x, w, v, g):
    s = x @ v
    dx = g[:, None] * (w + s @ v.T - x * (v**2).sum(axis=1))
    return dx, x.T @ g, x.T @ (g[:, None] * s) - v * (x**2).T.dot(g)[:, None]


def factorisation_backward_squares_lost(x, w, v, g):
    dx, dw, _ = factorisation_backward(x, w, v, g)
    return dx, dw, x.T @ (g[:, None] * (x @ v))


# --------------------------------------------------------------------------------------------------------- densities


def mixture_terms(x, means, log_scales, logits):
    z = (x[:, None] - means) * np.exp(-log_scales)
    weights = logits - logsumexp(logits, 0)
    return z, weights - 0.5 * (z**2).sum(-1) - log_scales.sum(-1) - 0.5 * x.shape[1] * np.log(2 * np.pi)


def mixture(x, means, log_scales, logits):
    """The mean log-likelihood of points under Gaussians of diagonal covariance."""
    return logsumexp(mixture_terms(x, means, log_scales, logits)[1], 1).mean()


def mixture_backward(x, means, log_scales, logits, g):
    z, terms = mixture_terms(x, means, log_scales, logits)
    r = softmax(terms) * g / len(x)
    dz = r[:, :, None] * z * np.exp(-log_scales)
    dlog_scales = (r[:, :, None] * (z**2 - 1)).sum(axis=0)
    return -dz.sum(axis=1), dz.sum(axis=0), dlog_scales, r.sum(axis=0) - softmax(logits) * r.sum()


def mixture_backward_weights_free(x, means, log_scales, logits, g):
    """As if the weights did not have to add up to 1."""
    *others, dlogits = mixture_backward(x, means, log_scales, logits, g)
    return *others, dlogits + softmax(logits) * g


def mixture_backward_determinant_lost(x, means, log_scales, logits, g):
    dx, dmeans, _, dlogits = mixture_backward(x, means, log_scales, logits, g)
    z, terms = mixture_terms(x, means, log_scales, logits)
    return dx, dmeans, (softmax(terms)[:, :, None] * z**2).sum(axis=0) * g / len(x), dlogits


def vae_loss(predicted, mean, log_var, target):
    """Cross entropy of pixels and the divergence from a standard normal distribution, by the batch's size."""
    cross = -(target * np.log(predicted) + (1 - target) * np.log(1 - predicted)).sum()
    divergence = -0.5 * (1 + log_var - mean**2 - np.exp(log_var)).sum()
    return (cross + divergence) / len(target)


def vae_loss_backward(predicted, mean, log_var, target, g):
    n = len(target)
    dpredicted = g * (predicted - target) / (predicted * (1 - predicted)) / n
    return dpredicted, g * mean / n, g * 0.5 * (np.exp(log_var) - 1) / n


def vae_loss_backward_of_logits(predicted, mean, log_var, target, g):
    """The gradient of what went into the sigmoid before."""
    _, dmean, dlog_var = vae_loss_backward(predicted, mean, log_var, target, g)
    return g * (predicted - target) / len(target), dmean, dlog_var


def vae_loss_backward_sign(predicted, mean, log_var, target, g):
    dpredicted, dmean, dlog_var = vae_loss_backward(predicted, mean, log_var, target, g)
    return dpredicted, dmean, -dlog_var


def quantised(x):
    return np.clip(np.round(x), -2, 1)


def quantised_backward(x, g):
    return g * ((x >= -2) & (x <= 1))


def quantised_backward_everywhere(x, g):
    return g


RULES = [
    TensorRule(
        id="np-t-sne",
        framework="numpy",
        reference="van der Maaten, Hinton 2008, Visualizing data using t-SNE, (5) and appendix A",
        what="the t-SNE loss of positions, its affinities made from scores",
        right=(tsne, tsne_backward),
        wrong={"2 for 4": (tsne, tsne_backward_half), "the kernel's own factor lost": (tsne, tsne_backward_gaussian)},
        inputs=drawn(y=(4, 2), scores=(4, 4)),
        wrt=("y",),
    ),
    TensorRule(
        id="np-graph-layer",
        framework="numpy",
        reference="Hamilton et al. 2017, arXiv:1706.02216, 3.1; Kipf, Welling 2017, arXiv:1609.02907 (symmetric)",
        what="relu of means over neighbours times a weight",
        right=(graph_layer, graph_layer_backward),
        wrong={"the means are taken for symmetric": (graph_layer, graph_layer_backward_symmetric)},
        inputs=drawn(x=(4, 3), w=(3, 2), adjacency=np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0], [0, 1, 0, 1]])),
    ),
    TensorRule(
        id="np-squash",
        framework="numpy",
        reference="Sabour et al. 2017, arXiv:1710.09829, (1)",
        what="the nonlinearity of capsules",
        right=(squash, squash_backward),
        wrong={
            "the factor is taken for a constant": (squash, squash_backward_factor_constant),
            "not divided by the norm": (squash, squash_backward_not_divided),
        },
        inputs=drawn(s=(3, 4)),
    ),
    TensorRule(
        id="np-factorisation-machine",
        framework="numpy",
        reference="Rendle 2010, Factorization machines, lemma 3.1 and (4)",
        what="a factorisation machine of second order",
        right=(factorisation, factorisation_backward),
        wrong={"the squares' gradient forgotten": (factorisation, factorisation_backward_squares_lost)},
        inputs=drawn(x=(3, 4), w=(4,), v=(4, 2)),
    ),
    TensorRule(
        id="np-mixture",
        framework="numpy",
        reference="Bishop 2006, Pattern recognition and machine learning, 9.2.2",
        what="the log-likelihood of points under Gaussians with weights",
        right=(mixture, mixture_backward),
        wrong={
            "the weights need not add up to 1": (mixture, mixture_backward_weights_free),
            "the scales' determinant forgotten": (mixture, mixture_backward_determinant_lost),
        },
        inputs=drawn(x=(4, 2), means=(3, 2), log_scales=between(-0.5, 0.5, 3, 2), logits=(3,)),
    ),
    TensorRule(
        id="np-vae-loss",
        framework="numpy",
        reference="ddbourgin/numpy-ml numpy_ml/neural_nets/losses/losses.py (VAELoss); arXiv:1312.6114, B",
        what="the loss of a variational autoencoder, with targets that are not differentiated",
        right=(vae_loss, vae_loss_backward),
        wrong={
            "by the logits, not by the probabilities": (vae_loss, vae_loss_backward_of_logits),
            "the sign of the log-variance": (vae_loss, vae_loss_backward_sign),
        },
        inputs=drawn(predicted=between(0.2, 0.8, 3, 4), mean=(3, 2), log_var=(3, 2), target=between(0, 1, 3, 4)),
        wrt=("predicted", "mean", "log_var"),
    ),
    TensorRule(
        id="np-fake-quantised",
        framework="numpy",
        reference="eladhoffer/quantized.pytorch#5, hustzxd/LSQuantization#1; Bengio et al. 2013, arXiv:1308.3432",
        what="rounding and clipping, passed straight through inside of the range",
        right=(quantised, quantised_backward),
        wrong={"passed on outside of the range, too": (quantised, quantised_backward_everywhere)},
        inputs=drawn(x=lambda rng: 2 * rng.standard_normal((3, 4))),
        definition=lambda x: np.clip(x, -2, 1),
    ),
]
