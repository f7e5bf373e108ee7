"""Output: whole or not at all, to files, folders, devices and stdout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backproof.verify.reports.output import append_text, write_folder, write_text
from backproof.verify.support.errors import OutputError

UNWRITABLE = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_and_the_folders_above_it(tmp_path):
    write_text(str(tmp_path / "a" / "b.txt"), "é\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "é\n".encode()
    assert listed(tmp_path / "a") == ["b.txt"]


def test_what_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "out.json").write_text("old")

    def fails(self, content):
        with open(self, "wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(OutputError, match=r"out\.json cannot be written: No space left on device"):
        write_text(str(tmp_path / "out.json"), "new content")
    assert listed(tmp_path) == ["out.json"]
    assert (tmp_path / "out.json").read_text() == "old"


def test_an_interrupt_leaves_nothing_half_written(tmp_path, monkeypatch):
    real = Path.write_bytes

    def interrupted(self, content):
        real(self, content[:3])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_text(str(tmp_path / "out.json"), "new content")
    assert listed(tmp_path) == []


def test_a_folder_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_folder(str(tmp_path / "out"), {"a.html": "a", "b/c.html": "c"})
    assert (tmp_path / "out" / "b" / "c.html").read_text() == "c"
    real, calls = Path.write_bytes, []

    def second_fails(self, content):
        calls.append(self)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", second_fails)
    with pytest.raises(OutputError):
        write_folder(str(tmp_path / "out"), {"a.html": "A", "d.html": "d"})
    assert listed(tmp_path / "out") == ["a.html", "b"]
    assert (tmp_path / "out" / "a.html").read_text() == "a"


def test_a_folder_keeps_what_others_put_there(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write_folder(str(tmp_path), {"index.html": "a"})
    assert listed(tmp_path) == ["index.html", "notes.txt"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text(str(tmp_path / "link.txt"), "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@UNWRITABLE
def test_a_device_is_written_to_and_not_replaced():
    with pytest.raises(OutputError, match="/dev/full cannot be written: No space left on device"):
        write_text("/dev/full", "x")
    assert not os.path.isfile("/dev/full")


@pytest.mark.parametrize("path", ["{}/file/out.txt", "{}"])
def test_a_path_that_cannot_be(tmp_path, path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(path.format(tmp_path), "x")


def test_append(tmp_path):
    append_text(str(tmp_path / "summary.md"), "a\n")
    append_text(str(tmp_path / "summary.md"), "b\n")
    assert (tmp_path / "summary.md").read_text() == "a\nb\n"
    with pytest.raises(OutputError):
        append_text(str(tmp_path), "c")


def closed_pipe():
    read, write = os.pipe()
    os.close(read)
    return write


def full_device():
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize(
    "arguments", [["list", "tanh"], ["tanh", "--points", "3"], ["tanh", "--points", "3", "--report", "json=-"]]
)
@pytest.mark.parametrize("stdout", [closed_pipe, pytest.param(full_device, marks=UNWRITABLE)])
def test_a_stdout_that_takes_nothing_costs_one_line_and_code_3(arguments, stdout):
    handle = stdout()
    ended = subprocess.run(
        [sys.executable, "-m", "verify", *arguments], stdout=handle, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(handle)
    assert ended.returncode == 3
    complaints = [line for line in ended.stderr.splitlines() if line.startswith("verify: ")]
    assert len(complaints) == 1
    assert "cannot be written" in complaints[0]
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_stdout_is_utf_8_in_any_locale(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "verify", "gelu", "--points", "3"],
        capture_output=True, check=False, env=os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    )
    assert ended.returncode == 0
    assert b"Traceback" not in ended.stderr
    ended.stdout.decode("utf-8")
