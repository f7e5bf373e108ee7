"""Derivatives that are handed over as such: every contract, right and wrong in the ways in which people are wrong."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.commands.cli import main
from backproof.verify.reports.failures import failures
from backproof.verify.results.findings import Verdict
from backproof.verify.run.report import Report
from backproof.verify.support.errors import UsageError

FEW: dict[str, Any] = {"points": 200, "raises": False}
X = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.25]])
Y = np.array([1.0, 0.5, -0.25])
T = np.array([0.5, 1.0, 2.0])


def square(x):
    return np.array([x[0] * x[1], x[1] ** 2])


def square_jac(x):
    return np.array([[x[1], x[0]], [0 * x[0], 2 * x[1]]])


def wide(x):
    return np.array([x[0] * x[1], x[1] ** 2, x[0]])


def wide_jac(x):
    return np.array([[x[1], x[0]], [0 * x[0], 2 * x[1]], [1, 0]])


def cubic(x):
    return x[0] ** 2 * x[1] + x[1] ** 3


def cubic_jac(x):
    return np.array([2 * x[0] * x[1], x[0] ** 2 + 3 * x[1] ** 2])


def cubic_hess(x):
    return np.array([[2 * x[1], 2 * x[0]], [2 * x[0], 6 * x[1]]])


def decay(a, b):
    return a * np.exp(-b * T)


def decay_jac(a, b):
    return [np.exp(-b * T), -a * T * np.exp(-b * T)]


def loss(w, X=X, y=Y):
    return ((X @ w - y) ** 2).sum()


def loss_jac(w, X=X, y=Y):
    return 2 * X.T @ (X @ w - y)


def verdicts(report: Report) -> dict[str, Verdict]:
    return {operation.name: operation.right.verdict for operation in report.operations}


def likely(report: Report) -> set[str]:
    return {text for f in report.findings for name, text in f.details if name == "likely"}


RIGHT: dict[str, tuple[Any, dict[str, Any]]] = {
    "a scalar derivative": (lambda x: x**3, {"jac": lambda x: 3 * x**2}),
    "a gradient": (lambda x: (x**2).sum(), {"jac": lambda x: 2 * x, "shapes": {"x": 3}}),
    "a gradient as a row": (lambda x: (x**2).sum(), {"jac": lambda x: (2 * x)[None, :], "shapes": {"x": 3}}),
    "a gradient of a matrix": (lambda x: (x**2).sum(), {"jac": lambda x: 2 * x, "shapes": {"x": (2, 3)}}),
    "a Jacobian": (square, {"jac": square_jac, "shapes": {"x": 2}}),
    "a wide Jacobian": (wide, {"jac": wide_jac, "shapes": {"x": 2}}),
    "outputs as a list": (lambda x: [x[0] * x[1], x[1] ** 2], {"jac": square_jac, "shapes": {"x": 2}}),
    "a Jacobian of lists": (
        lambda a, b: [a * b, b**2],
        {"jac": lambda a, b: [[b, a], [0, 2 * b]]},
    ),
    "partials by data": (decay, {"jac": decay_jac, "bounds": {"b": (-2, 2)}}),
    "partials in a dictionary": (lambda a, b: a * b, {"jac": lambda a, b: {"b": a, "a": b}}),
    "a constant partial": (lambda a, b: a + b * T, {"jac": lambda a, b: [1.0, T]}),
    "fewer arguments": (lambda a, b: a + b**2, {"jac": lambda b: [1.0, 2 * b]}),
    "one input held": (
        lambda x, a, b: a * np.exp(-b * x),
        {"jac": lambda x, a, b: [np.exp(-b * x), -a * x * np.exp(-b * x)], "wrt": ("a", "b")},
    ),
    "a kink where an input is held": (
        lambda x, a: abs(x - a) * 2,
        {"jac": lambda x, a: 2.0 * (x > a) - 2.0 * (x < a), "wrt": "x"},
    ),
    "data by args": (
        lambda w, X, y: ((X @ w - y) ** 2).sum(),
        {"jac": lambda w, X, y: 2 * X.T @ (X @ w - y), "args": (X, Y), "shapes": {"w": 2}},
    ),
    "data by default": (loss, {"jac": loss_jac, "shapes": {"w": 2}}),
    "values, with a label and an integer": (
        lambda x, n, how: x**n if how == "power" else n * x,
        {"jac": lambda x, n, how: n * x ** (n - 1), "inputs": {"x": 1.5, "n": 3, "how": "power"}},
    ),
    "a keyword": (lambda x, *, k: k * x**2, {"jac": lambda x, *, k: [2 * k * x, x**2]}),
    "several names": (
        lambda x, *params: params[0] * np.exp(params[1] * x),
        {
            "jac": lambda x, *params: [np.exp(params[1] * x), params[0] * x * np.exp(params[1] * x)],
            "names": ("x", "a", "b"),
            "wrt": ("a", "b"),
        },
    ),
    "value and gradient": (lambda x: ((x**2).sum(), 2 * x), {"jac": True, "shapes": {"x": 3}}),
    "a Hessian": (cubic, {"jac": cubic_jac, "hess": cubic_hess, "shapes": {"x": 2}}),
    "a Hessian alone": (cubic, {"hess": cubic_hess, "shapes": {"x": 2}}),
    "a Hessian of two numbers": (
        lambda a, b: a**2 * b,
        {"jac": lambda a, b: (2 * a * b, a**2), "hess": lambda a, b: [[2 * b, 2 * a], [2 * a, 0]]},
    ),
    "a Hessian and a vector": (cubic, {"jac": cubic_jac, "hessp": lambda x, p: cubic_hess(x) @ p, "shapes": {"x": 2}}),
    "a Hessian and a vector alone": (cubic, {"hessp": lambda x, p: cubic_hess(x) @ p, "shapes": {"x": 2}}),
    "a direction": (square, {"jvp": lambda x, v: square_jac(x) @ v, "shapes": {"x": 2}}),
    "directions of two": (lambda a, b: a * b, {"jvp": lambda a, b, da, db: da * b + a * db}),
    "a direction as in JAX": (
        lambda a, b: a * b,
        {"jvp": lambda primals, tangents: (0.0, tangents[0] * primals[1] + primals[0] * tangents[1])},
    ),
    "a chain": (math.sin, {"fprime": math.cos, "fprime2": lambda x: -math.sin(x)}),
    "a chain entry by entry": (
        np.tanh,
        {
            "fprime": lambda x: 1 - np.tanh(x) ** 2,
            "fprime2": lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
            "names": ("x",),
            "shapes": {"x": 3},
        },
    ),
    "columns, said so": (wide, {"jac": lambda x: wide_jac(x).T, "layout": "columns", "shapes": {"x": 2}}),
    "kinks": (lambda x: np.abs(x).sum(), {"jac": np.sign, "shapes": {"x": 2}}),
    "rows at a kink that a weighted sum would not allow": (
        lambda x: np.array([abs(x), -abs(x)]),
        {"jac": lambda x: np.array([1.0 if x >= 0 else -1.0, 1.0 if x <= 0 else -1.0])},
    ),
    "a domain": (lambda x: np.log(x).sum(), {"jac": lambda x: 1 / x, "domain": "x > 0", "shapes": {"x": 2}}),
    "a domain of two entries": (
        lambda x: np.sqrt(x[1] - x[0]),
        {
            "jac": lambda x: np.array([-0.5 / np.sqrt(x[1] - x[0]), 0.5 / np.sqrt(x[1] - x[0])]),
            "domain": "x_0 < x_1",
            "shapes": {"x": 2},
        },
    ),
    "an array that is asked for its type": (
        lambda x: (x * x).sum() if x.dtype == float and x.dtype in (float,) else 0.0,
        {"jac": lambda x: 2 * x, "shapes": {"x": 2}},
    ),
    "an inverse": (
        lambda A: np.linalg.inv(A),
        {
            "jac": lambda A: -np.einsum("ij,kl->iljk", np.linalg.inv(A), np.linalg.inv(A)),
            "shapes": {"A": (2, 2)},
            "domain": "A_0_0*A_1_1 - A_0_1*A_1_0 > 1",
            "bounds": {"A": (-10, 10)},
        },
    ),
    "data by value": (
        lambda x, a, b: a * np.exp(-b * x),
        {
            "jac": lambda x, a, b: np.stack([np.exp(-b * x), -a * x * np.exp(-b * x)], axis=1),
            "inputs": (T,),
            "wrt": ("a", "b"),
            "bounds": {"b": (0, None)},
        },
    ),
    "a definition": (lambda x: math.expm1(x), {"jac": lambda x: math.exp(x), "definition": "exp(x) - 1"}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_derivatives_are_proved(name: str) -> None:
    function, options = RIGHT[name]
    report = verify.check(function, **options, **FEW)
    assert report.ok, [f.message for f in report.findings if f.verdict.fails]
    assert set(verdicts(report).values()) == {Verdict.PROVED}


WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "the sign": (lambda x: (x**2).sum(), {"jac": lambda x: -2 * x, "shapes": {"x": 3}}, "wrong sign"),
    "a factor": (lambda x: (x**2).sum(), {"jac": lambda x: x, "shapes": {"x": 3}}, "1/2 times"),
    "a mean": (lambda x: (x**2).mean(), {"jac": lambda x: 2 * x, "shapes": {"x": 3}}, "a missing 1/n, with n = 3"),
    "the transpose": (square, {"jac": lambda x: square_jac(x).T, "shapes": {"x": 2}}, "the transpose of the Jacobian"),
    "another order": (lambda a, b: a**2 * b, {"jac": lambda a, b: (a**2, 2 * a * b)}, "in the order b, a"),
    "by a logarithm": (
        lambda a, b: a * np.exp(-b),
        {"jac": lambda a, b: (np.exp(-b), -a * b * np.exp(-b))},
        "the partial by b is that by log b",
    ),
    "one column": (
        lambda a, b: a * np.exp(-b),
        {"jac": lambda a, b: (np.exp(-b), a * np.exp(-b))},
        "the partial by b has the wrong sign",
    ),
    "no mixed entries": (
        cubic,
        {"jac": cubic_jac, "hess": lambda x: np.array([[2 * x[1], 0], [0, 6 * x[1]]]), "shapes": {"x": 2}},
        "",
    ),
    "a direction transposed": (square, {"jvp": lambda x, v: square_jac(x).T @ v, "shapes": {"x": 2}}, ""),
    "a Hessian and a vector": (cubic, {"hessp": lambda x, p: 2 * cubic_hess(x) @ p, "shapes": {"x": 2}}, ""),
    "an entry of 256": (
        lambda x: (x**2).sum(),
        {"jac": lambda x: np.where(np.arange(16).reshape(4, 4) == 11, 2.001 * x, 2 * x), "shapes": {"x": (4, 4)}},
        "",
    ),
    "a term forgotten in one row": (
        wide,
        {"jac": lambda x: np.array([[x[1], x[0]], [0 * x[0], 2 * x[1]], [1, 1e-9]]), "shapes": {"x": 2}},
        "",
    ),
    "a held input that is a kink": (
        lambda x, a: abs(x - a) * 2,
        {"jac": lambda x, a: 2.5 if x == a else 2.0 * (x > a) - 2.0 * (x < a), "wrt": "x"},
        "",
    ),
    "kinks": (lambda x: np.abs(x).sum(), {"jac": lambda x: np.where(x == 0, 1.5, np.sign(x)), "shapes": {"x": 2}}, ""),
    "value and gradient": (lambda x: ((x**2).sum(), 3 * x), {"jac": True, "shapes": {"x": 3}}, "3/2 times"),
    "not the definition": (math.sin, {"jac": math.cos, "definition": "cos(x)"}, ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_derivatives_are_refuted(name: str) -> None:
    function, options, mistake = WRONG[name]
    report = verify.check(function, **options, **FEW)
    assert Verdict.REFUTED in verdicts(report).values()
    assert not mistake or any(mistake in text for text in likely(report)), likely(report)


def test_a_right_second_derivative_of_a_wrong_first_is_told() -> None:
    report = verify.check(math.sin, fprime=lambda x: -math.cos(x), fprime2=math.sin, **FEW)
    first, second = report.operations
    assert first.right.verdict is second.right.verdict is Verdict.REFUTED
    found = {f.case: f.verdict for f in second.findings if f.check == "proof"}
    assert found == {
        "of fprime, which is refuted": Verdict.PROVED,
        "of the function's own derivative": Verdict.REFUTED,
    }


@pytest.mark.parametrize(
    ("function", "jac", "mistake"),
    [
        (square, lambda x: square_jac(x).T, "the transpose"),
        (wide, lambda x: 2 * wide_jac(x), "2 times"),
        (lambda x: np.tanh(x), lambda x: np.diag(np.tanh(x) ** 2 - 1), "wrong sign"),
    ],
)
def test_one_mistake_is_one_finding_whatever_the_number_of_rows(function: Any, jac: Any, mistake: str) -> None:
    report = verify.check(function, jac=jac, shapes={"x": 2}, **FEW)
    (failure,) = failures(report)
    assert mistake in dict(failure.finding.details)["likely"]
    assert "output 1" in dict(failure.finding.details)["alike"]


def test_of_unknown_mistakes_the_first_few_rows_are_shown() -> None:
    t = np.arange(1.0, 9.0)
    report = verify.check(lambda a: a**2 * t, jac=lambda a: (2 * a + a**2) * t, **FEW)
    found = [f for f in report.findings if f.check == "proof" and f.verdict is Verdict.REFUTED]
    assert len(found) == 3
    assert dict(found[-1].details)["alike"].startswith("output 3, output 4")


def test_another_layout_is_accepted_and_told() -> None:
    report = verify.check(wide, jac=lambda x: wide_jac(x).T, shapes={"x": 2}, **FEW)
    assert report.ok
    assert any('say layout="columns"' in f.message for f in report.findings)


def test_a_square_jacobian_is_read_by_rows_unless_told() -> None:
    report = verify.check(square, jac=lambda x: square_jac(x).T, layout="columns", shapes={"x": 2}, **FEW)
    assert set(verdicts(report).values()) == {Verdict.PROVED}


BAD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a shape": (
        square,
        {"jac": lambda x: np.zeros((3, 3)), "shapes": {"x": 2}},
        "returned shape (3, 3); the function returns shape (2,), x has shape (2,): expected (2, 2)",
    ),
    "a text": (square, {"jac": lambda x: "abc", "shapes": {"x": 2}}, "returned the text 'abc'"),
    "nothing": (square, {"jac": lambda x: None, "shapes": {"x": 2}}, "returned None"),
    "observations": (
        loss,
        {"jac": lambda w: 2 * X * (X @ w - Y)[:, None], "shapes": {"w": 2}},
        "the sum over its rows is the gradient (proved)",
    ),
    "complex": (lambda z: z**2, {"jac": lambda z: 2 * z, "inputs": {"z": 1j}}, "pass real and imaginary part"),
    "an unknown name": (lambda a: a, {"jac": lambda a: 1.0, "wrt": "b"}, "wrt: 'b' is not an argument"),
    "an integer": (lambda a, n: a**n, {"jac": lambda a, n: 1.0, "inputs": (1.0, 2), "wrt": "n"}, "nothing can be"),
    "None of two": (lambda a, b: a * b, {"jac": lambda a, b: (b, None)}, "returned None for b"),
    "other arguments": (lambda a, b: a * b, {"jac": lambda a, c, d: 1.0}, "jac takes (a, c, d)"),
    "no function": (math.sin, {"jac": "cos(x)"}, "jac: 'cos(x)' is not a function"),
    "two first ones": (math.sin, {"jac": math.cos, "fprime": math.cos}, "pass one"),
    "a second without a first": (math.sin, {"fprime2": math.sin}, "which was not passed"),
    "a layout": (math.sin, {"jac": math.cos, "layout": "diagonal"}, "layout: 'diagonal' is none of"),
    "a backward too": (math.sin, {"jac": math.cos, "backward": lambda x, g: g}, "pass one of them"),
    "bounds": (lambda x: x, {"jac": lambda x: 1.0, "bounds": {"x": (2, 1)}}, "leaves no room"),
    "one value": (lambda x: x**2, {"jac": True}, "must return (value, gradient)"),
    "no points": (lambda x: x, {"jac": lambda x: 1.0, "domain": "x > 0 and x < 0"}, "no point was found inside"),
    "one point": (lambda x: x, {"jac": lambda x: 1.0, "domain": "x == 5"}, "leave no input free"),
    "no shapes": (lambda x: x[0] ** 2, {"jac": lambda x: 2 * x}, "state shapes="),
    "fails everywhere": (lambda x: 1 / 0, {"jac": lambda x: x}, "fails at every point"),
    "a derivative that fails everywhere": (lambda x: x, {"jac": lambda x: [][0]}, "fails at every point"),
    "a formula for two outputs": (
        square,
        {"jac": square_jac, "shapes": {"x": 2}, "definition": "x_0"},
        "must be a function",
    ),
    "an entry of the same name": (
        lambda x, x_0: x.sum() * x_0,
        {"jac": lambda x, x_0: (x_0, x.sum()), "shapes": {"x": 2}},
        "x_0 is an input, and an entry of an array",
    ),
    "names for values": (np.exp, {"jac": np.exp, "inputs": ("x",)}, "names of inputs are passed as names="),
    "no names": (lambda *p: p[0], {"jac": lambda *p: 1.0}, "pass names="),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_calls_are_told_in_a_line(name: str) -> None:
    function, options, message = BAD[name]
    with pytest.raises(UsageError) as told:
        verify.check(function, **options, **FEW)
    assert message in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("function", "jac", "size"),
    [
        (lambda x: np.abs(x).sum(), lambda x: np.where(x > 0, 1.0, np.where(x < 0, -1.0, 3.0)), 50),
        (lambda x: np.maximum(x, 0).sum(), lambda x: ((x > 0) | (x < -50)) * 1.0, 100),
        (lambda x: (x**2).sum(), lambda x: 2 * x + (np.arange(x.size) == 200) * 1e-3, 300),
    ],
)
def test_large_gradients_that_are_wrong_in_a_place(function: Any, jac: Any, size: int) -> None:
    report = verify.check(function, jac=jac, shapes={"x": size}, **FEW)
    assert report.operations[0].right.verdict is Verdict.REFUTED


def test_many_inputs_are_compared_in_finite_fields() -> None:
    A = np.random.default_rng(0).normal(size=(30, 30))
    S = A + A.T
    given = {"jac": lambda x: S @ x, "hess": lambda x: S, "hessp": lambda x, p: S @ p}
    report = verify.check(lambda x: 0.5 * x @ S @ x, **given, shapes={"x": 30}, **FEW)
    assert set(verdicts(report).values()) == {Verdict.PROBABLE}
    assert report.ok


@pytest.mark.optional
@pytest.mark.parametrize(("name", "slope", "domain"), [("gammaln", "digamma", "x > 0"), ("j0", "j1", None)])
def test_functions_of_scipy_are_not_blamed_far_out(name: str, slope: str, domain: str | None) -> None:
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed: pip install scipy")
    sign = -1 if name == "j0" else 1
    report = verify.check(
        getattr(special, name), jac=lambda x: sign * getattr(special, slope)(x), names=("x",), domain=domain, **FEW
    )
    assert report.ok, [f.message for f in report.findings if f.verdict.fails]


@pytest.mark.optional
def test_a_function_without_a_known_derivative_is_compared_on_floats() -> None:
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed: pip install scipy")

    def df(a, x):
        h = 1e-6
        by_a = (special.gammainc(a + h, x) - special.gammainc(a - h, x)) / (2 * h)
        return [by_a, x ** (a - 1) * np.exp(-x) / special.gamma(a)]

    box = {"a": (1, 3), "x": (0.5, 4)}
    (operation,) = verify.check(special.gammainc, jac=df, names=("a", "x"), bounds=box, **FEW).operations
    assert operation.right.verdict is Verdict.MATCHED


@pytest.mark.optional
def test_scipy_brings_derivatives_of_its_own() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed: pip install scipy")
    given = {"jac": optimize.rosen_der, "hess": optimize.rosen_hess, "hessp": optimize.rosen_hess_prod}
    report = verify.check(optimize.rosen, **given, shapes={"x": 3}, **FEW)
    assert report.ok


def test_code_that_learns_the_type_of_an_entry_is_no_definition() -> None:
    def f(x):
        return (x * x).sum() if type(x[0]) is np.float64 else 0.0

    report = verify.check(f, jac=lambda x: 2 * x, shapes={"x": 2}, **FEW)
    assert set(verdicts(report).values()) == {Verdict.MATCHED}
    report = verify.check(f, jac=lambda x: 2.01 * x, shapes={"x": 2}, **FEW)
    assert set(verdicts(report).values()) == {Verdict.REFUTED}


def opaque(x):
    return float(len(np.format_float_positional(x)) * 0 + x * x)


def test_what_cannot_be_traced_is_run_as_it_is() -> None:
    assert set(verdicts(verify.check(opaque, jac=lambda x: 2 * x, **FEW)).values()) == {Verdict.MATCHED}
    assert set(verdicts(verify.check(opaque, jac=lambda x: 2.1 * x, **FEW)).values()) == {Verdict.REFUTED}
    assert set(verdicts(verify.check(opaque, jvp=lambda x, v: 2 * x * v, **FEW)).values()) == {Verdict.MATCHED}


@pytest.mark.parametrize("traced", [True, False])
def test_no_function_is_called_outside_of_bounds_and_domain(traced: bool) -> None:
    """Neither the function nor the derivative, at any point, in no check."""
    seen: list[float] = []

    def note(x: Any) -> None:
        seen.extend(v for v in np.ravel(x) if isinstance(v, float))

    def f(x):
        note(x)
        return np.log(x).sum() if traced else float(np.log(np.array(x, dtype=float)).sum())

    def df(x):
        note(x)
        return 1 / x

    report = verify.check(f, jac=df, shapes={"x": 2}, domain="x > 0.25", bounds={"x": (0.125, 40)}, **FEW)
    assert report.ok
    assert seen
    assert 0.25 < min(seen)
    assert max(seen) <= 40


def test_bounds_limit_the_points_and_not_the_proof() -> None:
    def clipped(x):
        return math.exp(x) if x < 3 else 0.0

    report = verify.check(math.exp, jac=clipped, bounds={"x": (-5, 5)}, **FEW)
    assert set(verdicts(report).values()) == {Verdict.REFUTED}


def test_same_bytes_again() -> None:
    made = [verify.check(square, jac=square_jac, shapes={"x": 2}, **FEW).to_json() for _ in range(2)]
    assert made[0] == made[1]


PAIRS_FILE = """
import math, time
def cubic(x): return x**3
def slow(x):
    while True: pass
