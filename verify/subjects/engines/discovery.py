"""Discovers what can be verified in a user's class: its conventions and operations, in a separate process."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from backproof.verify.mirror.table import BINARY, MIRROR
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.engines.conventions import Conventions
from backproof.verify.subjects.engines.foreign import ForeignEngine, ForeignOperation, bound
from backproof.verify.subjects.engines.observe import NO_OPERATIONS, Tried, candidates, observed
from backproof.verify.subjects.engines.powers import of_a_number, of_two_nodes, unsaid
from backproof.verify.subjects.engines.survey import Found, Survey
from backproof.verify.subjects.functions.own_forward import spec_from_forward
from backproof.verify.subjects.load import Place
from backproof.verify.subjects.sandbox import Step, apart, bounded
from backproof.verify.support.errors import NO_TRACE, SubjectError, SubjectStopped, UsageError, in_a_line
from backproof.verify.support.worker import Lost

ALIASES: dict[str, tuple[str, ...]] = {
    "add": ("__add__", "add"),
    "sub": ("__sub__", "sub"),
    "mul": ("__mul__", "mul"),
    "div": ("__truediv__", "div", "truediv"),
    "neg": ("__neg__", "neg"),
    "power": ("__pow__", "pow"),
    "pow": ("__pow__", "pow", "power"),
    "square": ("square", "sqr"),
    "reciprocal": ("reciprocal", "inv", "recip"),
    "abs": ("__abs__", "abs"),
    "asin": ("asin", "arcsin"),
    "acos": ("acos", "arccos"),
    "atan": ("atan", "arctan"),
    "atan2": ("atan2", "arctan2"),
    "asinh": ("asinh", "arcsinh"),
    "acosh": ("acosh", "arccosh"),
    "atanh": ("atanh", "arctanh"),
    "leaky_relu": ("leaky_relu", "leakyrelu", "lrelu", "leakyReLU", "LeakyReLU"),
    "relu": ("relu", "ReLU"),
    "sigmoid": ("sigmoid", "sigm", "logistic", "expit"),
    "logsigmoid": ("logsigmoid", "log_sigmoid"),
    "silu": ("silu", "swish"),
    "log": ("log", "ln"),
    "max": ("max", "maximum"),
    "min": ("min", "minimum"),
}
"""The method names under which an operation may be found; one not listed here has only its own name."""

VARIANTS = {"gelu": ("gelu", "gelu_tanh")}
"""Names in use for more than one function: the forward's values decide which is meant."""

_REDUCTIONS = frozenset({"axis", "axes", "dim", "keepdims", "keepdim"})
_STEPS = 8  # methods that may end the process before the survey is given up


def discovered(subject: Place | type, target: str = "") -> ForeignEngine:
    """The engine at an import path or file, or a given class; its code is examined in a separate process.

    Raises UsageError if it cannot be imported, or is not an engine.
    """
    survey = surveyed(subject)
    if isinstance(subject, type):
        return ForeignEngine(survey, target, given=subject)
    return ForeignEngine(survey, target or str(survey.place))


def surveyed(subject: Place | type, seconds: float = 20.0) -> Survey:
    """What can be verified; the subject's code runs in a separate process, by fork for a given class.

    Raises UsageError if its module cannot be imported, or it is not an engine.
    """
    avoid: dict[str, str] = {}
    for _ in range(_STEPS):
        try:
            survey = apart(_looked_into, subject, dict(avoid), seconds=seconds, at_hand=isinstance(subject, type))
        except Lost as lost:
            if lost.said in ("", "__init__") or lost.said in avoid:
                doing = "its constructor" if lost.said == "__init__" else "its import"
                raise UsageError(f"{_shown(subject)}: {doing} {lost}; nothing in it can be verified") from None
            avoid[lost.said] = str(lost)
            continue
        assert isinstance(survey, Survey)
        return survey
    raise UsageError(f"{_shown(subject)}: {len(avoid)} of its methods end the process: {', '.join(avoid)}")


