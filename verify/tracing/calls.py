"""What traced code may do with a symbol beside arithmetic and comparisons: calls, `is`, `in`, look-ups, attributes.

The code of a twin is rewritten (`verify.tracing.rewriting`) so that each of these comes here.  Each ends in one of
three ways, the first that fits:

modelled  the trace records what floats would do: ``type(x)`` is float, ``x in {0, 1}`` compares with each key
passed    a function of the tables in `verify.tracing.passed`, which learns nothing of a symbol or compares it
leak      every other call that a symbol is reachable from is entered in the ledger, and carried out
"""

from __future__ import annotations

import collections
import functools
import math
import operator
import types
from collections.abc import Callable, KeysView, Mapping
from typing import Any, ClassVar

import numpy as np

from backproof.verify.terms.ledger import handles_overflows, leak, narrowed, of_entries
from backproof.verify.terms.term import Condition, Term, TooManyTerms, apply, compare, constant, where
from backproof.verify.tracing.arrays import TermArray, terms
from backproof.verify.tracing.classes import told
from backproof.verify.tracing.functions import FUNCTIONS
from backproof.verify.tracing.passed import (
    CALLERS,
    MANAGERS,
    METHODS,
    OPERATORS,
    PASSED,
    PLAIN_NUMBERS,
    hashable,
    home,
    impure,
    is_error,
    is_of_a_user,
    is_of_named_tuple,
    is_of_terms,
    is_single_dispatch,
    is_whole,
    live,
    name_of,
    narrow_format,
    passes_of_arrays,
    passes_of_container,
)
from backproof.verify.tracing.tables import found
from backproof.verify.tracing.texts import Text, shown, text_of

CALLS = "_traced"
"""The global name under which the code of a twin finds its `Calls`."""

_FIELDS = frozenset({"op", "args", "value"})  # attributes that a term has and a float has not

_FLOATS = frozenset({np.float16, np.float32, np.float64})

MOST_STEPS = 100_000
"""Calls that are followed, by all twins of one operation together: beyond that it is run as it is."""


class OutOfSteps(TooManyTerms):
    """More calls than `MOST_STEPS`."""


Done = tuple[bool, Any]
"""Whether a call is modelled, and its result."""


