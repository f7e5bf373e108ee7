"""How far the functions of a mathematical library are known to be off: named profiles, with their source.

These are the largest errors known, not proved: a bound that rests on them is as good as they are, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """A library's functions, each with the most ULPs its float64 result is known to be off the true number."""

    name: str
    source: str
    ulps: Mapping[str, float]

    def of(self, function: str) -> float:
        """The function's largest known error in ULPs.

        Raises KeyError for a function that the profile does not know.
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
