"""Recorded streams of the shared corpus over plain HTTPS, each to its expected number of events."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter

import jiter
import pytest

from bedrock_llm.framing.ndjson import NDJSONDecoder
from bedrock_llm.framing.sse import SSEDecoder
from tests.shared_data import shared

# By how exact the bodies are: stored raw, stored as text, framed by whoever recorded them.
EVENT_STREAMS = {"bytes": 28, "text": 745, "framed": 38}
LINES = 4
LAST_BLANK_LINE_MISSING = 4
LINE_TYPES = ("application/x-ndjson", "application/stream+json")


def entries(name):
    return map(json.loads, shared(f"corpus/{name}").read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def streams():
    """Of each: the recording, its body, the number of events in it."""
    counts = {entry["id"]: entry.get("events") for entry in entries("expected.jsonl")}
    return [
        (record, base64.b64decode(record["response"]["body_b64"]), counts[record["id"]])
        for record in entries("interactions.jsonl")
        if record["streaming"] and record["provider"] != "bedrock" and counts[record["id"]] is not None
    ]


def of_lines(record):
    return any(str(value).startswith(LINE_TYPES) for value in record["response"]["headers"].values())


def decode(make, pieces):
    """The frames that came as they ended, and those that the end of the body ended."""
    decoder = make()
    return [frame for piece in pieces for frame in decoder.feed(piece)], decoder.close()


def cut(data):
    """Bytewise, and at random places; the longest of them only at random."""
    rng = random.Random(len(data))
    if len(data) < 20_000:
        yield [data[at : at + 1] for at in range(len(data))]
    pieces, place = [], 0
    while place < len(data):
        size = rng.choice((1, 2, 30, 500, 4000))
        pieces.append(data[place : place + size])
        place += size
    yield pieces


def test_every_recorded_event_stream_has_its_events(streams):
    counted: Counter[str] = Counter()
    left_open = 0
    for record, body, count in streams:
        if of_lines(record):
            continue
        events, last = decode(SSEDecoder, [body])
        left_open += len(last)
        payloads = [event.data for event in events + last if event.data != b"[DONE]"]
        assert len(payloads) == count, record["id"]
        for payload in payloads:
            jiter.from_json(payload)
        counted[record["response"]["fidelity"]] += 1
    assert counted == EVENT_STREAMS
    assert left_open == LAST_BLANK_LINE_MISSING


def test_every_recorded_body_of_lines_has_its_lines(streams):
    counted = 0
    for record, body, count in streams:
        if of_lines(record):
            texts, last = decode(NDJSONDecoder, [body])
            assert len(texts + last) == count, record["id"]
            for text in texts + last:
                jiter.from_json(text)
            counted += 1
    assert counted == LINES


def test_recorded_streams_are_the_same_however_they_are_cut(streams):
    for record, body, _ in streams:
        make = NDJSONDecoder if of_lines(record) else SSEDecoder
        whole = decode(make, [body])
        for pieces in cut(body):
            assert decode(make, pieces) == whole, record["id"]
