"""The pool: answers come back, and what hangs, dies or eats memory costs one answer."""

import os
import time

from verify.mutants.pool import Pool


def _begin():
    def answer(item):
        if item == 3:
            time.sleep(60)
        if item == 5:
            os._exit(7)
        if item == 6:
            return len(bytearray(2**33))
        return item * item

    return answer


def test_every_item_is_answered_but_those_that_cannot_be():
    found = dict(Pool(_begin, list(range(10)), jobs=2, seconds=1.0, gibibytes=1.0).answers())
    assert {k: v for k, v in found.items() if k not in (3, 5, 6)} == {k: k * k for k in (0, 1, 2, 4, 7, 8, 9)}
    assert found[3] == "it ran longer than 1 s and was stopped"
    assert found[5] == "its process ended with code 7"
    assert found[6] == "MemoryError while judging it"


def test_nothing_to_do():
    assert list(Pool(_begin, [], jobs=2).answers()) == []
