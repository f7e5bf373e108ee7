"""Derivations as values: the rules of calculus, the steps, what a closure must keep."""
