"""From Python: `check` a pair of functions, `check_engine` a class, `cases` for pytest.

    verify.check(tanh, tanh_backward, definition="tanh(x)")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from verify.config import Config, waived
from verify.errors import DerivativeError, UsageError, in_a_line
from verify.findings import Question, headline
from verify.harness import verify, verify_here
from verify.limits import OutOfTime, time_limit
from verify.mirror import Row
from verify.options import Options
from verify.report import Report
from verify.reports.failures import failures
from verify.subjects.formulas import formula_row
from verify.subjects.given import Corners, as_condition, as_term, beside_row, point_of
from verify.subjects.operation import Operation
from verify.subjects.own_rows import domain as natural
from verify.subjects.pairs import Cases, FunctionPair, check_names, name_of
from verify.subjects.subject import Subject
from verify.trace.term import constant

OF_ARRAYS = (Question.RIGHT, Question.SAFE, Question.WIRED)
"""What is asked of a rule of arrays."""

MOST_POINTS = 10**7  # what memory has room for

LONGEST = 10**6  # seconds

_SHOWN = 80  # characters of an argument that the line which verifies a pair again repeats


def check(
    forward: Any,
    backward: Callable[..., Any] | None = None,
    definition: Any = None,
    *,
    domain: Any = None,
    corners: Corners = (),
    name: str = "",
    inputs: Sequence[str] = (),
    shapes: Mapping[str, int | tuple[int, ...]] | None = None,
    points: int | None = None,
    seed: int = 0,
    point: Mapping[str, Any] | None = None,
    seconds: float = 20.0,
    strict: bool = False,
    raises: bool = True,
) -> Report:
    """Verify that ``backward`` is the derivative of ``forward``: right, accurate, safe, wired.

    A function of JAX, PyTorch or HIPS autograd brings its own backward, and so does a class of nodes: give it alone.

    backward: asks by name for inputs of the forward, ``out`` and ``g``; returns one gradient for each input
    definition: what the forward is meant to compute, as text in the small language or a SymPy expression in the
        forward's inputs, or another function of them; without one the forward's own code, run on symbols, is it
    domain: where it is defined, as text ("x > 0") or a SymPy relation; where its formula has a value, if not given
    corners: where it bends beside the places that show (comparisons, abs, max, min): expressions that are 0 there,
        numbers for one input; a mapping also says what the backward answers there, one slope for each input
    inputs: names for the forward's inputs, where it has none of its own
    shapes: of inputs that are arrays, such as {"x": 768}: then every entry of every gradient is verified at this
        shape, proved where it is small and `probable` where it is large; how accurate they are is not asked
    points: how many, 1000 if nothing is said and 200 for arrays
    point: a point to look at as well: a number or a hexadecimal text for each input
    seconds: how long one check may take; one that takes longer is inconclusive, and after two the rest is not tried.
        Proofs are worked out in a process that is killed in time; your own functions run here, where an alarm stops
        them: on the main thread of a POSIX process, at the next step of Python, and not in a call that never comes back

    Raises DerivativeError, with what was found, if anything fails (under ``strict`` also what only warns);
    UsageError for a call that makes no sense.
    """
    __tracebackhide__ = True
    _check_numbers(points, seed, seconds)
    if backward is None:
        subject = _whole(forward, definition, domain, name, inputs)
        whole = Options(points=points or 1000, seed=seed, seconds=seconds)
        if isinstance(subject, Cases):  # here: a framework's threads do not survive a fork
            here = replace(whole, point=point_of(point, subject.cases[0][0].inputs))
            return _judged(verify_here(subject, options=here), strict, raises)
        return _judged(verify(subject, options=whole), strict, raises)
    case = pair(
        forward,
        backward,
        definition,
        domain=domain,
        corners=corners,
        name=name,
        inputs=inputs,
        shapes=shapes,
        seconds=seconds,
    )
    options = Options(
        points=points or (1000 if shapes is None else 200),
        seed=seed,
        seconds=seconds,
        point=point_of(point, case[0].inputs),
        questions=tuple(Question) if shapes is None else OF_ARRAYS,
    )
    return _judged(verify_here(Cases(case[0].name, (case,)), options=options), strict, raises)


def check_engine(
    kind: Any,
    *,
    names: Sequence[str] = (),
    points: int = 1000,
    seed: int = 0,
    strict: bool = False,
    raises: bool = True,
) -> Report:
    """Verify somebody's class of nodes, in the style of micrograd: all its operations, or those that are named."""
    __tracebackhide__ = True
    _check_numbers(points, seed)
    return _judged(verify(engine(kind), names, Options(points=points, seed=seed)), strict, raises)


