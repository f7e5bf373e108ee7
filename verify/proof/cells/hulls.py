"""Convex hulls and cones of gradients: is a vector a combination of these, shown by its weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from flint import ctx

from backproof.verify.proof.field.algebra import CONSTANT_ONE, CONSTANT_ZERO, Element, number
from backproof.verify.proof.field.differential_field import Field
from backproof.verify.proof.field.limits import Unclear, solve
from backproof.verify.proof.field.samples import BITS, sample
from backproof.verify.proof.field.signs import sign

Vector = tuple[Element, ...]


def equal(field: Field, a: Sequence[Element], b: Sequence[Element]) -> bool:
    """Whether two gradients are equal; Unclear where a difference does not reduce to 0, but may still be 0."""
    differences = [u - v for u, v in zip(a, b, strict=True)]
    left = [d for d in differences if not field.is_zero(d)]
    if left and not any(_is_somewhere_not_zero(field, d) for d in left):
        raise Unclear(f"whether {field.term(left[0])!r} is 0 is undecided")
    return not left


def _is_somewhere_not_zero(field: Field, u: Element) -> bool:
    """Whether ``u`` is not 0 at a point of the stratum, in ball arithmetic."""
    values = sample(field)
    with ctx.workprec(BITS):
        return values is not None and not values.polynomial(u.num).contains(0)


def weights(
    field: Field, point: Vector, corners: Sequence[Vector], directions: Sequence[Vector] = ()
) -> list[Element] | None:
    """The weights of corners and directions in a point of conv(corners) + cone(directions); None if it is none.

    The fewest possible: by Carathéodory's theorem as many as there are coordinates, and one.  Those of the corners add
    up to 1.  Raises Split where a weight is not of one sign.
    """
    both = [*corners, *directions]
    distinct = [
        k
        for k, u in enumerate(both)
        if not any(equal(field, u, v) for v in both[0 if k < len(corners) else len(corners) : k])
    ]
    for size in range(1, len(point) + 2):
        for chosen in combinations(distinct, size):
            if chosen[0] >= len(corners):
                continue  # at least one corner
            whole = [CONSTANT_ONE if k < len(corners) else CONSTANT_ZERO for k in chosen]
            rows = [[*(both[k][i] for k in chosen), u] for i, u in enumerate(point)]
            found = solve(field, [[*whole, CONSTANT_ONE], *rows])  # with a pivot that is a number
            if found is not None and all(sign(field, w) >= 0 for w in found):
                shares = dict(zip(chosen, found, strict=True))
                return [shares.get(k, number(0)) for k in range(len(both))]
    return None


def in_cone(field: Field, point: Vector, directions: Sequence[Vector]) -> bool:
    """Whether a vector is a combination of the directions with weights that are not negative."""
    nowhere = tuple(CONSTANT_ZERO for _ in point)
    return weights(field, point, [nowhere], directions) is not None


def is_subspace(field: Field, directions: Sequence[Vector]) -> bool:
    """Whether the cone of the directions holds with each of them the opposite one."""
    return bool(directions) and all(in_cone(field, tuple(-c for c in e), directions) for e in directions)


def is_whole_space(field: Field, directions: Sequence[Vector]) -> bool:
    """Whether every vector is in the cone of the directions."""
    n = len(directions[0]) if directions else 0
    axes = [tuple(number(s * (i == k)) for i in range(n)) for k in range(n) for s in (1, -1)]
    return bool(axes) and all(in_cone(field, axis, directions) for axis in axes)
