"""Sweeps: every number once, the same bytes from one process, many, or a cluster, and from where it was stopped."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from accuracy_rules import case_of, case_with

from verify.accuracy.exhaustive import exhaustive
from verify.accuracy.gauge import Gauge
from verify.accuracy.journal import Journal
from verify.accuracy.sweep import Job, Record, Sweeper, chunk_size, chunks, swept
from verify.cli import main
from verify.errors import UsageError
from verify.numbers.ulps import BFLOAT16, FLOAT16, FLOAT32, Format

JOB = Job("", "tanh", 0, "float16", 8.0)


def all_chunks(sweeper: Sweeper) -> list[Record]:
    size = chunk_size(sweeper.fmt)
    return [sweeper.chunk(k, size) for k in range(chunks(sweeper.fmt, size))]


@pytest.mark.parametrize(
    ("name", "fmt"),
    [("tanh", FLOAT16), ("gelu", FLOAT16), ("sin", FLOAT16), ("hardswish", FLOAT16), ("atanh", BFLOAT16)],
)
def test_a_sweep_says_what_the_exhaustive_gauge_says(name: str, fmt: Format) -> None:
    """Two ways to the same numbers: float64 with balls beside it, and double-double."""
    records = all_chunks(Sweeper(case_of(name), fmt, 8.0))
    found = exhaustive(Gauge(case_of(name), fmt), 8.0)
    assert sum(r.judged for r in records) == found.judged
    assert sum(r.beyond for r in records) == found.beyond
    worst = max(r.ulps for r in records)
    assert found.worst is not None
    assert worst == pytest.approx(found.worst.local, rel=1e-9)


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


def test_nans_are_counted_where_there_is_no_slope_to_judge() -> None:
    """A rule that overflows far out, where the true slope is subnormal."""
    rule = lambda m, x, out: m.where(m.lt(abs(x), 20), 1 - out * out, m.exp(x) - m.exp(x))  # noqa: E731
    records = all_chunks(Sweeper(case_with("tanh", rule), FLOAT16, 8.0))
    assert sum(r.nans for r in records) > 1000


def test_a_reference_that_is_not_good_enough_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Float64 a thousandth off is held against balls, found wanting, and not used."""
    from verify.accuracy import sweep

    honest = Sweeper(case_of("tanh"), FLOAT16, 8.0)
    expected = all_chunks(honest)
    poor = sweep._float64
    monkeypatch.setattr(sweep, "_float64", lambda slope, column: poor(slope, column) * (1 + 1e-3))
    assert all_chunks(Sweeper(case_of("tanh"), FLOAT16, 8.0)) == expected


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
    distributed = pytest.importorskip("distributed")
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as cluster:
        address = cluster.scheduler_address
        one = sweep_to(tmp_path / "dask.jsonl", "--backend", "dask", "--scheduler", address)
    assert one == sweep_to(tmp_path / "alone.jsonl", "--backend", "sequential")
    capsys.readouterr()


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
