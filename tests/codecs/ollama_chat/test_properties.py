"""What must hold for any answer and any cut."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.errors import LLMError
from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.cohere_v2.wire import cut_anyhow
from tests.codecs.converse.test_properties import JSON, OBJECTS, WORDS
from tests.codecs.ollama_chat.wire import BODY, CODEC, OLLAMA, lines
from tests.codecs.openai_chat.wire import objects_read


@st.composite
def answers(draw):
    """A message, whole and as the lines of a stream."""
    streamed, whole = [], {"role": "assistant", "content": ""}
    for name in ("thinking", "content"):
        pieces = draw(st.lists(WORDS, max_size=4))
        whole[name] = "".join(pieces)
        streamed += [{"message": {name: piece}, "done": False} for piece in pieces]
    calls = []
    for index in range(draw(st.integers(0, 3))):
        identity = {"id": f"t-{index}"} if draw(st.booleans()) else {}
        calls.append({**identity, "function": {"name": "n", "arguments": draw(OBJECTS | WORDS | JSON)}})
        streamed.append({"message": {"tool_calls": [calls[-1]]}, "done": False})
    return streamed, {**whole, "tool_calls": calls}


@given(answers(), st.sampled_from(["stop", "length", "novel", ""]), st.none() | st.integers(0, 9))
@settings(max_examples=200, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(made, reason, counted):
    streamed, message = made
    end = {"done": True, "done_reason": reason, "prompt_eval_count": counted, "eval_count": 2}
    response = BODY.read({"message": message, **end}, OLLAMA)
    assert objects_read(BODY, [*streamed, end], OLLAMA)[0] == response.with_(warnings=())
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())


@given(answers())
@settings(max_examples=30, deadline=None)
def test_decoding_does_not_depend_on_how_the_bytes_were_cut(made):
    assert cut_anyhow(lines([*made[0], {"done": True, "done_reason": "stop"}]), codec=CODEC)


LINES = st.fixed_dictionaries({}, optional={
    "message": JSON | st.fixed_dictionaries({}, optional={
        "content": JSON, "thinking": JSON,
        "tool_calls": JSON | st.lists(st.fixed_dictionaries({}, optional={
            "id": JSON, "function": JSON | st.fixed_dictionaries({}, optional={"name": JSON, "arguments": JSON})})),
    }),
    "done": st.booleans() | JSON, "done_reason": JSON, "prompt_eval_count": JSON, "eval_count": JSON, "error": JSON,
}) | JSON  # fmt: skip


@given(st.lists(LINES, max_size=4))
@settings(max_examples=300, deadline=None)
def test_whatever_an_answer_says_only_our_errors_come_out(objects):
    with contextlib.suppress(LLMError):
        objects_read(BODY, objects, OLLAMA)
    for data in objects:
        with contextlib.suppress(LLMError):
            BODY.read(data, OLLAMA)
