"""Twins: copies of a function or class, rebuilt so that float literals are exact and `math` accepts symbols.

Python folds ``3*0.1`` when it compiles and ``SCALE*ALPHA`` when it runs, both in floating point, before a symbol
is involved: a right rule then appears wrong by 1e-17.  In a twin every float (in the code, in globals, closure
cells and default arguments) is an exact term, so that nothing can be folded; if the source is available, it is
compiled again without the compiler's own folding (if not, ``2*0.5`` stays the 1.0 it was compiled to).

What a twin refers to (helpers, classes, tables of functions) is rebuilt with it; the originals, their modules and
their data are not modified, and no module's code runs again.
"""

from __future__ import annotations

import builtins
import collections
import copy
import enum
import functools
import math
import sys
import types
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np

from backproof.verify.terms.ledger import leak, leak_of, narrowed
from backproof.verify.terms.term import constant
from backproof.verify.tracing import classes
from backproof.verify.tracing.arrays import BesideTerms
from backproof.verify.tracing.calls import CALLS, Calls
from backproof.verify.tracing.passed import TELLING, learns_nothing, live, narrow_format
from backproof.verify.tracing.rewriting import TABLE, literal_of, looked_up, parts, rewritten, tells, waiting
from backproof.verify.tracing.state import Elsewhere, Mark, state_of
from backproof.verify.tracing.tables import Members, Table, holds_numbers

MOST_OBJECTS = 20_000
"""Objects that are copied for one operation; what hangs on a whole framework is left alone beyond them."""


