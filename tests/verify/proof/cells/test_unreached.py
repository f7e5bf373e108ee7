"""Parts of the domain of a lower dimension: none is passed over in silence."""

from __future__ import annotations

import pytest

from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import Proof, Status
from backproof.verify.terms.parser import condition, expression
from backproof.verify.terms.term import TRUE, symbol


def proof(definition: str, partials: dict[str, str], domain: str = "") -> Proof:
    names = tuple(partials)
    meant = expression(definition, names)
    where = condition(domain, names) if domain else TRUE
    rules = {name: expression(text, names) for name, text in partials.items()}
    gradients = tuple(symbol(f"acc_{name}") + symbol("g") * rule for name, rule in rules.items())
    return prove(Obligation("rule", names, meant, where, meant, gradients))


@pytest.mark.parametrize("at_the_tip", ["x", "where(x == 0.25, 77, x)"])
def test_the_tip_of_a_cusp_is_not_proved(at_the_tip: str) -> None:
    """No cell is shown to reach the line x = 1/4 to first order, and yet it lies in the domain."""
    partials = {"x": "z", "y": "1", "z": at_the_tip}
    found = proof("x*z + y", partials, "y >= 0 and y <= (x - 0.25)**3")
    assert found.status is Status.UNKNOWN
    assert "no cell is shown to reach this part of the domain" in found.reasons


@pytest.mark.parametrize(
    ("along", "status"), [("exp(y)", Status.PROVED), ("where(x == 0, 0/x, exp(y))", Status.REJECTED)]
)
def test_no_value_along_a_line_where_the_derivative_across_is_infinite(along: str, status: Status) -> None:
    found = proof("exp(y) + cbrt(x)", {"x": "1/(3*cbrt(x)**2)", "y": along})
    assert found.status is status
