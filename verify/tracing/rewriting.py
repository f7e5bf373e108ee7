"""The code of a twin: compiled again from its source, what could learn something of a symbol replaced by a call.

A float literal becomes a global name, which the compiler cannot fold (it turns ``3*0.1`` into another float).  Calls,
``is``, ``in``, look-ups and handlers come to `verify.tracing.calls`, which says of each what the trace makes of it.
What is left of the language are operators, tests of truth and moves, which terms record themselves.
"""

from __future__ import annotations

import ast
import dis
import functools
import linecache
import math
from collections.abc import Callable, Collection, Iterator
from types import CodeType
from typing import Any

from backproof.verify.terms.term import constant
from backproof.verify.tracing.calls import CALLS
from backproof.verify.tracing.tables import holds_numbers

_LITERAL = "_float_"  # and the literal in hexadecimal, which a name can spell: _float_0x1_8p+0 with p, m for signs
TABLE = "_table_of_numbers"

_BUILT_IN = frozenset({"float", "int", "complex", "str", "bytes", "list", "tuple", "dict", "set"})
_FRAMES = frozenset({"locals", "globals", "vars", "dir", "eval", "exec", "__import__", "breakpoint"})
_ATTRIBUTES = frozenset({
    *("op", "args", "value", "dtype", "itemsize", "nbytes", "strides", "flags", "tobytes"),
    *("__class__", "__dict__", "__doc__", "__module__", "__hash__", "__reduce__", "__slots__", "__weakref__"),
    *("__repr__", "__str__", "__format__", "__sizeof__", "__array_ufunc__"),
    *("__defaults__", "__kwdefaults__", "__code__", "__closure__", "__signature__"),  # and a twin that waits
})  # fmt: skip
"""Attributes that a term or an array of terms has otherwise than a float or an array of floats."""


def literal_of(name: str) -> Any:
    """The term of a float literal, by the name that stands for it; None for any other name."""
    if not name.startswith(_LITERAL):
        return None
    return constant(float.fromhex(name.removeprefix(_LITERAL).replace("_", ".").replace("P", "+").replace("M", "-")))


def rewritten(code: CodeType) -> CodeType | None:
    """The code compiled again from its source; None if the source is missing, or no longer that of this code."""
    found = _file(code.co_filename)
    key = code.co_qualname, code.co_firstlineno
    return next((named for plain, named in (found or {}).get(key, ()) if plain == code), None)


def parts(code: CodeType) -> Iterator[CodeType]:
    """The code and all nested code."""
    yield code
    for x in code.co_consts:
        if isinstance(x, CodeType):
            yield from parts(x)


@functools.lru_cache(maxsize=4096)
def looked_up(code: CodeType) -> tuple[str, ...]:
    """The names that a code looks up, and not those of attributes alone: a global of the same name is not its own."""
    steps = dis.get_instructions(code)
    names = (step.argval for step in steps if step.opcode in dis.hasname and not step.opname.endswith(_OF_OBJECTS))
    return tuple(dict.fromkeys(names))


def waiting(code: CodeType, first: Callable[[Any, Any], Any]) -> CodeType:
    """A code in place of ``code`` that hands what it is called with, by place and by name, to ``first``."""
    consts = tuple(first if x == _FIRST else x for x in _WAITING.co_consts)
    names = {"co_name": code.co_name, "co_qualname": code.co_qualname}
    place = {"co_filename": code.co_filename, "co_firstlineno": code.co_firstlineno}
    return _WAITING.replace(co_consts=consts, co_freevars=code.co_freevars, **names, **place)  # type: ignore[arg-type]


_FIRST = "what is called first"


def _waits(*args: Any, **options: Any) -> Any:
    first: Any = "what is called first"
    return first(args, options)


_WAITING = _waits.__code__

_OF_OBJECTS = ("_ATTR", "_METHOD", "IMPORT_FROM")

_Codes = dict[tuple[str, int], list[tuple[CodeType, CodeType]]]


