"""Layers, losses and densities of JAX with rules of their own, right and wrong."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.verify.rules.custom_rules_jax import with_jvp, with_vjp
from tests.verify.rules.tensor_rule import TensorRule, drawn

# ---------------------------------------------------------------------------------------------------- norm, attention


def rms_norm(x, weight):
    return x * lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-3) * weight


def rms_norm_fwd(x, weight):
    r = lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-3)
    return x * r * weight, (x, weight, r)


def rms_norm_bwd(residuals, g):
    x, weight, r = residuals
    h = x * r
    wg = g * weight
    return r * (wg - h * jnp.mean(wg * h, -1, keepdims=True)), jnp.einsum("...d,...d->d", g, h)


def rms_norm_bwd_sum(residuals, g):
    x, weight, r = residuals
    h = x * r
    wg = g * weight
    return r * (wg - h * jnp.sum(wg * h, -1, keepdims=True)), jnp.einsum("...d,...d->d", g, h)


def rms_norm_fwd_without_eps(x, weight):
    """Returns another value than the function itself."""
    r = lax.rsqrt(jnp.mean(x * x, -1, keepdims=True))
    return x * r * weight, (x, weight, r)


def attention(q, k, v):
    scores = jnp.einsum("qhd,khd->hqk", q, k) / np.sqrt(q.shape[-1])
    future = jnp.triu(jnp.ones(scores.shape[1:], bool), 1)
    return jnp.einsum("hqk,khd->qhd", jax.nn.softmax(jnp.where(future, -jnp.inf, scores)), v)


def attention_fwd(q, k, v):
    scores = jnp.einsum("qhd,khd->hqk", q, k) / np.sqrt(q.shape[-1])
    scores = jnp.where(jnp.triu(jnp.ones(scores.shape[1:], bool), 1), -jnp.inf, scores)
    lse = jax.nn.logsumexp(scores, -1)
    out = jnp.einsum("hqk,khd->qhd", jnp.exp(scores - lse[..., None]), v)
    return out, (q, k, v, out, scores, lse)


def attention_gradients(residuals, g, delta):
    q, k, v, _, scores, lse = residuals
    p = jnp.exp(scores - lse[..., None])
    ds = p * (jnp.einsum("qhd,khd->hqk", g, v) - delta) / np.sqrt(q.shape[-1])
    dq, dk = jnp.einsum("hqk,khd->qhd", ds, k), jnp.einsum("hqk,qhd->khd", ds, q)
    return dq, dk, jnp.einsum("hqk,qhd->khd", p, g)


def attention_bwd(residuals, g):
    return attention_gradients(residuals, g, jnp.einsum("qhd,qhd->hq", g, residuals[3])[..., None])


def attention_bwd_delta_of_keys(residuals, g):
    """The row sums are laid along the keys, which fits where there are as many."""
    return attention_gradients(residuals, g, jnp.einsum("qhd,qhd->hq", g, residuals[3])[:, None])


def attention_bwd_no_delta(residuals, g):
    return attention_gradients(residuals, g, 0.0)


def depthwise(x, kernel):
    """Channels last; each has its own filter."""
    channels = x.shape[-1]
    return lax.conv_general_dilated(
        x, kernel, (1,), "VALID", dimension_numbers=("NWC", "WIO", "NWC"), feature_group_count=channels
    )


def depthwise_fwd(x, kernel):
    return depthwise(x, kernel), (x, kernel)


def depthwise_bwd(residuals, g):
    x, kernel = residuals
    width = kernel.shape[0]
    padded = jnp.pad(g, ((0, 0), (width - 1, width - 1), (0, 0)))
    windows = jnp.stack([x[:, i : i + g.shape[1]] for i in range(width)])
    return depthwise(padded, kernel[::-1]), jnp.einsum("kntc,ntc->kc", windows, g)[:, None]


def depthwise_bwd_unflipped(residuals, g):
    _, kernel = residuals
    _, dkernel = depthwise_bwd(residuals, g)
    padded = jnp.pad(g, ((0, 0), (kernel.shape[0] - 1,) * 2, (0, 0)))
    return depthwise(padded, kernel), dkernel


# ---------------------------------------------------------------------------------------------- look-ups and losses


def lookup(table, index):
    return table[index]


def lookup_fwd(table, index):
    return lookup(table, index), (index, len(table))


def lookup_bwd(residuals, g):
    index, rows = residuals
    return jnp.zeros((rows, g.shape[-1]), g.dtype).at[index].add(g), None


def lookup_bwd_set(residuals, g):
    index, rows = residuals
    return jnp.zeros((rows, g.shape[-1]), g.dtype).at[index].set(g), None


def sort_fwd(x):
    order = jnp.argsort(x, -1)
    return jnp.take_along_axis(x, order, -1), order


def sort_bwd(order, g):
    return (jnp.take_along_axis(g, jnp.argsort(order, -1), -1),)


def sort_bwd_order(order, g):
    """By the order itself: right where it is its own inverse."""
    return (jnp.take_along_axis(g, order, -1),)


def cross_entropy(logits, labels):
    chosen = jnp.take_along_axis(logits, labels[..., None], -1)[..., 0]
    return jax.nn.logsumexp(logits, -1) - chosen


def cross_entropy_fwd(logits, labels):
    return cross_entropy(logits, labels), (logits, labels)


def cross_entropy_bwd(residuals, g):
    logits, labels = residuals
    d = jax.nn.softmax(logits) - jax.nn.one_hot(labels, logits.shape[-1])
    return g[..., None] * d, None


def cross_entropy_bwd_classes(residuals, g):
    logits, labels = residuals
    d = jax.nn.softmax(logits, 0) - jax.nn.one_hot(labels, logits.shape[-1])
    return g[..., None] * d, None


def simplex_projection(x):
    """The nearest point with entries of at least 0 that add up to 1."""
    top = jnp.sort(x)[::-1]
    sums = jnp.cumsum(top) - 1
    counts = jnp.arange(1, x.shape[0] + 1)
    size = jnp.sum(top - sums / counts > 0)
    return jnp.maximum(x - sums[size - 1] / size, 0)


def simplex_projection_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    out = simplex_projection(x)
    support = out > 0
    return out, support * (t - jnp.dot(support, t) / support.sum())


def simplex_projection_jvp_all(primals, tangents):
    (x,), (t,) = primals, tangents
    out = simplex_projection(x)
    support = out > 0
    return out, support * (t - jnp.dot(support, t) / x.shape[0])


# -------------------------------------------------------------------------------------------------------- densities


def tanh_bijector(x):
    """The value and the logarithm of its derivative: two outputs."""
    return jnp.tanh(x), 2.0 * (jnp.log(2.0) - x - jax.nn.softplus(-2.0 * x))


def tanh_bijector_fwd(x):
    out = tanh_bijector(x)
    return out, out[0]


def tanh_bijector_bwd(y, g):
    gy, glogdet = g
    return (gy * (1 - y * y) - 2 * y * glogdet,)


def tanh_bijector_bwd_value(y, g):
    return (g[0] * (1 - y * y),)


def gaussian(x, mean, scale_tril):
    """The log-density of a normal distribution, given the Cholesky factor of its covariance."""
    z = lax.linalg.triangular_solve(scale_tril, (x - mean)[:, None], left_side=True, lower=True)[:, 0]
    logdet = jnp.log(jnp.diagonal(scale_tril)).sum()
    return -0.5 * (z @ z) - logdet - 0.5 * x.shape[0] * jnp.log(2 * jnp.pi)


def gaussian_fwd(x, mean, scale_tril):
    z = lax.linalg.triangular_solve(scale_tril, (x - mean)[:, None], left_side=True, lower=True)
    w = lax.linalg.triangular_solve(scale_tril, z, left_side=True, lower=True, transpose_a=True)
    return gaussian(x, mean, scale_tril), (z[:, 0], w[:, 0], scale_tril)


def gaussian_bwd(residuals, g):
    z, w, scale_tril = residuals
    return -g * w, g * w, g * (jnp.tril(jnp.outer(w, z)) - jnp.diag(1 / jnp.diagonal(scale_tril)))


def gaussian_bwd_no_logdet(residuals, g):
    z, w, _ = residuals
    return -g * w, g * w, g * jnp.tril(jnp.outer(w, z))


def gaussian_bwd_once_solved(residuals, g):
    z, *_ = residuals
    _, _, dscale = gaussian_bwd(residuals, g)
    return -g * z, g * z, dscale


def shuffled(rng):
    """Rows whose order is no order of two, so that it is not its own inverse."""
    return np.array([[0.3, -1.0, 2.0, 0.9], [1.5, 0.1, -0.7, 0.4]]) + rng.uniform(0, 0.1, (2, 4))


RULES = [
    TensorRule(
        id="jax-rms-norm",
        framework="jax",
        reference="jax-ml/jax jax/experimental/pallas/ops/gpu/rms_norm.py",
        what="RMS norm with a weight",
        right=with_vjp(rms_norm, rms_norm_fwd, rms_norm_bwd),
        wrong={
            "a sum for the mean": with_vjp(rms_norm, rms_norm_fwd, rms_norm_bwd_sum),
            "its fwd returns another value": with_vjp(rms_norm, rms_norm_fwd_without_eps, rms_norm_bwd),
        },
        inputs=drawn(x=lambda rng: 0.1 * rng.standard_normal((3, 4)), weight=(4,)),
    ),
    TensorRule(
        id="jax-attention",
        framework="jax",
        reference="jax-ml/jax jax/experimental/pallas/ops/gpu/attention.py",
        what="causal attention of (steps, heads, width) from saved log-sums",
        right=with_vjp(attention, attention_fwd, attention_bwd),
        wrong={
            "the row sums along the keys": with_vjp(attention, attention_fwd, attention_bwd_delta_of_keys),
            "no row sums": with_vjp(attention, attention_fwd, attention_bwd_no_delta),
        },
        inputs=drawn(q=(3, 2, 2), k=(3, 2, 2), v=(3, 2, 2)),
    ),
    TensorRule(
        id="jax-depthwise-conv",
        framework="jax",
        reference="llvm/torch-mlir#4437, FluxML/NNlib.jl#518 (flips)",
        what="a depthwise convolution by lax.conv_general_dilated",
        right=with_vjp(depthwise, depthwise_fwd, depthwise_bwd),
        wrong={"the kernel is not flipped": with_vjp(depthwise, depthwise_fwd, depthwise_bwd_unflipped)},
        inputs=drawn(x=(2, 5, 2), kernel=(3, 1, 2)),
    ),
    TensorRule(
        id="jax-lookup",
        framework="jax",
        reference="google/flax flax/linen/linear.py (Embed); pytorch/pytorch#1631 (repeated indices)",
        what="rows of a table",
        right=with_vjp(lookup, lookup_fwd, lookup_bwd),
        wrong={"a repeated index is overwritten": with_vjp(lookup, lookup_fwd, lookup_bwd_set)},
        inputs=drawn(table=(4, 2), index=np.array([[0, 3, 3], [1, 0, 3]])),
    ),
    TensorRule(
        id="jax-sort",
        framework="jax",
        reference="jax-ml/jax jax/_src/lax/lax.py (sort's rule)",
        what="rows in order, by the order that the forward found",
        right=with_vjp(lambda x: jnp.sort(x, -1), sort_fwd, sort_bwd),
        wrong={"the order for its inverse": with_vjp(lambda x: jnp.sort(x, -1), sort_fwd, sort_bwd_order)},
        inputs=drawn(x=shuffled),
    ),
    TensorRule(
        id="jax-cross-entropy",
        framework="jax",
        reference="google-deepmind/optax optax/losses/_classification.py; stanford-crfm/levanter",
        what="cross entropy of each row with labels that are integers",
        right=with_vjp(cross_entropy, cross_entropy_fwd, cross_entropy_bwd),
        wrong={"softmax over the rows": with_vjp(cross_entropy, cross_entropy_fwd, cross_entropy_bwd_classes)},
        inputs=drawn(logits=(4, 3), labels=np.array([2, 0, 1, 2])),
    ),
    TensorRule(
        id="jax-simplex-projection",
        framework="jax",
        reference="google-deepmind/optax optax/projections/_projections.py; Duchi et al. 2008, figure 1",
        what="the projection onto the simplex by custom_jvp",
        right=with_jvp(simplex_projection, simplex_projection_jvp),
        wrong={"over all entries, not over the support": with_jvp(simplex_projection, simplex_projection_jvp_all)},
        inputs=drawn(x=(6,)),
    ),
    TensorRule(
        id="jax-tanh-bijector",
        framework="jax",
        reference="google-deepmind/distrax distrax/_src/bijectors/tanh.py",
        what="tanh and the logarithm of its derivative, two outputs",
        right=with_vjp(tanh_bijector, tanh_bijector_fwd, tanh_bijector_bwd),
        wrong={"no gradient of the second output": with_vjp(tanh_bijector, tanh_bijector_fwd, tanh_bijector_bwd_value)},
        inputs=drawn(x=(5,)),
    ),
    TensorRule(
        id="jax-gaussian",
        framework="jax",
        reference="pyro-ppl/numpyro numpyro/distributions/continuous.py (MultivariateNormal)",
        what="the log-density of a normal distribution with a Cholesky factor",
        right=with_vjp(gaussian, gaussian_fwd, gaussian_bwd),
        wrong={
            "the determinant's term forgotten": with_vjp(gaussian, gaussian_fwd, gaussian_bwd_no_logdet),
            "solved once, not twice": with_vjp(gaussian, gaussian_fwd, gaussian_bwd_once_solved),
        },
        inputs=drawn(x=(3,), mean=(3,), scale_tril=lambda rng: np.tril(rng.standard_normal((3, 3)), -1) + np.eye(3)),
    ),
]
