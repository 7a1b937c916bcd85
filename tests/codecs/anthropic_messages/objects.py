"""Streams of our own making, for the tests beside this file."""

from __future__ import annotations

from bedrock_llm.codecs.anthropic_messages import MessagesBody
from bedrock_llm.config import ModelConfig
from bedrock_llm.events import empty_response, fold

CLAUDE = ModelConfig(provider="bedrock", model="anthropic.claude-next", family="claude")
BODY = MessagesBody()
USAGE = {"input_tokens": 9, "output_tokens": 4}


def begin(usage=USAGE, **more):
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [], **more}
    return {"type": "message_start", "message": {**message, "stop_reason": None, "usage": usage}}


def start(index, kind, **members):
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **members}}


def delta(index, kind, **members):
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **members}}


def stop(index):
    return {"type": "content_block_stop", "index": index}


def reason(word="end_turn", usage=USAGE, **more):
    return {"type": "message_delta", "delta": {"stop_reason": word, "stop_sequence": None, **more}, "usage": usage}


END = {"type": "message_stop"}


def text_block(index, *pieces):
    return [
        start(index, "text", text=""),
        *(delta(index, "text_delta", text=piece) for piece in pieces),
        stop(index),
    ]


def call_block(index, *pieces, identity="toolu_1", name="weather", **more):
    return [
        start(index, "tool_use", id=identity, name=name, input={}, **more),
        *(delta(index, "input_json_delta", partial_json=piece) for piece in pieces),
        stop(index),
    ]


def whole(*blocks, word="end_turn", usage=USAGE):
    """A complete stream around the objects of some blocks."""
    return [begin(), *(entry for block in blocks for entry in block), reason(word, usage), END]


def events_of_stream(objects, config=CLAUDE):
    """All events of a stream, and its reader."""
    reader, events = BODY.reader(config), []
    for entry in objects:
        reader.take(entry, events)
        reader.settle(events)
    if not reader.complete:
        reader.end(events)
    return events, reader


def folded(objects, config=CLAUDE):
    """The answer that a stream makes, with the reader's warnings."""
    events, reader = events_of_stream(objects, config)
    return fold(empty_response(), events).with_(warnings=tuple(reader.warnings))


def read(content, word="end_turn", usage=USAGE, config=CLAUDE, **more):
    """The answer that a whole body makes."""
    return BODY.read(
        {"id": "msg_1", "type": "message", "content": content, "stop_reason": word, "usage": usage, **more}, config
    )
