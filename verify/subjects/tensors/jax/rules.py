"""The rule that a function of JAX has: its functions, and what JAX says of gradients that do not fit."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import jax

from backproof.verify.subjects.tensors.jax.arguments import Arguments
from backproof.verify.support.errors import SubjectError, UsageError

LOOKS = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)
"""What JAX raises where a function that it traces looks at a value."""

_RULES = (jax.custom_vjp, jax.custom_jvp)

_JAX = str(Path(jax.__file__).parent)

_OTHER_SHAPE = re.compile(r"at output((?:\[[^]]+\])+) .* of type \w+\[([\d,]*)\] .* of type \w+\[([\d,]*)\]")
_OTHER_COUNT = re.compile(r"output structure PyTreeDef\((.*)\) for primal input structure PyTreeDef\((.*)\)")


def with_rule(function: Any) -> Any:
    """The `custom_vjp` or `custom_jvp` itself, whatever is around it; else the function."""
    inner = function
    while not isinstance(inner, _RULES):
        inner = inner.func if isinstance(inner, functools.partial) else getattr(inner, "__wrapped__", None)
        if inner is None:
            return function
    return inner


def same_arguments(function: Any) -> Any:
    """The `custom_vjp` or `custom_jvp` if it has the arguments of the function, else None.

    jit, vmap and the like do not change them; what others wrap around it, or fill in, may.
    """
    while not isinstance(function, _RULES):
        if isinstance(function, functools.partial) or (hasattr(function, "__code__") and not _in_jax(function)):
            return None
        function = getattr(function, "__wrapped__", None)
        if function is None:
            return None
    return function


def places_not_differentiated(function: Any) -> tuple[int, ...]:
    """Those of `nondiff_argnums`."""
    return tuple(getattr(same_arguments(function), "nondiff_argnums", ()))


def functions_of(function: Any) -> dict[str, Any]:
    """The function itself, `fun`, and those of its rule, `fwd` and `bwd`, or `jvp`: the author's, not JAX's own."""
    rule = with_rule(function)
    if not isinstance(rule, _RULES):
        plain = hasattr(rule, "__code__") or hasattr(rule, "__wrapped__")
        return {"fun": rule if plain else type(rule).__call__}
    parts = {name: getattr(rule, name, None) for name in ("fun", "fwd", "bwd", "jvp")}
    found = {name: _theirs(one) for name, one in parts.items() if one is not None}
    return {name: one for name, one in found.items() if name == "fun" or not _in_jax(one)}


def _theirs(function: Any) -> Any:
    """The author's function that one of JAX closes over, as those of `jax.custom_gradient` do; else itself."""
    if _in_jax(function):
        inside = (cell.cell_contents for cell in function.__closure__ or ())
        return next((one for one in inside if hasattr(one, "__code__") and not _in_jax(one)), function)
    return function


def _in_jax(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename.startswith(_JAX)


def usage_error(function: Any, arguments: Arguments, error: SubjectError) -> UsageError | None:
    """What an error means that the author of a rule can mend, in one line; None for any other."""
    if isinstance(error.cause, UsageError):
        return error.cause
    text = " ".join(str(error.cause).split())
    if not error.raised(TypeError, ValueError) or not re.match("Custom (VJP|JVP)", text):
        return None
    shapes, counts = _OTHER_SHAPE.search(text), _OTHER_COUNT.search(text)
    if shapes:
        which = _argument(function, arguments, re.findall(r"\['?([^]']+)'?\]", shapes[1]))
        returned, wanted = (tuple(map(int, re.findall(r"\d+", shape))) for shape in shapes.group(2, 3))
        return UsageError(f"its bwd returns a gradient of shape {returned} for {which}, whose shape is {wanted}")
    if counts:
        return UsageError(f"its bwd returns {counts[1]} for the arguments {counts[2]}: one gradient for each")
    return UsageError(f"its rule: {text[:300]}")


def _argument(function: Any, arguments: Arguments, path: list[str]) -> str:
    """The name of what stands at a path among the arguments that are differentiated."""
    if same_arguments(function) is None:
        return "argument " + ".".join(path)  # of a rule inside of it
    fixed = places_not_differentiated(function)
    names = [name for place, name in enumerate(arguments.every) if place not in fixed]
    return ".".join([names[int(path[0])], *path[1:]])
