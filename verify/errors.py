"""Errors that a user can mend: each names the value, the reason and the way out."""

from __future__ import annotations

from typing import Any


class UsageError(Exception):
    """A command line, a configuration or a name that cannot be used; exit code 2."""


class OutputError(Exception):
    """A result that cannot be written where it should go; exit code 3."""


class DerivativeError(AssertionError):
    """A derivative that failed; ``report`` has everything that was found, the message what fails."""

    def __init__(self, message: str, report: Any = None) -> None:
        super().__init__(message)
        self.report = report

    @property
    def findings(self) -> tuple[Any, ...]:
        """What was found, all of it."""
        return self.report.findings if self.report is not None else ()
