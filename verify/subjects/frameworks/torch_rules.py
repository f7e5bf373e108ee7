"""PyTorch: built-in functions and `torch.autograd.Function`, through the graph of their primitive operations.

Both directions are traced by `make_fx` with every decomposition that PyTorch registers: the forward, and the
backward that the autograd engine runs.  The kernel is what runs without tracing, usually hand-written: it is not the
program that the decomposition describes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch
from torch._decomp import decomposition_table
from torch.fx.experimental.proxy_tensor import make_fx

from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.frameworks.base import FrameworkOperation, Untraceable, inputs_of, source_of
from backproof.verify.subjects.frameworks.fx import read
from backproof.verify.subjects.operation import Run
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.term import Term

PLACE = 0.5  # where it is traced; make_fx rejects a trace that depends on this point


class TorchOperation(FrameworkOperation):
    """A function of PyTorch, on scalars, or a subclass of `torch.autograd.Function`."""

    def __init__(self, function: Any, name: str, inputs: Sequence[str], command: str) -> None:
        super().__init__(function, name, inputs, command)
        self._applied: Callable[..., Any] = function.apply if is_rule(function) else function

    @property
    def source(self) -> Source:
        return source_of(self.function.backward if is_rule(self.function) else self.function)

    @cached_property
    def _forward_graph(self) -> Any:
        return _traced(lambda *x: self._applied(*x), self._leaves([PLACE] * len(self.inputs)))

    @cached_property
    def _rule_graph(self) -> Any:
        def back(g: Any, *x: Any) -> tuple[Any, ...]:
            gradients: tuple[Any, ...] = torch.autograd.grad(self._applied(*x), x, g, allow_unused=True)
            return gradients

        return _traced(back, [torch.tensor(1.0, dtype=torch.float64), *self._leaves([PLACE] * len(self.inputs))])

    def traced_forward(self, *x: Term) -> Term:
        results = read(self._forward_graph, x)
        if len(results) != 1:
            raise Untraceable(f"it returns {len(results)} values, not one")
        return results[0]

    def traced_rule(self, g: Term, *x: Term) -> tuple[Term, ...]:
        return read(self._rule_graph, (g, *x))

    def kernel(self, g: float, *x: float) -> tuple[float, tuple[float, ...]]:
        run = self._observed(g, x)
        return run.out, run.gradients

    def _observed(self, g: float, x: Sequence[float]) -> Run:
        """The kernel's run, and the tensors passed to its backward as they are afterwards."""
        leaves = self._leaves(x)
        out = self._applied(*leaves)
        value = out.item()
        upstream = torch.tensor(g, dtype=torch.float64)
        gradients = torch.autograd.grad(out, leaves, upstream, allow_unused=True)
        found = tuple(0.0 if d is None else d.item() for d in gradients)
        return Run(value, found, tuple(leaf.item() for leaf in leaves), out.item(), upstream.item())

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        if before is not None or any(isinstance(x, Term) for x in (*data, upstream)):
            return super().run(data, upstream=upstream, before=before)
        with subject_code:
            return self._observed(float(upstream), tuple(map(float, data)))

    def forward(self, *data: Any) -> Any:
        if any(isinstance(x, Term) for x in data):
            return super().forward(*data)
        with torch.no_grad(), subject_code:
            return self._applied(*(torch.tensor(float(x), dtype=torch.float64) for x in data)).item()

    def batch(self, columns: Sequence[Any], dtype: str) -> tuple[Any, tuple[Any, ...]]:
        kind = getattr(torch, dtype)
        with subject_code:
            leaves = [torch.tensor(column, dtype=kind, requires_grad=True) for column in columns]
            out = self._applied(*leaves)
            if out.shape != leaves[0].shape:
                shapes = f"{tuple(out.shape)} of {tuple(leaves[0].shape)}"
                raise UsageError(f"{self.name} makes {shapes}: it is not elementwise")
            gradients = torch.autograd.grad(out, leaves, torch.ones_like(out), allow_unused=True)
            partials = (torch.zeros_like(out) if g is None else g for g in gradients)
            return out.detach().double().numpy(), tuple(s.double().numpy() for s in partials)

    @staticmethod
    def _leaves(data: Sequence[float]) -> list[Any]:
        return [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in data]

    @classmethod
    def count_inputs(cls, function: Any, count: int = 0) -> tuple[str, ...]:
        if count or not is_rule(function):
            return inputs_of(function, count)
        parameters = inspect.signature(function.forward).parameters.values()
        required = sum(p.default is p.empty for p in parameters)
        with_context = function.setup_context is torch.autograd.Function.setup_context
        return inputs_of(function, required - with_context)


def is_rule(function: Any) -> bool:
    """Whether it is a class with a forward and a backward of its own."""
    return isinstance(function, type) and issubclass(function, torch.autograd.Function)


def _traced(function: Callable[..., Any], at: Sequence[Any]) -> Any:
    return make_fx(function, decomposition_table=decomposition_table)(*at).graph
