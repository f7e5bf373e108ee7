"""Classes rebuilt without running anything of theirs: no metaclass, no `__init_subclass__`, no `__set_name__`.

A class was made once, by code that may read its body, register it, or refuse a second one.  What that code made of it
is in the class's own dictionary, so that its copy starts empty and is filled from there.  Everything is read and
written as `type` does it: a metaclass may have its own `__getattribute__`, `__setattr__`, `mro` or `__eq__`.

What is read of objects is read here, too: nobody's `__module__` need be a text, and nobody's `__getattr__` need return.
"""

from __future__ import annotations

import abc
import types
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

_MADE_BY_PYTHON = frozenset({"__dict__", "__weakref__", "__slots__", "__abstractmethods__", "_abc_impl"})
_OF_C = (
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
    types.GetSetDescriptorType,
)
_CONTAINERS: tuple[type, ...] = (list, dict, set, frozenset, tuple)
_NUMBERS: tuple[type, ...] = (float, int, complex, str, bytes)  # and texts: what an object of their kind is


def told(x: Any, name: str, default: Any = None) -> Any:
    """An attribute of a user's object, which may run any code when it is asked."""
    try:
        return getattr(x, name, default)
    except Exception:  # its own
        return default


def is_ours(error: Exception) -> bool:
    """Whether an error says that our own code is wrong: no argument makes a name undefined."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    ours = place is not None and str(place.tb_frame.f_globals.get("__name__")).startswith("backproof.verify.")
    return ours and (isinstance(error, NameError) or type(error) is AssertionError)


def body(kind: type) -> Mapping[str, Any]:
    """A class's own dictionary, whatever its metaclass says."""
    found: Mapping[str, Any] = type.__dict__["__dict__"].__get__(kind)
    return found


def bases(kind: type) -> tuple[type, ...]:
    """Its bases, likewise."""
    found: tuple[type, ...] = type.__dict__["__bases__"].__get__(kind)
    return found


def order(kind: type) -> tuple[type, ...]:
    """The classes that its attributes are looked up in."""
    found: tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    return found


def name_of_class(kind: type) -> str:
    """Its name, likewise."""
    found: str = type.__dict__["__name__"].__get__(kind)
    return found


def made_in_c(kind: type) -> bool:
    """Whether a class is one of an extension: its methods work on memory that a copy does not have."""
    own = (x for name, x in body(kind).items() if name not in _MADE_BY_PYTHON)
    return any(isinstance(x, _OF_C) and x.__objclass__ is kind for x in own)


def _quiet(ordinary: bool) -> type:
    """The first base of a copy while it is made: a class that derives from it tells nobody.  A new one for each copy.

    ordinary: in the layout of an ordinary class, whose objects have a dictionary
    """
    told = {"__init_subclass__": classmethod(lambda cls, **options: None)}
    return type("Quiet", (), told if ordinary else {"__slots__": (), **told})


def empty_copy(kind: type, meta: type, its_bases: tuple[type, ...], more: Mapping[str, Any]) -> type:
    """A class of the same name and layout with these attributes alone.  Raises TypeError where there can be none."""
    own = body(kind)
    members = {"__slots__": own["__slots__"]} if "__slots__" in own else {}
    members |= more
    members["__qualname__"] = type.__dict__["__qualname__"].__get__(kind)
    name = name_of_class(kind)
    make = abc.ABCMeta.__new__ if issubclass(meta, abc.ABCMeta) else type.__new__
    if its_bases == (object,):
        return make(meta, name, its_bases, members)
    ordinary = any("__dict__" in body(one) for base in its_bases for one in order(base))
    made: type = make(meta, name, (_quiet(ordinary), *its_bases), members)
    with suppress(TypeError):  # of another layout: the first base stays, and has nothing that could be seen
        type.__dict__["__bases__"].__set__(made, its_bases)
    return made


def given(kind: type) -> set[str]:
    """Names that mean something else on a class of this metaclass: what its body says of them it gets when made."""
    held = {name for one in order(type(kind)) for name, x in body(one).items() if hasattr(type(x), "__set__")}
    return held.intersection(body(kind)) - _MADE_BY_PYTHON


def to_fill(kind: type) -> Iterator[tuple[str, Any]]:
    """The attributes that a copy of the class is to have: all but those that Python makes for each class."""
    left_out = _MADE_BY_PYTHON | given(kind)
    for name, value in list(body(kind).items()):
        if name not in left_out and not isinstance(value, types.MemberDescriptorType):
            yield name, value


def is_code(x: Any) -> bool:
    """Whether a member of a class is a function, or one that Python wraps."""
    return isinstance(x, (types.FunctionType, property, classmethod, staticmethod))


def is_data(x: Any) -> bool:
    """Whether a member of a class is a text or a number, nothing, or a table or tuple: what annotations are."""
    return x is None or type(x) in (*_NUMBERS, bool, dict, tuple)


def put(kind: type, name: str, was: Any, value: Any) -> None:
    """Set an attribute of a copy.  What is no method stays none: NumPy's exp, held by a class, takes no ``self``."""
    if not hasattr(type(was), "__get__") and hasattr(type(value), "__get__"):
        value = staticmethod(value)
    type.__setattr__(kind, name, value)


def finish(kind: type) -> None:
    """Say which of its methods are still abstract, as when a class is made."""
    if issubclass(type(kind), abc.ABCMeta):
        abc.update_abstractmethods(kind)


def has_methods(kind: type) -> bool:
    """Whether Python code of somebody's own belongs to a class."""
    return any(isinstance(x, types.FunctionType) for one in order(kind) for x in body(one).values())


def container_of(x: Any) -> Any:
    """The built-in container that an object is one of, if its memory is that one's; None for any other."""
    return next((kind for kind in _CONTAINERS if issubclass(type(x), kind)), None)


def parts(x: Any) -> list[Any]:
    """What a list, tuple or set holds, whatever its class makes of its iteration."""
    return list(container_of(x).__iter__(x))


def blank(container: Any, kind: type, x: Any) -> Any:
    """An object of a copied class, made without its constructor: empty, or the number or text that ``x`` is.

    Raises TypeError for one that is made in C.
    """
    of: Any = container or next((one for one in _NUMBERS if issubclass(type(x), one)), None)
    if of in _NUMBERS:
        return of.__new__(kind, of.__add__(x, of()))  # the plain one, whatever its class says
    return of.__new__(kind) if of else object.__new__(kind)


def filled(container: Any, kind: type, values: list[Any]) -> Any:
    """A tuple or frozenset of a copied class."""
    return container.__new__(kind, values)


def fill(container: Any, x: Any, values: list[Any]) -> None:
    """Put what it holds into a list or set."""
    container.__init__(x, values)


def variables(x: Any) -> dict[str, Any]:
    """The dictionary of an object, as it is and not as its class says; an empty one where it has none."""
    for kind in order(type(x)):
        holder = body(kind).get("__dict__")
        if isinstance(holder, types.GetSetDescriptorType):
            found = holder.__get__(x)
            return found if isinstance(found, dict) else {}
    return {}


def slots(x: Any) -> Iterator[tuple[Any, Any]]:
    """The slots of an object that hold something, with what they hold."""
    for kind in order(type(x)):
        for slot in body(kind).values():
            if isinstance(slot, types.MemberDescriptorType):
                try:
                    yield slot, slot.__get__(x)
                except AttributeError:  # it holds nothing
                    continue
