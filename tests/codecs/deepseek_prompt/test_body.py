"""DeepSeek's text body: the prompt, and reasoning told from text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.codecs.deepseek_prompt import DeepSeekPromptBody
from bedrock_llm.events import TextDelta, ThinkingDelta
from bedrock_llm.messages import Message, Text, Thinking
from bedrock_llm.request import Request
from bedrock_llm.response import StopReason, Usage
from tests.codecs.shared.text_bodies import config_of, prepared, read_objects, said

BODY = DeepSeekPromptBody()
R1 = config_of({"body": "deepseek_prompt"}, "deepseek", reasoning=False)
PLAIN = config_of({"body": "deepseek_prompt", "thinks": False}, "deepseek")
BEGIN, END = "<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"
USER, ASSISTANT = "<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>"
TURNS = [Message.user("u1"), Message.assistant(Thinking("t", family="deepseek"), Text("a1")), Message.user("u2")]


@pytest.mark.parametrize(
    ("request_", "config", "expected"),
    [
        (Request.of("u"), R1, f"{BEGIN}{USER}u{ASSISTANT}<think>\n"),
        (Request.of("u", system="s"), R1, f"{BEGIN}s{USER}u{ASSISTANT}<think>\n"),
        (Request.of(TURNS), R1, f"{BEGIN}{USER}u1{ASSISTANT}a1{END}{USER}u2{ASSISTANT}<think>\n"),
        (Request.of("u"), PLAIN, f"{BEGIN}{USER}u{ASSISTANT}"),
        (Request.of(TURNS[:2]), R1, f"{BEGIN}{USER}u1{ASSISTANT}a1{END}{USER}.{ASSISTANT}<think>\n"),
    ],
)
def test_the_prompt_is_written_to_the_letter(request_, config, expected):
    assert prepared(BODY, request_, config)[0] == {"prompt": expected}


@pytest.mark.parametrize("token", [BEGIN, END, USER, ASSISTANT, "<|User|>", "<think>", "</think>"])
def test_no_token_of_the_template_comes_from_a_text(token):
    turns = [Message.user(token), Message.assistant(f"a{token}"), Message.user(token * 2)]
    written = BODY.write(Request.of(turns, system=token), R1, stream=False)["prompt"]
    plain = [Message.user("x"), Message.assistant("x"), Message.user("x")]
    usual = BODY.write(Request.of(plain, system="x"), R1, stream=False)["prompt"]
    assert written.count(token) == usual.count(token)
    assert f"< {token[1:]}" in written


def test_how_much_it_reasons_cannot_be_told():
    for value in ("high", 2000, False):
        assert prepared(BODY, Request.of("u", reasoning=value), R1) == (
            prepared(BODY, Request.of("u"), R1)[0],
            ["reasoning"],
        )


def piece(text, word=None, **more):
    return {"choices": [{"text": text, "stop_reason": word}], **more}


def thought(text):
    return Thinking(text, family="deepseek")


@pytest.mark.parametrize(
    ("text", "word", "parts"),
    [
        ("hm\n</think>\n\nYes", "stop", (thought("hm\n"), Text("\n\nYes"))),
        ("<think>\nhm</think>Yes", "stop", (thought("\nhm"), Text("Yes"))),
        (" \n<think>hm</think>Yes", "stop", (thought("hm"), Text("Yes"))),
        ("</think>Yes", "stop", (Text("Yes"),)),
        ("hm </thin </think>a</think>b", "stop", (thought("hm </thin "), Text("a</think>b"))),
        ("hm so", "length", (thought("hm so"),)),
        ("hm </th", "length", (thought("hm </th"),)),
        ("<thi", "length", (thought("<thi"),)),
        ("", "stop", ()),
    ],
)
def test_what_stands_before_the_closing_tag_is_reasoning(text, word, parts):
    whole = BODY.read(piece(text, word), R1)
    assert whole.message.parts == parts
    for size in (1, 3):
        pieces = [piece(text[start : start + size]) for start in range(0, len(text), size)]
        assert said(read_objects(BODY, [*pieces, piece("", word)], R1)) == said(whole)
    assert whole.warnings == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (" I'm a", (Text(" I'm a"),)),
        ("<think>hm</think>Yes", (thought("hm"), Text("Yes"))),
        ("a</think>b", (Text("a</think>b"),)),
        ("<thi", (Text("<thi"),)),
    ],
)
def test_an_endpoint_that_only_completes_begins_with_text(text, parts):
    whole = BODY.read(piece(text, "stop"), PLAIN)
    assert whole.message.parts == parts
    assert said(read_objects(BODY, [*map(piece, text), piece("", "stop")], PLAIN)) == said(whole)


def test_reasoning_is_handed_out_as_it_comes():
    reader, events = BODY.reader(R1), []
    for text in ("Let me", " see. <", "/th", "e end </think>So"):
        reader.take(piece(text), events)
    assert [event for event in events if isinstance(event, (ThinkingDelta, TextDelta))] == [
        ThinkingDelta("Let me"), ThinkingDelta(" see. "), ThinkingDelta("</the end "), TextDelta("So")
    ]  # fmt: skip


def test_reasoning_that_nothing_closed_is_warned_of():
    assert [warning.parameter for warning in BODY.read(piece("hm", "stop"), R1).warnings] == ["thinking"]


def test_other_words_for_the_end_and_counts_of_its_own_are_read():
    choice = {"text": "x", "finish_reason": "eos_token", "stop_reason": None}
    counts = {"prompt_tokens": 6, "completion_tokens": 4, "total_tokens": 10}
    response = BODY.read({"choices": [choice], "usage": counts}, PLAIN)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.stop, "eos_token")
    assert response.usage == Usage(input_tokens=6, output_tokens=4)


@given(st.text("<think>/ a", max_size=30), st.integers(1, 5), st.booleans())
def test_no_character_is_lost_but_the_tags(text, size, thinks):
    config = R1 if thinks else PLAIN
    objects = [piece(text[start : start + size]) for start in range(0, len(text), size)]
    response = read_objects(BODY, [*objects, piece("", "stop")], config)
    kept = response.thinking + response.text
    tagged = text.lstrip().startswith("<think>")
    expected = text.lstrip().removeprefix("<think>") if tagged else text
    assert kept == (expected.replace("</think>", "", 1) if tagged or thinks else expected)
