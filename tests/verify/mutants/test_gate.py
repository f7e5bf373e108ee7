"""The gate: every mutant is distinguished from a right rule, and no wrong one is proved."""

import argparse
from dataclasses import replace

import pytest

from backproof.verify.checks.table import CHECKS
from backproof.verify.commands.mutants import run
from backproof.verify.config.options import Options
from backproof.verify.mutants.generate import Mutant, mutants, sample
from backproof.verify.mutants.judge import POINTS, Judge, Judgement, Outcome
from backproof.verify.mutants.matrix import lines
from backproof.verify.mutants.run import judged
from backproof.verify.proof import decide as ladder
from backproof.verify.proof.result import Status
from backproof.verify.subjects.engines.own import own_engine

ENGINE = own_engine()
ALL = mutants(ENGINE)
OPTIONS = Options(points=POINTS, alone=True)


def mutant(operation: str, after: str) -> Mutant:
    return next(m for m in ALL if m.operation == operation and m.after == after)


def verdict(operation: str, after: str) -> Judgement:
    return Judge(ENGINE, OPTIONS)(mutant(operation, after))


def report(found: list[tuple[Mutant, Judgement]]) -> str:
    return "\n".join(f"{j.outcome}: {m}: {j.evidence}" for m, j in found)


def test_a_sample_of_all_rules_has_no_survivors():
    found = judged(sample(ALL, 200))
    assert len(found) == 200
    survivors = [(m, j) for m, j in found if j.outcome.survives]
    assert not survivors, report(survivors)
    assert not [text for _, j in found for text in j.fell]
    assert {j.outcome for _, j in found} >= {Outcome.REFUTED, Outcome.MISWIRED, Outcome.EQUIVALENT}


@pytest.mark.slow
def test_no_mutant_survives():
    found = judged(ALL)
    survivors = [(m, j) for m, j in found if j.outcome.survives]
    assert not survivors, report(survivors)
    assert not [text for _, j in found for text in j.fell]


def test_a_wrong_sign_is_refuted_and_found_by_every_check_of_derivatives():
    found = verdict("tanh", "self.grad += (1 + out.data ** 2) * out.grad")
    assert found.outcome is Outcome.REFUTED
    assert {"proof", "points", "differences"} <= set(found.killers)
    assert found.gradcheck
    assert "x = 1" in found.evidence


def test_a_relative_error_of_1e_9_is_refuted_where_a_gradcheck_finds_nothing():
    found = Judge(ENGINE, OPTIONS)(next(m for m in ALL if m.operation == "sin" and m.what == "times 1 + 1e-9"))
    assert found.outcome is Outcome.REFUTED
    assert not found.gradcheck


def test_overwriting_is_miswired_and_the_derivative_is_proved():
    found = verdict("exp", "self.grad = out.data * out.grad")
    assert found.outcome is Outcome.MISWIRED
    assert found.killers == ("wiring",)


def test_another_result_at_a_kink_is_unsafe():
    found = verdict("relu", "self.grad += m.ge(self.data, 0) * out.grad")
    assert found.outcome is Outcome.UNSAFE
    assert found.killers == ("kinks",)


def test_an_invalid_ratio_is_an_error_of_the_mutant():
    found = Judge(ENGINE, OPTIONS)(next(m for m in ALL if m.operation == "selu" and m.what == "-31 for 31"))
    assert found.outcome is Outcome.REFUTED


def test_a_threshold_that_no_float_shows_is_negligible():
    both = [m for m in ALL if m.operation == "celu" and m.what == "1e-15 for 0"]  # of the forward, of the rule
    (found,) = [j for j in map(Judge(ENGINE, OPTIONS), both) if j.outcome is Outcome.NEGLIGIBLE]
    assert "by less than 2**-40 of its size" in found.evidence


def test_the_same_product_the_other_way_round_is_equivalent():
    found = verdict("mul", "self.grad += out.grad * other.data")
    assert found.outcome is Outcome.EQUIVALENT
    assert found.killers == ()
    assert not found.gradcheck


def test_wrong_at_one_point_only():
    found = Judge(ENGINE, OPTIONS)(next(m for m in ALL if m.operation == "sin" and m.what.endswith("x = 3/10")))
    assert found.outcome is Outcome.REFUTED
    assert not found.gradcheck


def test_a_prover_that_proves_everything_is_caught(monkeypatch):
    """The gate must be able to fail: a false proof is a survivor."""
    honest = ladder.decided

    def credulous(obligation):
        proof = honest(obligation)
        cells = tuple(
            replace(c, gradients=tuple(replace(v, status=Status.PROVED) for v in c.gradients)) for c in proof.cells
        )
        return replace(proof, cells=cells)

    monkeypatch.setattr(ladder, "decided", credulous)
    for what in ("`+` for `-`", "times 1 + 1e-12", "`0` where x in (-3, -2)", "`=` for `+=`"):
        wrong = next(m for m in ALL if m.operation == "tanh" and m.what.startswith(what))
        found = Judge(ENGINE, OPTIONS)(wrong)
        assert found.outcome is Outcome.FALSE_PROOF, what


def test_a_gate_without_checks_leaves_everything_undecided():
    found = Judge(ENGINE, OPTIONS, checks=())(mutant("sin", "self.grad = m.cos(self.data) * out.grad"))
    assert found.outcome is Outcome.UNDECIDED


def test_the_matrix_counts_the_outcomes(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    bad, good = mutant("exp", "self.grad = out.data * out.grad"), mutant("mul", "self.grad += out.grad * other.data")
    found = [
        (bad, Judgement(Outcome.MISWIRED, "why", ("wiring",), (), False, 0.25)),
        (good, Judgement(Outcome.EQUIVALENT, "", (), (), False, 0.5)),
        (good, Judgement(Outcome.UNDECIDED, "nobody knows", (), ("points: KeyError: 'x'",), False, 0.5)),
    ]
    text = list(lines(found, 1.0, 2))
    head = next(line for line in text if line.startswith("mutation"))
    assert [c.name for c in CHECKS] == head.split()[2:-1]
    total = next(line for line in text if line.startswith("all")).split()
    assert total[1] == "3"
    assert total[2:] == [*("1/1" if c.name == "wiring" else "0/1" for c in CHECKS), "0/1"]
    assert any(line.startswith("survivors: 1") for line in text)
    assert any("nobody knows" in line for line in text)
    assert any("KeyError" in line for line in text)


def test_the_command_prints_the_table_and_fails_on_survivors(capsys, monkeypatch):
    arguments = argparse.Namespace(seed=0, jobs=2, ascii=False, color="never")
    assert run(arguments, ["neg"]) == 0
    shown = capsys.readouterr().out
    assert "undecided" in shown
    assert "survivors" not in shown
    doubt = Judgement(Outcome.UNDECIDED, "nobody knows")
    monkeypatch.setattr("backproof.verify.commands.mutants.judged", lambda found, *_: [(m, doubt) for m in found])
    assert run(arguments, ["neg"]) == 1
    assert "nobody knows" in capsys.readouterr().out
