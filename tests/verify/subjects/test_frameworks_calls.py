"""How a framework's function is called: taken apart by a whitelist, told back, filled in."""

from __future__ import annotations

from fractions import Fraction

import pytest

from verify.errors import UsageError
from verify.subjects.frameworks.calls import Call, bound, filled, parsed


@pytest.mark.parametrize(
    ("spec", "call", "name"),
    [
        ("m:f", Call("m:f"), "m:f"),
        ("m:f/2", Call("m:f", 2), "m:f"),
        ("m:f(2,x)", Call("m:f", 0, (2, "x")), "m:f(2, x)"),
        ("m:f( x , -1, 0.5 )", Call("m:f", 0, ("x", -1, Fraction(1, 2))), "m:f(x, -1, 1/2)"),
        ("m:f(3.0,mu)", Call("m:f", 0, (Fraction(3), "mu")), "m:f(3.0, mu)"),
    ],
)
def test_a_call_is_read(spec: str, call: Call, name: str) -> None:
    assert parsed(spec) == call
    assert call.name == name
    assert parsed(call.name) == call or call.count


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("m:f(x", "is no call"),
        ("m:f(x)(y)", "is no call"),
        ("m:f()", "neither the name"),
        ("m:f(1, 2)", "needs operands"),
        ("m:f(x, x)", "each once"),
        ("m:f(__import__('os'), x)", "is no call"),
        ("m:f(1e400, x)", "neither the name"),
        ("m:f(1/0, x)", "neither the name"),
        ("m:f(x+1)", "neither the name"),
    ],
)
def test_what_is_neither_name_nor_number_is_a_usage_error(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parsed(spec)


def test_operands_fill_their_places_and_floats_are_floats() -> None:
    assert filled((2, "x", Fraction(1, 2)), [7.0]) == [2, 7.0, 0.5]
    assert [type(a) for a in filled((2, "x", Fraction(3)), [7])] == [int, int, float]
    assert bound(lambda n, x: (n, x), (2, "x"))(5) == (2, 5)
