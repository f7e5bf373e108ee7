"""Objects of packages as subjects: a single one that is passed, and all those of a module.

What an adapter finds (`verify.subjects.packages`) is verified as if it had been handed over to `verify.check` by hand.
A module is read in processes of their own: one that lists what it holds, and workers, each of which imports it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any

from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.looked_at import source_of
from backproof.verify.subjects.load import place_of
from backproof.verify.subjects.operation import BaseOperation, Operation
from backproof.verify.subjects.packages import brings_derivatives, made, pairs_in, pairs_of
from backproof.verify.subjects.packages.pair import Pair, on_floats, original
from backproof.verify.subjects.sandbox import Step, apart, silence
from backproof.verify.subjects.subject import Cases, PartedSubject, Specified
from backproof.verify.support.errors import NO_TRACE, SubjectError, UsageError, in_a_line
from backproof.verify.support.escape import quoted
from backproof.verify.support.program import program
from backproof.verify.support.worker import Lost

SECONDS = 20.0
"""For the first run of a function and its derivative."""

_SILENT = 60.0  # seconds without a word from the process that lists a module: a large package takes long to import


class Unread(BaseOperation):
    """A derivative that was found and cannot be verified, with the reason."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem, self.inputs = name, problem, ()

    @property
    def source(self) -> Source:
        return Source(self.name, 0)

    def written(self) -> tuple[str, ...]:
        return ()


def specified(pair: Pair, name: str, given: Mapping[str, Any] = MappingProxyType({})) -> list[Specified]:
    """The cases of a pair, called in the first way that can be read; at last on floats alone.

    given: what a user says beside the adapter: bounds, a domain, shapes
    """
    first: list[Specified] = []
    ways = (pair, *pair.others)
    for way in (*ways, *map(on_floats, ways)):
        cases = _called(way, name, given)
        if not all(operation.problem for operation, _ in cases):
            for operation, _ in cases if first else ():
                vars(operation)["why"] = first[0][0].problem  # and not that this way refuses symbols
            return cases
        first = first or cases
    return first


def _called(pair: Pair, name: str, given: Mapping[str, Any] = MappingProxyType({})) -> list[Specified]:
    """The cases of a pair; an `Unread` where it cannot be read."""
    from backproof.verify.run.contracts import HandedOver
    from backproof.verify.run.targets import pair as vector_product

    more = {**pair.more, **given}
    try:
        if "backward" in pair.given:
            cases = [vector_product(pair.function, pair.given["backward"], name=name, **more)]
        else:
            cases = list(HandedOver(pair.function, **pair.given, **more, name=name, seconds=SECONDS).subject().cases)
            cases = _last(cases)
    except (UsageError, *NO_TRACE) as error:
        return [(Unread(name, in_a_line(error)), None)]
    except Exception as error:  # a bug of backproof must cost this derivative its verdict, and be visible
        return [(Unread(name, f"an internal error, please report it: {in_a_line(error)}"), None)]
    for operation, _ in cases:
        operation.name = name
        operation.domain_known = pair.domain_known or bool(given)
        vars(operation)["source"] = source_of(original(list(pair.given.values())[-1]))
        if isinstance(operation, Operation):
            operation.compiled = True  # a package's floats come from kernels, its trace from the same names in symbols
    return cases


def _last(cases: list[Specified]) -> list[Specified]:
    """Those of the last derivative that was handed over: the others are pairs of their own."""
    last = cases[-1][0].name if cases else ""
    return [case for case in cases if case[0].name == last]


# ------------------------------------------------------------------------------------------------ a single object


def object_subject(target: Any, name: str = "", given: Mapping[str, Any] = MappingProxyType({})) -> Cases | None:
    """The derivatives that an object brings, or one of a class that can be made; None where there is no adapter.

    Raises UsageError for an object that brings none, and for a class that cannot be made.
    """
    if not brings_derivatives(target):
        return None
    kind = target if isinstance(target, type) else type(target)
    called = name or kind.__name__
    try:
        found = pairs_of(made(target) if isinstance(target, type) else target)
    except SubjectError as error:
        raise UsageError(f"{called}: {in_a_line(error)}") from None
    if not found:
        raise UsageError(f"{called} brings no derivative of its own")
    cases: list[Specified] = []
    for pair in found:
        cases += specified(pair, f"{called}.{pair.name}", given)
    for operation, _ in cases:
        operation.command = f"verify.check({called}(...))"
    return Cases(called, tuple(cases))


# ------------------------------------------------------------------------------------------------ a whole module


@dataclass(frozen=True)
class Found:
    """One derivative of a module: the name that holds the object ("" for the module itself), and its place there."""

    holder: str
    pair: str

    @property
    def name(self) -> str:
        return f"{self.holder}.{self.pair}" if self.holder else self.pair


