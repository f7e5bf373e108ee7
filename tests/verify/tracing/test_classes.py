"""Nobody's class, metaclass or object ends in a traceback of ours, and all are afterwards what they were before."""

from __future__ import annotations

import copy
import enum
import types
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.terms.term import Term, symbol
from backproof.verify.tracing import classes
from backproof.verify.tracing.rebuild import Lifter
from tests.verify.tracing.odd_classes import AS_IT_IS, LIMIT, ODD, Forward, Frozen, Named


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
