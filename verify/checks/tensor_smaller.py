"""A wrong rule at the smallest shapes that show it: numbers that a reader can check by hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from backproof.verify.arrays.accuse import Accusation, accused
from backproof.verify.arrays.ranges import redrawn
from backproof.verify.checks.tensor_case import Look, TensorCase
from backproof.verify.subjects.arrays.small import format_shape
from backproof.verify.subjects.tensors.operation import MOST_SHOWN, Place

SIZES = (2, 3)
"""Of axes; those of one size stay so."""

MOST = 8  # shapes that are tried


def at_smaller(case: TensorCase) -> tuple[Look, list[Accusation]] | None:
    """The rule where it is wrong at the smallest shapes, and which entries; None where none shows it."""
    given = case.operation.code.inputs
    if all(np.size(x) <= MOST_SHOWN for x in given.values() if isinstance(x, np.ndarray)):
        return None
    for place in _places(case):
        look = case.look(place)
        if look.told and look.traced is not None and look.judgement is not None and not look.judgement.same:
            found = [one for one in accused(look.traced) if not one.missing]
            if found:
                return look, found
    return None


def _places(case: TensorCase) -> Iterator[Place]:
    arrays = {name: x for name, x in case.operation.code.inputs.items() if isinstance(x, np.ndarray) and x.ndim}
    sizes = list(dict.fromkeys(n for x in arrays.values() for n in x.shape if n > 1))
    tried = 0
    for index, chosen in enumerate(product(SIZES, repeat=min(len(sizes), 4))):
        new = dict(zip(sizes, chosen, strict=False))
        shapes = {name: tuple(new.get(n, min(n, 2)) for n in x.shape) for name, x in arrays.items()}
        if any(np.prod(shapes[name]) > x.size for name, x in arrays.items()):
            continue
        tried += 1
        if tried > MOST:
            return
        rng = np.random.default_rng([case.options.seed, 61, index])
        made: dict[str, Any] = {name: _plain(redrawn(x, shapes[name], rng)) for name, x in arrays.items()}
        told = ", ".join(f"{name}: {format_shape(shape)}" for name, shape in shapes.items())
        if not case.operation.has_its_indices({**case.operation.code.inputs, **made}):
            continue
        yield Place(f"already at {told}", {**case.operation.code.inputs, **made}, own=False)


def _plain(x: Any) -> Any:
    """Floats of few digits, as people write them."""
    return np.round(8 * x) / 8 if x.dtype.kind == "f" and (np.round(8 * x) != 0).all() else x
