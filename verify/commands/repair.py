"""``python -m verify repair tanh --ulp 8``: better forms of a rule, proved, measured, ranked, ready to paste."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence

from backproof.verify.accuracy.formats import format_named
from backproof.verify.accuracy.repair import Candidate, best, candidates
from backproof.verify.accuracy.sweep import subject_of
from backproof.verify.arithmetics.ulps import FLOAT64, Format
from backproof.verify.checks.case import Case
from backproof.verify.commands.arguments import chosen, engine_and_names, options_of, without_reports
from backproof.verify.commands.codes import FAILED, OK
from backproof.verify.config.options import Options
from backproof.verify.reports import accuracy as shown
from backproof.verify.reports.paste import method_body
from backproof.verify.subjects.subject import of_numbers
from backproof.verify.support.errors import NO_TRACE, UsageError, in_a_line
from backproof.verify.support.layout import columns, folded, located, table
from backproof.verify.support.program import program


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """The command: names of operations, after ``package.module:Class`` for another engine."""
    without_reports(arguments, "repairs")
    target, names = engine_and_names(rest)
    if not names:
        raise UsageError(f"repair needs an operation: {program()} repair tanh --ulp 8")
    if not arguments.ulp > 0:
        raise UsageError(f"--ulp {arguments.ulp:g}: a budget is a positive number of ULPs")
    fmt = format_named(arguments.dtype or FLOAT64.name)
    met = True
    for place, (operation, spec) in enumerate(of_numbers(chosen(subject_of(target, arguments.order), names))):
        lines, good = repaired(Case(operation, spec, options_of(arguments)), fmt, arguments.ulp)
        print("\n" * bool(place) + "\n".join(lines))
        met &= good
    return OK if met else FAILED


def repaired(case: Case, fmt: Format, budget: float) -> tuple[list[str], bool]:
    """The report on one case, and whether a form meets the budget."""
    try:
        found = candidates(case, fmt, case.options.seed, budget)
    except NO_TRACE as error:
        return [f"{case.operation.name}: the rule does not run on symbols: {in_a_line(error)}"], False
    return list(_lines(case, fmt, budget, found)), best(found, budget) is not None


def _lines(case: Case, fmt: Format, budget: float, found: Sequence[Candidate]) -> Iterator[str]:
    yield from located(case.title, case.operation.source, case.operation.source.text, columns())
    yield from folded(
        f"  every form below is proved to be the derivative of {case.spec.definition}; "
        f"{fmt.name}, budget {budget:g} ULP",
        columns(),
        hang=2,
    )
    yield ""
    chosen = best(found, budget)
    rows = [_row(candidate, chosen) for candidate in found]
    head = ["", "form", "ULP", "at", "digits", "bound", "steps"]
    align = ("left", "left", "right", "left", "right", "right", "right")
    yield table(rows, head, columns(), fold=(1, 3), align=align, keys=2)
    yield ""
    if chosen is None:
        least = min(found, key=lambda c: c.ulps, default=None)
        if least is None:
            yield "no form was proved: nothing can be recommended"
            return
        text = f"no form within {budget:g} ULP is known; the best is {least.name}, {shown.ulps(least.ulps)} ULP"
        yield from folded(text, columns(), hang=2)
        chosen = least
    if chosen.name == AS_IS:
        yield "the rule as it is: nothing to repair" if chosen.ulps <= budget else "the rule as it is"
        return
    text = f"to paste in place of the rule ({chosen.name}; m is the arithmetic of the data):"
    yield from folded(text, columns(), hang=2)
    yield ""
    yield from ("    " + line if line else "" for line in method_body(chosen.partials, case.spec.inputs).splitlines())


AS_IS = "as it is"


def _row(candidate: Candidate, chosen: Candidate | None) -> list[str]:
    worst = max((m for m in candidate.worst if m is not None), key=lambda m: m.local, default=None)
    at = candidate.case.shown(worst.point) if worst is not None and worst.local else ""
    digits = worst.digits if worst is not None else candidate.fmt.digits
    looked = candidate is chosen or candidate.name == AS_IS
    bound = candidate.bound if looked else math.nan  # for the forms that matter: it takes its time
    limit = "" if math.isnan(bound) else shown.ulps(bound) if bound < 2.0**54 else "none"
    mark = "->" if candidate is chosen else ""
    return [mark, candidate.name, shown.ulps(candidate.ulps), at, f"{digits:.1f}", limit, str(candidate.steps)]


def better_lines(case: Case, fmt: Format, budget: float, options: Options) -> Iterator[str]:
    """One line for ``--accuracy``: the form within the budget, if there is one."""
    try:
        chosen = best(candidates(case, fmt, options.seed, budget), budget)
    except NO_TRACE:  # its rule has no symbols to rewrite
        return
    if chosen is None:
        yield shown.row("better", f"no form within {budget:g} ULP is known")
    elif chosen.name != AS_IS:
        yield shown.row("better", f"{chosen.name}, proved equal: {shown.ulps(chosen.ulps)} ULP")
        if case.operation.matches_mirror_kinks:
            yield shown.row("", f"{program()} repair {case.operation.name}")
