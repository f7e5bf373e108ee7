"""How a process is started: forked, started anew (spawned), or forked from one that was started anew.

``BACKPROOF_START_METHOD`` is ``fork``, ``spawn`` or ``forkserver``; without it Linux forks and all others spawn.

A fork takes along what no pickle can: local classes and closures.  JAX warns of every fork once it has
computed something, and Python 3.12 of a fork beside other threads: what a thread held is held for ever in the child.
Our forks run the subject's code and backproof's; a framework's functions get a process that is started anew.  So
those two warnings, which pytest may turn into errors, are suppressed.

A process that is started anew gets its work by name, through a pipe.  It is no child of
`multiprocessing`, whose spawned children import the user's script again, as ``__mp_main__``: a script that calls
`verify.check` without ``if __name__ == "__main__"`` then starts itself anew, and dies of it.  Tried: replacing
``sys.modules["__main__"]`` while a child starts keeps the script out, but other threads see the replacement.  A child
of our own needs no such trick, no process that tracks resources, and can be started before its work is known.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import backproof
from backproof.verify.support.errors import UsageError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

VARIABLE = "BACKPROOF_START_METHOD"
METHODS = ("fork", "spawn", "forkserver")

_ABOUT_THREADS = r"(?s).*fork.*(multi-?threaded|deadlock)"
"""What JAX (RuntimeWarning) and Python from 3.12 on (DeprecationWarning) say of a fork beside threads."""

_PATIENCE = 5.0  # seconds for a process that has closed its pipe to end

_COMMAND = """
import gc, sys
gc.set_threshold(100_000, 20, 20)
handle, root, *modules = sys.argv[1:]
if root not in sys.path:
    sys.path.insert(0, root)
from backproof.verify.support import processes
processes.arrive(int(handle), modules)
"""


class NoProcess(OSError):
    """No process can be started here."""


class Process(Protocol):
    """A process as the one that started it sees it; `poll` is the code that it ended with, less than 0 for a signal."""

    pid: int

    def poll(self) -> int | None: ...

    def kill(self) -> None: ...


def start_method() -> str:
    """How a process is started here.

    Raises UsageError for a method that the variable names and this system does not have.
    """
    forks = hasattr(os, "fork")
    named = os.environ.get(VARIABLE, "")
    if not named:
        return "fork" if forks and sys.platform == "linux" else "spawn"
    if named not in METHODS:
        raise UsageError(f"{VARIABLE}={named!r}: it must be one of {', '.join(METHODS)}")
    if named != "spawn" and not forks:
        raise UsageError(f"{VARIABLE}={named!r}: this system cannot fork; it is spawn here")
    return named


def forks() -> bool:
    """Whether a new process shares the objects of this one."""
    return start_method() == "fork"


def start(work: Callable[..., None], *arguments: Any, fresh: bool = False) -> tuple[Process, Connection]:
    """A process that runs ``work(pipe, *arguments)``, and this process's end of its pipe.

    fresh: started anew, whatever the method; then, as wherever it is not forked, ``work`` is a function of a module,
        and it and its arguments are pickled

    Raises NoProcess.
    """
    method = start_method()
    try:
        if method == "fork" and not fresh:
            return _forked(work, arguments)
        process, pipe = _served() if method == "forkserver" else _SPARE.pop() if _SPARE else _spawned()
    except OSError as error:
        raise NoProcess(str(error)) from error
    try:
        _tell(pipe, work, arguments)
    except BaseException:  # what cannot be pickled
        stop(process, pipe)
        raise
    return process, pipe


def expect(count: int, modules: Sequence[str] = ()) -> None:
    """Announces so many processes: where they are started anew they may begin at once, with these modules."""
    method = start_method()
    with suppress(OSError):  # then the error is reported where one is needed
        if method == "forkserver" and count:
            _server(modules)
        while method == "spawn" and len(_SPARE) < count:
            _SPARE.append(_spawned(modules))
    while len(_SPARE) > count:
        stop(*_SPARE.pop())


def stop(process: Process, pipe: Connection) -> None:
    """End it."""
    process.kill()
    pipe.close()
    code_of(process)


def code_of(process: Process) -> int:
    """The exit code of a process that has closed its pipe; it is killed if it does not end."""
    last, pause = time.monotonic() + _PATIENCE, 0.001
    while (code := process.poll()) is None:
        if time.monotonic() > last:
            process.kill()
        time.sleep(pause)
        pause = min(0.05, 2 * pause)
    return code


# ------------------------------------------------------------------------------------------------------ by a fork


class _Forked:
    """A child of this process, or of the server."""

    def __init__(self, pid: int, ended: Callable[[int], int | None]) -> None:
        self.pid, self._ended = pid, ended
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            self._code = self._ended(self.pid)
        return self._code

    def kill(self) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def _ended(pid: int) -> int | None:
    """The code that a child of this process ended with; None if it has not."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # other code has waited for it
        return 0
    return os.waitstatus_to_exitcode(status) if found else None


_OURS: list[Connection] = []
"""Our ends of the pipes of forks, which later forks inherit and must close: otherwise our end would go unnoticed."""


def _forked(work: Callable[..., None], arguments: tuple[Any, ...]) -> tuple[Process, Connection]:
    from multiprocessing.connection import Pipe

    ours, theirs = Pipe()
    _OURS[:] = [pipe for pipe in _OURS if not pipe.closed] + [ours]
    pid = _fork(theirs, _OURS, partial(work, theirs, *arguments))
    theirs.close()
    return _Forked(pid, _ended), ours


