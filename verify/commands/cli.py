"""The command line: ``python -m verify all | list | engine SPEC | <operation> ...``."""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from backproof.verify.checks.table import CHECKS
from backproof.verify.commands.codes import INTERNAL, INTERRUPTED, USAGE
from backproof.verify.config.options import Options
from backproof.verify.config.project import fill, load
from backproof.verify.reports.formats import FORMATS
from backproof.verify.support.errors import OutputError, SubjectError, UsageError, in_a_line
from backproof.verify.support.fuel import FUEL, budget, shown, units_of
from backproof.verify.support.layout import columns, folded
from backproof.verify.support.processes import expect, start_method
from backproof.verify.support.program import program
from backproof.verify.support.streams import prepare
from backproof.verify.support.version import version

# The first word, where it is not an operation: the module in verify.commands, or elsewhere, and its function.
COMMANDS = {
    "list": ("backproof.verify.commands.listing", "run"),
    "engine": ("backproof.verify.commands.verification", "run_engine"),
    "rules": ("backproof.verify.commands.rules", "run"),
    "package": ("backproof.verify.commands.package", "run"),
    "render": ("backproof.verify.commands.render", "run"),
    "compare": ("backproof.verify.commands.compare", "run"),
    "completion": ("backproof.verify.commands.completion", "run"),
    "sweep": ("backproof.verify.commands.sweep", "run"),
    "repair": ("backproof.verify.commands.repair", "run"),
    "check-certificate": ("backproof.verify.commands.certificates", "run"),
    "mutants": ("backproof.verify.commands.mutants", "run"),
    "jax": ("backproof.verify.commands.framework", "run_jax"),
    "torch": ("backproof.verify.commands.framework", "run_torch"),
    "autograd": ("backproof.verify.commands.framework", "run_autograd"),
}

LOADED = (
    *("backproof.verify.run.workers", "backproof.verify.subjects.engines.own", "backproof.verify.run.targets"),
    *("backproof.verify.subjects.engines.discovery", "backproof.verify.checks.case"),
    *(f"backproof.verify.checks.{check.name}" for check in CHECKS),
)
"""What a worker needs, whatever it verifies."""

MOST_POINTS = 10_000_000

