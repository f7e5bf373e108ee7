"""Exit codes (docs/architecture.md)."""

OK, FAILED, USAGE, INTERNAL, STOPPED, NOTHING, UNTIED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130
