"""Decide whether a rule is the derivative: normal form, cells, boundaries, certificate."""
