"""Sweeps: every number once, the same bytes from one process, many, or a cluster, and when resumed."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accuracy_rules import case_of, case_with

from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.accuracy.exhaustive import exhaustive
from backproof.verify.accuracy.journal import Journal
from backproof.verify.accuracy.sweep import Job, Record, Sweeper, chunk_size, chunks, swept
from backproof.verify.api import pair
from backproof.verify.arithmetics.ulps import BFLOAT16, FLOAT16, FLOAT32, Format
from backproof.verify.checks.case import Case
from backproof.verify.commands.cli import main
from backproof.verify.config.options import Options
from backproof.verify.support.errors import UsageError

JOB = Job("", "tanh", 0, "float16", 8.0)


def all_chunks(sweeper: Sweeper) -> list[Record]:
    size = chunk_size(sweeper.fmt)
    return [sweeper.chunk(k, size) for k in range(chunks(sweeper.fmt, size))]


@pytest.mark.parametrize(
    ("name", "fmt"),
    [("tanh", FLOAT16), ("gelu", FLOAT16), ("sin", FLOAT16), ("hardswish", FLOAT16), ("atanh", BFLOAT16)],
)
def test_a_sweep_matches_the_exhaustive_measurement(name: str, fmt: Format) -> None:
    """Two ways to the same numbers: float64 with interval arithmetic, and double-double."""
    records = all_chunks(Sweeper(case_of(name), fmt, 8.0))
    found = exhaustive(ErrorMeter(case_of(name), fmt), 8.0)
    assert sum(r.judged for r in records) == found.judged
    assert sum(r.beyond for r in records) == found.beyond
    worst = max(r.ulps for r in records)
    assert found.worst is not None
    assert worst == pytest.approx(found.worst.local, rel=1e-9)
    assert sum(r.subnormal for r in records) == found.subnormal
    below = found.worst_subnormal.local if found.worst_subnormal is not None else 0.0
    assert max(r.subnormal_ulps for r in records) == pytest.approx(below, rel=1e-9)


def test_subnormal_derivatives_are_measured_in_units_of_the_smallest_number() -> None:
    """sech² is subnormal from 5.55 on: 1 - out² returns 0 there, the exponentials keep all digits there are."""

    def good(m: Any, x: Any, out: Any) -> Any:
        e = m.exp(-2 * abs(x))
        return 4 * e / ((1 + e) * (1 + e))

    textbook, kept = (all_chunks(Sweeper(case, FLOAT16, 8.0)) for case in (case_of("tanh"), case_with("tanh", good)))
    judged = sum(r.subnormal for r in textbook)
    dead = 2 * 1023  # where out is itself subnormal
    assert judged == sum(r.subnormal for r in kept) == 63_488 - dead - sum(r.judged for r in kept)
    assert 1000 < max(r.subnormal_ulps for r in textbook) < 1024  # all of it, which is less than a normal number
    assert max(r.subnormal_ulps for r in kept) < 8
    assert all(r.within(8.0, FLOAT16) for r in kept)


@pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16])
def test_a_normal_number_for_a_subnormal_derivative_is_wrong(fmt: Format, capsys: pytest.CaptureFixture[str]) -> None:
    """Planted where no derivative is normal: nothing else reports it, and a result of 0 there is accepted."""
    far = 12 if fmt is BFLOAT16 else 5
    for planted, within in ((1e-3, False), (0, True)):
        rule = lambda m, x, o: m.where(m.lt(abs(x), far), 2 / m.sqrt(m.pi) * m.exp(-x * x), planted)  # noqa: B023, E731
        case = case_with("erf", rule)
        records = all_chunks(Sweeper(case, fmt, 100.0))
        assert max(r.ulps for r in records) < 100
        assert all(r.within(100.0, fmt) for r in records) is within
        found = exhaustive(ErrorMeter(case, fmt), 100.0)
        assert found.worst_subnormal is not None
        assert found.worst_subnormal.lost is not within


def test_an_infinite_error_is_written_down(tmp_path: Path) -> None:
    rule = lambda m, x, out: m.divide(1 - out * out, m.where(m.gt(x, 2), 0, 1))  # noqa: E731
    sweeper = Sweeper(case_with("tanh", rule), FLOAT16, 8.0)
    records = all_chunks(sweeper)
    journal = Journal.of(tmp_path / "infinite.jsonl", JOB, 4096, 16, "the rule")
    journal.begin()
    for record in records:
        journal.add(record)
    assert max(r.ulps for r in records) == float("inf")
    assert list(journal.begin().values()) == records


def test_chunks_of_float32_cover_every_number() -> None:
    size, end = chunk_size(FLOAT32), FLOAT32.ordinal(FLOAT32.largest)
    assert chunks(FLOAT32, size) == 1020
    sweeper = Sweeper(case_of("tanh"), FLOAT32, 8.0)
    assert sweeper.block(-end, -end + 9).tolist() == [FLOAT32.from_ordinal(-end + k) for k in range(10)]
    assert [str(x) for x in sweeper.block(-1, 1).tolist()[1::2]] == ["0.0", "-0.0"]


def test_a_chunk_of_float32() -> None:
    """[2**-1.06, 2**-0.94] or so: 4,194,304 numbers, of which the textbook's rule is off by 2 ULP at most."""
    place = FLOAT32.ordinal(0.5) + FLOAT32.ordinal(FLOAT32.largest)
    record = Sweeper(case_of("tanh"), FLOAT32, 8.0).chunk(place >> 14, 1 << 14)
    assert record.judged == 1 << 14
    assert record.beyond == 0
    assert 0.5 < record.ulps < 2


