"""Checks certificates with the standard library alone: ``python -m backproof.verify.proof.certificate.checker FILE``.

It shares no code with the prover.  `schema` checks the form, `cover` that the leaves cover all reals, `region` the
identities of a leaf (with `quotients` and `signs` as its arithmetic), `boundary` what lies between the cells.  What is
left for this file: a file of certificates, what it is held against, and what is printed.

With ``--expected`` the heads that the caller made from the source are read from stdin, as JSON: a certificate is tied
where its own head is one of them, and its nodes are the same.  Else it holds for the nodes in the file, and no source.

Exit codes: 0 all hold and are tied; 1 one does not hold; 2 one is no certificate of this version; 6 all hold, untied.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backproof.verify.proof.certificate.cover import Cover
from backproof.verify.proof.certificate.quotients import Steps, Wrong
from backproof.verify.proof.certificate.schema import MOST_BYTES, Unusable, document, reachable

HOLDS, FALSE, UNUSABLE, UNTIED = 0, 1, 2, 6
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
_RELATIONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_STRENGTH = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(_RELATIONS, 4),
    "add": 5,
    "sub": 5,
    "mul": 6,
    "div": 6,
    "neg": 7,
    "pow": 8,
}
MOST_WRITTEN = 100_000  # characters of a definition


@dataclass(frozen=True)
class Result:
    """What came out for one certificate: an exit code, and the line to print."""

    code: int
    line: str


def check(text: str | bytes, heads: list[dict[str, Any]] | None = None) -> list[str]:
    """The first problem of the certificate, as a list; empty if it holds (for one of the heads, if any are given)."""
    result = examined(text, heads)
    return [] if result.code in (HOLDS, UNTIED) else [result.line]


def examined(text: str | bytes, heads: list[dict[str, Any]] | None = None) -> Result:
    """The result for one certificate; no input makes this raise."""
    Steps.taken = 0
    cover: Cover | None = None
    place = "the form"
    try:
        data = document(text)
        place = "what it is about"
        _texts(data)
        head = None if heads is None else _tied(data, heads)
        if data["trace"]["leaks"]:
            raise Wrong("the trace leaks: " + "; ".join(data["trace"]["leaks"][:3]))
        cover = Cover(data)
        cover.check()
        return Result(UNTIED if head is None else HOLDS, _printable(_held(data, cover, head)))
    except Unusable as problem:
        return Result(UNUSABLE, _printable(str(problem)))
    except Wrong as problem:
        reason = str(problem)
    except RecursionError:
        reason = "it is nested too deeply"
    except (ArithmeticError, LookupError, TypeError, ValueError, StopIteration, MemoryError):
        reason = "it cannot be computed with"  # whatever the form lets pass by mistake is refused
    return Result(FALSE, _printable(f"does not hold: {cover.place if cover else place}: {reason}"))


# ------------------------------------------------------------------------------------------ what it is about


def _texts(data: dict[str, Any]) -> None:
    """The definition and the domain are written as their nodes are."""
    for name in ("definition", "domain"):
        if data[name] != spelled(data["nodes"], data["roots"][name]):
            raise Wrong(f"the text of the {name} is not its nodes")


def _tied(data: dict[str, Any], heads: list[dict[str, Any]]) -> dict[str, Any]:
    """The head that the certificate has; raises Wrong with the first difference if there is none."""
    named = [head for head in heads if (head["op"], head["case"]) == (data["op"], data["case"])]
    problem = f"the rule named has no operation {_title(data)}"
    for head in named:
        different = [
            key for key in ("source", "inputs", "definition", "domain", "assumptions") if data[key] != head[key]
        ]
        if not different and data["trace"] != head["trace"]:
            different = ["trace"]
        if not different:
            different = _different(data, head)
        if not different:
            return head
        problem = f"the {different[0]} is not that of the rule"
    raise Wrong(problem)


def _different(data: dict[str, Any], head: dict[str, Any]) -> list[str]:
    """The roots whose nodes are not those of the head."""
    table: dict[tuple[Any, ...], int] = {}
    ours, theirs = _interned(data["nodes"], table), _interned(head["nodes"], table)
    different = []
    for name in ("definition", "domain", "forward"):
        different += [name] * (ours[data["roots"][name]] != theirs[head["roots"][name]])
    gradients = [
        [row[i] for i in roots["gradients"]] for row, roots in ((ours, data["roots"]), (theirs, head["roots"]))
    ]
    return different + ["gradient"] * (gradients[0] != gradients[1])


def _interned(nodes: list[Any], table: dict[tuple[Any, ...], int]) -> list[int]:
    """A number for each node: the same one for equal nodes."""
    found: list[int] = []
    for op, *args in nodes:
        key = (op, *args) if op in ("const", "symbol") else (op, *(found[i] for i in args))
        found.append(table.setdefault(key, len(table)))
    return found


# ------------------------------------------------------------------------------------------ what is printed


def spelled(nodes: list[Any], root: int) -> str:
    """A node as text, in one way only; raises Wrong where that is too long."""
    text, strength, written = dict[int, str](), dict[int, int](), 0
    for i in sorted(reachable(nodes, root)):
        op, *args = nodes[i]
        text[i], strength[i] = _spelled(op, args, text, strength)
        written += len(text[i])
        if len(text[i]) > MOST_WRITTEN or written > 50 * MOST_WRITTEN:
            raise Wrong("a text that is too long")
    return text[root]


def _spelled(op: str, args: list[Any], text: dict[int, str], strength: dict[int, int]) -> tuple[str, int]:
    if op in ("const", "symbol"):
        plain = op == "symbol" or args[0].isdecimal()
        return (args[0], 9) if plain else (f"({args[0]})", 9)
    binds = _STRENGTH.get(op, 9)

    def part(k: int, least: int) -> str:
        return text[args[k]] if strength[args[k]] >= least else f"({text[args[k]]})"

    if op in _SIGNS:
        left, right = (binds + 1, 9) if op == "pow" else (binds, binds + 1)
        blank = "" if op in ("mul", "div", "pow") else " "
        return f"{part(0, left)}{blank}{_SIGNS[op]}{blank}{part(1, right)}", binds
    if op in _RELATIONS:
        return f"{part(0, 5)} {_RELATIONS[op]} {part(1, 5)}", binds
    if op in ("and", "or"):
        return f" {op} ".join(part(k, binds + 1) for k in range(len(args))), binds
    if op == "neg":
        return f"-{part(0, binds + 1)}", binds
    return (op + (f"({', '.join(text[i] for i in args)})" if args else "")), 9


def _title(data: dict[str, Any]) -> str:
    title = f"{data['op']} ({data['case']})" if data["case"] else str(data["op"])
    return _short(title)


def _held(data: dict[str, Any], cover: Cover, head: dict[str, Any] | None) -> str:
    """What holds, and for what."""
    names = data["inputs"]
    of = f"d/d{names[0]}" if len(names) == 1 else "the gradient"
    domain = f"all real {', '.join(names)}" if data["domain"] == "true" else data["domain"]
    rule = ", ".join(head["rule"]) if head else "the rule in the file"
    where = f" ({head['where']}, {head['sum']})" if head else ""
    cells, strata = len(cover.cells), len(cover.strata)
    count = f"{cells} cell{'s' * (cells != 1)}, {strata} boundar{'y' if strata == 1 else 'ies'}"
    parts = [
        f"holds: {_title(data)}: {of} of {_short(data['definition'])} is {_short(rule)}{where}",
        f"{_short(domain)}, {count}, over the reals; 0 leaks",
    ]
    left_out = [f"{_place(data, path)} (the writer's reason: {_short(reason)})" for path, reason in cover.unclaimed]
    notes = [f"nothing is claimed at {place}" for place in left_out]
    notes += [f"assuming {assumption}" for assumption in data["assumptions"]]
    notes += [] if head else ["holds for the nodes in the file; not tied to any source"]
    return "; ".join([", ".join(parts), *notes])


def _place(data: dict[str, Any], path: Any) -> str:
    values = {n: str(v) if isinstance(v, Fraction) else spelled(data["nodes"], v) for n, v in path.where.items()}
    parts = [f"{name} = {_short(value)}" for name, value in values.items()]
    parts += [f"{_short(spelled(data['nodes'], node))} = 0" for node, _, relation in path.facts if relation == "="]
    for name, (lo, hi) in path.box.items():
        parts += [] if lo is None else [f"{name} > {lo}"]
        parts += [] if hi is None else [f"{name} < {hi}"]
    return ", ".join(parts)


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:157] + "..."


def _printable(text: str) -> str:
    """The line without what would move the cursor of a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


