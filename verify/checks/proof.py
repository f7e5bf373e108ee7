"""Right by proof: the rule, run on symbols, is the derivative of the mirror's function, cell by cell.

Where a difference is left, the refuter looks for the simplest counterexample.  How the rule propagates gradients is
another question: a rule that is right but miswired is proved here, and reported by the check of the wiring.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from flint import arb

from backproof.verify.arithmetics.exact import shown
from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.checks.case import Case
from backproof.verify.checks.guards import doubt
from backproof.verify.checks.own_forward import told
from backproof.verify.checks.rounded_constants import is_rounding
from backproof.verify.checks.table import PROOF
from backproof.verify.config.options import USUAL
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics import differences
from backproof.verify.proof.bound_residual import Enclosure
from backproof.verify.proof.cells.infinite_derivatives import masked
from backproof.verify.proof.field.interpret import unread
from backproof.verify.proof.process import Unanswered, answered
from backproof.verify.proof.refute.clarity import digits
from backproof.verify.proof.result import BoundaryKind, BoundaryResult, Proof, Status
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.boundary import number
from backproof.verify.subjects.operation import Operation
from backproof.verify.support.errors import SubjectError
from backproof.verify.support.fuel import budget, given
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import Term, topological
from backproof.verify.tracing.stopped import placed

if TYPE_CHECKING:
    from backproof.verify.proof.refute.counterexample import Counterexample

T = TypeVar("T")

_LONG = 60  # characters of a formula that is still shown next to a number
_LESS = 4  # the share of a question's fuel for what is told beside a verdict


def check(case: Case) -> Iterator[Finding]:
    """What is proved, what is refuted, and what is not decided and why."""
    proof = case.rule_proof
    if proof is None:
        yield case.finding(PROOF, Verdict.MATCHED, f"not proved: {case.untraced}")
    elif proof.status is Status.PROVED and (event := doubt(case)):
        yield case.finding(PROOF, Verdict.MATCHED, f"proved of real numbers, but not of floats: {event}")
    elif message := told(case):
        yield case.finding(PROOF, Verdict.MATCHED, message)
    elif proof.status is Status.PROVED:
        yield case.finding(PROOF, Verdict.PROVED, _summary(case, proof))
    elif (missing := _missing_at(case, proof)) is not None:
        yield case.finding(PROOF, Verdict.PROVED, f"{_summary(case, proof)}, without {missing}")
    elif case.residual_bounds:
        message = "proved " + "; ".join(map(_bound, case.residual_bounds)) + ", not exactly: its literals are rounded"
        yield case.finding(PROOF, Verdict.MATCHED, message)
    else:
        if case.negligible:
            message = "not proved: it differs from the derivative, by less than 2**-40 of its size"
            yield case.finding(PROOF, Verdict.MATCHED, f"{message}: {'; '.join(map(_bound, case.negligible))}")
            return
        refuted = list(_refuted(case, proof))
        more = (("own forward", case.own.said),) if case.own is not None else ()
        yield from (replace(f, details=(*f.details[:-1], *more, *f.details[-1:])) for f in refuted)
        if refuted:
            return
        if _counterexamples(proof):  # all of them by rounding
            message = "not proved: equal but for the rounding of stored constants, below 2**-44 of its terms"
            yield case.finding(PROOF, Verdict.MATCHED, message)
            return
        if unknown := unread(proof.obligation.definition, proof.obligation.forward, *proof.obligation.gradients):
            message = f"not proved: the prover has no normal form for {', '.join(unknown)}; checked at points only"
            yield case.finding(PROOF, Verdict.MATCHED, message)
        elif proof.reasons and not (proof.failure and case.no_point_is_known):  # other checks of this question stand
            message = f"not proved: {'; '.join(proof.reasons)}; checked at points only"
            yield case.finding(PROOF, Verdict.MATCHED, message)
        else:
            why = "; ".join(proof.reasons) or "the definition has no value anywhere in its domain"
            message = f"not decided: {why}"
            yield case.finding(PROOF, Verdict.INCONCLUSIVE, message)


def _missing_at(case: Case, proof: Proof) -> str | None:
    """Where alone a rule n·x**(n - 1) of x**0 has no value; None for any other proof.

    0·0**-1 is no other derivative than 0 but none at all, which is told as unsafe, once.
    """
    if case.spec.op != "power" or case.spec.values != (0,) or proof.failure:
        return None
    if any(cell.status is not Status.PROVED for cell in proof.cells if not cell.outside):
        return None
    open_ones = [boundary for boundary in proof.boundaries if boundary.status is not Status.PROVED]
    without_value = all(b.kind is BoundaryKind.REJECTED and b.rule is None and b.where for b in open_ones)
    return f"{_where(open_ones[0]).removeprefix('at ')}, where the rule has no value" if without_value else None


def decides(operation: Operation, spec: Spec) -> bool:
    """Whether the prover decides: proves the rule, or finds a point that refutes it."""
    case = Case(operation, spec, replace(USUAL, alone=True))  # which leaves out the diagnosis
    return any(f.verdict in (Verdict.PROVED, Verdict.REFUTED) for f in check(case))


def verdict_of(operation: Operation, spec: Spec) -> Verdict:
    """PROVED, REFUTED, or MATCHED for what the prover leaves open; no function is called on floats for it."""
    case = Case(operation, spec, replace(USUAL, alone=True))
    proof = case.rule_proof
    if proof is None:
        return Verdict.MATCHED
    if proof.status is Status.PROVED:
        return Verdict.MATCHED if doubt(case) else Verdict.PROVED
    if case.residual_bounds or case.negligible:
        return Verdict.MATCHED
    return Verdict.REFUTED if any(_refuted(case, proof)) else Verdict.MATCHED


def _answer(work: Callable[..., T], *arguments: Any, share: int = 1) -> T | None:
    """The prover's answer; None if its fuel is not enough: one part in ``share`` of what a question is given."""
    try:
        with budget(max(1, given() // share)):
            return answered(work, *arguments)
    except Unanswered:
        return None


def _bound(bound: Enclosure) -> str:
    return f"within {decimal(bound.bound.upper(), 2)} for {bound.low} <= {bound.variable} <= {bound.high}"


def _summary(case: Case, proof: Proof) -> str:
    inside = [cell for cell in proof.cells if not cell.outside]
    parts = [f"on {len(inside)} cell{'' if len(inside) == 1 else 's'}"]
    if case.domain.op != "true":
        parts.append(f"for {written(case.domain)}")
    kinks = sum(b.kind is BoundaryKind.SUBGRADIENT for b in proof.boundaries)
    if kinks:
        parts.append(f"{kinks} kink{'' if kinks == 1 else 's'} included")
    jumps = sum(boundary.kind is BoundaryKind.DISCONTINUOUS for boundary in proof.boundaries)
    if jumps:
        parts.append(f"{jumps} jump{'' if jumps == 1 else 's'} left out, where there is no derivative")
    parts += dict.fromkeys(f"{_where(b)} {mask}" for b in proof.boundaries if (mask := masked(b.reason)))
    if case.guards:
        more = f" and {len(case.guards) - 1} more" if len(case.guards) > 1 else ""
        parts.append(f"a guard of floats ({placed(case.guards[0])}){more} looked at on {len(case.points)} points")
    if case.operation.surrogate:
        parts.append(f"as the derivative of its surrogate {case.operation.surrogate}, not of its forward")
    if case.operation.own_definition:
        parts.append("with the forward's own code as the definition")
    if proof.within:
        parts.append("within the bounds")
    if proof.assumptions:
        parts.append("assuming " + "; ".join(proof.assumptions))
    if case.operation.remark:
        parts.append(case.operation.remark)
    return ", ".join(parts)


def _refuted(case: Case, proof: Proof) -> Iterator[Finding]:
    """A finding for each wrong partial or forward with a counterexample; without any, one for a boundary."""
    found = _counterexamples(proof)
    counterexamples = [c for c in found if not _is_rounding(case, c)]
    yield from _one_a_fault(case, [_finding(case, proof, counterexample) for counterexample in counterexamples])
    if found:
        return
    for boundary in proof.boundaries:
        upstream = any(name in case.operation.arriving for name, _ in boundary.where)
        if boundary.kind is BoundaryKind.REJECTED and not upstream:
            message = f"not a valid subgradient {_where(boundary)}: {boundary.reason}"
            evidence = _evidence(case, proof, boundary)
            if case.operation.bounds and not _is_inside(case, evidence):
                continue  # beyond the bounds, as far as a point of it is known
            yield case.finding(PROOF, Verdict.REFUTED, message, **evidence)
            return


def _is_rounding(case: Case, counterexample: Counterexample) -> bool:
    i = counterexample.operand
    at, ours, expected = counterexample.point, counterexample.ours, counterexample.expected
    plain = counterexample.upstream == 1 and not counterexample.before
    return i is not None and plain and is_rounding(case, i, at, ours, expected)


def _is_inside(case: Case, evidence: dict[str, Any]) -> bool:
    """Whether the point of a boundary that is shown lies within the bounds."""
    point = evidence.get("point", {})
    return bool(point) and all(
        low <= _nearest(Fraction(point[name])) <= high for name, (low, high) in case.operation.bounds.items()
    )


def _counterexamples(proof: Proof) -> Sequence[Counterexample]:
    return _searched(proof, given())


@lru_cache(maxsize=8)
def _searched(proof: Proof, units: int) -> Sequence[Counterexample]:
    """Kept, since the search may take seconds and `decides` asks for what the check then reports."""
    from backproof.verify.proof.refute.counterexample import refutations

    return _answer(refutations, proof) or ()


def _one_a_fault(case: Case, found: list[Finding]) -> Iterator[Finding]:
    """The findings, those alike for entries of one array as one: a missing factor is one fault, not one an entry."""
    array_of = {entry: name for name, entries in case.operation.bounded_names().items() for entry in entries}
    array_of |= dict.fromkeys(case.operation.arriving, "an upstream gradient")
    faults: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in found:
        array = array_of.get(finding.operand, finding.operand)
        likely = re.sub(r"\w+", lambda name: array_of.get(name[0], name[0]), dict(finding.details).get("likely", ""))
        faults.setdefault((array, finding.message, likely), []).append(finding)
    for first, *others in faults.values():
        alike = [("alike", ", ".join(finding.operand for finding in others))] if others else []
        yield replace(first, details=(*first.details[:-1], *alike, first.details[-1]))


def _evidence(case: Case, proof: Proof, boundary: BoundaryResult) -> dict[str, Any]:
    """The simplest point of the boundary, the rule's result there and the gradients around it."""
    from backproof.verify.proof.refute.boundary_point import place

    at = _answer(place, proof.obligation, boundary, case.operation.arriving)
    if at is None:
        details = [("ours", _vector(boundary.rule))] if boundary.rule is not None else []
        details += [("partials", f"{_vector(limit)}   on one side of it") for limit in boundary.limits]
        return {"details": tuple(details)}
    place_of = ", ".join(f"{n} = {_coordinate(v)}" for n, v in zip(at.inputs, at.point, strict=True))
    ours = _numbers(at.rule) if at.rule is not None else "no value"
    details = [("ours", f"{ours}   at {place_of}")]
    around = dict.fromkeys(f"{_numbers(limit)}   on one side of it" for limit in at.limits)
    details += [("partials", partials) for partials in around]
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


def _finding(case: Case, proof: Proof, counterexample: Counterexample) -> Finding:
    from backproof.verify.proof.refute.diagnose import diagnose

    named = case.operation.coordinates(counterexample.point)
    at = ", ".join(f"{n} = {shown(v) if isinstance(v, Fraction) else repr(v)}" for n, v in named)
    floats = tuple(map(_nearest, counterexample.point))
    i = counterexample.operand
    if i is None:
        message, expected, rule = f"the forward is not {case.spec.definition}", case.spec.definition, ""
    else:
        message = f"the rule is not {case.operation.wanted or f'the derivative of {_meant(case)}'}"
        expected, rule = case.spec.partials[i], case.operation.written()[i]
    left, right = _aligned(rule, str(expected))
    few = digits(counterexample.ours, counterexample.expected)
    details = [
        ("ours", f"{_equal(left, _value(counterexample.ours, few))}   at {at}"),
        ("expected", f"{_equal(right, _value(counterexample.expected, few))}   (reference)"),
    ]
    if i is not None:
        details += list(_difference(case, i, floats))
    if counterexample.certificate is not None:
        h = f"2**-{counterexample.certificate.h.denominator.bit_length() - 1}"
        details.append(("certified", f"the secant over h = {h} excludes the rule on all of it (mean value theorem)"))
    # shown to the reader; not part of the verdict
    known, alone = case.operation.likely, case.options.alone
    diagnosis = None if known or alone else _answer(diagnose, proof, counterexample, share=_LESS)
    if known:
        details.append(("likely", known))
    elif diagnosis is not None:
        details.append(("likely", diagnosis.mistake))
    elif i is not None:
        details += [("literal", text) for text in _near_constants(proof.obligation.gradients[i])]
    details.append(("rerun", case.rerun(floats)))
    return case.finding(
        PROOF,
        Verdict.REFUTED,
        message,
        operand=counterexample.inputs[i] if i is not None and len(case.moved) > 1 else "",
        point={n: str(v) for n, v in zip(counterexample.inputs, counterexample.point, strict=True)},
        details=tuple(details),
    )


def _meant(case: Case) -> str:
    """The definition, if it fits on a line."""
    text = str(case.spec.definition)
    return text if len(text) <= 2 * _LONG else "its definition"


def _near_constants(gradient: Term) -> Iterator[str]:
    """Literals that are nearly, but not to the last digit, a common constant."""
    from backproof.verify.proof.recognise_constants import likeness

    for t in topological(gradient):
        if t.op == "const" and (near := likeness(t.value)) is not None and near.distance > 2**-52:
            yield f"{written(t)} is {written(near.form)} but for {near.distance:.1e} of it"


def _aligned(rule: str, expected: str) -> tuple[str, str]:
    """Both formulas, padded to one width, before their values; none if one is too long to be readable."""
    if not rule or max(len(rule), len(expected)) > _LONG:
        return "", ""
    width = max(len(rule), len(expected))
    return f"{rule:<{width}} = ", f"{expected:<{width}} = "


def _equal(formula: str, value: str) -> str:
    """The formula with its value, unless it is that number itself."""
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
    """The finite difference of the forward there, where it is conclusive."""

    def forward(value: float) -> float:
        return number(case.operation.forward(*point[:i], value, *point[i + 1 :]))

    kinks = [place for kink in case.spec.kinks for place in kink.places]
    low, high = differences.neighbourhood(point[i], case.region.intervals[i], kinks)
    try:
        estimate = differences.finite_difference(forward, point[i], low, high)
    except SubjectError:
        return
    if estimate.within(differences.USELESS):
        of = case.operation.compared
        yield "difference", f"{estimate.value:.12g} ± {estimate.error:.0e}   (finite difference of the {of})"
