"""A forward and a backward whose data, labels and undifferentiated inputs are stated: bound to their values.

The two are `functools.partial` objects of the user's functions, which run on symbols as the functions do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from backproof.verify.subjects.contracts.arguments import POSITIONAL, arguments_of, parameter_names
from backproof.verify.subjects.functions.declared import Declared, takes_cache
from backproof.verify.subjects.functions.looked_at import name_of, parameters_of
from backproof.verify.subjects.operation import Shape
from backproof.verify.support.errors import UsageError

Bound = tuple[Callable[..., Any], Callable[..., Any], tuple[str, ...], Mapping[str, Shape] | None]


def bound_pair(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    names: Sequence[str],
    values: Any,
    shapes: Mapping[str, Any] | None,
    wrt: Any,
    args: Any,
    mentioned: Sequence[str],
) -> Bound:
    """Forward and backward as functions of the inputs that vary, their names, and the shapes of those that are arrays.

    Raises UsageError.
    """
    found = arguments_of(forward, names, values, shapes, wrt, args, mentioned)
    if found.trees:
        name = next(iter(found.trees))
        raise UsageError(f"inputs: {name} holds several inputs, which a backward cannot have: pass jac=")
    fixed = dict(found.fixed)
    if found.args:
        places = [p.name for p in parameters_of(forward) or () if p.kind in POSITIONAL]
        later = [name for name in places if name not in found.by_position][: len(found.args)]
        if len(later) < len(found.args):
            raise UsageError(f"args: {name_of(forward)} has no names for {len(found.args)} arguments after its inputs")
        fixed |= dict(zip(later, found.args, strict=True))
    order = [name for name in found.by_position if name in fixed]
    varying = tuple(name for name in (*found.by_position, *found.by_keyword) if name in found.names)
    leading = found.by_position[: len(order)] == tuple(order)
    if not leading and found.by_position[len(varying) :] != tuple(order):
        raise UsageError(f"inputs: {', '.join(order)} must come before all inputs that vary, or after them")
    if len(varying) > len(found.by_position) - len(order):
        who = name_of(forward)
        raise UsageError(f"{who} takes {varying[-1]} by keyword alone: wrap it in a function of its inputs")
    first = [fixed.pop(name) for name in order] if leading else []
    of_arrays = {name: shape for name, shape in found.shapes.items() if shape}
    made = partial(forward, *first, **fixed) if first or fixed else forward
    rule = _backward(backward, {**dict(zip(order, first, strict=False)), **fixed}, (*varying, "out", "g"))
    bound = len(found.by_position) > len(varying)
    declared = Declared(rule, found.wrt, found.by_position) if found.held or bound else rule
    return made, declared, varying, of_arrays or (None if shapes is None else {})


def _backward(backward: Callable[..., Any], fixed: Mapping[str, Any], known: Sequence[str]) -> Callable[..., Any]:
    """The backward with those of the fixed values that it takes by name."""
    if takes_cache(backward, known):
        return backward
    taken = {name: fixed[name] for name in parameter_names(backward) if name in fixed}
    return partial(backward, **taken) if taken else backward
