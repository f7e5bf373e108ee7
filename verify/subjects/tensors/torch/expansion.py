"""Operations that are made of others."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from backproof.verify.subjects.tensors.torch.kernels import KERNELS


def parts(function: Any) -> Callable[..., Any] | None:
    """The same operation in terms of others, ours or PyTorch's own; None where there is none."""
    name = function._schema.name.partition("::")[2]
    ours = KERNELS.get(f"{name}.{function._schema.overload_name}") or KERNELS.get(name)
    if ours is not None:
        return ours
    if function.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd):
        return function.decompose  # type: ignore[no-any-return]
    return _registered().get(function)


@cache
def _registered() -> dict[Any, Callable[..., Any]]:
    """Loading them takes a sixth of a second, and few rules need them."""
    from torch._decomp import decomposition_table

    return dict(decomposition_table)
