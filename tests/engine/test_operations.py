"""Every operation on plain floats: values, derivatives, reflected forms, and the ends of the range of floats.

The expected values come from mpmath at 40 digits: each operation written once more in its terms, and its
derivative by mpmath's numerical differentiation, so that no formula for a derivative is typed in here.
"""

import itertools
import math
import operator
from inspect import signature

import mpmath
import pytest
from mpmath import mp

from backproof.engine import OPS, Value

# fmt: off
DEFINITIONS = {
    #             in mpmath's terms                                          at points away from kinks
    "add":        (lambda x, y: x + y,                                       (1.5, -2.25), (1e10, 0.5)),
    "sub":        (lambda x, y: x - y,                                       (1.5, -2.25), (0.1, 0.3)),
    "mul":        (lambda x, y: x * y,                                       (1.5, -2.25), (0.1, 0.3)),
    "div":        (lambda x, y: x / y,                                       (1.5, -2.25), (0.1, 0.3)),
    "neg":        (lambda x: -x,                                             (1.5,), (-0.1,)),
    "abs":        (lambda x: abs(x),                                         (1.5,), (-0.1,)),
    "power":      (lambda x: x**3,                                           (1.5,), (-0.3,)),
    "pow":        (lambda x, y: x**y,                                        (1.5, -2.25), (0.1, 3.3)),
    "square":     (lambda x: x * x,                                          (1.5,), (-0.1,)),
    "reciprocal": (lambda x: 1 / x,                                          (1.5,), (-0.1,)),
    "sqrt":       (mp.sqrt,                                                  (2.0,), (0.1,)),
    "cbrt":       (lambda x: mp.sign(x) * mp.cbrt(abs(x)),                   (2.0,), (-0.1,)),
    "hypot":      (mp.hypot,                                                 (3.0, -4.0), (0.1, 0.3)),
    "exp":        (mp.exp,                                                   (1.5,), (-20.0,)),
    "expm1":      (mp.expm1,                                                 (1.5,), (1e-9,)),
    "log":        (mp.log,                                                   (1.5,), (0.1,)),
    "log1p":      (mp.log1p,                                                 (1.5,), (-1e-9,)),
    "logaddexp":  (lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),               (1.5, -2.25), (30.0, 31.0)),
    "erf":        (mp.erf,                                                   (0.5,), (-1.5,)),
    "erfc":       (mp.erfc,                                                  (0.5,), (5.0,)),
    "sin":        (mp.sin,                                                   (0.5,), (-10.0,)),
    "cos":        (mp.cos,                                                   (0.5,), (-10.0,)),
    "tan":        (mp.tan,                                                   (0.5,), (-1.0,)),
    "asin":       (mp.asin,                                                  (0.5,), (-0.9,)),
    "acos":       (mp.acos,                                                  (0.5,), (-0.9,)),
    "atan":       (mp.atan,                                                  (0.5,), (-20.0,)),
    "atan2":      (mp.atan2,                                                 (1.5, -2.25), (-0.1, 0.3)),
    "sinh":       (mp.sinh,                                                  (0.5,), (-3.0,)),
    "cosh":       (mp.cosh,                                                  (0.5,), (-3.0,)),
    "tanh":       (mp.tanh,                                                  (0.5,), (-1.5,)),
    "asinh":      (mp.asinh,                                                 (0.5,), (-20.0,)),
    "acosh":      (mp.acosh,                                                 (1.5,), (20.0,)),
    "atanh":      (mp.atanh,                                                 (0.5,), (-0.9,)),
    "max":        (lambda x, y: max(x, y),                                   (1.5, -2.25), (0.1, 0.3)),
    "min":        (lambda x, y: min(x, y),                                   (1.5, -2.25), (0.1, 0.3)),
    "relu":       (lambda x: max(x, 0),                                      (1.5,), (-0.1,)),
    "relu6":      (lambda x: min(max(x, 0), 6),                              (1.5,), (-0.1,), (7.0,)),
    "leaky_relu": (lambda x: x if x > 0 else mpmath.mpf(0.01) * x,           (1.5,), (-0.1,)),
    "elu":        (lambda x: x if x > 0 else mp.expm1(x),                    (1.5,), (-0.7,)),
    "celu":       (lambda x: x if x > 0 else mp.expm1(x),                    (1.5,), (-0.7,)),
    "selu":       (lambda x: SCALE * (x if x > 0 else ALPHA * mp.expm1(x)),  (1.5,), (-0.7,)),
    "hardtanh":   (lambda x: min(max(x, -1), 1),                             (1.5,), (-0.1,), (-7.0,)),
    "hardsigmoid": (lambda x: min(max(x + 3, 0), 6) / 6,                     (1.5,), (-4.0,), (7.0,)),
    "hardswish":  (lambda x: x * min(max(x + 3, 0), 6) / 6,                  (1.5,), (-4.0,), (7.0,)),
    "softsign":   (lambda x: x / (1 + abs(x)),                               (1.5,), (-0.1,)),
    "sigmoid":    (lambda x: 1 / (1 + mp.exp(-x)),                           (0.5,), (-10.0,)),
    "logsigmoid": (lambda x: -mp.log1p(mp.exp(-x)),                          (0.5,), (-10.0,)),
    "softplus":   (lambda x: mp.log1p(mp.exp(x)),                            (0.5,), (-10.0,)),
    "gelu":       (lambda x: x * mp.ncdf(x),                                 (0.5,), (-1.5,)),
    "gelu_tanh":  (lambda x: x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + CUBIC * x**3))), (0.5,), (-1.5,)),
    "silu":       (lambda x: x / (1 + mp.exp(-x)),                           (0.5,), (-2.5,)),
    "mish":       (lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),               (0.5,), (-2.5,)),
}
# fmt: on
ALPHA, SCALE = mpmath.mpf("1.6732632423543772"), mpmath.mpf("1.0507009873554805")  # arXiv:1706.02515
CUBIC = mpmath.mpf(44715) / 10**6  # arXiv:1606.08415
CASES = [(name, spec[0], point) for name, spec in DEFINITIONS.items() for point in spec[1:]]
EXTREMES = [0.0, 1.0, 0.5, 3.0, 6.0, 20.0, 745.0, 1000.0, 1e16, 1e154, 1e308, 1e-8, 1e-160, 1e-308, 5e-324]
EXTREMES += [1 - 2**-53, math.inf] + [-x for x in EXTREMES] + [2**-53 - 1, -math.inf]
EXTREMES += [0, 1, -1, 2, -2, 3, math.nan]


