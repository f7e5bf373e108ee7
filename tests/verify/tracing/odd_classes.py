"""Classes and objects that cannot be copied as others are, each with a method that is the square of its argument."""

from __future__ import annotations

import abc
import dataclasses
import enum
import functools
import math
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")
Forward = Callable[[Any], Any]


class _ReadsItsBody(type):
    def __init__(cls, name: str, bases: Any, body: Any) -> None:
        super().__init__(name, bases, body)
        cls.count = len(cls.names)  # type: ignore[attr-defined]


class Modelled(metaclass=_ReadsItsBody):
    names = ("a", "b")

    @staticmethod
    def f(x: Any) -> Any:
        return x * x * Modelled.count / 2  # type: ignore[attr-defined]


class OfAType(Generic[T]):
    def f(self, x: Any) -> Any:
        return x * x


class _Registers:
    def __init_subclass__(cls, *, tag: str) -> None:
        cls.tag = tag  # type: ignore[attr-defined]


class Registered(_Registers, tag="t"):
    def f(self, x: Any) -> Any:
        return x * x


class ElsewhereFrom:
    __module__ = property(lambda self: "elsewhere")  # type: ignore[assignment]

    def f(self, x: Any) -> Any:
        return x * x


class NoModule:
    __module__ = 5  # type: ignore[assignment]

    def f(self, x: Any) -> Any:
        return x * x


class Named:
    __name__ = property(lambda self: 1 / 0)

    def __call__(self, x: Any) -> Any:
        return x * x

    f = __call__


class HoldsAUfunc:
    fn = np.square
    root = math.sqrt

    def f(self, x: Any) -> Any:
        return self.fn(x) * self.root(4.0) / 2


class Slots:
    __slots__ = ("k", "seen")

    def __init__(self) -> None:
        self.k = 0.1

    def f(self, x: Any) -> Any:
        self.seen = self.k * x
        return self.seen * x * 10 * (0.1 / self.k)


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: float = 0.1

    def f(self, x: Any) -> Any:
        return self.a**2 / 6 * x * x / (0.1**2 / 6)


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenSlots:
    a: float = 0.1

    def f(self, x: Any) -> Any:
        return self.a**2 / 6 * x * x / (0.1**2 / 6)


class Member(enum.Enum):
    A = 1.0

    def f(self, x: Any) -> Any:
        return x * x * self.value


class RaisesAtNames:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def f(self, x: Any) -> Any:
        return x * x


class RaisesAtAll:
    def __getattribute__(self, name: str) -> Any:
        if name == "f":
            return object.__getattribute__(self, name)
        raise RuntimeError(name)

    def f(self, x: Any) -> Any:
        return x * x


class Compares:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __call__(self, x: Any) -> Any:
        return x * x

    f = __call__


class ForbidsCopies:
    def __copy__(self) -> Any:
        raise RuntimeError("copy")

    def __deepcopy__(self, memo: Any) -> Any:
        raise RuntimeError("deepcopy")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise RuntimeError("reduce")

    def __setattr__(self, name: str, value: Any) -> None:
        raise RuntimeError("setattr")

    def __new__(cls, *args: Any) -> Any:
        if args:
            raise RuntimeError("new")
        return object.__new__(cls)

    def f(self, x: Any) -> Any:
        return x * x


class ForbidsCopiesOfLists(list[Any]):
    def __reduce_ex__(self, protocol: Any) -> Any:
        raise RuntimeError("reduce")

    def f(self, x: Any) -> Any:
        return x * x * self[0]


class LiesAboutItsClass:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("class")

    def f(self, x: Any) -> Any:
        return x * x


class _ForbidsAll(type):
    def __call__(cls, *args: Any) -> Any:
        raise RuntimeError("call")

    def __getattr__(cls, name: str) -> Any:
        raise RuntimeError(name)

    def __setattr__(cls, name: str, value: Any) -> None:
        raise RuntimeError(name)

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(cls) -> int:
        raise RuntimeError("hash")

    def __instancecheck__(cls, x: object) -> bool:
        raise RuntimeError("instancecheck")

    def __subclasscheck__(cls, kind: type) -> bool:
        raise RuntimeError("subclasscheck")

    @property
    def label(cls) -> str:
        return "of the metaclass"


class Forbidden(metaclass=_ForbidsAll):
    label = "of the class"

    @staticmethod
    def f(x: Any) -> Any:
        return x * x


class _Abstract(abc.ABC):
    @abc.abstractmethod
    def f(self, x: Any) -> Any: ...


class Concrete(_Abstract):
    def f(self, x: Any) -> Any:
        return x * x


class Record(NamedTuple):
    a: float

    def f(self, x: Any) -> Any:
        return x * x * self.a


class Text(str):
    def f(self, x: Any) -> Any:
        return x * x * len(self)


class Number(float):
    def f(self, x: Any) -> Any:
        return x * x * self


class Whole(int):
    def f(self, x: Any) -> Any:
        return x * x * self


class Describes:
    class _Raises:
        def __get__(self, owner: Any, kind: Any = None) -> Any:
            raise RuntimeError("get")

    bad = _Raises()

    def f(self, x: Any) -> Any:
        return x * x


class RefersToItself:
    def __init__(self) -> None:
        self.me, self.table = self, {"f": self.square}

    def square(self, x: Any) -> Any:
        return x * x

    def f(self, x: Any) -> Any:
        return self.me.table["f"](x)


@functools.lru_cache
def cached(x: Any) -> Any:
    return x * x


ODD: dict[str, Forward] = {
    "a metaclass that reads the body": Modelled.f,
    "Generic": OfAType[int]().f,
    "a keyword for subclasses": Registered().f,
    "a module that is a property": ElsewhereFrom().f,
    "a module that is a number": NoModule().f,
    "a name that raises": Named(),
    "a name that raises, bound": Named().f,
    "a ufunc and a function of C as attributes": HoldsAUfunc().f,
    "slots": Slots().f,
    "a frozen dataclass": Frozen().f,
    "a frozen dataclass with slots": FrozenSlots().f,
    "a member of an enumeration": Member.A.f,
    "a cache": cached,
    "attributes that raise": RaisesAtNames().f,
    "comparisons that raise": Compares(),
    "comparisons that raise, bound": Compares().f,
    "copies that raise": ForbidsCopies().f,
    "a list whose copies raise": ForbidsCopiesOfLists([1.0]).f,
    "a metaclass that forbids all": Forbidden.f,
    "an abstract base": Concrete().f,
    "a record": Record(1.0).f,
    "a text": Text("a").f,
    "a float": Number(1.0).f,
    "an int": Whole(1).f,
    "a descriptor that raises": Describes().f,
    "a circle": RefersToItself().f,
}
LIMIT = 1.2345
AS_IT_IS: dict[str, Forward] = {"all attributes raise": RaisesAtAll().f, "a class that raises": LiesAboutItsClass().f}
