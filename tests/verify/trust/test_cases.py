"""One planted wrong rule for each look that came with the ledger, and right ones beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.proof.cell import everywhere
from backproof.verify.proof.thin_cells import points_between
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.results.report import OperationReport
from backproof.verify.run.harness import verify_here
from backproof.verify.subjects.functions.pairs import FunctionPair
from backproof.verify.subjects.rules_file import rules_file
from backproof.verify.terms.term import symbol

RIGHT, _, SAFE, WIRED = Question
Rule = Callable[..., Any]


def report(forward: Rule, backward: Rule, **options: Any) -> OperationReport:
    return verify.check(forward, backward, name="rule", raises=False, **options).operations[0]


def verdict(question: Question, found: OperationReport) -> Verdict:
    return found.answers[question].verdict


def square(x: Any) -> Any:
    return x * x


def test_a_rule_that_asks_whether_its_operand_is_the_upstream_gradient_is_miswired() -> None:
    found = report(square, lambda x, g: 0.0 if x is g else 2 * x * g)
    assert verdict(WIRED, found) is Verdict.MISWIRED
    assert any("the same object as the upstream gradient" in f.message for f in found.findings)
    assert verdict(WIRED, report(square, lambda x, g: 2 * x * g if x is g else g * 2 * x)) is Verdict.WIRED


ARRAYS: dict[str, tuple[Rule, Rule, int]] = {
    "rounded where one is negative": (
        square,
        lambda x, g: g * np.round(2 * x) if x.min() < 0 else g * 2 * x,
        300,
    ),
    "typed by the first entry": (
        lambda x: np.where(x > 0, x, 0.1 * x),
        lambda x, g: g * np.vectorize(lambda t: 1 if t > 0 else 0.1)(x),
        40,
    ),
    "cut to integers on one side": (square, lambda x, g: g * (2 * x).astype(int) if x[0] < 0 else g * 2 * x, 30),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_points_that_do_not_run_on_symbols_are_compared_on_floats(name: str) -> None:
    forward, backward, size = ARRAYS[name]
    assert verdict(RIGHT, report(forward, backward, shapes={"x": size})) is Verdict.REFUTED


def test_a_right_rule_that_runs_on_symbols_at_some_points_only_is_matched() -> None:
    found = report(square, lambda x, g: g * (2 * x + 0 * np.round(x)) if x.min() < 0 else g * 2 * x, shapes={"x": 300})
    assert verdict(RIGHT, found) in (Verdict.MATCHED, Verdict.PROBABLE)
    assert not any(answer.failing for answer in found.answers.values())


@pytest.mark.parametrize(("band", "expected"), [(1e-2, Verdict.REFUTED), (0.0, Verdict.PROVED)])
def test_a_band_around_a_tie_has_a_point(band: float, expected: Verdict) -> None:
    def backward(x: Any, out: Any, g: Any) -> Any:
        mask = np.abs(x - out[..., None]) <= band
        return g[..., None] * mask / mask.sum(axis=-1, keepdims=True)

    assert verdict(RIGHT, report(lambda x: x.max(axis=-1), backward, shapes={"x": (1, 2)})) is expected


@pytest.mark.parametrize(("factor", "expected"), [(2, Verdict.PROVED), (3, Verdict.REFUTED)])
def test_a_domain_with_an_equation(factor: int, expected: Verdict) -> None:
    found = report(
        lambda c, s: c * c - s * s, lambda c, s, g: (factor * c * g, -2 * s * g), domain="c**2 + s**2 == 1"
    )
    assert verdict(RIGHT, found) is expected


@pytest.mark.parametrize(("beyond", "right", "safe"), [
    ("3*g*x*x", Verdict.PROVED, Verdict.SAFE), ("g", Verdict.MATCHED, Verdict.UNSAFE)
])  # fmt: skip
def test_an_overflow_that_is_taken_as_impossible(tmp_path: Path, beyond: str, right: Verdict, safe: Verdict) -> None:
    path = tmp_path / "rules.toml"
    rule = f"where(1e300/((x - 1.2345)**2 + 1e-40) == inf, {beyond}, 3*g*x*x)"
    path.write_text(f'[[rule]]\nname = "overflow"\ninputs = ["x"]\ndefinition = "x*x*x"\nbackward = "{rule}"\n')
    found = verify_here(rules_file(str(path))).operations[0]
    assert verdict(RIGHT, found) is right
    assert verdict(SAFE, found) is safe


def far_and_narrow(x: Any) -> Any:
    """Overflows between 4 - 1/1000 and 4 + 1/1000, where no point is."""
    return math.isinf(np.exp(2000 - 1e9 * (x / 4 - 1.01) ** 2))


def not_a_number(x: Any) -> Any:
    """Of floats alone: 1e600 is infinite, and nothing is subtracted from itself where numbers are."""
    huge = 1e300 * (1 + x * x) * 1e300
    return huge - huge != 0


def handled(x: Any, g: Any, right: Any) -> Any:
    """Another answer where what is computed for nothing overflows, between 4.04124 - 2e-6 and 4.04124 + 2e-6."""
    try:
        math.exp(2000 - 1e15 * (x / 4 - 1.01031) * (x / 4 - 1.01031))
    except OverflowError:
        return g
    return right


def by_handler(x: Any, g: Any) -> Any:
    """The slope of softplus."""
    try:
        e = math.exp(x)
    except OverflowError:
        return g
    return g * e / (1 + e)


EVENTS: dict[str, tuple[Rule, Rule, Verdict]] = {
    "an overflow that no point shows": (square, lambda x, g: g if far_and_narrow(x) else 2 * x * g, Verdict.MATCHED),
    "and one that cannot be": (square, lambda x, g: g if math.isinf(x * math.tanh(x)) else 2 * x * g, Verdict.PROVED),
    "and one that a point shows": (square, lambda x, g: g if math.isinf(np.exp(x)) else 2 * x * g, Verdict.REFUTED),
    "and one where the rule is right": (
        square,
        lambda x, g: g * x * 2 if math.isinf(np.exp(x)) else 2 * x * g,
        Verdict.PROVED,
    ),
    "a handler of one that no point shows": (square, lambda x, g: handled(x, g, 2 * x * g), Verdict.MATCHED),
    "an overflow of the upstream gradient": (
        square,
        lambda x, g: 0.0 if far_and_narrow(g) else 2 * x * g,
        Verdict.MATCHED,
    ),
    "and where it is right": (
        lambda x: np.logaddexp(0, x),
        lambda x, g: by_handler(x, g),
        Verdict.PROVED,
    ),
    "NaN in a comparison of the backward": (square, lambda x, g: g if not_a_number(x) else 2 * x * g, Verdict.MATCHED),
    "NaN in a comparison of the forward": (
        lambda x: x if not_a_number(x) else x * x,
        lambda x, g: 2 * x * g,
        Verdict.MATCHED,
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_events_of_floats_that_a_proof_passes_over(name: str) -> None:
    forward, backward, expected = EVENTS[name]
    definition = None if forward is square else "x*x" if expected is Verdict.MATCHED else "log(1 + exp(x))"
    assert verdict(RIGHT, report(forward, backward, definition=definition)) is expected


@pytest.mark.parametrize(("factor", "expected"), [(1.0, Verdict.MATCHED), (1.001, Verdict.REFUTED)])
def test_rounding_excuses_no_other_formula(factor: float, expected: Verdict) -> None:
    """Near 0 the formula loses its digits; its trace is not relied on, for it handles an exception."""

    def backward(x: Any, g: Any) -> Any:
        try:
            return factor * g * (math.cos(x) / x - math.sin(x) / (x * x))
        except ZeroDivisionError:
            return 0.0

    assert verdict(RIGHT, report(lambda x: math.sin(x) / x if x != 0 else 1.0, backward)) is expected


def test_a_handler_by_another_name_is_no_overflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is called OverflowError there is another exception, which real numbers do have."""
    (tmp_path / "renamed.py").write_text(
        "import math\nOverflowError = ValueError\ndef rule(x, g):\n    try:\n"
        "        math.sqrt((x*x*x - 0.3)**2 - 1e-10)\n    except OverflowError:\n        return 0.0\n"
        "    return 2*x*g\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert verdict(RIGHT, report(square, import_module("renamed").rule)) is Verdict.MATCHED


NUMBERS: dict[str, tuple[Any, Verdict]] = {
    "a Decimal": (Decimal("0.640625"), Verdict.REFUTED),
    "a complex number": (complex(0.640625), Verdict.REFUTED),
    "a complex number that is not real": (complex(0.640625, 1), Verdict.PROVED),
    "a Decimal that is no number": (Decimal("NaN"), Verdict.MATCHED),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_symbol_equals_other_kinds_of_numbers_as_a_float_does(name: str) -> None:
    """At half of the number, which no constant of the code names: only the trace leads there."""
    number, expected = NUMBERS[name]
    assert verdict(RIGHT, report(square, lambda x, g: 0.0 if 2 * x == number else 2 * x * g)) is expected


def swish(x: Any) -> Any:
    return x * (1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x)))


