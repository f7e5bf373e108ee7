"""Rules of arrays that are declared to be the derivative of a surrogate: held to that, at small and large shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.commands.cli import main
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.results.report import OperationReport
from backproof.verify.run.harness import verify_here
from backproof.verify.subjects.project_subjects import together
from backproof.verify.subjects.subject import Cases
from backproof.verify.support.errors import UsageError


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max())
    return e / e.sum()


def hardest(x: Any) -> Any:
    return (x == x.max()) * 1.0


def softmax_backward(x: Any, g: Any) -> Any:
    s = softmax(x)
    return s * (g - (g * s).sum())


def clipped(x: Any) -> Any:
    return np.clip(x, -1, 1)


RIGHT: dict[str, tuple[Any, Any, Any]] = {
    "straight through a rounding": (lambda x: np.round(x), lambda g: g, "x"),
    "the same, as a function": (lambda x: np.round(x), lambda g: g, lambda x: x),
    "on a grid": (lambda x: np.round(x * 8) / 8, lambda g: g, "x"),
    "a clipped straight-through sign": (lambda x: np.sign(x), lambda x, g: g * (np.abs(x) <= 1), clipped),
    "a reversed gradient": (lambda x: 1.0 * x, lambda g: -g, "-x"),
    "a hard maximum, a soft gradient": (hardest, softmax_backward, softmax),
    "one that looks at its own output": (lambda x: 2.0 * x, lambda out, g: g * out, "x**2"),
}


def checked(name: str, size: int, factor: float = 1.0, **more: Any) -> OperationReport:
    forward, backward, surrogate = RIGHT[name]

    def scaled(*args: Any, **named: Any) -> Any:
        return factor * backward(*args, **named)

    scaled.__wrapped__ = backward  # type: ignore[attr-defined]
    rule = backward if factor == 1 else scaled
    report = verify.check(forward, rule, surrogate=surrogate, shapes={"x": size}, raises=False, **more)
    return report.operations[0]


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("size", [2, 40])
def test_what_is_declared_is_right(name: str, size: int) -> None:
    found = checked(name, size)
    assert found.right.verdict is (Verdict.PROVED if size == 2 else Verdict.PROBABLE)
    assert found.safe.verdict is Verdict.SAFE
    assert found.wired.verdict is Verdict.WIRED
    (told,) = [f.message for f in found.findings if f.verdict is found.right.verdict and "surrogate" in f.message][-1:]
    assert "the derivative of its surrogate" in told
    assert "not of its forward" in told


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("size", [2, 40])
def test_another_derivative_is_refuted(name: str, size: int) -> None:
    assert checked(name, size, 1.5).right.verdict is Verdict.REFUTED


@pytest.mark.parametrize("size", [2, 40])
def test_the_surrogate_alone_tells_a_wrong_window(size: int) -> None:
    """The gradient passes up to 2, and the clipped surrogate bends at 1: no other function says that this is wrong."""

    def found(surrogate: Any) -> Verdict:
        forward, backward = lambda x: np.sign(x), lambda x, g: g * (np.abs(x) <= 2)
        report = verify.check(forward, backward, surrogate=surrogate, shapes={"x": size}, raises=False)
        return report.operations[0].right.verdict

    assert found(clipped) is Verdict.REFUTED
    assert found("min(max(x, -2), 2)") in (Verdict.PROVED, Verdict.PROBABLE)


@pytest.mark.parametrize("size", [2, 40])
def test_without_the_declaration_it_is_wrong(size: int) -> None:
    forward, backward, _ = RIGHT["a reversed gradient"]
    report = verify.check(forward, backward, shapes={"x": size}, raises=False)
    assert report.operations[0].right.verdict is Verdict.REFUTED


def test_an_output_that_does_not_run_on_symbols_leaves_it_to_floats() -> None:
    """The backward takes `out`, so the rounding is run on symbols, which it refuses."""
    for factor, verdict in ((1.0, Verdict.MATCHED), (2.0, Verdict.REFUTED)):
        report = verify.check(
            lambda x: np.round(x),
            lambda x, out, g, factor=factor: factor * g + 0 * out,
            surrogate="x",
            shapes={"x": 40},
            raises=False,
        )
        assert report.operations[0].right.verdict is verdict


class Gate:
    """The forward keeps what the backward uses; the rounding keeps it from running on symbols."""

    def __init__(self, factor: float) -> None:
        self.factor, self.mask = factor, np.zeros(0)

    def forward(self, x: Any) -> Any:
        self.mask = x > 0
        return np.round(x) * self.mask

    def soft(self, x: Any) -> Any:
        self.mask = x > 0
        return 2 * x * self.mask

    def backward(self, g: Any) -> Any:
        return self.factor * g * self.mask


@pytest.mark.parametrize("size", [2, 40])
def test_what_the_forward_keeps_for_the_backward_is_not_passed_over(size: int) -> None:
    """What was kept in an earlier run on floats must not be taken for a part of the rule."""
    for factor, right in ((1.0, Verdict.MATCHED), (3.0, Verdict.REFUTED)):
        gate = Gate(factor)
        gate.forward(np.ones(size))
        given = {"surrogate": "max(x, 0)", "shapes": {"x": size}, "raises": False}
        report = verify.check(gate.forward, gate.backward, **given)
        assert report.operations[0].right.verdict is right
        found = verify.check(gate.soft, gate.backward, **given).operations[0].right.verdict
        proved = Verdict.PROVED if size == 2 else Verdict.PROBABLE
        assert found is (proved if factor == 1 else Verdict.REFUTED)


def test_several_arrays_are_broadcast() -> None:
    def quantised(x: Any, s: Any) -> Any:
        return np.round(x / s) * s

    def backward(x: Any, s: Any, g: Any) -> Any:
        return g, np.zeros_like(s) if np.shape(s) else 0.0 * s

    for shapes in ({"x": (2, 3), "s": 3}, {"x": (6, 8), "s": 8}):
        report = verify.check(quantised, backward, surrogate="x + 0*s", shapes=shapes, raises=False)
        assert report.operations[0].right.verdict in (Verdict.PROVED, Verdict.PROBABLE)


def test_bounds_and_a_surrogate() -> None:
    found = checked("straight through a rounding", 40, bounds={"x": (3, 4)})
    assert found.right.verdict is Verdict.PROBABLE
    assert "within the bounds" in " ".join(f.message for f in found.safe.findings)


def test_a_modified_output_is_seen() -> None:
    def spoils(out: Any, g: Any) -> Any:
        if out.dtype == float:
            out[...] = 0.0
        return g

    report = verify.check(lambda x: 2 * x, spoils, surrogate="x", shapes={"x": 40}, raises=False)
    assert report.operations[0].wired.verdict is Verdict.MISWIRED


@pytest.mark.parametrize("size", [2, 40])
@pytest.mark.parametrize(
    ("surrogate", "more", "message"),
    [
        ("y", {}, "'y'"),
        ("x +", {}, "surrogate"),
        ("x", {"definition": lambda x: x}, "drop one"),
        (3 + 4j, {}, "surrogate"),
    ],
)
def test_usage(size: int, surrogate: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify.check(lambda x: x, lambda g: g, surrogate=surrogate, shapes={"x": size}, **more)


def test_a_surrogate_of_another_shape() -> None:
    with pytest.raises(UsageError, match=r"it returns shape \(40,\), and total returns \(\)"):
        verify.check(lambda x: x.sum(), lambda g: g, surrogate="x", shapes={"x": 40}, name="total")
    report = verify.check(lambda x: x.sum(), lambda g: g, surrogate="x", shapes={"x": 2}, raises=False)
    assert not report.ok


FILE = """
import numpy as np
from backproof import verify

