"""Each check of large arrays alone, on a right rule and on a wrong one, and what it tells where nothing is decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.checks import array_differences, array_extremes, array_identity, array_wiring
from backproof.verify.checks.array_case import ArrayCase
from backproof.verify.checks.array_cells import ArrayCells, Look
from backproof.verify.checks.array_counterexamples import wrong_gradient
from backproof.verify.checks.small_shapes import Smaller, smaller
from backproof.verify.checks.table import ARRAY_IDENTITY
from backproof.verify.config.options import USUAL
from backproof.verify.finite_fields.identity import Outcome
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.terms.term import apply

N = 20


def case_of(forward: Any, backward: Any, definition: Any = None, n: int = N, **more: Any) -> ArrayCase:
    operation, _ = verify.pair(forward, backward, definition, shapes={"x": n}, name="rule", **more)
    return ArrayCase(getattr(operation, "pair", operation), USUAL)  # not as a tensor rule, which has other checks


def square(x: Any) -> Any:
    return x * x


def square_backward(x: Any, g: Any) -> Any:
    return 2 * x * g


def only(found: Any) -> Finding:
    (finding,) = found
    return finding


# -------------------------------------------------------------------------------------------------------- extremes


def test_a_right_rule_is_safe() -> None:
    found = only(array_extremes.check(case_of(square, square_backward)))
    assert found.verdict is Verdict.SAFE
    assert "aside" not in found.message
    assert "more are" not in found.message


def test_where_the_value_itself_overflows_nothing_is_asked_of_the_gradient() -> None:
    """exp(1000) is a number, but no float."""
    found = only(array_extremes.check(case_of(np.exp, lambda out, g: g * out)))
    assert found.verdict is Verdict.SAFE
    assert "more are outside the domain, or overflow" in found.message


def test_an_overflow_of_the_rule_alone_is_unsafe() -> None:
    def backward(x: Any, g: Any) -> Any:
        return g * np.exp(x) / (1 + np.exp(x)) ** 2

    found = only(array_extremes.check(case_of(lambda x: 1 / (1 + np.exp(-x)), backward)))
    assert found.verdict is Verdict.UNSAFE


# ---------------------------------------------------------------------------------------------------------- wiring


def test_a_gradient_that_is_nearly_proportional_to_the_upstream_gradient_is_miswired() -> None:
    assert only(array_wiring.check(case_of(square, square_backward))).verdict is Verdict.WIRED
    found = only(array_wiring.check(case_of(square, lambda x, g: 2 * x * g * (1 + 1e-10 * g))))
    assert found.verdict is Verdict.MISWIRED
    assert "not proportional to the upstream gradient" in found.message


def test_another_gradient_at_the_second_call_is_miswired() -> None:
    """Only the second call of five differs, so no other comparison shows it."""
    calls = [0]

    def backward(x: Any, g: Any) -> Any:
        calls[0] += np.asarray(x).dtype == float
        return 2 * x * g * (1.5 if calls[0] % 5 == 2 else 1)

    case = case_of(square, backward)
    sample = next(iter(case.operation.samples(0)))
    calls[0] = 0
    problem = array_wiring._problem(case.operation, sample)
    assert problem is not None
    assert problem[0] == "called again, the backward returns another gradient"


def test_wiring_is_not_asked_of_points_without_a_value() -> None:
    """Where the logarithm is not real this rule is not proportional to the upstream gradient, and need not be."""

    def backward(x: Any, g: Any) -> Any:
        return np.where(x > 0, g / x, g * g)

    assert only(array_wiring.check(case_of(np.log, backward))).verdict is Verdict.WIRED
    assert only(array_wiring.check(case_of(lambda x: np.log(np.abs(x)), backward))).verdict is Verdict.MISWIRED


# ----------------------------------------------------------------------------------------------------------- cells

ROOT = 0.7978845608028654  # √(2/π) to the last digit
INVERSE = 1.2533141373155001  # √(π/2)


def test_a_literal_is_read_as_a_constant_where_only_the_gradient_needs_it() -> None:
    """The forward is its own definition, so its value is right by itself."""
    case = case_of(lambda x: x * x / INVERSE, lambda x, g: 2 * x * g * ROOT)
    (first, *_) = case.sampled.formulas()
    assert first.assumptions
    assert not any(look.wrong or look.wrong_values for look in case.sampled.sampled)


def test_a_right_rule_is_not_read_with_assumptions() -> None:
    case = case_of(lambda x: x * x * ROOT, lambda x, g: 2 * x * g * ROOT)
    assert [formula.assumptions for formula in case.sampled.formulas()] == [()]


def test_a_rule_that_is_wrong_in_any_reading_is_shown_as_written() -> None:
    case = case_of(lambda x: x * x / INVERSE, lambda x, g: 3 * x * g * ROOT)
    assert [formula.assumptions for formula in case.sampled.formulas()] == [()]
    assert all(look.wrong for look in case.sampled.sampled)


def without_a_value(look: Look, partials: Any = square_backward) -> Look:
    """The look with √(sin² + cos² - 1) added to the first entry of its rule: no interval decides whether it exists."""
    x = look.pair.symbols("x")[0]
    root = apply("sqrt", apply("sin", x) ** 2 + apply("cos", x) ** 2 - 1)
    formula = replace(look.formula, rule=(look.formula.rule[0] + root, *look.formula.rule[1:]))
    return Look(case_of(square, partials).operation, look.sample, formula)


def test_what_intervals_leave_open_is_wrong_only_where_floats_have_no_value_either() -> None:
    (first, *_) = case_of(square, square_backward).sampled.sampled
    look = without_a_value(first)
    assert look.unknown == [0]
    assert look.wrong == []
    nowhere = without_a_value(first, lambda x, g: 2 * x * g + np.where(np.arange(N) == 0, np.nan, 0))
    assert nowhere.wrong == [0]


def test_a_gradient_without_a_value_is_said_to_have_none() -> None:
    case = case_of(square, square_backward)
    (first, *_) = case.sampled.sampled
    details = dict(wrong_gradient(case, without_a_value(first), [0]).details)
    assert details["ours"].startswith("no value   for x[0]")
    assert float(details["expected"].split()[0]) != 0


def test_the_point_is_told_array_by_array() -> None:
    case = case_of(square, lambda x, g: 3 * x * g)
    (finding, *_) = [f for f in array_identity.check(case) if f.case == case.operation.case]
    lines = dict(finding.details)["at"].splitlines()
    assert [line.partition(" = ")[0] for line in lines] == ["x", "g"]
    (look, *_) = case.sampled.sampled
    lattices = look.sample.lattices
    assert lines == [f"x = {lattices['x']}", f"g = {lattices[case.operation.upstream]}"]


# ----------------------------------------------------------------------------------------------------- differences


def test_the_true_derivative_along_a_direction_of_one_array_of_two() -> None:
    operation, _ = verify.pair(
        lambda x, y: x * y, lambda x, y, g: (g * y, g * x), shapes={"x": N, "y": N}, name="product"
    )
    operation = operation.pair
    case = ArrayCase(operation, USUAL)
    (look, *_) = case.sampled.sampled
    arrays, direction = look.sample.arrays, np.linspace(1, 2, N)
    true = (arrays[operation.upstream] * arrays["y"] * direction).sum()
    assert array_differences._true(look, {"x": direction}) == pytest.approx(true)


def test_points_already_compared_do_not_end_the_search_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if floats disagree everywhere: the rule is right at the first points, and wrong further out."""
    monkeypatch.setattr(array_differences, "_is_at_odds", lambda pair, sample, direction: True)
    case = case_of(square, lambda x, g: 2 * x * g if x.max() < 20 else 3 * x * g)
    looked = list(case.operation.samples(USUAL.seed))
    found = array_differences._elsewhere(case, case.operation, looked)
    assert found is not None
    assert found.verdict is Verdict.REFUTED


