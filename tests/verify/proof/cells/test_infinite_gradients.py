"""Several inputs, and one-sided limits of the gradient that are infinite: what is right, a mask, wrong, or open."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from backproof import verify
from backproof.verify.proof.cells.infinite_derivatives import masked
from backproof.verify.proof.certificate import checker
from backproof.verify.proof.certificate.writer import certificate
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import BoundaryKind, Proof, Status
from backproof.verify.results.findings import Verdict
from backproof.verify.terms.parser import condition, expression
from backproof.verify.terms.term import TRUE, symbol

RIGHT, MASK, WRONG, OPEN = "right", "mask", "wrong", "open"


def proof(definition: str, partials: tuple[str, ...], domain: str = "", names: str = "xyz") -> Proof:
    inputs = tuple(names[: len(partials)])
    meant = expression(definition, inputs)
    where = condition(domain, inputs) if domain else TRUE
    rules = {name: expression(text, inputs) for name, text in zip(inputs, partials, strict=True)}
    gradients = tuple(symbol(f"acc_{name}") + symbol("g") * rule for name, rule in rules.items())
    return prove(Obligation("rule", inputs, meant, where, meant, gradients))


def outcome(found: Proof) -> str:
    if found.status is Status.PROVED:
        return MASK if any(masked(b.reason) for b in found.boundaries) else RIGHT
    rejected = any(b.kind is BoundaryKind.REJECTED for b in found.boundaries)
    return WRONG if found.status >= Status.REJECTED and rejected else OPEN


ROOT = "where(x > 0, 1/(2*sqrt(x)), {0})"
TIP = "where({1} > 0, 1/(2*sqrt({1})), where({1} < 0, -1/(2*sqrt(-{1})), {0}))"
QUADRANT = "x >= 0 and y >= 0"
BESIDE = "where(x < 0, 3*x + 2*y, 3*x + 2*y + sqrt(x))"
"""At x = 0 its limits are (3, 2) and (∞, 2)."""
BESIDE_X = "where(x > 0, 3 + 1/(2*sqrt(x)), where(x < 0, 3, {0}))"
DISC = "where(y > x*x, {0}, {1})"
UP = "1/(2*sqrt(y - x*x))"
LOG = "log(1 + sqrt(x)) + x*y"
KL = "where(x > 0, x*log(x/y), 0)"
ENTROPY = "where(x > 0, x*log(x), 0) + where(y > 0, y*log(y), 0)"


@pytest.mark.parametrize(
    ("definition", "partials", "domain", "expected"),
    [
        # one infinite direction, and a finite derivative beside it
        ("sqrt(x) + y", (ROOT.format(0), "1"), "", MASK),
        ("sqrt(x) + y", (ROOT.format(5), "1"), "", WRONG),
        ("sqrt(x) + y", (ROOT.format(-1), "1"), "", WRONG),
        ("sqrt(x) + y", (ROOT.format(0), "where(x > 0, 1, 2)"), "", WRONG),
        ("sqrt(x) + y", ("1/(2*sqrt(x))", "1"), "", RIGHT),  # no value there: that is for `safe` to judge
        ("sqrt(x) + y", ("1/(2*sqrt(x))", "where(x > 0, 1, 2)"), "", WRONG),
        ("sqrt(x) + y", ("1/(2*sqrt(x))", "x/x"), "", WRONG),
        # opposite directions: any number across, one number along
        ("sqrt(abs(x)) + y", (TIP.format(0, "x"), "1"), "", RIGHT),
        ("sqrt(abs(x)) + y", (TIP.format(-7, "x"), "1"), "", RIGHT),
        ("sqrt(abs(x)) + y", (TIP.format("y", "x"), "1"), "", RIGHT),
        ("sqrt(abs(x)) + y", (TIP.format(0, "x"), "where(x == 0, 0, 1)"), "", WRONG),
        # a finite limit on one side: conv F + cone E
        (BESIDE, (BESIDE_X.format(3), "2"), "", RIGHT),
        (BESIDE, (BESIDE_X.format(9), "2"), "", RIGHT),
        (BESIDE, (BESIDE_X.format("3 + y*y"), "2"), "", RIGHT),
        (BESIDE, (BESIDE_X.format(2), "2"), "", WRONG),
        (BESIDE, (BESIDE_X.format("3 + y"), "2"), "", WRONG),  # where y < 0
        (BESIDE, (BESIDE_X.format(9), "where(x == 0, 3, 2)"), "", WRONG),
        # the direction depends on the other input: the boundary is split by its sign
        ("cbrt(x)*y", ("where(x != 0, y/(3*cbrt(x)**2), 0)", "cbrt(x)"), "", MASK),
        ("cbrt(x)*y", ("where(x != 0, y/(3*cbrt(x)**2), 7)", "cbrt(x)"), "", WRONG),
        ("x*sqrt(y)", ("sqrt(y)", "where(y > 0, x/(2*sqrt(y)), 0)"), "", MASK),
        ("x*sqrt(y)", ("sqrt(y)", "where(y > 0, x/(2*sqrt(y)), 5)"), "", WRONG),
        ("x*sqrt(y)", ("sqrt(y)", "where(y > 0, x/(2*sqrt(y)), where(x == 0, 5, 0))"), "", MASK),  # at 0, 0 any x/√y
        ("sqrt(x)*(y*y - 2)", ("where(x > 0, (y*y - 2)/(2*sqrt(x)), 0)", "2*y*sqrt(x)"), "", MASK),
        ("sqrt(x)*(y*y - 2)", ("where(x > 0, (y*y - 2)/(2*sqrt(x)), 1)", "2*y*sqrt(x)"), "", WRONG),
        ("asin(x)*y", ("where(x*x < 1, y/sqrt(1 - x*x), 0)", "asin(x)"), "", MASK),
        ("asin(x)*y", ("where(x*x < 1, y/sqrt(1 - x*x), 4)", "asin(x)"), "", WRONG),
        # corners
        ("sqrt(x*y)", ("where(x*y > 0, y/(2*sqrt(x*y)), 0)", "where(x*y > 0, x/(2*sqrt(x*y)), 0)"), "", MASK),
        ("sqrt(x*y)", ("where(x*y > 0, y/(2*sqrt(x*y)), 0)", "where(x*y > 0, x/(2*sqrt(x*y)), 0)"), QUADRANT, MASK),
        ("sqrt(x*y)", ("where(x*y > 0, y/(2*sqrt(x*y)), x)", "where(x*y > 0, x/(2*sqrt(x*y)), 0)"), QUADRANT, WRONG),
        ("sqrt(x) + sqrt(y)", (ROOT.format(0), ROOT.format(0).replace("x", "y")), QUADRANT, MASK),
        ("sqrt(x) + sqrt(y)", (ROOT.format("where(y > 0, 0, 3)"), ROOT.format(0).replace("x", "y")), QUADRANT, WRONG),
        ("sqrt(abs(x)) + sqrt(abs(y))", (TIP.format(7, "x"), TIP.format(-3, "y")), "", RIGHT),
        ("sqrt(x + y)", ("where(x + y > 0, 1/(2*sqrt(x + y)), 0)",) * 2, "", MASK),
        ("sqrt(x + y)", ("where(x + y > 0, 1/(2*sqrt(x + y)), 1)",) * 2, "", WRONG),
        # like hypot: the gradient has every direction around the origin, and no bound
        (
            "sqrt(hypot(x, y))",
            tuple(f"where(x*x + y*y > 0, {v}/(2*hypot(x, y)**1.5), 0)" for v in "xy"),
            "",
            RIGHT,
        ),
        # a boundary that is no coordinate's: only along it the derivative is finite
        ("sqrt(y - x*x)", (DISC.format("-x/sqrt(y - x*x)", 0), DISC.format(UP, 0)), "", MASK),
        ("sqrt(y - x*x)", ("-x/sqrt(y - x*x)", UP), "", RIGHT),
        ("sqrt(y - x*x)", (DISC.format("-x/sqrt(y - x*x)", 5), DISC.format(UP, 0)), "", WRONG),
        ("sqrt(y - x*x)", (DISC.format("-x/sqrt(y - x*x)", 5), UP), "", WRONG),
        ("sqrt(y - x*x) + x", (DISC.format("1 - x/sqrt(y - x*x)", 1), DISC.format(UP, 0)), "", MASK),
        ("sqrt(y - x*x) + x", (DISC.format("1 - x/sqrt(y - x*x)", 0), DISC.format(UP, 0)), "", WRONG),
        (
            "sqrt(x - y)*z",
            ("where(x > y, z/(2*sqrt(x - y)), 0)", "where(x > y, -z/(2*sqrt(x - y)), 0)", "sqrt(x - y)"),
            "",
            MASK,
        ),
        (
            "sqrt(x - y)*z",
            ("where(x > y, z/(2*sqrt(x - y)), 1)", "where(x > y, -z/(2*sqrt(x - y)), -1)", "sqrt(x - y)"),
            "",
            WRONG,
        ),
        # logarithms
        (ENTROPY, ("where(x > 0, log(x) + 1, 0)", "where(y > 0, log(y) + 1, 0)"), QUADRANT, MASK),
        (ENTROPY, ("where(x > 0, log(x), 0) + 1", "where(y > 0, log(y), 0) + 1"), QUADRANT, MASK),
        (ENTROPY, ("where(x > 0, log(x) + 1, 2)", "where(y > 0, log(y) + 1, 0)"), QUADRANT, WRONG),
        (KL, ("where(x > 0, log(x/y) + 1, 0)", "-x/y"), "x >= 0 and y > 0", MASK),
        (KL, ("where(x > 0, log(x/y) + 1, 0)", "where(x > 0, -x/y, -1/y)"), "x >= 0 and y > 0", WRONG),
        # 0 for the infinite term alone
        ("cbrt(x) + x*y", ("where(x != 0, 1/(3*cbrt(x)**2), 0) + y", "x"), "", MASK),
        ("cbrt(x) + x*y", ("where(x != 0, 1/(3*cbrt(x)**2) + y, 0)", "x"), "", MASK),
        ("cbrt(x) + x*y", ("where(x != 0, 1/(3*cbrt(x)**2) + y, 1)", "x"), "", WRONG),
        ("sqrt(x) + x", (ROOT.format(0) + " + 1",), "", MASK),
        (LOG, ("where(x > 0, 1/(2*sqrt(x)*(1 + sqrt(x))), 0) + y", "x"), "", MASK),  # a branch of the rule
        (LOG, ("where(x > 0, 1/(2*sqrt(x)*(1 + sqrt(x))) + y, y)", "x"), "", MASK),  # a summand of the definition
        (LOG, ("where(x > 0, 1/(2*sqrt(x)*(1 + sqrt(x))) + y, 2*y)", "x"), "", WRONG),
        ("x*y - log(1 + sqrt(x))", ("where(x > 0, y - 1/(2*sqrt(x)*(1 + sqrt(x))), y)", "x"), "", MASK),
        ("sqrt(x)*(1 + y) - x", ("where(x > 0, (1 + y)/(2*sqrt(x)) - 1, -1)", "sqrt(x)"), "y > 0", MASK),
        ("sqrt(x)*(1 + y) - x", ("where(x > 0, (1 + y)/(2*sqrt(x)) - 1, y)", "sqrt(x)"), "y > 0", WRONG),
        ("sqrt(x) + x", (ROOT.format(1) + " + 1",), "", WRONG),
        # infinities that the rule states, and NaN
        ("sqrt(x) + y", (ROOT.format("inf"), "1"), "", RIGHT),
        ("sqrt(x) + y", (ROOT.format("-inf"), "1"), "", WRONG),
        ("sqrt(x) + y", (ROOT.format("nan"), "1"), "", WRONG),
        ("sqrt(x) + y", (ROOT.format("inf"), "where(x > 0, 1, 2)"), "", WRONG),
        ("sqrt(abs(x)) + y", (TIP.format("-inf", "x"), "1"), "", RIGHT),
        ("x*sqrt(y)", ("sqrt(y)", "where(y > 0, x/(2*sqrt(y)), where(x == 0, 0, x*inf))"), "", RIGHT),
        ("x*sqrt(y)", ("sqrt(y)", "where(y > 0, x/(2*sqrt(y)), inf)"), "", WRONG),
        # a root of all operands: √(x·y)/x tends to infinity as y/√(x·y) does
        (
            "sqrt(x*y)",
            ("where(sqrt(x*y) > 0, y/(2*sqrt(x*y)), 0)", "where(sqrt(x*y) > 0, x/(2*sqrt(x*y)), 0)"),
            "x*y >= 0",
            MASK,
        ),
        # not decided: never proved
        ("sqrt(x)*(y**5 - y + 1)", (f"(y**5 - y + 1)*({ROOT.format(0)})", "(5*y**4 - 1)*sqrt(x)"), "", OPEN),
    ],
)
def test_what_a_rule_may_return(definition: str, partials: tuple[str, ...], domain: str, expected: str) -> None:
    assert outcome(proof(definition, partials, domain)) == expected


def test_what_is_not_a_multiple_of_the_upstream_gradient_is_wrong_where_the_derivative_is_infinite_too() -> None:
    acc = symbol("acc_x")
    root = expression("sqrt(x)", ("x",))
    rule = expression("where(x > 0, g/(2*sqrt(x)), 5)", ("x", "g"))
    found = prove(Obligation("rule", ("x",), root, TRUE, root, (acc + rule,)))
    assert found.status is Status.REJECTED


def test_a_direction_that_is_not_decided_is_not_proved() -> None:
    """At the corner (0, 0) of the quadrant 1 is no limit of 1/2·√(y/x), nor shown to be none."""
    found = proof(
        "sqrt(x*y)",
        ("where(x*y > 0, y/(2*sqrt(x*y)), where(x + y == 0, 1, 0))", "where(x*y > 0, x/(2*sqrt(x*y)), 0)"),
        QUADRANT,
    )
    assert found.status is Status.UNKNOWN
    assert found.reasons == (
        "the derivative depends on the direction, and the rule's is not shown to lie in the convex hull",
    )


def checked(value: float, along: float = 1) -> Any:
    def backward(x: float, out: float, g: float) -> tuple[float, float]:
        return (g / (2 * math.sqrt(x)) if x > 0 else g * value), (g if x > 0 else g * along)

    report = verify.check(lambda x, y: math.sqrt(x) + y, backward, "sqrt(x) + y", points=60, raises=False)
    return report.operations[0]


def test_the_mask_is_told_and_safe() -> None:
    found = checked(0)
    assert (found.right.verdict, found.safe.verdict) == (Verdict.PROVED, Verdict.SAFE)
    (told,) = [f.message for f in found.right.findings if f.check == "proof"]
    assert "at x = 0 the derivative by x is infinite and the rule returns 0" in told


def entropy(x: float, y: float) -> float:
    return sum(-v * math.log(v) if v > 0 else 0.0 for v in (x, y))


@pytest.mark.parametrize(("at_0", "safe"), [(0.0, Verdict.SAFE), (5.0, Verdict.UNSAFE)])
def test_a_mask_is_safe_at_a_kink_too(at_0: float, safe: Verdict) -> None:
    """The gradient grows as a logarithm at x = 0, and at places as small as 1e-300."""

    def backward(x: float, y: float, g: float) -> tuple[float, ...]:
        return tuple(g * (-math.log(v) - 1) if v > 0 else g * at_0 for v in (x, y))

    report = verify.check(entropy, backward, f"-({ENTROPY})", domain=QUADRANT, points=200, raises=False)
    assert report.operations[0].safe.verdict is safe
    assert report.operations[0].right.verdict is (Verdict.PROVED if at_0 == 0 else Verdict.REFUTED)


@pytest.mark.parametrize(("value", "along"), [(5, 1), (-1000, 1), (0, 2)])
def test_a_wrong_value_is_refuted_at_a_point(value: float, along: float) -> None:
    found = checked(value, along)
    assert found.right.verdict is Verdict.REFUTED
    (refuted,) = [f for f in found.right.findings if f.check == "proof"]
    assert refuted.point is not None
    assert refuted.point["x"] == "0"


@pytest.mark.parametrize("value", [9, 3])
def test_a_certificate_claims_nothing_there_or_a_limit(value: int) -> None:
    """(3, 2) is a limit itself; (9, 2) is between it and an infinite one, for which the format has no words."""
    text = certificate(proof(BESIDE, (BESIDE_X.format(value), "2")))
    assert checker.check(text) == []
    assert ("unclaimed" in json.dumps(json.loads(text)["cover"])) == (value == 9)


def test_a_certificate_claims_nothing_about_a_mask() -> None:
    text = certificate(proof("sqrt(x) + y", (ROOT.format(0), "1"), "x >= 0"))
    assert checker.check(text) == []
    assert '"unclaimed"' in text
