"""The command line: ``python -m derivations tanh | all | walk [EXPRESSION] | quiz OPERATION``."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

from backproof.derivations.pages.document import Document
from backproof.verify.support.errors import UsageError
from backproof.verify.support.spelling import suggestion
from backproof.verify.support.streams import prepare
from backproof.verify.terms.parser import ExpressionError

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
SUFFIXES = {"text": ".txt", "markdown": ".md", "latex": ".tex", "html": ".html"}

_EPILOG = """\
what to print:
  tanh gelu max          the derivations of these operations
  all                    every operation; with --output DIR a page for each,
                         and an index
  walk [EXPRESSION]      the backward pass of the worked neuron, or of an
                         expression, node by node
  quiz OPERATION ...     exercises; more of both: walk --help, quiz --help

exit codes: 0 every step proved, 1 a step is not, 2 usage, 130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _common(p: argparse.ArgumentParser) -> None:
    p.add_argument("--format", choices=tuple(SUFFIXES), default="text")
    p.add_argument("--output", default="", metavar="PATH", help="write to this file or folder, not to stdout")
    p.add_argument("--ascii", action="store_true", help="text in ASCII only")
    p.add_argument("--width", type=_width, metavar="N", help="columns of text (default: the terminal's, or 80)")
    p.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def _width(text: str) -> int:
    if not text.isdecimal() or not 40 <= int(text) <= 400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of columns from 40 to 400")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The options of a derivation."""
    p = _Parser(
        prog="python -m derivations",
        description="Derivations of the engine's local derivatives, each step proved.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    p.add_argument("what", nargs="+", metavar="WHAT", help="all, or names of operations")
    _common(p)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    prepare()
    try:
        if words[:1] == ["walk"]:
            return _walk(walk_parser().parse_args(words[1:]))
        if words[:1] == ["quiz"]:
            return _quiz(quiz_parser().parse_args(words[1:]))
        return _derivations(parser().parse_args(words))
    except UsageError as error:
        print(f"derivations: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:  # a full disk behind stdout, for one
        print(f"derivations: the output cannot be written: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return USAGE


# ---------------------------------------------------------------------------------------------- derivations


def _derivations(arguments: argparse.Namespace) -> int:
    from backproof.derivations.pages.derivation import to_document
    from backproof.derivations.steps.derivation import cases_of, derivation

    cases = cases_of()
    names = _chosen(arguments.what, list(cases))
    folder = arguments.output and (len(names) > 1 or Path(arguments.output).is_dir())
    complete = True
    documents = []
    for name in names:
        found = derivation(name, cases[name])
        complete &= found.proved
        documents.append(to_document(found))
    if folder:
        _write_folder(arguments, documents)
    else:
        _emit(arguments, documents)
    return OK if complete else FAILED


def _chosen(what: list[str], known: list[str]) -> list[str]:
    """The operations that are named, each once."""
    for name in what:
        if name not in known and what != ["all"]:
            raise UsageError(f"{name!r} is not an operation of the engine{_nearest(name, known)}")
    return known if what == ["all"] else list(dict.fromkeys(what))


def _nearest(name: str, known: list[str]) -> str:
    return suggestion(name, known, few=math.inf)


def _write_folder(arguments: argparse.Namespace, documents: list[Document]) -> None:
    """A file for each document and an index of them."""
    folder = Path(arguments.output)
    suffix = SUFFIXES[arguments.format]
    printer = printer_for(arguments, home=f"index{suffix}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for document in documents:
            (folder / f"{document.name}{suffix}").write_text(printer(document), encoding="utf-8")
        (folder / f"index{suffix}").write_text(_index(arguments.format, documents, suffix), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output {arguments.output}: {error.strerror}") from error
    print(f"{len(documents)} pages and an index in {arguments.output}", file=sys.stderr)


def _index(form: str, documents: list[Document], suffix: str) -> str:
    """The list of all pages."""
    from html import escape

    from backproof.derivations.pages.html import page
    from backproof.derivations.pages.latex import escaped

    title = "Derivations of the engine's operations"
    if form == "html":
        links = "\n".join(f'<li><a href="{d.name}{suffix}">{escape(d.name)}</a></li>' for d in documents)
        return page(title, f"<h1>{title}</h1>\n<nav><ul>\n{links}\n</ul></nav>")
    if form == "markdown":
        return f"# {title}\n\n" + "\n".join(f"- [{d.name}]({d.name}{suffix})" for d in documents) + "\n"
    if form == "latex":
        items = "\n".join(rf"\item \texttt{{{escaped(d.name + suffix)}}}" for d in documents)
        frame = ("\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\begin{document}\n", "\n\\end{document}\n")
        return f"{frame[0]}\\section*{{{title}}}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}{frame[1]}"
    return f"{title}\n\n" + "\n".join(f"{d.name}{suffix}" for d in documents) + "\n"


# ----------------------------------------------------------------------------------------------------- walk


def walk_parser() -> argparse.ArgumentParser:
    """The options of a walk."""
    p = _Parser(
        prog="python -m derivations walk",
        description="A backward pass, node by node: upstream gradient, local derivative, contribution.",
        allow_abbrev=False,
    )
    p.add_argument("expression", nargs="?", default="", metavar="EXPRESSION", help='such as "tanh(x*w + b)"')
    p.add_argument("--at", action="append", default=[], metavar="x=V", help="the value of a name")
    p.add_argument("--html", action="store_true", help="one page that steps forward and back: --format html")
    _common(p)
    return p


def _walk(arguments: argparse.Namespace) -> int:
    from backproof.derivations.walk.backward_pass import expression, worked_example
    from backproof.derivations.walk.document import to_document

    try:
        at: dict[str, float] = {}
        for name, value in map(_value, arguments.at):
            if at.setdefault(name, value) != value:
                raise UsageError(f"--at: {name} is {at[name]:g} and {value:g}: give it one value")
        if at and not arguments.expression:
            raise UsageError("--at belongs to an expression: walk \"x*w + b\" --at x=2 --at w=-3 --at b=1")
        found = expression(arguments.expression, at) if arguments.expression else worked_example()
        if arguments.html or arguments.format == "html":
            from backproof.derivations.walk.page import walk_page

            _write(arguments, walk_page(found))
        else:
            _emit(arguments, [to_document(found)])
    except ExpressionError as problem:
        raise UsageError(problem.pointed) from None
    except LookupError as problem:
        raise UsageError(str(problem.args[0])) from None
    return OK


def _value(text: str) -> tuple[str, float]:
    """``x=2``, ``x=-1/3`` or ``x=0x1.8p+1``."""
    name, _, value = text.partition("=")
    try:
        number = float.fromhex(value) if "0x" in value.lower() else float(Fraction(value.strip()))
    except (ValueError, ZeroDivisionError, OverflowError):
        number = math.nan
    from backproof.derivations.steps.letters import in_letters

    if not name.strip().isidentifier() or not math.isfinite(number):
        raise UsageError(f"--at {text!r}: write a name and a number, as in --at x=2 or --at x=-1/3")
    return in_letters(name.strip()), number


# ----------------------------------------------------------------------------------------------------- quiz


def quiz_parser() -> argparse.ArgumentParser:
    """The options of a quiz."""
    p = _Parser(
        prog="python -m derivations quiz",
        description="Exercises on operations: a dialogue in a terminal, else a sheet to print.",
        allow_abbrev=False,
    )
    p.add_argument("what", nargs="+", metavar="OPERATION", help="all, or names of operations")
    p.add_argument("--seed", type=_seed, default=0, metavar="S", help="the same seed makes the same sheet")
    p.add_argument("--answers", action="store_true", help="the teacher's sheet")
    p.add_argument("--sheet", action="store_true", help="the sheet, in a terminal too")
    p.add_argument("--judge", action="append", default=[], metavar="N=ANSWER", help="grade the answer to exercise N")
    _common(p)
    return p


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a non-negative integer")
    return int(text)


def _quiz(arguments: argparse.Namespace) -> int:
    from backproof.derivations.quiz.exercises import quiz, to_document
    from backproof.derivations.steps.derivation import cases_of

    cases = cases_of()
    found = quiz(_chosen(arguments.what, list(cases)), cases, arguments.seed)
    if arguments.judge:
        from backproof.derivations.quiz.dialogue import judged

        verdicts = [judged(found, text, print) for text in arguments.judge]
        return OK if all(verdicts) else FAILED
    paper = arguments.sheet or arguments.answers or arguments.output or arguments.format != "text"
    if not paper and _is_terminal() and sys.stdin.isatty():
        from backproof.derivations.quiz.dialogue import dialogue

        dialogue(found, printer_for(arguments))
        return OK
    _emit(arguments, [to_document(found, arguments.answers)])
    return OK


# --------------------------------------------------------------------------------------------------- output


def printer_for(arguments: argparse.Namespace, home: str = "") -> Callable[[Document], str]:
    """The printer that the options name."""
    match arguments.format:
        case "markdown":
            from backproof.derivations.pages.markdown import MarkdownPrinter

            return MarkdownPrinter()
        case "latex":
            from backproof.derivations.pages.latex import LatexPrinter

            return LatexPrinter()
        case "html":
            from backproof.derivations.pages.html import HtmlPrinter

            return HtmlPrinter(home)
    from backproof.derivations.pages.text import TextPrinter
    from backproof.verify.support.layout import columns

    width = arguments.width or min(columns(), 100)
    return TextPrinter(width, arguments.ascii, _colour(arguments) and not arguments.output)


def _emit(arguments: argparse.Namespace, documents: Iterable[Document]) -> None:
    """Everything to stdout or to one file; several documents of a format with a frame become one."""
    documents = list(documents)
    if arguments.format in ("latex", "html") and len(documents) > 1:
        blocks = tuple(block for document in documents for block in document.blocks)
        documents = [Document("derivations", "Derivations", blocks)]
    _write(arguments, "\n".join(map(printer_for(arguments), documents)))


def _write(arguments: argparse.Namespace, content: str) -> None:
    """To stdout, or to the file that was named."""
    if not arguments.output:
        sys.stdout.write(content)
        return
    try:
        Path(arguments.output).write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output {arguments.output}: {error.strerror}") from error


def _is_terminal() -> bool:
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # captured output has no file number
        return False


def _colour(arguments: argparse.Namespace) -> bool:
    if arguments.color == "auto":  # https://no-color.org
        return _is_terminal() and not os.environ.get("NO_COLOR")
    return bool(arguments.color == "always")