def _shown(subject: Place | type) -> str:
    return subject.__name__ if isinstance(subject, type) else str(subject)


def _looked_into(step: Step, subject: Place | type, avoid: dict[str, str]) -> Survey:
    """The survey.  Every line works on user objects, whose metaclass, for example, may fail outside of any call."""
    try:
        with subject_code:
            return _survey(subject, avoid, step)
    except SubjectError as error:
        why = f"cannot be inspected ({in_a_line(error)}); nothing in it can be verified"
        raise UsageError(f"{_shown(subject)} {why}") from None


def _survey(subject: Place | type, avoid: dict[str, str], step: Step) -> Survey:
    @contextmanager
    def tried(name: str) -> Iterator[None]:
        step(name)
        with bounded(name):
            yield

    kinds, place = _kinds(subject)
    problems: list[str] = []
    for kind in kinds:
        try:
            conventions = observed(kind, frozenset(avoid), tried)
        except UsageError as error:
            problems.append(str(error))
            continue
        operations = tuple(_operations(kind, conventions, avoid, tried))
        if operations:
            named = replace(place, name=kind.__name__) if place is not None else None
            return Survey(named, conventions, operations)
        problems.append(f"{kind.__name__} is not an engine: it has no operations")
    raise UsageError("; ".join(problems) or f"{_shown(subject)} has no class that looks like an engine")


def _kinds(subject: Place | type) -> tuple[list[type], Place | None]:
    """The named class, or all classes of the module that may be engines, the likeliest first."""
    if isinstance(subject, type):
        return [subject], None
    if subject.name:
        return [subject.load()], subject
    module = subject.load_module()
    classes = [v for v in vars(module).values() if isinstance(v, type)]
    own = [c for c in classes if c.__module__ == module.__name__]
    return candidates(own or classes), subject


def _operations(kind: type, c: Conventions, avoid: dict[str, str], tried: Tried) -> Iterator[Found]:
    """The known operations in the order of the mirror, then the class's own."""
    used: set[str] = set()
    names: set[str] = set()
    for name in MIRROR:
        for attribute in ALIASES.get(name, (name,)):
            if attribute in used and name != "pow":
                continue
            found = _known(kind, c, name, attribute, avoid, tried)
            if found is not None:
                used.add(attribute)
                names.add(found.name)
                yield found
                break
    if "pow" not in names and (found := of_a_number(kind, c, tried)) is not None:
        yield found
    if (found := _own(kind, c, "__pos__", avoid, tried, same=True)) is not None:
        yield replace(found, name="pos")
    for attribute in dir(kind):
        if attribute in used or attribute.startswith("_") or attribute in NO_OPERATIONS:
            continue
        method = inspect.getattr_static(kind, attribute, None)
        if inspect.isfunction(method) and not _same_function(kind, method, used):
            found = _own(kind, c, attribute, avoid, tried)
            if found is not None:
                yield found


def _same_function(kind: type, method: object, used: set[str]) -> bool:
    """Whether it is an alias of an operation that has been found."""
    return any(inspect.getattr_static(kind, name, None) is method for name in used)


def _known(
    kind: type, c: Conventions, name: str, attribute: str, avoid: dict[str, str], tried: Tried
) -> Found | None:
    """The operation of the mirror that this attribute performs, if any."""
    if not callable(inspect.getattr_static(kind, attribute, None)):
        return None
    size = 2 if name in BINARY else 1
    spec = MIRROR[name][0]
    takes = len(spec.constants)
    if not _accepts(kind, attribute, size, takes):
        if not takes or not _accepts(kind, attribute, size, 0):
            return None
        return _own_forward(kind, c, Found(name, attribute, size), avoid, tried)
    if name in avoid or attribute in avoid:
        return Found(name, attribute, size, name, bool(takes))
    if name == "pow":
        return of_two_nodes(kind, c, attribute, tried)
    if name == "power":
        if not _takes_numbers(kind, c, attribute, tried) and of_two_nodes(kind, c, attribute, tried) is not None:
            return None  # x**y of two nodes only
        return Found(name, attribute, size, name, constants=True, note=unsaid(kind, c, attribute, tried))
    return Found(name, attribute, size, _variant(kind, c, name, attribute, tried), bool(takes))


