"""Whole answers."""

from __future__ import annotations

import base64
import json

import pytest

from bedrock_llm.codecs.converse.decode import decode
from bedrock_llm.codecs.shared.reading import STOP_MISSING, USAGE_MISSING
from bedrock_llm.errors import ProtocolError
from bedrock_llm.messages import Audio, Citation, Image, Message, Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage

USAGE = {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13}
COUNTED = Usage(input_tokens=9, cache_read_tokens=0, cache_write_tokens=0, cache_write_1h_tokens=0, output_tokens=4)


def body(*blocks, reason="end_turn", usage=USAGE, **more):
    message = {"role": "assistant", "content": list(blocks)}
    return {"output": {"message": message}, "stopReason": reason, "usage": usage, "metrics": {"latencyMs": 1}, **more}


def read(data, family=None):
    return decode(json.dumps(data).encode(), {"x-amzn-requestid": "r-1"}, family)


def parts(*blocks, family=None):
    return read(body(*blocks), family).message.parts


def test_a_plain_answer_is_read_whole():
    data = body({"text": "Hello"}, serviceTier={"type": "default"})
    response = read(data)
    assert response == Response(
        message=Message.assistant("Hello"), stop_reason=StopReason.stop, raw_stop_reason="end_turn", usage=COUNTED
    )
    assert (response.raw, response.request_id) == (data, "r-1")


def test_empty_text_is_dropped_and_blank_text_kept():
    assert parts({"text": ""}, {"text": " "}, {"text": "a"}) == (Text(" "), Text("a"))


def test_an_answer_without_blocks_is_an_empty_message():
    assert parts() == ()


def test_tool_calls_are_read_whatever_their_type_says():
    call = {"toolUseId": "t-1", "name": "add", "input": {"a": 1}}
    assert parts({"toolUse": call}) == (ToolCall("t-1", "add", {"a": 1}),)
    assert parts({"toolUse": {**call, "type": "tool_use"}}) == (ToolCall("t-1", "add", {"a": 1}),)
    assert parts({"toolUse": {"toolUseId": "t-1", "name": "add"}}) == (ToolCall("t-1", "add", {}),)


def test_arguments_that_are_no_object_stay_as_their_text_with_the_error():
    (call,) = parts({"toolUse": {"toolUseId": "t-1", "name": "add", "input": "a=1"}})
    assert call == ToolCall("t-1", "add", None, '"a=1"', "the arguments are not a JSON object")
    assert call.invalid


def test_tools_of_the_service_stay_as_they_came():
    call = {"toolUseId": "t-1", "name": "nova_grounding", "input": {"q": 1}, "type": "server_tool_use"}
    result = {"toolUseId": "t-1", "content": [{"text": "x"}], "type": "nova_grounding_result", "status": "success"}
    assert parts({"toolUse": call}, {"toolResult": result}, {"text": "so"}) == (
        Opaque("converse", "toolUse", call),
        Opaque("converse", "toolResult", result),
        Text("so"),
    )
    assert read(body({"toolUse": call})).stop_reason is StopReason.stop


def test_reasoning_keeps_its_signature_and_family():
    words = {"reasoningText": {"text": "Hm.", "signature": "sig=="}}
    sealed = {"redactedContent": "c2VhbGVk"}
    assert parts({"reasoningContent": words}, {"reasoningContent": sealed}, family="claude") == (
        Thinking("Hm.", "sig==", None, "claude"),
        Thinking("", None, "c2VhbGVk", "claude"),
    )
    assert parts({"reasoningContent": {"reasoningText": {"text": "Hm."}}}) == (Thinking("Hm."),)
    assert parts({"reasoningContent": {"reasoningText": {"text": "", "signature": "s"}}}) == (Thinking("", "s"),)
    assert parts({"reasoningContent": {"reasoningText": {"text": ""}}}) == ()
    assert parts({"reasoningContent": {"summary": 1}}) == (Opaque("converse", "reasoningContent", {"summary": 1}),)


