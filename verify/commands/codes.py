"""Exit codes (docs/architecture.md)."""

OK, FAILED, USAGE, INTERNAL, NOTHING, UNTIED, INTERRUPTED = 0, 1, 2, 3, 5, 6, 130
