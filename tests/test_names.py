"""A user's folder may hold files by any name: ours are found all the same, and his as well."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

NAMES = ("engine", "verify", "derivations", "tests", "symbols", "report", "config", "errors", "findings", "mirror")

ENGINE = """
class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._prev, self._backward = data, 0.0, set(children), lambda: None

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node._prev:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()
"""

CHECK = "import backproof\nbackproof.check(lambda x: x * x, lambda x, g: 2 * x * g)\n"

MEETS_ALL = (
    f"import {', '.join(NAMES)}\n{CHECK}"
    f"assert all(m.MINE for m in ({', '.join(NAMES)}))\n"
    "assert backproof.engine.OPS and backproof.engine is not engine\n"
)

MODULES = {name: f"MINE = True\n{ENGINE if name == 'engine' else ''}" for name in NAMES}


def in_files(folder: Path) -> None:
    for name, text in MODULES.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


def in_packages(folder: Path) -> None:
    for name, text in MODULES.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(text, encoding="utf-8")


@pytest.fixture(params=[in_files, in_packages])
def crowded(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    request.param(tmp_path)
    return tmp_path


def run(folder: Path, *words: str, without: str = "PYTHONSAFEPATH") -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key != without}
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False, env=kept)
    return done


def test_backproof_modules_are_found_beside_modules_of_the_same_name(crowded: Path) -> None:
    done = run(crowded, "-c", MEETS_ALL)
    assert done.returncode == 0, done.stderr


def test_the_command_runs_beside_modules_of_the_same_name(crowded: Path) -> None:
    engine = "engine:Value" if (crowded / "engine").is_dir() else "engine.py:Value"
    done = run(crowded, "-m", "backproof", "engine", engine, "--points", "20")
    assert done.returncode == 0, done.stderr
    assert "1 operation" in done.stdout


def test_a_rerun_is_a_command_that_runs_here(crowded: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Beside a verify.py, `python -m verify` is the user's."""
    elsewhere = tmp_path_factory.mktemp("free")
    for folder, command in ((crowded, "backproof"), (elsewhere, "python -m verify")):
        done = run(folder, "-m", "backproof", "tanh", "--points", "20")
        assert f"rerun       {command} tanh --seed 0" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow  # the same again for each way in, seconds each
@pytest.mark.parametrize(
    "words",
    [
        ["-m", "backproof", "all", "--points", "20"],
        ["-c", "from backproof.verify.commands.cli import main; raise SystemExit(main(['tanh', '--points', '20']))"],
        ["-m", "backproof", "tanh", "--certificate", "tanh.json"],
        ["-c", "from backproof.derivations.cli import main; raise SystemExit(main(['tanh']))"],
    ],
    ids=["all", "console script", "certificate", "derivations"],
)
def test_every_entry_point_runs_beside_modules_of_the_same_name(crowded: Path, words: list[str]) -> None:
    done = run(crowded, *words)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("taken", ["engine", "derivations", "report"])
def test_python_m_verify_works_while_its_short_name_is_free(taken: str, tmp_path: Path) -> None:
    (tmp_path / f"{taken}.py").write_text(MODULES[taken], encoding="utf-8")
    done = run(tmp_path, "-m", "verify", "tanh", "--points", "20")
    assert done.returncode == 0, done.stderr


def test_a_test_suite_may_import_its_own_modules_and_backproof(crowded: Path) -> None:
    """The plugin is loaded by pytest in every project of an environment that has Backproof."""
    (crowded / "test_mine.py").write_text(
        "import pytest\n" + MEETS_ALL.replace(CHECK, "import backproof\n") + "\n\n"
        "@pytest.mark.parametrize('case', backproof.cases(engine.Value), ids=str)\n"
        "def test_mine(case):\n    case.check(points=20)\n",
        encoding="utf-8",
    )
    done = run(crowded, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_a_short_name_is_the_very_module() -> None:
    code = (
        "import engine, engine.value, verify, verify.mirror.table, derivations\n"
        "import backproof.engine.value, backproof.verify.mirror.table\n"
        "from engine.draw import draw_svg\n"
        "assert engine is backproof.engine and engine.value is backproof.engine.value\n"
        "assert verify is backproof.verify and verify.mirror.table is backproof.verify.mirror.table\n"
        "assert verify.mirror.table.__spec__.name == 'backproof.verify.mirror.table'\n"
        "try:\n    import verify.no_such_module\n"
        "except ModuleNotFoundError as error:\n    assert error.name == 'verify.no_such_module', error\n"
        "else:\n    raise AssertionError\n"
    )
    done = run(Path(__file__).parent, "-c", code)
    assert done.returncode == 0, done.stderr


def test_names_used_from_the_package_are_names_of_verify() -> None:
    import backproof
    from backproof import verify

    assert {name: getattr(backproof, name) for name in verify.__all__} == {
        name: getattr(verify, name) for name in verify.__all__
    }
    with pytest.raises(AttributeError, match="'backproof' has no attribute 'chek'"):
        _ = backproof.chek
    assert find_spec("backproof.verify.mirror.table") is not None
