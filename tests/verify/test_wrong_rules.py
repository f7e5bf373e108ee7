"""Nothing wrong gets past the checks: planted wrong rules, each with the check that has to catch it."""

from __future__ import annotations

import pytest

from backproof.engine import OPS
from backproof.verify.checks.table import CHECKS
from backproof.verify.results.findings import Verdict
from tests.verify.rules.blind_spots import BLIND_SPOTS, BlindSpot
from tests.verify.rules.plant import QUESTION, Wrong, counterexamples, findings, shown
from tests.verify.rules.wrong_derivatives import WRONG_DERIVATIVES
from tests.verify.rules.wrong_floats import WRONG_FLOATS
from tests.verify.rules.wrong_forwards import WRONG_FORWARDS
from tests.verify.rules.wrong_kinks import WRONG_KINKS
from tests.verify.rules.wrong_wiring import WRONG_WIRING

WRONG = (*WRONG_DERIVATIVES, *WRONG_KINKS, *WRONG_FLOATS, *WRONG_FORWARDS, *WRONG_WIRING)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_is_caught_by_the_named_check(wrong: Wrong):
    found = findings(wrong.op, wrong.method, wrong.more, wrong.declares)
    caught = counterexamples(found)
    assert caught.get(wrong.check) is wrong.verdict, shown(found)
    assert any(f.check == wrong.check and f.question is QUESTION[wrong.check] for f in found)
    if wrong.alone:
        others = {check: verdict for check, verdict in caught.items() if check != wrong.check and verdict.fails}
        assert others == {}, shown(found)


def _param(spot: BlindSpot) -> object:
    return pytest.param(spot, id=str(spot), marks=pytest.mark.xfail(reason=spot.why, raises=AssertionError))


@pytest.mark.parametrize("spot", [_param(spot) for spot in BLIND_SPOTS])
def test_is_caught_by_anybody(spot: BlindSpot):
    found = findings(spot.op, spot.method)
    assert any(verdict.fails for verdict in counterexamples(found).values())


def test_every_operation_is_met():
    assert set(OPS) - {wrong.op for wrong in WRONG} == set()


def test_every_question_is_met():
    assert {QUESTION[wrong.check] for wrong in WRONG} == set(QUESTION.values())


@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_every_check_is_needed(check: str):
    """Without this check, a wrong rule would pass."""
    assert any(wrong.alone for wrong in WRONG if wrong.check == check)


def test_there_are_many_and_no_two_alike():
    assert len(WRONG) >= 90
    assert len({str(wrong) for wrong in WRONG}) == len(WRONG)


def test_lost_digits_and_what_fails_beyond_the_working_range_are_warnings():
    assert {(w.check, w.verdict) for w in WRONG if not w.verdict.fails} == {
        *(("accuracy", Verdict.INACCURATE), ("extremes", Verdict.FRAGILE), ("infinities", Verdict.FRAGILE)),
    }
    assert {w.verdict for w in WRONG if w.check == "accuracy"} == {Verdict.INACCURATE}
