"""All readings, by the names of the operations."""

from __future__ import annotations

from backproof.verify.subjects.tensors.torch import (
    adding,
    arithmetic,
    choices,
    convolution,
    linear_algebra,
    moves,
    normalising,
    planes,
    products,
    reductions,
    routing,
)
from backproof.verify.subjects.tensors.torch.call import Readings

READINGS: Readings = {
    **adding.READINGS,
    **arithmetic.READINGS,
    **choices.READINGS,
    **convolution.READINGS,
    **linear_algebra.READINGS,
    **moves.READINGS,
    **normalising.READINGS,
    **planes.READINGS,
    **products.READINGS,
    **reductions.READINGS,
    **routing.READINGS,
}
