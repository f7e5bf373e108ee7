"""Second order: the derivative of every rule, by nodes of nodes, is the mirror's second derivative."""

from __future__ import annotations

import math
from typing import Any

import pytest
from accuracy_rules import case_with

from backproof.engine import Value
from backproof.verify.checks.case import Case
from backproof.verify.checks.table import CHECKS
from backproof.verify.commands.cli import main
from backproof.verify.config.options import Options
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.subjects.engines.second_order import DerivativeOperation, SecondOrder

PAIRS = [*SecondOrder(own_engine()).operations()]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name} {pair[1].case}")
def test_every_second_derivative_is_proved(pair: Any) -> None:
    proof = Case(*pair, Options()).rule_proof
    assert proof is not None
    assert proof.status is Status.PROVED, proof.reasons


def test_every_operand_has_its_case() -> None:
    assert len(PAIRS) == sum(len(spec.inputs) for _, spec in own_engine().operations())


@pytest.mark.parametrize(
    ("name", "x", "second"),
    [
        ("softplus", 0.0, 0.25),  # sigmoid by min and abs has a kink here that the function has not
        ("logsigmoid", 0.0, -0.25),
        ("silu", 0.0, 0.5),
        ("tanh", 0.5, -2 * math.tanh(0.5) * (1 - math.tanh(0.5) ** 2)),
        ("gelu", 0.0, 2 / math.sqrt(2 * math.pi)),
        ("mish", 0.0, 2 * 0.5 * (1 - 0.6**2)),
    ],
)
def test_values(name: str, x: float, second: float) -> None:
    inner = Value(x)
    outer = Value(inner)
    getattr(outer, name)().backward()
    outer.grad.backward()
    assert inner.grad == pytest.approx(second, rel=1e-14)


def test_a_rule_with_a_right_value_and_a_wrong_derivative() -> None:
    """`out` is taken out of its node: the derivative is right, the second derivative has lost a factor's half."""

    def rule(m: Any, x: Any, out: Any) -> Any:
        return 1 - getattr(out, "data", out) * out

    first = case_with("tanh", rule)
    assert first.rule_proof is not None
    assert first.rule_proof.status is Status.PROVED
    engine = first.operation.engine  # type: ignore[attr-defined]
    second = Case(*next(SecondOrder(engine).operations()), Options(points=200))
    assert isinstance(second.operation, DerivativeOperation)
    (proof,) = [check for check in CHECKS if check.name == "proof"]
    assert Verdict.REFUTED in {finding.verdict for finding in proof.run(second)}


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "mul", "--order", "2", "--jobs", "1"]) == 0
    shown = capsys.readouterr().out
    assert "d/dx of 1 - out**2" in shown
    assert "safe" not in shown.splitlines()[0]
    assert main(["erf", "--order", "2", "--accuracy", "--points", "100"]) == 0
    assert "proved equal" in capsys.readouterr().out
    assert main(["tanh", "--order", "3"]) == 2


def test_only_nodes_hold_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "docs/examples/rules.toml", "--order", "2"]) == 2
    assert "--order 2 differentiates rules of nodes" in capsys.readouterr().err
