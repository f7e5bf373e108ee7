"""Locating a class: what can be named, and one clear line for what cannot."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from backproof import engine
from backproof.verify.subjects.engines.discovery import surveyed
from backproof.verify.subjects.load import Place, place_of
from backproof.verify.subjects.sandbox import apart
from backproof.verify.support.errors import UsageError
from backproof.verify.support.worker import Failed

ENGINE = """
class Value:
    def __init__(self, data, _prev=()):
        self.data, self.grad, self._prev, self._backward = data, 0, _prev, lambda: None

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("nowhere.py:Value", "nowhere.py: no such file"),
        ("micrograd.engine:", "names no class"),
        (":Value", "names no class"),
        ("micrograd.engine:Val ue", "names no class"),
        ("no/module:Value", "names no module"),
    ],
)
def test_invalid_places(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        place_of(spec)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("no_such_package.engine:Value", "No module named 'no_such_package'; install it"),
        ("micrograd.engine:Vale", "did you mean 'Value'"),
        ("math:pi", "is a float, not a class"),
        ("builtins:int", "int is not an engine"),
        ("string", "no class that looks like an engine"),
    ],
)
def test_missing_places(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        surveyed(place_of(spec))


def test_a_file_called_engine_does_not_take_the_place_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "engine", raising=False)  # our short name, if a test has used it here
    kind = Place(str(written(tmp_path, "engine.py", ENGINE)), "Value").load()
    monkeypatch.delitem(sys.modules, "engine")
    assert sys.modules["backproof.engine"] is engine
    assert kind.__module__ == "engine"
    assert kind is not engine.Value


def test_a_file_called_like_a_standard_module_is_not_imported_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    place_of(f"{written(tmp_path, 'numbers.py', 'PAIRS = 3')}:PAIRS").load_module()
    monkeypatch.delitem(sys.modules, "numbers")
    import numbers  # as fractions.py and decimal.py do, in a process that has not imported them yet

    assert issubclass(int, numbers.Number)


def test_a_file_finds_its_neighbours(tmp_path: Path) -> None:
    written(tmp_path, "neighbour_of_ours.py", "LEAST = 3")
    path = written(tmp_path, "with_neighbour.py", f"from neighbour_of_ours import LEAST\n{ENGINE}")
    assert [o.name for o in surveyed(place_of(str(path))).operations] == ["mul"]


def test_a_file_of_a_package_may_import_relatively(tmp_path: Path) -> None:
    written(tmp_path, "small_package/__init__.py", "")
    written(tmp_path, "small_package/base.py", "LEAST = 3")
    path = written(tmp_path, "small_package/nodes.py", f"from .base import LEAST\n{ENGINE}")
    assert [o.name for o in surveyed(place_of(str(path))).operations] == ["mul"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1/0", "cannot be imported: ZeroDivisionError"),
        ("def", "cannot be imported: SyntaxError"),
        ("import sys; sys.exit(4)", "cannot be imported: SystemExit: 4"),
        ("import os; os._exit(4)", "its import ended the process with code 4"),
        ("def f(): f()\nf()", "cannot be imported: RecursionError"),
        ("class Value:\n    def __init__(self, x): import os; os._exit(2)", "no class that looks"),
        ("class Value:\n    def __init__(self, x): 1/0\n    def backward(self): ...", "does not work"),
        ("import os\nclass Value:\n    backward = __init__ = lambda *_: os._exit(2)", "constructor ended the process"),
        ("class Value:\n    def backward(self): ...", "does not work"),
        ("class Value:\n    def __init__(self, x): self.data = x\n    def backward(self): ...", "has no gradient"),
    ],
)
def test_an_engine_that_cannot_be_loaded_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        surveyed(place_of(str(written(tmp_path, "broken.py", text))))
    assert "\n" not in str(caught.value)


def test_an_engine_whose_import_does_not_end_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"its import did not end within 0\.5 s"):
        surveyed(place_of(str(written(tmp_path, "broken.py", "while True: pass"))), seconds=0.5)


ODD = {
    "a metaclass that answers nothing": """
class Kind(type):
    def __getattribute__(cls, name): raise RuntimeError("no " + name)
class Value(metaclass=Kind):
    def __init__(self, data): self.data = data
    def backward(self): ...
""",
    "an error that cannot be pickled or shown": """
import threading
class Odd(Exception):
    def __init__(self, a, b): self.lock = threading.Lock()
    def __str__(self): return 1 / 0
raise Odd(1, 2)
""",
    "an exit that nothing catches": "raise BaseException('gone')",
    "an error of a thousand lines": "raise ValueError('\\n'.join(map(str, range(1000))))",
    "a recursion of many functions": "def f(x): return [g(x)]\ndef g(x): return {1: f(x)}\nf(1)",
    "no text": "\x00\x01",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_any_exception_of_an_import_is_reported_in_one_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        surveyed(place_of(str(written(tmp_path, "odd_engine.py", text)) + ":Value"))
    assert len(str(caught.value).splitlines()) == 1


def test_errors_of_the_separate_process_are_passed_as_text() -> None:
    """Not as exceptions, which may hold any object: one that is not pickled completely would become another."""

    def work(_: object) -> None:
        error = ValueError("first line\nsecond line")
        error.lock = threading.Lock()  # type: ignore[attr-defined]
        raise error

    with pytest.raises(Failed, match=r"^ValueError: first line$"):
        apart(work, at_hand=True)


def test_the_user_s_modules_are_not_modified() -> None:
    before = set(sys.modules)
    surveyed(place_of("micrograd.nn:Value" if "micrograd.nn" not in before else "micrograd.engine:Value"))
    assert set(sys.modules) - before == set()
