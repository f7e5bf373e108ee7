"""How a process of ours is started: forked where the system can do that, whatever threads a framework left here.

A fork takes along what no pickle can: local classes, closures, a script's own functions, with nothing to import again
and no ``if __name__ == "__main__"`` asked of anybody.  JAX warns of every fork once it has computed something, and
Python 3.12 of a fork beside other threads: what a thread held is held for ever in the child.  Ours runs the subject's
code and our own; functions of a framework get a fresh process, or none, and a class of nodes that computes with one
that is in use here already is stopped after its time, like all that hangs.  So those two warnings, which pytest may
turn into errors, are not for the user to read.
"""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_ABOUT_THREADS = r"(?s).*fork.*(multi-?threaded|deadlock)"
"""What JAX (RuntimeWarning) and Python from 3.12 on (DeprecationWarning) say of a fork beside threads."""


def start(work: Callable[..., None], *arguments: Any, fresh: bool = False) -> tuple[Any, Connection]:
    """A process that does ``work(pipe, *arguments)``, and our end of its pipe.

    fresh: an interpreter of its own, not a fork: what it is given is pickled, and it imports everything anew
    """
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" and not fresh else "spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, *arguments), daemon=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _ABOUT_THREADS, RuntimeWarning)
        warnings.filterwarnings("ignore", _ABOUT_THREADS, DeprecationWarning)
        process.start()
    theirs.close()
    return process, ours
