"""The arguments of a function of PyTorch: which are tensors, by what names, and how they are put back."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from backproof.verify.subjects.tensors.torch.storages import floats_of
from backproof.verify.subjects.tensors.torch.trees import leaves, replaced, same_kind
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.parser import nearest

_IN_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass
class Arguments:
    """What a function is called with.

    values: by name, what a tensor or an array of NumPy holds, as an array of NumPy, and everything else as it is; the
    tensors in a list, tuple or dictionary are named "xs.0", "p.w"
    tensors: the names of those that are passed as tensors
    positional, keywords: what is passed, with names, as `Name`, in the place of tensors and other values
    state: the parameters of a module, which are inputs, too: the name of each of them here
    originals: the tensors as they were given, in their own formats and strides
    """

    values: dict[str, Any] = field(default_factory=dict)
    tensors: set[str] = field(default_factory=set)
    positional: list[Any] = field(default_factory=list)
    keywords: dict[str, Any] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)
    originals: dict[str, Any] = field(default_factory=dict)

    def take(self, name: str, value: Any) -> Any:
        """Files a value, and returns what stands for it.  Raises UsageError for what is no array of real numbers."""
        if isinstance(value, (list, tuple, dict)) and any(map(_is_array, leaves(value))):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            found = {key: self.take(f"{name}.{key}", one) for key, one in items}
            return found if isinstance(value, dict) else same_kind(value, list(found.values()))
        if _is_array(value):
            self.tensors.add(name)
            if isinstance(value, torch.Tensor):
                self.originals[name] = value
            value = array_of(name, value)
        self.values[name] = value
        return Name(name)

    def passed(self, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, with these values; those that are no tensors are copied."""

        def filled(leaf: Any) -> Any:
            value = values[leaf.name] if isinstance(leaf, Name) else leaf
            return value if isinstance(value, torch.Tensor) else copy.deepcopy(value)

        return replaced(self.positional, filled), replaced(self.keywords, filled)

    def among_positional(self) -> list[str]:
        """The names of the tensors among the positional arguments, in order."""
        return [a.name for a in self.positional if isinstance(a, Name) and a.name in self.tensors]


@dataclass(frozen=True)
class Name:
    """Stands for the value of this name."""

    name: str


def arguments(parameters: Sequence[inspect.Parameter], inputs: Any) -> Arguments:
    """The inputs by the names of a function's parameters, or x0, x1, ... where it does not tell them.

    Raises UsageError for a name that it does not have, one that is missing, and for what is no array of real numbers.
    """
    found = Arguments()
    if not isinstance(inputs, Mapping):
        for name, value in _named(parameters, inputs):
            found.positional.append(found.take(name, value))
        return found
    known = {p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    if not known:
        found.positional = [found.take(name, value) for name, value in inputs.items()]
        return found
    others = [name for name in inputs if name not in known]
    if others and not any(p.kind is p.VAR_KEYWORD for p in parameters):
        raise UsageError(f"{others[0]!r} is not an argument of it{nearest(others[0], tuple(known))}")
    last = max((k for k, p in enumerate(parameters) if p.kind in _IN_PLACE and p.name in inputs), default=-1)
    for place, p in enumerate(parameters):
        if p.name in known and p.name not in inputs and p.default is p.empty:
            raise UsageError(f"there is no input {p.name}: pass inputs={{..., {p.name!r}: ...}}")
        if p.kind in _IN_PLACE and place <= last:
            given = p.name in inputs
            found.positional.append(found.take(p.name, inputs[p.name]) if given else p.default)
        elif p.name in inputs:
            found.keywords[p.name] = found.take(p.name, inputs[p.name])
    found.keywords.update({name: found.take(name, inputs[name]) for name in others})
    return found


def with_state(found: Arguments, state: Mapping[str, Any]) -> None:
    """Adds the parameters of a module to the inputs, by their names, after "self." if an input has that name."""
    for name, tensor in state.items():
        found.state[name] = f"self.{name}" if name in found.values else name
        found.take(found.state[name], tensor)


def _named(parameters: Sequence[inspect.Parameter], inputs: Sequence[Any]) -> list[tuple[str, Any]]:
    names = [p.name for p in parameters if p.kind in _IN_PLACE]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "" if names else "x")
    if len(inputs) > len(names) and not rest:
        raise UsageError(f"{len(inputs)} inputs for a function of {len(names)}: {', '.join(names)}")
    names += [f"{rest}{k}" for k in range(len(inputs) - len(names))]
    return list(zip(names, inputs, strict=False))


def array_of(name: str, value: Any) -> Any:
    """An array of NumPy with the numbers of a tensor; floats of any format as float64.

    Raises UsageError for a tensor that is elsewhere, or of another kind of numbers.
    """
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            raise UsageError(f"{name} is an array of {value.dtype}: pass an array of floats, integers or booleans")
        return np.array(value, dtype=float if value.dtype.kind == "f" else None)
    problem, way_out = _problem(value)
    if problem:
        raise UsageError(f"{name} is {problem}: {way_out}")
    return floats_of(value) if value.is_floating_point() else np.array(value.detach().numpy())


def _problem(tensor: Any) -> tuple[str, str]:
    """Why a tensor is none of real numbers in this machine's memory, and what to pass instead."""
    if tensor.is_nested:
        return "a nested tensor", "pass its parts as tensors of their own"
    if tensor.is_quantized:
        return "quantised", "pass its dequantize()"
    if tensor.layout is not torch.strided:
        return f"sparse ({tensor.layout})", "pass its to_dense()"
    if tensor.device.type != "cpu":
        return f"on the device {tensor.device}", "pass its cpu(): a rule is verified on the CPU"
    if tensor.is_complex():
        return "complex", "pass its real and imaginary parts as two tensors"
    return "", ""


def tensor_of(value: Any, like: Any) -> Any:
    """A new contiguous tensor of these numbers, in the format of an array of NumPy."""
    return torch.from_numpy(np.array(value, dtype=like.dtype, order="C"))


def as_it_lies(tensor: Any) -> Any:
    """A copy of a tensor and of the memory around it, in its own format and with its own strides."""
    tensor = tensor.detach()
    memory = tensor.untyped_storage().clone()
    with torch.no_grad():
        return tensor.new_empty(0).set_(memory, tensor.storage_offset(), tensor.size(), tensor.stride())


def is_usual(tensor: Any) -> bool:
    """Whether it is what a rule is run on anyway: float64, or no floats, in C's order."""
    return bool(tensor.is_contiguous() and (not tensor.is_floating_point() or tensor.dtype == torch.float64))


def _is_array(value: Any) -> bool:
    return isinstance(value, (torch.Tensor, np.ndarray))
