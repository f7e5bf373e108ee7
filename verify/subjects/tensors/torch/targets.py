"""What can be verified: a Function, a module, an operation, any differentiable function; and how each is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from backproof.verify.subjects.functions.looked_at import name_of, parameters_of


@dataclass(frozen=True)
class Target:
    """What somebody gave, and what there is to know of it.

    name: in reports; call: the function of its arguments
    parameters: of these arguments; empty where they are not known
    rule: where its derivative is written, as far as that is Python; texts: all that it is made of
    is_function: it is a `torch.autograd.Function`, whose arguments are those of its apply
    module: the module that it belongs to, whose parameters are inputs, too
    """

    name: str
    call: Callable[..., Any]
    parameters: Sequence[inspect.Parameter]
    rule: Any
    texts: tuple[Any, ...]
    is_function: bool = False
    module: Any = None
    state: Mapping[str, Any] = field(default_factory=dict)

    def buffers(self) -> dict[str, Any]:
        """Copies of a module's buffers, into which a pass may write."""
        return {} if self.module is None else {n: b.detach().clone() for n, b in self.module.named_buffers()}

    def with_state(self, state: Mapping[str, Any]) -> Callable[..., Any]:
        """The call, with other tensors in the place of a module's parameters and buffers."""
        if self.module is None:
            return self.call
        holder, tensors = _Method(self.module, self.call), {f"module.{name}": one for name, one in state.items()}
        return lambda *args, **named: torch.func.functional_call(holder, tensors, args, named)


def target_of(function: Any) -> Target:
    """What it is."""
    function = getattr(function, "_torchdynamo_orig_callable", getattr(function, "_orig_mod", function))
    owner = function if isinstance(function, type) else getattr(function, "__self__", None)
    if isinstance(owner, type) and issubclass(owner, torch.autograd.Function):
        return _of_rule(owner)
    if isinstance(function, torch.nn.Module):
        return _of_module(function, type(function).__name__, type(function).__call__, function.forward)
    if isinstance(owner, torch.nn.Module) and hasattr(function, "__func__"):
        return _of_module(owner, name_of(function), function.__func__, function)
    operation = _operation(function)
    if operation is not None:
        return _of_operation(function, operation)
    return Target(name_of(function, "function"), function, parameters_of(function) or [], function, (function,))


def _of_rule(rule: Any) -> Target:
    """A Function: its forward has the arguments of apply, after the ctx where it takes one itself."""
    base = torch.autograd.Function
    with_context = rule.setup_context is base.setup_context
    parameters = (parameters_of(rule.forward) or [])[int(with_context) :]
    parts = [rule.forward, *([] if with_context else [rule.setup_context])]
    back = rule.backward if rule.backward is not base.backward else rule.vjp
    return Target(rule.__name__, rule.apply, parameters, back, (*parts, back), is_function=True)


def _of_module(module: Any, name: str, call: Any, looked_at: Any) -> Target:
    state = dict(module.named_parameters())
    return Target(name, call, parameters_of(looked_at) or [], looked_at, (looked_at,), module=module, state=state)


class _Method(torch.nn.Module):  # type: ignore[misc]
    """A module whose forward is a method of another."""

    def __init__(self, module: Any, method: Callable[..., Any]) -> None:
        super().__init__()
        self.module = module
        self._method = method

    def forward(self, *args: Any, **named: Any) -> Any:
        """The method of the other module."""
        return self._method(self.module, *args, **named)


def _operation(function: Any) -> Any:
    """The overload of an operation of `torch.library`, or of PyTorch's own; None for anything else."""
    if isinstance(function, torch._ops.OpOverload):
        return function
    if isinstance(function, torch._ops.OpOverloadPacket):
        return getattr(function, function.overloads()[0])
    if isinstance(function, torch.library.CustomOpDef):
        return function._opoverload
    return None


def _of_operation(function: Any, operation: Any) -> Target:
    """An operation: its arguments are those of its schema, its rule what was registered for autograd."""
    definition = function if isinstance(function, torch.library.CustomOpDef) else None
    if definition is None and operation.namespace not in ("aten", "prims"):
        definition = _definition(operation._schema.name)
    parameters = [
        inspect.Parameter(
            a.name,
            inspect.Parameter.KEYWORD_ONLY if a.kwarg_only else inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=a.default_value if a.has_default_value() else inspect.Parameter.empty,
        )
        for a in operation._schema.arguments
    ]
    parts = [getattr(definition, name, None) for name in ("_init_fn", "_setup_context_fn", "_backward_fn")]
    texts = tuple(part for part in parts if part is not None)
    return Target(operation._schema.name, function, parameters, texts[-1] if texts else function, texts)


def _definition(name: str) -> Any:
    from torch._library.custom_ops import OPDEFS

    return OPDEFS.get(name)
