"""A rule of arrays as people publish it, with the mistakes that they make in it: data for tests, and no test itself.

The rules are restated from public references, in code of our own: what is taken over is the formula and the fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Inputs = Callable[[], dict[str, Any]]
"""Makes the arguments of a forward anew, by name and in order."""


@dataclass(frozen=True)
class Beyond:
    """Why differences at a rule's example inputs do not see a fault, and where it shows.

    inputs: other inputs at which they do; layout: of the upstream gradient in memory, see `verify.arrays.layouts`
    scale: a factor of the upstream gradient; writes: the code overwrites arrays that it was given
    """

    why: str
    inputs: Inputs | None = None
    layout: str = "contiguous"
    scale: float = 1.0
    writes: bool = False


@dataclass(frozen=True)
class TensorRule:
    """A forward with its rule.

    id: unique among all; reference: a repository and path, a section of a paper, or the report of a fault
    what: the function in a line
    right: a subclass of torch.autograd.Function or a function of tensors; jax.custom_vjp, custom_jvp or a function
    that has one inside; for NumPy a pair (forward, backward), see `tensor_calls.run_numpy`
    wrong: the same with a fault, by what the fault is
    inputs: example inputs; wrt: the names of those that are differentiated, every array of floats if it is empty
    beyond: the faults that differences at the example inputs do not see
    definition: the function whose derivative the rule is declared to be, where that is not its own forward
    """

    id: str
    framework: Literal["torch", "jax", "numpy"]
    reference: str
    what: str
    right: Any
    wrong: Mapping[str, Any]
    inputs: Inputs
    wrt: tuple[str, ...] = ()
    beyond: Mapping[str, Beyond] = field(default_factory=dict)
    definition: Callable[..., Any] | None = None

    def differentiated(self, inputs: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the inputs that are differentiated."""
        return self.wrt or tuple(name for name, value in inputs.items() if _is_floating(value))


def _is_floating(value: Any) -> bool:
    return "float" in str(getattr(value, "dtype", ""))


def drawn(seed: int = 0, **given: Any) -> Inputs:
    """Example inputs: a tuple is the shape of a standard normal array, a function makes one from a generator.

    Anything else is passed on, an array as a copy.
    """

    def inputs() -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        return {name: _made(value, rng) for name, value in given.items()}

    return inputs


def _made(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, tuple):
        return rng.standard_normal(value)
    if callable(value):
        return value(rng)
    return value.copy() if isinstance(value, np.ndarray) else value


def between(low: float, high: float, *shape: int) -> Callable[[np.random.Generator], Any]:
    """Draws an array of uniform numbers."""
    return lambda rng: rng.uniform(low, high, shape)


def tensors(seed: int = 0, **given: Any) -> Inputs:
    """The same as `drawn`, with its arrays as tensors of PyTorch."""

    def inputs() -> dict[str, Any]:
        import torch

        made = drawn(seed, **given)()
        return {name: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for name, v in made.items()}

    return inputs
