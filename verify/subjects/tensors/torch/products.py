"""Matrix products of all forms."""

from __future__ import annotations

from typing import Any

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.torch.call import Call, Reading, Readings


def _product(call: Call, a: Any, b: Any, *_: Any) -> Node:
    return call.program.dot(call.node(a), call.node(b))


def _of_vector(call: Call, a: Any, b: Any) -> Node:
    p = call.program
    return p.reshape(p.dot(call.node(a), p.reshape(call.node(b), (b.shape[0], 1))), a.shape[:1])


def _inner(call: Call, a: Any, b: Any) -> Node:
    return call.program.sum(call.program.multiply(call.node(a), call.node(b)), (0,))


def _outer(call: Call, a: Any, b: Any) -> Node:
    p = call.program
    return p.multiply(p.reshape(call.node(a), (a.shape[0], 1)), call.node(b))


def _of_batches(call: Call, a: Any, b: Any) -> Node:
    return call.program.sum(_product(call, a, b), (0,))


def _plus(product: Reading) -> Reading:
    """beta·c + alpha·(a product)."""

    def reading(call: Call, c: Any, a: Any, b: Any, *_: Any, beta: Any = 1, alpha: Any = 1) -> Node:
        p, found = call.program, product(call, a, b)
        assert not isinstance(found, list)
        return p.add(p.multiply(call.node(beta), call.node(c)), p.multiply(call.node(alpha), found))

    return reading


READINGS: Readings = {
    **dict.fromkeys(("mm", "bmm"), _product),
    **dict.fromkeys(("addmm", "baddbmm"), _plus(_product)),
    **dict.fromkeys(("dot", "vdot"), _inner),
    "addbmm": _plus(_of_batches),
    "addmv": _plus(_of_vector),
    "addr": _plus(_outer),
    "mv": _of_vector,
}
