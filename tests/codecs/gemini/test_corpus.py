"""Recorded answers of generateContent in the shared corpus, each to its expected content."""

from __future__ import annotations

import base64
import collections
import json
import random
from itertools import pairwise

import pytest

from bedrock_llm.codecs.gemini.errors import error_of
from bedrock_llm.events import empty_response, events_of, fold
from bedrock_llm.framing.sse import SSEDecoder
from bedrock_llm.messages import Message, Opaque, ToolResult
from bedrock_llm.response import StopReason
from tests.codecs.gemini.objects import BODY, GEMINI, events_of_stream, folded, prepared
from tests.shared_data import shared

# Its one call comes in 15 pieces; the corpus lists each piece as a call.
IN_PIECES = {"9198908ddbf5e3d52bf6"}
SIGNATURES = ("thoughtSignature", "thought_signature")


@pytest.fixture(scope="module")
def records():
    """Pairs of a recorded interaction and what is expected of it."""
    expected = {
        entry["id"]: entry
        for entry in map(json.loads, shared("corpus/expected.jsonl").read_text(encoding="utf-8").splitlines())
    }
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if '"gemini"' in line]
    return [(record, expected[record["id"]]) for record in found if record["api"] == "gemini"]


def body_of(record):
    return base64.b64decode(record["response"]["body_b64"])


def objects_of(record, cuts=()):
    """The chunks of a stream that comes cut at these places."""
    data, decoder, events = body_of(record), SSEDecoder(), []
    for begin_at, end_at in pairwise([0, *cuts, len(data)]):
        events += decoder.feed(data[begin_at:end_at])
    return [json.loads(event.data) for event in (*events, *decoder.close())]


def answer_of(record):
    if record["streaming"]:
        return folded(objects_of(record))
    response = BODY.read(json.loads(body_of(record)), GEMINI)
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())
    return response


def parts_of(record):
    """The parts of a recorded answer, in their order, as they came."""
    objects = objects_of(record) if record["streaming"] else [json.loads(body_of(record))]
    candidates = [entry for data in objects for entry in data.get("candidates", ())]
    return [part for entry in candidates for part in entry.get("content", {}).get("parts", ())]


def answers(records):
    return [(record, expected) for record, expected in records if record["response"]["status"] == 200]


def content_of(response):
    """What `expected.jsonl` says of an answer."""
    usage = response.usage
    tools = {"executableCode": lambda part: "code_execution", "toolCall": lambda part: part["toolCall"]["toolType"]}
    kept = [part for part in response.message.parts if isinstance(part, Opaque)]
    return {
        "text": response.text,
        "thinking": response.thinking,
        "tool_calls": [(call.name, call.arguments) for call in response.tool_calls],
        "server_tools": [tools[part.kind](part.data) for part in kept if part.kind in tools],
        "stop": response.raw_stop_reason,
        "output": usage.output_tokens + usage.output_audio_tokens,
        "reasoning": usage.reasoning_tokens,
        "cache_read": usage.cache_read_tokens,
        "total": usage.total_tokens,
    }


def content_expected(expected):
    usage = expected["usage"]
    return {
        "text": expected["text"],
        "thinking": expected["thinking"],
        "tool_calls": [(call["name"], call["args"]) for call in expected["tool_calls"]],
        "server_tools": expected["server_tools"],
        "stop": str(expected["stop"]),
        "output": usage.get("output", 0) + usage.get("reasoning", 0),
        "reasoning": usage.get("reasoning", 0),
        "cache_read": usage.get("cache_read", 0),
        "total": usage["total"],
    }


def test_every_recorded_answer_is_read_to_its_expected_content(records):
    counted = collections.Counter()
    for record, expected in records:
        status = record["response"]["status"]
        if status != 200:
            error, said = error_of(json.loads(body_of(record)), status), expected["error"]
            assert (error.status, error.message, error.code) == (said["status"], said["message"], said["type"])
            counted["refused"] += 1
            continue
        response = answer_of(record)
        got, wanted = content_of(response), content_expected(expected)
        if record["id"] in IN_PIECES:
            assert got["tool_calls"] == [(wanted["tool_calls"][0][0], ITEMS)]
            got["tool_calls"] = wanted["tool_calls"]
        assert got == wanted, record["id"]
        failed = response.stop_reason is StopReason.error
        assert [warning.kind for warning in response.warnings] == (["other"] if failed else []), record["id"]
        ids = [call.id for call in response.tool_calls]
        named = [call["id"] for call in expected["tool_calls"] if call["name"] is not None]
        assert [theirs or ours for ours, theirs in zip(ids, named, strict=True)] == ids
        assert len(set(ids)) == len(ids)
        counted["streamed" if record["streaming"] else "whole"] += 1
    assert counted == {"whole": 216, "streamed": 125, "refused": 9}


ITEMS = {
    "operations": [
        {"action": "add", "description": "Fresh red apple", "itemid": "apple_001", "price": 0.5},
        {"action": "add", "description": "Ripe yellow banana", "itemid": "banana_001", "price": 0.3},
    ]
}


