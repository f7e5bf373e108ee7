"""The source of an error: an exception of user code is reported as such, and an error of ours as an internal error."""

from __future__ import annotations

import importlib
import math
import operator
import signal
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.checks.case import Case
from backproof.verify.checks.table import CHECKS, OF_ARRAYS, Check
from backproof.verify.mirror.table import MIRROR
from backproof.verify.results.findings import Source, Verdict
from backproof.verify.run.tasks import found_by
from backproof.verify.subjects.boundary import SubjectCode, number, subject_code
from backproof.verify.subjects.functions.arguments import beside_spec
from backproof.verify.subjects.functions.pairs import FunctionPair
from backproof.verify.subjects.operation import Operation, Run
from backproof.verify.support.errors import (
    DerivativeError,
    NotTraced,
    SubjectError,
    SubjectStopped,
    UsageError,
    in_a_line,
    kind_of,
)
from backproof.verify.support.limits import OutOfTime, alarm, rings
from backproof.verify.terms.term import symbol
from backproof.verify.tracing.branches import explore
from backproof.verify.tracing.functions import FUNCTIONS
from backproof.verify.tracing.symbolic import symbolic
from tests.verify.subjects.error_helpers import FEW, case_of_relu6, compiled_in, partial, raising, square

for _check in (*CHECKS, *OF_ARRAYS):  # modules loaded while an error is planted would keep it
    importlib.import_module(f"backproof.verify.checks.{_check.name}")


class Theirs(BaseException):
    """Code may derive from BaseException."""


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Loud(Exception):
    def __str__(self) -> str:
        raise Theirs


def _recurses(*x: Any) -> Any:
    return _recurses(*x)


RAISING = {
    "ZeroDivisionError: division by zero": lambda *_: 1 / 0,
    "AttributeError: 'object' object has no attribute 'nothing'": lambda *_: object().nothing,  # type: ignore[attr-defined]
    "KeyError: 'no'": lambda *_: {}["no"],
    "SubjectStopped: it exits (code 3)": raising(SystemExit(3)),
    "SubjectStopped: it raises KeyboardInterrupt": raising(KeyboardInterrupt()),
    "RecursionError: maximum recursion depth exceeded": _recurses,
    "MemoryError": raising(MemoryError()),
    "Theirs: mine": raising(Theirs("mine")),
    "Mute": raising(Mute()),
    "Loud": raising(Loud()),
    "UsageError: of ours, and raised by them": raising(UsageError("of ours, and raised by them")),
    "AssertionError": raising(AssertionError()),
    "NameError: name 'q' is not defined": raising(NameError("name 'q' is not defined")),
}
"""What user code may do, by the line that reports it."""


# ------------------------------------------------------------------------------------------------------ the boundary


@pytest.mark.parametrize("line", RAISING)
def test_whatever_code_raises_is_a_subject_error(line: str) -> None:
    with pytest.raises(SubjectError) as caught, subject_code:
        RAISING[line]()
    assert in_a_line(caught.value).startswith(line)
    assert kind_of(caught.value) == line.partition(":")[0]
    assert caught.value.__cause__ is not None


def test_exceptions_of_the_tracer_propagate_unchanged() -> None:
    for error in (NotTraced("too many paths"), SubjectStopped("it hangs"), SubjectError("once is enough")):
        with pytest.raises(SubjectError) as caught, subject_code, SubjectCode("inner"):
            raise error
        assert caught.value is error
    assert in_a_line(NotTraced("too many paths")) == "NotTraced: too many paths"


def test_other_exceptions_propagate() -> None:
    for error in (OutOfTime(), pytest.skip.Exception("not here")):
        with pytest.raises(type(error)), subject_code:
            raise error
    with pytest.raises(KeyboardInterrupt), subject_code:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(not rings(), reason="no alarm here: nothing can interrupt the code")
def test_the_alarm_reaches_code_that_catches_what_it_can() -> None:
    def hangs() -> None:
        while True:
            try:
                math.factorial(200)
            except Exception:
                continue

    with pytest.raises(OutOfTime), alarm(0.05), subject_code:
        hangs()


def test_nothing_raised_is_nothing_changed() -> None:
    with subject_code:
        found = 1
    assert found == 1


def test_results_are_read_at_the_boundary() -> None:
    class Odd:
        def __float__(self) -> float:
            raise KeyError("odd")

    assert number(np.float32(0.5)) == 0.5
    for given, line in (
        (None, "TypeError: the result None (NoneType) is not a real number"),
        (Odd(), "KeyError: 'odd'"),
        (np.zeros(2), "TypeError: only"),
        (10**400, "OverflowError: int too large"),
    ):
        with pytest.raises(SubjectError) as caught:
            number(given)
        assert in_a_line(caught.value).startswith(line)


