"""Forged certificates, each refused: known tricks, traps of the cover, and of the boundaries."""

import json
from typing import Any

import pytest

from backproof.verify.proof.certificate.checker import check
from backproof.verify.terms.term import TERMS, symbol
from tests.verify.proof.certificate.made import certified, leaves, of_engine, problem, rules_of, tanh

T: Any = TERMS
x, y = symbol("x"), symbol("y")
ONE = [["1", []]]


# --------------------------------------------------------------------------- of cases/trust/forge_certificates.py


def test_an_exponential_that_is_called_x_is_no_symbol():
    """d x/dx would be 0: a rule that returns nothing."""
    document = certified(x * x, 2 * x)
    document["cover"]["cell"]["generators"][0] = {"kind": "exp", "name": "x", "argument": [[], [["1", []]]]}
    assert "not an object with the keys kind, argument" in problem(document)
    document["cover"]["cell"]["generators"][0] = {"kind": "exp", "argument": [[], [["1", []]]]}
    assert "the symbols of the region are not its free symbols, each once" in problem(document)


def test_a_certificate_without_inputs_claims_nothing():
    document = tanh()
    document["inputs"] = document["roots"]["gradients"] = []
    assert "not a list of 1 to 16 entries" in problem(document)


def test_a_cell_says_nothing_of_its_box():
    document = tanh()
    document["cover"]["cell"]["box"] = {"x": ["1/8", "1/6"]}
    assert "not an object with the keys generators, facts, claims" in problem(document)


def test_another_operation_is_not_that_of_the_rule():
    document = tanh()
    heads = rules_of(document)
    document["op"] = "relu"
    assert problem(document) == ""  # the name alone claims nothing
    assert "the rule named has no operation relu" in check(json.dumps(document), heads)[0]


def test_a_rule_that_is_right_for_g_above_0_only():
    """acc + |g|·(1 - tanh²), with the cell that holds it as the whole cover, or beside an empty one."""
    document = certified(T.tanh(x), 1 - T.tanh(x) ** 2)
    nodes = document["nodes"]
    place = nodes.index(["symbol", "g"])
    nodes.insert(place + 1, ["abs", place])
    for node in nodes[place + 2 :]:
        if node[0] != "const" and node[0] != "symbol":
            node[1:] = [i + (i > place) if i != place else i + 1 for i in node[1:]]
    roots = document["roots"]
    roots["gradients"] = [i + (i > place) for i in roots["gradients"]]
    roots["forward"], roots["definition"] = (i + (i > place) for i in (roots["forward"], roots["definition"]))
    roots["domain"] += roots["domain"] > place
    cell = document["cover"]
    claims = cell["cell"]["claims"]
    cell["cell"]["claims"] = {str(int(k) + (int(k) > place)): v for k, v in claims.items()}
    assert "not shown" in problem(document)
    document["cover"] = {"at": ["g", "0"], "below": cell, "on": {"unclaimed": "g"}, "above": cell}
    assert problem(document)
    document["cover"] = {"at": ["g", "0"], "on": {"unclaimed": "g"}, "above": cell}
    assert "not an object with the keys at, below, on, above" in problem(document)


def test_a_symbol_that_is_another_constant():
    document = tanh()
    generators = document["cover"]["cell"]["generators"]
    place = next(i for i, g in enumerate(generators) if g.get("name") == "g")
    generators[place] = {"kind": "sqrt_pi", "name": "g"}
    assert "not an object with the keys kind" in problem(document)
    generators[place] = {"kind": "sqrt_pi"}
    assert "each once" in problem(document)


# ------------------------------------------------------------------------------------- of cases/trust/drop_cells.py


@pytest.mark.parametrize("op", ["relu", "abs", "max"])
@pytest.mark.parametrize("side", ["below", "on", "above"])
def test_no_part_can_be_dropped(op, side):
    document = of_engine(op)
    assert problem(document) == ""
    dropped = document["cover"].pop(side)
    assert "not an object with the keys" in problem(document)
    for other in list(document["cover"].values()):
        if isinstance(other, dict) and ("cell" in other or "stratum" in other) and other != dropped:
            document["cover"][side] = other
            assert problem(document) != ""
    document["cover"][side] = {"outside": leaves(of_engine(op)["cover"])[0]["cell"]}
    assert problem(document) != ""
    document["cover"][side] = {"unclaimed": "a cell is no boundary"}
    assert (problem(document) == "") == (side == "on" and op != "max")  # a boundary: it is printed


