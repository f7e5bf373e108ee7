"""Claims about generators and functions that do not hold, forms that are not closed, and limits to sizes."""

import json
from typing import Any

import pytest

from backproof.verify.proof.certificate import checker
from backproof.verify.proof.certificate.checker import check, examined
from backproof.verify.terms.term import TERMS, symbol
from tests.verify.proof.certificate.made import of_engine, problem, tanh

T: Any = TERMS
x, y = symbol("x"), symbol("y")


# -------------------------------------------------------------------------------------- generators and claims


def forged(nodes: list[Any], claims: dict[str, Any], generators: Any = (), split: str = "") -> str:
    """The problem of a certificate that the last of the nodes is the derivative of the one before it.

    split: "0" if the claims are made where x > 0 alone; nothing is then claimed elsewhere, the domain being x > 0
    """
    symbols = [{"kind": "symbol", "name": name} for name in ("x", "g", "acc_x")]
    meant = len(nodes) - 2
    nodes = [*nodes, ["symbol", "g"], ["symbol", "acc_x"], ["mul", len(nodes) - 1, len(nodes)]]
    nodes.append(["add", len(nodes) - 2, len(nodes) - 1])
    gradient = len(nodes) - 1
    domain = [["const", "0"], ["gt", 0, len(nodes)]] if split else [["true"]]
    nodes += domain
    cell = {"generators": [*symbols, *generators], "facts": [], "claims": claims}
    bare = {"generators": symbols, "facts": [], "claims": {}}
    outside = {"outside": {**bare, "generators": symbols[1:]}}
    cover: Any = {"cell": cell}
    if split:
        cover = {"at": ["x", "0"], "below": {"outside": bare}, "on": outside, "above": cover}
    head = {key: tanh()[key] for key in ("format", "says", "op", "case", "source", "trace", "assumptions")}
    roots = {"definition": meant, "domain": len(nodes) - 1, "forward": meant, "gradients": [gradient]}
    document = {**head, "inputs": ["x"], "nodes": nodes, "roots": roots, "cover": cover}
    for name in ("definition", "domain"):
        document[name] = checker.spelled(nodes, roots[name])
    return problem(document)


ONE = [["1", []]]
X = [["1", [[0, 1]]]]


def test_a_root_that_is_on_another_branch_elsewhere():
    """√(x²) = x holds where x > 0."""
    nodes = [["symbol", "x"], ["mul", 0, 0], ["sqrt", 1], ["const", "1"]]
    claims = {"2": {"value": [X, ONE]}}
    assert forged(nodes, claims, split="0") == ""
    assert "not shown" in forged(nodes, claims)


def test_a_root_of_what_may_be_negative_is_no_generator():
    """(√x)² = x would be above 0."""
    nodes = [["symbol", "x"], ["mul", 0, 0], ["sqrt", 1], ["const", "1"]]
    root = {"kind": "root", "order": 2, "argument": [X, ONE]}
    claims = {"2": {"value": [[["1", [[3, 2]]]], ONE]}}
    assert forged(nodes, claims, [root], split="0") == ""
    assert forged(nodes, claims, [root])


def test_an_inverse_that_is_on_another_branch_elsewhere():
    """acosh(cosh x) = x where x > 0."""
    nodes = [["symbol", "x"], ["cosh", 0], ["acosh", 1], ["const", "1"]]
    exponential = {"kind": "exp", "argument": [X, ONE]}
    e = [["1", [[3, 1]]]]
    claims = {"1": {"value": [e, ONE], "product": [[e, "1"]]}, "2": {"value": [e, ONE], "product": [[e, "1"]]}}
    assert forged(nodes, claims, [exponential])


def test_an_exponential_that_is_below_0_elsewhere():
    """e**(log(x²)/2) = x where x > 0."""
    nodes = [["symbol", "x"], ["mul", 0, 0], ["log", 1], ["const", "2"], ["div", 2, 3], ["exp", 4], ["const", "1"]]
    logarithm = {"kind": "log", "argument": [X, ONE]}
    claims = {"2": {"product": [[X, "2"]]}, "5": {"value": [X, ONE], "product": [[X, "1"]]}}
    assert forged(nodes, claims, [logarithm], split="0") == ""
    assert forged(nodes, claims, [logarithm])