def engine(kind: Any) -> Subject:
    """The operations of a class of nodes, which is at hand or named: "package.module:Class", "path/to/file.py:Class".

    Raises UsageError if it is none.
    """
    from verify.subjects.foreign import discovered
    from verify.subjects.load import place_of

    return discovered(place_of(kind) if isinstance(kind, str) else kind)


def _check_numbers(points: Any, seed: Any, seconds: Any = 1.0) -> None:
    """Raises UsageError for what is none, or not in its range."""
    if points is not None and not (_is_whole(points) and 1 <= points <= MOST_POINTS):
        raise UsageError(f"points: {points!r} is no whole number from 1 to {MOST_POINTS}")
    if seed is not None and not _is_whole(seed):
        raise UsageError(f"seed: {seed!r} is no whole number")
    if not isinstance(seconds, (int, float)) or not 0 < seconds <= LONGEST:
        raise UsageError(f"seconds: {seconds!r} is no number above 0, and {LONGEST} at most")


def _is_whole(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool)


def _whole(target: Any, definition: Any, domain: Any, name: str, inputs: Sequence[str]) -> Subject:
    """What brings its own backward: a framework's function, what somebody's adapter knows, a class of nodes.

    Raises UsageError.
    """
    from verify.subjects.frameworks import framework_of
    from verify.subjects.named import adapted

    framework = framework_of(target)
    if framework:
        return Cases(name or framework, (_of_framework(target, framework, definition, domain, name, inputs),))
    found = adapted(target)
    if found is not None:
        return found
    if not isinstance(target, type):
        if not callable(target):
            raise UsageError(f"{target!r} is no function, and no class of nodes")
        what = f"{name_of(target, 'a lambda')} is a function without its backward"
        raise UsageError(f"{what}: pass both, check(forward, backward)")
    return engine(target)


def _of_framework(
    function: Any, framework: str, definition: Any, domain: Any, name: str, inputs: Sequence[str]
) -> tuple[Operation, Row]:
    from verify.subjects.frameworks import case_of, operation_class

    names = tuple(inputs) or operation_class(framework).count_inputs(function)
    where = None if domain is None else as_condition(domain, names)
    row = None
    if definition is not None:
        meant = as_term("definition", definition, names, False)
        row = formula_row(name or framework, meant, names, natural(meant) if where is None else where)
    return case_of(function, framework, row, where, name, names)


def pair(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    definition: Any = None,
    *,
    domain: Any = None,
    corners: Corners = (),
    name: str = "",
    inputs: Sequence[str] = (),
    shapes: Mapping[str, int | tuple[int, ...]] | None = None,
    seconds: float = 20.0,
) -> tuple[Operation, Row]:
    """A pair of functions beside its row, as `check` takes them apart.

    Raises UsageError.
    """
    for what, function in (("forward", forward), ("backward", backward)):
        if not callable(function):
            raise UsageError(f"the {what} {function!r} is no function")
    if not isinstance(name, str):
        raise UsageError(f"name: {name!r} is no text")
    if shapes is not None and not isinstance(shapes, Mapping):
        raise UsageError(f'shapes: {shapes!r} names no inputs: write {{"x": 3}}')
    if inputs:
        check_names(name or "inputs", inputs)
    try:
        if shapes is not None:
            from verify.checks.proof import decides
            from verify.subjects.sized import of_arrays

            with time_limit(seconds):
                case = of_arrays(
                    forward, backward, shapes, definition, domain, corners, name, inputs, decides=decides
                )
        else:
            case = beside_row(FunctionPair(forward, backward, name, inputs), definition, domain, corners, seconds)
    except UsageError:
        raise
    except OutOfTime:
        late = f"the functions did not end within {seconds:g} s when they were run for the first time"
        raise UsageError(f"{name or 'arrays'}: {late}") from None
    except Exception as error:  # an object may do anything when it is asked for its signature
        raise UsageError(f"the functions cannot be looked into ({in_a_line(error)})") from error
    said = {"definition": definition, "domain": domain, "corners": corners, "name": name, "inputs": inputs}
    again = [f"{key}={given!r}" for key, given in said.items() if _repeatable(given)]
    case[0].command = f"{', '.join((case[0].command[:-1], *again))})"
    return case


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
) -> tuple[Operation, Row]:
    """A pair that hangs or ends its process: it is told of, and not run."""
    operation = FunctionPair(forward, backward, name)
    operation.problem, operation.stopped = problem, True
    return operation, formula_row(operation.name, constant(0), operation.inputs)


