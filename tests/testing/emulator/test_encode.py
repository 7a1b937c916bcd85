"""Both forms of an answer say the same, in the wire's own shapes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.errors import InvalidRequestError
from bedrock_llm.framing.aws_eventstream import EventStreamDecoder
from bedrock_llm.messages import Citation, Document, Image, Message, Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from bedrock_llm.testing.emulator.encode import Extras, converse_body, exception_frame, pieces, stream_frames

USAGE = Usage(input_tokens=3, output_tokens=4)
WIRE_USAGE = {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}


def streamed(response, extras=Extras()):  # noqa: B008  # it is frozen
    """The events as (type, payload), the padding taken off."""
    frames = EventStreamDecoder().feed(b"".join(stream_frames(response, extras)))
    events = []
    for frame in frames:
        assert frame.headers[":message-type"] == "event"
        payload = json.loads(frame.payload)
        assert payload.pop("p")
        events.append((frame.headers[":event-type"], payload))
    return events


def blocks_of(response):
    return converse_body(response, Extras())["output"]["message"]["content"]


def deltas_of(response):
    return [payload["delta"] for kind, payload in streamed(response) if kind == "contentBlockDelta"]


def test_a_body_has_the_members_of_the_service():
    extras = Extras(12, {"stop_sequence": "x"}, {"serviceTier": {"type": "flex"}})
    response = Response(Message.assistant("Hi"), StopReason.stop, usage=USAGE)
    assert converse_body(response, extras) == {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
        "stopReason": "end_turn",
        "usage": WIRE_USAGE,
        "metrics": {"latencyMs": 12},
        "additionalModelResponseFields": {"stop_sequence": "x"},
        "serviceTier": {"type": "flex"},
    }


def test_a_stream_has_the_events_of_the_service():
    extras = Extras(12, {"stop_sequence": "x"}, {"serviceTier": {"type": "flex"}})
    response = Response(Message.assistant("Hi you", ToolCall("t1", "f", {"a": 1})), StopReason.tool_use, usage=USAGE)
    assert streamed(response, extras) == [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi"}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": " you"}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t1", "name": "f"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"a":1}'}}}),
        ("contentBlockStop", {"contentBlockIndex": 1}),
        ("messageStop", {"stopReason": "tool_use", "additionalModelResponseFields": {"stop_sequence": "x"}}),
        ("metadata", {"usage": WIRE_USAGE, "metrics": {"latencyMs": 12}, "serviceTier": {"type": "flex"}}),
    ]


CITATION = Citation("blue", "Colours", "a/b", {})
WIRE_CITATION = {"title": "Colours", "source": "a/b", "sourceContent": [{"text": "blue"}]}


@pytest.mark.parametrize(
    ("part", "block", "deltas"),
    [
        (Thinking("I see", "seal"), {"reasoningContent": {"reasoningText": {"text": "I see", "signature": "seal"}}}, 3),
        (Thinking("I see"), {"reasoningContent": {"reasoningText": {"text": "I see"}}}, 2),
        (Thinking("", redacted="c2VjcmV0"), {"reasoningContent": {"redactedContent": "c2VjcmV0"}}, 1),
        (
            Text("It is", (CITATION,)),
            {"citationsContent": {"content": [{"text": "It is"}], "citations": [WIRE_CITATION]}},
            3,
        ),
        (ToolCall("t", "f", {}), {"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}, 0),
        (ToolCall("t", "f", None, '{"a', "cut"), {"toolUse": {"toolUseId": "t", "name": "f", "input": '{"a'}}, 1),
        (Image(b"abc", media_type="image/png"), {"image": {"format": "png", "source": {"bytes": "YWJj"}}}, 1),
        (Opaque("converse", "newBlock", {"x": 1}), {"newBlock": {"x": 1}}, 1),
    ],
)
def test_each_part_has_its_block_and_its_deltas(part, block, deltas):
    response = Response(Message.assistant(part))
    assert blocks_of(response) == [block]
    assert len(deltas_of(response)) == deltas


def test_a_citation_that_came_from_the_wire_goes_back_unchanged():
    raw = {"title": "t", "location": {"web": {"url": "u"}}}
    assert blocks_of(Response(Message.assistant(Text("a", (Citation(None, "t", None, raw),)))))[0]["citationsContent"][
        "citations"
    ] == [raw]


def test_a_server_tools_blocks_have_starts_of_their_own():
    call = Opaque("converse", "toolUse", {"toolUseId": "t", "name": "f", "type": "server_tool_use", "input": {"a": 1}})
    result = Opaque("converse", "toolResult", {"toolUseId": "t", "type": "f_result", "content": [{"json": {"b": 2}}]})
    events = streamed(Response(Message.assistant(call, result)))
    starts = [payload["start"] for kind, payload in events if kind == "contentBlockStart"]
    assert starts == [
        {"toolUse": {"toolUseId": "t", "name": "f", "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "t", "type": "f_result"}},
    ]
    assert [payload["delta"] for kind, payload in events if kind == "contentBlockDelta"] == [
        {"toolUse": {"input": '{"a":1}'}},
        {"toolResult": [{"json": {"b": 2}}]},
    ]


@pytest.mark.parametrize(
    ("response", "word"),
    [
        (Response(Message.assistant(""), StopReason.length), "max_tokens"),
        (Response(Message.assistant(""), StopReason.content_filter), "content_filtered"),
        (Response(Message.assistant(""), StopReason.error), "malformed_model_output"),
        (Response(Message.assistant(""), StopReason.pause), "pause"),
        (Response(Message.assistant(""), StopReason.stop, "stop_sequence"), "stop_sequence"),
    ],
)
def test_a_stop_reason_has_the_wires_word(response, word):
    assert converse_body(response, Extras())["stopReason"] == word


def test_what_no_answer_holds_is_refused():
    with pytest.raises(InvalidRequestError, match="reply must be made of"):
        blocks_of(Response(Message.assistant(Document(b"a"))))


def test_an_exception_frame_is_the_wires():
    (frame,) = EventStreamDecoder().feed(exception_frame("throttlingException", "slow down"))
    assert dict(frame.headers) == {
        ":exception-type": "throttlingException",
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    assert json.loads(frame.payload) == {"message": "slow down"}


@given(st.text())
def test_pieces_joined_are_the_text(text):
    assert "".join(pieces(text)) == text


@given(
    st.text(),
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ),
)
def test_a_stream_says_what_the_body_says(text, value):
    response = Response(Message.assistant(Text(text), ToolCall("t", "f", {"value": value})))
    said = [payload for kind, payload in streamed(response) if kind == "contentBlockDelta"]
    assert "".join(payload["delta"]["text"] for payload in said if payload["contentBlockIndex"] == 0) == text
    joined = "".join(payload["delta"]["toolUse"]["input"] for payload in said if payload["contentBlockIndex"] == 1)
    assert json.loads(joined) == blocks_of(response)[1]["toolUse"]["input"]
