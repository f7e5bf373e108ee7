"""What the user named or passed, resolved to a subject: the one place that knows every kind of subject."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any

from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.arguments import (
    Kinks,
    as_condition,
    as_term,
    beside_spec,
    is_function,
    value_of,
)
from backproof.verify.subjects.functions.formulas import formula_spec
from backproof.verify.subjects.functions.looked_at import name_of
from backproof.verify.subjects.functions.pairs import UPSTREAM, FunctionPair, PythonPair, check_names
from backproof.verify.subjects.load import Place, place_of
from backproof.verify.subjects.operation import BaseOperation, Operation
from backproof.verify.subjects.sandbox import Step, apart, silence
from backproof.verify.subjects.subject import Cases, Recipe, Specified, Subject, recipe_of
from backproof.verify.subjects.surrogate import WithSurrogate
from backproof.verify.support.errors import NO_TRACE, SubjectError, UsageError, in_a_line
from backproof.verify.support.escape import quoted
from backproof.verify.support.limits import OutOfTime, time_limit
from backproof.verify.support.program import program
from backproof.verify.support.worker import Lost
from backproof.verify.terms.term import constant

GROUP = "backproof.subjects"
"""The group of entry points: functions that take a target and return its subject, or None if it is not theirs."""


_NONE: Mapping[int, str] = MappingProxyType({})

_SHOWN = 80  # characters of an argument that the line which verifies a pair again repeats

_PAIRS = (list, tuple, dict)
_SILENT = 30.0  # seconds without a word from a process, in which a pair ends by itself after 20


def subject_named(name: str, base: Path | None = None) -> Subject:
    """``rules.toml``, ``package.module:Class``, ``path/to/file.py:Class`` or ``package.module:PAIRS``.

    base: where paths begin, if not in the working directory

    Raises UsageError for what cannot be found.
    """
    if name.endswith(".toml"):
        from backproof.verify.subjects.rules_file import rules_file

        return rules_file(_from(base, name))
    from backproof.verify.subjects.engines.discovery import discovered

    path, colon, attribute = name.partition(".py:")
    place: Place = place_of(f"{_from(base, path)}.py:{attribute}" if colon else name)
    return _standing_at(place, tried(place)) or discovered(place, name)


def _standing_at(place: Place, stopped: Mapping[int, str]) -> Subject | None:
    """The pairs found there, those that are ``stopped`` not run; or an adapter's subject; None for all else."""
    given = _at(place)
    recipe: Recipe = _standing_there, (place, stopped)
    if isinstance(given, _PAIRS):
        with silence():
            subject = subject_of(given, stopped)
        cases = tuple(subject.operations())
        for operation, _ in cases:
            if isinstance(operation, FunctionPair):  # of numbers: what --point can say
                operation.command = f"{program()} engine {quoted(str(place))} {quoted(operation.name)}"
        return Cases(subject.name, cases, recipe)
    found = adapted(given) if given is not None else None
    if found is None or recipe_of(found) is not None:
        return found
    return Cases(found.name, tuple(found.operations()), recipe)


def _standing_there(place: Place, stopped: Mapping[int, str]) -> Subject:
    found = _standing_at(place, stopped)
    if found is None:
        raise UsageError(f"{place}: it no longer exists")
    return found


def holds_pairs(place: Place) -> bool:
    """Whether there is a list or mapping, which is determined in a separate process."""
    try:
        return bool(apart(_holds_pairs, place))
    except (UsageError, Lost):
        return False


def tried(place: Place) -> dict[int, str]:
    """Why a pair cannot be run in this process, by its place in the list or mapping: each first runs in another one.

    Raises UsageError where the module itself cannot be imported.
    """
    problems: dict[int, str] = {}
    while True:
        try:
            return dict(apart(_tried, place, problems, seconds=_SILENT))
        except Lost as lost:
            if not lost.said or int(lost.said) in problems:
                raise UsageError(f"{place.module} cannot be imported: it {lost}") from None
            problems[int(lost.said)] = f"the functions {lost} when they were run for the first time"


def _holds_pairs(_: Step, place: Place) -> bool:
    return isinstance(_at(place), _PAIRS)