def test_citations_stand_on_their_text():
    raw = {
        "title": "Report",
        "source": "r.pdf",
        "sourceContent": [{"text": "a "}, {"text": "b"}],
        "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}},
    }
    web = {"location": {"web": {"url": "https://example.com/", "domain": "example.com"}}}
    block = {"content": [{"text": "x"}, {"text": "y"}], "citations": [raw, web]}
    expected = Text("xy", (Citation("a b", "Report", "r.pdf", raw), Citation(None, None, "https://example.com/", web)))
    assert parts({"citationsContent": block}) == (expected,)
    assert parts({"citationsContent": {"citations": [web]}}) == (Text("", expected.citations[1:]),)
    assert parts({"citationsContent": {"content": [{"text": ""}]}}) == ()
    strange = {"content": [{"image": {}}], "citations": []}
    assert parts({"citationsContent": strange}) == (Opaque("converse", "citationsContent", strange),)


def test_media_that_the_model_made_are_parts():
    data = base64.b64encode(b"pixels").decode()
    assert parts({"image": {"format": "png", "source": {"bytes": data}}}) == (Image(b"pixels", media_type="image/png"),)
    assert parts({"audio": {"format": "mp3", "source": {"s3Location": {"uri": "s3://b/k"}}}}) == (
        Audio("s3://b/k", media_type="audio/mpeg"),
    )
    failed = {"format": "png", "source": {"bytes": data}, "error": {"message": "blocked"}}
    assert parts({"image": failed}) == (Opaque("converse", "image", failed),)
    assert parts({"image": {"format": "tiff"}}) == (Opaque("converse", "image", {"format": "tiff"}),)


def test_unknown_blocks_stay_as_they_came():
    assert parts({"hologram": {"x": [1, None]}}) == (Opaque("converse", "hologram", {"x": [1, None]}),)


def test_members_that_are_null_count_as_absent():
    assert parts({"text": "a", "image": None, "padding": "xyz"}) == (Text("a"),)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", StopReason.stop),
        ("stop_sequence", StopReason.stop),
        ("tool_use", StopReason.tool_use),
        ("max_tokens", StopReason.length),
        ("model_context_window_exceeded", StopReason.length),
        ("guardrail_intervened", StopReason.content_filter),
        ("content_filtered", StopReason.content_filter),
        ("malformed_model_output", StopReason.error),
        ("malformed_tool_use", StopReason.error),
        ("something_new", StopReason.other),
    ],
)
def test_stop_reasons_are_mapped_and_kept(word, reason):
    response = read(body({"text": "a"}, reason=word))
    assert (response.stop_reason, response.raw_stop_reason) == (reason, word)


def test_a_stop_reason_that_nobody_knows_is_told():
    (warning,) = read(body({"text": "a"}, reason="something_new")).warnings
    assert (warning.parameter, "something_new" in warning.message) == ("stop_reason", True)


def test_a_tool_call_decides_where_the_word_says_a_plain_end():
    call = {"toolUse": {"toolUseId": "t", "name": "n", "input": {}}}
    assert read(body(call)).stop_reason is StopReason.tool_use
    assert read(body(call, reason="max_tokens")).stop_reason is StopReason.length


def test_a_missing_stop_reason_is_told():
    response = read(body({"text": "a"}, reason=None))
    assert (response.stop_reason, response.raw_stop_reason, response.warnings) == (
        StopReason.other,
        None,
        (STOP_MISSING,),
    )


