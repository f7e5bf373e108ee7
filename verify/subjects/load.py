"""Where a user's class stands: ``package.module:Class``, ``path/to/file.py:Class``, or without the class."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from verify.errors import UsageError, in_a_line
from verify.subjects.sandbox import silence

_OURS = ("engine", "verify", "derivations")


@dataclass(frozen=True)
class Place:
    """A module or file, and the class in it; ``name`` is empty where it is to be found."""

    module: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.module}:{self.name}" if self.name else self.module

    def load(self) -> type:
        """The class.

        Raises UsageError, naming the part that cannot be found, what is there, and how to write it.
        """
        module = self.load_module()
        found = getattr(module, self.name, None)
        if isinstance(found, type):
            return found
        if found is not None:
            raise UsageError(f"{self} is a {type(found).__name__}, not a class of nodes, and no list or dict of pairs")
        classes = [n for n, v in vars(module).items() if isinstance(v, type)]
        close = get_close_matches(self.name, classes, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(classes) or 'no classes'}"
        raise UsageError(f"{self.module} has no class {self.name!r}: {hint}")

    def load_module(self) -> ModuleType:
        """The module, imported; what it prints goes nowhere.

        Raises UsageError.
        """
        with silence():
            return _from_file(Path(self.module)) if self.module.endswith(".py") else _from_package(self.module)


def place_of(spec: str) -> Place:
    """The place that a user wrote.

    Raises UsageError for what cannot be one, and for a file that is not there.
    """
    module, _, name = spec.rpartition(":") if ":" in spec else (spec, "", "")
    if not module or (":" in spec and not name.isidentifier()):
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
    sys.path.insert(0, str(path.resolve().parent))  # as for a script, its neighbours can be imported
    name = f"{path.stem}_" if path.stem in (*_OURS, *sys.stdlib_module_names) else path.stem
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
    folder = path.resolve().parent  # the folder is a package, though no __init__.py says so
    sys.path.insert(0, str(folder.parent))
    return _run(lambda: importlib.import_module(f"{folder.name}.{path.stem}"), str(path))


def _package_of(path: Path) -> tuple[Path, str] | None:
    """Where the file's package can be imported from, and the module's name; None for a file of no package, or ours."""
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
        return load()
    except ModuleNotFoundError as error:
        raise UsageError(f"{name}: {error}; install it, or write the path to its file") from None
    except (Exception, SystemExit) as error:  # a user's module may do anything when it is imported
        raise UsageError(f"{name} cannot be imported: {in_a_line(error)}") from error
