"""The journal of a sweep: one line per chunk, written when it is done; a sweep that was stopped resumes from it.

The first line says what is swept.  When all chunks are done the lines are sorted and followed by a digest of
everything above: two sweeps of the same rule by the same NumPy produce the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from backproof.verify.accuracy.sweep import Job, Record
from backproof.verify.support.errors import UsageError

SCHEMA_VERSION = 3
# 2: the worst point is searched with polynomials, and may be another one of equals
# 3: subnormal derivatives are measured, too; an infinite error is written as a string


@dataclass
class Journal:
    """A file of records; ``header`` identifies the sweep."""

    path: Path
    header: dict[str, Any]
    closed: str = ""  # the digest already in the file

    @classmethod
    def of(cls, path: Path, job: Job, size: int, count: int, rule: str) -> Journal:
        """The journal of this job: ``count`` chunks of ``size`` ordinals, of a rule with this text."""
        import numpy as np

        header = {"schema_version": SCHEMA_VERSION, **asdict(job), "chunk_size": size, "chunks": count}
        return cls(path, {**header, "rule": rule, "numpy": np.__version__})

    def begin(self) -> dict[int, Record]:
        """The existing records; an incomplete or invalid one is dropped and will be computed again.

        Raises UsageError if the file is of another sweep, or cannot be read.
        """
        lines = self._read()
        if not lines:
            self._write([])
            return {}
        if _parsed(lines[0]) != self.header:
            raise UsageError(
                f"{self.path} is the journal of another sweep (or of another rule or NumPy): remove it, "
                "or name another one with --journal PATH"
            )
        entries = [value for line in lines[1:] if (value := _parsed(line)) is not None]
        self.closed = next((str(entry["digest"]) for entry in entries if set(entry) == {"digest"}), "")
        records = [record for entry in entries if (record := self._record(entry)) is not None]
        found = {record.chunk: record for record in records}
        if not self.closed:  # otherwise it is not changed until the digest is known to be right
            self._write(found.values())
        return found

    def _read(self) -> list[str]:
        """The lines of the file; none if it does not exist or is empty."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UsageError(f"--journal {self.path}: {error.strerror}") from error

    def _record(self, entry: dict[str, Any]) -> Record | None:
        """The record of an entry; None for an entry that no sweep wrote."""
        if set(entry) != _COUNTS | _ERRORS | _PLACES:
            return None
        values = {**entry, **{key: math.inf for key in _ERRORS if entry[key] == "inf"}}
        sound = all(type(values[key]) is int and values[key] >= 0 for key in _COUNTS)
        sound &= all(type(values[key]) is float and values[key] >= 0 for key in _ERRORS)
        sound &= all(values[key] is None or type(values[key]) is int for key in _PLACES)
        if not sound or not values["chunk"] < self.header["chunks"]:
            return None
        return Record(**values)

    def add(self, record: Record) -> None:
        """Append a line; it is on disk when this returns."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(_entry(record)))

    def close(self, records: Iterable[Record]) -> str:
        """Sort the lines and add the digest, which is returned.

        Raises UsageError if the file had another digest: a line was changed.
        """
        lines = list(self._lines(records))
        digest = sha256("".join(lines).encode()).hexdigest()
        if self.closed not in ("", digest):
            raise UsageError(f"{self.path} is damaged: its digest is not that of its lines; remove it and sweep again")
        self._replace([*lines, _line({"digest": digest})])
        return digest

    def _write(self, records: Iterable[Record]) -> None:
        self._replace(list(self._lines(records)))

    def _lines(self, records: Iterable[Record]) -> Iterator[str]:
        yield _line(self.header)
        for record in sorted(records, key=lambda r: r.chunk):
            yield _line(_entry(record))

    def _replace(self, lines: list[str]) -> None:
        partial = self.path.with_name(self.path.name + ".partial")
        try:
            partial.write_text("".join(lines), encoding="utf-8")
            partial.replace(self.path)
        except OSError as error:
            raise UsageError(f"--journal {self.path}: {error.strerror}") from error


_ERRORS = {"ulps", "subnormal_ulps"}
_PLACES = {"place", "subnormal_place"}
_COUNTS = {field.name for field in fields(Record)} - _ERRORS - _PLACES


def _entry(record: Record) -> dict[str, Any]:
    """The record for JSON, which has no infinity."""
    entry = asdict(record)
    return {key: "inf" if value == math.inf else value for key, value in entry.items()}


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
