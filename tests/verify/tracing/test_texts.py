"""A text with a symbol's number in it may be kept and shown; whatever asks what it says is a leak."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from backproof.verify.terms.ledger import Ledger
from backproof.verify.terms.term import keeping, symbol
from backproof.verify.tracing.symbolic import symbolic

X = symbol("x")


def kept(x: Any) -> Any:
    label = f"x = {x:.4f}"
    return 2 * x, label


def joined(x: Any) -> Any:
    label = "<" + f"{x!r}" + ">"
    longer = f"{label} of {[label]}"
    return 2 * x, label, longer


def made(x: Any) -> Any:
    return str(x), repr(x), format(x, ".3f")


def with_a_width(x: Any) -> Any:
    return f"{x:{3}.{2}f}"


def plain(x: Any) -> Any:
    y = 1.5
    return 2 * x if f"{y:.1f}" == "1.5" else 3


def compared(x: Any) -> Any:
    return f"{x}" == "1.0"


def compared_the_other_way(x: Any) -> Any:
    return f"{x}" != "1.0"


def measured(x: Any) -> Any:
    return len(f"{x:.1f}")


def looked_up(x: Any) -> Any:
    return {"1.0": 2}.get(f"{x}", 3)


def a_key(x: Any) -> Any:
    return {f"{x}": 2}


def contained(x: Any) -> Any:
    return f"{x}" in "1.0"


def containing(x: Any) -> Any:
    return "e" in f"{x}"


def cut(x: Any) -> Any:
    return f"{x}"[0]


def asked_by_a_method(x: Any) -> Any:
    return f"{x}".startswith("1")


def joined_by_a_function(x: Any) -> Any:
    return "-".join(["a", f"{x}"]) == "a-1.0"


def formatted_the_old_way(x: Any) -> Any:
    return "%s" % f"{x}" == "1.0"  # noqa: UP031 - the old way


def formatted_the_old_way_among_others(x: Any) -> Any:
    return "%s %s" % (f"{x}", 2) == "1.0 2"  # noqa: UP031 - the old way


def true(x: Any) -> Any:
    return 1 if f"{x}" else 2


def unpacked(x: Any) -> Any:
    return [*f"{x}"]


def a_number_again(x: Any) -> Any:
    return float(f"{x}")


def a_whole_number_again(x: Any) -> Any:
    return int(f"{x}")


def matched(x: Any) -> Any:
    match f"{x}":
        case "1.0":
            return 1
    return 2


def leaks(function: Callable[[Any], Any]) -> list[str]:
    ledger = Ledger()
    with keeping(ledger), contextlib.suppress(TypeError, ValueError):
        symbolic(function)(X)
    return [entry.what for entry in ledger.leaks]


@pytest.mark.parametrize("function", [kept, joined, with_a_width, plain])
def test_what_is_only_kept_learns_nothing(function: Callable[[Any], Any]) -> None:
    assert leaks(function) == []


ASKING = [
    *(made, compared, compared_the_other_way, measured, looked_up, a_key, contained, containing, cut),
    asked_by_a_method,
    *(joined_by_a_function, formatted_the_old_way, formatted_the_old_way_among_others, true, unpacked),
    *(a_number_again, a_whole_number_again, matched),
]


@pytest.mark.parametrize("function", ASKING)
def test_what_asks_for_it_is_a_leak(function: Callable[[Any], Any]) -> None:
    assert leaks(function)
