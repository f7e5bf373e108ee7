"""Atomic output: written to a temporary file beside the target, then renamed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from backproof.verify.support.errors import OutputError


def write_text(path: str, content: str) -> None:
    """Write one file; ``-`` is stdout.

    Raises OutputError, naming the path and the reason.  The old file stays until the new one is complete.
    """
    if path == "-":
        to_stdout(content)
        return
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"{path} cannot be written: it is a folder")
    try:
        if target.exists() and not target.is_file() and not target.is_dir():  # a device, a pipe: nothing to rename
            target.write_bytes(_bytes(content))
        else:
            _replace({target.resolve(): content})
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def write_folder(path: str, files: Mapping[str, str]) -> None:
    """Write the files of a folder, all of them or none; other files in it are left alone.

    Raises OutputError, naming the path and the reason.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace({folder.resolve() / name: content for name, content in files.items()})
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def append_text(path: str, content: str) -> None:
    """Add to a file that others add to as well.

    Raises OutputError, naming the path and the reason.
    """
    try:
        with Path(path).open("ab") as file:
            file.write(_bytes(content))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def to_stdout(content: str) -> None:
    """Write to stdout, in UTF-8 whatever the locale says.

    Raises OutputError where it is full, BrokenPipeError where its reader is gone.
    """
    try:
        sys.stdout.flush()
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            sys.stdout.write(content)
        else:
            buffer.write(_bytes(content))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"stdout cannot be written: {error.strerror or error}") from error


def _bytes(content: str) -> bytes:
    return content.encode("utf-8", "backslashreplace")


def _replace(files: Mapping[Path, str]) -> None:
    """Write all files under temporary names, then rename them; on any failure nothing is left behind."""
    partial = {target: target.with_name(f".{target.name}.{os.getpid()}.partial") for target in files}
    try:
        for target, content in files.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial[target].write_bytes(_bytes(content))
        for target, written in partial.items():
            written.replace(target)
    finally:
        for written in partial.values():
            written.unlink(missing_ok=True)
