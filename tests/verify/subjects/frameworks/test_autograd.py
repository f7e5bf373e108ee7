"""HIPS autograd: the rules of its primitives, run on terms unchanged."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.run.harness import verify_here
from backproof.verify.subjects.frameworks import case_of, found_function, framework_of, functions
from backproof.verify.subjects.frameworks.calls import parsed
from backproof.verify.subjects.frameworks.catalogue import AUTOGRAD, EXCLUDED
from backproof.verify.subjects.subject import Cases
from backproof.verify.support.errors import UsageError

autograd = pytest.importorskip("autograd", reason="autograd is not installed: pip install 'backproof[autograd]'")
pytest.importorskip("scipy", reason="autograd.scipy needs SciPy: pip install scipy")

from autograd import numpy as anp  # noqa: E402
from autograd.extend import defvjp, primitive  # noqa: E402

pytestmark = pytest.mark.optional

UNPROVED = {
    "autograd.numpy:hypot": "no value here",  # NaN at the origin
    "autograd.numpy:mod": "no normal form for floor",
    "autograd.numpy:remainder": "no normal form for floor",
    "autograd.scipy.special:ive(0,x)": "divides by 0",  # NaN at 0
    "autograd.scipy.special:ive(2,x)": "divides by 0",
    "autograd.scipy.stats.chi2:logpdf(x,5/2)": "no normal form for floor",  # df % 1; refuted at points: see below
    "autograd.scipy.stats.t:logcdf(x,3,loc)": "more than 64 cells",  # its domain needs betainc(...) < 1
}
"""Every primitive of the table that is not proved, and the function that prevents it."""


@pytest.mark.parametrize("entry", AUTOGRAD, ids=lambda entry: entry.target)
def test_each_rule_is_proved_or_it_is_known_why_not(entry):
    ((operation, spec),) = functions("autograd", [entry.target]).operations()
    case = Case(operation, spec, Options())
    if entry.target not in UNPROVED:
        assert not operation.problem
        assert case.rule_proof is not None, case.trace
        assert case.rule_proof.status is Status.PROVED, case.rule_proof.reasons
        return
    proof = case.rule_proof
    reasons = operation.problem or (str(case.trace) if proof is None else "; ".join(proof.reasons))
    assert UNPROVED[entry.target] in reasons


def test_at_least_a_hundred_are_proved():
    assert len(AUTOGRAD) - len(UNPROVED) >= 100
    assert set(UNPROVED) <= {entry.target for entry in AUTOGRAD}


ARRAYS = """
    _array_from_scalar_or_array _astype _original_where amax amin array_from_args array_split astype atleast_1d
    atleast_2d atleast_3d broadcast_to concatenate_args cross cumsum diag diagonal diff dot dsplit einsum expand_dims
    fliplr flipud full gradient hsplit inner kron linspace logsumexp make_diagonal matmul max mean min moveaxis outer
    pad partition permute_dims prod ravel repeat reshape roll rollaxis rot90 sort split squeeze std sum swapaxes
    tensordot tile trace transpose tril triu var vsplit
"""
NOT_ELEMENTWISE = frozenset(ARRAYS.split())
"""Functions that move, join, sum or multiply the elements of arrays, and two names for `where` and `astype`."""


def _namespaces():
    import importlib

    names = ("beta", "chi2", "gamma", "norm", "poisson", "t")
    stats = importlib.import_module("autograd.scipy.stats")
    assert set(dir(stats)) & {n for n in vars(stats) if not n.startswith("_")} == {
        *names, "dirichlet", "multivariate_normal"  # these two are on vectors
    }
    for name in ("autograd.numpy", "autograd.scipy.special", *(f"autograd.scipy.stats.{n}" for n in names)):
        yield name, importlib.import_module(name)


def test_every_elementwise_primitive_is_in_the_table_or_excluded_with_a_reason():
    from autograd.core import primitive_vjps

    verified = {id(found_function(parsed(entry.target).path)) for entry in AUTOGRAD}
    missing = []
    for place, module in _namespaces():
        for name, found in sorted(vars(module).items()):
            target = f"{place}:{name}"
            if not callable(found) or found not in primitive_vjps or name in NOT_ELEMENTWISE:
                continue
            if id(found) not in verified and target not in EXCLUDED:
                missing.append(target)
    assert not missing, "put these into the table of verify/subjects/frameworks/catalogue.py, or into EXCLUDED there"


def test_excluded_primitives_exist_and_have_a_reason():
    for target, reason in EXCLUDED.items():
        assert callable(found_function(target))
        assert reason
        assert target not in {parsed(entry.target).path for entry in AUTOGRAD}


def test_one_name_stands_for_every_way_to_call_it():
    names = [operation.name for operation, _ in functions("autograd", ["autograd.scipy.special:ive"]).operations()]
    assert names == [f"autograd.scipy.special:ive({n}, x)" for n in ("0", "2", "5/2")]


def test_a_derivative_that_is_0_for_fractional_degrees_of_freedom_is_refuted():
    cases = Cases("autograd", tuple(functions("autograd", ["autograd.scipy.stats.chi2:logpdf(x,5/2)"]).operations()))
    (report,) = verify_here(cases, options=Options(points=100)).operations
    assert report.right.verdict is Verdict.REFUTED
    assert any(f.point == {"x": "0x1p+0"} for f in report.right.findings)


def test_fixed_arguments_keep_their_type_in_the_kernel():
    ((operation, _),) = functions("autograd", ["autograd.scipy.special:gammainc(1/2,x)"]).operations()
    run = operation.run([0.7])
    assert math.isclose(run.out, math.erf(math.sqrt(0.7)), rel_tol=1e-14)
    assert math.isclose(run.gradients[0], math.exp(-0.7) / math.sqrt(math.pi * 0.7), rel_tol=1e-14)
    (partials,) = operation.batch([np.array([0.7])], "float32")[1]
    assert partials == pytest.approx(run.gradients[0], rel=1e-6)


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
    with pytest.raises(UsageError, match="not an autograd primitive with a rule"):
        list(functions("autograd", ["math:sin"]).operations())


def test_numpy_has_no_kernel_for_bfloat16():
    ((operation, _),) = functions("autograd", ["autograd.numpy:tanh"]).operations()
    column = np.array([0.5, 2.0])
    _, (partials,) = operation.batch([column], "float32")
    assert partials == pytest.approx(1 / np.cosh(column) ** 2, rel=1e-6)
    with pytest.raises(UsageError, match="bfloat16"):
        operation.batch([column], "bfloat16")
