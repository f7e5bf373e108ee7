"""The mode under which a rule runs: every operation that PyTorch dispatches below autograd comes by here.

It is the first of these that it can be:

| kind                                        | what happens                                                        |
|---------------------------------------------|---------------------------------------------------------------------|
| draws random numbers                        | Unread                                                              |
| has no number of the program among operands | it runs                                                             |
| is somebody's own                           | its code, whose operations come by here in turn                     |
| reads a float out, as .item() does          | Unread                                                              |
| a kernel that we know in terms of others    | these instead                                                       |
| writes into its operands                    | its functional form, then a copy                                    |
| has a reading                               | it runs, and its outputs get nodes                                  |
| returns views of its operands               | it runs: the storage is the variable                                |
| returns no floats                           | it runs, and is a decision                                          |
| calls others                                | its code, as above                                                  |
| has a decomposition in PyTorch              | that instead                                                        |
| any other                                   | Unread, by its name                                                 |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from backproof.verify.arrays.functions import NoNodes
from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.torch.call import Call, Record
from backproof.verify.subjects.tensors.torch.expansion import is_composite, parts
from backproof.verify.subjects.tensors.torch.kernels import KERNELS
from backproof.verify.subjects.tensors.torch.lines import calling_line
from backproof.verify.subjects.tensors.torch.readings import READINGS
from backproof.verify.subjects.tensors.torch.storages import is_float
from backproof.verify.subjects.tensors.torch.trees import leaves
from backproof.verify.subjects.tensors.torch.widths import Widening
from backproof.verify.support.errors import in_a_line

_WITHOUT_MEANING = ("dtype", "layout", "device", "pin_memory", "memory_format", "non_blocking", "generator")
"""Arguments that say how an array is stored, and not which numbers it has."""

_NAMES = """
empty_like full_like new_empty new_empty_strided new_full new_ones new_zeros ones_like zeros_like
"""

WITHOUT_ENTRIES = frozenset(_NAMES.split())
"""Operations that have only the shape from their operand."""


class Tape(TorchDispatchMode):  # type: ignore[misc]
    """Writes the program of a rule while it runs.

    record: what it has written; watch: a mode for what is not dispatched, under which somebody's operations run, too
    """

    supports_higher_order_operators = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Otherwise PyTorch loads its compiler for a mode, which takes a second."""
        return False

    def __init__(self) -> None:
        super().__init__()
        self.record = Record()
        self.widening = Widening(self._widened)
        self.watch: Any = nullcontext()
        self._is_silent = False
        self._expanding: list[Any] = []

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Operations in this block are not part of the rule."""
        before, self._is_silent = self._is_silent, True
        try:
            yield
        finally:
            self._is_silent = before

    def knows(self, value: Any) -> bool:
        """Whether it is a tensor with numbers of the program."""
        with torch._C.DisableTorchFunction():
            return isinstance(value, torch.Tensor) and self.record.storages.holds(value)

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self._is_silent:
            return function(*args, **(kwargs or {}))
        if not isinstance(function, torch._ops.OpOverload):
            raise Unread(f"no reading of torch.{function.name()}, an operator of functions{calling_line()}")
        try:
            return self._met(function, args, kwargs or {})
        except (Unread, NoNodes) as error:
            message = str(error)
            if not message.startswith("no reading of"):
                message = f"no reading of {function._schema.name.replace('::', '.')}: {message}{calling_line()}"
            raise Unread(message) from error

    def _met(self, function: Any, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        name = function._schema.name.partition("::")[2]
        if torch.Tag.nondeterministic_seeded in function.tags and name not in KERNELS:
            raise Unread("it draws random numbers")
        with torch._C.DisableTorchFunction():
            operands = _tensors([args, named])
            args, named = self.widening.arguments(function, args, named)
            if not any(self.record.storages.holds(one) for one in operands if _other(one) is None):
                return function(*args, **named)
            _refuse_others(operands)
            if function.namespace in ("aten", "prims"):
                out = self._operation(function, name, args, named)
                _refuse_others(_tensors([out]))
                return out
        return self._entered(function, args, named)

    def _operation(self, function: Any, name: str, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        if name == "_local_scalar_dense":
            raise Unread(f"no reading of .item() and float(): a number would be a constant{calling_line()}")
        if torch.Tag.inplace_view in function.tags:
            return function(*args, **named)
        if name in KERNELS:
            return self._expanded(function, args, named)
        if function._schema.is_mutable:
            return self._written(function, name, args, named)
        if name in READINGS:
            return self._read(function, name, args, named)
        out = function(*args, **named)
        if name in WITHOUT_ENTRIES or self._needs_no_reading(function, out):
            return out
        if is_composite(function):
            return self._entered(function, args, named)
        return self._expanded(function, args, named)

    def _expanded(self, function: Any, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """What it is made of, in its place."""
        made_of = parts(function)
        if made_of is None or function in self._expanding:
            raise Unread("what it computes is not known here")
        self._expanding.append(function)
        try:
            with self, _reading():
                out = made_of(*args, **named)
        finally:
            self._expanding.pop()
        if out is NotImplemented:
            raise Unread("what it computes is not known here")
        return out

    def _needs_no_reading(self, function: Any, out: Any) -> bool:
        """Whether an operation returned views, or no floats, which the point has decided.

        Raises Unread for bits that would be read as other numbers.
        """
        tensors = _tensors([out])
        _refuse_others(tensors)
        for one in tensors:
            if self.record.storages.holds(one):
                self.record.storages.check(one)
        if not any(map(is_float, tensors)):
            self.record.decided(function._schema.name)
            return True
        return all(self.record.storages.holds(one) for one in tensors if is_float(one))

    def _read(self, function: Any, name: str, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        out = function(*args, **named)
        outputs = tuple(leaves([out]))
        told = {key: value for key, value in named.items() if key not in _WITHOUT_MEANING}
        with _reading():
            nodes = READINGS[name](Call(self.record, function, name, outputs), *args, **told)
        for tensor, node in zip(outputs, [nodes] if isinstance(nodes, Node) else nodes, strict=True):
            if node is not None and is_float(tensor):
                self.record.storages.write(tensor, node)
        return out

    def _written(self, function: Any, name: str, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """What the functional form returns is copied into what the operation writes into."""
        targets = _targets(function, args, named)
        if name == "copy_":
            found = [args[1]]
        else:
            outs = {a.name for a in function._schema.arguments if a.kwarg_only and _is_written(a)}
            functional = getattr(torch.ops.aten, name.removesuffix("_"), None)
            if functional is None or not (outs or name.endswith("_")):
                raise Unread("it writes into its operands in a way that is not known here")
            with self:
                found = leaves([functional(*args, **{k: v for k, v in named.items() if k not in outs})])
        for target, value in zip(targets, found, strict=True):
            self._copied(target, value)
        return targets[0] if len(targets) == 1 else tuple(targets)

    def _copied(self, target: Any, value: Any) -> None:
        node = self.record.node(value) if is_float(target) else None
        target.copy_(value)
        if node is None:
            self.record.decided("a conversion to whole numbers")
        else:
            self.record.storages.write(target, self.record.program.broadcast(node, tuple(target.shape)))

    def _entered(self, function: Any, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Its kernel runs, and what that calls is met in turn."""
        with self.watch, self:
            out = function.redispatch(torch._C.DispatchKeySet(torch._C.DispatchKey.CPU), *args, **named)
        if any(is_float(one) and not self.record.storages.holds(one) for one in leaves([out])):
            raise Unread("compiled code, or numbers from outside of PyTorch")
        return out

    def _widened(self, tensor: Any) -> Any:
        wide = tensor.to(torch.float64)
        if self.record.storages.holds(tensor):
            self.record.storages.write(wide, self.record.node(tensor))
        return wide


