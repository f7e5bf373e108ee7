"""Alternatives, one of which must hold: each says of some quantities in which set of real numbers they lie.

They are kept short: what follows from the rest is dropped, and two alternatives are merged where possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

from backproof.verify.numerics.real_sets import NOTHING, REALS, RealSet
from backproof.verify.numerics.spans import span
from backproof.verify.terms.conditions import conjunction
from backproof.verify.terms.term import FALSE, TRUE, Condition, Term

MOST = 12  # alternatives
MOST_IN_ALL = 60  # quantities in several alternatives
MOST_HELD = 16  # quantities of an alternative that are compared with each other

Clause = dict[Term, RealSet]
"""In which set each quantity lies; a missing term may be anything."""

Alternatives = tuple[Clause, ...]
ALWAYS: Alternatives = ({},)
NEVER: Alternatives = ()


class TooMany(Exception):
    """More alternatives than a reader would follow."""


def both(a: Alternatives, b: Alternatives) -> Alternatives:
    """Where one alternative of each holds.  Raises TooMany."""
    if len(a) * len(b) > 4 * MOST:
        raise TooMany
    return _shortened(_together(x, y) for x in a for y in b)


def either(a: Alternatives, b: Alternatives) -> Alternatives:
    """Where one alternative of either holds.  Raises TooMany."""
    return _shortened((*a, *b))


def _together(x: Clause, y: Clause) -> Clause:
    return {quantity: x.get(quantity, REALS) & y.get(quantity, REALS) for quantity in {**x, **y}}


def _shortened(clauses: Iterable[Clause]) -> Alternatives:
    found = [clause for clause in map(_without_needless, clauses) if clause is not None]
    if len(found) > 1 and sum(map(len, found)) > MOST_IN_ALL:
        raise TooMany
    while _shorten(found):
        pass
    if len(found) > MOST:
        raise TooMany
    return tuple(found)


def _without_needless(clause: Clause) -> Clause | None:
    """The alternative without the conditions that always hold; None where it never holds."""
    if NOTHING in clause.values():
        return None
    within = {q.value: s.hull() for q, s in clause.items() if q.op == "symbol"}
    kept = {}
    for quantity, wanted in clause.items():
        if wanted == REALS:
            continue
        if within and quantity.op != "symbol" and len(clause) <= MOST_HELD:
            values = RealSet.of(span(quantity, within))
            if values <= wanted:
                continue
            if values & wanted == NOTHING:
                return None
        kept[quantity] = wanted
    return kept


def _shorten(found: list[Clause]) -> bool:
    """One step, False if there is none: drop an alternative, merge it with another, or widen it by a covering one."""
    for i, j in permutations(range(len(found)), 2):
        if _covers(found[j], found[i]):
            del found[i]
            return True
    for i, j in permutations(range(len(found)), 2):
        for quantity, wanted in found[i].items():
            rest = _but(found[i], quantity)
            wider = wanted | found[j].get(quantity, REALS)
            fits = rest == _but(found[j], quantity)
            if fits or (len(wider.cuts) < len(wanted.cuts) and _covers(_but(found[j], quantity), rest)):
                found[i] = rest if wider == REALS else {**found[i], quantity: wider}
                if fits:
                    del found[j]
                return True
    return False


def _but(clause: Clause, quantity: Term) -> Clause:
    return {q: s for q, s in clause.items() if q is not quantity}


def _covers(wide: Clause, narrow: Clause) -> bool:
    """Whether one holds wherever the other does."""
    return all(narrow.get(quantity, REALS) <= wanted for quantity, wanted in wide.items())


# ----------------------------------------------------------------------------------------------- as conditions


def stated(alternatives: Alternatives) -> Condition:
    """The condition that one of them holds: the common part of all, and the rest of one."""
    if not alternatives:
        return FALSE
    first, *others = alternatives
    common = {q: s for q, s in first.items() if all(other.get(q) == s for other in others)}
    parts = [_conjunction({q: s for q, s in clause.items() if q not in common}) for clause in alternatives]
    rest = parts[0]
    for part in parts[1:]:
        rest = rest | part
    shared = _conjunction(common)
    return shared if rest is TRUE else rest if shared is TRUE else shared & rest


def _conjunction(clause: Clause) -> Condition:
    return conjunction(condition for quantity, wanted in clause.items() for condition in wanted.conditions(quantity))
