"""The mirror against itself: its stable forms, SymPy's derivatives and its corners are what they claim to be."""

import pytest
from sympy import Piecewise, Symbol, diff

from verify.case import Case
from verify.mirror import MIRROR, ROWS, Row
from verify.options import Options
from verify.proof.obligation import UPSTREAM, Obligation, accumulated
from verify.proof.prove import prove
from verify.proof.result import Bend, Status
from verify.subjects.values import own_engine
from verify.trace.from_sympy import condition_from_sympy, from_sympy
from verify.trace.term import Term, symbol

IDS = [f"{row.op} {row.case}".strip() for row in ROWS]


def obligation(row: Row, forward: Term, slopes: tuple[Term, ...]) -> Obligation:
    """That ``forward`` is the row's function, and ``slopes`` its derivatives."""
    gradients = tuple(
        symbol(accumulated(name)) + symbol(UPSTREAM) * slope for name, slope in zip(row.inputs, slopes, strict=True)
    )
    domain = condition_from_sympy(row.domain)
    return Obligation(row.op, row.inputs, from_sympy(row.definition), domain, forward, gradients)


def on_cells(proof_of: Obligation) -> list[Status]:
    """The status of every cell inside the domain (what SymPy answers on a corner is no matter here)."""
    proof = prove(proof_of)
    assert not proof.failure
    return [cell.status for cell in proof.cells if not cell.outside]


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_sympy_and_the_prover_agree_on_the_derivative(row: Row) -> None:
    """Two witnesses that share no code: SymPy's `diff`, and the prover's own derivation."""
    statuses = on_cells(obligation(row, from_sympy(row.definition), tuple(map(from_sympy, row.slopes))))
    assert statuses
    assert set(statuses) == {Status.PROVED}


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_slopes_are_what_diff_answers(row: Row) -> None:
    """The mirror asks SymPy for them by a shorter road."""
    for name, slope, stable in zip(row.inputs, row.slopes, row.stable_slopes, strict=True):
        v = Symbol(name, real=True)
        for found, form in ((slope, row.definition), (stable, row.stable)):
            if isinstance(form, Piecewise):
                assert [piece for piece, _ in found.args] == [diff(piece, v) for piece, _ in form.args]
                assert [where for _, where in found.args] == [where for _, where in form.args]
            else:
                assert found == diff(form, v)


@pytest.mark.parametrize("row", [r for r in ROWS if r.stable_form is not None], ids=lambda r: r.op)
def test_a_stable_form_is_the_same_function(row: Row) -> None:
    statuses = on_cells(obligation(row, from_sympy(row.stable), tuple(map(from_sympy, row.stable_slopes))))
    assert statuses
    assert set(statuses) == {Status.PROVED}


def test_a_wrong_stable_form_would_be_found() -> None:
    row = MIRROR["sigmoid"][0]
    wrong = obligation(row, from_sympy(row.stable) + 1, tuple(map(from_sympy, row.stable_slopes)))
    assert Status.PROVED not in set(on_cells(wrong))


@pytest.mark.parametrize("case", list(own_engine().operations()), ids=IDS)
def test_the_rows_declare_every_corner(case) -> None:
    """A corner that the prover finds is in the row, and a row declares none that is not there."""
    operation, row = case
    proof = Case(operation, row, Options()).proof
    assert proof is not None
    found = {
        tuple(str(value) for _, value in b.where) for b in proof.boundaries if b.bend is Bend.SUBGRADIENT
    }
    assert len(found) == len(row.corners), found


def test_every_row_says_its_constants() -> None:
    for row in ROWS:
        names = {s.name for s in row.definition.free_symbols}
        assert names <= set(row.inputs), f"{row.op}: {names - set(row.inputs)} has no value in this row"
