"""On PYTHONPATH this takes away what TAKEN_AWAY names, of what macOS or Windows do not have, in every Python below."""

import builtins
import os
import signal
import sys

TAKEN = os.environ.get("TAKEN_AWAY", "").split()

if "resource" in TAKEN:
    sys.modules["resource"] = None
if "alarm" in TAKEN:
    del signal.setitimer, signal.SIGALRM
if "fork" in TAKEN:
    del os.fork
if "affinity" in TAKEN:
    del os.sched_getaffinity
if "proc" in TAKEN:
    opened = builtins.open

    def without_proc(file, *arguments, **named):
        if str(file).startswith("/proc"):
            raise FileNotFoundError(2, "No such file or directory", file)
        return opened(file, *arguments, **named)

    builtins.open = without_proc
