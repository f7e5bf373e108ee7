"""Derivatives that are handed over as such, without an upstream gradient: jac, hess, hessp, jvp, fprime, fprime2."""
