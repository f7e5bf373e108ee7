"""Products of matrices and tensors, all by one contraction of indices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from backproof.verify.arrays.program import Node, Program, contiguous
from backproof.verify.subjects.tensors.numpy.arrays import node_of, the_tape, value_of, wrapped
from backproof.verify.subjects.tensors.numpy.registry import reads, reads_ufunc


def contracted(program: Program, nodes: Sequence[Node], indices: Sequence[str], wanted: str) -> Node:
    """Σ of the products of entries over all indices that are not wanted; ``indices``: a letter for each axis."""
    sizes = _sizes(nodes, indices)
    node, have = program.number(1), ""
    for k, (other, letters) in enumerate(zip(nodes, indices, strict=True)):
        later = {*wanted, *"".join(indices[k + 1 :])}
        right, names = _diagonal(program, other, letters)
        right, names = _summed(program, right, names, later | set(have))
        node, have = _summed(program, node, have, later | set(names))
        node, have = _joined(program, node, have, right, names, later, sizes)
    node, have = _summed(program, node, have, set(wanted))
    strides = dict(zip(have, contiguous(node.shape), strict=True))
    return program.view(node, 0, [sizes[c] for c in wanted], [strides.get(c, 0) for c in wanted])


def _sizes(nodes: Sequence[Node], indices: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for node, letters in zip(nodes, indices, strict=True):
        for letter, size in zip(letters, node.shape, strict=True):
            found[letter] = size if found.get(letter, 1) == 1 else found[letter]
    return found


def _diagonal(program: Program, node: Node, letters: str) -> tuple[Node, str]:
    """Each letter once: of two axes with one letter the diagonal."""
    strides: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for letter, size, stride in zip(letters, node.shape, contiguous(node.shape), strict=True):
        strides[letter] = strides.get(letter, 0) + (stride if size > 1 else 0)
        sizes[letter] = max(size, sizes.get(letter, 0)) if size else 0
    return program.view(node, 0, sizes.values(), strides.values()), "".join(sizes)


def _summed(program: Program, node: Node, letters: str, kept: set[str]) -> tuple[Node, str]:
    over = [k for k, letter in enumerate(letters) if letter not in kept]
    return program.sum(node, over), "".join(letter for letter in letters if letter in kept)


def _joined(
    program: Program, a: Node, of_a: str, b: Node, of_b: str, later: set[str], sizes: Mapping[str, int]
) -> tuple[Node, str]:
    """The product of two, summed over what both have and nobody needs later."""
    shared = [c for c in of_a if c in of_b]
    batch, over = [c for c in shared if c in later], [c for c in shared if c not in later]
    left, right = [c for c in of_a if c not in of_b], [c for c in of_b if c not in of_a]

    def arranged(node: Node, have: str, *groups: list[str]) -> Node:
        """With an axis for each group of letters."""
        steps = zip(have, node.shape, contiguous(node.shape), strict=True)
        strides = {letter: stride if size > 1 else 0 for letter, size, stride in steps}
        letters = [c for group in groups for c in group]
        turned = program.view(node, 0, [sizes[c] for c in letters], [strides[c] for c in letters])
        return program.reshape(turned, [math.prod(sizes[c] for c in group) for group in groups])

    if over:
        node = program.dot(arranged(a, of_a, batch, left, over), arranged(b, of_b, batch, over, right))
    else:
        node = program.multiply(arranged(a, of_a, batch, left, []), arranged(b, of_b, batch, [], right))
    have = "".join([*batch, *left, *right])
    return program.reshape(node, [sizes[c] for c in have]), have


def _contraction(value: Any, operands: Sequence[Any], indices: Sequence[str], wanted: str) -> Any:
    tape = the_tape(operands)
    node = contracted(tape.program, [node_of(tape, x) for x in operands], indices, wanted)
    return wrapped(tape, value, tape.program.reshape(node, np.shape(value)))


# -------------------------------------------------------------------------------------------------------------- einsum


@reads("einsum")
def _einsum(*operands: Any, optimize: Any = False, **options: Any) -> Any:
    value = np.einsum(*map(value_of, operands), optimize=optimize)
    arrays, indices, wanted = _parsed(operands)
    return _contraction(value, arrays, indices, wanted)


def _parsed(operands: Sequence[Any]) -> tuple[list[Any], list[str], str]:
    """The arrays, the letters of their axes and those of the result, with an ellipsis spelled out."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), list(operands[1:])
    else:
        arrays = [*operands[: len(operands) // 2 * 2 : 2]]
        parts = ["".join("..." if k is Ellipsis else ascii_letters[k] for k in part) for part in operands[1::2]]
        text = ",".join(parts)
        if len(operands) % 2:
            text += "->" + "".join("..." if k is Ellipsis else ascii_letters[k] for k in operands[-1])
    left, arrow, wanted = text.partition("->")
    indices = left.split(",")
    free = [c for c in ascii_letters if c not in text]
    counts = [np.ndim(value_of(x)) - len(part.replace("...", "")) for x, part in zip(arrays, indices, strict=True)]
    most = max((n for n, part in zip(counts, indices, strict=True) if "..." in part), default=0)
    rest = "".join(free[:most])
    indices = [part.replace("...", rest[most - n :]) for n, part in zip(counts, indices, strict=True)]
    if not arrow:
        letters = "".join(sorted(c for c in set(left) - {",", "."} if left.count(c) == 1))
        wanted = "..." + letters
    return arrays, indices, wanted.replace("...", rest)


# ----------------------------------------------------------------------------------------------------- the other names


def _letters(count: int, start: int = 0) -> str:
    return ascii_letters[start : start + count]


@reads_ufunc("matmul")
def _matmul(a: Any, b: Any) -> Any:
    value = np.matmul(value_of(a), value_of(b))
    return _matrix_product(value, a, b, np.ndim(value_of(a)), np.ndim(value_of(b)))


def _matrix_product(value: Any, a: Any, b: Any, of_a: int, of_b: int) -> Any:
    tape = the_tape(a, b)
    program, left, right = tape.program, node_of(tape, a), node_of(tape, b)
    left = program.reshape(left, (1, *left.shape)) if of_a == 1 else left
    right = program.reshape(right, (*right.shape, 1)) if of_b == 1 else right
    return wrapped(tape, value, program.reshape(program.dot(left, right), np.shape(value)))


@reads("dot")
def _dot(a: Any, b: Any) -> Any:
    of_a, of_b = np.ndim(value_of(a)), np.ndim(value_of(b))
    if not of_a or not of_b:
        return np.multiply(a, b)
    left, right = _letters(of_a), _letters(of_b, of_a)
    summed = max(of_b - 2, 0)
    right = right[:summed] + left[-1] + right[summed + 1 :]
    value = np.dot(value_of(a), value_of(b))
    return _contraction(value, (a, b), (left, right), left[:-1] + right.replace(left[-1], ""))


@reads("inner")
def _inner(a: Any, b: Any) -> Any:
    of_a, of_b = np.ndim(value_of(a)), np.ndim(value_of(b))
    if not of_a or not of_b:
        return np.multiply(a, b)
    left, right = _letters(of_a), _letters(of_b - 1, of_a)
    value = np.inner(value_of(a), value_of(b))
    return _contraction(value, (a, b), (left, right + left[-1]), left[:-1] + right)


@reads("vdot")
def _vdot(a: Any, b: Any) -> Any:
    return np.dot(np.ravel(a), np.ravel(b))


@reads("outer", "linalg.outer")
def _outer(a: Any, b: Any) -> Any:
    return np.multiply(np.reshape(a, (-1, 1)), np.reshape(b, (1, -1)))


@reads("tensordot", "linalg.tensordot")
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    of_a, of_b = np.ndim(value_of(a)), np.ndim(value_of(b))
    if np.ndim(axes) == 0:
        first, second = list(range(of_a - axes, of_a)), list(range(axes))
    else:
        first, second = (np.atleast_1d(part).tolist() for part in axes)
    left, right = list(_letters(of_a)), list(_letters(of_b, of_a))
    for j, k in zip(first, second, strict=True):
        right[k] = left[j]
    wanted = [c for c in left if c not in right] + [c for c in right if c not in left]
    value = np.tensordot(value_of(a), value_of(b), axes)
    return _contraction(value, (a, b), ("".join(left), "".join(right)), "".join(wanted))


def _by_indices(name: str, left: str, right: str, wanted: str, *names: str) -> None:
    """A product of vectors and matrices over leading axes that are broadcast."""
    function = getattr(np, name, None)

    def product(a: Any, b: Any, axis: int = -1) -> Any:
        if axis != -1:
            a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
        return np.einsum(f"...{left},...{right}->...{wanted}", a, b)

    if function is not None:
        reads_ufunc(name)(product)
        reads(*names)(product)


_by_indices("vecdot", "a", "a", "", "linalg.vecdot")
_by_indices("matvec", "ab", "b", "a")
_by_indices("vecmat", "a", "ab", "b")


@reads("correlate")
def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Σ a[n + k]·v[n], for each place of the shorter along the longer."""
    of_a, of_v = (np.shape(value_of(x))[0] for x in (a, v))
    if of_a < of_v:
        return np.flip(_correlate(v, a, mode))
    value: Any = np.correlate(value_of(a), value_of(v), mode)  # type: ignore[call-overload]
    before = {"valid": 0, "same": of_v // 2, "full": of_v - 1}[mode]
    longer = np.pad(a, (before, len(value) + of_v - 1 - of_a - before))
    return np.matmul(np.lib.stride_tricks.sliding_window_view(longer, of_v), v)


@reads("convolve")
def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    return _correlate(a, np.flip(v), mode) if np.size(a) >= np.size(v) else _correlate(v, np.flip(a), mode)


@reads("linalg.matmul")
def _linalg_matmul(a: Any, b: Any) -> Any:
    return np.matmul(a, b)


@reads("trace")
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), -1)


@reads("linalg.trace")
def _linalg_trace(x: Any, *, offset: int = 0, dtype: Any = None) -> Any:
    return _trace(x, offset, -2, -1)
