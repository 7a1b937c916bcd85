"""Answers of a Llama that are tool calls, and those that only look so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.llama_prompt import LlamaPromptBody
from bedrock_llm.codecs.llama_prompt.calls import may_become_calls, read_calls
from bedrock_llm.codecs.llama_prompt.tools import calls_text
from bedrock_llm.events import TextDelta, ToolCallDelta, ToolCallFinished, ToolCallStarted
from bedrock_llm.messages import Text, ToolCall
from bedrock_llm.response import StopReason
from tests.codecs.shared.text_bodies import config_of, read_objects, said

BODY = LlamaPromptBody()
CONFIG = config_of({"body": "llama_prompt", "template": "llama-3.1", "tools": "json"})
PLAIN = config_of({"body": "llama_prompt", "template": "llama-3.1", "tools": None})

CALLS = {
    '{"name": "f", "parameters": {"a": 1}}': [("f", {"a": 1})],
    ' {"name":"f","arguments":{}}\n': [("f", {})],
    '{"type": "function", "name": "f", "parameters": {"a": {"b": []}}}': [("f", {"a": {"b": []}})],
    '<|python_tag|>{"name": "f", "parameters": {"a": "é"}}<|eom_id|>': [("f", {"a": "é"})],
    '{"parameters": {"x": "}"}, "name": "f"}<|eot_id|>': [("f", {"x": "}"})],
    "[f()]": [("f", {})],
    "[get_weather(city='SF', days=2), g()]": [("get_weather", {"city": "SF", "days": 2}), ("g", {})],
    "<|python_tag|>[f(x=-1.5, y=[1, {'k': None}], z=(True, False))]<|eot|>": [
        ("f", {"x": -1.5, "y": [1, {"k": None}], "z": [True, False]})
    ],
    "<|python_start|>[f(a='b')]<|python_end|>\n": [("f", {"a": "b"})],
    "[a.b(x='it\\'s', y=\"[(\", z='\\d')]": [("a.b", {"x": "it's", "y": "[(", "z": "\\d"})],
    "[f(x='\\ud83d\\ude00')]": [("f", {"x": "\U0001f600"})],
    "[\n  f(a=1),\n]": [("f", {"a": 1})],
    '<function=f>{"a": 1}</function>': [("f", {"a": 1})],
    '<function=f>{"a": 1}</function>\n<function=g-2></function><|eom_id|>': [("f", {"a": 1}), ("g-2", {})],
}
TEXTS = [
    "Hello", "", " \n", "[]", "[1, 2]", "[note](url)", "[see here](f(x=1))", "[f(1)]", "[f(x=y)]", "[f(**{'a': 1})]",
    "[f(x=1), 2]", "[f(x=1)] is how", "Call [f(x=1)]", "[f(x=1)", "[f(x=1, x=2)]", "[f(x=__import__('os'))]",
    "[f(x=1e999)]", "[f(x=b'a')]", "[f(x={1, 2})]", "[f(x={1: 2})]", "[f(x=1j)]", "[f(x=...)]", "[f(x=[i for i in y])]",
    "[(lambda: 1)()]", "[f()()]", "[f(x='a\nb')]", "f(x=1)", "{}", '{"name": "f"}', '{"name": "Bob", "age": 3}',
    '{"name": "f", "parameters": {}, "more": 1}', '{"name": "", "parameters": {}}', '{"name": "f", "parameters": []}',
    '{"name": "f", "parameters": {}, "arguments": {}}', '{"name": "f", "parameters": {"a": NaN}}',
    '{"name": "f", "parameters": {}} is the JSON', '{"name": "f", "parameters": {"a": 1}', '{"type": "x", "name": "f"}',
    '[{"name": "f", "parameters": {}}]', "<|python_tag|>print(1)", "<function=f>{}", "<function=>{}</function>",
    "<function=f>{}</function> and so", "<div>", "[" * 5000, "[f(x=" + "[" * 3000 + "]" * 3000 + ")]",
    '{"name": "f", "parameters": ' + '{"a":' * 5000,
]  # fmt: skip


def answer(text, word="stop"):
    return {"generation": text, "prompt_token_count": 3, "generation_token_count": 2, "stop_reason": word}


@pytest.mark.parametrize("text", CALLS)
def test_every_form_of_a_call_is_read(text):
    response = BODY.read(answer(text), CONFIG)
    assert [(call.name, call.arguments) for call in response.tool_calls] == CALLS[text]
    assert (response.stop_reason, response.raw_stop_reason, response.text) == (StopReason.tool_use, "stop", "")
    assert all(may_become_calls(text[:end]) for end in range(len(text) + 1))


@pytest.mark.parametrize("text", TEXTS)
def test_what_merely_looks_like_a_call_stays_text(text):
    response = BODY.read(answer(text), CONFIG)
    assert response.message.parts == ((Text(text),) if text else ())
    assert response.stop_reason is StopReason.stop


@pytest.mark.parametrize("text", CALLS)
def test_nothing_is_a_call_where_the_template_has_no_tools(text):
    assert BODY.read(answer(text), PLAIN).message.parts == (Text(text),)


def test_invalid_json_between_tags_stays_raw_with_the_error_beside_it():
    (call,) = BODY.read(answer("<function=f>{bad</function>"), CONFIG).tool_calls
    assert (call.name, call.arguments, call.raw_arguments, call.invalid) == ("f", None, "{bad", True)


def test_ids_differ_within_an_answer_and_between_answers_and_are_always_the_same():
    first, again, other = (read_calls(text) for text in ("[f(), f()]", "[f(), f()]", "[f(), f(a=1)]"))
    assert first == again
    assert len({call.id for call in (*first, *other)}) == 4


def test_a_cut_call_is_text():
    response = BODY.read(answer('{"name": "f", "parameters": {"a"', "length"), CONFIG)
    assert (response.tool_calls, response.stop_reason) == ((), StopReason.length)


RELEASED = [
    ("Hello", 1), ("[1, 2]", 2), ("[note](url)", 6), ("[f(x) is", 5), ("<div>", 2), ("<|eot", 3), ("[f(x=1)] so", 10),
    ('{"name": "Bob", "age": 3, "and', 24), ('{"name": "f", "parameters": {}} so', 33), ("[f(x=1) and then", 13),
    ("<|python_tag|>print", 15), ("<function=f>no", 13),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at"), RELEASED)
def test_text_is_held_back_only_while_it_may_become_a_call(text, at):
    reader, events = BODY.reader(CONFIG), []
    for count, character in enumerate(text, 1):
        reader.take({"generation": character}, events)
        assert bool(events) is (count >= at), (text[:count], events)
    assert events[0] == TextDelta(text[:at])
    assert "".join(event.text for event in events) == text


def test_a_streamed_call_comes_at_the_end_in_one_piece():
    reader, events = BODY.reader(CONFIG), []
    for character in '{"name": "f", "parameters": {"a": 1}}':
        reader.take({"generation": character, "stop_reason": None}, events)
    assert events == []
    reader.take(answer(""), events)
    call = ToolCall(events[0].id, "f", {"a": 1})
    assert events == [ToolCallStarted(0, call.id, "f"), ToolCallDelta(0, '{"a": 1}'), ToolCallFinished(call)]


SPLIT = st.sampled_from([*CALLS, *(text for text in TEXTS if len(text) < 500)])


@given(SPLIT, st.data())
@settings(max_examples=300, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_whole(text, data):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip((0, *cuts), (*cuts, len(text)), strict=True)]
    objects = [{"generation": piece, "stop_reason": None} for piece in pieces]
    streamed = read_objects(BODY, [*objects, answer("")], CONFIG)
    assert said(streamed) == said(BODY.read(answer(text), CONFIG))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
GIVEN = st.dictionaries(st.sampled_from(["a", "b_2", "C"]), VALUES, max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["f", "g.h"]), GIVEN), min_size=1, max_size=3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_calls_that_are_written_are_read_again(calls, python):
    made = [ToolCall("x", name, given) for name, given in (calls if python else calls[:1])]
    text = calls_text(made, "pythonic" if python else "json")
    assert [(call.name, call.arguments) for call in read_calls(text)] == [(call.name, call.arguments) for call in made]
    assert all(may_become_calls(text[:end]) for end in range(len(text) + 1))


def test_a_long_call_is_looked_at_seldom():  # each time would take minutes
    text = '[f(x="' + "word " * 20_000 + '")]'
    reader, events = BODY.reader(CONFIG), []
    for start in range(0, len(text), 5):
        reader.take({"generation": text[start : start + 5]}, events)
    reader.take(answer(""), events)
    assert isinstance(events[-1], ToolCallFinished)
