"""How a forward and a backward of arrays are called, with values of any kind of number.

By the conventions of all pairs (`verify.subjects.functions.pairs`): the backward takes inputs, the value ``out`` and
the upstream gradient ``g``, or the upstream gradient and a cache that the forward returned beside its value.  The one
parameter of a backward that is none of these is the upstream gradient under another name, as ``dout``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.declared import Declared, both_of, takes_cache
from backproof.verify.subjects.functions.looked_at import name_of, parameters_of
from backproof.verify.subjects.functions.pairs import OUT, UPSTREAM, PythonPair
from backproof.verify.subjects.functions.returned import gradients_of

Function = Callable[..., Any]


class Pair(PythonPair):
    """A forward and a backward, called by the names of their arguments.

    declared_wrt: the names of the inputs that are differentiated, where the backward declares them; () if not
    """

    def __init__(self, forward: Function, backward: Function, name: str = "", inputs: Sequence[str] = ()) -> None:
        inputs = _in_order(forward, inputs)
        super().__init__(forward, _with_g(backward, inputs), name, inputs)
        self._passed_as = forward, backward
        self._given = forward, backward.function if isinstance(backward, Declared) else backward
        self.declared_wrt = backward.wrt if isinstance(backward, Declared) else ()
        known = {p.name for p in parameters_of(forward) or () if p.kind not in _WITHOUT_NAMES}
        self._by_name = known.issuperset(self.inputs)

    @property
    def both(self) -> tuple[Function, Function]:
        """Forward and backward, as functions."""
        return self._given

    def run_forward(self, function: Function, given: Mapping[str, Any]) -> tuple[Any, Any]:
        """The value of the forward, and the cache that it returned beside it, None if it returns none."""
        found = function(**given) if self._by_name else function(*given.values())
        return both_of(found) if self._cached else (found, None)

    def run_backward(self, function: Function, given: Mapping[str, Any], out: Any, cache: Any, g: Any) -> Any:
        """What the backward returns."""
        if self._cached:
            return function(g, cache)
        return self._returned(function, {**given, OUT: out, UPSTREAM: g})

    def by_input(self, returned: Any, wrt: Sequence[str]) -> dict[str, Any]:
        """The gradients of the inputs that are differentiated; None where it returned None.

        Raises RuleError for another number of gradients.
        """
        found = gradients_of(_boxed(returned), self.inputs, wrt, self._every)
        return {name: box.content for name, box in zip(self.inputs, found, strict=True) if name in wrt}

    def written(self) -> tuple[str, ...]:
        """The line that returns the gradients."""
        return (self.source.text,)


_WITHOUT_NAMES = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _in_order(forward: Function, names: Sequence[str]) -> tuple[str, ...]:
    """The names in the order of the forward's parameters, if that is what they are."""
    with subject_code:
        order = [p.name for p in parameters_of(forward) or ()]
    return tuple(sorted(names, key=order.index)) if set(names) <= set(order) else tuple(names)


class _Box:
    """A gradient, or None, which is not looked at where gradients are counted."""

    def __init__(self, content: Any) -> None:
        self.content = content


def _boxed(returned: Any) -> Any:
    if isinstance(returned, Mapping):
        return {name: _Box(x) for name, x in returned.items()}
    if isinstance(returned, (tuple, list)):
        return tuple(map(_Box, returned))
    return None if returned is None else _Box(returned)


# ---------------------------------------------------------------------------------------------- the upstream gradient


class _WithG:
    """A backward, for those who ask for its signature with its upstream gradient called g."""

    def __init__(self, function: Function, signature: inspect.Signature) -> None:
        self.__wrapped__, self.__signature__, self.__name__ = function, signature, name_of(function)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.__wrapped__(*args, **options)


def _with_g(backward: Function, inputs: Sequence[str]) -> Function:
    if isinstance(backward, Declared):
        return replace(backward, function=_with_g(backward.function, inputs))
    known = (*inputs, OUT, UPSTREAM)
    with subject_code:
        parameters = parameters_of(backward) or []
        others = [p for p in parameters if p.name not in known and p.kind in _POSITIONAL and p.default is p.empty]
        named = UPSTREAM in {p.name for p in parameters}
        if len(others) != 1 or named or takes_cache(backward, known):
            return backward
        renamed = [p.replace(name=UPSTREAM) if p is others[0] else p for p in parameters]
        return _WithG(backward, inspect.Signature(renamed))


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