class Lifter:
    """Makes twins; each object has one twin, so that shared objects stay shared.

    replaced: maps an object (a module, a function) to its replacement while tracing; the object itself if there is none
    names: further globals of every twin, such as a ``float`` that accepts a term as a number
    literal: replaces a number or string of the source; by default a float becomes its exact term
    """

    def __init__(
        self,
        replaced: Callable[[Any], Any] = lambda x: x,
        names: Mapping[str, Any] = types.MappingProxyType({}),
        literal: Callable[[Any], Any] | None = None,
    ) -> None:
        self._replaced = replaced
        self._literal = literal or exact
        self._exact = literal is None
        self._names = dict(names)
        self._known: dict[int, tuple[Any, Any]] = {}  # id -> (the original, kept alive; its twin)
        self._scopes: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
        self._cells: dict[int, tuple[CellType, CellType]] = {}  # id -> (the original, kept alive; its twin)
        self._filled: set[int] = set()
        self._waiting: dict[int, FunctionType] = {}  # id of a twin -> the function, until it is called
        self._calls = Calls(self._names.get("float", float), self.twin, self.ready)
        self._unread: dict[CodeType, str] = {}
        self._left: dict[str, None] = {}
        self._real: dict[int, tuple[Any, dict[str, Any]]] = {}  # id -> an object that is not copied, its attributes
        self.numbers: dict[float, None] = {}  # that the code mentions, also as text

    def twin(self, x: Any) -> Any:
        """The replacement of ``x`` while tracing: what cannot be copied is itself, and leaks.

        An object of a user may do anything when it is looked at, or forbid its own copy.
        """
        if id(x) in self._known:
            return self._known[id(x)][1]
        if len(self._known) > MOST_OBJECTS:
            return self._left_alone(x, f"more than {MOST_OBJECTS} objects belong to it", keep=False)
        try:
            return self._twin(x)
        except (MemoryError, RecursionError):
            raise
        except Exception as error:  # of its own, unless it is ours
            if classes.is_ours(error):
                raise
            name = classes.name_of_class(x if issubclass(type(x), type) else type(x))
            what = f"the class {name}" if issubclass(type(x), type) else f"an object of the class {name}"
            return self._left_alone(x, f"{what} cannot be copied ({type(error).__name__})")

    def _left_alone(self, x: Any, why: str, keep: bool = True) -> Any:
        self._left[why] = None
        leak_of(why)
        return self._keep(x, x) if keep else x

    def _twin(self, x: Any) -> Any:
        found = self._replaced(x)
        if found is not x:
            return self._keep(x, found)
        match x:
            case float() | str() if not classes.has_methods(type(x)):
                self._mention(x)
                return self._literal(x)
            case FunctionType():  # one that says it is of no module was made by `exec`
                return self._function(x) if x.__module__ in (None, "builtins") or covers(x.__module__) else x
            case staticmethod() | classmethod():
                return self._keep(x, type(x)(self.twin(x.__func__)))
            case property():
                return self._keep(x, property(self.twin(x.fget), self.twin(x.fset), self.twin(x.fdel)))
            case types.MethodType():
                return types.MethodType(self.twin(x.__func__), self.twin(x.__self__))  # a new one each time
            case functools._lru_cache_wrapper():  # a result cached on one path is not valid on another
                return self._keep(x, self.twin(x.__wrapped__))
            case functools.cached_property():
                made = self._keep(x, functools.cached_property(self.twin(x.func)))
                made.attrname = x.attrname
                return made
            case functools.partial():
                keywords = self._dict(x.keywords, {})
                return self._keep(x, functools.partial(self.twin(x.func), *map(self.twin, x.args), **keywords))
            case types.ModuleType():
                return self._keep(x, ModuleTwin(self, x)) if covers(x.__name__) else x
            case type():
                return self._class(x)
        if self._exact and type(x) is np.ndarray and x.dtype.kind in "fiub":
            return self._keep(x, x.copy().view(BesideTerms))
        return self._collection(x)

    def _mention(self, x: Any) -> None:
        if isinstance(x, (int, float)) and not isinstance(x, bool):
            with suppress(OverflowError):
                self.numbers[float(x)] = None
        elif isinstance(x, str) and x[-1:].isdigit():
            with suppress(ValueError):
                self.numbers[float(x)] = None
        elif isinstance(x, (tuple, frozenset)):
            for part in x:
                self._mention(part)

    def _keep(self, x: Any, twin: Any) -> Any:
        self._known[id(x)] = x, twin
        self._known.setdefault(id(twin), (twin, twin))  # a twin has no other
        return twin

    # ------------------------------------------------------------------------------------------------ functions

    def _function(self, function: FunctionType) -> FunctionType:
        """The twin of a function: its code, and what that refers to, is rebuilt when it is called for the first time.

        So what hangs on a framework is followed no further than it is used.
        """
        cells = tuple(map(self._cell, function.__closure__ or ()))
        code = waiting(function.__code__, lambda args, options: self.ready(twin)(*args, **options))
        twin = FunctionType(code, self._scope(function.__globals__), function.__name__, None, cells)
        self._keep(function, twin)
        self._waiting[id(twin)] = function
        twin.__qualname__, twin.__doc__, twin.__module__ = function.__qualname__, function.__doc__, function.__module__
        self._dict(vars(function), vars(twin))
        for part in parts(function.__code__):
            self._mention(part.co_consts)
        return twin

    def ready(self, twin: Any) -> Any:
        """The twin, rebuilt now if it is a function that still waits for its first call."""
        function = self._waiting.pop(id(twin), None)
        if function is None:
            return twin
        plain = rewritten(function.__code__) if self._exact else None
        if plain is not None and plain.co_freevars != function.__code__.co_freevars:
            plain = None
        code = lifted_code(plain or function.__code__, self._literal)
        if plain is None and self._exact:
            self._without_source(function)
        for cell in function.__closure__ or ():
            self._fill(cell)
        twin.__defaults__ = self.twin(function.__defaults__)
        twin.__kwdefaults__ = self._dict(function.__kwdefaults__, {}) if function.__kwdefaults__ else None
        self._bind(function.__globals__, twin.__globals__, code)
        twin.__code__ = code
        return twin

    def _cell(self, original: CellType) -> CellType:
        """The one cell in place of this: functions that share a variable still share it."""
        if id(original) not in self._cells:
            self._cells[id(original)] = original, CellType()
        return self._cells[id(original)][1]

    def _fill(self, original: CellType) -> None:
        cell = self._cells[id(original)][1]
        try:
            content = original.cell_contents
        except ValueError:  # the cell is still empty at this point
            return
        if id(cell) not in self._filled:
            self._filled.add(id(cell))
            cell.cell_contents = self.twin(content)

    def _without_source(self, function: FunctionType) -> None:
        """Keep, and enter in the ledger, what code that cannot be rewritten may learn of a symbol."""
        known = {**vars(builtins), **function.__globals__}
        what = tells(function.__code__, lambda name: learns_nothing(known.get(name)), TELLING)
        if what and not _made_by_dataclass(function):
            self._unread[function.__code__] = f"{function.__qualname__} has no source, and uses {what}"
            leak(self._unread[function.__code__], function.__code__)

    def report(self) -> None:
        """Enter in the ledger what was found when the twins were made."""
        for what in self._left:
            leak_of(what)
        for code, what in self._unread.items():
            leak(what, code)
        for x, _ in list(self._known.values()):
            if issubclass(type(x), (np.ndarray, np.floating)) and (name := narrow_format(x.dtype)):
                narrowed(name)

    def state(self) -> Mark:
        """What the twins have left behind, to compare with what a later run leaves."""
        twins = (twin for x, twin in self._known.values() if x is not twin)
        return state_of(twins, (scope for _, scope in self._scopes.values()))

    def _scope(self, original: dict[str, Any]) -> dict[str, Any]:
        """The globals of the twins of a module's functions: a copy, made once."""
        if id(original) not in self._scopes:
            known = {**vars(builtins), "__import__": self._import}
            more = {"__builtins__": known, CALLS: self._calls}
            self._scopes[id(original)] = original, {**self._names, **original, **more}
        return self._scopes[id(original)][1]

    def _import(self, name: str, *where: Any, **options: Any) -> Any:
        """The result of an import inside a function: the twin of the module."""
        return self.twin(builtins.__import__(name, *where, **options))

    def _bind(self, original: dict[str, Any], scope: dict[str, Any], code: CodeType) -> None:
        """Replace the globals that the code refers to by their twins."""
        for part in parts(code):
            for name in looked_up(part):
                if name in original and scope[name] is original[name]:
                    scope[name] = self.twin(original[name])
                elif name == TABLE:
                    scope[name] = Table
                elif (number := literal_of(name)) is not None:
                    scope[name] = number

    # -------------------------------------------------------------------------------------------------- classes

    def _class(self, kind: type) -> type:
        """The class with all its functions rebuilt: created empty, since its functions refer to it.

        A class of an extension, an exception and an enumeration stay as they are.
        """
        if not covers(kind.__module__) or issubclass(kind, (BaseException, enum.Enum)) or classes.made_in_c(kind):
            return kind
        its_bases = tuple(self.twin(base) if covers(base.__module__) else base for base in classes.bases(kind))
        given = {name: self._given(kind, name) for name in classes.given(kind)}
        if id(kind) in self._known:  # a base's functions refer to this class, which was made on the way
            return self._known[id(kind)][1]  # type: ignore[no-any-return]
        twin: type = classes.empty_copy(kind, self.twin(type(kind)), its_bases, given)
        self._keep(kind, twin)
        for name, value in classes.to_fill(kind):
            classes.put(twin, name, value, self.twin(value))
        classes.finish(twin)
        return twin

    def _given(self, kind: type, name: str) -> Any:
        """A member that a class has from the start: code is rebuilt when it is called, and may refer to the class."""
        value = classes.body(kind)[name]
        if classes.is_code(value):
            return self.twin(value)
        if not classes.is_data(value):
            self._left_alone(value, f"the member {name} of the class {classes.name_of_class(kind)} is not copied")
        return value

    # ---------------------------------------------------------------------------------------------- collections

    def _collection(self, x: Any) -> Any:
        """A list, tuple, set or dict with the twins of its elements; an object of a rebuilt class likewise."""
        kind = type(x)
        if kind is tuple:
            parts = tuple(map(self.twin, x))
            return self._keep(x, x if all(a is b for a, b in zip(parts, x, strict=True)) else parts)
        if kind is list:
            found: Any = self._keep(x, [])
            found.extend(map(self.twin, x))
            return found
        if kind is set or kind is frozenset:
            numbers = self._exact and holds_numbers(x)
            return self._keep(x, (Members if numbers else kind)(map(self.twin, x)))
        if kind is dict:
            return self._dict(x, self._keep(x, Table() if self._exact and holds_numbers(x) else {}))
        if not covers(kind.__module__):
            copied = issubclass(kind, _CHANGEABLE)  # which the original does not notice
            return self._keep(x, copy.copy(x)) if copied else x
        if issubclass(kind, enum.Enum):  # compared by identity: it stays what it is, and is put back
            self._real.setdefault(id(x), (x, dict(classes.variables(x))))
            return x
        return self._object(x, self.twin(kind))

    def put_back(self) -> None:
        """Take symbols out of the objects that stay what they are: what the code has stored there meanwhile."""
        for x, before in self._real.values():
            own = classes.variables(x)
            for name in [name for name, value in own.items() if live(value)]:
                if name in before:
                    own[name] = before[name]
                else:
                    del own[name]

    def _dict(self, original: Mapping[Any, Any], found: dict[Any, Any]) -> dict[Any, Any]:
        for key, value in original.items():
            found[key if isinstance(key, float) else self.twin(key)] = self.twin(value)
        return found

    def _object(self, x: Any, kind: type) -> Any:
        """An object with the attributes of ``x``: made empty, since they may refer to it, and without a constructor."""
        container = classes.container_of(x)
        if container is None and classes.made_in_c(type(x)):
            return self._keep(x, x)  # its methods are functions of C, and are called as such
        try:
            found = self._keep(x, classes.blank(container, kind, x))
        except TypeError:  # made by a constructor in C, such as an array's subclass
            return self._keep(x, copy.copy(x))
        if container in (tuple, frozenset):
            found = self._keep(x, classes.filled(container, kind, [self.twin(part) for part in classes.parts(x)]))
        elif container in (list, set):
            classes.fill(container, found, [self.twin(part) for part in classes.parts(x)])
        elif container is dict:
            dict.update(found, self._dict(dict(dict.items(x)), {}))
        own = classes.variables(found)
        for name, value in list(classes.variables(x).items()):
            own[name] = self.twin(value)
        for slot, value in classes.slots(x):
            type.__getattribute__(kind, slot.__name__).__set__(found, self.twin(value))
        return found


