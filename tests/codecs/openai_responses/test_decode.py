"""Whole answers."""

from __future__ import annotations

import pytest

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import (
    ContextWindowExceededError,
    ProtocolError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)
from bedrock_llm.events import CUT_CALL
from bedrock_llm.messages import Citation, Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import StopReason, Usage
from tests.codecs.openai_responses.wire import BODY, PLAIN, answer, call, message, read, reasoning, text_part

KNOWN = ModelConfig(family="gpt")
OWN = "openai_responses"


def parts(*items, **members):
    return read(*items, config=KNOWN, **members).message.parts


def test_a_text_is_one_part():
    data = answer(message("Hello"))
    response = BODY.read(data, KNOWN)
    assert response.message.parts == (Text("Hello"),)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.stop, "completed")
    assert (response.warnings, response.raw) == ((), data)


def test_the_parts_of_a_message_stay_parts():
    assert parts(message("a", text_part(""), "b")) == (Text("a"), Text("b"))


def test_reasoning_is_its_words_and_its_seal_with_the_item_behind():
    item = reasoning("One. ", "Two.", content=[{"type": "reasoning_text", "text": " Three."}], encrypted_content="S")
    assert parts(item) == (Thinking("One. Two. Three.", "S", None, "gpt"), Opaque(OWN, "reasoning", item))


def test_sealed_reasoning_without_words_is_thinking():
    item = reasoning(encrypted_content="S")
    assert parts(item) == (Thinking("", "S", None, "gpt"), Opaque(OWN, "reasoning", item))


def test_reasoning_that_says_nothing_is_kept_as_its_item_alone():
    assert parts(reasoning()) == (Opaque(OWN, "reasoning", reasoning()),)


def test_a_call_has_the_id_that_its_result_needs():
    response = read(call('{"a": 1}'))
    assert response.message.parts == (ToolCall("call_1", "n", {"a": 1}),)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.tool_use, "completed")


def test_what_a_call_has_beside_goes_with_it():
    caller = {"type": "program", "caller_id": "p"}
    found = parts(call(namespace="crm", caller=caller, created_by=None))
    assert found == (ToolCall("call_1", "n", {}), Opaque(OWN, "call", {"namespace": "crm", "caller": caller}))


def test_a_custom_tools_input_is_a_text():
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "sql", "input": "SELECT 1"}
    response = read(item)
    made, beside = response.message.parts
    assert (made.id, made.name, made.arguments, made.raw_arguments) == ("c", "sql", None, "SELECT 1")
    assert made.invalid
    assert beside == Opaque(OWN, "call", {"type": "custom_tool_call"})
    assert response.stop_reason is StopReason.tool_use


@pytest.mark.parametrize(
    ("item", "arguments", "raw", "broken"),
    [
        (call(""), {}, None, False),
        (call(None), {}, None, False),
        (call({"a": 1}), {"a": 1}, None, False),
        (call("{no"), None, "{no", True),
        (call("7"), None, "7", True),
    ],
)
def test_arguments_are_read_or_kept_with_the_error_beside(item, arguments, raw, broken):
    (made,) = parts(item)
    assert (made.arguments, made.raw_arguments, bool(made.error)) == (arguments, raw, broken)


@pytest.mark.parametrize("text", ["", "{}", '{"a'])
def test_a_call_that_the_limit_cut_is_not_to_be_run(text):
    response = read(
        call(text, status="incomplete"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}
    )
    assert response.tool_calls == (ToolCall("call_1", "n", None, text, CUT_CALL),)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.length, "max_output_tokens")


def test_items_without_a_name_are_kept_as_they_came():
    search = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search"}}
    compaction = {"type": "compaction", "id": "cmp", "encrypted_content": "S"}
    assert parts(search, message("a"), compaction) == (
        Opaque(OWN, "web_search_call", search),
        Text("a"),
        Opaque(OWN, "compaction", compaction),
    )


def test_citations_keep_what_they_came_with():
    web = {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "https://a", "title": "A"}
    file = {"type": "file_citation", "index": 3, "file_id": "f", "filename": "b.txt"}
    odd = {"type": "novel", "title": 7}
    (text,) = parts(message(text_part("x", [web, file, odd])))
    assert text.citations == (
        Citation(None, "A", "https://a", web),
        Citation(None, "b.txt", "f", file),
        Citation(None, None, None, odd),
    )


def test_the_phase_of_a_message_goes_with_it_and_messages_stay_apart():
    found = parts(message("a", phase="commentary"), message("b"), message("c"), call(), message("d"))
    mark = Opaque(OWN, "message", {"phase": "commentary"})
    apart = Opaque(OWN, "message", {})
    assert found == (Text("a"), mark, Text("b"), apart, Text("c"), ToolCall("call_1", "n", {}), Text("d"))