def _tried(step: Step, place: Place, problems: dict[int, str]) -> dict[int, str]:
    given = _at(place)
    found = list(_entries(given, problems, step)) if isinstance(given, _PAIRS) else []
    return {place: operation.problem for place, cases in found for operation, _ in cases if operation.stopped}


def _at(place: Place) -> object:
    module = place.load_module()
    try:
        with subject_code:  # a module may have a __getattr__ of its own
            return getattr(module, place.name, None) if place.name else None
    except SubjectError as error:
        raise UsageError(f"{place}: {in_a_line(error)}") from None


def adapted(target: Any) -> Subject | None:
    """The subject that an installed adapter makes of the target; None if no adapter accepts it.

    Raises UsageError for an adapter that fails.
    """
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        try:
            with subject_code:
                found = entry.load()(target)
        except SubjectError as error:
            reason = in_a_line(error)
            raise UsageError(f"the adapter {entry.name} ({entry.value}) fails: {reason}") from error
        if found is not None:
            return found  # type: ignore[no-any-return]
    return None


def _from(base: Path | None, path: str) -> str:
    """The path from the working directory, so that reports are the same on every machine."""
    if base is None:
        return path
    try:
        return Path(os.path.relpath(base / path)).as_posix()
    except ValueError:  # it is on another drive
        return (base / path).as_posix()


# ------------------------------------------------------------------------------------------------ objects


def subject_of(given: Any, stopped: Mapping[int, str] = _NONE) -> Subject:
    """What `cases` takes, as a subject.

    stopped: the pairs that must not be run, by their place, and why

    Raises UsageError.
    """
    if isinstance(given, str):
        return subject_named(given)
    if isinstance(given, (list, tuple, dict)):
        return Cases("pairs", tuple(pairs_of(given, stopped)))
    if not isinstance(given, type) and hasattr(given, "operations"):
        return given  # type: ignore[no-any-return]  # a subject of a user's adapter
    return whole_subject(given, None, None, "", ())


def pairs_of(
    given: Any, stopped: Mapping[int, str] = _NONE, before: Callable[[str], None] = lambda _: None
) -> Iterator[Specified]:
    """The pairs of a list or mapping, in their order; ``before`` hears the place of each before it is run.

    An entry is (forward, backward), (forward, backward, definition), what `pair` made, or a function with a mapping of
    its derivatives: (rosen, {"jac": rosen_der, "shapes": {"x": 3}}), by the names that `verify.check` has.
    """
    for _, cases in _entries(given, stopped, before):
        yield from cases


def _entries(
    given: Any, stopped: Mapping[int, str], before: Callable[[str], None]
) -> Iterator[tuple[int, list[Specified]]]:
    """The operations of each entry of a list or mapping, with its place."""
    taken: set[str] = set()
    entries = given.items() if isinstance(given, dict) else (("", entry) for entry in given)
    for place, (name, entry) in enumerate(entries):
        if not isinstance(entry, tuple) or not 2 <= len(entry) <= 3:
            raise UsageError(f"{entry!r} is not a pair: write (forward, backward), or verify.pair(...)")
        before(str(place))
        try:
            found = _entry(entry, name, stopped.get(place, ""))
        except UsageError as error:
            raise UsageError(f"{repr(name) if name else f'pair {place + 1}'}: {error}") from None
        for called in dict.fromkeys(operation.name for operation, _ in found):
            if called in taken:
                raise UsageError(f"two pairs are called {called!r}: pass a mapping of names to pairs")
            taken.add(called)
        yield place, found


def _entry(entry: tuple[Any, ...], name: str, stopped: str) -> list[Specified]:
    """The operations of one entry of a list or mapping.  stopped: why it must not be run; "" if it may be"""
    if isinstance(entry[0], BaseOperation):
        return [entry]  # what `pair` made
    if len(entry) == 2 and isinstance(entry[1], Mapping):
        if stopped:
            return [never_run(entry[0], lambda g: g, name or name_of(entry[0], "f"), stopped)]
        from backproof.verify.run.contracts import handed_over

        return list(handed_over(entry[0], entry[1], name).subject().cases)
    return [never_run(entry[0], entry[1], name, stopped) if stopped else pair(*entry, name=name)]


