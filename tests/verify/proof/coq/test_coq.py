"""Coq accepts the files of all operations, and no theorem about a wrong rule."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from backproof.verify.commands.cli import main
from backproof.verify.proof.cell import Cell, everywhere
from backproof.verify.proof.coq import compile as compiler
from backproof.verify.proof.coq import scripts, statements
from backproof.verify.proof.coq.export import HEADER, PRELUDE, Theorem, file_of, prelude
from backproof.verify.proof.coq.printer import Unprintable
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.terms.term import TRUE, Term, apply, compare, constant, symbol, where
from tests.verify.proof.coq.coqtop import accepted
from tests.verify.proof.coq.wrong_rules import forward, of_the_repository, own_proofs, shifted, theorem, twin

pytestmark = [
    pytest.mark.slow,
    pytest.mark.optional,
    pytest.mark.skipif(shutil.which("coqc") is None, reason="no coqc here"),
]

NOT_ACCEPTED: set[str] = set()
"""Operations of the engine that Coq does not accept."""

X, G, ACC = symbol("x"), symbol("g"), symbol("acc_x")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the prelude, compiled."""
    path = tmp_path_factory.mktemp("coq")
    (path / PRELUDE).write_text(prelude(), encoding="utf-8")
    compiler.prepare(path)
    return path


def judged(folder: Path, name: str, text: str) -> str:
    """Why a file is not accepted; "" where it is."""
    (folder / name).write_text(text, encoding="utf-8")
    coqc = shutil.which("coqc")
    assert coqc is not None
    (problem,) = compiler.check(coqc, folder, [name])
    return problem


def of_square(rule: Term) -> Obligation:
    """That the rule is the derivative of x*x."""
    return Obligation("square", ("x",), X * X, TRUE, X * X, (ACC + G * rule,))


def test_all_operations_are_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["all", "--coq", str(tmp_path), "--jobs", "2"])
    rows = capsys.readouterr().out.partition("\n\n")[0].splitlines()[2:]
    assert len(rows) == 63
    assert {row.split()[0] for row in rows if not row.endswith(" proved (Coq)")} == NOT_ACCEPTED
    assert len({row.split()[0] for row in rows} - NOT_ACCEPTED) >= 50
    assert code == bool(NOT_ACCEPTED)


def test_a_rule_that_is_a_little_off_is_refused_and_its_twin_accepted(folder: Path) -> None:
    proofs = own_proofs()
    right = [twin(f"right{k}", proof, proof.obligation.inputs[0]) for k, (_, proof) in enumerate(proofs)]
    tried = [
        theorem(f"wrong{k}_{j}", proof, operand, rule)
        for k, (_, proof) in enumerate(proofs)
        for j, (operand, rule) in enumerate(shifted(proof))
    ]
    wrong = [t for t in tried if t is not None]
    assert len(wrong) == 126
    wrong += [forward(f"forward{k}", proof) for k, (_, proof) in enumerate(proofs)]
    assert accepted(folder, [*right, *wrong]) == {t.name for t in right}


def test_mutants_of_the_repository_are_refused(folder: Path) -> None:
    wrong = dict(of_the_repository())
    assert len(wrong) >= 70
    assert accepted(folder, wrong.values()) == set()


def test_a_derivative_that_has_no_value_is_refused(folder: Path) -> None:
    """In Coq 0 / 0 is 0: the theorem on the derivative alone holds."""
    wrong = file_of(of_square(2 * X * (constant(0) / (X - X)) + 2 * X), (), [everywhere(("x",))])
    assert "cell1_value" in wrong.theorems
    assert judged(folder, "without_a_value.v", wrong.text).startswith("cell1_value, ")
    assert judged(folder, "with_a_value.v", file_of(of_square(2 * X), (), [everywhere(("x",))]).text) == ""


def test_an_empty_cell_is_refused(folder: Path) -> None:
    """On it every rule is right; the prover's cells are not empty, and that is not taken on trust."""
    wrong, cell = of_square(3 * X), Cell((("x", None, Fraction(0)),), ((X - 1, 1),))
    subject = statements.on_cell(wrong, cell)
    vacuous = Theorem("vacuous", statements.derivative(subject, "x"), ["intros. exfalso. lra."])
    some = Theorem(
        "not_empty", statements.inhabited(subject), scripts.inhabited(subject, {"x": Fraction(-1)}), "Example"
    )
    assert accepted(folder, [vacuous, some]) == {"vacuous"}
    with pytest.raises(Unprintable, match="no point of a cell was found"):
        file_of(wrong, (), [cell])


@pytest.mark.parametrize("at_kink", [2, -1], ids=str)
def test_a_rule_that_is_wrong_at_a_kink_alone_is_refused(folder: Path, at_kink: int) -> None:
    relu = apply("maximum", X, 0)

    def of_relu(rule: Term) -> Obligation:
        return Obligation("relu", ("x",), relu, TRUE, relu, (ACC + G * rule,))

    right = where(compare("gt", X, 0), 1, 0)
    proof = prove(of_relu(right))
    cells = [result.cell for result in proof.cells]
    wrong = file_of(of_relu(where(compare("eq", X, 0), at_kink, right)), proof.boundaries, cells)
    assert judged(folder, "kink_right.v", file_of(of_relu(right), proof.boundaries, cells).text) == ""
    assert judged(folder, f"kink_wrong_{abs(at_kink)}.v", wrong.text).startswith("kink1, ")


def test_a_file_that_assumes_something_is_not_accepted(folder: Path) -> None:
    text = f"{HEADER}\nAxiom trust_me : 0 = 1.\nTheorem t : 0 = 1.\nProof.\n  exact trust_me.\nQed.\n"
    assert judged(folder, "assumes.v", f"{text}\nDefinition everything := (t).\n") == "it assumes assumes.trust_me"
