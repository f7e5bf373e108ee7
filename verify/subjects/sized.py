"""A pair of functions of arrays, proved where its shapes are small enough and tested in finite fields where not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from verify.errors import UsageError
from verify.mirror import Row
from verify.subjects.given import as_condition, beside_row, is_function
from verify.subjects.large import LargePair, LargeRow
from verify.subjects.operation import Operation
from verify.subjects.vectors import MOST_ENTRIES, ArrayPair, Shape, TooManyEntries, VectorPair
from verify.trace.term import TRUE


def of_arrays(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    shapes: Mapping[str, int | Shape],
    definition: Any = None,
    domain: Any = None,
    corners: Any = (),
    name: str = "",
    inputs: Sequence[str] = (),
    *,
    decides: Callable[[Operation, Row], bool],
) -> tuple[Operation, Row]:
    """The pair beside its row: entry by entry where the prover decides at this shape, as a whole otherwise.

    decides: whether it does, of a pair that is small enough to be asked about

    Raises UsageError.
    """
    whole = definition is None or is_function(definition)
    small = refused = None
    if _entries(ArrayPair(forward, backward, shapes, name, inputs)) < MOST_ENTRIES:
        try:
            small = VectorPair(forward, backward, shapes, name, inputs)
        except UsageError as error:  # too many entries with the output's, too many branches, no way for symbols
            refused = error
    if small is not None:
        try:
            operation, row = beside_row(small, definition, domain, corners)
            if operation.problem or not whole or corners or decides(operation, row):
                return operation, row
        except TooManyEntries as error:
            refused = error
    try:
        large = LargePair(forward, backward, shapes, name, inputs, definition if whole else None)
    except UsageError:
        if refused is not None and not isinstance(refused, TooManyEntries):
            raise refused from None
        raise
    if not whole:
        raise UsageError(f"definition: at {large.count} entries it must be a function, not a formula of all of them")
    if corners:
        raise UsageError(f"corners: at {large.count} entries they are not looked at; declare them at a smaller shape")
    large.domain = TRUE if domain is None else as_condition(domain, large.entries())
    large.problem = large.complaint()
    return large, LargeRow(large)


def _entries(pair: ArrayPair) -> int:
    return sum(pair.sizes.values())
