"""`.ci/run`, as far as it can be run without installing anything, and the skips that it accepts."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
BASH = shutil.which("bash")


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


skips = loaded(ROOT / ".ci" / "skips.py")

# ------------------------------------------------------------------------------------------------- the skips

SUITE = {
    "test_library.py": """
import os, pytest
pytest.importorskip(os.environ["LIBRARY"], reason="the library is not installed")

def test_library(): ...
""",
    "test_shells.py": """
import os, pytest

@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_shell(shell):
    if shell not in os.environ["SHELLS"]:
        pytest.skip(f"no {shell} here")

@pytest.mark.xfail(reason="a known fault", strict=True)
def test_known():
    raise AssertionError
""",
}
SETTINGS = {
    "bare": {"LIBRARY": "no_such_library", "SHELLS": "bash"},
    "library": {"LIBRARY": "json", "SHELLS": "bash"},
    "all": {"LIBRARY": "json", "SHELLS": "bash fish"},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of a small suite in each setting, by pytest itself."""
    folder = tmp_path_factory.mktemp("suite")
    for name, text in SUITE.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, setting in SETTINGS.items():
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={name}.xml"]
        subprocess.run(command, cwd=folder, env={**os.environ, **setting}, capture_output=True, check=True)
    return folder


@pytest.mark.parametrize(
    ("runs", "without", "expected"),
    [
        (["bare", "all"], "", 0),
        (["library"], "apt-get", 0),
        (["library"], "npm", 1),
        (["bare"], "apt-get npm Linux", 1),  # a library can always be had
        (["bare", "library"], "", 1),
        (["bare", "library"], "apt-get", 0),
    ],
)
def test_a_skip_is_made_good_or_accepted_or_an_error(runs, without, expected, results, capsys):
    files = [str(results / f"{run}.xml") for run in runs]
    assert skips.main(["--without", without, *files]) == expected
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("no fish here") == 1
    assert ("NOT ACCEPTED" in "\n".join(lines)) == bool(expected)


def test_a_skip_that_is_not_accepted_is_reported_with_its_place(results, capsys):
    assert skips.main([str(results / "bare.xml")]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "no fish here",
        "    NOT ACCEPTED: test_shells",
        "the library is not installed",
        "    NOT ACCEPTED: test_library",
        "2 reasons for skips that .ci/skips.py does not accept",
    ]


def test_each_reason_that_is_accepted_is_one_of_a_test():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    given = [re.sub(r"\{\w+\}", "fish", reason) for text in sources for reason in re.findall(r'"([^"]+)"\)\n', text)]
    for row in skips.ACCEPTED:
        assert any(re.fullmatch(row.reason, reason) for reason in given), row.reason


# ------------------------------------------------------------------------------------------- what is installed


@pytest.fixture
def ci(tmp_path):
    """Runs functions of `.ci/run` where just these commands are there; each notes how it was called."""

    def run(functions, **commands):
        for name, body in commands.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(f'#!{BASH}\necho "${{0##*/}} $*" >> {tmp_path}/calls\n{body}\n', encoding="utf-8")
            path.chmod(0o755)
        script = f'source {ROOT}/.ci/run\n{functions}\necho "without: ${{without[*]}}"'
        ended = subprocess.run(
            [BASH, "-c", script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
        )
        calls = tmp_path / "calls"
        return ended, calls.read_text().splitlines() if calls.exists() else []

    return run


@pytest.mark.skipif(not BASH, reason="no bash here")
@pytest.mark.parametrize(
    ("commands", "note"),
    [
        ({}, "note: there is no apt-get"),
        ({"apt_get": "", "id": "echo 1000"}, "note: apt-get needs root"),
    ],
)
def test_without_apt_get_there_is_a_note(ci, commands, note):
    ended, calls = ci("system_packages", **commands)
    assert (ended.returncode, ended.stderr) == (0, "")
    told, without = ended.stdout.splitlines()
    assert told.startswith(note)
    assert without == "without: apt-get"
    assert not [call for call in calls if call.startswith("apt-get")]


@pytest.mark.skipif(not BASH, reason="no bash here")
def test_without_npm_there_is_a_note(ci):
    ended, _ = ci("web_tools")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[1:] == ["without: npm"]
    assert ended.stdout.startswith("note: there is no npm")


@pytest.mark.skipif(not BASH, reason="no bash here")
def test_what_is_there_is_used(ci):
    ended, calls = ci("system_packages; web_tools", apt_get="", id="echo 0", npm="")
    assert (ended.returncode, ended.stdout) == (0, "without: \n")
    _, update, install, npm = calls
    assert update.startswith("apt-get update")
    assert {"chromium", "coq", "libcoq-coquelicot", "zsh", "fish", "--yes"} < set(install.split())
    assert "axe-core" in npm


@pytest.mark.skipif(not BASH, reason="no bash here")
@pytest.mark.parametrize("function", ["system_packages", "web_tools"])
def test_an_installation_that_fails_is_an_error(ci, function):
    ended, _ = ci(function, apt_get="exit 100", id="echo 0", npm="exit 1")
    assert ended.returncode != 0
    assert "without" not in ended.stdout


def _marked(node: ast.AST) -> bool:
    """Whether a module, class or function of tests says that it is run in the second environment."""
    if isinstance(node, ast.Module):
        assigned = [line for line in node.body if isinstance(line, ast.Assign)]
        marks = [line.value for line in assigned if ast.unparse(line.targets[0]) == "pytestmark"]
    else:
        marks = list(getattr(node, "decorator_list", []))
    return any(re.search(r"mark\.(optional|slow)\b", ast.unparse(mark)) for mark in marks)


def unmarked_skips(node: ast.AST, marked: bool = False) -> Iterator[int]:
    """Lines of ``importorskip`` that the run of optional tests leaves out, so that no run of CI makes the skip good."""
    marked = marked or _marked(node)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip" and not marked:
        yield node.lineno
    for child in ast.iter_child_nodes(node):
        yield from unmarked_skips(child, marked)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_skips_without_a_library_is_marked_as_optional(path: Path) -> None:
    assert list(unmarked_skips(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_an_unmarked_skip_is_found() -> None:
    skip = "    it = pytest.importorskip('it')\n"
    code = f"class TestIt:\n{skip}\n@pytest.mark.optional\ndef test_it():\n{skip}"
    assert list(unmarked_skips(ast.parse(code))) == [2]
