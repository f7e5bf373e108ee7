"""``completion``: the script that completes `backproof` in a shell, made from the options themselves."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from backproof.verify.commands.arguments import nearest
from backproof.verify.commands.codes import OK
from backproof.verify.mirror.table import MIRROR
from backproof.verify.reports.formats import FORMATS
from backproof.verify.reports.output import to_stdout
from backproof.verify.results.findings import Question
from backproof.verify.support.errors import UsageError

_FILES = ("PATH", "FILE")
"""The placeholder of a value that is a file."""


@dataclass(frozen=True)
class Option:
    """One option: its description, and the values it takes ("" without any, a placeholder for a file)."""

    name: str
    about: str
    takes: str
    values: tuple[str, ...]


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the script for the shell that ``rest`` names."""
    if len(rest) != 1 or rest[0] not in SHELLS:
        way = nearest(rest[0], list(SHELLS)) if rest else f"; there are {', '.join(SHELLS)}"
        raise UsageError(f"completion needs a shell{way}")
    words = ("all", *arguments.commands, *MIRROR)
    to_stdout(SHELLS[rest[0]](options(arguments.parser), words))
    return OK


def options(parser: argparse.ArgumentParser) -> list[Option]:
    """The options of a parser; argparse has no public way to list them."""
    return [_option(action) for action in parser._actions if action.option_strings]


def _option(action: argparse.Action) -> Option:
    name = action.option_strings[-1]
    takes = str(action.metavar or action.dest.upper()) if action.nargs is None else ""
    values = tuple(map(str, action.choices or ()))
    if name == "--report":
        values = tuple(FORMATS)
    elif name == "--select":
        values = tuple(question.value for question in Question)
    return Option(name, (action.help or "").split("; ")[0], takes, values)


def _bash(found: list[Option], words: tuple[str, ...]) -> str:
    chosen = [(o.name, _quoted(o.values)) for o in found if o.values]
    cases = [f'        {name}) COMPREPLY=($(compgen -W {values} -- "$word")) ;;' for name, values in chosen]
    files = "|".join(o.name for o in found if o.takes in _FILES)
    bare = "|".join(o.name for o in found if o.takes and o.takes not in _FILES and not o.values)
    names = _quoted(tuple(o.name for o in found))
    lines = [
        "# bash completion of backproof: save as ~/.local/share/bash-completion/completions/backproof",
        "_backproof() {",
        '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"',
        "    COMPREPLY=()",
        '    case "$before" in',
        *cases,
        f'        {files}) COMPREPLY=($(compgen -f -- "$word")) ;;',
        f"        {bare}) ;;",
        "        *)",
        f'            if [[ $word == -* ]]; then COMPREPLY=($(compgen -W {names} -- "$word"))',
        f'            else COMPREPLY=($(compgen -W {_quoted(words)} -- "$word") $(compgen -f -- "$word")); fi ;;',
        "    esac",
        "}",
        "complete -o filenames -F _backproof backproof",
    ]
    return "\n".join(lines) + "\n"


def _zsh(found: list[Option], words: tuple[str, ...]) -> str:
    lines = [
        "#compdef backproof",
        "# zsh completion of backproof: save as _backproof in a folder of $fpath",
        "_arguments -s \\",
    ]
    for o in found:
        about = o.about.replace("[", "(").replace("]", ")").replace(":", " -")
        value = ""
        if o.takes:
            action = f"({' '.join(o.values)})" if o.values else "_files" if o.takes in _FILES else ""
            value = f":{o.takes.replace(':', ' ')}:{action}"
        lines.append(f"  {shlex.quote(f'*{o.name}[{about}]{value}')} \\")
    lines.append("  '*:what:_backproof_what'")
    head = f"_backproof_what() {{ compadd -- {' '.join(words)}; _files; }}"
    return "\n".join((*lines[:2], head, *lines[2:])) + "\n"


def _fish(found: list[Option], words: tuple[str, ...]) -> str:
    lines = ["# fish completion of backproof: save as ~/.config/fish/completions/backproof.fish"]
    lines.append(f"complete -c backproof -a {_quoted(words)}")
    for o in found:
        takes = f"-x -a {_quoted(o.values)} " if o.values else "-r " if o.takes in _FILES else "-x " if o.takes else ""
        long = o.name.removeprefix("--")
        lines.append(f"complete -c backproof -l {long} {takes}-d {shlex.quote(o.about)}")
    return "\n".join(lines) + "\n"


def _quoted(words: tuple[str, ...]) -> str:
    return shlex.quote(" ".join(words))


SHELLS: dict[str, Callable[[list[Option], tuple[str, ...]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