def test_the_sums_of_a_recorded_usage_hold_all_of_it(records):
    for record, _ in answers(records):
        response = answer_of(record)
        usage = response.usage
        counts = (response.raw or json.loads(body_of(record)))["usageMetadata"]
        input_tokens = counts["promptTokenCount"] + counts.get("toolUsePromptTokenCount", 0)
        assert usage.total_input_tokens == input_tokens, record["id"]
        assert usage.total_tokens == counts["totalTokenCount"], record["id"]


def test_recorded_streams_do_not_depend_on_how_they_are_cut(records):
    chance = random.Random(20261120)
    for record, _ in answers(records):
        if not record["streaming"]:
            continue
        whole, size = events_of_stream(objects_of(record))[0], record["response"]["bytes"]
        for _ in range(10):
            cuts = sorted(chance.sample(range(1, size), min(9, size - 1)))
            assert events_of_stream(objects_of(record, cuts))[0] == whole
        if size < 20_000:
            assert events_of_stream(objects_of(record, range(1, size)))[0] == whole


def test_a_recorded_stream_says_the_same_as_a_whole_answer_with_its_parts(records):
    compared = 0
    for record, _ in answers(records):
        if not record["streaming"]:
            continue
        objects = objects_of(record)
        entries = [entry for data in objects for entry in data.get("candidates", ())]
        joined = {name: value for entry in entries for name, value in entry.items() if value not in ({}, [])}
        joined["content"] = {"parts": parts_of(record)}
        same = {**objects[-1], "candidates": [joined]}
        assert BODY.read(same, GEMINI) == folded(objects), record["id"]
        compared += 1
    assert compared == 125


def signed(parts):
    return [part for part in parts if any(part.get(name) for name in SIGNATURES)]


def returned(response, config=GEMINI):
    """The parts of an answer as the next request has them, and what was told of it."""
    results = [ToolResult(call.id, "done") for call in response.tool_calls]
    messages = [Message.user("hi"), response.message, Message.user(*results, "and?")]
    body, warnings = prepared(messages, config)
    return body["contents"][1]["parts"], warnings


def test_every_recorded_signature_goes_back_on_the_part_that_it_came_on(records):
    """Part for part, value for value: nothing of a signed part is lost, and none stands elsewhere."""
    counted = collections.Counter()
    for record, _ in answers(records):
        parts = signed(parts_of(record))
        if not parts:
            continue
        if record["id"] in IN_PIECES:
            parts = [{**parts[0], "functionCall": {"name": "writeItems", "args": ITEMS}}]
        sent, warnings = returned(answer_of(record))
        assert signed(sent) == parts, record["id"]
        assert warnings == (), record["id"]
        counted["signed parts"] += len(parts)
        counted["answers"] += 1
    assert counted == {"signed parts": 147, "answers": 130}


def test_the_parts_of_a_whole_answer_go_back_as_they_came(records):
    """In their order; texts that follow one another are one, and what says nothing is left out."""
    compared = 0
    for record, _ in answers(records):
        parts = [part for part in parts_of(record) if part != {"text": ""}]
        if record["streaming"] or not parts:
            continue
        sent, _ = returned(answer_of(record))
        assert sent == [stripped(part) for part in parts], record["id"]
        compared += 1
    assert compared == 213


def stripped(part):
    """No call without arguments goes back without them."""
    if "functionCall" in part and "args" not in part["functionCall"]:
        return {**part, "functionCall": {**part["functionCall"], "args": {}}}
    return part


def test_clients_sent_the_recorded_signatures_back_as_we_do(records):
    """Each signature that a recorded request repeats stands there on the part on which we send it, too."""
    ours = {}
    for record, _ in answers(records):
        if record["id"] not in IN_PIECES and signed(parts_of(record)):
            ours.update((signature_of(part), part) for part in signed(returned(answer_of(record))[0]))
    kinds = collections.Counter()
    for record, _ in records:
        contents = (record["request"]["body"] or {}).get("contents", ())
        for part in (part for content in contents for part in signed(content["parts"])):
            mine = ours.get(signature_of(part))
            if mine is not None:
                kinds[(kind_of(mine), kind_of(part))] += 1
    # Two clients of the same library put the signature of a text on an empty thought before it.
    assert kinds == {
        ("functionCall", "functionCall"): 70,
        ("executableCode", "executableCode"): 2,
        ("text", "text"): 2,
        ("text", "thought"): 2,
        ("toolCall", "toolCall"): 2,
        ("toolResponse", "toolResponse"): 2,
    }


def signature_of(part):
    found = next(part[name] for name in SIGNATURES if part.get(name))
    return found.replace("-", "+").replace("_", "/").rstrip("=")


def kind_of(part):
    name = next((name for name in part if name not in ("thought", *SIGNATURES)), "thought")
    return {"function_call": "functionCall"}.get(name, name)
