"""Exercises: the same for the same seed, answerable by their own answers, and graded by proof."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backproof.derivations.pages.text import TextPrinter
from backproof.derivations.quiz.dialogue import dialogue, judged
from backproof.derivations.quiz.exercises import Exercise, Quiz, mutations, quiz, to_document
from backproof.derivations.quiz.grade import Word, grade_derivative, grade_names, grade_number, grade_point
from backproof.derivations.steps.derivation import cases_of, derive
from backproof.engine import OPS
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.notation.plain import ASCII
from backproof.verify.terms.term import constant, symbol

CASES = cases_of()
out, x = symbol("out"), symbol("x")


@pytest.fixture(scope="module")
def everything() -> Quiz:
    return quiz(list(CASES), CASES, 0)


def _of(q: Quiz, op: str) -> Iterator[Exercise]:
    return (e for e in q.exercises if e.op == op)


@pytest.mark.parametrize("op", OPS)
def test_four_kinds_for_every_operation(op: str, everything: Quiz) -> None:
    assert [e.kind for e in _of(everything, op)] == ["derivative", "keep", "find", "walk"]
    assert all(len(e.hints) == 3 for e in _of(everything, op))


@pytest.mark.parametrize("op", OPS)
def test_the_teachers_answers_are_right(op: str, everything: Quiz) -> None:
    partial, keep, find, walk = _of(everything, op)
    formula = partial.answer[0].parts[2]  # type: ignore[union-attr]
    names = {"s", "t"} & {name for name in ("s", "t") if f"{name} " in f"{ASCII(formula)} "}  # type: ignore[arg-type]
    if not names and "|" not in ASCII(formula) and "{" not in ASCII(formula):  # type: ignore[arg-type]
        assert partial.grade_answer(ASCII(formula)).word is Word.RIGHT, ASCII(formula)  # type: ignore[arg-type]
    assert keep.grade_answer(str(keep.answer[0])).word is Word.RIGHT
    point = str(find.answer[0]).removeprefix("for example ").partition(":")[0]
    assert find.grade_answer(point).word is Word.RIGHT
    assert walk.grade_answer(str(walk.answer[0]).partition(",")[0]).word is Word.RIGHT


@pytest.mark.parametrize("op", OPS)
def test_silly_answers_are_not_right(op: str, everything: Quiz) -> None:
    partial, keep, find, walk = _of(everything, op)
    assert partial.grade_answer("12345").word is Word.WRONG
    assert keep.grade_answer("banana").word is Word.UNREADABLE
    assert find.grade_answer("").word is Word.UNREADABLE
    assert walk.grade_answer("12345").word is Word.WRONG


def test_a_seed_is_a_sheet_and_another_seed_another() -> None:
    def sheet(seed: int) -> str:
        return TextPrinter()(to_document(quiz(["tanh", "gelu"], CASES, seed), answers=True))

    assert sheet(0) == sheet(0)
    assert len({sheet(seed) for seed in range(5)}) > 1


def test_an_operations_exercises_do_not_depend_on_the_others(everything: Quiz) -> None:
    alone = quiz(["gelu"], CASES, 0)
    assert [e.question for e in alone.exercises] == [e.question for e in _of(everything, "gelu")]


def test_answers_are_on_the_teachers_sheet_only() -> None:
    q = quiz(["tanh"], CASES, 0)
    assert "Answer" not in TextPrinter()(to_document(q))
    assert TextPrinter()(to_document(q, answers=True)).count("Answer") == 4


# ---------------------------------------------------------------------------------------------- verdicts


def _partial(op: str, text: str, operand: int = 0) -> tuple[Word, str]:
    d = derive(op)
    found = grade_derivative(CASES[op], operand, d.derived[operand].path.result, text, d.worked_form.constants)
    return found.word, found.message


@pytest.mark.parametrize(
    ("op", "text", "word"),
    [
        ("tanh", "1 - out**2", Word.RIGHT),
        ("tanh", "(1 - out)*(1 + out)", Word.RIGHT),
        ("tanh", "1/cosh(x)^2", Word.OTHER_FORM),
        ("tanh", "4/(e^x + e^(-x))^2", Word.OTHER_FORM),
        ("tanh", "1 - x**2", Word.WRONG),
        ("tanh", "1 - out**2 + 1e-9", Word.WRONG),
        ("sigmoid", "out - out²", Word.RIGHT),
        ("relu", "x > 0", Word.RIGHT),
        ("relu", "1[x >= 0]", Word.RIGHT),
        ("relu", "max(x, 0)/x", Word.WRONG),
        ("gelu", "Φ(x) + x·φ(x)", Word.RIGHT),
        ("gelu", "Φ(x)", Word.WRONG),
        ("power", "n*x**(n-1)", Word.RIGHT),
        ("power", "x**(n-1)", Word.WRONG),
        ("elu", "1 if x > 0 else α·e^x", Word.RIGHT),
        ("mul", "y", Word.RIGHT),
        ("mul", "x", Word.WRONG),
        ("tanh", "sech(x)**2", Word.UNREADABLE),
    ],
)
def test_verdicts_on_formulas(op: str, text: str, word: Word) -> None:
    assert _partial(op, text)[0] is word


def test_a_wrong_formula_comes_with_the_simplest_point() -> None:
    assert _partial("tanh", "1 + out**2")[1] == "at x = 1 it gives 1.5800257, the derivative is 0.41997434."


def test_the_second_operand() -> None:
    assert _partial("div", "-out/y", 1)[0] is Word.RIGHT
    assert _partial("div", "-x/y^2", 1)[0] is Word.OTHER_FORM


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("1", Word.RIGHT),
        ("x = -1/2", Word.RIGHT),
        ("0", Word.WRONG),
        ("y = 1", Word.UNREADABLE),
        ("x", Word.UNREADABLE),
    ],
)
def test_verdicts_on_points(text: str, word: Word) -> None:
    assert grade_point(CASES["tanh"][0], 0, 1 + out**2, text, {}).word is word


def test_a_point_outside_of_the_domain() -> None:
    assert "domain" in grade_point(CASES["log"][0], 0, x, "-1", {}).message


@pytest.mark.parametrize(
    ("text", "word"),
    [("out", Word.RIGHT), ("x", Word.WRONG), ("x and out", Word.WRONG), ("nothing", Word.WRONG), ("", Word.UNREADABLE)],
)
def test_verdicts_on_names(text: str, word: Word) -> None:
    assert grade_names(("out",), text).word is word


def test_the_word_nothing_is_an_answer() -> None:
    assert grade_names((), "nothing").word is Word.RIGHT


@pytest.mark.parametrize(("text", "word"), [("0.5", Word.RIGHT), ("1/2", Word.RIGHT), ("0.501", Word.WRONG)])
def test_verdicts_on_numbers(text: str, word: Word) -> None:
    assert grade_number(0.5, text).word is word


def test_mutations_change_something() -> None:
    right = out * (1 - out)
    assert len(list(mutations(right))) >= 4
    assert right not in mutations(right)
    assert list(mutations(constant(1))) == []


# ---------------------------------------------------------------------------------------------- the dialogue


def test_a_dialogue() -> None:
    lines: list[str] = []
    answers = iter(["hint", "hint", "hint", "hint", "", "1 - x^2", "1/cosh(x)^2", "out", "skip"])

    def ask(_: str) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    assert dialogue(quiz(["tanh"], CASES, 0), TextPrinter(), ask, lines.append) == 2
    text = "\n".join(lines)
    assert "There are no more hints." in text
    assert "wrong: at x = 1" in text
    assert "That counts" in text
    assert "The answer: for example" in text
    assert text.endswith("2 of 4 right.")


def test_grading_from_the_command_line() -> None:
    lines: list[str] = []
    q = quiz(["tanh"], CASES, 0)
    assert judged(q, "1=1 - out^2", lines.append)
    assert not judged(q, "2=x", lines.append)
    with pytest.raises(UsageError, match="from 1 to 4"):
        judged(q, "5=x", lines.append)
