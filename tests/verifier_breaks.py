"""Breaks the verifier's own guards, one at a time, and says which breaks no fast test notices.

    python tests/verifier_breaks.py                     # 240 breaks over proof, numerics, checks and accuracy
    python tests/verifier_breaks.py --only proof/field/signs --breaks 0        # all breaks of one file

A break is a small change of one comparison, bound, tolerance or early return.  The tests that run the line (known from
one run of the fast tests under coverage.py, once for each state of the sources) are run on a copy of the repository
that holds the change; a break is caught if one fails, or does not end.  What survives is printed; exit code 1 unless
it stands in `HARMLESS`, with the reason why it cannot matter.  Slow: some seconds a break.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
ROOMS = ("proof", "numerics", "checks", "accuracy")
TESTS = (
    *(f"tests/verify/{room}" for room in (*ROOMS, "run", "results", "config", "finite_fields")),
    *("tests/verify/test_right_rules.py", "tests/verify/test_wrong_rules.py", "tests/verify/test_api.py"),
    *("tests/verify/subjects/functions", "tests/verify/test_graph.py"),
    *("tests/verify/mirror/test_limits.py", "tests/verify/subjects/arrays"),  # of infinities, of arrays
)
BUDGET = 40.0  # seconds of tests for one break: the quickest first
HANG = 240.0  # seconds after which a run is one that does not end

SWAPPED: dict[type[ast.cmpop], tuple[str, str, type[ast.cmpop]]] = {
    ast.Lt: ("<", "<=", ast.LtE),
    ast.LtE: ("<=", "<", ast.Lt),
    ast.Gt: (">", ">=", ast.GtE),
    ast.GtE: (">=", ">", ast.Gt),
    ast.Eq: ("==", "!=", ast.NotEq),
    ast.NotEq: ("!=", "==", ast.Eq),
    ast.In: ("in", "not in", ast.NotIn),
    ast.NotIn: ("not in", "in", ast.In),
}

HARMLESS: dict[str, str] = {
    "verify/numerics/natural_domain.py simplified: `len(parts) > MOST_PARTS` with >=": (
        "a limit of effort: beyond it the condition stays as it is written"
    ),
    "verify/numerics/real_sets.py RealSet.affine: `factor < 0` with <=": "the factor is not 0",
    "verify/numerics/reference_values.py _decided: `size + found.error < least` with <=": (
        "equality of two doubles at the smallest normal number, where the screen is as accurate on either side"
    ),
    "verify/numerics/solve.py Solver.within: `depth > DEEPEST` with >=": (
        "a limit of effort: beyond it a condition is kept as it is written, which is as true"
    ),
    "verify/numerics/trace_agreement.py unfaithful: `_CLOSE <= abs(x) <= _FAR` with <": (
        "two round numbers: whether a point of exactly that size is looked at, too, is a matter of choice"
    ),
    "verify/proof/bound_residual.py _Model.bound: `abs(thin[0]) > bar` with >=": (
        "it only gives up, and shows no bound, where the difference attains the bound exactly at a midpoint"
    ),
    "verify/proof/bound_residual.py enclose: `pieces + len(waiting) > MOST_PIECES` with >=": (
        "a limit of effort: beyond it no bound is shown"
    ),
    "verify/proof/cells/boundaries.py boundary_results: guard `if len(seen) > MOST_STRATA` never": (
        "a limit of effort: without it more boundaries are judged, in the same way"
    ),
    "verify/proof/cells/domain.py _narrowed: `partial * sign > 0` with >=": (
        "the coefficient of a linear expression is not 0, nor is the sign: `_bound` is not asked for NOT_ZERO"
    ),
    "verify/proof/cells/strata.py _simplified: `not value.args or symbols_of(value)`: and/or": (
        "terms with symbols are read in vain: only an equal constant replaces a term"
    ),
    "verify/proof/field/differential_field.py Field.deal_pair: `cosine < 0` with <=": (
        "a limit of effort: with one function fewer the proof is not decided"
    ),
    "verify/proof/field/differential_field.py Field.reduced_polynomial: `p and p.degrees()[index] >= order`: and/or": (
        "division by a polynomial of a higher degree leaves the polynomial as it is"
    ),
    "verify/proof/field/functions.py _absolute_power: `s > 0` with >=": "the argument of a logarithm is not 0",
    "verify/proof/field/functions.py _power: `sign(field, Element(other)) > 0` with >=": (
        "a conjugate is not 0, since its product with the other one is a nonzero number"
    ),
    "verify/proof/field/interpret.py Interpreter.logarithm: `sign(self.field, a) <= 0` with <": (
        "`functions.log` refuses 0 itself"
    ),
    "verify/proof/field/interpret.py Interpreter.power: `exponent >= 0` with >": "a**0 and 1/a**0 are both 1",
    "verify/proof/field/samples.py _offset: `hi is None or lo is not None`: and/or": (
        "any point of the cell will do, and the shift stays in it to either side of the middle"
    ),
    "verify/proof/field/signs.py _exp_bounds: `x < 0` with <=": "x is beyond ±1000 there, not 0",
    "verify/proof/fuzz.py function_of_x: `kind < 0.5` with <=": (
        "a random number is hardly ever exactly 1/2, and either branch gives a right derivative"
    ),
    "verify/proof/process.py _part: `x > 0` with >=": "the number is infinite there, not 0",
    "verify/proof/prove.py _leaves: guard `if seen > MOST_CELLS` never": (
        "a limit of effort: without it more cells are examined, in the same way"
    ),
    "verify/proof/recognise_constants.py closed_form: `literal > 0` with >=": "no published constant is 0",
    "verify/accuracy/bounds.py Bounder._bisected: `before < math.inf` with <=": (
        "At infinity nothing is larger, so the condition behind it is false with either."
    ),
    (
        "verify/accuracy/boxes.py has_bound: `observed <= square.bound < min(math.inf, 2.0 ** (meter.fmt.precision + "
        "1))` with <="
    ): "Only for a bound of exactly 2**54 ULPs (in float64), which is as useless as any next to it.",
    "verify/accuracy/curve.py _gone: `digits_left(error, meter.fmt) < level <= meter.fmt.digits` with <": (
        "No format has a whole number of decimal digits, and the levels are whole."
    ),
    "verify/accuracy/curve.py curve: `known > 0` with >=": (
        "0 is among the points of the first band on both sides anyway."
    ),
    "verify/accuracy/repair.py Rewritten.run: guard `if all((type(x) is float for x in data))` never": (
        "The same terms on the same floats, but not compiled: slower."
    ),
    "verify/accuracy/rewritings.py split_square: `halves > 0` with >=": (
        "exp(-u**2/0) has no value in either form, and only a form that is proved is proposed."
    ),
    "verify/accuracy/search.py _Search._look: `len(self.seen) > 2 * _KEPT` with >=": (
        "One more point is kept in memory, or not; the worst are kept in any case."
    ),
    "verify/accuracy/search.py _Search.run: `budget / _CLOSE < top <= budget` with <=": (
        "A search that goes on, or not, at exactly a third of the budget: what it reports is measured in any "
        "case."
    ),
    "verify/accuracy/taylor.py Derivative.on: `spread <= _ALIKE * most` with <": (
        "At the very limit of a tolerance; the piece is then halved, or measured by the error meter, which is as "
        "exact."
    ),
    "verify/checks/accuracy.py check: `error > BUDGET` with >=": (
        "Only for an error of exactly 8 ULPs, which is accurate either way; beside a zero it is then shown "
        "relative to the size there."
    ),
    (
        "verify/checks/array_differences.py _are_far_apart: `abs(rule - estimate.value) > max(_BY_FAR * "
        "max(abs(rule), abs(estimate.value)), 10 * estimate.error)` with >="
    ): (
        "Equal only where both are 0, or at the very limit of a tolerance; and where both are 0 they agree and "
        "are not asked."
    ),
    (
        "verify/checks/differences.py _spread: `max((abs(math.log2(abs(x))) if x else 0 for x in case.points[k]))`: "
        "min/max"
    ): "The order of the points alone, so which counterexample is shown: all of them are looked at.",
    (
        "verify/checks/differences.py check: `abs(rule - expected.nearest) <= _SLIGHT * max(abs(expected.nearest), "
        "case.typical_size[i])` with <"
    ): (
        "At the limit of a tolerance, or where both sides are 0: then the rule is the reference, and the next "
        "branch says undecided as well."
    ),
    "verify/checks/extremes.py _sensible: `result * math.copysign(1.0, value.nearest) > _HUGE / 2` with >=": (
        "Half of 1.7e308 exactly, where the derivative overflows: no rule has any reason to return that very "
        "float."
    ),
    (
        "verify/checks/forward.py check: `abs(ours - expected.nearest) <= _BAR / 2 * (abs(expected.nearest) + room) "
        "< math.inf` with <"
    ): "Whatever is not near is compared by `_differs`, in interval arithmetic and with twice the room.",
    "verify/checks/points.py _decided: `ours.rad() < arb(2) ** (-1100)` with <=": (
        "A radius of exactly 2**-1100: one more round with twice the bits, or one less."
    ),
    "verify/checks/points.py _floats_only: `len(found) >= _MANY` with >": (
        "One more counterexample, of which the clearest is shown."
    ),
    "verify/checks/small_shapes.py _at: guard `if not refute and (not small_case.proved)` never": (
        "It saves time: of a small shape that is not proved, and not to be refuted, nothing is reported."
    ),
    "verify/checks/small_shapes.py _shapes: `n > 1` with >=": (
        "Sizes to prove begin at 2, so `any` is true of all of them; for the sizes that are varied a test "
        "notices."
    ),
}
"""Breaks that no test can notice, `Break.name` -> why."""


class Break(NamedTuple):
    """One change: where, what, and the text that stands there then in place of columns ``start`` to ``end``."""

    file: str
    line: int
    function: str
    what: str
    new: str
    start: tuple[int, int]
    end: tuple[int, int]

    @property
    def name(self) -> str:
        """What it is known by while lines move."""
        return f"{self.file} {self.function}: {self.what}"

    def applied(self, text: str) -> str:
        """The source with the change in it."""
        lines = text.encode().split(b"\n")
        (first, left), (last, right) = self.start, self.end
        before, after = lines[first - 1][:left], lines[last - 1][right:]
        lines[first - 1 : last] = [before + self.new.encode() + after]
        return b"\n".join(lines).decode()


def breaks(path: Path) -> Iterator[Break]:
    """Every break of a file, from its top down."""
    file = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for owner, node in _walk(tree, ""):
        for what, new, place in _changes(node):
            assert place.end_lineno is not None
            assert place.end_col_offset is not None
            start, end = (place.lineno, place.col_offset), (place.end_lineno, place.end_col_offset)
            yield Break(file, place.lineno, owner, what, new, start, end)


def _walk(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node with the name of the function around it; annotations and decorators left out."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_comment"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                named = isinstance(child, (ast.FunctionDef, ast.ClassDef))
                inner = f"{owner}.{child.name}".lstrip(".") if named else owner
                yield inner, child
                yield from _walk(child, inner)


def _changes(node: ast.AST) -> Iterator[tuple[str, str, ast.expr | ast.stmt]]:
    """(what is changed, the new text, the node that it stands for)."""
    match node:
        case ast.Compare():
            for place, op in enumerate(node.ops):
                if type(op) in SWAPPED:
                    _, new, other = SWAPPED[type(op)]
                    ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                    text = ast.unparse(ast.Compare(node.left, ops, node.comparators))
                    yield f"`{ast.unparse(node)}` with {new}", f"({text})", node
        case ast.BoolOp():
            other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"`{ast.unparse(node)}`: and/or", f"({ast.unparse(ast.BoolOp(other_op, node.values))})", node
        case ast.If() if _leaves(node.body[-1]):
            yield f"guard `if {ast.unparse(node.test)}` never", "False", node.test
        case ast.Return(ast.Constant(bool())) as found:
            assert isinstance(found.value, ast.Constant)
            yield f"`{ast.unparse(found)}` turned round", f"return {not found.value.value}", found
        case ast.Assign([ast.Name(name)], value) if name.isupper() and _number(value):
            for factor in ("1e6", "1e-6"):
                yield f"{name} times {factor}", f"(({ast.unparse(value)}) * {factor})", value
        case ast.Call(ast.Name("max" | "min" as name)):
            new = ast.unparse(ast.Call(ast.Name("min" if name == "max" else "max"), node.args, node.keywords))
            yield f"`{ast.unparse(node)}`: min/max", new, node


def _leaves(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Return, ast.Raise, ast.Continue, ast.Break))


def _number(value: ast.expr) -> bool:
    """A float, written out or worked out; whole numbers count things and index things."""
    return any(isinstance(n, ast.Constant) and isinstance(n.value, float) for n in ast.walk(value))


def chosen(only: str, number: int, seed: int) -> list[Break]:
    """So many breaks, drawn evenly from all files; 0 for all."""
    files = [p for room in ROOMS for p in sorted((ROOT / "verify" / room).rglob("*.py")) if only in p.as_posix()]
    found = {file: list(breaks(file)) for file in files}
    if not number:
        return [b for some in found.values() for b in some]
    draw = random.Random(seed)
    for some in found.values():
        draw.shuffle(some)
    picked: list[Break] = []
    while len(picked) < number and any(found.values()):
        for some in found.values():
            picked += [some.pop()] if some else []
    return sorted(picked[:number])


# ------------------------------------------------------------------------------------------------- which tests


class Known(NamedTuple):
    """Of every test its seconds, and of every (file, line) the tests that run it."""

    seconds: dict[str, float]
    running: dict[str, list[str]]


def known() -> Known:
    """What one run of the tests under coverage.py says; kept in the temporary folder for these very sources."""
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / "verify").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]):
        digest.update(path.read_bytes())
    kept = Path(tempfile.gettempdir()) / f"verifier-breaks-{digest.hexdigest()[:16]}.json"
    if not kept.exists():
        kept.write_text(json.dumps(_measured()), encoding="utf-8")
    return Known(*json.loads(kept.read_text(encoding="utf-8")))


def _measured() -> Known:
    from coverage import CoverageData

    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "coveragerc"
        parts = "".join(f"\n    {ROOT / 'verify' / room}/*" for room in ROOMS)
        settings.write_text(f"[run]\ndynamic_context = test_function\ninclude ={parts}\n", encoding="utf-8")
        data = Path(folder) / "data"
        command = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", f"--data-file={data}"]
        command += ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=0", "--durations-min=0.0", *TESTS]
        print("running the tests once, to see which lines each runs ...", file=sys.stderr)
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if ran.returncode:
            sys.exit(f"the tests fail as they are:\n{ran.stdout[-3000:]}")
        seconds: dict[str, float] = {}
        for line in ran.stdout.splitlines():
            words = line.split()
            if len(words) >= 3 and words[0].endswith("s") and words[1] in ("call", "setup"):
                test = words[2].partition("[")[0]
                seconds[test] = seconds.get(test, 0.0) + float(words[0][:-1])
        return Known(seconds, _lines(CoverageData(str(data)), list(seconds)))


def _lines(data: object, tests: list[str]) -> dict[str, list[str]]:
    """(file:line) -> tests; coverage.py names a test by module (or class) and function, pytest by path and function."""
    by_name: dict[str, list[str]] = {}
    for test in tests:
        path, *functions = test.split("::")
        by_name.setdefault(".".join([Path(path).stem, *functions][-2:]), []).append(test)
    data.read()  # type: ignore[attr-defined]
    found: dict[str, list[str]] = {}
    for file in data.measured_files():  # type: ignore[attr-defined]
        relative = Path(file).relative_to(ROOT).as_posix()
        for line, contexts in data.contexts_by_lineno(file).items():  # type: ignore[attr-defined]
            names = {".".join(context.split(".")[-2:]) for context in contexts if context}
            found[f"{relative}:{line}"] = sorted(test for name in names for test in by_name.get(name, ()))
    return found


def tests_of(b: Break, facts: Known) -> list[str]:
    """The tests that run the line, the quickest first: as many as the budget has room for, but one in any case."""
    running = facts.running.get(f"{b.file}:{b.line}", [])
    if not running:  # module level: whatever runs any line of the file
        running = sorted({t for place, tests in facts.running.items() if place.startswith(f"{b.file}:") for t in tests})
    picked, spent = [], 0.0
    for test in sorted(running, key=lambda t: facts.seconds.get(t, 0.0)):
        spent += facts.seconds.get(test, 0.0)
        if picked and spent > BUDGET:
            break
        picked.append(test)
    return picked


# --------------------------------------------------------------------------------------------------- one break


def caught(b: Break, tests: list[str], copy: Path) -> bool:
    """Whether the tests notice the break in this copy of the repository, which is left as it was."""
    path = copy / b.file
    text = path.read_text(encoding="utf-8")
    path.write_text(b.applied(text), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n0", *tests]
    try:
        ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=HANG, check=False)
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(text, encoding="utf-8")
    return ran.returncode != 0


def main() -> int:
    """Break, run, report; 1 if something survives that should not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--breaks", type=int, default=240, help="how many, drawn evenly from all files (0: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only files whose path holds this")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    picked, facts = chosen(arguments.only, arguments.breaks, arguments.seed), known()
    survivors: list[Break] = []
    with tempfile.TemporaryDirectory() as folder:
        copies = [Path(folder) / str(n) for n in range(arguments.jobs)]
        for copy in copies:
            shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__", ".*_cache"))

        def work(share: int) -> None:
            for b in picked[share :: arguments.jobs]:
                tests = tests_of(b, facts)
                if not tests or not caught(b, tests, copies[share]):
                    survivors.append(b)
                    why = HARMLESS.get(b.name, "no test runs the line" if not tests else "")
                    print(f"survives  {b.file}:{b.line}  {b.function}: {b.what}  {why}", flush=True)

        with ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(work, range(arguments.jobs)))
    left = [b for b in survivors if b.name not in HARMLESS]
    counts = f"{len(picked) - len(survivors)} caught, {len(survivors)} survive, {len(left)} without a reason"
    print(f"{len(picked)} breaks: {counts}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
