"""The arguments of a rule of PyTorch, its errors, and what is refused by name because it cannot be read."""

from __future__ import annotations

import copy
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'backproof[torch]'")

import torch.nn.functional as F  # noqa: E402

from backproof.verify.arrays.traced import Point, Unread  # noqa: E402
from backproof.verify.subjects.tensors.torch_code import torch_code  # noqa: E402
from backproof.verify.support.errors import SubjectError, UsageError  # noqa: E402
from tests.verify.subjects.tensors.torch_functions import Dirty, Gather, LayerNorm, Rule  # noqa: E402
from tests.verify.subjects.tensors.torch_replay import CLOSE, numbers, replayed  # noqa: E402

pytestmark = [pytest.mark.optional, pytest.mark.filterwarnings("default")]

x, y, row = numbers(3, 4), numbers(3, 4, seed=1), numbers(4)
places = torch.tensor([2, 0, 2])


def test_inputs_are_taken_by_order_or_by_name_and_left_alone():
    one, other = torch_code(LayerNorm, (x, row, row)), torch_code(LayerNorm, {"bias": row, "a": x, "weight": row})
    assert list(one.inputs) == list(other.inputs) == ["a", "weight", "bias"]
    assert one.wrt == ("a", "weight", "bias")
    assert torch_code(LayerNorm, (x, row, row, 1e-3)).inputs["eps"] == 1e-3
    assert torch_code(lambda *of: of, (x, y)).wrt == ("of0", "of1")
    assert torch_code(torch.mul, (x, y)).wrt == ("x0", "x1")
    assert torch_code(lambda a, *, k=1: a * k, {"a": x, "k": 3}).inputs["k"] == 3
    assert torch_code(Gather, (x.numpy(), places.numpy())).wrt == ("a",)
    before = x.clone()
    torch_code(Dirty, (x,)).forward({"a": x.numpy()})
    assert torch.equal(x, before)


def test_values_are_taken_in_the_format_of_the_input():
    code = torch_code(lambda a, k: a[k] * a, (torch.tensor([1.0, 2.0]), torch.tensor(1, dtype=torch.int32)))
    assert code.forward({"a": [3, 4], "k": 0})[0].tolist() == [9, 12]
    assert code.inputs["k"].dtype == np.int32


def test_other_arguments_are_copied_each_time():
    code = torch_code(lambda a, of: a * len(of.append(1) or of), {"a": x, "of": [2, 3]})
    assert replayed(code) < CLOSE
    assert code.inputs["of"] == [2, 3]


# -------------------------------------------------------------------------------------------------- what is refused

cache: dict[str, object] = {}


def from_a_cache(a):
    """A constant of an earlier call."""
    return a * cache.setdefault("slope", a.detach().clone())


