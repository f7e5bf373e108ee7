"""Is a trace the rule?  Code may do something else on symbols than on floats, and then only floats can judge it.

A symbol divides by 0 without an exception, is in no set or table of numbers, and is of no type of floats; what
`try` and `except`, a table or `type(x)` decide is then another rule.  That shows where the rule is right on floats
and its trace is not, in balls and run on floats in either way, and at a corner where it has an answer and its trace
has none.  Such a trace accuses nobody any more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flint import arb, ctx

from verify.numbers.reference import Status, Truth
from verify.trace.balls import evaluate
from verify.trace.floats import compile_floats
from verify.trace.term import Term

_GOOD, _BAD = 2.0**-40, 1e-6  # relative errors of an answer that is right, and of one that is another number
_FAR, _CLOSE = 2.0**40, 2.0**-40  # beyond these, floats may be right by being swallowed or lost
_LEAST = 2.0**-1022
_BITS = 256

Looked = tuple[Sequence[float], Sequence[float], Sequence[Truth] | None]
"""A point, the rule's answers there, and the true slopes; none at a corner, where more than one answer will do."""


class Unfaithful(Exception):
    """The trace is not the rule that runs on floats."""


def unfaithful(rules: Sequence[Term], inputs: Sequence[str], looked: Iterable[Looked]) -> Unfaithful | None:
    """What shows that the terms are not the rule that answered at these points; None if nothing does."""
    programs = [compile_floats(rules, inputs, ieee=ieee) for ieee in (False, True)]
    for point, answers, truths in looked:
        if any(x and not _CLOSE <= abs(x) <= _FAR for x in point):
            continue
        at = dict(zip(inputs, point, strict=True))
        for i, answer in enumerate(answers):
            try:
                traced = [program(*point)[i] for program in programs]
            except ArithmeticError:  # whole numbers beyond all floats
                continue
            another = _has_no_value if truths is None else _is_wrong_alone
            if another(rules[i], at, answer, traced, truths[i] if truths else None):
                place = ", ".join(f"{name} = {x!r}" for name, x in at.items())
                told = traced[0] if math.isfinite(traced[0]) else "no number"
                return Unfaithful(f"at {place} floats answer {answer!r}, and symbols {told}")
    return None


def _is_wrong_alone(rule: Term, at: Mapping[str, float], answer: float, traced: Sequence[float], truth: Any) -> bool:
    """Whether the trace is wrong there, in balls as on floats, and the answer is right."""
    if truth.status is not Status.KNOWN or not _relative(answer, truth.nearest) <= _GOOD:
        return False
    if any(_relative(x, truth.nearest) <= _BAD for x in traced):
        return False
    ours = _in_balls(rule, at)
    return not (ours.is_finite() and ours.overlaps(truth.ball))


def _has_no_value(rule: Term, at: Mapping[str, float], answer: float, traced: Sequence[float], _: Any) -> bool:
    """Whether the trace has no value where the rule has an answer."""
    return math.isfinite(answer) and not any(map(math.isfinite, traced)) and not _in_balls(rule, at).is_finite()


def _in_balls(rule: Term, at: Mapping[str, float]) -> arb:
    with ctx.workprec(_BITS):
        return evaluate(rule, {name: arb(x) for name, x in at.items()})


def _relative(x: float, true: float) -> float:
    return abs(x - true) / max(abs(true), _LEAST)