class Calls:
    """Carries out the operations of twins.

    real_float: what ``float`` is in their code; twin: makes the twin of an object; ready: has a twin that waits for its
        first call rebuilt
    """

    def __init__(self, real_float: type, twin: Callable[[Any], Any], ready: Callable[[Any], Any]) -> None:
        self._float, self._twin, self._ready = real_float, twin, ready
        self.steps = 0

    # ------------------------------------------------------------------------------------------------------ calls

    def call(self, function: Any, /, *args: Any, **options: Any) -> Any:
        """``function(*args, **options)``.  Raises OutOfSteps where a run on symbols takes too many."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise OutOfSteps(f"more than {MOST_STEPS} calls: too many to follow")
        if told(function, "registry") is not None and told(function, "dispatch") is not None and any(map(live, args)):
            function = self._dispatched(function, args[0])
        if self._is_ours(function):
            return function(*args, **options)
        known = hashable(function)
        if known in self._modelled and not options:
            done, result = self._modelled[known](self, args)
            if done:
                return result
        for x in (*args, *options.values()):
            self._ready(x)  # a function that is looked at or called there
        owner = told(function, "__self__")
        _note_format(function, args, options)
        held = owner is not None and not isinstance(owner, types.ModuleType) and live(owner)
        if not (held or any(map(live, args)) or any(map(live, options.values()))):
            if reason := impure(function):
                leak(reason)
        elif known in _FLOATS and len(args) == 1 and not options and not isinstance(args[0], Text):
            if narrow_format(function):
                narrowed(function.__name__)
            return args[0] if isinstance(args[0], Term) else terms(args[0])
        elif not self._passes(function, args, options):
            function, passed = self._late_twin(function)
            if not passed:
                leak(f"a symbol was passed to {name_of(function)}")
        elif known is print:  # what is printed is not computed with
            return None
        if home(function).partition(".")[0] == "numpy":  # which knows no other float
            args = tuple(float if x is self._float else x for x in args)
            options = {key: float if x is self._float else x for key, x in options.items()}
        result = function(*args, **options)
        return text_of(result) if type(result) is str else result

    def _is_ours(self, function: Any) -> bool:
        """Whether the code that runs is rewritten: a twin, a function made in one, a class or an object of such."""
        if isinstance(function, types.MethodType):
            function = function.__func__
        if is_of_a_user(type(function).__module__) and not isinstance(function, type):
            function = getattr(type(function), "__call__", function)  # noqa: B004 - not whether, but which
        if isinstance(function, type) and is_of_a_user(function.__module__):
            own = (x for kind in function.__mro__ if is_of_a_user(kind.__module__) for x in vars(kind).values())
            return all(self._is_ours(x) or is_of_named_tuple(x) for x in own if isinstance(x, types.FunctionType))
        return isinstance(function, types.FunctionType) and function.__globals__.get(CALLS) is self

    def _dispatched(self, function: Any, x: Any) -> Any:
        """What functools.singledispatch chooses for a float, where ``x`` is one."""
        is_float = isinstance(x, Term) and not isinstance(x, Condition) and not _may_be_another(x)
        if not (is_float and is_single_dispatch(self._ready(function))):
            leak("a function was chosen by the type of a symbol (functools.singledispatch)")
            return function
        return self._twin(function.dispatch(float))

    def _passes(self, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
        """Whether the function learns nothing of the symbols that it is given."""
        if isinstance(told(function, "__self__"), Text) or any(isinstance(x, Text) for x in args):
            return is_error(function)
        known, name = hashable(function), told(function, "__name__", "")
        module, owner = home(function), told(function, "__self__")
        called = [x for name, x in options.items() if name != "dtype" and callable(x) and not isinstance(x, Term)]
        if not all(self._is_ours(f) or self._is_passed(f) for f in called):
            return False
        if known in PASSED or is_of_terms(function) or is_error(function) or isinstance(owner, Term):
            return True
        if known in CALLERS:
            first = args[0] if args and callable(args[0]) and not isinstance(args[0], Term) else None
            return first is None or self._is_ours(first) or self._is_passed(first)
        if isinstance(function, functools.partial):
            return self._is_ours(function.func) or self._passes(function.func, args, options)
        if isinstance(owner, (np.ndarray, np.ufunc)) or module.partition(".")[0] == "numpy":
            return passes_of_arrays(name, args, options)
        if isinstance(function, np.ufunc):
            return passes_of_arrays(name, args, options)
        if isinstance(function, (types.MethodWrapperType, types.MethodDescriptorType, types.WrapperDescriptorType)):
            return name in OPERATORS or name in METHODS
        if owner is not None and not isinstance(owner, types.ModuleType):
            return passes_of_container(owner, name, args)
        if isinstance(function, operator.itemgetter):
            return True
        return module in ("bisect", "_bisect", "heapq", "_heapq") and not options  # by `<` alone

    def _is_passed(self, function: Any) -> bool:
        return hashable(function) in PASSED or is_of_terms(function)

    def _late_twin(self, function: Any) -> tuple[Any, bool]:
        """The twin of a user's function that was reached through data at run time, and whether there is one."""
        twin = self._twin(function)
        return (twin, self._is_ours(twin)) if twin is not function else (function, False)

    # --------------------------------------------------------------------------------------------- what is modelled

    def _type(self, args: tuple[Any, ...]) -> Done:
        if len(args) != 1:
            return False, None
        if _may_be_another(args[0]):
            leak("the type of a symbol was asked")
        kind = self.attribute(args[0], "__class__") if isinstance(args[0], (Term, TermArray)) else type(args[0])
        return True, self._float if kind is float else kind

    def _isinstance(self, args: tuple[Any, ...]) -> Done:
        if len(args) != 2 or not isinstance(args[0], (Term, TermArray)):
            return False, None
        x, kinds = args
        if _may_be_another(x):
            leak("the type of a symbol was asked")
        return True, isinstance(x if isinstance(x, TermArray) else True if isinstance(x, Condition) else 1.0, kinds)

    def _whole(self, args: tuple[Any, ...]) -> Done:
        """``int(x)``, ``math.trunc(x)``: towards zero."""
        if len(args) != 1 or not isinstance(args[0], Term):
            return False, None
        (x,) = args
        if x.op in PLAIN_NUMBERS:
            return True, int(float(x))
        number = where(x, 1, 0) if isinstance(x, Condition) else x
        return True, where(compare("ge", number, 0), apply("floor", number), apply("ceil", number))

    def _nearest(self, args: tuple[Any, ...]) -> Done:
        """``round(x)``: ties go to the even number."""
        if len(args) != 1 or not live(args[0]) or isinstance(args[0], Condition) or not isinstance(args[0], Term):
            return self._of_numbers(round, args)
        return True, args[0] - FUNCTIONS["math.remainder"](args[0], 1)

    def _total(self, args: tuple[Any, ...]) -> Done:
        """``math.fsum``: a sum, rounded once."""
        return (True, sum(args[0], constant(0))) if len(args) == 1 and live(args[0]) else (False, None)

    def _distance(self, args: tuple[Any, ...]) -> Done:
        """``math.dist``: the length of a difference."""
        if len(args) != 2 or not any(map(live, args)):
            return False, None
        return True, FUNCTIONS["hypot"](*(a - b for a, b in zip(*args, strict=True)))

    def _of_numbers(self, function: Any, args: tuple[Any, ...]) -> Done:
        """A function of floats, for the numbers that stand for literals."""
        if any(map(live, args)) or not any(isinstance(x, Term) for x in args):
            return False, None
        return True, function(*(float(x) if isinstance(x, Term) else x for x in args))

    def _identity(self, args: tuple[Any, ...]) -> Done:
        if any(isinstance(x, Term) and live(x) for x in args):
            leak("the identity of a symbol was asked")
        return False, None

    def _attribute_of(self, args: tuple[Any, ...]) -> Done:
        if not args or not isinstance(args[0], (Term, TermArray)):
            return False, None
        try:
            return True, self.attribute(*args[:2])
        except AttributeError:
            if len(args) == 3:
                return True, args[2]
            raise

    def _has_attribute(self, args: tuple[Any, ...]) -> Done:
        if len(args) != 2 or not isinstance(args[0], (Term, TermArray)):
            return False, None
        try:
            self.attribute(*args)
        except AttributeError:
            return True, False
        return True, True

    def _hashed(self, function: Any, args: tuple[Any, ...]) -> Done:
        """A set or dictionary of what may be symbols."""
        if len(args) != 1 or not live(args[0]):
            return False, None
        made = function(args[0])
        if any(map(live, made)):
            leak(f"a symbol was put into a {function.__name__} by its hash")
        return True, made

    def _nothing(self, args: tuple[Any, ...]) -> Done:
        """``print``: what is printed is not computed with, and is printed when the code runs on floats."""
        return any(map(live, args)), None

    def _is_of(self, args: tuple[Any, ...]) -> Done:
        return (True, self.same(*args)) if len(args) == 2 else (False, None)

    def _is_not_of(self, args: tuple[Any, ...]) -> Done:
        return (True, not self.same(*args)) if len(args) == 2 else (False, None)

    def _contains(self, args: tuple[Any, ...]) -> Done:
        return (True, self.contains(args[1], args[0])) if len(args) == 2 else (False, None)

    def _getitem(self, args: tuple[Any, ...]) -> Done:
        return (True, self.item(*args)) if len(args) == 2 else (False, None)

    _modelled: ClassVar[dict[Any, Callable[[Calls, tuple[Any, ...]], Done]]] = {}

    # -------------------------------------------------------------------------------------- operators and attributes

    def same(self, a: Any, b: Any) -> bool:
        """``a is b``."""
        for x, other in ((a, b), (b, a)):
            if isinstance(x, Condition) and isinstance(other, bool):
                return bool(x) is other
            if isinstance(x, Term):
                if other is None or isinstance(other, (bool, type, str)):
                    return False
                if live(x):
                    leak("the identity of a symbol was asked (is)")
        return a is b

    def contains(self, x: Any, among: Any) -> bool:
        """``x in among``."""
        if isinstance(x, Text):
            leak("the text of a symbol was asked")
        if isinstance(x, Term) and not isinstance(x, Condition) and live(x):
            if isinstance(among, (set, frozenset, dict, KeysView)):
                if any(map(live, among)):
                    leak("a symbol was looked up among symbols")
                return found(x, among) is not x
            if isinstance(among, range):
                return _in_range(x, among)
            compared = isinstance(among, (list, tuple, collections.deque, np.ndarray, str))
            if not compared and not is_of_a_user(type(among).__module__):
                leak(f"a symbol was looked up in a {type(among).__name__}")
        return x in among

    def item(self, among: Any, key: Any) -> Any:
        """``among[key]``."""
        if isinstance(key, Condition) and isinstance(among, (list, tuple)):  # (a, b)[x > 0]: True is 1
            return among[bool(key)]
        if isinstance(key, Term) and isinstance(among, dict):
            key = self._key(among, key)
        return among[key]

    def _key(self, among: Mapping[Any, Any], key: Term) -> Any:
        known = found(key, among)
        if known is key and live(key) and any(map(live, among)):
            leak("a symbol was looked up among symbols")
        return known

    def key(self, key: Any) -> Any:
        """The key of a store or a deletion, ``among[key] = ...``, or of a display ``{key: ...}``."""
        if isinstance(key, (Term, tuple)) and live(key):
            leak("a symbol became a key")
        return key

    def attribute(self, x: Any, name: str) -> Any:
        """``x.name``, for the names that terms and arrays of terms have otherwise than floats do."""
        if isinstance(x, types.FunctionType):
            self._ready(x)
        if isinstance(x, Term):
            if name == "__class__":
                return bool if isinstance(x, Condition) else self._float
            if name == "__module__":
                leak("the module of a symbol was asked")
            if name in _FIELDS or (name.startswith("__") and name not in OPERATORS):
                if name in _FIELDS:
                    raise AttributeError(f"'float' object has no attribute {name!r}")
                leak(f"the attribute {name} of a symbol was asked")
        if x is self._float and name == "__module__":
            return "builtins"
        if isinstance(x, TermArray):
            if name == "dtype":
                return np.dtype(float)
            if name == "__class__":
                return np.ndarray
            if name in ("itemsize", "nbytes", "strides", "flags", "tobytes"):
                leak(f"the attribute {name} of an array of symbols was asked")
        return getattr(x, name)

    # ----------------------------------------------------------------------------------------------------- statements

    def text(self, text: Any) -> Any:
        """An f-string, or what ``%`` gives of a text."""
        return text_of(text) if type(text) is str else text

    def shown(self, x: Any) -> Any:
        """What an f-string shows."""
        return shown(x)

    def trying(self, *errors: str) -> None:
        """The first statement of a ``try`` with handlers for these exceptions.

        An overflow is an event of floats; 1/0 and the root of -1 have no value in real numbers either, and symbols do
        not raise there.
        """
        if set(errors) <= {"OverflowError", "FloatingPointError"}:
            handles_overflows(f"{' and '.join(errors)} is handled")
        else:
            leak("an exception may be handled")

    def handler(self) -> None:
        """The first statement of a handler: what was raised on symbols need not be raised on floats."""
        leak("an exception was handled")

    def frames(self, name: str, result: Any) -> Any:
        """A call that sees the frame of its caller, and the result of it."""
        leak(f"{name}() was called")
        return result

    def entered(self, manager: Any) -> Any:
        """The context manager of a ``with``, which may swallow an exception."""
        kind = type(manager)
        if kind.__name__ not in MANAGERS:
            leak(f"a with statement on a {kind.__name__}")
        return manager

    def matched(self, subject: Any, plain: bool) -> Any:
        """The subject of a ``match`` with patterns of classes, True, False, None or a mapping.

        plain: of built-in types alone, where a symbol is a float
        """
        is_float = isinstance(subject, Term) and not isinstance(subject, Condition) and not _may_be_another(subject)
        if live(subject) and not (plain and is_float):
            leak("a symbol was matched with a pattern of more than numbers")
        return subject


