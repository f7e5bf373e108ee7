"""Pictures of a graph."""

import re
import sys
import xml.etree.ElementTree as ET

import pytest

from backproof.engine import Value
from backproof.engine.draw import LARGEST, draw_dot, draw_svg, number_text, operation_text
from backproof.engine.neuron import neuron

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def out():
    nodes = neuron()
    nodes["o"].backward()
    return nodes["o"]


def texts(svg):
    return [element.text for element in ET.fromstring(svg).iter(f"{SVG}text")]


# ------------------------------------------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0.0, "0.0000"),
        (-1.5, "-1.5000"),
        (0.70710678, "0.7071"),
        (1e-9, "1.000e-09"),
        (-34468593.75, "-3.447e+07"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (3, "3"),
        ("a\nb", "a b"),
        ("y" * 30, "y" * 19 + "…"),
    ],
)
def test_numbers(number, shown):
    assert number_text(number) == shown


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        (Value(2.0) ** 3, "**3"),
        (Value(2.0) ** 0.5, "**0.5"),
        (Value(2.0) ** Value(3.0), "**"),
        (Value(2.0).leaky_relu(), "leaky_relu 0.01"),
        (Value(2.0) * 3, "*"),
    ],
)
def test_operations(node, shown):
    assert operation_text(node) == shown


# --------------------------------------------------------------------------------------------------- Graphviz


def test_dot_has_a_record_a_node_and_a_circle_an_operation(out):
    source = draw_dot(out).source
    assert 'n9 [label="o | data 0.7071 | grad 1.0000" shape=record]' in source
    assert "n9op [label=tanh]" in source
    assert source.count("shape=record") == 10
    assert source.count("->") == 5 + 9  # circle to box, operand to circle
    assert "rankdir=LR" in source


def test_dot_is_repeatable(out):
    assert draw_dot(out).source == draw_dot(out).source


def test_dot_escapes_what_means_something_in_a_record():
    source = draw_dot(Value(1.0, label="a|b {c} <d> \\")).source
    assert r"a\|b \{c\} \<d\> \\" in source


def test_dot_from_top_to_bottom_turns_the_records(out):
    source = draw_dot(out, format="png", rankdir="TB").source
    assert 'label="{ o | data 0.7071 | grad 1.0000 }"' in source


def test_dot_refuses_another_direction(out):
    with pytest.raises(ValueError, match=r"rankdir.*'up'"):
        draw_dot(out, rankdir="up")


def test_dot_without_the_package_says_what_to_do(out, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(RuntimeError, match=r"pip install graphviz, or use draw_svg"):
        draw_dot(out)


# -------------------------------------------------------------------------------------------------------- SVG


def test_svg_shows_every_node_and_operation(out):
    shown = texts(draw_svg(out))
    for text in ("x1", "data 2.0000", "grad -1.5000", "tanh", "o", "x1*w1 + x2*w2"):
        assert text in shown
    assert (shown.count("*"), shown.count("+")) == (2, 2)


def test_svg_describes_the_picture_in_words(out):
    root = ET.fromstring(draw_svg(out))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "Graph of o"
    told = root.find(f"{SVG}desc").text
    assert told.startswith("10 nodes, 9 edges, operands before results: x1, data 2.0000, grad -1.5000; w1")


def test_svg_escapes_texts():
    svg = draw_svg(Value(1.0, label='<b>&"\x00'))
    assert '<b>&"�' in texts(svg)


def test_svg_is_repeatable(out):
    assert draw_svg(out) == draw_svg(out)


def test_svg_of_a_leaf():
    assert texts(draw_svg(Value(1.0))) == ["data 1.0000", "grad 0"]


def test_svg_arrows_lead_from_left_to_right(out):
    drawn = re.findall(r'class="arrow" d="M([\d.]+),.*? ([\d.]+),[\d.]+"', draw_svg(out))
    assert len(drawn) == 9
    assert all(float(start) < float(end) for start, end in drawn)


def test_svg_boxes_do_not_overlap(out):
    shape = r'class="(?:box|op)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="(\d+)"'
    found = re.findall(shape, draw_svg(out))
    boxes = [tuple(map(float, box)) for box in found]
    assert len(boxes) == 15
    for i, (x, y, w, h) in enumerate(boxes):
        for u, v, p, q in boxes[:i]:
            assert x >= u + p or u >= x + w or y >= v + q or v >= y + h


def test_two_arrows_from_one_operand_end_apart():
    a = Value(2.0)
    ends = re.findall(r'class="arrow" d="M[^"]* ([\d.]+,[\d.]+)"', draw_svg(a * a))
    assert len(ends) == len(set(ends)) == 2


def test_svg_of_some_hundred_nodes():
    v = [Value(0.1 * i) for i in range(10)]
    for i in range(150):
        v.append((v[-1] * v[-7]).tanh() if i % 2 else v[-1] + v[i])
    assert draw_svg(v[-1]).count('class="box"') > 200


def test_svg_refuses_an_unreadable_size():
    out = Value(1.0)
    for _ in range(LARGEST):
        out = -out
    with pytest.raises(ValueError, match=r"501 nodes.*up to 500.*draw_dot"):
        draw_svg(out)
