"""The repository's own habits: rules and rows belong together, imports run downhill, README is current."""

import ast
import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import readme_table

from engine import OPS, Value
from verify.mirror import MIRROR

ROOT = Path(__file__).parent.parent
PACKAGES = ("engine", "verify", "derivations")  # downhill: each may import those before it
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: which files belong to the repository is unknown here")
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


# --------------------------------------------------------------------------------------------- rules and rows


@pytest.mark.parametrize("name", OPS)
def test_every_rule_has_a_row(name):
    method = getattr(Value, OPS[name])
    place = f"{name_of(Path(inspect.getsourcefile(method)))}:{inspect.getsourcelines(method)[1]}"
    assert name in MIRROR, (
        f"{place}: the operation {name!r} has no row in verify/mirror.py; "
        f'add Row("{name}", <what it is, in SymPy>, <where it lives>, <where it bends>)'
    )


@pytest.mark.parametrize("name", MIRROR)
def test_every_row_has_a_rule(name):
    lines = (ROOT / "verify" / "mirror.py").read_text(encoding="utf-8").splitlines()
    line = next((i for i, text in enumerate(lines, 1) if f'Row("{name}"' in text), 0)
    assert name in OPS, (
        f"verify/mirror.py:{line}: the row {name!r} has no rule in the engine; "
        f'add a method marked @op("{name}") to engine/value.py or engine/rules/'
    )


@pytest.mark.parametrize("name", MIRROR)
def test_a_row_has_as_many_operands_as_its_rule(name):
    method = getattr(Value, OPS[name])
    operands = 1 + ("other" in inspect.signature(method).parameters)
    assert {len(row.inputs) for row in MIRROR[name]} == {operands}


# ---------------------------------------------------------------------------------------------------- imports


