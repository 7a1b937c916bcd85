from __future__ import annotations

import sys
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.cli.terminal import AnswerOutput, visible

_CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"]
_BIDI = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


def test_every_control_character_but_newline_and_tab_is_shown_by_name():
    assert [visible(character) for character in _CONTROLS + _BIDI] == [
        f"<U+{ord(character):04X}>" for character in _CONTROLS + _BIDI
    ]


def test_ordinary_text_passes_unchanged():
    text = "Zeile\tßüß 漢字 👩‍🚀 עברית\n"

    assert visible(text) == text


def test_an_escape_sequence_loses_the_character_that_starts_it():
    assert visible("a\x1b[31mred\x1b]0;title\x07\x9b2J") == "a<U+001B>[31mred<U+001B>]0;title<U+0007><U+009B>2J"


@given(st.text(alphabet=[*_CONTROLS, *_BIDI, "[", "m", "]", "a", "\n", "\t"]), st.lists(st.integers(0, 40), max_size=5))
def test_it_does_not_matter_where_a_stream_was_cut(text, places):
    cuts = sorted({0, len(text), *(min(place, len(text)) for place in places)})
    pieces = [text[start:end] for start, end in pairwise(cuts)]

    assert "".join(visible(piece) for piece in pieces) == visible(text)
    assert not set(visible(text)) & {*_CONTROLS, *_BIDI}


def test_a_last_line_is_finished_only_where_the_text_did_not(capsys):
    for text in ("", "one", "one\n"):
        output = AnswerOutput()
        output.write(text)
        output.end_line()
        sys.stdout.write("|")

    assert capsys.readouterr().out == "|one\n|one\n|"
