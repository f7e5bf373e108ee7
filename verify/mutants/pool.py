"""Work shared among processes that can be killed: what hangs or eats memory costs one answer, never the run."""

from __future__ import annotations

import gc
import resource
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

from verify import processes

Item = TypeVar("Item")
Answer = TypeVar("Answer")

CHUNK = 40
"""Neighbours are mutants of one operation: a process that has worked out its row is given more of them."""


class Pool(Generic[Item, Answer]):
    """Processes that each turn items into answers.

    begin: called once in each process, gives the function from item to answer
    seconds, gibibytes: the limits of one item, and of one process
    """

    def __init__(
        self,
        begin: Callable[[], Callable[[Item], Answer]],
        items: Sequence[Item],
        jobs: int,
        seconds: float = 20.0,
        gibibytes: float = 4.0,
    ) -> None:
        self.begin, self.items, self.jobs = begin, items, jobs
        self.seconds, self.gibibytes = seconds, gibibytes

    def answers(self) -> Iterator[tuple[int, Answer | str]]:
        """(place of the item, its answer), as they come; a text instead says why there is none."""
        waiting = deque(range(len(self.items)))
        workers = [_Worker(self) for _ in range(max(1, min(self.jobs, len(self.items))))]
        try:
            for worker in workers:
                worker.take(waiting)
            while busy := [w for w in workers if w.at is not None]:
                ready = set(wait([w.pipe for w in busy], timeout=0.5))
                for worker in busy:
                    assert worker.at is not None
                    reason = ""
                    if worker.pipe in ready:
                        try:
                            yield worker.at, worker.pipe.recv()
                            worker.take(waiting)
                        except EOFError:
                            worker.process.join()
                            reason = f"its process ended with code {worker.process.exitcode}"
                    elif time.monotonic() - worker.since > self.seconds:
                        reason = f"it ran longer than {self.seconds:g} s and was stopped"
                    if reason:
                        yield worker.at, reason
                        worker.restart()
                        worker.take(waiting)
        finally:
            for worker in workers:
                worker.stop()


class _Worker(Generic[Item, Answer]):
    """A process, the pipe to it, the item it is at, and those it will be given next."""

    def __init__(self, pool: Pool[Item, Answer]) -> None:
        self.pool = pool
        self.next: deque[int] = deque()
        self.at: int | None = None
        self.since = 0.0
        self._start()

    def _start(self) -> None:
        pool = self.pool
        self.process, self.pipe = processes.start(_work, pool.begin, pool.items, pool.gibibytes)

    def take(self, waiting: deque[int]) -> None:
        """Give it its next item, from its own or from those that nobody has."""
        if not self.next:
            self.next.extend(waiting.popleft() for _ in range(min(CHUNK, len(waiting))))
        self.at = self.next.popleft() if self.next else None
        self.since = time.monotonic()
        if self.at is not None:
            self.pipe.send(self.at)

    def restart(self) -> None:
        self.stop()
        self._start()

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _work(
    pipe: Connection, begin: Callable[[], Callable[[Item], Answer]], items: Sequence[Item], gibibytes: float
) -> None:
    """The life of a process: an item, its answer, until the pipe closes."""
    limit = int(gibibytes * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    answer = begin()
    gc.freeze()  # what is here now stays: the collector need not look at it again
    try:
        while True:
            item = items[pipe.recv()]
            try:
                found: Answer | str = answer(item)
            except (MemoryError, RecursionError) as error:
                found = f"{type(error).__name__} while judging it"
            pipe.send(found)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass
