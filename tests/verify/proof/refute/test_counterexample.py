"""Refutations: the simplest point, certified without a table of derivatives; never of a right rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, ctx

from backproof.verify.mirror.table import MIRROR, SPECS, Spec
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.prove import prove
from backproof.verify.proof.refute.counterexample import Counterexample, refutations, refute
from backproof.verify.proof.result import Proof, Status
from backproof.verify.proof.simple_rationals import height, points_by_height
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.term import TERMS as M
from backproof.verify.terms.term import TRUE, Term, compare, constant, symbol, symbols_of, where

X, Y, G = symbol("x"), symbol("y"), symbol(UPSTREAM)
ACC = symbol(accumulated("x"))

Rule = Callable[[], Term]


def obligation(op: str, *rules: Term, forward: Term | None = None) -> Obligation:
    """The spec's operation with these local derivatives for a rule (whole gradients where they mention g)."""
    spec: Spec = MIRROR[op][0]
    definition = from_sympy(spec.definition)
    partials = rules or tuple(map(from_sympy, spec.partials))
    gradients = tuple(
        partial if UPSTREAM in symbols_of(partial) else symbol(accumulated(name)) + partial * G
        for name, partial in zip(spec.inputs, partials, strict=True)
    )
    return Obligation(
        op,
        spec.inputs,
        definition,
        condition_from_sympy(spec.domain),
        definition if forward is None else forward,
        gradients,
    )


def counterexample_of(subject: Obligation, operand: int | None = 0) -> Counterexample:
    proof = prove(subject)
    found = refute(proof, operand)
    assert found is not None, proof.reasons
    return found


