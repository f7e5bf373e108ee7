"""The short names ``engine``, ``verify`` and ``derivations``: other names for the very modules of `backproof`.

A folder on the path that holds one of the three parts can be found by its short name; its ``__init__`` then calls
`adopt`, so that ``engine.value`` and ``backproof.engine.value`` are one module and not two copies.  Nothing of ours
imports by these names: a user's ``engine.py`` takes its name and nothing breaks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import CodeType, ModuleType


def adopt(short: str) -> None:
    """Let ``short``, which is being imported, be the module ``backproof.<short>``, and its submodules those of that.

    The import system takes what stands in `sys.modules` once the short name's own code has run.
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    sys.modules[short] = import_module(f"backproof.{short}")


class _Finder(MetaPathFinder):
    """Finds ``verify.x`` where ``verify`` is ours; all else is left to the others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        short, dot, _ = fullname.partition(".")
        package = sys.modules.get(short)
        if not dot or package is None or package.__name__ != f"backproof.{short}":
            return None
        real = find_spec(f"backproof.{fullname}")
        if real is None:
            return None
        spec = ModuleSpec(fullname, _Loader(real), origin=real.origin)
        spec.has_location = real.has_location
        spec.submodule_search_locations = real.submodule_search_locations
        return spec


class _Loader(InspectLoader):
    """Loads the module under its full name, and leaves it as it is."""

    def __init__(self, real: ModuleSpec) -> None:
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return import_module(self.real.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.real  # the import system has put the short name's there

    def get_code(self, fullname: str) -> CodeType | None:
        """For ``python -m verify`` and ``python -m engine.neuron``."""
        assert isinstance(self.real.loader, InspectLoader)  # files, all of them
        return self.real.loader.get_code(self.real.name)

    def get_source(self, fullname: str) -> str | None:
        assert isinstance(self.real.loader, InspectLoader)
        return self.real.loader.get_source(self.real.name)