def test_a_cover_with_no_root():
    document = tanh()
    for nothing in ({}, [], None, 0, "cell", {"below": document["cover"]}, {"at": ["x", "0"]}):
        document["cover"] = nothing
        assert "the form: " in problem(document)


def test_slivers_between_splits_cannot_be_left_out():
    """x < 1, then x > 2 of what is above: nothing lies between but what the tree has there."""
    cell = tanh()["cover"]
    document = tanh()
    outer = {"at": ["x", "1"], "below": cell, "on": {"unclaimed": "-"}, "above": cell}
    document["cover"] = outer
    assert problem(document) == ""
    document["cover"] = {**outer, "above": {"at": ["x", "2"], "below": cell, "on": {"unclaimed": "-"}, "above": cell}}
    assert problem(document) == ""
    document["cover"]["above"].pop("below")
    assert "the form" in problem(document)


@pytest.mark.parametrize("at", ["1", "0", "-3"])
def test_a_split_must_lie_inside(at):
    """Else one of its sides would be larger than what is split, and cover what it does not have."""
    cell, document = tanh()["cover"], tanh()
    inner = {"at": ["x", at], "below": cell, "on": {"unclaimed": "-"}, "above": cell}
    document["cover"] = {"at": ["x", "1"], "below": cell, "on": {"unclaimed": "-"}, "above": inner}
    assert "which is not inside" in problem(document)


def test_a_boundary_cannot_be_split_on_what_is_bound():
    cell, document = tanh()["cover"], tanh()
    inner = {"at": ["x", "1"], "below": cell, "on": {"unclaimed": "-"}, "above": cell}
    document["cover"] = {"at": ["x", "1"], "below": cell, "on": inner, "above": cell}
    assert "which is not free" in problem(document)


def test_not_everything_can_be_left_unclaimed():
    document = tanh()
    document["cover"] = {"unclaimed": "everything"}
    assert "a cell is no boundary" in problem(document)
    empty = {"outside": tanh()["cover"]["cell"]}
    document["cover"] = empty
    assert "it is inside" in problem(document)


def test_a_boundary_is_no_cell():
    document = of_engine("relu")
    document["cover"]["on"] = {"cell": document["cover"]["on"]["stratum"]}
    assert "a boundary is no cell" in problem(document)


def test_a_cell_outside_the_domain_is_not_taken_for_one_inside():
    """1/x² has the domain x != 0; at the boundary nothing but what is outside may be claimed."""
    document = of_engine("sqrt")
    document["cover"]["below"] = {"cell": document["cover"]["below"]["outside"]}
    assert "it is not in the domain" in problem(document)


def test_what_is_inside_the_domain_is_not_outside():
    document = of_engine("sqrt")
    document["cover"]["above"] = {"outside": document["cover"]["above"]["cell"]}
    assert problem(document)


def test_a_split_on_a_node_must_be_solved_for_all_its_zeros():
    """max(x, y) splits on y - x; that 0 is where x is 7 does not follow."""
    document = of_engine("max")
    document["nodes"].append(["const", "7"])
    document["cover"]["on"][0][0][0][1] = len(document["nodes"]) - 1
    assert "what is solved is not all of it" in problem(document)


def test_a_solution_must_not_hold_what_it_is_solved_for():
    document = of_engine("max")
    (binding,) = document["cover"]["on"][0][0]
    binding[1] = document["nodes"].index(["symbol", binding[0]])
    assert "a solution that is not solved" in problem(document)


def test_a_sum_of_squares_is_0_where_all_are():
    document = of_engine("hypot")
    assert [name for name, _ in document["cover"]["on"][0][0]] == ["x", "y"]
    document["cover"]["on"][0][0][0][0] = "g"
    assert problem(document)


def test_a_side_that_is_not_empty():
    """x² + y² > 0 is not: only the multiplier of what is below 0 shows anything."""
    document = of_engine("hypot")
    above = document["cover"]["above"]
    document["cover"]["above"] = {"empty": document["cover"]["below"]["empty"], "by": [[0, "1"]]}
    assert problem(document)
    document["cover"]["above"] = above
    document["cover"]["below"]["by"] = []
    assert problem(document)


# ------------------------------------------------------------------------------------------- the boundaries


def kink(change: str, **values: Any) -> str:
    """The problem of relu's certificate, its touching cell changed."""
    document = of_engine("relu")
    (item,) = document["cover"]["on"]["touching"]
    assert change in item
    item.update(values)
    return problem(document)