def test_nans_are_counted_where_no_derivative_is_measured() -> None:
    """A rule that overflows far out, where the true derivative is subnormal."""
    rule = lambda m, x, out: m.where(m.lt(abs(x), 20), 1 - out * out, m.exp(x) - m.exp(x))  # noqa: E731
    records = all_chunks(Sweeper(case_with("tanh", rule), FLOAT16, 8.0))
    assert sum(r.nans for r in records) > 1000


@pytest.mark.parametrize(
    ("name", "near"),
    [("tanh", 3.0), ("gelu", -0.7518), ("sin", 1.5708), ("log", 1.0), ("softplus", 1e9), ("exp", -87.3), ("elu", 0.0)],
)
def test_a_sweep_of_float32_matches_the_measurement(name: str, near: float) -> None:
    """65,536 numbers around a place: polynomials, zeros, branches and ends of the range, against double-double."""
    size, sweeper = 1 << 15, Sweeper(case_of(name), FLOAT32, 4.0)
    end = FLOAT32.ordinal(FLOAT32.largest)
    chunk = (FLOAT32.ordinal(near) + end) // size
    for k in (chunk - 1, chunk):
        record = sweeper.chunk(k, size)
        column = sweeper.block(-end + k * size, -end + k * size + size - 1).astype(float)
        (errors,) = sweeper.error_meter.errors([column])
        known = errors[~np.isnan(errors)]
        assert record.judged == len(known)
        assert record.beyond == np.count_nonzero(known > 4)
        assert record.ulps == pytest.approx(known.max(initial=0.0), rel=2.0**-10, abs=2.0**-10)


