"""The formulas in the docstrings are true: each is evaluated and compared with the operation it describes.

A docstring begins "f(x)  ->  derivative", or "f(x, y)  ->  derivative in x, derivative in y".  Its names are
those of `engine.arithmetic`; x, y, n and the operation's keyword constants; out, the result; and what the
docstring's own text defines, which is written down once more in `DEFINED`.
"""

import math
from inspect import Parameter, getdoc, signature

import pytest

from backproof.engine import OPS, Value
from backproof.engine.arithmetic import FLOATS

FUNCTIONS = {
    name: getattr(FLOATS, name)
    for name in (
        *("pi", "sqrt", "cbrt", "hypot", "exp", "expm1", "log", "log1p", "erf", "erfc"),
        *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
        *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
        *("sigmoid", "softplus", "normal_cdf", "normal_pdf"),
        *("maximum", "minimum", "where", "sign", "ge", "gt", "le", "lt"),
    )
} | {"abs": abs}


def u(x):
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


DEFINED = {
    "gelu_tanh": {
        "u": u,
        "du": lambda x: math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2),
        "s": lambda x: FLOATS.sigmoid(2 * u(x)),
        "t": lambda x: math.tanh(u(x)),
    },
    "mish": {"t": lambda x: math.tanh(FLOATS.softplus(x))},
    "selu": {"alpha": 1.6732632423543772848170429916717, "scale": 1.0507009873554804934193349852946},
}
POINTS = [-7.0, -3.0, -2.5, -1.0, -0.75, -0.25, -0.0, 0.0, 0.125, 0.75, 1.0, 1.5, 3.0, 6.0, 7.0]


def formulas(name):
    """(the value's formula, the derivatives' formula, the operands' names, the constants) of an operation."""
    method = getattr(Value, OPS[name])
    value, arrow, partials = getdoc(method).splitlines()[0].partition("  ->  ")
    assert arrow, f"{name}: its docstring does not begin with 'f(x)  ->  derivative'"
    given = list(signature(method).parameters.values())[1:]
    constants = {p.name: p.default for p in given if p.default is not Parameter.empty}
    if name == "power":
        constants["n"] = 3
    return value, partials, ["x", *("y" for p in given if p.name == "other")], constants


def evaluate(formula, names):
    """The formula's value: our own text, in the arithmetic of floats."""
    return eval(compile(formula, "<docstring>", "eval"), {"__builtins__": {}}, FUNCTIONS | names)


@pytest.mark.parametrize("name", OPS)
def test_the_docstring_is_true(name):
    value, partials, letters, constants = formulas(name)
    tried = 0
    for x in POINTS:
        for y in POINTS if "y" in letters else [None]:
            operands = [Value(v) for v in (x, y) if v is not None]
            try:
                out = getattr(operands[0], OPS[name])(*operands[1:], **constants)
            except (ValueError, ZeroDivisionError):
                continue
            out.backward()
            names = {"x": x, "y": y, "out": out.data} | constants
            names |= {k: v(x) if k in "st" else v for k, v in DEFINED.get(name, {}).items()}
            try:
                expected = evaluate(value, names), evaluate(f"({partials},)", names)
            except (ValueError, ZeroDivisionError):
                continue  # where the engine returns a value all the same, its test says which: see test_operations
            assert out.data == pytest.approx(expected[0], rel=1e-12, abs=1e-14), (x, y)
            grads = tuple(v.grad for v in operands)
            assert grads == pytest.approx(expected[1], rel=1e-12, abs=1e-14, nan_ok=True), (x, y)
            tried += 1
    assert tried >= 4, f"{name}: its formulas have values at too few of the points"


@pytest.mark.parametrize("name", OPS)
def test_there_is_one_derivative_for_each_operand(name):
    _, partials, letters, constants = formulas(name)
    names = dict.fromkeys(letters, 0.5) | {"out": 0.5} | constants
    names |= {k: v(0.5) if k in "st" else v for k, v in DEFINED.get(name, {}).items()}
    assert len(evaluate(f"({partials},)", names | ({"x": 1.5} if name == "acosh" else {}))) == len(letters)


@pytest.mark.parametrize("wrong", ["1 + out**2", "1 - x**2", "-(1 - out**2)"])
def test_a_wrong_formula_would_be_noticed(wrong, monkeypatch):
    monkeypatch.setattr(Value.tanh, "__doc__", f"tanh(x)  ->  {wrong}")
    with pytest.raises(AssertionError):
        test_the_docstring_is_true("tanh")