def _fork(theirs: Connection, others: Sequence[Connection], life: Callable[[], None]) -> int:
    """The number of a child that lives this life, and ends with it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _ABOUT_THREADS, RuntimeWarning)
        warnings.filterwarnings("ignore", _ABOUT_THREADS, DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    for pipe in others:
        pipe.close()
    _live(life)


def _live(life: Callable[[], None]) -> NoReturn:
    """The life of a child, which ends the process: no code of its parent's is run after it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for its parent, which ends it
    code: Any = 1
    try:
        life()
        code = 0
    except SystemExit as exit_:
        code = exit_.code
    finally:
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


# ------------------------------------------------------------------------------------------------------ started anew

_SPARE: list[tuple[Process, Connection]] = []  # started already, and not yet requested


def _spawned(modules: Sequence[str] = ()) -> tuple[Process, Connection]:
    """A process without work yet, which loads these modules meanwhile."""
    import subprocess
    from multiprocessing.connection import Pipe

    if not sys.executable or getattr(sys, "frozen", False):  # a program that would run itself
        raise OSError("there is no Python here that can be started")
    ours, theirs = Pipe()
    handle = theirs.fileno()
    root = os.path.dirname(os.path.dirname(os.path.abspath(backproof.__file__)))
    command = [sys.executable, "-P", "-c", _COMMAND, str(handle), root, *modules]
    nowhere: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    try:
        if sys.platform == "win32":
            os.set_handle_inheritable(handle, True)
            startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
            return subprocess.Popen(command, startupinfo=startup, **nowhere), ours
        return subprocess.Popen(command, pass_fds=(handle,), **nowhere), ours
    finally:
        theirs.close()


def arrive(handle: int, modules: Sequence[str]) -> None:
    """The main function of a process that was started anew: load, receive the work, do it."""
    from multiprocessing import connection

    kind = getattr(connection, "PipeConnection", connection.Connection)  # the first is Windows' own
    pipe = kind(handle)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for module in modules:
        with suppress(ImportError):  # the code that needs it reports that
            import_module(module)
    _live(lambda: _obey(pipe))


def _tell(pipe: Connection, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """The working directory and paths first, then the work, which is unpickled with that path."""
    folder = "."
    with suppress(OSError):  # it has been deleted
        folder = os.getcwd()
    with suppress(OSError):  # the process has ended, which its reader notices
        pipe.send((sys.path, folder, dict(os.environ)))
        pipe.send((work, arguments))


_STANDARD = ("decimal", "fractions", "numbers", "random", "statistics")
"""Modules that ours and SymPy import later, and whose names files of users have: a numbers.py beside a rule."""


def _obey(pipe: Connection) -> None:
    for module in _STANDARD:  # before the paths of the one who asks, among which may be the folder of such a file
        import_module(module)
    try:
        sys.path[:], folder, environment = pipe.recv()
    except (EOFError, OSError):  # it was not requested
        return
    with suppress(OSError):
        os.chdir(folder)
    if os.environ != environment:
        os.environ.clear()
        os.environ.update(environment)
    work, arguments = pipe.recv()
    work(pipe, *arguments)


# ----------------------------------------------------------------------------------- forked from one started anew

_SERVER: list[tuple[int, Process, Connection]] = []  # who started it, and it; a fork of ours starts its own


def _server(modules: Sequence[str] = ()) -> tuple[Process, Connection]:
    if not _SERVER or _SERVER[-1][0] != os.getpid() or _SERVER[-1][2].closed:
        process, pipe = _spawned(modules)
        _tell(pipe, _serve, ())
        _SERVER.append((os.getpid(), process, pipe))
    return _SERVER[-1][1:]


def _served() -> tuple[Process, Connection]:
    """A fork of the server, without work yet."""
    from multiprocessing.connection import Pipe

    server, to_server = _server()

    def ended(pid: int) -> int | None:
        try:
            code: int | None = _asked(server, to_server, pid)
            return code
        except (EOFError, OSError):  # the server has ended, and only it knew the exit code
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return 0
            return None

    ours, theirs = Pipe()
    try:
        pid: int = _asked(server, to_server, 0, theirs.fileno())
    except (EOFError, OSError):
        raise OSError("the process that others are forked from has ended") from None
    finally:
        theirs.close()
    return _Forked(pid, ended), ours


def _asked(server: Process, to_server: Connection, question: int, handle: int | None = None) -> Any:
    """The reply of the server, which ends where it cannot be waited for: or it would be taken for the next reply."""
    from multiprocessing.reduction import send_handle

    try:
        to_server.send(question)
        if handle is not None:
            send_handle(to_server, handle, server.pid)
        return to_server.recv()
    except BaseException:  # Ctrl-C and an alarm, too
        stop(server, to_server)
        raise


def _serve(pipe: Connection) -> None:
    """The life of the server: 0 requests a child, whose pipe follows; a number requests that child's exit code."""
    from multiprocessing.connection import Connection
    from multiprocessing.reduction import recv_handle

    while True:
        try:
            asked = pipe.recv()
        except (EOFError, ConnectionError):
            return
        if asked:
            pipe.send(_ended(asked))
            continue
        theirs = Connection(recv_handle(pipe))
        pipe.send(_fork(theirs, [pipe], partial(_obey, theirs)))
        theirs.close()


def stop_all() -> None:
    """End what is no longer needed: the spare processes, and the server."""
    for process, pipe in [*_SPARE, *(served[1:] for served in _SERVER if served[0] == os.getpid())]:
        stop(process, pipe)
    _SPARE.clear()
    _SERVER.clear()