def test_the_weights_of_a_boundary_add_up_to_1_and_are_not_negative():
    assert "the sum of the weights = 1" in kink("weight", weight=[[["2", []]], [["1", []]]])
    document = certified(T.maximum(x, 0), T.where(x > 0, 1, T.where(x < 0, 0, x + 1 / T.cosh(x) / 4)))
    first, second = document["cover"]["on"]["touching"]
    first["weight"], second["weight"] = [[["3", []]], [["1", []]]], [[["-2", []]], [["1", []]]]
    assert "a negative weight" in problem(document)


def test_the_other_cell_has_another_limit():
    assert problem_of_leaf(1) != ""


def problem_of_leaf(leaf: int) -> str:
    return kink("leaf", leaf=leaf)


def test_a_direction_must_lead_into_the_cell():
    for along in ([], [["x", "1"]], [["g", "1"]], [["x", "0"]]):
        assert "not shown to touch" in kink("along", along=along)


def test_a_limit_must_be_the_limit_of_the_derivative():
    assert "the form of a derivative" in kink("partials", partials=[[[["1", []]], [["1", []]]]])


def ray(**values: Any) -> str:
    """The problem of hypot's certificate, the first ray at its tip changed."""
    document = of_engine("hypot")
    item = document["cover"]["on"][0][1]["touching"][0]
    assert set(values) <= set(item)
    item.update(values)
    return problem(document)


def test_a_ray_must_lie_in_the_cell_and_have_the_limit():
    assert ray() == ""
    assert ray(steps=[]) != ""  # it stays at the tip
    assert ray(steps=[["x", "-1"]]) != ""  # √(s²) is claimed to be s
    assert ray(steps=[["y", "1"]]) != ""  # another limit
    assert "along a symbol that is free" in ray(steps=[["g", "1"]])
    assert ray(images=[None] * 10) != ""


def test_what_fills_an_open_set_cannot_be_left_unclaimed():
    """0·x = 0 everywhere; and √(x²) - x = 0 where x > 0."""
    document = certified(T.where(x * x - x * x > 0, 7 * x, x), 1)
    nodes, cell = document["nodes"], document["cover"]
    place = next(i for i, node in enumerate(nodes) if node[0] == "sub")
    symbols = [g for g in cell["cell"]["generators"] if g["kind"] == "symbol"]
    bare = {"generators": symbols, "facts": [], "claims": {}}
    empty = {"empty": {**bare, "facts": [None]}, "by": [[0, "1"]]}
    document["cover"] = {"sign": place, "reading": bare, "below": cell, "on": [[[], {"unclaimed": "-"}]], "above": cell}
    assert problem(document)
    document["cover"] = {**document["cover"], "below": empty, "above": empty}
    assert problem(document)
    document["cover"]["on"] = [[[["x", place]], {"unclaimed": "-"}]]
    assert "a solution that is not solved" in problem(document)


def test_a_split_on_a_node_without_a_value_everywhere():
    """Where √x has none, it is neither below 0 nor 0 nor above 0: nothing would cover x < 0."""
    document = certified(T.where(T.abs(x) > 1, x, x), 1)
    nodes = document["nodes"]
    nodes.append(["sqrt", nodes.index(["symbol", "x"])])
    region = leaves(document["cover"])[0]["cell"]
    symbols = [g for g in region["generators"] if g["kind"] == "symbol"]
    x_place = next(i for i, g in enumerate(symbols) if g["name"] == "x")
    root = {"kind": "root", "order": 2, "argument": [[["1", [[x_place, 1]]]], ONE]}
    value = {"value": [[["1", [[len(symbols), 1]]]], ONE]}
    reading = {"generators": [*symbols, root], "facts": [], "claims": {str(len(nodes) - 1): value}}
    side = {"cell": {"generators": symbols, "facts": [None], "claims": {}}}
    document["cover"] = {
        "sign": len(nodes) - 1, "reading": reading, "below": side, "above": side,
        "on": [[[["x", nodes.index(["const", "1"])]], {"unclaimed": "-"}]],
    }  # fmt: skip
    assert "a sign that is not shown" in problem(document)


def test_a_rule_outside_the_hull_is_refused():
    """At 0 the gradient of relu is 7: between 0 and 1 it is not."""
    document = certified(T.maximum(x, 0), T.where(x > 0, 1, T.where(x < 0, 0, x + 1 / T.cosh(x) / 4)))
    place = document["nodes"].index(["const", "4"])
    document["nodes"][place] = ["const", "1/7"]
    assert problem(document)


def test_a_boundary_that_nothing_touches():
    document = of_engine("relu")
    document["cover"]["on"]["touching"] = []
    assert "the sum of the weights = 1" in problem(document)
