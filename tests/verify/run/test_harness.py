"""The harness: order, selection, workers that can be killed, and an interrupt that loses nothing."""

import os
import time
from dataclasses import replace

import pytest

from backproof.engine import Value
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.run.harness import verify
from backproof.verify.run.report import Report
from backproof.verify.subjects.engines.own import ValueEngine, own_engine
from backproof.verify.support.processes import forks

FAST = Options(points=40, jobs=1, seconds=4)


def engine_of(**methods: object) -> ValueEngine:
    """The engine's class with some methods replaced."""
    kind = type("Value", (Value,), {"__slots__": (), **methods})
    return ValueEngine(kind, {name: name for name in methods})


def with_rule(op: str, during: object) -> object:
    """The operation ``op``, whose closure does ``during()`` first."""
    original = getattr(Value, op)

    def method(self):
        out = original(self)
        closure = out._backward

        def _backward() -> None:
            during()
            closure()

        out._backward = _backward
        return out

    return method


def verdicts(report: Report, op: str) -> dict[Question, Verdict]:
    return {question: answer.verdict for question, answer in report[op].answers.items()}


def test_every_operation_is_there_in_the_order_of_the_table() -> None:
    names = ["tanh", "add", "relu"]
    report = verify(own_engine(), names, FAST)
    assert [o.name for o in report.operations] == ["add", "tanh", "relu"]
    assert report.complete
    assert report.ok


def test_only_the_selected_questions() -> None:
    report = verify(own_engine(), ["tanh"], replace(FAST, questions=(Question.WIRED,)))
    assert verdicts(report, "tanh") == {Question.WIRED: Verdict.WIRED}


def test_one_worker_and_two_find_the_same() -> None:
    names = ["exp", "log", "max", "sigmoid", "hypot"]
    assert verify(own_engine(), names, FAST) == verify(own_engine(), names, replace(FAST, jobs=2))


def test_another_seed_gives_other_points() -> None:
    def worst(seed: int) -> str:
        report = verify(own_engine(), ["tanh"], replace(FAST, seed=seed))
        return report["tanh"].answers[Question.ACCURATE].findings[0].message

    assert worst(0) == worst(0)
    assert worst(0) != worst(1)


def hang() -> None:
    time.sleep(3600)


def test_a_rule_that_hangs_costs_its_verdicts_and_nothing_else() -> None:
    subject = engine_of(tanh=with_rule("tanh", hang), exp=Value.exp)
    report = verify(subject, (), replace(FAST, seconds=2))
    assert report["exp"].ok
    right = report["tanh"].answers[Question.RIGHT]
    assert right.verdict is Verdict.STOPPED
    assert report.only_stopped
    assert "ran longer than 2 s" in right.findings[0].message
    assert report.complete


@pytest.mark.skipif(not forks(), reason="a class at hand is verified in place where nothing forks, and would end us")
def test_a_rule_that_exits_costs_its_verdicts_and_nothing_else() -> None:
    subject = engine_of(tanh=with_rule("tanh", lambda: os._exit(7)), exp=Value.exp)
    report = verify(subject, (), FAST)
    assert report["exp"].ok
    assert "ended with code 7" in report["tanh"].answers[Question.RIGHT].findings[0].message


def grow() -> None:
    bytearray(64 * 2**30)


def test_a_rule_that_exhausts_memory_is_stopped() -> None:
    subject = engine_of(tanh=with_rule("tanh", grow), exp=Value.exp)
    report = verify(subject, (), FAST)
    assert report["exp"].ok
    assert not report["tanh"].ok


def test_an_interrupt_keeps_the_findings_so_far() -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    report = verify(own_engine(), ["add", "tanh", "relu"], FAST, progress=stop)
    assert not report.complete
    assert [o.name for o in report.operations] == ["relu"]  # the end of the table is verified first


def test_something_is_done_meanwhile() -> None:
    done: list[str] = []
    report = verify(own_engine(), ["add"], FAST, progress=done.append, meanwhile=lambda: done.append("meanwhile"))
    assert report.ok
    assert done == ["meanwhile", "add"]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_engine_is_verified(seed: int) -> None:
    """The main job, with fewer points than the command takes: no operation fails, and all are proved."""
    report = verify(own_engine(), (), Options(points=60, seed=seed))
    assert report.ok
    assert {o.answers[Question.RIGHT].verdict for o in report.operations} == {Verdict.PROVED}
