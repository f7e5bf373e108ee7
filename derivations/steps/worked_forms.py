"""The worked form of each operation: its definition written out, and the algebra that leads to the closure's form.

Calculus is done by the rules; this holds only what a teacher writes on the board before and after.  Every
line is checked like every other step, so that nothing here has to be believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from backproof.verify.terms.term import PI, TRUE, Condition, Term, apply, compare, constant, symbol, where


@dataclass(frozen=True)
class Waypoint:
    """A line that equals the one before.

    rule: a stable id; because: one sentence; lets: names that it introduces
    condition, holds: where it is so, for people and for the check; everywhere in the domain by default
    """

    rule: str
    term: Term
    because: str
    condition: str = ""
    holds: Condition = TRUE
    lets: tuple[tuple[Term, Term], ...] = ()

    @property
    def name(self) -> str:
        """The rule for people."""
        return {"out-form": "in terms of out", "name": "recognise", "opening": "rewrite first"}.get(
            self.rule, self.rule
        )


@dataclass(frozen=True)
class WorkedForm:
    """What is written by hand about one operation.

    definition: the function, as a teacher writes it; proved equal to its spec in the mirror
    openings: rewritten before it is differentiated, for all operands or, as a mapping, for one
    closings: for each operand the algebra after the calculus
    written: why the closure writes it yet another way, where it does
    lesson: what there is to learn, in a sentence or two
    constants: symbols that stand for fixed numbers
    written_as: what the closure spells differently, by the name that a closing gives it
    keeps_digits: the same derivative in a form that keeps its digits where the closure's does not
    """

    definition: Term
    closings: Mapping[str, tuple[Waypoint, ...]] = field(default_factory=dict)
    openings: tuple[Waypoint, ...] | Mapping[str, tuple[Waypoint, ...]] = ()
    written: str | Mapping[str, str] = ""
    lesson: str = ""
    constants: Mapping[str, Fraction] = field(default_factory=dict)
    written_as: Mapping[Term, Term] = field(default_factory=dict)
    keeps_digits: Term | None = None

    def openings_for(self, operand: str) -> tuple[Waypoint, ...]:
        """The rewritings before the derivative in this operand."""
        if isinstance(self.openings, tuple):
            return self.openings
        return self.openings.get(operand, ())

    def written_for(self, operand: str) -> str:
        """Why the closure writes the derivative in this operand differently; "" where it does not."""
        return self.written if isinstance(self.written, str) else self.written.get(operand, "")


def algebra(term: Term, because: str, condition: str = "") -> Waypoint:
    """The same number, written differently."""
    return Waypoint("algebra", term, because, condition)


def in_out(term: Term, because: str = "What the forward pass has computed already is not computed again.") -> Waypoint:
    """The same number, with `out` in it."""
    return Waypoint("out-form", term, because)


def name(term: Term, because: str, *lets: tuple[Term, Term]) -> Waypoint:
    """The same number, by the name of a function or with a name for a part."""
    return Waypoint("name", term, because, lets=lets)


def rewritten(term: Term, because: str, condition: str = "", holds: Condition = TRUE) -> Waypoint:
    """The definition in a form that can be differentiated."""
    return Waypoint("opening", term, because, condition, holds)


def _f(function: str) -> Callable[..., Term]:
    return lambda *args: apply(function, *args)


def _gt(a: Any, b: Any) -> Condition:
    return compare("gt", a, b)


def _le(a: Any, b: Any) -> Condition:
    return compare("le", a, b)


def _lt(a: Any, b: Any) -> Condition:
    return compare("lt", a, b)


x, y, n, slope, alpha, scale, out, s, t = map(symbol, ("x", "y", "n", "slope", "alpha", "scale", "out", "s", "t"))
exp, log, sqrt, cbrt, erf, sin, cos, tan = map(_f, ("exp", "log", "sqrt", "cbrt", "erf", "sin", "cos", "tan"))
asin, acos, atan, asinh, acosh, atanh = map(_f, ("asin", "acos", "atan", "asinh", "acosh", "atanh"))
tanh, sinh, cosh, absolute, maximum, minimum = map(_f, ("tanh", "sinh", "cosh", "abs", "maximum", "minimum"))
sigmoid, softplus, cdf, pdf, sign, atan2 = map(
    _f, ("sigmoid", "softplus", "normal_cdf", "normal_pdf", "sign", "atan2")
)


_E, _M = exp(x), exp(-x)
_CUBIC = constant(Fraction("0.044715"))
_GATE = sigmoid(sqrt(8 / PI) * (x + _CUBIC * x**3))
_MIXED = tanh(softplus(x))
_PHI = (1 + erf(x / sqrt(2))) / 2
_POWERS = "x² is written x·x: one multiplication, one rounding."
_MASK = "An indicator 1[...] is 1 where its condition holds, and 0 elsewhere: a mask."
_SAFE_EXP = "The exponential is taken of min(x, 0): where x is above 0 it is not used, and cannot overflow."


def _pythagoras(
    function: Callable[..., Term], arc: Callable[..., Term], other: str, sign_of: Term
) -> tuple[Waypoint, ...]:
    """sin and cos of an arc: 1/√(1 - sin²) and what follows, for asin and acos."""
    return (
        algebra(
            sign_of / sqrt(1 - function(arc(x)) ** 2),
            f"cos² + sin² = 1, and the {other} is not negative there.",
        ),
        algebra(sign_of / sqrt(1 - x**2), f"The {function(x).op} undoes the {arc(x).op}."),
        algebra(
            sign_of / sqrt((1 - x) * (1 + x)),
            "A difference of squares; in floats the product keeps the digits that 1 - x² loses near 1.",
        ),
    )


WORKED_FORMS: dict[str, WorkedForm] = {
    # ------------------------------------------------------------------------------------------- arithmetic
    "add": WorkedForm(x + y, lesson="Addition distributes: each operand receives the upstream gradient, unchanged."),
    "sub": WorkedForm(x - y, lesson="What is subtracted receives the gradient with the other sign."),
    "mul": WorkedForm(
        x * y,
        lesson="Multiplication swaps: each operand receives the gradient times the value of the other one, "
        "so the closure must keep both.",
    ),
    "div": WorkedForm(
        x / y,
        {
            "y": (
                algebra(-(x / y) / y, "Dividing by y² is dividing by y twice."),
                in_out(-out / y),
            )
        },
    ),
    "neg": WorkedForm(-x, lesson="The sign changes, forward and backward."),
    # ------------------------------------------------------------------------------------- powers and roots
    "power": WorkedForm(x**n, lesson="n is a plain number here, with no gradient of its own; for x**y see pow."),
    "pow": WorkedForm(
        x**y,
        {"y": (in_out(out * log(x)),)},
        written={
            "x": "x^(y - 1) may overflow where y times it does not, so half the power is multiplied in twice; "
            "a negative x has no half power, and gets the whole one.",
            "y": "Where x is not above 0 there is no derivative in y: the logarithm of 1 makes it 0.",
        },
    ),
    "square": WorkedForm(x * x, {"x": (algebra(2 * x, "The same term twice."),)},
        lesson="x·x is the product rule with both factors the same: two paths, x along each, 2·x in all."),
    "reciprocal": WorkedForm(
        1 / x,
        {"x": (algebra(-(1 / x * (1 / x)), "Dividing by x² is multiplying by 1/x twice."), in_out(-(out * out)))},
    ),
    "sqrt": WorkedForm(sqrt(x), {"x": (in_out(1 / (2 * out)),)}),
    "cbrt": WorkedForm(
        cbrt(x),
        {"x": (in_out(1 / (3 * out**2)), algebra(1 / (3 * out * out), "The square as a product."))},
    ),
    "hypot": WorkedForm(
        sqrt(x**2 + y**2),
        {
            "x": (algebra(x / sqrt(x**2 + y**2), "The factor 2 cancels."), in_out(x / out)),
            "y": (algebra(y / sqrt(x**2 + y**2), "The factor 2 cancels."), in_out(y / out)),
        },
        written="At the tip of the cone, where out is 0, the closure divides by 1: its gradient there is (0, 0).",
        lesson="The gradient of a length is the direction: the vector (x, y) scaled to length 1.",
    ),
    # -------------------------------------------------------------------- exponentials, logarithms and erf
    "exp": WorkedForm(_E, {"x": (in_out(out),)}),
    "expm1": WorkedForm(_E - 1),
    "log": WorkedForm(log(x), {"x": (algebra(1 / x, "e^x undoes the logarithm."),)}),
    "log1p": WorkedForm(log(1 + x)),
    "logaddexp": WorkedForm(
        log(_E + exp(y)),
        {
            "x": (
                algebra(1 / (1 + exp(-(x - y))), "Divide numerator and denominator by e^x."),
                name(sigmoid(x - y), "1/(1 + e^(-z)) is the sigmoid σ(z)."),
            ),
            "y": (
                algebra(1 / (1 + exp(x - y)), "Divide numerator and denominator by e^y."),
                name(sigmoid(-(x - y)), "1/(1 + e^(-z)) is the sigmoid σ(z), here at z = -(x - y)."),
            ),
        },
        lesson="A smooth maximum: the gradient is shared out, and the shares add up to 1.",
    ),
    "erf": WorkedForm(erf(x), written=_POWERS),
    "erfc": WorkedForm(1 - erf(x), written=_POWERS),
    # ------------------------------------------------------------------------------------- circular functions
    "sin": WorkedForm(sin(x)),
    "cos": WorkedForm(cos(x)),
    "tan": WorkedForm(
        sin(x) / cos(x),
        {"x": (algebra(1 + (sin(x) / cos(x)) ** 2, "Divide both terms by cos(x)²."), in_out(1 + out**2))},
    ),
    "asin": WorkedForm(asin(x), {"x": _pythagoras(sin, asin, "cosine", constant(1))}),
    "acos": WorkedForm(acos(x), {"x": _pythagoras(cos, acos, "sine", constant(-1))}),
    "atan": WorkedForm(atan(x), {"x": (algebra(1 / (1 + x * x), "The tangent undoes the arc tangent; x² is x·x."),)}),
    "atan2": WorkedForm(
        atan2(x, y),
        {
            "x": (algebra(y / (x**2 + y**2), "Multiply numerator and denominator by y²."),),
            "y": (algebra(-(x / (x**2 + y**2)), "Multiply numerator and denominator by y²."),),
        },
        (
            rewritten(
                atan(x / y),
                "The angle is the arc tangent of x/y, up to a constant (0, π or -π), whose derivative is 0.",
                "y ≠ 0",
                compare("ne", y, 0),
            ),
        ),
        written="Divided by the length twice: the square of the length may overflow.",
    ),
    # ----------------------------------------------------------------------------------- hyperbolic functions
    "sinh": WorkedForm((_E - _M) / 2, {"x": (name(cosh(x), "Half the sum of e^x and e^(-x) is the cosh."),)}),
    "cosh": WorkedForm((_E + _M) / 2, {"x": (name(sinh(x), "Half the difference of e^x and e^(-x) is the sinh."),)}),
    "tanh": WorkedForm(
        sinh(x) / cosh(x),
        {
            "x": (
                algebra(1 - (sinh(x) / cosh(x)) ** 2, "Divide both terms by cosh(x)²."),
                in_out(1 - out**2, "sinh/cosh is tanh, which the forward pass has computed already."),
            )
        },
        lesson="The closure keeps one number, out, and needs no exponential in the backward pass.",
        keeps_digits=4 * exp(-(2 * absolute(x))) / ((1 + exp(-(2 * absolute(x)))) * (1 + exp(-(2 * absolute(x))))),
    ),
    "asinh": WorkedForm(
        asinh(x),
        {
            "x": (
                algebra(1 / sqrt(1 + sinh(asinh(x)) ** 2), "cosh² = 1 + sinh², and a cosh is positive."),
                algebra(1 / sqrt(1 + x**2), "The sinh undoes the asinh."),
            )
        },
        written="√(1² + x²) is the length of (1, x): hypot computes it without a square that overflows.",
    ),
    "acosh": WorkedForm(
        acosh(x),
        {
            "x": (
                algebra(1 / sqrt(cosh(acosh(x)) ** 2 - 1), "sinh² = cosh² - 1, and the sinh is positive there."),
                algebra(1 / sqrt(x**2 - 1), "The cosh undoes the acosh."),
                algebra(
                    1 / (sqrt(x - 1) * sqrt(x + 1)),
                    "A difference of squares, a root for each factor: x - 1 keeps its digits near 1.",
                ),
            )
        },
    ),
    "atanh": WorkedForm(
        atanh(x),
        {
            "x": (
                algebra(1 / (1 - x**2), "The tanh undoes the atanh."),
                algebra(1 / ((1 - x) * (1 + x)), "A difference of squares: near 1 the factors keep their digits."),
            )
        },
    ),
    # --------------------------------------------------------------------------------------- straight pieces
    "abs": WorkedForm(
        absolute(x),
        {"x": (name(sign(x), "Off the kink this is the sign of x; at 0 the closure returns 0, a subgradient."),)},
        (rewritten(where(_gt(x, 0), x, -x), "Case by case."),),
    ),
    "max": WorkedForm(
        maximum(x, y),
        {"y": (algebra(where(_gt(y, x), 1, 0), "Where x ≥ y does not hold, y > x does. " + _MASK),)},
        (rewritten(where(compare("ge", x, y), x, y), "Case by case: the larger one, and x at a tie."),),
        lesson="max routes: the whole gradient goes to the larger operand and none to the other; at a tie this "
        "engine gives it to x.",
    ),
    "min": WorkedForm(
        minimum(x, y),
        {"y": (algebra(where(_lt(y, x), 1, 0), "Where x ≤ y does not hold, y < x does. " + _MASK),)},
        (rewritten(where(compare("le", x, y), x, y), "Case by case: the smaller one, and x at a tie."),),
        lesson="min routes: the whole gradient goes to the smaller operand; at a tie this engine gives it to x.",
    ),
    "relu": WorkedForm(
        maximum(x, 0),
        openings=(rewritten(where(_gt(x, 0), x, 0), "Case by case."),),
        lesson="A gate: where the forward passes its input through, the backward passes the gradient through, else 0.",
    ),
    "relu6": WorkedForm(
        minimum(maximum(x, 0), 6),
        {"x": (algebra(where(_gt(x, 0), 1, 0) * where(_lt(x, 6), 1, 0), "Both conditions at once. " + _MASK),)},
        (rewritten(where(_le(x, 0), 0, where(_lt(x, 6), x, 6)), "Case by case."),),
    ),
    "leaky_relu": WorkedForm(where(_gt(x, 0), x, slope * x)),
    "hardtanh": WorkedForm(
        minimum(maximum(x, -1), 1),
        {"x": (algebra(where(_gt(x, -1), 1, 0) * where(_lt(x, 1), 1, 0), "Both conditions at once. " + _MASK),)},
        (rewritten(where(_le(x, -1), -1, where(_lt(x, 1), x, 1)), "Case by case."),),
    ),
    "hardsigmoid": WorkedForm(
        minimum(maximum(x + 3, 0), 6) / 6,
        {"x": (algebra(where(_gt(x, -3), 1, 0) * where(_lt(x, 3), 1, 0) / 6, "Both conditions at once. " + _MASK),)},
        (rewritten(where(_le(x, -3), 0, where(_lt(x, 3), (x + 3) / 6, 1)), "Case by case."),),
    ),
    "hardswish": WorkedForm(
        x * minimum(maximum(x + 3, 0), 6) / 6,
        {"x": (algebra(where(_le(x, -3), 0, where(_lt(x, 3), (2 * x + 3) / 6, 1)), "Add up in the middle."),)},
        (rewritten(where(_le(x, -3), 0, where(_lt(x, 3), x * (x + 3) / 6, x)), "Case by case."),),
        written="One mask for the middle; outside of it 0 and 1 are the indicator 1[x > 0].",
    ),
    "softsign": WorkedForm(
        x / (1 + absolute(x)),
        {
            "x": (
                algebra((1 + absolute(x) - absolute(x)) / (1 + absolute(x)) ** 2, "x times its sign is |x|."),
                algebra(1 / (1 + absolute(x)) ** 2, "|x| - |x| = 0."),
            )
        },
        written="The square as a product.",
        lesson="|x| has a kink at 0, and yet the derivative is continuous: the two kinks in the numerator cancel.",
    ),
    # ------------------------------------------------------------------------------------ smooth activations
    "sigmoid": WorkedForm(
        1 / (1 + _M),
        {
            "x": (
                algebra(1 / (1 + _M) * (_M / (1 + _M)), "One factor for each power of the denominator."),
                algebra(1 / (1 + _M) * ((1 + _M - 1) / (1 + _M)), "Add 1 and subtract it again in the numerator."),
                algebra(1 / (1 + _M) * (1 - 1 / (1 + _M)), "Divide both terms: the first one is 1."),
                in_out(out * (1 - out), "1/(1 + e^(-x)) is out, which the forward pass has computed already."),
            )
        },
        lesson="The closure keeps one number, out, and needs no exponential in the backward pass.",
        keeps_digits=exp(-absolute(x)) / ((1 + exp(-absolute(x))) * (1 + exp(-absolute(x)))),
    ),
    "logsigmoid": WorkedForm(
        -log(1 + _M),
        {
            "x": (
                algebra(1 / (1 + _E), "Multiply numerator and denominator by e^x."),
                name(sigmoid(-x), "1/(1 + e^(-z)) is the sigmoid σ(z), here at z = -x."),
            )
        },
    ),
    "softplus": WorkedForm(
        log(1 + _E),
        {
            "x": (
                algebra(1 / (1 + _M), "Divide numerator and denominator by e^x."),
                name(sigmoid(x), "1/(1 + e^(-x)) is the sigmoid σ(x)."),
            )
        },
    ),
    "gelu": WorkedForm(
        x * _PHI,
        {
            "x": (
                algebra(
                    _PHI + x * (exp(-(x**2) / 2) / sqrt(2 * PI)),
                    "2/√π·(1/√2)/2 = 1/√(2·π), and (x/√2)² = x²/2.",
                ),
                name(
                    cdf(x) + x * pdf(x),
                    "Φ(x) = (1 + erf(x/√2))/2 is the area under the bell curve φ(x) = e^(-x²/2)/√(2·π) up to x.",
                ),
            )
        },
        lesson="out alone does not say where x was, so the closure must keep x.",
    ),
    "gelu_tanh": WorkedForm(
        x * ((1 + tanh(sqrt(2 / PI) * (x + _CUBIC * x**3))) / 2),
        {
            "x": (
                name(
                    s + x * (s * (1 - s) * (sqrt(8 / PI) * (1 + 3 * _CUBIC * (x * x)))),
                    "A name for the gate, which the forward pass has computed already.",
                    (s, _GATE),
                ),
            )
        },
        (rewritten(x * _GATE, "(1 + tanh(z))/2 = σ(2·z), and 2·√(2/π) = √(8/π)."),),
        written="Where s·(1 - s) has run out to 0, the other factor may overflow: the closure puts 0 there.",
        written_as={sigmoid(sqrt(8 / PI) * (x + _CUBIC * (x * x * x))): s},
    ),
    "silu": WorkedForm(
        x / (1 + _M),
        {
            "x": (
                algebra(sigmoid(x) * (1 + x * (1 - sigmoid(x))), "Take σ(x) out of both terms."),
                algebra(sigmoid(x) * (1 + x * sigmoid(-x)), "1 - σ(x) = σ(-x), and in floats nothing cancels."),
            )
        },
        (rewritten(x * sigmoid(x), "1/(1 + e^(-x)) is the sigmoid σ(x)."),),
    ),
    "mish": WorkedForm(
        x * _MIXED,
        {
            "x": (
                name(
                    t + x * (1 - t * t) * sigmoid(x),
                    "A name for what the forward pass has computed already; the square as a product.",
                    (t, _MIXED),
                ),
            )
        },
    ),
    "elu": WorkedForm(where(_gt(x, 0), x, alpha * (_E - 1)), written=_SAFE_EXP),
    "celu": WorkedForm(
        where(_gt(x, 0), x, alpha * (exp(x / alpha) - 1)),
        {"x": (algebra(where(_gt(x, 0), 1, exp(x / alpha)), "α·(1/α) = 1."),)},
        written=_SAFE_EXP,
    ),
    "selu": WorkedForm(
        scale * where(_gt(x, 0), x, alpha * (_E - 1)),
        written=_SAFE_EXP,
        constants={
            "alpha": Fraction("1.6732632423543772848170429916717"),
            "scale": Fraction("1.0507009873554804934193349852946"),
        },
    ),
}
"""The worked form of every operation of the engine."""
