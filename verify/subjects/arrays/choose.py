"""A pair of array functions: proved if its shapes are small enough, otherwise tested in finite fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from backproof.verify.mirror.table import Spec
from backproof.verify.subjects.arrays.large import LargePair
from backproof.verify.subjects.arrays.small import MOST_ENTRIES, ArrayPair, TooManyEntries, VectorPair
from backproof.verify.subjects.arrays.surrogates import (
    LargeWithSurrogate,
    SmallWithSurrogate,
    Surrogate,
    beside_surrogate,
)
from backproof.verify.subjects.functions.arguments import beside_spec, is_function
from backproof.verify.subjects.operation import Operation, Shape
from backproof.verify.subjects.subject import Specified
from backproof.verify.support.errors import UsageError


def of_arrays(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    shapes: Mapping[str, int | Shape],
    definition: Any = None,
    domain: Any = None,
    kinks: Any = (),
    bounds: Mapping[str, Any] = MappingProxyType({}),
    name: str = "",
    inputs: Sequence[str] = (),
    surrogate: Any = None,
    *,
    decides: Callable[[Operation, Spec], bool],
) -> Specified:
    """The pair entry by entry, with its spec, if the prover decides it at this shape; otherwise as a whole.

    surrogate: another function of the arrays whose derivative the backward is, or a formula in their names that is
        applied entry by entry; decides: whether the prover does, for a pair that is small enough

    Raises UsageError.
    """
    whole = definition is None or is_function(definition)
    small = refused = None
    arrays = ArrayPair(forward, backward, shapes, name, inputs)
    meant = None if surrogate is None else Surrogate(surrogate, arrays.arrays)
    if _entries(arrays) < MOST_ENTRIES:
        try:
            small = (
                VectorPair(forward, backward, shapes, name, inputs)
                if meant is None
                else SmallWithSurrogate(forward, backward, shapes, name, inputs, meant)
            )
        except UsageError as error:  # too many entries with the output's, too many branches, or not run on symbols
            refused = error
    if small is not None:
        try:
            operation: Operation
            if isinstance(small, SmallWithSurrogate):
                operation, spec = beside_surrogate(small, domain, kinks, bounds)
            else:
                operation, spec = beside_spec(small, definition, domain, kinks, bounds=bounds)
            if getattr(operation, "unread", "") and not kinks and meant is None:
                raise TooManyEntries(f"{operation.name}: {operation.unread}")  # type: ignore[attr-defined]
            if operation.problem or not whole or kinks or decides(operation, spec):
                return operation, spec
        except TooManyEntries as error:
            refused = error
    try:
        large = (
            LargePair(forward, backward, shapes, name, inputs, definition if whole else None, bounds, domain)
            if meant is None
            else LargeWithSurrogate(forward, backward, shapes, name, inputs, meant, bounds, domain)
        )
    except UsageError:
        if refused is not None and not isinstance(refused, TooManyEntries):
            raise refused from None
        raise
    if not whole:
        raise UsageError(f"definition: at {large.count} entries it must be a function, not a formula in the entries")
    if kinks:
        raise UsageError(f"kinks: at {large.count} entries they are not checked; declare them at a smaller shape")
    large.problem = large.problem or large.complaint()
    return large, None


def with_surrogate(case: Specified, surrogate: Any) -> Specified:
    """A pair of arrays that is held to a surrogate; entry by entry where it was.  Raises UsageError."""
    pair = case[0]
    if not isinstance(pair, ArrayPair):
        raise UsageError("it is no pair of functions, and takes no surrogate")
    meant, given = Surrogate(surrogate, pair.arrays), (*pair.functions, pair.shapes, pair.name, pair.arrays)
    if isinstance(pair, LargePair):
        large = LargeWithSurrogate(*given, meant, pair.bounds, pair.given_domain)
        large.problem, large.command = large.problem or large.complaint(), pair.command
        return large, None
    small, spec = beside_surrogate(SmallWithSurrogate(*given, meant))
    small.bounds, small.command = pair.bounds, pair.command
    return small, spec


def _entries(pair: ArrayPair) -> int:
    return sum(pair.sizes.values())
