"""The mutants: enough of them, deterministic, each a change of one rule that compiles."""

from collections import Counter

import pytest

from backproof.engine import OPS, Value
from backproof.verify.mutants.edits import Mutation
from backproof.verify.mutants.generate import mutants, sample
from backproof.verify.mutants.source import built, method_of
from backproof.verify.subjects.engines.own import own_engine

ENGINE = own_engine()
ALL = mutants(ENGINE)


def test_there_are_enough():
    assert len(ALL) >= 2000


def test_every_rule_is_mutated_by_most_families():
    families = {name: {m.mutation for m in ALL if m.operation == name} for name in OPS}
    assert set(families) == set(OPS)
    everywhere = {
        *(Mutation.SIGN, Mutation.NEARLY, Mutation.UPSTREAM, Mutation.ACCUMULATION),
        *(Mutation.STATEMENT, Mutation.NEEDLE, Mutation.POINT, Mutation.DROPPED),
    }
    for name, found in families.items():
        missing = everywhere - found
        assert missing <= {Mutation.SIGN, Mutation.DROPPED, Mutation.OPERATOR}, name


def test_every_family_has_mutants():
    counts = Counter(m.mutation for m in ALL)
    assert set(counts) == set(Mutation)
    assert min(counts.values()) >= 20


def test_the_same_each_time():
    assert mutants(own_engine()) == ALL


def test_no_two_of_a_rule_are_the_same_and_none_is_the_rule():
    assert len({(m.operation, m.lines) for m in ALL}) == len(ALL)
    for name, attribute in OPS.items():
        own = method_of(Value, name, attribute).lines
        assert all(m.lines != own for m in ALL if m.operation == name)


def test_every_one_can_be_built():
    for mutant in ALL:
        kind = built(Value, mutant.attribute, mutant.lines)
        assert issubclass(kind, Value)
        assert mutant.attribute in vars(kind)


def test_a_mutant_describes_its_change():
    mutant = next(m for m in ALL if m.operation == "tanh" and m.what == "`+` for `-`")
    assert mutant.operand == "x"
    assert mutant.after == "self.grad += (1 + out.data ** 2) * out.grad"
    assert mutant.before == "self.grad += (1 - out.data ** 2) * out.grad"
    assert mutant.place.startswith("engine/rules/hyperbolic.py:")
    node = built(Value, "tanh", mutant.lines)(0.5)
    out = node.tanh()
    out.backward()
    assert node.grad == 1 + out.data**2


def test_the_line_is_the_one_in_the_file():
    for mutant in sample(ALL, 60):
        file, _, line = mutant.place.rpartition(":")
        with open(file, encoding="utf-8") as source:
            text = source.read().splitlines()[int(line) - 1]
        assert mutant.before.split(" ")[0] == text.strip().split(" ")[0]


def test_the_engine_itself_is_not_modified():
    built(Value, "tanh", next(m for m in ALL if m.operation == "tanh").lines)
    node = Value(0.5)
    out = node.tanh()
    out.backward()
    assert node.grad == 1 - out.data**2


@pytest.mark.parametrize("count", [52, 300, 10**6])
def test_a_sample_takes_from_every_rule(count):
    some = sample(ALL, count)
    assert len(some) == min(count, len(ALL))
    assert len({m.operation for m in some}) == len(OPS)
    assert some == sample(ALL, count)
    chosen = set(some)
    assert some == [m for m in ALL if m in chosen]


def test_only_the_named():
    assert {m.operation for m in mutants(ENGINE, ["tanh", "max"])} == {"tanh", "max"}
