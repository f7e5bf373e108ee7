"""The journal of a sweep: one line a chunk, written as it is done; a sweep that was stopped goes on from it.

The first line says what is swept.  When all chunks are there the lines are put in order and closed with a digest of
all that stands above: two sweeps of the same rule by the same NumPy end in the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from verify.accuracy.sweep import Job, Record
from verify.errors import UsageError

SCHEMA_VERSION = 2  # 2: the worst point is sought with polynomials in hand, and may be another one of equals


@dataclass
class Journal:
    """A file of records; ``header`` is what they are records of."""

    path: Path
    header: dict[str, Any]

    @classmethod
    def of(cls, path: Path, job: Job, size: int, count: int, rule: str) -> Journal:
        """The journal of this job: ``count`` chunks of ``size`` ordinals, of a rule that reads so."""
        import numpy as np

        header = {"schema_version": SCHEMA_VERSION, **asdict(job), "chunk_size": size, "chunks": count}
        return cls(path, {**header, "rule": rule, "numpy": np.__version__})

    def begin(self) -> dict[int, Record]:
        """The records that are there already, after a half-written last line has been dropped.

        Raises UsageError where the file is of another sweep.
        """
        if not self.path.exists():
            self._write([])
            return {}
        lines = self.path.read_text(encoding="utf-8").splitlines()
        parsed = [value for line in lines if (value := _parsed(line)) is not None]
        if not parsed or parsed[0] != self.header:
            raise UsageError(
                f"{self.path} is the journal of another sweep (or of another rule or NumPy): remove it, "
                "or name another one with --journal PATH"
            )
        found = {entry["chunk"]: Record(**entry) for entry in parsed[1:] if "chunk" in entry}
        self._write(found.values())
        return found

    def add(self, record: Record) -> None:
        """One more line, safe once this returns."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(asdict(record)))

    def close(self, records: Iterable[Record]) -> str:
        """Put the lines in order and add the digest, which is returned."""
        lines = list(self._lines(records))
        digest = sha256("".join(lines).encode()).hexdigest()
        self._replace([*lines, _line({"digest": digest})])
        return digest

    def _write(self, records: Iterable[Record]) -> None:
        self._replace(list(self._lines(records)))

    def _lines(self, records: Iterable[Record]) -> Iterator[str]:
        yield _line(self.header)
        for record in sorted(records, key=lambda r: r.chunk):
            yield _line(asdict(record))

    def _replace(self, lines: list[str]) -> None:
        partial = self.path.with_name(self.path.name + ".partial")
        try:
            partial.write_text("".join(lines), encoding="utf-8")
            partial.replace(self.path)
        except OSError as error:
            raise UsageError(f"--journal {self.path}: {error.strerror}") from error


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
