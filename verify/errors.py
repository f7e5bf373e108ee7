"""Errors that a user can mend: each names the value, the reason and the way out."""


class UsageError(Exception):
    """A command line, a configuration or a name that cannot be used; exit code 2."""
