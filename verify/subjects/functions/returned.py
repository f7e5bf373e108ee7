"""What a function of the user's returned: a number, one gradient for each input, the format that it computed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

from backproof.verify.arithmetics.ulps import FORMATS
from backproof.verify.subjects.functions.declared import RuleError, in_order


def gradients_of(
    returned: Any, inputs: Sequence[str], wrt: Sequence[str] = (), every: Sequence[str] = ()
) -> tuple[Any, ...]:
    """What a backward returned, as one gradient for each input: of those that it does not differentiate by 0.

    It may return gradients for all inputs, or for ``every`` argument of the forward, with None or anything for the
    others, or for those in ``wrt`` alone.

    Raises RuleError for None, or for another number of gradients.
    """
    wrt = wrt or inputs
    needed = f"{len(wrt)} input{'' if len(wrt) == 1 else 's'} ({', '.join(wrt)})"
    if isinstance(returned, Mapping):
        ordered = in_order(returned, inputs, wrt)
        if ordered is None:
            raise RuleError(f"the backward returned gradients of {', '.join(map(str, returned))} for {needed}")
        returned = ordered
    several = isinstance(returned, (tuple, list))
    if returned is None:
        raise RuleError(f"the backward returned None: it must return one gradient for each of {needed}")
    gradients = tuple(returned) if several else (returned,)
    if len(gradients) == len(inputs):
        found = dict(zip(inputs, gradients, strict=True))
    elif len(gradients) == len(wrt):
        found = dict(zip(wrt, gradients, strict=True))
    elif len(gradients) == len(every):
        found = dict(zip(every, gradients, strict=True))
    else:
        count = len(gradients)
        raise RuleError(f"the backward returned {count} gradient{'' if count == 1 else 's'} for {needed}")
    for name in wrt:
        if found[name] is None:
            way = "return 0 where no gradient flows, or leave it out of wrt="
            raise RuleError(f"the backward returned None for {name}: {way}")
    return tuple(plain(found[name]) if name in wrt else 0.0 for name in inputs)


def no_gradient(**_: Any) -> Any:
    """Stands for the backward of a function that is run for its value alone."""


def narrowest(results: Any) -> str:
    """The narrowest format of floats among numbers, arrays, and tuples, lists and dictionaries of them."""
    if isinstance(results, Mapping):
        results = list(results.values())
    if isinstance(results, (tuple, list)):
        return narrower(*map(narrowest, results))
    name = getattr(getattr(results, "dtype", None), "name", "")
    return name if name in FORMATS else "float64"


def narrower(*formats: str) -> str:
    """The narrowest of some formats of floats; float64 if there is none."""
    return min((one for one in formats if one in FORMATS), key=lambda name: FORMATS[name].width, default="float64")


def no_number(what: str, result: Any) -> str:
    """The error message for a result that is not a number, "" for a number."""
    if hasattr(result, "__float__") and getattr(result, "ndim", 0) == 0:
        return ""
    shown = repr(result)
    told = "" if " at 0x" in shown else f", {shorten(shown, 60)}"  # an address differs each time
    return f"the {what} returned a {type(result).__name__}{told}, which is not a number"


def plain(x: Any) -> Any:
    """A number as the checks expect it: NumPy's scalars as floats; raises for a value that is not real."""
    if isinstance(x, (bool, complex)) and not isinstance(x, int):
        raise ArithmeticError(f"the result {x!r} is not real")
    if getattr(x, "ndim", None) == 0 and hasattr(x, "item"):
        return plain(x.item())
    return x