def _on_numbers(function: Any) -> Callable[[Calls, tuple[Any, ...]], Done]:
    return lambda calls, args: calls._of_numbers(function, args)


def _hashing(function: Any) -> Callable[[Calls, tuple[Any, ...]], Done]:
    return lambda calls, args: calls._hashed(function, args)


Calls._modelled = {
    type: Calls._type,
    isinstance: Calls._isinstance,
    int: Calls._whole,
    math.trunc: Calls._whole,
    math.fsum: Calls._total,
    math.dist: Calls._distance,
    round: Calls._nearest,
    **{of: _on_numbers(of) for of in (str, repr, format, hash, complex)},
    id: Calls._identity,
    getattr: Calls._attribute_of,
    hasattr: Calls._has_attribute,
    **{of: _hashing(of) for of in (set, frozenset, dict)},
    print: Calls._nothing,
    operator.is_: Calls._is_of,
    operator.is_not: Calls._is_not_of,
    operator.contains: Calls._contains,
    operator.getitem: Calls._getitem,
}


def _note_format(function: Any, args: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """Enter a conversion to a narrow format: ``x.astype(np.float32)``, ``np.zeros(3, dtype=np.float32)``."""
    converts = told(function, "__name__", "") == "astype" and args
    dtype = args[0] if converts else options.get("dtype")
    if dtype is not None and (name := narrow_format(dtype)):
        narrowed(name)


def _is_an_entry(x: Any) -> bool:
    """Whether it is an entry of an array or a sum of some, which NumPy's types tell from a float."""
    return (isinstance(x, TermArray) and x.ndim == 0) or (isinstance(x, Term) and of_entries())


def _may_be_another(x: Any) -> bool:
    """Whether what stands here for a number may have another type than float where the code runs on floats."""
    return _is_an_entry(x) or (isinstance(x, Term) and is_whole(x))


def _in_range(x: Term, among: range) -> bool:
    """Whether a number is one of a range's: between its ends, and a whole number of steps from the first."""
    if not len(among):
        return False
    low, high = min(among[0], among[-1]), max(among[0], among[-1])
    steps = (x - low) / abs(among.step)
    return bool(x >= low) and bool(x <= high) and bool(steps == apply("floor", steps))
