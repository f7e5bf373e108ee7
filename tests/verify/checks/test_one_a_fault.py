"""A fault of an array rule is one finding, not one for each entry."""

from __future__ import annotations

import numpy as np

from backproof import verify


def test_a_missing_factor_is_told_once() -> None:
    def backward(a, b, g):
        return g @ b.T * 0.5, a.T @ g

    report = verify.check(lambda a, b: a @ b, backward, shapes={"a": (2, 2), "b": (2, 2)}, raises=False)
    (found,) = [f for f in report.findings if f.check == "proof" and f.verdict.fails]
    assert dict(found.details)["alike"]
    assert dict(found.details)["likely"] == "the rule is 1/2 times the derivative"
    assert found.details[-1][0] == "rerun"


def test_the_entries_in_a_diagnosis_do_not_make_it_another() -> None:
    report = verify.check(np.tanh, lambda out, g: g * (1 + out * out), shapes={"x": 4}, raises=False)
    found = [f for f in report.findings if f.check == "proof" and f.verdict.fails]
    assert len(found) == 1


def test_two_faults_are_two() -> None:
    def backward(a, b, g):
        return g * b * 2, g * a * 3

    report = verify.check(lambda a, b: a * b, backward, shapes={"a": 2, "b": 2}, raises=False)
    found = [f for f in report.findings if f.check == "proof" and f.verdict.fails]
    assert sorted(f.operand[0] for f in found) == ["a", "b"]


def test_operands_of_numbers_are_told_each() -> None:
    report = verify.check(lambda x, y: x * y, lambda x, y, g: (2 * g * y, 2 * g * x), raises=False)
    found = [f for f in report.findings if f.check == "proof" and f.verdict.fails]
    assert sorted(f.operand for f in found) == ["x", "y"]


def test_the_weights_in_a_diagnosis_do_not_make_it_another() -> None:
    """w_1 is superfluous for x_0, w_0 for x_1: one sum too many."""

    def softmax(x):
        e = np.exp(x)
        return e / e.sum(axis=-1, keepdims=True)

    def backward(out, g):
        return out * (g - (g * out).sum())

    report = verify.check(softmax, backward, shapes={"x": (2, 1)}, raises=False)
    (found,) = [f for f in report.findings if f.check == "proof" and f.verdict.fails]
    assert dict(found.details)["alike"] == "x_1_0"