def _accepts(kind: type, attribute: str, size: int, constants: int) -> bool:
    """Whether the method can be called with this many operands and constants (an axis is neither)."""
    try:
        signature = inspect.signature(getattr(kind, attribute))
        bound = signature.bind(*range(size + constants))
    except (TypeError, ValueError):
        return False
    return not _REDUCTIONS & set(bound.arguments)


def _takes_numbers(kind: type, c: Conventions, attribute: str, tried: Tried) -> bool:
    """Whether it accepts a plain number as its second operand, regardless of the result."""
    try:
        with tried(attribute):
            getattr(c.leaf(kind, 1.5), attribute)(2)
    except SubjectError as error:
        return not error.raised(AttributeError, TypeError)  # the checks report all other errors
    return True


def _variant(kind: type, c: Conventions, name: str, attribute: str, tried: Tried) -> str:
    """The spec among the variants of this name that the forward computes."""
    from backproof.verify.evaluate.floats import compile_floats
    from backproof.verify.terms.from_sympy import from_sympy

    for spec in VARIANTS.get(name, ()):
        definition = compile_floats([from_sympy(MIRROR[spec][0].definition)], ("x",))
        try:
            with tried(attribute):
                values = [(c.read(getattr(c.leaf(kind, x), attribute)()), definition(x)[0]) for x in (-1.5, 0.5, 2.5)]
        except SubjectError:  # reported by the checks
            return name
        if all(math.isclose(ours, true, rel_tol=1e-9) for ours, true in values):
            return spec
    return name


# ---------------------------------------------------------------------- operations that the mirror does not know


def _own(
    kind: type, c: Conventions, attribute: str, avoid: dict[str, str], tried: Tried, *, same: bool = False
) -> Found | None:
    """A user's method that makes a node of one or two nodes, or returns the ``same``; None if it does neither."""
    if not hasattr(kind, attribute):
        return None
    for size in (1, 2):
        if not _accepts(kind, attribute, size, 0):
            continue
        if attribute in avoid:
            return Found(attribute, attribute, size, problem=f"calling it {avoid[attribute]}")
        try:
            with tried(attribute):
                leaves = [c.leaf(kind, value) for value in (0.625, 0.375)[:size]]
                out = getattr(leaves[0], attribute)(*leaves[1:])
        except SubjectStopped as error:
            return Found(attribute, attribute, size, problem=str(error))
        except SubjectError:  # not an operation on nodes, or not defined at this point
            continue
        if _is_made_of(c, out, leaves) or (same and out is leaves[0]):
            return _own_forward(kind, c, Found(attribute, attribute, size), avoid, tried)
    return None


def _is_made_of(c: Conventions, out: Any, leaves: list[Any]) -> bool:
    """Whether it is a new node that depends on all these leaves."""
    if not c.is_node(out) or any(out is leaf for leaf in leaves):
        return False
    return all(any(leaf is node for node in c.order(out)) for leaf in leaves)


def _own_forward(kind: type, c: Conventions, found: Found, avoid: dict[str, str], tried: Tried) -> Found:
    """The operation with its own forward as the definition, if it runs on symbols."""
    if found.method in avoid:
        return replace(found, problem=f"calling it {avoid[found.method]}")
    try:
        with tried(found.method):
            spec_from_forward(ForeignOperation(bound(kind, c), found)).kinks  # noqa: B018 - to see whether it can be made
    except NO_TRACE as error:
        reason = in_a_line(error)
        why = f"there is no spec for it, and its forward does not run on symbols ({reason})"
        return replace(found, problem=why)
    return found
