"""Certificates of proofs, and a checker that uses the standard library alone."""
