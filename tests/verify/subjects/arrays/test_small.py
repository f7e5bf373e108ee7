"""Rules on arrays at small shapes: proved entry by entry, refuted with a point, safe over the float range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.subjects.arrays.small import VectorPair
from backproof.verify.support.errors import DerivativeError, UsageError

FEW = {"points": 60}


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max())
    return e / e.sum()


def naive_softmax(x: Any) -> Any:
    e = np.exp(x)
    return e / e.sum()


def softmax_backward(out: Any, g: Any) -> Any:
    return out * (g - (g * out).sum())


def logsumexp(x: Any) -> Any:
    return x.max() + np.log(np.exp(x - x.max()).sum())


def layer_norm(x: Any) -> Any:
    centred = x - x.mean()
    return centred / np.sqrt((centred**2).mean() + 1e-5)


def layer_norm_backward(x: Any, out: Any, g: Any) -> Any:
    scale = 1 / np.sqrt(((x - x.mean()) ** 2).mean() + 1e-5)
    return scale * (g - g.mean() - out * (g * out).mean())


def cross_entropy(x: Any, t: Any) -> Any:
    return -(t * (x - logsumexp(x))).sum()


def cross_entropy_backward(x: Any, t: Any, g: Any) -> Any:
    return g * (softmax(x) * t.sum() - t), g * (logsumexp(x) - x)


def in_arrays_of_its_own(x: Any, g: Any) -> Any:
    partial = x.copy()
    partial *= 2
    partial *= g
    return partial


def doubles_x(x: Any, g: Any) -> Any:
    x *= 2
    return g * x


def clears_g(x: Any, g: Any) -> Any:
    found = 2 * g * x
    g[...] = 0
    return found


def shifts_out(x: Any, out: Any, g: Any) -> Any:
    out += 1
    return 2 * g * x


RIGHT = {
    "softmax": (softmax, softmax_backward, {"x": 3}),
    "softmax of four": (naive_softmax, softmax_backward, {"x": 4}),
    "logsumexp": (logsumexp, lambda x, g: g * softmax(x), {"x": 3}),
    "layer norm": (layer_norm, layer_norm_backward, {"x": 3}),
    "matmul": (lambda a, b: a @ b, lambda a, b, g: (g @ b.T, a.T @ g), {"a": (2, 2), "b": (2, 1)}),
    "cross-entropy": (cross_entropy, cross_entropy_backward, {"x": 2, "t": 2}),
    "scaled": (lambda x, s: x * s, lambda x, s, g: (g * s, (g * x).sum()), {"x": 3}),
    "in arrays of its own": (lambda x: x * x, in_arrays_of_its_own, {"x": 2}),
    "the gradient itself": (lambda x: x, lambda g: g, {"x": 2}),
    "a weight called w": (lambda w: w * w, lambda w, g: 2 * w * g, {"w": 2}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_are_proved_entry_by_entry(name: str) -> None:
    forward, backward, shapes = RIGHT[name]
    report = verify.check(forward, backward, shapes=shapes, raises=False, **FEW)
    (operation,) = report.operations
    assert operation.right.verdict is Verdict.PROVED
    assert operation.wired.verdict is Verdict.WIRED
    if forward is not naive_softmax:
        assert operation.safe.verdict is Verdict.SAFE, operation.safe.findings


WRONG = {
    "no weights": (softmax, lambda out, g: out * (g - g.sum()), {"x": 3}, "refuted"),
    "a diagonal": (softmax, lambda out, g: g * out * (1 - out), {"x": 2}, "refuted"),
    "not transposed": (lambda a, b: a @ b, lambda a, b, g: (g @ b.T, a @ g), {"a": (2, 2), "b": (2, 1)}, "refuted"),
    "no mean": (layer_norm, lambda x, out, g: g / np.sqrt(x.var() + 1e-5), {"x": 2}, "refuted"),
    "targets that sum to 1": (
        cross_entropy,
        lambda x, t, g: (g * (softmax(x) - t), g * (logsumexp(x) - x)),
        {"x": 2, "t": 2},
        "refuted",
    ),
    "overflow": (naive_softmax, softmax_backward, {"x": 2}, "unsafe"),
    "another shape": (softmax, lambda out, g: (g * out).sum(), {"x": 2}, "inconclusive"),
    "one for two": (lambda a, b: a @ b, lambda b, g: g @ b.T, {"a": (1, 2), "b": (2, 1)}, "inconclusive"),
    "changes x": (lambda x: x * x, doubles_x, {"x": 2}, "miswired"),
    "changes g": (lambda x: x * x, clears_g, {"x": 2}, "miswired"),
    "changes out": (lambda x: x * x, shifts_out, {"x": 2}, "miswired"),
    "forgets the upstream gradient": (lambda x: x * x, lambda x, g: 2 * x + 0 * g, {"x": 2}, "refuted"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_found(name: str) -> None:
    forward, backward, shapes, verdict = WRONG[name]
    with pytest.raises(DerivativeError) as caught:
        verify.check(forward, backward, shapes=shapes, **FEW)
    assert any(f.verdict == verdict for f in caught.value.findings)


def test_a_definition_may_be_another_function() -> None:
    assert verify.check(softmax, softmax_backward, naive_softmax, shapes={"x": 2}, **FEW).ok
    with pytest.raises(DerivativeError, match="REFUTED"):
        verify.check(lambda x: 2 * softmax(x), softmax_backward, naive_softmax, shapes={"x": 2}, **FEW)
    assert verify.check(lambda x: np.square(x), lambda x, g: 2 * x * g, lambda x: x * x, **FEW).ok


def test_the_scalar_it_becomes() -> None:
    operation = VectorPair(softmax, softmax_backward, {"x": 2})
    assert operation.inputs == ("x_0", "x_1", "w_0", "w_1")
    run = operation.run((0.0, 0.0, 1.0, 0.0), upstream=2.0, before=[1.0] * 4)
    assert run.out == 0.5
    assert run.gradients == (1.5, 0.5, 2.0, 2.0)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"y": 3}, "shapes: 'y' is not an input"),
        ({"x": 0}, "0 is not a shape"),
        ({"x": 300_000}, "300000 entries are more than"),
        ({"x": True}, "True is not a shape"),
        ({}, "does not run on arrays of symbols of these shapes"),
    ],
)
def test_shapes_that_make_no_sense(shapes: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify.check(softmax, softmax_backward, shapes=shapes)


def test_integers_cannot_be_traced() -> None:
    """A cast to ints is a step function: on symbols it must not be taken for the identity."""
    for cast in (lambda x: x.astype(int) + 0.0, lambda x: np.array(x, dtype=int) + 0.0):
        steps = verify.check(cast, lambda x, g: 0 * g, shapes={"x": 2}, **FEW)
        assert steps.operations[0].right.verdict in (Verdict.MATCHED, Verdict.PROBABLE)
        assert not verify.check(cast, lambda x, g: g, shapes={"x": 2}, raises=False, **FEW).ok
    chosen = verify.check(
        lambda x: x * np.eye(2)[np.array([1.0, 0.0]).astype(int)][0],
        lambda x, g: g * np.array([0.0, 1.0]),
        shapes={"x": np.int64(2)},
        **FEW,
    )
    assert chosen.operations[0].right.verdict is Verdict.PROVED


def raises(x: Any, g: Any) -> Any:
    raise ValueError("not yet")


@pytest.mark.parametrize("size", [2, 40])
def test_an_exception_of_a_backward_is_reported_as_its_own(size: int) -> None:
    with pytest.raises(DerivativeError) as caught:
        verify.check(lambda x: 2 * x, raises, shapes={"x": size}, **FEW)
    findings = caught.value.findings
    assert {f.question for f in findings} == {Question.RIGHT, Question.SAFE, Question.WIRED}
    assert all("not yet" in f.message and "forward does not" not in f.message for f in findings)


@pytest.mark.parametrize("size", [2, 40])
@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda g: 2 * g + 0j, "returned complex numbers for x"),
        (lambda g: "2", "returned a str for x, which is not an array"),
        (lambda g: (v for v in g), "returned a generator for x, which is not an array"),
    ],
)
def test_invalid_gradients(size: int, backward: Any, message: str) -> None:
    with pytest.raises(DerivativeError, match=message):
        verify.check(lambda x: 2 * x, backward, shapes={"x": size}, **FEW)


@pytest.mark.parametrize("size", [2, 40])
@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (lambda x: {"x": x}, "the forward returned a dict"),
        (lambda x: (x, x), "the forward returned a tuple"),
        (lambda x: x[:0], "the forward returned an empty array"),
    ],
)
def test_invalid_values(size: int, forward: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify.check(forward, lambda g: g, shapes={"x": size}, **FEW)


@pytest.mark.parametrize(
    ("forward", "backward", "size"),
    [
        (lambda x: np.log(np.abs(x) + 1e-300).sum(), lambda x, g: g / x, 3),
        (lambda x: np.maximum(x, 0), lambda x, g: g * np.where(x > 0, 1, np.where(x < 0, 0, 2)), 2),
    ],
)
def test_a_counterexample_at_a_kink_has_a_nonzero_upstream_gradient(forward: Any, backward: Any, size: int) -> None:
    """Where it is 0 every result looks right, or like 0/0."""
    with pytest.raises(DerivativeError) as caught:
        verify.check(forward, backward, shapes={"x": size}, **FEW)
    found = next(f for f in caught.value.findings if f.check == "proof")
    assert [float(v) for name, v in found.point.items() if name.startswith("w") and float(v) == 0] == []


def test_a_limit_at_infinity_gives_no_warnings() -> None:
    """NumPy warns of an "invalid value" for objects at an infinity; warnings are errors here."""
    for size in (3, 40):
        forward, backward = lambda x: np.clip(x, -np.inf, 3), lambda x, g: g * (x < 3)
        assert verify.check(forward, backward, shapes={"x": size}, name="clip").ok


@pytest.mark.parametrize("size", [3, 40])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_or_exit_of_the_code_is_a_finding(size: int, error: type[BaseException]) -> None:
    def backward(x: Any, g: Any) -> Any:
        raise error

    report = verify.check(np.exp, backward, shapes={"x": size}, name="exp", names=("x",), raises=False)
    assert not report.ok
