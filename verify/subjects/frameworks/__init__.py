"""Rules of JAX, PyTorch and HIPS autograd: traced by the framework's own tracer, and run on its own kernels.

A framework is imported when one of its rules is loaded, never before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from backproof.verify.mirror.table import MIRROR, Spec
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.frameworks.base import FrameworkOperation, framework_case
from backproof.verify.subjects.frameworks.calls import parsed
from backproof.verify.subjects.frameworks.catalogue import TABLES, Entry
from backproof.verify.subjects.functions.formulas import formula_spec
from backproof.verify.subjects.operation import Operation
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line
from backproof.verify.support.escape import quoted
from backproof.verify.support.program import program
from backproof.verify.terms.parser import condition, expression
from backproof.verify.terms.term import TRUE, Condition

OPERATIONS = {
    "jax": "JaxOperation",
    "torch": "TorchOperation",
    "autograd": "AutogradOperation",
}
"""The class of operations in each framework's module."""


@dataclass(frozen=True)
class Functions:
    """Functions of a framework as a subject: those of its table, or the named ones."""

    name: str
    entries: tuple[Entry, ...]

    def operations(self) -> Iterator[tuple[Operation, Spec]]:
        for entry in self.entries:
            yield from _cases(self.name, entry)

    def parts(self) -> Iterator[tuple[str, Functions]]:
        """Each function alone: none of its code runs for this, and no framework is imported."""
        parts: dict[str, list[Entry]] = {}
        for entry in self.entries:
            parts.setdefault(parsed(entry.target).name, []).append(entry)
        for name, entries in parts.items():
            yield name, Functions(self.name, tuple(entries))

    def prepare(self) -> None:
        """Import the framework.  Raises UsageError where it is not installed."""
        operation_class(self.name)


def functions(framework: str, specs: Sequence[str] = ()) -> Functions:
    """The functions of ``framework`` that ``specs`` name (``jax.nn:softplus``, ``my.module:f/2``,
    ``my.module:f(2,x)``), or its table.

    Raises UsageError if the framework is not installed.
    """
    if find_spec(framework) is None:
        raise _missing(framework)
    known: dict[str, list[Entry]] = {}
    for entry in TABLES[framework]:
        for name in {entry.target, parsed(entry.target).name, parsed(entry.target).path}:
            known.setdefault(name, []).append(entry)
    found = (known.get(target) or known.get(parsed(target).name) or [Entry(target)] for target in specs)
    wanted = tuple(entry for entries in found for entry in entries)
    return Functions(framework, wanted or TABLES[framework])


def operation_class(framework: str) -> type[FrameworkOperation]:
    """What its functions become.

    Raises UsageError if it is not installed.
    """
    try:
        module = import_module(f"backproof.verify.subjects.frameworks.{framework}_rules")
    except ModuleNotFoundError as error:
        raise _missing(framework, f" ({error})") from None
    return getattr(module, OPERATIONS[framework])  # type: ignore[no-any-return]


def _missing(framework: str, why: str = "") -> UsageError:
    return UsageError(f"{framework} is not installed{why}: pip install 'backproof[{framework}]'")


def framework_of(function: Any) -> str:
    """The framework that a function belongs to, by its type or the module it was made in; "" if there is none.

    A framework that has not been imported owns nothing, and is not imported for this.
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
    spec: Spec | None = None,
    domain: Condition | None = None,
    name: str = "",
    inputs: Sequence[str] = (),
) -> tuple[Operation, Spec]:
    """A function of a framework with its spec; without one its own traced forward is the definition."""
    kind = operation_class(framework)
    called = name or getattr(function, "__name__", type(function).__name__)
    operation = kind(function, called, tuple(inputs) or kind.count_inputs(function), f"verify.check({called})")
    return framework_case(operation, spec, domain)


def _cases(framework: str, entry: Entry) -> Iterator[tuple[Operation, Spec]]:
    """One case per entry."""
    call = parsed(entry.target)
    function = found_function(call.path)
    kind = operation_class(framework)
    if call.arguments:
        function, inputs = kind.bound(function, call.arguments), call.operands
    else:
        inputs = kind.count_inputs(function, call.count)
    operation = kind(function, call.name, inputs, f"{program()} {framework} {quoted(entry.target)}")
    domain = condition(entry.domain, inputs) if entry.domain else None
    yield framework_case(operation, _row(entry, inputs, domain), domain)


def _row(entry: Entry, inputs: Sequence[str], domain: Condition | None) -> Spec | None:
    """The spec that an entry names, or that of its formula."""
    if not entry.spec:
        return None
    if entry.spec in MIRROR:
        return MIRROR[entry.spec][0]
    return formula_spec(entry.target, expression(entry.spec, inputs), inputs, TRUE if domain is None else domain)


def found_function(target: str) -> Callable[..., Any]:
    """The function that ``module:name`` names.

    Raises UsageError.
    """
    place, _, name = target.partition(":")
    if not name:
        raise UsageError(f"{target!r} does not name a function: write package.module:function")
    try:
        with subject_code:
            function = getattr(import_module(place), name)
    except SubjectError as error:
        if error.raised(ImportError) and place.endswith(".py"):
            raise UsageError(f"{place} is a file: write its module, {place[:-3].replace('/', '.')}:{name}") from None
        if error.raised(AttributeError):
            raise UsageError(f"{place} has no {name!r}") from None
        reason = str(error.cause) if error.raised(ImportError) else in_a_line(error)
        raise UsageError(f"{place} cannot be imported: {reason}") from None
    if not callable(function):
        raise UsageError(f"{target} is not a function")
    return function  # type: ignore[no-any-return]
