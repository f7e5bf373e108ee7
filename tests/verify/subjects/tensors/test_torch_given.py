"""What only the inputs as given, and what is asked of a rule, can show: each fault is seen by one look alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backproof import verify
from backproof.verify.results.findings import Finding, Verdict

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

pytestmark = pytest.mark.optional

Rule = Callable[[Any, Any, Any], Any]


def square(rule: Rule) -> Any:
    """x² with this rule of (ctx, x, g)."""

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return rule(ctx, *ctx.saved_tensors, g)

    return Square


def normal(*shape: int, dtype: Any = torch.float64) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64).to(dtype)


def failing(function: Any, *inputs: Any, **more: Any) -> list[Finding]:
    report = verify.check(function, inputs=inputs, raises=False, **more)
    return [f for operation in report.operations for f in operation.findings if f.fails]


def right(ctx: Any, x: Any, g: Any) -> Any:
    return 2 * x * g


GIVEN = {
    "transposed": normal(4, 3).T,
    "sliced": normal(8, 3)[::2],
    "expanded": normal(1, 3).expand(4, 3),
    "float32": normal(3, 4, dtype=torch.float32),
    "bfloat16": normal(3, 4, dtype=torch.bfloat16),
    "empty": normal(0, 3),
    "of one number": normal(),
}


@pytest.mark.parametrize("name", GIVEN)
def test_a_right_rule_holds_for_inputs_however_they_are_given(name: str) -> None:
    assert failing(square(right), GIVEN[name]) == []


WRONG: dict[str, tuple[Rule, Any, str]] = {
    "it reads x as if it were contiguous": (
        lambda ctx, x, g: 2 * x.as_strided(x.shape, (x.shape[1], 1)) * g,
        normal(3, 4).T[:, :2],
        "the strides that they have",
    ),
    "it is wrong in float32": (
        lambda ctx, x, g: (3 if x.dtype == torch.float32 else 2) * x * g,
        normal(3, 4, dtype=torch.float32),
        "(float32) the gradient of x is another",
    ),
    "it takes g for the gradient of a sum": (
        lambda ctx, x, g: (2 if g.stride() != (0, 0) else 1) * x * g,
        normal(3, 4),
        "that is uniform in memory",
    ),
    "it is wrong along an axis of one entry": (
        lambda ctx, x, g: (3 if x.shape[1] == 1 else 2) * x * g,
        normal(3, 4),
        "at another size, x:",
    ),
    "it raises for a negative entry": (
        lambda ctx, x, g: 2 * x * g if (x > 0).all() else [][0],
        normal(3, 4).abs(),
        "",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_that_is_wrong_there_alone_is_found(name: str) -> None:
    rule, x, told = WRONG[name]
    found = failing(square(rule), x)
    if told:
        assert any(told in f.message for f in found), found


def test_a_rule_that_raises_at_ordinary_inputs_is_unsafe() -> None:
    rule = square(lambda ctx, x, g: 2 * x * g if x.abs().max() < 3 else [][0])
    (found,) = failing(rule, normal(3, 4) / 4)
    assert (found.verdict, found.message) == (Verdict.UNSAFE, "the rule fails where the forward has a value")


def test_each_gradient_is_the_same_where_no_other_is_asked_for() -> None:
    class Product(torch.autograd.Function):
        factor = 2.0

        @staticmethod
        def forward(ctx: Any, x: Any, w: Any) -> Any:
            ctx.save_for_backward(x, w)
            return x @ w

        @classmethod
        def _frozen(cls, ctx: Any) -> float:
            return 1.0 if all(ctx.needs_input_grad) else cls.factor

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, w = ctx.saved_tensors
            return Product._frozen(ctx) * (g @ w.T), x.T @ g

    (found,) = failing(Product, normal(3, 4), normal(4, 2))
    assert found.message == "another gradient of x where no other is asked for"
    Product.factor = 1.0
    assert failing(Product, normal(3, 4), normal(4, 2)) == []


def test_a_forward_that_draws_is_told() -> None:
    found = failing(lambda x: x * torch.rand(x.shape, dtype=x.dtype), normal(3))
    assert any("the forward returns another value: seed what it draws" in f.message for f in found)


def test_a_forward_is_held_to_its_definition_and_a_surrogate_is_not() -> None:
    class Twice(torch.autograd.Function):
        """Twice the square, with the derivative of the square."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return 2 * x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 2 * x * g

    (found,) = failing(Twice, normal(3), definition=lambda x: x * x)
    assert found.message == "the forward is not the definition"
    assert failing(Twice, normal(3), surrogate=lambda x: x * x) == []
    assert failing(square(right), normal(3), definition=lambda x: x * x) == []
    assert any("is not the derivative" in f.message for f in failing(Twice, normal(3)))


def test_inputs_of_one_sign_leave_the_other_open_and_drawn_ones_do_not() -> None:
    leaky = square(lambda ctx, x, g: torch.where(x > 0, 2 * x, x) * g)
    report = verify.check(leaky, inputs=(normal(2, 3).abs() + 0.1,), raises=False)
    (told,) = [f for f in report.operations[0].findings if "of both signs" in f.message]
    assert (report.ok, told.verdict, report.operations[0].right.verdict) == (True, Verdict.MATCHED, Verdict.MATCHED)
    assert not verify.check(leaky, shapes={"x": 1}, raises=False).ok
    assert not verify.check(leaky, shapes={"x": (2, 3)}, raises=False).ok


def test_inputs_are_drawn_where_the_forward_has_a_value() -> None:
    class Log(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return torch.log(x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g / ctx.saved_tensors[0]

    report = verify.check(Log, shapes={"x": (3, 4)}, raises=False)
    assert (report.ok, report.operations[0].right.verdict) == (True, Verdict.PROBABLE)


def test_a_second_differentiation_that_misses_a_term_is_found() -> None:
    class Kept(torch.autograd.Function):
        """Right once: its backward forgets that 2x, kept on ctx, depends on x."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.twice = 2 * x
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return ctx.twice * g

    assert failing(Kept, normal(3)) == []
    assert [f.op for f in failing(Kept, normal(3), order=2)] == ["the gradient of Kept"]
    assert failing(square(right), normal(3), order=2) == []


def test_a_program_that_is_not_proved_says_why() -> None:
    report = verify.check(square(right), inputs=(normal(5, 4),), raises=False)
    details = dict(next(f for f in report.operations[0].findings if f.verdict is Verdict.PROBABLE).details)
    assert details["not proved"] == "40 entries, the outputs' included, are more than 16"
