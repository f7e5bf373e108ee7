"""Diagnoses: a mistake is named only where mending it is proved; rejected corners have their point."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from verify.mirror import MIRROR
from verify.proof.diagnose import Diagnosis, diagnose
from verify.proof.obligation import UPSTREAM, Obligation, accumulated
from verify.proof.places import place
from verify.proof.prove import prove
from verify.proof.refute import refute
from verify.proof.result import Bend, Status
from verify.trace.from_sympy import condition_from_sympy, from_sympy
from verify.trace.term import TERMS as M
from verify.trace.term import Term, compare, constant, symbol, symbols_of, where

X, Y, G = symbol("x"), symbol("y"), symbol(UPSTREAM)
T = M.tanh(X)
NORM = M.hypot(X, Y)


def _obligation(op: str, *slopes: Term) -> Obligation:
    row = MIRROR[op][0]
    definition = from_sympy(row.definition)
    gradients = tuple(
        s if UPSTREAM in symbols_of(s) else symbol(accumulated(n)) + s * G
        for n, s in zip(row.inputs, slopes, strict=True)
    )
    return Obligation(op, row.inputs, definition, condition_from_sympy(row.domain), definition, gradients)


def _diagnosed(subject: Obligation, operand: int = 0) -> Diagnosis | None:
    proof = prove(subject)
    witness = refute(proof, operand)
    assert witness is not None
    return diagnose(proof, witness)


MISTAKES: dict[str, tuple[str, tuple[Term, ...]]] = {
    "1 - tanh(x)**2 is proved in place of 1 + tanh(x)**2": ("tanh", (1 + T**2,)),
    "tanh(x) is not squared": ("tanh", (1 - T,)),
    "the input x stands where the output belongs": ("tanh", (1 - X**2,)),
    "the sign is reversed": ("cos", (M.sin(X),)),
    "the rule is 3 times the derivative": ("exp", (3 * M.exp(X),)),
    "the rule is 2 times the derivative": ("sqrt", (1 / M.sqrt(X),)),
    "1000000001/1000000000 times": ("tanh", ((1 - T**2) * Fraction(10**9 + 1, 10**9),)),
    "the upstream gradient is forgotten": ("tanh", (1 - T**2,)),
    "the gradient is overwritten": ("tanh", ((1 - T**2) * G,)),
    "the upstream gradient is one too many": ("tanh", (symbol("acc_x") + (1 - T**2) * G * G,)),
    "cos(x) is proved in place of sin(x)": ("sin", (M.sin(X),)),
    "-x*x is proved in place of x*x": ("erf", (2 / M.sqrt(M.pi) * M.exp(X * X),)),
    "x > 0 is proved in place of x < 0": ("relu", (where(compare("lt", X, 0), 1, 0),)),
    "the slopes are swapped": ("div", (-X / Y / Y, 1 / Y)),
    "the input y stands where the input x belongs": ("hypot", (Y / NORM, Y / NORM)),
    "the factor x is missing": ("silu", (M.sigmoid(X) + M.sigmoid(X) * (1 - M.sigmoid(X)),)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_mistake_is_named_and_mended(mistake: str) -> None:
    op, slopes = MISTAKES[mistake]
    subject = _obligation(op, *slopes)
    if mistake == "the upstream gradient is forgotten":
        subject = replace(subject, gradients=(symbol("acc_x") + slopes[0],))
    found = _diagnosed(subject)
    assert found is not None
    assert mistake in found.mistake
    mended = replace(subject, gradients=(found.repaired, *subject.gradients[1:]))
    assert all(c.gradients[0].status is Status.PROVED for c in prove(mended).cells if not c.outside)


def test_a_large_mistake_is_not_given_a_small_name() -> None:
    assert _diagnosed(_obligation("tanh", M.exp(X) + X**3 - M.sin(X))) is None


def test_a_term_too_many_is_named() -> None:
    found = _diagnosed(_obligation("exp", M.exp(X) + constant(Fraction(1, 7))))
    assert found is not None
    assert "1/7 is one too many" in found.mistake


def _rejected(subject: Obligation) -> Any:
    (boundary,) = [b for b in prove(subject).boundaries if b.bend is Bend.REJECTED]
    return place(subject, boundary)


def test_a_rejected_corner_has_its_point() -> None:
    corner = _rejected(_obligation("relu", where(compare("ge", X, 0), where(compare("gt", X, 0), 1, 2), 0)))
    assert corner.point == (0,)
    assert [float(v) for v in corner.rule] == [2]
    assert sorted(float(side[0]) for side in corner.limits) == [0, 1]


def test_a_rejected_tie_has_the_simplest_point() -> None:
    ge = lambda a, b: where(compare("ge", a, b), 1, 0)  # noqa: E731
    tie = _rejected(_obligation("max", ge(X, Y), ge(Y, X)))
    assert tie.point == (0, 0)
    assert [float(v) for v in tie.rule] == [1, 1]


def test_a_wrong_point_is_shown_exactly() -> None:
    third = Fraction(1, 3)
    found = _rejected(_obligation("tanh", where(compare("eq", X, third), 5, 1 - T**2)))
    assert found.point == (third,)
    assert float(found.rule[0]) == 5


def test_a_rule_without_a_value_has_no_answer() -> None:
    found = _rejected(_obligation("tanh", (1 - T**2) * (X - 2) / (X - 2)))
    assert found.point == (2,)
    assert found.rule is None


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (compare("lt", M.abs(X - Fraction(1, 10)), Fraction(1, 10**9)), "where abs(x - 1/10) < 1e-9 it says 7"),
        (compare("gt", X, 1000), "where x > 1000 it says 7"),
        (compare("lt", X * X, Fraction(1, 10**6)), "where x*x < 1e-6 it says 7"),
    ],
)
def test_a_narrow_case_that_is_wrong_is_told_as_one_too_many(condition: Any, said: str) -> None:
    """Never by a bound that keeps the case from being met: 1e-9 negated would be proved as well."""
    found = _diagnosed(_obligation("sin", where(condition, 7, M.cos(X))))
    assert found is not None
    assert found.mistake == f"{said}: cos(x) is right there too"
    other = _diagnosed(_obligation("sin", where(~condition, M.cos(X), 7)))
    assert other is not None
    assert "cos(x) is right there too" in other.mistake


def test_a_mistake_in_one_case_of_several_is_named_there() -> None:
    found = _diagnosed(_obligation("elu", where(compare("gt", X, 0), 1, -M.exp(X))))
    assert found is not None
    assert found.mistake == "exp(x) is proved in place of -exp(x)"


def test_no_cause_is_named_that_mends_half_of_it() -> None:
    halves = where(compare("gt", X, 0), 2 * M.cos(X), where(compare("gt", X, -1), 3 * M.cos(X), M.cos(X)))
    assert _diagnosed(_obligation("sin", halves)) is None


def test_no_cause_is_named_that_leaves_a_point_wrong() -> None:
    """Twice the slope, and at 1/3 another number: halved it is still wrong there."""
    third = compare("eq", X, Fraction(1, 3))
    found = _diagnosed(_obligation("sin", where(third, 5, 2 * M.cos(X))))
    assert found is None or "2 times" not in found.mistake
