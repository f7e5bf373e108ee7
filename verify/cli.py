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

from verify.commands.codes import INTERNAL, INTERRUPTED, USAGE
from verify.config import fill, load
from verify.errors import OutputError, UsageError
from verify.lines import columns, folded
from verify.reports.formats import FORMATS
from verify.streams import prepare
from verify.version import version

# The first word, where it is no operation: the module in verify.commands, or elsewhere, and its function.
COMMANDS = {
    "list": ("verify.commands.listing", "run"),
    "engine": ("verify.commands.verification", "run_engine"),
    "rules": ("verify.commands.rules", "run"),
    "render": ("verify.commands.render", "run"),
    "compare": ("verify.commands.compare", "run"),
    "completion": ("verify.commands.completion", "run"),
    "sweep": ("verify.accuracy.sweeping", "run"),
    "repair": ("verify.accuracy.repairing", "run"),
    "check-certificate": ("verify.commands.certificates", "run"),
    "mutants": ("verify.mutants.command", "run"),
    "jax": ("verify.commands.framework", "run_jax"),
    "torch": ("verify.commands.framework", "run_torch"),
    "autograd": ("verify.commands.framework", "run_autograd"),
}

MOST_POINTS = 10_000_000

_EPILOG = """\
what to verify:
  all                            every operation of the engine
  tanh gelu max                  just these, with the evidence in full
  list                           every operation: definition, rule, domain
  engine micrograd.engine:Value  somebody else's engine (then, if you like,
                                 operations)
  engine pairs.py:PAIRS          a dict of names to (forward, backward)
  rules rules.toml               derivatives written as text
                                 (docs/rules-files.md)
  jax jax.nn:gelu                functions of JAX, by module:name (alone: a
                                 table of them); so torch and autograd
  render REPORT.json             a saved report in other formats, without
                                 verifying again
  compare OLD.json NEW.json      what got better, worse, new, gone between two
                                 saved reports
  completion bash|zsh|fish       the script that completes this command line
  sweep tanh --dtype float32     every number of the format, in chunks on all
                                 cores; takes up where it was stopped
  repair tanh --ulp 8            forms of the rule that keep their digits,
                                 proved equal, ready to paste
  check-certificate FILE         replay a certificate, in a process and by a
                                 checker of its own
  mutants                        break every rule in every way; each must be
                                 told from a right one (or: mutants tanh)

exit codes: 0 all verified, 1 something failed, 2 usage, 3 internal error,
            5 nothing selected, 130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parser() -> argparse.ArgumentParser:
    """The options, with their defaults."""
    p = _Parser(
        prog="python -m verify",
        description="Verify hand-written derivatives: right, accurate, safe, wired.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = p.add_argument
    add("what", nargs="*", metavar="WHAT", help="all, list, engine, ... or names of operations")
    add("--points", type=_at_least(1, MOST_POINTS), metavar="N", help="points per operand combination (1000)")
    add("--seed", type=_at_least(0), metavar="S", help="the points derive from it (0)")
    add("--point", action="append", default=[], metavar="x=V", help="look at this point as well")
    add("--select", default="", metavar="Q,Q", help="only these questions: right,accurate,safe,wired")
    add("--strict", action="store_true", help="warnings fail the run too")
    add("--proof", action="store_true", help="tell the proofs, and nothing else")
    add("--certificate", metavar="PATH", help="write the proofs as certificates, and nothing else")
    formats = f"write a report, - for stdout; {', '.join(FORMATS)}"
    add("--report", action="append", default=[], metavar="FORMAT=PATH", help=formats)
    _accuracy(p)
    add("--baseline", metavar="FILE", help="put up with the failures that stand there; only new ones count")
    add("--update-baseline", action="store_true", help="write what fails now into the baseline")
    add("--allow-stale", action="store_true", help="known failures that fail no more are no error")
    add("--seconds", type=_above_zero, default=20.0, metavar="S", help="how long one check may take, in seconds (20)")
    add("--jobs", type=_at_least(0), default=0, metavar="N", help="worker processes (0: one a core)")
    add("--color", choices=("auto", "always", "never"), default="auto")
    add("--ascii", action="store_true", help="no characters past ASCII")
    add("--quiet", action="store_true", help="only what fails")
    add("--version", action="version", version=f"backproof {version()}")
    p.set_defaults(parser=p, commands=tuple(COMMANDS))
    return p


def _accuracy(p: argparse.ArgumentParser) -> None:
    """Of verify.accuracy.command, which is loaded only where it is asked for."""
    add = p.add_argument
    add("--accuracy", action="store_true", help="tell how accurate the rules are in floats, and nothing else")
    add("--dtype", default="", metavar="D", help="run and judge them in float64, float32, float16 or bfloat16")
    add("--exhaustive", action="store_true", help="at every input of float16 and bfloat16 (or the --dtype)")
    add("--ulp", type=_above_zero, default=8.0, metavar="ULP", help="what a rule may be off to be called accurate")
    add("--order", type=int, choices=(1, 2), default=1, help="2: the derivative of the rule itself, right and accurate")
    add("--backend", default="loky", metavar="B", help="where a sweep runs: loky, sequential, dask or ray")
    add("--scheduler", default="", metavar="ADDRESS", help="of the Dask or Ray cluster")
    add("--journal", default="", metavar="PATH", help="where a sweep keeps its chunks (sweep-OP-FORMAT.jsonl)")


def _at_least(least: int, most: int | None = None) -> Callable[[str], int]:
    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is less than {least}")
        if most is not None and number > most:
            raise argparse.ArgumentTypeError(f"{number} is more than {most}, the most that memory has room for")
        return number

    return whole


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not 0 < number < math.inf:  # nothing is more than NaN: with it every rule would be accurate
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
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
    except Exception:  # a mistake of ours: never the exit code of a rule that failed
        import traceback

        traceback.print_exc()
        print("verify: internal error: please report it, with the lines above", file=sys.stderr)
        return INTERNAL


def _say(message: str) -> None:
    """An error: one line in a log, folded where somebody watches."""
    lines = [f"verify: {message}"]
    if sys.stderr.isatty():
        lines = folded(lines[0], columns(), hang=8)
    print("\n".join(lines), file=sys.stderr)


def _abandon_stdout() -> None:
    """Let go of a stdout that takes no more: Python must not complain at exit that it cannot flush."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(arguments: argparse.Namespace) -> int:
    what: list[str] = arguments.what
    if not what:
        raise UsageError("nothing to verify: say `all`, or names of operations (`list` shows them)")
    arguments.started = time.perf_counter()  # to read what is verified takes its time, too
    config = None
    if what[0] in COMMANDS:
        (module, function), rest = COMMANDS[what[0]], what[1:]
    else:
        module, function, rest = "verify.commands.project", "run", what
        config = load(Path.cwd())
    fill(arguments, config)
    run: Callable[[argparse.Namespace, list[str]], int] = getattr(import_module(module), function)
    return run(arguments, rest)