@functools.cache
def _file(path: str) -> _Codes | None:
    """Every function of a source file by its name and line (two lambdas may share them): as compiled, and rewritten."""
    text = "".join(linecache.getlines(path))
    if not text:
        return None
    try:
        written = ast.parse(text)
        tree = ast.fix_missing_locations(_Rewriter(_bound(written)).visit(written))
        plain = compile(text, path, "exec", dont_inherit=True)
        named = compile(tree, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):  # a notebook's or console's text need not be a module's
        return None
    found: _Codes = {}
    for one, other in zip(parts(plain), parts(named), strict=True):
        found.setdefault((one.co_qualname, one.co_firstlineno), []).append((one, other))
    return found


class _Rewriter(ast.NodeTransformer):
    """Replaces what is not an operator, a test of truth or a move.

    Look-ups of numbers by hash are rewritten so that symbols can be looked up, too.

    bound: names that the file gives a meaning of its own
    """

    def __init__(self, bound: Collection[str]) -> None:
        self._bound = bound

    # ------------------------------------------------------------------------------------------------- expressions

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not isinstance(node.value, float) or not math.isfinite(node.value):
            return node
        name = _LITERAL + node.value.hex().replace(".", "_").replace("+", "P").replace("-", "M")
        return ast.copy_location(ast.Name(name, ast.Load()), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _asked("text", node, node) if isinstance(node.op, ast.Mod) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        return _asked("text", node, node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        node.value = _asked("shown", node.value, self.visit(node.value))
        for part in getattr(node.format_spec, "values", ()):  # which is an f-string, but no text
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "super":  # it reads the frame that calls it
            return node
        if isinstance(node.func, ast.Name) and node.func.id in _FRAMES:
            return _asked("frames", node, ast.Constant(node.func.id), node)
        return _asked("call", node, node.func, *node.args, keywords=node.keywords)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        for place, (op, among) in enumerate(zip(node.ops, node.comparators, strict=True)):
            if isinstance(op, (ast.In, ast.NotIn)) and isinstance(among, ast.Set):
                node.comparators[place] = ast.copy_location(ast.Tuple(among.elts, ast.Load()), among)
        self.generic_visit(node)
        if not any(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in node.ops):
            return node
        if len(node.ops) > 1:
            return _asked("frames", node, ast.Constant("a chain of `is` and `in`"), node)
        (op,), (right,) = node.ops, node.comparators
        method = "same" if isinstance(op, (ast.Is, ast.IsNot)) else "contains"
        found = _asked(method, node, node.left, right)
        if isinstance(op, (ast.IsNot, ast.NotIn)):
            found = ast.copy_location(ast.UnaryOp(ast.Not(), found), node)
        return found

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if any(isinstance(part, ast.Slice) for part in (node.slice, *getattr(node.slice, "elts", ()))):
            return node  # no key of a dictionary
        if isinstance(node.ctx, ast.Load):
            return _asked("item", node, node.value, node.slice)
        node.slice = _asked("key", node.slice, node.slice)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr in _ATTRIBUTES and isinstance(node.ctx, ast.Load):
            return _asked("attribute", node, node.value, ast.Constant(node.attr))
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        constants = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        self.generic_visit(node)
        node.keys = [
            key if key is None or isinstance(key, ast.Constant) else _asked("key", key, key) for key in node.keys
        ]
        if not holds_numbers(constants):
            return node
        return ast.copy_location(ast.Call(ast.Name(TABLE, ast.Load()), [node], []), node)

    def visit_Set(self, node: ast.Set) -> ast.AST:
        self.generic_visit(node)
        node.elts = [part if isinstance(part, ast.Starred) else _asked("key", part, part) for part in node.elts]
        return node

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        node.elt = _asked("key", node.elt, node.elt)
        return node

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        node.key = _asked("key", node.key, node.key)
        return node

    # ------------------------------------------------------------------------------------------------- statements

    def visit_Try(self, node: ast.Try) -> ast.AST:
        self.generic_visit(node)
        if node.handlers:
            handled = (name for handler in node.handlers for name in _handled(handler))
            names = [ast.Constant(f"their own {name}" if name in self._bound else name) for name in handled]
            node.body.insert(0, _statement("trying", node, *names))
        if any(
            isinstance(part, (ast.Return, ast.Break, ast.Continue)) for at in node.finalbody for part in ast.walk(at)
        ):
            node.finalbody.insert(0, _statement("handler", node))  # it swallows what was raised
        return node

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _statement("trying", node, ast.Constant("ExceptionGroup")))
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _statement("handler", node))
        return node

    def visit_withitem(self, node: ast.withitem) -> ast.AST:
        self.generic_visit(node)
        node.context_expr = _asked("entered", node.context_expr, node.context_expr)
        return node

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        return node  # a literal is required there

    def visit_Match(self, node: ast.Match) -> ast.AST:
        telling = ast.MatchClass, ast.MatchSingleton, ast.MatchMapping
        patterns = [part for case in node.cases for part in ast.walk(case.pattern) if isinstance(part, telling)]
        plain = all(map(self._is_plain, patterns))
        self.generic_visit(node)
        if patterns:
            node.subject = _asked("matched", node.subject, node.subject, ast.Constant(plain))
        return node

    def _is_plain(self, pattern: ast.pattern) -> bool:
        """Whether a pattern asks only for a built-in type, which is what it is called, or for True, False or None."""
        if not isinstance(pattern, ast.MatchClass):
            return isinstance(pattern, ast.MatchSingleton)
        kind = pattern.cls
        inner = pattern.patterns or pattern.kwd_patterns
        return isinstance(kind, ast.Name) and kind.id in _BUILT_IN and kind.id not in self._bound and not inner

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        return node  # its keys are literals

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        return node  # names and literals of a pattern stay as they are