# ------------------------------------------------------------------------------------ exceptions of user code


def _told(forward: Callable[..., Any], backward: Callable[..., Any], **options: Any) -> list[str]:
    report = verify.check(forward, backward, "x**2", names=("x",), points=60, raises=False, **options)
    return [text for f in report.findings for text in (f.message, *(t for _, t in f.details))]


def _with_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, g: function(x, g)


@pytest.mark.parametrize("line", RAISING)
def test_a_backward_that_raises_is_reported_as_user_code(line: str) -> None:
    texts = _told(square, _with_arguments(RAISING[line]))
    assert any(line in text for text in texts)
    assert not any("internal error" in text for text in texts)


@pytest.mark.parametrize("line", RAISING)
def test_a_forward_that_raises_is_reported_as_user_code(line: str) -> None:
    texts = _told(lambda x: RAISING[line](x), partial)
    assert any(line in text for text in texts)
    assert not any("internal error" in text for text in texts)


@pytest.mark.parametrize("line", [line for line in RAISING if not line.startswith(("Recursion", "Memory"))])
def test_array_rules_that_raise_are_reported_as_user_code(line: str) -> None:
    with pytest.raises(DerivativeError) as caught:
        verify.check(lambda x: 2 * x, _with_arguments(RAISING[line]), shapes={"x": 40}, points=20)
    assert any(line in f.message for f in caught.value.findings)
    assert not any("internal error" in f.message for f in caught.value.findings)


class Outside(Operation):
    """An adapter's operation without a boundary."""

    name, inputs = "square", ("x",)

    def __init__(self, partial: Callable[[Any], Any]) -> None:
        self.partial = partial

    @property
    def source(self) -> Source:
        return Source("outside.py", 1)

    def run(self, data: Any, *, upstream: Any = 1.0, before: Any = None) -> Run:
        out = self.forward(*data)
        (had,) = before or (0,)
        return Run(out, (had + upstream * self.partial(*data),), tuple(data), out, upstream)

    def forward(self, *data: Any) -> Any:
        return data[0] ** 2


@pytest.mark.parametrize("line", [line for line in RAISING if not line.startswith("UsageError")])
def test_an_adapter_from_outside_needs_no_boundary_of_its_own(line: str) -> None:
    case = Case(Outside(RAISING[line]), MIRROR["square"][0], FEW)
    findings = [f for check in CHECKS for f in found_by(check, [case])]
    assert any(line in text for f in findings for text in (f.message, *(t for _, t in f.details)))
    assert not any("internal error" in f.message for f in findings)
    right = Case(Outside(lambda x: 2 * x), MIRROR["square"][0], FEW)
    assert [f.verdict for f in found_by(CHECKS[0], [right])] == [Verdict.PROVED]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SubjectError("KeyError: 1", KeyError(1)), "the operation raises KeyError: 1"),
        (SubjectStopped("it exits (code 3)"), "the operation exits (code 3)"),
        (SubjectError("MemoryError", MemoryError()), "the check ran out of memory"),
        (RecursionError("maximum"), "the check recursed too deeply"),
        (TypeError("no"), "an internal error, please report it: TypeError: no"),
    ],
)
def test_a_check_that_does_not_end_names_the_cause(error: Exception, message: str) -> None:
    class Falls(Check):
        def run(self, case: Any) -> Any:
            raise error

    found = found_by(Falls("points", CHECKS[0].question), [case_of_relu6()])
    verdict = Verdict.STOPPED if "memory" in message else Verdict.INCONCLUSIVE
    assert [(f.message, f.verdict) for f in found] == [(message, verdict)]


# ------------------------------------------------------------------------------------------- what a symbol cannot do


