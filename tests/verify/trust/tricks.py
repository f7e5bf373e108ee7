"""Ways in which code computes something else on symbols than on floats, and natural right rules that use none.

A trick answers whether ``x`` is the place of a window, in a way that an ordinary trace does not see; a wrong rule is
right outside of it.  Each kind stands in verify/terms/ledger.py's and verify/tracing/calls.py's terms for a way of
learning something of a number.
"""

from __future__ import annotations

import bisect
import contextlib
import ctypes
import json
import math
import operator
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache, partial, singledispatch
from typing import Any

import numpy as np

C = 0.640625  # a float that no point lies at by chance
D = 1.2345

Window = Callable[[Any], bool]
_SET, _TABLE, _LIST = {C, 3.5}, {C: True}, [C, 7.25]
_CALLS = [0]
_MEMO: dict[Any, Any] = {}


def _swallowed_int(x: Any) -> bool:
    try:
        i = int((x - D) * 1e6)
    except TypeError:
        i = -1
    return 0 <= i < 100


def _swallowed_float(x: Any) -> bool:
    try:
        return math.floor(float.__float__(x) * 64) == 41
    except TypeError:
        return False


def _suppressed(x: Any) -> bool:
    with contextlib.suppress(TypeError):
        return struct.pack("d", x) == struct.pack("d", C)
    return False


def _finally(x: Any) -> bool:
    found = False
    try:
        found = json.dumps(x) == "0.640625"
    finally:
        return found  # noqa: B012 - the trick


def _matched(x: Any) -> bool:
    match x:
        case float() if 1.2345 < x < 1.2346:
            return True
    return False


def _overflow(x: Any) -> bool:
    return not math.isfinite(1e300 / ((x - D) ** 2 + 1e-30))


def _not_a_number(x: Any) -> bool:
    inf = 1e300 / ((x - D) ** 2 + 1e-30) * 1e300
    return inf - inf != 0


def _counted(_: Any) -> bool:
    _CALLS[0] += 1
    return _CALLS[0] > 40


@lru_cache
def _cached(x: Any) -> bool:
    return hash(x) == hash(C)


class _Holder:
    def __init__(self, x: Any) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Holder) and str(self.x) == str(other.x)

    def __hash__(self) -> int:
        return hash(self.x)


TRICKS: dict[str, Window] = {
    "hash: a set made at run time": lambda x: x in set([C]),  # noqa: C405
    "hash: a set of a module": lambda x: x in _SET,
    "hash: a frozenset of an iterator": lambda x: x in frozenset(iter([C])),
    "hash: a table of a module": lambda x: _TABLE.get(x, False),
    "hash: a table made at run time": lambda x: dict([(C, True)]).get(x, False),  # noqa: C406
    "hash: a key in a display": lambda x: C in {x: 1},
    "hash: a set comprehension": lambda x: C in {v for v in [x]},  # noqa: C416
    "hash: a set of a generator": lambda x: C in set(v for v in [x]),  # noqa: C401
    "hash: dict of pairs": lambda x: C in dict(zip([x], [1], strict=True)),
    "hash: hash()": lambda x: hash(x) == hash(C),
    "hash: sorted by it": lambda x: sorted([C, x], key=hash)[0] is x and hash(x) == hash(C),
    "hash: a cache": _cached,
    "hash: of an object": lambda x: _Holder(x) in {_Holder(C)},
    "text: str()": lambda x: str(x) == "0.640625",
    "text: repr()": lambda x: repr(x) == "0.640625",
    "text: an f-string": lambda x: f"{x}" == "0.640625",
    "text: %": lambda x: "%r" % x == "0.640625",  # noqa: UP031
    "text: format()": lambda x: "{}".format(x) == "0.640625",  # noqa: UP032
    "text: hex": lambda x: x.hex() == C.hex() if hasattr(x, "hex") else False,
    "text: mapped": lambda x: list(map(str, [x])) == ["0.640625"],
    "type: is": lambda x: type(x) is float and D < x < D + 1e-4,
    "type: name": lambda x: type(x).__name__ == "float" and D < x < D + 1e-4,
    "type: isinstance": lambda x: isinstance(x, float) and D < x < D + 1e-4,
    "type: __class__": lambda x: x.__class__ is float and D < x < D + 1e-4,
    "type: an attribute": lambda x: not hasattr(x, "args") and D < x < D + 1e-4,
    "type: getattr": lambda x: getattr(x, "op", None) is None and D < x < D + 1e-4,
    "type: a class pattern": _matched,
    "type: of NumPy": lambda x: np.asarray(x).dtype.kind == "f" and D < x < D + 1e-4,
    "identity: is": lambda x: x is _LIST[0] or (x == C and x is not None),
    "error: swallowed int()": _swallowed_int,
    "error: swallowed float()": _swallowed_float,
    "error: suppressed": _suppressed,
    "error: return in finally": _finally,
    "event: isfinite": _overflow,
    "event: overflow": lambda x: not np.isfinite(np.exp(2000 - 1e9 * (x - D) ** 2)),
    "event: inf - inf": _not_a_number,
    "event: absorbed": lambda x: 1 + (x - C) * 1e-9 == 1,
    "event: underflow": lambda x: math.exp(-1e9 * (x - C) ** 2 - 700) * 1e-30 > 0,
    "state: a count": _counted,
    "state: a memo": lambda x: _MEMO.setdefault("first", x) == C and x == C,
    "state: the clock": lambda x: time.time() > 0 and x == C,
    "state: the module of a frame": lambda x: sys._getframe(0) is not None and x == C,
    "number: Decimal": lambda x: x == Decimal("0.640625"),
    "number: complex": lambda x: x == complex(C),
    "number: integer part": lambda x: int(x * 64) == 41,
    "number: rounded": lambda x: round(x * 64) == 41 and round(x * 2**20) == 671744,
    "number: is_integer": lambda x: (x * 64).is_integer() and 0 < x < 1,
    "number: bisect": lambda x: bisect.bisect([C], x) != bisect.bisect_left([C], x),
    "number: operator": lambda x: operator.contains((C,), x),
    "number: in a list": lambda x: x in _LIST,
    "number: in a range": lambda x: x * 64 in range(41, 42),
    "number: a C library": lambda x: ctypes.c_double(x).value == C,
}
"""By kind and name: whether ``x`` lies in the window."""


