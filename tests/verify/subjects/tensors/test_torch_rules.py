"""Rules of PyTorch as people write them: run as they are, traced, and differentiated once more."""

from __future__ import annotations

import functools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'backproof[torch]'")

import torch.nn.functional as F  # noqa: E402

from backproof.verify.arrays.layouts import LAYOUTS  # noqa: E402
from backproof.verify.arrays.traced import Point, Unread  # noqa: E402
from backproof.verify.subjects.tensors.torch_code import derived, torch_code  # noqa: E402
from backproof.verify.support.errors import SubjectError, UsageError  # noqa: E402
from tests.verify.subjects.tensors.torch_functions import (  # noqa: E402
    Dirty,
    Gather,
    Half,
    LayerNorm,
    Needed,
    Nested,
    Once,
    Product,
    Rule,
    Several,
    Softmax,
    Straight,
    Strides,
)
from tests.verify.subjects.tensors.torch_replay import CLOSE, check, numbers, replayed  # noqa: E402

pytestmark = [pytest.mark.optional, pytest.mark.filterwarnings("default")]

x, y, row = numbers(3, 4), numbers(3, 4, seed=1), numbers(4)
places = torch.tensor([2, 0, 2])


@torch.library.custom_op("backproof_tests::scaled", mutates_args=())
def scaled(a: torch.Tensor, factor: float = 2.0) -> torch.Tensor:
    return a * a * factor


scaled.register_autograd(
    lambda ctx, g: (2 * g * ctx.a * ctx.factor, None),
    setup_context=lambda ctx, inputs, output: vars(ctx).update(a=inputs[0], factor=inputs[1]),
)


@torch.library.custom_op("backproof_tests::tripled_", mutates_args=("a",))
def tripled(a: torch.Tensor) -> None:
    a.mul_(3)


def tripled_copy(a):
    out = a * 1
    tripled(out)
    return out


