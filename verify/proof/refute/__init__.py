"""Refutation: the plainest point where a rule is certainly not the derivative, and the diagnosis of its error."""
