"""Functions of JAX, each with a rule of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def with_vjp(primal: Callable[..., Any], forward: Any, backward: Any, nondiff: tuple[int, ...] = ()) -> Any:
    """A `jax.custom_vjp`."""
    function = jax.custom_vjp(primal, nondiff_argnums=nondiff)
    function.defvjp(forward, backward)
    return function


def with_jvp(primal: Callable[..., Any], rule: Any) -> Any:
    """A `jax.custom_jvp`."""
    function = jax.custom_jvp(primal)
    function.defjvp(rule)
    return function
