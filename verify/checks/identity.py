"""Right for large arrays: the rule, run on symbols, is the derivative at random points of finite fields.

The pair is run along the path that a point takes; on that cell the rule must be the gradient of Σ w[k]·f(x)[k], for
weights w that are symbols too, so that every entry of the Jacobian counts.  Balls look at the same formulas at the
same points.  Only they refute: a difference in a finite field may come from a function that means nothing there, or
from the sign of a root.  What no ball shows is said to be open.

Small shapes of the same functions go to the prover: where it proves them that is told as well, and a rule that is
refuted is refuted at the smallest shape that shows it.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from verify.case import Case
from verify.checks.smaller import smaller
from verify.findings import Finding, Verdict
from verify.identity.identity import Outcome, seed_of, tried
from verify.identity.looks import Look, Looks
from verify.identity.telling import wrong_gradient, wrong_value
from verify.limits import OutOfTime, time_limit
from verify.subjects.large import LargePair

_BRIEFLY = 5.0  # seconds for the refuter where nothing is known to be wrong
_CITED = "Zippel 1979, Schwartz 1980"
_CONJECTURE = "a conjecture on powers of e (Li and Wu, arXiv:2506.04529)"


def check(case: Case) -> Iterator[Finding]:
    """The verdict at this shape, and proofs at small ones."""
    with _no_collection():
        yield from _found(case)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hundreds of thousands of terms that live are not looked through for garbage again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _found(case: Case) -> Iterator[Finding]:
    looks = case.looks
    if not looks.looks:
        verdict = Verdict.MATCHED if looks.stopped else Verdict.INCONCLUSIVE
        message = f"not run on symbols at this shape: {looks.stopped}; it rests on floats"
        yield case.finding("identity", verdict, message)
        return
    refuted = _refuted(case, looks)
    if refuted:
        yield from _refuted_at_smaller(case)
        yield from refuted
        return
    trials = Trials(case, looks)
    proofs = [f for one in smaller(case) if one.proved for f in one.findings]
    yield from proofs or _suspected(case)
    yield _told(case, looks, trials)


class _Worst(NamedTuple):
    error: float
    trials: int
    bits: int


class Trials:
    """The outcome on every cell, of the rule and of the forward beside its definition."""

    def __init__(self, case: Case, looks: Looks) -> None:
        self.outcomes: list[Outcome] = []
        for index, formula in enumerate(looks.formulas()):
            pairs = [*zip(formula.rule, formula.slopes, strict=True), *zip(formula.outputs, formula.meant, strict=True)]
            seed = seed_of(case.options.seed, case.operation.name, case.row.case, index)
            self.outcomes.append(tried(pairs, seed))
            if not self.outcomes[-1].same:
                break

    @property
    def failed(self) -> Outcome | None:
        """The outcome on the cell where they do not agree, if there is one."""
        return next((outcome for outcome in self.outcomes if not outcome.same), None)

    @property
    def worst(self) -> _Worst:
        """The largest bound, the fewest trials, the smallest prime."""
        found = self.outcomes
        return _Worst(max(o.error for o in found), min(o.trials for o in found), min(o.bits for o in found))


def _refuted(case: Case, looks: Looks) -> list[Finding]:
    """At the first point that shows something: the forward if it is not its definition, and the rule."""
    for look in looks.looks:
        found = [wrong_value(case, look, look.wrong_values)] if look.wrong_values else []
        found += [wrong_gradient(case, look, look.wrong)] if look.wrong else []
        if found:
            return found
    return []


def _refuted_at_smaller(case: Case) -> Iterator[Finding]:
    """The findings at the smallest shape that the prover refutes."""
    for one in smaller(case, first_refuted=True):
        if one.refuted:
            yield from (replace(f, message=f"at this small shape already {f.message}") for f in one.findings)
            return


def _suspected(case: Case) -> Iterator[Finding]:
    """What the refuter finds in a little time at a small shape, where the prover proves none.

    The large shape was looked at on a few cells only.  A rule that is proved on some cells of the small one, and wrong
    on another, is wrong; one that is wrong on all of them may be written for the size that was asked for.
    """
    found: list[Finding] = []
    try:
        with time_limit(_BRIEFLY):
            for one in smaller(case, first_refuted=True):
                if one.refuted:
                    wrong = [f for f in one.findings if f.verdict is Verdict.REFUTED]
                    verdict = Verdict.REFUTED if one.partly else Verdict.MATCHED
                    note = "at this smaller shape" + ("" if one.partly else ", if it is written for that,")
                    found = [replace(f, verdict=verdict, message=f"{note} {f.message}") for f in wrong]
                    break
    except OutOfTime:
        pass
    yield from found


def _told(case: Case, looks: Looks, trials: Trials) -> Finding:
    unknown = [look for look in looks.looks if look.unknown]
    failed = trials.failed
    if failed is not None and failed.certain and not failed.reason:
        message = "not decided: in a finite field the rule is another function, and no point in balls shows it"
        return case.finding("identity", Verdict.INCONCLUSIVE, message)
    if failed is not None:
        return _only_matched(case, looks, failed, unknown)
    if trials.worst.error > -1:
        message = "not decided: the formulas have so high a degree that trials in finite fields say nothing"
        return case.finding("identity", Verdict.INCONCLUSIVE, message)
    chance = f"2**{math.ceil(trials.worst.error)}"
    message = f"the derivative in finite fields: another rule would pass with a probability of at most {chance}"
    details = (*_facts(looks, trials), *_notes(case, looks))
    return case.finding("identity", Verdict.PROBABLE, message, details=details)


def _only_matched(case: Case, looks: Looks, failed: Outcome, unknown: Sequence[Look]) -> Finding:
    """The trials could not tell: then the points in balls are all there is."""
    why = failed.reason or _why_open(failed)
    if unknown or not looks.looks:
        return case.finding("identity", Verdict.INCONCLUSIVE, f"not decided: {why}, and balls do not tell either")
    count = len(looks.looks)
    message = f"in balls the rule is the derivative at {count} points; not probable: {why}"
    return case.finding("identity", Verdict.MATCHED, message)


def _why_open(failed: Outcome) -> str:
    parts = []
    if failed.opaque:
        parts.append(f"in a finite field nothing is known of {', '.join(failed.opaque)}")
    if failed.roots:
        parts.append("the signs of square roots cannot be seen in a finite field")
    return " and ".join(parts)


def _facts(looks: Looks, trials: Trials) -> Iterator[tuple[str, str]]:
    worst = trials.worst
    yield "trials", f"{worst.trials} a cell, modulo random primes of {worst.bits} bits and more ({_CITED})"
    assumed = [_CONJECTURE] if any(o.powers for o in trials.outcomes) else []
    assumed += dict.fromkeys(a for formula in looks.formulas() for a in formula.assumptions)
    if assumed:
        yield "assumes", "\n".join(assumed)
    if opaque := dict.fromkeys(name for o in trials.outcomes for name in o.opaque):
        yield "opaque", f"true whatever function is put for {', '.join(opaque)}"
    if looks.branches:
        cells = len(trials.outcomes)
        yield "cells", f"only those of {cells} points; the code takes up to {looks.branches} decisions on the way"


def _notes(case: Case, looks: Looks) -> Iterator[tuple[str, str]]:
    assert isinstance(case.operation, LargePair)
    if case.operation.own_definition:
        yield "definition", "the forward's own code"
    yield "in balls", f"equal at {len(looks.looks)} points, entry by entry"
