"""Right by proof: the rule, run on symbols, is the derivative of the mirror's function, cell by cell.

Where something is left, the refuter looks for the simplest point that shows it.  How the rule passes gradients on is
another question: a rule that is right but miswired is proved here, and told of by the check of the wiring.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from flint import arb

from verify.case import Case
from verify.exact import shown
from verify.findings import Finding, Verdict
from verify.mirror import Row
from verify.numbers import differences
from verify.numbers.ulps import decimal
from verify.options import USUAL
from verify.proof.enclose import Enclosure
from verify.proof.interpret import unread
from verify.proof.process import Lost, in_time
from verify.proof.result import Bend, BoundaryResult, Proof, Status
from verify.proof.telling import digits
from verify.subjects.operation import Operation
from verify.trace.term import Term, topological
from verify.trace.text import written

if TYPE_CHECKING:
    from verify.proof.refute import Witness

Answer = TypeVar("Answer")

_LONG = 60  # characters of a formula that still help a reader beside a number


def check(case: Case) -> Iterator[Finding]:
    """What is proved, what is refuted, and what stays open and why."""
    proof = case.rule_proof
    if proof is None:
        yield case.finding("proof", Verdict.MATCHED, f"not proved: {case.untraced}")
    elif proof.status is Status.PROVED:
        yield case.finding("proof", Verdict.PROVED, _summary(case, proof))
    elif case.bounds:
        message = "proved " + "; ".join(map(_bound, case.bounds)) + ", not exactly: its literals are rounded"
        yield case.finding("proof", Verdict.MATCHED, message)
    else:
        from verify.proof.symbolic import settled  # what only a rule that is not proved needs is loaded for it

        refuted = list(_refuted(case, proof))
        yield from refuted
        if refuted:
            return
        if _in_time(settled, proof):
            message = "SymPy simplifies rule - derivative to 0, where the prover does not reach"
            yield case.finding("proof", Verdict.MATCHED, message)
        elif unknown := unread(proof.obligation.definition, proof.obligation.forward, *proof.obligation.gradients):
            message = f"not proved: the prover has no normal form for {', '.join(unknown)}; it rests on points"
            yield case.finding("proof", Verdict.MATCHED, message)
        else:
            yield case.finding("proof", Verdict.INCONCLUSIVE, "not decided: " + _open(proof))


def decides(operation: Operation, row: Row) -> bool:
    """Whether the prover decides: proves the rule, or finds a point that refutes it."""
    return any(f.verdict in (Verdict.PROVED, Verdict.REFUTED) for f in check(Case(operation, row, USUAL)))


def _in_time(work: Callable[..., Answer], *arguments: Any) -> Answer | None:
    """What the prover has to say; None where it does not say it within the time of the check."""
    try:
        return in_time(work, *arguments)
    except Lost:
        return None


def _open(proof: Proof) -> str:
    return "; ".join(proof.reasons) or "the definition has no value anywhere in its domain"


def _bound(bound: Enclosure) -> str:
    return f"within {decimal(bound.bound.upper(), 2)} for {bound.low} <= {bound.variable} <= {bound.high}"


def _summary(case: Case, proof: Proof) -> str:
    inside = [cell for cell in proof.cells if not cell.outside]
    parts = [f"on {len(inside)} cell{'' if len(inside) == 1 else 's'}"]
    if case.domain.op != "true":
        parts.append(f"for {written(case.domain)}")
    corners = sum(b.bend is Bend.SUBGRADIENT for b in proof.boundaries)
    if corners:
        parts.append(f"{corners} corner{'' if corners == 1 else 's'} included")
    jumps = sum(boundary.bend is Bend.DISCONTINUOUS for boundary in proof.boundaries)
    if jumps:
        parts.append(f"{jumps} jump{'' if jumps == 1 else 's'} left out, where there is no slope")
    if case.operation.own_definition:
        parts.append("the forward's own code being the definition")
    if proof.assumptions:
        parts.append("assuming " + "; ".join(proof.assumptions))
    return ", ".join(parts)


def _refuted(case: Case, proof: Proof) -> Iterator[Finding]:
    """A finding for each wrong partial or forward with a witness; without any, one for a boundary."""
    from verify.proof.refute import refutations

    witnesses = _in_time(refutations, proof) or ()
    for witness in witnesses:
        yield _told(case, proof, witness)
    if witnesses:
        return
    for boundary in proof.boundaries:
        if boundary.bend is Bend.REJECTED and not any(name in case.operation.arriving for name, _ in boundary.where):
            message = f"no valid slope {_where(boundary)}: {boundary.reason}"
            yield case.finding("proof", Verdict.REFUTED, message, **_evidence(case, proof, boundary))
            return


def _evidence(case: Case, proof: Proof, boundary: BoundaryResult) -> dict[str, Any]:
    """The simplest point of the boundary, the rule's answer and the slopes around it there."""
    from verify.proof.places import place

    at = _in_time(place, proof.obligation, boundary, case.operation.arriving)
    if at is None:
        details = [("ours", _vector(boundary.rule))] if boundary.rule is not None else []
        details += [("slopes", f"{_vector(limit)}   on one side of it") for limit in boundary.limits]
        return {"details": tuple(details)}
    place_of = ", ".join(f"{n} = {_coordinate(v)}" for n, v in zip(at.inputs, at.point, strict=True))
    ours = _numbers(at.rule) if at.rule is not None else "no value"
    details = [("ours", f"{ours}   at {place_of}")]
    around = dict.fromkeys(f"{_numbers(limit)}   on one side of it" for limit in at.limits)
    details += [("slopes", slopes) for slopes in around]
    rational = [v for v in at.point if isinstance(v, Fraction)]
    if len(rational) == len(at.point):
        details.append(("rerun", case.rerun(tuple(map(_nearest, rational)))))
    exact = [decimal(v, 17) if isinstance(v, arb) else str(v) for v in at.point]
    point = dict(zip(at.inputs, exact, strict=True))
    return {"details": tuple(details), "point": point}


