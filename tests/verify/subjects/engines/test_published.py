"""Engines in the styles that people publish: right ones are read, proved and never blamed, wrong ones are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backproof.verify.config.options import Options
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.results.report import OperationReport
from backproof.verify.run.harness import verify
from backproof.verify.run.report import Report
from backproof.verify.subjects.engines.conventions import WorkedForm
from backproof.verify.subjects.engines.discovery import discovered
from backproof.verify.subjects.load import place_of

HERE = Path(__file__).parent
RIGHT, ACCURATE, SAFE, WIRED = Question
OPTIONS = Options(points=60, jobs=2)


def report(path: Path) -> Report:
    return verify(discovered(place_of(str(path))), (), OPTIONS)


def verdict(operation: OperationReport, question: Question) -> str:
    answer = operation.answers.get(question)
    return str(answer.verdict) if answer is not None else ""


def fails(operation: OperationReport) -> bool:
    return any(answer.verdict.fails for answer in operation.answers.values())


STYLES = {
    #                   rules            the node's rule  the pass            operations
    "recursive_dfs": (WorkedForm.HOOKS, "_backward", "backward", "add sub mul div neg power exp relu pos"),
    "kahn_order": (WorkedForm.HOOKS, "_bw", "run_backward", "add mul sin"),
    "global_tape": (WorkedForm.SCALED, "", "gradients", "add mul tanh"),
    "function_classes": (WorkedForm.SEEDED, "", "backward", "add sub mul exp"),
    "dataclass_local": (WorkedForm.SEEDED, "", "backpropagate", "add mul neg log"),
    "numpy_scalars": (WorkedForm.SCALED, "", "backward", "add sub mul exp tanh"),
    "given_upstream": (WorkedForm.HOOKS, "push", "sweep", "add mul cos"),
    "abstract_nodes": (WorkedForm.HOOKS, "propagate", "differentiate", "add mul sin"),
    "frees_its_graph": (WorkedForm.HOOKS, "rule", "backward", "add mul"),
    "asked_for": (WorkedForm.PULLED, "", "grad", "add mul sin"),
}


@pytest.mark.parametrize("name", STYLES)
def test_a_right_engine_is_read_proved_and_wired(name: str) -> None:
    form, hook, own_pass, operations = STYLES[name]
    engine = discovered(place_of(str(HERE / "published" / f"{name}.py")))
    c = engine.conventions
    assert (c.worked_form, c.hook, c.own_pass) == (form, hook, own_pass)
    found = verify(engine, (), OPTIONS)
    assert sorted(o.name for o in found.operations) == sorted(operations.split())
    assert {verdict(o, RIGHT) for o in found.operations} == {"proved"}
    assert {verdict(o, WIRED) for o in found.operations} == {"wired"}
    assert {o.name for o in found.operations if fails(o)} <= {"power"}  # a root of 0 has no derivative, and raises


def test_a_forward_that_is_nearly_the_function_is_judged_as_what_it_is() -> None:
    found = report(HERE / "published" / "own_functions.py")
    right = {o.name: verdict(o, RIGHT) for o in found.operations}
    nearly = dict.fromkeys(("div", "tanh", "exp", "log", "sigmoid"), "matched")
    assert right == {"mul": "proved", "sqrt": "proved", **nearly, "sin": "refuted", "cos": "refuted"}
    assert {o.name for o in found.operations if fails(o)} == {"sin", "cos"}
    said = {o.name: " ".join(f.message for f in o.findings if f.check == "proof") for o in found.operations}
    assert "derivative of its own forward, which is not tanh(x): " in said["tanh"]
    assert "derivative of its own forward, which is not x/y: " in said["div"]
    assert "derivative of its own forward, which is not exp(x): " in said["exp"]
    assert "forward and rule differ by less than 2**-30 of their size" in said["sigmoid"]


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("sin", "the rule is the derivative of sin(x), and not of its own forward"),
        ("cos", "the rule is not the derivative of its own forward either"),
    ],
)
def test_a_refuted_rule_of_another_forward_says_which_of_the_two_it_is(operation: str, said: str) -> None:
    found = report(HERE / "published" / "own_functions.py")[operation]
    assert said in [text for f in found.findings for key, text in f.details if key == "own forward"]


# --------------------------------------------------------------------------------------------- the cases of the issue


def case(name: str) -> dict[str, OperationReport]:
    return {o.name: o for o in report(HERE / "cases" / f"{name}.py").operations}


@pytest.mark.parametrize("name", ["hook_named_backward", "inherited_operations", "subclass_per_op", "guarded_division"])
def test_a_right_case_is_proved_and_wired(name: str) -> None:
    found = case(name)
    assert len(found) >= 2
    for operation in found.values():
        assert (verdict(operation, RIGHT), verdict(operation, WIRED)) == ("proved", "wired")
        assert not fails(operation)


@pytest.mark.parametrize("name", ["pass_named_backprop", "stack_preorder"])
def test_a_wrong_pass_is_told_in_a_graph_that_one_can_check_by_hand(name: str) -> None:
    for operation in case(name).values():
        (finding,) = operation.answers[WIRED].findings
        assert finding.verdict is Verdict.MISWIRED
        assert finding.message.endswith("propagates a gradient before it is complete")
        assert dict(finding.details)["at"].startswith("c = a")
        assert verdict(operation, RIGHT) == "proved"


def test_a_plain_number_that_crashes_is_miswired_with_the_error() -> None:
    found = case("constant_crashes")
    (finding,) = found["sub"].answers[WIRED].findings
    assert finding.verdict is Verdict.MISWIRED
    assert finding.message == "a plain number on the right fails: IndexError: tuple index out of range"
    assert not any("internal error" in f.message for o in found.values() for f in o.findings)


def test_an_exponent_without_a_gradient_is_told() -> None:
    found = case("exponent_dropped")
    assert verdict(found["pow"], RIGHT) == "refuted"
    assert [f.message for f in found["pow"].answers[WIRED].findings] == ["no gradient reaches y"]
    assert verdict(found["power"], RIGHT) == "proved"


@pytest.mark.parametrize("name", ["published/recursive_dfs", "cases/inherited_operations"])
def test_the_same_bytes_for_every_hash_seed(name: str) -> None:
    words = ["engine", f"{HERE / name}.py:Value", "--points", "20", "--report", "json=-"]
    command = [sys.executable, "-m", "verify", *words]
    outputs = set()
    for seed in ("0", "1", "random"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=environment)
        assert json.loads(ran.stdout)["operations"]
        outputs.add(ran.stdout)
    assert len(outputs) == 1