def rounded(x): return np.round(x)
def through(g): return {factor}*g
def cubed(x): return x**3
def cubed_back(x, g): return {factor}*g

PAIRS = [
    verify.pair(cubed, cubed_back, shapes={{"x": 40}}),
    verify.pair(cubed, cubed_back, shapes={{"x": 2}}, name="small"),
]
"""


@pytest.mark.parametrize(("factor", "code"), [(1, 0), (2, 1)])
def test_a_project_declares_them(factor: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pairs.py").write_text(FILE.format(factor=factor), encoding="utf-8")
    table = '[tool.verify]\nsubjects = ["pairs.py:PAIRS"]\n[tool.verify.surrogates]\ncubed = "x"\nsmall = "x"\n'
    (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["all"]) == code


def test_a_project_with_a_formula_that_is_none() -> None:
    case = verify.pair(lambda x: x**3, lambda g: g, shapes={"x": 40}, name="cubed")
    with pytest.raises(UsageError, match=r"\[tool.verify.surrogates\] cubed = 'z'"):
        together([Cases("pairs", (case,))], {}, surrogates={"cubed": "z"})


def test_a_declaration_keeps_domain_and_bounds() -> None:
    case = verify.pair(np.sqrt, lambda g: g, shapes={"x": 40}, name="root", domain="x > 0", bounds={"x": (1, 2)})
    whole = together([Cases("pairs", (case,))], {}, surrogates={"root": "x"})
    (operation, _) = whole.cases[0]
    assert operation.bounds == {"x": (1.0, 2.0)}
    assert verify_here(whole).operations[0].answers[Question.RIGHT].verdict is Verdict.PROBABLE


def raises(x: Any) -> Any:
    raise ValueError("never")


@pytest.mark.parametrize("size", [2, 40])
@pytest.mark.parametrize(
    ("surrogate", "message"),
    [
        (raises, "surrogate raises does not run on arrays .*never"),
        (lambda x: [1, 2], "surrogate a function without a name returned a list"),
        (lambda x, y: x, "does not run on arrays .*'y'"),
    ],
)
def test_a_surrogate_that_is_none(size: int, surrogate: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify.check(np.round, lambda g: g, names=("x",), surrogate=surrogate, shapes={"x": size})


@pytest.mark.parametrize("size", [2, 40])
def test_a_forward_that_never_runs(size: int) -> None:
    report = verify.check(raises, lambda g: g, surrogate="x", shapes={"x": size}, raises=False)
    assert not report.ok
