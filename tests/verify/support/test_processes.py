"""Processes: forks that carry what no pickle can, without warnings about the threads of a framework."""

import subprocess
import sys
from multiprocessing.connection import Connection

import pytest

from backproof.verify.support import processes

_BESIDE_A_FRAMEWORK = """
import os, threading, time, warnings
warnings.simplefilter("error")
{says}
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()

from backproof.engine import Value
from backproof.verify import check_engine


def local():
    class Local(Value):  # nothing that could be pickled
        __slots__ = ()

    return Local


assert check_engine(local(), names=["tanh"], points=20).ok
assert check_engine(local(), names=["tanh"], points=20).ok
{ours}
"""

_JAX_SAYS = """
def at_fork():
    warnings.warn(
        "os.fork() was called. os.fork() is incompatible with multithreaded code, "
        "and JAX is multithreaded, so this will likely lead to a deadlock.", RuntimeWarning, stacklevel=2)

os.register_at_fork(before=at_fork)
"""

_FORK_OF_THEIRS = """
if (child := os.fork()) == 0:
    os._exit(0)
os.waitpid(child, 0)
"""


def errors_of(script: str) -> str:
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="there is no fork")
def test_no_warning_of_our_forks_beside_threads() -> None:
    assert errors_of(_BESIDE_A_FRAMEWORK.format(says=_JAX_SAYS, ours="")) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no fork")
def test_forks_that_are_not_ours_are_still_warned_of() -> None:
    errors = errors_of(_BESIDE_A_FRAMEWORK.format(says=_JAX_SAYS, ours=_FORK_OF_THEIRS))
    assert "os.fork() was called" in errors


def _double(pipe: Connection, number: int) -> None:
    pipe.send(2 * number)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_process_answers_through_its_pipe(fresh: bool) -> None:
    process, pipe = processes.start(_double, 21, fresh=fresh)
    assert pipe.recv() == 42
    assert processes.code_of(process) == 0
    pipe.close()
