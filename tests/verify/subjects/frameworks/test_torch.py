"""PyTorch: its elementwise functions proved from their decompositions, and user-defined rules checked."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.accuracy.formats import format_named
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.run.harness import verify_here
from backproof.verify.subjects.frameworks import case_of, framework_of, functions
from backproof.verify.subjects.frameworks.catalogue import TORCH
from backproof.verify.subjects.subject import Cases
from backproof.verify.support.errors import UsageError

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'backproof[torch]'")

pytestmark = [
    pytest.mark.optional,
    pytest.mark.filterwarnings("default"),  # PyTorch warns of its own deprecations while it traces
]

UNPROVED = {
    "torch.nn.functional:softplus/1": "a difference between the forward and the definition",  # its threshold at 20
    "torch.nn.functional:mish/1": "a difference between the forward and the definition",  # the same threshold
    "torch:floor/1": "no normal form for floor",
    "torch:frac/1": "no normal form for",
    "torch:round/1": "no normal form for floor",
    "torch:hypot/2": "no value here",  # NaN at the origin
    "torch:fmod/2": "no normal form for",
    "torch:remainder/2": "no normal form for",
    **dict.fromkeys(
        ("torch.special:i1/1", "torch.special:i1e/1"),
        "a difference between the rule and the derivative",  # 1/2 at |x| below 2.2e-16
    ),
}
"""Every function of the table that is not proved, and why."""


def judged(function, **given):
    case = case_of(function, "torch", **given)
    return verify_here(Cases("torch", (case,)), options=Options(points=200))[case[0].name]


def verdict(report, question):
    return report.answers[question].verdict


def test_at_least_seventy_are_proved():
    assert len(TORCH) - len(UNPROVED) >= 70
    assert set(UNPROVED) <= {entry.target for entry in TORCH}


@pytest.mark.parametrize("entry", TORCH, ids=lambda entry: entry.target)
def test_each_rule_is_proved_or_it_is_known_why_not(entry):
    ((operation, spec),) = functions("torch", [entry.target]).operations()
    case = Case(operation, spec, Options())
    if entry.target not in UNPROVED:
        assert not operation.problem
        assert case.rule_proof.status is Status.PROVED, case.rule_proof.reasons
        return
    proof = case.rule_proof
    reasons = operation.problem or (str(case.trace) if proof is None else "; ".join(proof.reasons))
    assert UNPROVED[entry.target] in reasons


class Softsign(torch.autograd.Function):
    """Right: 1/(1 + |x|)²."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x / (1 + x.abs())

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g / (1 + x.abs()) ** 2


class Wrong(Softsign):
    """A square is missing."""

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g / (1 + x.abs())


class Deaf(Softsign):
    """The upstream gradient is forgotten."""

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 1 / (1 + x.abs()) ** 2


class Product(torch.autograd.Function):
    """Two inputs, the second half of the newer protocol."""

    @staticmethod
    def forward(x, y):
        return x * y

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * y, g * x


class Looking(Softsign):
    """A branch of Python on a value: a trace does not contain the other one."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x if x.item() > 0 else 2 * x


class Relu(torch.autograd.Function):
    """PyTorch's own example of a rule, with a common mistake in its line."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, g, torch.zeros_like(g))


class ReluInPlace(Relu):
    """The upstream gradient is shared with other nodes."""

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g.mul_((x > 0).to(g.dtype))


class ReluOverItsInput(Relu):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x.clamp_(min=0).sign()


class ReluOfTheLargest(Relu):
    """Right for a single number."""

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g if x.numel() > 1 else torch.where(x > 0, g, torch.zeros_like(g))


class TwiceSummed(Relu):
    """As for a product with a number, which this is not."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * torch.cumsum(g.reshape(-1), 0).reshape(g.shape)


class TimesItsSize(Relu):
    """A function of the whole batch, and right: for a single number it is that number."""

    @staticmethod
    def forward(ctx, x):
        return x * x.numel()

    @staticmethod
    def backward(ctx, g):
        return g * g.numel()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (ReluInPlace, "the rule modifies out.grad: 3.0 became 0.0"),
        (ReluOverItsInput, "the rule modifies x.data: -0.625 became 0.0"),
        (ReluOfTheLargest, "in a batch of 6 numbers the rule returns other values than one by one"),
        (TwiceSummed, "in a batch of 6 numbers the rule returns other values than one by one"),
    ],
)
def test_what_a_single_number_does_not_show_is_miswired(rule, message):
    assert message in [f.message for f in judged(rule).findings if f.verdict is Verdict.MISWIRED]


@pytest.mark.parametrize("rule", [Relu, TimesItsSize])
def test_a_batch_with_a_right_rule(rule):
    assert verdict(judged(rule), Question.WIRED) is Verdict.WIRED


@pytest.mark.parametrize(
    ("rule", "question", "expected"),
    [
        (Softsign, Question.RIGHT, Verdict.PROVED),
        (Softsign, Question.WIRED, Verdict.WIRED),
        (Product, Question.RIGHT, Verdict.PROVED),
        (Wrong, Question.RIGHT, Verdict.REFUTED),
        (Deaf, Question.WIRED, Verdict.MISWIRED),
        (Looking, Question.RIGHT, Verdict.INCONCLUSIVE),
    ],
)
def test_rules_that_a_user_writes(rule, question, expected):
    assert framework_of(rule) == "torch"
    assert verdict(judged(rule), question) is expected


def test_the_inputs_of_a_rule_are_those_of_its_forward_without_the_context():
    assert case_of(Product, "torch")[0].inputs == ("x", "y")
    assert case_of(Softsign, "torch")[0].inputs == ("x",)


def test_the_kernel_is_what_runs_without_tracing():
    operation, _ = case_of(torch.tanh, "torch", inputs=("x",))
    run = operation.run([0.7], upstream=2.0, before=[5.0])
    assert math.isclose(run.out, math.tanh(0.7), rel_tol=1e-15)
    assert math.isclose(run.gradients[0], 5 + 2 / math.cosh(0.7) ** 2, rel_tol=1e-14)
    assert operation.forward(0.7) == run.out


@pytest.mark.parametrize(("dtype", "least", "most"), [("float64", 1e6, 1e9), ("float32", 0, 1)])
def test_a_constant_in_single_precision_shows_in_double_precision(dtype, least, most):
    """The derivative 1/6 of hardsigmoid is a float32 in the kernel of PyTorch 2.13, for float64 operands too."""
    if not torch.__version__.startswith("2.13."):
        pytest.skip(f"the single-precision constant is in the kernel of PyTorch 2.13; this is {torch.__version__}")
    ((operation, spec),) = functions("torch", ["torch.nn.functional:hardsigmoid"]).operations()
    meter = ErrorMeter(Case(operation, spec, Options()), format_named(dtype))
    (errors,) = meter.errors([np.array([0.25, 1.0, -2.0])])
    assert least <= max(errors) <= most


def test_a_function_that_is_not_elementwise_has_no_batch():
    operation, _ = case_of(lambda x: x.sum(), "torch", name="total", inputs=("x",))
    with pytest.raises(UsageError, match="not elementwise"):
        operation.batch([np.array([1.0, 2.0])], "float32")
