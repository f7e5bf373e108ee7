"""HIPS autograd: the rules of its primitives, run on terms as they are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from verify.case import Case
from verify.errors import UsageError
from verify.findings import Question, Verdict
from verify.harness import Options, verify_here
from verify.proof.result import Status
from verify.subjects.frameworks import case_of, framework_of, functions
from verify.subjects.frameworks.catalogue import AUTOGRAD
from verify.subjects.pairs import Cases

autograd = pytest.importorskip("autograd", reason="autograd is not installed: pip install 'backproof[autograd]'")
pytest.importorskip("scipy", reason="autograd.scipy needs SciPy: pip install scipy")

from autograd import numpy as anp  # noqa: E402
from autograd.extend import defvjp, primitive  # noqa: E402

UNPROVED = {
    "autograd.numpy:hypot": "no value here",  # NaN at the origin
    "autograd.numpy:mod": "no normal form for floor",
    "autograd.numpy:remainder": "no normal form for floor",
    "autograd.scipy.special:erfinv": "no normal form for erfinv",
    "autograd.scipy.special:erfcinv": "no normal form for erfinv",
    "autograd.scipy.special:gammaln": "no normal form for",
    "autograd.scipy.special:digamma": "_zeta",
    "autograd.scipy.special:psi": "_zeta",
    "autograd.scipy.special:gamma": "gamma",
    "autograd.scipy.special:rgamma": "gamma",
    "autograd.scipy.special:beta": "beta",
    "autograd.scipy.special:betaln": "no normal form for",
    **{f"autograd.scipy.special:{name}": f"'{name}'" for name in ("j0", "y0", "j1", "y1", "i0", "i1")},
}
"""Every primitive of the table that is not proved, and the function that stands in the way."""


@pytest.mark.parametrize("entry", AUTOGRAD, ids=lambda entry: entry.spec)
def test_each_rule_is_proved_or_it_is_known_why_not(entry):
    ((operation, row),) = functions("autograd", [entry.spec]).operations()
    case = Case(operation, row, Options())
    if entry.spec not in UNPROVED:
        assert not operation.problem
        assert case.rule_proof is not None, case.trace
        assert case.rule_proof.status is Status.PROVED, case.rule_proof.reasons
        return
    proof = case.rule_proof
    reasons = operation.problem or (str(case.trace) if proof is None else "; ".join(proof.reasons))
    assert UNPROVED[entry.spec] in reasons


def test_at_least_forty_are_proved():
    assert len(AUTOGRAD) - len(UNPROVED) >= 40
    assert set(UNPROVED) <= {entry.spec for entry in AUTOGRAD}


def a_primitive(rule):
    @primitive
    def softsign(x):
        return x / (1 + abs(x))

    defvjp(softsign, rule)
    return softsign


@pytest.mark.parametrize(
    ("rule", "question", "expected"),
    [
        (lambda ans, x: lambda g: g / (1 + anp.abs(x)) ** 2, Question.RIGHT, Verdict.PROVED),
        (lambda ans, x: lambda g: g / (1 + anp.fabs(x)), Question.RIGHT, Verdict.REFUTED),
        (lambda ans, x: lambda g: 1 / (1 + anp.fabs(x)) ** 2, Question.WIRED, Verdict.MISWIRED),
    ],
)
def test_rules_that_a_user_writes(rule, question, expected):
    function = a_primitive(rule)
    assert framework_of(function) == "autograd"
    case = case_of(function, "autograd")
    report = verify_here(Cases("autograd", (case,)), options=Options(points=200))
    assert report["softsign"].answers[question].verdict is expected


def test_the_rule_runs_on_floats_as_autograd_runs_it():
    ((operation, _),) = functions("autograd", ["autograd.numpy:tanh"]).operations()
    run = operation.run([0.7], upstream=2.0, before=[5.0])
    assert run.out == float(anp.tanh(0.7))
    assert math.isclose(run.gradients[0], 5 + 2 / math.cosh(0.7) ** 2, rel_tol=1e-14)


def test_a_function_without_a_rule_is_a_usage_error():
    with pytest.raises(UsageError, match="no primitive of autograd with a rule"):
        list(functions("autograd", ["math:sin"]).operations())


def test_numpy_has_no_kernel_for_bfloat16():
    ((operation, _),) = functions("autograd", ["autograd.numpy:tanh"]).operations()
    column = np.array([0.5, 2.0])
    _, (slopes,) = operation.batch([column], "float32")
    assert slopes == pytest.approx(1 / np.cosh(column) ** 2, rel=1e-6)
    with pytest.raises(UsageError, match="bfloat16"):
        operation.batch([column], "bfloat16")
