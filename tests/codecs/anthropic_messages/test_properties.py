"""What must hold for any answer and any cut."""

from __future__ import annotations

import base64
import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.anthropic_messages import MessagesBody
from bedrock_llm.codecs.anthropic_messages.carrier import BEDROCK
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.errors import LLMError
from bedrock_llm.events import empty_response, events_of, fold
from bedrock_llm.framing.aws_eventstream import encode_frame
from bedrock_llm.request import Request
from tests.codecs.anthropic_messages.objects import (
    BODY,
    CLAUDE,
    delta,
    folded,
    start,
    stop,
    whole,
)
from tests.value_strategies import messages

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=4)
REASONS = st.sampled_from(["end_turn", "tool_use", "max_tokens", "refusal", "pause_turn", "novel"])


@st.composite
def blocks(draw):
    """Blocks of an answer, each as the objects of a stream and as a block of a whole answer."""
    streamed, written = [], []
    for index in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["text", "cited", "thinking", "sealed", "tool_use", "server_tool_use", "new"]))
        pieces = draw(st.lists(WORDS, max_size=4))
        joined = "".join(pieces)
        if kind in ("text", "cited"):
            raws = [{"type": "char_location", "cited_text": joined}] if kind == "cited" else []
            deltas = [delta(index, "text_delta", text=piece) for piece in pieces]
            deltas += [delta(index, "citations_delta", citation=raw) for raw in raws]
            streamed += [start(index, "text", text=""), *deltas, stop(index)]
            written.append({"type": "text", "text": joined, "citations": raws or None})
        elif kind == "thinking":
            deltas = [delta(index, "thinking_delta", thinking=piece) for piece in pieces]
            deltas.append(delta(index, "signature_delta", signature="s"))
            streamed += [start(index, kind, thinking="", signature=""), *deltas, stop(index)]
            written.append({"type": kind, "thinking": joined, "signature": "s"})
        elif kind == "sealed":
            streamed += [start(index, "redacted_thinking", data=joined), stop(index)]
            written.append({"type": "redacted_thinking", "data": joined})
        elif kind in ("tool_use", "server_tool_use"):
            given_input, call = draw(OBJECTS), {"id": f"t-{index}", "name": "n"}
            text = json.dumps(given_input, ensure_ascii=draw(st.booleans()))
            cut = draw(st.integers(0, len(text)))
            deltas = [delta(index, "input_json_delta", partial_json=piece) for piece in (text[:cut], text[cut:])]
            streamed += [start(index, kind, **call, input={}), *deltas, stop(index)]
            written.append({"type": kind, **call, "input": given_input})
        else:
            value = draw(JSON)
            streamed += [start(index, "new", value=value), stop(index)]
            written.append({"type": "new", "value": value})
    return streamed, written


@given(blocks(), REASONS)
@settings(max_examples=150, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(made, word):
    streamed, written = made
    usage = {"input_tokens": 9, "output_tokens": 4}
    response = BODY.read({"content": written, "stop_reason": word, "usage": usage}, CLAUDE)
    assert folded(whole(streamed, word=word)) == response
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())  # events do not tell them


def frames(objects):
    """The objects as Bedrock carries them."""
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    chunks = ({"bytes": base64.b64encode(json.dumps(entry).encode()).decode()} for entry in objects)
    return b"".join(encode_frame(headers, json.dumps(chunk).encode()) for chunk in chunks)


def carried(body, cuts=()):
    decoder, events = InvokeCodec(BODY).decoder({"content-type": "application/vnd.amazon.eventstream"}, CLAUDE), []
    for begin_at, end_at in zip((0, *cuts), (*cuts, len(body)), strict=True):
        events += decoder.feed(body[begin_at:end_at])
    return events + decoder.close()


@given(blocks(), st.data())
@settings(max_examples=100, deadline=None)
def test_decoding_does_not_depend_on_how_the_bytes_were_cut(made, data):
    body = frames(whole(made[0]))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(body) - 1), max_size=12)))
    assert carried(body, cuts) == carried(body)


@given(st.lists(st.fixed_dictionaries({"type": st.sampled_from([
    "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
    "message_stop", "ping", "error", "odd",
])}, optional={
    "index": st.integers(-1, 3) | JSON,
    "message": JSON | st.fixed_dictionaries({"usage": JSON}),
    "content_block": JSON | st.fixed_dictionaries({"type": st.sampled_from(["text", "thinking", "tool_use", "new"])},
                                                  optional={"text": JSON, "id": JSON, "name": JSON, "input": JSON}),
    "delta": JSON | st.fixed_dictionaries({"type": st.sampled_from(["text_delta", "input_json_delta", "odd"]) | JSON},
                                          optional={"text": JSON, "partial_json": JSON, "stop_reason": JSON}),
    "usage": JSON | st.fixed_dictionaries({"input_tokens": JSON, "cache_creation": JSON, "server_tool_use": JSON}),
}) | JSON, max_size=8))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_a_stream_says_only_our_errors_come_out(objects):
    reader, events = BODY.reader(CLAUDE), []
    with contextlib.suppress(LLMError):
        for entry in objects:
            reader.take(entry, events)
            reader.settle(events)
        reader.end(events)
    fold(empty_response(), events)


@given(JSON, st.sampled_from(["text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "new"]), WORDS)
@settings(max_examples=300, deadline=None)
def test_whatever_a_block_holds_only_our_errors_come_out(value, kind, name):
    members = ("text", "citations", "thinking", "signature", "data", "id", "name", "input", "caller", name)
    for member in members:
        with contextlib.suppress(LLMError):
            BODY.read({"content": [{"type": kind, "text": "", "id": "i", "name": "n", member: value}]}, CLAUDE)
    with contextlib.suppress(LLMError):
        BODY.read({"content": [], "usage": value, "stop_reason": value}, CLAUDE)


@given(st.lists(messages, min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_whatever_is_said_is_written_or_refused_with_our_errors_and_the_same_each_time(said):
    body = MessagesBody(BEDROCK._replace(fetches=True))
    with contextlib.suppress(LLMError):
        prepared, _ = body.prepare(Request.of(said), CLAUDE)
        made = body.write(prepared, CLAUDE, stream=True)
        assert body.write(prepared, CLAUDE, stream=True) == made
        assert [message["role"] for message in made["messages"]].count("assistant") <= len(said)
        assert body.prepare(prepared, CLAUDE) == (prepared, ())
