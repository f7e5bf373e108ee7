"""Follow every branch: code with Python `if`s, run once for each path, merged into `where` terms."""

from __future__ import annotations

import math
from collections.abc import Callable

from backproof.verify.support.errors import NotTraced, SubjectError, raised_by_code
from backproof.verify.terms.term import Condition, Term, asking, constant, where

MOST_DECISIONS = 1000
"""Most branches along one path: a loop until a symbol is small enough never ends if every decision is yes."""


class TooManyPaths(NotTraced):
    """Raised if the code branches more often than the limit allows."""


class NotRepeatable(NotTraced):
    """Raised if a second trace differs, for example through hidden state, so that its paths cannot be merged."""

    def __init__(self) -> None:
        super().__init__("run again it takes another path: it caches results, counts its calls, or uses random numbers")


class _Path:
    """Replays a prefix of decisions, then takes the true branch of every new condition and records it."""

    def __init__(self, prefix: list[tuple[Condition, bool]]) -> None:
        self.decisions = list(prefix)
        self.position, self._replayed = 0, len(prefix)

    def decide(self, condition: Condition) -> bool:
        for known, answer in self.decisions[: self.position]:
            if known is condition:
                return answer
        if self.position < len(self.decisions):
            expected, answer = self.decisions[self.position]
            if expected is not condition:
                raise NotRepeatable
        elif self.position == MOST_DECISIONS:
            raise TooManyPaths(f"more than {MOST_DECISIONS} branches on one path: a loop on a symbol")
        else:
            answer = True
            self.decisions.append((condition, answer))
        self.position += 1
        return answer

    def end(self) -> None:
        """Raises NotRepeatable if the code did not evaluate the same conditions as before."""
        if self.position < self._replayed:
            raise NotRepeatable


def explore(run: Callable[[], tuple[Term, ...]], limit: int = 256, *, gaps: bool = False) -> tuple[Term, ...]:
    """The terms that ``run()`` returns, over all its branches.

    gaps: where the code raises an error of its own because there is no value, as in ``if y == 0: raise ...``, the terms
        are NaN; otherwise, and where it raises on all paths, the error is raised

    Raises TooManyPaths past ``limit`` paths, or on one that never ends (a loop on a symbol); NotRepeatable for code
    that takes another path when run again; any exception of ``run``.
    """
    finished: list[tuple[list[tuple[Condition, bool]], tuple[Term, ...]]] = []
    missing: list[tuple[list[tuple[Condition, bool]], SubjectError]] = []
    prefix: list[tuple[Condition, bool]] | None = []
    while prefix is not None:
        if len(finished) + len(missing) == limit:
            raise TooManyPaths(f"more than {limit} paths: a loop on a symbol, or too many branches")
        path = _Path(prefix)
        with asking(path):
            try:
                finished.append((path.decisions, run()))
            except SubjectError as error:
                if not (gaps and path.decisions and error.without_value and raised_by_code(error.cause)):
                    raise
                missing.append((path.decisions, error))
        path.end()
        prefix = _next(path.decisions)
    if not finished:
        raise missing[0][1]
    nothing = (constant(math.nan),) * len(finished[0][1])
    return _merge([*finished, *((decisions, nothing) for decisions, _ in missing)], 0)


def _next(decisions: list[tuple[Condition, bool]]) -> list[tuple[Condition, bool]] | None:
    """The decisions up to the last yes, which becomes a no; None when all paths are explored."""
    while decisions and not decisions[-1][1]:
        decisions = decisions[:-1]
    return [*decisions[:-1], (decisions[-1][0], False)] if decisions else None


def _merge(
    paths: list[tuple[list[tuple[Condition, bool]], tuple[Term, ...]]], depth: int
) -> tuple[Term, ...]:
    if len(paths) == 1:
        return paths[0][1]
    condition = paths[0][0][depth][0]
    yes = _merge([p for p in paths if p[0][depth][1]], depth + 1)
    no = _merge([p for p in paths if not p[0][depth][1]], depth + 1)
    return tuple(a if a is b else where(condition, a, b) for a, b in zip(yes, no, strict=True))
