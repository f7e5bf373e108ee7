"""Where reports go: names, paths, folders, stdout."""

import re

import pytest
from sample_reports import empty, every_verdict, hostile, large

from backproof.verify.reports.formats import FORMATS
from backproof.verify.reports.targets import formulas, plots, targets, to_stdout, write
from backproof.verify.support.errors import UsageError


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["jsn=a"], "'jsn' is not a format: did you mean 'json'?"),
        (["HTML=a"], "'HTML' is not a format: did you mean 'html'?"),
        (["zzz"], "'zzz' is not a format; there are json, text, markdown"),
        ([""], "'' is not a format"),
        (["json"], "needs a path: --report json=PATH, or json=- for stdout"),
        (["json="], "needs a path"),
        (["json=-", "junit=-"], "json and junit both go to stdout"),
        (["json=a", "junit=./a"], r"json and junit both go to \./a"),
    ],
)
def test_invalid_targets(texts, reason):
    with pytest.raises(UsageError, match=reason.replace("?", r"\?")):
        targets(texts)


def test_a_path_may_hold_an_equals_sign():
    (target,) = targets(["json=a=b.json"])
    assert target.path == "a=b.json"


def test_github_goes_to_stdout_by_itself():
    assert to_stdout(targets(["github"]))
    assert not to_stdout(targets(["json=a", "github=b"]))


def test_plots_are_computed_only_for_formats_that_show_them():
    assert plots(targets(["junit=a", "html=out/"]))
    assert not plots(targets(["junit=a", "sarif=b", "github"]))
    assert formulas(targets(["sarif=b"]))
    assert not formulas(targets(["junit=a", "github"]))


@pytest.mark.parametrize(
    ("path", "folder"), [("out/", True), ("out", True), ("out.html", False), ("out.HTM", False), ("-", False)]
)
def test_html_is_a_folder_or_one_file(path, folder):
    (target,) = targets([f"html={path}"])
    assert target.is_folder is folder


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_a_file(name, tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (target,) = targets([f"{name}={tmp_path}/out.html"])
    write(target, every_verdict())
    assert (tmp_path / "out.html").stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["out.html"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("sample", [hostile, empty, large], ids=lambda sample: sample.__name__)
def test_every_format_takes_any_report(name, sample, tmp_path, monkeypatch):
    """Hostile names, nothing at all, a thousand operations: one report, UTF-8, without a control character."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (target,) = targets([f"{name}={tmp_path / 'out'}"])
    write(target, sample())
    for path in tmp_path.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8")
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", text), path.name
            assert not re.search("[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", text), path.name
