"""Twins for symbols: exact literals wherever a function keeps them, and unmodified originals."""

from __future__ import annotations

import functools
import math
import sys
import types
from fractions import Fraction

import pytest

from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import Term, constant, symbol, topological
from backproof.verify.tracing.rebuild import Lifter, covers, exact, lifted
from backproof.verify.tracing.rewriting import rewritten

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772
TABLE = {"half": lambda x: 0.1 * x}
RATES = [0.1, 0.2]
x = symbol("x")


def third(v: object) -> object:
    return TABLE["half"](v)


def exactly(*factors: float) -> Fraction:
    return math.prod(map(Fraction, factors), start=Fraction(1))


def value(term: Term) -> Fraction:
    """The exact factor of x: the product of all constants below."""
    return math.prod((t.value for t in topological(term) if t.op == "const"), start=Fraction(1))


def test_the_compilers_folding_is_undone() -> None:
    def rule(v):
        return 3 * 0.1 * v

    assert 3 * 0.1 in rule.__code__.co_consts  # folded, in floats
    assert value(lifted(rule)(x)) == exactly(3, 0.1) != Fraction(3 * 0.1)


def test_globals_are_exact() -> None:
    def rule(v):
        return SCALE * ALPHA * v

    assert value(lifted(rule)(x)) == exactly(SCALE, ALPHA) != Fraction(SCALE * ALPHA)


def test_closures_are_exact() -> None:
    slope = 0.1

    def rule(v):
        def inner():
            return slope * 0.3 * v

        return inner()

    assert value(lifted(rule)(x)) == exactly(0.1, 0.3)


def test_defaults_are_exact() -> None:
    def rule(v, slope=0.1, *, scale=0.7):
        return slope * scale * v

    assert value(lifted(rule)(x)) == exactly(0.1, 0.7)


def test_helpers_are_rebuilt_with_the_function() -> None:
    assert value(lifted(third)(x)) == exactly(0.1)


def test_partials_and_methods_are_rebuilt() -> None:
    def product(a, b):
        return a * b * 0.1

    assert value(lifted(functools.partial(product, 0.7))(x)) == exactly(0.1, 0.7)


def test_lists_of_constants_are_copied() -> None:
    def rule(v):
        RATES.append(0.5)
        return RATES[0] * RATES[1] * v

    assert value(lifted(rule)(x)) == exactly(0.1, 0.2)
    assert RATES == [0.1, 0.2]


def test_an_import_inside_a_function_returns_the_twin() -> None:
    def rule(v):
        from test_lift_helper import scaled

        return scaled(v)

    helper = types.ModuleType("test_lift_helper")
    exec("RATE = 0.1\ndef scaled(v):\n    return RATE * 0.3 * v", vars(helper))
    sys.modules["test_lift_helper"] = helper
    try:
        assert value(lifted(rule)(x)) == exactly(0.1, 0.3)
    finally:
        del sys.modules["test_lift_helper"]
    assert helper.RATE == 0.1


def test_without_source_the_compiled_constants_are_lifted() -> None:
    scope: dict[str, object] = {}
    exec("def rule(v):\n    return 0.1 * v * 0.3 + 2*0.5", scope)
    rule = scope["rule"]
    assert rewritten(rule.__code__) is None
    assert written(lifted(rule)(x)) == "0.1*x*0.3 + 1"


def test_a_function_whose_source_has_changed_is_not_read_from_it() -> None:
    def rule(v):
        return 3 * 0.1 * v

    moved = rule.__code__.replace(co_firstlineno=1)
    assert rewritten(rule.__code__) is not None
    assert rewritten(moved) is None


def test_the_original_is_untouched() -> None:
    def rule(v):
        return 0.1 * v * SCALE

    before = rule.__code__, rule.__globals__["SCALE"]
    lifted(rule)(x)
    assert (rule.__code__, rule.__globals__["SCALE"]) == before
    assert rule(2.0) == 0.1 * 2.0 * SCALE


class Base:
    rate = 0.1

    def __init__(self, v):
        self.v = v

    def scaled(self):
        return self.v * self.rate

    @property
    def doubled(self):
        return 2.0 * self.v

    @staticmethod
    def third(v):
        return 0.3 * v

    @classmethod
    def made(cls, v):
        return cls(v)


class Derived(Base):
    __slots__ = ("w",)

    def scaled(self):
        self.w = super().scaled()
        return self.w * 0.7


def test_a_class_is_rebuilt_with_its_bases() -> None:
    twin = Lifter().twin(Derived)
    node = twin.made(x)
    assert type(node) is twin is not Derived
    assert value(node.scaled()) == exactly(0.1, 0.7)
    assert value(node.doubled) == 2
    assert value(twin.third(x)) == exactly(0.3)
    assert Base.rate == 0.1
    assert Derived(2.0).scaled() == 2.0 * 0.1 * 0.7


def test_objects_of_a_class_become_objects_of_its_twin() -> None:
    shared = Derived(0.1)

    def rule(v):
        return shared.v * v, isinstance(shared, Derived)

    product, is_one = lifted(rule)(x)
    assert value(product) == exactly(0.1)
    assert is_one
    assert shared.v == 0.1


def test_shared_things_stay_shared() -> None:
    tape: list[object] = []

    def note(v):
        tape.append(v)

    def rule(v):
        note(v)
        return tape[0]

    assert lifted(rule)(x) is x
    assert tape == []


@pytest.mark.parametrize("module", ["math", "numpy", "backproof.engine.value", "collections.abc", None])
def test_code_that_is_not_the_users_is_not_rebuilt(module) -> None:
    assert not covers(module)


@pytest.mark.parametrize("module", ["micrograd.engine", "__main__", "helpers"])
def test_user_code_is_rebuilt(module) -> None:
    assert covers(module)


def test_what_is_not_finite_stays_a_float() -> None:
    assert exact(math.inf) == math.inf
    assert exact(0.1) is constant(0.1)
