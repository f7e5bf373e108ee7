"""What PyTorch says of gradients of the wrong count or shape, told of the argument."""

from __future__ import annotations

import re

from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.torch.arguments import Arguments
from backproof.verify.subjects.tensors.torch.targets import Target
from backproof.verify.support.errors import SubjectError, UsageError

_SHAPE = re.compile(
    r"unction (\w+) returned an invalid gradient at index (\d+) - got \[([\d, ]*)\] but expected .* \[([\d, ]*)\]"
)
_COUNT = re.compile(r"function (\w+) returned an incorrect number of gradients \(expected (\d+), got (\d+)\)")
_FIXED = re.compile(r"function (\w+) returned a gradient different \w+ None at position (\d+)")


def explained(error: SubjectError, target: Target, arguments: Arguments) -> Exception:
    """The error to raise instead: Unread as it is, a UsageError for gradients that autograd does not take."""
    if isinstance(error.cause, (Unread, UsageError)):
        return error.cause
    if not error.raised(RuntimeError):
        return error
    text = " ".join(str(error.cause).split())
    tensors = arguments.among_positional() if target.is_function else []
    if found := _SHAPE.search(text):
        place = int(found[2])
        what = tensors[place] if place < len(tensors) else f"input {place} of {found[1]}"
        return UsageError(f"its backward returns an array of shape ({found[3]}) for {what}, of shape ({found[4]})")
    if found := _COUNT.search(text):
        return UsageError(f"its backward returns {found[3]} gradients for {found[2]} arguments, of {found[1]}")
    if found := _FIXED.search(text):
        return UsageError(f"its backward returns a gradient for argument {found[2]}, no tensor: return None for it")
    return error