_EPILOG = """\
what to verify:
  all                            every operation of the engine
  tanh gelu max                  just these, with the evidence in full
  list                           every operation: definition, rule, domain
  engine micrograd.engine:Value  another engine (then, optionally,
                                 operations)
  engine pairs.py:PAIRS          a dict of names to (forward, backward)
  rules rules.toml               derivatives written as text
                                 (docs/rules-files.md)
  package statsmodels.robust.norms
                                 what a module's objects bring derivatives of
                                 (docs/packages.md)
  jax jax.nn:gelu                functions of JAX, by module:name (alone: a
                                 table of them); so torch and autograd
  render REPORT.json             a saved report in other formats, without
                                 verifying again
  compare OLD.json NEW.json      what got better, worse, new, gone between two
                                 saved reports
  completion bash|zsh|fish       the script that completes this command line
  sweep tanh --dtype float32     every number of the format, in chunks on all
                                 cores; resumes where it was stopped
  repair tanh --ulp 8            forms of the rule that keep their digits,
                                 proved equal, ready to paste
  check-certificate FILE         replay a certificate, in a process and by a
                                 checker of its own; --rule SPEC ties it to a
                                 rule: all, tanh, pairs.py:PAIRS, rules.toml
  mutants                        break every rule in every way; each mutant must
                                 be detected (or: mutants tanh)

exit codes: 0 all verified, 1 something failed, 2 usage, 3 internal error,
            5 nothing selected, 6 a certificate holds, but no --rule says for
            which source, 130 interrupted

environment:
  BACKPROOF_START_METHOD         fork, spawn or forkserver: how workers start
                                 (fork on Linux, spawn elsewhere)
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parser() -> argparse.ArgumentParser:
    """The options, with their defaults."""
    p = _Parser(
        prog=program(),
        description="Verify hand-written derivatives: right, accurate, safe, wired.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = p.add_argument
    add("what", nargs="*", metavar="WHAT", help="all, list, engine, ... or names of operations")
    add("--points", type=_at_least(1, MOST_POINTS), metavar="N", help="points per operand combination (1000)")
    add("--seed", type=_at_least(0), metavar="S", help="the seed of the points (0)")
    add("--point", action="append", default=[], metavar="x=V", help="check this point as well")
    add("--shapes", default="", metavar="x=2x3,...", help="of the inputs of a function of PyTorch or JAX")
    add("--bounds", default="", metavar="x=0..1,...", help="of inputs that have shapes, both ends included")
    add("--integers", default="", metavar="i,...", help="inputs of whole numbers, within their bounds")
    add("--select", default="", metavar="Q,Q", help="only these questions: right,accurate,safe,wired")
    add("--strict", action="store_true", help="warnings fail the run too")
    add("--proof", action="store_true", help="print the proofs, and nothing else")
    add("--certificate", metavar="PATH", help="write the proofs as certificates, and nothing else")
    add("--coq", metavar="DIR", help="write the proofs for Coq, which checks them where it is installed (docs/coq.md)")
    add("--rule", action="append", default=[], metavar="SPEC", help="the rule a certificate must be about")
    formats = f"write a report, - for stdout; {', '.join(FORMATS)}"
    add("--report", action="append", default=[], metavar="FORMAT=PATH", help=formats)
    _accuracy(p)
    add("--baseline", metavar="FILE", help="accept the failures listed there; only new ones count")
    add("--update-baseline", action="store_true", help="write what fails now into the baseline")
    add("--allow-stale", action="store_true", help="known failures that fail no more are not an error")
    add("--fuel", type=_units, metavar="U", help=f"work for one question to the prover ({shown(FUEL)})")
    add("--seconds", type=_above_zero, default=60.0, metavar="S", help="stop a check that takes longer (60)")
    add("--jobs", type=_at_least(0), default=0, metavar="N", help="worker processes (0: one a core)")
    add("--color", choices=("auto", "always", "never"), default="auto")
    add("--ascii", action="store_true", help="ASCII only")
    add("--quiet", action="store_true", help="only what fails")
    add("--version", action="version", version=f"backproof {version()}")
    p.set_defaults(parser=p, commands=tuple(COMMANDS))
    return p


def _accuracy(p: argparse.ArgumentParser) -> None:
    """The options of verify.commands.accuracy, which is loaded only where it is needed."""
    add = p.add_argument
    add("--accuracy", action="store_true", help="print how accurate the rules are in floats, and nothing else")
    add("--dtype", default="", metavar="D", help="run and measure them in float64, float32, float16 or bfloat16")
    add("--exhaustive", action="store_true", help="at every input of float16 and bfloat16 (or the --dtype)")
    add("--ulp", type=_above_zero, default=8.0, metavar="ULP", help="the largest error that counts as accurate")
    add("--order", type=int, choices=(1, 2), default=1, help="2: the derivative of the rule itself, right and accurate")
    add("--backend", default="loky", metavar="B", help="where a sweep runs: loky, sequential, dask or ray")
    add("--scheduler", default="", metavar="ADDRESS", help="of the Dask or Ray cluster")
    add("--journal", default="", metavar="PATH", help="where a sweep keeps its chunks (sweep-OP-FORMAT.jsonl)")


def _at_least(least: int, most: int | None = None) -> Callable[[str], int]:
    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not an integer") from None
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is less than {least}")
        if most is not None and number > most:
            raise argparse.ArgumentTypeError(f"{number} is more than {most}, the most that fits into memory")
        return number

    return whole


def _units(text: str) -> int:
    try:
        return units_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of units: write 8M, 500k or 8000000") from None


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 < number < math.inf:  # nothing is more than NaN: with it every rule would be accurate
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    prepare()
    try:
        code = _dispatch(parser().parse_intermixed_args(argv))
        sys.stdout.flush()
        return code
    except UsageError as error:
        _say(str(error))
        return USAGE
    except OutputError as error:
        _say(str(error))
        _abandon_stdout()
        return INTERNAL
    except KeyboardInterrupt:
        print("verify: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:  # the reader has gone (`| head`), or the disk is full
        _say(f"the output cannot be written: {error.strerror or error}")
        _abandon_stdout()
        return INTERNAL
    except SubjectError as error:
        _say(f"the code under verification raises {in_a_line(error)}")
        return USAGE
    except Exception:  # a bug of backproof: never the exit code of a rule that failed
        import traceback

        traceback.print_exc()
        print("verify: internal error: please report it, with the lines above", file=sys.stderr)
        return INTERNAL


def _say(message: str) -> None:
    """An error: one line in a log, folded in a terminal."""
    lines = [f"verify: {message}"]
    if sys.stderr.isatty():
        lines = folded(lines[0], columns(), hang=8)
    print("\n".join(lines), file=sys.stderr)


def _abandon_stdout() -> None:
    """Detach a stdout that takes no more: Python must not complain at exit that it cannot flush."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_WORKING = ("engine", "rules", "mutants")  # commands whose work is done by workers; so is that of operations by name
_ALONE = ("proof", "certificate", "coq", "accuracy", "dtype", "exhaustive")  # options with which it is done here


def _expect_workers(arguments: argparse.Namespace, what: Sequence[str]) -> None:
    """Where workers are started anew they begin now, and load their modules while this process loads its own.

    Raises UsageError for an unknown start method.
    """
    start_method()
    listed = what[0] in COMMANDS
    if (listed and what[0] not in _WORKING) or any(getattr(arguments, option) for option in _ALONE):
        return
    names = what[1:] if what[0] == "mutants" else what[2:] if listed else [] if what[0] == "all" else what
    count = Options(jobs=arguments.jobs).workers
    expect(min(count, len(names) or count), LOADED)


def _dispatch(arguments: argparse.Namespace) -> int:
    what: list[str] = arguments.what
    if not what:
        raise UsageError("nothing to verify: say `all`, or names of operations (`list` shows them)")
    arguments.started = time.perf_counter()  # to read what is verified takes its time, too
    if arguments.rule and what[0] != "check-certificate":
        raise UsageError("--rule belongs to check-certificate FILE: it names the rule that a certificate must be about")
    config = None
    if what[0] in COMMANDS:
        (module, function), rest = COMMANDS[what[0]], what[1:]
    else:
        module, function, rest = "backproof.verify.commands.project", "run", what
        config = load(Path.cwd())
    fill(arguments, config)
    _expect_workers(arguments, what)
    run: Callable[[argparse.Namespace, list[str]], int] = getattr(import_module(module), function)
    try:
        with budget(arguments.fuel):
            return run(arguments, rest)
    finally:
        expect(0)