PAIRS = {
    "cubic": (cubic, {"jac": lambda x: 3 * x**2}),
    "sine": (math.sin, {"fprime": math.cos, "fprime2": lambda x: math.sin(x)}),
    "square": (lambda x: x * x, lambda x, g: 2 * x * g),
}
BAD = [(cubic, {"jak": cubic})]
NONE = [(cubic, {"shapes": {"x": 3}})]
"""


def test_a_file_of_functions_with_their_derivatives(tmp_path: Any, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "derivatives_of_mine.py").write_text(PAIRS_FILE, encoding="utf-8")
    assert main(["engine", "derivatives_of_mine.py:PAIRS", "--report", "json=-", "--points", "60"]) == 1
    found = {o["name"]: o["right"]["verdict"] for o in json.loads(capsys.readouterr().out)["operations"]}
    assert found == {
        "cubic.jac": "proved", "sine.fprime": "proved", "sine.fprime2": "refuted", "square": "proved"
    }
    assert main(["engine", "derivatives_of_mine.py:PAIRS", "cubic", "--points", "60"]) == 0
    assert "cubic.jac" in capsys.readouterr().out
    assert main(["engine", "derivatives_of_mine.py:BAD"]) == 2
    assert "'jak' is none of" in capsys.readouterr().err
    assert main(["engine", "derivatives_of_mine.py:NONE"]) == 2
    assert "no derivative is passed" in capsys.readouterr().err


def test_cases_for_pytest() -> None:
    cases = verify.cases({"cubic": (lambda x: x**3, {"jac": lambda x: 3 * x**2}), "bad": (math.sin, {"jac": math.sin})})
    good, bad = cases
    assert str(good) == "cubic.jac"
    good.check(points=60)
    with pytest.raises(verify.DerivativeError):
        bad.check(points=60)