def apply(name, operands):
    """The operation ``name`` of these Values (a power is a cube)."""
    first, *more = operands
    return getattr(first, OPS[name])(*more, *([3] if name == "power" else []))


def operands_of(name):
    return 2 if "other" in signature(getattr(Value, OPS[name])).parameters else 1


@pytest.mark.parametrize(("name", "definition", "point"), CASES)
def test_value_and_derivatives(name, definition, point):
    operands = [Value(x) for x in point]
    out = apply(name, operands)
    out.backward()
    with mp.workdps(40):
        exact = [mpmath.mpf(x) for x in point]
        value = definition(*exact)
        if len(exact) == 1:
            partials = [mp.diff(definition, *exact)]
        else:
            partials = [mp.diff(definition, exact, order) for order in ((1, 0), (0, 1))]
    assert out.data == pytest.approx(float(value), rel=4e-15)
    assert [v.grad for v in operands] == pytest.approx([float(s) for s in partials], rel=1e-13, abs=1e-20)


@pytest.mark.parametrize(("name", "definition", "point"), CASES[::2])
def test_whole_numbers_are_numbers_too(name, definition, point):
    """An int works wherever the float of the same value does, and gives the same."""
    whole = [max(1, round(abs(x))) for x in point]
    if name == "atanh":
        whole = [0]
    results = []
    for kind in (int, float):
        operands = [Value(kind(x)) for x in whole]
        out = apply(name, operands)
        out.backward()
        results.append([out.data, *(v.grad for v in operands)])
    assert results[0] == results[1]


# -------------------------------------------------------------------------------------------- reflected forms


