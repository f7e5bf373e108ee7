"""The walk over a jaxpr: control flow along the point, the margins of what it decides, and what it refuses."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'backproof[jax]'")

import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402
from jax.scipy import special  # noqa: E402

from backproof.verify.arrays import floats  # noqa: E402
from backproof.verify.arrays.traced import Point, Traced, Unread  # noqa: E402
from backproof.verify.subjects.tensors.jax_code import JaxCode, jax_code  # noqa: E402
from tests.verify.subjects.tensors.jax_replay import differing, of_program, real, replayed  # noqa: E402

pytestmark = pytest.mark.optional

x = np.random.default_rng(5).standard_normal((3, 4))
pairs = np.array([0, 0, 1])


FLOW = {
    "a scan": lambda a: lax.scan(lambda c, row: (jnp.tanh(c / 2 + row), c * row), a[0], a),
    "from behind": lambda a: lax.scan(lambda c, row: (c / 2 + row, c * row), a[0], a, reverse=True),
    "of no rows": lambda a: lax.scan(lambda c, row: (c + row, c), a[0], a[:0])[0] * 2,
    "a loop": lambda a: lax.fori_loop(0, 3, lambda k, c: c.at[k].set(jnp.sin(c[k]) * c[(k + 1) % 3]), a),
    "a branch": lambda a: lax.cond(a.sum() > 0, jnp.sin, lambda t: t * t, a),
    "a switch": lambda a: lax.switch(jnp.argmax(a[0]), [jnp.sin, jnp.cos, jnp.exp, jnp.tanh], a),
    "branches of rows": jax.vmap(lambda row: lax.cond(row[0] > 0, jnp.sin, jnp.cos, row)),
    "checkpoints": jax.checkpoint(lambda a: jnp.sin(jnp.sin(a))),
    "a compiled function": jax.jit(lambda a: jnp.sin(a) * a),
    "a derivative": jax.grad(lambda a: jnp.sum(jnp.tanh(a) ** 2)),
    "a Hessian": lambda a: jax.hessian(lambda v: jnp.sum(jnp.tanh(v) ** 2))(a[0]),
}


@pytest.mark.parametrize("name", FLOW)
def test_control_flow_is_followed_along_the_point(name: str) -> None:
    replayed(jax_code(FLOW[name], (x,)))


def test_a_loop_is_unrolled_as_far_as_it_goes_here() -> None:
    doubled = jax.custom_vjp(lambda a: lax.while_loop(lambda c: c.sum() < 100, lambda c: c * 2, a * a + 1))
    doubled.defvjp(lambda a: (doubled(a), (a, doubled(a) / (a * a + 1))), lambda s, g: (g * 2 * s[0] * s[1],))
    traced = replayed(jax_code(doubled, (x,)))
    assert {margin.what for margin in traced.margins} == {"<"}


def test_each_of_the_loops_that_vmap_makes_one_goes_on_for_itself() -> None:
    def halved(a: Any) -> Any:
        return lax.while_loop(lambda c: c > 1, lambda c: c / 2, a * 8)

    rule = jax.custom_vjp(halved)
    rule.defvjp(lambda a: (halved(a), halved(a) / a), lambda slope, g: (g * slope,))
    traced = replayed(jax_code(jax.vmap(rule), (np.array([0.3, 1.9, 0.7, 0.2]),)))
    assert np.allclose(traced.values[0], [0.6, 0.95, 0.7, 0.8])


# -------------------------------------------------------------------------------------------------------- margins

BRANCHING = {
    "a comparison": lambda a: jnp.where(a > 0.3, a, a * a),
    "equality": lambda a: jnp.where(jnp.round(a) == 1.0, a, a * a),
    "the larger": lambda a: jnp.maximum(a, a * a - 0.5),
    "the smaller": lambda a: jnp.minimum(a, 0.2),
    "bounds": lambda a: lax.clamp(-0.5, a, 0.5) * a,
    "the absolute value": lambda a: jnp.abs(a),
    "the sign": lambda a: jnp.sign(a) * a * a,
    "the bit of the sign": lambda a: jnp.where(jnp.signbit(a), a, a * a),
    "rounding": lambda a: jnp.round(a) * a,
    "rounding down": lambda a: jnp.floor(a * 2) * a,
    "rounding up": lambda a: jnp.ceil(a) * a,
    "a whole number": lambda a: a.astype(int) * a,
    "a truth": lambda a: a * jnp.trunc(a).astype(bool),
    "a remainder": lambda a: lax.rem(a * 3, a * a + 0.5),
    "a cube root": lambda a: jnp.cbrt(a),
    "an angle": lambda a: jnp.arctan2(a[0], a[1:]),
    "the largest": lambda a: jnp.max(a, axis=1),
    "where the largest is": lambda a: jnp.take_along_axis(a * a, jnp.argmax(a, 1)[:, None], 1),
    "the largest so far": lambda a: lax.cummax(a, axis=1),
    "the smallest so far, from behind": lambda a: lax.cummin(a, axis=0, reverse=True),
    "order": lambda a: jnp.sort(a, axis=1),
    "the two largest": lambda a: lax.top_k(a, 2)[0],
    "the larger of those written": lambda a: a.at[pairs].max(a * 2),
    "the largest in a window": lambda a: lax.reduce_window(a, -np.inf, lax.max, (2, 2), (1, 1), "VALID"),
    "a branch": lambda a: lax.cond(a.sum() > 0, jnp.sin, jnp.cos, a),
    "a place among others": lambda a: a * jnp.searchsorted(np.array([-0.5, 0.5]), a[0]),
}


@pytest.mark.parametrize("name", BRANCHING)
def test_until_a_margin_turns_the_program_is_the_function(name: str) -> None:
    function = jax.custom_vjp(lambda a: BRANCHING[name](a))
    function.defvjp(lambda a: (function(a), a), lambda a, g: (a,))  # in which no comparison hides that one is missing
    code = jax_code(function, (x,))
    traced = replayed(code)
    assert traced.decisions
    crossed = 0
    for entry, step in itertools.product(((0, 1), (0, 3), (1, 2), (2, 3)), (-2.5, 2.5)):
        away = np.zeros(x.shape)
        away[entry] = step
        if not holds(code, traced, x + away):
            near, far = 0.0, 1.0
            for _ in range(24):
                middle = (near + far) / 2
                near, far = (middle, far) if holds(code, traced, x + middle * away) else (near, middle)
            assert not np.array_equal(signs(traced, x), signs(traced, x + far * away))
            crossed += 1
    assert crossed


def test_a_choice_that_the_function_and_its_rule_make_counts_once() -> None:
    traced = replayed(jax_code(lambda a: jnp.where(a > 0.3, a, a * a), (x,)))
    assert (traced.decisions, [margin.what for margin in traced.margins]) == (1, [">"])


def holds(code: JaxCode, traced: Traced, a: Any) -> bool:
    return not differing(of_program(traced, {"a": a}), real(code, traced, {"a": a}))


def signs(traced: Traced, a: Any) -> Any:
    found = floats.values(traced.program, [margin.node for margin in traced.margins], {"a": a})
    return np.sign(np.concatenate([np.ravel(margin) for margin in found]))


# -------------------------------------------------------------------------------------------------------- refusals

UNREAD = {
    "a Fourier transform": (lambda a: jnp.abs(jnp.fft.fft(a)), "complex numbers: "),
    "complex numbers": (lambda a: jnp.abs(a + 1j * a), "complex numbers: "),
    "singular values": (lambda a: jnp.linalg.svd(a, compute_uv=False), "no reading of svd"),
    "eigenvalues": (lambda a: jnp.linalg.eigh(a[:, :3] @ a[:, :3].T)[0], "no reading of eigh"),
    "the bits of a float": (lambda a: lax.bitcast_convert_type(_bits(a) + 1, jnp.float64), "the bits of a float: add"),
    "the zeta function": (lambda a: special.zeta(a * a + 2, 2.0), "no reading of zeta"),
    "an angle on the axis": (lambda a: jnp.arctan2(a * a + 1, a * 0), "atan2 where its second operand is 0"),
    "many exponents": (lambda a: a.reshape(12, 1) ** np.arange(108.0).reshape(12, 9), "108 different exponents"),
    "an infinite exponent": (lambda a: (a * a) ** jnp.inf, "an exponent that is infinite"),
    "large factors": (lambda a: jnp.linalg.det(jnp.tile(a, (11, 9))[:33, :33] + 40 * jnp.eye(33)), "lu of 33 rows"),
    "a look at a value": (lambda a: jnp.sin(a) if a.sum() > 0 else jnp.cos(a), "code that looks at values"),
}


def _bits(a: Any) -> Any:
    return lax.bitcast_convert_type(a, jnp.int64)


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_read_is_refused_by_name_and_line(name: str) -> None:
    function, reason = UNREAD[name]
    code = jax_code(function, (x,))
    with pytest.raises(Unread, match=reason) as told:
        code.trace(Point(code.inputs))
    assert "test_jax_walk.py:" in str(told.value)


def test_python_that_is_called_back_is_refused() -> None:
    doubled = jax.custom_vjp(lambda a: a * a)
    shape = jax.ShapeDtypeStruct((3, 4), np.float64)
    doubled.defvjp(lambda a: (a * a, a), lambda a, g: (jax.pure_callback(lambda v: 2 * v, shape, a) * g,))
    code = jax_code(doubled, (x,))
    with pytest.raises(Unread, match="Python code that is called back"):
        code.trace(Point(code.inputs))


def test_an_order_that_depends_on_an_input_is_refused() -> None:
    rule = jax.custom_vjp(lambda a: lax.polygamma(a**2, a))
    rule.defvjp(lambda a: (rule(a), a), lambda a, g: (g * a,))
    code = jax_code(rule, (np.array([1.0, 2.0]),))
    with pytest.raises(Unread, match="the order of polygamma"):
        code.trace(Point(code.inputs))


def test_a_walk_gives_up_after_very_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backproof.verify.subjects.tensors.jax.walk.MOST_STEPS", 500)
    code = jax_code(lambda a: lax.fori_loop(0, 300, lambda k, c: c * 0.5 + a, a), (x,))
    with pytest.raises(Unread, match="more than 500 steps along its loops"):
        code.trace(Point(code.inputs))