def imported(tree):
    """Every module that is imported anywhere in the file, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_run_downhill(path):
    package = path.relative_to(ROOT).parts[0]
    above = PACKAGES[PACKAGES.index(package) + 1 :]
    for module, line in imported(ast.parse(path.read_text(encoding="utf-8"))):
        assert module.partition(".")[0] not in above, (
            f"{name_of(path)}:{line} imports {module}: imports run downhill, {' < '.join(PACKAGES)}"
        )


HOUSE = (
    *("kinds", "trace", "proof", "numbers", "mirror", "language", "subjects", "identity", "samples", "case", "checks"),
    *("tasks", "workers", "harness", "api"),
)
"""The storeys of verify/, downhill: what a file imports from another of these, in a function too, stands before it."""

UPHILL = {
    ("verify.case", "verify.checks"): "the table of the checks, which loads none: a finding names its question",
    ("verify.subjects.named", "verify.api"): "a name may stand for pairs, which the API reads",
}


@pytest.mark.parametrize("storey", HOUSE)
def test_in_verify_too_imports_run_downhill(storey):
    for module, name, line in links():
        if storey_of(module) == storey and (module, name) not in UPHILL:
            above = HOUSE[HOUSE.index(storey) + 1 :]
            assert storey_of(name) not in above, f"{module}:{line} imports {name}: imports run downhill, {HOUSE}"


MEETING = {
    ("engine.node", "engine.draw"): "a node shows itself in a notebook",
    ("verify.trace.term", "verify.trace.text"): "a term's repr is its text",
    ("verify.report", "verify.reports.json"): "a report turns itself into JSON",
    ("verify.report", "verify.reports.text"): "a report prints as the terminal shows it",
    ("verify.report", "verify.reports.markdown"): "a report shows itself in a notebook",
    ("verify.mirror", "verify.graph"): "what the mirror gives of a whole graph is asked for by the mirror's name",
    ("verify.proof.process", "verify.proof.ladder"): "the process loads what it will be asked, before it is asked",
    ("verify.subjects.private", "verify.subjects.arrays"): "a function is made elementwise where it is looked up",
    ("verify.subjects.foreign", "verify.subjects.survey"): "what is discovered is surveyed at once",
    ("verify.subjects.named", "verify.api"): UPHILL["verify.subjects.named", "verify.api"],
    ("verify.accuracy.repairing", "verify.commands.verification"): "a command reads its options as the others do",
    ("derivations.derivation", "derivations.tell"): "a derivation shows itself in a notebook",
    ("derivations.walk", "derivations.tell_walk"): "a walk shows itself in a notebook",
}
"""Imports inside functions that close a circle, each for a reason.  All others, and all at the top, run one way."""


def test_imports_inside_functions_close_no_circle():
    ways = {}
    for module, name, _ in links():
        if (module, name) not in MEETING:
            ways.setdefault(module, set()).add(name)
    for start in sorted(ways):
        seen, waiting = set(), [start]
        while waiting:
            new = ways.get(waiting.pop(), set()) - seen
            assert start not in new, f"{start} imports what imports it: which of the imports is it that leads back?"
            seen |= new
            waiting += new


def test_every_exception_is_made_use_of():
    there = {(module, name) for module, name, _ in links()}
    assert set(UPHILL) | set(MEETING) <= there


MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in SOURCES}


@cache
def links():
    """(module, imported module, line) for all of ours, wherever in a file; what only the types ask for left aside."""
    found = []
    for module, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for branch in ast.walk(tree):
            if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING":
                branch.body = []
        names = {(name, line) for name, line in imported(tree) if name in MODULES and name != module}
        packages = {(name.rpartition(".")[0], line) for name, line in names}  # `from verify import graph` is no more
        found += [(module, name, line) for name, line in sorted(names - packages)]
    return found


def storey_of(module):
    return module.split(".")[1] if module.startswith("verify.") else ""


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nobody_imports_a_command_line(path):
    for module, line in imported(ast.parse(path.read_text(encoding="utf-8"))):
        ours = module.partition(".")[0] in PACKAGES
        ends = {"cli", "__main__"} & set(module.split("."))
        assert not (ours and ends) or path.name == "__main__.py", (
            f"{name_of(path)}:{line} imports {module}: only a __main__ may import a command line"
        )


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "engine")], ids=name_of)
def test_the_engine_needs_only_the_standard_library(path):
    for module, line in imported(ast.parse(path.read_text(encoding="utf-8"))):
        top = module.partition(".")[0]
        allowed = top == "engine" or top in sys.stdlib_module_names
        drawing = top == "graphviz" and path.name == "draw.py"  # asked for in draw_dot, and missed kindly
        assert allowed or drawing, f"{name_of(path)}:{line} imports {module}, which is no standard library"


@pytest.mark.parametrize("folder", ["checks", "proof", "numbers", "trace", "subjects", "kinds"])
def test_what_is_found_is_not_printed_there(folder):
    """Data flow one way: findings become text in verify/reports, and nowhere else."""
    for path in sorted((ROOT / "verify" / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
        commands = {call for main in mains for call in ast.walk(main)}  # a file that is a command of its own
        for call in set(ast.walk(tree)) - commands:
            prints = isinstance(call, ast.Call) and _named(call, "print")
            assert not prints, f"{name_of(path)}:{call.lineno} prints; let it yield a Finding"
        for module, line in imported(tree):
            assert not module.startswith("verify.reports"), f"{name_of(path)}:{line} imports a renderer"


def test_a_renderer_checks_nothing():
    """It meets what was found as values: findings, and what a proof consists of."""
    for path in sorted((ROOT / "verify" / "reports").rglob("*.py")):
        for module, line in imported(ast.parse(path.read_text(encoding="utf-8"))):
            checks = re.match(r"verify\.(checks|harness|proof(?!\.result))", module)
            assert not checks, f"{name_of(path)}:{line} imports {module}: a renderer checks nothing"


def _named(call, name):
    return isinstance(call.func, ast.Name) and call.func.id == name


# ------------------------------------------------------------------------------------------- a rule's manners

BRANCHES = (ast.If, ast.IfExp, ast.Compare, ast.BoolOp, ast.While, ast.Try, ast.Match, ast.Assert)


def rules():
    """Every `_backward` of the engine's operations."""
    for path in sorted((ROOT / "engine").rglob("*.py")):
        for method in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(method, ast.FunctionDef) and any(map(_is_mark, method.decorator_list)):
                for inner in method.body:
                    if isinstance(inner, ast.FunctionDef) and inner.name == "_backward":
                        yield pytest.param(path, method, inner, id=method.name)


def _is_mark(decorator):
    return isinstance(decorator, ast.Call) and _named(decorator, "op")


RULES = list(rules())


def test_every_operation_has_a_closure_of_its_own():
    assert len(RULES) == len(OPS)


@pytest.mark.parametrize(("path", "method", "rule"), RULES)
def test_a_rule_has_no_float_constant_and_does_not_branch(path, method, rule):
    """Then it is exact on symbols and honest on balls."""
    for node in ast.walk(rule):
        place = f"{name_of(path)}:{getattr(node, 'lineno', rule.lineno)}"
        assert not isinstance(node, BRANCHES), f"{place}: a rule does not branch; use m.where and m.gt"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), (
            f"{place}: {node.value!r} is a float constant; use whole numbers, m.ratio(p, q), m.pi, m.sqrt(2)"
        )
        assert not isinstance(node, ast.Nonlocal | ast.Global), f"{place}: a rule binds what is not its own"


