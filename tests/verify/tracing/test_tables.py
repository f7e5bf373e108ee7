"""Look-ups of a symbol in sets and dictionaries of numbers: a comparison for each number, as for floats."""

from __future__ import annotations

import math

import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import symbol, term
from backproof.verify.tracing.branches import explore
from backproof.verify.tracing.rebuild import lifted

ENDS = frozenset([1.0, 0.0])
STEPS = {0: 5.0, 2.5: 7.0}
NAMES = {"a": 1.0}
x = symbol("x")


def traced(function):
    """The function on a symbol, over all branches."""
    twin = lifted(function)
    return written(explore(lambda: (term(twin(x)),))[0])


def proof(forward, backward, definition, **more):
    """The verdict of the proof, and whether nothing fails."""
    report = verify.check(forward, backward, definition, raises=False, **more)
    return next(f.verdict for f in report.findings if f.check == "proof"), report.ok


class TestSets:
    def test_of_the_source(self):
        assert traced(lambda v: 1 if v in {2, 0.5} else v) == "where(x == 2, 1, where(1/2 == x, 1, x))"

    def test_of_whole_numbers(self):
        assert traced(lambda v: 1 if v not in {3} else v) == "where(x == 3, x, 1)"

    def test_without_a_source(self):
        rule = eval("lambda v: 1 if v in {3, 0} else v", {"__name__": "console"})
        assert traced(rule) == "where(x == 0, 1, where(x == 3, 1, x))"

    def test_elsewhere_smallest_first(self):
        assert traced(lambda v: 1 if v in ENDS else v) == "where(x == 0, 1, where(x == 1, 1, x))"

    def test_a_number_is_in_it_whatever_its_kind(self):
        assert traced(lambda v, n=1.0: v if n in ENDS else 0) == "x"

    def test_sets_of_strings_are_not_changed(self):
        assert traced(lambda v: v if "a" in {"a", "b"} else 0) == "x"


class TestTables:
    def test_get(self):
        assert traced(lambda v: STEPS.get(v, v)) == "where(x == 0, 5, where(x == 5/2, 7, x))"

    def test_an_entry(self):
        assert traced(lambda v: v if v not in STEPS else STEPS[v] + v) == (
            "where(x == 0, 5 + x, where(x == 5/2, 7 + x, x))"
        )

    def test_of_the_source(self):
        assert traced(lambda v: {3: 0.5}.get(v, v)) == "where(x == 3, 1/2, x)"

    def test_a_bool_is_a_key(self):
        assert traced(lambda v: {True: 1, False: 2}[v > 0]) == "where(x > 0, 1, 2)"

    def test_dictionaries_of_names_are_not_changed(self):
        assert traced(lambda v: NAMES["a"] * v) == "1*x"

    def test_the_original_is_not_modified(self):
        assert (type(STEPS), type(ENDS)) == (dict, frozenset)


class TestVerdicts:
    """A symbol was in no set, so that each of these was proved, and the right rules below refuted."""

    @pytest.mark.parametrize(
        "backward",
        [
            lambda x, g: (7.0 if x in {2.5} else 2 * x) * g,
            lambda x, g: (7.0 if x in {3} else 2 * x) * g,
            lambda x, g: {3: 0.0}.get(x, 2 * x) * g,
            lambda x, g: STEPS.get(x, 2 * x) * g,
        ],
    )
    def test_wrong_at_a_number_of_a_table(self, backward):
        assert proof(lambda x: x * x, backward, "x**2") == (Verdict.REFUTED, False)

    def test_right_at_a_number_of_a_set(self):
        def backward(x, g):
            return 0.0 if x in {0} else g * (math.cos(x) * x - math.sin(x)) / x**2

        found, _ = proof(lambda x: math.sin(x) / x if x else 1.0, backward, "sinc(x)")
        assert found is Verdict.PROVED

    def test_a_right_rule_for_whole_powers(self):
        def backward(x, g, n=1.0):
            return n * g if n in {0, 1} else n * x ** (n - 1) * g

        assert proof(lambda x: x**1, backward, "x") == (Verdict.PROVED, True)