def test_a_logarithm_of_what_may_be_0_is_no_generator():
    logarithm = {"kind": "log", "argument": [X, ONE]}
    nodes = [["symbol", "x"], ["const", "1"]]
    assert forged(nodes, {}) == ""
    assert "not shown" in forged(nodes, {}, [logarithm])


def test_a_rule_that_divides_by_what_may_be_0():
    """x/x is 1, but not at 0; as a definition it has no value there, and nothing is said."""
    nodes = [["symbol", "x"], ["div", 0, 0]]
    assert "not shown" in forged(nodes, {})
    assert forged(nodes, {}, split="0") == ""


def test_a_rule_that_divides_by_0_everywhere():
    """2·x + x·(0/(x - x)): everything follows from a division by 0."""
    nodes = [["symbol", "x"], ["const", "0"], ["sub", 0, 0], ["div", 1, 2], ["mul", 0, 3], ["add", 0, 4]]
    assert "a division by 0" in forged(nodes, {})


def test_a_denominator_that_vanishes_by_a_relation_of_the_generators():
    """With a and b both e**x, (a - b)/(a - b) is 0/0, and anything divided by a - b is anything."""
    generators = [{"kind": "exp", "argument": [X, ONE]}] * 2
    difference = [["1", [[3, 1]]], ["-1", [[4, 1]]]]
    e = [["1", [[3, 1]]]]
    value = {"value": [[["1", [[3, 2]]], ["-1", [[3, 1], [4, 1]]]], difference], "product": [[e, "1"]]}
    nodes = [["symbol", "x"], ["exp", 0], ["exp", 0]]
    assert forged(nodes, {"1": {"value": [e, ONE], "product": [[e, "1"]]}}, generators[:1])
    assert "not shown" in forged([["symbol", "x"], ["exp", 0], ["const", "3"]], {"1": value}, generators)


def test_a_generator_of_itself():
    exponential = {"kind": "exp", "argument": [[["2", [[3, 1]]]], ONE]}
    assert "function of itself" in forged([["symbol", "x"], ["const", "1"]], {}, [exponential])


def test_a_cosine_without_its_sine():
    cosine = {"kind": "cos", "argument": [X, ONE]}
    assert "does not follow its sine" in forged([["symbol", "x"], ["const", "1"]], {}, [cosine])


def test_a_sine_without_its_cosine():
    sine, exponential = ({"kind": kind, "argument": [X, ONE]} for kind in ("sin", "exp"))
    for generators in ([sine], [sine, exponential]):
        assert "a sine without its cosine" in forged([["symbol", "x"], ["const", "1"]], {}, generators)


def test_a_sign_by_the_conjugate():
    """log(x + √(x² + 1)) has a value everywhere; of log(x + √(x² - 1)) that is not so."""
    document = of_engine("asinh")
    root = next(g for g in document["cover"]["cell"]["generators"] if g["kind"] == "root")
    (constant,) = (entry for entry in root["argument"][0] if not entry[1])
    assert problem(document) == ""
    constant[0] = "-1"
    assert problem(document)


@pytest.mark.parametrize(("op", "right"), [("and", "0"), ("or", "1")])
def test_a_case_is_chosen_by_both_or_either_of_two_conditions(op, right):
    """A case of x > 0 and (or) x > -1, both true where x > 0; of x > 0 and x < 0 one is."""
    true = [["symbol", "x"], ["const", "0"], ["const", "-1"], ["gt", 0, 1], ["gt", 0, 2], [op, 3, 4]]
    assert forged([*true, ["where", 5, 0, 2], ["const", "1"]], {}, split="0") == ""
    one = [["symbol", "x"], ["const", "0"], ["const", "-1"], ["gt", 0, 1], ["lt", 0, 2], [op, 3, 4]]
    for rule, cases in (("1", ["where", 5, 0, 1]), ("0", ["where", 5, 0, 1])):
        assert (forged([*one, cases, ["const", rule]], {}, split="0") == "") == (rule == right)


