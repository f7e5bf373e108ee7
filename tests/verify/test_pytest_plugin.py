"""The pytest plugin, in sessions of its own."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from verify import check  # noqa: F401  # with NumPy, which loads once: each session here forgets what it loads itself

pytest_plugins = ["pytester"]

INSTALLED = bool(entry_points(group="pytest11", name="backproof"))
PLUGIN = () if INSTALLED else ("-p", "backproof.verify.pytest_plugin")

PAIRS = """
import math
import pytest
from backproof import verify

def right(out, g):
    return g * (1 - out**2)

def wrong(out, g):
    return g * (1 + out**2)

PAIRS = {
    "tanh": (math.tanh, right, "tanh(x)"),
    "exp": (math.exp, lambda out, g: g * out, "exp(x)"),
}
WRONG = {"tanh": (math.tanh, wrong, "tanh(x)")}
"""


@pytest.fixture
def run(pytester: pytest.Pytester):
    """A session on one test module, with strict markers and warnings as errors."""

    def session(test: str, *arguments: str, ini: str = "", subprocess: bool = False) -> pytest.RunResult:
        pytester.makepyfile(PAIRS + test)
        pytester.makepyprojecttoml(f'[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n{ini}')
        start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return start(*PLUGIN, "--strict-markers", "--strict-config", *arguments)

    return session


PARAMETRIZED = """
@pytest.mark.parametrize("case", verify.cases(PAIRS), ids=str)
def test_local_derivative(case):
    case.check()
"""
FAILING = PARAMETRIZED.replace("PAIRS", "WRONG")


def test_cases_parametrise_a_test(run) -> None:
    result = run(PARAMETRIZED, "-v")
    result.assert_outcomes(passed=2)
    passed = [f"*test_local_derivative?{name}? PASSED*" for name in ("tanh", "exp")]
    result.stdout.fnmatch_lines(["verify: seed 0, 1000 points", *passed])


def test_a_failure_is_the_finding_and_no_traceback(run) -> None:
    result = run(FAILING)
    result.assert_outcomes(failed=1)
    out = result.stdout.str()
    assert "REFUTED  tanh: the rule is not the derivative of tanh(x)" in out
    assert "likely      1 - tanh(x)**2 is proved" in out
    assert "api.py" not in out
    assert "case.check()" not in out
    assert "Traceback" not in out
    result.stdout.fnmatch_lines(["FAILED *test_local_derivative?tanh?*"])


@pytest.mark.parametrize("style", ["long", "short", "native"])
def test_a_traceback_that_is_asked_for_is_the_users(run, style: str) -> None:
    out = run(FAILING, f"--tb={style}").stdout.str()
    assert "case.check()" in out
    assert style == "native" or "api.py" not in out


def test_options_reach_the_checks(run) -> None:
    test = PARAMETRIZED.replace("case.check()", "report = case.check(); assert (report.seed, report.points) == (9, 55)")
    result = run(test, "--verify-seed=9", "--verify-points=55")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["verify: seed 9, 55 points"])


def test_strict_fails_on_warnings(run) -> None:
    result = run(PARAMETRIZED, "--verify-strict")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["verify: seed 0, 1000 points, strict", "INACCURATE  tanh: worst error*"])


@pytest.mark.parametrize("option", ["--verify-seed=-1", "--verify-points=0", "--verify-points=many"])
def test_options_are_checked(run, option: str) -> None:
    assert run(PARAMETRIZED, option).ret == pytest.ExitCode.USAGE_ERROR


def test_the_fixture_runs_over_the_modules_subjects(run) -> None:
    test = "verify_subjects = [PAIRS]\ndef test_all(derivative_case):\n    derivative_case.check(points=50)\n"
    run(test).assert_outcomes(passed=2)


def test_the_fixture_runs_over_the_projects_subjects(run, pytester: pytest.Pytester) -> None:
    rules = '[[rule]]\nname = "{}"\ndefinition = "exp(x)"\nbackward = "{}"\n'
    (pytester.path / "rules.toml").write_text(rules.format("good", "g*out") + rules.format("bad", "g*x"))
    ini = '[tool.verify]\nsubjects = ["rules.toml"]\npoints = 60\nseed = 4\n'
    test = "def test_all(derivative_case):\n    derivative_case.check()\n"
    result = run(test, ini=ini)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["verify: seed 4, 60 points", "REFUTED  bad*"])
    waiver = '[[tool.verify.waivers]]\noperation = "bad"\nreason = "teaching"\n'
    run(test, ini=ini + waiver).assert_outcomes(passed=2)


def test_without_subjects_the_fixture_says_what_to_do(run) -> None:
    result = run("def test_all(derivative_case):\n    derivative_case.check()\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*derivative_case: it has no subjects: set verify_subjects*"])


@pytest.mark.parametrize("given", ["3", "'rules.toml'"])
def test_subjects_that_are_not_a_list_are_reported(run, given: str) -> None:
    result = run(f"verify_subjects = {given}\ndef test_all(derivative_case):\n    derivative_case.check()\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*verify_subjects = {given}: it must be a list*"])


def test_a_mistake_in_the_configuration_is_a_usage_error(run) -> None:
    result = run(PARAMETRIZED, ini="[tool.verify]\npoint = 3\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*unknown key 'point': did you mean 'points'*"])


def test_other_failures_are_as_they_were(run) -> None:
    out = run("def test_other():\n    assert 1 + 1 == 3\n").stdout.str()
    assert "assert 1 + 1 == 3" in out
    assert ">       assert" in out


def test_under_xdist(run) -> None:
    result = run(PARAMETRIZED + FAILING.replace("test_local", "test_wrong"), "-n2", subprocess=True)
    result.assert_outcomes(passed=2, failed=1)
    out = result.stdout.str()
    assert "REFUTED  tanh: the rule is not the derivative of tanh(x)" in out
    assert "api.py" not in out


def test_a_session_without_derivatives_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy():
            assert "backproof.verify.pytest_plugin" in sys.modules
            ours = {"backproof.verify.api", "backproof.verify.run.harness"}
            assert not {"sympy", "numpy", "flint", "rich", *ours} & set(sys.modules)
        """
    )
    pytester.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=1)


def test_help_has_a_group_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess(*PLUGIN, "--help").stdout.fnmatch_lines(["verified derivatives:", "*--verify-seed=S*"])
