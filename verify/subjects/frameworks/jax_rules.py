"""JAX: any differentiable function of scalars, `custom_jvp` and `custom_vjp` included, through its jaxpr.

The forward is `make_jaxpr(f)`, the rule `make_jaxpr` of its vjp, both in 64 bits; the kernel is the same two
functions, compiled by XLA for this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import jax
import numpy as np

from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.frameworks.base import FrameworkOperation, Untraceable
from backproof.verify.subjects.frameworks.jaxpr import read
from backproof.verify.terms.term import Term

LEAST = 2.0**-1000 if jax.default_backend() == "cpu" else 0.0
"""XLA on CPU flushes subnormal numbers to 0; a number not far above them may be computed from some."""


class JaxOperation(FrameworkOperation):
    """A function of JAX, on scalars."""

    flush_to_zero_below = LEAST

    @cached_property
    def _forward_jaxpr(self) -> Any:
        return self._jaxpr(self.function, len(self.inputs))

    @cached_property
    def _rule_jaxpr(self) -> Any:
        return self._jaxpr(lambda g, *x: jax.vjp(self.function, *x)[1](g), len(self.inputs) + 1)

    def _jaxpr(self, function: Callable[..., Any], count: int) -> Any:
        with jax.enable_x64(True):
            scalar = jax.ShapeDtypeStruct((), "float64")
            return jax.make_jaxpr(function)(*[scalar] * count)

    def traced_forward(self, *x: Term) -> Term:
        results = read(self._forward_jaxpr, x)
        if len(results) != 1:
            raise Untraceable(f"it returns {len(results)} values, not one")
        return results[0]

    def traced_rule(self, g: Term, *x: Term) -> tuple[Term, ...]:
        return read(self._rule_jaxpr, (g, *x))

    @cached_property
    def _compiled(self) -> Callable[..., Any]:
        def both(g: Any, *x: Any) -> Any:
            out, back = jax.vjp(self.function, *x)
            return out, *back(g)

        compiled: Callable[..., Any] = jax.jit(both)
        return compiled

    def kernel(self, g: float, *x: float) -> tuple[float, tuple[float, ...]]:
        with jax.enable_x64(True):
            out, *gradients = map(float, self._compiled(g, *x))
        return out, tuple(gradients)

    def batch(self, columns: Sequence[Any], dtype: str) -> tuple[Any, tuple[Any, ...]]:
        with jax.enable_x64(True), subject_code:
            upstream, *x = (jax.numpy.asarray(c, dtype=dtype) for c in (np.ones_like(columns[0]), *columns))
            out, *partials = jax.vmap(self._compiled)(upstream, *x)
            return np.asarray(out, dtype=float), tuple(np.asarray(s, dtype=float) for s in partials)
