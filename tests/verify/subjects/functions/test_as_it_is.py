"""Never worse than finite differences: what no symbol survives runs on floats, held to its own slopes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.tracing import calls


def opaque(x: Any) -> float:
    return float(f"{float(x):.17g}")


RIGHT: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "a text": (lambda x: opaque(x) ** 2, lambda x, g: 2 * g * x, {}),
    "a size": (lambda x: x**2 if x.size == 1 else x, lambda x, g: 2 * g * x, {}),
    "a format": (lambda x: np.zeros(1, dtype=x.dtype)[0] + x**2, lambda x, g: 2 * g * x, {}),
    "raises outside": (lambda x: math.log(opaque(x)), lambda x, g: g / x, {}),
    "NaN outside": (lambda x: np.log(opaque(x)), lambda x, g: g / x, {}),
    "two inputs": (lambda x, y: opaque(x) * y, lambda x, y, g: (g * y, g * x), {}),
    "a kink": (lambda x: abs(opaque(x)), lambda x, g: g * math.copysign(1.0, x), {}),
    "in float32": (lambda x: float(np.float32(opaque(x)) ** 2), lambda x, g: 2 * g * x, {"bounds": {"x": (-2, 2)}}),
    "beside an edge": (lambda x: math.sqrt(opaque(x)), lambda x, g: g / (2 * math.sqrt(x)), {"domain": "x > 0"}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_are_matched_and_wrong_ones_refuted(name: str) -> None:
    forward, backward, more = RIGHT[name]
    report = verify.check(forward, backward, **more)
    operation = report.operations[0]
    assert operation.right.verdict is Verdict.MATCHED
    assert {str(operation.answers[q].verdict) for q in (Question.SAFE, Question.WIRED)} == {"safe", "wired"}

    def wrong(g: float, **inputs: float) -> Any:
        found = backward(**inputs, g=g)
        return tuple(1.01 * v for v in found) if isinstance(found, tuple) else 1.01 * found

    report = verify.check(forward, lambda **inputs: wrong(**{k: v for k, v in inputs.items() if k != "out"}),
                          **more, raises=False)  # fmt: skip
    assert report.operations[0].right.verdict is Verdict.REFUTED


def test_one_line_says_what_stopped_the_trace() -> None:
    report = verify.check(lambda x: opaque(x) ** 2, lambda x, g: 2 * g * x)
    (line,) = [f.message for f in report.findings if "not run on symbols" in f.message]
    assert "could not convert string to float: '…'; the text of a symbol was converted to a float (" in line
    assert "test_as_it_is.py:" in line
    report = verify.check(lambda x: opaque(x) ** 2, lambda x, g: 2 * g * x, "x**2")
    (line,) = [f.message for f in report.findings if f.message.startswith("not proved")]
    assert "test_as_it_is.py:" in line


def test_only_what_runs_nowhere_is_refused() -> None:
    report = verify.check(lambda x: 1 / 0 * x, lambda x, g: g, raises=False)
    assert report.operations[0].right.verdict is Verdict.INCONCLUSIVE
    assert "does not run on any number that was tried (ZeroDivisionError: division by zero)" in str(report.findings)


def test_steps_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace that takes too many calls is none; the count is the same on every machine."""

    def slow(x: Any) -> Any:
        for k in range(600):
            abs(k)
        return x * x

    assert verify.check(slow, lambda x, g: 2 * g * x).operations[0].right.verdict is Verdict.PROVED
    monkeypatch.setattr(calls, "MOST_STEPS", 500)
    report = verify.check(slow, lambda x, g: 2 * g * x)
    assert report.operations[0].right.verdict is Verdict.MATCHED
    assert "more than 500 calls: too many to follow" in str(report.findings)
    report = verify.check(slow, lambda x, g: 3 * g * x, raises=False)
    assert report.operations[0].right.verdict is Verdict.REFUTED


def test_a_forward_that_loses_digits_is_not_the_fault_of_the_rule() -> None:
    def forward(z: Any) -> Any:
        return 2 * ((1 + opaque(z)) ** 0.5 - 1)

    report = verify.check(
        forward, lambda z, g: g * (1 + z) ** -0.5, "2*(sqrt(1 + z) - 1)", domain="z >= 0 and z < 1000", raises=False
    )
    assert report.ok
    given: dict[str, Any] = {"definition": "2*(sqrt(1 + z) - 1)", "domain": "z >= 0", "raises": False}
    report = verify.check(lambda z: forward(z) + 1e-6, lambda z, g: g * (1 + z) ** -0.5, **given)
    assert report.operations[0].right.verdict is Verdict.REFUTED


def _by_its_text(x: Any) -> Any:
    return x * x if len(str(x)) > 2 else 0.0 * x


def _by_an_exception(x: Any) -> Any:
    try:
        return float(str(x)) ** 2
    except ValueError:
        return 0.0 * x


@pytest.mark.parametrize("forward", [_by_its_text, _by_an_exception])
def test_a_forward_that_is_another_on_symbols_is_no_definition(forward: Any) -> None:
    """Its trace is 0: the right rule was refuted by it, and 0 was right."""
    for rule, verdict in ((2.0, Verdict.MATCHED), (2.01, Verdict.REFUTED), (0.0, Verdict.REFUTED)):
        report = verify.check(forward, lambda x, g, rule=rule: rule * g * x, bounds={"x": (0.125, 8)}, raises=False)
        assert report.operations[0].right.verdict is verdict


def test_a_leak_that_changes_nothing_keeps_the_definition() -> None:
    def forward(x: Any) -> Any:
        str(x)
        return x * x

    operation = verify.check(forward, lambda x, g: 2 * g * x).operations[0]
    assert operation.right.verdict is Verdict.MATCHED
    assert Question.ACCURATE in operation.answers