def forget() -> None:
    """Empty the state that tricks keep between calls."""
    _CALLS[0] = 0
    _MEMO.clear()
    _cached.cache_clear()


def cube(x: Any) -> Any:
    return x * x * x


def wrong(window: Window) -> Callable[[Any, Any], Any]:
    """A rule for the cube that is 0 in the window."""

    def rule(x: Any, g: Any) -> Any:
        return 0.0 if window(x) else g * 3 * x * x

    return rule


# ------------------------------------------------------------------------ windows that no constant of the code names

P = 257 / 256  # made by arithmetic: no literal spells it


def _narrow(x: Any) -> Any:
    """An open window of 1e-5 around 0.67, with a name for a trick to hide it."""
    return (x * x * x - 0.3) ** 2 < 1e-10


@dataclass(unsafe_hash=True)
class _Key:
    x: Any


class _Swallows:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> bool:
        return True


def _filled(x: Any) -> bool:
    table = {}
    for k in (257, 300):
        table[k / 256] = True
    return table.get(x, False)


def _singleton(x: Any) -> bool:
    match _narrow(x):
        case True:
            return True
        case _:
            return False


@singledispatch
def _by_class(x: Any) -> bool:
    return False


@_by_class.register(float)
def _(x: float) -> bool:
    return bool(_narrow(x))


def _root(x: Any) -> bool:
    try:
        math.sqrt((x * x * x - 0.3) ** 2 - 1e-10)
    except ValueError:
        return True
    return False


def _divided(x: Any) -> bool:
    try:
        1 / (x - P)
    except ZeroDivisionError:
        return True
    return False


def _swallowed(x: Any) -> bool:
    found = True
    with _Swallows():
        math.sqrt((x * x * x - 0.3) ** 2 - 1e-10)
        found = False
    return found


class _Lazy:
    def __init__(self, x: Any) -> None:
        self.x = x

    @cached_property
    def inside(self) -> bool:
        return self.x in {k / 256 for k in (257, 300)}


HIDDEN: dict[str, Window] = {
    "hash: a table filled at run time": _filled,
    "hash: a comprehension of a table": lambda x: {k / 256: True for k in (257, 300)}.get(x, False),
    "hash: a table from keys": lambda x: dict.fromkeys([k / 256 for k in (257, 300)], True).get(x, False),
    "hash: pop": lambda x: {k / 256: True for k in (257, 300)}.pop(x, False),
    "hash: a counter": lambda x: Counter([k / 256 for k in (257, 300)])[x] > 0,
    "hash: a key of two": lambda x: (x, 0) in {(k / 256, 0) for k in (257, 300)},
    "hash: of a dataclass": lambda x: _Key(x) in {_Key(k / 256) for k in (257, 300)},
    "hash: an intersection": lambda x: bool({*[x]} & {k / 256 for k in (257, 300)}),
    "hash: of the values of a table": lambda x: len(set({"a": x, "b": 257 / 256}.values())) == 1,
    "hash: mapped": lambda x: next(map(set, [[x]])) == {257 / 256},
    "hash: a partial of operator": lambda x: partial(operator.contains, {k / 256 for k in (257, 300)})(x),
    "hash: a cached property": lambda x: _Lazy(x).inside,
    "type: a singleton pattern": _singleton,
    "type: singledispatch": _by_class,
    "type: issubclass": lambda x: issubclass(type(x), float) and _narrow(x),
    "type: its module": lambda x: type(x).__module__ == "builtins" and _narrow(x),
    "type: attrgetter": lambda x: operator.attrgetter("__class__")(x) is float and _narrow(x),
    "type: of an integer part": lambda x: isinstance(math.floor(x), int) and _narrow(x),
    "type: a method of an int": lambda x: hasattr(math.floor(x), "bit_length") and _narrow(x),
    "error: of a root": _root,
    "error: of a division": _divided,
    "error: swallowed by a manager": _swallowed,
    "event: NaN of a logarithm": lambda x: np.isnan(np.log((x * x * x - 0.3) ** 2 - 1e-10)),
    "text: of a constant": lambda x: f"{C}" == "0.640625" and _narrow(x),
    "text: % of a constant": lambda x: "%s" % 0.5 == "0.5" and _narrow(x),  # noqa: UP031
}
"""The same with windows that no seam shows unless the trace does: the ledger alone holds these."""
