"""`probable` in every format: a warning that says what it rests on, and a failure where warnings fail."""

import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import pairwise

import jsonschema
import numpy as np
import pytest

from backproof import verify
from backproof.verify.reports.changes import changes
from backproof.verify.reports.formats import FORMATS
from backproof.verify.reports.saved import loads
from backproof.verify.results import baseline
from backproof.verify.results.findings import Answer, Finding, Question, Verdict, worst
from backproof.verify.run.report import Report

SCHEMA = json.loads((files("backproof.verify.reports") / "schema.json").read_text(encoding="utf-8"))


def softmax(x):
    e = np.exp(x)
    return e / e.sum()


@cache
def probable() -> Report:
    return verify.check(np.tanh, lambda out, g: g * (1 - out**2), shapes={"x": 40}, names=("x",))


@cache
def refuted() -> Report:
    return verify.check(softmax, lambda out, g: out * (g - g.sum()), shapes={"x": 40}, raises=False)


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_shows_the_verdict(name: str, strict: bool) -> None:
    text = FORMATS[name].render(replace(probable(), strict=strict))
    if name.startswith("badge"):
        assert ("1/1" in text) is not strict
    elif name in ("sarif", "github", "gitlab") and not strict:
        assert "ProbableDerivative" not in text  # these report what fails
    else:
        assert "probable" in text.lower()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_shows_a_large_counterexample(name: str) -> None:
    assert FORMATS[name].render(refuted())


@pytest.mark.parametrize("report", [probable, refuted])
def test_as_json_it_is_valid_and_comes_back(report) -> None:
    text = report().to_json()
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))
    assert vars(loads(text)) == vars(report())


def test_it_ranks_between_proved_and_matched() -> None:
    order = [Verdict.PROVED, Verdict.PROBABLE, Verdict.MATCHED, Verdict.INCONCLUSIVE, Verdict.REFUTED]
    for better, worse in pairwise(order):
        assert worst([better, worse]) is worse
    assert Verdict.PROBABLE.warns
    assert not Verdict.PROBABLE.fails


def test_points_that_match_are_no_doubt_beside_it_but_another_case_is() -> None:
    def found(verdict: Verdict, case: str) -> Finding:
        return Finding("f", Question.RIGHT, verdict, "identity", "", case=case)

    large = (found(Verdict.PROBABLE, "x: 9"), found(Verdict.MATCHED, "x: 9"), found(Verdict.PROVED, "x: 2"))
    assert Answer(Question.RIGHT, large).verdict is Verdict.PROBABLE
    assert Answer(Question.RIGHT, (*large, found(Verdict.MATCHED, "x: 7"))).verdict is Verdict.MATCHED
    assert Answer(Question.RIGHT, (*large, found(Verdict.REFUTED, "x: 9"))).verdict is Verdict.REFUTED


def test_compared_with_a_proof_it_is_worse() -> None:
    (operation,) = probable().operations
    right = Answer(Question.RIGHT, tuple(replace(f, verdict=Verdict.PROVED) for f in operation.right.findings))
    proved = replace(probable(), operations=(replace(operation, answers={**operation.answers, Question.RIGHT: right}),))
    (change,) = changes(proved, probable())
    assert (change.kind, change.before, change.after) == ("worse", "proved", "probable")
    (change,) = changes(probable(), proved)
    assert (change.kind, change.before, change.after) == ("better", "probable", "proved")


def test_a_baseline_may_accept_it() -> None:
    strict = replace(probable(), strict=True)
    assert not strict.ok
    known = [replace(k, reason="large") for k in baseline.updated(strict, [])]
    assert [k.verdict for k in known] == ["probable"]
    assert baseline.apply(strict, known).ok
