"""The prover checked by the mean value theorem, and planted prover errors that this must detect."""

import random
import subprocess
import sys
from fractions import Fraction

import pytest

from backproof.verify.proof import fuzz as fuzz_module
from backproof.verify.proof.cell import Cell
from backproof.verify.proof.field import differential_field as field_module
from backproof.verify.proof.field import functions as functions_module
from backproof.verify.proof.field import signs as signs_module
from backproof.verify.proof.field import special_functions as special_module
from backproof.verify.proof.field.algebra import GENS, NoValue, generator, number
from backproof.verify.proof.field.differential_field import DERIVATIVES, Field
from backproof.verify.proof.field.signs import known_sign
from backproof.verify.proof.fuzz import Tally, function_of_x, fuzz, main, rewritten
from backproof.verify.terms.term import symbol


def test_nothing_is_violated():
    tally = fuzz(200, seed=5)
    assert tally.violations == []
    assert tally.derivatives > 120
    assert tally.proved_true > 50


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(11, 16))  # in parts, which several processes share
def test_nothing_is_violated_in_a_hundred_thousand(seed):
    tally = fuzz(20_000, seed=seed)
    assert tally.violations == []
    assert tally.proved_true > 0.95 * tally.true


def test_the_same_seed_gives_the_same_functions():
    assert str(fuzz(30, seed=3)) == str(fuzz(30, seed=3))


GROWTH = """
from backproof.verify.proof.fuzz import fuzz


def pages():
    return int(open("/proc/self/statm").read().split()[1])


for _ in range(3):
    fuzz(60, seed=2)
before = pages()
for _ in range(6):
    fuzz(60, seed=2)
print(pages() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the memory in use is read from /proc")
def test_a_proof_that_is_done_again_takes_no_more_memory():
    """Every text of a polynomial leaks a kilobyte: as dictionary keys they took 7 a function."""
    told = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True)
    assert int(told.stdout) < 100  # of 4 KiB, for 360 functions


def test_true_rewritings_are_nearly_always_proved():
    tally = fuzz(200, seed=9)
    assert tally.proved_true >= 0.9 * tally.true > 0


def test_the_command_prints_the_tally(capsys):
    assert main(["--count", "10", "--seed", "1"]) == 0
    assert capsys.readouterr().out.startswith("10 functions")


WRONG_DERIVATIVES = {
    "atan": lambda field, g, inner: inner / (number(1) + (g.argument * g.argument).scaled(2)),
    "cos": lambda field, g, inner: generator(g.partner) * inner,
    "exp": lambda field, g, inner: generator(g.index),
    "log": lambda field, g, inner: inner / (g.argument * g.argument),
    "root": lambda field, g, inner: generator(g.index) * inner / g.argument,
    "gamma": lambda field, g, inner: special_module.polygamma(field, 0, g.argument) * inner,
    "polygamma": lambda field, g, inner: special_module.polygamma(field, int(g.parameters[0]), g.argument) * inner,
    "bessel_j": lambda field, g, inner: special_module.bessel(field, g.kind, g.parameters[0] - 1, g.argument) * inner,
    "erfinv": lambda field, g, inner: functions_module.exp(field, generator(g.index)) * inner,
    "gammainc": lambda field, g, inner: functions_module.exp(field, -g.argument) * inner,
}


@pytest.mark.parametrize("kind", WRONG_DERIVATIVES)
def test_a_wrong_derivative_in_the_table_is_caught(monkeypatch, kind):
    monkeypatch.setitem(DERIVATIVES, kind, WRONG_DERIVATIVES[kind])
    assert any(fuzz(200, seed=seed).violations for seed in range(12))


def test_a_false_relation_is_caught(monkeypatch):
    true_relation = Field.relation

    def relation(self, g):
        return (2, 1 + GENS[g.partner] ** 2) if g.kind == "cos" else true_relation(self, g)

    monkeypatch.setattr(Field, "relation", relation)
    assert fuzz(500, seed=0).violations


def test_a_false_recurrence_is_caught(monkeypatch):
    def lowered(field, p):
        return special_module.CONSTANT_ZERO.num if special_module._highest(field, p) else p

    monkeypatch.setattr(field_module, "LOWERED", [lowered])
    assert any(fuzz(100, seed=seed).violations for seed in range(8))


def test_a_test_for_zero_that_is_too_generous_is_caught(monkeypatch):
    def reduced(self, u, true_reduced=Field.reduced):
        u = true_reduced(self, u)
        return u if len(u.num) > 1 else field_module.CONSTANT_ZERO  # a single term is dropped

    monkeypatch.setattr(Field, "reduced", reduced)
    assert fuzz(200, seed=0).violations


def test_cells_that_are_forgotten_are_caught(monkeypatch):
    monkeypatch.setattr(signs_module, "_nowhere_opposite", lambda field, p: 1)
    assert any("no cell" in v for seed in range(8) for v in fuzz(200, seed=seed).violations)


def test_a_domain_cut_short_is_caught(monkeypatch):
    def power(field, u, c, true_power=functions_module.power):
        if known_sign(field, u - number(1)) != 1 and u.constant() is None:
            raise NoValue("a root of a number that is not above 1")
        return true_power(field, u, c)

    monkeypatch.setattr(functions_module, "power", power)
    assert any("has a value" in v for seed in range(8) for v in fuzz(200, seed=seed).violations)


def test_a_claim_that_misses_the_secant_is_a_violation():
    x = symbol("x")
    secant, (right, wrong) = fuzz_module.secant_and_claims(x * x, (2 * x, 3 * x), fuzz_module.Fraction(1, 3))
    assert not fuzz_module._contradicted(secant, right)
    assert fuzz_module._contradicted(secant, wrong)


def test_functions_and_rewritings_are_terms_in_x():
    source = random.Random(0)
    for _ in range(50):
        f, partial = function_of_x(source, 3)
        assert repr(f)
        assert repr(rewritten(source, partial))
    assert str(Tally()).startswith("0 functions")


@pytest.mark.parametrize(("low", "high"), [(None, None), (None, -5), (5, None), (2, 3)])
def test_a_random_point_of_a_cell_lies_in_it(low, high):
    source = random.Random(0)
    cell = Cell((("x", None if low is None else Fraction(low), None if high is None else Fraction(high)),))
    for _ in range(5):
        found = fuzz_module._inside(cell, source)
        assert found is not None
        assert low is None or low < found
        assert high is None or found < high
