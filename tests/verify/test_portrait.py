"""Portraits: formulas as the row has them, and series that hold the rule's own floats beside the reference."""

import math

import mpmath
import pytest

from verify.case import Case
from verify.options import Options
from verify.portrait import BUCKETS, SHOWN, SLICE, STEPS, portrait
from verify.subjects.values import own_engine

OPTIONS = Options(points=60)


def drawn(name, place=0):
    """The portrait of an operation's case, and its series by name and operand."""
    cases = [(o, row) for o, row in own_engine().operations() if o.name == name]
    operation, row = cases[place]
    found = portrait(Case(operation, row, OPTIONS))
    return operation, found, {(s.name, s.operand): s for s in found.series}


def numbers(series, column):
    return list(map(float, series.columns[column]))


def test_the_formulas_are_the_rows():
    _, found, _ = drawn("elu", 1)
    assert found.case == "alpha = 1/2"
    assert found.definition == "Piecewise((x, x > 0), (exp(x)/2 - 1/2, True))"
    assert found.slopes == ("Piecewise((1, x > 0), (exp(x)/2, True))",)
    assert (found.corners[0].where, found.corners[0].answers) == ("x = 0", ("1/2",))
    assert found.domain == ""
    assert drawn("log")[1].domain == "x > 0"
    assert "proved on the whole domain" in found.proof


def test_a_slice_holds_the_rule_and_the_truth():
    operation, _, series = drawn("tanh")
    s = series["slice", "x"]
    xs = numbers(s, "x")
    assert len(xs) == SLICE
    assert (xs[0], xs[-1]) == (-SHOWN, SHOWN)
    assert 0.0 not in xs
    assert numbers(s, "rule") == [operation.slopes(x)[0] for x in xs]
    with mpmath.workdps(60):
        truths = [1 - mpmath.tanh(x) ** 2 for x in xs]
        assert numbers(s, "reference") == [float(t) for t in truths]
        for rule, truth, error in zip(numbers(s, "rule"), truths, numbers(s, "error"), strict=True):
            off = abs(rule - truth) / mpmath.mpf(2) ** (mpmath.floor(mpmath.log(truth, 2)) - 52)
            assert error == pytest.approx(float(off), rel=1e-2, abs=1e-2)


@pytest.mark.parametrize(
    ("name", "operand", "at", "corners"),
    [
        ("relu", "x", "", ("0.0",)),
        ("hardtanh", "x", "", ("-1.0", "1.0")),
        ("max", "x", "y = 2", ("2.0",)),
        ("max", "y", "x = 2", ("2.0",)),
        ("hypot", "x", "y = 2", ()),
        ("tanh", "x", "", ()),
    ],
)
def test_corners_on_the_way_are_marked(name, operand, at, corners):
    s = drawn(name)[2]["slice", operand]
    assert (s.at, s.corners) == (at, corners)


@pytest.mark.parametrize(("name", "low", "high"), [("log", 0, SHOWN), ("asin", -1, 1), ("acosh", 1, SHOWN)])
def test_a_slice_stays_in_the_domain(name, low, high):
    xs = numbers(drawn(name)[2]["slice", "x"], "x")
    assert low <= min(xs)
    assert max(xs) <= high


def test_a_range_is_the_worst_of_each_stretch():
    _, _, series = drawn("tanh")
    xs, errors = numbers(series["range", "x"], "x"), numbers(series["range", "x"], "error")
    assert xs == sorted(xs)
    assert len(xs) <= 2 * BUCKETS
    assert max(errors) > 1e6  # tanh's rule loses its digits where out is near 1, and the plot shows it


def test_the_error_of_a_difference_falls_and_rises_again():
    _, _, series = drawn("exp")
    s = series["steps", "x"]
    hs, errors = numbers(s, "h"), numbers(s, "error")
    assert s.at == "x = 0.7"
    assert hs == [2.0**-k for k in STEPS]
    best = errors.index(min(errors))
    assert 10 < best < 25
    assert errors[0] > 1e3 * errors[best]
    assert errors[-1] > 1e3 * errors[best]
    assert errors[3] == pytest.approx(hs[3] ** 2 / 6, rel=0.01)  # Taylor: h² f'''/6 over f'


def test_numbers_are_exact_and_the_same_each_time():
    first, again = drawn("atan2")[1], drawn("atan2")[1]
    assert first == again
    for series in first.series:
        for column in series.columns.values():
            assert all(repr(float(text)) == text and not math.isnan(float(text)) for text in column)


def test_without_plots_there_are_none():
    operation, row = next((o, row) for o, row in own_engine().operations() if o.name == "tanh")
    found = portrait(Case(operation, row, OPTIONS), plots=False)
    assert found.series == ()
    assert found.definition == "tanh(x)"
