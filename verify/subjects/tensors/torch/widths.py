"""Floats of 64 bits throughout: what a rule computes in narrower formats is judged as a function of real numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from backproof.verify.subjects.tensors.torch.storages import format_of
from backproof.verify.subjects.tensors.torch.trees import replaced


def is_narrow(dtype: Any) -> bool:
    """Whether it is a format of floats other than float64."""
    return isinstance(dtype, torch.dtype) and dtype.is_floating_point and dtype != torch.float64


def narrowest(tensors: Sequence[Any]) -> str:
    """The narrowest format of tensors of floats, as "float32"."""
    formats = [tensor.dtype for tensor in tensors] or [torch.float64]
    return format_of(min(formats, key=lambda one: torch.finfo(one).bits))


class Widening:
    """Arguments of operations, with float64 for every narrower format.  met: those formats."""

    def __init__(self, widen: Callable[[Any], Any] = lambda tensor: tensor.to(torch.float64)) -> None:
        self.met: set[str] = set()
        self._widen = widen

    def arguments(self, function: Any, args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, Any]:
        """Of an operation.  A view, and what is written into, must be of the memory that it is of."""
        if function.is_view:
            return args, named
        written = {a.name for a in function._schema.arguments if a.alias_info is not None and a.alias_info.is_write}
        names = [a.name for a in function._schema.arguments]
        wide = [a if name in written else self._wide(a) for name, a in zip(names, args, strict=False)]
        return wide, {name: a if name in written else self._wide(a) for name, a in named.items()}

    def _wide(self, value: Any) -> Any:
        return replaced(value, self._leaf)

    def _leaf(self, leaf: Any) -> Any:
        dtype = leaf.dtype if isinstance(leaf, torch.Tensor) else leaf
        if not is_narrow(dtype):
            return leaf
        self.met.add(format_of(dtype))
        return torch.float64 if leaf is dtype else self._widen(leaf)


class Wide(TorchDispatchMode):  # type: ignore[misc]
    """Under it PyTorch makes no narrower floats."""

    supports_higher_order_operators = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Otherwise PyTorch loads its compiler for a mode, which takes a second."""
        return False

    def __init__(self) -> None:
        super().__init__()
        self.widening = Widening()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        if isinstance(function, torch._ops.OpOverload):
            args, named = self.widening.arguments(function, args, named)
        return function(*args, **named)


@contextmanager
def one_thread() -> Iterator[None]:
    """Operations on few numbers wait longer for threads, on a busy machine, than they compute."""
    before = torch.get_num_threads()
    if before != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if before != 1:
            torch.set_num_threads(before)


@contextmanager
def default_of_64_bits() -> Iterator[None]:
    """Numbers without a format are float64, as under ``torch.set_default_dtype``."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
