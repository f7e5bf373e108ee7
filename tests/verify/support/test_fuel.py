"""Fuel: the same count on every machine, charged before the work; what it ends is undecided, never a verdict."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import Any

import pytest

from backproof import verify
from backproof.verify.checks.case import Case
from backproof.verify.config.options import USUAL
from backproof.verify.proof.decide import _decided
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.refute.counterexample import refutations
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.support import fuel
from backproof.verify.support.fuel import OutOfFuel, charge, purse, shown, units_of
from backproof.verify.terms.term import TERMS, TRUE, Term, constant, symbol

m = TERMS
x, g, acc = symbol("x"), symbol("g"), symbol("acc_x")


def rule(definition: Term, partial: Term) -> Obligation:
    return Obligation("f", ("x",), definition, TRUE, definition, (acc + partial * g,))


def spent(work: Any, *arguments: Any) -> int:
    with purse(10**12) as opened:
        work(*arguments)
    return sum(opened.spent.values())


def within(units: int, work: Any, *arguments: Any) -> None:
    with purse(units):
        work(*arguments)


def test_the_work_is_charged_before_it_is_done() -> None:
    done: list[str] = []

    def work() -> None:
        for door, units in (("one", 8), ("another", 3)):
            charge(door, units)
            done.append(door)

    with pytest.raises(OutOfFuel, match="fuel: 10 units are spent, 8 of them on one; a fuel of 40 gives more"):
        within(10, work)
    assert done == ["one"]


def test_a_charge_of_more_than_there_is_says_so() -> None:
    with pytest.raises(OutOfFuel, match="fuel: 1M units are spent, more than that on powers; a fuel of 4M gives more"):
        within(10**6, charge, "powers", 10**9)


def test_the_largest_natural_rules_are_within_it() -> None:
    """A sum of 24 logarithms: polynomials of degree 300."""
    terms = [m.log(1 + m.exp(k * x)) for k in range(1, 25)]
    slopes = [k * m.exp(k * x) / (1 + m.exp(k * x)) for k in range(1, 25)]
    zero = constant(0)
    obligation = rule(sum(terms, zero), sum(slopes, zero))
    with purse(fuel.FUEL // 2):
        assert _decided(obligation).status is Status.PROVED


def test_no_exception_handler_takes_it_for_a_result() -> None:
    def work() -> None:
        try:
            charge("one", 2)
        except Exception:
            pytest.fail("it is caught")

    with pytest.raises(OutOfFuel):
        within(1, work)


def test_where_no_purse_is_open_work_is_free() -> None:
    charge("one", 10**12)


def test_a_purse_within_another_is_another() -> None:
    with purse(10) as outer, purse(100) as inner:
        charge("one", 50)
    assert (outer.left, inner.left) == (10, 50)


@pytest.mark.parametrize(
    ("text", "units"),
    [("40M", 40_000_000), ("250k", 250_000), ("2.5M", 2_500_000), ("1000001", 1_000_001), ("1G", 10**9)],
)
def test_units_are_read_and_shown(text: str, units: int) -> None:
    assert units_of(text) == units
    assert units_of(shown(units)) == pytest.approx(units, rel=0.01)


@pytest.mark.parametrize(
    "text", ["", "M", "-1M", "0", "0k", "nan", "nanM", "infM", "1e9M4", "1,5M", "5 M M", "0.0001k"]
)
def test_what_is_no_number_of_units_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        units_of(text)


@pytest.mark.parametrize("given", [0, -1, True, 1.5, None, "many", "0k"])
def test_what_is_no_fuel_is_a_mistake_in_the_call(given: Any) -> None:
    with pytest.raises(verify.UsageError, match="fuel: "):
        verify.check(lambda x: 1.0 * x, lambda g: g, "x", fuel=given)


def test_the_count_does_not_depend_on_what_was_asked_before() -> None:
    """Terms, programs and factors are cached; a cached one costs what it cost the first time."""
    questions = [(prove, rule(m.tanh(x), 1 - m.tanh(x) ** 2)), (prove, rule(m.log(1 + m.exp(x)), m.exp(x)))]
    questions.append((refutations, prove(rule(m.sin(x), m.cos(x) * 2))))
    first = [spent(*question) for question in questions]
    assert [spent(*question) for question in reversed(questions)] == first[::-1]
    assert min(first) > 100


COUNT = """
from backproof.verify.checks.case import Case
from backproof.verify.config.options import USUAL
from backproof.verify.proof.decide import _decided
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.support.fuel import purse

