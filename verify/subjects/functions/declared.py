"""What a user declares of a backward beside the function itself, and forwards that return a cache for it.

    def forward(x, w):
        return x * w, (x, w)              # the value, and whatever the backward needs

    def backward(dout, cache): ...        # the upstream gradient, and that
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backproof.verify.subjects.functions.looked_at import parameters_of
from backproof.verify.support.errors import SubjectError, UsageError

_CACHES = frozenset({"cache", "caches", "ctx", "context", "saved", "residuals", "residual", "res", "aux", "tape"})
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class RuleError(UsageError, SubjectError):
    """Raised for a backward that does not return one gradient for each input."""


@dataclass(frozen=True)
class Declared:
    """A backward, the inputs that it differentiates by, and all arguments of the forward: () for all inputs."""

    function: Callable[..., Any]
    wrt: tuple[str, ...] = ()
    every: tuple[str, ...] = ()

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self.function(*given, **named)


def takes_cache(backward: Callable[..., Any], known: Sequence[str]) -> bool:
    """Whether a backward takes the upstream gradient and a cache, by the names of its two parameters."""
    required = [p for p in parameters_of(backward) or () if p.default is p.empty and p.kind in _POSITIONAL]
    return len(required) == 2 and required[1].name in _CACHES and required[1].name not in known


class ValueOf:
    """The value alone of a forward that returns (value, cache)."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        self.forward = forward

    def __call__(self, *data: Any) -> Any:
        return both_of(self.forward(*data))[0]


class WithCache:
    """A backward as a function of the inputs and the upstream gradient, by name: the forward is run for its cache."""

    def __init__(
        self, forward: Callable[..., Any], backward: Callable[..., Any], inputs: Sequence[str], upstream: str
    ) -> None:
        self.forward, self.backward, self.inputs, self.upstream = forward, backward, tuple(inputs), upstream

    def __call__(self, **given: Any) -> Any:
        cache = both_of(self.forward(*(given[name] for name in self.inputs)))[1]
        return self.backward(given[self.upstream], cache)


def both_of(returned: Any) -> tuple[Any, Any]:
    """What a forward returned, as value and cache.  Raises RuleError for anything else."""
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        kind = f"{len(returned)} parts" if isinstance(returned, (tuple, list)) else f"a {type(returned).__name__}"
        raise RuleError(f"the backward takes a cache, and the forward returned {kind}: it must return (value, cache)")
    return returned[0], returned[1]


def in_order(returned: Mapping[Any, Any], inputs: Sequence[str], wrt: Sequence[str]) -> list[Any] | None:
    """The gradients of a dictionary in the order of the inputs, or of those in ``wrt``; None for other keys."""
    for names in (inputs, wrt):
        if set(returned) == set(names):
            return [returned[name] for name in names]
    return None
