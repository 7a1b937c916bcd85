from __future__ import annotations

import json
from decimal import Decimal

import pytest

from bedrock_llm.cli.report import attempt_text, json_line, remarks, response_object, usage_lines
from bedrock_llm.errors import RateLimitError
from bedrock_llm.messages import Message, Text, Thinking, ToolCall
from bedrock_llm.response import Attempt, Cost, CostLine, Response, ResponseWarning, StopReason, Usage

_THROTTLED = Attempt(1, "m", "bedrock", 0.0, 0.1, 429, "r1", RateLimitError("Too many\nrequests", status=429), "no")
_ANSWERED = Attempt(2, "m", "bedrock", 0.3, 0.2, 200, "r2", None, "yes")
_FULL = Response(
    Message.assistant(Thinking("hm"), Text("Hi"), ToolCall("c1", "look", {"at": "é"})),
    StopReason.tool_use,
    "tool_use",
    Usage(input_tokens=5, cache_read_tokens=3, cache_write_tokens=0, output_tokens=7, reasoning_tokens=2),
    Cost(Decimal("0.000120"), lines=(CostLine("input", 5, Decimal(3), Decimal("0.000015")),), as_of="2026-11-01"),
    "m",
    "bedrock",
    (ResponseWarning("unsupported", "top_k was left out", "top_k"),),
    attempts=(_THROTTLED, _ANSWERED),
    request_id="r2",
    latency_s=0.5,
    first_event_s=0.25,
)
_BARE = Response(Message.assistant("Hi"))


def test_usage_names_tokens_cost_attempts_and_times():
    assert usage_lines(_FULL) == [
        "tokens:   8 in, 7 out (with 3 read from the cache, 2 of reasoning)",
        "cost:     0.000120 USD",
        "attempts: 2; attempt 1: RateLimitError (HTTP 429): Too many requests",
        "time:     0.25 s to the first token, 0.50 s in all",
    ]


def test_what_is_not_known_says_so():
    assert usage_lines(_BARE) == [
        "tokens:   unknown in, unknown out",
        "cost:     unknown (no price is known for this model)",
        "attempts: unknown",
        "time:     unknown to the first token, unknown in all",
    ]


def test_a_lower_bound_is_called_one():
    assert usage_lines(_BARE.with_(cost=Cost(Decimal("0.1"), lower_bound=True)))[1] == "cost:     at least 0.1 USD"


def test_an_attempt_that_answered_says_so():
    assert attempt_text(_ANSWERED) == "attempt 2: answered (HTTP 200)"


def test_the_object_holds_every_field_with_money_as_text():
    data = response_object(_FULL)

    assert data["text"] == "Hi"
    assert data["thinking"] == "hm"
    assert data["tool_calls"] == [
        {"id": "c1", "name": "look", "arguments": {"at": "é"}, "raw_arguments": None, "error": None}
    ]
    assert data["usage"]["total_input_tokens"] == 8
    assert data["usage"]["total_tokens"] == 15
    assert data["usage"]["images"] is None
    assert data["cost"]["total"] == "0.000120"
    assert data["cost"]["lower_bound"] is False
    assert data["stop_reason"] == "tool_use"
    assert data["warnings"] == [
        {"kind": "unsupported", "message": "top_k was left out", "parameter": "top_k", "details": None}
    ]
    assert [attempt["error"] for attempt in data["attempts"]] == ["RateLimitError: Too many\nrequests", None]
    assert json.loads(json_line(data)) == data


def test_the_object_of_a_bare_answer_has_the_same_keys_and_invents_nothing():
    data = response_object(_BARE)

    assert data.keys() == response_object(_FULL).keys()
    assert [name for name, value in data.items() if value is None] == [
        "thinking", "cost", "model", "provider", "raw_stop_reason", "request_id", "latency_s", "first_event_s",
    ]  # fmt: skip


def test_a_json_line_is_one_line_of_printable_ascii():
    text = "".join(chr(code) for code in range(0x110)) + "\u202e\ud800\U0001f600"
    line = json_line({"text": text})

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"text": text}


@pytest.mark.parametrize(
    ("response", "lines"),
    [
        (_BARE, []),
        (
            _FULL,
            ["warning: top_k was left out", 'note: the model asks for the tool look with {"at": "é"}'],
        ),
        (
            _BARE.with_(stop_reason=StopReason.length, raw_stop_reason="max_tokens"),
            ["note: the answer was cut at its maximum length; -o max_tokens=... allows more (max_tokens)"],
        ),
        (
            Response(Message.assistant(ToolCall("c", "look", None, '{"at', "cut")), StopReason.tool_use),
            ['note: the model asks for the tool look with {"at'],
        ),
    ],
)
def test_what_a_reader_of_the_text_alone_would_miss_is_remarked(response, lines):
    assert remarks(response) == lines