def _asked(method: str, place: ast.AST, *args: ast.expr, keywords: list[ast.keyword] | None = None) -> ast.expr:
    """A call of `Calls`, at the place of what it stands for."""
    function = ast.Attribute(ast.Name(CALLS, ast.Load()), method, ast.Load())
    made = ast.copy_location(ast.Call(function, list(args), keywords or []), place)
    ast.copy_location(function, place)
    ast.copy_location(function.value, place)
    return made


def _statement(method: str, place: ast.AST, *args: ast.expr) -> ast.stmt:
    for one in args:
        ast.copy_location(one, place)
    return ast.copy_location(ast.Expr(_asked(method, place, *args)), place)


def _bound(tree: ast.AST) -> set[str]:
    """The names that a file assigns, imports, defines or takes as arguments, wherever."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.arg(arg=name) | ast.alias(asname=None, name=name) | ast.alias(asname=name):
                found.add(str(name))
    return found


def _handled(handler: ast.ExceptHandler) -> list[str]:
    """The names of the exceptions that a handler is for; "BaseException" where it names none."""
    if handler.type is None:
        return ["BaseException"]
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [kind.id if isinstance(kind, ast.Name) else ast.unparse(kind) for kind in kinds]


# --------------------------------------------------------------------------------------------- code without source

_TELLING = frozenset({
    *("IS_OP", "CONTAINS_OP", "FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "BUILD_SET", "SET_ADD", "MAP_ADD"),
    *("PUSH_EXC_INFO", "CHECK_EXC_MATCH", "STORE_GLOBAL", "MATCH_CLASS", "MATCH_KEYS", "MATCH_MAPPING"),
    *("BEFORE_WITH", "LOAD_SPECIAL"),
})  # fmt: skip


def tells(code: CodeType, plain: Callable[[str], bool], names: Collection[str]) -> str:
    """What in code without source could learn something of a symbol; "" if there is nothing.

    plain: whether a global name is a function that learns nothing, or a user's; names: attributes that may be called
    """
    for part in parts(code):
        for step in dis.get_instructions(part):
            if step.opname in _TELLING or step.argrepr in ("%", "%="):  # which formats a text, too
                return step.opname.lower()
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and not plain(str(step.argval)):
                return str(step.argval)
            if step.opname in ("LOAD_ATTR", "LOAD_METHOD") and step.argval in names:
                return str(step.argval)
    return ""
