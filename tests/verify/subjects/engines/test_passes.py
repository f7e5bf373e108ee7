"""Passes and rules that are at fault are told, each once and in the smallest graph; right ones beside them are not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backproof.verify.config.options import Options
from backproof.verify.results.findings import Finding, Question, Verdict
from backproof.verify.run.harness import verify
from backproof.verify.run.report import Report
from backproof.verify.subjects.engines.discovery import discovered
from backproof.verify.subjects.load import place_of
from tests.verify.subjects.engines.planted import RIGHT_PASSES, RULES, SORTED, WRONG_PASSES, engine

RIGHT, ACCURATE, SAFE, WIRED = Question
ADD, MUL, TANH = RULES["add"], RULES["mul"], RULES["tanh"]
HELD = ("children", "set(children)")


@pytest.fixture
def checked(tmp_path: Path) -> Callable[[str], Report]:
    def check(text: str) -> Report:
        path = tmp_path / "planted_engine.py"
        path.write_text(text, encoding="utf-8")
        return verify(discovered(place_of(f"{path}:Value")), (), Options(points=20, jobs=2))

    return check


def wiring(report: Report, name: str) -> list[Finding]:
    return [f for f in report[name].answers[WIRED].findings if f.verdict.fails]


SHOWN = {
    "preorder": ("propagates a gradient before it is complete", "c = a + a; c + (a + c)   for a = 2", "3", "5"),
    "breadth first, each node once": ("before it is complete", "c = a + a; c + c   for a = 2", "8", "4"),
    "recursion that passes on what is there": ("before it is complete", "c = a + a; c + c   for a = 2", "8", "4"),
    "recursion that stops at nodes it knows": ("before it is complete", "c = a + a; c + (a + c)   for a = 2", "3", "5"),
    "a flag that is never cleared": (
        "a second backward() on the same graph gives another gradient",
        "a + a   for a = 2; every gradient was set to 0 before it",
        *("0", "2"),
    ),
    "a default that keeps what it has seen": (
        "a second backward() on the same graph gives another gradient",
        "a + a   for a = 2; every gradient was set to 0 before it",
        *("0", "2"),
    ),
    "a default that keeps the order": (
        "a second backward() on the same graph gives another gradient",
        "a + a   for a = 2; every gradient was set to 0 before it",
        *("4", "2"),
    ),
    "sorted by its number, the wrong way round": ("than the rules", "a + (a + a + a)   for a = 2", "2", "4"),
    "it is not reversed": ("gives another gradient than the rules", "a + (a + a)   for a = 2", "1", "3"),
    "no seed": ("gives another gradient than the rule", "a + a   for a = 2", "0", "2"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_wrong_pass_is_told_once_in_the_smallest_graph(name: str, checked) -> None:
    message, at, ours, expected = SHOWN[name]
    (found,) = wiring(checked(engine(WRONG_PASSES[name])), "add")
    assert message in found.message
    assert found.details[:3] == (("at", at), ("ours", f"a.grad = {ours}"), ("expected", f"a.grad = {expected}"))


@pytest.mark.parametrize("name", WRONG_PASSES)
def test_a_wrong_pass_is_told_whatever_holds_the_operands_and_blames_no_rule(name: str, checked) -> None:
    report = checked(engine(WRONG_PASSES[name], children="set(children)"))
    assert wiring(report, "add")
    assert wiring(report, "mul")
    assert {str(o.answers[RIGHT].verdict) for o in report.operations} == {"proved"}


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("name", RIGHT_PASSES)
def test_a_right_pass_is_wired(name: str, held: str, checked) -> None:
    report = checked(engine(RIGHT_PASSES[name], children=held))
    assert {str(o.answers[WIRED].verdict) for o in report.operations} == {"wired"}
    assert not [o.name for o in report.operations if any(a.verdict.fails for a in o.answers.values())]


OF_ONE_OPERAND = {
    "nodes of one operand are visited again": SORTED.replace(
        "if v not in seen:", "if v not in seen or len(v._prev) == 1:"
    ),
    "nodes of one operand run last": SORTED.replace(
        "for v in reversed(order):",
        "for v in sorted(reversed(order), key=lambda v: len(v._prev) == 1 and v is not self):",
    ),
    "what a node of one operand was made of is left out below others": SORTED.replace(
        "for child in v._prev:", "for child in v._prev if len(v._prev) != 1 or len(order) < 3 else ():"
    ),
}


@pytest.mark.parametrize("name", OF_ONE_OPERAND)
def test_a_pass_that_is_wrong_at_nodes_of_one_operand_is_told(name: str, checked) -> None:
    report = checked(engine(OF_ONE_OPERAND[name]))
    found = [f for operation in ("add", "mul", "tanh") for f in wiring(report, operation)]
    assert found
    assert any("tanh" in text for f in found for _, text in f.details)


def test_a_pass_that_hangs_is_named(checked) -> None:
    (found,) = wiring(checked(engine(WRONG_PASSES["it never ends on a diamond"])), "add")
    assert found.message == "backward() runs longer than 2 s"


def test_a_pass_may_be_a_function_of_the_module(checked) -> None:
    wrong = WRONG_PASSES["preorder"].replace("def backward(self):", "def run(self):")
    report = checked(engine("", outside=wrong))
    (found,) = wiring(report, "add")
    assert found.message.startswith("run() ")
    right = checked(engine("", outside=SORTED.replace("def backward(self):", "def derivatives(self):")))
    assert not wiring(right, "add")


def test_a_wrong_pass_has_the_same_report_for_every_hash_seed(tmp_path: Path) -> None:
    path = tmp_path / "planted_engine.py"
    path.write_text(engine(WRONG_PASSES["recursion that stops at nodes it knows"], "set(children)"), encoding="utf-8")
    command = [sys.executable, "-m", "verify", "engine", f"{path}:Value", "--points", "20", "--report", "json=-"]
    runs = [
        subprocess.run(command, capture_output=True, timeout=100, check=False, env={**os.environ, "PYTHONHASHSEED": s})
        for s in ("0", "7", "random")
    ]
    assert {run.returncode for run in runs} == {1}
    assert len({run.stdout for run in runs}) == 1


# ------------------------------------------------------------------------------------------------------------- rules

OVERWRITTEN = "x.grad is overwritten: `=` in place of `+=`"


@pytest.mark.parametrize(
    ("rules", "at", "ours", "expected"),
    [
        ({"add": ADD.replace("+= out", "= out")}, "a + a   for a = 2", "1", "2"),
        ({"add": ADD.replace("self.grad +=", "self.grad =")}, "a + (a + a)   for a = 2", "2", "3"),
        ({"mul": MUL.replace("+=", "=")}, "a*a   for a = 2", "2", "4"),
        ({"tanh": TANH.replace("+=", "=")}, "a + a.tanh()   for a = 2", "0.0706508248532", "1.07065082485"),
    ],
)
def test_an_assignment_is_told_once_and_not_as_a_wrong_order(rules, at, ours, expected, checked) -> None:
    report = checked(engine(**rules))
    for name in RULES:
        found = wiring(report, name)
        if name not in rules:
            assert not found
            continue
        assert [f.message for f in found] == [OVERWRITTEN]
        assert found[0].details[:3] == (("at", at), ("ours", f"a.grad = {ours}"), ("expected", f"a.grad = {expected}"))


def test_a_forgotten_upstream_gradient_is_shown_in_a_graph(checked) -> None:
    (found,) = wiring(checked(engine(mul=MUL.replace(" * out.grad", ""))), "mul")
    assert found.message == "x.grad forgets the upstream gradient"
    assert dict(found.details)["at"] == "a*(a*a)   for a = 2"


def test_an_operand_that_is_left_out_is_told(checked) -> None:
    (found,) = wiring(checked(engine(mul=MUL.replace("data, (self, other)", "data, (self,)"))), "mul")
    assert found.message == "the result does not refer back to y: the inputs of y get no gradient"


RETURNS_ITS_OPERAND = '''
def relu(self):
    return self if self.data > 0 else Value(0.0)

def maximum(self, other):
    return self if self.data >= other.data else other

def __pos__(self):
    return self
'''


def test_an_operation_that_returns_its_operand_is_wired(checked) -> None:
    report = checked(engine(more=RETURNS_ITS_OPERAND))
    for name in ("relu", "max", "pos"):
        verdicts = [str(report[name].answers[question].verdict) for question in (RIGHT, SAFE, WIRED)]
        assert verdicts == ["proved", "safe", "wired"], name


def relu_with(label: str, rule: str = "(self.data > 0)") -> str:
    return f'''
def relu(self):
    out = Value(max(0.0, self.data), (self,))
    out.label = {label}
    def _backward():
        self.grad += {rule} * out.grad
    out._backward = _backward
    return out
'''


@pytest.mark.parametrize("label", ['f"{self.data:.4f}"', 'f"ReLU({self.data!r}, {1})"', "'n ' + f'{self.data}'"])
def test_a_number_in_a_label_is_no_part_of_the_rule(label: str, checked) -> None:
    assert checked(engine(relu=relu_with(label)))["relu"].answers[RIGHT].verdict is Verdict.PROVED


@pytest.mark.parametrize(
    "rule",
    [
        '(2.0 if out.label == "0.1" else self.data > 0)',
        '(self.data > 0 if len(out.label) < 40 else 2.0)',
        '(2.0 if out.label in ("0.1", "0.2") else self.data > 0)',
        '(2.0 if "e" in out.label else self.data > 0)',
        '(2.0 if out.label.startswith("7.1") else self.data > 0)',
        "(float(out.label) > 0)",
    ],
)
def test_a_label_that_decides_proves_nothing(rule: str, checked) -> None:
    found = checked(engine(relu=relu_with('f"{self.data:.1f}"', rule)))["relu"].answers[RIGHT].verdict
    assert found is not Verdict.PROVED


NUMBER_IN_BACKWARD = '''
def __sub__(self, other):
    if isinstance(other, Value):
        out = Value(self.data - other.data, (self, other))
    else:
        out = Value(self.data - other, (self,))
    def _backward():
        self.grad += out.grad
        other.grad -= out.grad
    out._backward = _backward
    return out
'''


def test_a_number_that_the_backward_cannot_take_is_miswired(checked) -> None:
    (found,) = wiring(checked(engine(sub=NUMBER_IN_BACKWARD)), "sub")
    assert found.message == "a plain number on the right fails: AttributeError: 'float' object has no attribute 'grad'"


def test_an_engine_of_nodes_only_is_not_blamed_for_plain_numbers(checked) -> None:
    only = NUMBER_IN_BACKWARD.replace("isinstance(other, Value)", "True")
    assert not wiring(checked(engine(sub=only)), "sub")


# ------------------------------------------------------------------------------------------------------------ powers

POWER = '''
def __pow__(self, k):
    {refuses}
    out = Value(self.data ** k, (self,))
    def _backward():
        self.grad += (k * self.data ** (k - 1) if k else 0.0) * out.grad
    out._backward = _backward
    return out
'''
REFUSES = POWER.format(refuses="assert isinstance(k, (int, float))")
OF_NUMBERS = '''
def __rpow__(self, k):
    out = Value(k ** self.data, (self,))
    def _backward():
        self.grad += out.data{log} * out.grad
    out._backward = _backward
    return out
'''


def test_a_class_that_refuses_nodes_as_exponents_offers_numbers_only(checked) -> None:
    report = checked(engine(pow=REFUSES))
    assert [o.name for o in report.operations] == ["add", "mul", "power", "tanh"]
    assert report["power"].answers[RIGHT].verdict is Verdict.PROVED


def test_an_exponent_that_nobody_refuses_is_noted_and_no_failure(checked) -> None:
    power = checked(engine(pow=POWER.format(refuses="pass")))["power"]
    notes = [f for f in power.findings if f.message.startswith("x**y of two nodes fails: TypeError")]
    assert [f.verdict for f in notes] == [Verdict.FRAGILE]


def test_a_power_of_a_number_that_crashes_is_told(checked) -> None:
    recursion = "\ndef __rpow__(self, k):\n    return Value(k) ** self\n"
    report = checked(engine(pow=REFUSES, rpow=recursion))
    assert [f.message for f in report["rpow"].findings] == ["2**x fails: AssertionError"]
    assert report["rpow"].answers[RIGHT].verdict.fails


def test_x_to_the_y_whose_backward_crashes_is_told(checked) -> None:
    text = POWER.format(refuses="pass").replace("self.data ** k,", "self.data ** getattr(k, 'data', k),")
    report = checked(engine(pow=text))
    assert report["pow"].findings[0].message.startswith("x**y of two nodes fails: TypeError: ")
    assert report["power"].answers[RIGHT].verdict is Verdict.PROVED


def test_x_to_the_y_that_crashes_is_told(checked) -> None:
    endless = POWER.format(refuses="pass") + "\ndef __rpow__(self, k):\n    return k ** self\n"
    report = checked(engine(pow=endless))
    assert "x**y of two nodes fails: RecursionError" in report["pow"].findings[0].message
    assert report["pow"].answers[RIGHT].verdict.fails


@pytest.mark.parametrize(("log", "expected"), [(" * math.log(k)", Verdict.PROVED), ("", Verdict.REFUTED)])
def test_a_power_of_a_number_is_an_operation(log: str, expected: Verdict, checked) -> None:
    report = checked(engine(pow=REFUSES, rpow=OF_NUMBERS.format(log=log)))
    assert report["rpow"].answers[RIGHT].verdict is expected


# ---------------------------------------------------------------------------------------------- where there is no value

RAISES = '''
def log(self):
    if self.data <= 0:
        raise ValueError("the logarithm of a number that is not positive")
    out = Value(math.log(self.data), (self,))
    def _backward():
        self.grad += out.grad / self.data{wrong}
    out._backward = _backward
    return out
'''


@pytest.mark.parametrize(("wrong", "expected"), [("", Verdict.PROVED), (" * 2", Verdict.REFUTED)])
def test_an_error_outside_of_the_domain_does_not_stop_the_trace(wrong: str, expected: Verdict, checked) -> None:
    assert checked(engine(log=RAISES.format(wrong=wrong)))["log"].answers[RIGHT].verdict is expected


def test_an_error_inside_of_the_domain_is_told(checked) -> None:
    log = checked(engine(log=RAISES.format(wrong="").replace("<= 0", "<= 0.5")))["log"]
    assert log.answers[RIGHT].verdict is not Verdict.PROVED
    assert any(answer.verdict.fails for answer in log.answers.values())