def _coordinate(x: Fraction | arb) -> str:
    return decimal(x, 17) if isinstance(x, arb) else shown(x)


def _numbers(values: Sequence[arb | None]) -> str:
    return ", ".join("infinite" if v is None else _value(v) for v in values)


def _where(boundary: BoundaryResult) -> str:
    at = ", ".join(f"{name} = {value}" for name, value in boundary.where)
    return f"at {at}" if at else "on a boundary"


def _vector(values: Sequence[Term | None]) -> str:
    return ", ".join("infinite" if v is None else written(v) for v in values)


def _told(case: Case, proof: Proof, witness: Witness) -> Finding:
    from verify.proof.diagnose import diagnose

    at = ", ".join(f"{n} = {shown(v)}" for n, v in zip(witness.inputs, witness.point, strict=True))
    floats = tuple(map(_nearest, witness.point))
    i = witness.operand
    if i is None:
        message, expected, rule = f"the forward is not {case.row.definition}", case.row.definition, ""
    else:
        message = f"the rule is not the derivative of {_meant(case)}"
        expected, rule = case.row.slopes[i], case.operation.written()[i]
    left, right = _aligned(rule, str(expected))
    few = digits(witness.ours, witness.expected)
    details = [
        ("ours", f"{_equal(left, _value(witness.ours, few))}   at {at}"),
        ("expected", f"{_equal(right, _value(witness.expected, few))}   (reference)"),
    ]
    if i is not None:
        details += list(_difference(case, i, floats))
    if witness.certificate is not None:
        h = f"2**-{witness.certificate.h.denominator.bit_length() - 1}"
        details.append(
            ("certified", f"the secant over h = {h} excludes the rule on all of it (mean value theorem)")
        )
    # told to people, no part of the verdict
    diagnosis = None if case.options.alone else _in_time(diagnose, proof, witness)
    if diagnosis is not None:
        details.append(("likely", diagnosis.mistake))
    elif i is not None:
        details += [("literal", text) for text in _near_constants(proof.obligation.gradients[i])]
    details.append(("rerun", case.rerun(floats)))
    return case.finding(
        "proof",
        Verdict.REFUTED,
        message,
        operand=witness.inputs[i] if i is not None and len(witness.inputs) > 1 else "",
        point={n: str(v) for n, v in zip(witness.inputs, witness.point, strict=True)},
        details=tuple(details),
    )


def _meant(case: Case) -> str:
    """The definition, where it is no longer than a line."""
    text = str(case.row.definition)
    return text if len(text) <= 2 * _LONG else "its definition"


def _near_constants(gradient: Term) -> Iterator[str]:
    """Literals that are nearly, but not to the last digit, a constant that people use."""
    from verify.proof.recognise import likeness

    for t in topological(gradient):
        if t.op == "const" and (near := likeness(t.value)) is not None and near.distance > 2**-52:
            yield f"{written(t)} is {written(near.form)} but for {near.distance:.1e} of it"


def _aligned(rule: str, expected: str) -> tuple[str, str]:
    """Both formulas, padded to one width, before their values; none where one is too long to help."""
    if not rule or max(len(rule), len(expected)) > _LONG:
        return "", ""
    width = max(len(rule), len(expected))
    return f"{rule:<{width}} = ", f"{expected:<{width}} = "


def _equal(formula: str, value: str) -> str:
    """The formula beside its value, unless it is that very number."""
    return value if formula.rstrip(" =") == value else formula + value


def _value(ball: arb, few: int = 12) -> str:
    if not ball.is_finite():
        return "no value"
    return str(ball.unique_fmpz()) if ball.is_integer() else decimal(ball, few)


def _nearest(x: Fraction) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def _difference(case: Case, i: int, point: tuple[float, ...]) -> Iterator[tuple[str, str]]:
    """The finite difference of the forward there, where it says something."""

    def forward(value: float) -> float:
        return float(case.operation.forward(*point[:i], value, *point[i + 1 :]))

    corners = [place for corner in case.row.corners for place in corner.places]
    low, high = differences.neighbourhood(point[i], case.region.intervals[i], corners)
    try:
        estimate = differences.slope(forward, point[i], low, high)
    except Exception:  # the subject's own forward may raise anything
        return
    if estimate.within(differences.USELESS):
        yield "difference", f"{estimate.value:.12g} ± {estimate.error:.0e}   (finite difference of the forward)"
