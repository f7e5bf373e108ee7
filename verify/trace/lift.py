"""Twins: a function or class rebuilt so that its float literals are exact and its `math` knows symbols.

Python folds ``3*0.1`` when it compiles and ``SCALE*ALPHA`` when it runs, both in floating point, before a symbol
is met: a rule that is right then comes out wrong by 1e-17.  In a twin every float (in the code, in globals, closure
cells and default arguments) is an exact term, so that nothing can be folded; where the source is at hand, it is
compiled again without the compiler's own folding (where it is not, ``2*0.5`` stays the 1.0 it was compiled to).

What a twin reaches (helpers, classes, tables of functions) is rebuilt with it; the originals, their modules and
their data stay untouched, and no module's code runs again.
"""

from __future__ import annotations

import abc
import ast
import builtins
import copy
import enum
import functools
import linecache
import math
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from types import CellType, CodeType, FunctionType
from typing import Any

from verify.trace.tables import Members, Table, holds_numbers
from verify.trace.term import constant

_MADE_BY_PYTHON = frozenset({"__dict__", "__weakref__", "__slots__", "__abstractmethods__", "_abc_impl"})


class Lifter:
    """Makes twins; one thing has one twin, so that what was shared stays shared.

    replaced: maps an object (a module, a function) to what stands for it among symbols; the object itself if nothing
    names: further globals of every twin, such as a ``float`` that takes a term for a number
    literal: what stands for a number or text of the source; a float is its exact term, if nothing else is said
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

    def twin(self, x: Any) -> Any:
        """What stands for ``x`` among symbols."""
        if id(x) in self._known:
            return self._known[id(x)][1]
        found = self._replaced(x)
        if found is not x:
            return self._keep(x, found)
        match x:
            case float() | str():
                return self._literal(x)
            case FunctionType():
                return self._function(x) if covers(x.__module__) else x
            case staticmethod() | classmethod():
                return self._keep(x, type(x)(self.twin(x.__func__)))
            case property():
                return self._keep(x, property(self.twin(x.fget), self.twin(x.fset), self.twin(x.fdel)))
            case types.MethodType():
                return self._keep(x, types.MethodType(self.twin(x.__func__), self.twin(x.__self__)))
            case functools._lru_cache_wrapper():  # what it kept on one path is no answer on another
                return self._keep(x, self.twin(x.__wrapped__))
            case functools.partial():
                keywords = self._dict(x.keywords, {})
                return self._keep(x, functools.partial(self.twin(x.func), *map(self.twin, x.args), **keywords))
            case types.ModuleType():
                return self._keep(x, ModuleTwin(self, x)) if covers(x.__name__) else x
            case type():
                return self._class(x) if covers(x.__module__) and not issubclass(x, (enum.Enum, BaseException)) else x
        return self._collection(x)

    def _keep(self, x: Any, twin: Any) -> Any:
        self._known[id(x)] = x, twin
        return twin

    # ------------------------------------------------------------------------------------------------ functions

    def _function(self, function: FunctionType) -> FunctionType:
        plain = unfolded(function.__code__) if self._exact else None
        code = lifted_code(plain or function.__code__, self._literal)
        scope = self._scope(function.__globals__)
        cells = tuple(CellType() for _ in function.__closure__ or ())
        twin = FunctionType(code, scope, function.__name__, None, cells)
        self._keep(function, twin)
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            try:
                cell.cell_contents = self.twin(original.cell_contents)
            except ValueError:  # the cell is still empty
                continue
        twin.__defaults__ = self.twin(function.__defaults__)
        twin.__kwdefaults__ = self._dict(function.__kwdefaults__, {}) if function.__kwdefaults__ else None
        twin.__qualname__, twin.__doc__, twin.__module__ = function.__qualname__, function.__doc__, function.__module__
        self._dict(vars(function), vars(twin))
        self._bind(function.__globals__, scope, code)
        return twin

    def _scope(self, original: dict[str, Any]) -> dict[str, Any]:
        """The globals of the twins of a module's functions: a copy, made once."""
        if id(original) not in self._scopes:
            known = {**vars(builtins), "__import__": self._import}
            self._scopes[id(original)] = original, {**self._names, **original, "__builtins__": known}
        return self._scopes[id(original)][1]

    def _import(self, name: str, *where: Any, **options: Any) -> Any:
        """What an import inside a function brings: the twin of the module."""
        return self.twin(builtins.__import__(name, *where, **options))

    def _bind(self, original: dict[str, Any], scope: dict[str, Any], code: CodeType) -> None:
        """Replace those globals that the code names by their twins."""
        for part in _parts(code):
            for name in part.co_names:
                if name in original and scope[name] is original[name]:
                    scope[name] = self.twin(original[name])
                elif name == _TABLE:
                    scope[name] = Table
                elif name.startswith(_LITERAL):
                    scope[name] = constant(float.fromhex(_hex(name)))

    # -------------------------------------------------------------------------------------------------- classes

    def _class(self, kind: type) -> type:
        """The class with all its functions rebuilt: empty first, for its functions mention it."""
        bases = tuple(self.twin(base) for base in kind.__bases__)
        slots = vars(kind).get("__slots__")
        members = {} if slots is None else {"__slots__": slots}
        members |= {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
        twin: type = self.twin(type(kind))(kind.__name__, bases, members)
        self._keep(kind, twin)
        for name, value in vars(kind).items():
            if name in _MADE_BY_PYTHON or isinstance(value, types.MemberDescriptorType) or name in members:
                continue
            setattr(twin, name, self.twin(value))
        abc.update_abstractmethods(twin)
        return twin

    # ---------------------------------------------------------------------------------------------- collections

    def _collection(self, x: Any) -> Any:
        """A list, tuple, set or dict with the twins of its elements; an object of a rebuilt class likewise."""
        if type(x) is tuple:
            parts = tuple(map(self.twin, x))
            return self._keep(x, x if all(a is b for a, b in zip(parts, x, strict=True)) else parts)
        if type(x) is list:
            found: Any = self._keep(x, [])
            found.extend(map(self.twin, x))
            return found
        numbers = self._exact and type(x) in (set, frozenset, dict) and holds_numbers(x)
        if type(x) in (set, frozenset):
            return self._keep(x, (Members if numbers else type(x))(map(self.twin, x)))
        if type(x) is dict:
            return self._dict(x, self._keep(x, Table() if numbers else {}))
        kind = self.twin(type(x)) if covers(type(x).__module__) else type(x)
        return x if kind is type(x) else self._object(x, kind)

    def _dict(self, original: Mapping[Any, Any], found: dict[Any, Any]) -> dict[Any, Any]:
        for key, value in original.items():
            found[key if isinstance(key, float) else self.twin(key)] = self.twin(value)
        return found

    def _object(self, x: Any, kind: type) -> Any:
        try:
            found = self._keep(x, object.__new__(kind))
        except TypeError:  # made by a constructor of C, such as an array's subclass
            return self._keep(x, copy.copy(x))
        for name in _attributes(x):
            object.__setattr__(found, name, self.twin(getattr(x, name)))
        return found


class ModuleTwin:
    """A user's module among symbols: each attribute's twin, when it is asked for."""

    def __init__(self, lifter: Lifter, module: types.ModuleType) -> None:
        self._lifter, self._module = lifter, module

    def __getattr__(self, name: str) -> Any:
        return self._lifter.twin(getattr(self._module, name))


def lifted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its floats (and those of what it calls) exact.

    For symbols only: where a float is wanted, run the function itself.
    """
    return Lifter().twin(function)  # type: ignore[no-any-return]


def exact(x: Any) -> Any:
    """The term of a finite float; what is no float, not finite, or knows its own fraction, stays as it is."""
    finite = isinstance(x, float) and math.isfinite(x) and not hasattr(x, "fraction")
    return constant(float(x)) if finite else x


def covers(module: str | None) -> bool:
    """Whether code of this module is rebuilt: a user's, not ours, Python's own or that of a numerical package."""
    return (module or "builtins").partition(".")[0] not in _LEFT_ALONE


_LEFT_ALONE = sys.stdlib_module_names | {
    *("engine", "verify", "derivations"),
    *("numpy", "scipy", "torch", "jax", "sympy", "mpmath", "flint", "pytest", "_pytest"),
}


def _attributes(x: Any) -> Iterator[str]:
    yield from getattr(x, "__dict__", ())
    for kind in type(x).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(x, name):
                yield name


# ------------------------------------------------------------------------------------------------------- the code


def lifted_code(code: CodeType, literal: Callable[[Any], Any] = exact) -> CodeType:
    """The code with another value for its floats and texts (a float's exact term), in nested functions too."""
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


def unfolded(code: CodeType) -> CodeType | None:
    """The code compiled again from its source, each float literal a global name that the compiler cannot fold.

    None where the source is missing, or is not that of this code any more.
    """
    found = _unfolded_file(code.co_filename)
    if found is None:
        return None
    key = code.co_qualname, code.co_firstlineno
    plain, named = found[0].get(key), found[1].get(key)
    return named if plain == code else None


_Codes = dict[tuple[str, int], CodeType]


@functools.cache
def _unfolded_file(path: str) -> tuple[_Codes, _Codes] | None:
    """Every function of a source file, as the compiler makes it, and with its literals named."""
    text = "".join(linecache.getlines(path))
    if not text:
        return None
    try:
        tree = ast.parse(text)
        plain = compile(text, path, "exec", dont_inherit=True)
        named = compile(_NameLiterals().visit(tree), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):  # a notebook's or console's text need not be a module's
        return None
    return _by_place(plain), _by_place(named)


def _by_place(code: CodeType) -> _Codes:
    return {(part.co_qualname, part.co_firstlineno): part for part in _parts(code)}


def _parts(code: CodeType) -> Iterator[CodeType]:
    """The code and all that is nested in it."""
    yield code
    for x in code.co_consts:
        if isinstance(x, CodeType):
            yield from _parts(x)


_LITERAL = "_float_"  # and the literal in hexadecimal, which a name can spell: _float_0x1_8p+0 with p, m for signs


_TABLE = "_table_of_numbers"


class _NameLiterals(ast.NodeTransformer):
    """Every float literal a global name, but for those that Python wants literal (patterns of `match`).

    What looks numbers up by their hash is written so that symbols can be looked up, too.
    """

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        for place, (op, among) in enumerate(zip(node.ops, node.comparators, strict=True)):
            if isinstance(op, (ast.In, ast.NotIn)) and isinstance(among, ast.Set):
                node.comparators[place] = ast.copy_location(ast.Tuple(among.elts, ast.Load()), among)
        return self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        self.generic_visit(node)
        if not holds_numbers(keys):
            return node
        made = ast.Call(ast.copy_location(ast.Name(_TABLE, ast.Load()), node), [node], [])
        return ast.copy_location(made, node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not isinstance(node.value, float) or not math.isfinite(node.value):
            return node
        return ast.copy_location(ast.Name(_name(node.value), ast.Load()), node)

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        return node


def _name(x: float) -> str:
    return _LITERAL + x.hex().replace(".", "_").replace("+", "P").replace("-", "M")


def _hex(name: str) -> str:
    return name.removeprefix(_LITERAL).replace("_", ".").replace("P", "+").replace("M", "-")
