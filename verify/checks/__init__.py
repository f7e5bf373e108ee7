"""The checks: one per file; each examines one case (an operation with its spec) for one question."""