def test_a_refusal_is_text_and_a_content_filter():
    response = read(message({"type": "refusal", "refusal": "I cannot."}))
    assert response.message.parts == (Text("I cannot."),)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.content_filter, "completed")


def test_a_content_without_a_name_is_kept_as_it_came():
    novel, spoken = {"type": "novel", "x": 1}, {"type": "output_audio", "data": "x", "transcript": "y"}
    assert parts(message(novel, spoken)) == (Opaque(OWN, "content", novel), Opaque(OWN, "output_audio", spoken))


@pytest.mark.parametrize(
    ("members", "reason", "word"),
    [
        ({"status": "completed"}, StopReason.stop, "completed"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
         StopReason.content_filter, "content_filter"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_messages"}}, StopReason.length, "max_messages"),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, StopReason.other, "steered"),
        ({"status": "incomplete"}, StopReason.other, "incomplete"),
        ({"status": "queued"}, StopReason.pause, "queued"),
        ({"status": "cancelled"}, StopReason.error, "cancelled"),
    ],
)  # fmt: skip
def test_why_an_answer_ended_is_told(members, reason, word):
    response = read(message("a"), **members)
    assert (response.stop_reason, response.raw_stop_reason, response.warnings) == (reason, word, ())


@pytest.mark.parametrize(("status", "kind"), [("novel", "other"), (None, "incomplete")])
def test_a_status_that_is_not_known_is_kept_with_a_warning(status, kind):
    response = read(message("a"), status=status)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.other, status)
    assert [warning.kind for warning in response.warnings] == [kind]


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        (None, Usage()),
        ({}, Usage(None, 0, 0, None, None, reasoning_tokens=0)),
        (
            {
                "input_tokens": 100,
                "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
                "output_tokens": 9,
                "output_tokens_details": {"reasoning_tokens": 4},
            },
            Usage(10, 60, 30, None, 9, reasoning_tokens=4),
        ),
        (
            {"input_tokens": 5, "input_tokens_details": None, "output_tokens": 2.0},
            Usage(5, 0, 0, None, 2, reasoning_tokens=0),
        ),
        (
            {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 9}, "output_tokens": -1},
            Usage(5, 9, 0, None, None, reasoning_tokens=0),
        ),
        (
            {"input_tokens": 5, "input_tokens_details": {"cached_tokens": -9}, "output_tokens": 1},
            Usage(5, None, 0, None, 1, reasoning_tokens=0),
        ),
    ],
)  # fmt: skip
def test_counts_are_told_in_buckets_that_do_not_overlap(counts, usage):
    assert read(message("a"), usage=counts).usage == usage


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        ({"error": {"message": "m", "type": "invalid_request_error", "code": None}}, RejectedRequestError,
         "invalid_request_error"),
        (answer(status="failed", error={"code": "server_error", "message": "m"}), ServerError, "server_error"),
        (answer(status="failed", error={"code": "rate_limit_exceeded", "message": "m"}), RateLimitError,
         "rate_limit_exceeded"),
        (answer(status="failed", error={"code": "invalid_prompt", "message": "m"}), RejectedRequestError,
         "invalid_prompt"),
        (answer(status="failed", error={"code": "context_length_exceeded", "message": "m"}), ContextWindowExceededError,
         "context_length_exceeded"),
        (answer(status="failed"), ServerError, None),
    ],
)  # fmt: skip
def test_an_answer_that_failed_is_an_error(data, kind, code):
    with pytest.raises(kind) as caught:
        BODY.read(data, PLAIN)
    assert (type(caught.value), caught.value.code, caught.value.raw) == (kind, code, data)


def test_what_a_failed_answer_counted_is_on_its_error():
    with pytest.raises(ServerError) as caught:
        read(status="failed", error={"code": "server_error", "message": "m"})
    assert caught.value.usage == Usage(2, 1, 0, None, 5, reasoning_tokens=0)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"output": None},
        answer("x"),
        answer({"id": "x"}),
        answer({"type": 7}),
        answer(message("a", status=1), status=7),
        answer(message(content=7)),
        answer(message("a", content=["x"])),
        answer(message({"type": "output_text"})),
        answer(message({"type": "refusal"})),
        answer(message({"text": "a"})),
        answer(message(text_part("a", [7]))),
        answer(call(7)),
        answer(call(call_id=None)),
        answer(call(name=None)),
        answer(reasoning(encrypted_content=7)),
        answer(reasoning(summary=[7])),
        answer(reasoning(content=[{"text": 7}])),
    ],
)
def test_what_is_no_answer_is_a_protocol_error(data):
    with pytest.raises(ProtocolError):
        BODY.read(data, PLAIN)
