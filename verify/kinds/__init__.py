"""The other kinds of number that a rule runs on, unchanged: one module each, loadable alone.

====================  ======================  ================================================================
data                  module                  what it is for
====================  ======================  ================================================================
``numpy.ndarray``     verify.kinds.arrays     a batch of points, elementwise; NumPy scalars too
``Column``            verify.kinds.columns    floats in a column: at each point the very float it gives alone
``sympy.Expr``        verify.kinds.symbols    formulas that a person reads
``mpmath.mpf``        verify.kinds.digits     as many digits as ``mpmath.mp`` is set to
``flint.arb``         verify.kinds.balls      balls that contain the true value, at ``flint.ctx.prec`` bits
``Fraction``          verify.kinds.rationals  exact rational points; refuses what leaves the rationals
====================  ======================  ================================================================

Importing a module registers its kind with `engine.register`.  Where the distribution is installed the entry
points of the group ``engine.arithmetics`` (`MODULES`, by package) load it the first time such data turns up.
"""

from __future__ import annotations

from importlib import import_module

MODULES = {
    "numpy": "verify.kinds.arrays",
    "sympy": "verify.kinds.symbols",
    "mpmath": "verify.kinds.digits",
    "flint": "verify.kinds.balls",
    "fractions": "verify.kinds.rationals",
}
"""The package that the data comes from, and the module that registers its kind."""


def load(*packages: str) -> None:
    """Register the kinds of these packages; of all of them if none is named."""
    for package in packages or MODULES:
        import_module(MODULES[package])
