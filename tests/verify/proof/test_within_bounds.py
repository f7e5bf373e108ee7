"""What lies beyond the bounds of the inputs is left out of a proof, and nothing else is."""

from __future__ import annotations

import math
from typing import Any

import pytest

from backproof import verify
from backproof.verify.proof.certificate.claims import Uncertifiable
from backproof.verify.proof.certificate.writer import certificate
from backproof.verify.proof.coq.export import NotProved, exported
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import Status
from backproof.verify.proof.within_bounds import within_bounds
from backproof.verify.results.findings import Verdict
from backproof.verify.terms.parser import expression
from backproof.verify.terms.term import TRUE, symbol

FEW: dict[str, Any] = {"points": 300, "raises": False}


def right(function: Any, jac: Any, **options: Any) -> tuple[Verdict, list[str]]:
    operation = verify.check(function, jac=jac, **options, **FEW).operations[0]
    return operation.right.verdict, [f.message for f in operation.findings if f.check == "proof"]


def clipped(x):
    return math.exp(min(x, 700.0)) - x


@pytest.mark.parametrize("high", [20.0, 699.0])
def test_a_derivative_that_is_wrong_beyond_the_bounds_is_proved_within(high: float) -> None:
    verdict, (message,) = right(clipped, lambda x: math.exp(x) - 1, bounds={"x": (-20, high)})
    assert verdict is Verdict.PROVED
    assert "within the bounds" in message


def test_the_same_without_bounds_is_refuted() -> None:
    verdict, _ = right(clipped, lambda x: math.exp(x) - 1)
    assert verdict is Verdict.REFUTED


@pytest.mark.parametrize("narrow", [0.5, 1e-3, 1e-6])
def test_a_derivative_that_is_wrong_on_a_sliver_within_the_bounds_is_never_proved(narrow: float) -> None:
    verdict, _ = right(lambda x: x * x, lambda x: 2 * x if x < 5 - narrow else 0.0, bounds={"x": (0, 5)})
    assert verdict is Verdict.REFUTED
    verdict, _ = right(lambda x: x * x, lambda x: 2 * x if x < 5 else 0.0, bounds={"x": (0, 5)})
    assert verdict is not Verdict.PROVED


def test_a_curved_edge_beyond_the_bounds() -> None:
    def rule(x, y):
        return (2 * x, 2 * y) if x * x + y * y < 9 else (0.0, 0.0)

    assert right(lambda x, y: x * x + y * y, rule, bounds={"x": (-2, 2), "y": (-2, 2)})[0] is Verdict.PROVED
    assert right(lambda x, y: x * x + y * y, rule, bounds={"x": (-2, 2), "y": (-2, 2.5)})[0] is not Verdict.PROVED
    assert right(lambda x, y: x * x + y * y, rule, bounds={"x": (-2, 2)})[0] is Verdict.REFUTED


def test_a_wrong_kink_counts_within_the_bounds_only() -> None:
    def rule(x):
        return 5.0 if x == 3 else (1.0 if x > 3 else -1.0)

    assert right(lambda x: abs(x - 3), rule, bounds={"x": (-2, 2.5)})[0] is Verdict.PROVED
    assert right(lambda x: abs(x - 3), rule, bounds={"x": (-2, 3)})[0] is Verdict.REFUTED


def _proof(gradient: str) -> Any:
    x, acc, g = symbol("x"), symbol("acc_x"), symbol("g")
    return prove(Obligation("f", ("x",), x * x, TRUE, x * x, (acc + g * expression(gradient, ("x",)),)))


def test_neither_certificates_nor_coq_know_of_bounds() -> None:
    limited = within_bounds(_proof("where(x < 3, 2*x, 0)"), {"x": (-1.0, 2.0)})
    assert limited.status is Status.PROVED
    with pytest.raises(Uncertifiable, match="within the bounds only"):
        certificate(limited)
    with pytest.raises(NotProved, match="within the bounds only"):
        exported(limited)


def test_what_is_proved_stays_as_it_is() -> None:
    whole = _proof("2*x")
    assert within_bounds(whole, {"x": (-1.0, 2.0)}) is whole
    assert certificate(whole)
