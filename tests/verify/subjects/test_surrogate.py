"""Rules that are declared to be the derivative of another function than their forward are held to that one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from backproof import verify
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.results.report import OperationReport
from backproof.verify.run.harness import verify_here
from backproof.verify.subjects.rules_file import rules_file
from backproof.verify.subjects.subject import Cases
from backproof.verify.support.errors import UsageError

RIGHT: dict[str, tuple[Any, Any, Any]] = {
    "straight through a rounding": (lambda x: math.floor(x + 0.5), lambda x, g: g, "x"),
    "a clipped straight-through sign": (
        lambda x: 1.0 if x > 0 else -1.0,
        lambda x, g: g if -1 <= x <= 1 else 0.0,
        "min(max(x, -1), 1)",
    ),
    "a reversed gradient": (lambda x: x, lambda x, g: -0.5 * g, "-x/2"),
    "a step with the slope of a sigmoid": (
        lambda x: 1.0 if x > 0 else 0.0,
        lambda x, g: g * math.exp(-abs(x)) / (1 + math.exp(-abs(x))) ** 2,
        lambda x: 1 / (1 + math.exp(-x)),
    ),
    "one of two": (lambda x, y: math.floor(x) * y, lambda x, y, out, g: (g * y, g * x), "x*y"),
}


def answer(name: str, factor: float = 1.0) -> OperationReport:
    forward, backward, surrogate = RIGHT[name]

    def scaled(*args: Any, **named: Any) -> Any:
        found = backward(*args, **named)
        return tuple(factor * v for v in found) if isinstance(found, tuple) else factor * found

    scaled.__wrapped__ = backward  # type: ignore[attr-defined]
    rule = backward if factor == 1 else scaled
    domain = "x < 700" if callable(surrogate) else None
    return verify.check(forward, rule, surrogate=surrogate, domain=domain, name="rule", raises=False).operations[0]


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_declared_is_proved(name: str) -> None:
    found = answer(name)
    assert found.answers[Question.RIGHT].verdict is Verdict.PROVED
    assert found.answers[Question.WIRED].verdict is Verdict.WIRED
    assert any("its surrogate" in finding.message for finding in found.findings)


@pytest.mark.parametrize("name", RIGHT)
def test_another_derivative_is_refuted(name: str) -> None:
    assert answer(name, 1.5).answers[Question.RIGHT].verdict is Verdict.REFUTED


def test_without_the_declaration_it_is_wrong() -> None:
    forward, backward, _ = RIGHT["a reversed gradient"]
    assert not verify.check(forward, backward, name="rule", raises=False).ok


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"surrogate": "x", "definition": "x"}, "drop one"),
        ({"surrogate": "x +"}, "surrogate"),
        ({"surrogate": "y"}, "y"),
    ],
)
def test_usage(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify.check(lambda x: x, lambda g: g, **options)


def test_a_class_has_none() -> None:
    with pytest.raises(UsageError, match="beside a backward"):
        verify.check(float, surrogate="x")


@pytest.mark.parametrize(("rule", "verdict"), [("g", Verdict.PROVED), ("2*g", Verdict.REFUTED)])
def test_in_a_rules_file(tmp_path: Path, rule: str, verdict: Verdict) -> None:
    path = tmp_path / "rules.toml"
    formulas = f'definition = "floor(x)"\nsurrogate = "x"\nbackward = "{rule}"\n'
    path.write_text(f'[[rule]]\nname = "ste"\ninputs = ["x"]\n{formulas}')
    ((operation, spec),) = rules_file(str(path)).operations()
    found = verify_here(Cases("rules", ((operation, spec),))).operations[0]
    assert found.answers[Question.RIGHT].verdict is verdict
