"""The functions that a rule reaches, with their text."""

import functools
import math
from collections.abc import Callable
from typing import Any

from backproof.verify.tracing.source_code import reached


def square(x: Any) -> Any:
    return x * x


def quartic(x: Any) -> Any:
    return square(square(x))


def itself(x: Any) -> Any:
    return x if x < 1 else itself(x - 1)


def rule(scale: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def backward(x: Any) -> Any:
        def inner() -> Any:
            return quartic(x)

        return scale(inner())

    return backward


def names(*functions: Any) -> list[str]:
    return [name for name, _ in reached(*functions)]


def test_a_function_comes_before_those_that_it_calls() -> None:
    assert names(quartic) == ["quartic", "square"]
    assert reached(square) == [("square", "def square(x: Any) -> Any:\n    return x * x\n")]


def test_functions_are_found_in_inner_functions_and_in_closures() -> None:
    assert names(rule(square)) == ["rule.<locals>.backward", "square", "quartic"]


def test_each_is_named_once() -> None:
    assert names(itself) == ["itself"]
    assert names(square, quartic, square) == ["square", "quartic"]


def test_what_has_no_source_here_is_left_out() -> None:
    assert names(math.sin, functools.partial(square, 1), len, None) == []
    assert names(functools.wraps(square)(lambda x: x)) == ["square"]
    assert names(eval("lambda x: x")) == []


def test_a_text_is_not_that_of_where_it_stands() -> None:
    (name, text), *_ = reached(rule(math.sin))
    assert name == "rule.<locals>.backward"
    assert text.startswith("def backward(x: Any) -> Any:\n")
