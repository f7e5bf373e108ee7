"""HTML: valid, whole without a network, readable by name, and safe whatever the names are."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import html5lib
import pytest
from sample_reports import GOOD, NASTY, SAMPLES, every_verdict, hostile, large, operation, ours

from backproof.verify.reports.html import file_names, pages, render
from backproof.verify.reports.plot import WIDTH, bent, ladder, linear, logarithmic
from backproof.verify.results.findings import Verdict
from backproof.verify.run.report import Report

VOID = {"meta", "link", "br", "input", "path", "img"}
REMOTE = re.compile(r"(?:src|href|action|xlink:href)\s*=\s*[\"']?\s*(?:[a-z]+:)?//|@import|url\(", re.IGNORECASE)


class Reader(HTMLParser):
    """The elements of a page, with their attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(text)
        assert not [tag for tag in self._open if tag not in VOID]

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]


def documents(report):
    """The pages of the folder, and the one file."""
    found = {name: text for name, text in pages(report).items() if name.endswith(".html")}
    return found | {"one file": render(report)}


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_valid(sample):
    """html5lib is strict about structure, `Reader` about nesting and attributes."""
    for text in documents(sample()).values():
        html5lib.HTMLParser(strict=True).parse(text)
        Reader(text)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_no_external_resources(sample):
    report = sample()
    for name, text in documents(report).items():
        assert not REMOTE.search(text), name
    one = Reader(render(report))
    assert not one.all("link", "img", "iframe")
    assert all("src" not in script for script in one.all("script"))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_every_link_leads_somewhere_and_every_id_is_one(sample):
    found = pages(sample())
    for text in (t for n, t in found.items() if n.endswith(".html")):
        page = Reader(text)
        for link in page.all("a", "link"):
            assert link["href"] in found or link["href"] == "#main"
        for script in page.all("script"):
            assert script["src"] in found
    page = Reader(render(sample()))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"].removeprefix("#") for link in page.all("a")} <= set(ids)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_headings_skip_no_level_and_the_first_is_the_title(sample):
    for text in documents(sample()).values():
        levels = [int(tag[1]) for tag, _ in Reader(text).elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b <= a + 1 for a, b in pairwise(levels))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_what_a_screen_reader_needs(sample):
    for text in documents(sample()).values():
        page = Reader(text)
        assert page.all("html") == [{"lang": "en"}]
        assert len(page.all("main")) == 1
        assert all(plot.get("aria-label") and plot.get("role") == "img" for plot in page.all("svg"))
        assert all(head.get("scope") in ("col", "row") for head in page.all("th"))
        assert all(block.get("tabindex") == "0" and block.get("aria-label") for block in page.all("pre"))
        assert text.count("<label>") == len(page.all("input", "select"))


def test_a_verdict_is_shown_by_a_word_and_a_mark_not_by_colour_alone():
    style = pages(every_verdict())["style.css"]
    for state in ("fails", "warns", "passes", "accepted"):
        assert re.search(rf'\.{state}::before {{ content: "[^"]+ " / ""; }}', style)
    assert '<span class="fails">refuted</span>' in render(every_verdict())


def test_names_that_would_be_markup_are_text():
    for text in documents(hostile()).values():
        page = Reader(text)
        assert "alert(1)" not in "".join(re.findall(r"<script>(.*?)</script>", text, re.DOTALL))
        assert not page.all("b")
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", text)


@pytest.mark.parametrize("name", ["a/b", "../up", "CON", "con", "", "a b", "ü", "Pow", "pow", "x" * 300, NASTY])
def test_a_page_has_a_name_that_any_disk_takes(name):
    report = Report("s", 0, 1, (operation("pow", GOOD), operation("Pow", GOOD), operation(name, GOOD)))
    names = file_names(report)
    assert all(re.fullmatch(r"op-[A-Za-z0-9_-]{0,70}\.html", file) for file in names.values())
    assert len({file.lower() for file in names.values()}) == len(names)


def test_a_page_shows_rule_verdicts_evidence_plots_and_proof():
    page = pages(ours())["op-tanh.html"]
    for part in ("engine/rules/hyperbolic.py:", "<math", "proved", "by accuracy:", "<svg", "The proof", "cell 1"):
        assert part in page
    assert "python -m verify tanh --seed 0" in page
    assert page.count("<figure>") == 4
    assert 'class="kink"' in pages(ours())["op-relu.html"]


def test_failures_come_first_the_worst_on_top():
    index = pages(every_verdict())["index.html"]
    assert index.index("What fails") < index.index("<table")
    worst = ("right_refuted", "wired_miswired", "safe_unsafe")
    places = [index.index(f'<h3><a href="op-{name}.html">') for name in worst]
    assert places == sorted(places)


def test_without_a_question_there_is_no_column():
    report = ours()
    only = [type(o)(o.name, o.rule, o.source, dict(list(o.answers.items())[:1])) for o in report.operations]
    heads = re.findall(r'<th scope="col">(\w+)</th>', render(Report("s", 0, 1, tuple(only))))
    assert heads == ["operation", "rule", "right"]


def test_a_thousand_operations_are_a_thousand_pages():
    found = pages(large())
    assert len(found) == 1003
    assert found["index.html"].count("<tr data-state=") == 1000
    assert len(found["index.html"]) < 2_000_000
    assert render(large()).count('<section class="operation"') == 1000


def test_a_refuted_rule_is_seen():
    bad = operation("f", (Verdict.REFUTED, *GOOD[1:]))
    index = pages(Report("s", 0, 1, (bad,)))["index.html"]
    assert "<title>Derivatives: something failed</title>" in index
    assert '<tr data-state="fails">' in index


# ------------------------------------------------------------------------------------------------- the axes


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        (linear("x", -8, 8), (-8, -1, 0, 2.5, 8)),
        (logarithmic("x", 0.01, 1e6), (0.01, 0.5, 1, 1e3, 1e6)),
        (bent("x", -1e6, 1e3, 1.0), (-1e6, -1, 0, 1, 1e3)),
        (ladder("x"), (-1.7e308, -1.0, -5e-324, 0.0, 5e-324, 1e-3, 1.0, 1.7e308)),
    ],
)
def test_an_axis_keeps_the_order_and_its_ends(axis, values):
    places = [axis.place(v) for v in values]
    assert places == sorted(places)
    assert places[0] == pytest.approx(0, abs=0.01)
    assert places[-1] == pytest.approx(1, abs=0.01)
    assert all(0 <= axis.place(v) <= 1 for v, _ in axis.ticks)
    assert len(axis.ticks) >= 2


@pytest.mark.parametrize("value", [0.0, float("inf"), 1e-300])
def test_what_is_off_a_logarithmic_axis_lies_at_its_end(value):
    assert logarithmic("x", 0.01, 10).place(value) in (0.0, 1.0)


@pytest.mark.parametrize(("low", "high"), [(0, 0), (5, 5), (1e-300, 2e-300), (-1e300, 1e300)])
def test_a_linear_axis_of_any_length(low, high):
    axis = linear("x", low, high)
    assert axis.ticks
    assert all(-0.01 <= axis.place(v) <= 1.01 for v, _ in axis.ticks)


def test_coordinates_lie_in_the_picture():
    for text in documents(ours()).values():
        for path in re.findall(r'class="dots" d="([^"]*)"', text):
            for x in re.findall(r"M(-?[\d.]+) ", path):
                assert 0 <= float(x) <= WIDTH
