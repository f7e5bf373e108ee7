"""Find a class that a user names: ``package.module:Class`` or ``path/to/file.py:Class``."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from verify.errors import UsageError


def engine_class(spec: str) -> type:
    """The class that ``spec`` names.

    Raises UsageError, naming the part that cannot be found, what is there, and how to write it.
    """
    place, _, name = spec.rpartition(":")
    if not place or not name.isidentifier():
        raise UsageError(f"{spec!r} names no class: write package.module:Class, or path/to/file.py:Class")
    module = _from_file(Path(place)) if place.endswith(".py") else _from_package(place)
    try:
        found = getattr(module, name)
    except AttributeError:
        classes = [n for n, v in vars(module).items() if isinstance(v, type)]
        close = get_close_matches(name, classes, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(classes) or 'no classes'}"
        raise UsageError(f"{place} has no class {name!r}: {hint}") from None
    if not isinstance(found, type):
        raise UsageError(f"{spec} is a {type(found).__name__}, not a class")
    return found


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None  # a path that ends in .py has a spec,
    assert spec.loader is not None  # and a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    loader = spec.loader

    def load() -> ModuleType:
        loader.exec_module(module)
        return module

    return _run(load, str(path))


def _from_package(name: str) -> ModuleType:
    sys.path.insert(0, "")
    return _run(lambda: importlib.import_module(name), name)


def _run(load: Callable[[], ModuleType], name: str) -> ModuleType:
    try:
        return load()
    except ModuleNotFoundError as error:
        raise UsageError(f"{name}: {error}; install it, or write the path to its file") from None
    except (Exception, SystemExit) as error:  # a user's module may do anything when it is imported
        raise UsageError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
