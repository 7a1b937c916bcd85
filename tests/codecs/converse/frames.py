"""Streams of our own making, for the tests beside this file."""

from __future__ import annotations

import json

from bedrock_llm.codecs.converse.stream import ConverseStreamDecoder
from bedrock_llm.events import empty_response, fold
from bedrock_llm.framing.aws_eventstream import encode_frame

USAGE = {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13}
STREAM_HEADERS = {"content-type": "application/vnd.amazon.eventstream"}


def event(kind, payload):
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(headers, json.dumps(payload).encode())


def exception(kind, payload):
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return encode_frame(headers, json.dumps(payload).encode())


def start(index, **block):
    return event("contentBlockStart", {"contentBlockIndex": index, "start": block, "p": "abc"})


def delta(index, **content):
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": content, "p": "abcd"})


def stop(index):
    return event("contentBlockStop", {"contentBlockIndex": index, "p": "ab"})


def begin():
    return event("messageStart", {"role": "assistant", "p": "a"})


def finish(reason="end_turn", **more):
    return event("messageStop", {"stopReason": reason, "p": "abc", **more})


def metadata(usage=USAGE, **more):
    return event("metadata", {"usage": usage, "metrics": {"latencyMs": 7}, "p": "abcde", **more})


def whole(*blocks, reason="end_turn", usage=USAGE):
    """A complete stream around the frames of some blocks."""
    return b"".join((begin(), *blocks, finish(reason), metadata(usage)))


def text_block(index, *pieces):
    return b"".join((*(delta(index, text=piece) for piece in pieces), stop(index)))


def events_of_stream(data, cuts=(), family=None):
    """All events of a stream that is cut at the given places, and the decoder."""
    decoder, events = ConverseStreamDecoder(family), []
    for begin_at, end_at in zip((0, *cuts), (*cuts, len(data)), strict=True):
        events += decoder.feed(data[begin_at:end_at])
    return events + decoder.close(), decoder


def folded(data, family=None):
    """The answer that a stream makes, with the decoder's warnings."""
    events, decoder = events_of_stream(data, family=family)
    return fold(empty_response(), events).with_(warnings=tuple(decoder.warnings))
