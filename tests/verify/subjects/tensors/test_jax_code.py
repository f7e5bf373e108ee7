"""Rules of JAX as authors write them: run, traced, and refused with the value and the reason."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'backproof[jax]'")

import jax.numpy as jnp  # noqa: E402

from backproof.verify.arrays.traced import Point, Unread  # noqa: E402
from backproof.verify.subjects.tensors.jax_code import jax_code  # noqa: E402
from backproof.verify.support.errors import SubjectError, UsageError  # noqa: E402
from tests.verify.subjects.tensors.jax_replay import differing, of_program, real, replayed  # noqa: E402

pytestmark = pytest.mark.optional

rng = np.random.default_rng(11)
x = rng.standard_normal((4, 3))
w = rng.standard_normal((3, 2))
table = rng.standard_normal((5, 3))
indices = np.array([0, 2, 2])


def rule(function: Callable[..., Any], fwd: Callable[..., Any], bwd: Callable[..., Any], **more: Any) -> Any:
    made = jax.custom_vjp(function, **more)
    made.defvjp(fwd, bwd)
    return made


def product(bwd: Callable[..., Any]) -> Any:
    return rule(lambda x, w: x @ w, lambda x, w: (x @ w, (x, w)), bwd)


softmax = rule(
    lambda x: jax.nn.softmax(x),
    lambda x: (jax.nn.softmax(x),) * 2,
    lambda y, g: (y * (g - (y * g).sum(-1, keepdims=True)),),
)
power = rule(
    lambda n, x: x**n,
    lambda n, x: (x**n, x),
    lambda n, x, g: (g * n * x ** (n - 1),),
    nondiff_argnums=(0,),
)
clipped = rule(
    lambda lo, hi, x: x,
    lambda lo, hi, x: (x, (lo, hi)),
    lambda r, g: (None, None, jnp.clip(g, r[0], r[1])),
)
dense = rule(
    lambda p, x: x @ p["w"] + p["b"],
    lambda p, x: (x @ p["w"] + p["b"], (p, x)),
    lambda r, g: ({"w": r[1].T @ g, "b": g.sum(0)}, g @ r[0]["w"].T),
)
embedding = rule(
    lambda t, i: t[i],
    lambda t, i: (t[i], (t.shape, i)),
    lambda r, g: (jnp.zeros(r[0]).at[r[1]].add(g), None),
)


@functools.wraps(power)
def cubed(*inputs: Any) -> Any:
    return power(3, *inputs)


symbolic = jax.custom_vjp(lambda x: jnp.sin(x))
symbolic.defvjp(lambda x: (jnp.sin(x.value), x.value), lambda x, g: (g * jnp.cos(x),), symbolic_zeros=True)


@functools.partial(jax.tree_util.register_dataclass, data_fields=["scale"], meta_fields=["label"])
@dataclass
class Scale:
    scale: Any
    label: str


@jax.custom_gradient
def sine(x):
    return jnp.sin(x), lambda g: g * jnp.cos(x)


@jax.custom_jvp
def softplus(x):
    return jnp.log1p(jnp.exp(x))


@softplus.defjvp
def _(primals, tangents):
    return softplus(primals[0]), tangents[0] * jax.nn.sigmoid(primals[0])


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def scaled(n, x):
    return n * x**2


@scaled.defjvp
def _(n, primals, tangents):
    return scaled(n, *primals), 2 * n * primals[0] * tangents[0]


# --------------------------------------------------------------------------------------------- rules and arguments

RULES: dict[str, tuple[Any, Any, tuple[str, ...], tuple[str, ...]]] = {
    # the function, its inputs; their names, those that are differentiated
    "softmax": (softmax, (x,), ("x",), ("x",)),
    "of each row by vmap": (jax.vmap(softmax), (x,), ("x",), ("x",)),
    "compiled": (jax.jit(softmax), (x,), ("x",), ("x",)),
    "two arrays": (product(lambda r, g: (g @ r[1].T, r[0].T @ g)), (x, w), ("x", "w"), ("x", "w")),
    "nondiff_argnums": (power, (3, x), ("n", "x"), ("x",)),
    "nondiff_argnums, compiled": (jax.jit(power, static_argnums=0), (3, x), ("n", "x"), ("x",)),
    "nondiff_argnums, by name": (power, {"x": x, "n": 3}, ("n", "x"), ("x",)),
    "a float that is not differentiated": (power, (2.5, x * x), ("n", "x"), ("x",)),
    "filled in": (functools.partial(power, 3), (x,), ("x",), ("x",)),
    "filled in by a wrapper": (cubed, {"x": x}, ("x",), ("x",)),
    "None for numbers": (clipped, (-0.5, 0.5, x), ("lo", "hi", "x"), ("x",)),
    "None for arrays": (clipped, (np.float64(-1), jnp.ones(()), x), ("lo", "hi", "x"), ("lo", "hi", "x")),
    "a dictionary": (dense, ({"w": w, "b": w[0]}, x), ("p.b", "p.w", "x"), ("p.b", "p.w", "x")),
    "a tuple": (lambda t, y: t[0] * t[1] + y, ((x, x), x), ("t.0", "t.1", "y"), ("t.0", "t.1", "y")),
    "a tree of one's own": (lambda p, x: p.scale * x, (Scale(x[0], "s"), x), ("p.scale", "x"), ("p.scale", "x")),
    "indices": (embedding, (table, indices), ("t", "i"), ("t",)),
    "a key": (lambda k, x: x * jax.random.normal(k, x.shape), (jax.random.key(0), x), ("k", "x"), ("x",)),
    "custom_jvp": (softplus, (x,), ("x",), ("x",)),
    "custom_jvp with nondiff_argnums": (scaled, (3, x), ("n", "x"), ("x",)),
    "a text": (lambda x, how: x.sum() if how == "sum" else x, (x, "sum"), ("x", "how"), ("x",)),
    "None": (lambda x, b=None: x if b is None else x + b, (x, None), ("x", "b"), ("x",)),
    "by keyword only": (lambda x, *, s: x * s, {"x": x, "s": x[0]}, ("x", "s"), ("x", "s")),
    "one left out": (lambda x, a=2.0, b=None: x * a * b, {"x": x, "b": x[0]}, ("x", "b"), ("x", "b")),
    "any number": (lambda *xs: xs[0] * xs[1], (x, x[0]), ("x0", "x1"), ("x0", "x1")),
    "floats alone": (lambda x, y: x * y, (2.0, 3.0), ("x", "y"), ("x", "y")),
    "several outputs": (lambda x: (jnp.sin(x), {"n": jnp.argmax(x), "s": x.sum()}, None), (x,), ("x",), ("x",)),
    "an input called g0": (lambda g0: g0 * 2, (x,), ("g0",), ("g0",)),
    "an array without entries": (lambda x: x.sum(0), (x[:0],), ("x",), ("x",)),
    "symbolic zeros": (symbolic, (x,), ("x",), ("x",)),
    "a gradient of a function": (sine, (x,), ("x0",), ("x0",)),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_runs_and_is_traced_unchanged(name: str) -> None:
    function, inputs, names, wrt = RULES[name]
    code = jax_code(function, inputs)
    assert (tuple(code.inputs), code.wrt) == (names, wrt)
    traced = replayed(code)
    assert traced.notes == []
    assert list(traced.gradients) == list(wrt)
    assert len(traced.weights) == len(traced.outputs) == len(traced.values)


def test_the_same_seed_gives_the_same_program() -> None:
    code = jax_code(softmax, (x,))
    first, second = (code.trace(Point(code.inputs, 4)) for _ in range(2))
    assert [repr(node) for node in first.program.nodes] == [repr(node) for node in second.program.nodes]
    assert np.array_equal(first.slopes["x"], second.slopes["x"])
    assert not np.array_equal(first.slopes["x"], code.trace(Point(code.inputs, 5)).slopes["x"])


def test_other_values_and_other_shapes_of_the_inputs() -> None:
    code = jax_code(embedding, (table, indices))
    for given in ({"t": table[:4] * 2, "i": np.array([1, 1, 3, 0])}, {"t": table, "i": indices}):
        traced = code.trace(Point(given))
        assert traced.values[0].shape == (len(given["i"]), 3)
        assert not differing(of_program(traced, {}), real(code, traced, given))


def test_other_values_of_what_is_closed_over() -> None:
    code = jax_code(power, (3, x))
    for n in (3, 2, 3):
        assert np.allclose(code.forward({"n": n, "x": x})[0], x**n)
        assert np.allclose(code.run({"n": n, "x": x}, [np.ones_like(x)]).gradients["x"], n * x ** (n - 1))


def test_what_is_differentiated_may_be_chosen() -> None:
    assert jax_code(dense, ({"w": w, "b": w[0]}, x), wrt=("p",)).wrt == ("p.b", "p.w")
    assert jax_code(dense, ({"w": w, "b": w[0]}, x), wrt=("p.w",)).wrt == ("p.w",)
    assert jax_code(clipped, (-1.0, 1.0, x), wrt=("lo", "x")).wrt == ("lo", "x")
    code = jax_code(lambda x, s: x * s, (x, x[0]), nondiff=("s",))
    assert code.wrt == ("x",)
    assert list(replayed(code).inputs) == ["x"]
    assert list(replayed(jax_code(lambda x, s: x * s, (x, x[0]), wrt=("x",))).inputs) == ["x", "s"]


def test_only_the_values_of_an_expanded_gradient_are_others() -> None:
    code = jax_code(softmax, (x,))
    at = {name: code.trace(Point(code.inputs, 0, name)) for name in ("contiguous", "transposed", "expanded")}
    weights = {name: traced.program.leaves["g0"].value for name, traced in at.items()}
    assert np.array_equal(weights["contiguous"], weights["transposed"])
    assert (weights["expanded"] == weights["contiguous"][:1]).all()
    ran = code.run(code.inputs, [weights["contiguous"]], "expanded")
    assert not differing([ran.gradients["x"]], [at["expanded"].slopes["x"]])


def test_the_user_s_configuration_stays_as_it_is() -> None:
    before = jax.config.jax_enable_x64
    replayed(jax_code(softmax, (x.astype(np.float32),)))
    with pytest.raises(SubjectError):
        jax_code(lambda x: x @ x, (x,)).forward({"x": x})
    assert jax.config.jax_enable_x64 == before
    assert jnp.ones(2).dtype == (np.float64 if before else np.float32)


# -------------------------------------------------------------------------------------------------------- findings


def test_a_fwd_that_returns_another_value_is_noted() -> None:
    other = rule(jnp.sin, lambda x: (jnp.sin(x).at[1, 2].add(1e-6), x), lambda x, g: (g * jnp.cos(x),))
    code = jax_code(other, (x,))
    (fault,) = code.trace(Point(code.inputs)).faults
    assert fault.startswith("its fwd returns another value than the function itself: entry [1, 2] ")


@pytest.mark.parametrize("narrow", [jnp.float32, jnp.bfloat16])
def test_a_narrower_format_on_the_way_is_told(narrow: Any) -> None:
    def rounded(a: Any) -> Any:
        return a + jax.lax.stop_gradient(a.astype(narrow).astype(float))

    code = jax_code(lambda x: jax.lax.cond(x.sum() > 99, jnp.sin, rounded, x), (x,))
    name = np.dtype(narrow).name
    assert code.run(code.inputs, [np.ones((4, 3))]).formats == name
    assert code.trace(Point(code.inputs)).notes == [f"it computes in {name}, on the way or in the end"]


def test_the_gradient_that_is_no_float_is_a_constant() -> None:
    counted = product(lambda r, g: ((g @ r[1].T).astype(int), r[0].T @ g))
    traced = replayed(jax_code(counted, (x, w)))
    assert traced.gradients["x"].kind == "constant"
    assert "a whole number" in {margin.what for margin in traced.margins}


def test_numbers_drawn_outside_of_jax_are_no_constants_that_stay() -> None:
    code = jax_code(lambda x: x * np.random.standard_normal(3), (x,))
    traced = code.trace(Point(code.inputs))
    assert differing(of_program(traced, {}), real(code, traced, {}))


def test_where_a_rule_is_written() -> None:
    for function, inputs in ((power, (3, x)), (functools.partial(power, 3), (x,)), (jax.jit(power), (3, x))):
        code = jax_code(function, inputs)
        assert code.source.file.endswith("test_jax_code.py")
        assert code.written() == (code.source.text,)
        assert "g * n * x ** (n - 1)" in "".join(text for _, text in code.code_texts())
    assert jax_code(sine, (x,)).written() == ("return jnp.sin(x), lambda g: g * jnp.cos(x)",)
    assert jax_code(softplus, (x,)).written() == (
        "return softplus(primals[0]), tangents[0] * jax.nn.sigmoid(primals[0])",
    )


def test_an_object_that_is_called() -> None:
    class Layer:
        def __call__(self, x):
            return jnp.tanh(x)

    code = jax_code(Layer(), (x,), name="layer")
    replayed(code)
    assert (code.name, code.written()) == ("layer", ("return jnp.tanh(x)",))


def test_code_that_looks_at_values_runs_but_is_not_traced() -> None:
    code = jax_code(lambda x: jnp.sin(x) if x.sum() > 0 else jnp.cos(x), (x,))
    for _ in range(2):
        assert np.allclose(code.forward({"x": abs(x)})[0], np.sin(abs(x)))
        assert np.allclose(code.run({"x": -abs(x)}, [np.ones((4, 3))]).gradients["x"], np.sin(abs(x)))
    with pytest.raises(Unread, match="looks at values"):
        code.trace(Point(code.inputs))


# ---------------------------------------------------------------------------------------------------------- errors

WRONG: dict[str, tuple[Any, Sequence[Any] | Mapping[str, Any], str]] = {
    "a gradient of another shape": (
        product(lambda r, g: (g, r[0].T @ g)),
        (x, w),
        r"its bwd returns a gradient of shape \(4, 2\) for x, whose shape is \(4, 3\)",
    ),
    "one in a dictionary": (
        rule(dense.fun, dense.fwd, lambda r, g: ({"w": r[1].T @ g, "b": g}, g @ r[0]["w"].T)),
        ({"w": w, "b": w[0]}, x),
        r"its bwd returns a gradient of shape \(4, 2\) for p\.b, whose shape is \(2,\)",
    ),
    "one behind an argument that is fixed": (
        rule(power.fun, power.fwd, lambda n, x, g: (g.sum(0),), nondiff_argnums=(0,)),
        (3, x),
        r"its bwd returns a gradient of shape \(3,\) for x, whose shape is \(4, 3\)",
    ),
    "one of a rule inside": (
        lambda a, b: product(lambda r, g: (g, r[0].T @ g))(a, b) * 2,
        (x, w),
        r"its bwd returns a gradient of shape \(4, 2\) for argument 0, whose shape is \(4, 3\)",
    ),
    "too few gradients": (
        product(lambda r, g: (g @ r[1].T,)),
        (x, w),
        r"its bwd returns \(\*,\) for the arguments \(\*, \*\): one gradient for each",
    ),
    "no tuple": (product(lambda r, g: g @ r[1].T), (x, w), r"its bwd returns \* for the arguments \(\*, \*\)"),
    "complex outputs": (lambda x: x * 1j, (x,), "returns complex numbers: return their real and imaginary parts"),
    "integer outputs": (lambda x: jnp.argmax(x), (x,), "returns no array of floats: there is nothing to differentiate"),
    "complex inputs": (lambda x: x, (x * 1j,), "x is complex: pass its real and imaginary parts"),
    "objects": (lambda x: x, (np.array([None]),), "x is an array of object: pass arrays of floats, integers"),
    "no floats": (lambda x: x, (indices,), "no input is an array of floats"),
    "another name": (lambda x: x, {"y": x}, "the function has no parameter 'y': it has x"),
    "too many": (lambda x: x, (x, x), "2 inputs for a function of 1: x"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_use_is_told_in_a_line(name: str) -> None:
    function, inputs, reason = WRONG[name]
    with pytest.raises(UsageError, match=reason) as told:
        run(function, inputs)
    assert "\n" not in str(told.value)


def run(function: Any, inputs: Any) -> None:
    code = jax_code(function, inputs)
    code.run(code.inputs, [np.ones_like(out) for out in code.forward(code.inputs)])


def test_names_that_no_input_has() -> None:
    for given in ({"wrt": ("z",)}, {"nondiff": ("z",)}, {"nondiff": (2,)}):
        with pytest.raises(UsageError, match="there is no input"):
            jax_code(embedding, (table, indices), **given)
    for given, why in (({"wrt": ("i",)}, "is no array of floats"), ({"wrt": ("t",), "nondiff": (0,)}, "are not diff")):
        with pytest.raises(UsageError, match=why):
            jax_code(embedding, (table, indices), **given)


def test_too_few_upstream_gradients() -> None:
    with pytest.raises(UsageError, match="0 upstream gradients for 1 outputs"):
        jax_code(softmax, (x,)).run({"x": x}, [])


def test_the_user_s_errors_are_the_user_s() -> None:
    code = jax_code(lambda x: x @ x, (x,))
    for call in (lambda: code.forward(code.inputs), lambda: code.trace(Point(code.inputs))):
        with pytest.raises(SubjectError, match="TypeError: dot_general requires"):
            call()