@dataclass(frozen=True)
class DerivativeCase:
    """One operation of a subject, for a test: ``case.check()`` raises what fails."""

    name: str
    subject: Cases
    config: Config | None = None  # whose waivers count

    def __str__(self) -> str:
        return self.name

    def check(
        self, *, points: int | None = None, seed: int | None = None, strict: bool | None = None, raises: bool = True
    ) -> Report:
        """Verify this operation, as `check` does; what is not said here is as pytest's options have it."""
        from verify.settings import current

        __tracebackhide__ = True
        now = current()
        _check_numbers(points, seed)
        options = Options(points=now.points if points is None else points, seed=now.seed if seed is None else seed)
        report = replace(verify_here(self.subject, options=options), strict=now.strict if strict is None else strict)
        if self.config is not None:
            report = waived(report, self.config.waivers, date.today())
        return _judged(report, now.strict if strict is None else strict, raises)


def cases(subject: Any, config: Config | None = None) -> list[DerivativeCase]:
    """Every operation of a subject as a case, to parametrise a test with (``ids=str``).

    subject: a class of nodes; its name, or the path of a rules file, as on the command line; a list of pairs
        (forward, backward) or (forward, backward, definition), or of what `pair` made; a mapping of names to pairs
    config: the project whose waivers count, if any
    """
    found: dict[str, list[tuple[Operation, Row]]] = {}
    for operation, row in subject_of(subject).operations():
        found.setdefault(operation.name, []).append((operation, row))
    return [DerivativeCase(name, Cases(name, tuple(rows)), config) for name, rows in found.items()]


def cases_of_project(config: Config) -> list[DerivativeCase]:
    """Every operation that a project's configuration names, its corners held to the project's policy."""
    from verify.subjects.named import subject_named
    from verify.subjects.together import together

    subjects = [subject_named(name, config.folder) for name in config.subjects]
    return cases(together(subjects, config.corners or {}, [waiver.operation for waiver in config.waivers]), config)


_NONE: Mapping[int, str] = MappingProxyType({})


def subject_of(given: Any, stopped: Mapping[int, str] = _NONE) -> Subject:
    """What `cases` takes, as a subject.

    stopped: the pairs that must not be run, by their place, and why

    Raises UsageError.
    """
    if isinstance(given, str):
        from verify.subjects.named import subject_named

        return subject_named(given)
    if isinstance(given, (list, tuple, dict)):
        return Cases("pairs", tuple(pairs_of(given, stopped)))
    if not isinstance(given, type) and hasattr(given, "operations"):
        return given  # type: ignore[no-any-return]  # a subject of somebody's own adapter
    return _whole(given, None, None, "", ())


def pairs_of(
    given: Any, stopped: Mapping[int, str] = _NONE, before: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[Operation, Row]]:
    """The pairs of a list or mapping, in their order; ``before`` hears the place of each before it is run."""
    taken: set[str] = set()
    entries = given.items() if isinstance(given, dict) else (("", entry) for entry in given)
    for place, (name, entry) in enumerate(entries):
        if not isinstance(entry, tuple) or not 2 <= len(entry) <= 3:
            raise UsageError(f"{entry!r} is no pair: write (forward, backward), or verify.pair(...)")
        before(str(place))
        if isinstance(entry[0], Operation):
            operation, row = entry
        elif place in stopped:
            operation, row = never_run(entry[0], entry[1], name, stopped[place])
        else:
            try:
                operation, row = pair(*entry, name=name)
            except UsageError as error:
                raise UsageError(f"{repr(name) if name else f'pair {place + 1}'}: {error}") from None
        if operation.name in taken:
            raise UsageError(f"two pairs are called {operation.name!r}: pass a mapping of names to pairs")
        taken.add(operation.name)
        yield operation, row


def _judged(report: Report, strict: bool, raises: bool) -> Report:
    __tracebackhide__ = True  # pytest: a failure is the user's, not ours
    report = replace(report, strict=strict)
    if raises and not report.ok:
        found = {headline(failure.finding): failure for failure in reversed(failures(report))}  # the first of its kind
        raise DerivativeError("\n\n".join(failure.told() for failure in reversed(found.values())), report)
    return report
