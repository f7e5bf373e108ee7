"""The pool: answers come back, and what hangs, dies or exhausts memory costs one answer."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import Any

import pytest

from backproof.verify.support.errors import UsageError
from backproof.verify.support.pool import LOST, Pool
from backproof.verify.support.worker import DONE, FAILED, SAID, Failed, Handler, Say, Worker


def _begin() -> Handler:
    def answer(item: int, say: Say) -> int:
        if item == 3:
            time.sleep(60)
        if item == 5:
            os._exit(7)
        if item == 6:
            return len(bytearray(2**33))
        if item == 8:
            raise UsageError("no such item")
        return item * item

    return answer


def _unable() -> Handler:
    raise LookupError("nothing is there")


def _whereabouts() -> Handler:
    return lambda item, say: (say(f"at {item}"), os.getpid())[1]


def pool(items: list[int], jobs: int = 2, chunk: int = 1, begin: Any = _begin) -> Pool:
    return Pool(partial(Worker, begin, gibibytes=1.0), items.__getitem__, range(len(items)), jobs, 1.0, chunk)


@pytest.mark.parametrize("chunk", [1, 3])
def test_every_item_gets_a_result_except_those_that_cannot(chunk: int) -> None:
    items = [0, 1, 2, 3, 4, 5, 6, 7]
    found = {items[place]: (kind, content) for place, kind, content in pool(items, chunk=chunk).words()}
    assert {k: v for k, v in found.items() if k not in (3, 5, 6)} == {k: (DONE, k * k) for k in (0, 1, 2, 4, 7)}
    assert (found[3][0], str(found[3][1]), found[3][1].code) == (LOST, "did not end within 0 s", None)
    assert (found[5][0], found[5][1].code) == (LOST, 7)
    assert found[6] == (FAILED, "MemoryError")


def test_nothing_to_do() -> None:
    assert list(pool([]).words()) == []


def test_intermediate_messages_come_before_the_answer() -> None:
    found = list(pool([10, 11], jobs=1, begin=_whereabouts).words())
    assert [(place, kind) for place, kind, _ in found] == [(0, SAID), (0, DONE), (1, SAID), (1, DONE)]
    assert [content for _, kind, content in found if kind == SAID] == ["at 10", "at 11"]
    assert len({content for _, kind, content in found if kind == DONE}) == 1  # one process


def test_neighbours_are_given_to_one_worker() -> None:
    found = {place: content for place, kind, content in pool([0] * 8, chunk=4, begin=_whereabouts).words()}
    assert len({found[k] for k in range(4)}) == len({found[k] for k in range(4, 8)}) == 1


def test_a_lost_item_may_be_put_back() -> None:
    tried = pool([5, 2], jobs=1)
    found = []
    for place, kind, _ in tried.words():
        found.append((place, kind))
        if kind == LOST and len(found) == 1:
            tried.waiting.appendleft(place)
    assert found == [(0, LOST), (0, LOST), (1, DONE)]


def test_a_usage_error_of_a_worker_ends_them_all() -> None:
    tried = pool([1, 8, 2, 3])
    with pytest.raises(UsageError, match="no such item"):
        list(tried.words())
    assert not any(hand.worker.alive for hand in tried._hands)


def test_workers_that_cannot_begin_are_an_error_and_not_the_items() -> None:
    with pytest.raises(Failed, match="LookupError: nothing is there"):
        list(pool([1, 2], begin=_unable).words())


def test_workers_end_with_their_owner() -> None:
    tried = pool([1, 2, 4])
    words = tried.words()
    next(words)
    words.close()  # type: ignore[attr-defined]
    assert not any(hand.worker.alive for hand in tried._hands)
