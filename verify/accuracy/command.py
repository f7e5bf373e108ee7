"""``--accuracy``, ``--dtype`` and ``--exhaustive``: how accurate rules are, told in full or as a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from verify.accuracy import told
from verify.accuracy.bounds import bound_of_band, founded
from verify.accuracy.boxes import squares
from verify.accuracy.curve import Band, breakdown, curve
from verify.accuracy.exhaustive import exhaustive
from verify.accuracy.formats import format_named
from verify.accuracy.gauge import Gauge, Measured
from verify.accuracy.repairing import better_lines
from verify.accuracy.search import Worst, worst
from verify.case import Case
from verify.checks import special
from verify.commands.codes import FAILED, OK
from verify.errors import UsageError
from verify.lines import columns, folded, table
from verify.mirror import Row
from verify.numbers.ulps import FLOAT64
from verify.options import Options
from verify.subjects.operation import Operation
from verify.subjects.sandbox import silence

SMALL = ("float16", "bfloat16")


def run(cases: list[tuple[Operation, Row]], options: Options, arguments: argparse.Namespace, full: bool) -> int:
    """Print the accuracy of every case; ``full`` tells each at length, else one line stands for it."""
    if not arguments.ulp > 0:
        raise UsageError(f"--ulp {arguments.ulp:g}: a budget is a positive number of ULPs")
    arrays = [operation.name for operation, _ in cases if operation.large or operation.arriving]
    cases = [(operation, row) for operation, row in cases if operation.name not in arrays]
    if not cases:
        raise UsageError(f"{', '.join(arrays)}: how accurate a rule of arrays is on floats is not measured")
    formats = [format_named(arguments.dtype or FLOAT64.name)]
    if arguments.exhaustive:
        formats = [format_named(name) for name in ([arguments.dtype] if arguments.dtype else SMALL)]
        if any(fmt.width != 16 for fmt in formats):
            raise UsageError(f"--exhaustive is for float16 and bfloat16; for {arguments.dtype} there is `sweep`")
    summary: list[list[str]] = []
    silent: list[str] = []  # why some rules do not run in the format
    within = True
    for operation, row in cases:
        if arguments.exhaustive and len(row.inputs) > 1:
            continue  # two operands have 2**32 pairs
        for fmt in formats:
            gauge = Gauge(Case(operation, row, options), fmt)
            more = f" in {fmt.name}" if len(formats) > 1 else ""
            try:
                with silence():
                    told_of = _told(gauge, options, arguments) if full else ([], _measured(gauge, options, arguments))
                lines, found = told_of
                if full:
                    print("\n" * bool(summary) + "\n".join(lines), flush=True)
            except UsageError as error:
                silent.append(str(error))
                continue
            summary += [_line(gauge, i, measured, arguments.ulp, more) for i, measured in enumerate(found)]
            within &= all(m is None or m.local <= arguments.ulp for m in found)
        if not full and sys.stderr.isatty():
            print(f"\r{operation.name:<20}", end="\r", file=sys.stderr, flush=True)
    if silent and not summary:
        raise UsageError("; ".join(silent))
    if not full:
        head = ["operation", "ULP", "at", "digits", "verdict"]
        align = ("left", "right", "left", "right", "left")
        print(f"in {' and '.join(fmt.name for fmt in formats)}: the worst error, where, and the decimal digits left")
        print()
        print(table(summary, head, columns(), fold=(0, 2), align=align))
    for reason in silent:
        print("\n".join(folded(f"not judged: {reason}", columns(), hang=2)))
    return FAILED if arguments.strict and (silent or not within) else OK


def _measured(gauge: Gauge, options: Options, arguments: argparse.Namespace) -> list[Measured | None]:
    if arguments.exhaustive:
        return [exhaustive(gauge, arguments.ulp).judged_by]
    return [found.worst for found in _searched(gauge, options, arguments)]


def _searched(gauge: Gauge, options: Options, arguments: argparse.Namespace) -> list[Worst]:
    return [worst(gauge, i, seed=options.seed, budget=arguments.ulp) for i in range(len(gauge.inputs))]


def _line(gauge: Gauge, i: int, found: Measured | None, budget: float, more: str) -> list[str]:
    case = gauge.case
    operand = f" in {gauge.inputs[i]}" if len(gauge.inputs) > 1 else ""
    name = f"{case.operation.name}{operand}{f' ({case.row.case})' if case.row.case else ''}{more}"
    if found is None or found.local == 0:
        return [name, "0", "", f"{gauge.fmt.digits:.1f}", "accurate"]
    verdict = told.verdict(found.local, budget)
    at = case.shown(found.point)
    return [name, told.ulps(found.local), at, f"{found.digits:.1f}", verdict]


def _bounds(gauge: Gauge, bands: Sequence[Band]) -> list[float]:
    """A sound bound for each band; nothing at all where no bound can be."""
    if not founded(gauge.case):
        return []
    errors = [0.0 if band.worst is None else band.worst.local for band in bands]
    found = [
        bound_of_band(gauge.case, band.low, band.high, error, fmt=gauge.fmt)
        for band, error in zip(bands, errors, strict=True)
    ]
    return found if all(error <= bound for error, bound in zip(errors, found, strict=True)) else []


def _told(
    gauge: Gauge, options: Options, arguments: argparse.Namespace
) -> tuple[list[str], Sequence[Measured | None]]:
    """The whole story of one case, and the worst answer of each operand."""
    lines = [told.headline(gauge)]
    if gauge.fmt is FLOAT64 and arguments.order == 1:
        lines += told.special_lines(special.findings(gauge.case))
    if arguments.exhaustive:
        all_inputs = exhaustive(gauge, arguments.ulp)
        return [*lines, *told.exhaustive_lines(gauge, all_inputs, arguments.ulp)], [all_inputs.judged_by]
    found = _searched(gauge, options, arguments)
    for one in found:
        lines += told.worst_lines(gauge, one, arguments.ulp)
        lines += told.asked_lines(gauge, one.operand)
    if any(one.worst is not None and one.worst.local > arguments.ulp for one in found):
        lines += better_lines(gauge.case, gauge.fmt, arguments.ulp, options)
    if len(gauge.inputs) == 1:
        lines += told.breakdown_lines(breakdown(gauge), found[0].worst)
        bands = curve(gauge, found[0].kept)
        bounds = _bounds(gauge, bands)
        lines += ["", *told.curve_lines(gauge, bands, bounds)]
        if not bounds:
            lines += told.sound_lines(gauge, refuted=True)
    elif len(gauge.inputs) == 2:
        lines += ["", *told.box_lines(gauge, list(squares(gauge, options.seed)))]
    return lines, [one.worst for one in found]

