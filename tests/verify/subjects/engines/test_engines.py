"""Engines in common conventions: right rules are proved, planted errors are found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from accuracy_rules import case_of

from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.accuracy.formats import runner
from backproof.verify.accuracy.search import worst
from backproof.verify.arithmetics.ulps import FLOAT32
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.run.harness import verify
from backproof.verify.run.report import Report
from backproof.verify.subjects.engines.conventions import WorkedForm
from backproof.verify.subjects.engines.discovery import discovered
from backproof.verify.subjects.engines.foreign import ForeignEngine
from backproof.verify.subjects.load import place_of

ENGINES = Path(__file__).parent / "samples"
RIGHT, ACCURATE, SAFE, WIRED = Question
OPTIONS = Options(points=80, jobs=2)


def engine(name: str) -> ForeignEngine:
    return discovered(place_of(str(ENGINES / f"{name}.py")))


class Reports(dict[str, Report]):
    """The report of each engine, made when a test first asks: pytest-xdist runs some of the tests in each process."""

    def __missing__(self, name: str) -> Report:
        self[name] = verify(engine(name), (), OPTIONS)
        return self[name]


@pytest.fixture(scope="module")
def reports() -> Reports:
    return Reports()


WRONG = {
    "lecture": {"sigmoid": "the derivative of tanh"},
    "arrays": {"sin": "a sign"},
    "dispatch": {"div": "a sign in y"},
    "nones": {"softplus": "the wrong branch beyond 20"},
    "properties": {"bump": "half of it", "selu": "the decimals of its constants, cut to floats"},
    "functions": {"cos": "a sign"},
    "deriving": {"cube": "a power too high"},
    "singles": {"tanh": "a factor of 1.00001"},
    "dependencies": {"cos": "a sign"},
}
"""The operations that are refuted, and why; all others are proved."""


@pytest.mark.parametrize("name", WRONG)
def test_planted_errors_are_refuted_and_all_else_is_proved(name: str, reports: dict[str, Report]) -> None:
    found = {o.name: o.answers[RIGHT].verdict for o in reports[name].operations}
    allowed = {"selu": {Verdict.REFUTED, Verdict.PROVED}}  # proved once its literals are read as the paper's
    for operation, verdict in found.items():
        expected = Verdict.REFUTED if operation in WRONG[name] else Verdict.PROVED
        assert verdict in allowed.get(operation, {expected}), operation
    assert set(WRONG[name]) <= set(found)


def test_x_to_the_0_is_proved_and_unsafe_at_0_once(reports: dict[str, Report]) -> None:
    power = reports["lecture"]["power"]
    assert power.answers[RIGHT].verdict is Verdict.PROVED
    unsafe = [f for f in power.answers[SAFE].findings if f.verdict is Verdict.UNSAFE and f.case == "n = 0"]
    assert [f.message for f in unsafe] == ["forward or backward fails at x = 0.0, where the operation has a value"]
    proved = next(f for f in power.answers[RIGHT].findings if f.check == "proof" and f.case == "n = 0")
    assert proved.message.endswith("without x = 0, where the rule has no value")


@pytest.mark.parametrize("name", WRONG)
def test_every_operation_is_wired(name: str, reports: dict[str, Report]) -> None:
    assert {o.name: o.answers[WIRED].verdict for o in reports[name].operations if not o.answers[WIRED].verdict.fails}
    assert not [o.name for o in reports[name].operations if o.answers[WIRED].verdict is Verdict.MISWIRED]


CONVENTIONS = {
    #             data     grad        children    hook          arrays tracked resets
    "lecture": ("data", "grad", "_prev", WorkedForm.HOOKS, False, False, False),
    "arrays": ("data", "grad", "_prev", WorkedForm.HOOKS, True, True, False),
    "dispatch": ("value", "gradient", "parents", WorkedForm.SCALED, False, False, True),
    "nones": ("val", "grad", "children", WorkedForm.SEEDED, False, False, False),
    "properties": ("data", "grad", "inputs", WorkedForm.HOOKS, False, False, False),
    "functions": ("data", "grad", "creator", WorkedForm.SEEDED, False, True, False),
    "deriving": ("v", "grad", "args", WorkedForm.SCALED, False, False, False),
    "dependencies": ("data", "grad", "depends_on", WorkedForm.SEEDED, True, True, False),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_conventions_are_observed(name: str) -> None:
    c = engine(name).conventions
    assert (c.data, c.grad, c.children, c.worked_form, c.arrays, c.tracked, c.resets) == CONVENTIONS[name]


def test_single_precision_is_noticed() -> None:
    assert engine("singles").conventions.single
    assert not engine("arrays").conventions.single


def test_the_class_is_found_where_only_the_file_is_named() -> None:
    assert engine("functions").name.endswith("functions.py:Variable")
    assert engine("nones").name.endswith("nones.py:Scalar")


OPERATIONS = {
    "lecture": "add sub mul div neg power exp tanh sigmoid gelu",
    "arrays": "add mul exp log sin tanh relu leaky_relu",
    "dispatch": "add sub mul div exp log sin cos",
    "properties": "add mul atan max sigmoid selu blend bump squareplus",
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_found_by_their_usual_names(name: str) -> None:
    found = list(dict.fromkeys(operation.name for operation, _ in engine(name).operations()))
    assert sorted(found) == sorted(OPERATIONS[name].split())


def test_an_operation_without_a_spec_is_compared_with_its_own_forward(reports: dict[str, Report]) -> None:
    for name in ("squareplus", "blend", "bump"):
        answer = reports["properties"][name].answers[RIGHT]
        assert all(finding.case == "by its own forward" for finding in answer.findings)


def test_a_constant_that_cannot_be_passed_makes_the_forward_the_definition(reports: dict[str, Report]) -> None:
    answer = reports["deriving"]["elu"].answers[RIGHT]
    assert answer.verdict is Verdict.PROVED
    assert answer.findings[0].case == "by its own forward"


def test_the_spec_is_the_variant_that_the_forward_computes() -> None:
    specs = {operation.name: spec.op for operation, spec in engine("lecture").operations()}
    assert specs["gelu"] == "gelu_tanh"


def test_the_rule_is_shown_as_it_is_written(reports: dict[str, Report]) -> None:
    assert reports["lecture"]["tanh"].rule == ("1 - t**2",)
    assert reports["dispatch"]["mul"].rule == ("y", "x")  # read off the trace
    assert reports["properties"]["add"].rule == ("1", "1")  # `partial` would say nothing


def test_the_source_is_the_closure(reports: dict[str, Report]) -> None:
    source = reports["lecture"]["tanh"].source
    assert source.text == "self.grad += (1 - t**2) * out.grad"
    assert source.file.endswith("samples/lecture.py")


# --------------------------------------------------------------------------------------------------- hostile code


def test_hostile_operations_do_not_affect_others(reports: dict[str, Report]) -> None:
    report = reports["hostile"]
    right = {o.name: o.answers[RIGHT].verdict for o in report.operations}
    assert right["add"] is right["exp"] is Verdict.PROVED
    assert {name for name, verdict in right.items() if verdict is Verdict.INCONCLUSIVE} == {
        *("sin", "tanh", "atan", "sqrt", "mystery", "square")
    }
    assert right["cos"] is Verdict.STOPPED  # it takes its worker with it
    assert report.complete


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("sin", "sin exits (code 0)"),
        ("cos", "ended with code 3"),
        ("tanh", "tanh runs longer than 2 s"),
        ("atan", "RecursionError"),
        ("mystery", "ended the process with code 5"),
        ("square", "returned a str"),
    ],
)
def test_the_report_says_what_stopped_it(operation: str, said: str, reports: dict[str, Report]) -> None:
    told = [f.message + " ".join(text for _, text in f.details) for f in reports["hostile"][operation].findings]
    assert any(said in text for text in told), told


def test_output_of_the_subject_is_discarded() -> None:
    words = ["engine", f"{ENGINES / 'hostile.py'}:Value", "add", "exp", "--points", "20"]
    command = [sys.executable, "-m", "verify", *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0
    assert ran.stderr == ""
    assert not [said for said in ("hello", "adding", "exponential") if said in ran.stdout]


def test_a_big_engine_is_proved() -> None:
    report = verify(engine("many"), (), Options(points=20))
    assert len(report.operations) == 60
    assert [o.name for o in report.operations if o.answers[RIGHT].verdict is not Verdict.PROVED] == ["hypot"]


@pytest.mark.parametrize("name", ["tanh", "mul"])
def test_a_batch_of_points_is_evaluated_point_by_point(name: str) -> None:
    """A sweep runs an engine on arrays: each point has its own result, not the first one's."""
    columns = np.array([[0.25, 0.5, -3.0, 7.0], [2.0, -1.0, 0.75, 6e-8]])
    operation = next(o for o, _ in engine("functions").operations() if o.name == name)
    columns = columns[: len(operation.inputs)]
    together = runner(operation, FLOAT32)(columns)
    alone = [runner(operation, FLOAT32)([column[k : k + 1] for column in columns]) for k in range(4)]
    assert together.out.tolist() == [answers.out.item() for answers in alone]
    assert len(set(together.out.tolist())) == 4
    for i, partials in enumerate(together.partials):
        assert partials.tolist() == [answers.partials[i].item() for answers in alone]


