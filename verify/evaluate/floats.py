"""Terms on plain floats, one point at a time or in columns: the trace, run as the rule itself runs on floats."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backproof.verify.arithmetics.columns import Floats, Mask, operands, plain
from backproof.verify.arithmetics.floats import DOUBLES, IEEE_COLUMNS, QUIET, QUIET_COLUMNS
from backproof.verify.evaluate.compiled import compiled
from backproof.verify.evaluate.evaluate import evaluate
from backproof.verify.terms.term import Term


def compile_floats(
    terms: Sequence[Term], inputs: Sequence[str], *, ieee: bool = False
) -> Callable[..., tuple[float, ...]]:
    """A function from floats, in the order of ``inputs``, to the terms' values as floats.

    A part that has no value in floats is NaN; an overflow is infinite.  Conditions come out as bools.
    ``ieee``: as NumPy's scalars do it, log 0 is -inf, and integer constants are floats too.
    """
    return compiled(terms, inputs, DOUBLES if ieee else QUIET)()


def on_columns(
    terms: Sequence[Term], inputs: Sequence[str], columns: Sequence[Floats], *, ieee: bool = False
) -> tuple[list[Floats], Mask]:
    """Each term as a column of floats, and the points that need the program of plain floats.

    ``ieee``: as in `compile_floats`.
    """
    data, doubtful = operands(columns)
    found = evaluate(terms, dict(zip(inputs, data, strict=True)), IEEE_COLUMNS if ieee else QUIET_COLUMNS)
    return [plain(x, len(doubtful)) for x in found], doubtful
