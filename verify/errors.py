"""Errors that a user can mend: each names the value, the reason and the way out."""


class UsageError(Exception):
    """A command line, a configuration or a name that cannot be used; exit code 2."""


class OutputError(Exception):
    """A result that cannot be written where it should go; exit code 3."""
