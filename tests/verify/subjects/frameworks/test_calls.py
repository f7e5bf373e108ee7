"""Calls of a framework's function: parsed against a whitelist, shown again, filled in."""

from __future__ import annotations

from fractions import Fraction

import pytest

from backproof.verify.subjects.frameworks.calls import Call, bound, filled, parsed
from backproof.verify.support.errors import UsageError


@pytest.mark.parametrize(
    ("target", "call", "name"),
    [
        ("m:f", Call("m:f"), "m:f"),
        ("m:f/2", Call("m:f", 2), "m:f"),
        ("m:f(2,x)", Call("m:f", 0, (2, "x")), "m:f(2, x)"),
        ("m:f( x , -1, 0.5 )", Call("m:f", 0, ("x", -1, Fraction(1, 2))), "m:f(x, -1, 1/2)"),
        ("m:f(3.0,mu)", Call("m:f", 0, (Fraction(3), "mu")), "m:f(3.0, mu)"),
    ],
)
def test_a_call_is_read(target: str, call: Call, name: str) -> None:
    assert parsed(target) == call
    assert call.name == name
    assert parsed(call.name) == call or call.count


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("m:f(x", "is not a function call"),
        ("m:f(x)(y)", "is not a function call"),
        ("m:f()", "neither the name"),
        ("m:f(1, 2)", "needs operands"),
        ("m:f(x, x)", "each once"),
        ("m:f(__import__('os'), x)", "is not a function call"),
        ("m:f(1e400, x)", "neither the name"),
        ("m:f(1/0, x)", "neither the name"),
        ("m:f(x+1)", "neither the name"),
    ],
)
def test_what_is_neither_name_nor_number_is_a_usage_error(target: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parsed(target)


def test_operands_fill_their_places_and_floats_are_floats() -> None:
    assert filled((2, "x", Fraction(1, 2)), [7.0]) == [2, 7.0, 0.5]
    assert [type(a) for a in filled((2, "x", Fraction(3)), [7])] == [int, int, float]
    assert bound(lambda n, x: (n, x), (2, "x"))(5) == (2, 5)
