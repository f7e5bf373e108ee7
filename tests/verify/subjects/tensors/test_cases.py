"""`check` of rules of whole arrays of PyTorch and JAX: what it takes, what it says, and every mistake in a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.results.report import OperationReport
from backproof.verify.subjects.tensors.cases import tensor_framework
from backproof.verify.support.errors import DerivativeError, UsageError

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'backproof[torch]'")

from tests.verify.subjects.tensors.torch_functions import Gather, LayerNorm, Product, Rule, Softmax  # noqa: E402

pytestmark = [pytest.mark.optional, pytest.mark.filterwarnings("default")]

RIGHT = (Verdict.PROBABLE, Verdict.PROVED)


def report(function: Any, **call: Any) -> OperationReport:
    (found,) = verify.check(function, raises=False, **call).operations
    return found


def numbers(*shape: int) -> Any:
    return torch.from_numpy(np.random.default_rng(3).standard_normal(shape))


class Doubled(Softmax):
    """A wrong rule."""

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * Softmax.backward(ctx, g)


class Scaled(Rule):
    """x times a number, with a number that is differentiated."""

    @staticmethod
    def forward(ctx: Any, x: Any, s: Any) -> Any:
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, s = ctx.saved_tensors
        return g * s, (g * x).sum()


def of_rule(
    forward: Callable[..., Any] = lambda x: x * x, backward: Callable[..., Any] = lambda x, g: 2 * x * g
) -> Any:
    """A rule of one input, from two functions."""

    class Made(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return backward(ctx.saved_tensors[0], g)

    return Made


# ------------------------------------------------------------------------------------------------------- what it takes


@pytest.mark.parametrize(
    ("function", "call"),
    [
        (Softmax, {"shapes": {"a": (3, 4)}}),
        (Softmax.apply, {"shapes": {"a": (3, 4)}}),
        (Softmax, {"inputs": {"a": numbers(3, 4)}}),
        (Softmax, {"inputs": (numbers(3, 4),)}),
        (Softmax, {"inputs": numbers(3, 4)}),
        (Softmax, {"inputs": numbers(3, 4).numpy()}),
        (Softmax, {"inputs": numbers(3, 4).float()}),
        (LayerNorm, {"shapes": {"a": (3, 4), "weight": 4, "bias": (4,)}}),
        (LayerNorm, {"shapes": {"a": (3, 4), "weight": 4, "bias": 4}, "wrt": ("a", "bias")}),
        (Product, {"inputs": (numbers(5), numbers(5), 3)}),
        (lambda x: torch.softmax(x, -1), {"shapes": {"x": (3, 4)}}),
        (lambda x: Softmax.apply(x) * 2, {"inputs": (numbers(3, 4),)}),
        (torch.tanh, {"inputs": (numbers(3),)}),
        (torch.tanh, {"shapes": {"x": 3}, "names": ("x",)}),
        (torch.nn.Linear(3, 2).double(), {"inputs": (numbers(4, 3),)}),
    ],
)
def test_a_right_rule_is_found_right(function: Any, call: Any) -> None:
    found = report(function, **call)
    assert found.ok, found.findings
    assert found.right.verdict in RIGHT
    assert found.safe.verdict is Verdict.SAFE
    assert found.wired.verdict is Verdict.WIRED


def test_a_wrong_rule_raises_with_what_is_wrong() -> None:
    with pytest.raises(DerivativeError, match=r"entry a\[\d, \d\] of its gradient is wrong"):
        verify.check(Doubled, shapes={"a": (3, 4)})
    found = report(Doubled, shapes={"a": (3, 4)}, name="softmax twice")
    (wrong,) = (one for one in found.findings if one.verdict is Verdict.REFUTED)
    assert found.name == "softmax twice"
    assert "2 times the derivative" in dict(wrong.details)["likely"]
    assert dict(wrong.details)["rerun"] == "verify.check(softmax twice, shapes={'a': (3, 4)}, seed=0)"


def test_inputs_of_whole_numbers_are_drawn_within_their_bounds() -> None:
    call: Any = {"shapes": {"a": (5, 3), "index": 4}, "dtypes": {"index": "int64"}, "bounds": {"index": (0, 4)}}
    assert report(Gather, **call).right.verdict is Verdict.REFUTED  # some index comes twice, and is overwritten
    assert report(lambda a, index: torch.index_select(a, 0, index), **call).right.verdict in RIGHT


def test_booleans_are_drawn() -> None:
    def masked(x: Any, mask: Any) -> Any:
        return torch.where(mask, x * x, x)

    found = report(masked, shapes={"x": (3, 4), "mask": (3, 4)}, dtypes={"mask": "bool"})
    assert found.ok, found.findings


def test_bounds_are_where_floats_are_drawn() -> None:
    seen: list[Any] = []

    def root(x: Any) -> Any:
        seen.append(x.detach().clone())
        return torch.sqrt(x - 0.5)

    assert report(root, shapes={"x": 6}, bounds={"x": (1, 2)}).ok
    assert all(bool(((x > 0.9) & (x < 2.1)).all()) for x in seen)  # a difference takes a step beyond an end


def test_wrt_leaves_the_others_out() -> None:
    class Wrong(Scaled):
        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return Scaled.backward(ctx, g)[0], g.sum()

    inputs = {"x": numbers(3), "s": torch.tensor(2.0, dtype=torch.float64)}
    assert report(Scaled, inputs=inputs).ok
    assert not report(Wrong, inputs=inputs).ok
    assert report(Wrong, inputs=inputs, wrt="x").ok
    assert not report(Wrong, inputs=inputs, wrt=("s",)).ok


def test_a_definition_is_another_function_that_the_rule_is_held_to() -> None:
    call: Any = {"shapes": {"a": (3, 4)}}
    assert report(Softmax, definition=lambda a: torch.softmax(a, -1), **call).ok
    found = report(Softmax, definition=lambda a: torch.softmax(a, 0), **call)
    assert found.right.verdict is Verdict.REFUTED
    assert any("not the derivative of its definition" in one.message for one in found.findings)


def test_a_surrogate_is_a_function_whose_derivative_is_declared() -> None:
    rounded = of_rule(torch.round, lambda x, g: g)
    assert not report(rounded, shapes={"x": 4}).ok
    assert report(rounded, shapes={"x": 4}, surrogate=lambda x: x).ok
    assert not report(rounded, shapes={"x": 4}, surrogate=lambda x: 2 * x).ok


def test_the_same_seed_gives_the_same_report() -> None:
    a, b = (verify.check(Softmax, shapes={"a": (2, 3)}, seed=5).to_json() for _ in range(2))
    assert a == b


def test_none_for_an_input_that_matters_is_miswired() -> None:
    found = report(of_rule(backward=lambda x, g: None), shapes={"x": 3})
    assert found.wired.verdict is Verdict.MISWIRED
    assert any("returns None for x, on which the forward depends" in one.message for one in found.findings)


# -------------------------------------------------------------------------------------------------- what is told of it


def drawing(x: Any) -> Any:
    return x * torch.rand(x.shape, dtype=x.dtype)


@pytest.mark.parametrize(
    "forward",
    [drawing, lambda x: torch.nn.functional.dropout(x, 0.5), lambda x: torch.bernoulli(torch.sigmoid(x)) * x],
)
def test_what_draws_random_numbers_is_never_said_to_be_probable(forward: Any) -> None:
    found = report(forward, shapes={"x": (3, 4)})
    assert found.right.verdict not in RIGHT


def test_a_number_that_is_read_out_of_a_tensor_is_matched_with_the_reason() -> None:
    def scaled(x: Any) -> Any:
        return x * float(x.detach().exp().sum())

    found = report(of_rule(scaled, lambda x, g: g * x.exp().sum() + x.exp() * (g * x).sum()), shapes={"x": 4})
    assert found.right.verdict is Verdict.MATCHED
    assert found.ok
    assert any("checked on floats only" in one.message for one in found.findings)


# ------------------------------------------------------------------------------------------------------ bad calls


def raising(x: Any) -> Any:
    raise ValueError("only for images")


BAD: list[Any] = [
    (Softmax, {"shapes": {"aa": 3}}, r"shapes: 'aa' is not an input: did you mean 'a'\?"),
    (LayerNorm, {"shapes": {"a": (3, 4), "weight": 4}}, "shapes: bias has none"),
    (Softmax, {"shapes": {"a": 3}, "inputs": (numbers(3),)}, "pass one of the two"),
    (Softmax, {"shapes": {"a": -3}}, "is not a shape"),
    (Softmax, {"shapes": {"a": (2, 2.5)}}, "is not a shape"),
    (Softmax, {"shapes": {"a": True}}, "is not a shape"),
    (Softmax, {"shapes": {"a": (10**5, 10**5)}}, "10000000000 entries, more than"),
    (Softmax, {"inputs": (numbers(3),), "dtypes": {"a": "float64"}}, "the inputs have their types"),
    (Gather, {"shapes": {"a": (5, 3), "index": 4}, "dtypes": {"index": "int64"}}, "index is of integers: say which"),
    (Softmax, {"shapes": {"a": 3}, "dtypes": {"b": "bool"}}, "dtypes: 'b' is not an input"),
    (Softmax, {"shapes": {"a": 3}, "dtypes": {"a": "complex128"}}, "only floats, integers and booleans are drawn"),
    (Softmax, {"shapes": {"a": 3}, "dtypes": {"a": "flaot"}}, "is no type"),
    (Softmax, {"inputs": ()}, "there are none"),
    (Softmax, {"inputs": (numbers(3), numbers(3))}, "2 inputs for a function of 1: a"),
    (Softmax, {"inputs": {"b": numbers(3)}}, "'b' is not an argument of it; there are a"),
    (Softmax, {"inputs": (numbers(3),), "names": ("a", "b")}, "names: 2 for 1 inputs"),
    (Softmax, {"inputs": (numbers(3),), "wrt": "b"}, "wrt: 'b' is not an input"),
    (Gather, {"inputs": (numbers(3), torch.tensor([0])), "wrt": ("index",)}, "wrt: index is no tensor of floats"),
    (lambda i: i * 2, {"inputs": (torch.tensor([1, 2]),)}, "no input is differentiated"),
    (Softmax, {"inputs": (torch.zeros(3, dtype=torch.complex128),)}, "complex"),
    (Softmax, {"inputs": (torch.eye(3).to_sparse(),)}, "sparse"),
    (of_rule(backward=lambda x, g: g[:-1]), {"shapes": {"x": 3}}, r"an array of shape \(2\) for x, of shape \(3\)"),
    (of_rule(backward=lambda x, g: (g, g)), {"shapes": {"x": 3}}, "returns 2 gradients for 1 arguments"),
    (of_rule(backward=lambda x, g: "g"), {"shapes": {"x": 3}}, "expected Variable or None"),
    (of_rule(raising), {"shapes": {"x": 3}}, "only for images"),
    (of_rule(backward=lambda x, g: raising(x)), {"shapes": {"x": 3}}, "only for images"),
    (of_rule(lambda x: x.detach().numpy()), {"shapes": {"x": 3}}, "no output depends on x"),
    (lambda x: None, {"inputs": (numbers(3),)}, "no output depends on x"),
    (lambda x: x.detach() * 2, {"inputs": (numbers(3),)}, "nothing is differentiated"),
    (lambda x: x * 1j, {"inputs": (numbers(3),)}, "complex"),
    (Softmax, {"shapes": {"a": 3}, "definition": "softmax(a)"}, "it must be a function of the same inputs"),
    (Softmax, {"shapes": {"a": 3}, "surrogate": "a"}, "it must be a function of the same inputs"),
    (Softmax, {"shapes": {"a": 3}, "definition": lambda x: x}, "'a' is not an argument of it; there are x"),
    (Softmax, {"shapes": {"a": 3}, "definition": lambda a, b: a}, "there is no input b"),
    (Softmax, {"shapes": {"a": 3}, "definition": lambda a: raising(a)}, "only for images"),
    (Softmax, {"shapes": {"a": 3}, "bounds": {"b": (0, 1)}}, "bounds: 'b' is not an input; there are a"),
    (Softmax, {"shapes": {"a": 3}, "domain": "a > 0"}, "domain: of a rule of whole arrays it is not known"),
    (Softmax, {"shapes": {"a": 3}, "kinks": ["a"]}, "kinks: of a rule of whole arrays it is not known"),
    (Softmax, {"shapes": {"a": 3}, "args": (1,)}, "args: of a rule of whole arrays it is not known"),
    (Softmax, {"shapes": {"a": 3}, "point": {"a": 1}}, "point: of a rule of whole arrays it is not known"),
    (torch.tanh, {"shapes": {"x": 3}}, r"pass inputs= or names="),
    (Softmax, {"shapes": {"a": 3}, "dtypes": "int64"}, "dtypes"),
    (Softmax, {"shapes": {"a": 3}, "bounds": {"a": (1, 0)}}, "leaves no room"),
    (Softmax, {"shapes": 3}, "names no inputs"),
    (Softmax, {"shapes": {"a": 3}, "definition": lambda a: a.sum()}, "definition: it returns shapes"),
]

@pytest.mark.parametrize(("function", "call", "message"), BAD)
def test_a_mistake_in_a_call_is_told_in_a_line(function: Any, call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        verify.check(function, **call)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_the_framework_is_that_of_the_function_or_of_its_inputs() -> None:
    def plain(x: Any) -> Any:
        return x * x

    inner = torch.nn.functional.relu
    assert tensor_framework(Softmax, None) == "torch"
    assert tensor_framework(Softmax.apply, None) == "torch"
    assert tensor_framework(plain, (numbers(3),)) == "torch"
    assert tensor_framework(plain, {"x": numbers(3)}) == "torch"
    assert tensor_framework(plain, (np.ones(3),)) == ""
    assert tensor_framework(lambda x: inner(x), None) == "torch"
    assert tensor_framework(None, None) == ""


# -------------------------------------------------------------------------------------------------------------- JAX


def jax_softmax(factor: float = 1.0, forward: Callable[..., Any] | None = None) -> Any:
    """A rule of JAX, wrong for another factor than 1."""
    jax = pytest.importorskip("jax")

    def softmax(x: Any) -> Any:
        return jax.nn.softmax(x) if forward is None else forward(x)

    rule = jax.custom_vjp(softmax)
    rule.defvjp(
        lambda x: (softmax(x), jax.nn.softmax(x)),
        lambda out, g: (factor * out * (g - (out * g).sum(-1, keepdims=True)),),
    )
    return rule


@pytest.mark.parametrize("call", [{"shapes": {"x": (3, 4)}}, {"inputs": (numbers(3, 4).numpy(),)}])
def test_rules_of_jax_are_judged_in_the_same_way(call: Any) -> None:
    found = report(jax_softmax(), **call)
    assert found.ok, found.findings
    assert found.right.verdict in RIGHT
    assert found.wired.verdict is Verdict.WIRED
    wrong = report(jax_softmax(2.0), **call)
    assert wrong.right.verdict is Verdict.REFUTED
    assert any("2 times the derivative" in dict(one.details).get("likely", "") for one in wrong.findings)


def test_a_definition_of_a_rule_of_jax_is_another_function() -> None:
    jax = pytest.importorskip("jax")
    rule = jax_softmax()
    assert tensor_framework(rule, None) == "jax"
    assert report(rule, shapes={"x": (3, 4)}, definition=lambda x: jax.nn.softmax(x, -1)).ok
    assert not report(rule, shapes={"x": (3, 4)}, definition=lambda x: jax.nn.softmax(x, 0)).ok
    assert report(jax_softmax(3.0), shapes={"x": (3, 4)}, surrogate=lambda x: 3 * jax.nn.softmax(x)).ok


def jax_raising(x: Any) -> Any:
    raise ValueError("only for images")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"shapes": {"xx": 3}}, r"shapes: 'xx' is not an input: did you mean 'x'\?"),
        ({"shapes": {}}, "shapes: x has none"),
        ({"inputs": (np.arange(3),)}, "no input is an array of floats"),
        ({"inputs": (np.zeros(3, complex),)}, "x is complex: pass its real and imaginary parts"),
        ({"inputs": (np.ones(3),), "wrt": ("y",)}, "there is no input 'y'"),
        ({"inputs": (np.ones(3), np.ones(3))}, "2 inputs for a function of 1: x"),
        ({"shapes": {"x": 3}, "definition": "softmax(x)"}, "it must be a function of the same inputs"),
        ({"shapes": {"x": 3}, "definition": jax_raising}, "only for images"),
        ({"shapes": {"x": 3}, "order": 2}, "order: 2 is for functions of PyTorch"),
    ],
)
def test_a_mistake_in_a_call_of_jax_is_told_in_a_line(call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        verify.check(jax_softmax(), **call)
    assert "\n" not in str(error.value)


def test_a_forward_of_jax_that_raises_is_a_mistake_in_the_call() -> None:
    with pytest.raises(UsageError, match="only for images"):
        verify.check(jax_softmax(forward=jax_raising), shapes={"x": 3})
