"""A failure says how a rule is wrong, where, and what would be right."""

from __future__ import annotations

import math
import re

import pytest

from backproof.verify.api import check
from backproof.verify.results.findings import Finding
from tests.verify.rules.plant import Wrong, findings, rule
from tests.verify.rules.wrong_wiring import WRONG_WIRING

WIRING = {str(wrong): wrong for wrong in WRONG_WIRING}


def complaints(wrong: Wrong, check: str) -> list[Finding]:
    found = findings(wrong.op, wrong.method, wrong.more, wrong.declares)
    return [f for f in found if f.check == check and f.verdict.fails]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("add: `=` for `+=`", "x.grad is overwritten: `=` in place of `+=`"),
        ("sub: `=` for `+=` on floats only", "y.grad is overwritten: `=` in place of `+=`"),
        ("sin: forgets the upstream gradient", "x.grad forgets the upstream gradient"),
        ("div: forgets upstream in y only", "y.grad forgets the upstream gradient"),
        ("relu: upstream squared", "x.grad is not proportional to the upstream gradient"),
        ("log: adds what is there once more", "x.grad does not keep what other paths have added to it"),
        ("hypot: y gets none", "no gradient reaches y"),
        ("mul: x·x as if it were one operand", "the same Value as both operands receives a wrong sum"),
        ("square: changes its operand", "the rule modifies x.data: 0.75 became 1.5"),
        ("softplus: clamps its operand beyond 1e9", "became 1000000000.0"),
        ("exp: changes its output", "the rule modifies out.data"),
        ("asinh: changes the upstream gradient", "the rule modifies out.grad"),
        ("square: saved on the class: stale", "the rule forgets its operands when square is used again before it runs"),
        ("silu: another answer every second call", "the same operands give another result the second time"),
        ("max: the second operand unknown", "the result does not refer back to y"),
        ("sub: backward() breadth first", "backward() propagates a gradient before it is complete"),
        ("add: backward() run twice", "backward() gives another gradient than the rule"),
        ("sub: 2 - x is x - 2", "a plain number on the left gives another result"),
        ("sub: x - 2 has a rule of its own", "a plain number on the right gives another result"),
        ("square: halved for an int", "ints give another result than the same floats"),
    ],
)
def test_miswired(wrong: str, message: str):
    messages = [f.message for f in complaints(WIRING[wrong], "wiring")]
    assert any(message in said for said in messages), messages


def test_an_upstream_gradient_clipped_on_floats_is_shown_at_an_upstream_gradient_that_is_clipped():
    (found,) = complaints(WIRING["atan: upstream clipped, on floats"], "wiring")
    assert "with out.grad = 1048576 " in dict(found.details)["at"]


def test_a_result_that_is_not_a_number_is_reported():
    def partial(m, x, out):
        return x ** (-2 / 3) / 3 if isinstance(x, float) and x else m.divide(1, 3 * out * out)

    found = [f for f in findings("cbrt", rule("cbrt", partial)) if f.check == "extremes"]
    assert "real" in dict(found[0].details)["ours"]  # a power of a negative float is complex


def test_a_derivative_that_overflows_is_infinite():
    method = rule("reciprocal", lambda m, x, out: 0.0 if isinstance(x, float) and abs(x) < 1e-160 else -out * out)
    (found,) = [f for f in findings("reciprocal", method) if f.check == "extremes"]
    assert "the derivative overflows" in found.message
    assert dict(found.details)["ours"] == "0.0"


def test_lost_digits_are_inaccurate_and_not_refuted():
    """Φ by erf has no digits left at -8; its forward by erfc has all, and the difference shows it."""
    method = rule("gelu", lambda m, x, out: (1 + m.erf(x / m.sqrt(2))) / 2 + x * m.normal_pdf(x))
    verdicts = {f.check: f.verdict.value for f in findings("gelu", method)}
    assert verdicts["accuracy"] == "inaccurate"
    assert verdicts["proof"] == "proved"
    assert verdicts["points"] == verdicts["differences"] == "matched"


def test_a_rule_on_floats_only_is_matched_and_the_digits_are_stated():
    method = rule("sin", lambda m, x, out: math.cos(x))
    (points,) = [f for f in findings("sin", method) if f.check == "points"]
    assert points.verdict == "matched"
    assert "to 12 digits" in points.message


def test_two_numbers_that_differ_are_shown_to_differ():
    """Wherever a result is shown with its reference value, the reader sees which digit is wrong."""

    def backward(x, y, g):
        return g * y * (1 + 1e-15), g * x + (g - 1) * 1e-13

    def forward(x, y):
        return x * y

    found = [dict(f.details) for f in check(forward, backward, raises=False).findings if f.verdict.fails]
    compared = [(d["ours"], d["expected"]) for d in found if "expected" in d]
    assert len(compared) > 2
    for pair in compared:
        ours, expected = (re.split(r"   (?:at|\(|= 5)", text)[0].rpartition("= ")[2] for text in pair)
        assert ours != expected
        assert abs(float(ours) - float(expected)) < 1e-9


def test_a_derivative_of_zero_at_a_kink_is_shown_as_zero():
    def forward(x):
        return x * x if x > 0 else x

    def backward(x, g):
        return g * (2 * x if x > 0 else 3)

    found = [f for f in check(forward, backward, raises=False).findings if f.check == "kinks"]
    assert dict(found[0].details)["valid"] == "0 to 1, the one-sided derivatives"
