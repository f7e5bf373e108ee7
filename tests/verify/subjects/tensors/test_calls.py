"""How a call of a function of arrays is written: it is read against a whitelist, and nothing in it is evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from backproof.verify.subjects.tensors.calls import Name, TensorCall, parsed_bounds, parsed_call, parsed_shapes
from backproof.verify.subjects.tensors.catalogue import TENSORS
from backproof.verify.subjects.tensors.functions import TensorFunctions, named
from backproof.verify.support.errors import UsageError

x, w = Name("x"), Name("w")


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("a.b:f", TensorCall("a.b:f")),
        (" a.b:f ", TensorCall("a.b:f")),
        ("a.b:f(x)", TensorCall("a.b:f", (x,))),
        ("a:f(x, -1)", TensorCall("a:f", (x, -1))),
        ("a:f(x, (8,), w, -1e-5)", TensorCall("a:f", (x, (8,), w, -1e-5))),
        ("a:f([x, [w, 2]], (1, (x, None)))", TensorCall("a:f", ([x, [w, 2]], (1, (x, None))))),
        ("a:f(x, eps=1e-5, out=w)", TensorCall("a:f", (x,), {"eps": 1e-5, "out": w})),
        ("a:f('ij,jk->ik', x, True)", TensorCall("a:f", ("ij,jk->ik", x, True))),
        ("a:f(x, ')(')", TensorCall("a:f", (x, ")("))),
        ("a:f()", None),
        ("a:f(2, 'x')", None),
    ],
)
def test_a_call_is_names_of_inputs_and_plain_values(text: str, call: TensorCall | None) -> None:
    if call is None:
        with pytest.raises(UsageError, match="needs inputs: names in the parentheses"):
            parsed_call(text)
    else:
        assert parsed_call(text) == call


def test_an_input_that_is_passed_twice_is_one_input() -> None:
    assert parsed_call("a:f(w, [x, w], y=x)").operands == ("w", "x")
    assert parsed_call("a:f").operands == ()


@pytest.mark.parametrize(
    "argument",
    [
        "__import__('os')",
        "x.shape",
        "x[0]",
        "x + 1",
        "lambda: 0",
        "-x",
        "-'a'",
        "{1: x}",
        "*x",
        "f'{x}'",
        "b'x'",
        "1j",
        "...",
        "[y for y in x]",
        "(x := 2)",
    ],
)
def test_anything_else_is_refused_by_name_and_not_evaluated(argument: str) -> None:
    with pytest.raises(UsageError, match="is neither the name of an input nor a number, text or tuple"):
        parsed_call(f"a:f(x, {argument})")


@pytest.mark.parametrize(
    "text",
    [
        "a:f(x",
        "a:f(x))",
        "a:f(x)(x)",
        "a:f(x).y",
        "a:f(x) + 1",
        "a:f(x); 1",
        "a:f(=x)",
        "a:f(x\0)",
        "a:f" + 500 * "(" + "x" + 500 * ")",
    ],
)
def test_what_is_no_call_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a call: write package|neither the name of an input"):
        parsed_call(text)


@pytest.mark.parametrize("text", ["a:f(x, y=1, y=2)", "a:f(x, **w)"])
def test_a_keyword_that_is_no_single_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parsed_call(text)


def test_a_bound_call_passes_the_inputs_where_their_names_stand() -> None:
    def seen(*arguments: Any, **keywords: Any) -> Any:
        return arguments, keywords

    call = parsed_call("a:seen([x, (w, 3)], x, mode='same', by=w)")
    assert call.bound(seen)(1, 2) == (([1, (2, 3)], 1), {"mode": "same", "by": 2})
    assert parsed_call("a:seen").bound(seen) is seen
    with pytest.raises(ValueError, match="zip"):
        call.bound(seen)(1)


def test_a_class_is_called_by_its_apply() -> None:
    class Rule:
        @staticmethod
        def apply(a: int, b: int) -> int:
            return 10 * a + b

    assert parsed_call("a:Rule(x, 3)").bound(Rule)(4) == 43


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("x=64x768,w=768", {"x": (64, 768), "w": (768,)}),
        (" x = 4 , s=number", {"x": (4,), "s": ()}),
        ("x=0x3", {"x": (0, 3)}),
    ],
)
def test_shapes_are_sizes_with_an_x_between(text: str, shapes: dict[str, Any]) -> None:
    assert parsed_shapes(text) == shapes


@pytest.mark.parametrize(
    "text", ["", "x", "x=", "x=4,", "x=-1", "x=4X5", "x=4x", "x=4.5", "4=x", "x=(4,5)", "x=a", "x y=4", "x=4 5"]
)
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the shape of an input: write x=64x768,w=768"):
        parsed_shapes(text)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("", {}),
        ("t=0..9, p=0.1..0.9", {"t": (0.0, 9.0), "p": (0.1, 0.9)}),
        ("x=-2..-1e-3", {"x": (-2.0, -0.001)}),
    ],
)
def test_bounds_are_two_numbers(text: str, bounds: dict[str, Any]) -> None:
    assert parsed_bounds(text) == bounds


@pytest.mark.parametrize("text", ["x", "x=1", "x=1..", "x=2..1", "x=1..1", "x=a..b", "x=0..1,", "x=0:1", "=0..1"])
def test_what_are_no_bounds_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"are not the bounds of an input: write t=0\.\.9"):
        parsed_bounds(text)


@pytest.mark.parametrize("text", ["x=1.2.3..4", "x=...5"])
def test_ends_that_are_no_numbers_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="are not the bounds of an input"):
        parsed_bounds(text)


def test_what_is_said_of_an_input_without_a_shape_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="'t' has no shape: write --shapes t=4"):
        named("torch", "a:f(x)", "x=3", "t=0..9")
    with pytest.raises(UsageError, match="'i' has no shape"):
        named("torch", "a:f(x)", "x=3", "", "x, i")
    assert isinstance(named("torch", "a:f(x)", "x=3", "x=0..9", "x"), TensorFunctions)


@pytest.mark.parametrize("framework", TENSORS)
def test_every_line_of_the_tables_can_be_read(framework: str) -> None:
    for entry in TENSORS[framework]:
        shapes = parsed_shapes(entry.shapes)
        assert set(parsed_call(entry.call).operands) == set(shapes), entry.call
        assert set(parsed_bounds(entry.bounds)) <= set(shapes), entry.call
        assert {one.strip() for one in entry.integers.split(",") if one} <= set(parsed_bounds(entry.bounds))