@contextmanager
def _reading() -> Iterator[None]:
    """Encloses the reading of an operation that has run already: if it fails, the fault is not the code's."""
    try:
        yield
    except (Unread, NoNodes):
        raise
    except Exception as error:  # PyTorch calls operations with more kinds of arguments than are met in tests
        raise Unread(f"its reading fails with these arguments ({in_a_line(error)})") from error


def _tensors(value: Any) -> list[Any]:
    return [one for one in leaves(value) if isinstance(one, torch.Tensor)]


def _other(tensor: Any) -> str | None:
    """What a tensor is, if not one of real numbers in memory."""
    if tensor.layout is not torch.strided:
        return "sparse tensors"
    return "complex numbers" if tensor.is_complex() else None


def _refuse_others(tensors: Sequence[Any]) -> None:
    """Raises Unread for tensors of other than real numbers."""
    for what in filter(None, map(_other, tensors)):
        raise Unread(what)


def _is_written(argument: Any) -> bool:
    return argument.alias_info is not None and bool(argument.alias_info.is_write)


def _targets(function: Any, args: Sequence[Any], named: Mapping[str, Any]) -> list[Any]:
    """The tensors that an operation writes into, in the order in which it returns them."""
    written = [(a.name, k) for k, a in enumerate(function._schema.arguments) if _is_written(a)]
    found = [named[name] if name in named else args[k] for name, k in written]
    return leaves(found)
