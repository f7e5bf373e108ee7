"""Every branch is followed; code whose paths do not belong to one function is rejected."""

from __future__ import annotations

import contextlib
import functools
import math
from typing import Any

import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.support.errors import SubjectError
from backproof.verify.terms.term import symbol, term, where
from backproof.verify.tracing.branches import NotRepeatable, explore

x, y = symbol("x"), symbol("y")


@functools.lru_cache(None)
def step(v: Any) -> Any:
    if v > 0:
        return 1.0
    return 0.0


@functools.cache
def wrong_step(v: Any) -> Any:
    return 1.0 if v > 0 else 0.5


def verdicts(backward, forward=lambda x: max(x, 0.0)):
    """The verdict of the proof, and whether nothing fails."""
    report = verify.check(forward, backward, "max(x, 0)", raises=False)
    return next(f for f in report.findings if f.check == "proof"), report.ok


class TestCodeThatGoesAnotherWayTheNextTime:
    def test_a_question_less(self):
        known = {}

        def run():
            if "slope" not in known:
                known["slope"] = term(1 if x > 0 else 0)
            return (known["slope"],)

        with pytest.raises(NotRepeatable):
            explore(run)

    def test_another_question(self):
        asked = iter((x, y))
        with pytest.raises(NotRepeatable, match="it caches results"):
            explore(lambda: (term(1 if next(asked) > 0 else 0),))

    def test_the_same_questions_are_fine(self):
        assert len(explore(lambda: (term(1 if x > 0 and y > 0 else 0),))) == 1


class TestCaches:
    """A result cached on the path x > 0 was returned on the other one: right rules were refuted."""

    def test_lru_cache(self):
        found, ok = verdicts(lambda x, g: g * step(x))
        assert (found.verdict, ok) == (Verdict.PROVED, True)

    def test_lru_cache_of_a_wrong_rule(self):
        found, ok = verdicts(lambda x, g: g * wrong_step(x))
        assert (found.verdict, ok) == (Verdict.REFUTED, False)

    def test_a_dictionary(self):
        known: dict[Any, float] = {}

        def backward(x, g):
            if x not in known:
                known[x] = 1.0 if x > 0 else 0.0
            return g * known[x]

        found, ok = verdicts(backward)
        assert (found.verdict, ok) == (Verdict.MATCHED, True)
        assert "run again it takes another path" in found.message

    def test_a_dictionary_of_the_forward(self):
        known: dict[Any, float] = {}

        def forward(x):
            if x not in known:
                known[x] = x if x > 0 else 0.0 * x
            return known[x]

        found = verify.check(forward, lambda x, g: g * (x > 0), raises=False).findings
        assert any("run again it takes another path" in f.message for f in found)


class AddsUp:
    """Right on its first call, which is what was proved."""

    total: Any = 0.0
    x: Any = None

    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, g):
        self.total = self.total + 2 * self.x * g
        return self.total


def test_a_sum_over_all_calls_is_not_proved():
    one = AddsUp()
    report = verify.check(one.forward, one.backward, raises=False)
    assert Verdict.PROVED not in {f.verdict for f in report.findings}
    assert not report.ok


class TestAnotherRuleOnFloats:
    """A symbol raises nothing where a float does: the handler is not traced, and right code was refuted for it."""

    def root(self, at_negative):
        def backward(x, g):
            try:
                return g / (2 * math.sqrt(x))
            except (ValueError, ZeroDivisionError):
                return at_negative

        report = verify.check(lambda x: math.sqrt(x) if x > 0 else 0.0, backward, raises=False)
        return next(f for f in report.findings if f.check == "proof"), report

    def test_right(self):
        found, report = self.root(0.0)
        assert (found.verdict, report.ok) == (Verdict.MATCHED, True)
        assert "an exception may be handled" in found.message

    @pytest.mark.parametrize(("at_zero", "ok"), [(0.0, True), (0.5, True), (7.0, False)])
    def test_at_a_kink(self, at_zero, ok):
        def backward(x, g):
            with contextlib.suppress(ZeroDivisionError):
                return g * abs(x) / x
            return at_zero * g

        report = verify.check(abs, backward, names=("x",), raises=False)
        assert report.ok is ok
        assert {f.check for f in report.findings if f.verdict in (Verdict.UNSAFE, Verdict.REFUTED)} <= {"kinks"}

    def test_wrong_on_floats(self):
        found, report = self.root(1.0)
        assert (found.verdict, report.ok) == (Verdict.MATCHED, False)
        assert any(f.check == "points" and f.verdict is Verdict.REFUTED for f in report.findings)

    def test_wrong_elsewhere_on_floats(self):
        def backward(x, g):
            try:
                return g / ((2.5 if x > 50 else 2) * math.sqrt(x))
            except (ValueError, ZeroDivisionError):
                return 0.0

        report = verify.check(lambda x: math.sqrt(x) if x > 0 else 0.0, backward, raises=False)
        assert any(f.check == "points" and f.verdict is Verdict.REFUTED for f in report.findings)


class TestWhereCodeRaises:
    """With ``gaps`` an error of the code's own, on some paths, says that there is no value."""

    @staticmethod
    def guarded() -> tuple[Any, ...]:
        with subject_code:
            if x <= 0:
                raise ValueError("not positive")
            return (1 / x, 2 * x)

    def test_the_terms_are_nan_there(self) -> None:
        value, double = explore(self.guarded, gaps=True)
        assert value is where(x <= 0, math.nan, 1 / x)
        assert double is where(x <= 0, math.nan, 2 * x)

    def test_without_gaps_the_error_is_raised(self) -> None:
        with pytest.raises(SubjectError, match="not positive"):
            explore(self.guarded)

    def test_an_error_on_all_paths_is_raised(self) -> None:
        def fails() -> tuple[Any, ...]:
            with subject_code:
                raise ValueError("none" if x > 0 else "nowhere")

        with pytest.raises(SubjectError, match="none"):
            explore(fails, gaps=True)

    def test_an_error_of_another_kind_is_raised(self) -> None:
        def fails() -> tuple[Any, ...]:
            with subject_code:
                if x > 0:
                    raise KeyError("a bug")
                return (x,)

        with pytest.raises(SubjectError, match="a bug"):
            explore(fails, gaps=True)

    def test_an_error_that_no_statement_raises_is_raised(self) -> None:
        def fails() -> tuple[Any, ...]:
            with subject_code:
                return (x / int("none"),) if x > 0 else (x,)

        with pytest.raises(SubjectError, match="invalid literal"):
            explore(fails, gaps=True)
