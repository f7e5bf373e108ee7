"""From Python: `check` a pair of functions, `check_engine` a class, `cases` for pytest.

    verify.check(tanh, tanh_backward, definition="tanh(x)")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from backproof.verify.config.options import Options
from backproof.verify.config.project import Config, waived
from backproof.verify.reports.failures import failures
from backproof.verify.results.findings import Question, headline
from backproof.verify.run.harness import verify, verify_here
from backproof.verify.run.report import Report
from backproof.verify.run.targets import engine, pair, subject_named, subject_of, whole_subject
from backproof.verify.subjects.functions.arguments import Kinks, bounds_of, point_of
from backproof.verify.subjects.operation import ArrayOperation
from backproof.verify.subjects.subject import Cases, Specified, of_numbers
from backproof.verify.support.errors import DerivativeError, UsageError
from backproof.verify.support.fuel import FUEL, budget, units_of

OF_ARRAYS = (Question.RIGHT, Question.SAFE, Question.WIRED)
"""The questions checked for a rule of arrays."""

MOST_POINTS = 10**7  # what fits into memory

LONGEST = 10**6  # seconds


def check(
    forward: Any,
    backward: Callable[..., Any] | None = None,
    definition: Any = None,
    *,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    jvp: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    inputs: Any = None,
    shapes: Mapping[str, int | tuple[int, ...]] | None = None,
    dtypes: Mapping[str, str] | None = None,
    names: Sequence[str] = (),
    args: Any = (),
    wrt: str | Sequence[str] | None = None,
    layout: str | None = None,
    domain: Any = None,
    kinks: Kinks = (),
    surrogate: Any = None,
    order: int = 1,
    name: str = "",
    bounds: Mapping[str, tuple[float, float]] = MappingProxyType({}),
    points: int | None = None,
    seed: int = 0,
    point: Mapping[str, Any] | None = None,
    fuel: int | str = FUEL,
    seconds: float = 60.0,
    strict: bool = False,
    raises: bool = True,
) -> Report:
    """Verify that ``backward`` is the derivative of ``forward``: right, accurate, safe, wired.

    A function of JAX, PyTorch or HIPS autograd has its own backward, and so has a class of nodes: pass it alone.  So
    is an object that brings its derivatives (docs/packages.md): one with fun and jac, a model, a link, a component.
    A derivative that takes no upstream gradient is passed by its name: ``check(rosen, jac=rosen_der, shapes=...)``.

    jac: the derivative of a number, the gradient, or the Jacobian (m, n) of m outputs by n entries, or a list of
        partial derivatives in the order of ``wrt``; True for a forward that returns (value, gradient).  It is called
        as the forward is
    hess, hessp: the Hessian (n, n), and its product with a vector, hessp(x, p)
    jvp: the derivative along a vector, jvp(x, v), with one vector for each input that is differentiated
    fprime, fprime2: the derivative, and the second one: entry by entry for arrays, as `scipy.optimize.newton` has them
    inputs: values of the inputs, by place or by name: arrays of floats state their shape, integers, booleans, labels
        and what is not in ``wrt`` is passed as it is
    names: for the inputs, where the forward has none of its own; args: passed after the inputs, and not differentiated
    wrt: the inputs that are differentiated; the others vary, too
    layout: how ``jac`` is to be read: "rows", "columns", "partials", "elementwise"
    backward: its parameters are named inputs of the forward, ``out`` and ``g``; returns one gradient for each input
    definition: what the forward is meant to compute, as text in the small language or a SymPy expression in the
        forward's inputs, or another function of them; without one the forward's own code, run on symbols, is it
    domain: where it is defined, as text ("x > 0") or a SymPy relation; where its formula has a value, if not given
    kinks: kinks beside those found in the definition (comparisons, abs, max, min): expressions that are 0 there,
        numbers for one input; a mapping also says what the backward returns there, one derivative for each input
    surrogate: another function whose derivative the backward is declared to be, as text or a function of the inputs:
        "x" for a straight-through estimator, "-x" for a reversed gradient; the forward then only gives ``out``.
        With shapes a function of the arrays, or a text in their names that is applied entry by entry
    order: 2 also verifies the derivative of a PyTorch rule, as a second differentiation takes it
    shapes: of inputs that are arrays, such as {"x": 768}: then every entry of every gradient is verified at this
        shape, proved where it is small and `probable` where it is large; their accuracy is not measured
    dtypes: of inputs that are drawn in their shapes, where they are not floats: {"index": "int64"}, within ``bounds``
    bounds: input -> (smallest, largest) value, of an array each of its entries: the points lie between them, and there
        a failure in floats is unsafe; without them a failure beyond the working range, sizes from 2**-64 to 2**64, is
        only fragile, a warning.  The proof is for the whole domain in either case
    points: how many, by default 1000, and 200 for arrays
    point: a further point to check: a number or a hexadecimal text for each input
    fuel: units of work for each question to the prover, such as "8M" (a unit is about a microsecond): what more would
        decide is `matched` at points, with that reason; the same on every machine
    seconds: the last guard: a check that takes longer is `stopped`, which is no verdict; after two the rest is not
        tried.  Proofs are computed in a process that is killed in time; your own functions run here, where an alarm
        stops them: on the main thread of a POSIX process, at the next step of Python, and not in a call that never
        comes back

    Raises DerivativeError, with what was found, if anything fails (under ``strict`` also what only warns);
    UsageError for a call that makes no sense.
    """
    __tracebackhide__ = True
    _check_numbers(points, seed, seconds)
    units = _units(fuel)
    derivatives = {"jac": jac, "hess": hess, "hessp": hessp, "jvp": jvp, "fprime": fprime, "fprime2": fprime2}
    if passed := [what for what, one in derivatives.items() if one is not None]:
        for what, other in (("backward", backward), ("surrogate", surrogate)):
            if other is not None:
                raise UsageError(f"{what} and {passed[0]}: pass one of them")
        from backproof.verify.run.contracts import HandedOver

        options = Options(points=points or 1000, seed=seed, fuel=units, seconds=seconds)
        with budget(units):
            handed = HandedOver(
                forward,
                **derivatives,
                definition=definition,
                names=names,
                inputs=inputs,
                shapes=shapes,
                wrt=wrt,
                args=args,
                domain=domain,
                bounds=bounds,
                kinks=kinks,
                layout=layout,
                name=name,
                seconds=seconds,
            )
            found = handed.subject()
        return _judged(verify_here(found, options=handed.options(options, points, point)), strict, raises)
    if backward is None and (inputs is not None or shapes is not None):
        from backproof.verify.subjects.tensors.cases import tensor_cases, tensor_framework

        if framework := tensor_framework(forward, inputs):
            for what, given in (("domain", domain), ("kinks", kinks), ("args", args), ("point", point)):
                if given not in (None, ()):
                    raise UsageError(f"{what}: of a rule of whole arrays it is not known; bounds= limits its inputs")
            stated = {"inputs": inputs, "shapes": shapes, "dtypes": dtypes, "names": names, "wrt": wrt}
            stated |= {"bounds": bounds, "definition": definition, "surrogate": surrogate, "name": name, "seed": seed}
            stated |= {"order": order}
            options = Options(points=points or 200, seed=seed, fuel=units, seconds=seconds, questions=OF_ARRAYS)
            return _judged(verify_here(tensor_cases(forward, framework, **stated), options=options), strict, raises)
    if order != 1:
        raise UsageError("order: it is for a function of PyTorch that is passed alone, with inputs= or shapes=")
    if dtypes is not None:
        raise UsageError("dtypes: it goes with shapes=, for a function of PyTorch or JAX that is passed alone")
    if backward is None:
        if surrogate is not None:
            raise UsageError("surrogate: it is declared beside a backward, and none was passed")
        if definition is None:
            from backproof.verify.run.packages import object_subject

            stated = {"domain": domain, "bounds": bounds or None, "shapes": shapes, "inputs": inputs}
            stated |= {"names": names or None, "args": args or None, "wrt": wrt, "layout": layout}
            brought = object_subject(forward, name, {what: x for what, x in stated.items() if x is not None})
            if brought is not None:
                options = Options(points=points or 1000, seed=seed, fuel=units, seconds=seconds)
                return _judged(verify_here(brought, options=options), strict, raises)
        subject = whole_subject(forward, definition, domain, name, names)
        whole = Options(points=points or 1000, seed=seed, fuel=units, seconds=seconds)
        if isinstance(subject, Cases):  # here: a framework's threads do not survive a fork
            for operation, _ in of_numbers(subject.cases):
                operation.bounds = bounds_of(bounds, operation.bounded_names())
            here = replace(whole, point=point_of(point, subject.cases[0][0].inputs))
            return _judged(verify_here(subject, options=here), strict, raises)
        if bounds:
            raise UsageError("bounds: of the operations of a class they are stated in [tool.verify.bounds]")
        return _judged(verify(subject, options=whole), strict, raises)
    with budget(units):
        case = pair(
            forward,
            backward,
            definition,
            domain=domain,
            kinks=kinks,
            surrogate=surrogate,
            name=name,
            names=names,
            shapes=shapes,
            bounds=bounds,
            inputs=inputs,
            args=args,
            wrt=wrt,
            seconds=seconds,
        )
    options = Options(
        points=points or (1000 if shapes is None else 200),
        seed=seed,
        fuel=units,
        seconds=seconds,
        point=point_of(point, case[0].inputs),
        questions=OF_ARRAYS if isinstance(case[0], ArrayOperation) or shapes is not None else tuple(Question),
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
    """Verify a class of nodes, in the style of micrograd: all its operations, or those that are named."""
    __tracebackhide__ = True
    _check_numbers(points, seed)
    return _judged(verify(engine(kind), names, Options(points=points, seed=seed)), strict, raises)


def _check_numbers(points: Any, seed: Any, seconds: Any = 1.0) -> None:
    """Raises UsageError for a value that is not a number, or not in its range."""
    if points is not None and not (_is_whole(points) and 1 <= points <= MOST_POINTS):
        raise UsageError(f"points: {points!r} is not an integer from 1 to {MOST_POINTS}")
    if seed is not None and not _is_whole(seed):
        raise UsageError(f"seed: {seed!r} is not an integer")
    if not isinstance(seconds, (int, float)) or not 0 < seconds <= LONGEST:
        raise UsageError(f"seconds: {seconds!r} is not a positive number of at most {LONGEST}")


def _units(given: Any) -> int:
    """Raises UsageError for a value that is no number of units."""
    try:
        if isinstance(given, str):
            return units_of(given)
    except ValueError:
        raise UsageError(f'fuel: {given!r} is no number of units: write "8M", "500k" or 8000000') from None
    if not _is_whole(given) or given < 1:
        raise UsageError(f"fuel: {given!r} is no positive number of units")
    return int(given)


def _is_whole(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool)


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
        """Verify this operation, as `check` does; arguments left out default to pytest's options."""
        from backproof.verify.config.session import current

        __tracebackhide__ = True
        now = current()
        _check_numbers(points, seed)
        options = Options(
            points=now.points if points is None else points, seed=now.seed if seed is None else seed, fuel=now.fuel
        )
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
    found: dict[str, list[Specified]] = {}
    for case in subject_of(subject).operations():
        found.setdefault(case[0].name, []).append(case)
    return [DerivativeCase(name, Cases(name, tuple(specs)), config) for name, specs in found.items()]


def cases_of_project(config: Config) -> list[DerivativeCase]:
    """Every operation that a project's configuration names, its kinks checked against the project's policy."""
    from backproof.verify.subjects.project_subjects import together

    subjects = [subject_named(name, config.folder) for name in config.subjects]
    mentioned = [waiver.operation for waiver in config.waivers]
    declared = config.kinks or {}, mentioned, config.bounds or {}, config.surrogates or {}
    return cases(together(subjects, *declared), config)


def _judged(report: Report, strict: bool, raises: bool) -> Report:
    __tracebackhide__ = True  # pytest: a failure belongs to the user's code
    report = replace(report, strict=strict)
    if raises and not report.ok:
        found = {headline(failure.finding): failure for failure in reversed(failures(report))}  # the first of its kind
        from backproof.verify.reports.text import printable

        explain = "\n\n".join(failure.explain() for failure in reversed(found.values()))
        raise DerivativeError(printable(explain), report)
    return report
