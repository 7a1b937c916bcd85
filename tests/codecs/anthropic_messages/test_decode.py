"""Whole Messages answers."""

from __future__ import annotations

import base64

import pytest

from bedrock_llm.errors import OverloadedError, ProtocolError
from bedrock_llm.messages import Citation, Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import StopReason, Usage
from tests.codecs.anthropic_messages.objects import BODY, CLAUDE, read

CHAR = {"type": "char_location", "cited_text": "c", "document_index": 0, "document_title": "T", "start_char_index": 0}
WEB = {
    "type": "web_search_result_location",
    "cited_text": "c",
    "title": "T",
    "url": "https://h",
    "encrypted_index": "e",
}
SEARCH = {"type": "search_result_location", "cited_text": "c", "title": None, "source": "s", "search_result_index": 0}
SERVER = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}
BY_CODE = {"type": "tool_use", "id": "t", "name": "n", "input": {}, "caller": {"type": "code_execution_20250825"}}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "text", "text": "a"}, Text("a")),
        ({"type": "text", "text": "a", "citations": None}, Text("a")),
        ({"type": "text", "text": "a", "citations": [CHAR]}, Text("a", (Citation("c", "T", None, CHAR),))),
        ({"type": "text", "text": "a", "citations": [WEB]}, Text("a", (Citation("c", "T", "https://h", WEB),))),
        ({"type": "text", "text": "", "citations": [SEARCH]}, Text("", (Citation("c", None, "s", SEARCH),))),
        ({"type": "thinking", "thinking": "t", "signature": "s"}, Thinking("t", "s", None, "claude")),
        ({"type": "thinking", "thinking": "", "signature": "s"}, Thinking("", "s", None, "claude")),
        ({"type": "thinking", "thinking": "t", "signature": ""}, Thinking("t", None, None, "claude")),
        ({"type": "redacted_thinking", "data": "EroC"},
         Thinking("", None, base64.b64encode(b"EroC").decode(), "claude")),
        ({"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}}, ToolCall("t", "n", {"a": 1})),
        ({"type": "tool_use", "id": "t", "name": "n", "input": None}, ToolCall("t", "n", {})),
        ({"type": "tool_use", "id": "t", "name": "n", "input": {}, "caller": {"type": "direct"}},
         ToolCall("t", "n", {})),
        ({"type": "tool_use", "id": "t", "name": "n", "input": [1]},
         ToolCall("t", "n", None, "[1]", "the arguments are not a JSON object")),
        (BY_CODE, Opaque("anthropic_messages", "tool_use", BY_CODE)),
        (SERVER, Opaque("anthropic_messages", "server_tool_use", SERVER)),
        ({"type": "new", "x": [1]}, Opaque("anthropic_messages", "new", {"type": "new", "x": [1]})),
    ],
)  # fmt: skip
def test_blocks_and_their_parts(block, part):
    assert read([block]).message.parts == (part,)


@pytest.mark.parametrize("block", [{"type": "text", "text": ""}, {"type": "thinking", "thinking": "", "signature": ""}])
def test_blocks_that_hold_nothing_are_no_parts(block):
    assert read([block]).message.parts == ()


@pytest.mark.parametrize(
    ("word", "content", "reason"),
    [
        ("end_turn", [], StopReason.stop),
        ("stop_sequence", [], StopReason.stop),
        ("tool_use", [], StopReason.tool_use),
        ("max_tokens", [], StopReason.length),
        ("model_context_window_exceeded", [], StopReason.length),
        ("refusal", [], StopReason.content_filter),
        ("pause_turn", [], StopReason.pause),
        ("end_turn", [{"type": "tool_use", "id": "t", "name": "n", "input": {}}], StopReason.tool_use),
    ],
)
def test_stop_reasons(word, content, reason):
    response = read(content, word)
    assert (response.stop_reason, response.raw_stop_reason, response.warnings) == (reason, word, ())


@pytest.mark.parametrize(("word", "kind"), [("novel", "other"), (None, "incomplete")])
def test_a_stop_reason_that_is_not_known_is_kept_with_a_warning(word, kind):
    response = read([], word)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.other, word)
    assert [warning.kind for warning in response.warnings] == [kind]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 9, "output_tokens": 4}, Usage(9, 0, 0, 0, 4, searches=0)),
        (
            {
                "input_tokens": 9,
                "cache_read_input_tokens": 5,
                "cache_creation_input_tokens": 7,
                "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
                "output_tokens": 4,
                "output_tokens_details": {"thinking_tokens": 2},
                "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
                "service_tier": "standard",
            },
            Usage(9, 5, 3, 4, 4, searches=2, reasoning_tokens=2),
        ),
        (
            {"input_tokens": 9, "cache_creation_input_tokens": 7, "cache_creation": None, "output_tokens": 4},
            Usage(9, 0, 7, 0, 4, searches=0),
        ),
        (
            {"input_tokens": 9, "output_tokens": 4, "cache_creation": {"ephemeral_5m_input_tokens": 3}},
            Usage(9, 0, 0, 0, 4, searches=0),
        ),
        (
            {"input_tokens": 9, "output_tokens": 4, "cache_creation": {"ephemeral_1h_input_tokens": 3}},
            Usage(9, 0, 0, 3, 4, searches=0),
        ),
        (
            {"input_tokens": 9, "output_tokens": 4, "cache_creation": {"ephemeral_1h_input_tokens": "x"}},
            Usage(9, 0, 0, None, 4, searches=0),
        ),
        ({"input_tokens": -1, "output_tokens": 4}, Usage(None, 0, 0, 0, 4, searches=0)),
        ({"input_tokens": 9, "output_tokens": 4, "server_tool_use": None}, Usage(9, 0, 0, 0, 4, searches=0)),
        (None, Usage()),
        ({"input_tokens": "9"}, Usage()),
    ],
)
def test_usage_is_in_buckets_that_do_not_overlap(usage, expected):
    assert read([], usage=usage).usage == expected


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"content": "text"},
        {"content": ["text"]},
        {"content": [{"text": "a"}]},
        {"content": [{"type": "text"}]},
        {"content": [{"type": "text", "text": "a", "citations": ["c"]}]},
        {"content": [{"type": "thinking", "thinking": 1}]},
        {"content": [{"type": "redacted_thinking"}]},
        {"content": [{"type": "tool_use", "name": "n", "input": {}}]},
        {"content": [], "stop_reason": 1},
    ],
)
def test_what_is_no_answer_is_a_protocol_error(data):
    with pytest.raises(ProtocolError):
        BODY.read(data, CLAUDE)


def test_an_error_that_came_as_a_success_is_raised():
    with pytest.raises(OverloadedError, match="Overloaded"):
        BODY.read({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, CLAUDE)