REFUSED = {
    "item": (lambda a: a * a.max().item(), r"\.item\(\) and float\(\): a number would be a constant"),
    "float": (lambda a: a * float(a[0, 0]), r"\.item\(\) and float\(\)"),
    "a truth value of a float": (lambda a: a if a[0, 0] else -a, r"\.item\(\) and float\(\)"),
    "numpy": (lambda a: a * torch.as_tensor(np.tanh(a.detach().numpy())), r"Tensor\.numpy"),
    "asarray": (lambda a: a * torch.from_numpy(np.asarray(a.detach())), r"Tensor\.__array__"),
    "tolist": (lambda a: a * a.tolist()[0][0], r"Tensor\.tolist"),
    "data_ptr": (lambda a: a * (a.data_ptr() > 0), r"Tensor\.data_ptr"),
    "deepcopy": (lambda a: a * copy.deepcopy(a.detach()), r"Tensor\.__deepcopy__"),
    "dlpack": (lambda a: a * torch.from_dlpack(np.from_dlpack(a.detach())), r"Tensor\.__dlpack__"),
    "a storage": (lambda a: a * len(a.untyped_storage()), r"Tensor\.untyped_storage"),
    "a tensor of a list": (lambda a: a * torch.tensor([a[0, 0], 1, 2, 3]), r"torch\.tensor of a list"),
    "random numbers": (lambda a: a * torch.rand(4), "aten.rand: it draws random numbers"),
    "random numbers like others": (lambda a: a * torch.rand_like(a), "aten.rand_like: it draws random numbers"),
    "dropout": (F.dropout, "aten.bernoulli_: it draws random numbers"),
    "dropout of attention": (
        lambda a: F.scaled_dot_product_attention(*[a[None, None]] * 3, dropout_p=0.5),
        "it draws random numbers",
    ),
    "bits": (lambda a: a * a.detach().view(torch.int64), "bits of float64 numbers are read as int64"),
    "complex numbers": (lambda a: torch.fft.fft(a).abs(), "complex numbers"),
    "complex factors": (lambda a: (a * 1j).imag, "complex numbers"),
    "complex buffers": (lambda a: torch.zeros(3, 4, dtype=torch.complex128).copy_(a).real * a, "complex numbers"),
    "complex views": (lambda a: torch.view_as_complex(a.reshape(3, 2, 2)).real, "complex numbers"),
    "sparse gradients": (lambda a: F.embedding(places, a, sparse=True), "sparse tensors"),
    "an operator of functions": (
        lambda a: torch.ops.higher_order.cond(a.detach().sum() > 0, torch.sin, torch.cos, (a.detach(),)) * a,
        "torch.cond, an operator of functions",
    ),
    "numbers of equal entries": (lambda a: torch.unique(a)[:3], "aten._unique2: what it computes is not known here"),
    "cdist": (lambda a: torch.cdist(a, a + 1), "aten._cdist_forward: what it computes is not known here"),
    "ctc_loss": (
        lambda a: F.ctc_loss(a[:, None].log_softmax(-1), torch.tensor([[1]]), torch.tensor([3]), torch.tensor([1])),
        "aten._ctc_loss",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_by_name(name):
    function, message = REFUSED[name]
    code = torch_code(function, (x,))
    with pytest.raises(Unread, match=f"^no reading of .*{message}"):
        code.trace(Point(code.inputs))


def test_a_refusal_names_the_line_of_the_code():
    class Looking(Rule):
        @staticmethod
        def backward(ctx, g):
            return g * g.max().item()  # this one

    code = torch_code(Looking, (x,))
    with pytest.raises(Unread) as found:
        code.trace(Point(code.inputs))
    (line,) = re.findall(r"\(test_torch_code.py:(\d+)\)", str(found.value))
    with open(__file__, encoding="utf-8") as file:
        assert "# this one" in file.readlines()[int(line) - 1]


def test_an_operation_with_compiled_code_is_refused():
    @torch.library.custom_op("backproof_tests::outside", mutates_args=())
    def outside(a: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(np.tanh(a.numpy()))

    outside.register_autograd(lambda ctx, g: g)
    code = torch_code(outside, (x,))
    with pytest.raises(Unread, match=r"Tensor\.numpy"):
        code.trace(Point(code.inputs))


def test_a_constant_of_an_earlier_call_shows_beside_the_point():
    """Nothing is dispatched that could be refused: the program is the function at the point, and nowhere else."""
    cache.clear()
    code = torch_code(from_a_cache, (x,))
    traced = code.trace(Point(code.inputs))
    assert traced.program.leaves["a"].node in traced.program.below(traced.outputs)
    cache.clear()
    assert replayed(code, shift=1e-3) > 1e-6


# ---------------------------------------------------------------------------------------------- errors of the code


class WrongShape(LayerNorm):
    @staticmethod
    def backward(ctx, g):
        return g, g[:, :2], g.sum(0), None


class WrongCount(LayerNorm):
    @staticmethod
    def backward(ctx, g):
        return g, g.sum(0)


class ForNumber(LayerNorm):
    @staticmethod
    def backward(ctx, g):
        return g, g.sum(0), g.sum(0), g.sum()


class ForIntegers(Gather):
    @staticmethod
    def backward(ctx, g):
        return Gather.backward(ctx, g)[0], g.sum()


class Nothing(LayerNorm):
    @staticmethod
    def backward(ctx, g):
        return g, None, g.sum(0), None


GRADIENTS = {
    WrongShape: r"its backward returns an array of shape \(3, 2\) for weight, of shape \(4\)",
    WrongCount: "its backward returns 2 gradients for 4 arguments",
    ForNumber: "its backward returns a gradient for argument 4, no tensor: return None for it",
}


@pytest.mark.parametrize("rule", GRADIENTS, ids=lambda rule: rule.__name__)
def test_gradients_of_another_shape_or_count_are_told_in_a_line(rule):
    code = torch_code(rule, (x, row, row, 1e-5))
    for run in (lambda: code.run(code.inputs, [x.numpy()]), lambda: code.trace(Point(code.inputs))):
        with pytest.raises(UsageError, match=GRADIENTS[rule]):
            run()


def test_a_gradient_that_is_none_stays_none():
    code = torch_code(Nothing, (x, row, row))
    assert code.run(code.inputs, [x.numpy()]).gradients["weight"] is None
    assert code.trace(Point(code.inputs)).gradients["weight"] is None


def test_a_gradient_for_integers_is_noted():
    code = torch_code(ForIntegers, (x, places))
    code.run(code.inputs, [x.numpy()])
    assert code.notes == ["its backward returns a gradient for index, which is of integers: it is ignored"]


def test_errors_of_the_code_are_its_own():
    code = torch_code(lambda a: a @ a, (x,))
    for run in (lambda: code.forward(code.inputs), lambda: code.trace(Point(code.inputs))):
        with pytest.raises(SubjectError, match="RuntimeError: mat1 and mat2 shapes cannot be multiplied"):
            run()


ARGUMENTS = {
    "a complex tensor": (lambda: (x.to(torch.complex64),), {}, "a is complex: pass its real and imaginary parts"),
    "a complex array": (lambda: (x.numpy() * 1j,), {}, "a is an array of complex128"),
    "a sparse tensor": (lambda: (x.to_sparse(),), {}, r"a is sparse \(torch.sparse_coo\): pass its to_dense"),
    "another device": (lambda: (x.to("meta"),), {}, r"a is on the device meta: pass its cpu\(\)"),
    "a quantised tensor": (
        lambda: (torch.quantize_per_tensor(x.float(), 0.1, 0, torch.qint8),),
        {},
        r"a is quantised: pass its dequantize\(\)",
    ),
    "a nested tensor": (lambda: (torch.nested.nested_tensor([row, row[:2]]),), {}, "a nested tensor: pass its parts"),
    "too many": (lambda: (x, y), {}, "2 inputs for a function of 1: a"),
    "another name": (lambda: {"b": x}, {}, "'b' is not an argument of it"),
    "a missing one": (lambda: {}, {}, "there is no input a: pass inputs="),
    "another name in wrt": (lambda: (x,), {"wrt": ["b"]}, "wrt: 'b' is not an input"),
    "integers in wrt": (lambda: (places,), {"wrt": ["a"]}, "wrt: a is no tensor of floats"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_what_is_no_array_of_real_numbers_is_refused_with_the_way_out(name):
    inputs, more, message = ARGUMENTS[name]
    with pytest.raises(UsageError, match=message):
        torch_code(Rule, inputs(), **more)
