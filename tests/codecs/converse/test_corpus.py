"""Recorded answers of the shared corpus, each to its expected content."""

from __future__ import annotations

import base64
import json
import random

import pytest

from bedrock_llm.codecs.converse.decode import decode
from bedrock_llm.codecs.shared.aws_errors import from_http
from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.converse.frames import events_of_stream
from tests.shared_data import shared

RECORDS = 205


@pytest.fixture(scope="module")
def records():
    """Pairs of a recorded interaction and what is expected of it."""
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    expected = {
        entry["id"]: entry
        for entry in map(json.loads, shared("corpus/expected.jsonl").read_text(encoding="utf-8").splitlines())
    }
    found = [
        record for line in lines if '"converse' in line and (record := json.loads(line))["api"].startswith("converse")
    ]
    return [(record, expected[record["id"]]) for record in found]


def content_of(response):
    """What `expected.jsonl` says of an answer."""
    usage, counts = response.usage, {}
    written = (
        None if usage.cache_write_tokens is None else usage.cache_write_tokens + (usage.cache_write_1h_tokens or 0)
    )
    buckets = {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": written,
    }
    counts = {name: count for name, count in buckets.items() if count is not None}
    calls = [{"id": call.id, "name": call.name, "args": call.arguments} for call in response.tool_calls]
    return response.text, response.thinking, calls, response.raw_stop_reason, counts


def content_expected(expected):
    counts = {name: count for name, count in expected["usage"].items() if name != "total"}
    if "input" in counts:
        counts = {"cache_read": 0, "cache_write": 0, **counts}
    return expected["text"], expected["thinking"], expected["tool_calls"], expected["stop"], counts


def test_every_recorded_answer_is_read_to_its_expected_content(records):
    assert len(records) == RECORDS
    counted = {"whole": 0, "streamed": 0, "refused": 0}
    for record, expected in records:
        status, headers = record["response"]["status"], record["response"]["headers"]
        body = base64.b64decode(record["response"]["body_b64"])
        if status != 200:
            error = from_http(status, headers, body)
            said = expected["error"]
            assert (error.status, error.message, error.code) == (
                said["status"],
                said["message"],
                said["type"] or said["code"],
            )
            counted["refused"] += 1
            continue
        if record["streaming"]:
            events, decoder = events_of_stream(body)
            assert (decoder.complete, decoder.warnings) == (True, [])
            response = fold(empty_response(), events)
            counted["streamed"] += 1
        else:
            response = decode(body, headers, None)
            assert fold(empty_response(), events_of(response)) == response.with_(warnings=())
            counted["whole"] += 1
        found, wanted = content_of(response), content_expected(expected)
        if "input" not in wanted[4]:  # the recording itself was shortened
            found = (*found[:4], {name: count for name, count in found[4].items() if name in wanted[4]})
        assert found == wanted, record["id"]
    assert counted == {"whole": 172, "streamed": 29, "refused": 4}


def test_recorded_streams_do_not_depend_on_how_they_are_cut(records):
    chance = random.Random(20261120)
    for record, _ in records:
        if not record["streaming"] or record["response"]["status"] != 200:
            continue
        body = base64.b64decode(record["response"]["body_b64"])
        whole = events_of_stream(body)[0]
        assert events_of_stream(body, range(1, len(body)))[0] == whole
        for _ in range(20):
            cuts = sorted(chance.sample(range(1, len(body)), 9))
            assert events_of_stream(body, cuts)[0] == whole


def test_a_recorded_stream_says_the_same_as_the_answer_it_is_made_into(records):
    """The fold of a recorded stream equals the decode of an answer with the same blocks."""
    compared = 0
    for record, _ in records:
        if not record["streaming"] or record["response"]["status"] != 200:
            continue
        response = fold(empty_response(), events_of_stream(base64.b64decode(record["response"]["body_b64"]))[0])
        blocks = [_block(part) for part in response.message.parts]
        same = {
            "output": {"message": {"content": blocks}},
            "stopReason": response.raw_stop_reason,
            "usage": response.raw["usage"],
        }
        assert decode(json.dumps(same).encode(), {}, None) == response
        compared += 1
    assert compared == 29


def _block(part):
    """A part as the wire writes it in an answer, written here by hand."""
    data = part.to_dict()
    if data["type"] == "text":
        citations = [citation.raw for citation in part.citations]
        return (
            {"citationsContent": {"content": [{"text": part.text}], "citations": citations}}
            if citations
            else {"text": part.text}
        )
    if data["type"] == "thinking":
        words = {"text": part.text} | ({"signature": part.signature} if part.signature else {})
        return {"reasoningContent": {"redactedContent": part.redacted} if part.redacted else {"reasoningText": words}}
    if data["type"] == "tool_call":
        return {"toolUse": {"toolUseId": part.id, "name": part.name, "input": part.arguments, "type": "tool_use"}}
    return {part.kind: part.data}
