"""Domains in several parts: each is proved, the gaps are not checked, and a rule that is wrong in one part is found."""

from __future__ import annotations

import pytest

from backproof.verify.proof.cells.domain import domain_cells
from backproof.verify.proof.field.interpret import Unsupported
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import Proof, Status
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.parser import condition, expression
from backproof.verify.terms.term import FALSE, TRUE, symbol

NAMES = ("x", "y")
WRONG = (Status.RESIDUAL, Status.REJECTED)


def obligation(definition: str, domain: str, partial: str = "") -> Obligation:
    """A rule of x and y; ``partial``: its derivative by x, where that is wrong."""
    meant = expression(definition, NAMES)
    partials = [derivative(meant, name) for name in NAMES]
    if partial:
        partials[0] = expression(partial, NAMES)
    where = {"true": TRUE, "false": FALSE}[domain] if domain in ("true", "false") else condition(domain, NAMES)
    gradients = tuple(symbol(f"acc_{n}") + symbol("g") * s for n, s in zip(NAMES, partials, strict=True))
    return Obligation("rule", NAMES, meant, where, meant, gradients)


def proof(definition: str, domain: str, partial: str = "") -> Proof:
    return prove(obligation(definition, domain, partial))


@pytest.mark.parametrize(
    ("domain", "cells"),
    [
        ("true", ["everywhere"]),
        ("false", []),
        ("x > 0 and x < 0", []),
        ("x < -1 or x > 1", ["x < -1", "x > 1"]),
        ("not (-1 <= x and x <= 1)", ["x < -1", "x > 1"]),
        ("not (x > 0 or y > 0)", ["x < 0, y < 0"]),
        ("y > 0 and (x < -1 or x > 1)", ["x < -1, y > 0", "x > 1, y > 0"]),
        ("x == y or x > 0", ["x > 0"]),
        ("x >= 0 and (x <= 0 or x >= 1)", ["x > 1"]),
        ("x > 0 or x != floor(x)", ["everywhere"]),
        ("x*y - y*x >= 0", ["everywhere"]),
        ("y > 0 and (x > 0 or x != floor(x))", ["y > 0"]),
        ("x < 0 and x != floor(x)", ["x < 0"]),
    ],
)
def test_a_domain_is_its_cells(domain: str, cells: list[str]) -> None:
    found = domain_cells(obligation("x*y", domain))
    assert [str(cell) for cell in found] == cells


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ("x == 1", "no interior"),
        ("x - x == 0 or x > 0", "no interior"),  # it holds everywhere, which must not be lost
        ("max(x, 0) == 0 or x > 0", "no interior"),
        ("sqrt(x*x) == x or x > 1", "no interior"),  # it holds from 0 on
        ("(x*x)**0.5 == x or x > 1", "no interior"),
        (" and ".join(f"(x > {n} or y > {n})" for n in range(9)), "more than 16 parts"),
    ],
)
def test_an_unsupported_domain_is_reported(domain: str, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        domain_cells(obligation("x*y", domain))
    assert proof("x*y", domain).status is Status.UNKNOWN


def test_every_part_is_proved() -> None:
    found = proof("sqrt(x**2 - 1)*y", "x < -1 or x > 1")
    assert found.status is Status.PROVED
    assert len([cell for cell in found.cells if not cell.outside]) == 2


@pytest.mark.parametrize(
    ("partial", "right"),
    [
        ("where(x > 1, 2*x, where(x < -1, 2*x, 5))", True),  # wrong between the parts, outside the domain
        ("where(x > 1, 2*x, 5)", False),
        ("where(x < -1, 2*x, 5)", False),
    ],
)
def test_a_rule_that_is_wrong_in_one_part_is_found(partial: str, right: bool) -> None:
    found = proof("x**2 + y", "x < -1 or x > 1", partial)
    assert found.status is Status.PROVED if right else found.status in WRONG


@pytest.mark.parametrize(("end", "right"), [("x <= -1 or x > 1", False), ("x < -1 or x > 1", True)])
def test_an_end_belongs_to_its_part_or_not(end: str, right: bool) -> None:
    """A rule that is wrong at -1 alone."""
    found = proof("x**2 + y", end, "where(x == -1, 5, 2*x)")
    assert found.status is Status.PROVED if right else found.status in WRONG


def test_parts_that_overlap_have_no_boundary_between_them() -> None:
    assert proof("x*y", "x > 0 or y > 0").status is Status.PROVED
    assert proof("x*y", "x > 0 or y > 0", "where(x == 0, 5, y)").status in WRONG  # inside the second part
    assert proof("x*y", "x > 0 or y > 0", "where(x < 0, where(y < 0, 5, y), y)").status is Status.PROVED


@pytest.mark.parametrize(
    ("domain", "right"),
    [("x > 0 or x != floor(x)", True), ("x > 0 and (x > 0 or x != floor(x))", True), ("true", True)],
)
def test_between_the_poles_of_gamma_the_rule_is_proved(domain: str, right: bool) -> None:
    assert (proof("lgamma(x)*y", domain).status is Status.PROVED) == right
    assert proof("lgamma(x)*y", domain, "y*digamma(x) + where(x < 0, 1, 0)").status in (
        (Status.PROVED,) if domain.startswith("x > 0 and") else WRONG
    )


@pytest.mark.parametrize(("place", "right"), [("-3", True), ("-3/2", False), ("2", False)])
def test_a_rule_may_say_anything_at_a_pole_and_not_beside_it(place: str, right: bool) -> None:
    found = proof("lgamma(x)*y", "x > 0 or x != floor(x)", f"where(x == {place}, 5, y*digamma(x))")
    assert found.status is Status.PROVED if right else found.status is not Status.PROVED
