"""Several subjects as one, with declared derivatives at kinks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from backproof.verify.evaluate.formulas import Formula
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.subjects.arrays.choose import with_surrogate
from backproof.verify.subjects.arrays.large import LargePair
from backproof.verify.subjects.functions.arguments import bounds_of
from backproof.verify.subjects.functions.formulas import formula_spec
from backproof.verify.subjects.operation import BaseOperation, Operation
from backproof.verify.subjects.subject import Cases, Recipe, Specified, Subject, read, recipe_of
from backproof.verify.subjects.surrogate import WithSurrogate
from backproof.verify.subjects.tensors.pairs import PairOperation
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.parser import ExpressionError, expression, nearest


def together(
    subjects: Sequence[Subject],
    kinks: Mapping[str, tuple[float, ...]],
    mentioned: Sequence[str] = (),
    bounds: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    surrogates: Mapping[str, str] = MappingProxyType({}),
) -> Cases:
    """The operations of all subjects; one that two of them have gets its subject's name as a prefix.

    kinks: operation -> the derivatives that it must return at its kinks; mentioned: operations that must exist
    bounds: operation -> input -> (low, high); surrogates: operation -> the function that its rule is the derivative of

    Raises UsageError for an unknown operation, for the wrong number of derivatives, and for bounds and surrogates that
    are none.
    """
    cases = [(subject, case) for subject in subjects for case in subject.operations()]
    owners = Counter(name for name, _ in {(case[0].name, subject.name) for subject, case in cases})
    found = []
    for subject, case in cases:
        operation = case[0]
        if owners[operation.name] > 1:
            operation.name = f"{subject.name}:{operation.name}"
        returns = kinks.get(operation.name)
        if operation.name in bounds:
            _bound(operation, bounds[operation.name])
        if operation.name in surrogates and not operation.problem:
            case = _declared(case, surrogates[operation.name])
        found.append(case if returns is None or operation.problem else _answering(case, returns))
    names = list(dict.fromkeys(case[0].name for case in found))
    whole = ", ".join(subject.name for subject in subjects)
    for name in (*kinks, *bounds, *surrogates, *mentioned):
        if name not in names:
            raise UsageError(f"[tool.verify] {name!r} is not an operation of {whole}{nearest(name, names)}")
    recipes = [*map(recipe_of, subjects)]
    recipe = None if None in recipes else (_together, (recipes, kinks, mentioned, dict(bounds), dict(surrogates)))
    return Cases(whole, tuple(found), recipe)


def _together(
    recipes: Sequence[Recipe],
    kinks: Mapping[str, tuple[float, ...]],
    mentioned: Sequence[str],
    bounds: Mapping[str, Mapping[str, Any]],
    surrogates: Mapping[str, str],
) -> Cases:
    return together([*map(read, recipes)], kinks, mentioned, bounds, surrogates)


def _declared(case: Specified, text: str) -> Specified:
    operation, spec = case
    if isinstance(operation, PairOperation):
        operation, spec = case = operation.pair, None
    try:
        if not isinstance(operation, Operation) or operation.of_entries or spec is None:
            return with_surrogate(case, text)
        meant = expression(text, operation.inputs)
    except (ExpressionError, UsageError) as error:
        raise UsageError(f"[tool.verify.surrogates] {operation.name} = {text!r}: {error}") from None
    declared = WithSurrogate(operation, Formula(meant, operation.inputs), text)
    return declared, formula_spec(operation.name, meant, operation.inputs, natural_domain(meant))


def _bound(operation: BaseOperation, given: Mapping[str, Any]) -> None:
    if not operation.takes_bounds:
        raise UsageError(f"[tool.verify.bounds] {operation.name}: bounds of these arrays are not honoured")
    try:
        if isinstance(operation, LargePair):
            operation.bound(given)
        operation.bounds = bounds_of(given, operation.bounded_names())
    except UsageError as error:
        raise UsageError(f"[tool.verify.bounds] {operation.name}: {error}") from None


def _answering(case: Specified, returns: tuple[float, ...]) -> Specified:
    """The operation with these derivatives required at all its kinks.

    Raises UsageError if there is not one derivative per operand, and for an array operation.
    """
    operation, spec = case
    if not isinstance(operation, Operation) or spec is None:
        raise UsageError(f"[tool.verify.kinks] {operation.name}: kinks of large arrays are not checked")
    if len(returns) != len(spec.inputs):
        needed = f"one derivative per operand ({', '.join(spec.inputs)})"
        raise UsageError(f"[tool.verify.kinks] {operation.name} needs {needed}, not {len(returns)}")
    operation.keeps_policy = True
    return operation, replace(spec, given_kinks=lambda: tuple(replace(c, returns=returns) for c in spec.kinks))
