"""Wrong at a kink or a tie, or nowhere else than at the ends: all else about these rules is right."""

# ruff: noqa: E501 - the tables are aligned, a rule a line

from __future__ import annotations

from typing import Any

from backproof.engine.arithmetic import arithmetic
from tests.verify.rules.plant import REFUTED, UNSAFE, Formula, Wrong, rule

third = 1, 3


def _wrong(op: str, mistake: str, *slopes: Formula, check: str = "kinks", alone: bool = False, **more: Any) -> Wrong:
    return Wrong(op, mistake, rule(op, *slopes), check, REFUTED if check == "proof" else UNSAFE, alone, **more)


def _is(m: Any, x: Any, place: Any) -> Any:
    """1[x = place]"""
    return m.ge(x, place) * m.le(x, place)


def _both(m: Any, x: Any, y: Any, place: Any) -> Any:
    """1[x = y = place]"""
    return _is(m, x, place) * _is(m, y, place)


def composed_tanh(self: Any) -> Any:
    """(1 - e**-2|x|)/(1 + e**-2|x|) with the sign of x, from the engine's own operations."""
    e = (abs(self) * -2).exp()
    return (1 - e) / (1 + e) * type(self)(arithmetic(self.data).sign(self.data))


# fmt: off
WRONG_KINKS = (
    _wrong("abs",         "2 at 0",                       lambda m, x, out: m.sign(x) + 2 * _is(m, x, 0)),
    _wrong("abs",         "x/|x|, which 0 has not",       lambda m, x, out: x / abs(x)),
    _wrong("max",         "(1, 1) at every tie",          lambda m, x, y, out: m.ge(x, y),                                lambda m, x, y, out: m.ge(y, x)),
    _wrong("max",         "(0, 0) at every tie",          lambda m, x, y, out: m.gt(x, y),                                lambda m, x, y, out: m.gt(y, x)),
    _wrong("max",         "(1/3, 1/3) at every tie",      lambda m, x, y, out: m.gt(x, y) + m.ratio(*third) * _is(m, x, y), lambda m, x, y, out: m.gt(y, x) + m.ratio(*third) * _is(m, x, y)),
    _wrong("max",         "(2, -1) at every tie",         lambda m, x, y, out: m.gt(x, y) + 2 * _is(m, x, y),             lambda m, x, y, out: m.gt(y, x) - _is(m, x, y)),
    _wrong("max",         "(1, 1) at the tie of 1/3",     lambda m, x, y, out: m.ge(x, y),                                lambda m, x, y, out: m.gt(y, x) + _both(m, x, y, m.ratio(*third)), check="proof"),
    _wrong("min",         "(1, 1) at every tie",          lambda m, x, y, out: m.le(x, y),                                lambda m, x, y, out: m.le(y, x)),
    _wrong("min",         "(0, 0) at the tie of 0",       lambda m, x, y, out: m.le(x, y) - _both(m, x, y, 0),            lambda m, x, y, out: m.lt(y, x)),
    _wrong("relu",        "2 at 0",                       lambda m, x, out: m.gt(x, 0) + 2 * _is(m, x, 0)),
    _wrong("relu",        "-1/1000 at 0",                 lambda m, x, out: m.gt(x, 0) - m.ratio(1, 1000) * _is(m, x, 0)),
    _wrong("relu",        "out/x, which 0 has not",       lambda m, x, out: out / x),
    _wrong("relu6",       "-1 at 6",                      lambda m, x, out: m.gt(x, 0) * m.lt(x, 6) - _is(m, x, 6)),
    _wrong("sqrt",        "-7 at 0",                      lambda m, x, out: m.where(m.gt(x, 0), m.divide(1, 2 * m.where(m.gt(x, 0), out, 1)), -7), check="proof", alone=True),
    _wrong("leaky_relu",  "0 at 0",                       lambda m, x, out, slope: m.gt(x, 0) + slope * m.lt(x, 0)),
    _wrong("hardtanh",    "2 at -1",                      lambda m, x, out: m.ge(x, -1) * m.lt(x, 1) + _is(m, x, -1)),
    _wrong("hardsigmoid", "1 at 3",                       lambda m, x, out: m.gt(x, -3) * m.lt(x, 3) / 6 + _is(m, x, 3)),
    _wrong("hardswish",   "2 at 3",                       lambda m, x, out: m.where(m.lt(abs(x), 3), (2 * x + 3) / 6, m.gt(x, 0) + _is(m, x, 3))),
    _wrong("hypot",       "(1, 1) at the tip",            lambda m, x, y, out: m.where(m.gt(out, 0), m.divide(x, out), 1), lambda m, x, y, out: m.where(m.gt(out, 0), m.divide(y, out), 1)),
    _wrong("hypot",       "0/0 at the tip",               lambda m, x, y, out: m.divide(x, out),                          lambda m, x, y, out: m.divide(y, out)),
    _wrong("elu",         "0 at 0",                       lambda m, x, out, a: m.gt(x, 0) + m.lt(x, 0) * a * m.exp(m.minimum(x, 0))),
    _wrong("selu",        "1 at 0",                       lambda m, x, out: _selu(m, x) + (1 - _selu(m, x)) * _is(m, x, 0)),
    Wrong("tanh", "composed of e**-2|x| and a sign: 0 at 0", composed_tanh, "proof", REFUTED),
    # no kink there, and yet: the slope of a smooth function at one place
    _wrong("softsign",    "0 at 0",                       lambda m, x, out: m.sign(x) * m.sign(x) / (1 + abs(x))**2, check="proof"),
    _wrong("power",       "0 at 0, right but for n = 1",  lambda m, x, out, n: m.where(_is(m, x, 0), 0, n * m.pow(x, n - 1)), check="proof"),
    _wrong("hardswish",   "1 at 0",                       lambda m, x, out: m.where(m.lt(abs(x), 3), (2 * x + 3) / 6, m.gt(x, 0)) + _is(m, x, 0) / 2, check="proof"),
    _wrong("elu",         "the left slope, alpha = 1/2, on (-1e-9, 0)", lambda m, x, out, a: m.where(m.gt(x, m.ratio(-1, 10**9)), 1, a * m.exp(m.minimum(x, 0))), check="proof"),
    # valid, but not what the engine says of itself
    _wrong("relu",        "1 at 0, where its row says 0",      lambda m, x, out: m.ge(x, 0), alone=True, declares=True),
    _wrong("max",         "halves, where its row says (1, 0)", lambda m, x, y, out: (1 + m.sign(x - y)) / 2, lambda m, x, y, out: (1 - m.sign(x - y)) / 2, alone=True, declares=True),
)
# fmt: on


def _selu(m: Any, x: Any) -> Any:
    scale = m.ratio(10507009873554804934193349852946, 10**31)
    alpha = m.ratio(16732632423543772848170429916717, 10**31)
    return scale * m.where(m.gt(x, 0), 1, alpha * m.exp(m.minimum(x, 0)))
