"""Locates a user's class: ``package.module:Class``, ``path/to/file.py:Class``, or without the class."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.sandbox import silence
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line
from backproof.verify.support.spelling import closest

_OURS = ("backproof",)


@dataclass(frozen=True)
class Place:
    """A module or file, and the class in it; ``name`` is empty if the class is to be discovered."""

    module: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.module}:{self.name}" if self.name else self.module

    def load(self) -> type:
        """The class.

        Raises UsageError, naming the part that cannot be found, what exists, and how to write it.
        """
        module = self.load_module()
        found = getattr(module, self.name, None)
        if isinstance(found, type):
            return found
        if found is not None:
            raise UsageError(f"{self} is a {type(found).__name__}, not a class of nodes or a list or dict of pairs")
        classes = [n for n, v in vars(module).items() if isinstance(v, type)]
        close = closest(self.name, classes)
        hint = f"did you mean {close!r}?" if close else f"it has {', '.join(classes) or 'no classes'}"
        raise UsageError(f"{self.module} has no class {self.name!r}: {hint}")

    def load_module(self) -> ModuleType:
        """The module, imported; what it prints is discarded.

        Raises UsageError.
        """
        with silence():
            return _from_file(Path(self.module)) if self.module.endswith(".py") else _from_package(self.module)


def place_of(spec: str) -> Place:
    """The location that a user wrote.

    Raises UsageError for an invalid one, and for a file that does not exist.
    """
    whole = spec.endswith(".py")  # a file without a class, even with a drive: C:\path\engine.py
    module, colon, name = (spec, "", "") if whole or ":" not in spec else spec.rpartition(":")
    if not module or (colon and not name.isidentifier()):
        raise UsageError(f"{spec!r} names no class: write package.module:Class, or path/to/file.py:Class")
    if module.endswith(".py"):
        if not Path(module).is_file():
            raise UsageError(f"{module}: no such file")
    elif not all(part.isidentifier() for part in module.split(".")):
        raise UsageError(f"{spec!r} names no module: write package.module:Class, or path/to/file.py:Class")
    return Place(module, name)


def _from_file(path: Path) -> ModuleType:
    package = _package_of(path)
    if package is not None:
        root, name = package
        sys.path.insert(0, str(root))
        return _run(lambda: importlib.import_module(name), str(path))
    standard = path.stem in sys.stdlib_module_names  # a numbers.py must not be what fractions.py imports later
    sys.path.insert(len(sys.path) if standard else 0, str(path.resolve().parent))  # as for a script: what is beside it
    name = f"{path.stem}_" if standard or path.stem in _OURS else path.stem
    if name in sys.modules:
        name = f"{path.stem}_under_verification"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a path that ends in .py has a spec,
    assert spec.loader is not None  # and a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader = spec.loader

    def load() -> ModuleType:
        loader.exec_module(module)
        return module

    try:
        return _run(load, str(path))
    except UsageError as error:
        if "relative import with no known parent" not in str(error):
            raise
    folder = path.resolve().parent  # the folder is a package, though it has no __init__.py
    sys.path.insert(0, str(folder.parent))
    return _run(lambda: importlib.import_module(f"{folder.name}.{path.stem}"), str(path))


def _package_of(path: Path) -> tuple[Path, str] | None:
    """The import root of the file's package, and the module's name; None for a file outside packages, or ours."""
    parts = [path.stem]
    folder = path.resolve().parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if len(parts) == 1 or parts[0] in (*_OURS, *sys.stdlib_module_names) or not all(p.isidentifier() for p in parts):
        return None
    return folder, ".".join(parts)


def _from_package(name: str) -> ModuleType:
    if "" not in sys.path:
        sys.path.insert(0, "")
    return _run(lambda: importlib.import_module(name), name)


def _run(load: Callable[[], ModuleType], name: str) -> ModuleType:
    try:
        with subject_code:
            return load()
    except SubjectError as error:
        if error.raised(ModuleNotFoundError):
            raise UsageError(f"{name}: {error.cause}; install it, or write the path to its file") from None
        raise UsageError(f"{name} cannot be imported: {in_a_line(error.__cause__ or error)}") from error
