"""Right, for an operation of a user's class: also as the derivative of its own forward.

A method `tanh` may be saturated, a `sigmoid` clamped, a `reciprocal` shifted by 1e-8: its forward is nearly the
function of that name, and its rule the derivative of what it computes.  Such a rule is not wrong.  It is checked as the
derivative of its own forward, and is `matched`: that the forward is another function is told.  So is a rule that
ignores a clamp where nobody can see it: it differs by less than 2**-30 of its size.  A forward that is not even near is
refuted, and so is a rule that is the derivative of neither; the finding says which it is.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from backproof.verify.checks.case import Case
from backproof.verify.checks.relation import OwnForward
from backproof.verify.numerics.reference import Status as Known
from backproof.verify.numerics.typical import sizes_about_one
from backproof.verify.proof.result import Proof, Status
from backproof.verify.subjects.boundary import number
from backproof.verify.subjects.functions.own_forward import spec_from_forward
from backproof.verify.support.errors import NO_TRACE, SubjectError

_PLAIN = (-8.0, -2.5, -0.75, -(2.0**-5), 2.0**-5, 0.75, 2.5, 8.0)  # where a forward of that name is about right
_NEAR = 2.0**-6
_UNSEEN = 2.0**-30  # of the usual size: a difference that is not a wrong derivative
_VISIBLE = 1e-9  # relative, in a message


def as_judged(case: Case) -> Case:
    """The case as it is to be checked, decided once."""
    if not case.operation.near_its_name:
        return case
    if case.judged is None:
        case.judged = _judged(case)
    return case.judged


def _judged(case: Case) -> Case:
    """The case as it is, or of its own forward in place of the mirror's function."""
    proof = case.rule_proof
    if proof is None or proof.failure or proof.status is Status.PROVED or case.residual_bounds or case.negligible:
        return case
    if _forward_is_proved(proof):
        return case
    own = Case(case.operation, spec_from_forward(case.operation), case.options)
    try:
        of_its_own = own.rule_proof
    except NO_TRACE:  # its forward alone cannot be run on symbols
        return case
    if of_its_own is not None and of_its_own.status is Status.PROVED:
        if _is_near(case):
            own.own = OwnForward(mirror=case)
            return own
        case.own = OwnForward(said="the rule is the derivative of its own forward, which is another function")
    elif all(v.status is Status.PROVED for c in proof.cells if not c.outside for v in c.gradients):
        said = f"the rule is the derivative of {case.spec.definition}, and not of its own forward"
        case.own = OwnForward(said=said)
    elif _is_nearly(case):
        case.own = OwnForward(nearly=True)
    else:
        case.own = OwnForward(said="the rule is not the derivative of its own forward either")
    return case


def told(case: Case) -> str:
    """What is said of a rule that is not the mirror's derivative and not wrong, with a point; "" if it is wrong."""
    if case.own is None:
        return ""
    if case.own.nearly:
        function = f"not proved: the forward is not {case.spec.definition}{_first_difference(case)}"
        return f"{function}; forward and rule differ by less than 2**-30 of their size"
    if case.own.mirror is None:
        return ""
    function = f"which is not {case.own.mirror.spec.definition}"
    return f"proved as the derivative of its own forward, {function}{_first_difference(case.own.mirror)}"


def _forward_is_proved(proof: Proof) -> bool:
    return all(cell.forward.status is Status.PROVED for cell in proof.cells if not cell.outside)


def _is_near(case: Case) -> bool:
    """Whether the forward has a value at all plain points, and is about the mirror's function at most of them."""
    near, count = 0, 0
    for place in product(_PLAIN, repeat=len(case.spec.inputs)):
        expected = case.values.at(place)[0]
        if expected.status is not Known.KNOWN:
            continue
        count += 1
        try:
            ours = number(case.operation.forward(*place))
        except SubjectError:
            return False
        near += abs(ours - expected.nearest) <= _NEAR * abs(expected.nearest)
    return 2 * near > count


def _is_nearly(case: Case) -> bool:
    """Whether forward and rule differ, at all points of the working range, by less than 2**-30 of their size."""
    value, *partials = sizes_about_one((case.stable, *case.partials), case.spec.inputs, case.region)
    if not all(0 < size < math.inf for size in (value, *partials)):
        return False
    looked = case.in_working_range & case.samples.returned & ~case.at_kink
    for i, size in enumerate(partials):
        known = looked & case.reference_values.has(Known.KNOWN, i)
        true = case.reference_values.nearest[i]
        with np.errstate(all="ignore"):
            error = abs(case.samples.partials[i] - true)
        if not (error <= _UNSEEN * np.maximum(abs(true), size))[known].all():
            return False
    for index in np.flatnonzero(looked).tolist():
        expected = case.values.at(case.points[index])[0]
        bar = _UNSEEN * max(abs(expected.nearest), value)
        if expected.status is Known.KNOWN and not abs(case.samples.out.item(index) - expected.nearest) <= bar:
            return False
    return True


def _first_difference(case: Case) -> str:
    """The smallest point where the forward differs visibly from the mirror's function, in words."""
    for index in np.argsort(sum(abs(column) for column in case.points.columns), kind="stable").tolist():
        ours, expected = case.samples.out.item(index), case.values.at(case.points[index])[0]
        if expected.status is not Known.KNOWN or not math.isfinite(ours):
            continue
        if abs(ours - expected.nearest) > _VISIBLE * max(abs(expected.nearest), 2.0**-1000):
            return f": {ours!r} in place of {expected.nearest!r} at {case.shown(case.points[index])}"
    return ""