@pytest.mark.parametrize(
    ("usage", "buckets"),
    [
        (USAGE, (9, 0, 0, 0, 4)),
        ({**USAGE, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 7}, (9, 5, 7, 0, 4)),
        ({**USAGE, "cacheWriteInputTokens": 7, "cacheDetails": [{"ttl": "5m", "inputTokens": 7}]}, (9, 0, 7, 0, 4)),
        (
            {
                **USAGE,
                "cacheWriteInputTokens": 10,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 6}, {"ttl": "5m", "inputTokens": 4}],
            },
            (9, 0, 4, 6, 4),
        ),
        ({**USAGE, "cacheDetails": [{"ttl": "1h", "inputTokens": 6}]}, (9, 0, 0, 6, 4)),
        ({**USAGE, "cacheWriteInputTokens": 2, "cacheDetails": [{"ttl": "1h", "inputTokens": 6}]}, (9, 0, 0, 6, 4)),
        ({**USAGE, "cacheReadInputTokens": None}, (9, 0, 0, 0, 4)),
    ],
)
def test_usage_is_read_in_buckets_that_do_not_overlap(usage, buckets):
    response = read(body({"text": "a"}, usage=usage))
    found = response.usage
    assert (
        found.input_tokens,
        found.cache_read_tokens,
        found.cache_write_tokens,
        found.cache_write_1h_tokens,
        found.output_tokens,
    ) == buckets
    assert response.warnings == ()


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, Usage()),
        ([], Usage()),
        ({}, Usage(None, 0, 0, 0, None)),
        ({"outputTokens": 4}, Usage(None, 0, 0, 0, 4)),
        ({"inputTokens": -1, "outputTokens": "4"}, Usage(None, 0, 0, 0, None)),
        ({"inputTokens": True, "outputTokens": 1e400}, Usage(None, 0, 0, 0, None)),
        ({"inputTokens": 10**30, "outputTokens": 4.5}, Usage(None, 0, 0, 0, None)),
        ({**USAGE, "cacheWriteInputTokens": 7, "cacheDetails": [{"ttl": "1h"}]}, Usage(9, 0, 7, None, 4)),
        ({**USAGE, "cacheWriteInputTokens": 7, "cacheDetails": {"ttl": "1h"}}, Usage(9, 0, 7, None, 4)),
    ],
)
def test_counts_that_cannot_be_read_are_unknown_and_told(usage, expected):
    response = read(body({"text": "a"}, usage=usage))
    assert response.usage == expected
    assert response.warnings == (USAGE_MISSING,)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"<html><body>502</body></html>",
        b"null",
        b"[]",
        b"{}",
        b'{"message":"no"}',
        b'{"output":{}}',
        b'{"output":[]}',
        b'{"output":{"message":{"content":{}}}}',
        b'{"output":{"message":{"content":[1]}}}',
        b'{"output":{"message":{"content":[{}]}}}',
        b'{"output":{"message":{"content":[{"text":"a","image":{}}]}}}',
        b'{"output":{"message":{"content":[{"text":1}]}}}',
        b'{"output":{"message":{"content":[{"toolUse":[]}]}}}',
        b'{"output":{"message":{"content":[{"toolUse":{"name":"n"}}]}}}',
        b'{"output":{"message":{"content":[{"toolUse":{"toolUseId":"t","name":7}}]}}}',
        b'{"output":{"message":{"content":[{"reasoningContent":"x"}]}}}',
        b'{"output":{"message":{"content":[{"reasoningContent":{"redactedContent":1}}]}}}',
        b'{"output":{"message":{"content":[{"reasoningContent":{"reasoningText":{"text":[1]}}}]}}}',
        b'{"output":{"message":{"content":[{"citationsContent":{"content":7}}]}}}',
        b'{"output":{"message":{"content":[{"citationsContent":{"citations":{"a":1}}}]}}}',
        b'{"output":{"message":{"content":[{"citationsContent":{"citations":[3]}}]}}}',
        b'{"output":{"message":{"content":[{"image":{"format":"png","source":{"bytes":"?"}}}]}}}',
        b'{"output":{"message":{"content":[]}},"stopReason":7}',
        b'{"output":{"message":{"content":[{"text":"\xff"}]}}}',
        b'{"output":{"message":{"content":[{"text":"\\ud800"}]}}}',
        b'{"output":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"output":' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_answer_is_a_protocol_error(data):
    with pytest.raises(ProtocolError) as caught:
        decode(data, {}, None)
    assert data.strip() == b"" or caught.value.excerpt


def test_numbers_beyond_a_float_do_not_break_an_answer():
    call = b'{"toolUseId":"t","name":"n","input":{"x":1e400}}'
    data = b'{"output":{"message":{"content":[{"toolUse":%b}]}},"stopReason":"tool_use"}' % call
    assert decode(data, {}, None).tool_calls[0].arguments == {"x": float("inf")}
