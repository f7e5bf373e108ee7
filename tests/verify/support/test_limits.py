"""Limits: what hangs in the user's own process is stopped, and leaves the process as it was."""

from __future__ import annotations

import signal
import sys
import threading
import time

import pytest

from backproof import verify
from backproof.engine.arithmetic import FLOATS, arithmetic
from backproof.verify.run.report import Report
from backproof.verify.support.limits import OutOfTime, alarm, remaining, time_limit

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="an alarm takes a POSIX system")


def told(report: Report) -> str:
    return " ".join(f.message for f in report.findings if f.verdict.fails)


def endless(x: float) -> float:
    while True:
        pass


def endless_far_out(x: float) -> float:
    return endless(x) if x > 100 else 1.0 * x


def root_by_newton(x: float) -> float:
    y = 1.0
    for _ in range(200):
        y = (y + x / y) / 2
    return y


def one(g: float) -> float:
    return g


@pytest.mark.parametrize(
    ("forward", "backward"), [(endless, one), (lambda x: 1.0 * x, endless), (endless_far_out, one)]
)
def test_a_function_that_never_ends_is_stopped(forward, backward) -> None:
    def asks_for_x(x, g):
        return g * backward(x)

    report = verify.check(forward, one if backward is one else asks_for_x, "x", seconds=0.2, raises=False)
    assert not report.ok
    assert "0.2 s" in told(report)


def test_a_function_that_never_ends_at_some_points_costs_those_checks_alone() -> None:
    def forward(x):
        if arithmetic(x) is FLOATS and x > 100:
            time.sleep(60)
        return 1.0 * x

    report = verify.check(forward, one, "x", seconds=3.0, raises=False)
    by_check = {f.check: f for f in report.findings}
    assert by_check["proof"].verdict.value == "proved"
    assert "ran longer than 3 s" in by_check["forward"].message
    assert "not tried" in by_check["wiring"].message


def test_a_loop_until_a_symbol_is_small_enough_does_not_run_on_symbols() -> None:
    def root(x):
        y = 1.0
        while abs(y * y - x) > 1e-12 * x:
            y = (y + x / y) / 2
        return y

    found = told(verify.check(root, lambda out, g: g / (2 * out), seconds=1.0, raises=False))
    assert "a loop on a symbol" in found
    assert "did not end within 1 s on floats" in found  # of negative numbers it never ends
    report = verify.check(root, lambda out, g: g / (2 * out), domain="x > 0.01 and x < 100", raises=False)
    assert report.operations[0].right.verdict.value == "matched"


@pytest.mark.parametrize("turns", [40, 200, 1500])
def test_an_unrolled_loop_is_reported_in_a_line(turns: int) -> None:
    """Its formula, written out with every shared part, would have 2**turns steps."""

    def forward(x):
        for _ in range(turns):
            x = x + 0.001 * x * x
        return x

    report = verify.check(forward, one, seconds=2.0, points=20, raises=False)
    assert not report.ok
    assert all(len(line) < 2000 for f in report.findings for line in f.message.splitlines())


def test_a_function_that_exits_is_a_finding() -> None:
    report = verify.check(lambda x: sys.exit(3) if x > 3 else 1.0 * x, one, "x", raises=False)
    assert not report.ok


def test_whole_numbers_that_grow_for_ever_are_not_waited_for() -> None:
    """2 in place of 2.0 must give the same; squared forty times it is a number of 2**40 digits."""

    def forward(x):
        for _ in range(40):
            x = x * x
        return x

    report = verify.check(forward, one, points=20, raises=False)
    assert report.operations[0].answers


def test_an_alarm_ends_a_block_and_leaves_no_timer() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(OutOfTime), alarm(0.05):
        endless(1.0)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_is_swallowed_rings_again() -> None:
    swallowed = []

    class Deaf:
        def __del__(self) -> None:  # what is raised in here goes nowhere: Python writes a line, and goes on
            try:
                endless(1.0)
            except OutOfTime:
                swallowed.append(True)

    def run() -> None:
        Deaf()
        endless(1.0)

    with pytest.raises(OutOfTime), alarm(0.05):
        run()
    assert swallowed
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_another_timer_keeps_running() -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 100.0)
        with pytest.raises(OutOfTime), alarm(0.05):
            endless(1.0)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100.0
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with alarm(100.0):
            while not rung:
                pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_there_is_no_alarm_in_a_thread() -> None:
    done = []

    def work() -> None:
        with alarm(0.01):
            time.sleep(0.05)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done


def test_what_is_left_of_a_limit_is_known_within_it() -> None:
    assert remaining() is None
    with time_limit(5.0):
        left = remaining()
        assert left is not None
        assert 0 < left <= 5.0
    assert remaining() is None
