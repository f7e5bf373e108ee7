"""Right at points: the rule against the reference, wherever the points fall.

A rule that runs on symbols is compared as a formula: its trace and the true slope, both in balls, must overlap, so
that round-off is no excuse and no accusation.  Where the rule is proved, a few points do: there SymPy's derivative, which
is the reference, meets the prover's own.  And the rule that ran on floats must be the rule that was traced.
A rule that runs on floats only is matched to the digits that floats allow, and the finding says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from flint import arb, ctx

from verify.case import Case
from verify.findings import Finding, Verdict
from verify.numbers.reference import LIMIT, Status, Truth
from verify.numbers.ulps import decimal
from verify.proof.result import Status as Proved
from verify.subjects.operation import Traced
from verify.trace.balls import BallProgram
from verify.trace.floats import compile_floats

_FEW = 16  # points where SymPy's derivative and the prover's meet; tests/verify/test_mirror.py proves them equal
_GOOD, _BAD = 1e-9, 1e-6  # relative errors between which no claim is made about floats


def check(case: Case) -> Iterator[Finding]:
    """The first point, plainest first, where the rule is not the slope; one finding that it matches otherwise."""
    open_points = sum(t.status is Status.INCONCLUSIVE for truths in case.truths for t in truths)
    trace = case.understood
    if trace is None:
        problem = _floats_only(case)
        agrees = f"the rule is the slope at {len(case.points)} points, to {-math.log10(_GOOD):.0f} digits"
    else:
        proved = not case.options.alone and case.rule_proof is not None and case.rule_proof.status is Proved.PROVED
        count = _FEW if proved else 0 if case.bounds else len(case.points)
        problem = _formula(case, trace, count) or _same_on_floats(case, trace)
        agrees = f"the rule is the slope at {len(case.points)} points, in balls"
        if proved:
            agrees = f"on floats the rule does what was proved, at {len(case.points)} points"
        elif case.bounds:
            agrees = f"on floats the rule does what was traced, at {len(case.points)} points"
    if problem is not None:
        yield problem
    elif open_points:
        yield case.finding("points", Verdict.INCONCLUSIVE, f"the reference could not decide {open_points} points")
    else:
        yield case.finding("points", Verdict.MATCHED, agrees)


def _formula(case: Case, trace: Traced, count: int) -> Finding | None:
    """The traced rule in balls against the true slope, at so many of the plainest points."""
    names = case.row.inputs
    program = BallProgram(trace.gradients, [*names, "g", *(f"acc_{n}" for n in names)])
    seeds = [arb(1), *[arb(0)] * len(names)]
    for index in _plainest(case)[:count]:
        point, truths = case.points[index], case.truths[index]
        if case.at_corner[index] or any(t.status is not Status.KNOWN for t in truths):
            continue
        for i, (name, truth) in enumerate(zip(names, truths, strict=True)):
            prec = 128
            while prec <= LIMIT:
                with ctx.workprec(prec):
                    ours = program(*map(arb, point), *seeds)[i]
                    if not ours.is_finite() or not ours.overlaps(truth.ball):
                        break
                    if ours.rel_accuracy_bits() > 60 or ours.rad() < arb(2) ** -1100:
                        break
                prec *= 2
            if ours.is_finite() and not ours.overlaps(truth.ball):
                return _refuted(case, index, i, name, decimal(ours), "the rule in balls")
    return None


def _same_on_floats(case: Case, trace: Traced) -> Finding | None:
    """The rule that ran on floats must be the traced one: no worse than the trace, run on floats, lets expect."""
    names = case.row.inputs
    program = compile_floats(trace.gradients, [*names, "g", *(f"acc_{n}" for n in names)])
    seeds = [1.0, *[0] * len(names)]
    for index, (sample, truths) in enumerate(zip(case.samples, case.truths, strict=True)):
        if sample.error is not None or case.at_corner[index]:
            continue
        traced = program(*sample.point, *seeds)
        if traced == sample.slopes:
            continue
        for i, (ours, expected, truth) in enumerate(zip(sample.slopes, traced, truths, strict=True)):
            if ours == expected or truth.status is not Status.KNOWN or not math.isfinite(ours):
                continue
            if _relative(ours, truth) > _BAD and _relative(expected, truth) < _GOOD:
                note = "the rule on floats; on symbols it computes the slope"
                return _refuted(case, index, i, names[i], repr(ours), note)
    return None


def _relative(x: float, truth: Truth) -> float:
    size = max(abs(truth.nearest), 2.0**-1022)
    return abs(x - truth.nearest) / size if math.isfinite(x) else math.inf


def _floats_only(case: Case) -> Finding | None:
    """Without a trace: most points must match to nine digits, and none may be far off on the scale of the slope."""
    for i, name in enumerate(case.row.inputs):
        errors: list[tuple[float, float, int]] = []
        for index in _plainest(case):
            sample, truth = case.samples[index], case.truths[index][i]
            if sample.error is not None or case.at_corner[index] or truth.status is not Status.KNOWN:
                continue
            if (abs(truth.nearest) < 2.0**-1022 and truth.nearest != 0) or not math.isfinite(sample.slopes[i]):
                continue
            errors.append((_relative(sample.slopes[i], truth), abs(sample.slopes[i] - truth.nearest), index))
        if not errors:
            continue
        scale = median(abs(case.truths[index][i].nearest) for _, _, index in errors) or 1.0
        often = sum(relative > _GOOD for relative, _, _ in errors) > len(errors) / 2
        for relative, absolute, index in errors:
            if (often and relative > _GOOD) or (relative > 1e-3 and absolute > 1e-7 * scale):
                return _refuted(case, index, i, name, repr(case.samples[index].slopes[i]), "the rule on floats")
    return None


def _plainest(case: Case) -> list[int]:
    """The points in order of how easily a person checks them."""
    return sorted(range(len(case.points)), key=lambda k: (sum(map(_length, case.points[k])), k))


def _length(x: float) -> int:
    """Digits of the fraction that the float is."""
    p, q = x.as_integer_ratio()
    return p.bit_length() + q.bit_length()


def _refuted(case: Case, index: int, i: int, name: str, ours: str, note: str) -> Finding:
    point, truth = case.points[index], case.truths[index][i]
    return case.finding(
        "points",
        Verdict.REFUTED,
        f"the rule is not the derivative of {case.row.definition}",
        operand=name if len(case.row.inputs) > 1 else "",
        point=case.exact(point),
        details=(
            ("ours", f"{ours}   at {case.shown(point)}   ({note})"),
            ("expected", f"{decimal(truth.ball)}   (reference)"),
            ("rerun", case.rerun(point)),
        ),
    )
