"""Scans, implicit functions and solvers of JAX with rules of their own, right and wrong."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.verify.rules.custom_rules_jax import with_vjp
from tests.verify.rules.tensor_rule import TensorRule, between, drawn

# ------------------------------------------------------------------------------------------------------------ scans


def returns(rewards, discounts, last):
    """R[t] = r[t] + γ[t]·R[t+1], from the last value."""

    def step(after, given):
        reward, discount = given
        now = reward + discount * after
        return now, now

    return lax.scan(step, last, (rewards, discounts), reverse=True)[1]


def returns_fwd(rewards, discounts, last):
    out = returns(rewards, discounts, last)
    return out, (discounts, jnp.append(out[1:], last))


def returns_gradients(residuals, g, before):
    """The gradient of the rewards at each step, from the first to the last, by the discounts of the steps before."""
    discounts, after = residuals

    def step(carried, given):
        discount, own = given
        now = own + discount * carried
        return now, now

    _, dr = lax.scan(step, jnp.zeros(()), (before, g))
    return dr, dr * after, dr[-1] * discounts[-1]


def returns_bwd(residuals, g):
    return returns_gradients(residuals, g, jnp.append(0.0, residuals[0][:-1]))


def returns_bwd_own(residuals, g):
    return returns_gradients(residuals, g, residuals[0])


def recurrence(a, x):
    """h[t] = a[t]·h[t-1] + x[t] by an associative scan over the first axis."""

    def combine(left, right):
        return left[0] * right[0], left[1] * right[0] + right[1]

    return lax.associative_scan(combine, (a, x))[1]


def recurrence_fwd(a, x):
    h = recurrence(a, x)
    return h, (a, h)


def recurrence_bwd(residuals, g):
    a, h = residuals
    later = jnp.concatenate([a[1:], jnp.ones_like(a[:1])])
    dx = recurrence(later[::-1], g[::-1])[::-1]
    return dx * jnp.concatenate([jnp.zeros_like(h[:1]), h[:-1]]), dx


def recurrence_bwd_unshifted(residuals, g):
    a, h = residuals
    dx = recurrence(a[::-1], g[::-1])[::-1]
    return dx * jnp.concatenate([jnp.zeros_like(h[:1]), h[:-1]]), dx


def euler(steps, y, weight):
    """y + h·tanh(W·y), so many times, over a time of 1: the last state, and those before each step."""

    def step(y, _):
        return y + jnp.tanh(weight @ y) / steps, y

    return lax.scan(step, y, None, length=steps)


def euler_last(steps, y, weight):
    return euler(steps, y, weight)[0]


def euler_fwd(steps, y, weight):
    last, before = euler(steps, y, weight)
    return last, (weight, before, last)


def euler_gradients(steps, weight, states, g):
    def step(carried, y):
        adjoint, dw = carried
        d = adjoint * (1 - jnp.tanh(weight @ y) ** 2) / steps
        return (adjoint + weight.T @ d, dw + jnp.outer(d, y)), None

    return lax.scan(step, (g, jnp.zeros_like(weight)), states, reverse=True)[0]


def euler_bwd(steps, residuals, g):
    weight, before, _ = residuals
    return euler_gradients(steps, weight, before, g)


def euler_bwd_ends(steps, residuals, g):
    """The states at the ends of the steps."""
    weight, before, last = residuals
    return euler_gradients(steps, weight, jnp.concatenate([before[1:], last[None]]), g)


# ------------------------------------------------------------------------------------------------ implicit functions


def solve(a, b):
    return jnp.linalg.solve(a, b)


def solve_fwd(a, b):
    x = jnp.linalg.solve(a, b)
    return x, (a, x)


def solve_bwd(residuals, g):
    a, x = residuals
    db = jnp.linalg.solve(a.T, g)
    return -jnp.outer(db, x), db


def solve_bwd_not_transposed(residuals, g):
    a, x = residuals
    db = jnp.linalg.solve(a, g)
    return -jnp.outer(db, x), db


def solve_bwd_swapped(residuals, g):
    a, x = residuals
    db = jnp.linalg.solve(a.T, g)
    return -jnp.outer(x, db), db


def fixed_point(iterations, weight, x):
    """z = tanh(W·z + x), by iteration."""
    return lax.fori_loop(0, iterations, lambda _, z: jnp.tanh(weight @ z + x), jnp.zeros_like(x))


def fixed_point_fwd(iterations, weight, x):
    z = fixed_point(iterations, weight, x)
    return z, (weight, z)


def fixed_point_bwd(iterations, residuals, g):
    weight, z = residuals
    slope = 1 - z * z
    u = lax.fori_loop(0, iterations, lambda _, u: g + weight.T @ (slope * u), g)
    return jnp.outer(slope * u, z), slope * u


def fixed_point_bwd_one_step(iterations, residuals, g):
    _, z = residuals
    d = (1 - z * z) * g
    return jnp.outer(d, z), d


def fixed_point_bwd_not_transposed(iterations, residuals, g):
    weight, z = residuals
    slope = 1 - z * z
    u = lax.fori_loop(0, iterations, lambda _, u: g + weight @ (slope * u), g)
    return jnp.outer(slope * u, z), slope * u


def newton_root(x):
    """√x by Newton's method, until it stands still."""

    def going(state):
        y, before = state
        return jnp.any(jnp.abs(y - before) > 1e-14 * y)

    def step(state):
        y, _ = state
        return (y + x / y) / 2, y

    return lax.while_loop(going, step, (x, jnp.zeros_like(x)))[0]


