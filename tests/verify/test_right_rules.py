"""No false alarm: unusual right rules, none of which may fail, nor be called inaccurate where it is not."""

from __future__ import annotations

import pytest

from tests.verify.rules.plant import Right, findings, shown, witnesses
from tests.verify.rules.right_rules import RIGHT_RULES


def _param(right: Right) -> object:
    mark = pytest.mark.xfail(reason=f"not decided: {right.undecided}", raises=AssertionError)
    return pytest.param(right, id=str(right), marks=[mark] if right.undecided else [])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy scalars warn where floats overflow in silence
@pytest.mark.parametrize("right", [_param(right) for right in RIGHT_RULES])
def test_is_not_blamed(right: Right):
    found = findings(right.op, right.method, right.more)
    assert [f for f in found if f.verdict.fails] == [], shown(found)
    assert ("accuracy" in witnesses(found)) == right.inaccurate, shown(found)


def test_there_are_many_and_no_two_alike():
    assert len(RIGHT_RULES) >= 80
    assert len({str(right) for right in RIGHT_RULES}) == len(RIGHT_RULES)


def test_nearly_all_are_decided():
    assert sum(bool(right.undecided) for right in RIGHT_RULES) <= 4