def swish_slope(x: Any) -> Any:
    s = 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
    return s + x * s * (1 - s)


@pytest.mark.parametrize(("factor", "expected"), [(1, Verdict.MATCHED), (1.001, Verdict.REFUTED)])
def test_a_forward_that_is_not_traced_may_lose_digits_of_subnormal_numbers(factor: float, expected: Verdict) -> None:
    """At -727 its exponential is subnormal, and 727 times that has lost as many digits as it."""

    def forward(x: Any) -> Any:
        return swish(x) * (factor if str(x) else 1)

    found = report(forward, lambda x, g: g * swish_slope(x), definition="x/(1 + exp(-x))", points=50)
    assert verdict(RIGHT, found) is expected


@pytest.mark.parametrize(("factor", "expected"), [(1, Verdict.MATCHED), (1.001, Verdict.REFUTED)])
def test_digits_lost_at_most_points_are_no_other_formula(factor: float, expected: Verdict) -> None:
    """The points lie far out, where nothing is left of 1 - tanh²; its trace is not relied on, for it leaks."""

    def backward(x: Any, g: Any) -> Any:
        return factor * g * (1 - math.tanh(x) ** 2) if str(x) else 0.0

    found = report(math.tanh, backward, bounds={"x": (15.0, 300.0)}, points=50)
    assert verdict(RIGHT, found) is expected