# ------------------------------------------------------------------------------------------------- a file


def file_results(path: str, heads: list[dict[str, Any]] | None) -> list[Result]:
    """The results for the certificates of a file, a line each; then for the rules that none of them is about."""
    try:
        if os.path.getsize(path) > MOST_BYTES:
            return [Result(UNUSABLE, f"it is larger than {MOST_BYTES} bytes")]
        with open(path, "rb") as file:
            lines = [line for line in file.read(MOST_BYTES + 1).splitlines() if line.strip()]
    except OSError as problem:
        return [Result(UNUSABLE, f"it cannot be read: {problem.strerror}")]
    if not lines:
        return [Result(UNUSABLE, "it is empty")]
    results = []
    for line in lines:
        results.append(examined(line, heads))
        if results[-1].code == UNUSABLE:  # the file is another one: said once
            return [results[-1]]
    return results + [Result(FALSE, f"no certificate of {title}") for title in _missing(lines, heads or [])]


def _missing(lines: list[bytes], heads: list[dict[str, Any]]) -> list[str]:
    found = {(data["op"], data["case"]) for data in map(json.loads, lines) if isinstance(data.get("op"), str)}
    return list(dict.fromkeys(_title(head) for head in heads if (head["op"], head["case"]) not in found))


def main(arguments: list[str] | None = None) -> int:
    """Check the files and print a line for each certificate; returns the exit code."""
    paths = sys.argv[1:] if arguments is None else arguments
    heads = json.load(sys.stdin) if "--expected" in paths else None
    codes = set()
    for path in paths:
        if path != "--expected":
            results = file_results(path, heads)
            codes |= {result.code for result in results}
            for line in dict.fromkeys(result.line for result in results):
                print(f"{_printable(path)}: {line}")
    return next((code for code in (UNUSABLE, FALSE, UNTIED) if code in codes), HOLDS)


if __name__ == "__main__":
    sys.exit(main())
