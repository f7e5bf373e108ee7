"""The process for proofs: the same results, in time; a killed process is replaced."""

from __future__ import annotations

import os
import pickle
import sys
import time
from contextlib import nullcontext

import pytest
from flint import arb, ctx

from backproof import verify
from backproof.verify.proof import process
from backproof.verify.proof.decide import _decided, decided, forget
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.process import Died, Unanswered, answered
from backproof.verify.proof.refute.counterexample import refutations
from backproof.verify.proof.result import Status
from backproof.verify.support import processes
from backproof.verify.support.fuel import budget
from backproof.verify.support.limits import OutOfTime, alarm, time_limit
from backproof.verify.terms.term import TERMS, TRUE, Term, constant, symbol

x, g, acc = symbol("x"), symbol("g"), symbol("acc_x")
m = TERMS


def rule(definition: Term, partial: Term) -> Obligation:
    return Obligation("f", ("x",), definition, TRUE, definition, (acc + partial * g,))


ENDLESS = rule(m.mul(x, m.div(m.pow(3, 10**9), m.pow(3, 10**9))), constant(1))
"""x·3**1000000000/3**1000000000: FLINT would multiply numbers of a billion bits, which takes minutes."""


def whereabouts() -> int:
    return os.getpid()


def test_outside_of_a_time_limit_the_work_is_done_on_the_spot() -> None:
    assert answered(whereabouts) == os.getpid()


def test_within_a_time_limit_it_is_done_in_one_process() -> None:
    with time_limit(60.0):
        first, second = answered(whereabouts), answered(whereabouts)
    assert first == second != os.getpid()


@pytest.mark.parametrize("partial", [1 - m.tanh(x) ** 2, 1 + m.tanh(x) ** 2])
def test_the_proof_is_the_same(partial: Term) -> None:
    obligation = rule(m.tanh(x), partial)
    here = decided(obligation)
    with time_limit(60.0):
        there = decided(obligation)
        counterexamples = answered(refutations, there)
    assert there == here
    assert [w.point for w in counterexamples] == [w.point for w in refutations(here)]


def test_a_proof_that_would_take_minutes_is_not_begun() -> None:
    with time_limit(60.0):
        proof = decided(ENDLESS)
    assert proof.status is Status.UNKNOWN
    assert proof.failure == "everywhere: a power of a number that has too many digits"


def test_such_a_rule_is_matched_at_points_with_the_reason() -> None:
    text = "x*3**1000000000/3**1000000000"
    report = verify.check(lambda x: 1.0 * x, lambda g: g, text, points=20, raises=False)
    (finding,) = [f for f in report.findings if f.check == "proof"]
    assert finding.verdict.value == "matched"
    too_long = "everywhere: a power of a number that has too many digits"
    assert finding.message == f"not proved: {too_long}; checked at points only"


def test_the_fuel_is_the_same_in_both_processes() -> None:
    obligation = rule(m.tanh(x), 1 - m.tanh(x) ** 2)
    with budget(500):
        here = decided(obligation)
        forget()
        with time_limit(60.0):
            there = decided(obligation)
    assert here == there
    assert here.failure.startswith("fuel: 500 units are spent")
    assert decided(obligation).status is Status.PROVED


def test_past_the_time_the_process_is_killed_and_nothing_is_decided() -> None:
    """The clock gives no verdict: the check that asked is stopped."""
    with time_limit(60.0):
        answered(whereabouts)  # it has started: not counted in the time below
    with time_limit(0.5), pytest.raises(OutOfTime):
        answered(time.sleep, 30)
    with time_limit(60.0):
        assert decided(rule(m.tanh(x), 1 - m.tanh(x) ** 2)).status is Status.PROVED


def test_a_process_that_dies_is_reported_and_replaced() -> None:
    with time_limit(60.0):
        with pytest.raises(Died, match="the prover's process ended"):
            answered(os._exit, 5)
        assert answered(whereabouts) != os.getpid()


def test_no_time_left_is_not_spent() -> None:
    with time_limit(0.0), pytest.raises(OutOfTime):
        answered(whereabouts)


def no_memory() -> None:
    raise MemoryError


def too_deep() -> int:
    return too_deep()


def test_memory_is_a_limit_of_this_machine_and_depth_is_not() -> None:
    for within in (nullcontext(), time_limit(60.0)):
        with within:
            with pytest.raises(MemoryError):
                answered(no_memory)
            with pytest.raises(Unanswered, match="nested too deeply"):
                answered(too_deep)


def test_an_error_of_ours_is_an_error_here() -> None:
    with time_limit(60.0), pytest.raises(RuntimeError, match="AttributeError"):
        answered(_decided, None)


def test_terms_nested_without_end_are_a_failure_and_no_crash() -> None:
    deep: Term = x
    for _ in range(50_000):
        deep = m.sin(deep)
    with time_limit(60.0):
        assert decided(rule(deep, constant(1))).status is not Status.PROVED


def test_an_interrupted_proof_is_not_returned_for_the_next_question() -> None:
    with time_limit(60.0):
        with pytest.raises(OutOfTime), alarm(0.2):
            answered(time.sleep, 30)
        assert answered(whereabouts) != os.getpid()


def test_where_no_process_can_be_started_the_work_is_done_on_the_spot(monkeypatch) -> None:
    monkeypatch.setattr(process, "_PROVERS", [])
    monkeypatch.setattr(sys, "executable", "/no/such/interpreter")
    with time_limit(60.0):
        assert answered(whereabouts) == os.getpid()


def test_where_the_process_ends_at_once_the_work_is_done_on_the_spot(monkeypatch) -> None:
    monkeypatch.setattr(process, "_PROVERS", [])
    monkeypatch.setattr(processes, "_COMMAND", "raise SystemExit(1)")
    with time_limit(60.0):
        assert answered(whereabouts) == os.getpid()
        assert answered(whereabouts) == os.getpid()
    assert len(process._PROVERS) == 2  # the one that ended, and None


@pytest.mark.parametrize("text", ["0", "1", "1/3", "nan", "inf", "pi", "wide"])
def test_intervals_are_pickled_without_loss(text: str) -> None:
    with ctx.workprec(300):
        ball = {"1/3": arb(1) / 3, "pi": arb.pi(), "wide": arb(2, 1e-3)}.get(text) or arb(text)
        sent = pickle.dumps(ball)
    with ctx.workprec(53):
        arrived = pickle.loads(sent)
    assert arrived.is_nan() if text == "nan" else arrived.contains(ball)
    assert text == "nan" or arrived.rad() <= ball.rad() * 1.0001
    assert text == "nan" or text == "inf" or arrived.mid() == ball.mid()