def newton_root_fwd(x):
    y = newton_root(x)
    return y, y


RULES = [
    TensorRule(
        id="jax-returns",
        framework="jax",
        reference="google-deepmind/rlax rlax/_src/multistep.py",
        what="discounted returns, by lax.scan from the end",
        right=with_vjp(returns, returns_fwd, returns_bwd),
        wrong={"the discount of the step itself": with_vjp(returns, returns_fwd, returns_bwd_own)},
        inputs=drawn(rewards=(5,), discounts=between(0.5, 0.9, 5), last=lambda rng: rng.standard_normal(())),
    ),
    TensorRule(
        id="jax-associative-scan",
        framework="jax",
        reference="lindermanlab/S5 s5/ssm.py; Martin, Cundy 2018, arXiv:1709.04057, 2.2",
        what="h[t] = a[t]·h[t-1] + x[t] by lax.associative_scan",
        right=with_vjp(recurrence, recurrence_fwd, recurrence_bwd),
        wrong={"the factors are not shifted": with_vjp(recurrence, recurrence_fwd, recurrence_bwd_unshifted)},
        inputs=drawn(a=between(0.2, 0.9, 4, 2), x=(4, 2)),
    ),
    TensorRule(
        id="jax-euler-adjoint",
        framework="jax",
        reference="patrick-kidger/diffrax diffrax/_adjoint.py; Chen et al. 2018, arXiv:1806.07366, algorithm 1",
        what="Euler's method for an equation with weights, by its adjoint",
        right=with_vjp(euler_last, euler_fwd, euler_bwd, nondiff=(0,)),
        wrong={"the states at the ends of the steps": with_vjp(euler_last, euler_fwd, euler_bwd_ends, nondiff=(0,))},
        inputs=drawn(steps=3, y=(3,), weight=(3, 3)),
    ),
    TensorRule(
        id="jax-linear-solve",
        framework="jax",
        reference="patrick-kidger/lineax lineax/_solve.py; Giles 2008, 2.3.1",
        what="A⁻¹·b",
        right=with_vjp(solve, solve_fwd, solve_bwd),
        wrong={
            "solved with A, not with Aᵀ": with_vjp(solve, solve_fwd, solve_bwd_not_transposed),
            "the outer product transposed": with_vjp(solve, solve_fwd, solve_bwd_swapped),
        },
        inputs=drawn(a=lambda rng: rng.standard_normal((3, 3)) + 2 * np.eye(3), b=(3,)),
    ),
    TensorRule(
        id="jax-fixed-point",
        framework="jax",
        reference="jax-ml/jax docs/notebooks/Custom_derivative_rules_for_Python_code.ipynb, implicit differentiation",
        what="z = tanh(W·z + x) iterated until it stands still in floats: right as far as it has converged",
        right=with_vjp(fixed_point, fixed_point_fwd, fixed_point_bwd, nondiff=(0,)),
        wrong={
            "one step, for all of them": with_vjp(fixed_point, fixed_point_fwd, fixed_point_bwd_one_step, nondiff=(0,)),
            "W for Wᵀ": with_vjp(fixed_point, fixed_point_fwd, fixed_point_bwd_not_transposed, nondiff=(0,)),
        },
        inputs=drawn(iterations=40, weight=lambda rng: 0.2 * rng.standard_normal((3, 3)), x=(3,)),
    ),
    TensorRule(
        id="jax-newton-root",
        framework="jax",
        reference="google/jaxopt jaxopt/_src/implicit_diff.py; Blondel et al. 2022, arXiv:2105.15183",
        what="√x by Newton's method in lax.while_loop: right as far as it has converged",
        right=with_vjp(newton_root, newton_root_fwd, lambda y, g: (g / (2 * y),)),
        wrong={"the factor 2 lost": with_vjp(newton_root, newton_root_fwd, lambda y, g: (g / y,))},
        inputs=drawn(x=between(0.5, 3, 4)),
    ),
]
