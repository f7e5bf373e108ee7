"""A prover that proves anything, and every single edit of a certificate: refused, or still true."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from backproof.verify.proof.cell import everywhere
from backproof.verify.proof.certificate import checker
from backproof.verify.proof.certificate.checker import examined
from backproof.verify.proof.certificate.claims import Uncertifiable
from backproof.verify.proof.certificate.writer import certificate
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.result import CellResult, Proof, Status, Verdict
from backproof.verify.terms.term import TERMS, TRUE, compare, symbol
from tests.verify.proof.certificate.edits import edited, edits, false_at
from tests.verify.proof.certificate.made import certified, engine, of_engine, problem, rules_of, tanh
from tests.verify.proof.engine_rules import all_obligations

T: Any = TERMS
x, y = symbol("x"), symbol("y")
PARTS = 8  # of all single edits, in the slow tests


# ------------------------------------------------------------------------------- a prover that proves anything


def believed(obligation: Obligation) -> Proof:
    """A proof without any proof."""
    right = Verdict(Status.PROVED)
    return Proof(obligation, (CellResult(everywhere(()), right, (right,)),))


def wrong_rules(obligation: Obligation) -> Iterator[Obligation]:
    """The obligation with one gradient spoilt, everywhere or on one side of 1/3."""
    for k, gradient in enumerate(obligation.gradients):
        u = symbol(obligation.inputs[k])
        spoilt = (
            gradient + T.where(u > Fraction(1, 3), symbol("g"), 0),
            gradient + symbol("g") / 2**50,
            gradient + symbol("g") ** 2,
            gradient - symbol("acc_" + obligation.inputs[k]),
            T.where(symbol("g") > 0, gradient, gradient + 1),
        )
        for wrong in spoilt:
            gradients = (*obligation.gradients[:k], wrong, *obligation.gradients[k + 1 :])
            yield replace(obligation, gradients=gradients)


def confirmed(wrong: Obligation) -> bool:
    """Whether a certificate is written of a proof that is none."""
    try:
        certificate(believed(wrong))
    except Uncertifiable:
        return False
    return True


def test_what_a_prover_without_conscience_hands_over_is_not_confirmed():
    """One wrong rule for each operation, of each kind in turn."""
    for place, obligation in enumerate(all_obligations()):
        assert not confirmed(list(wrong_rules(obligation))[place % 5])


@pytest.mark.slow
def test_no_wrong_rule_is_confirmed():
    wrong = [w for obligation in all_obligations() for w in wrong_rules(obligation)]
    assert len(wrong) > 300
    assert not any(map(confirmed, wrong))


def test_a_forward_that_is_not_the_definition_is_not_confirmed():
    for obligation in all_obligations():
        forward = obligation.forward + T.where(symbol(obligation.inputs[0]) > Fraction(1, 3), 1, 0)
        assert not confirmed(replace(obligation, forward=forward))


def test_a_wrong_value_on_a_boundary_is_claimed_by_nobody():
    """relu with 7 at 0: the boundary is left unclaimed, and the line says so; as a stratum it is refused."""
    rule = symbol("acc_x") + symbol("g") * T.where(x > 0, 1, T.where(x < 0, 0, 7))
    found = certificate(believed(Obligation("relu", ("x",), T.maximum(x, 0), TRUE, T.maximum(x, 0), (rule,))))
    assert "nothing is claimed at x = 0 (" in examined(found).line
    document = json.loads(found)
    document["cover"]["on"] = of_engine("relu")["cover"]["on"]
    assert problem(document)


# --------------------------------------------------------------------------------------------- every edit


def unnoticed(name: str, text: str, chosen: Any) -> list[Any]:
    """The chosen edits of a certificate that pass as tied to the rule, and yet are false.

    Every edit of what it is about is refused there; one of the evidence may be other evidence.
    """
    document, found = json.loads(text), []
    heads = rules_of(document)
    for kind, path in chosen:
        forged = edited(document, kind, path)
        result = examined(json.dumps(forged), heads)
        assert "cannot be computed" not in result.line, (name, kind, path)
        if result.code == checker.HOLDS:
            if path[0] != "cover" and forged["nodes"] != document["nodes"]:
                found.append((name, kind, path))
            if examined(json.dumps(forged)).code != checker.UNTIED or false_at(forged) is not None:
                found.append((name, kind, path))
    return found


def test_what_is_evaluated_is_independent_and_right():
    assert [name for name, text in engine().items() if false_at(json.loads(text), 200) is not None] == []
    document = tanh()
    next(node for node in document["nodes"] if node[0] == "sub")[0] = "add"
    assert false_at(document) is not None


def test_a_sample_of_all_single_edits_is_refused_or_true():
    source = random.Random(1)
    tried = 0
    for name, text in engine().items():
        every = list(edits(json.loads(text)))
        chosen = source.sample(every, 6)
        tried += len(chosen)
        assert unnoticed(name, text, chosen) == []
    assert tried > 300


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_all_single_edits_are_refused_or_true(part):
    """About sixty thousand."""
    for name, text in list(engine().items())[part::PARTS]:
        assert unnoticed(name, text, edits(json.loads(text))) == []


def test_an_edit_of_what_it_is_about_is_refused_where_it_is_tied():
    document = of_engine("relu")
    heads = rules_of(document)
    for kind, path in edits({key: value for key, value in document.items() if key != "cover"}):
        forged = edited(document, kind, path)
        result = examined(json.dumps(forged), heads)
        assert result.code in (checker.FALSE, checker.UNUSABLE), (kind, path)


def test_a_domain_that_is_wider_is_another_domain():
    """x > 0 becomes x > -1: the text, the nodes and the cover must all agree."""
    document = certified(T.log(x), 1 / x, domain=compare("gt", x, 0))
    assert problem(document) == ""
    place = document["nodes"].index(["const", "0"])
    document["nodes"][place] = ["const", "-1"]
    assert "the text of the domain is not its nodes" in problem(document)
    document["domain"] = "x > (-1)"
    assert problem(document)


def test_a_tie_must_be_judged_for_all_inputs_at_once():
    document = certified(T.maximum(x, y), T.where(x > y, 1, 0), T.where(x > y, 0, 1))
    (item,) = document["cover"]["on"][0][1]["touching"]
    item["partials"].reverse()
    assert "the form of a derivative" in problem(document)
