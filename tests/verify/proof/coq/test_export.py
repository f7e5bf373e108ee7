"""Files for Coq: what they state, and what has none; without Coq."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from backproof.verify.evaluate.stepwise import At
from backproof.verify.proof.cell import NOT_ZERO, Cell, everywhere
from backproof.verify.proof.coq import points, statements
from backproof.verify.proof.coq.core import decisions, without_branches
from backproof.verify.proof.coq.equations import equations
from backproof.verify.proof.coq.export import NotProved, assumptions, exported, file_of, prelude
from backproof.verify.proof.coq.printer import Unprintable, expression, proposition
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.terms.term import PI, TRUE, Condition, Term, apply, compare, constant, symbol, where
from tests.verify.proof.engine_rules import all_obligations

ROOT = Path(__file__).parents[4]
X, Y, G, ACC = symbol("x"), symbol("y"), symbol("g"), symbol("acc_x")


def of(definition: Term, rule: Term, domain: Condition = TRUE, op: str = "an operation") -> Obligation:
    """That the rule is the derivative of a definition in x."""
    return Obligation(op, ("x",), definition, domain, definition, (ACC + G * rule,))


RELU = of(apply("maximum", X, 0), where(compare("gt", X, 0), 1, 0))


def statement(text: str, name: str) -> str:
    """The statement of a theorem in a file."""
    _, found, after = text.partition(f" {name} : ")
    assert found, f"no theorem {name}"
    return " ".join(after.partition(".\nProof.")[0].split())


def test_a_theorem_has_the_whole_definition_and_the_whole_rule() -> None:
    file = exported(prove(RELU))
    assert file.theorems == ("cell1_x", "cell1_inhabited", "cell2_x", "cell2_inhabited", "kink1")
    assert statement(file.text, "cell2_x") == (
        "forall x g acc_x : R, 0 < x -> exists d : R, is_derive (fun x : R => Rmax x 0) x d /\\ "
        "acc_x + g * (if Rlt_dec 0 x then 1 else 0) = acc_x + g * d"
    )
    assert statement(file.text, "cell2_inhabited") == "exists x : R, 0 < x"


def test_a_kink_is_between_the_derivatives_on_its_sides() -> None:
    said = statement(exported(prove(RELU)).text, "kink1")
    assert "is_derive (fun x : R => 0) 0 l /\\ is_derive (fun x : R => x) 0 r /\\ 0 <= t <= 1 /\\" in said
    assert "acc_x + g * (if Rlt_dec 0 0 then 1 else 0) = acc_x + g * (t * l + (1 - t) * r)" in said
    assert "(forall x : R, (- 1) < x <= 0 -> Rmax x 0 = 0) /\\ (forall x : R, 0 <= x < 1 -> Rmax x 0 = x)" in said


def test_a_rule_without_a_value_has_to_have_one() -> None:
    wrong = of(X * X, 2 * X * (constant(0) / (X - X)) + 2 * X)
    text = file_of(wrong, (), [everywhere(("x",))]).text
    assert statement(text, "cell1_value") == "forall x g acc_x : R, (x - x <> 0)"


def test_the_forward_computes_the_definition() -> None:
    other = replace(RELU, forward=where(compare("gt", X, 0), X, 0))
    assert statement(exported(prove(other)).text, "cell1_forward") == (
        "forall x : R, x < 0 -> (if Rlt_dec 0 x then x else 0) = Rmax x 0"
    )
    assert "forward" not in exported(prove(RELU)).text
    without = replace(RELU, forward=apply("maximum", X, 0) + 0 / X)
    assert statement(file_of(without, (), [everywhere(("x",))]).text, "cell1_value").endswith("(x <> 0)")


def test_at_a_kink_too() -> None:
    proof = prove(RELU)
    without = replace(RELU, gradients=(ACC + G * where(compare("gt", X, 0), 1, constant(0) / X * 0),))
    text = file_of(without, proof.boundaries, [c.cell for c in proof.cells]).text
    assert statement(text, "kink1_value") == "forall g acc_x : R, ((~ (0 < 0)) -> 0 <> 0)"


def test_the_cut_of_an_angle_is_excluded() -> None:
    angle = Obligation("angle", ("y", "x"), apply("atan2", Y, X), TRUE, apply("atan2", Y, X), (G, G))
    subject = statements.on_cell(angle, everywhere(("y", "x")))
    assert list(map(proposition, subject.hypotheses)) == ["0 < sqrt (y * y + x * x) + x"]


def test_a_cell_is_its_inequalities() -> None:
    cell = Cell((("x", Fraction(-1, 2), Fraction(3)), ("g", Fraction(0), None)), ((X - 1, NOT_ZERO), (X + G, -1)))
    subject = statements.on_cell(RELU, cell)
    assert list(map(proposition, subject.hypotheses)) == [
        "(- (1 / 2)) < x",
        "x < 3",
        "0 < g",
        "x - 1 <> 0",
        "x + g < 0",
    ]
    assert subject.symbols == ("x", "g")
    assert points.simple(subject, replace(cell, signs=cell.signs[:1])) is None  # x + g < 0 is wrong where x > -1/2 < g
    assert points.generic(Cell(cell.box, cell.signs[:1])) is not None


# ---------------------------------------------------------------------------------------------------- the scripts


def at(x: Fraction) -> At:
    return points.at({"x": x})


def test_branches_are_decided_from_the_inside() -> None:
    inner = apply("minimum", X, 1)
    term = where(compare("lt", apply("abs", inner), 2), inner, X)
    assert expression(without_branches(term, at(Fraction(-1)))) == "x"
    assert list(map(proposition, decisions(term, at(Fraction(-1))))) == ["x < 1", "x < 0", "(- x) < 2"]


@pytest.mark.parametrize(
    ("term", "equation"),
    [
        (apply("exp", -X) + apply("exp", X), ("exp (- x)", "1 / exp x")),
        (apply("sqrt", 8 / PI) * X, ("sqrt (8 / PI)", "2 * sqrt 2 / sqrt PI")),
        (
            apply("exp", 2 * apply("log", 1 + apply("exp", X))),
            ("exp (2 * ln (1 + exp x))", "(exp x) ^ 2 + 2 * exp x + 1"),
        ),
        (apply("erf", -X), ("erf (- x)", "(- erf x)")),
        (apply("sin", 2 * X) + apply("sin", X), ("sin (2 * x)", "2 * sin x * cos x")),
    ],
    ids=str,
)
def test_a_function_is_brought_to_the_normal_form(term: Term, equation: tuple[str, str]) -> None:
    found = equations(everywhere(("x",)), at(Fraction(1, 3)), (term,)).found
    assert equation in {(e.left, e.right) for e in found}


# ------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("obligation", "reason"),
    [
        (of(apply("gamma", X), apply("gamma", X) * apply("digamma", X), compare("gt", X, 0)), "the function gamma"),
        (Obligation("o", ("g",), G, TRUE, G, (symbol("acc_g") + G,)), "an input of the name g"),
    ],
    ids=["gamma", "g"],
)
def test_a_refusal_names_its_reason(obligation: Obligation, reason: str) -> None:
    with pytest.raises(Unprintable, match=reason):
        file_of(obligation, (), [everywhere(obligation.inputs)]) if reason.startswith("an input") else exported(
            prove(obligation)
        )


def test_what_is_not_proved_has_no_file() -> None:
    with pytest.raises(NotProved, match="a difference between the rule and the derivative is left"):
        exported(prove(of(X * X, 3 * X)))


def test_deep_terms_are_refused() -> None:
    term: Term = X
    for _ in range(5000):
        term = term + 1
    with pytest.raises(Unprintable, match=r"nested too deeply|characters"):
        file_of(of(term, constant(1)), (), [everywhere(("x",))])


def test_a_name_does_not_end_the_comment() -> None:
    text = exported(prove(replace(RELU, op="*) Axiom trust_me : 0 = 1. (*"))).text
    first = text.splitlines()[0]
    assert "trust_me" in first
    assert (first.count("(*"), first.count("*)")) == (1, 1)


# --------------------------------------------------------------------------------------------------- the file


def test_the_prelude_admits_nothing() -> None:
    text = prelude()
    for word in ("Admitted", "admit", "Axiom", "Parameter", "Hypothesis", "Variable", "Conjecture"):
        assert word not in text, word


def test_what_all_files_rest_on_is_printed_once() -> None:
    text = assumptions(["rule_a.v", "rule_b.v"])
    assert text.startswith("From Backproof Require rule_a rule_b.\n")
    assert "Definition everything := (rule_a.everything, rule_b.everything).\nPrint Assumptions everything.\n" in text


def test_every_operation_of_the_engine_has_a_file() -> None:
    files = [exported(prove(obligation)) for obligation in all_obligations()]
    assert len(files) == 63
    for file in files:
        for name in file.theorems:
            assert name in file.text.rpartition("Definition everything")[2]


def test_the_theorems_of_the_documentation_are_those_that_are_written() -> None:
    guide = (ROOT / "docs" / "coq.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```coq\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    of_op = {obligation.op: obligation for obligation in all_obligations()}
    written = "".join(exported(prove(of_op[op])).text for op in ("hypot", "relu"))
    assert len(shown) == 5
    for theorem in shown:
        assert theorem in written


PRINT = """
import hashlib
from backproof.verify.proof.coq.export import exported
from backproof.verify.proof.prove import prove
from tests.verify.proof.engine_rules import all_obligations
texts = "".join(exported(prove(o)).text for o in all_obligations())
print(hashlib.sha256(texts.encode()).hexdigest())
"""


def test_the_files_are_the_same_in_every_process() -> None:
    texts = "".join(exported(prove(obligation)).text for obligation in all_obligations())
    here = hashlib.sha256(texts.encode()).hexdigest()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        ended = subprocess.run(
            [sys.executable, "-c", PRINT], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        assert ended.stdout.strip() == here
