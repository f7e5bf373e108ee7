"""Elementwise functions and safe forms of JAX with rules of their own, right and wrong."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from tests.verify.rules.custom_rules_jax import with_jvp, with_vjp
from tests.verify.rules.tensor_rule import Beyond, TensorRule, between, drawn

# ------------------------------------------------------------------------------------------------- of the JAX docs


@jax.custom_vjp
def sin_times(x, y):
    return jnp.sin(x) * y


def sin_times_fwd(x, y):
    return sin_times(x, y), (jnp.cos(x), jnp.sin(x), y)


def sin_times_bwd(residuals, g):
    cos_x, sin_x, y = residuals
    return cos_x * g * y, sin_x * g


def sin_times_bwd_sign(residuals, g):
    cos_x, sin_x, y = residuals
    return cos_x * g * y, -sin_x * g


sin_times.defvjp(sin_times_fwd, sin_times_bwd)


@jax.custom_jvp
def log1pexp(x):
    return jnp.log(1.0 + jnp.exp(x))


@log1pexp.defjvp
def log1pexp_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return log1pexp(x), (1 - 1 / (1 + jnp.exp(x))) * t


def log1pexp_jvp_complement(primals, tangents):
    (x,), (t,) = primals, tangents
    return log1pexp(x), t / (1 + jnp.exp(x))


def identity(low, high, x):
    return x


def clip_bwd(residuals, g):
    return None, None, jnp.clip(g, *residuals)


unclipped = with_vjp(identity, lambda low, high, x: (x, None), lambda _, g: (None, None, g))
clip_gradient = with_vjp(identity, lambda low, high, x: (x, (low, high)), clip_bwd)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def power(n, x):
    return x**n


@power.defjvp
def power_jvp(n, primals, tangents):
    (x,), (t,) = primals, tangents
    return power(n, x), n * power(n - 1, x) * t


power_not_lowered = jax.custom_jvp(lambda n, x: x**n, nondiff_argnums=(0,))
power_not_lowered.defjvp(lambda n, primals, tangents: (primals[0] ** n, n * primals[0] ** n * tangents[0]))


# ------------------------------------------------------------------------------------------- logarithms made safe


def log1mexp(x):
    """log(1 - e^x) for x < 0, in two ways around -log 2."""
    small = jnp.log(-jnp.expm1(x))
    return jnp.where(x > -0.6931471805599453, small, jnp.log1p(-jnp.exp(x)))


def log1mexp_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return log1mexp(x), -t / jnp.expm1(-x)


def log1mexp_jvp_sign(primals, tangents):
    (x,), (t,) = primals, tangents
    return log1mexp(x), t / jnp.expm1(-x)


def log1mexp_jvp_exp(primals, tangents):
    """1 - e^x for 1 - e^-x."""
    (x,), (t,) = primals, tangents
    return log1mexp(x), t / jnp.expm1(x)


def logaddexp(a, b):
    top = jnp.maximum(a, b)
    return top + jnp.log1p(jnp.exp(-jnp.abs(a - b)))


def logaddexp_jvp(primals, tangents):
    (a, b), (da, db) = primals, tangents
    out = logaddexp(a, b)
    return out, da * jnp.exp(a - out) + db * jnp.exp(b - out)


def logaddexp_jvp_hard(primals, tangents):
    """Where both are equal, the maximum's share is 0 for each, as that of |a - b| is."""
    (a, b), (da, db) = primals, tangents
    share = jnp.where(a == b, 0.0, jax.nn.sigmoid(a - b))
    return logaddexp(a, b), da * share + db * jnp.where(a == b, 0.0, 1 - share)


def xlogy(x, y):
    safe = jnp.where(x == 0, 1.0, y)
    return x * jnp.log(safe)


def xlogy_jvp(primals, tangents):
    (x, y), (dx, dy) = primals, tangents
    return xlogy(x, y), dx * jnp.log(y) + dy * x / y


def xlogy_jvp_swapped(primals, tangents):
    (x, y), (dx, dy) = primals, tangents
    return xlogy(x, y), dy * jnp.log(y) + dx * x / y


def logsumexp(x, axis):
    top = jax.lax.stop_gradient(jnp.max(x, axis, keepdims=True))
    top = jnp.where(jnp.isfinite(top), top, 0)
    return jnp.squeeze(top, axis) + jnp.log(jnp.exp(x - top).sum(axis))


def logsumexp_fwd(x, axis):
    out = logsumexp(x, axis)
    return out, (x, out)


def logsumexp_bwd(axis, residuals, g):
    x, out = residuals
    return (jnp.expand_dims(g, axis) * jnp.exp(x - jnp.expand_dims(out, axis)),)


