"""Right at points: the rule against the reference at the generated points.

A rule that runs on symbols is compared as a formula: the intervals of its trace and of the true derivative must
overlap, so that round-off neither hides an error nor causes one.  Where the rule is proved, a few points suffice:
there SymPy's derivative, the reference, is compared with the prover's.  The rule on floats must also match its trace.
A rule that runs on floats only is matched to the digits that floats allow, and the finding says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from backproof.verify.arithmetics.ulps import FLOAT64, decimal, digits_left, error_in_ulps
from backproof.verify.checks.case import Case
from backproof.verify.checks.rounded_constants import is_rounding
from backproof.verify.checks.table import POINTS
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.evaluate.floats import compile_floats, on_columns
from backproof.verify.numerics.points import Column, Places
from backproof.verify.numerics.reference import LIMIT, Reference, Status
from backproof.verify.proof.refute.clarity import digits, hidden, plain
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.boundary import NotCalled
from backproof.verify.subjects.operation import Traced
from backproof.verify.support.chunks import by_pieces, pieces
from backproof.verify.support.errors import in_a_line
from backproof.verify.terms.term import Term, constant, substitute, symbol

_FEW = 16  # points where SymPy's derivative and the prover's are compared; tests/verify/mirror proves them equal
_MOST = 100_000  # points in interval arithmetic: more would exceed the time of a check
_MANY = 64  # counterexamples, of which the clearest is shown
_BATCH = 256  # points at a time: where the rule is wrong, the next are not evaluated
NORMWISE = 2.0**-48  # of the largest entry: the backward error of LAPACK's factorizations of small matrices
_FAR, _CLOSE = 2.0**40, 2.0**-1000  # beyond these a kernel's float range takes effect
_LEAST = 2.0**-1022  # an error in a subnormal number is measured against the smallest normal one

Mask = NDArray[np.bool_]


def check(case: Case) -> Iterator[Finding]:
    """The first point, plainest first, where the rule is not the derivative; otherwise one finding that it matches."""
    operands = range(len(case.spec.inputs))
    unsettled = np.logical_or.reduce([case.reference_values.has(Status.INCONCLUSIVE, i) for i in operands])
    open_points = int(np.count_nonzero(unsettled))
    trace = case.recognised_trace
    if trace is None:
        problem = _floats_only(case)
        agrees = _agreement(case)
    else:
        count = _FEW if case.proved else 0 if case.residual_bounds or case.negligible else _MOST
        if case.proved and case.operation.own_definition:
            count = 0  # the derivative of the forward has float literals; the proof used the constants they stand for
        places = _places(case, count)
        problem = _formula(case, trace, places) or _same_on_floats(case, trace)
        agrees = f"the rule is the derivative at {len(places)} points, in interval arithmetic"
        if case.proved:
            agrees = f"on floats the rule matches what was proved, at {len(case.points)} points"
        elif case.residual_bounds or case.negligible:
            agrees = f"on floats the rule matches its trace, at {len(case.points)} points"
    if problem is not None and case.own is not None and case.own.nearly:
        problem, agrees = None, f"the rule is the derivative at {len(case.points)} points, to 2**-30 of its size"
    asked = list(_asked_for(case, trace))
    yield from asked
    if any(finding.verdict is Verdict.REFUTED for finding in asked):
        return
    if problem is not None:
        yield problem
    elif case.no_result_reason:
        yield case.finding(POINTS, Verdict.INCONCLUSIVE, case.no_result_reason)
    elif open_points == len(case.points):
        yield case.finding(POINTS, Verdict.INCONCLUSIVE, f"the reference could not decide any of {open_points} points")
    else:
        if open_points:
            agrees = f"{agrees}; {open_points} of them undecided: the reference is not known there"
        yield case.finding(POINTS, Verdict.MATCHED, agrees)


def _agreement(case: Case) -> str:
    """At how many points a rule that runs on floats only is the derivative, and to how many digits."""
    digits_of = f"{-math.log10(case.good):.0f} digits"
    off = np.zeros(len(case.points), bool)
    for i in range(len(case.spec.inputs)):
        off |= _judged(case, i) & ~_near(case, i, case.good)
    count = len(case.points)
    if not off.any():
        return f"the rule is the derivative at {count} points, to {digits_of}"
    return f"the rule is the derivative at {count} points, to {digits_of} at {count - np.count_nonzero(off)} of them"


def _asked_for(case: Case, trace: Traced | None) -> Iterator[Finding]:
    """The values at the point that the user requested, and how far they are apart: refuted, where the rule is wrong."""
    if not case.requested_point:
        return
    sample, reference_values = case.samples[0], case.reference_values[0]
    refuted = None if trace is None else _formula(case, trace, np.array([0]))
    for i, (name, true_value) in enumerate(zip(case.spec.inputs, reference_values, strict=True)):
        operand = name if len(case.moved) > 1 else ""
        ours = repr(sample.partials[i]) if sample.error is None else in_a_line(sample.error)
        true = decimal(true_value.ball) if true_value.ball.is_finite() else true_value.status.value
        given = f"at {case.shown(sample.point)} the rule gives {ours}"
        message = f"{given}, the derivative is {true}"
        if isinstance(sample.error, NotCalled):
            where = f"outside the domain {case.spec.domain} or the bounds"
            message = f"{case.shown(sample.point)} is {where}: nothing is called there"
        elif sample.point not in case.region:
            message = f"{given}; the point is outside the domain {case.spec.domain}"
        elif case.at_kink[0]:
            message = f"{given}; it is a kink, where the check of kinks says what is valid"
        elif refuted is not None and refuted.operand == operand:
            yield refuted
            continue
        elif true_value.status is Status.KNOWN and sample.error is None:
            relative = _relative(sample.partials[i], true_value.nearest)
            if trace is None and relative > case.bad and not _explained(case, 0, i):
                yield _refuted(case, 0, i, name, ours, "the rule on floats")
                continue
            message += _apart(case, sample.partials[i], true_value.ball, relative, trace)
        yield case.finding(POINTS, Verdict.MATCHED, message, operand=operand)


def _apart(case: Case, ours: float, true: arb, relative: float, trace: Traced | None) -> str:
    """How far the rule on floats is from the derivative, and whose business that is."""
    error = error_in_ulps(ours, true, case.format)
    far = f": {error:.1f} ULP apart" if error < 10 else f": {error:.1e} ULP apart"
    if relative <= case.good:
        return far
    if trace is None:
        return f"{far}, {digits_left(error, case.format):.0f} digits agree"
    return f"{far}, for floats lose digits: as a formula the rule is the derivative there"


def _places(case: Case, count: int) -> Places:
    """``count`` points, plainest first; if there are more than `_MOST`, half plainest and half evenly spread."""
    if count < _MOST or len(case.points) <= _MOST:
        return case.points.plainest(count)
    evenly = np.arange(0, len(case.points), -(-2 * len(case.points) // _MOST))
    both = np.concatenate((case.points.plainest(_MOST // 2), evenly))
    return both[np.sort(np.unique(both, return_index=True)[1])]


def _formula(case: Case, trace: Traced, places: Places) -> Finding | None:
    """The traced rule in interval arithmetic against the true derivative, at these places."""
    names = case.spec.inputs
    program = BallProgram(trace.gradients, [*names, "g", *(f"acc_{n}" for n in names)])
    seeds = (1.0, *[0.0] * len(names))
    operands = range(len(names))
    comparable = ~case.at_kink & np.logical_and.reduce([case.reference_values.has(Status.KNOWN, i) for i in operands])
    chosen = places[comparable[places]]
    for start in range(0, len(chosen), _BATCH):
        batch = chosen[start : start + _BATCH].tolist()
        found: list[tuple[int, Finding]] = []  # how much each hides
        for index, reference_values in zip(batch, case.reference_values.at(batch), strict=True):
            point = case.points[index]
            for i, (name, true_value) in enumerate(zip(names, reference_values, strict=True)):
                ours = _decided(program, (*point, *seeds), i, true_value.ball)
                if not ours.is_finite() or ours.overlaps(true_value.ball) or (found and not plain(point)):
                    continue
                if is_rounding(case, i, point, ours, true_value.ball):
                    continue
                few = digits(ours, true_value.ball)
                refuted = _refuted(case, index, i, name, decimal(ours, few), "the rule in interval arithmetic", few)
                found.append((hidden(point, float(ours), float(true_value.ball)), refuted))
            if found and (found[-1][0] == 0 or len(found) >= _MANY):
                break
        if found:
            return _most_telling(found)
    return None


def _decided(program: BallProgram, data: Sequence[float], i: int, true: arb) -> arb:
    """The rule's interval for an operand, narrow enough to be separated from the derivative's where possible."""
    prec = 128
    while True:
        with ctx.workprec(prec):
            ours: arb = program(*map(arb, data))[i]
            enough = ours.rel_accuracy_bits() > 60 or ours.rad() < arb(2) ** -1100
            if not ours.is_finite() or not ours.overlaps(true) or enough or 2 * prec > LIMIT:
                return ours
        prec *= 2


def _same_on_floats(case: Case, trace: Traced) -> Finding | None:
    """The rule on floats must match its trace: no larger errors than those of the trace run on floats.

    One point far off is enough; an error between `Case.good` and `Case.bad` must be there at most of them.  A compiled
    kernel may lose digits where the trace does not (a tanh that saturates early, a pole), or underflow far out:
    small errors, explained ones and those far out are accepted here; the check of accuracy reports them.
    """
    names = case.spec.inputs
    note = "the rule on floats; on symbols it computes the derivative"
    for i, name in enumerate(names):
        off = _worse(case, trace, i, _judged(case, i) & ~_near(case, i, case.good))
        if case.operation.of_entries:  # NumPy and LAPACK work in an order of their own, which overflows elsewhere
            off = [index for index in off if case.in_working_range[index]]
        for index in off:
            far = _relative(case.samples.partials[i].item(index), case.reference_values[index][i].nearest) > case.bad
            narrow = case.operation.compiled or case.format is not FLOAT64
            if (case.guards or case.operation.compiled) and not case.in_working_range[index]:
                continue  # an event of floats, far out: the check of extremes reports it
            if far and not (narrow and _lost(case, index, i)):
                return _refuted(case, index, i, name, repr(case.samples.partials[i].item(index)), note)
        if len(off) > np.count_nonzero(_judged(case, i)) / 2:
            index = min(off, key=case.points.digits.item)
            return _refuted(case, index, i, name, repr(case.samples.partials[i].item(index)), note)
    return None


def _judged(case: Case, i: int) -> Mask:
    """At which points there is a derivative, a result, and no kink."""
    known = case.reference_values.has(Status.KNOWN, i) & np.isfinite(case.samples.partials[i])
    found: Mask = ~case.at_kink & case.in_range_of_format & known
    return found


def _near(case: Case, i: int, bar: float) -> Mask:
    """At which points the relative error is within ``bar``; at the plainest ones by interval arithmetic."""
    results = case.samples.partials[i]
    with np.errstate(all="ignore"):
        near: Mask = by_pieces(
            lambda ours, nearest: abs(ours - nearest) <= bar * np.maximum(abs(nearest), _LEAST),
            bool,
            results,
            case.reference_values.nearest[i],
        )
    plainest = case.points.plainest(_FEW).tolist()
    for index, reference_values in zip(plainest, case.reference_values.at(plainest), strict=True):
        near[index] = _relative(results.item(index), reference_values[i].nearest) <= bar
    return near


def _worse(case: Case, trace: Traced, i: int, suspects: Mask) -> list[int]:
    """The suspects at which the rule on floats is further off than its trace on floats."""
    places = np.flatnonzero(suspects)
    if not len(places):
        return []
    names, ours = case.spec.inputs, case.samples.partials[i]
    seeds = {symbol("g"): constant(1), **{symbol(f"acc_{n}"): constant(0) for n in names}}
    (rule,) = substitute((trace.gradients[i],), seeds)
    program = compile_floats((rule,), names)
    if len(places) > _FEW:  # most of them return exactly what the trace does
        places = np.concatenate([_others(rule, case, ours, places[part]) for part in pieces(len(places))])
    worse = []
    for index in places.tolist():
        (expected,) = program(*case.points[index])
        if ours.item(index) != expected:
            true = case.reference_values[index][i].nearest
            if _relative(expected, true) <= case.good < _relative(ours.item(index), true):
                worse.append(index)
    return worse


def _others(rule: Term, case: Case, ours: Column, places: Places) -> Places:
    """The places where the result may differ from that of the trace on floats."""
    (traced,), doubtful = on_columns((rule,), case.spec.inputs, case.points.where(places).columns)
    found: Places = places[doubtful | (traced != ours[places])]
    return found


def _lost(case: Case, index: int, i: int) -> bool:
    """Whether an error is lost digits: small relative to the usual derivative, far out, or where it is steep itself."""
    result, true_value, point = case.samples[index].partials[i], case.reference_values[index][i], case.points[index]
    if abs(result - true_value.nearest) <= case.slight * case.typical_size[i]:
        return True
    if any(abs(x) > _FAR or 0 < abs(x) < _CLOSE for x in point):
        return True
    norm = norm_error(case, point)
    around = case.derivatives(*(arb(x, abs(x) * case.good + norm) for x in point))[i]
    return not around.is_finite() or bool(around.contains(result))  # beside a pole, or nearly as steep


def norm_error(case: Case, point: Sequence[float]) -> float:
    """What compiled code may have added to each entry of an array: matrices are factored to the digits of a norm."""
    if not (case.operation.compiled and case.operation.of_entries):
        return 0.0
    return NORMWISE * max(map(abs, point), default=0.0)


def _relative(x: float, true: float) -> float:
    return abs(x - true) / max(abs(true), _LEAST) if math.isfinite(x) else math.inf


def _floats_only(case: Case) -> Finding | None:
    """Without a trace: most points must match to twelve digits, and none may be far off.

    A formula that loses digits is not wrong.  So an error is accepted that is small relative to the usual size of the
    derivative (1 - tanh² has no digits left at 20), or that a small change of the operands explains; and one that the
    trace explains, though it is not relied on: that is no error of the formula, however often it occurs.
    """
    for i, name in enumerate(case.spec.inputs):
        nearest, ours = case.reference_values.nearest[i], case.samples.partials[i]
        judged = _judged(case, i) & ((abs(nearest) >= _LEAST) | (nearest == 0))
        off = judged & ~_near(case, i, case.good)
        often = np.count_nonzero(off) > np.count_nonzero(judged) / 2
        if often and case.leaking_trace is not None:
            off[[at for at in np.flatnonzero(off).tolist() if is_rounding_of_the_trace(case, at, i)]] = False
            often = np.count_nonzero(off) > np.count_nonzero(judged) / 2
        with np.errstate(all="ignore"):
            far = off & ~_near(case, i, case.bad) & (abs(ours - nearest) > case.slight * case.typical_size[i])
        found: list[tuple[int, Finding]] = []
        for index in case.points.plainest(among=off if often else far).tolist():
            result, true = ours.item(index), case.reference_values[index][i].nearest
            if _relative(result, true) <= case.good:
                continue  # intervals enclose a subnormal number more tightly than the screen
            if found and not plain(case.points[index]):
                break
            if often or not (_explained(case, index, i) or is_rounding_of_the_trace(case, index, i)):
                refuted = _refuted(case, index, i, name, repr(result), "the rule on floats")
                found.append((hidden(case.points[index], result, true), refuted))
                if found[-1][0] == 0 or len(found) >= _MANY:
                    break
        if found:
            return _most_telling(found)
    return None


def _most_telling(found: list[tuple[int, Finding]]) -> Finding | None:
    """The first of the clearest counterexamples: those in which the fewest other numbers hide the error."""
    return min(found, key=lambda entry: entry[0])[1] if found else None


def _explained(case: Case, index: int, i: int) -> bool:
    """Whether the result is the derivative at operands within a relative 2**-40: steep, but not wrong."""
    point = case.points[index]
    factors = (1 - case.good, 1 + case.good)
    near = [(*point[:k], x * factor, *point[k + 1 :]) for k, x in enumerate(point) for factor in factors]
    values = Reference(case.derivatives, case.spec.inputs).many(near)
    partials = [v[i].nearest for v in values if v[i].status is Status.KNOWN]
    return bool(partials) and min(partials) <= case.samples.partials[i].item(index) <= max(partials)


def is_rounding_of_the_trace(case: Case, index: int, i: int) -> bool:
    """Whether the result is that of a formula which is right there: of a trace that is not relied on elsewhere."""
    traced = case.leaking_trace
    if traced is None:
        return False
    point = case.points[index]
    (rule,) = substitute((traced.gradients[i],), case.seeds)
    if compile_floats((rule,), case.spec.inputs)(*point)[0] != case.samples.partials[i].item(index):
        return False
    return _decided(BallProgram((rule,), case.spec.inputs), point, 0, case.reference_values[index][i].ball).overlaps(
        case.reference_values[index][i].ball
    )


def _refuted(case: Case, index: int, i: int, name: str, ours: str, note: str, few: int = 30) -> Finding:
    point, true_value = case.points[index], case.reference_values[index][i]
    return case.finding(
        POINTS,
        Verdict.REFUTED,
        f"the rule is not {case.operation.wanted or f'the derivative of {case.spec.definition}'}",
        operand=name if len(case.moved) > 1 else "",
        point=case.exact(point),
        details=(
            ("ours", f"{ours}   at {case.shown(point)}   ({note})"),
            ("expected", f"{decimal(true_value.ball, few)}   (reference)"),
            ("rerun", case.rerun(point)),
        ),
    )
