"""A node keeps its closure without itself, and puts it together again, indistinguishable from the original."""

import copy
import gc
import inspect
import threading
import weakref
from inspect import signature

import pytest

from backproof.engine import OPS, Value
from backproof.engine.closures import RULES, BinaryRule, Rule, UnaryRule
from backproof.engine.node import Node, op

SAMPLE = {"acosh": 1.5}
TWO = {name for name, method in OPS.items() if "other" in signature(getattr(Value, method)).parameters}


def result(name, x=0.5, y=0.25):
    """The operation ``name`` at a point where it has a value, and its operands."""
    operands = [Value(SAMPLE.get(name, x)), *([Value(y)] if name in TWO else [])]
    constants = [3] if name == "power" else []
    return getattr(operands[0], OPS[name])(*operands[1:], *constants), operands


@pytest.mark.parametrize("name", OPS)
def test_the_closure_read_is_the_one_that_was_attached(name):
    out, operands = result(name)
    closure = out._backward
    assert inspect.unwrap(closure).__code__.co_name == "_backward"
    cells = dict(zip(closure.__code__.co_freevars, closure.__closure__, strict=True))
    assert cells["out"].cell_contents is out
    assert cells["self"].cell_contents is operands[0]


@pytest.mark.parametrize("name", OPS)
def test_by_hand_and_by_backward_the_gradients_are_the_same(name):
    out, operands = result(name)
    out.grad = 1.0
    out._backward()
    again, others = result(name)
    again.backward()
    assert [v.grad for v in operands] == [v.grad for v in others]


@pytest.mark.parametrize("name", OPS)
def test_no_operation_makes_a_reference_cycle(name):
    out, operands = result(name)
    ended = weakref.ref(out)
    gc.collect()
    gc.disable()
    try:
        out.backward()
        del out, operands
        assert ended() is None, f"{name}: its closure is kept whole; is it a `_backward` in a marked method?"
    finally:
        gc.enable()


def test_the_usual_closures_are_spelled_out():
    shapes = {type(rule) for rule in RULES.values()}
    assert shapes == {Rule, UnaryRule, BinaryRule}


def test_another_function_is_kept_as_it_is():
    calls = 0

    def count():
        nonlocal calls
        calls += 1

    out = Value(1.0) + 2
    out._backward = count
    assert out._backward is count
    out.backward()
    out._backward()
    assert calls == 2


def test_a_callable_that_is_no_function_is_kept():
    class Call:
        def __init__(self):
            self.calls = 0

        def __call__(self):
            self.calls += 1

    out = Value(1.0) + 2
    out._backward = call = Call()
    out.backward()
    assert call.calls == 1


def test_a_closure_of_another_node_still_serves_that_node():
    a, b = Value(2.0), Value(3.0)
    first, second = a * a, b * b
    second._backward = first._backward
    first.grad = 1.0
    second._backward()
    assert (a.grad, b.grad) == (4.0, 0)


def test_a_watched_closure_can_be_put_back():
    x = Value(2.0)
    out = x * x
    original = out._backward
    out._backward = lambda: None
    out._backward = original
    out.backward()
    assert x.grad == 4.0


def test_a_rule_that_binds_what_it_closes_over_is_kept_whole():
    class Counting(Node):
        @op("count")
        def count(self):
            runs = 0
            out = type(self)(self.data, (self,), "count")

            def _backward():
                nonlocal runs
                runs += 1
                self.grad += runs * out.grad

            out._backward = _backward
            return out

    x = Counting(1.0)
    out = x.count()
    out.backward()
    out.backward()
    assert x.grad == 3.0


def test_an_operation_added_in_a_subclass():
    class More(Value):
        @op("cube")
        def cube(self):
            """x * x * x  ->  3 * x * x"""
            out = type(self)(self.data**3, (self,), "cube")

            def _backward():
                self.grad += 3 * self.data**2 * out.grad

            out._backward = _backward
            return out

    x = More(2.0)
    (x.cube() + 1).backward()
    assert x.grad == 12.0


def test_two_threads_do_not_disturb_each_other():
    """Each backward pass fills closures of its own."""
    grads = []

    def work(start):
        for _ in range(200):
            x = Value(start)
            out = x
            for _ in range(20):
                out = (out * x).tanh() + x
            out.backward()
            grads.append((start, x.grad))

    threads = [threading.Thread(target=work, args=(start,)) for start in (0.25, 0.5, 0.75, 1.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(grads)) == 4


def test_a_deep_copy_has_a_graph_of_its_own():
    x = Value(3.0)
    out = x * x
    twin = copy.deepcopy(out)
    twin.backward()
    assert x.grad == 0
    assert twin._prev[0].grad == 6.0