for operation, spec in own_engine().operations():
    if operation.name in ("hypot", "gelu_tanh", "acos", "hardswish", "max", "atan2", "logaddexp"):
        case = Case(operation, spec, USUAL)
        obligation = case._obligation(case.trace, case.trace.gradients)
        with purse(10**9) as opened:
            _decided(obligation)
        print(operation.name, sorted(opened.spent.items()))
"""


def test_the_count_is_the_same_under_every_hash_seed() -> None:
    told = set()
    for seed in "0123":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        ran = subprocess.run([sys.executable, "-c", COUNT], env=environment, capture_output=True, text=True, check=True)
        told.add(ran.stdout)
    (only,) = told
    assert only.count("\n") >= 7


def test_more_fuel_only_decides_what_was_open() -> None:
    def status(units: int) -> Status:
        try:
            with purse(units):
                return _decided(rule(m.log(1 + m.exp(x)), m.exp(x) / (1 + m.exp(x)))).status
        except OutOfFuel:
            return Status.UNKNOWN

    found = [status(units) for units in (100, 1000, 10_000, 100_000)]
    assert found[0] is Status.UNKNOWN
    assert found[-1] is Status.PROVED
    assert sorted(found, key=lambda s: s is Status.PROVED) == found


def test_every_operation_of_the_engine_needs_a_fraction_of_it() -> None:
    for operation, spec in own_engine().operations():
        case = Case(operation, spec, USUAL)
        assert spent(_decided, case._obligation(case.trace, case.trace.gradients)) < fuel.FUEL / 20


def verdicts(backward: Any, **options: Any) -> dict[str, Verdict]:
    report = verify.check(math.tanh, backward, "tanh(x)", points=40, raises=False, **options)
    return {f.check: f.verdict for f in report.findings if f.question.value == "right"}


def test_a_right_rule_without_fuel_is_matched_with_the_reason() -> None:
    def right(out: float, g: float) -> float:
        return g * (1 - out**2)

    report = verify.check(math.tanh, right, "tanh(x)", points=40, fuel=500)
    (finding,) = [f for f in report.findings if f.check == "proof"]
    assert finding.verdict is Verdict.MATCHED
    assert finding.message.startswith("not proved: fuel: 500 units are spent, ")
    assert "a fuel of 2k gives more; checked at points only" in finding.message
    assert verdicts(right, fuel="20k")["proof"] is Verdict.PROVED


def test_a_wrong_rule_without_fuel_is_still_refuted_at_points() -> None:
    found = verdicts(lambda out, g: g * (1 - out**3), fuel=1)
    assert found["proof"] is Verdict.MATCHED
    assert found["points"] is Verdict.REFUTED


def test_a_report_is_the_same_on_all_numbers_of_workers(tmp_path: Any) -> None:
    """Where the fuel is short, too: what is open is open for everybody."""
    told = []
    for jobs in ("1", "2", "5"):
        out = tmp_path / f"{jobs}.json"
        command = [sys.executable, "-m", "backproof.verify", "tanh", "gelu", "hypot", "softplus", "--points", "40"]
        command += ["--jobs", jobs, "--fuel", "3k", "--report", f"json={out}", "--quiet"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert ran.returncode in (0, 1), ran.stderr
        told.append(out.read_bytes())
    assert told[0] == told[1] == told[2]
    assert b"fuel: 3k units are spent" in told[0]
