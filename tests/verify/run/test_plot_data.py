"""PlotData: formulas as the spec has them, and series that hold the rule's own floats beside the reference."""

import math

import mpmath
import pytest

from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.run.plot_data import BUCKETS, SHOWN, SLICE, STEPS, plot_data
from backproof.verify.subjects.engines.own import own_engine

OPTIONS = Options(points=60)


def drawn(name, place=0):
    """The plot_data of an operation's case, and its series by name and operand."""
    cases = [(o, spec) for o, spec in own_engine().operations() if o.name == name]
    operation, spec = cases[place]
    found = plot_data(Case(operation, spec, OPTIONS))
    return operation, found, {(s.name, s.operand): s for s in found.series}


def numbers(series, column):
    return list(map(float, series.columns[column]))


def test_the_formulas_are_those_of_the_spec():
    _, found, _ = drawn("elu", 1)
    assert found.case == "alpha = 1/2"
    assert found.definition == "Piecewise((x, x > 0), (exp(x)/2 - 1/2, True))"
    assert found.partials == ("Piecewise((1, x > 0), (exp(x)/2, True))",)
    assert (found.kinks[0].where, found.kinks[0].returns) == ("x = 0", ("1/2",))
    assert found.domain == ""
    assert drawn("log")[1].domain == "x > 0"
    assert "proved on the whole domain" in found.proof


def test_a_slice_holds_the_rule_and_the_reference():
    operation, _, series = drawn("tanh")
    s = series["slice", "x"]
    xs = numbers(s, "x")
    assert len(xs) == SLICE
    assert (xs[0], xs[-1]) == (-SHOWN, SHOWN)
    assert 0.0 not in xs
    assert numbers(s, "rule") == [operation.partials(x)[0] for x in xs]
    with mpmath.workdps(60):
        reference_values = [1 - mpmath.tanh(x) ** 2 for x in xs]
        assert numbers(s, "reference") == [float(t) for t in reference_values]
        for rule, expected, error in zip(numbers(s, "rule"), reference_values, numbers(s, "error"), strict=True):
            off = abs(rule - expected) / mpmath.mpf(2) ** (mpmath.floor(mpmath.log(expected, 2)) - 52)
            assert error == pytest.approx(float(off), rel=1e-2, abs=1e-2)


@pytest.mark.parametrize(
    ("name", "operand", "at", "kinks"),
    [
        ("relu", "x", "", ("0.0",)),
        ("hardtanh", "x", "", ("-1.0", "1.0")),
        ("max", "x", "y = 2", ("2.0",)),
        ("max", "y", "x = 2", ("2.0",)),
        ("hypot", "x", "y = 2", ()),
        ("tanh", "x", "", ()),
    ],
)
def test_kinks_along_the_slice_are_marked(name, operand, at, kinks):
    s = drawn(name)[2]["slice", operand]
    assert (s.at, s.kinks) == (at, kinks)


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


def whole_range(case, i):
    """The range as it is defined: the error at every point where there is one, the first of the worst kept."""
    worst = {}
    for sample, expected, kink in zip(case.samples, case.reference_values, case.at_kink, strict=True):
        if kink or sample.error is not None or not expected[i].known:
            continue
        exact, out, computed, x = expected[i], sample.out, sample.partials[i], sample.point[i]
        normal = exact.ball.is_zero() or abs(exact.nearest) >= 2.0**-1022
        if not normal or not math.isfinite(out) or not math.isfinite(computed) or 0 < abs(out) < 2.0**-1022:
            continue
        size = round(math.asinh(math.log2(abs(x)) / 10) * BUCKETS / 20) if x else -BUCKETS
        bucket = size + BUCKETS if x > 0 else -size - BUCKETS
        error = exact.error(computed)
        if bucket not in worst or error > worst[bucket][1]:
            worst[bucket] = x, error
    return [worst[bucket] for bucket in sorted(worst)]


@pytest.mark.parametrize("name", ["add", "div", "exp", "tanh", "relu6", "leaky_relu", "gelu", "hypot", "logaddexp"])
def test_what_is_computed_at_once_is_what_is_computed_point_by_point(name):
    operation, spec = next((o, spec) for o, spec in own_engine().operations() if o.name == name)
    options = Options(points=300)  # enough for the screen, and for a run on columns
    found, alone = plot_data(Case(operation, spec, options)), Case(operation, spec, options)
    assert alone.samples.together
    alone.samples.together = False  # so that the slice and the steps are, too
    by_point = plot_data(alone)
    assert found.series == by_point.series
    for i, operand in enumerate(spec.inputs):
        (series,) = (s for s in found.series if (s.name, s.operand) == ("range", operand))
        assert list(zip(numbers(series, "x"), numbers(series, "error"), strict=True)) == whole_range(alone, i)


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
    operation, spec = next((o, spec) for o, spec in own_engine().operations() if o.name == "tanh")
    found = plot_data(Case(operation, spec, OPTIONS), plots=False)
    assert found.series == ()
    assert found.definition == "tanh(x)"
