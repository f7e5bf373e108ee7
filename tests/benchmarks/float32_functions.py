"""NumPy's float32 functions at all 2**32 inputs, beside the figures that sound bounds in float32 rest on.

    python tests/benchmarks/float32_functions.py [exp tanh ...]

The screen is the polynomial of `verify.accuracy.taylor` where a piece of the line has one, and the function in
float64 elsewhere; the worst point is measured in intervals.  It fails where a function is further off than its figure.
"""

from __future__ import annotations

import sys

import numpy as np

from backproof.verify.accuracy.libm import NUMPY32
from backproof.verify.accuracy.sweep import BLOCK, _numbers
from backproof.verify.accuracy.taylor import Derivative, Nowhere, Polynomial
from backproof.verify.arithmetics.arrays import ARRAYS
from backproof.verify.arithmetics.ulps import FLOAT32
from backproof.verify.numerics.reference import Reference
from backproof.verify.terms.term import Term, apply, symbol

ORDINALS = FLOAT32.ordinal(FLOAT32.largest)
MEASURED = [name for name in NUMPY32.ulps if name not in ("atan2", "erf", "erfc", "hypot", "pow")]


def worst(name: str) -> tuple[float, float]:
    """The largest error in ULPs, where the true value is a normal number, and where."""
    term = apply(name, symbol("x"))
    partial, function = Derivative(term, FLOAT32, 2.0**-12), getattr(ARRAYS, name)
    top, place = -1.0, 0.0
    waiting = [(first, min(first + 2**22 - 1, ORDINALS)) for first in range(-ORDINALS, ORDINALS + 1, 2**22)]
    while waiting:
        first, last = waiting.pop()
        model = partial.on(FLOAT32.from_ordinal(first), FLOAT32.from_ordinal(last))
        if isinstance(model, Nowhere) or (isinstance(model, Polynomial) and model.subnormal):
            continue
        if model is None and last - first >= 16 * BLOCK:
            middle = (first + last) // 2
            waiting += [(first, middle), (middle + 1, last)]
            continue
        for start in range(first, last + 1, BLOCK):
            column = _numbers(FLOAT32, start, min(start + BLOCK - 1, last))
            errors = _errors(function, column, model)
            k = int(errors.argmax())
            if errors[k] > top:
                top, place = float(errors[k]), float(column[k])
    return confirmed(term, name, place), place


def _errors(function, column, model):  # type: ignore[no-untyped-def]
    with np.errstate(all="ignore"):
        if isinstance(model, Polynomial):
            off = abs(np.subtract(function(column), model.at(column), dtype=float))
            return np.nan_to_num(off / model.spacing, nan=np.inf)
        exact = function(column.astype(float))
        size = abs(exact)
        errors = abs(function(column) - exact) / np.exp2(np.floor(np.log2(size)) - 23)
        normal = (size >= FLOAT32.smallest_normal) & (size <= FLOAT32.largest)
        return np.where(normal, errors, -1.0)


def confirmed(term: Term, name: str, place: float) -> float:
    """The error at one point, in intervals."""
    (expected,) = Reference((term,), ("x",), fmt=FLOAT32).at((place,))
    with np.errstate(all="ignore"):
        return expected.error(float(getattr(ARRAYS, name)(np.array([place], dtype=np.float32))[0]), FLOAT32)


def main() -> int:
    print(f"NumPy {np.__version__}, all numbers of float32; figures: {NUMPY32.source}")
    short = []
    for name in sys.argv[1:] or MEASURED:
        ulps, place = worst(name)
        print(f"{name:<6} {ulps:6.3f} ULP at {place!r:<24} figure {NUMPY32.of(name):g}", flush=True)
        short += [name] * (ulps > NUMPY32.of(name))
    print("no function is off by more than its figure" if not short else f"beyond their figures: {', '.join(short)}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
