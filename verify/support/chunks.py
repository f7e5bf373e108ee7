"""Elementwise functions of long columns, piece by piece: sized for the processor's caches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIECE = 16_384  # elements at a time


def pieces(size: int) -> Iterator[slice]:
    """The places of ``size`` elements, a piece after the other."""
    return (slice(start, min(start + PIECE, size)) for start in range(0, size, PIECE))


def by_pieces(function: Callable[..., Any], dtype: Any, *columns: NDArray[Any]) -> NDArray[Any]:
    """``function`` of the columns, which it must treat element by element."""
    size = len(columns[0])
    if size <= PIECE:
        found: NDArray[Any] = np.asarray(function(*columns), dtype=dtype)
        return found
    answer = np.empty(size, dtype=dtype)
    for part in pieces(size):
        answer[part] = function(*(column[part] for column in columns))
    return answer
