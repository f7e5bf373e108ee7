"""A quiz in a terminal: question, answer, verdict, and three hints on request."""

from __future__ import annotations

from collections.abc import Callable

from backproof.derivations.pages.document import Document, Paragraph
from backproof.derivations.quiz.exercises import Exercise, Quiz
from backproof.derivations.quiz.grade import Word
from backproof.verify.support.errors import UsageError

Say = Callable[[str], None]
Ask = Callable[[str], str]
Printer = Callable[[Document], str]

_HELP = "Answer, or type: hint, skip, quit."


def dialogue(q: Quiz, printer: Printer, ask: Ask = input, say: Say = print) -> int:
    """Poses every exercise; returns the number of right answers."""
    say(f"{len(q.exercises)} exercises. {_HELP}")
    right = 0
    for number, exercise in enumerate(q.exercises, 1):
        say(f"\n{number}. {_line(exercise.question, printer)}")
        try:
            right += _asked(exercise, printer, ask, say)
        except EOFError:
            break
    say(f"\n{right} of {len(q.exercises)} right.")
    return right


def _asked(exercise: Exercise, printer: Printer, ask: Ask, say: Say) -> bool:
    """One exercise, until it is right or given up; raises EOFError at the end of the input."""
    hints = iter(exercise.hints)
    while True:
        answer = ask("> ").strip()
        match answer.lower():
            case "":
                say(_HELP)
            case "quit":
                raise EOFError
            case "hint":
                hint = next(hints, None)
                say(_line(hint, printer) if hint is not None else "There are no more hints.")
            case "skip":
                say("The answer: " + _line(exercise.answer, printer))
                return False
            case _:
                verdict = exercise.grade_answer(answer)
                say(f"{verdict.word.value}: {verdict.message}")
                if verdict.word is Word.RIGHT:
                    return True
                if verdict.word is Word.OTHER_FORM:
                    say("That counts; the requested form is: " + _line(exercise.answer, printer))
                    return True


def judged(q: Quiz, text: str, say: Say) -> bool:
    """Grades "N=ANSWER"; True if the answer counts.

    Raises UsageError if there is no exercise with that number.
    """
    number, equals, answer = text.partition("=")
    if not equals or not number.strip().isdecimal() or not 1 <= int(number) <= len(q.exercises):
        raise UsageError(f"--judge {text!r}: write N=ANSWER with N from 1 to {len(q.exercises)}")
    verdict = q.exercises[int(number) - 1].grade_answer(answer.strip())
    say(f"{int(number)}. {verdict}")
    return verdict.good


def _line(text, printer: Printer) -> str:  # type: ignore[no-untyped-def]
    return printer(Document("line", "", (Paragraph(text),))).strip()
