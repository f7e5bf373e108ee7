"""A run: every operation under every check, in worker processes, and the resulting report."""
