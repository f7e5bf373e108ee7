"""No false alarm: unusual right rules, none of which may fail, nor be called inaccurate where it is not."""

from __future__ import annotations

import pytest

from tests.verify.rules.plant import Right, counterexamples, findings, shown
from tests.verify.rules.right_rules import RIGHT_RULES


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy scalars warn where floats overflow in silence
@pytest.mark.parametrize("right", RIGHT_RULES, ids=str)
def test_is_not_blamed(right: Right):
    found = findings(right.op, right.method, right.more)
    assert [f for f in found if f.verdict.fails] == [], shown(found)
    left_open = [f for f in found if f.check == "proof" and f.message.endswith("; checked at points only")]
    assert bool(left_open) == bool(right.undecided), shown(found)  # a rule that runs on symbols is proved
    assert ("accuracy" in counterexamples(found)) == right.inaccurate, shown(found)


def test_there_are_many_and_no_two_alike():
    assert len(RIGHT_RULES) >= 80
    assert len({str(right) for right in RIGHT_RULES}) == len(RIGHT_RULES)


def test_nearly_all_are_decided():
    assert sum(bool(right.undecided) for right in RIGHT_RULES) <= 4