def logsumexp_bwd_mean(axis, residuals, g):
    x, _ = residuals
    return (logsumexp_bwd(axis, residuals, g)[0] / x.shape[axis],)


def masked_logsumexp(bwd):
    """Of the entries that a mask, made of indices, lets in; the others are -inf."""
    inner = with_vjp(logsumexp, lambda x, axis: logsumexp_fwd(x, axis), bwd, nondiff=(1,))

    def function(x, lengths):
        inside = jnp.arange(x.shape[1]) < lengths[:, None]
        return inner(jnp.where(inside, x, -jnp.inf), 1)

    return function


# ---------------------------------------------------------------------------------------------------- norms made safe


def safe_norm(x, least):
    """√Σx² of the last axis, and ``least`` where that is larger."""
    square = jnp.sum(x * x, -1)
    masked = square <= least**2
    return jnp.where(masked, least, jnp.sqrt(jnp.where(masked, 1.0, square)))


def safe_norm_fwd(x, least):
    out = safe_norm(x, least)
    return out, (x, out)


def safe_norm_bwd(least, residuals, g):
    x, out = residuals
    return (jnp.where(out > least, g / out, 0.0)[..., None] * x,)


def safe_norm_bwd_everywhere(least, residuals, g):
    x, out = residuals
    return ((g / out)[..., None] * x,)


def safe_norm_bwd_root(least, residuals, g):
    x, out = residuals
    return (jnp.where(out > least, g, 0.0)[..., None] * x,)


def pair_distances(distance):
    """Distances of all pairs of points, by vmap of a function that has its rule."""
    return jax.vmap(jax.vmap(distance, (0, None)), (None, 0))


def distance(a, b):
    square = jnp.sum((a - b) ** 2)
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)


def distance_jvp(primals, tangents):
    (a, b), (da, db) = primals, tangents
    d = distance(a, b)
    return d, jnp.dot(a - b, da - db) * jnp.where(d > 0, 1 / jnp.where(d > 0, d, 1.0), 0.0)


def distance_jvp_sum(primals, tangents):
    (a, b), (da, db) = primals, tangents
    d = distance(a, b)
    return d, jnp.dot(a - b, da + db) * jnp.where(d > 0, 1 / jnp.where(d > 0, d, 1.0), 0.0)


# ------------------------------------------------------------------------------------------------------ a surrogate


@jax.custom_vjp
def fake_quantised(x, scale):
    return jnp.clip(jnp.round(x * scale), -3, 3) / scale


def fake_quantised_bwd(residuals, g):
    x, scale = residuals
    return jnp.where(jnp.abs(x * scale) <= 3, g, 0.0), jnp.zeros_like(scale)


fake_quantised.defvjp(lambda x, scale: (fake_quantised(x, scale), (x, scale)), fake_quantised_bwd)
fake_quantised_scaled = with_vjp(
    lambda x, scale: fake_quantised(x, scale),
    lambda x, scale: (fake_quantised(x, scale), (x, scale)),
    lambda residuals, g: (fake_quantised_bwd(residuals, g)[0] * residuals[1], jnp.zeros_like(residuals[1])),
)


def equal_terms() -> dict[str, np.ndarray]:
    return {"a": np.array([0.5, -1.0]), "b": np.array([0.5, 2.0])}


def short_rows() -> dict[str, object]:
    return {"x": np.array([[0.02, -0.01, 0.03], [1.0, 0.5, -2.0]]), "least": 0.1}


