"""Text from elsewhere: what cannot be seen is written out, all else stays."""

import json
import unicodedata

import pytest

from backproof.verify.support.escape import as_json, on_a_line, visible


@pytest.mark.parametrize("text", ["", "plain", "é 漢 𝑥 ± √", "tab\tand\nline", 'quo"ted <&>'])
def test_what_can_be_seen_stays(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\r\nb", "a\\x0d\nb"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud800", "\\ud800"),
        ("\ufffe", "\\ufffe"),
        ("\x85\u2028", "\\x85\\u2028"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert visible(text) == shown


def test_on_a_line():
    assert on_a_line("a\n\tb") == "a\\n\\tb"


def test_no_control_surrogate_or_mark_of_direction_is_left():
    """Of all characters of the first plane, where Unicode has them."""
    directions = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for code in range(0x10000):
        character = chr(code)
        if unicodedata.category(character) in ("Cc", "Cs") or unicodedata.bidirectional(character) in directions:
            assert on_a_line(character).isascii()
            assert len(on_a_line(character)) > 1


def test_json_reads_back_whatever_it_holds():
    document = {"\ud800 a": ["\udfff", "\x00\x1f\x7f\u2028", "𝑥", 1.5, None]}
    assert json.loads(as_json(document).encode("utf-8")) == document


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="Out of range float values"):
        as_json([float("nan")])
