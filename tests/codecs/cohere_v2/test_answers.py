"""Answers of Cohere's chat of version 2, whole and streamed."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.cohere_chat import CohereChatBody, direct_body
from bedrock_llm.errors import ProtocolError, ServerError, StreamInterruptedError
from bedrock_llm.events import OpaqueEvent, TextDelta, ThinkingDelta
from bedrock_llm.messages import Citation, Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import StopReason
from tests.codecs.cohere_v2.wire import BODY, COHERE
from tests.codecs.openai_chat.wire import objects_read

USAGE = {"billed_units": {"input_tokens": 3, "output_tokens": 2}, "tokens": {"input_tokens": 40, "output_tokens": 5}}
CITED = {"start": 0, "end": 4, "text": "Rome", "sources": [{"type": "tool", "id": "t:0", "tool_output": {"url": "u"}}]}


def answer(finish_reason="COMPLETE", usage=USAGE, **message):
    return {"id": "a", "message": {"role": "assistant", **message}, "finish_reason": finish_reason, "usage": usage}


def event(kind, index=None, **message):
    return {"type": kind, **({} if index is None else {"index": index}), "delta": {"message": message}}


def end(finish_reason="COMPLETE", **delta):
    return {"type": "message-end", "delta": {"finish_reason": finish_reason, "usage": USAGE, **delta}}


def read(*objects):
    return objects_read(BODY, objects, COHERE)


def call(arguments, identity="t", name="look"):
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_a_text_is_read_with_its_counts():
    response = BODY.read(answer(content=[{"type": "text", "text": "Hi."}]), COHERE)
    assert (response.text, response.stop_reason, response.raw_stop_reason) == ("Hi.", StopReason.stop, "COMPLETE")
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.searches) == (40, 5, 0)
    assert response.raw["usage"]["billed_units"]["input_tokens"] == 3


def test_what_a_cache_gave_is_taken_from_the_input_and_images_stand_beside_it():
    tokens = {"input_tokens": 34, "output_tokens": 9, "reasoning_tokens": 4, "image_tokens": 259}
    response = BODY.read(answer(usage={"tokens": tokens, "cached_tokens": 30}, content=[]), COHERE)
    usage = response.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.input_image_tokens) == (4, 30, 259)
    assert (usage.output_tokens, usage.reasoning_tokens, usage.cache_write_tokens) == (9, 4, None)


@pytest.mark.parametrize("body", [BODY, direct_body()], ids=["v2", "v1"])
def test_an_answer_that_bills_other_counts_than_it_reports_is_of_a_class_without_prices(body):
    where, few, many = "usage" if body is BODY else "meta", {"input_tokens": 3}, {"input_tokens": 40}
    assert body.price_class({where: {"billed_units": few, "tokens": many}}) == "billed_units"
    assert body.price_class({where: {"billed_units": few, "tokens": few}}) is None
    assert body.price_class({where: {"billed_units": few}}) is None
    assert body.price_class({}) is None
    assert CohereChatBody().price_class({"meta": {"billed_units": few, "tokens": many}}) is None  # Bedrock counts these


def test_an_answer_that_says_only_what_is_billed_is_counted_by_it():
    usage = BODY.read(answer(usage={"billed_units": {"input_tokens": 3, "output_tokens": 2}}, content=[]), COHERE).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (3, 2, 0)
    assert BODY.read(answer(usage=None, content=[]), COHERE).usage.total_tokens is None


def test_reasoning_the_plan_and_calls_are_parts_in_their_order():
    message = {
        "content": [{"type": "thinking", "thinking": "Hm"}],
        "tool_plan": "I look.",
        "tool_calls": [call('{"a":1}')],
    }
    response = BODY.read(answer("TOOL_CALL", **message), COHERE)
    assert response.message.parts == (
        Thinking("Hm", family="cohere"),
        Opaque("cohere_v2", "tool_plan", "I look."),
        ToolCall("t", "look", {"a": 1}),
    )
    assert (response.text, response.thinking, response.stop_reason) == ("", "Hm", StopReason.tool_use)


def test_citations_stand_on_the_block_that_they_name():
    content = [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Rome it is"}]
    own, plan = {**CITED, "content_index": 1}, {**CITED, "type": "THINKING_CONTENT", "content_index": 0}
    response = BODY.read(answer(content=content, citations=[plan, own]), COHERE)
    assert response.message.parts == (
        Thinking("Hm", family="cohere"),
        Text("Rome it is", (Citation(None, None, "u", own),)),
        Opaque("cohere_v2", "citation", plan),
    )


def test_blocks_without_a_name_here_are_kept():
    odd = {"type": "chart", "data": {"x": 1}}
    assert BODY.read(answer(content=[odd]), COHERE).message.parts == (Opaque("cohere_v2", "chart", odd),)


@pytest.mark.parametrize(
    ("word", "reason"),
    [("MAX_TOKENS", StopReason.length), ("ERROR", StopReason.error), ("STOP_SEQUENCE", StopReason.stop)],
)
def test_the_words_for_the_end_are_known(word, reason):
    assert BODY.read(answer(word, content=[]), COHERE).stop_reason is reason


def test_an_unknown_word_is_told_and_an_absent_one_too():
    novel, absent = BODY.read(answer("NOVEL", content=[]), COHERE), BODY.read(answer(None, content=[]), COHERE)
    assert (novel.stop_reason, novel.raw_stop_reason) == (StopReason.other, "NOVEL")
    assert novel.warnings[0].parameter == absent.warnings[0].parameter == "stop_reason"


def test_unreadable_arguments_are_kept_with_the_error():
    response = BODY.read(answer("TOOL_CALL", tool_calls=[call('{"a":'), call("", "u")]), COHERE)
    broken, empty = response.tool_calls
    assert broken.invalid
    assert broken.raw_arguments == '{"a":'
    assert empty.arguments == {}


def test_a_last_call_that_lost_its_arguments_at_the_limit_is_invalid_in_both_forms():
    whole = BODY.read(answer("MAX_TOKENS", tool_calls=[call("", "t"), call("", "u")]), COHERE)
    streamed, _ = read(
        event("tool-call-start", 0, tool_calls=call("", "t")),
        {"type": "tool-call-end", "index": 0},
        event("tool-call-start", 1, tool_calls=call("", "u")),
        {"type": "tool-call-end", "index": 1},
        end("MAX_TOKENS"),
    )
    assert [each.invalid for each in whole.tool_calls] == [False, True]
    assert streamed.message == whole.message


def test_calls_without_an_id_get_one_from_their_place():
    response = BODY.read(answer(tool_calls=[call("{}", None), call("{}", None)]), COHERE)
    assert [each.id for each in response.tool_calls] == ["call_0", "call_1"]


@pytest.mark.parametrize(
    "data", [None, [], {}, {"message": 7}, {"message": {"content": 7}}, {"message": {"content": [7]}}]
)
def test_what_is_no_answer_is_refused(data):
    with pytest.raises(ProtocolError):
        BODY.read(data, COHERE)


def test_an_error_that_came_as_an_answer_is_raised():
    with pytest.raises(ServerError, match="something broke"):
        BODY.read({"id": "a", "message": "something broke"}, COHERE)


def test_a_stream_is_read_event_by_event():
    start = {"id": "a", **event("message-start", role="assistant", content=[], tool_plan="", tool_calls=[])}
    objects = [
        start,
        event("content-start", 0, content={"type": "thinking", "thinking": ""}),
        event("content-delta", 0, content={"thinking": "Hm"}),
        {"type": "content-end", "index": 0},
        event("content-start", 1, content={"type": "text", "text": ""}),
        event("content-delta", 1, content={"text": "Ro"}),
        event("content-delta", 1, content={"text": "me"}),
        {"type": "content-end", "index": 1},
        event("citation-start", 0, citations=CITED),
        {"type": "citation-end", "index": 0},
        end(),
    ]
    events = []
    reader = BODY.reader(COHERE)
    for payload in objects:
        reader.take(payload, events)
        reader.settle(events)
    assert reader.complete
    assert [each for each in events if isinstance(each, TextDelta | ThinkingDelta)] == [
        ThinkingDelta("Hm"), TextDelta("Ro"), TextDelta("me"),
    ]  # fmt: skip
    response, _ = read(*objects, "[DONE]")
    assert response.message.parts == (
        Thinking("Hm", family="cohere"),
        Text("Rome", (Citation(None, None, "u", CITED),)),
    )
    assert response.raw == {"id": "a", "finish_reason": "COMPLETE", "usage": USAGE}


def test_a_plan_is_one_block_before_the_calls():
    pieces = [event("tool-plan-delta", tool_plan=piece) for piece in ("I ", "look.")]
    response, _ = read(
        *pieces,
        event("tool-call-start", 0, tool_calls=call("")),
        event("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"a"'}}),
        event("tool-call-delta", 0, tool_calls={"function": {"arguments": ":1}"}}),
        {"type": "tool-call-end", "index": 0},
        end("TOOL_CALL"),
    )
    assert response.message.parts == (Opaque("cohere_v2", "tool_plan", "I look."), ToolCall("t", "look", {"a": 1}))


def test_an_event_without_a_name_here_is_handed_on():
    events = []
    BODY.reader(COHERE).take({"type": "debug", "prompt": "x"}, events)
    assert events == [OpaqueEvent("cohere_v2", "debug", {"prompt": "x"})]


def test_a_stream_that_was_cut_is_not_handed_over_as_whole():
    with pytest.raises(StreamInterruptedError):
        read(event("content-start", 0, content={"type": "text", "text": "Hi"}))


def test_the_sentinel_ends_an_answer_that_never_said_why():
    response, reader = read(event("content-start", 0, content={"type": "text", "text": "Hi"}), "[DONE]")
    assert (response.text, response.stop_reason) == ("Hi", StopReason.other)
    assert {warning.parameter for warning in reader.warnings} == {"stop_reason", "usage"}


@pytest.mark.parametrize("payload", [end("ERROR", error="it broke"), {"message": "it broke"}])
def test_an_error_inside_a_stream_is_raised(payload):
    with pytest.raises(ServerError, match="it broke"):
        read(payload)


@pytest.mark.parametrize(
    "objects",
    [
        ["text"],
        [event("content-delta", 0, content={"text": "Hi"})],
        [event("content-start", 0, content={"type": "text", "text": 7})],
        [event("tool-call-delta", 0, tool_calls={"function": {"arguments": "x"}})],
        [{"type": "tool-call-end", "index": 0}],
        [event("tool-call-start", 0, tool_calls={"id": "t"})],
        [{"type": "message-end", "delta": 7}],
        [event("citation-start", 0, citations=7)],
    ],
)
def test_what_breaks_the_format_of_a_stream_is_refused(objects):
    with pytest.raises(ProtocolError):
        read(*objects)


def test_more_after_the_end_is_refused():
    reader, events = BODY.reader(COHERE), []
    reader.take(end(), events)
    with pytest.raises(ProtocolError, match="after the end"):
        reader.take(event("content-start", 0, content={"type": "text"}), events)


def test_a_tool_without_arguments_is_called_with_null():
    response = BODY.read(answer(tool_calls=[call("null")]), COHERE)
    assert response.tool_calls == (ToolCall("t", "look", {}),)


def test_arguments_given_as_an_object_are_read():
    response = BODY.read(answer(tool_calls=[call({"a": [1]})]), COHERE)
    assert response.tool_calls[0].arguments == {"a": [1]}
    assert json.loads(json.dumps(response.to_dict()))["message"]["parts"][0]["arguments"] == {"a": [1]}