RULES = [
    TensorRule(
        id="jax-sin-times",
        framework="jax",
        reference="jax-ml/jax docs/notebooks/Custom_derivative_rules_for_Python_code.ipynb; its #3213 and #13048",
        what="sin(x)·y by custom_vjp",
        right=sin_times,
        wrong={"the sign of y's gradient": with_vjp(sin_times.fun, sin_times_fwd, sin_times_bwd_sign)},
        inputs=drawn(x=(3, 2), y=(3, 2)),
    ),
    TensorRule(
        id="jax-log1pexp",
        framework="jax",
        reference="jax-ml/jax docs/notebooks/Custom_derivative_rules_for_Python_code.ipynb, numerical stability",
        what="log(1 + eˣ) by custom_jvp",
        right=log1pexp,
        wrong={"the sigmoid of -x": with_jvp(log1pexp.fun, log1pexp_jvp_complement)},
        inputs=drawn(x=(2, 4)),
    ),
    TensorRule(
        id="jax-clip-gradient",
        framework="jax",
        reference="jax-ml/jax docs/notebooks/Custom_derivative_rules_for_Python_code.ipynb, gradient clipping",
        what="the identity; the docs' rule clips its cotangent, here undeclared",
        right=unclipped,
        wrong={"large cotangents are clipped": clip_gradient},
        beyond={"large cotangents are clipped": Beyond("the cotangents are small", scale=100.0)},
        inputs=drawn(low=-5.0, high=5.0, x=(4,)),
        wrt=("x",),
    ),
    TensorRule(
        id="jax-power",
        framework="jax",
        reference="jax-ml/jax docs/notebooks/Custom_derivative_rules_for_Python_code.ipynb, nondiff_argnums",
        what="xⁿ with n among nondiff_argnums",
        right=power,
        wrong={"the exponent is not lowered": power_not_lowered},
        inputs=drawn(n=3, x=(2, 3)),
    ),
    TensorRule(
        id="jax-log1mexp",
        framework="jax",
        reference="pyro-ppl/numpyro#1960; Mächler 2012, Accurately computing log(1 - exp(-|a|))",
        what="log(1 - eˣ) below 0, in two ways",
        right=with_jvp(log1mexp, log1mexp_jvp),
        wrong={
            "the sign": with_jvp(log1mexp, log1mexp_jvp_sign),
            "x for -x": with_jvp(log1mexp, log1mexp_jvp_exp),
        },
        inputs=drawn(x=between(-2, -0.1, 7)),
    ),
    TensorRule(
        id="jax-logaddexp",
        framework="jax",
        reference="jax-ml/jax jax/_src/numpy/ufuncs.py; its #2107",
        what="log(eᵃ + eᵇ), smooth where both are equal",
        right=with_jvp(logaddexp, logaddexp_jvp),
        wrong={"0 where both are equal": with_jvp(logaddexp, logaddexp_jvp_hard)},
        beyond={"0 where both are equal": Beyond("there are no equal terms", inputs=equal_terms)},
        inputs=drawn(a=(5,), b=(5,)),
    ),
    TensorRule(
        id="jax-xlogy",
        framework="jax",
        reference="jax-ml/jax jax/_src/scipy/special.py",
        what="x·log y, 0 where x is",
        right=with_jvp(xlogy, xlogy_jvp),
        wrong={"the two tangents swapped": with_jvp(xlogy, xlogy_jvp_swapped)},
        inputs=drawn(x=between(0.1, 1, 4), y=between(0.5, 2, 4)),
    ),
    TensorRule(
        id="jax-masked-logsumexp",
        framework="jax",
        reference="jax-ml/jax jax/_src/ops/special.py (logsumexp)",
        what="log Σ eˣ of the entries that a length lets in, the others -inf",
        right=masked_logsumexp(logsumexp_bwd),
        wrong={"the mean for the sum": masked_logsumexp(logsumexp_bwd_mean)},
        inputs=drawn(x=(3, 4), lengths=np.array([2, 4, 1])),
    ),
    TensorRule(
        id="jax-safe-norm",
        framework="jax",
        reference="google-deepmind/optax optax/_src/numerics.py (safe_norm)",
        what="norms of rows, not below a least one",
        right=with_vjp(safe_norm, safe_norm_fwd, safe_norm_bwd, nondiff=(1,)),
        wrong={
            "short rows have a gradient": with_vjp(safe_norm, safe_norm_fwd, safe_norm_bwd_everywhere, nondiff=(1,)),
            "not divided by the norm": with_vjp(safe_norm, safe_norm_fwd, safe_norm_bwd_root, nondiff=(1,)),
        },
        beyond={"short rows have a gradient": Beyond("every row is long", inputs=short_rows)},
        inputs=drawn(x=(4, 3), least=0.1),
    ),
    TensorRule(
        id="jax-pair-distances",
        framework="jax",
        reference="jax-md/jax-md jax_md/space.py; jax-ml/jax FAQ, gradients contain NaN where using where",
        what="distances of all pairs, by vmap of a custom_jvp",
        right=pair_distances(with_jvp(distance, distance_jvp)),
        wrong={"the tangents added, not subtracted": pair_distances(with_jvp(distance, distance_jvp_sum))},
        inputs=drawn(a=(3, 2), b=(2, 2)),
    ),
    TensorRule(
        id="jax-fake-quantised",
        framework="jax",
        reference="google/aqt aqt/jax/v2/aqt_dot_general.py; Bengio et al. 2013, arXiv:1308.3432",
        what="rounding to a scale, passed straight through inside of a range",
        right=fake_quantised,
        wrong={"multiplied by the scale": fake_quantised_scaled},
        inputs=drawn(x=(3, 4), scale=np.array(2.5)),
        wrt=("x",),
        definition=lambda x, scale: jnp.clip(x, -3 / scale, 3 / scale),
    ),
]
