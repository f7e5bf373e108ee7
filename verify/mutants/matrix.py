"""The kill matrix: which check alone would have killed what, and the outcome of every mutant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from backproof.verify.checks.table import CHECKS
from backproof.verify.mutants.edits import Mutation
from backproof.verify.mutants.generate import Mutant
from backproof.verify.mutants.judge import POINTS, Judgement, Outcome
from backproof.verify.support.layout import columns, folded, table

Judged = Sequence[tuple[Mutant, Judgement]]

_MEANING = {
    Outcome.REFUTED: "wrong at the point shown, confirmed by the closure itself in interval arithmetic",
    Outcome.UNSAFE: "no valid result at a kink, an edge or in the range of floats",
    Outcome.MISWIRED: "the derivative is right, its use in the backward pass is not",
    Outcome.EQUIVALENT: "proved, and agrees with the engine's rule in interval arithmetic",
    Outcome.NEGLIGIBLE: "differs from the derivative by less than 2**-40 of its size, shown by bounds",
    Outcome.UNDECIDED: "survives: neither refuted nor proved",
    Outcome.FALSE_PROOF: "survives: proved, but wrong",
}


def lines(judged: Judged, seconds: float, jobs: int) -> Iterator[str]:
    """The report of a run, in the available columns."""
    for line in _lines(judged, seconds, jobs):
        yield from folded(line, columns(), hang=4)


def _lines(judged: Judged, seconds: float, jobs: int) -> Iterator[str]:
    checks = [c.name for c in CHECKS]
    yield f"Mutants killed by each check alone: killed/wrong, {POINTS} points per spec where a check uses points"
    yield ""
    yield from table(
        list(_rows(judged, checks)),
        ["mutation", "mutants", *checks, "gradcheck*"],
        columns(),
        align=("left", *("right",) * (len(checks) + 2)),
    ).splitlines()
    yield ""
    yield "* not ours: central differences as in torch.autograd.gradcheck (eps 1e-6, atol 1e-5, rtol 1e-3, 10 points)"
    yield f"  {_missed(judged)}"
    yield ""
    counts = Counter(j.outcome for _, j in judged)
    width = len(str(len(judged)))
    for outcome in Outcome:
        yield f"{counts[outcome]:>{width}}  {outcome:<11}  {_MEANING[outcome]}"
        if outcome is Outcome.REFUTED:
            certified = sum(j.certified for _, j in judged)
            yield f"{'':>{width}}  {'':<11}  ({certified} with a certificate of the mean value theorem as well)"
    yield ""
    yield _speed(judged, seconds, jobs)
    yield from _named("survivors", [(m, j.evidence) for m, j in judged if j.outcome.survives])
    yield from _named("checks that crashed", [(m, text) for m, j in judged for text in j.fell])


def _rows(judged: Judged, checks: list[str]) -> Iterator[list[str]]:
    for mutation in Mutation:
        some = [(m, j) for m, j in judged if m.mutation is mutation]
        if some:
            yield _row(mutation.value, [j for _, j in some], checks)
    yield _row("all", [j for _, j in judged], checks)


def _row(name: str, some: list[Judgement], checks: list[str]) -> list[str]:
    bad = [j for j in some if j.outcome.bad]
    killed = [sum(check in j.killers for j in bad) for check in checks]
    return [name, str(len(some)), *(f"{k}/{len(bad)}" for k in (*killed, sum(j.gradcheck for j in bad)))]


def _missed(judged: Judged) -> str:
    """What the baseline misses, with and without the errors that it is not designed to detect."""
    bad = [(m, j) for m, j in judged if j.outcome.bad]
    missed = [(m, j) for m, j in bad if not j.gradcheck]
    own = [m for m, _ in missed if m.mutation is not Mutation.ACCUMULATION]
    share = f"{100 * len(missed) / len(bad):.0f} %" if bad else "none"
    return f"misses {len(missed)} of {len(bad)} ({share}), {len(own)} of them not a matter of accumulation"


def _speed(judged: Judged, seconds: float, jobs: int) -> str:
    times = sorted(j.seconds for _, j in judged)
    p50, p99 = (times[min(len(times) - 1, len(times) * p // 100)] * 1000 for p in (50, 99))
    return (
        f"{len(judged)} mutants in {seconds:.1f} s, {jobs} at a time; one takes {p50:.0f} ms (p50), {p99:.0f} ms (p99)"
    )


def _named(what: str, found: list[tuple[Mutant, str]]) -> Iterator[str]:
    if found:
        yield ""
        yield f"{what}: {len(found)}"
        for mutant, reason in found:
            yield f"  {mutant.place}: {mutant}"
            yield f"    {reason}"
