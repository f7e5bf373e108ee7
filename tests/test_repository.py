"""The repository's own habits: rules and specs belong together, imports run downhill, README is current."""

import ast
import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import house
import pytest
import readme_table

from backproof.engine import OPS, Value
from backproof.verify.mirror.table import MIRROR

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


# -------------------------------------------------------------------------------------------- rules and specs


@pytest.mark.parametrize("name", OPS)
def test_every_rule_has_a_spec(name):
    method = getattr(Value, OPS[name])
    place = f"{name_of(Path(inspect.getsourcefile(method)))}:{inspect.getsourcelines(method)[1]}"
    assert name in MIRROR, (
        f"{place}: the operation {name!r} has no spec in verify/mirror/table.py; "
        f'add Spec("{name}", <its definition in SymPy>, <its domain>, <its kinks>)'
    )


@pytest.mark.parametrize("name", MIRROR)
def test_every_spec_has_a_rule(name):
    lines = (ROOT / "verify" / "mirror" / "table.py").read_text(encoding="utf-8").splitlines()
    line = next((i for i, text in enumerate(lines, 1) if f'Spec("{name}"' in text), 0)
    assert name in OPS, (
        f"verify/mirror/table.py:{line}: the spec {name!r} has no rule in the engine; "
        f'add a method marked @op("{name}") to engine/value.py or engine/rules/'
    )


@pytest.mark.parametrize("name", MIRROR)
def test_a_spec_has_as_many_operands_as_its_rule(name):
    method = getattr(Value, OPS[name])
    operands = 1 + ("other" in inspect.signature(method).parameters)
    assert {len(row.inputs) for row in MIRROR[name]} == {operands}


# ---------------------------------------------------------------------------------------------------- imports


ARROWS = house.arrows()


def test_every_room_is_listed_and_exists():
    assert set(house.ROOMS) == {house.room_of(module) for module in house.MODULES}


def test_imports_run_downhill():
    """Inside functions and under TYPE_CHECKING, too: a room imports from those before it in `house.ROOMS`."""
    for module, name, line in ARROWS:
        above, below = (house.ROOMS.index(house.room_of(m)) for m in (module, name))
        assert below <= above, f"{module}:{line} imports {name}: imports run downhill, see ROOMS in tests/house.py"


def test_no_file_imports_what_imports_it():
    assert house.circles(house.ways((a, b) for a, b, _ in ARROWS)) == []


@pytest.mark.parametrize("room", house.INNER)
def test_every_folder_and_file_of_a_room_is_listed_and_exists(room):
    there = {house.inner_room(module) for module in house.MODULES if house.room_of(module) == room}
    assert there == set(house.inner_rooms(room))


@pytest.mark.parametrize("room", house.INNER)
def test_inside_a_room_too_imports_run_downhill(room):
    up = house.upward(house.inner_rooms(room), house.inside(room))
    assert up == [], "imports run downhill, see INNER in tests/house.py"


def test_a_circle_and_an_arrow_upward_are_seen():
    arrows = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]
    assert house.circles(house.ways(arrows)) == [["a", "b", "c"]]
    assert house.upward(("b", "a", "c", "d"), arrows) == [("b", "c")]


def test_the_top_of_verify_holds_front_doors_only():
    files = {path.stem for path in (ROOT / "verify").glob("*.py")}
    assert files == {"__init__", "__main__", "api", "extend", "graph", "pytest_plugin"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_module_imports_a_command_line(path):
    for module, line in house.imports(path):
        ours = module.partition(".")[0] in PACKAGES
        ends = {"cli", "__main__"} & set(module.split("."))
        assert not (ours and ends) or path.name == "__main__.py", (
            f"{name_of(path)}:{line} imports {module}: only a __main__ may import a command line"
        )


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "engine")], ids=name_of)
def test_the_engine_needs_only_the_standard_library(path):
    for module, line in house.imports(path):
        top = module.partition(".")[0]
        allowed = top in ("engine", "short_names") or top in sys.stdlib_module_names
        drawing = top == "graphviz" and path.name == "draw.py"  # asked for in draw_dot, and missed kindly
        assert allowed or drawing, f"{name_of(path)}:{line} imports {module}, which is no standard library"


SILENT = "arithmetics", "terms", "evaluate", "tracing", "proof", "numerics", "finite_fields", "subjects", "checks"


