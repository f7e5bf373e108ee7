"""What may be called with a symbol: functions that learn nothing of a number, or learn it by comparing it.

The word `proved` rests on these tables.  A name that is missing costs a rule its proof, with the line that called it; a
name that does not belong here would let code learn what the trace does not record.  Sources: the Python Library
Reference and the NumPy Reference, which say what each function does with its arguments.
"""

from __future__ import annotations

import builtins
import collections
import copy
import functools
import itertools
import math
import operator
import sys
import types
from collections.abc import Mapping, MappingView
from typing import Any

import numpy as np

from backproof.verify.terms.term import Term
from backproof.verify.tracing.arrays import TermArray
from backproof.verify.tracing.classes import body, made_in_c, order, told
from backproof.verify.tracing.functions import FUNCTIONS
from backproof.verify.tracing.tables import Table
from backproof.verify.tracing.texts import Text


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BUILTINS = """
abs all any bool callable classmethod dict divmod enumerate frozenset iter len list next object pow print property range
reversed set slice staticmethod sum super tuple zip
"""
_OF_ITERTOOLS = "accumulate chain combinations count islice pairwise permutations product repeat zip_longest"

PASSED: frozenset[Any] = frozenset(
    [
        *(getattr(builtins, name) for name in _names(_BUILTINS)),
        *(getattr(itertools, name) for name in _names(_OF_ITERTOOLS)),
        *(getattr(operator, name) for name in dir(operator) if name[0] != "_" and name not in ("setitem", "delitem")),
        *(math.prod, collections.deque, collections.OrderedDict, functools.wraps, copy.copy, copy.deepcopy),
    ]
)
"""Functions that move numbers, compute with them or compare them."""

CALLERS: frozenset[Any] = frozenset({filter, functools.partial, functools.reduce, map, max, min, sorted})
"""Functions that call what they are given, and otherwise compare."""

METHODS = _names(
    """
    append appendleft clear close copy count endswith extend get index insert items join keys move_to_end pop
    popleft reverse rotate send setdefault sort split startswith throw update values __getitem__ __iter__ __len__
    __next__ __setitem__
    """
)
"""Methods of lists, dictionaries, strings and generators."""

BY_KEY = _names(
    """
    get pop setdefault __contains__ __delitem__ __getitem__ __setitem__
    """
)
"""Those of a dictionary whose first argument is a key."""

BY_HASH = _names(
    """
    add difference discard fromkeys intersection isdisjoint issubset issuperset remove symmetric_difference union
    """
)
"""Methods that hash what they are given."""

OF_ARRAYS = _names(
    """
    accumulate add all amax amin any append apply_along_axis argmax argmin argsort argwhere array array_equal
    array_equiv array_split asanyarray asarray ascontiguousarray at atleast_1d atleast_2d atleast_3d average block
    broadcast_arrays broadcast_to choose clip column_stack compress concatenate conj conjugate convolve copy copyto
    correlate count_nonzero cross cumprod cumsum delete diag diagflat diagonal diff divide dot double dstack einsum
    empty_like errstate expand_dims extract fill fill_diagonal flatnonzero flatten flip fliplr flipud float64 full
    full_like hsplit hstack inner insert iscomplexobj isrealobj isscalar item ix_ kron logical_and logical_not
    logical_or logical_xor matmul max may_share_memory mean meshgrid min moveaxis multiply nansum ndarray ndim
    negative nonzero norm ones_like outer pad place polyder polyval prod ptp put put_along_axis putmask ravel real
    reciprocal reduce reduceat repeat reshape resize roll rollaxis rot90 select set_printoptions shape
    shares_memory size sliding_window_view sort split square squeeze stack std subtract sum swapaxes T take
    take_along_axis tensordot tile tolist trace transpose tril triu true_divide unravel_index var vdot vsplit vstack
    where zeros_like
    __getitem__ __len__ __setitem__
    """
)
"""Functions and methods of NumPy that move, add, multiply or compare entries, or look at shapes alone."""

MANAGERS = _names(
    """
    RLock _GeneratorContextManager catch_warnings errstate lock nullcontext
    """
)
"""Types of context managers that swallow no exception."""

