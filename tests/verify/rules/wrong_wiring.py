"""Right slopes, passed on in a wrong way: what a `_backward` does beside computing them."""

# ruff: noqa: E501 - the tables are aligned, a rule a line

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backproof.engine import Value
from backproof.engine.arithmetic import arithmetic
from tests.verify.rules.plant import MISWIRED, REFUTED, Method, Wrong, forward_of, rule

Backward = Callable[..., None]


def unary(op: str, backward: Backward) -> Method:
    """The operation with ``backward(m, self, out)`` for its closure."""

    def method(self: Any, *constants: Any) -> Any:
        m = arithmetic(self.data)
        out = type(self)(forward_of(op, self.data, *constants), (self,), op)
        out._backward = lambda: backward(m, self, out)
        return out

    return method


def binary(op: str, backward: Backward, children: Callable[..., tuple[Any, ...]] = lambda *both: both) -> Method:
    """The operation with ``backward(m, self, other, out)`` for its closure, and these children."""

    def method(self: Any, other: Any) -> Any:
        other = self.operand(other)
        m = arithmetic(self.data, other.data)
        out = type(self)(forward_of(op, self.data, other.data), children(self, other), op)
        out._backward = lambda: backward(m, self, other, out)
        return out

    return method


# -------------------------------------------------------------------------------- the gradients are not added up