@pytest.mark.parametrize("folder", SILENT)
def test_what_is_found_is_not_printed_there(folder):
    """Data flow one way: findings become text in verify/reports, and nowhere else."""
    for path in sorted((ROOT / "verify" / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
        commands = {call for main in mains for call in ast.walk(main)}  # a file that is a command of its own
        for call in set(ast.walk(tree)) - commands:
            prints = isinstance(call, ast.Call) and _named(call, "print")
            assert not prints, f"{name_of(path)}:{call.lineno} prints; let it yield a Finding"
        for module, line in house.imported(tree):
            assert not module.startswith("verify.reports"), f"{name_of(path)}:{line} imports a renderer"


def test_a_renderer_checks_nothing():
    """It meets what was found as values: findings, and what a proof consists of."""
    for path in sorted((ROOT / "verify" / "reports").rglob("*.py")):
        for module, line in house.imports(path):
            checks = re.match(r"verify\.(checks(?!\.case)|run|proof(?!\.result))", module)
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


def catching_all(tree):
    """The handlers that catch every exception: `except:`, and Exception or BaseException, alone or among others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            names = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)} if node.type else {"all"}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "suppress":
            names = {argument.id for argument in node.args if isinstance(argument, ast.Name)}
        else:
            continue
        if names & {"all", "Exception", "BaseException"}:
            yield node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_handler_that_catches_everything_states_a_reason(path):
    """User code raises `SubjectError`: a handler that catches more hides bugs of backproof, and needs a reason."""
    text = path.read_text(encoding="utf-8")
    lines = ["", *text.splitlines()]
    for line in catching_all(ast.parse(text)):
        beside, above = lines[line].strip(), lines[line - 1].strip()
        assert "  # " in beside or above.startswith("# "), f"{name_of(path)}:{line} gives no reason: {beside}"


def test_handlers_that_catch_everything_are_found():
    text = """
try: f()
except Exception: g()
try: f()
except (ValueError, BaseException) as error: g()
try: f()
except: g()
try: f()
except ValueError: g()
with contextlib.suppress(Exception): f()
with suppress(OSError): f()
"""
    assert sorted(catching_all(ast.parse(text))) == [3, 5, 7, 10]


def test_every_operation_has_a_closure_of_its_own():
    assert len(RULES) == len(OPS)


@pytest.mark.parametrize(("path", "method", "rule"), RULES)
def test_a_rule_has_no_float_constant_and_does_not_branch(path, method, rule):
    """Then it is exact on symbols and sound on intervals."""
    for node in ast.walk(rule):
        place = f"{name_of(path)}:{getattr(node, 'lineno', rule.lineno)}"
        assert not isinstance(node, BRANCHES), f"{place}: a rule does not branch; use m.where and m.gt"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), (
            f"{place}: {node.value!r} is a float constant; use whole numbers, m.ratio(p, q), m.pi, m.sqrt(2)"
        )
        assert not isinstance(node, ast.Nonlocal | ast.Global), f"{place}: a rule binds what is not its own"


@pytest.mark.parametrize(("path", "method", "rule"), RULES)
def test_an_operation_does_not_branch_on_the_kind_of_its_data(path, method, rule):
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
    closure, attachment, result = method.body[-3:]
    assert closure is rule
    assert ast.unparse(attachment) == "out._backward = _backward"
    assert ast.unparse(result) == "return out"


# ------------------------------------------------------------------------------------------- documentation


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


def test_all_is_every_extra_but_that_of_the_tests():
    extras = dict(PROJECT["project"]["optional-dependencies"])
    (everything,) = extras.pop("all")
    assert everything == f"backproof[{','.join(name for name in extras if name != 'test')}]"


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_the_documented_commands_are_commands(document):
    """Every `python -m verify ...` parses, and every operation and file that is named is there."""
    from backproof.verify.commands.cli import COMMANDS, parser

    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = "\n".join(shell_blocks(text))
    commands = re.findall(r"python -m verify ([^\n&`]+)", blocks)
    assert commands
    for command in commands:
        what = parser().parse_args(shlex.split(command, comments=True)).what
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
    """Every room of verify/ that it names exists, and it leaves none out."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    house = text.partition("## The house")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+(?:\.py|/))`", house))
    there = {"engine/", "verify/", "derivations/", "tests/"}
    for path in (ROOT / "verify").iterdir():
        if path.is_dir() and any(path.glob("*.py")):
            there.add(path.name + "/")
        elif path.suffix == ".py" and not path.name.startswith("__"):
            there.add(path.name)
    assert named - there == set(), "docs/architecture.md names what is not there"
    assert there - named == set(), "docs/architecture.md leaves out what is new"


def test_the_table_of_operations_is_current():
    assert readme_table.current(README) == readme_table.table(), (
        "README.md: the table of operations is not current; run python tests/readme_table.py"
    )


def test_one_command_checks_everything_and_the_machine_runs_the_same():
    whole = next(block for block in shell_blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    machine = [line.strip() for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()]
    for part in whole.strip().split(" && ")[:2]:
        assert part in machine, f".ci/run does not run {part!r}"


def test_entry_points_lead_to_modules():
    for group in PROJECT["project"]["entry-points"].values():
        for module in group.values():
            path = module.removeprefix("backproof.").replace(".", "/")
            assert (ROOT / f"{path}.py").is_file(), module


def test_the_kinds_and_their_entry_points_are_the_same():
    from backproof.verify.arithmetics import MODULES

    assert PROJECT["project"]["entry-points"]["backproof.arithmetics"] == MODULES


MACHINE = re.compile(r"(?<![\w.])(?:/home/|/Users/|/root/|/work/|/tmp/)\w|\b[A-Z]:\\\\?Users")


def test_no_path_of_a_machine_is_in_the_repository():
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = MACHINE.search(text)
        assert path == Path(__file__) or not found, f"{name_of(path)}: {found[0]}... is a path of a machine"


# ------------------------------------------------------------------------------------------------------ judges

JUDGES = {
    "verify/proof/prove.py": ("_leaves", "_examined", "leaf", "_checked", "_outside", "_difference"),
    "verify/proof/cells/boundaries.py": ("boundary_results", "_judged"),
    "verify/proof/cells/judgement.py": ("result", "_without_upstream", "_at_a_jump", "_differentiated", "_result"),
}
"""Functions that give a verdict on a part of the domain: each part has one, and none is passed over."""


def passed_over(function):
    """Lines at which a judge gives no verdict: it returns nothing, or goes on after an exception other than Empty."""
    for node in ast.walk(function):
        match node:
            case ast.Return(value=None | ast.Constant(value=None)):
                yield node.lineno
            case ast.ExceptHandler(type=ast.Name(id="Empty")):  # shown to have no points
                continue
            case ast.ExceptHandler(body=[ast.Pass() | ast.Continue()]):
                yield node.lineno


@pytest.mark.parametrize("path", JUDGES)
def test_a_judge_always_gives_a_verdict(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = {f.name: f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.name in JUDGES[path]}
    assert set(found) == set(JUDGES[path])
    assert {name: list(passed_over(f)) for name, f in found.items() if list(passed_over(f))} == {}
