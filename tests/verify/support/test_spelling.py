"""Suggestions: the name that was probably meant, the names there are, or nothing."""

from __future__ import annotations

import pytest

from backproof.verify.support.spelling import closest, suggestion


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("tahn", ("tan", "tanh", "atan"), "tanh"),
        ("TANH", ("tan", "tanh"), "tanh"),
        ("gelo", ("gelu", "relu"), "gelu"),
        ("q", ("tanh", "gelu"), ""),
        ("q", (), ""),
    ],
)
def test_the_closest(name: str, known: tuple[str, ...], meant: str) -> None:
    assert closest(name, known) == meant


def test_few_names_are_listed_and_many_are_not() -> None:
    assert suggestion("q", ("a", "b")) == "; there are a, b"
    assert suggestion("q", ("a", "b"), few=1) == ""
    assert suggestion("q", ("a", "b"), few=1, otherwise="see the manual") == "; see the manual"
    assert suggestion("q", ()) == ""
    assert suggestion("tahn", ("tan", "tanh")) == ": did you mean 'tanh'?"
