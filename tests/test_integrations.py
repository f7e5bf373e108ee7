"""The ways into CI, as far as they can be run without one: the action, the snippets, the hook, the completions."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from backproof.verify.commands.cli import parser
from backproof.verify.commands.completion import SHELLS, options
from backproof.verify.reports.formats import FORMATS
from backproof.verify.reports.targets import targets

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "docs" / "reports.md", *sorted((ROOT / "docs" / "ci").glob("*.md"))]
ENGINE = ROOT / "tests" / "verify" / "commands" / "wrong_engine.py"
BASH = shutil.which("bash")


def loaded(text):
    return YAML(typ="safe").load(text)


def blocks(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def valid(path, schema):
    """By the schemas that check-jsonschema carries."""
    ended = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr


# ------------------------------------------------------------------------------------------------ the action


def test_the_action_is_valid():
    valid(ROOT / "action.yml", "github-actions")


@pytest.fixture
def action(tmp_path):
    """The action's second step, with `backproof` on the path, run in an empty folder."""
    step = loaded((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][1]
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "backproof"
    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    start = f"{path}; from backproof.verify.commands.cli import main; sys.exit(main())"
    called = f"{shlex.quote(sys.executable)} -P -c {shlex.quote(start)}"
    command.write_text(f'#!/bin/sh\nexec {called} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "work").mkdir()

    def run(what, more=""):
        environment = {
            "PATH": f"{command.parent}:{os.environ['PATH']}", "WHAT": what, "OPTIONS": more, "REPORTS": "reports",
            "GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        }  # fmt: skip
        assert {"WHAT", "OPTIONS", "REPORTS"} == set(step["env"])
        return subprocess.run(
            [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=tmp_path / "work", env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.mark.skipif(not BASH, reason="no bash here")
def test_the_action_fails_on_a_wrong_rule_and_leaves_its_reports(action, tmp_path):
    ended = action(f"engine {ENGINE}:Value", "--points 12 --jobs 1")
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.startswith("::error file=")
    assert (tmp_path / "output").read_text() == "exit-code=1\n"
    assert "❌ Derivatives" in (tmp_path / "summary").read_text(encoding="utf-8")
    written = {path.name for path in (tmp_path / "work" / "reports").iterdir()}
    assert written == {"report.json", "report.md", "junit.xml", "report.sarif", "badge.svg", "html"}


@pytest.mark.skipif(not BASH, reason="no bash here")
@pytest.mark.parametrize("what", ["tanh; touch owned", "$(touch owned)", "`touch owned`", 'tanh" && touch owned "'])
def test_an_input_of_the_action_is_never_run(action, tmp_path, what):
    assert action(what).returncode == 2
    assert not (tmp_path / "work" / "owned").exists()


@pytest.mark.skipif(not BASH, reason="no bash here")
def test_the_action_passes_what_is_right(action, tmp_path):
    assert action("tanh exp", "--points 12 --jobs 1").returncode == 0
    report = json.loads((tmp_path / "work" / "reports" / "report.json").read_text(encoding="utf-8"))
    assert [o["name"] for o in report["operations"]] == ["exp", "tanh"]


# ---------------------------------------------------------------------------------------------- the snippets


@pytest.mark.parametrize(("document", "schema"), [("github", "github-workflows"), ("gitlab", "gitlab-ci")])
def test_the_workflow_to_copy_is_valid(document, schema, tmp_path):
    path = tmp_path / "snippet.yml"
    path.write_text(blocks(ROOT / "docs" / "ci" / f"{document}.md", "yaml")[0], encoding="utf-8")
    valid(path, schema)


def test_the_documented_inputs_are_inputs():
    inputs = loaded((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    for block in blocks(ROOT / "docs" / "ci" / "github.md", "yaml"):
        for step in steps(loaded(block)):
            if str(step.get("uses", "")).startswith("OWNER/backproof"):
                assert set(step["with"]) <= set(inputs)


def steps(document):
    """The steps of a workflow, or of a part of one."""
    return document if isinstance(document, list) else document["jobs"]["verify"]["steps"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_documented_command_parses(document):
    text = " ".join(document.read_text(encoding="utf-8").split("\n"))
    words = "all|render|compare|engine|completion"
    told = re.findall(rf"(?:python -m verify|(?<=[ `])backproof) ((?:{words}) [^`|>]*)", text)
    assert told or document.name == "pre-commit.md"  # whose command stands apart, in `args`
    for command in told:
        words = shlex.split(re.sub(r"\s+(python -m verify|- run:|artifacts:|The |For ).*", "", command))
        arguments = parser().parse_intermixed_args(words)
        targets(arguments.report)


def test_reports_are_announced_one_by_one():
    text = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9-]+)`", text, re.MULTILINE) == list(FORMATS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / link).exists(), link


# -------------------------------------------------------------------------------------------------- the hook


def test_the_hook_is_a_command_of_the_package():
    (hook,) = loaded((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert {"id", "name", "entry", "language"} <= set(hook)
    assert hook["entry"] in scripts
    assert hook["pass_filenames"] is False
    (config,) = blocks(ROOT / "docs" / "ci" / "pre-commit.md", "yaml")
    (used,) = loaded(config)["repos"][0]["hooks"]
    assert used["id"] == hook["id"]
    assert parser().parse_intermixed_args(used["args"]).what == ["engine", "src/engine.py:Value"]


# ------------------------------------------------------------------------------------------- the completions


def script(shell):
    arguments = parser().parse_args([])
    return SHELLS[shell](options(arguments.parser), ("all", *arguments.commands, "tanh", "tan"))


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_is_completed(shell):
    text = script(shell)
    for option in options(parser()):
        assert option.name in text or f"-l {option.name.removeprefix('--')} " in text


@pytest.mark.optional
@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_takes_the_script(shell, tmp_path):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    path = tmp_path / "script"
    path.write_text(script(shell), encoding="utf-8")
    subprocess.run([program, "-n", str(path)], check=True)


@pytest.mark.skipif(not BASH, reason="no bash here")
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        (["backproof", "--report", "ju"], ["junit", "junit-xunit1"]),
        (["backproof", "all", "--update"], ["--update-baseline"]),
        (["backproof", "tan"], ["tanh", "tan"]),
        (["backproof", "--select", "s"], ["safe"]),
        (["backproof", "--points", ""], []),
    ],
)
def test_bash_completes(line, completed, tmp_path):
    words = " ".join(map(shlex.quote, line))
    run = f'COMP_WORDS=({words}); COMP_CWORD={len(line) - 1}; _backproof; printf "%s\\n" "${{COMPREPLY[@]}}"'
    both = f"{script('bash')}\n{run}"
    ended = subprocess.run([BASH, "-c", both], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == completed


def test_an_unknown_shell(capsys):
    from backproof.verify.commands.cli import main

    assert main(["completion", "bsh"]) == 2
    assert "did you mean 'bash'?" in capsys.readouterr().err
    assert main(["completion"]) == 2
