"""Rules of JAX, PyTorch and HIPS autograd: traced by the framework's own tracer, and run on its own kernels.

A framework is imported when a rule of it is read, never before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from shlex import quote
from typing import Any

from verify.errors import UsageError
from verify.language.parse import condition, expression
from verify.mirror import MIRROR, Row
from verify.subjects.formulas import formula_row
from verify.subjects.frameworks.base import FrameworkOperation, framework_case
from verify.subjects.frameworks.calls import parsed
from verify.subjects.frameworks.catalogue import TABLES, Entry
from verify.subjects.operation import Operation
from verify.trace.term import TRUE, Condition

OPERATIONS = {
    "jax": "JaxOperation",
    "torch": "TorchOperation",
    "autograd": "AutogradOperation",
}
"""The class of operations in each framework's module."""


@dataclass(frozen=True)
class Functions:
    """Functions of a framework as a subject: those of its table, or those that are named."""

    name: str
    entries: tuple[Entry, ...]

    def operations(self) -> Iterator[tuple[Operation, Row]]:
        for entry in self.entries:
            yield from _cases(self.name, entry)

    def parts(self) -> Iterator[tuple[str, Functions]]:
        """Each function alone: no code of theirs runs for it, and no framework is imported."""
        parts: dict[str, list[Entry]] = {}
        for entry in self.entries:
            parts.setdefault(parsed(entry.spec).name, []).append(entry)
        for name, entries in parts.items():
            yield name, Functions(self.name, tuple(entries))

    def prepare(self) -> None:
        """Import the framework.  Raises UsageError where it is not installed."""
        operation_class(self.name)


def functions(framework: str, specs: Sequence[str] = ()) -> Functions:
    """The functions of ``framework`` that ``specs`` name (``jax.nn:softplus``, ``my.module:f/2``,
    ``my.module:f(2,x)``), or its table.

    Raises UsageError for a framework that is not installed.
    """
    if find_spec(framework) is None:
        raise _missing(framework)
    known: dict[str, list[Entry]] = {}
    for entry in TABLES[framework]:
        for name in {entry.spec, parsed(entry.spec).name, parsed(entry.spec).path}:
            known.setdefault(name, []).append(entry)
    found = (known.get(spec) or known.get(parsed(spec).name) or [Entry(spec)] for spec in specs)
    wanted = tuple(entry for entries in found for entry in entries)
    return Functions(framework, wanted or TABLES[framework])


def operation_class(framework: str) -> type[FrameworkOperation]:
    """What its functions become.

    Raises UsageError if it is not installed.
    """
    try:
        module = import_module(f"verify.subjects.frameworks.{framework}_rules")
    except ModuleNotFoundError as error:
        raise _missing(framework, f" ({error})") from None
    return getattr(module, OPERATIONS[framework])  # type: ignore[no-any-return]


def _missing(framework: str, why: str = "") -> UsageError:
    return UsageError(f"{framework} is not installed{why}: pip install 'backproof[{framework}]'")


def framework_of(function: Any) -> str:
    """The framework that a function belongs to, by its type or the module it was made in; "" if there is none.

    A framework that nobody has imported owns nothing, and is not imported to ask.
    """
    if getattr(function, "_is_autograd_primitive", False):
        return "autograd"
    kinds = function.__mro__ if isinstance(function, type) else type(function).__mro__
    modules = [*(kind.__module__ for kind in kinds), getattr(function, "__module__", None) or ""]
    roots = {module.partition(".")[0] for module in modules} - {"builtins"}
    found = {"jax": {"jax", "jaxlib"}, "torch": {"torch"}}
    return next((name for name in found if roots & found[name] and name in sys.modules), "")


def case_of(
    function: Callable[..., Any],
    framework: str,
    row: Row | None = None,
    domain: Condition | None = None,
    name: str = "",
    inputs: Sequence[str] = (),
) -> tuple[Operation, Row]:
    """A function of a framework beside its row; without one its own traced forward is the definition."""
    kind = operation_class(framework)
    called = name or getattr(function, "__name__", type(function).__name__)
    operation = kind(function, called, tuple(inputs) or kind.count_inputs(function), f"verify.check({called})")
    return framework_case(operation, row, domain)


def _cases(framework: str, entry: Entry) -> Iterator[tuple[Operation, Row]]:
    """One case an entry."""
    call = parsed(entry.spec)
    function = _found(call.path)
    kind = operation_class(framework)
    if call.arguments:
        function, inputs = kind.bound(function, call.arguments), call.operands
    else:
        inputs = kind.count_inputs(function, call.count)
    operation = kind(function, call.name, inputs, f"python -m verify {framework} {quote(entry.spec)}")
    domain = condition(entry.domain, inputs) if entry.domain else None
    yield framework_case(operation, _row(entry, inputs, domain), domain)


def _row(entry: Entry, inputs: Sequence[str], domain: Condition | None) -> Row | None:
    """The row that an entry names, or the one of its formula."""
    if not entry.row:
        return None
    if entry.row in MIRROR:
        return MIRROR[entry.row][0]
    return formula_row(entry.spec, expression(entry.row, inputs), inputs, TRUE if domain is None else domain)


def _found(spec: str) -> Callable[..., Any]:
    """The function that ``module:name`` names.

    Raises UsageError.
    """
    place, _, name = spec.partition(":")
    if not name:
        raise UsageError(f"{spec!r} names no function: write package.module:function")
    try:
        function = getattr(import_module(place), name)
    except ImportError as error:
        if place.endswith(".py"):
            raise UsageError(f"{place} is a file: write its module, {place[:-3].replace('/', '.')}:{name}") from None
        raise UsageError(f"{place} cannot be imported: {error}") from None
    except AttributeError:
        raise UsageError(f"{place} has no {name!r}") from None
    if not callable(function):
        raise UsageError(f"{spec} is no function")
    return function  # type: ignore[no-any-return]
