"""What must hold for any answer and any cut."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.errors import LLMError
from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.cohere_v2.wire import BODY, COHERE, cut_anyhow, lines
from tests.codecs.converse.test_properties import JSON, OBJECTS, WORDS
from tests.codecs.openai_chat.wire import objects_read

COUNTS = {"tokens": {"input_tokens": 9, "output_tokens": 4}, "cached_tokens": 2}
PIECES = st.lists(WORDS, max_size=4)


def event(kind, index=None, **message):
    return {"type": kind, **({} if index is None else {"index": index}), "delta": {"message": message}}


@st.composite
def answers(draw):
    """A message, whole and as the events of a stream."""
    streamed = [{"id": "x", **event("message-start", role="assistant", content=[])}]
    content, citations, calls = [], [], []
    for index, kind in enumerate(draw(st.lists(st.sampled_from(["text", "thinking", "chart"]), max_size=3))):
        pieces = draw(PIECES)
        content.append({"type": kind, kind: "".join(pieces)})
        streamed.append(event("content-start", index, content={"type": kind, kind: ""}))
        streamed += [event("content-delta", index, content={kind: piece}) for piece in pieces]
        for _ in range(draw(st.integers(0, 2)) if kind == "text" else 0):
            raw = {"start": 0, "end": 1, "text": "x", "sources": [{"id": "d"}], "content_index": index}
            citations.append(raw)
            streamed.append(event("citation-start", 0, citations=raw))
        streamed.append({"type": "content-end", "index": index})
    plan = draw(PIECES)
    streamed += [event("tool-plan-delta", tool_plan=piece) for piece in plan]
    for index in range(draw(st.integers(0, 3))):
        text = json.dumps(draw(OBJECTS)) if draw(st.booleans()) else draw(WORDS)
        cut = draw(st.integers(0, len(text)))
        calls.append({"id": f"t-{index}", "type": "function", "function": {"name": "n", "arguments": text}})
        begun = {**calls[-1], "function": {"name": "n", "arguments": text[:cut]}}
        streamed.append(event("tool-call-start", index, tool_calls=begun))
        streamed.append(event("tool-call-delta", index, tool_calls={"function": {"arguments": text[cut:]}}))
        streamed.append({"type": "tool-call-end", "index": index})
    return streamed, {"content": content, "tool_plan": "".join(plan), "tool_calls": calls, "citations": citations}


@given(answers(), st.sampled_from(["COMPLETE", "MAX_TOKENS", "TOOL_CALL", "NOVEL"]))
@settings(max_examples=200, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(made, reason):
    streamed, message = made
    response = BODY.read({"id": "x", "message": message, "finish_reason": reason, "usage": COUNTS}, COHERE)
    end = {"type": "message-end", "delta": {"finish_reason": reason, "usage": COUNTS}}
    assert objects_read(BODY, [*streamed, end], COHERE)[0] == response.with_(warnings=())
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())


@given(answers())
@settings(max_examples=30, deadline=None)
def test_decoding_does_not_depend_on_how_the_bytes_were_cut(made):
    assert cut_anyhow(
        lines([*made[0], {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": COUNTS}}])
    )


EVENTS = st.fixed_dictionaries({}, optional={
    "type": st.sampled_from([
        "message-start", "content-start", "content-delta", "content-end", "tool-plan-delta", "tool-call-start",
        "tool-call-delta", "tool-call-end", "citation-start", "message-end", "debug"]) | JSON,
    "index": st.integers(0, 1) | JSON,
    "delta": JSON | st.fixed_dictionaries({}, optional={
        "finish_reason": JSON, "usage": JSON, "error": JSON,
        "message": JSON | st.fixed_dictionaries({}, optional={
            "content": JSON | st.fixed_dictionaries({"type": st.sampled_from(["text", "thinking", "x"]) | JSON},
                                                    optional={"text": JSON, "thinking": JSON}),
            "tool_plan": JSON, "citations": JSON,
            "tool_calls": JSON | st.fixed_dictionaries({}, optional={
                "id": JSON,
                "function": JSON | st.fixed_dictionaries({}, optional={"name": JSON, "arguments": JSON})})})}),
}) | JSON  # fmt: skip


@given(st.lists(EVENTS, max_size=5))
@settings(max_examples=300, deadline=None)
def test_whatever_a_stream_says_only_our_errors_come_out(objects):
    with contextlib.suppress(LLMError):
        objects_read(BODY, objects, COHERE)


@given(JSON | st.fixed_dictionaries({"message": st.fixed_dictionaries({}, optional={
    "content": JSON | st.lists(JSON), "tool_plan": JSON, "tool_calls": JSON | st.lists(JSON),
    "citations": JSON | st.lists(JSON)})}, optional={"finish_reason": JSON, "usage": JSON}))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_a_body_says_only_our_errors_come_out(data):
    with contextlib.suppress(LLMError):
        BODY.read(data, COHERE)
