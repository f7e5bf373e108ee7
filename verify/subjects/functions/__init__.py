"""Pairs of Python functions: a forward and a backward."""