RULES = {
    "Softmax": (Softmax, x),
    "Softmax.apply": (Softmax.apply, x),
    "LayerNorm": (LayerNorm, x, row, row + 1),
    "LayerNorm with its eps": (LayerNorm, x, row, row + 1, 1e-3),
    "Product": (Product, x, y, 3),
    "Gather": (Gather, x, places),
    "Several": (Several, x, 2),
    "Once": (Once, x),
    "Needed": (Needed, x, y),
    "Dirty": (Dirty, x),
    "Nested": (Nested, x),
    "Straight": (Straight, x),
    "Half": (Half, x),
    "an operation of torch.library": (scaled, x, 0.3),
    "its packet": (torch.ops.backproof_tests.scaled, x),
    "its overload": (torch.ops.backproof_tests.scaled.default, x, 0.5),
    "an operation that writes": (tripled_copy, x),
    "a partial function": (functools.partial(F.softmax, dim=-1), x),
    "torch.func.grad": (torch.func.grad(lambda a: (a**3).sum()), x),
    "torch.func.vmap": (torch.func.vmap(lambda a: a.softmax(0) @ a), x),
    "checkpoints": (lambda a: torch.utils.checkpoint.checkpoint(torch.tanh, a * a, use_reentrant=False), x),
    "a loop over entries": (lambda a: torch.stack([a[k] * a[k - 1] for k in range(4)]), row),
    "a list of tensors": (lambda of: torch.cat(of["a"]) * of["b"], {"a": [x, y], "b": row}),
    "what is printed": (lambda a: (f"{a.sum()} {a!r}", a * 2)[1], x),
    "integers of decisions": (lambda a: a[int(a.argmax()) // 4] * a.sum().long(), x),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_its_program_in_all_layouts(name, layout):
    check(*RULES[name], layouts=(layout,))


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "sliced", "offset"])
def test_what_lies_between_the_entries_is_read_as_it_is(layout):
    check(Strides, x, layouts=(layout,))


def test_a_rule_that_fails_in_a_layout_fails_as_it_does():
    code = torch_code(Strides, (x,))
    with pytest.raises(SubjectError, match="out of bounds for storage"):
        code.trace(Point(code.inputs, layout="expanded"))


def test_narrower_formats_are_run_as_float64_and_told():
    code = torch_code(Half, (x,))
    assert code.trace(Point(code.inputs)).notes == ["float16, float32 in its code is run as float64"]
    assert code.run(code.inputs, [x.numpy()]).formats == "float64"
    assert torch.get_default_dtype() == torch.float32


class Checked(Half):
    """It insists on the format that it asked for."""

    @staticmethod
    def forward(ctx, a):
        half = a.to(torch.float16)
        assert half.dtype == torch.float16
        ctx.save_for_backward(a)
        return torch.tanh(half)


def test_code_that_looks_at_its_formats_is_run_as_it_is_and_not_traced():
    code = torch_code(Checked, (x,))
    assert code.run(code.inputs, [x.numpy()]).formats == "float16"
    assert 1e-5 < abs(code.forward(code.inputs)[0] - np.tanh(x.numpy())).max() < 1e-2
    with pytest.raises(Unread, match="no reading of code that depends on the formats of its floats"):
        code.trace(Point(code.inputs))


def test_code_that_fails_in_any_format_is_run_in_float64_where_it_does_not():
    code = torch_code(lambda a: (a.half().double() if a[0, 0] > 0 else a @ a.half()), (x,))
    with pytest.raises(SubjectError):
        code.forward({"a": -x.numpy()})
    assert np.array_equal(code.forward(code.inputs)[0], x.numpy())


def test_what_is_traced_has_the_inputs_and_weights_as_leaves():
    code = torch_code(Several, {"a": x, "factor": 2})
    traced = code.trace(Point(code.inputs, 5))
    assert list(traced.inputs) == ["a"]
    assert list(traced.program.leaves) == ["a", "g0", "g1"]
    assert [len(traced.outputs), len(traced.values), len(traced.weights)] == [2, 2, 2]
    again = code.trace(Point(code.inputs, 5))
    assert [repr(node) for node in again.program.nodes] == [repr(node) for node in traced.program.nodes]


def test_a_compiled_function_is_what_it_was_compiled_from():
    def compiled(a):
        raise NotImplementedError

    compiled._torchdynamo_orig_callable = torch.tanh
    check(compiled, x)


def test_an_input_may_be_called_like_an_upstream_gradient():
    code = torch_code(lambda g0: g0 * g0, (x,))
    assert list(code.trace(Point(code.inputs)).program.leaves) == ["g0", "upstream g0"]


# ------------------------------------------------------------------------------------------- what is written into


class OverGradient(Rule):
    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return g.mul_(2) * a


class OverInput(Rule):
    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        a.data.mul_(2)
        return g * a


class OverSaved(Softmax):
    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        return out.mul_(g)


class OverAttribute(Rule):
    @staticmethod
    def forward(ctx, a):
        ctx.slope = 2 * a
        return a * a

    @staticmethod
    def backward(ctx, g):
        ctx.slope *= g
        return ctx.slope


def over_result(a):
    """Autograd itself would refuse to go back through it."""
    out = a.exp()
    out.mul_(2)
    return out


CHANGED = {
    "the upstream gradient": (OverGradient, x),
    "a": (OverInput, x),
    "a saved tensor of shape (3, 4)": (over_result, x),
    "ctx.slope": (OverAttribute, x),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_a_rule_writes_into_is_named(what):
    function, *inputs = CHANGED[what]
    code = torch_code(function, inputs)
    assert code.run(code.inputs, [y.numpy()]).changed == (what,)
    assert replayed(code) < CLOSE


@pytest.mark.parametrize("name", ["Softmax", "Once", "Dirty", "Several", "Needed"])
def test_a_rule_that_writes_into_nothing_changes_nothing(name):
    function, *inputs = RULES[name]
    code = torch_code(function, inputs)
    assert code.run(code.inputs, code.forward(code.inputs)).changed == ()


def test_a_saved_output_that_is_overwritten_is_named():
    code = torch_code(OverSaved, (x,))
    assert code.run(code.inputs, [y.numpy()]).changed == ("a saved tensor of shape (3, 4)",)


# ---------------------------------------------------------------------------------------------------- second order


@pytest.mark.parametrize("name", ["Softmax", "LayerNorm", "Product", "Several", "an operation of torch.library"])
def test_the_gradient_is_a_function_of_the_inputs_and_the_upstream_gradients(name):
    function, *inputs = RULES[name]
    code = torch_code(function, inputs)
    second = derived(code)
    weights = [second.inputs[key] for key in second.inputs if key not in code.inputs]
    ran = code.run(code.inputs, weights)
    pairs = zip(second.forward(second.inputs), (one for one in ran.gradients.values() if one is not None), strict=True)
    assert all(np.allclose(a, b) for a, b in pairs)
    assert replayed(second) < CLOSE


def test_a_rule_may_be_differentiated_once_alone():
    second = derived(torch_code(Once, (x,)))
    with pytest.raises(UsageError, match="@once_differentiable: it has no second derivative"):
        second.run(second.inputs, [x.numpy()])


def test_a_gradient_that_was_cut_off_is_differentiated_to_0():
    """A slope that was computed in the forward depends on the input, and autograd does not know it."""

    class Cut(OverAttribute):
        @staticmethod
        def backward(ctx, g):
            return (ctx.slope * g).detach()

    second = derived(torch_code(Cut, (x,)))
    found = second.run(second.inputs, [x.numpy()]).gradients
    assert found["a"] is None
    assert not found["g0"].any()