class ModuleTwin(Elsewhere):
    """A user's module while tracing: each attribute's twin, made on first access."""

    def __init__(self, lifter: Lifter, module: types.ModuleType) -> None:
        self._lifter, self._module = lifter, module

    def __getattr__(self, name: str) -> Any:
        return self._lifter.twin(getattr(self._module, name))


def lifted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its floats (and those of what it calls) exact.

    For symbols only: to compute with floats, run the function itself.
    """
    lifter = Lifter()
    return lifter.ready(lifter.twin(function))  # type: ignore[no-any-return]


def exact(x: Any) -> Any:
    """The term of a finite float; a value that is not a finite float, or has its own fraction, is not changed."""
    finite = isinstance(x, float) and math.isfinite(x) and not hasattr(x, "fraction")
    negative_zero = finite and x == 0 and math.copysign(1.0, x) < 0  # no rational number
    return constant(float(x)) if finite and not negative_zero else x


def covers(module: Any) -> bool:
    """Whether code of this module is rebuilt: a user's, not ours, Python's own or that of a numerical package."""
    return not isinstance(module, str | None) or (module or "builtins").partition(".")[0] not in _LEFT_ALONE


_LEFT_ALONE = sys.stdlib_module_names | {
    "backproof",
    *("numpy", "scipy", "torch", "jax", "sympy", "mpmath", "flint", "pytest", "_pytest"),
}


def _made_by_dataclass(function: FunctionType) -> bool:
    """Whether it is a method that `dataclasses` or `namedtuple` wrote: it stores fields, or compares them as tuples."""
    return function.__code__.co_filename == "<string>" and function.__name__ in _OF_DATACLASSES


_CHANGEABLE = (dict, list, set, bytearray, collections.deque)

_OF_DATACLASSES = frozenset(
    f"__{name}__" for name in ("init", "new", "repr", "eq", "lt", "le", "gt", "ge", "hash", "setattr", "delattr")
)


# ------------------------------------------------------------------------------------------------------- the code


def lifted_code(code: CodeType, literal: Callable[[Any], Any] = exact) -> CodeType:
    """The code with replaced floats and strings (a float by its exact term), in nested functions too."""
    return code.replace(co_consts=tuple(_lifted_constant(x, literal) for x in code.co_consts))


def _lifted_constant(x: Any, literal: Callable[[Any], Any]) -> Any:
    match x:
        case float() | str():
            return literal(x)
        case CodeType():
            return lifted_code(x, literal)
        case tuple():
            return tuple(_lifted_constant(part, literal) for part in x)
        case frozenset():  # of ``x in {0, 1}``; a symbol is in no set
            return tuple(_lifted_constant(part, literal) for part in sorted(x, key=repr))
    return x