@pytest.mark.parametrize("symbol", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize("constant", [3, 2.5])
def test_a_plain_number_on_either_side(symbol, constant):
    x, wrapped = Value(1.5), Value(1.5)
    right, other = symbol(constant, x), symbol(Value(constant), wrapped)
    right.backward()
    other.backward()
    assert (right.data, x.grad) == (other.data, wrapped.grad)
    left, x = symbol(Value(1.5), constant), Value(1.5)
    assert left.data == symbol(1.5, constant)


@pytest.mark.parametrize("name", [name for name in OPS if operands_of(name) == 2])
def test_a_plain_number_as_the_other_operand(name):
    assert apply(name, [Value(1.5), 2.5]).data == apply(name, [Value(1.5), Value(2.5)]).data


def test_a_power_by_a_plain_number_and_by_a_value():
    x, y = Value(2.0), Value(3.0)
    fixed, free = x**3, x**y
    assert (fixed._op, fixed._constants, fixed._prev) == ("**n", (3,), (x,))
    assert (free._op, free._prev) == ("**", (x, y))


@pytest.mark.parametrize("base", [-2.0, -0.5])
@pytest.mark.parametrize("exponent", [2.0, 3.0, -1.0, -2.0])
def test_a_negative_base_with_a_whole_exponent(base, exponent):
    """The derivative in the base needs no logarithm; the derivative in the exponent does not exist, and is 0."""
    x, y = Value(base), Value(exponent)
    out = x**y
    out.backward()
    assert out.data == base**exponent
    assert x.grad == pytest.approx(exponent * base ** (exponent - 1), rel=1e-15)
    assert y.grad == 0.0


@pytest.mark.parametrize("base", [0.0, -0.0, 2.0, -2.0])
def test_the_power_zero_is_one_and_flat(base):
    x = Value(base)
    out = x**0
    out.backward()
    assert (out.data, x.grad) == (1.0, 0.0)


# -------------------------------------------------------------------------------------- kinks and ties


@pytest.mark.parametrize(
    ("a", "b", "to_a", "to_b"),
    [(2.0, 1.0, 1, 0), (1.0, 2.0, 0, 1), (1.0, 1.0, 1, 0)],
)
def test_max_routes_to_the_larger_and_a_tie_to_the_first(a, b, to_a, to_b):
    x, y = Value(a), Value(b)
    x.max(y).backward()
    assert (x.grad, y.grad) == (to_a, to_b)


@pytest.mark.parametrize(("at", "partial"), [(-1.0, 0), (0.0, 0), (-0.0, 0), (5e-324, 1), (2.0, 1)])
def test_relu_is_flat_at_its_kink(at, partial):
    x = Value(at)
    x.relu().backward()
    assert x.grad == partial


# ------------------------------------------------------------------------------------------------ extremes


@pytest.mark.parametrize(
    ("name", "at", "value", "partial"),
    [
        ("tanh", 1000.0, 1.0, 0.0),
        ("tanh", -1000.0, -1.0, 0.0),
        ("sigmoid", 1000.0, 1.0, 0.0),
        ("sigmoid", -1000.0, 0.0, 0.0),
        ("softplus", 1000.0, 1000.0, 1.0),
        ("softplus", -1000.0, 0.0, 0.0),
        ("logsigmoid", 1000.0, 0.0, 0.0),
        ("logsigmoid", -1000.0, -1000.0, 1.0),
        ("gelu", 1000.0, 1000.0, 1.0),
        ("gelu", -1000.0, 0.0, 0.0),
        ("silu", -1000.0, 0.0, 0.0),
        ("mish", 1e308, 1e308, 1.0),
        ("elu", -1e308, -1.0, 0.0),
        ("exp", 1000.0, math.inf, math.inf),
        ("sinh", -1000.0, -math.inf, math.inf),
        ("atan", 1e308, math.pi / 2, 0.0),
        ("square", 1e308, math.inf, math.inf),
        ("sqrt", 0.0, 0.0, math.inf),
        ("cbrt", 0.0, 0.0, math.inf),
    ],
)
def test_the_ends_of_the_range(name, at, value, partial):
    x = Value(at)
    out = apply(name, [x])
    out.backward()
    assert (out.data, x.grad) == (value, partial)


@pytest.mark.parametrize("name", OPS)
def test_a_rule_returns_a_value_wherever_its_forward_does(name):
    """No rule raises, and none leaves the reals, at any point where the forward has a value."""
    returned = 0
    for point in itertools.product(EXTREMES, repeat=operands_of(name)):
        operands = [Value(x) for x in point]
        try:
            out = apply(name, operands)
        except (ValueError, ZeroDivisionError):
            continue  # outside the domain, and reported as such
        out.backward()
        returned += 1
        assert all(isinstance(v.grad, int | float) for v in operands), point
    assert returned >= 8


@pytest.mark.parametrize("name", sorted(set(OPS) - {"atan2", "pow"}))  # which are not continuous there
def test_the_derivative_at_zero_is_a_number(name):
    """At 0 and -0 in each operand: never NaN where the forward has a value."""
    for point in itertools.product([0.0, -0.0], repeat=operands_of(name)):
        operands = [Value(x) for x in point]
        try:
            out = apply(name, operands)
        except (ValueError, ZeroDivisionError):
            continue
        out.backward()
        assert not any(math.isnan(v.grad) for v in operands), point
