"""Whole chat completions answers."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import (
    AuthenticationError,
    ContextWindowExceededError,
    OverloadedError,
    ProtocolError,
    QuotaExceededError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)
from bedrock_llm.events import CUT_CALL
from bedrock_llm.messages import Citation, Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import StopReason, Usage

BODY = ChatBody()
KNOWN = ModelConfig(family="vendor")


def answer(message, finish_reason="stop", **more):
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
    return {"id": "x", "object": "chat.completion", "choices": [choice], **more}


def read(message, finish_reason="stop", native=None, **more):
    features = {"native": {"body": "openai_chat", **native}} if native else None
    return BODY.read(answer(message, finish_reason, **more), ModelConfig(family="vendor", features=features))


def function(name, arguments, **more):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


def test_a_plain_answer():
    usage = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
    response = read({"content": "Hello", "refusal": None}, usage=usage)
    assert response.message.parts == (Text("Hello"),)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.stop, "stop")
    assert response.usage == Usage(3, 0, 0, None, 5, 0, 0, reasoning_tokens=0)
    assert (response.warnings, response.raw) == ((), answer({"content": "Hello", "refusal": None}, usage=usage))


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", StopReason.stop),
        ("length", StopReason.length),
        ("model_length", StopReason.length),
        ("tool_calls", StopReason.tool_use),
        ("function_call", StopReason.tool_use),
        ("content_filter", StopReason.content_filter),
        ("error", StopReason.error),
    ],
)
def test_the_words_for_why_an_answer_ended(word, reason):
    assert read({"content": "a"}, word).stop_reason is reason


@pytest.mark.parametrize("word", [None, ""])
def test_an_answer_that_does_not_say_why_it_ended_is_told_so(word):
    response = read({"content": "a"}, word)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.other, None)
    assert [warning.parameter for warning in response.warnings] == ["stop_reason"]


def test_an_unknown_word_is_kept_with_a_warning():
    response = read({"content": "a"}, "novel")
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.other, "novel")
    assert len(response.warnings) == 1


def test_mistrals_own_name_for_the_reason_and_a_stop_string_beside_it():
    message = {"role": "assistant", "content": "a"}
    own = BODY.read({"choices": [{"index": 0, "message": message, "stop_reason": "length"}]}, KNOWN)
    both = BODY.read({"choices": [{"index": 0, "message": message, "finish_reason": "stop", "stop_reason": 7}]}, KNOWN)
    assert (own.stop_reason, both.stop_reason) == (StopReason.length, StopReason.stop)


def test_a_completions_text_is_taken_for_a_message():
    assert BODY.read({"choices": [{"text": "a", "finish_reason": "length"}]}, KNOWN).text == "a"


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_beside_the_content(name):
    response = read({"content": "a", name: "Hm"})
    assert response.message.parts == (Thinking("Hm", family="vendor"), Text("a"))


def test_reasoning_said_twice_is_read_once():
    assert read({"content": "a", "reasoning": "Hm", "reasoning_content": "Hm"}).thinking == "Hm"


def test_content_as_parts():
    parts = [
        {
            "type": "thinking",
            "thinking": [{"type": "text", "text": "H"}, {"type": "text", "text": "m"}],
            "closed": True,
        },
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
        {"type": "reference", "reference_ids": [1]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "so", "signature": "s"}]},
    ]
    assert read({"content": parts}).message.parts == (
        Thinking("Hm", family="vendor"),
        Text("ab"),
        Opaque("openai_chat", "reference", parts[3]),
        Thinking("so", "s", None, "vendor"),
    )


def test_tags_are_read_only_where_the_model_is_known_to_write_them():
    text = "<think>Hm</think>So <reasoning>x</reasoning> it <think>is"
    assert read({"content": text}).message.parts == (Text(text),)
    response = read({"content": text}, native={"think_tags": ["think", "reasoning"]})
    assert [(type(part), part.text) for part in response.message.parts] == [
        (Thinking, "Hm"),
        (Text, "So "),
        (Thinking, "x"),
        (Text, " it <think>is"),
    ]


def test_a_refusal_is_an_answer():
    response = read({"content": None, "refusal": "I can't."})
    assert (response.text, response.stop_reason, response.raw_stop_reason) == (
        "I can't.",
        StopReason.content_filter,
        "stop",
    )


def test_citations_are_those_of_the_text():
    annotation = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}
    assert read({"content": "a", "annotations": [annotation]}).message.parts == (
        Text("a", (Citation(None, "t", "u", annotation),)),
    )


def test_tool_calls_in_all_the_forms_that_servers_give_them():
    calls = [
        function("a", '{"x": 1}', id="t"),
        function("b", {"x": 2}, id="u"),
        function("c", "", id=""),
        function("d", None),
        function("e", '{"x', id="v"),
        function("f", "[1]", id="w"),
        {"id": "y", "type": "custom", "custom": {"name": "g", "input": "z"}},
    ]
    parts = read({"content": None, "tool_calls": calls}, "tool_calls").message.parts
    assert parts[:4] == (
        ToolCall("t", "a", {"x": 1}),
        ToolCall("u", "b", {"x": 2}),
        ToolCall("call_2", "c", {}),
        ToolCall("call_3", "d", {}),
    )
    assert [(call.arguments, call.raw_arguments, bool(call.error)) for call in parts[4:6]] == [
        (None, '{"x', True),
        (None, "[1]", True),
    ]
    assert parts[6] == Opaque("openai_chat", "tool_calls", calls[6])


def test_a_call_decides_where_the_word_says_a_plain_end():
    assert (
        read({"content": None, "tool_calls": [function("a", "{}", id="t")]}, "stop").stop_reason is StopReason.tool_use
    )


def test_the_one_call_of_the_older_form():
    response = read({"content": None, "function_call": {"name": "a", "arguments": '{"x": 1}'}}, "function_call")
    assert response.tool_calls == (ToolCall("call_0", "a", {"x": 1}),)


def test_calls_that_say_nothing_are_none():
    hollow = {"content": "a", "function_call": {"name": "", "arguments": ""}, "tool_calls": [function("", "", id="")]}
    response = read(hollow)
    assert (response.message.parts, response.stop_reason) == ((Text("a"),), StopReason.stop)


def test_a_call_whose_arguments_were_cut_off_is_invalid():
    response = read({"content": None, "tool_calls": [function("a", "", id="t")]}, "length")
    assert response.tool_calls == (ToolCall("t", "a", None, "", CUT_CALL),)


def test_further_choices_stand_in_raw_with_a_warning():
    choices = [
        {"index": 1, "message": {"content": "b"}, "finish_reason": "stop"},
        {"index": 0, "message": {"content": "a"}, "finish_reason": "stop"},
    ]
    response = BODY.read({"choices": choices}, KNOWN)
    assert (response.text, [warning.parameter for warning in response.warnings]) == ("a", ["n"])


def counted(before, after, **more):
    return {"prompt_tokens": before, "completion_tokens": after, **more}


def used(before, after, *, read=0, written=0, heard=0, spoken=0, thought=0):
    return Usage(before, read, written, None, after, heard, spoken, reasoning_tokens=thought)


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        (None, Usage()),
        ({}, Usage()),
        (counted(10, 5, prompt_tokens_details={"cached_tokens": 4}), used(6, 5, read=4)),
        (
            counted(
                10,
                5,
                prompt_tokens_details={"audio_tokens": 3},
                completion_tokens_details={"audio_tokens": 1, "reasoning_tokens": 2},
            ),
            used(7, 4, heard=3, spoken=1, thought=2),
        ),
        (
            counted(10, 5, prompt_tokens_details={"cached_tokens": 4, "cache_write_tokens": 5}),
            used(1, 5, read=4, written=5),
        ),
        (counted(10, 5, prompt_cache_hit_tokens=8), used(2, 5, read=8)),
        (counted(10, 5, cached_tokens=8), used(2, 5, read=8)),
        (counted(2, 5, prompt_tokens_details={"cached_tokens": 8}), used(2, 5, read=8)),
        (
            counted(3, 5, total_tokens=10, completion_tokens_details={"reasoning_tokens": 2}),
            used(3, 7, thought=2),
        ),
        ({"prompt_tokens": 3, "total_tokens": 3}, used(3, 0)),
        (counted(-1, "5"), used(None, None)),
    ],
)
def test_counts_are_told_in_buckets_that_do_not_overlap(counts, usage):
    assert read({"content": "a"}, usage=counts).usage == usage


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ({"message": "m", "type": "invalid_request_error", "code": "unsupported"}, RejectedRequestError, "unsupported"),
        ({"message": "m", "code": "context_length_exceeded"}, ContextWindowExceededError, "context_length_exceeded"),
        ({"message": "the maximum context length is 9", "code": 400}, ContextWindowExceededError, "400"),
        ({"message": "m", "code": 429}, RateLimitError, "429"),
        ({"message": "m", "code": "503"}, OverloadedError, "503"),
        ({"message": "m", "code": 401}, AuthenticationError, "401"),
        ({"message": "m", "code": 418}, RejectedRequestError, "418"),
        (
            {"message": "m", "code": "insufficient_quota", "type": "rate_limit_error"},
            QuotaExceededError,
            "insufficient_quota",
        ),
        ({"message": "m", "code": "org_spend_limit_exceeded"}, QuotaExceededError, "org_spend_limit_exceeded"),
        ({"message": "m"}, ServerError, None),
        ("m", ServerError, None),
    ],
)
def test_an_error_that_came_as_an_answer_is_one(error, kind, code):
    for data in ({"error": error}, {**answer({"content": "a"}), "error": error}):
        with pytest.raises(kind) as caught:
            BODY.read(data, KNOWN)
        assert type(caught.value) is kind
        assert (caught.value.code, caught.value.retryable) == (code, kind.default_retryable)
        assert "m" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"choices": []},
        {"choices": None},
        {"choices": ["x"]},
        {"choices": [{"index": 0}]},
        answer({"content": 7}),
        answer({"content": ["x", 7]}),
        answer({"content": "a"}, 7),
        answer({"content": "a", "tool_calls": 7}),
        answer({"content": "a", "tool_calls": [7]}),
        answer({"content": "a", "tool_calls": [{"function": 7}]}),
        answer({"content": "a", "tool_calls": [{"function": {"arguments": "{}"}}]}),
        answer({"content": "a", "refusal": 7}),
        answer({"content": "a", "annotations": [7]}),
    ],
)
def test_what_is_no_answer_is_a_protocol_error(data):
    with pytest.raises(ProtocolError):
        BODY.read(data, KNOWN)
