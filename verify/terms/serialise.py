"""Values with terms in them as bytes, for another process: each term once, however deeply they are nested.

pickle itself walks down a term by recursion, which a loop of a few hundred iterations exhausts.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from backproof.verify.terms.term import Condition, Term, _cons, topological


def packed(value: Any) -> bytes:
    """``value`` as bytes, its terms in a table beside it, operands before their users."""
    body = io.BytesIO()
    packer = _Packer(body)
    packer.dump(value)
    places = packer.places
    table = [(isinstance(t, Condition), t.op, [places[a] for a in t.args], t.value) for t in places]
    return pickle.dumps((table, body.getvalue()), pickle.HIGHEST_PROTOCOL)


def unpacked(content: bytes) -> Any:
    """The value, its terms hash-consed again: equal terms are the same object here, too."""
    table, body = pickle.loads(content)
    terms: list[Term] = []
    for is_condition, op, args, value in table:
        terms.append(_cons(Condition if is_condition else Term, op, tuple(terms[i] for i in args), value))
    return _Unpacker(body, terms).load()


class _Packer(pickle.Pickler):
    def __init__(self, body: io.BytesIO) -> None:
        super().__init__(body, pickle.HIGHEST_PROTOCOL)
        self.places: dict[Term, int] = {}

    def persistent_id(self, x: Any) -> int | None:
        """The place of a term in the table; None for any other value."""
        if not isinstance(x, Term):
            return None
        if x not in self.places:
            for t in topological(x):
                self.places.setdefault(t, len(self.places))
        return self.places[x]


class _Unpacker(pickle.Unpickler):
    def __init__(self, body: bytes, terms: list[Term]) -> None:
        super().__init__(io.BytesIO(body))
        self.terms = terms

    def persistent_load(self, place: int) -> Term:
        return self.terms[place]