# -------------------------------------------------------------------------------------------------------- identity


def test_trials_that_are_inconclusive_do_not_make_a_rule_probable() -> None:
    """For all x, sqrt(x²) is |x|; in a finite field its sign is not determined."""
    case = case_of(lambda x: np.sqrt(x * x), lambda x, g: g * x / np.sqrt(x * x))
    trials = array_identity.Trials(case, case.sampled)
    trials.outcomes = [Outcome(differing=(0,), trials=2, bits=128, error=-100.0, roots=1)]
    found = array_identity._finding(case, case.sampled, trials)
    assert found.verdict is Verdict.MATCHED
    assert "not probable: the signs of square roots" in found.message


def test_without_a_decision_by_intervals_nothing_is_matched() -> None:
    case = case_of(square, square_backward)
    (first, *_) = case.sampled.sampled
    open_one = without_a_value(first)
    failed = Outcome(reason="no point was found")
    for cells, unknown in ((ArrayCells((open_one,)), [open_one]), (ArrayCells(()), [])):
        found = array_identity._only_matched(case, cells, failed, unknown)
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "no point was found" in found.message
    assert array_identity._only_matched(case, case.sampled, failed, []).verdict is Verdict.MATCHED


def test_an_error_on_a_cell_without_a_sample_point_is_found_at_a_small_shape() -> None:
    def backward(x: Any, g: Any) -> Any:
        return 2 * x * g if x[0] < 5000 else 3 * x * g

    found = list(array_identity.check(case_of(square, backward)))
    assert any(f.verdict is Verdict.REFUTED and "at this smaller shape" in f.message for f in found)


# ---------------------------------------------------------------------------------------------------- small shapes


def test_a_small_shape_is_proved_by_proofs_alone() -> None:
    case = case_of(square, square_backward)
    proved, matched = (case.finding(ARRAY_IDENTITY, v, "") for v in (Verdict.PROVED, Verdict.MATCHED))
    assert Smaller("", (proved, proved)).proved
    assert not Smaller("", (proved, matched)).proved
    assert not Smaller("", ()).proved


def test_a_side_of_one_entry_stays_one() -> None:
    operation, _ = verify.pair(
        lambda x: x * x, lambda x, g: 2 * x * g, shapes={"x": (N, 1)}, name="column"
    )
    told = [one.told for one in smaller(ArrayCase(operation, USUAL))]
    assert told == ["x: 3×1", "x: 2×1"]
