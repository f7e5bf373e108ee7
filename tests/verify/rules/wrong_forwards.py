"""Wrong forwards: alone, or with a rule that is their true derivative."""

# ruff: noqa: E501 - the tables are aligned, a rule a line

from __future__ import annotations

from typing import Any

from tests.verify.rules.plant import REFUTED, Formula, Wrong, forward_of, on_floats, rule


def _wrong(op: str, mistake: str, forward: Formula, *slopes: Formula, check: str = "proof", alone: bool = False) -> Wrong:
    return Wrong(op, mistake, rule(op, *slopes, forward=forward), check, REFUTED, alone)


def _on_floats(op: str, where: Any, factor: float) -> Formula:
    """The engine's forward, times ``factor`` where ``where(x)``: on floats, which is all that a user ever sees."""

    def forward(m: Any, *data: Any) -> Any:
        value = forward_of(op, *data)
        return value * factor if on_floats(data[0]) and where(data[0]) else value

    return forward


# fmt: off
WRONG_FORWARDS = (
    # the rule is the row's, the forward is not
    _wrong("tanh",      "the logistic function",               lambda m, x: m.sigmoid(x),                          lambda m, x, out: 1 - m.tanh(x)**2),
    _wrong("gelu",      "the tanh form under the erf rule",    lambda m, x: x * (1 + m.tanh(m.sqrt(2 / m.pi) * (x + m.ratio(44715, 10**6) * x**3))) / 2,
                                                                                                                    lambda m, x, out: m.normal_cdf(x) + x * m.normal_pdf(x)),
    _wrong("gelu_tanh", "the erf form under the tanh rule",    lambda m, x: x * m.normal_cdf(x),                   lambda m, x, out: _gelu_tanh(m, x)),
    _wrong("softplus",  "a factor 1 + 1e-9",                   lambda m, x: m.softplus(x) * (1 + m.ratio(1, 10**9)), lambda m, x, out: m.sigmoid(x)),
    _wrong("erfc",      "erf - 1",                             lambda m, x: m.erf(x) - 1,                          lambda m, x, out: -2 / m.sqrt(m.pi) * m.exp(-x * x)),
    _wrong("atan2",     "the angle without its quadrant",      lambda m, x, y: m.atan(m.divide(x, y)),             lambda m, x, y, out: m.divide(y, x * x + y * y), lambda m, x, y, out: m.divide(-x, x * x + y * y)),
    _wrong("log1p",     "off by a constant",                   lambda m, x: m.log1p(x) + 1,                        lambda m, x, out: 1 / (1 + x)),
    _wrong("add",       "a constant added",                    lambda m, x, y: x + y + m.ratio(1, 10**12),         lambda m, x, y, out: 1, lambda m, x, y, out: 1),
    # the forward is wrong, and the rule is its true derivative
    _wrong("square",    "the cube, with its rule",             lambda m, x: x * x * x,                             lambda m, x, out: 3 * x * x),
    _wrong("log",       "to base 10, with its rule",           lambda m, x: m.log(x) / m.log(10),                  lambda m, x, out: 1 / (x * m.log(10))),
    _wrong("silu",      "swish with beta = 2, with its rule",  lambda m, x: x * m.sigmoid(2 * x),                  lambda m, x, out: m.sigmoid(2 * x) * (1 + 2 * x * m.sigmoid(-2 * x))),
    _wrong("mish",      "x·tanh(exp(x)), with its rule",       lambda m, x: x * m.tanh(m.exp(x)),                  lambda m, x, out: m.tanh(m.exp(x)) + x * m.exp(x) * (1 - m.tanh(m.exp(x))**2)),
    _wrong("relu",      "|x|, with its rule",                  lambda m, x: abs(x),                                lambda m, x, out: m.sign(x)),
    _wrong("max",       "min, with its rule",                  lambda m, x, y: m.minimum(x, y),                    lambda m, x, y, out: m.le(x, y), lambda m, x, y, out: m.lt(y, x)),
    _wrong("sub",       "y - x, with its rule",                lambda m, x, y: y - x,                              lambda m, x, y, out: -1, lambda m, x, y, out: 1),
    # wrong on floats only: no symbol sees it
    _wrong("tanh",      "saturates at 5, on floats",           _on_floats("tanh", lambda x: abs(x) > 5, 1.0001),   lambda m, x, out: 1 - m.tanh(x)**2,  check="forward"),
    _wrong("exp",       "a factor 1 + 1e-9, on floats",        _on_floats("exp", lambda x: True, 1 + 1e-9),        lambda m, x, out: m.exp(x),          check="forward", alone=True),
    _wrong("square",    "doubled beyond 1e6, on floats",       _on_floats("square", lambda x: x > 1e6, 2.0),       lambda m, x, out: 2 * x,             check="forward", alone=True),
    _wrong("sin",       "a sign lost below 0, on floats",      _on_floats("sin", lambda x: x < 0, -1.0),           lambda m, x, out: m.cos(x),          check="forward"),
    _wrong("relu6",     "0 at 6, on floats",                   _on_floats("relu6", lambda x: x == 6, 0.0),         lambda m, x, out: m.gt(x, 0) * m.lt(x, 6), check="forward", alone=True),
)
# fmt: on


def _gelu_tanh(m: Any, x: Any) -> Any:
    u = m.sqrt(2 / m.pi) * (x + m.ratio(44715, 10**6) * x * x * x)
    du = m.sqrt(2 / m.pi) * (1 + 3 * m.ratio(44715, 10**6) * x * x)
    t = m.tanh(u)
    return (1 + t) / 2 + x / 2 * (1 - t * t) * du
