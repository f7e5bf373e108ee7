"""``check-certificate``: replay a certificate in a process of its own, by a checker that shares no code with us."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from verify.commands.codes import FAILED, OK
from verify.errors import UsageError
from verify.proof import checker


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Check every file that ``rest`` names."""
    if not rest:
        raise UsageError("check-certificate needs a file, as written by --certificate FILE")
    for name in rest:
        if not Path(name).is_file():
            raise UsageError(f"{name}: no such file")
    ended = subprocess.run([sys.executable, "-m", checker.__name__, *rest], check=False)
    return OK if ended.returncode == 0 else FAILED
