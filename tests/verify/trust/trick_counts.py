"""How the generated tricks are judged, kind by kind: none of 30 rules is proved, so many are matched, the rest refuted.

Refuted is what a seam of the code or a check on floats shows; matched what the ledger of leaks alone holds.  Pinned, so
that a hook which grows weaker shows, even where no rule passes.
"""

from __future__ import annotations

RULES, CONTROLLED = 30, 10  # of each kind: rules that are wrong in their windows, and the same code, right there too

NEVER_WRONG = {
    "event: underflow": "a product of two small numbers that is 0 on floats: on real numbers the window is everywhere",
    "hash: sorted by it": "a list of two sorted by hash has C first",
}
"""Kinds whose windows no float opens: the rules are right on floats, and are not proved either; and why."""

def _counted(**counts: int) -> dict[str, int]:
    return {verdict: count for verdict, count in counts.items() if count}


_MATCHED = {
    "hash: a set made at run time": 0,
    "hash: a set of a module": 0,
    "hash: a frozenset of an iterator": 0,
    "hash: a table of a module": 0,
    "hash: a table made at run time": 23,
    "hash: a key in a display": 24,
    "hash: a set comprehension": 23,
    "hash: a set of a generator": 25,
    "hash: dict of pairs": 20,
    "hash: hash()": 22,
    "hash: sorted by it": 30,
    "hash: a cache": 27,
    "hash: of an object": 19,
    "text: str()": 20,
    "text: repr()": 23,
    "text: an f-string": 23,
    "text: %": 25,
    "text: format()": 28,
    "text: hex": 22,
    "text: mapped": 23,
    "type: is": 0,
    "type: name": 0,
    "type: isinstance": 0,
    "type: __class__": 0,
    "type: an attribute": 0,
    "type: getattr": 0,
    "type: a class pattern": 0,
    "type: of NumPy": 0,
    "identity: is": 1,
    "error: swallowed int()": 0,
    "error: swallowed float()": 30,
    "error: suppressed": 23,
    "error: return in finally": 25,
    "event: isfinite": 21,
    "event: overflow": 23,
    "event: inf - inf": 30,
    "event: absorbed": 0,
    "event: underflow": 0,
    "state: a count": 0,
    "state: a memo": 19,
    "state: the clock": 0,
    "state: the module of a frame": 4,
    "number: Decimal": 0,
    "number: complex": 0,
    "number: integer part": 8,
    "number: rounded": 9,
    "number: is_integer": 1,
    "number: bisect": 0,
    "number: operator": 0,
    "number: in a list": 0,
    "number: in a range": 3,
    "number: a C library": 20,
    "hidden hash: a table filled at run time": 30,
    "hidden hash: a comprehension of a table": 30,
    "hidden hash: a table from keys": 30,
    "hidden hash: pop": 30,
    "hidden hash: a counter": 3,
    "hidden hash: a key of two": 30,
    "hidden hash: of a dataclass": 30,
    "hidden hash: an intersection": 30,
    "hidden hash: of the values of a table": 23,
    "hidden hash: mapped": 25,
    "hidden hash: a partial of operator": 30,
    "hidden hash: a cached property": 0,
    "hidden type: a singleton pattern": 30,
    "hidden type: singledispatch": 30,
    "hidden type: issubclass": 30,
    "hidden type: its module": 30,
    "hidden type: attrgetter": 30,
    "hidden type: of an integer part": 30,
    "hidden type: a method of an int": 30,
    "hidden error: of a root": 30,
    "hidden error: of a division": 24,
    "hidden error: swallowed by a manager": 26,
    "hidden event: NaN of a logarithm": 30,
    "hidden text: of a constant": 30,
    "hidden text: % of a constant": 30,
}
"""Of the 30 rules those that are matched; the others are refuted."""

_PROVED = {
    "hash: a set made at run time": 10,
    "hash: a set of a module": 10,
    "hash: a frozenset of an iterator": 10,
    "hash: a table of a module": 10,
    "type: is": 10,
    "type: name": 10,
    "type: isinstance": 10,
    "type: __class__": 10,
    "type: an attribute": 10,
    "type: getattr": 10,
    "type: a class pattern": 10,
    "type: of NumPy": 10,
    "event: overflow": 2,
    "event: inf - inf": 10,
    "event: absorbed": 10,
    "event: underflow": 10,
    "state: a memo": 10,
    "number: Decimal": 10,
    "number: complex": 10,
    "number: integer part": 10,
    "number: rounded": 10,
    "number: is_integer": 10,
    "number: bisect": 10,
    "number: operator": 10,
    "number: in a list": 10,
    "number: in a range": 10,
    "hidden hash: a cached property": 10,
    "hidden type: issubclass": 10,
    "hidden type: singledispatch": 10,
    "hidden type: its module": 10,
    "hidden text: of a constant": 10,
    "hidden text: % of a constant": 10,
}
"""Of the 10 controls those that are proved: the trace shows the trick; the others are matched, for a leak or guard."""

COUNTS = {
    kind: _counted(matched=count, refuted=RULES - count) for kind, count in _MATCHED.items()
}
CONTROLS = {
    kind: _counted(proved=_PROVED.get(kind, 0), matched=CONTROLLED - _PROVED.get(kind, 0)) for kind in _MATCHED
}