# ------------------------------------------------------------------------------------------------ the limits


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("nodes", 0), ["const", "1" * 2000]),
        (("nodes", 0), ["const", "1e9"]),
        (("nodes", 0), ["const", "1/0"]),
        (("nodes", 0), ["const", "٣"]),
        (("nodes", 0), ["const", 1]),
        (("nodes", 0), ["symbol", "y"]),
        (("nodes", 0), ["gamma", 0]),
        (("nodes", 1), ["tanh", 1]),
        (("nodes", 1), ["tanh", True]),
        (("nodes", 1), ["tanh", 0, 0]),
        (("nodes", 1), []),
        (("inputs",), ["x", "x"]),
        (("inputs",), ["g"]),
        (("inputs",), ["acc_x"]),
        (("inputs",), ["x\n"]),
        (("says",), "anything"),
        (("trace", "leaks"), [1]),
        (("trace", "paths"), 1),
        (("roots", "gradients"), []),
        (("roots", "domain"), 0),
        (("source", "functions"), [["f", "0" * 63]]),
        (("cover", "cell", "generators", 0, "kind"), ["symbol"]),
        (("cover", "cell", "claims"), {"01": {}}),
        (("cover", "cell", "claims"), {"99": {}}),
        (("cover", "cell", "generators", 3, "argument"), [[["1", [[0, 513]]]], ONE]),
        (("cover", "cell", "generators", 3, "argument"), [[["1", [[0, 1], [0, 1]]]], ONE]),
        (("cover", "cell", "generators", 3, "argument"), [[["0", [[0, 1]]]], ONE]),
        (("cover", "cell", "generators", 3, "argument"), [X, []]),
        (("cover", "cell", "generators", 3, "argument"), [[*X, *X], ONE]),
    ],
)
def test_the_form_is_closed(path, value):
    document = tanh()
    at: Any = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    assert "the form: " in problem(document)


def test_a_node_that_is_not_used_is_refused():
    document = tanh()
    document["nodes"].append(["const", "5"])
    assert "a node that is not used" in problem(document)


def test_the_definition_holds_no_gradient():
    document = tanh()
    document["roots"]["definition"] = document["roots"]["forward"] = document["nodes"].index(["symbol", "g"])
    assert "the definition or the domain holds a gradient" in problem(document)


def test_a_cover_that_is_too_deep():
    document, tree = tanh(), tanh()["cover"]
    for n in range(120):
        tree = {"at": ["x", str(n)], "below": tree, "on": {"unclaimed": "-"}, "above": tree}
    document["cover"] = tree["above"]
    text = json.dumps({**document, "cover": 0})
    assert check(text)
    deep = '{"at":["x","0"],"on":{"unclaimed":"-"},"above":{"unclaimed":"-"},"below":'
    forged_text = text.replace('"cover": 0', '"cover": ' + deep * 300 + "0" + "}" * 300)
    assert "too deep" in check(forged_text)[0]


def test_terms_that_are_nested_too_deeply_or_too_large_are_refused():
    nodes: list[Any] = [["symbol", "x"]] + [["neg", k] for k in range(1500)]
    assert "nested too deeply" in forged([*nodes, ["const", "1"]], {})


def test_a_power_of_a_power_is_refused_by_steps_not_by_the_clock():
    """((x + 1)**512)**512 has more terms than anybody counts."""
    nodes: list[Any] = [["symbol", "x"], ["const", "1"], ["add", 0, 1], ["const", "512"], ["pow", 2, 3], ["pow", 4, 3]]
    said = forged([*nodes, ["const", "1"]], {"4": {"exponent": "512"}, "5": {"exponent": "512"}})
    assert "too large" in said or "steps" in said


def test_a_line_cannot_move_the_cursor():
    document = tanh()
    document["op"] = "tanh\x1b[2J\n"
    line = examined(json.dumps(document)).line
    assert line.isprintable()
    assert "tanh?[2J?" in line
