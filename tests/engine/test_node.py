"""What a node is, what `backward` does, and how bad input is reported."""

import gc
import math
import weakref

import pytest

from backproof.engine import Value
from backproof.engine.node import interior, nothing


def chain(nodes, start=0.5):
    """x*w + b, again and again: ``nodes`` operations."""
    x, w, b = Value(start), Value(0.999), Value(0.001)
    out = x
    for _ in range(nodes // 2):
        out = out * w + b
    return out, (x, w, b)


# --------------------------------------------------------------------------------------------- what a node is


def test_a_leaf():
    x = Value(2.0, label="x")
    assert (x.data, x.grad, x._prev, x._op, x.label) == (2.0, 0, (), "", "x")
    assert x._backward is nothing


def test_the_constructor_takes_what_micrograd_takes():
    a = Value(1.0)
    made = Value(3.0, (a, a), "+", "sum")
    assert (made._prev, made._op, made.label) == ((a, a), "+", "sum")


def test_prev_keeps_the_operands_in_order_and_repeated_ones():
    a, b = Value(2.0), Value(3.0)
    assert (a - b)._prev == (a, b)
    assert (b - a)._prev == (b, a)
    assert (a * a)._prev == (a, a)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Value(2.0), "Value(data=2.0, grad=0)"),
        (Value(-1, label="b"), "Value(data=-1, grad=0, label='b')"),
    ],
)
def test_repr(value, shown):
    assert repr(value) == shown


def test_repr_shows_the_gradient():
    x = Value(3.0, label="x")
    (x * x).backward()
    assert repr(x) == "Value(data=3.0, grad=6.0, label='x')"


def test_a_subclass_makes_its_own_kind():
    class Loud(Value):
        pass

    assert type(Loud(1.0) + 2) is type(3 * Loud(1.0).tanh()) is Loud


# ------------------------------------------------------------------------------------------------- backward


def test_both_derivatives_of_a_product():
    a, b = Value(2.0), Value(-3.0)
    out = a * b
    out.backward()
    assert (out.grad, a.grad, b.grad) == (1.0, -3.0, 2.0)


def test_gradients_of_several_uses_add_up():
    a = Value(3.0)
    b = a + a
    out = b * a  # 2a²
    out.backward()
    assert a.grad == 12.0


def test_a_diamond():
    x = Value(0.5)
    left, right = x.exp(), x.sin()
    out = left * right
    out.backward()
    assert x.grad == pytest.approx(math.exp(0.5) * (math.sin(0.5) + math.cos(0.5)), rel=1e-15)


def test_a_node_is_done_only_when_all_its_uses_are():
    x = Value(2.0)
    early = x * x
    out = early
    for _ in range(3):
        out = out + early  # `early` has uses at every depth
    out.backward()
    assert x.grad == 16.0


def test_backward_of_a_leaf():
    x = Value(2.0)
    x.backward()
    assert x.grad == 1.0


def test_the_seed_is_a_one_of_the_right_kind():
    whole = Value(2)
    (whole * 3).backward()
    assert whole.grad == 3
    nested = Value(Value(2.0))
    out = nested * nested
    out.backward()
    assert isinstance(out.grad, Value)
    assert out.grad.data == 1.0


def test_a_second_call_adds_to_the_leaves_and_starts_the_nodes_between_afresh():
    x = Value(3.0)
    square = x * x
    out = square * 2
    out.backward()
    assert (x.grad, square.grad, out.grad) == (12.0, 2.0, 1.0)
    out.backward()
    assert (x.grad, square.grad, out.grad) == (24.0, 2.0, 1.0)


def test_two_outputs_add_to_a_leaf_they_share():
    x = Value(3.0)
    for out in (x * x, x * 5):
        out.backward()
    assert x.grad == 11.0


def test_data_stay_as_they_were():
    a, b = Value(2.0), Value(3.0)
    out = (a / b).tanh() ** 2
    before = [node.data for node in (*interior(out), a, b)]
    out.backward()
    assert [node.data for node in (*interior(out), a, b)] == before


def test_interior_has_operands_first_and_left_before_right():
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    left, right = a * b, b * c
    out = left + right
    assert interior(out) == [left, right, out]
    assert interior(a) == []


# -------------------------------------------------------------------------------------------- deep and large