@pytest.mark.parametrize(
    ("partial", "line"),
    [
        (lambda x: math.ldexp(x, 1), "TypeError: the symbol x was converted to a float"),
        (lambda x: np.zeros(2).item(x), "TypeError: 'Term' object cannot be interpreted as an integer"),
        (lambda x: np.zeros(x), "TypeError: "),
        (lambda x: 2 * x.shape, "AttributeError: 'float' object has no attribute 'shape'"),
        (lambda x: 2 * [x][x], "TypeError: list indices must be integers or slices, not Term"),
        (lambda x: 2 * np.array([[x], [x, x]])[0], "ValueError: setting an array element"),
        (lambda x: 2 * np.linalg.pinv(np.array([[x, 0], [0, 1]]))[0, 0], "UFuncTypeError: Cannot cast ufunc 'svd_s'"),
        (lambda x: x * complex(2), "TypeError: (2+0j) (complex) is not a number that a term can hold"),
        (lambda x: 2 * math.gamma(x, x), "TypeError"),
        (lambda x: 2 * np.nothing(x), "AttributeError: module 'numpy' has no attribute 'nothing'"),
    ],
)
def test_code_that_cannot_be_traced_is_reported(partial: Callable[..., Any], line: str) -> None:
    pair = FunctionPair(square, lambda x, g: g * partial(x), inputs=("x",))
    with pytest.raises(SubjectError) as caught:
        pair.traced()
    assert in_a_line(caught.value).startswith(line)
    assert kind_of(caught.value) in pair.written()[0]
    (found,) = found_by(CHECKS[0], [Case(*beside_spec(pair, "x**2"), FEW)])
    assert found.message.startswith(f"not proved: the rule does not run on symbols ({line}")
    assert found.verdict is Verdict.MATCHED


X, Y = symbol("x"), symbol("y")
PASSED = (
    *(X, X > 0, None, "s", [X, Y], (X, [Y]), 2, 0, -3, 0.5, math.nan, 1j, {}, True, object()),
    *(np.array([1.0, 2.0]), np.array([[X, Y], [Y, X]], dtype=object)),
)
"""What code may pass, sensible or not."""

OPERATORS = (
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.floordiv, operator.mod),
    *(operator.lt, operator.eq, operator.and_, operator.getitem, operator.matmul, divmod),
)


def _passes_for_ours(function: Callable[..., Any], *arguments: Any) -> bool:
    """Whether an error of a call is classified as ours."""

    def run() -> tuple[Any, ...]:
        with subject_code:
            function(*arguments)
        return ()

    try:
        with np.errstate(all="ignore"):
            explore(run, limit=8)
    except SubjectError:
        return False
    except Exception:  # what else is raised is taken for ours
        return True
    return False


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("module", ["math", "numpy", pytest.param("scipy.special", marks=pytest.mark.optional)])
def test_invalid_arguments_of_our_functions_are_errors_of_user_code(module: str, name: str) -> None:
    home = pytest.importorskip(module, reason="SciPy is not installed: pip install scipy")
    if not hasattr(home, name):
        return
    scope = {"home": home, "__name__": "theirs"}
    exec(f"def function(*arguments): return home.{name}(*arguments)", scope)
    function: Any = symbolic(scope["function"])  # type: ignore[arg-type]
    calls = [(), *((x,) for x in PASSED), *pairwise(PASSED), *zip(PASSED, PASSED[1:], PASSED[2:], strict=False)]
    assert [call for call in calls if _passes_for_ours(function, *call)] == []


@pytest.mark.parametrize("function", OPERATORS)
def test_invalid_operands_of_our_operators_are_errors_of_user_code(function: Callable[..., Any]) -> None:
    assert [call for call in product(PASSED, PASSED) if _passes_for_ours(function, *call)] == []


@pytest.mark.parametrize(
    ("module", "name", "text"),
    [
        ("terms.term", "apply", "def apply(op, *args): return args.nothing"),
        ("terms.term", "apply", "def apply(op, *args): return len(5)"),
        ("terms.term", "_cons", "def _cons(kind, op, args, value=None): return {}[op]"),
        ("terms.term", "_cons", "def _cons(kind, op, args, value=None): assert False"),
        ("terms.term", "term", "def term(x): return undefined(x)"),
        ("tracing.rebuild", "covers", "def covers(module): return undefined"),
        ("subjects.functions.pairs", "gradients_of", "def gradients_of(*_): return undefined"),
    ],
)
def test_an_error_of_ours_called_from_user_code_is_an_internal_error(
    module: str, name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def logarithm(x: Any) -> Any:
        return np.log10(x) * math.log(10)

    pair = FunctionPair(logarithm, lambda x, g: g / x, inputs=("x",))
    planted = compiled_in(module, text)
    case = Case(*beside_spec(pair, "log(x)"), FEW)
    monkeypatch.setattr(importlib.import_module(f"backproof.verify.{module}"), name, planted)
    with pytest.raises(Exception) as caught:  # whichever it is
        pair.traced()
    assert not isinstance(caught.value, SubjectError)
    found = found_by(CHECKS[0], [case])
    monkeypatch.undo()
    (finding,) = found
    assert finding.message.startswith("an internal error, please report it: ")
    assert finding.verdict is Verdict.INCONCLUSIVE