def test_an_engine_is_measured_in_another_format_at_every_point() -> None:
    """tanh by 1 - out² loses all digits in float32 as in ours; the product by its swap loses none."""
    cases = {o.name: Case(o, spec, Options()) for o, spec in engine("functions").operations()}
    found = {name: worst(ErrorMeter(cases[name], FLOAT32)).worst for name in ("tanh", "mul")}
    assert found["mul"] is None
    assert found["tanh"] is not None
    assert found["tanh"].local > 2**22
    ours = worst(ErrorMeter(case_of("tanh"), FLOAT32)).worst
    assert ours is not None
    assert found["tanh"].local == pytest.approx(ours.local, rel=0.1)


def test_an_error_in_one_operand_is_reported_at_its_line(tmp_path: Path) -> None:
    text = """
class Value:
    def __init__(self, data, _children=()):
        self.data, self.grad, self._prev, self._backward = data, 0.0, set(_children), lambda: None

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad = 2 * self.data * out.grad

        out._backward = _backward
        return out
"""
    path = tmp_path / "second_line.py"
    path.write_text(text, encoding="utf-8")
    report = verify(discovered(place_of(f"{path}:Value")), ["mul"], Options(points=20))
    found = {f.message: f.source for f in report.findings if f.verdict.fails and f.source is not None}
    wrong = [source.text for message, source in found.items() if "y.grad" in message or "derivative" in message]
    assert wrong == ["other.grad = 2 * self.data * out.grad"] * 3
