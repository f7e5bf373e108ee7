"""The walk: the engine's own numbers, every way to a shared value, and what `=` would have left."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser

import pytest

from backproof.derivations import show
from backproof.derivations.pages.text import TextPrinter
from backproof.derivations.walk.backward_pass import FUNCTIONS, Walk, expression, walk, worked_example
from backproof.derivations.walk.document import in_words, mermaid, picture, rule, to_document
from backproof.derivations.walk.page import walk_page
from backproof.engine import OPS, Value
from backproof.engine.neuron import neuron
from backproof.verify.mirror.table import BINARY
from backproof.verify.terms.parser import ExpressionError


def test_the_worked_neuron() -> None:
    w = worked_example()
    grads = dict(zip(w.labels, (node.grad for node in w.nodes), strict=True))
    assert grads["x1"] == pytest.approx(-1.5)
    assert grads["w1"] == pytest.approx(1.0)
    assert grads["x2"] == pytest.approx(0.5)
    assert grads["w2"] == 0
    assert [w.labels[v.node] for v in w.visits] == ["o", "n", "x1*w1 + x2*w2", "x2*w2", "x1*w1"]
    assert w.shared == ()


def test_the_gradients_are_those_of_backward() -> None:
    nodes = neuron()
    nodes["o"].backward()
    w = worked_example()
    assert [node.grad for node in w.nodes] == [nodes[label].grad for label in w.labels]


@pytest.mark.parametrize("op", FUNCTIONS)
def test_every_operation_can_be_walked(op: str) -> None:
    arguments = "a, b" if op in BINARY else "a"
    at = {"a": 1.5, "b": 0.75} if op in BINARY else {"a": 0.5 if op != "acosh" else 1.5}
    w = expression(f"{op}({arguments})", at)
    leaves = [Value(at[name]) for name in at]
    out = getattr(leaves[0], OPS[op])(*leaves[1:])
    out.backward()
    assert [w.nodes[w.labels.index(name)].grad for name in at] == [leaf.grad for leaf in leaves]


def test_before_and_after_follow_each_other() -> None:
    w = expression("x*x + tanh(x)*x", {"x": 0.75})
    grads = [0.0] * len(w.nodes)
    grads[-1] = 1.0
    for visit in w.visits:
        assert visit.upstream == grads[visit.node]
        for p in visit.passes:
            assert p.before == grads[p.operand]
            assert p.adds == pytest.approx(p.local * visit.upstream)
            assert p.after == p.before + p.adds
            grads[p.operand] = p.after
    assert grads == [node.grad for node in w.nodes]


def test_the_ways_add_up() -> None:
    w = expression("x*x + tanh(x)*x", {"x": 0.75})
    (shared,) = w.shared
    assert shared.ways == len(shared.routes) == 4
    assert sum(route.product for route in shared.routes) == pytest.approx(shared.grad)
    assert all(route.product == math.prod(route.locals) for route in shared.routes)


def test_what_an_equals_sign_would_have_left() -> None:
    """a*a at 3: two ways of 3; with `=` only one of them is left."""
    (shared,) = expression("a*a", {"a": 3}).shared
    assert (shared.grad, shared.assigned) == (6.0, 3.0)


def test_ways_are_counted_without_being_walked() -> None:
    """2**40 ways: the count is exact, the list ends."""
    value = first = Value(1.0, label="x")
    for _ in range(40):
        value = value + value
    w = walk(value)
    shared = next(s for s in w.shared if w.nodes[s.node] is first)
    assert shared.ways == 2**40
    assert len(shared.routes) == 32


def test_rules_in_the_names_of_the_graph() -> None:
    from backproof.verify.terms.notation.plain import UNICODE

    w = worked_example()
    first = w.visits[0]
    assert UNICODE(rule(w, first.node, first.passes[0])) == "1 - o²"
    w = expression("(a + 1)*c", {"a": 1, "c": 2})
    texts = {w.labels[p.operand]: UNICODE(rule(w, w.visits[0].node, p)) for p in w.visits[0].passes}
    assert texts == {"a + 1": "c", "c": "left"}


def test_names_need_values_and_values_names() -> None:
    with pytest.raises(LookupError, match="b needs a value: add --at b=1"):
        expression("a + b", {"a": 1})
    with pytest.raises(LookupError, match="c is not in a"):
        expression("a", {"a": 1, "c": 2})


def test_an_error_of_the_engine_points_at_its_place() -> None:
    with pytest.raises(ExpressionError, match="needs x > 0") as caught:
        expression("1 + log(a - 2)", {"a": 1})
    assert caught.value.column == 5


@pytest.mark.parametrize("formula", ["9**9**9**9*x", "x**9**9**9", "x*2**10000", "10**400 + x"])
def test_a_power_with_more_digits_than_there_is_room_for_has_no_value(formula: str) -> None:
    with pytest.raises(ExpressionError, match="no value here"):
        expression(formula, {"x": 2})


def test_a_power_of_whole_numbers_stays_one() -> None:
    assert [expression(formula, {"x": 3}).root.data for formula in ("x**2**2", "x**4")] == [81, 81]
    assert {expression(formula, {"x": 3}).root._op for formula in ("x**2**2", "x**4", "x**2")} == {"**n"}


def test_only_plain_numbers_are_walked() -> None:
    from backproof.verify.terms.term import symbol

    with pytest.raises(TypeError, match="plain numbers"):
        walk(Value(symbol("x")).tanh())


def test_leaves_are_listed_last() -> None:
    text = TextPrinter()(to_document(worked_example()))
    assert text.count("(leaf)") == 5
    assert max(map(len, text.splitlines())) <= 80


# ------------------------------------------------------------------------------------------------- pictures


@pytest.fixture
def shared_walk() -> Walk:
    return expression("tanh(x*w + b) + x**2*x", {"x": 2, "w": -3, "b": 1})


def test_mermaid_has_every_node_and_edge(shared_walk: Walk) -> None:
    text = mermaid(shared_walk)
    assert text.startswith("flowchart LR\n")
    assert text.count("data ") == len(shared_walk.nodes)
    assert len(re.findall(r"^ {4}n\d+ --> o\d+$", text, re.M)) == sum(len(n._prev) for n in shared_walk.nodes)
    assert "*" not in text


def test_words_name_every_node(shared_walk: Walk) -> None:
    words = in_words(shared_walk)
    assert all(label in words for label in shared_walk.labels)


class _Page(HTMLParser):
    """Collects tags, and checks that they close in order."""

    VOID = frozenset({"meta", "rect", "path", "mspace", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script" and self.tags[-1][1].get("id") == "steps":
            self.data += data


def test_the_page_steps_and_needs_no_network(shared_walk: Walk) -> None:
    page = _Page()
    text = walk_page(shared_walk)
    page.feed(text)
    assert page.open == []
    steps = json.loads(page.data)
    assert len(steps) == len(shared_walk.visits) + 2
    assert all(step["said"] for step in steps)
    assert all(len(step["grads"]) == len(shared_walk.nodes) for step in steps)
    assert not [a for _, a in page.tags if "src" in a or str(a.get("href", "")).startswith("http")]
    rows = [a["data-step"] for tag, a in page.tags if tag == "tr" and "data-step" in a]
    assert len(rows) == sum(1 + len(v.passes) for v in shared_walk.visits) + len(shared_walk.leaves)
    assert [a for _, a in page.tags if a.get("aria-live") == "polite"]
    assert picture(shared_walk).splitlines()[0] in text


def test_notebooks(shared_walk: Walk) -> None:
    bundle = show.walk(shared_walk.root)._repr_mimebundle_()
    assert {"text/plain", "text/markdown", "text/latex", "text/html", "image/svg+xml"} <= set(bundle)


def test_greek_names_and_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    from backproof.derivations.cli import main

    assert main(["walk", "α*x + 2*x", "--at", "α=3", "--at", "x=1/2"]) == 0
    text = capsys.readouterr().out
    assert "α = 3" in text
    assert "The gradient is the sum, 5." in text


def test_an_overflow_is_shown_as_what_it_is() -> None:
    assert "inf" in TextPrinter()(to_document(expression("exp(x)", {"x": 1000})))
