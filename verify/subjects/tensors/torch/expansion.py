"""Operations that are made of others."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from backproof.verify.subjects.tensors.torch.kernels import KERNELS


def is_composite(function: Any) -> bool:
    """Whether its kernel consists of calls of other operations."""
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    return bool(has(function.name(), "CompositeImplicitAutograd") and not has(function.name(), "CPU"))


def parts(function: Any) -> Callable[..., Any] | None:
    """The same operation in terms of others, ours or PyTorch's own; None where there is none."""
    name = function._schema.name.partition("::")[2]
    ours = KERNELS.get(f"{name}.{function._schema.overload_name}") or KERNELS.get(name)
    if ours is not None:
        return ours
    registered = _registered().get(function)
    if registered is None or registered.__module__ != "torch._decomp.decompositions":
        return registered
    plain: Callable[..., Any] = inspect.unwrap(registered)
    return plain


@cache
def _registered() -> dict[Any, Callable[..., Any]]:
    """PyTorch's own.

    Those written in terms of its operations are used without their wrappers, which choose formats of numbers: they
    load a good deal more, which takes longer than a verdict.
    """
    from torch._decomp import decomposition_table

    return dict(decomposition_table)
