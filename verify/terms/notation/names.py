"""The names of variables and functions in print: one line each.

A variable that is not listed keeps its name, and so does a function; notations with a layout of their own (a root,
or |x|, or a power of e) are in `structure`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LETTERS = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ"},
    **{"kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ"},
    **{"tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω"},
}
"""The Greek letters by their English names, which are LaTeX's, too."""

ALIASES = {"lambda_": "lambda"}
"""Names for a letter with another name: Python keeps `lambda` for itself."""

TEXTBOOK = {**ALIASES, "scale": "lambda"}
"""The same in a derivation, where the constants of SELU are λ and α."""

FENCES = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}
"""The brackets around the operand of these functions."""

_PARTS = re.compile(r"(.*?[^\d_'])(?:_?(\d+))?('*)")


def parts_of(name: str) -> tuple[str, str, str]:
    """A name such as x_1', its number and its primes."""
    match = _PARTS.fullmatch(name)
    return (match[1], match[2] or "", match[3]) if match else (name, "", "")


class Function(NamedTuple):
    """The name of a function in each output format."""

    unicode: str
    ascii: str
    latex: str


FUNCTIONS = {
    "normal_cdf": Function("Φ", "Phi", r"\Phi"),
    "normal_pdf": Function("φ", "phi", r"\varphi"),
    "sigmoid":    Function("σ", "sigmoid", r"\sigma"),
    "maximum":    Function("max", "max", r"\max"),
    "minimum":    Function("min", "min", r"\min"),
    "sin":        Function("sin", "sin", r"\sin"),
    "cos":        Function("cos", "cos", r"\cos"),
    "tan":        Function("tan", "tan", r"\tan"),
    "asin":       Function("asin", "asin", r"\arcsin"),
    "acos":       Function("acos", "acos", r"\arccos"),
    "atan":       Function("atan", "atan", r"\arctan"),
    "sinh":       Function("sinh", "sinh", r"\sinh"),
    "cosh":       Function("cosh", "cosh", r"\cosh"),
    "tanh":       Function("tanh", "tanh", r"\tanh"),
    "log":        Function("log", "log", r"\log"),
    "gamma":      Function("Γ", "gamma", r"\Gamma"),
}  # fmt: skip


def called(op: str) -> Function:
    """The names of a function; its own, in upright letters, where no other is known."""
    upright = op.replace("_", r"\_")
    return FUNCTIONS.get(op) or Function(op, op, rf"\operatorname{{{upright}}}")