def test_a_chain_of_100_000_nodes():
    out, (x, w, _) = chain(100_000)
    out.backward()
    assert x.grad == pytest.approx(0.999**50_000, rel=1e-9)
    assert w.grad == pytest.approx(1000.0, rel=1e-9)


@pytest.mark.slow
def test_a_chain_of_1_000_000_nodes():
    out, (_, w, _) = chain(1_000_000)
    out.backward()
    assert w.grad == pytest.approx(1000.0, rel=1e-9)
    ended = weakref.ref(out)
    del out
    assert ended() is None


def test_work_grows_with_the_nodes_and_no_faster(monkeypatch):
    """Not a time: every node's rule runs once, however often it is used."""
    ran = 0
    x = Value(1.0)
    out = x
    for _ in range(60):  # 2**60 paths
        out = out + out
        whole = out._backward

        def counted(whole=whole):
            nonlocal ran
            ran += 1
            whole()

        out._backward = counted
    out.backward()
    assert x.grad == 2.0**60
    assert ran == 60


# ---------------------------------------------------------------------------------------- freeing the memory


def test_a_graph_is_freed_with_its_last_name():
    """No reference cycles: nothing waits for the garbage collector."""
    out, (x, _, _) = chain(100)
    middle = weakref.ref(out._prev[0])
    gc.collect()
    gc.disable()
    try:
        out.backward()
        del out
        assert middle() is None
    finally:
        gc.enable()
    assert x.grad != 0


# ------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("data", "named"),
    [("3", "'3'"), (None, "None"), ([1.0], r"\[1.0\]"), (object, "object"), (1j, "1j")],
)
def test_data_that_are_not_numbers_are_refused_by_name(data, named):
    with pytest.raises(TypeError, match=rf"{named}.*register"):
        Value(data)


@pytest.mark.parametrize(("flag", "number"), [(True, 1), (False, 0)])
def test_a_bool_is_refused_with_the_number_it_may_mean(flag, number):
    with pytest.raises(TypeError, match=rf"{flag} is a bool, not a number: pass {number}"):
        Value(flag)


@pytest.mark.parametrize("other", ["3", None, True])
@pytest.mark.parametrize("operation", ["__add__", "__rmul__", "__truediv__", "max", "pow", "hypot"])
def test_a_bad_operand_is_refused(operation, other):
    with pytest.raises(TypeError, match=repr(other)):
        getattr(Value(1.0), operation)(other)


@pytest.mark.parametrize(("exponent", "kind"), [("2", "str"), (None, "NoneType"), (True, "bool")])
def test_a_bad_exponent_is_refused(exponent, kind):
    with pytest.raises(TypeError, match=rf"exponent {exponent!r} is a {kind}, not a number"):
        Value(2.0) ** exponent


def test_a_list_as_exponent():
    with pytest.raises(TypeError, match=r"\[2\]"):
        Value(2.0) ** [2]


@pytest.mark.parametrize("name", ["max", "min"])
def test_max_of_three_says_how_to_nest(name):
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    with pytest.raises(TypeError, match=rf"{name} takes one other operand.*a\.{name}\(b\)\.{name}\(c\)"):
        getattr(a, name)(b, c)


@pytest.mark.parametrize("function", [max, min, sorted])
def test_the_builtin_max_says_what_to_use(function):
    with pytest.raises(TypeError, match=r"no order: compare their \.data, or use a\.max\(b\)"):
        function([Value(1.0), Value(2.0)])


@pytest.mark.parametrize(
    ("compute", "told"),
    [
        (lambda: Value(-1.0).log(), r"log\(-1\.0\) has no real value: it needs x > 0"),
        (lambda: Value(-4.0).sqrt(), r"sqrt\(-4\.0\) has no real value: it needs x >= 0"),
        (lambda: Value(2.0).asin(), r"asin\(2\.0\).*-1 <= x <= 1"),
        (lambda: Value(1.0).atanh(), r"atanh\(1\.0\).*-1 < x < 1"),
        (lambda: Value(-8.0) ** 0.5, r"pow\(-8\.0, 0\.5\).*whole exponent"),
    ],
)
def test_outside_the_domain_the_error_names_the_value_and_the_domain(compute, told):
    with pytest.raises(ValueError, match=told):
        compute()


def test_a_division_by_zero_is_an_error():
    with pytest.raises(ZeroDivisionError):
        Value(1.0) / 0
