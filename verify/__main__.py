"""``python -m verify``."""

import gc
import multiprocessing
import os
import sys
import threading

gc.set_threshold(100_000, 20, 20)  # what SymPy builds when it is imported stays: the collector need not walk it

from backproof.verify.commands.cli import main  # noqa: E402 - after the line above, which is about this import
from backproof.verify.support.processes import stop_all  # noqa: E402


def _leave(code: int) -> None:
    """Exit at once: tearing the modules down takes a quarter of a second to no effect."""
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() == 1 and not multiprocessing.active_children():
        stop_all()
        os._exit(code)
    sys.exit(code)


_leave(main())