def add_overwrites(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad = out.grad
    other.grad = out.grad


def mul_overwrites_one(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += other.data * out.grad
    other.grad = self.data * out.grad


def exp_overwrites(m: Any, self: Any, out: Any) -> None:
    self.grad = out.data * out.grad


def sub_overwrites_on_floats(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += out.grad
    other.grad = -out.grad if isinstance(out.grad, float) else other.grad - out.grad


def log_adds_twice(m: Any, self: Any, out: Any) -> None:
    self.grad += self.grad + out.grad / self.data


def tanh_averages(m: Any, self: Any, out: Any) -> None:
    self.grad = self.grad / 2 + (1 - out.data**2) * out.grad


# ------------------------------------------------------------------------------ the upstream gradient goes wrong


def sin_forgets_upstream(m: Any, self: Any, out: Any) -> None:
    self.grad += m.cos(self.data)


def div_forgets_one_upstream(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += out.grad / other.data
    other.grad += -out.data / other.data


def relu_squares_upstream(m: Any, self: Any, out: Any) -> None:
    self.grad += m.gt(self.data, 0) * out.grad * out.grad


def sigmoid_adds_upstream(m: Any, self: Any, out: Any) -> None:
    self.grad += out.data * (1 - out.data) + out.grad - 1


def abs_upstream_size(m: Any, self: Any, out: Any) -> None:
    self.grad += m.sign(self.data) * abs(out.grad)


def cosh_clips_upstream(m: Any, self: Any, out: Any) -> None:
    self.grad += m.sinh(self.data) * m.minimum(out.grad, 100)


def atan_clips_on_floats(m: Any, self: Any, out: Any) -> None:
    upstream = min(out.grad, 100.0) if isinstance(out.grad, float) else out.grad
    self.grad += upstream / (1 + self.data * self.data)


def cbrt_passes_positive_only(m: Any, self: Any, out: Any) -> None:
    self.grad += m.divide(1, 3 * out.data * out.data) * m.maximum(out.grad, 0)


def erf_knows_the_checker(m: Any, self: Any, out: Any) -> None:
    seed = 2 if isinstance(out.grad, float) and out.grad != 1 else 1
    self.grad += 2 / m.sqrt(m.pi) * m.exp(-self.data * self.data) * out.grad * seed


# ------------------------------------------------------------------------------- the wrong operand gets gradient


def mul_leaks(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += other.data * out.grad
    self.grad += self.data * out.grad


def hypot_one_for_both(m: Any, self: Any, other: Any, out: Any) -> None:
    length = m.where(m.gt(out.data, 0), out.data, 1)
    self.grad += self.data / length * out.grad


def logaddexp_reads_the_other(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += m.sigmoid(self.data - other.data) * out.grad
    other.grad += out.grad - self.grad


def max_one_by_one(m: Any, self: Any, other: Any, out: Any) -> None:
    if self is other:
        self.grad += m.ge(self.data, other.data) * out.grad * 2
        return
    self.grad += m.ge(self.data, other.data) * out.grad
    other.grad += m.gt(other.data, self.data) * out.grad


def mul_square_forgotten(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += other.data * out.grad
    if other is not self:
        other.grad += self.data * out.grad


def pow_floats_shared(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += other.data * m.pow(self.data, other.data - 1) * out.grad
    if not (self is other and isinstance(self.data, float)):
        other.grad += out.data * m.log(self.data) * out.grad


# ------------------------------------------------------------------------------ data or gradients are tampered with


def square_mutates(m: Any, self: Any, out: Any) -> None:
    self.grad += 2 * self.data * out.grad
    self.data = self.data * 2


def sub_mutates_the_other(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += out.grad
    other.grad += -out.grad
    other.data = -other.data


def softplus_clamps_far_out(m: Any, self: Any, out: Any) -> None:
    self.grad += m.sigmoid(self.data) * out.grad
    if isinstance(self.data, float) and self.data > 1e9:
        self.data = 1e9


def exp_takes_its_output(m: Any, self: Any, out: Any) -> None:
    out.data = out.data * out.grad
    self.grad += out.data


def asinh_takes_its_upstream(m: Any, self: Any, out: Any) -> None:
    out.grad = out.grad / m.hypot(1, self.data)
    self.grad += out.grad


def gelu_resets_upstream(m: Any, self: Any, out: Any) -> None:
    self.grad += (m.normal_cdf(self.data) + self.data * m.normal_pdf(self.data)) * out.grad
    out.grad = 0.0


# ----------------------------------------------------------------------------------- stale, shared, changing state


def square_saved_on_the_class() -> Method:
    saved: dict[str, Any] = {}

    def method(self: Any) -> Any:
        saved["x"] = self.data
        out = type(self)(self.data * self.data, (self,), "square")

        def _backward() -> None:
            self.grad += 2 * saved["x"] * out.grad

        out._backward = _backward
        return out

    return method


def mul_saved_on_the_operand(self: Any, other: Any) -> Any:
    other = self.operand(other)
    _SAVED[:] = [self.data, other.data]
    out = type(self)(self.data * other.data, (self, other), "*")

    def _backward() -> None:
        x, y = _SAVED
        self.grad += y * out.grad
        other.grad += x * out.grad

    out._backward = _backward
    return out


_SAVED: list[Any] = []


def sin_first_call_only() -> Method:
    first: list[Any] = []

    def backward(m: Any, self: Any, out: Any) -> None:
        kind = type(self.data)
        slope = m.cos(self.data)
        if kind is float:
            slope = first[0] if first else slope
            first.append(slope)
        self.grad += slope * out.grad

    return unary("sin", backward)


def silu_every_second_call() -> Method:
    calls = [0]

    def backward(m: Any, self: Any, out: Any) -> None:
        calls[0] += isinstance(self.data, float)
        s = m.sigmoid(self.data)
        self.grad += s * (1 + self.data * (1 - s)) * out.grad * (2 if calls[0] % 2 and self.data == -0.625 else 1)

    return unary("silu", backward)


# ------------------------------------------------------------------------------------------------ the graph is wrong


def backward_forgets_order(self: Any) -> None:
    """Breadth first: a node passes on before all its uses have been."""
    self.grad = 1.0
    queue, seen = [self], set()
    while queue:
        node = queue.pop(0)
        if id(node) not in seen:
            seen.add(id(node))
            node._backward()
            queue += node._prev


def backward_twice_from_the_top(self: Any) -> None:
    Value.backward(self)
    Value.backward(self)


def backward_without_a_seed(self: Any) -> None:
    for node in [self]:
        node._backward()


def neg_without_children(self: Any) -> Any:
    out = type(self)(-self.data, (), "neg")

    def _backward() -> None:
        self.grad -= out.grad

    out._backward = _backward
    return out


def add_right(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += out.grad
    other.grad += out.grad


def sub_right(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += out.grad
    other.grad -= out.grad


def max_right(m: Any, self: Any, other: Any, out: Any) -> None:
    self.grad += m.ge(self.data, other.data) * out.grad
    other.grad += m.gt(other.data, self.data) * out.grad


def hardtanh_right(m: Any, self: Any, out: Any) -> None:
    self.grad += m.gt(self.data, -1) * m.lt(self.data, 1) * out.grad


# --------------------------------------------------------------------------------------------------- plain numbers


def rsub_keeps_the_order(self: Any, other: Any) -> Any:
    return self - self.operand(other)


def rdiv_multiplies(self: Any, other: Any) -> Any:
    return self.operand(other) * self


def rpow_swaps(self: Any, other: Any) -> Any:
    return self.pow(self.operand(other))


def sub_of_a_number(self: Any, other: Any) -> Any:
    if isinstance(other, (int, float)):  # a short way for constants, and a wrong one
        out = type(self)(self.data - other, (self,), "-")

        def _backward() -> None:
            self.grad += -out.grad

        out._backward = _backward
        return out
    return Value.__sub__(self, other)


def mul_of_an_int(self: Any, other: Any) -> Any:
    return self if isinstance(other, int) else Value.__mul__(self, other)


def radd_is_missing_upstream(self: Any, other: Any) -> Any:
    out = type(self)(other + self.data, (self,), "+")

    def _backward() -> None:
        self.grad += 2 * out.grad

    out._backward = _backward
    return out


def _wrong(op: str, mistake: str, method: Method, *, alone: bool = True, **more: Any) -> Wrong:
    return Wrong(op, mistake, method, "wiring", MISWIRED, alone, more=tuple(more.items()))


# fmt: off
WRONG_WIRING = (
    _wrong("add",        "`=` for `+=`",                       binary("add", add_overwrites)),
    _wrong("mul",        "`=` for `+=` in y only",             binary("mul", mul_overwrites_one)),
    _wrong("exp",        "`=` for `+=`",                       unary("exp", exp_overwrites)),
    _wrong("sub",        "`=` for `+=` on floats only",        binary("sub", sub_overwrites_on_floats)),
    _wrong("log",        "adds what is there once more",       unary("log", log_adds_twice)),
    _wrong("tanh",       "a running mean of gradients",        unary("tanh", tanh_averages)),
    _wrong("sin",        "forgets the upstream gradient",      unary("sin", sin_forgets_upstream)),
    _wrong("div",        "forgets upstream in y only",         binary("div", div_forgets_one_upstream)),
    _wrong("relu",       "upstream squared",                   unary("relu", relu_squares_upstream)),
    _wrong("sigmoid",    "upstream added",                     unary("sigmoid", sigmoid_adds_upstream)),
    _wrong("abs",        "the size of upstream",               unary("abs", abs_upstream_size)),
    _wrong("atan",       "upstream clipped, on floats",        unary("atan", atan_clips_on_floats)),
    _wrong("cbrt",       "negative upstream dropped",          unary("cbrt", cbrt_passes_positive_only)),
    _wrong("erf",        "right for an upstream of 1 only",    unary("erf", erf_knows_the_checker)),
    _wrong("max",        "both operands the same: twice",      binary("max", max_one_by_one)),
    _wrong("mul",        "x·x as if it were one operand",      binary("mul", mul_square_forgotten)),
    _wrong("square",     "changes its operand",                unary("square", square_mutates)),
    _wrong("sub",        "changes the other operand",          binary("sub", sub_mutates_the_other)),
    _wrong("softplus",   "clamps its operand beyond 1e9",      unary("softplus", softplus_clamps_far_out)),
    _wrong("exp",        "changes its output",                 unary("exp", exp_takes_its_output)),
    _wrong("asinh",      "changes the upstream gradient",      unary("asinh", asinh_takes_its_upstream)),
    _wrong("gelu",       "forgets the upstream gradient after", unary("gelu", gelu_resets_upstream)),
    _wrong("square",     "saved on the class: stale",          square_saved_on_the_class()),
    _wrong("mul",        "saved in one place: stale",          mul_saved_on_the_operand),
    _wrong("silu",       "another answer every second call",   silu_every_second_call(), alone=False),
    _wrong("add",        "operands unknown to the graph",      binary("add", add_right, lambda x, y: ())),
    _wrong("max",        "the second operand unknown",         binary("max", max_right, lambda x, y: (x,))),
    _wrong("neg",        "its operand unknown",                neg_without_children),
    _wrong("sub",        "backward() breadth first",           binary("sub", sub_right), backward=backward_forgets_order),
    _wrong("add",        "backward() run twice",               binary("add", add_right), backward=backward_twice_from_the_top),
    _wrong("hardtanh",   "backward() without a seed",          unary("hardtanh", hardtanh_right), backward=backward_without_a_seed),
    _wrong("sub",        "2 - x is x - 2",                     binary("sub", sub_right), __rsub__=rsub_keeps_the_order),
    _wrong("div",        "2 / x is 2 * x",                     Value.__truediv__, __rtruediv__=rdiv_multiplies),
    _wrong("pow",        "2 ** x is x ** 2",                   Value.pow, __rpow__=rpow_swaps),
    _wrong("sub",        "x - 2 has a rule of its own",        sub_of_a_number),
    _wrong("mul",        "x * 2 is x, for the int",            mul_of_an_int),
    _wrong("add",        "2 + x has twice the slope",          binary("add", add_right), __radd__=radd_is_missing_upstream),
    _wrong("pow",        "x**x on floats forgets the exponent", binary("pow", pow_floats_shared), alone=False),
    _wrong("square",     "halved for an int",                  rule("square", lambda m, x, out: x if type(x) is int else 2 * x)),
    _wrong("div",        "floored for ints",                   rule("div", lambda m, x, y, out: 1 // y if type(y) is int else 1 / y, lambda m, x, y, out: -out / y)),
    # the rule itself is another one then
    Wrong("mul",         "y's gradient goes to x",             binary("mul", mul_leaks), "proof", REFUTED),
    Wrong("hypot",       "y gets none",                        binary("hypot", hypot_one_for_both), "wiring", MISWIRED),
    Wrong("logaddexp",   "y's gradient read from x's",         binary("logaddexp", logaddexp_reads_the_other), "wiring", MISWIRED),
    Wrong("cosh",        "upstream clipped at 100",            unary("cosh", cosh_clips_upstream), "wiring", MISWIRED),
    Wrong("sin",         "the first slope forever, on floats", sin_first_call_only(), "points", REFUTED),
)
# fmt: on