_PURE = _names(
    """
    __future__ _abc _bisect _collections _functools _heapq _io _operator _struct _thread _warnings abc array bisect
    builtins cmath collections contextlib copy copyreg dataclasses decimal enum fractions functools graphlib heapq
    io itertools json logging math numbers numpy operator pathlib pprint re scipy statistics string struct
    textwrap threading types typing typing_extensions unittest warnings weakref
    """
)
"""Modules whose functions give the same for the same arguments, or nothing that a rule computes with."""

_IMPURE = _names(
    """
    compile dir eval exec globals input locals open vars
    """
)
"""Builtins that do not."""

OPERATORS = frozenset(name for name in vars(Term) if name.startswith("__") and hasattr(float, name))
"""Methods that a term has as a float has them."""

_MOVES = _names("append copy extend index insert reverse items keys values")
_OF_VALUES = {name for kind in (float, dict, set, str, np, np.ndarray) for name in dir(kind)}
TELLING = _OF_VALUES - OF_ARRAYS - frozenset(FUNCTIONS) - OPERATORS - _MOVES
"""Attributes that code without source may not ask for: of numbers, dictionaries, sets, texts, NumPy, and not passed."""

PLAIN_NUMBERS = _names(
    """
    const special pi true false
    """
)
"""Kinds of terms that stand for a known number."""

_DEEP = 3  # levels of lists and dictionaries that a symbol is looked for in


_VIEWS = tuple(map(type, ({}.keys(), {}.values(), {}.items(), types.MappingProxyType({}))))


def live(x: Any, depth: int = _DEEP) -> bool:
    """Whether a symbol is reachable from ``x``, or may be: nobody knows what an iterator holds.

    By its type alone: an object of a user may answer anything when it is asked for its class.
    """
    kind = type(x)
    if issubclass(kind, Term):
        return x.op not in PLAIN_NUMBERS
    if issubclass(kind, (TermArray, Text)):
        return True
    if issubclass(kind, (list, tuple, set, frozenset, collections.deque)):
        return depth > 0 and any(live(part, depth - 1) for part in x)
    if issubclass(kind, dict):
        return depth > 0 and any(live(part, depth - 1) for part in (*x, *x.values()))
    if issubclass(kind, _VIEWS) or any("__next__" in body(one) or one is MappingView for one in order(kind)):
        return True
    return issubclass(kind, np.ndarray) and x.dtype.kind == "O" and any(live(part, 0) for part in x.flat)


def is_whole(x: Term) -> bool:
    """Whether a term may be a whole number, which is an int where the code runs on floats."""
    if x.op in ("floor", "ceil"):
        return True
    if x.op not in ("where", "add", "sub", "mul", "neg"):
        return False
    parts = x.args[1:] if x.op == "where" else x.args
    return all(is_whole(part) or (part.op == "const" and part.value.denominator == 1) for part in parts)


def hashable(x: Any) -> Any:
    """``x`` to look up in a table; None if it has no hash, or is of a class that compares in a way of its own."""
    own: Any = type(x).__eq__
    if own is not object.__eq__ and is_of_a_user(type(x).__module__):
        return None
    try:
        hash(x)
    except Exception:  # a metaclass may raise anything
        return None
    return x


def name_of(function: Any) -> str:
    """A function's name for a reader, with its module."""
    name = told(function, "__name__", type(function).__name__)
    module = home(function)
    owner = told(function, "__self__")
    if not module and owner is not None and not isinstance(owner, types.ModuleType):
        return f"{type(owner).__name__}.{name}"
    return f"{module}.{name}" if module and module != "builtins" else name


def home(x: Any) -> str:
    """The name of the module that something says it is of; "" where it is no text."""
    found = told(x, "__module__")
    return found if isinstance(found, str) else ""


def is_of_a_user(module: Any) -> bool:
    """Whether a module of this name is neither Python's, NumPy's nor ours; what is no text is nobody else's."""
    if not isinstance(module, str | None):
        return True
    top = (module or "builtins").partition(".")[0]
    return top not in sys.stdlib_module_names - {"__main__"} and top not in ("numpy", "scipy", "backproof")


