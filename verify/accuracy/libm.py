"""Known errors of the functions of mathematical libraries: named profiles, with their source.

These are the largest errors known, not proved: a bound that uses them is only as good as they are, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backproof.verify.arithmetics.ulps import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Format


@dataclass(frozen=True)
class Profile:
    """A library's functions in one format, each with the largest known error of its result in ULPs.

    rounding: the largest error in ULPs of a sum, product, quotient or root of exact operands
    """

    name: str
    source: str
    ulps: Mapping[str, float]
    fmt: Format = FLOAT64
    rounding: float = 0.5

    def of(self, function: str) -> float:
        """The function's largest known error in ULPs.

        Raises KeyError for a function that is not in the profile.
        """
        return self.ulps[function]


# The test suite counts whole ULPs between a result and the correctly rounded one, which is itself up to 1/2 ULP
# off.  A function without a line in the table (tan) was never found off the correctly rounded result; it is given
# one whole ULP.  These are the lines "double:" of the functions in round-to-nearest, at glibc's commit
# 0003605a54344a459ff756ae5ffe72416a9b64e3; the manual's section 19.7 prints the same table.  The square root is
# correctly rounded by IEEE 754, hypot is CPython's own and documented to stay within one ULP.
_COUNTED = {
    **{"acos": 1, "acosh": 2, "asin": 1, "asinh": 2, "atan": 1, "atan2": 1, "atanh": 2, "cbrt": 4, "cos": 1},
    **{"cosh": 2, "erf": 1, "erfc": 5, "exp": 1, "expm1": 1, "log": 1, "log1p": 1, "pow": 1, "sin": 1},
    **{"sinh": 2, "tanh": 2},
}

GLIBC = Profile(
    "glibc x86_64",
    "from sysdeps/x86_64/fpu/libm-test-ulps at 0003605a, the table behind 'Known Maximum Errors in Math Functions'",
    {**{name: count + 0.5 for name, count in _COUNTED.items()}, "tan": 1.0, "sqrt": 0.5, "hypot": 1.0},
)
"""Python's `math` on Linux: the functions of glibc."""

# NumPy's float32 functions differ by processor; these are the errors that NumPy tests all of them against, the column
# `ulperr` of numpy/_core/tests/data/umath-validation-set-*.csv in NumPy 2.4, whole ULPs off the correctly rounded
# result.  None is below the lines "float:" of glibc, scalar or vector, at the commit above, to which processors
# without NumPy's own kernels come down; atan2, hypot and pow, which NumPy has no file for, are the largest of those.
# erf and erfc are the float64 functions, rounded.
_COUNTED32 = {
    **{"acos": 3, "acosh": 2, "asin": 4, "asinh": 2, "atan": 3, "atan2": 2, "atanh": 2, "cbrt": 2, "cos": 2},
    **{"cosh": 3, "exp": 3, "expm1": 3, "hypot": 1, "log": 4, "log1p": 2, "pow": 3, "sin": 2},
    **{"sinh": 2, "tan": 4, "tanh": 2},
}
_WIDER = 2.0 ** (FLOAT32.precision - FLOAT64.precision)  # an ULP of float64 in those of float32

NUMPY32 = Profile(
    "NumPy in float32",
    "from numpy/_core/tests/data/umath-validation-set-*.csv of NumPy 2.4 (atan2, hypot, pow: from glibc's table)",
    {
        **{name: count + 0.5 for name, count in _COUNTED32.items()},
        **{name: 0.5 + _WIDER * GLIBC.of(name) for name in ("erf", "erfc")},
        "sqrt": 0.5,
    },
    FLOAT32,
)
"""NumPy's float32 functions.  `tests/benchmarks/float32_functions.py` runs them at all 2**32 inputs."""


def _rounded(fmt: Format, name: str) -> Profile:
    """A format of 16 bits, whose functions are those of float32, rounded: slightly more than half an ULP.

    Rounding a sum twice is rounding it once (see `verify.arithmetics.bfloats`), but not among the subnormal numbers,
    which a bfloat16 shares with float32.
    """
    part = 2.0 ** (fmt.precision - FLOAT32.precision)
    ulps = {function: 0.5 + part * figure for function, figure in NUMPY32.ulps.items()}
    return Profile(name, f"float32's, rounded; those {NUMPY32.source}", ulps, fmt, 0.5 + part)


PROFILES: Mapping[str, Profile] = {
    "float64": GLIBC,
    "float32": NUMPY32,
    "float16": _rounded(FLOAT16, "NumPy in float16"),
    "bfloat16": _rounded(BFLOAT16, "bfloat16 on NumPy's float32"),
}
"""The library that computes each format (`verify.accuracy.formats`)."""
