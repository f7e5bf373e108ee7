"""The mirror against itself: its stable forms, SymPy's derivatives and its kinks are what they claim to be."""

import pytest
from sympy import Piecewise, Symbol, diff

from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.mirror.table import MIRROR, SPECS, Spec
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import BoundaryKind, Status
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.term import Term, symbol

IDS = [f"{spec.op} {spec.case}".strip() for spec in SPECS]


def obligation(spec: Spec, forward: Term, partials: tuple[Term, ...]) -> Obligation:
    """That ``forward`` is the spec's function, and ``partials`` its derivatives."""
    gradients = tuple(
        symbol(accumulated(name)) + symbol(UPSTREAM) * partial
        for name, partial in zip(spec.inputs, partials, strict=True)
    )
    domain = condition_from_sympy(spec.domain)
    return Obligation(spec.op, spec.inputs, from_sympy(spec.definition), domain, forward, gradients)


def on_cells(proof_of: Obligation) -> list[Status]:
    """The status of every cell inside the domain (SymPy's value on a kink does not matter here)."""
    proof = prove(proof_of)
    assert not proof.failure
    return [cell.status for cell in proof.cells if not cell.outside]


@pytest.mark.parametrize("spec", SPECS, ids=IDS)
def test_sympy_and_the_prover_agree_on_the_derivative(spec: Spec) -> None:
    """Two independent derivations: SymPy's `diff`, and the prover's own."""
    statuses = on_cells(obligation(spec, from_sympy(spec.definition), tuple(map(from_sympy, spec.partials))))
    assert statuses
    assert set(statuses) == {Status.PROVED}


@pytest.mark.parametrize("spec", SPECS, ids=IDS)
def test_the_partials_equal_sympys_diff(spec: Spec) -> None:
    """The mirror uses SymPy in a faster way."""
    for name, partial, stable in zip(spec.inputs, spec.partials, spec.stable_derivatives, strict=True):
        v = Symbol(name, real=True)
        for found, form in ((partial, spec.definition), (stable, spec.stable)):
            if isinstance(form, Piecewise):
                assert [piece for piece, _ in found.args] == [diff(piece, v) for piece, _ in form.args]
                assert [where for _, where in found.args] == [where for _, where in form.args]
            else:
                assert found == diff(form, v)


@pytest.mark.parametrize("spec", [r for r in SPECS if r.stable_form is not None], ids=lambda r: r.op)
def test_a_stable_form_is_the_same_function(spec: Spec) -> None:
    statuses = on_cells(obligation(spec, from_sympy(spec.stable), tuple(map(from_sympy, spec.stable_derivatives))))
    assert statuses
    assert set(statuses) == {Status.PROVED}


def test_a_wrong_stable_form_would_be_found() -> None:
    spec = MIRROR["sigmoid"][0]
    wrong = obligation(spec, from_sympy(spec.stable) + 1, tuple(map(from_sympy, spec.stable_derivatives)))
    assert Status.PROVED not in set(on_cells(wrong))


@pytest.mark.parametrize("case", list(own_engine().operations()), ids=IDS)
def test_the_specs_declare_every_kink(case) -> None:
    """A kink that the prover finds is in the spec, and a spec declares none that is not there."""
    operation, spec = case
    proof = Case(operation, spec, Options()).proof
    assert proof is not None
    found = {
        tuple(str(value) for _, value in b.where) for b in proof.boundaries if b.kind is BoundaryKind.SUBGRADIENT
    }
    assert len(found) == len(spec.kinks), found


def test_every_spec_has_values_for_its_constants() -> None:
    for spec in SPECS:
        names = {s.name for s in spec.definition.free_symbols}
        assert names <= set(spec.inputs), f"{spec.op}: {names - set(spec.inputs)} has no value in this spec"
