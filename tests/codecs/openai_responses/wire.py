"""Answers as the tests write and read them: items, events, and the lines that carry events."""

from __future__ import annotations

import base64
import json
import random
from itertools import pairwise

from bedrock_llm.codecs.openai_responses import ResponsesBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.events import empty_response, fold
from bedrock_llm.framing.sse import SSEDecoder
from tests.shared_data import shared

BODY = ResponsesBody()
PLAIN = ModelConfig()
COUNTS = {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 5}


def text_part(text, annotations=()):
    return {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}


def message(*parts, **members):
    content = [text_part(part) if isinstance(part, str) else part for part in parts]
    return {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": content, **members}


def reasoning(*summary, **members):
    entries = [{"type": "summary_text", "text": text} for text in summary]
    return {"id": "rs_1", "type": "reasoning", "summary": entries, **members}


def call(arguments="{}", **members):
    fields = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "n", "status": "completed"}
    return {**fields, "arguments": arguments, **members}


def answer(*items, **members):
    fields = {"id": "resp_1", "object": "response", "status": "completed", "error": None, "incomplete_details": None}
    return {**fields, "output": list(items), "usage": COUNTS, **members}


def ended(*items, mark="completed", **members):
    return {"type": f"response.{mark}", "response": answer(*items, **members)}


def added(item, index=0):
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(item, index=0):
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def says(text, index=0, part=0):
    event = {"type": "response.output_text.delta", "output_index": index, "content_index": part}
    return {**event, "item_id": "msg_1", "delta": text, "logprobs": [], "obfuscation": "xyz"}


def grows(name, text, index=0):
    return {"type": f"response.{name}.delta", "output_index": index, "item_id": "x", "delta": text}


def read(*items, config=PLAIN, **members):
    return BODY.read(answer(*items, **members), config)


def events_read(objects, config=PLAIN):
    """The events of an answer that came in these objects, and the reader."""
    reader, events = BODY.reader(config), []
    for payload in objects:
        if reader.complete:
            break
        reader.take(payload, events)
        reader.settle(events)
    if not reader.complete:
        reader.end(events)
    return events, reader


def folded(objects, config=PLAIN):
    """The answer that these objects are."""
    return fold(empty_response(), events_read(objects, config)[0])


def lines(objects):
    """The body that carries these objects."""
    texts = [(payload.get("type", "message"), json.dumps(payload, ensure_ascii=False)) for payload in objects]
    return "".join(f"event: {kind}\ndata: {text}\n\n" for kind, text in texts).encode()


def events_of_lines(data, cuts=(), config=PLAIN):
    """The events of a body cut at these places."""
    decoder, reader, events = SSEDecoder(), BODY.reader(config), []
    frames = [frame for a, b in pairwise([0, *cuts, len(data)]) for frame in decoder.feed(data[a:b])]
    for frame in [*frames, *(decoder.close() or ())]:
        if not reader.complete:
            reader.take("[DONE]" if frame.data == b"[DONE]" else json.loads(frame.data), events)
            reader.settle(events)
    if not reader.complete:
        reader.end(events)
    return events


def cut_anyhow(data, *, tries=3):
    """Whether the events are the same whole, byte by byte, and cut at random."""
    chance, whole = random.Random(20261120), events_of_lines(data)
    some = [sorted(chance.sample(range(1, len(data)), min(9, len(data) - 1))) for _ in range(tries)]
    return all(events_of_lines(data, cuts) == whole for cuts in [range(1, len(data)), *some])


def records(chosen):
    """Pairs of a recorded interaction that is chosen and what is expected of it; skips where there is no corpus."""
    texts = shared("corpus/expected.jsonl").read_text(encoding="utf-8").splitlines()
    expected = {entry["id"]: entry for entry in map(json.loads, texts)}
    given = map(json.loads, shared("corpus/interactions.jsonl").read_text(encoding="utf-8").splitlines())
    return [(record, expected[record["id"]]) for record in given if chosen(record)]


def body_of(record):
    """The bytes of a recorded answer."""
    return base64.b64decode(record["response"]["body_b64"])


def calls_of(response):
    """The calls as `expected.jsonl` says them."""
    return [
        {"id": made.id, "name": made.name, "args": made.raw_arguments if made.arguments is None else made.arguments}
        for made in response.tool_calls
    ]
