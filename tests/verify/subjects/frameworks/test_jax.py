"""JAX: its elementwise functions proved from their jaxprs, and user-defined rules checked."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.accuracy.formats import format_named
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.run.harness import verify_here
from backproof.verify.subjects.frameworks import case_of, framework_of, functions
from backproof.verify.subjects.frameworks.catalogue import JAX
from backproof.verify.subjects.subject import Cases
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.term import symbol

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'backproof[jax]'")
jnp = pytest.importorskip("jax.numpy")

pytestmark = pytest.mark.optional

UNPROVED = {
    "jax.numpy:floor": "no normal form for floor",
    "jax.numpy:fmod/2": "no normal form for",
    "jax.numpy:remainder/2": "no normal form for",
    "jax.numpy:rint": "no normal form for floor",
    **dict.fromkeys(
        ("jax.lax:bessel_i1e", "jax.scipy.special:i1", "jax.scipy.special:i1e"),
        "a difference between the rule and the derivative",  # 1/2 at |x| below 2.2e-16
    ),
    "jax.scipy.special:log_ndtr": "a difference between the forward and the definition",  # a truncated series
    "jax.scipy.special:ndtri": "a constant array",  # the coefficients of polynomials
    "jax.scipy.special:erfcx": "a constant array",
    "jax.scipy.special:betaln/2": "fuel: ",  # a series above a threshold, whose zeros more fuel does not find either
    "jax.scipy.special:expi": "an array of shape",
    "jax.scipy.special:spence": "an array of shape",
}
"""Every function of the table that is not proved, and why."""


def judged(function, **given):
    case = case_of(function, "jax", **given)
    return verify_here(Cases("jax", (case,)), options=Options(points=200))[case[0].name]


def verdict(report, question):
    return report.answers[question].verdict


def test_at_least_seventy_are_proved():
    assert len(JAX) - len(UNPROVED) >= 70
    assert set(UNPROVED) <= {entry.target for entry in JAX}


@pytest.mark.parametrize("entry", JAX, ids=lambda entry: entry.target)
def test_each_rule_is_proved_or_it_is_known_why_not(entry):
    ((operation, spec),) = functions("jax", [entry.target]).operations()
    case = Case(operation, spec, Options())
    if entry.target not in UNPROVED:
        assert not operation.problem
        assert case.rule_proof.status is Status.PROVED, case.rule_proof.reasons
        return
    proof = case.rule_proof
    reasons = operation.problem or (str(case.trace) if proof is None else "; ".join(proof.reasons))
    assert UNPROVED[entry.target] in reasons


def test_a_wrong_custom_vjp_is_refuted_with_a_point():
    @jax.custom_vjp
    def softsign(x):
        return x / (1 + jnp.abs(x))

    softsign.defvjp(lambda x: (softsign(x), x), lambda x, g: (g / (1 + jnp.abs(x)),))
    report = judged(softsign)
    assert framework_of(softsign) == "jax"
    assert verdict(report, Question.RIGHT) is Verdict.REFUTED
    assert any(f.point for f in report.answers[Question.RIGHT].findings if f.verdict is Verdict.REFUTED)


def test_a_right_custom_jvp_is_proved():
    @jax.custom_jvp
    def softplus(x):
        return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))

    softplus.defjvps(lambda t, out, x: t * jnp.exp(x - out))
    assert verdict(judged(softplus), Question.RIGHT) is Verdict.PROVED


def test_a_rule_that_forgets_the_upstream_gradient_is_miswired():
    @jax.custom_vjp
    def double(x):
        return 2 * x

    double.defvjp(lambda x: (double(x), None), lambda _, g: (2 + 0 * g,))
    assert verdict(judged(double), Question.WIRED) is Verdict.MISWIRED


def test_an_invalid_subgradient_at_the_kink_is_reported():
    """The old softplus of JAX (issue #2107): its derivative at 0 was 0 instead of 1/2."""

    @jax.custom_vjp
    def old(x):
        return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))

    def back(x, g):
        return (g * jnp.where(x == 0, 0.0, 1 / (1 + jnp.exp(-x))),)

    old.defvjp(lambda x: (old(x), x), back)
    report = judged(old)
    assert verdict(report, Question.RIGHT) is Verdict.REFUTED or verdict(report, Question.SAFE) is Verdict.UNSAFE


def test_a_branch_on_the_operand_is_traced():
    def bent(x):
        return jax.lax.cond(x > 1, lambda v: v * v, lambda v: 2 * v - 1, x)

    assert verdict(judged(bent), Question.RIGHT) is Verdict.PROVED


def test_what_cannot_be_traced_is_inconclusive_with_the_reason():
    def looped(x):
        return jax.lax.while_loop(lambda v: v < 1, lambda v: v + 1, x)

    report = judged(looped)
    assert verdict(report, Question.RIGHT) is Verdict.INCONCLUSIVE
    assert "while" in report.answers[Question.RIGHT].findings[0].message


def test_the_kernel_is_the_compiled_function_in_64_bits_and_the_process_is_not_changed():
    before = jax.config.jax_enable_x64
    operation, _ = case_of(jnp.tanh, "jax", name="tanh")
    run = operation.run([0.7], upstream=2.0, before=[5.0])
    assert math.isclose(run.out, math.tanh(0.7), rel_tol=1e-15)
    assert math.isclose(run.gradients[0], 5 + 2 / math.cosh(0.7) ** 2, rel_tol=1e-14)
    assert jax.config.jax_enable_x64 == before


def test_the_trace_is_jaxs_own_formula():
    operation, _ = case_of(jnp.tanh, "jax", name="tanh")
    (rule,) = operation.traced_rule(symbol("g"), symbol("x"))
    assert "tanh(x)" in repr(rule)


def test_an_unknown_name_is_a_usage_error():
    with pytest.raises(UsageError, match="has no 'sofplus'"):
        list(functions("jax", ["jax.nn:sofplus"]).operations())


@pytest.mark.parametrize(("dtype", "ulps"), [("float64", 2.0), ("float32", 2.0), ("bfloat16", 2.0)])
def test_a_kernel_of_each_format_is_measured_in_its_own_ulps(dtype, ulps):
    ((operation, spec),) = functions("jax", ["jax.numpy:sqrt"]).operations()
    meter = ErrorMeter(Case(operation, spec, Options()), format_named(dtype))
    (errors,) = meter.errors([np.array([0.25, 1.0, 3.0, 100.0])])
    assert max(errors) <= ulps
