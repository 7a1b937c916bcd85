"""Streamed chat completions answers."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError, RateLimitError, StreamInterruptedError
from bedrock_llm.events import TextDelta, ThinkingDelta, ToolCallDelta, ToolCallStarted, empty_response, fold
from bedrock_llm.messages import Citation, Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import StopReason, Usage
from tests.codecs.openai_chat.wire import counted, events_of_stream, folded, frames, objects_read

BODY = ChatBody()
KNOWN = ModelConfig(family="vendor")
COUNTS = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
SO_FAR = {**COUNTS, "completion_tokens": 1}
USAGE = Usage(3, 0, 0, None, 5, 0, 0, reasoning_tokens=0)


def chunk(finish_reason=None, index=0, **delta):
    return {"id": "x", "choices": [{"index": index, "delta": delta, "finish_reason": finish_reason}]}


def called(*entries):
    return chunk(tool_calls=list(entries))


def entry(index=None, identity=None, name=None, arguments=None):
    given = {"index": index, "id": identity, "function": {"name": name, "arguments": arguments}}
    made = {key: value for key, value in given.items() if value is not None}
    return {**made, "function": {key: value for key, value in made["function"].items() if value is not None}}


END = [chunk("stop"), {"id": "x", "choices": [], "usage": COUNTS}]


def read(*objects, native=None):
    features = {"native": {"body": "openai_chat", **native}} if native else None
    return objects_read(BODY, objects, ModelConfig(family="vendor", features=features))


def test_text_reasoning_and_calls_grow_piece_by_piece():
    objects = [
        chunk(role="assistant", content=""),
        chunk(reasoning_content="H"), chunk(reasoning_content="m", content=""),
        chunk(content="Hel"), chunk(content="lo"),
        called(entry(0, "t", "n", "")), called(entry(0, None, None, '{"a"')), called(entry(0, None, None, ":1}")),
        called(entry(1, "u", "m", "{}")),
        chunk("tool_calls"), {"id": "x", "choices": [], "usage": COUNTS},
    ]  # fmt: skip
    events, decoder = events_of_stream(BODY, frames(objects), KNOWN)
    deltas = [
        event for event in events if isinstance(event, (TextDelta, ThinkingDelta, ToolCallStarted, ToolCallDelta))
    ]
    assert deltas == [
        ThinkingDelta("H"), ThinkingDelta("m"), TextDelta("Hel"), TextDelta("lo"),
        ToolCallStarted(0, "t", "n"), ToolCallDelta(0, '{"a"'), ToolCallDelta(0, ":1}"),
        ToolCallStarted(1, "u", "m"), ToolCallDelta(1, "{}"),
    ]  # fmt: skip
    response = fold(empty_response(), events)
    assert response.message.parts == (
        Thinking("Hm", family="vendor"),
        Text("Hello"),
        ToolCall("t", "n", {"a": 1}),
        ToolCall("u", "m", {}),
    )
    assert (response.stop_reason, response.usage) == (StopReason.tool_use, USAGE)
    assert (decoder.complete, list(decoder.warnings)) == (True, [])


@pytest.mark.parametrize(
    ("entries", "calls"),
    [
        ([entry(0, "t", "a", "{}"), entry(0, "u", "b", "{}")], [("t", "a"), ("u", "b")]),
        ([entry(None, "t", "a", "{}"), entry(None, "u", "b", "{}")], [("t", "a"), ("u", "b")]),
        ([entry(None, None, "a", "{}"), entry(None, None, "b", "{}")], [("call_0", "a"), ("call_1", "b")]),
        ([entry(0, "t", "a", "{"), entry(0, "t", "a", "}")], [("t", "a")]),
        ([entry(0, "t", "a", "{"), entry(0, "z", None, "}")], [("t", "a")]),
        ([entry(None, "t", "a", "{"), entry(None, "t", None, "}")], [("t", "a")]),
        ([entry(None, "t", "a", "{"), entry(None, None, None, "}")], [("t", "a")]),
        ([entry(1, "t", "a", "{"), entry(0, "u", "b", "{}"), entry(1, None, None, "}")], [("t", "a"), ("u", "b")]),
        ([entry(0, "t", None, "{"), entry(0, None, "a", "}")], [("t", "a")]),
        ([entry(0, "t", "a", "{}"), entry(1, "", "", "")], [("t", "a")]),
        ([entry(0, "call_1", "a", "{}"), entry(1, None, "b", "{}")], [("call_1", "a"), ("call_1_", "b")]),
    ],
)
def test_a_piece_finds_its_call_by_index_or_id_or_as_the_last(entries, calls):
    for way in ([called(given) for given in entries], [called(*entries)]):
        response, _ = read(*way, chunk("tool_calls"), END[1])
        assert [(call.id, call.name, call.arguments) for call in response.tool_calls] == [(*call, {}) for call in calls]


def test_arguments_may_come_as_an_object():
    response, _ = read(called(entry(0, "t", "n", {"a": [1]})), *END)
    assert (response.tool_calls, response.stop_reason) == ((ToolCall("t", "n", {"a": [1]}),), StopReason.tool_use)


def test_a_call_that_is_no_function_is_kept():
    first = {"index": 0, "id": "t", "type": "custom", "custom": {"name": "n", "input": "a"}}
    response, _ = read(called(first), called({"index": 0, "custom": {"input": "b"}}), *END)
    whole = {**first, "custom": {"name": "n", "input": "ab"}}
    assert response.message.parts == (Opaque("openai_chat", "tool_calls", whole),)
    assert first["custom"]["input"] == "a"


def test_content_as_parts_in_pieces():
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": text}]} for text in ("H", "m")]
    response, _ = read(*(chunk(content=[part]) for part in thought), chunk(content="a"), *END)
    assert response.message.parts == (Thinking("Hm", family="vendor"), Text("a"))


def test_a_refusal_in_pieces_is_an_answer():
    response, _ = read(chunk(refusal="I "), chunk(refusal="can't."), *END)
    assert (response.text, response.stop_reason, response.raw_stop_reason) == (
        "I can't.",
        StopReason.content_filter,
        "stop",
    )


def test_citations_in_pieces():
    note = {"type": "url_citation", "url_citation": {"url": "u", "title": "t"}}
    response, _ = read(chunk(annotations=[note]), chunk(content="a"), chunk(content="b", annotations=[note]), *END)
    citation = Citation(None, "t", "u", note)
    assert response.message.parts == (Text("ab", (citation, citation)),)


def test_tags_are_read_however_they_are_cut():
    text = "a<think>b<c</think>d<thin e"
    for size in range(1, len(text)):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        response, _ = read(*(chunk(content=piece) for piece in pieces), *END, native={"think_tags": ["think"]})
        assert [(type(part), part.text) for part in response.message.parts] == [
            (Text, "a"), (Thinking, "b<c"), (Text, "d<thin e"),
        ]  # fmt: skip


def test_a_tag_that_is_not_closed_was_text():
    response, _ = read(
        chunk(content="<think>b"), called(entry(0, "t", "n", "{}")), *END, native={"think_tags": ["think"]}
    )
    assert response.message.parts == (Text("<think>b"), ToolCall("t", "n", {}))


@pytest.mark.parametrize(
    "objects",
    [
        [chunk(content="a"), chunk("stop"), {"choices": [], "usage": COUNTS}],
        [chunk(content="a"), {**chunk("stop"), "usage": COUNTS}],
        [chunk(content="a"), {**chunk("stop"), "x_groq": {"usage": COUNTS}}],
        [chunk(content="a"), {"choices": [{**chunk("stop")["choices"][0], "usage": COUNTS}]}],
        [{**chunk(content="a"), "usage": SO_FAR}, {**chunk("stop"), "usage": COUNTS}],
        [{**chunk(content="a"), "usage": SO_FAR}, chunk("stop"), {"choices": [], "usage": COUNTS}],
        [{**chunk(content="a"), "usage": COUNTS}, chunk("stop"), "[DONE]"],
        [{**chunk(content="a"), "usage": COUNTS}, chunk("stop")],
        [chunk(content="a"), {**chunk("stop"), "usage": None}, {"choices": None, "usage": COUNTS}],
        [chunk(content="a"), chunk("stop"), {**chunk("stop"), "usage": COUNTS}],
    ],
)  # fmt: skip
def test_the_count_stands_with_the_end_or_behind_it_or_before(objects):
    response, reader = read(*objects)
    assert (response.text, response.stop_reason, response.usage) == ("a", StopReason.stop, USAGE)
    assert (reader.complete, reader.warnings) == (True, [])


def test_the_carriers_count_is_taken_where_the_answer_has_none():
    response = folded(BODY, counted([chunk(content="a"), chunk("stop")]), KNOWN)
    assert response.usage == Usage(3, 0, 0, 0, 5)


def test_the_sentinel_ends_an_answer_that_never_said_why():
    response, reader = read(chunk(content="a"), "[DONE]")
    assert (response.text, response.stop_reason, response.raw_stop_reason) == ("a", StopReason.other, None)
    assert [warning.parameter for warning in reader.warnings] == ["stop_reason", "usage"]


def test_the_sentinel_comes_through_the_carrier_as_a_string():
    response = folded(BODY, [chunk(content="a"), chunk("stop"), "[DONE]"], KNOWN)
    assert (response.text, response.stop_reason, response.usage) == ("a", StopReason.stop, Usage())


def test_a_completions_text_in_pieces():
    objects = [{"choices": [{"text": text, "finish_reason": None}]} for text in "ab"]
    response, _ = read(*objects, {"choices": [{"text": "", "finish_reason": "length"}]})
    assert (response.text, response.stop_reason) == ("ab", StopReason.length)


def test_chunks_with_nothing_to_say_are_passed_over():
    odd = [{"choices": [], "prompt_filter_results": []}, {"choices": [{"index": 0, "delta": None}]}, {"choices": None}]
    response, _ = read(*odd, chunk(content="a"), *END)
    assert response.text == "a"


def test_further_choices_are_handed_on_with_one_warning():
    response, reader = read(chunk(content="a"), chunk(index=1, content="b"), chunk("stop", index=1), *END)
    assert response.text == "a"
    assert [warning.parameter for warning in reader.warnings] == ["n"]
    assert [next(iter(event)) for event in response.raw["events"]] == ["choice", "choice"]


def test_what_has_no_name_here_is_kept_once():
    first = {**chunk(content="a", channel="final"), "model": "m", "obfuscation": "zz"}
    first["choices"][0]["logprobs"] = {"content": [1]}
    second = {**chunk(content="b", channel="final"), "model": "m", "obfuscation": "y"}
    response, _ = read(first, second, {**chunk("stop"), "model": "m", "service_tier": "default"}, END[1])
    assert response.raw == {
        "id": "x",
        "model": "m",
        "service_tier": "default",
        "usage": COUNTS,
        "events": [{"delta": {"channel": "final"}}, {"choice": {"logprobs": {"content": [1]}}}],
    }


def test_an_error_inside_the_stream_is_raised():
    with pytest.raises(RateLimitError, match="slow down"):
        read(chunk(content="a"), {**chunk("stop"), "error": {"message": "slow down", "code": 429}})


@pytest.mark.parametrize("place", ["before", "beside"])
def test_what_was_used_until_a_stream_failed_is_reported(place):
    reader, events = BODY.reader(ModelConfig()), []
    failed = {"choices": [], "error": {"message": "slow down", "code": 429}}
    counts = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    reader.take({**chunk(content="a"), **({"usage": counts} if place == "before" else {})}, events)
    with pytest.raises(RateLimitError):
        reader.take({**failed, **({"usage": counts} if place == "beside" else {})}, events)
    usage = fold(empty_response(), events).usage
    assert (usage.input_tokens, usage.output_tokens) == (3, 1)


def test_a_stream_without_an_end_is_interrupted():
    with pytest.raises(StreamInterruptedError):
        read(chunk(content="a"))


@pytest.mark.parametrize(
    "objects",
    [
        ["x"],
        [7],
        [{"choices": "x"}],
        [{"choices": [7]}],
        [{"choices": [{"index": 0, "delta": "x"}]}],
        [chunk(content=7)],
        [chunk(content="a"), chunk("stop"), chunk(content="b")],
        [chunk(7)],
        [called(entry(0, "t", None, "{}")), chunk("tool_calls")],
    ],
)
def test_a_broken_stream_is_a_protocol_error(objects):
    with pytest.raises(ProtocolError):
        read(*objects)
