"""Is a trace the rule?  Code may do something else on symbols than on floats, and then only floats can judge it.

A symbol divides by 0 without an exception, is in no set or table of numbers, and is of no type of floats; what
`try` and `except`, a table or `type(x)` decide is then another rule.  That shows where the rule is right on floats
and its trace is not, run on floats in either way: the trace accuses nobody any more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from flint import arb, ctx

from verify.numbers.reference import Status, Truth
from verify.trace.balls import evaluate
from verify.trace.floats import compile_floats
from verify.trace.term import Term

_GOOD, _BAD = 2.0**-40, 1e-6  # relative errors of an answer that is right, and of one that is another number
_FAR, _CLOSE = 2.0**40, 2.0**-40  # beyond these, floats may be right by being swallowed or lost
_LEAST = 2.0**-1022
_BITS = 256

Looked = tuple[Sequence[float], Sequence[float], Sequence[Truth]]
"""A point, the rule's answers there, and the true slopes."""


class Unfaithful(Exception):
    """The trace is not the rule that runs on floats."""


def unfaithful(rules: Sequence[Term], inputs: Sequence[str], looked: Iterable[Looked]) -> Unfaithful | None:
    """What shows that the terms are not the rule that answered at these points; None if nothing does."""
    programs = [compile_floats(rules, inputs, ieee=ieee) for ieee in (False, True)]
    for point, answers, truths in looked:
        if any(x and not _CLOSE <= abs(x) <= _FAR for x in point):
            continue
        for i, (answer, truth) in enumerate(zip(answers, truths, strict=True)):
            if truth.status is not Status.KNOWN or not _relative(answer, truth.nearest) <= _GOOD:
                continue
            try:
                traced = [program(*point)[i] for program in programs]
            except ArithmeticError:  # whole numbers beyond all floats
                continue
            wrong = all(not _relative(x, truth.nearest) <= _BAD for x in traced)
            if wrong and not _overlaps(rules[i], dict(zip(inputs, map(arb, point), strict=True)), truth.ball):
                at = ", ".join(f"{name} = {x!r}" for name, x in zip(inputs, point, strict=True))
                told = traced[0] if math.isfinite(traced[0]) else "no number"
                return Unfaithful(f"at {at} floats answer {answer!r}, as they should, and symbols {told}")
    return None


def _overlaps(rule: Term, point: dict[str, arb], truth: arb) -> bool:
    """Whether the trace, in balls, is right there: then it is its run on floats that loses digits."""
    with ctx.workprec(_BITS):
        ours = evaluate(rule, point)
    return bool(ours.is_finite() and ours.overlaps(truth))


def _relative(x: float, true: float) -> float:
    return abs(x - true) / max(abs(true), _LEAST)