@pytest.mark.parametrize(("path", "method", "rule"), RULES)
def test_an_operation_does_not_ask_what_kind_its_data_are(path, method, rule):
    """Then what it does on a column of floats it does on floats: `Operation.at_once` rests on that."""
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and (_named(node, "isinstance") or _named(node, "type")):
            asked = ast.unparse(node.args[0])
            assert ".data" not in asked, f"{name_of(path)}:{node.lineno}: {ast.unparse(node)}; find functions by m"


@pytest.mark.parametrize(("path", "method", "rule"), RULES)
def test_a_rule_adds_to_the_gradients_and_reads_the_upstream(path, method, rule):
    for statement in rule.body:
        for target in getattr(statement, "targets", []):
            assert not isinstance(target, ast.Attribute), (
                f"{name_of(path)}:{statement.lineno}: a rule adds to a gradient with +=, it does not set it"
            )
    added = [s for s in rule.body if isinstance(s, ast.AugAssign)]
    assert added
    for statement in added:
        place = f"{name_of(path)}:{statement.lineno}"
        assert ast.unparse(statement.target) in ("self.grad", "other.grad"), place
        assert "out.grad" in ast.unparse(statement.value), f"{place}: the rule forgets out.grad"


@pytest.mark.parametrize(("path", "method", "rule"), RULES)
def test_forward_closure_return(path, method, rule):
    """Every operation ends alike: the closure, its attachment, the return; nothing is bound after it."""
    closure, attachment, answer = method.body[-3:]
    assert closure is rule
    assert ast.unparse(attachment) == "out._backward = _backward"
    assert ast.unparse(answer) == "return out"


# ----------------------------------------------------------------------------------------------- what is told


def shell_blocks(text):
    return re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_readme_has_two_set_up_commands():
    section = README.partition("## Set-up\n")[2].partition("\n## ")[0]
    commands = shell_blocks(section)[0].splitlines()
    assert len(commands) == 2
    assert commands[0].endswith("python -m verify all")
    assert commands[1].endswith("python -m pytest")
    for command in commands:
        first, _, _ = command.partition(" && ")
        assert first.startswith("python -m pip install -e ")
        extra = re.search(r"\[(\w+)\]", first)
        assert extra is None or extra[1] in PROJECT["project"]["optional-dependencies"]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_the_commands_told_are_commands(document):
    """Every `python -m verify ...` parses, and every operation and file that is named is there."""
    from verify.cli import COMMANDS, parser

    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = "\n".join(shell_blocks(text))
    told = re.findall(r"python -m verify ([^\n&`]+)", blocks)
    assert told
    for command in told:
        what = parser().parse_args(shlex.split(command)).what
        if what[0] != "all" and what[0] not in COMMANDS:
            assert set(what) <= set(OPS), f"{document}: {set(what) - set(OPS)} is no operation"
    for script in re.findall(r"(?:python|pytest) ((?:tests|docs)/\S+\.py)", text):
        assert (ROOT / script).is_file(), f"{document} names {script}, which is not there"


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_links_lead_somewhere(document):
    path = ROOT / document
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / link).exists(), f"{document} links to {link}"


def test_the_architecture_names_what_is_there():
    """Every file and folder of engine/ and verify/ that it names exists, and it leaves none out."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    house = text.partition("## The house")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+(?:\.py|/))`", house))
    there = {"engine/", "verify/", "derivations/", "tests/"}
    for package in ("engine", "verify"):
        for path in (ROOT / package).iterdir():
            if path.is_dir() and any(path.glob("*.py")):
                there.add(path.name + "/")
            elif path.suffix == ".py" and not path.name.startswith("__"):
                there.add(path.name)
    assert named - there == set(), "docs/architecture.md names what is not there"
    assert there - named <= {"errors.py", "version.py"}, "docs/architecture.md leaves out what is new"


def test_the_table_of_operations_is_current():
    assert readme_table.current(README) == readme_table.table(), (
        "README.md: the table of operations is not current; run python tests/readme_table.py"
    )


def test_one_command_checks_everything_and_the_machine_runs_the_same():
    whole = next(block for block in shell_blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    machine = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for part in whole.strip().split(" && ")[:2]:
        assert f"\n{part}\n" in machine or f"\n{part} .\n" in machine, f".ci/run does not run {part!r}"


def test_entry_points_lead_to_modules():
    for group in PROJECT["project"]["entry-points"].values():
        for module in group.values():
            assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module


def test_the_kinds_and_their_entry_points_are_the_same():
    from verify.kinds import MODULES

    assert PROJECT["project"]["entry-points"]["engine.arithmetics"] == MODULES


MACHINE = re.compile(r"(?<![\w.])(?:/home/|/Users/|/root/|/work/|/tmp/)\w|\b[A-Z]:\\\\?Users")


def test_no_path_of_a_machine_is_in_the_repository():
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = MACHINE.search(text)
        assert path == Path(__file__) or not found, f"{name_of(path)}: {found[0]}... is a path of a machine"
