"""Recorded answers of Cohere's chat of version 2, each to its expected content."""

from __future__ import annotations

import collections
import json

import pytest

from bedrock_llm.errors import ProviderError, StreamInterruptedError
from bedrock_llm.events import empty_response, events_of, fold
from bedrock_llm.messages import Opaque
from tests.codecs.cohere_v2.wire import CODEC, COHERE, cut_anyhow, events_of_stream
from tests.codecs.openai_chat.wire import body_of, calls_of, records


def is_v2(record):
    return record["api"] == "cohere-chat" and record["request"]["path"].startswith("/v2/")


def said(response):
    """The answer in the words of expected.jsonl; `input` there holds what a cache gave."""
    usage = response.usage
    plans = [part.data for part in response.message.parts if isinstance(part, Opaque) and part.kind == "tool_plan"]
    counts = {"input": usage.input_tokens + usage.cache_read_tokens, "output": usage.output_tokens}
    return {
        "text": response.text,
        "thinking": response.thinking,
        "tool_calls": calls_of(response),
        "stop": response.raw_stop_reason,
        "plan": "".join(plans),
        "usage": {**counts, "cache_read": usage.cache_read_tokens},
    }


def wanted(expected):
    counts = {"cache_read": 0, **expected["usage"]}
    found = {name: expected[name] for name in ("text", "thinking", "stop")}
    found["tool_calls"] = [{**call, "args": call["args"] or {}} for call in expected["tool_calls"]]  # `null`: none sent
    usage = {name: counts[name] for name in ("input", "output", "cache_read")}
    return {**found, "plan": expected.get("plan") or "", "usage": usage}


def test_every_recorded_answer_is_read_to_its_expected_content():
    counts = collections.Counter()
    for record, expected in records(is_v2):
        data, status = body_of(record), record["response"]["status"]
        if status != 200:
            error = CODEC.decode_error(status, {}, data)
            assert isinstance(error, ProviderError)
            assert (error.status, error.message) == (status, expected["error"]["message"]), record["id"]
            counts["errors"] += 1
            continue
        if record["streaming"]:
            response = fold(empty_response(), events_of_stream(data))
            assert cut_anyhow(data, tries=2) or len(data) > 60_000
        else:
            response = CODEC.decode(data, {}, COHERE)
            assert fold(empty_response(), events_of(response)) == response.with_(warnings=())
        assert said(response) == wanted(expected), record["id"]
        assert response.raw["usage"]["billed_units"]["input_tokens"] == expected["usage"]["billed_input"]
        counts["streamed" if record["streaming"] else "whole"] += 1
    print(f"{dict(counts)} of recorded answers")
    assert sum(counts.values()) >= 55
    assert len(counts) == 3


def test_a_recorded_answer_without_its_end_is_not_handed_over_as_whole():
    tried = 0
    for record, _ in records(lambda record: is_v2(record) and record["streaming"]):
        data = body_of(record)
        decoder = CODEC.decoder({"content-type": "text/event-stream"}, COHERE)
        decoder.feed(data[: data.rindex(b"\n\n", 0, data.index(b'"message-end"')) + 2])
        with pytest.raises(StreamInterruptedError):
            decoder.close()
        tried += 1
    assert tried >= 10


def test_recorded_errors_name_what_was_said():
    body = json.dumps({"id": "x", "message": "invalid api token"}).encode()
    assert CODEC.decode_error(401, {}, body).message == "invalid api token"
