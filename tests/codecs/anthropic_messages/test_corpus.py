"""Recorded answers of the shared corpus, each to its expected content: those of Bedrock, and those of Anthropic's own
API, which have the same body."""

from __future__ import annotations

import base64
import json
import random

import pytest

from bedrock_llm.codecs.anthropic_messages import MessagesBody
from bedrock_llm.codecs.anthropic_messages.errors import error_of
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import StreamInterruptedError
from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.anthropic_messages.objects import events_of_stream
from tests.shared_data import shared

CODEC = InvokeCodec(MessagesBody())
BEDROCK = {"invoke", "invoke-stream"}
CONFIG = ModelConfig(family="claude")


def is_messages(record):
    """Whether a record's body is of this wire; the oldest models of Claude also took plain text."""
    body, reply = record["request"]["body"], base64.b64decode(record["response"]["body_b64"])
    if isinstance(body, dict):
        return "prompt" not in body
    if record["streaming"]:
        return record["provider"] != "bedrock" or b"eyJ0eXBlIjoi" in reply  # {"type":" in base64
    return b'"content"' in reply


@pytest.fixture(scope="module")
def records():
    """Pairs of a recorded interaction and what is expected of it."""
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    expected = {
        entry["id"]: entry
        for entry in map(json.loads, shared("corpus/expected.jsonl").read_text(encoding="utf-8").splitlines())
    }
    found = [json.loads(line) for line in lines if '"messages"' in line or '"claude"' in line]
    kept = [
        record
        for record in found
        if (record["provider"] == "bedrock" and record["api"] in BEDROCK and record["family"] == "claude")
        or record["api"] == "messages"
    ]
    return [(record, expected[record["id"]]) for record in kept if is_messages(record)]


def sse_objects(body):
    """The objects of a stream of server-sent events, read by hand."""
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    return [json.loads(line[5:]) for line in lines if line.startswith(b"data:")]


def answer_of(record, cuts=()):
    """The events of a recorded answer, and what warned."""
    body, headers = base64.b64decode(record["response"]["body_b64"]), record["response"]["headers"]
    if not record["streaming"]:
        if record["provider"] == "bedrock":
            response = CODEC.decode(body, headers, CONFIG)
        else:
            response = CODEC.body.read(json.loads(body), CONFIG)
        assert fold(empty_response(), events_of(response)) == response.with_(warnings=())
        return response
    if record["provider"] != "bedrock":
        events, reader = events_of_stream(sse_objects(body), CONFIG)
        return fold(empty_response(), events).with_(warnings=tuple(reader.warnings))
    decoder, events = CODEC.decoder(headers, CONFIG), []
    for begin_at, end_at in zip((0, *cuts), (*cuts, len(body)), strict=True):
        events += decoder.feed(body[begin_at:end_at])
    try:
        events += decoder.close()
    except StreamInterruptedError:
        return fold(empty_response(), events)
    assert decoder.complete
    return fold(empty_response(), events).with_(warnings=tuple(decoder.warnings))


def content_of(response):
    """What `expected.jsonl` says of an answer."""
    usage = response.usage
    written = (usage.cache_write_tokens or 0) + (usage.cache_write_1h_tokens or 0)
    counts = {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": written,
    }
    calls = [
        {
            "id": call.id,
            "name": call.name,
            "args": {"_unparsed": call.raw_arguments} if call.invalid else call.arguments,
        }
        for call in response.tool_calls
    ]
    called = ("server_tool_use", "mcp_tool_use")
    served = [part.data["name"] for part in response.message.parts if getattr(part, "kind", "") in called]
    return response.text, response.thinking, calls, served, response.raw_stop_reason, counts


def content_expected(expected):
    counts = expected["usage"] or expected.get("metrics") or {}
    counts = {"cache_read": 0, "cache_write": 0, **{name: counts[name] for name in counts if name != "total"}}
    if "input" not in counts:
        counts = {"input": None, "output": None, "cache_read": None, "cache_write": 0}
    known = ("text", "thinking", "tool_calls", "server_tools", "stop")
    return (*(expected[name] for name in known), counts)


def test_every_recorded_answer_is_read_to_its_expected_content(records):
    counted = {"whole": 0, "streamed": 0, "refused": 0, "cut": 0}
    for record, expected in records:
        status = record["response"]["status"]
        if status != 200:
            error = error_of(json.loads(base64.b64decode(record["response"]["body_b64"])), status)
            said = expected["error"]
            assert (error.status, error.message, error.code) == (said["status"], said["message"], said["type"])
            counted["refused"] += 1
            continue
        response = answer_of(record)
        if not expected["complete"]:
            assert response.raw_stop_reason is None
            counted["cut"] += 1
        else:
            assert [warning.kind for warning in response.warnings] == [], record["id"]
            counted["streamed" if record["streaming"] else "whole"] += 1
        assert content_of(response) == content_expected(expected), record["id"]
    assert counted == {"whole": 190, "streamed": 184, "refused": 17, "cut": 1}


def test_recorded_streams_do_not_depend_on_how_they_are_cut(records):
    chance = random.Random(20261120)
    for record, _ in records:
        if record["provider"] != "bedrock" or not record["streaming"] or record["response"]["status"] != 200:
            continue
        size = record["response"]["bytes"]
        whole = answer_of(record)
        assert answer_of(record, range(1, size)) == whole
        for _ in range(20):
            assert answer_of(record, sorted(chance.sample(range(1, size), 9))) == whole


def test_a_recorded_stream_says_the_same_as_the_answer_it_is_made_into(records):
    """The fold of a recorded stream equals the decode of an answer with the same blocks."""
    compared = 0
    for record, expected in records:
        if not record["streaming"] or record["response"]["status"] != 200 or not expected["complete"]:
            continue
        response = answer_of(record)
        if any(call.invalid for call in response.tool_calls):
            continue  # cut in the middle of its arguments, which only text can be
        same = {
            "content": [_block(part) for part in response.message.parts],
            "stop_reason": response.raw_stop_reason,
            "usage": response.raw["usage"],
        }
        assert CODEC.body.read(same, CONFIG) == response, record["id"]
        compared += 1
    assert compared == 183


def _block(part):
    """A part as the wire writes it in an answer, written here by hand."""
    data = part.to_dict()
    if data["type"] == "text":
        return {"type": "text", "text": part.text, "citations": [citation.raw for citation in part.citations] or None}
    if data["type"] == "thinking":
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    if data["type"] == "tool_call":
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": part.arguments}
    return part.data
