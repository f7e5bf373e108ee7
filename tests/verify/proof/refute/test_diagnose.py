"""Diagnoses: an error is named only where its fix is proved; rejected kinks have their point."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from backproof.verify.mirror.table import MIRROR
from backproof.verify.proof.cell import everywhere
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.prove import prove
from backproof.verify.proof.refute.boundary_point import place
from backproof.verify.proof.refute.counterexample import refute
from backproof.verify.proof.refute.diagnose import Diagnosis, diagnose
from backproof.verify.proof.result import BoundaryKind, BoundaryResult, Status
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.term import TERMS as M
from backproof.verify.terms.term import Term, compare, constant, symbol, symbols_of, where

X, Y, G = symbol("x"), symbol("y"), symbol(UPSTREAM)
T = M.tanh(X)
NORM = M.hypot(X, Y)


def _obligation(op: str, *partials: Term) -> Obligation:
    spec = MIRROR[op][0]
    definition = from_sympy(spec.definition)
    gradients = tuple(
        s if UPSTREAM in symbols_of(s) else symbol(accumulated(n)) + s * G
        for n, s in zip(spec.inputs, partials, strict=True)
    )
    return Obligation(op, spec.inputs, definition, condition_from_sympy(spec.domain), definition, gradients)


def _diagnosed(subject: Obligation, operand: int = 0) -> Diagnosis | None:
    proof = prove(subject)
    counterexample = refute(proof, operand)
    assert counterexample is not None
    return diagnose(proof, counterexample)


MISTAKES: dict[str, tuple[str, tuple[Term, ...]]] = {
    "1 - tanh(x)**2 is proved in place of 1 + tanh(x)**2": ("tanh", (1 + T**2,)),
    "tanh(x) is not squared": ("tanh", (1 - T,)),
    "the input x is used in place of the output": ("tanh", (1 - X**2,)),
    "the sign is reversed": ("cos", (M.sin(X),)),
    "the rule is 3 times the derivative": ("exp", (3 * M.exp(X),)),
    "the rule is 2 times the derivative": ("sqrt", (1 / M.sqrt(X),)),
    "1000000001/1000000000 times": ("tanh", ((1 - T**2) * Fraction(10**9 + 1, 10**9),)),
    "the upstream gradient is missing": ("tanh", (1 - T**2,)),
    "the gradient is overwritten": ("tanh", ((1 - T**2) * G,)),
    "the upstream gradient is superfluous": ("tanh", (symbol("acc_x") + (1 - T**2) * G * G,)),
    "cos(x) is proved in place of sin(x)": ("sin", (M.sin(X),)),
    "-(x*x) is proved in place of x*x": ("erf", (2 / M.sqrt(M.pi) * M.exp(X * X),)),
    "x > 0 is proved in place of x < 0": ("relu", (where(compare("lt", X, 0), 1, 0),)),
    "the partial derivatives are swapped": ("div", (-X / Y / Y, 1 / Y)),
    "the input y is used in place of the input x": ("hypot", (Y / NORM, Y / NORM)),
    "the factor x is missing": ("silu", (M.sigmoid(X) + M.sigmoid(X) * (1 - M.sigmoid(X)),)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_mistake_is_named_and_fixed(mistake: str) -> None:
    op, partials = MISTAKES[mistake]
    subject = _obligation(op, *partials)
    if mistake == "the upstream gradient is missing":
        subject = replace(subject, gradients=(symbol("acc_x") + partials[0],))
    found = _diagnosed(subject)
    assert found is not None
    assert mistake in found.mistake
    mended = replace(subject, gradients=(found.repaired, *subject.gradients[1:]))
    assert all(c.gradients[0].status is Status.PROVED for c in prove(mended).cells if not c.outside)


def test_a_large_mistake_is_not_given_a_small_name() -> None:
    assert _diagnosed(_obligation("tanh", M.exp(X) + X**3 - M.sin(X))) is None


def test_a_superfluous_term_is_named() -> None:
    found = _diagnosed(_obligation("exp", M.exp(X) + constant(Fraction(1, 7))))
    assert found is not None
    assert "1/7 is superfluous" in found.mistake


def _rejected(subject: Obligation) -> Any:
    (boundary,) = [b for b in prove(subject).boundaries if b.kind is BoundaryKind.REJECTED]
    return place(subject, boundary)


def test_a_rejected_kink_has_its_point() -> None:
    kink = _rejected(_obligation("relu", where(compare("ge", X, 0), where(compare("gt", X, 0), 1, 2), 0)))
    assert kink.point == (0,)
    assert [float(v) for v in kink.rule] == [2]
    assert sorted(float(side[0]) for side in kink.limits) == [0, 1]


def test_a_rejected_tie_has_the_simplest_point() -> None:
    ge = lambda a, b: where(compare("ge", a, b), 1, 0)  # noqa: E731
    tie = _rejected(_obligation("max", ge(X, Y), ge(Y, X)))
    assert tie.point == (0, 0)
    assert [float(v) for v in tie.rule] == [1, 1]


def test_a_boundary_that_is_not_solved_for_has_no_point() -> None:
    subject = _obligation("tanh", 1 - T**2)
    assert place(subject, BoundaryResult((), everywhere(("x",)), BoundaryKind.UNKNOWN)) is None


def test_the_point_is_where_the_signs_of_the_boundary_hold() -> None:
    """On x = y, where y is above 0: not at 0."""
    ahead = everywhere(("y",)).given(Y, 1)
    found = place(_obligation("max", X, Y), BoundaryResult((("x", Y),), ahead, BoundaryKind.REJECTED))
    assert found is not None
    assert found.point == (1, 1)


def test_the_mistake_is_named_where_a_tie_is_wrong_in_any_case() -> None:
    """A repair is compared with the derivative beside the tie, not at it, where it is 1/2."""
    half = where(compare("eq", X, Y), Fraction(1, 2), 0)
    above, below = (where(compare(op, X, Y), 1, half) for op in ("gt", "lt"))
    found = _diagnosed(_obligation("max", 2 * above, below))
    assert found is not None
    assert "2 times" in found.mistake


def test_a_wrong_point_is_shown_exactly() -> None:
    third = Fraction(1, 3)
    found = _rejected(_obligation("tanh", where(compare("eq", X, third), 5, 1 - T**2)))
    assert found.point == (third,)
    assert float(found.rule[0]) == 5


def test_a_rule_without_a_value_has_no_derivatives() -> None:
    found = _rejected(_obligation("tanh", (1 - T**2) * (X - 2) / (X - 2)))
    assert found.point == (2,)
    assert found.rule is None


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (compare("lt", M.abs(X - Fraction(1, 10)), Fraction(1, 10**9)), "where abs(x - 1/10) < 1e-9 it gives 7"),
        (compare("gt", X, 1000), "where x > 1000 it gives 7"),
        (compare("lt", X * X, Fraction(1, 10**6)), "where x*x < 1e-6 it gives 7"),
    ],
)
def test_a_narrow_wrong_case_is_named_as_superfluous(condition: Any, said: str) -> None:
    """Never by a bound that disables the case: 1e-9 negated would be proved as well."""
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


def test_no_cause_is_named_that_fixes_half_of_it() -> None:
    halves = where(compare("gt", X, 0), 2 * M.cos(X), where(compare("gt", X, -1), 3 * M.cos(X), M.cos(X)))
    assert _diagnosed(_obligation("sin", halves)) is None


def test_no_cause_is_named_that_leaves_a_point_wrong() -> None:
    """Twice the derivative, and at 1/3 another number: halved it is still wrong there."""
    third = compare("eq", X, Fraction(1, 3))
    found = _diagnosed(_obligation("sin", where(third, 5, 2 * M.cos(X))))
    assert found is None or "2 times" not in found.mistake
