"""Rules of large arrays: probable where right, refuted by an entry where wrong, and never proved at that shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.engine import arithmetic
from backproof.verify.results.findings import Finding, Verdict, explain
from backproof.verify.results.report import OperationReport
from backproof.verify.support.errors import DerivativeError, UsageError
from backproof.verify.terms.term import TERMS


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(out: Any, g: Any) -> Any:
    return out * (g - (g * out).sum(axis=-1, keepdims=True))


def log_softmax(x: Any) -> Any:
    return x - x.max() - np.log(np.exp(x - x.max()).sum())


def logsumexp(x: Any) -> Any:
    return x.max() + np.log(np.exp(x - x.max()).sum())


def layer_norm(x: Any) -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)


def layer_norm_backward(x: Any, out: Any, g: Any) -> Any:
    scale = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return scale * (g - g.mean(axis=-1, keepdims=True) - out * (g * out).mean(axis=-1, keepdims=True))


def layer_norm_by_parts(x: Any, g: Any) -> Any:
    n, centred, variance = x.size, x - x.mean(), x.var() + 1e-5
    by_variance = (g * centred).sum() * -0.5 * variance**-1.5
    by_mean = -(g * variance**-0.5).sum() - 2 * by_variance * centred.mean()
    return g * variance**-0.5 + by_variance * 2 * centred / n + by_mean / n


def layer_norm_from_a_lecture(x: Any, g: Any) -> Any:
    n, inverse = len(x), 1 / np.sqrt(np.mean((x - np.mean(x)) ** 2) + 1e-5)
    h = (x - np.mean(x)) * inverse
    return (1 / n) * inverse * (n * g - np.sum(g) - h * np.sum(g * h))


def in_place(x: Any, out: Any, g: Any) -> Any:
    dx = np.zeros_like(x)
    for i in range(len(x)):
        dx[i] += g[i] * out[i]
    dx -= out * (g * out).sum()
    return dx


def attention(q: Any, k: Any, v: Any) -> Any:
    return softmax(q @ k.T / np.sqrt(q.shape[1])) @ v


def attention_backward(q: Any, k: Any, v: Any, g: Any) -> Any:
    s = softmax(q @ k.T / np.sqrt(q.shape[1]))
    by_scores = softmax_backward(s, g @ v.T) / np.sqrt(q.shape[1])
    return by_scores @ k, by_scores.T @ q, s.T @ g


def cross_entropy(x: Any, t: Any) -> Any:
    return -(t * (x - logsumexp(x))).sum()


def cross_entropy_backward(x: Any, t: Any, g: Any) -> Any:
    return g * (softmax(x) * t.sum() - t), g * (logsumexp(x) - x)


def gelu(x: Any) -> Any:
    return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def gelu_backward(x: Any, g: Any) -> Any:
    t = np.tanh(0.7978845608028654 * (x + 0.044715 * x**3))
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * 0.7978845608028654 * (1 + 3 * 0.044715 * x**2))


def sorted_backward(x: Any, g: Any) -> Any:
    found = np.zeros_like(x)
    found[np.argsort(x)] = g * np.arange(1, len(x) + 1)
    return found


def scattered(x: Any, g: Any) -> Any:
    found = np.zeros_like(x)
    np.add.at(found, [3, 3, 1], g)
    return found


def report(forward: Any, backward: Any, shapes: Any, **more: Any) -> OperationReport:
    (operation,) = verify.check(forward, backward, shapes=shapes, name="rule", raises=False, **more).operations
    return operation


def at(operation: OperationReport, case: str) -> list[Finding]:
    return [f for f in operation.findings if f.case == case]


RIGHT = {
    "softmax": (softmax, softmax_backward, {"x": 512}),
    "softmax by rows": (softmax, softmax_backward, {"x": (8, 16)}),
    "log-softmax from out": (log_softmax, lambda out, g: g - np.exp(out) * g.sum(), {"x": 64}),
    "log-softmax": (log_softmax, lambda x, g: g - softmax(x) * g.sum(), {"x": 64}),
    "logsumexp": (logsumexp, lambda x, g: g * softmax(x), {"x": 64}),
    "layer norm": (layer_norm, layer_norm_backward, {"x": 768}),
    "layer norm by parts": (layer_norm, layer_norm_by_parts, {"x": 64}),
    "layer norm from a lecture": (layer_norm, layer_norm_from_a_lecture, {"x": 64}),
    "layer norm of many rows": (layer_norm, layer_norm_backward, {"x": (16, 8)}),
    "matmul": (lambda a, b: a @ b, lambda a, b, g: (g @ b.T, a.T @ g), {"a": (16, 16), "b": (16, 16)}),
    "einsum": (
        lambda a, b: np.einsum("ij,jk->ik", a, b),
        lambda a, b, g: (np.einsum("ik,jk->ij", g, b), np.einsum("ij,ik->jk", a, g)),
        {"a": (4, 5), "b": (5, 6)},
    ),
    "attention": (attention, attention_backward, {"q": (6, 4), "k": (5, 4), "v": (5, 3)}),
    "cross-entropy": (cross_entropy, cross_entropy_backward, {"x": 32, "t": 32}),
    "accumulated in place": (softmax, in_place, {"x": 32}),
    "relu": (lambda x: np.maximum(x, 0), lambda x, g: np.where(x > 0, g, 0), {"x": (6, 7)}),
    "sorted": (lambda x: np.sort(x) * np.arange(1, len(x) + 1), sorted_backward, {"x": 24}),
    "gelu with a literal": (gelu, gelu_backward, {"x": 32}),
    "powers": (
        lambda x, y: np.exp(x) ** y, lambda x, y, out, g: (g * y * out, g * out * x),
        {"x": 20, "y": 20},
    ),
    "gathered": (lambda x: x[[3, 3, 1]], scattered, {"x": 20}),
    "normalised": (
        lambda x: x / np.linalg.norm(x),
        lambda x, out, g: (g - out * (g * out).sum()) / np.linalg.norm(x),
        {"x": 32},
    ),
    "only for positive entries": (lambda x: np.sqrt(x) * np.log(x), lambda x, g: g * (np.log(x) / 2 + 1) / x**0.5,
                                  {"x": 32}),
    "saturated": (lambda x: np.tanh(x), lambda out, g: g * (1 - out**2), {"x": 32}),
    "in short floats": (lambda x: np.tanh(x.astype(np.float32)), lambda out, g: g * (1 - out**2), {"x": 32}),
    "a root at the end of the domain": (lambda x: np.sqrt(x), lambda out, g: g / (2 * out), {"x": 2}),
    "too many kinks for the prover": (softmax, softmax_backward, {"x": 5}),
    "too many paths for the prover": (logsumexp, lambda x, g: g * softmax(x), {"x": 15}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_are_probable(name: str) -> None:
    forward, backward, shapes = RIGHT[name]
    operation = report(forward, backward, shapes)
    assert operation.right.verdict is Verdict.PROBABLE, list(map(explain, operation.findings))
    assert operation.safe.verdict is Verdict.SAFE, operation.safe.findings
    assert operation.wired.verdict is Verdict.WIRED, operation.wired.findings
    assert all(f.case for f in operation.findings)


WRONG = {
    "no weights": (softmax, lambda out, g: out * (g - g.sum()), {"x": 64}),
    "no mean": (layer_norm, lambda x, out, g: (g - out * (g * out).mean()) / np.sqrt(x.var() + 1e-5), {"x": 64}),
    "no epsilon": (layer_norm, lambda x, out, g: (g - g.mean() - out * (g * out).mean()) / x.std(), {"x": 64}),
    "from the tenth entry on": (
        softmax, lambda out, g: np.concatenate([softmax_backward(out, g)[:10], g[10:] * out[10:]]), {"x": 64},
    ),
    "right for four entries": (softmax, lambda out, g: out * (g - (g * out)[:4].sum()), {"x": 64}),
    "the other axis": (softmax, lambda out, g: out * (g - (g * out).sum(axis=0, keepdims=True)), {"x": (8, 8)}),
    "a relative error of 1e-8": (softmax, lambda out, g: softmax_backward(out, g) * (1 + 1e-8), {"x": 64}),
    "not transposed": (lambda a, b: a @ b, lambda a, b, g: (g @ b, a.T @ g), {"a": (6, 6), "b": (6, 6)}),
    "one entry of many": (
        lambda x: x * x, lambda x, g: np.where(np.arange(x.size).reshape(x.shape) == 77, x, 2 * x) * g, {"x": (10, 10)},
    ),
    "the root of a square": (lambda x: np.sqrt(x**2), lambda g: g, {"x": 32}),
    "a shifted kink": (lambda x: np.maximum(x, 0), lambda x, g: g * (x > -0.25), {"x": 64}),
    "a power of a power": (lambda x: np.exp(x) ** 3, lambda x, g: 3 * g * np.exp(2 * x), {"x": 32}),
    "only where it is positive": (
        lambda x, y: np.log(x * y), lambda x, y, g: (g * np.log(x) / np.log(x) / x, g / y), {"x": 8, "y": 8},
    ),
}


def test_a_hard_coded_size_gives_a_warning() -> None:
    """Right at the requested shape, and at no other: that may be intended."""
    found = report(lambda x: x - x.mean(), lambda g: g - g.sum() / 32, {"x": 32})
    assert found.right.verdict is Verdict.MATCHED
    assert any("if it is written for that" in f.message for f in found.right.findings)


IN_ONE_CELL = {
    "far below 0": (lambda x: np.maximum(x, 0), lambda x, g: g * ((x > 0) | (x < -50)), {"x": 768}),
    "seven at the tie": (lambda x: np.maximum(x, 0), lambda x, g: g * ((x > 0) + 7 * (x == 0)), {"x": 500}),
    "doubled far out": (lambda x: x * x, lambda x, g: g * 2 * x * (1 + (abs(x) > 30)), {"x": 200}),
}


@pytest.mark.parametrize("name", IN_ONE_CELL)
def test_a_cell_without_a_sample_point_is_found_at_a_small_shape(name: str) -> None:
    found = report(*IN_ONE_CELL[name])
    assert not all(f.verdict in (Verdict.PROBABLE, Verdict.MATCHED, Verdict.PROVED) for f in found.right.findings)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_refuted(name: str) -> None:
    forward, backward, shapes = WRONG[name]
    with pytest.raises(DerivativeError) as caught:
        verify.check(forward, backward, shapes=shapes, name="rule")
    refuted = [f for f in caught.value.findings if f.verdict is Verdict.REFUTED]
    assert {f.check for f in refuted} <= {"tensor_identity", "proof"}
    assert any({"ours", "expected", "rerun"} <= {label for label, _ in f.details} for f in refuted)


@pytest.mark.parametrize("error", [1e-10, 2.0**-52])
def test_an_error_below_the_digits_that_count_refutes_nobody(error: float) -> None:
    found = report(softmax, lambda out, g: softmax_backward(out, g) * (1 + error), {"x": 64})
    assert found.right.verdict is Verdict.MATCHED


def test_a_root_of_0_that_is_divided_by_is_unsafe() -> None:
    """|x|**y is differentiable at 0 for y = 2, and out/x has no value there."""

    def backward(x: Any, y: Any, out: Any, g: Any) -> Any:
        return g * y * out / x, g * out * np.log(np.where(x == 0, 1, np.abs(x)))

    found = report(lambda x, y: np.abs(x) ** y, backward, {"x": 20, "y": 20})
    assert (found.right.verdict, found.safe.verdict) == (Verdict.PROBABLE, Verdict.UNSAFE)


def test_a_rule_that_is_wrong_only_at_large_shapes_is_not_refuted_at_small_ones() -> None:
    forward, backward, shapes = WRONG["right for four entries"]
    operation = report(forward, backward, shapes)
    (found,) = [f for f in operation.findings if f.check == "tensor_identity"]
    assert found.case == "x: 64"
    assert "already" not in found.message


def test_code_that_differs_on_floats_is_refuted_on_floats() -> None:
    def backward(out: Any, g: Any) -> Any:
        return softmax_backward(out, g) * (1.001 if arithmetic(g.flat[0]) is not TERMS else 1)

    operation = report(softmax, backward, {"x": 32})
    found = [f for f in operation.findings if f.verdict is Verdict.REFUTED]
    assert {f.check for f in found} <= {"array_differences", "tensor_identity", "tensor_differences"}
    assert found


def test_a_wrong_entry_is_shown_at_the_smallest_shape_that_has_one() -> None:
    operation = report(*WRONG["no weights"])
    (found,) = operation.right.findings
    assert found.message == "the rule is not the derivative, already at x: 2: entry x[0] of its gradient is wrong"
    details = dict(found.details)
    assert details["at"].splitlines()[1].startswith("x = [")
    assert details["at"].splitlines()[2].startswith("g0 = [")
    assert details["wrong"].startswith("64 of 64 entries")
    assert 'shapes={"x": 64}' in details["rerun"]


def test_small_shapes_are_proved_as_well_as_the_large_one() -> None:
    operation = report(softmax, softmax_backward, {"x": 768})
    assert {f.verdict for f in at(operation, "x: 2")} == {f.verdict for f in at(operation, "x: 3")} == {Verdict.PROVED}
    (found,) = [f for f in at(operation, "x: 768") if f.check == "tensor_identity"]
    details = dict(found.details)
    assert "Zippel 1979, Schwartz 1980" in details["trials"]
    assert "arXiv:2506.04529" in details["assumes"]
    assert "1 choice by data on the way" in details["cells"]
    assert "at most 2**-" in found.message


def test_a_root_of_a_square_is_an_absolute_value_in_both_signs() -> None:
    right = report(lambda x: np.sqrt(x**2), lambda x, g: g * np.sign(x), {"x": 32})
    assert right.right.verdict is Verdict.PROBABLE
    assert report(lambda x: np.sqrt(x**2), lambda g: g, {"x": 32}).right.verdict is Verdict.REFUTED


def test_logarithms_keep_their_laws() -> None:
    operation = report(
        lambda x, y: np.log(x * x * y * y + 1) ** 2 + np.log((x * x + 2) * (y * y + 2)) ** 2,
        lambda x, y, g: tuple(
            g * (4 * a * b * b * np.log(1 + a * a * b * b) / (1 + a * a * b * b)
                 + 4 * a * (np.log(2 + x * x) + np.log(2 + y * y)) / (2 + a * a))
            for a, b in ((x, y), (y, x))
        ),
        {"x": 12, "y": 12},
    )
    assert operation.right.verdict in (Verdict.PROBABLE, Verdict.MATCHED), operation.findings


@pytest.mark.optional
def test_functions_without_a_meaning_in_a_field_are_named() -> None:
    """digamma(x + 1) is digamma(x) + 1/x, which a finite field does not know; digamma is polygamma of order 0."""
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed: pip install scipy")
    operation = report(
        lambda x: special.gammaln(x + 1), lambda x, g: g * (special.digamma(x) + 1 / x), {"x": 20},
        bounds={"x": (0.5, 4)},
    )
    assert operation.right.verdict is Verdict.MATCHED
    assert any("polygamma" in dict(f.details).get("opaque", "") for f in operation.findings)


def test_overflow_is_unsafe() -> None:
    def naive(x: Any) -> Any:
        return np.exp(x) / np.exp(x).sum()

    operation = report(naive, softmax_backward, {"x": 64})
    assert operation.right.verdict is Verdict.PROBABLE
    assert operation.safe.verdict is Verdict.UNSAFE


class Counts:
    """A backward with state."""

    calls = 0

    def __call__(self, out: Any, g: Any) -> Any:
        self.calls += 1
        return softmax_backward(out, g) * (1 + self.calls % 2)


def overwrites(out: Any, g: Any) -> Any:
    g -= (g * out).sum()
    return g * out


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (overwrites, "the backward modifies g, which belongs to the caller"),
        (Counts(), "called again, the backward returns another gradient"),
        (lambda out, g: softmax_backward(out, np.clip(g, -1, 1)), "not proportional to the upstream gradient"),
    ],
)
def test_miswired(backward: Any, message: str) -> None:
    operation = report(softmax, backward, {"x": 32})
    assert operation.wired.verdict is Verdict.MISWIRED
    assert any(message in f.message for f in operation.wired.findings)


def test_code_that_cannot_be_traced_is_matched_with_the_reason() -> None:
    def forward(x: Any) -> Any:
        return np.array([math.sin(float(repr(v))) for v in x.tolist()])  # the text of a number

    operation = report(forward, lambda x, g: g * np.cos(x), {"x": 32})
    assert operation.right.verdict is Verdict.MATCHED
    assert any("not run on symbols" in f.message or "not read" in f.message for f in operation.findings)
    assert report(forward, lambda x, g: g * np.cos(x), {"x": 3}).right.verdict is Verdict.MATCHED
    wrong = report(forward, lambda x, g: g * np.cos(x) * 1.01, {"x": 32})
    assert wrong.right.verdict is Verdict.REFUTED


def test_what_is_too_large_for_a_symbol_an_entry_is_an_array_program() -> None:
    operation = report(lambda a, b: a @ b, lambda a, b, g: (g @ b.T, a.T @ g), {"a": (60, 50), "b": (50, 60)})
    assert operation.right.verdict is Verdict.PROBABLE


def test_a_definition_may_be_another_function() -> None:
    def direct(x: Any) -> Any:
        return np.exp(x) / np.exp(x).sum()

    assert report(softmax, softmax_backward, {"x": 32}, definition=direct).right.verdict is Verdict.PROBABLE
    twice = report(lambda x: 2 * softmax(x), softmax_backward, {"x": 32}, definition=direct)
    assert any("the forward is not the definition" in f.message for f in twice.findings)


def test_a_domain_chooses_the_points() -> None:
    operation = report(lambda x: np.log(x) + 0 * x, lambda x, g: g / x, {"x": 20}, domain="x_0 > 0")
    assert operation.right.verdict is Verdict.PROBABLE


def test_warnings_fail_if_strict() -> None:
    assert verify.check(softmax, softmax_backward, shapes={"x": 32}).ok
    with pytest.raises(DerivativeError, match="PROBABLE"):
        verify.check(softmax, softmax_backward, shapes={"x": 32}, strict=True)


def test_the_same_seed_gives_the_same_report() -> None:
    a, b = (verify.check(softmax, softmax_backward, shapes={"x": 24}, seed=3).to_json() for _ in range(2))
    assert a == b


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda out, g: None, "returned None"),
        (lambda out, g: (g, g), "returned 2 gradients for 1 input"),
        (lambda out, g: g.sum(), r"a gradient of shape \(\) for x, whose shape is \(32,\)"),
        (lambda out, g: g[:-1], r"a gradient of shape \(31,\)"),
    ],
)
def test_what_a_backward_must_return(backward: Any, message: str) -> None:
    with pytest.raises(DerivativeError, match=message):
        verify.check(softmax, backward, shapes={"x": 32})


@pytest.mark.parametrize(
    ("forward", "more", "message"),
    [
        (softmax, {"definition": "x_0"}, "it must be a function"),
        (softmax, {"kinks": ["x_0"]}, "kinks: at 64 entries they are not checked"),
        (lambda x: (x, x), {}, "the forward returned a tuple"),
        (lambda x: None, {}, "the forward returned None"),
        (lambda x: x @ np.ones(31), {}, "does not run on arrays of shapes x: 32"),
        (softmax, {"domain": "y > 0"}, "unknown name 'y'"),
    ],
)
def test_calls_that_make_no_sense(forward: Any, more: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify.check(forward, lambda g: g, shapes={"x": 32}, **more)


def test_points_of_matrices_are_far_from_singular() -> None:
    """A determinant and an inverse are ill-conditioned near a singular matrix, which is not an error of the rule."""
    for n in (5, 7, 10):
        right = report(lambda x: np.linalg.det(x), lambda x, out, g: g * out * np.linalg.inv(x).T, {"x": (n, n)})
        assert right.right.verdict is Verdict.PROBABLE, right.findings
        wrong = report(lambda x: np.linalg.det(x), lambda x, out, g: g * out * np.linalg.inv(x), {"x": (n, n)})
        assert wrong.right.verdict is Verdict.REFUTED
