"""The other kinds of number that a rule runs on, unchanged: one module each, loadable alone.

====================  ======================  ================================================================
data                  module                  what it is for
====================  ======================  ================================================================
``numpy.ndarray``     verify.arithmetics.arrays     a batch of points, elementwise; NumPy scalars too
``Column``            verify.arithmetics.columns    floats in a column: at each point the same float as alone
``sympy.Expr``        verify.arithmetics.symbols    formulas for people to read
``mpmath.mpf``        verify.arithmetics.digits     as many digits as ``mpmath.mp`` is set to
``flint.arb``         verify.arithmetics.balls      intervals that contain the true value, at ``flint.ctx.prec`` bits
``Fraction``          verify.arithmetics.rationals  exact rational points; raises where a result is irrational
====================  ======================  ================================================================

Importing a module registers its kind with `engine.register`.  Where the distribution is installed, the entry
points of the group ``backproof.arithmetics`` (`MODULES`, by package) load it the first time such data appears.
"""

from __future__ import annotations

from importlib import import_module

MODULES = {
    "numpy": "backproof.verify.arithmetics.arrays",
    "sympy": "backproof.verify.arithmetics.symbols",
    "mpmath": "backproof.verify.arithmetics.digits",
    "flint": "backproof.verify.arithmetics.balls",
    "fractions": "backproof.verify.arithmetics.rationals",
}
"""The package that the data comes from, and the module that registers its kind."""


def load(*packages: str) -> None:
    """Register the kinds of these packages; of all of them if none is named."""
    for package in packages or MODULES:
        import_module(MODULES[package])