@dataclass(frozen=True)
class Listed:
    """What a module holds: derivatives, and what could not be made or read, with the reason."""

    found: tuple[Found, ...]
    unmade: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Package:
    """The derivatives of a module as a subject; no code of the module runs in this process."""

    name: str
    found: tuple[Found, ...]

    def parts(self) -> Iterator[tuple[str, PartedSubject]]:
        for one in self.found:
            yield one.name, Package(self.name, (one,))

    def prepare(self) -> None:
        """Import the module."""
        _loaded(self.name)

    def operations(self) -> Iterator[Specified]:
        module = _loaded(self.name)
        for one in self.found:
            for case in _read(module, one):
                case[0].command = f"{program()} package {quoted(self.name)} {quoted(one.name)}"
                yield case


def listed(name: str) -> Listed:
    """What a module holds.  Raises UsageError for one that cannot be imported."""
    doubtful: dict[str, str] = {}
    while True:
        try:
            listing: Listed = apart(_list, name, doubtful, seconds=_SILENT)
            return listing
        except Lost as lost:
            if not lost.said or lost.said in doubtful:
                raise UsageError(f"{name} cannot be imported: it {lost}") from None
            doubtful[lost.said] = f"it {lost} when it was made"


def _list(step: Step, name: str, doubtful: Mapping[str, str]) -> Listed:
    module = _loaded(name)
    found = [Found("", pair.name) for pair in pairs_in(module)]
    unmade: list[tuple[str, str]] = []
    seen: set[Any] = set()
    for holder, target in _holders(module, alone=bool(found)):
        if holder in doubtful:
            unmade.append((holder, doubtful[holder]))
            continue
        step(holder)
        try:
            with silence():
                pairs = pairs_of(_object(target))
        except (SubjectError, UsageError) as error:
            unmade.append((holder, _why(error)))
            continue
        if any(_is_promised(pair.function) for pair in pairs):
            unmade.append((holder, "its functions are only declared, for other classes to write"))
            continue
        pairs = [pair for pair in pairs if not _is_promised(*pair.given.values())]
        same = _fingerprint(target, pairs)
        if not pairs or same in seen:
            continue
        seen.add(same)
        found += [Found(holder, pair.name) for pair in pairs]
    return Listed(tuple(found), tuple(unmade))


def _is_promised(*functions: Any) -> bool:
    """Whether one is only declared, for classes below to write: all that its code names is NotImplementedError."""
    codes = (getattr(getattr(function, "__func__", function), "__code__", None) for function in functions)
    return any(code is not None and code.co_names in (("NotImplementedError",), ("NotImplemented",)) for code in codes)


def _fingerprint(target: Any, pairs: Sequence[Pair]) -> Any:
    """The same for what is the same under two names: an alias that only adds a warning."""
    used = tuple(
        id(getattr(function, "__func__", function))
        for pair in pairs
        for function in (pair.function, *pair.given.values())
    )
    owner = getattr(pairs[0].function, "__self__", None) if pairs else None
    return (used, repr(vars(owner))) if hasattr(owner, "__dict__") else id(target)


def _why(error: Exception) -> str:
    return in_a_line(error).replace("SubjectError: ", "")


def _holders(module: ModuleType, alone: bool) -> list[tuple[str, Any]]:
    """The classes and objects of a module that bring derivatives, each once; its table is copied, as it may change.

    Those of other modules, if it has none of its own and no function (``alone``): then it is there to collect them.
    """
    seen: set[int] = set()
    found = []
    for name, target in list(vars(module).items()):
        if isinstance(target, ModuleType) or id(target) in seen or name.startswith("__"):
            continue
        try:
            with subject_code:
                ours = brings_derivatives(target) and not _is_abstract(target)
        except SubjectError:  # an object may do anything when it is looked at
            continue
        if ours:
            seen.add(id(target))
            found.append((name, target))
    own = [(name, target) for name, target in found if _home(target) == module.__name__]
    return own if own or alone else found


def _home(target: Any) -> Any:
    return getattr(target if isinstance(target, type) else type(target), "__module__", None)


def _is_abstract(target: Any) -> bool:
    return isinstance(target, type) and bool(getattr(target, "__abstractmethods__", None))


def _object(target: Any) -> Any:
    return made(target) if isinstance(target, type) else target


def _read(module: ModuleType, one: Found) -> list[Specified]:
    try:
        with silence():
            pairs = pairs_of(_object(getattr(module, one.holder))) if one.holder else pairs_in(module)
            pair = next(pair for pair in pairs if pair.name == one.pair)
            return specified(pair, one.name)
    except (SubjectError, StopIteration) as error:
        return [(Unread(one.name, in_a_line(error)), None)]


def _loaded(name: str) -> ModuleType:
    return place_of(name).load_module()


