"""Terms run on any kind of number: IEEE doubles, terms, and every kind that has an arithmetic (arrays, intervals)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backproof.engine.arithmetic import arithmetic
from backproof.verify.evaluate.evaluate import evaluate
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.terms.term import Term, substitute, symbol, term

_NUMBERS = {float, int, bool}


class Formula:
    """One term in named inputs, as a function of data of any kind."""

    def __init__(self, term: Term, inputs: Sequence[str]) -> None:
        self._formulas = Formulas((term,), inputs)

    def __call__(self, *data: Any) -> Any:
        return self._formulas(*data)[0]


class Formulas:
    """Some terms in named inputs, as one function of data of any kind."""

    def __init__(self, terms: Sequence[Term], inputs: Sequence[str]) -> None:
        self.terms = tuple(terms)
        self.inputs = tuple(inputs)
        self._doubles: Callable[..., tuple[float, ...]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_doubles": None}  # compiled again in another process

    def __call__(self, *data: Any) -> tuple[Any, ...]:
        """The values: IEEE doubles for floats and ints, which never raise; terms for terms."""
        if set(map(type, data)) <= _NUMBERS:
            if self._doubles is None:
                self._doubles = compile_floats(self.terms, self.inputs, ieee=True)
            return self._doubles(*map(float, data))
        if any(isinstance(x, Term) for x in data):
            replaced = {symbol(n): term(x) for n, x in zip(self.inputs, data, strict=True)}
            return substitute(self.terms, replaced)
        return evaluate(self.terms, dict(zip(self.inputs, data, strict=True)), arithmetic(*data))
