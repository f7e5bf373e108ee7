"""The prover recognises other ways to write a derivative."""

import pytest

from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import Proof, Status
from backproof.verify.terms.term import symbol, symbols_of, term
from tests.verify.proof.equal_forms import EQUAL_FORMS, EqualForm

ENOUGH = 58


def proof_of(form: EqualForm) -> Proof:
    """The rule by x alone: other symbols of the function are parameters, not inputs of the rule."""
    names = tuple(sorted(symbols_of(form.function)))
    wanted = {"x": term(form.partial), **dict.fromkeys(names[1:])}
    gradients = []
    for name in names:
        partial = wanted[name] if wanted[name] is not None else OTHER_PARTIALS[form.name]
        gradients.append(symbol(f"acc_{name}") + symbol("g") * partial)
    return prove(Obligation(form.name, names, form.function, form.domain, form.function, tuple(gradients)))


def _other_partials() -> dict:
    from tests.verify.proof.equal_forms import T, exp, log, x, y

    return {
        "logaddexp": exp(y) / (exp(x) + exp(y)),
        "hypot": y / T.hypot(x, y),
        "atan2": -x / (x * x + y * y),
        "pow": x**y * log(x),
    }


OTHER_PARTIALS = _other_partials()


@pytest.fixture(scope="module")
def statuses() -> dict[str, Status]:
    return {form.name: proof_of(form).status for form in EQUAL_FORMS}


def test_the_names_are_unique():
    assert len({form.name for form in EQUAL_FORMS}) == len(EQUAL_FORMS) >= 60


def test_nearly_all_are_proved(statuses):
    assert sum(status is Status.PROVED for status in statuses.values()) >= max(ENOUGH, len(EQUAL_FORMS) - 2)


def test_none_is_rejected_at_a_boundary(statuses):
    assert [name for name, status in statuses.items() if status is Status.REJECTED] == []


@pytest.mark.parametrize("form", EQUAL_FORMS, ids=lambda form: form.name)
def test_a_small_change_is_not_proved(form):
    changed = form._replace(partial=form.partial * (1 + term(1) / 10**30))
    assert proof_of(changed).status is not Status.PROVED
