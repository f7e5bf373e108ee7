"""Steps of traces on real numbers, and the domain that a formula shows: no framework is needed for these."""

from __future__ import annotations

import subprocess
import sys

import pytest

from backproof.verify.subjects.frameworks import Entry, Functions, framework_of, functions
from backproof.verify.subjects.frameworks.base import inputs_of, size
from backproof.verify.subjects.frameworks.catalogue import TABLES
from backproof.verify.subjects.frameworks.reals import (
    INFINITE,
    NEGATIVE,
    bounded,
    chosen,
    compared,
    larger,
    smaller,
    truth,
)
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.term import FALSE, TERMS, TRUE, compare, constant, symbol, where
from backproof.verify.tracing.branches import explore

X, Y = symbol("x"), symbol("y")
NAN = constant(float("nan"))


@pytest.mark.parametrize(
    ("op", "a", "b", "expected"),
    [
        ("lt", X, INFINITE, TRUE),
        ("eq", X, INFINITE, FALSE),
        ("ge", INFINITE, X, TRUE),
        ("gt", X, NEGATIVE, TRUE),
        ("lt", NEGATIVE, X, TRUE),
        ("lt", NEGATIVE, INFINITE, TRUE),
        ("eq", X, NAN, FALSE),
        ("ne", X, NAN, TRUE),
        ("ne", X, X, FALSE),
        ("le", X, X, TRUE),
        ("lt", X, Y, compare("lt", X, Y)),
    ],
)
def test_comparisons_of_real_numbers(op, a, b, expected):
    assert compared(op, a, b) is expected


def test_infinite_bounds_bound_nothing():
    assert bounded(X, NEGATIVE, INFINITE) is X
    assert larger(X, INFINITE) is INFINITE
    assert smaller(NEGATIVE, X) is NEGATIVE


def test_no_branch_is_followed_where_terms_are_only_distinguished():
    """While code is traced `==` between terms is a branch; none may be taken here."""
    asked = explore(lambda: (larger(X, Y), chosen(compared("lt", X, Y), X, Y)), limit=1)
    assert asked == (TERMS.maximum(X, Y), where(compare("lt", X, Y), X, Y))


def test_an_indicator_is_its_condition():
    c = compare("lt", X, Y)
    assert truth(where(c, 1, 0)) is c
    assert truth(X) is compare("ne", X, 0)


def test_size_counts_a_shared_part_each_time_it_is_written():
    term = X
    for _ in range(100):
        term = term + term
    assert size(term) == 2.0**101 - 1


def test_inputs_are_counted():
    assert inputs_of(lambda x: x) == ("x",)
    assert inputs_of(lambda a, b, c=1: a) == ("x", "y")
    with pytest.raises(UsageError, match="0 inputs"):
        inputs_of(lambda: 1)


def test_nothing_of_python_belongs_to_a_framework():
    assert framework_of(len) == framework_of(lambda x: x) == framework_of(int) == ""


def test_a_missing_framework_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(UsageError, match=r"pip install 'backproof\[jax\]'"):
        functions("jax")


def test_a_framework_of_which_a_part_is_missing_says_so_where_it_is_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, "backproof.verify.subjects.frameworks.jax_rules", None)
    with pytest.raises(UsageError, match=r"pip install 'backproof\[jax\]'"):
        Functions("jax", ()).prepare()




@pytest.mark.optional  # where there is one that could be
def test_no_framework_is_imported_before_it_is_used():
    code = "import sys, backproof.verify.subjects.frameworks; print({'jax', 'torch', 'autograd'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"


@pytest.mark.parametrize("framework", TABLES)
def test_tables_name_each_function_once(framework):
    specs = [entry.target for entry in TABLES[framework]]
    assert len(specs) == len(set(specs))
    assert all(isinstance(entry, Entry) for entry in TABLES[framework])
