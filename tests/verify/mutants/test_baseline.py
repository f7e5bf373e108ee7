"""The baseline is a working gradient checker: it accepts right rules and catches plain errors."""

import pytest

from backproof.verify.config.options import Options
from backproof.verify.mutants.baseline import POINTS, gradcheck, gradcheck_points
from backproof.verify.mutants.generate import mutants
from backproof.verify.mutants.subject import cases, own_cases
from backproof.verify.subjects.engines.own import own_engine

ENGINE = own_engine()
OPTIONS = Options(points=20)


@pytest.mark.parametrize("name", ENGINE.methods)
def test_ten_points_in_the_domain(name):
    for case in own_cases(ENGINE, name, OPTIONS):
        points = gradcheck_points(case)
        assert len(points) == POINTS
        assert all(point in case.region for point in points)
        assert points == gradcheck_points(case)


@pytest.mark.parametrize("name", ["add", "mul", "tanh", "exp", "gelu", "sigmoid", "cos"])
def test_a_right_rule_passes_and_a_wrong_sign_does_not(name):
    own = own_cases(ENGINE, name, OPTIONS)
    assert all(gradcheck(case, gradcheck_points(case)) for case in own)
    wrong = next(m for m in mutants(ENGINE, [name]) if m.what == "`-=` for `+=`")
    assert not any(gradcheck(case, gradcheck_points(case)) for case in cases(wrong, ENGINE, own))
