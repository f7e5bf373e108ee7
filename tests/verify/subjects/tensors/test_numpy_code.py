"""Rules of NumPy arrays, traced: how they are called, what they share, what they write; by replay on floats."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof.verify.arrays import floats
from backproof.verify.arrays.traced import Point, Unread
from backproof.verify.subjects.functions.declared import Declared, RuleError
from backproof.verify.subjects.tensors.numpy_code import numpy_code
from backproof.verify.support.errors import SubjectError, UsageError
from tests.verify.rules.tensor_rules_numpy import RULES
from tests.verify.subjects.tensors.numpy_replay import farthest, of_function, replayed, shifted

RNG = np.random.default_rng(5)
X, W = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))
INDEX = np.array([2, 0, 2])

ALL_RULES = [(rule, name, pair) for rule in RULES for name, pair in {"right": rule.right, **rule.wrong}.items()]


@pytest.mark.parametrize(("rule", "pair"), [pytest.param(r, p, id=f"{r.id}: {n}") for r, n, p in ALL_RULES])
def test_published_rules_are_traced_right_and_wrong_alike(rule: Any, pair: Any) -> None:
    code = numpy_code(*pair, rule.inputs(), wrt=rule.wrt)
    for layout in ("contiguous", "sliced"):
        replayed(code, layout)


# ---------------------------------------------------------------------------------------------------- how it is called


def product(x: Any, w: Any) -> Any:
    return x @ w


class Layer:
    """A product that keeps its inputs for its rule."""

    def forward(self, x: Any, w: Any) -> Any:
        self.kept = {"x": x, "w": w}
        return x @ w

    def backward(self, dout: Any) -> Any:
        return dout @ self.kept["w"].T, self.kept["x"].T @ dout


def cached(x: Any, w: Any) -> Any:
    return x @ w, {"both": (x, w)}


def from_cache(dout: Any, cache: Any) -> Any:
    x, w = cache["both"]
    return [dout @ w.T, x.T @ dout]


LAYER = Layer()

CALLED: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "by the names of inputs and g": (product, lambda w, g, x: (g @ w.T, x.T @ g)),
    "by keyword": (product, lambda *, g, x, w: (g @ w.T, x.T @ g)),
    "with the value": (product, lambda x, w, out, g: (g @ w.T + 0 * out.sum(), x.T @ g)),
    "under another name": (product, lambda x, w, grad_output: (grad_output @ w.T, x.T @ grad_output)),
    "by a dictionary": (product, lambda x, w, g: {"w": x.T @ g, "x": g @ w.T}),
    "with a cache": (cached, from_cache),
    "by methods of one object": (LAYER.forward, LAYER.backward),
    "without an upstream gradient": (product, lambda x, w: (0 * x, 0 * w)),
    "declared": (product, Declared(lambda x, w, g: (g @ w.T, x.T @ g), ("x", "w"))),
}


@pytest.mark.parametrize("how", CALLED)
def test_a_rule_is_called(how: str) -> None:
    traced = replayed(numpy_code(*CALLED[how], {"x": X, "w": W}))
    assert list(traced.gradients) == ["x", "w"]
    assert [node.parameter for node in traced.weights] == ["g0"]


def test_of_two_parameters_that_are_no_inputs_neither_is_taken_for_the_upstream_gradient() -> None:
    with pytest.raises(UsageError, match="unknown argument 'above'"):
        numpy_code(product, lambda x, w, above, below: (above @ w.T, x.T @ below), {"x": X, "w": W})


def test_arguments_are_passed_by_name_whatever_their_order() -> None:
    code = numpy_code(product, lambda x, w, g: (g @ w.T, x.T @ g), {"w": W, "x": X})
    assert list(code.inputs) == ["x", "w"]
    replayed(code)


def scaled(x: Any, index: Any, times: int, eps: float, mode: str, more: Any) -> Any:
    assert type(times) is int
    assert isinstance(eps, float)
    assert isinstance(x, np.ndarray)
    assert not isinstance(x[0, 0], np.ndarray)
    kept = x[index] if mode == "rows" and more is None else x
    return kept * times + eps


def test_integers_text_and_none_are_passed_as_they_are_and_make_no_leaves() -> None:
    def back(x: Any, index: Any, times: int, eps: Any, mode: str, more: Any, g: Any) -> Any:
        d = np.zeros_like(x)
        np.add.at(d, index, g * times)
        return d, None, None, g.sum(), None, None

    inputs = {"x": X, "index": INDEX, "times": 3, "eps": 0.5, "mode": "rows", "more": None}
    code = numpy_code(scaled, back, inputs)
    traced = replayed(code)
    assert code.wrt == ("x", "eps")
    assert list(traced.inputs) == ["x", "eps"]


def test_a_float_without_a_gradient_is_not_differentiated() -> None:
    code = numpy_code(lambda x, eps: x / eps, lambda eps, g: g / eps, {"x": X, "eps": 2.0})
    assert code.wrt == ("x",)
    assert list(replayed(code).inputs) == ["x", "eps"]


def test_float32_is_taken_as_float64_and_rounding_to_it_is_noted() -> None:
    code = numpy_code(lambda x: np.tanh(x), lambda out, g: g * (1 - out * out), {"x": X.astype(np.float32)})
    assert code.inputs["x"].dtype == np.float64
    assert replayed(code).notes == []
    code = numpy_code(lambda x: x.astype("f4") * 1, lambda g: g.astype(np.float32), {"x": X})
    assert code.trace(Point(code.inputs)).notes == ["the code rounds to float32, its trace does not"]
    assert code.run(code.inputs, [X]).formats == "float32"


def test_none_is_no_gradient_but_a_missing_return_is_an_error() -> None:
    code = numpy_code(product, lambda x, g: (None, x.T @ g), {"x": X, "w": W})
    traced = replayed(code)
    assert (traced.gradients["x"], traced.slopes["x"]) == (None, None)
    with pytest.raises(RuleError, match="returned None"):
        numpy_code(product, lambda g: None, {"x": X, "w": W}).trace(Point({"x": X, "w": W}))


WRONG = {
    "a gradient of shape": lambda x, w, g: (g @ w.T, g),
    "1 gradient for 2 inputs": lambda x, w, g: g @ w.T,
    "complex numbers": lambda x, w, g: (g @ w.T * 1j, x.T @ g),
    "a str for w": lambda x, w, g: (g @ w.T, "none"),
}


@pytest.mark.parametrize("what", WRONG)
def test_gradients_of_another_kind_are_refused(what: str) -> None:
    with pytest.raises(RuleError, match=what):
        numpy_code(product, WRONG[what], {"x": X, "w": W}).trace(Point({"x": X, "w": W}))


def test_inputs_that_cannot_be_differentiated_are_refused() -> None:
    rule = (product, lambda x, w, g: (g @ w.T, x.T @ g))
    with pytest.raises(UsageError, match="complex128"):
        numpy_code(*rule, {"x": X * 1j, "w": W})
    with pytest.raises(UsageError, match="wrt: w is neither a float nor an array of floats"):
        numpy_code(*rule, {"x": X, "w": INDEX}, wrt=("w",))
    with pytest.raises(UsageError, match="wrt: v is not an input"):
        numpy_code(*rule, {"x": X, "w": W}, wrt=("v",))


def test_an_error_of_the_code_is_one_of_the_code_and_no_matter_of_the_trace() -> None:
    code = numpy_code(lambda x: x @ np.ones(7), lambda g: g, {"x": X})
    with pytest.raises(SubjectError, match="matmul"):
        code.trace(Point(code.inputs))


# --------------------------------------------------------------------------------------------- what the user's code has


TABLE = np.array([1.0, 2.0, 3.0, 4.0])
COUNTS = np.zeros(4, int)


class Buffered:
    """A rule that writes into arrays which it made before."""

    def __init__(self) -> None:
        self.buffer, self.seen = np.zeros(4), np.zeros(4, int)

    def forward(self, x: Any) -> Any:
        self.buffer[:] = x * TABLE
        self.seen[:2] += 1
        return self.buffer * 1.0

    def backward(self, g: Any) -> Any:
        np.add.at(COUNTS, [0, 0], 1)
        return g * TABLE


def test_a_trace_changes_nothing_of_the_users() -> None:
    rule = Buffered()
    code = numpy_code(rule.forward, rule.backward, {"x": X[0]})
    code.run(code.inputs, [X[1]])
    before = copy.deepcopy((rule.buffer, TABLE, code.inputs))
    names, seen, counts = dict(globals()), rule.seen.copy(), COUNTS.copy()
    code.trace(Point(code.inputs))
    assert repr((rule.buffer, TABLE, code.inputs)) == repr(before)
    assert dict(globals()) == names
    runs = (rule.seen - seen)[0]
    assert (rule.seen - seen).tolist() == [runs, runs, 0, 0]
    assert (COUNTS - counts).tolist() == [2, 0, 0, 0], "the backward ran once on floats, and on a copy"


def overwrites_input(x: Any, g: Any) -> Any:
    x *= g
    return x


def overwrites_value(out: Any, g: Any) -> Any:
    out *= g
    return out


def overwrites_upstream(g: Any) -> Any:
    g *= 2
    return g


def overwrites_cache(dout: Any, cache: Any) -> Any:
    cache["kept"][1] *= dout
    return cache["kept"][1]


@pytest.mark.parametrize(
    ("forward", "backward", "changed"),
    [
        (np.tanh, overwrites_input, ("x",)),
        (np.tanh, overwrites_value, ("out",)),
        (np.tanh, overwrites_upstream, ("g",)),
        (lambda x: (x * 2, {"kept": [0, x + 1]}), overwrites_cache, ("cache",)),
        (np.tanh, lambda g: g * 2, ()),
    ],
)
def test_arrays_that_the_code_overwrites_are_named(forward: Any, backward: Any, changed: tuple[str, ...]) -> None:
    code = numpy_code(lambda x: forward(x), backward, {"x": X})
    assert code.run(code.inputs, [np.full(X.shape, 3.0)]).changed == changed
    replayed(code)


# -------------------------------------------------------------------------------------------------------------- choices


BRANCHES: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "less": (lambda x: x if x.sum() < 0 else 2 * x, ["less"]),
    "a mask": (lambda x: np.where(x > 0.1, x, 0), ["greater"]),
    "maximum": (lambda x: np.maximum(x, 0), ["maximum"]),
    "max": (lambda x: x.max(axis=1), ["max"]),
    "abs": (lambda x: abs(x), ["sign"]),
    "sort": (lambda x: np.sort(x, 1), ["sort"]),
    "clip": (lambda x: np.clip(x, -1, 1), ["maximum", "minimum"]),
    "floor": (lambda x: x * np.floor(x), ["floor", "floor"]),
    "truth": (lambda x: x if x[0, 0] else 2 * x, ["not_equal"]),
    "none": (lambda x: x * np.isfinite(x).sum() + (x < np.inf).sum(), []),
}


@pytest.mark.parametrize("what", BRANCHES)
def test_choices_are_kept_with_the_nodes_whose_signs_decide(what: str) -> None:
    function, margins = BRANCHES[what]
    traced = replayed(of_function(function, X))
    assert [margin.what for margin in traced.margins] == margins
    assert traced.decisions > 0
    for values in floats.values(traced.program, [margin.node for margin in traced.margins], {}):
        assert values.size
        assert np.all(values != 0)


def test_of_the_largest_the_margins_are_its_distances_from_the_others() -> None:
    traced = replayed(of_function(lambda x: x.max(axis=1), X))
    (distances,) = floats.values(traced.program, [traced.margins[0].node], {})
    assert distances.shape == (3, 3)
    assert np.all(distances > 0)
    masked = replayed(of_function(lambda x: np.where(np.eye(3, 4, dtype=bool), -np.inf, x).max(axis=1), X))
    (distances,) = floats.values(masked.program, [masked.margins[0].node], {})
    assert distances.shape == (6,)
    assert np.all(np.isfinite(distances)), "a masked entry never comes to be the largest"


# ------------------------------------------------------------------------------------------- what must not be read


KEPT: dict[str, Any] = {}


def with_a_memory(x: Any) -> Any:
    if "tanh" not in KEPT:
        KEPT["tanh"] = np.tanh(x)
    return x * KEPT["tanh"]


def test_a_constant_that_an_earlier_call_left_shows_by_replay_at_another_point() -> None:
    code = numpy_code(with_a_memory, lambda x, g: g, {"x": X})
    traced = code.trace(Point(code.inputs))
    assert farthest(traced, code, shifted(traced, 0.0)) == 0
    KEPT.clear()
    assert farthest(traced, code, shifted(traced, 1e-3)) > 1e-5


def swallowing(x: Any) -> Any:
    try:
        scale = float(x[0, 0])
    except Exception:
        scale = 1.0
    return x * scale


def into_plain(x: Any) -> Any:
    plain = np.arange(12).reshape(3, 4) * 1.5  # by an operator: not a function of NumPy's that we replace
    plain[0] = x[0]
    return plain


def onto_plain(x: Any) -> Any:
    plain = np.arange(12).reshape(3, 4) * 1.5
    plain += x
    return plain


def added_at_plain(x: Any) -> Any:
    plain = np.arange(4) * 1.5
    np.add.at(plain, [0, 1, 1], x[:, 0])
    return plain


NOT_READ = {
    "float\\(\\) would make a constant": swallowing,
    "taken for plain ones": into_plain,
    "written into a plain array": onto_plain,
    "into a plain array": added_at_plain,
    "raises TypeError": lambda x: x * memoryview(x)[0, 0],
    "raises ZeroDivisionError": lambda x: x * (1 // (type(x) is np.ndarray)),
}


@pytest.mark.parametrize("what", NOT_READ)
def test_what_would_become_a_constant_is_refused_with_its_line(what: str) -> None:
    code = of_function(NOT_READ[what], X)
    with pytest.raises(Unread, match=what + r".*test_numpy_code\.py:\d+\)"):
        code.trace(Point(code.inputs))


def of_tanh(backward: Callable[..., Any]) -> Any:
    return numpy_code(lambda x: np.tanh(x), backward, {"x": X})


def test_a_gradient_that_has_another_shape_on_traced_arrays_is_not_read() -> None:
    code = of_tanh(lambda x, g: g if type(x) is np.ndarray else g[:1])
    with pytest.raises(Unread, match=r"the gradient for x is of shape \(1, 4\)"):
        code.trace(Point(code.inputs))


def test_the_same_seed_gives_the_same_program() -> None:
    code = numpy_code(product, lambda x, w, g: (g @ w.T, x.T @ g), {"x": X, "w": W})
    first, again = (code.trace(Point(code.inputs, 3)) for _ in range(2))
    assert repr(first.program.nodes) == repr(again.program.nodes)
    assert np.array_equal(first.program.leaves["g0"].value, again.program.leaves["g0"].value)
    other = code.trace(Point(code.inputs, 4))
    assert not np.array_equal(first.program.leaves["g0"].value, other.program.leaves["g0"].value)
