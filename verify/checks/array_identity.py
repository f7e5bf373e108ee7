"""Right for large arrays: the rule, run on symbols, is the derivative at random points of finite fields.

The pair is run along the path that a point takes; on that cell the rule must be the gradient of Σ w[k]·f(x)[k], for
weights w that are symbols too, so that every entry of the Jacobian counts.  Interval arithmetic evaluates the same
formulas at the same points.  Only it refutes: a difference in a finite field may come from a function that has no
meaning there, or from the sign of a root.  What no interval shows is reported as not decided.

Small shapes of the same functions go to the prover: its proofs are reported as well, and a rule that is refuted is
refuted at the smallest shape that shows it.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from backproof.verify.checks.array_case import ArrayCase
from backproof.verify.checks.array_cells import ArrayCells, Look
from backproof.verify.checks.array_counterexamples import wrong_gradient, wrong_value
from backproof.verify.checks.small_shapes import FEW, smaller
from backproof.verify.checks.table import ARRAY_IDENTITY
from backproof.verify.finite_fields.identity import Outcome, seed_of, tried
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.support.fuel import budget, given

_SHARE = 8  # of the fuel of a question, for each small shape where no error is known
_CITED = "Zippel 1979, Schwartz 1980"
_CONJECTURE = "a conjecture on powers of e (Li and Wu, arXiv:2506.04529)"


def check(case: ArrayCase) -> Iterator[Finding]:
    """The verdict at this shape, and proofs at small ones."""
    with _no_collection():
        yield from _found(case)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Disables garbage collection: scanning hundreds of thousands of live terms again and again is slow."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _found(case: ArrayCase) -> Iterator[Finding]:
    sampled = case.sampled
    if not sampled.sampled:
        verdict = Verdict.MATCHED if sampled.stopped else Verdict.INCONCLUSIVE
        message = f"not run on symbols at this shape: {sampled.stopped}; checked on floats only"
        yield case.finding(ARRAY_IDENTITY, verdict, message)
        return
    refuted = _refuted(case, sampled)
    if refuted:
        yield from _refuted_at_smaller(case)
        yield from refuted
        return
    trials = Trials(case, sampled)
    proofs = [f for one in smaller(case) if one.proved for f in one.findings]
    yield from proofs or _suspected(case)
    yield _finding(case, sampled, trials)


class _Worst(NamedTuple):
    error: float
    trials: int
    bits: int


class Trials:
    """The outcome on every cell, for the rule and for the forward against its definition."""

    def __init__(self, case: ArrayCase, sampled: ArrayCells) -> None:
        self.outcomes: list[Outcome] = []
        for index, formula in enumerate(sampled.formulas()):
            gradients = zip(formula.rule, formula.partials, strict=True)
            pairs = [*gradients, *zip(formula.outputs, formula.meant, strict=True)]
            seed = seed_of(case.options.seed, case.operation.name, case.operation.case, index)
            self.outcomes.append(tried(pairs, seed))
            if not self.outcomes[-1].same:
                break

    @property
    def failed(self) -> Outcome | None:
        """The outcome on the first cell where they disagree, if there is one."""
        return next((outcome for outcome in self.outcomes if not outcome.same), None)

    @property
    def worst(self) -> _Worst:
        """The largest bound, the fewest trials, the smallest prime."""
        found = self.outcomes
        return _Worst(max(o.error for o in found), min(o.trials for o in found), min(o.bits for o in found))


def _refuted(case: ArrayCase, sampled: ArrayCells) -> list[Finding]:
    """Findings at the first counterexample: the forward if it differs from its definition, and the rule."""
    for look in sampled.sampled:
        found = [wrong_value(case, look, look.wrong_values)] if look.wrong_values else []
        found += [wrong_gradient(case, look, look.wrong)] if look.wrong else []
        if found:
            return found
    return []


def _refuted_at_smaller(case: ArrayCase) -> Iterator[Finding]:
    """The findings at the smallest shape that the prover refutes."""
    for one in smaller(case, first_refuted=True):
        if one.refuted:
            yield from (replace(f, message=f"at this small shape already {f.message}") for f in one.findings)
            return


def _suspected(case: ArrayCase) -> Iterator[Finding]:
    """What the refuter finds on little fuel at a small shape, where the prover proves none.

    The large shape was evaluated on a few cells only.  A rule that is proved on some cells of the small one, and wrong
    on another, is wrong; one that is wrong on all of them may be written for the requested size.
    """
    with budget(max(1, given() // _SHARE)):
        one = next((small for small in smaller(case, True, FEW) if small.refuted), None)
    if one is not None:
        verdict = Verdict.REFUTED if one.partly else Verdict.MATCHED
        note = "at this smaller shape" + ("" if one.partly else ", if it is written for that,")
        wrong = [f for f in one.findings if f.verdict is Verdict.REFUTED]
        yield from (replace(f, verdict=verdict, message=f"{note} {f.message}") for f in wrong)


def _finding(case: ArrayCase, sampled: ArrayCells, trials: Trials) -> Finding:
    unknown = [look for look in sampled.sampled if look.unknown]
    failed = trials.failed
    if slight := [look for look in sampled.sampled if look.slight]:
        message = "not probable: it differs from the derivative, by less than 2**-30 of it"
        return case.finding(ARRAY_IDENTITY, Verdict.MATCHED, f"{message}, at {len(slight)} points")
    if failed is not None and failed.certain and not failed.reason:
        message = "not decided: the rule differs from the derivative in a finite field, but not in interval arithmetic"
        return case.finding(ARRAY_IDENTITY, Verdict.INCONCLUSIVE, message)
    if failed is not None:
        return _only_matched(case, sampled, failed, unknown)
    if trials.worst.error > -1:
        message = "not decided: the degree of the formulas is too high for trials in finite fields to be conclusive"
        return case.finding(ARRAY_IDENTITY, Verdict.INCONCLUSIVE, message)
    if sampled.dropped:
        dropped = f"{len(sampled.dropped)} of {len(sampled.sampled) + len(sampled.dropped)} points"
        message = f"not probable: at {dropped} it does not run on symbols: {sampled.reason}"
        return case.finding(ARRAY_IDENTITY, Verdict.MATCHED, message)
    chance = f"2**{math.ceil(trials.worst.error)}"
    comma = "," if case.operation.surrogate else ""
    chance = f"a wrong rule would pass with probability at most {chance}"
    message = f"equal to {case.derivative}{comma} in finite fields: {chance}"
    details = (*_facts(sampled, trials), *_notes(case, sampled))
    return case.finding(ARRAY_IDENTITY, Verdict.PROBABLE, message, details=details)


def _only_matched(case: ArrayCase, sampled: ArrayCells, failed: Outcome, unknown: Sequence[Look]) -> Finding:
    """The trials were inconclusive: only the points evaluated in interval arithmetic remain."""
    why = failed.reason or _why_open(failed)
    if unknown or not sampled.sampled:
        message = f"not decided: {why}, and interval arithmetic is inconclusive too"
        return case.finding(ARRAY_IDENTITY, Verdict.INCONCLUSIVE, message)
    count = len(sampled.sampled)
    message = f"the rule is {case.derivative} at {count} points, in interval arithmetic; not probable: {why}"
    return case.finding(ARRAY_IDENTITY, Verdict.MATCHED, message)


def _why_open(failed: Outcome) -> str:
    parts = []
    if failed.opaque:
        parts.append(f"{', '.join(failed.opaque)} cannot be evaluated in a finite field")
    if failed.roots:
        parts.append("the signs of square roots are not determined in a finite field")
    return " and ".join(parts)


def _facts(sampled: ArrayCells, trials: Trials) -> Iterator[tuple[str, str]]:
    worst = trials.worst
    yield "trials", f"{worst.trials} per cell, modulo random primes of at least {worst.bits} bits ({_CITED})"
    assumed = [_CONJECTURE] if any(o.powers for o in trials.outcomes) else []
    assumed += dict.fromkeys(a for formula in sampled.formulas() for a in formula.assumptions)
    if assumed:
        yield "assumes", "\n".join(assumed)
    if opaque := dict.fromkeys(name for o in trials.outcomes for name in o.opaque):
        yield "opaque", f"valid for any function in place of {', '.join(opaque)}"
    if sampled.branches:
        cells = len(trials.outcomes)
        yield "cells", f"only those of {cells} points; the code takes up to {sampled.branches} branches"


def _notes(case: ArrayCase, sampled: ArrayCells) -> Iterator[tuple[str, str]]:
    if case.operation.own_definition:
        yield "definition", "the forward's own code"
    yield "intervals", f"equal at {len(sampled.sampled)} points, entry by entry"