def is_of_terms(function: Any) -> bool:
    """Whether it is one of our functions of terms, in place of one of `math` or NumPy."""
    return home(function).startswith(("backproof.verify.tracing", "backproof.verify.terms", "backproof.engine"))


def is_of_named_tuple(function: types.FunctionType) -> bool:
    """Whether it is one of the methods that `collections.namedtuple` gives every class: they move fields."""
    return function.__code__.co_filename == collections.__file__


def is_single_dispatch(function: Any) -> bool:
    """Whether it is what functools.singledispatch made, with the table that it asks."""
    code, dispatch = getattr(function, "__code__", None), function.dispatch
    if code is None or code.co_filename != functools.__file__ or "dispatch" not in code.co_freevars:
        return False
    return bool(function.__closure__[code.co_freevars.index("dispatch")].cell_contents is dispatch)


def is_error(function: Any) -> bool:
    """Whether it makes an exception, which is raised: then there is no trace."""
    return isinstance(function, type) and issubclass(function, BaseException)


def passes_of_arrays(name: str, args: tuple[Any, ...], options: Mapping[str, Any]) -> bool:
    """Whether a function or method of NumPy only moves, combines or compares entries, in some format of floats."""
    if name == "astype":
        kind = args[-1] if args else options.get("dtype")
        return kind is None or np.dtype(kind).kind in "fb"
    dtype = options.get("dtype")
    return name in OF_ARRAYS and (dtype is None or np.dtype(dtype).kind == "f")


def narrow_format(dtype: Any) -> str:
    """The name of a format of floats narrower than double; "" for any other type."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        return ""
    return found.name if found.kind == "f" and found.itemsize < 8 else ""


def passes_of_container(owner: Any, name: str, args: tuple[Any, ...]) -> bool:
    """Whether a method of a container learns nothing; a key that is hashed is a leak by itself."""
    if name in BY_HASH or (name == "update" and isinstance(owner, (set, frozenset))):
        return not any(map(live, args))
    if name in BY_KEY and isinstance(owner, dict):
        return isinstance(owner, Table) or not live(args[0])
    if isinstance(owner, (str, np.generic)):
        return name in METHODS or not any(map(live, args))
    return isinstance(owner, (list, tuple, dict, collections.deque, types.GeneratorType)) and name in METHODS


def impure(function: Any) -> str:
    """What makes a function give another result for the same arguments; "" if nothing is known to."""
    name = told(function, "__name__", "")
    module = home(function) or home(type(told(function, "__self__")))
    top = module.partition(".")[0]
    if name in _IMPURE and top in ("builtins", "io", "_io"):
        return f"{name}() was called"
    compiled = isinstance(function, _COMPILED) or type(function).__name__ in _CYTHON
    if compiled and is_of_a_user(module) and _is_of_c(told(function, "__self__")):
        return f"a compiled function was called, {name_of(function)}"
    if "random" in module or (top in sys.stdlib_module_names and top not in _PURE):
        return f"{module}.{name} was called"
    return ""


_CYTHON = ("cython_function_or_method", "fused_cython_function")
_COMPILED = (types.BuiltinFunctionType, types.MethodDescriptorType, types.MethodWrapperType, np.ufunc)


def _is_of_c(x: Any) -> bool:
    kind = type(x)
    return x is None or kind is types.ModuleType or (made_in_c(kind) and is_of_a_user(kind.__module__))


def learns_nothing(x: Any) -> bool:
    """Whether code without source may use this: what is passed, `math` and NumPy, a user's own, or no function."""
    if isinstance(x, types.ModuleType):
        return x.__name__ in ("math", "numpy", "scipy.special") or is_of_a_user(x.__name__)
    if not callable(x):
        return True
    module = told(x, "__module__") or "builtins"
    passed = hashable(x) in (PASSED | CALLERS | {float, int, isinstance, math.trunc}) - {dict, frozenset, set}
    return passed or is_error(x) or module == "math" or isinstance(x, np.ufunc) or is_of_a_user(module)
