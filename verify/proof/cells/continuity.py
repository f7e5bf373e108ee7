"""Whether a term is continuous on a boundary, by the functions that it is composed of."""

from __future__ import annotations

from backproof.verify.proof.field.interpret import Interpreter
from backproof.verify.proof.field.signs import known_sign
from backproof.verify.terms.ops import inside
from backproof.verify.terms.term import Term, topological

CONTINUOUS = inside("smooth", "steep", "kink", "tip") - {"pow"} | {"symbol", "const", "pi"}
"""A composition of these alone is continuous wherever it has a value; so is a power with a constant exponent."""


def is_continuous(term: Term, reader: Interpreter) -> bool:
    """Whether the term is composed of functions that are continuous where the reader reads, if they have a value."""
    return all(
        t.op in CONTINUOUS
        or (t.op == "pow" and t.args[1].op == "const")
        or (t.op == "atan2" and _is_off_the_cut(reader, *t.args))
        for t in topological(term)
    )


def _is_off_the_cut(reader: Interpreter, up: Term, along: Term) -> bool:
    """Whether an angle is continuous there: atan2(up, along) jumps where up is 0 and along negative."""
    return known_sign(reader.field, reader.element(along)) == 1 or bool(known_sign(reader.field, reader.element(up)))
