"""The house, measured from its imports: rooms, floors, arrows, circles; `python tests/house.py` prints them.

A room is a folder of engine, verify or derivations, or a file at the top of one.  An arrow is an import of one room's
file from another's, wherever it stands: in a function and under TYPE_CHECKING, too.  `ROOMS` lists all of them, ground
first; tests/test_repository.py holds the imports to that order.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("engine", "verify", "derivations")

ROOMS = (
    "engine",
    *(
        f"verify.{room}"
        for room in (
            *("support", "mirror", "terms", "arithmetics", "results", "evaluate", "tracing", "config"),
            *("proof", "numerics", "finite_fields", "arrays", "subjects", "checks", "accuracy", "mutants", "reports"),
            *("run", "extend", "api", "graph", "commands", "__main__", "pytest_plugin", "__init__"),
        )
    ),
    *(f"derivations.{room}" for room in ("steps", "pages", "walk", "quiz", "show", "cli", "__main__", "__init__")),
)
"""Ground first: a room imports from rooms before it, and from nothing else."""

INNER = {
    "verify.proof": (
        *("cell", "simple_rationals", "thin_cells", "obligation", "result", "field", "cells", "prove", "refute"),
        *("certificate", "coq"),
        *("bound_residual", "recognise_constants", "process", "decide", "within_bounds", "fuzz"),
    ),
    "verify.subjects": (
        *("boundary", "small_graphs", "operation", "subject", "sandbox", "load", "surrogate", "functions", "arrays"),
        *("contracts", "packages", "rules_file", "engines", "frameworks", "tensors", "project_subjects"),
    ),
    "derivations.steps": (
        *("named", "letters", "saved_values", "worked_forms", "closure", "rules", "evidence"),
        *("workings", "check", "derivation"),
    ),
    "derivations.pages": ("document", "plot", "text", "latex", "html", "markdown", "derivation"),
    "derivations.walk": ("backward_pass", "document", "page"),
    "derivations.quiz": ("grade", "exercises", "dialogue"),
}
"""The folders and files inside the prover, the subjects and the derivations, ground first."""

MODULES: dict[str, Path] = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
"""Every module of ours by its name without ``backproof.``; a package's own code is its ``__init__``."""


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module that is imported anywhere in the file, with its line; ours without the ``backproof.``"""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            assert node.module is not None
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            assert name.partition(".")[0] not in PACKAGES, (
                f"line {node.lineno} imports {name}: a user's folder can take this name, write backproof.{name}"
            )
            yield name.removeprefix("backproof."), node.lineno


@cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """`imported` of a file, which is parsed once for all who ask."""
    return tuple(imported(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def arrows() -> tuple[tuple[str, str, int], ...]:
    """(module, module that it imports, line), all of ours; `from package import module` is an arrow to the module."""
    found: list[tuple[str, str, int]] = []
    for module, path in MODULES.items():
        names = {(name if name in MODULES else f"{name}.__init__", line) for name, line in imports(path)}
        ours = {(name, line) for name, line in names if name in MODULES and name != module}
        deep = [(name.rpartition(".")[0], line) for name, line in ours if not name.endswith("__init__")]
        packages = {(f"{package}.__init__", line) for package, line in deep}
        found += [(module, name, line) for name, line in sorted(ours - packages)]
    return tuple(found)


def room_of(module: str) -> str:
    """The room that a module stands in."""
    parts = module.split(".")
    return "engine" if parts[0] == "engine" else ".".join(parts[:2])


def inner_room(module: str) -> str:
    """The folder inside a room, such as verify.proof.field; for a file that stands in none, its own name."""
    return ".".join(module.split(".")[:3])


def ways(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """From each the ones that it leads to, itself left out."""
    found: dict[str, set[str]] = {}
    for start, end in pairs:
        found.setdefault(start, set())
        found.setdefault(end, set())
        if start != end:
            found[start].add(end)
    return found


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups that lead to each other, of two and more, each in alphabetical order (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for after in sorted(graph[node]):
            if after not in index:
                visit(after)
                low[node] = min(low[node], low[after])
            elif after in stack:
                low[node] = min(low[node], index[after])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def floors(graph: Mapping[str, set[str]]) -> int:
    """How many floors there are, each room standing above all that it imports; circles must be cut first."""
    height: dict[Hashable, int] = {}

    def of(node: str) -> int:
        if node not in height:
            height[node] = 1 + max((of(below) for below in graph[node]), default=0)
        return height[node]

    return max(map(of, graph), default=0)


def upward(order: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arrows of these that lead from a room to one that stands later in the order, or in none."""
    place = {name: k for k, name in enumerate(order)}
    return sorted({(a, b) for a, b in pairs if place.get(a, 0) < place.get(b, len(order))})


def inside(room: str) -> list[tuple[str, str]]:
    """The arrows between the folders and files of a room."""
    return [(inner_room(a), inner_room(b)) for a, b, _ in arrows() if room_of(a) == room_of(b) == room]


def inner_rooms(room: str) -> tuple[str, ...]:
    """All folders and files that are listed for a room, ground first."""
    return tuple(f"{room}.{name}" for name in ("__init__", *INNER[room]))


def lines() -> int:
    """Lines of engine, verify and derivations."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES.values())


def naming(word: str) -> int:
    """Files that name a function."""
    return sum(bool(re.search(rf"\b{word}\b", path.read_text(encoding="utf-8"))) for path in MODULES.values())


def main() -> None:
    """Print the figures."""
    of_files = ways((a, b) for a, b, _ in arrows())
    of_rooms = ways((room_of(a), room_of(b)) for a, b, _ in arrows())
    up = upward(ROOMS, [(a, b) for a, bs in of_rooms.items() for b in bs])
    groups = circles(of_rooms)
    print(f"rooms {len(ROOMS)}")
    print(f"floors {'-' if groups else floors(of_rooms)}")
    print(f"arrows between rooms {sum(map(len, of_rooms.values()))}")
    print(f"arrows upward {len(up)}", *up)
    print(f"circles of rooms {len(groups)}", *groups)
    print(f"circles of files {len(circles(of_files))}", *circles(of_files))
    for room in INNER:
        within = ways(inside(room))
        up = upward(inner_rooms(room), inside(room))
        print(f"inside {room}: rooms {len(within)}, upward {up}, circles {circles(within)}")
    print(f"files {len(MODULES)}, lines {lines()}")
    print("files that name", *(f"{word} {naming(word)}" for word in ("cbrt", "log1p", "hypot", "sinc", "entr")))


if __name__ == "__main__":
    main()
