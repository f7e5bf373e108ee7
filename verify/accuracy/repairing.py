"""``python -m verify repair tanh --ulp 8``: better forms of a rule, proved, measured, ranked, ready to paste."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence

from verify.accuracy import told
from verify.accuracy.formats import format_named
from verify.accuracy.paste import method_body
from verify.accuracy.repair import Candidate, best, candidates
from verify.case import Case
from verify.commands.codes import FAILED, OK
from verify.errors import UsageError, in_a_line
from verify.lines import columns, folded, located, table
from verify.numbers.ulps import FLOAT64, Format
from verify.options import Options
from verify.subjects.subject import Subject


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """The command: names of operations, after ``package.module:Class`` if they are somebody else's."""
    from verify.commands.verification import chosen, options_of, without_reports

    without_reports(arguments, "repairs")
    subject, names = _subject(rest)
    if not names:
        raise UsageError("repair needs an operation: python -m verify repair tanh --ulp 8")
    if not arguments.ulp > 0:
        raise UsageError(f"--ulp {arguments.ulp:g}: a budget is a positive number of ULPs")
    fmt = format_named(arguments.dtype or FLOAT64.name)
    if arguments.order == 2:
        from verify.subjects.second import second_order

        subject = second_order(subject)
    met = True
    for place, (operation, row) in enumerate(chosen(subject, names)):
        lines, good = repaired(Case(operation, row, options_of(arguments)), fmt, arguments.ulp)
        print("\n" * bool(place) + "\n".join(lines))
        met &= good
    return OK if met else FAILED


def _subject(rest: list[str]) -> tuple[Subject, list[str]]:
    if rest and ":" in rest[0]:
        from verify.subjects.foreign import discovered
        from verify.subjects.load import place_of

        return discovered(place_of(rest[0])), rest[1:]
    from verify.subjects.values import own_engine

    return own_engine(), rest


def repaired(case: Case, fmt: Format, budget: float) -> tuple[list[str], bool]:
    """The report on one case, and whether a form meets the budget."""
    try:
        found = candidates(case, fmt, case.options.seed, budget)
    except Exception as error:  # the subject's own code may raise anything
        return [f"{case.operation.name}: the rule does not run on symbols: {in_a_line(error)}"], False
    return list(_lines(case, fmt, budget, found)), best(found, budget) is not None


def _lines(case: Case, fmt: Format, budget: float, found: Sequence[Candidate]) -> Iterator[str]:
    name = f"{case.operation.name} ({case.row.case})" if case.row.case else case.operation.name
    yield from located(name, case.operation.source, case.operation.source.text, columns())
    yield from folded(
        f"  every form below is proved to be the slope of {case.row.definition}; {fmt.name}, budget {budget:g} ULP",
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
        text = f"no form within {budget:g} ULP is known; the best is {least.name}, {told.ulps(least.ulps)} ULP"
        yield from folded(text, columns(), hang=2)
        chosen = least
    if chosen.name == AS_IS:
        yield "the rule as it is: nothing to repair" if chosen.ulps <= budget else "the rule as it is"
        return
    text = f"to paste in place of the rule ({chosen.name}; m is the arithmetic of the data):"
    yield from folded(text, columns(), hang=2)
    yield ""
    yield from ("    " + line if line else "" for line in method_body(chosen.slopes, case.row.inputs).splitlines())


AS_IS = "as it is"


def _row(candidate: Candidate, chosen: Candidate | None) -> list[str]:
    worst = max((m for m in candidate.worst if m is not None), key=lambda m: m.local, default=None)
    at = candidate.case.shown(worst.point) if worst is not None and worst.local else ""
    digits = worst.digits if worst is not None else candidate.fmt.digits
    looked = candidate is chosen or candidate.name == AS_IS
    bound = candidate.bound if looked else math.nan  # for the forms that matter: it takes its time
    limit = "" if math.isnan(bound) else told.ulps(bound) if bound < 2.0**54 else "none"
    mark = "->" if candidate is chosen else ""
    return [mark, candidate.name, told.ulps(candidate.ulps), at, f"{digits:.1f}", limit, str(candidate.steps)]


def better_lines(case: Case, fmt: Format, budget: float, options: Options) -> Iterator[str]:
    """One line for ``--accuracy``: the form that would do, if there is one."""
    try:
        chosen = best(candidates(case, fmt, options.seed, budget), budget)
    except Exception:  # the subject's own code may raise anything; its rule has no symbols to rewrite
        return
    if chosen is None:
        yield told.row("better", f"no form within {budget:g} ULP is known")
    elif chosen.name != AS_IS:
        yield told.row("better", f"{chosen.name}, proved equal: {told.ulps(chosen.ulps)} ULP")
        if case.operation.follows_rows:
            yield told.row("", f"python -m verify repair {case.operation.name}")
