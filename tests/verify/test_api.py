"""`verify.check`: right pairs pass, wrong ones raise with the evidence, invalid calls are told what to do."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import sympy

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.run.report import Report
from backproof.verify.support.errors import DerivativeError, UsageError

FEW = {"points": 120}


def tanh(x: Any) -> Any:
    return math.tanh(x)


def tanh_backward(out: Any, g: Any) -> Any:
    return g * (1 - out**2)


def verdicts(report: Report) -> tuple[str, ...]:
    (operation,) = report.operations
    return tuple(a.verdict.value for a in (operation.right, operation.accurate, operation.safe, operation.wired))


X, Y = sympy.symbols("x y")

RIGHT = {
    "tanh": (tanh, tanh_backward, "tanh(x)", {}),
    "sympy": (tanh, tanh_backward, sympy.tanh(X), {}),
    "no definition": (tanh, tanh_backward, None, {}),
    "numpy": (np.exp, lambda out, g: g * out, "exp(x)", {"names": ("x",)}),
    "relu": (lambda x: np.maximum(x, 0.0), lambda x, g: g * (x > 0), "max(x, 0)", {"kinks": {"x": 0}}),
    "if": (lambda x: x if x > 0 else 0.0, lambda x, g: g if x > 0 else 0.0, "relu(x)", {}),
    "abs": (abs, lambda x, g: g * np.sign(x), sympy.Abs(X), {"names": ("x",)}),
    "product": (lambda x, y: x * y, lambda x, y, g: (g * y, g * x), "x*y", {}),
    "three": (lambda a, b, c: a * b + c, lambda a, b, g: (g * b, g * a, g), "a*b + c", {}),
    "softplus": (lambda x: np.logaddexp(0.0, x), lambda x, g: g / (1 + np.exp(-x)), "log(1 + exp(x))", {}),
    "angle": (
        np.arctan2,
        lambda x, y, g: (g * y / (x * x + y * y), -g * x / (x * x + y * y)),
        "atan2(x, y)",
        {"domain": "x**2 + y**2 > 0", "names": ("x", "y")},
    ),
    "kink of two": (
        lambda x, y: max(x, y),
        lambda x, y, g: (g, 0.0) if x >= y else (0.0, g),
        "max(x, y)",
        {"kinks": {"x - y": [1, 0]}},
    ),
    "largest of three": (
        lambda x, y, z: max(x, y, z),
        lambda x, y, z, g: (g, 0, 0) if x >= y and x >= z else (0, g, 0) if y >= z else (0, 0, g),
        "max(max(x, y), z)",
        {},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_pairs_are_proved(name: str) -> None:
    forward, backward, definition, more = RIGHT[name]
    report = verify.check(forward, backward, definition, raises=False, **FEW, **more)
    right, _, safe, wired = verdicts(report)
    if name != "angle":  # x*x overflows
        assert report.ok, report.findings
        assert safe == "safe"
    assert (right, wired) == ("proved", "wired")


ONE = {"names": ("x",)}

WRONG = {
    "sign": (tanh, lambda out, g: g * (1 + out**2), "tanh(x)", {}, "refuted"),
    "input for out": (tanh, lambda x, g: g * (1 - x**2), "tanh(x)", {}, "refuted"),
    "its forward": (lambda x: 2 * math.tanh(x), tanh_backward, "tanh(x)", {}, "refuted"),
    "one of two": (lambda x, y: x * y, lambda x, y, g: (g * y, g * y), "x*y", {}, "refuted"),
    "third of three": (lambda a, b, c: a * b + c, lambda a, b, g: (g * b, g * a, 2 * g), "a*b + c", {}, "refuted"),
    "by a millionth": (tanh, lambda out, g: g * (1 - out**2) * 1.000001, "tanh(x)", {}, "refuted"),
    "only on floats": (
        lambda x: float.fromhex(float(x).hex()) ** 2,
        lambda x, g: 2.001 * g * float.fromhex(float(x).hex()),
        "x**2",
        {},
        "refuted",
    ),
    "lgamma": (math.lgamma, lambda x, g: g * math.log(x), "lgamma(x)", {**ONE, "domain": "x > 0"}, "refuted"),
    "forgets g": (math.exp, lambda out: out, "exp(x)", {"names": ("x",)}, "miswired"),
    "clips g": (math.exp, lambda out, g: out * min(g, 5.0), "exp(x)", {"names": ("x",)}, "miswired"),
    "a kink": (abs, lambda x, g: g * (1 if x > 0 else -1 if x < 0 else 3), "abs(x)", {"names": ("x",)}, "unsafe"),
    "a policy": (abs, lambda x, g: g * np.sign(x), "abs(x)", {"names": ("x",), "kinks": {0: 1}}, "unsafe"),
    "a tie": (lambda x, y: max(x, y), lambda x, y, out, g: (g * (x == out), g * (y == out)), "max(x, y)", {}, "unsafe"),
    "three tied": (
        lambda x, y, z: max(x, y, z),
        lambda x, y, z, out, g: (g * (x == out), g * (y == out), g * (z == out)),
        "max(max(x, y), z)",
        {},
        "unsafe",
    ),
    "crashes at 0": (math.sqrt, lambda out, g: g / (2 * out), "sqrt(x)", {**ONE, "domain": "x >= 0"}, "unsafe"),
    "None": (tanh, lambda g: None, "tanh(x)", {}, "inconclusive"),
    "two for one": (tanh, lambda g: (g, g), "tanh(x)", {}, "inconclusive"),
    "never answers": (lambda x: [][1], lambda g: g, "x", {}, "inconclusive"),
    "no definition": (lambda x: float.fromhex(float(x).hex()), lambda g: 2 * g, None, {}, "refuted"),
    "runs nowhere": (lambda x: [][1], lambda g: g, None, {}, "inconclusive"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_pairs_are_found(name: str) -> None:
    forward, backward, definition, more, verdict = WRONG[name]
    with pytest.raises(DerivativeError) as caught:
        verify.check(forward, backward, definition, **FEW, **more)
    assert verdict.upper() in str(caught.value)
    assert any(f.verdict == verdict for f in caught.value.findings)
    assert not caught.value.report.ok


def test_the_evidence_is_reported() -> None:
    with pytest.raises(DerivativeError) as caught:
        verify.check(tanh, lambda out, g: g * (1 + out**2), "tanh(x)")
    told = str(caught.value)
    assert "REFUTED  tanh: the rule is not the derivative of tanh(x)" in told
    assert "1 + out**2" in told
    assert "1 - tanh(x)**2" in told
    assert "certified" in told
    assert "1 - tanh(x)**2 is proved" in told


def test_what_the_prover_does_not_know_is_matched_in_balls() -> None:
    report = verify.check(
        math.lgamma, lambda x, g: g * digamma(x), "lgamma(x)", names=("x",), domain="x > 0", raises=False, **FEW
    )
    assert report["lgamma"].right.verdict is Verdict.MATCHED
    assert report.ok
    assert any("no normal form for lgamma" in f.message or "symbols" in f.message for f in report.findings)


def digamma(x: float) -> float:
    from backproof.verify.arithmetics.floats import DOUBLES

    return float(DOUBLES.digamma(float.fromhex(float(x).hex())))


def test_without_a_definition_the_report_says_so() -> None:
    report = verify.check(tanh, tanh_backward, **FEW)
    assert any("with the forward's own code as the definition" in f.message for f in report["tanh"].right.findings)


def test_a_report_from_python() -> None:
    report = verify.check(tanh, tanh_backward, "tanh(x)", raises=False, **FEW)
    assert report.ok
    assert report["tanh"].right.verdict is Verdict.PROVED
    assert report["tanh"].accurate.verdict is Verdict.INACCURATE
    assert report["tanh"].ok
    assert json.loads(report.to_json())["ok"] is True
    assert "tanh" in report._repr_markdown_()
    with pytest.raises(KeyError, match="it has tanh"):
        report["tahn"]


def test_strict_makes_warnings_fail() -> None:
    with pytest.raises(DerivativeError, match="INACCURATE"):
        verify.check(tanh, tanh_backward, "tanh(x)", strict=True)


def test_the_same_seed_gives_the_same_report() -> None:
    reports = [verify.check(tanh, tanh_backward, "tanh(x)", seed=s, **FEW).to_json() for s in (3, 3, 4)]
    assert reports[0] == reports[1] != reports[2]


def test_a_point_is_looked_at() -> None:
    report = verify.check(tanh, tanh_backward, "tanh(x)", point={"x": "0x1.8p+0"}, **FEW)
    assert any("at x = 1.5 the rule gives" in f.message for f in report.findings)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((tanh, tanh_backward, "tahn(x)"), {}, "definition 'tahn.x.': line 1, column 1: unknown function 'tahn': did"),
        ((tanh, tanh_backward, sympy.tanh(Y)), {}, "'y' is not an input"),
        ((tanh, tanh_backward, sympy.zeta(X)), {}, "zeta is not supported"),
        ((tanh, tanh_backward, "tanh(x)"), {"domain": "x"}, "a condition is needed"),
        ((tanh, tanh_backward, "tanh(x)"), {"kinks": {"x": [1, 0]}}, "needs one derivative per input, not 2"),
        ((max, lambda g: (g, g), "max(x, y)"), {"names": ("x", "y"), "kinks": 0}, "a place for one input"),
        ((tanh, tanh_backward), {"point": {"y": 1}}, "point: 'y' is not an input"),
        ((tanh, tanh_backward), {"point": {"x": "one"}}, "point: 'one' is not a number"),
        ((tanh, 3), {}, "the backward 3 is not a function"),
        ((tanh,), {}, "pass both"),
        ((tanh, tanh_backward), {"names": ("x", "x")}, "occurs twice"),
    ],
)
def test_senseless_calls(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify.check(*arguments, **options)


def test_cases() -> None:
    found = verify.cases({"tanh": (tanh, tanh_backward), "bad": (math.exp, lambda g: g, "exp(x)")})
    assert list(map(str, found)) == ["tanh", "bad"]
    assert found[0].check(points=50).points == 50
    with pytest.raises(DerivativeError, match="REFUTED  bad"):
        found[1].check(points=50)
    (named,) = verify.cases([verify.pair(tanh, tanh_backward, "tanh(x)", name="hyperbolic")])
    assert str(named) == "hyperbolic"
    with pytest.raises(UsageError, match="two pairs are called 'tanh'"):
        verify.cases([(tanh, tanh_backward), (tanh, tanh_backward)])
    with pytest.raises(UsageError, match="is not a pair"):
        verify.cases([tanh])


def test_importing_verify_loads_nothing() -> None:
    code = (
        "import sys, verify; verify.DerivativeError; dir(verify); "
        "print([m for m in ('sympy', 'numpy', 'flint', 'rich') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        verify.chekc  # noqa: B018


def test_a_report_prints_as_the_terminal_shows_it() -> None:
    def backward(out, g):
        return g * (1 + out**2)

    text = str(verify.check(math.tanh, backward, "tanh(x)", name="tanh", raises=False))
    assert text.splitlines()[0].split() == ["operation", "rule", "as", "written", "right", "accurate", "safe", "wired"]
    assert "REFUTED  tanh: the rule is not the derivative of tanh(x)" in text
    assert "1 operation, 1 failed" in text
    assert max(map(len, (line for line in text.splitlines() if "rerun" not in line))) <= 80
