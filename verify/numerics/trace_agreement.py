"""Checks that a trace is the rule: code may branch differently on symbols than on floats; then only floats count.

A symbol divides by 0 without an exception, is in no set or table of numbers, and is of no type of floats; so
`try` and `except`, a table or `type(x)` may select another rule.  That shows where the rule is right on floats
and its trace is wrong, in ball arithmetic and on floats, and at a kink where the rule has a value and its trace
has none.  Such a trace is not used to reject a rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flint import arb, ctx

from backproof.verify.evaluate.balls import evaluate
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.numerics.reference import ReferenceValue, Status
from backproof.verify.support.errors import NotTraced
from backproof.verify.terms.ledger import Entry
from backproof.verify.terms.term import Term
from backproof.verify.tracing.stopped import placed

_GOOD, _BAD = 2.0**-40, 1e-6  # relative errors of a right result, and of one that is another number
_FAR, _CLOSE = 2.0**40, 2.0**-40  # beyond these, floats may be right only because terms are absorbed or lost
_LEAST = 2.0**-1022
_BITS = 256

Looked = tuple[Sequence[float], Sequence[float], Sequence[ReferenceValue] | None]
"""A point, the rule's results there, and the exact partial derivatives; None at a kink, where several are valid."""


class Unfaithful(NotTraced):
    """The trace is not the rule that runs on floats."""


class Leaking(NotTraced):
    """The code may have learned something of a symbol that its trace does not record (`verify.terms.ledger`)."""

    def __init__(self, leaks: Sequence[Entry]) -> None:
        first, *others = leaks
        more = f", and {len(others)} more" if others else ""
        super().__init__(f"on symbols the code may compute something else: {placed(first)}{more}")


def unfaithful(rules: Sequence[Term], inputs: Sequence[str], looked: Iterable[Looked]) -> Unfaithful | None:
    """Evidence that the terms are not the rule that gave these results; None if there is none."""
    programs = [compile_floats(rules, inputs, ieee=ieee) for ieee in (False, True)]
    for point, results, reference_values in looked:
        if any(x and not _CLOSE <= abs(x) <= _FAR for x in point):
            continue
        at = dict(zip(inputs, point, strict=True))
        for i, result in enumerate(results):
            try:
                traced = [program(*point)[i] for program in programs]
            except ArithmeticError:  # integers beyond all floats
                continue
            another = _has_no_value if reference_values is None else _is_wrong_alone
            if another(rules[i], at, result, traced, reference_values[i] if reference_values else None):
                place = ", ".join(f"{name} = {x!r}" for name, x in at.items())
                symbolic = traced[0] if math.isfinite(traced[0]) else "no value"
                return Unfaithful(f"at {place} the rule gives {result!r} on floats, and {symbolic} on symbols")
    return None


def _is_wrong_alone(rule: Term, at: Mapping[str, float], result: float, traced: Sequence[float], expected: Any) -> bool:
    """Whether the trace is wrong there, in ball arithmetic and on floats, and the result is right."""
    if expected.status is not Status.KNOWN or not _relative(result, expected.nearest) <= _GOOD:
        return False
    if any(_relative(x, expected.nearest) <= _BAD for x in traced):
        return False
    ours = _in_balls(rule, at)
    return not (ours.is_finite() and ours.overlaps(expected.ball))


def _has_no_value(rule: Term, at: Mapping[str, float], result: float, traced: Sequence[float], _: Any) -> bool:
    """Whether the trace has no value where the rule has one."""
    return math.isfinite(result) and not any(map(math.isfinite, traced)) and not _in_balls(rule, at).is_finite()


def _in_balls(rule: Term, at: Mapping[str, float]) -> arb:
    with ctx.workprec(_BITS):
        return evaluate(rule, {name: arb(x) for name, x in at.items()})


def _relative(x: float, true: float) -> float:
    return abs(x - true) / max(abs(true), _LEAST)
