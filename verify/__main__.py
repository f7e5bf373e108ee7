"""``python -m verify``."""

import gc
import multiprocessing
import os
import sys
import threading

gc.set_threshold(100_000, 20, 20)  # what SymPy builds when it is imported stays: there is no use in walking it

from verify.cli import main  # noqa: E402 - after the line above, which is about this import


def _leave(code: int) -> None:
    """Leave at once: taking a quarter of a second's worth of modules apart helps nobody."""
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() == 1 and not multiprocessing.active_children():
        os._exit(code)
    sys.exit(code)


_leave(main())
