"""Nobody's class, metaclass or object ends in a traceback of ours, and all are afterwards what they were before."""

from __future__ import annotations

import abc
import copy
import dataclasses
import enum
import functools
import math
import types
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.terms.term import Term, symbol
from backproof.verify.tracing import classes
from backproof.verify.tracing.rebuild import Lifter

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


def right_verdict(forward: Forward, factor: float, **more: Any) -> Verdict:
    report = verify.check(
        lambda x: forward(x), lambda x, g: g * factor * x, **more, points=60, raises=False, name="odd"
    )
    return report.operations[0].right.verdict


@pytest.mark.parametrize("name", ODD)
def test_odd_classes_are_traced(name: str) -> None:
    assert right_verdict(ODD[name], 2.0) is Verdict.PROVED
    assert right_verdict(ODD[name], 2.0001) is Verdict.REFUTED


@pytest.mark.parametrize("name", ODD)
def test_they_may_be_the_forward_themselves(name: str) -> None:
    report = verify.check(ODD[name], lambda x, g: 2 * g * x, names=("x",), points=60, raises=False)
    assert report.operations[0].right.verdict is Verdict.PROVED


@pytest.mark.parametrize("name", AS_IT_IS)
@pytest.mark.parametrize("more", [{}, {"definition": "x*x"}, {"shapes": {"x": 2}}], ids=["alone", "defined", "arrays"])
def test_what_cannot_be_looked_at_is_run_as_it_is(name: str, more: dict[str, Any]) -> None:
    assert right_verdict(AS_IT_IS[name], 2.0, **more) in (Verdict.MATCHED, Verdict.PROVED)
    assert right_verdict(AS_IT_IS[name], 2.001, **more) is Verdict.REFUTED


def test_an_array_whose_copies_raise_leaks() -> None:
    class Ours(np.ndarray):
        def __copy__(self) -> Any:
            raise RuntimeError("copy")

        def __reduce_ex__(self, protocol: Any) -> Any:
            raise RuntimeError("reduce")

    held = np.ones(2).view(Ours)
    report = verify.check(lambda x: x * x * held[0], lambda x, g: 2 * g * x, points=60)
    assert report.operations[0].right.verdict is Verdict.MATCHED
    assert any("an object of the class Ours cannot be copied (RuntimeError)" in f.message for f in report.findings)


@pytest.mark.parametrize("name", ODD)
def test_nothing_is_changed(name: str) -> None:
    """Deep compare of the variables of objects and classes: of what the code itself stores, no symbol is left."""
    forward = ODD[name]
    owner = getattr(forward, "__self__", forward) if not isinstance(forward, Named) else forward
    kind = type(owner)
    own, body = dict(classes.variables(owner)), dict(classes.body(kind))
    right_verdict(forward, 2.0)
    assert dict(classes.variables(owner)) == own
    assert list(classes.body(kind)) == list(body)
    assert all(classes.body(kind)[key] is value for key, value in body.items())
    assert not any(isinstance(value, Term) for _, value in classes.slots(owner))


def test_no_symbol_is_left_in_what_is_not_copied() -> None:
    class Kind(enum.Enum):
        A = 1

        def f(self, x: Any) -> Any:
            self.seen = x
            return x * x

    Kind.A.seen = "before"  # type: ignore[attr-defined]
    lifter = Lifter()
    twin = lifter.ready(lifter.twin(Kind.f))
    twin(lifter.twin(Kind.A), symbol("x"))
    lifter.put_back()
    assert vars(Kind.A)["seen"] == "before"


def test_no_code_of_a_class_runs_when_it_is_copied() -> None:
    made: list[str] = []

    class Meta(type):
        def __new__(cls, name: str, bases: Any, body: Any) -> Any:
            made.append(name)
            return super().__new__(cls, name, bases, body)

        def mro(cls) -> Any:
            return super().mro()

    class Base(metaclass=Meta):
        def __init_subclass__(cls) -> None:
            made.append(f"{cls.__name__} below Base")

    class Below(Base):
        def f(self, x: Any) -> Any:
            return super().__eq__(x) or x

    before = list(made)
    twin = Lifter().twin(Below)
    assert twin is not Below
    assert twin.__bases__[0].__name__ == "Base"
    assert [one.__name__ for one in twin.__mro__] == ["Below", "Base", "object"]
    assert made == before


def test_an_object_that_drags_a_framework_along_is_followed_no_further_than_it_is_used() -> None:
    """A function that is never called is not rebuilt, and what it refers to is not looked at."""
    scope: dict[str, Any] = {"__name__": "theirs", "huge": [object() for _ in range(10)]}
    exec("def used(x): return x*x\ndef never(x): return huge", scope)
    module = types.ModuleType("theirs")
    vars(module).update(scope)
    lifter = Lifter()
    twin = lifter.twin(scope["used"])
    lifter.ready(twin)
    assert twin(3) == 9
    assert id(scope["huge"]) not in lifter._known


def test_a_function_that_waits_can_be_looked_at() -> None:
    """`inspect.signature` of a twin is that of the function, although it has not been called."""
    import inspect

    def helper(x: Any, *, scale: float = 2.0) -> Any:
        return x * scale

    def forward(x: Any) -> Any:
        names = list(inspect.signature(helper).parameters)
        assert helper.__kwdefaults__ is not None
        return helper(x) * x / 2.0 if names == ["x", "scale"] else x

    report = verify.check(forward, lambda x, g: 2 * g * x, points=60, raises=False)
    assert report.operations[0].right.verdict in (Verdict.PROVED, Verdict.MATCHED)


def test_a_copy_of_a_copy() -> None:
    assert copy.copy(Frozen()).f(2.0) == pytest.approx(4.0)
    assert Lifter().twin(Frozen(0.5)).a.value == 0.5


def test_a_property_of_a_name_that_every_class_has_hides_nothing() -> None:
    """`__name__` of an object is code like any other: it is rebuilt, and what it asks of a symbol is seen."""

    class Asks:
        x: Any = 0.0

        @property
        def __name__(self) -> str:
            return "near" if self.x is LIMIT else "far"

        def f(self, x: Any) -> Any:
            self.x = x
            return x * x if self.__name__ == "far" else x

    held = Asks()
    report = verify.check(lambda x: held.f(x), lambda x, g: 2 * g * x, points=60, raises=False)
    assert report.operations[0].right.verdict is Verdict.MATCHED
    assert "the identity of a symbol was asked" in str(report.findings)
