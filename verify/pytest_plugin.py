"""The pytest plugin: options, the seed in the header, the fixture `derivative_case`, failures shown as findings.

    @pytest.mark.parametrize("case", verify.cases(Value), ids=str)
    def test_local_derivative(case):
        case.check()

It loads nothing but itself until a test uses `derivative_case` or `verify`: no SymPy, no NumPy.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

FIXTURE = "derivative_case"
SUBJECTS = "verify_subjects"
"""The name of a test module's list of what its `derivative_case` runs over."""

_CONFIG = pytest.StashKey[Any]()
_BEFORE = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("verify", "verified derivatives")
    group.addoption("--verify-seed", type=_at_least(0), metavar="S", help="the seed of the points (default: 0)")
    group.addoption("--verify-points", type=_at_least(1), metavar="N", help="points per operation (default: 1000)")
    group.addoption("--verify-strict", action="store_true", help="warnings (inaccurate, matched, probable) fail too")


def _at_least(least: int) -> Any:
    def whole(text: str) -> int:
        number = int(text)
        if number < least:
            raise ValueError(text)
        return number

    whole.__name__ = f"integer of at least {least}"
    return whole


def pytest_configure(config: pytest.Config) -> None:
    """Options first, then the project's [tool.verify], then the defaults."""
    from backproof.verify.config.session import Settings, current, use

    config.stash[_BEFORE] = current()
    project = _project(Path(config.rootpath))
    seed, points = config.getoption("--verify-seed"), config.getoption("--verify-points")
    given = Settings()
    if project is not None:
        given = Settings(project.points or 1000, project.seed or 0, project.strict, project.fuel or given.fuel)
    config.stash[_CONFIG] = project
    use(
        Settings(
            points=given.points if points is None else points,
            seed=given.seed if seed is None else seed,
            strict=given.strict or config.getoption("--verify-strict"),
            fuel=given.fuel,
        )
    )


def _project(root: Path) -> Any:
    """The project's configuration; None without one, which is found before anything is loaded that could read it."""
    files = (folder / "pyproject.toml" for folder in (root, *root.parents))
    if not any(b"verify" in path.read_bytes() for path in files if path.is_file()):
        return None
    from backproof.verify.config.project import load
    from backproof.verify.support.errors import UsageError

    try:
        return load(root)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_unconfigure(config: pytest.Config) -> None:
    """A session within a session (pytester) leaves the outer one's settings as they were."""
    from backproof.verify.config.session import use

    if _BEFORE in config.stash:
        use(config.stash[_BEFORE])


def pytest_report_header() -> str:
    from backproof.verify.config.session import current

    now = current()
    return f"verify: seed {now.seed}, {now.points} points{', strict' if now.strict else ''}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that uses `derivative_case` runs for every operation of its module's or the project's subjects."""
    if FIXTURE not in metafunc.fixturenames:
        return
    from backproof.verify.support.errors import UsageError

    try:
        found = _cases(metafunc)
    except UsageError as error:
        raise pytest.Collector.CollectError(f"{FIXTURE}: {error}") from None
    metafunc.parametrize(FIXTURE, found, ids=str, indirect=True)


def _cases(metafunc: pytest.Metafunc) -> list[Any]:
    from backproof.verify.api import cases, cases_of_project
    from backproof.verify.support.errors import UsageError

    given = getattr(metafunc.module, SUBJECTS, None)
    if given is not None and not isinstance(given, (list, tuple)):
        raise UsageError(f"{SUBJECTS} = {given!r}: it must be a list of what verify.cases takes")
    if given is not None:
        return [case for subject in given for case in cases(subject)]
    project = metafunc.config.stash[_CONFIG]
    if project is None or not project.subjects:
        raise UsageError(
            f"it has no subjects: set {SUBJECTS} = [...] in the test module, or subjects under [tool.verify] in "
            "pyproject.toml"
        )
    return cases_of_project(project)


@pytest.fixture
def derivative_case(request: pytest.FixtureRequest) -> Any:
    """One operation of the subjects under verification: `derivative_case.check()` raises what fails."""
    return request.param


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A derivative that fails shows its finding alone, unless a style of traceback was requested."""
    report = yield
    errors = sys.modules.get("backproof.verify.support.errors")
    if errors is not None and call.excinfo is not None and report.failed:
        ours = isinstance(call.excinfo.value, (errors.DerivativeError, errors.UsageError))
        if ours and item.config.getoption("tbstyle") == "auto":
            report.longrepr = call.excinfo.getrepr(style="value")
    return report