@pytest.mark.parametrize(("factor", "expected"), [(2, Verdict.PROVED), (3, Verdict.REFUTED)])
@pytest.mark.parametrize("nothing", [lambda x: abs(x - x), lambda x: abs(-abs(x * x - x * x)), lambda x: max(x, x) - x])
def test_what_is_zero_everywhere_has_no_kink(nothing: Rule, factor: int, expected: Verdict) -> None:
    """All points lay on the kink of |x - x|, and were passed over."""
    found = report(lambda x: nothing(x) + x * x, lambda x, g: factor * g * x, points=50)
    assert verdict(RIGHT, found) is expected


def test_a_thin_cell_has_a_candidate_inside() -> None:
    x, y = symbol("x"), symbol("y")
    cell = everywhere(("x", "y")).given(y - x, -1).given(100 * (y - x) + 1, 1)
    found = points_between(cell, ("x", "y"), {"x": Fraction(1), "y": Fraction(1)})
    assert any(-Fraction(1, 100) < point["y"] - point["x"] < 0 for point in found)


def test_a_manager_that_may_swallow_is_a_leak() -> None:
    def rule(x: Any, g: Any) -> Any:
        with Swallowing():
            return 2 * x * g

    found = FunctionPair(square, rule).traced()
    assert "a with statement on a Swallowing" in [leak.what for leak in found.leaks]


class Swallowing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> bool:
        return True
