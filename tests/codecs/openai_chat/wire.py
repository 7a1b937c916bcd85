"""InvokeModel around a native body, as the tests use it: objects to frames, and answers read from both."""

from __future__ import annotations

import base64
import json
import random
from itertools import pairwise

from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.events import empty_response, fold
from bedrock_llm.framing.aws_eventstream import encode_frame
from tests.shared_data import shared

CHUNK = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
EVENT_STREAM = {"content-type": "application/vnd.amazon.eventstream"}
METRICS = {"inputTokenCount": 3, "outputTokenCount": 5, "invocationLatency": 9, "firstByteLatency": 4}


def frames(objects):
    """The event stream that carries these objects."""
    texts = [json.dumps(payload, ensure_ascii=False).encode() for payload in objects]
    return b"".join(
        encode_frame(CHUNK, json.dumps({"bytes": base64.b64encode(text).decode()}).encode()) for text in texts
    )


def counted(objects):
    """The objects with the service's metrics in the last one."""
    return [*objects[:-1], {**objects[-1], "amazon-bedrock-invocationMetrics": METRICS}]


def events_of_stream(body, data, config, cuts=()):
    """The events of an event stream cut at these places, and the decoder."""
    decoder = InvokeCodec(body).decoder(EVENT_STREAM, config)
    events, places = [], [0, *cuts, len(data)]
    for begin_at, end_at in pairwise(places):
        events += decoder.feed(data[begin_at:end_at])
    return events + decoder.close(), decoder


def folded(body, objects, config):
    """The answer that these objects are."""
    return fold(empty_response(), events_of_stream(body, frames(objects), config)[0])


def objects_read(body, objects, config):
    """The answer and the reader, of objects without a carrier."""
    reader, events = body.reader(config), []
    for payload in objects:
        if reader.complete:
            break
        reader.take(payload, events)
        reader.settle(events)
    if not reader.complete:
        reader.end(events)
    return fold(empty_response(), events), reader


def cut_anyhow(body, data, config, *, tries=5):
    """Whether the events are the same whole, byte by byte, and cut at random."""
    chance = random.Random(20261120)
    whole = events_of_stream(body, data, config)[0]
    ways = [range(1, len(data))] + [
        sorted(chance.sample(range(1, len(data)), min(9, len(data) - 1))) for _ in range(tries)
    ]
    return all(events_of_stream(body, data, config, cuts)[0] == whole for cuts in ways)


def records(chosen):
    """Pairs of a recorded interaction that is chosen and what is expected of it; skips where there is no corpus."""
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    texts = shared("corpus/expected.jsonl").read_text(encoding="utf-8").splitlines()
    expected = {entry["id"]: entry for entry in map(json.loads, texts)}
    return [(record, expected[record["id"]]) for record in map(json.loads, lines) if chosen(record)]


def body_of(record):
    """The bytes of a recorded answer."""
    return base64.b64decode(record["response"]["body_b64"])


def calls_of(response):
    """The calls as `expected.jsonl` says them."""
    return [
        {"id": call.id, "name": call.name, "args": call.raw_arguments if call.arguments is None else call.arguments}
        for call in response.tool_calls
    ]