def test_one_wrong_result_among_all_of_float32() -> None:
    """Planted at a single number, which no search of points would find."""
    bad = FLOAT32.step(0.3, 12345)
    rule = lambda m, x, out: m.where(m.ge(x, bad) * m.le(x, bad), 0.5, 1 - out * out)  # noqa: E731
    sweeper = Sweeper(case_with("tanh", rule), FLOAT32, 8.0)
    size, place = 1 << 18, FLOAT32.ordinal(bad)
    record = sweeper.chunk((place + FLOAT32.ordinal(FLOAT32.largest)) // size, size)
    assert (record.beyond, record.place) == (1, place)


def test_a_rule_that_modifies_its_data_does_not_change_the_reference() -> None:
    """A rule works on a copy of the numbers."""

    def rule(m: Any, x: Any, out: Any) -> Any:
        if hasattr(x, "fill"):
            x.fill(0)
        return 1 - m.tanh(x) ** 2

    place = FLOAT32.ordinal(0.5) + FLOAT32.ordinal(FLOAT32.largest)
    record = Sweeper(case_with("tanh", rule), FLOAT32, 8.0).chunk(place >> 12, 1 << 12)
    assert record.beyond == record.judged > 0


def test_derivatives_that_tend_to_a_power_of_two_are_measured_in_interval_arithmetic() -> None:
    """12 ULP of the binade below 1 are 6 of the one above: past a budget of 8 or within, intervals decide."""
    rule = lambda m, x, out: m.one(x) + m.ratio(12, 2**24)  # noqa: E731
    sweeper = Sweeper(case_with("softplus", rule), FLOAT32, 8.0)
    chunk = (FLOAT32.ordinal(1e9) + FLOAT32.ordinal(FLOAT32.largest)) // 64
    record = sweeper.chunk(chunk, 64)
    place = FLOAT32.from_ordinal(-FLOAT32.ordinal(FLOAT32.largest) + chunk * 64)
    measured = sweeper.error_meter.measured((place,), 0)
    assert measured is not None
    assert record.judged == 64
    assert record.ulps == measured.local
    assert record.beyond == (64 if measured.local > 8 else 0)


def sweep_to(path: Path, *more: str) -> bytes:
    assert main(["sweep", "tanh", "--dtype", "float16", "--journal", str(path), *more]) == 0
    return path.read_bytes()


def test_the_same_bytes_however_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = sweep_to(tmp_path / "alone.jsonl", "--backend", "sequential")
    many = sweep_to(tmp_path / "many.jsonl", "--backend", "loky", "--jobs", "2")
    assert alone == many
    shown = capsys.readouterr().out
    digest = json.loads(alone.splitlines()[-1])["digest"]
    assert shown.count(digest) == 2
    assert "2,482 beyond the budget" in shown


def test_a_dask_cluster_of_two_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    distributed = importlib.import_module("distributed")
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as cluster:
        address = cluster.scheduler_address
        one = sweep_to(tmp_path / "dask.jsonl", "--backend", "dask", "--scheduler", address)
    assert one == sweep_to(tmp_path / "alone.jsonl", "--backend", "sequential")
    capsys.readouterr()


RAY = """
import sys
import ray
ray.init(num_cpus=2, include_dashboard=False)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""


@contextmanager
def ray_cluster(environment: dict[str, str]) -> Iterator[str]:
    """The address of a local Ray of two processes, which ends with this block."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([sys.executable, "-c", RAY], env=environment, **pipes) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


@pytest.mark.optional
@pytest.mark.slow
def test_a_ray_cluster_of_two_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In separate processes: Ray's threads, warnings and hooks do not affect the other tests."""
    pytest.importorskip("ray", reason="ray is an extra: pip install 'backproof[ray]'")
    path, root = tmp_path / "ray.jsonl", Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root), "RAY_AUTH_MODE": "disabled"}
    words = ["sweep", "tanh", "--dtype", "float16", "--journal", str(path), "--backend", "ray"]
    with ray_cluster(environment) as address:
        command = [sys.executable, "-m", "verify", *words, "--scheduler", address]
        process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert path.read_bytes() == sweep_to(tmp_path / "alone.jsonl", "--backend", "sequential")
    capsys.readouterr()


@pytest.mark.optional
def test_a_ray_cluster_that_does_not_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ray", reason="ray is an extra: pip install 'backproof[ray]'")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and no process listens there
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        words = ["sweep", "tanh", "--dtype", "float16", "--backend", "ray", "--scheduler", address]
        assert main([*words, "--journal", str(tmp_path / "ray.jsonl")]) == 2
    assert f"--scheduler {address}" in capsys.readouterr().err


def test_killed_in_the_middle_it_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "killed.jsonl"
    command = [sys.executable, "-m", "verify", "sweep", "tanh", "--dtype", "float16", "--backend", "sequential"]
    process = subprocess.Popen([*command, "--journal", str(path)], stdout=subprocess.DEVNULL)
    while process.poll() is None and not (path.exists() and path.read_bytes().count(b"\n") > 3):
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert sweep_to(path, "--backend", "sequential") == sweep_to(tmp_path / "whole.jsonl", "--backend", "sequential")
    capsys.readouterr()


def test_a_half_written_line_is_dropped_and_nothing_is_done_twice(tmp_path: Path) -> None:
    path = tmp_path / "half.jsonl"
    journal = Journal.of(path, JOB, 4096, 16, "the rule")
    assert journal.begin() == {}
    journal.add(swept(JOB, 3))
    journal.add(swept(JOB, 1))
    whole = path.read_text()
    path.write_text(whole + '{"beyond": 0, "chu')
    again = Journal.of(path, JOB, 4096, 16, "the rule")
    assert again.begin() == {1: swept(JOB, 1), 3: swept(JOB, 3)}
    assert path.read_text().count("\n") == 3


