"""Every operation on every kind of number: the same closure, the same results."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import sympy
from flint import arb, ctx

from backproof.engine import OPS, Value, arithmetic
from backproof.engine.rules.nested import values_of
from backproof.verify import arithmetics as kinds
from backproof.verify.arithmetics.balls import BALLS

kinds.load()

REAL = sympy.Symbol("x", real=True)


@pytest.fixture(autouse=True)
def _bits() -> Iterator[None]:
    with flint.ctx.workprec(128):
        yield


def _ball(x: float) -> arb:
    return arb(x)


def _middle(x: Any) -> float:
    assert x == 0 or arb(x).rel_accuracy_bits() > 60, f"the interval {x} has lost its digits"
    return float(arb(x))


KINDS: dict[str, tuple[Callable[[float], Any], Callable[[Any], float]]] = {
    "array": (lambda x: np.array([x, x]), lambda a: float(np.broadcast_to(a, 2)[1])),
    "float64": (np.float64, float),
    "SymPy": (sympy.Rational, lambda e: float(sympy.N(e, 30))),
    "mpmath": (mpmath.mpf, float),
    "ball": (_ball, _middle),
}
"""How a float becomes a number of the kind, and back."""

POINTS: dict[str, list[tuple[float, ...]]] = {
    "acosh": [(1.25,), (3.0,), (1e6,)],
    "power": [(0.75,), (-1.5,), (3.0,)],
    **{name: [(0.75,), (2.5,), (1e-3,)] for name in ("log", "sqrt")},
    **{name: [(0.75,), (-0.25,), (1e-3,)] for name in ("asin", "acos", "atanh", "log1p")},
    "pow": [(0.75, 2.5), (3.0, -0.5), (2.0, 3.0)],
}
"""The domain of an operation, if it is not everywhere."""

EVERYWHERE: dict[int, list[tuple[float, ...]]] = {
    1: [(0.75,), (-0.75,), (3.5,), (-6.5,), (0.0,)],
    2: [(0.75, 0.25), (-0.75, 2.5), (3.0, -4.0), (0.5, 0.5)],
}
UNDEFINED_AT_ZERO = {"reciprocal", "cbrt"}
TWO = {"add", "sub", "mul", "div", "pow", "max", "min", "atan2", "hypot", "logaddexp"}


def _points(name: str) -> Iterator[tuple[float, ...]]:
    for point in POINTS.get(name) or EVERYWHERE[2 if name in TWO else 1]:
        if not (name in UNDEFINED_AT_ZERO and 0 in point):
            yield point


def _value_and_gradient(name: str, operands: list[Any]) -> tuple[Any, ...]:
    values = [Value(x) for x in operands]
    out = getattr(values[0], OPS[name])(*values[1:], *((3,) if name == "power" else ()))
    out.backward()
    return (out.data, *(v.grad for v in values))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OPS)
def test_each_operation_agrees_with_floats(name: str, kind: str) -> None:
    into, back = KINDS[kind]
    for point in _points(name):
        expected = _value_and_gradient(name, list(point))
        results = _value_and_gradient(name, [into(x) for x in point])
        for result, number in zip(results, expected, strict=True):
            assert back(result) == pytest.approx(number, rel=1e-12, abs=1e-15), (point, results, expected)


@pytest.mark.parametrize(
    "name", ["add", "sub", "mul", "div", "square", "reciprocal", "power", "max", "min", "relu"]
)
def test_rational_operations_are_exact_on_fractions(name: str) -> None:
    for point in _points(name):
        results = _value_and_gradient(name, list(map(Fraction, point)))
        assert list(map(float, results)) == pytest.approx(_value_and_gradient(name, list(point)), rel=1e-15)
        assert all(isinstance(a, (Fraction, int)) for a in results)


def _expression(x: Any, y: Any) -> Any:
    return (
        (x * y).tanh() + x.max(y) ** 2 - (x / y).sigmoid() + 3 * y.gelu() - (2 - x).softplus()
    ).logsigmoid()


@pytest.mark.parametrize("kind", KINDS)
def test_one_expression_on_every_kind(kind: str) -> None:
    into, back = KINDS[kind]
    gradients = []
    for make in (float, into):
        x, y = Value(make(0.5)), Value(make(-1.25))
        out = _expression(x, y)
        out.backward()
        gradients.append((out.data, x.grad, y.grad))
    assert [back(g) for g in gradients[1]] == pytest.approx(list(gradients[0]), rel=1e-12)


OPERATORS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: a**b,
]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("kind", [*KINDS, "fraction"])
def test_a_number_of_the_kind_may_stand_at_the_left(kind: str, operator: Callable[[Any, Any], Any]) -> None:
    into, back = KINDS.get(kind, (Fraction, float))
    x = Value(into(2.0))
    out = operator(into(3.0), x)
    assert type(out) is Value
    assert back(out.data) == pytest.approx(operator(3.0, 2.0))
    if kind != "fraction":  # the derivative of 3**x is 9·log 3: no fraction
        out.backward()
        plain = Value(2.0)
        operator(3.0, plain).backward()
        assert back(x.grad) == pytest.approx(plain.grad)


MIXES = [np.ones(2), np.float64(1), REAL, mpmath.mpf(1), arb(1), Fraction(1, 2)]


@pytest.mark.parametrize("left", MIXES, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("right", MIXES, ids=lambda x: type(x).__name__)
def test_two_kinds_do_not_mix(left: Any, right: Any) -> None:
    if arithmetic(left) is arithmetic(right):
        assert type(Value(left) * Value(right)) is Value
        return
    for pair in ((Value(left), Value(right)), (Value(left), right), (left, Value(right))):
        with pytest.raises(TypeError, match="cannot mix") as error:
            pair[0] * pair[1]
        assert arithmetic(left).name in str(error.value)
        assert arithmetic(right).name in str(error.value)


@pytest.mark.parametrize("number", [2, 2.0])
@pytest.mark.parametrize("other", MIXES, ids=lambda x: type(x).__name__)
def test_plain_numbers_fit_every_kind(number: float, other: Any) -> None:
    out = number * Value(other) + Value(number)
    if isinstance(other, Fraction) and isinstance(number, float):
        assert type(out.data) is float  # as in Python: a float makes the result inexact
    else:
        assert arithmetic(out.data) is arithmetic(other)


def test_every_kind_has_every_function() -> None:
    float_names = set(vars(arithmetic(1.0)))
    for other in MIXES:
        m = arithmetic(other)
        missing = [n for n in float_names - {"pi"} if not hasattr(m, n)]
        assert not missing, f"{m.name}: {missing}"


def test_second_order_on_intervals_and_digits() -> None:
    for make in (arb, mpmath.mpf, sympy.Rational):
        x = Value(Value(make(0.5)))
        x.tanh().backward()
        x.grad.backward()
        t = math.tanh(0.5)
        assert float(x.data.grad) == pytest.approx(-2 * t * (1 - t * t))
    assert values_of(arithmetic(arb(1))).name == "Value of arb ball"


@pytest.mark.parametrize("package", kinds.MODULES)
def test_each_kind_loads_alone(package: str) -> None:
    """Loading balls does not import SymPy."""
    brings = {package, "mpmath", "flint"} if package == "sympy" else {package}
    others = [p for p in ("sympy", "numpy", "mpmath", "flint") if p not in brings]
    code = (
        f"import sys; from backproof.verify import arithmetics; arithmetics.load({package!r}); "
        f"print(*[m for m in {others} if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "\n"


# ------------------------------------------------------------------------------------------------- arrays


def test_integer_arrays_become_floats() -> None:
    assert Value(np.array([1, 2])).data.dtype == np.float64
    assert Value(np.int32(3)).data == 3.0


@pytest.mark.parametrize(
    "bad", [np.array([True]), np.array(["1"]), np.array([None]), np.array([1j]), np.bool_(True)]
)
def test_arrays_of_anything_else_are_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match=str(bad.dtype)):
        Value(bad)


def test_shapes_must_be_equal() -> None:
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        Value(np.ones(2)) + Value(np.ones(3))
    with pytest.raises(ValueError, match=r"\(2, 1\) and \(2,\)"):
        Value(np.ones((2, 1))).max(np.ones(2))


def test_a_single_number_fits_any_batch_and_has_a_gradient_for_each_point() -> None:
    for number in (3.0, np.float64(3), np.array(3.0)):
        weight, batch = Value(number), Value(np.arange(4.0))
        (weight * batch + weight).backward()
        assert weight.grad.tolist() == [1, 2, 3, 4]


def test_arrays_keep_their_precision() -> None:
    for dtype in (np.float16, np.float32):
        for name in OPS:
            point = next(iter(_points(name)))
            results = _value_and_gradient(name, [np.array([x], dtype) for x in point])
            assert {np.asarray(a).dtype for a in results} == {np.dtype(dtype)}, name


def test_array_functions_give_no_warning() -> None:
    x = Value(np.array([-np.inf, -1e308, -1000, -0.0, 0.0, 1000, 1e308, np.inf]))
    for name in ("sigmoid", "softplus", "exp", "tanh", "erf", "erfc", "cbrt", "relu", "logsigmoid", "cosh"):
        getattr(x, name)()  # warnings are errors in this suite
    m = arithmetic(x.data)
    assert m.divide(np.array([1.0, -1, 0]), np.array([0.0, 0, 0])).tolist()[:2] == [math.inf, -math.inf]
    assert m.normal_pdf(np.array([1e200])).tolist() == [0.0]


def test_gradients_of_a_batch_are_not_shared() -> None:
    x, y = Value(np.ones(2)), Value(np.ones(2))
    (x + y).backward()
    x.grad += 1
    assert y.grad.tolist() == [1, 1]


# ---------------------------------------------------------------------- symbols, digits, intervals


def test_symbols_read_as_mathematics() -> None:
    x = Value(REAL)
    x.gelu().backward()
    known = sympy.diff(REAL * (1 + sympy.erf(REAL / sympy.sqrt(2))) / 2, REAL)
    assert sympy.simplify((x.grad - known).rewrite(sympy.erf)) == 0
    x.grad = 0
    x.relu().backward()
    assert x.grad == sympy.Piecewise((1, REAL > 0), (0, True))


def test_products_of_indicators_are_joint_conditions() -> None:
    m = arithmetic(REAL)
    inside = m.gt(REAL, -3) * m.lt(REAL, 3)
    assert m.where(inside, REAL, 0).subs(REAL, 4) == 0
    assert m.where(inside, REAL, 0).subs(REAL, 2) == 2
    assert m.where(1, REAL, 0) == REAL


def test_floats_become_exact_in_symbolic_functions() -> None:
    m = arithmetic(REAL)
    assert m.sqrt(2) == sympy.sqrt(2)
    assert m.pow(REAL, 0.5) == sympy.sqrt(REAL)
    assert m.maximum(REAL, 0.1).args[0] == sympy.Rational(0.1)


@pytest.mark.parametrize("kind", [mpmath.mpf, Fraction, arb, sympy.Rational, np.float64])
def test_a_constant_that_wins_is_still_of_the_kind(kind: Any) -> None:
    x = Value(kind(-2))
    out = x.relu()
    assert arithmetic(out.data) is arithmetic(x.data)
    assert arithmetic(x.data).where(0, x.data, 1) == 1


def test_complex_data_is_refused() -> None:
    with pytest.raises(TypeError, match="not real"):
        Value(sympy.I)
    for name, x in (("sqrt", -1), ("log", -2), ("asin", 2), ("acosh", 0.5), ("atanh", 3), ("log1p", -2)):
        with pytest.raises(ValueError, match=name):
            getattr(Value(mpmath.mpf(x)), name)()


def test_digits_follow_the_current_precision() -> None:
    with mpmath.workdps(60):
        x = Value(mpmath.mpf(1) / 3)
        x.gelu().backward()
        known = mpmath.ncdf(x.data) + x.data * mpmath.npdf(x.data)
        assert abs(x.grad - known) < mpmath.mpf(10) ** -58
        assert arithmetic(x.data).cbrt(mpmath.mpf(-8)) == -2


def test_intervals_follow_the_current_precision() -> None:
    with flint.ctx.workprec(300):
        x = Value(arb(1) / 3)
        x.gelu().backward()
        assert x.grad.rel_accuracy_bits() > 290
    assert arithmetic(arb(1)).pi.rel_accuracy_bits() < 130


def test_undecided_comparisons_enclose_both_branches() -> None:
    m, wide = arithmetic(arb(0)), arb(0, 1)
    for name in ("ge", "gt", "le", "lt"):
        assert getattr(m, name)(wide, 0).contains(0)
        assert getattr(m, name)(wide, 0).contains(1)
    chosen = m.where(m.gt(wide, 0), 5, -3)
    assert chosen.contains(5)
    assert chosen.contains(-3)
    assert m.maximum(wide, 0).contains(0)
    assert m.maximum(wide, 0).contains(1)
    assert m.minimum(wide, 0).contains(-1)
    assert m.where(m.gt(arb(1), 0), 5, arb("nan")) == 5  # a branch not taken does not spoil the one taken


def test_intervals_around_zero() -> None:
    m = arithmetic(arb(0))
    root = m.cbrt(arb(0, 1))
    assert root.contains(-1)
    assert root.contains(1)
    assert root.rad() < 1.01
    assert m.cbrt(arb(0)) == 0
    assert m.hypot(arb(0, 1), 0).contains(1)
    assert m.hypot(arb(0), 0) == 0
    for x in (-1e300, -40, 0, 40, 1e300):
        s = m.sigmoid(arb(x))
        assert s.is_finite()
        assert s.overlaps(arb(1 / (1 + math.exp(-x)) if x > -700 else 0) + arb(0, 1e-15))
        assert m.softplus(arb(x)).is_finite()


@pytest.mark.parametrize(
    "name", ["exp", "tanh", "sigmoid", "softplus", "cbrt", "erf", "atan", "gelu", "mish", "max"]
)
def test_wide_intervals_contain_the_values_at_their_points(name: str) -> None:
    operands = (Value(arb(0.3, 0.5)),) + ((arb(0.25),) if name == "max" else ())
    wide = getattr(operands[0], name)(*operands[1:])
    wide.backward()
    for i in range(11):
        x = Value(arb(-0.2 + 0.1 * i))
        out = getattr(x, name)(*operands[1:])
        out.backward()
        assert wide.data.contains(out.data)
        assert arb(operands[0].grad).contains(arb(x.grad))


def test_far_out_the_interval_of_erfc_keeps_its_digits() -> None:
    """arb's own erfc has no digits left from about 1e5 on, for an interval that is not a single number."""
    with ctx.workprec(128):
        x = arb(932525.4656985214) / arb(2).sqrt()
        assert x.erfc().rel_accuracy_bits() < 0
        far = BALLS.erfc(x)
        assert far.rel_accuracy_bits() > 80
    for middle, radius in ((-3.5, 1e-10), (0.1, 0.25), (5.0, 3.0), (40.0, 1e-3), (1e6, 1e-12)):
        around = BALLS.erfc(arb(middle, radius))
        for place in (middle - 0.99 * radius, middle, middle + 0.99 * radius):
            with ctx.workprec(400):
                assert around.overlaps(arb(place).erfc())


def test_fractions_refuse_what_is_no_fraction() -> None:
    half = Value(Fraction(1, 2))
    assert Value(Fraction(9, 4)).sqrt().data == Fraction(3, 2)
    assert Value(Fraction(-8, 27)).cbrt().data == Fraction(-2, 3)
    assert Value(Fraction(3)).hypot(Fraction(4)).data == 5
    for refused in (half.exp, half.sqrt, half.gelu, lambda: half**0.5):
        with pytest.raises(TypeError, match="not a fraction"):
            refused()


def test_hypot_of_an_interval_around_0_is_bounded() -> None:
    """The square of an interval around 0 extends below 0, where a root has no value."""
    around, small = arb(0, 2.0**-20), arb(0, 2.0**-30)
    for length in (BALLS.hypot(around, small), BALLS.hypot(arb(0), around)):
        assert length.is_finite()
        assert length.contains(0)
        assert length.contains(2.0**-20)
        assert length < 2.0**-18