T = M.tanh(X)
WRONG: dict[str, tuple[str, Term, Fraction | str]] = {
    "a sign": ("tanh", 1 + T**2, "1"),
    "out for out²": ("tanh", 1 - T, "1"),
    "input for output": ("tanh", 1 - X * X, "1"),
    "sigmoid with +": ("sigmoid", M.sigmoid(X) * (1 + M.sigmoid(X)), "1"),
    "a dropped term": ("gelu", M.normal_cdf(X), "1"),
    "another constant": ("gelu_tanh", (1 + M.tanh(X * constant(0.8))) / 2, "1"),
    "a factor 1 + 1e-9": ("exp", M.exp(X) * (1 + Fraction(1, 10**9)), "0"),
    "1e-30 too much": ("tanh", 1 - T**2 + Fraction(1, 10**30), "0"),
    "nearly the same curve": ("tanh", (1 - T**2) * (1 + Fraction(1, 10**40) * X), "1"),
    "wrong beyond 30": ("tanh", where(compare("gt", abs(X), 30), 0, 1 - T**2), "31"),
    "wrong in a needle": (
        "tanh",
        where(compare("gt", X, Fraction(1, 10**9)) & compare("lt", X, Fraction(2, 10**9)), 0, 1 - T**2),
        "1/500000001",
    ),
    "wrong below a million": (
        "relu",
        where(compare("gt", X, 0) | compare("lt", X, -(10**6)), 1, 0),
        "-1000001",
    ),
    "a threshold off": ("hardtanh", where(compare("lt", abs(X), Fraction(1001, 1000)), 1, 0), "1002/1001"),
    "a half forgotten": ("sqrt", 1 / M.sqrt(X), "1"),
    "upstream gradient missing": ("tanh", ACC + (1 - T**2) + 0 * G, "0"),
    "upstream gradient squared": ("tanh", ACC + (1 - T**2) * G * G, "0"),
    "overwritten": ("tanh", (1 - T**2) * G, "0"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_the_simplest_counterexample_is_found_and_certified(name: str) -> None:
    op, rule, point = WRONG[name]
    found = counterexample_of(obligation(op, rule))
    if "/" in str(point):
        assert height(found.point[0]) == height(Fraction(point))
    assert abs(found.point[0]) == abs(Fraction(point))
    assert found.certified
    assert not found.undefined
    assert not found.ours.overlaps(found.expected)
    assert found.certificate is not None
    assert not found.certificate.rule.overlaps(found.certificate.expected)


def test_seeds_show_what_is_done_with_the_gradient() -> None:
    forgotten = counterexample_of(obligation("tanh", ACC + (1 - T**2) + 0 * G))
    assert (forgotten.upstream, forgotten.before) == (2, 0)
    overwritten = counterexample_of(obligation("tanh", (1 - T**2) * G))
    assert (overwritten.upstream, overwritten.before) == (1, 1)


@pytest.mark.parametrize(
    ("op", "rules", "operand", "point"),
    [
        ("hypot", (Y / M.hypot(X, Y), X / M.hypot(X, Y)), 0, (0, 1)),
        ("atan2", (-Y / (X * X + Y * Y), X / (X * X + Y * Y)), 1, (1, 0)),
        ("div", (1 / Y, X / Y / Y), 1, (1, 1)),
        ("mul", (X, Y), 0, (0, 1)),
        ("logaddexp", (M.sigmoid(Y - X), M.sigmoid(X - Y)), 0, (0, 1)),
    ],
)
def test_two_operands(op: str, rules: tuple[Term, ...], operand: int, point: tuple[int, ...]) -> None:
    found = counterexample_of(obligation(op, *rules), operand)
    assert sorted(map(abs, found.point)) == sorted(point)
    assert found.certified


def test_a_wrong_forward_is_shown() -> None:
    found = counterexample_of(obligation("tanh", forward=M.tanh(X) + Fraction(1, 10**20)), None)
    assert found.operand is None
    assert found.point == (0,)
    assert found.certified


def test_a_rule_without_a_value_is_shown() -> None:
    found = counterexample_of(obligation("tanh", (1 - T**2) * M.sqrt(X) / M.sqrt(X)))
    assert found.undefined
    assert found.point == (-1,)
    assert not found.certified


@pytest.mark.parametrize("spec", SPECS, ids=lambda r: f"{r.op} {r.case}".strip())
def test_a_right_rule_is_never_refuted(spec: Spec) -> None:
    """Also where a broken proof claims a residual on every cell."""
    definition = from_sympy(spec.definition)
    gradients = tuple(
        symbol(accumulated(n)) + from_sympy(s) * G for n, s in zip(spec.inputs, spec.stable_derivatives, strict=True)
    )
    right = Obligation(
        spec.op, spec.inputs, definition, condition_from_sympy(spec.domain), definition, gradients
    )
    proof = prove(right)
    suspicious = replace(proof, cells=tuple(_suspected(c) for c in proof.cells if not c.outside))
    assert list(refutations(suspicious)) == []


def _suspected(cell: Any) -> Any:
    return replace(cell, gradients=tuple(replace(v, status=Status.RESIDUAL) for v in cell.gradients))


def test_a_wrong_derivative_table_refutes_nothing() -> None:
    """The certificate evaluates the operation itself: a prover with tanh' = 1 in its table is not trusted."""
    proof = prove(obligation("tanh", 1 - T**2))
    (cell,) = proof.cells
    mistaken = replace(_suspected(cell), derivatives=(constant(1),))
    assert refute(replace(proof, cells=(mistaken,)), 0) is None


def test_an_infeasible_cell_refutes_nothing() -> None:
    proof = prove(obligation("tanh", 1 - T**2))
    (cell,) = proof.cells
    nowhere = cell.cell.given(X * X + 1, -1)
    impossible = replace(_suspected(cell), cell=nowhere, derivatives=(constant(5),))
    assert refute(replace(proof, cells=(impossible,)), 0) is None


def test_the_mean_value_theorem_holds_for_the_certificate() -> None:
    """Checked by hand: the secant lies between the derivatives at the ends of the step."""
    found = counterexample_of(obligation("exp", 2 * M.exp(X)))
    assert found.certificate is not None
    with ctx.workprec(300):
        low, high = arb(0).exp(), (arb(1) / found.certificate.h.denominator).exp()
        assert low < found.certificate.expected < high
        assert found.certificate.rule.contains(2)


def test_minimal_means_that_simpler_points_show_nothing() -> None:
    subject = obligation("tanh", 1 - X * X)
    found = counterexample_of(subject)
    assert found.minimal
    for (x,) in points_by_height([(None, None)]):
        if x == found.point[0]:
            break
        assert 1 - x * x == 1 - math.tanh(x) ** 2  # equal at 0, the only simpler point


def test_what_is_proved_has_no_counterexample() -> None:
    proof = prove(obligation("tanh", 1 - T**2))
    assert proof.status is Status.PROVED
    assert list(refutations(proof)) == []
    assert isinstance(proof, Proof)


def test_a_point_outside_the_domain_refutes_nothing() -> None:
    """The rule is right where x > y, which the prover does not know, and has no value at x = y."""
    gradients = (ACC + (M.atan(X) + M.atan(1 / X)) * (X - Y) / (X - Y) * G, symbol(accumulated("y")))
    domain = compare("gt", X, 0) & compare("gt", X, Y)
    proof = prove(Obligation("half turns", ("x", "y"), X * M.pi / 2, domain, X * M.pi / 2, gradients))
    assert proof.status is Status.RESIDUAL
    assert refute(proof, 0) is None


def test_a_thin_cell_has_a_counterexample() -> None:
    """No simple point lies in 0 < x - y < 1/100, where the rule is wrong."""
    x, y, g = symbol("x"), symbol("y"), symbol("g")
    band = (compare("gt", x - y, 0)) & (compare("lt", x - y, Fraction(1, 100)))
    gradients = (symbol("acc_x") + where(band, 2, 1) * g, symbol("acc_y") + g)
    proof = prove(Obligation("add", ("x", "y"), x + y, TRUE, x + y, gradients))
    (found,) = refutations(proof)
    a, b = found.point
    assert 0 < a - b < Fraction(1, 100)