def pair(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    definition: Any = None,
    *,
    domain: Any = None,
    kinks: Kinks = (),
    surrogate: Any = None,
    name: str = "",
    names: Sequence[str] = (),
    shapes: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float, float]] = MappingProxyType({}),
    inputs: Any = None,
    args: Any = (),
    wrt: str | Sequence[str] | None = None,
    seconds: float = 20.0,
) -> Specified:
    """A pair of functions with its spec, from the arguments of `check`; one of large arrays has no spec.

    Raises UsageError.
    """
    for what, function in (("forward", forward), ("backward", backward)):
        if not callable(function):
            raise UsageError(f"the {what} {function!r} is not a function")
    if not isinstance(name, str):
        raise UsageError(f"name: {name!r} is not a text")
    if shapes is not None and not isinstance(shapes, Mapping):
        raise UsageError(f'shapes: {shapes!r} names no inputs: write {{"x": 3}}')
    if names:
        check_names(name or "names", names)
    told = ""  # the call, where it is not that of the functions which are run
    if inputs is not None or wrt is not None or args != ():
        from backproof.verify.subjects.contracts.bound import bound_pair

        bound = bound_pair(forward, backward, names, inputs, shapes, wrt, args, tuple(map(str, bounds)))
        told = f"verify.check({name_of(forward, 'forward')}, {name_of(backward, 'backward')}"
        name = name or name_of(forward)
        forward, backward, names, shapes = bound
    if surrogate is not None and definition is not None:
        raise UsageError("surrogate and definition: the forward of a rule with a surrogate is not compared; drop one")
    case: Specified
    try:
        if shapes is not None:
            from backproof.verify.checks.proof import decides
            from backproof.verify.subjects.arrays.choose import of_arrays
            from backproof.verify.subjects.arrays.large import LargePair
            from backproof.verify.subjects.tensors.pairs import as_program

            with time_limit(seconds):
                given = (forward, backward, shapes, definition, domain, kinks, bounds, name, names, surrogate)
                case = of_arrays(*given, decides=decides)
                if isinstance(whole := case[0], LargePair) and (program := as_program(whole)) is not None:
                    case = program, None
        else:
            functions = FunctionPair(forward, backward, name, names)
            value = None if surrogate is None else value_of(functions, surrogate)
            meant = definition if surrogate is None else surrogate
            operation, spec = beside_spec(functions, meant, domain, kinks, seconds, bounds)
            case = operation, spec
            if operation.unread and not kinks and surrogate is None:
                case = _as_it_is(forward, backward, operation, domain, bounds, seconds)
            if value is not None:
                if isinstance(owner := getattr(value, "__self__", None), FunctionPair):
                    owner.stay_where(functions)
                case = WithSurrogate(operation, value, _shown(surrogate)), spec
    except OutOfTime:
        late = f"the functions did not end within {seconds:g} s when they were run for the first time"
        raise UsageError(f"{name or 'arrays'}: {late}") from None
    except NO_TRACE as error:  # an object may do anything when its signature is requested
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"the functions cannot be looked into ({in_a_line(error)})") from error
    if surrogate is None and isinstance(case[0], PythonPair) and not case[0].asks_for(UPSTREAM):
        _refuse_derivative(forward, backward, case, definition, names, shapes, domain, bounds, seconds)
    said = {"definition": definition, "domain": domain, "kinks": kinks, "surrogate": surrogate}
    said |= {"name": name, "names": names}
    said |= {"bounds": dict(bounds)} if bounds else {}
    if told:
        said |= {"inputs": inputs, "wrt": wrt}
        rest = case[0].command.partition("shapes=")
        case[0].command = f"{told}, {''.join(rest[1:])}" if rest[1] else f"{told})"
    again = [f"{key}={given!r}" for key, given in said.items() if _repeatable(given)]
    case[0].command = f"{', '.join((case[0].command[:-1], *again))})"
    return case