def test_the_journal_of_another_sweep_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    Journal.of(path, JOB, 4096, 16, "the rule").begin()
    with pytest.raises(UsageError, match="another sweep"):
        Journal.of(path, JOB, 4096, 16, "a changed rule").begin()


DAMAGE = {
    "a line of garbage": lambda line: "garbage",
    "a key misspelt": lambda line: line.replace("beyond", "beyound"),
    "a key too many": lambda line: line.replace("{", '{"more": 1, '),
    "a chunk that there is not": lambda line: line.replace('"chunk": 2', '"chunk": 999'),
    "a chunk that is a text": lambda line: line.replace('"chunk": 2', '"chunk": "a"'),
    "no number": lambda line: line.replace('"ulps": 0.0', '"ulps": NaN'),
    "bytes of no text": lambda line: "\udcff\udc80" + line,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_line_is_swept_again(damage: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "damaged.jsonl"
    whole = sweep_to(path, "--backend", "sequential")
    lines = whole.decode().splitlines(keepends=True)
    changed = damage(lines[3].rstrip()) + "\n"
    assert changed != lines[3]
    path.write_bytes("".join([*lines[:3], changed, *lines[4:]]).encode(errors="surrogateescape"))
    assert sweep_to(path, "--backend", "sequential") == whole
    capsys.readouterr()


def test_a_changed_figure_is_detected_by_the_digest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "changed.jsonl"
    whole = sweep_to(path, "--backend", "sequential")
    path.write_bytes(whole.replace(b'"beyond": 0, "chunk": 2', b'"beyond": 7, "chunk": 2'))
    assert main(["sweep", "tanh", "--dtype", "float16", "--backend", "sequential", "--journal", str(path)]) == 2
    assert "damaged" in capsys.readouterr().err


def test_a_journal_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "tanh", "--dtype", "float16", "--backend", "sequential", "--journal", str(tmp_path)]) == 2
    assert "--journal" in capsys.readouterr().err


def test_an_empty_file_is_a_journal_yet_to_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    assert sweep_to(path, "--backend", "sequential") == sweep_to(tmp_path / "new.jsonl", "--backend", "sequential")
    capsys.readouterr()


def test_a_sweep_of_the_second_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "second.jsonl"
    sweep_to(path, "--backend", "sequential", "--order", "2")
    assert "tanh (d/dx)" in capsys.readouterr().out
    assert json.loads(path.read_text().splitlines()[0])["order"] == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sweep"], "needs an operation"),
        (["sweep", "mul", "--dtype", "float16"], "two operands"),
        (["sweep", "tanh", "--dtype", "float64"], "--accuracy"),
        (["sweep", "tanh", "--dtype", "float16", "--backend", "slurm"], "loky"),
        (["sweep", "tanh", "--dtype", "float16", "--scheduler", "tcp://x:1"], "--backend dask"),
    ],
)
def test_usage(words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = ["--journal", str(tmp_path / "sweep.jsonl")]
    assert main([*words, *journal]) == 2
    assert says in capsys.readouterr().err


def test_the_ends_of_a_domain_are_judged_even_in_a_chunk_of_their_own() -> None:
    square = pair(lambda x: x * x, lambda x, g: 2 * x * g, "x**2", domain="x >= -2 and x <= 1")
    sweeper = Sweeper(Case(*square, Options()), FLOAT16, 8.0)
    least = -FLOAT16.ordinal(FLOAT16.largest)
    for end, inwards in ((-2.0, 1), (1.0, -1)):
        place = FLOAT16.ordinal(end) - least
        assert [sweeper.chunk(place + step, 1).judged for step in (-inwards, 0, inwards)] == [0, 1, 1]


def test_a_zero_of_the_derivative_is_seen_anywhere_in_a_piece_or_just_outside() -> None:
    """Of the sine's, at π/2."""
    sweeper = Sweeper(case_of("sin"), FLOAT32, 8.0)
    for low, high, expected in ((1.5, 1.6, True), (-1.6, -1.5, True), (1.5625, 1.570796, True), (0.5, 1.0, False)):
        assert sweeper.root_near(low, high) is expected, (low, high)
