"""Text bodies as their tests use them: configs, answers read whole and streamed, the records of a family."""

from __future__ import annotations

import base64
import json
import random
from itertools import pairwise

from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.codecs.shared.aws_errors import from_http
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import StreamInterruptedError
from bedrock_llm.events import empty_response, fold
from bedrock_llm.framing.aws_eventstream import encode_frame
from tests.shared_data import shared

METRICS = {"inputTokenCount": 3, "outputTokenCount": 5, "invocationLatency": 9, "firstByteLatency": 4}
STREAM_HEADERS = {"content-type": "application/vnd.amazon.eventstream"}


def config_of(native, family=None, **features):
    """A model with this native body."""
    return ModelConfig(provider="bedrock", model="the.model-v1", family=family, features={"native": native, **features})


def prepared(body, request, config):
    """The body that a request is sent as, and the parameters that were warned of."""
    ready, warnings = body.prepare(request, config)
    return body.write(ready, config, stream=False), [warning.parameter for warning in warnings]


def frames(objects):
    """The event stream that carries these objects, the service's count in the last one."""
    counted = [*objects[:-1], {**objects[-1], "amazon-bedrock-invocationMetrics": METRICS}]
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    payloads = [base64.b64encode(json.dumps(payload).encode()).decode() for payload in counted]
    return b"".join(encode_frame(headers, json.dumps({"bytes": payload}).encode()) for payload in payloads)


def events_of_stream(body, data, config, cuts=()):
    """The events of a stream cut at these places, and the decoder."""
    decoder, events = InvokeCodec(body).decoder(STREAM_HEADERS, config), []
    for start, end in pairwise((0, *cuts, len(data))):
        events += decoder.feed(data[start:end])
    return events + decoder.close(), decoder


def read_objects(body, objects, config):
    """The answer that streamed objects make, with the warnings; without anything that carries them."""
    reader, events = body.reader(config), []
    for payload in objects:
        reader.take(payload, events)
        reader.settle(events)
    if not reader.complete:
        reader.end(events)
    return fold(empty_response(), events).with_(warnings=tuple(reader.warnings))


def said(response):
    """What an answer says: message, why it ended, what was used."""
    return response.message, response.stop_reason, response.raw_stop_reason, response.usage


def records_of(*models):
    """The recorded invocations of models whose name holds one of these, with what is expected of them."""
    lines = shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines()
    texts = shared("corpus/expected.jsonl").read_text(encoding="utf-8").splitlines()
    expected = {entry["id"]: entry for entry in map(json.loads, texts)}
    found = [
        record
        for record in map(json.loads, lines)
        if record["provider"] == "bedrock"
        and record["api"] in ("invoke", "invoke-stream")
        and any(name in record["model"] for name in models)
    ]
    return [(record, expected[record["id"]]) for record in found]


def check_record(body, config, record, expected):
    """Read a recorded answer every way, compare it with what is expected, and say which kind it is."""
    answer = record["response"]
    data = base64.b64decode(answer["body_b64"])
    if answer["status"] != 200:
        error, wanted = from_http(answer["status"], answer["headers"], data), expected["error"]
        assert (error.status, error.message, error.code) == (wanted["status"], wanted["message"], wanted["type"])
        return "refused"
    if not record["streaming"]:
        response = InvokeCodec(body).decode(data, answer["headers"], config)
        assert content_of(response) == content_expected(expected), record["id"]
        return "whole"
    if not expected["complete"]:
        check_interrupted(body, config, data, expected)
        return "interrupted"
    events, decoder = events_of_stream(body, data, config)
    assert decoder.complete
    assert content_of(fold(empty_response(), events)) == content_expected(expected), record["id"]
    chance = random.Random(20261120)
    ways = [sorted(chance.sample(range(1, len(data)), 9)) for _ in range(5)]
    for cuts in (range(1, len(data)), *ways):
        assert events_of_stream(body, data, config, cuts)[0] == events, record["id"]
    return "streamed"


def check_interrupted(body, config, data, expected):
    """A recorded stream that does not say why it ended: what came stands, and the end is an error."""
    decoder = InvokeCodec(body).decoder(STREAM_HEADERS, config)
    response = fold(empty_response(), decoder.feed(data))
    try:
        decoder.close()
    except StreamInterruptedError:
        assert (response.text, response.usage.input_tokens, response.usage.output_tokens) == (
            expected["text"],
            expected["usage"]["input"],
            expected["usage"]["output"],
        )
        return
    raise AssertionError("an answer without an end was taken for a whole one")


def content_of(response):
    """The fields of `expected.jsonl`."""
    counts = {"input": response.usage.input_tokens, "output": response.usage.output_tokens}
    calls = [{"id": call.id, "name": call.name, "args": call.arguments} for call in response.tool_calls]
    counted = {name: count for name, count in counts.items() if count is not None}
    return response.text, response.thinking, calls, response.raw_stop_reason, counted


def content_expected(expected):
    """The same, as expected: what the answer does not count is taken from what the service does."""
    counts = expected["usage"] or expected.get("metrics") or {}
    counts = {name: count for name, count in counts.items() if name in ("input", "output")}
    return expected["text"], expected["thinking"], expected["tool_calls"], expected["stop"], counts