def _refuse_derivative(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    case: Specified,
    definition: Any,
    names: Sequence[str],
    shapes: Mapping[str, Any] | None,
    domain: Any,
    bounds: Mapping[str, Any],
    seconds: float,
) -> None:
    """Raises UsageError for a backward that never asks for ``g`` and is right as a derivative, another contract.

    A derivative that is 0 everywhere is right in either way.
    """
    from backproof.verify.run.contracts import HandedOver, is_right, is_zero

    operation, spec = case
    if spec is not None and is_zero(operation):
        return
    options = {"definition": definition, "names": names, "shapes": shapes, "domain": domain, "bounds": bounds}
    handed = HandedOver(forward, jac=backward, seconds=seconds, **options)
    try:
        how = is_right(handed)
    except UsageError:  # it is no derivative of these shapes, or takes `out`
        return
    if how:
        who = name_of(backward, "the backward")
        way = f"as a derivative it {how}: pass it as jac={name_of(backward, '...')}"
        raise UsageError(f"{who} never asks for {UPSTREAM}, so that what arrives would be lost; {way}")


def _as_it_is(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    operation: Any,
    domain: Any,
    bounds: Mapping[str, Any],
    seconds: float,
) -> Specified:
    """A pair whose forward, its own definition, does not run on symbols: run on floats, and held to its own slopes."""
    from backproof.verify.subjects.arrays.large import NumbersAsTheyAre

    nothing = formula_spec(operation.name, constant(0), operation.inputs)
    try:
        with time_limit(seconds):
            whole = NumbersAsTheyAre(forward, backward, {}, operation.name, operation.inputs, None, bounds, domain)
            whole.problem = whole.problem or whole.complaint()
    except UsageError as error:
        operation.problem = str(error)
        return operation, nothing
    except OutOfTime:
        late = f"the functions did not end within {seconds:g} s on floats: state domain= or bounds="
        operation.problem = f"it does not run on symbols ({operation.unread}), and {late}"
        operation.stopped = True
        return operation, nothing
    return whole, None


def _shown(surrogate: Any) -> str:
    return name_of(surrogate, "a function without a name") if is_function(surrogate) else str(surrogate)


def _repeatable(given: Any) -> bool:
    """Whether an argument was given, and can be typed again as it is shown: a text, a number, or some of them."""
    if isinstance(given, str):
        return 0 < len(given) <= _SHOWN
    if not isinstance(given, (tuple, list, dict)):
        return isinstance(given, (int, float))
    parts = [*given, *given.values()] if isinstance(given, dict) else given
    return bool(parts) and all(map(_repeatable, parts)) and len(repr(given)) <= _SHOWN


def never_run(
    forward: Callable[..., Any], backward: Callable[..., Any], name: str, problem: str
) -> tuple[Operation, Spec]:
    """A pair that hangs or ends its process: it is reported, and not run."""
    operation = FunctionPair(forward, backward, name)
    operation.problem, operation.stopped = problem, True
    return operation, formula_spec(operation.name, constant(0), operation.inputs)


def engine(kind: Any) -> Subject:
    """The operations of a class of nodes, given or named: "package.module:Class", "path/to/file.py:Class".

    Raises UsageError if it is not one.
    """
    from backproof.verify.subjects.engines.discovery import discovered

    return discovered(place_of(kind) if isinstance(kind, str) else kind)


def whole_subject(target: Any, definition: Any, domain: Any, name: str, inputs: Sequence[str]) -> Subject:
    """A target with its own backward: a framework's function, a target of a user's adapter, a class of nodes.

    Raises UsageError.
    """
    from backproof.verify.subjects.frameworks import framework_of

    framework = framework_of(target)
    if framework:
        return Cases(name or framework, (_of_framework(target, framework, definition, domain, name, inputs),))
    found = adapted(target)
    if found is not None:
        return found
    if not isinstance(target, type):
        if not callable(target):
            raise UsageError(f"{target!r} is neither a function nor a class of nodes")
        what = f"{name_of(target, 'a lambda')} is a function without its backward"
        raise UsageError(f"{what}: pass both, check(forward, backward)")
    return engine(target)


def _of_framework(
    function: Any, framework: str, definition: Any, domain: Any, name: str, inputs: Sequence[str]
) -> tuple[Operation, Spec]:
    from backproof.verify.subjects.frameworks import case_of, operation_class

    names = tuple(inputs) or operation_class(framework).count_inputs(function)
    where = None if domain is None else as_condition(domain, names)
    spec = None
    if definition is not None:
        meant = as_term("definition", definition, names, False)
        spec = formula_spec(name or framework, meant, names, natural_domain(meant) if where is None else where)
    return case_of(function, framework, spec, where, name, names)
