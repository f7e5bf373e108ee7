"""``--accuracy``, ``--dtype`` and ``--exhaustive``: how accurate rules are, in full or as a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from backproof.verify.accuracy.bounds import bound_of_band, founded
from backproof.verify.accuracy.boxes import squares
from backproof.verify.accuracy.curve import Band, breakdown, curve
from backproof.verify.accuracy.error_meter import ErrorMeter, Measured
from backproof.verify.accuracy.exhaustive import exhaustive
from backproof.verify.accuracy.formats import format_named
from backproof.verify.accuracy.search import Worst, worst
from backproof.verify.arithmetics.ulps import FLOAT64
from backproof.verify.checks import infinities as special
from backproof.verify.checks.case import Case
from backproof.verify.commands.codes import FAILED, OK
from backproof.verify.commands.repair import better_lines
from backproof.verify.config.options import Options
from backproof.verify.reports import accuracy as shown
from backproof.verify.subjects.sandbox import silence
from backproof.verify.subjects.subject import Specified, of_numbers
from backproof.verify.support.errors import UsageError
from backproof.verify.support.layout import columns, folded, table

SMALL = ("float16", "bfloat16")


def run(selected: list[Specified], options: Options, arguments: argparse.Namespace, full: bool) -> int:
    """Print the accuracy of every case; ``full`` prints the evidence of each, else one line."""
    if not arguments.ulp > 0:
        raise UsageError(f"--ulp {arguments.ulp:g}: a budget is a positive number of ULPs")
    cases = [(operation, spec) for operation, spec in of_numbers(selected) if not operation.arriving]
    if not cases:
        arrays = ", ".join(operation.name for operation, _ in selected)
        raise UsageError(f"{arrays}: how accurate a rule of arrays is on floats is not measured")
    formats = [format_named(arguments.dtype or FLOAT64.name)]
    if arguments.exhaustive:
        formats = [format_named(name) for name in ([arguments.dtype] if arguments.dtype else SMALL)]
        if any(fmt.width != 16 for fmt in formats):
            raise UsageError(f"--exhaustive is for float16 and bfloat16; for {arguments.dtype} there is `sweep`")
    summary: list[list[str]] = []
    silent: list[str] = []  # why some rules do not run in the format
    within = True
    for operation, spec in cases:
        if arguments.exhaustive and len(spec.inputs) > 1:
            continue  # two operands have 2**32 pairs
        for fmt in formats:
            meter = ErrorMeter(Case(operation, spec, options), fmt)
            more = f" in {fmt.name}" if len(formats) > 1 else ""
            try:
                with silence():
                    format_of = _told(meter, options, arguments) if full else ([], _measured(meter, options, arguments))
                lines, found = format_of
                if full:
                    print("\n" * bool(summary) + "\n".join(lines), flush=True)
            except UsageError as error:
                silent.append(str(error))
                continue
            summary += [_line(meter, i, measured, arguments.ulp, more) for i, measured in enumerate(found)]
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
        print("\n".join(folded(f"not measured: {reason}", columns(), hang=2)))
    return FAILED if arguments.strict and (silent or not within) else OK


def _measured(meter: ErrorMeter, options: Options, arguments: argparse.Namespace) -> list[Measured | None]:
    if arguments.exhaustive:
        return [exhaustive(meter, arguments.ulp).judged_by]
    return [found.worst for found in _searched(meter, options, arguments)]


def _searched(meter: ErrorMeter, options: Options, arguments: argparse.Namespace) -> list[Worst]:
    return [worst(meter, i, seed=options.seed, budget=arguments.ulp) for i in range(len(meter.inputs))]


def _line(meter: ErrorMeter, i: int, found: Measured | None, budget: float, more: str) -> list[str]:
    case = meter.case
    operand = f" in {meter.inputs[i]}" if len(meter.inputs) > 1 else ""
    name = f"{case.operation.name}{operand}{f' ({case.spec.case})' if case.spec.case else ''}{more}"
    if found is None or found.local == 0:
        return [name, "0", "", f"{meter.fmt.digits:.1f}", "accurate"]
    verdict = shown.verdict(found.local, budget)
    at = case.shown(found.point)
    return [name, shown.ulps(found.local), at, f"{found.digits:.1f}", verdict]


def _bounds(meter: ErrorMeter, bands: Sequence[Band]) -> list[float]:
    """A sound bound for each band; nothing at all where no bound can be."""
    if not founded(meter.case):
        return []
    errors = [0.0 if band.worst is None else band.worst.local for band in bands]
    found = [
        bound_of_band(meter.case, band.low, band.high, error, fmt=meter.fmt)
        for band, error in zip(bands, errors, strict=True)
    ]
    return found if all(error <= bound for error, bound in zip(errors, found, strict=True)) else []


def _told(
    meter: ErrorMeter, options: Options, arguments: argparse.Namespace
) -> tuple[list[str], Sequence[Measured | None]]:
    """Everything about one case, and the worst error of each operand."""
    lines = [shown.headline(meter)]
    if meter.fmt is FLOAT64 and arguments.order == 1:
        lines += shown.special_lines(special.findings(meter.case))
    if arguments.exhaustive:
        all_inputs = exhaustive(meter, arguments.ulp)
        return [*lines, *shown.exhaustive_lines(meter, all_inputs, arguments.ulp)], [all_inputs.judged_by]
    found = _searched(meter, options, arguments)
    for one in found:
        lines += shown.worst_lines(meter, one, arguments.ulp)
        lines += shown.asked_lines(meter, one.operand)
    if any(one.worst is not None and one.worst.local > arguments.ulp for one in found):
        lines += better_lines(meter.case, meter.fmt, arguments.ulp, options)
    if len(meter.inputs) == 1:
        lines += shown.breakdown_lines(breakdown(meter), found[0].worst)
        bands = curve(meter, found[0].kept)
        bounds = _bounds(meter, bands)
        lines += ["", *shown.curve_lines(meter, bands, bounds)]
        if not bounds:
            lines += shown.sound_lines(meter, refuted=True)
    elif len(meter.inputs) == 2:
        lines += ["", *shown.box_lines(meter, list(squares(meter, options.seed)))]
    return lines, [one.worst for one in found]

