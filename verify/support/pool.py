"""Work shared among workers: what hangs, dies or exhausts memory costs one result, never the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from backproof.verify.support.errors import UsageError
from backproof.verify.support.worker import DONE, FAILED, SAID, USAGE, Failed, Lost, Worker

MOST = 60
"""Workers of one pool: Windows waits for no more than 63 pipes at once."""

LOST = "lost"
"""The kind of word for an item whose worker was lost, beside `worker.SAID`, `DONE` and `FAILED`."""


class Pool:
    """Workers that share items, and their current items.

    start: makes a worker; question: what is sent for the item at a place, when its turn has come
    waiting: the places of the items not yet given out, the next one first; the owner may put one back
    seconds: how long one may take without a word; chunk: neighbours that one worker is given together
    """

    def __init__(
        self,
        start: Callable[[], Worker],
        question: Callable[[int], Any],
        places: Sequence[int],
        jobs: int,
        seconds: float,
        chunk: int = 1,
    ) -> None:
        self.question, self.seconds, self.chunk = question, seconds, chunk
        self.waiting = deque(places)
        self._hands: list[_Hand] = []
        try:
            for _ in range(max(1, min(jobs, len(places), MOST))):
                self._hands.append(_Hand(start()))
            for hand in self._hands:
                self._next(hand)
        except BaseException:  # Ctrl-C, too: none is left behind
            self.stop()
            raise

    def words(self) -> Iterator[tuple[int, str, Any]]:
        """(place of the item, kind of word, its content), as they arrive, until nothing waits; then all workers end.

        `LOST` brings the error that says how.

        Raises UsageError where a worker reports one, Failed where it cannot begin.
        """
        from multiprocessing.connection import wait

        try:
            while busy := [hand for hand in self._hands if hand.at is not None]:
                ready = set(wait([hand.worker.pipe for hand in busy], timeout=0.5))
                for hand in busy:
                    if hand.worker.pipe in ready or hand.worker.late(self.seconds):
                        yield from self._word(hand)
        finally:
            self.stop()

    def _word(self, hand: _Hand) -> Iterator[tuple[int, str, Any]]:
        assert hand.at is not None
        try:
            kind, content = hand.worker.word(0)
        except Lost as lost:
            yield hand.at, LOST, lost
            hand.worker.stop()
            if hand.next or self.waiting:
                hand.worker.restart()
            self._next(hand)
            return
        if kind == USAGE:
            raise UsageError(content)
        if kind == FAILED and not hand.worker.ready:  # and neither would any other
            raise Failed(content)
        if kind in (SAID, DONE, FAILED):
            yield hand.at, kind, content
        if kind in (DONE, FAILED):
            self._next(hand)

    def _next(self, hand: _Hand) -> None:
        if not hand.next:
            hand.next.extend(self.waiting.popleft() for _ in range(min(self.chunk, len(self.waiting))))
        hand.at = hand.next.popleft() if hand.next else None
        if hand.at is not None:
            hand.worker.ask(self.question(hand.at))

    def stop(self) -> None:
        """End all workers."""
        for hand in self._hands:
            hand.worker.stop()


class _Hand:
    """A worker, its current item, and those it will be given next."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.at: int | None = None
        self.next: deque[int] = deque()
