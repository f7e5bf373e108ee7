"""Functions run on symbols as copies of themselves, again and again until nothing they remember can matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.operation import terms_of
from backproof.verify.terms.ledger import Entry, Ledger
from backproof.verify.terms.term import Term, keeping
from backproof.verify.tracing.branches import NotRepeatable, explore
from backproof.verify.tracing.rebuild import Lifter


class Copies:
    """Copies of some functions, which share what the functions share."""

    def __init__(self, functions: Sequence[Callable[..., Any]]) -> None:
        self._functions = tuple(functions)
        self._made: tuple[Callable[..., Any], ...] | None = None
        self.lifter = Lifter()

    def __call__(self) -> tuple[Callable[..., Any], ...]:
        self.lifter.put_back()
        if self._made is None:
            from backproof.verify.tracing.symbolic import lifter_for_symbols

            self.lifter = lifter_for_symbols()
            self._made = tuple(self.lifter.ready(self.lifter.twin(function)) for function in self._functions)
        self.lifter.report()
        return self._made

    def traced(
        self, run: Callable[[tuple[Callable[..., Any], ...]], Sequence[Any]], *, arrays: bool
    ) -> tuple[tuple[Term, ...], Ledger, tuple[Entry, ...]]:
        """What ``run`` returns of the copies, over all branches, what they may have learned, and a leak of their state.

        arrays: whether symbols are entries of arrays

        Raises NotRepeatable if a second trace differs, as `TracedPair.traced` does; SubjectError.
        """
        self._made = None
        found, _ = self._once(run, arrays)
        if self._once(run, arrays)[0] != found:
            raise NotRepeatable
        before = self.lifter.state()
        last, ledger = self._once(run, arrays)
        state = () if self.lifter.state() == before else (Entry("state that changes from call to call"),)
        return last, ledger, state

    def _once(
        self, run: Callable[[tuple[Callable[..., Any], ...]], Sequence[Any]], arrays: bool
    ) -> tuple[tuple[Term, ...], Ledger]:
        def on_a_path() -> tuple[Term, ...]:
            with subject_code:
                found = run(self())
            return terms_of(*found)

        ledger = Ledger(arrays=arrays)
        with np.errstate(all="ignore"), keeping(ledger):
            return explore(on_a_path), ledger
