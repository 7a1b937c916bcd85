"""What must hold for any answer and any cut."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.codecs.openai_chat.tags import TagSplitter
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError
from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.converse.test_properties import JSON, OBJECTS, WORDS
from tests.codecs.openai_chat.wire import cut_anyhow, folded, frames, objects_read

BODY = ChatBody()
PLAIN = ModelConfig(family="vendor")
TAGGED = ModelConfig(family="vendor", features={"native": {"body": "openai_chat", "think_tags": ["think", "r"]}})
COUNTS = {"prompt_tokens": 3, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 1}}
TAGGED_WORDS = st.lists(st.sampled_from(["<think>", "</think>", "<r>", "</r>", "<", "a", "</", "th"]), max_size=8).map(
    "".join
)


def delta(finish_reason=None, **members):
    return {"id": "x", "choices": [{"index": 0, "delta": members, "finish_reason": finish_reason}]}


@st.composite
def messages(draw):
    """A message, whole and as the deltas of a stream."""
    streamed, whole = [], {"role": "assistant"}
    for name in ("reasoning_content", "content", "refusal"):
        pieces = draw(st.lists(WORDS | TAGGED_WORDS, max_size=4))
        if pieces:
            whole[name] = "".join(pieces)
            streamed += [delta(**{name: piece}) for piece in pieces]
    calls = []
    for index in range(draw(st.integers(0, 3))):
        text = json.dumps(draw(OBJECTS)) if draw(st.booleans()) else draw(WORDS)
        named = draw(st.booleans())
        identity = {"id": f"t-{index}"} if named else {}
        cut = draw(st.integers(0, len(text)))
        start = {"index": index, **identity, "function": {"name": "n", "arguments": text[:cut]}}
        rest = {"index": index, "function": {"arguments": text[cut:]}}
        streamed += [delta(tool_calls=[start]), delta(tool_calls=[rest])]
        calls.append({**identity, "type": "function", "function": {"name": "n", "arguments": text}})
    return streamed, {**whole, **({"tool_calls": calls} if calls else {})}


@given(messages(), st.sampled_from(["stop", "length", "tool_calls", "novel"]), st.sampled_from([PLAIN, TAGGED]))
@settings(max_examples=200, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(made, reason, config):
    streamed, message = made
    whole = {"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": COUNTS}
    response = BODY.read(whole, config)
    end = [delta(reason), {"id": "x", "choices": [], "usage": COUNTS}]
    assert folded(BODY, [*streamed, *end], config) == response.with_(warnings=())
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())


@given(messages())
@settings(max_examples=30, deadline=None)
def test_decoding_does_not_depend_on_how_the_bytes_were_cut(made):
    objects = [*made[0], delta("stop"), {"choices": [], "usage": COUNTS}]
    assert cut_anyhow(BODY, frames(objects), TAGGED, tries=2)


@given(TAGGED_WORDS, st.data())
@settings(max_examples=200, deadline=None)
def test_tags_are_split_alike_however_they_are_cut(text, data):
    def split(pieces):
        splitter, found = TagSplitter(("think", "r")), []
        for kind, words in [*(said for piece in pieces for said in splitter.feed(piece)), (False, splitter.close())]:
            if words and found and found[-1][0] == kind is False:
                found[-1] = (kind, found[-1][1] + words)
            elif words:
                found.append((kind, words))
        return found

    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    places = [0, *cuts, len(text)]
    assert split([text[a:b] for a, b in zip(places, places[1:], strict=False)]) == split([text])  # noqa: RUF007


CHUNKS = st.fixed_dictionaries({}, optional={
    "choices": JSON | st.lists(st.fixed_dictionaries({}, optional={
        "index": st.integers(0, 1) | JSON, "finish_reason": st.sampled_from([None, "stop"]) | JSON, "text": JSON,
        "delta": JSON | st.fixed_dictionaries({}, optional={
            "content": JSON | st.lists(st.fixed_dictionaries(
                {"type": st.sampled_from(["text", "thinking", "reasoning", "refusal", "odd"])},
                optional={"text": JSON, "thinking": JSON, "summary": JSON, "refusal": JSON})),
            "reasoning": JSON, "refusal": JSON, "annotations": JSON, "function_call": JSON,
            "tool_calls": JSON | st.lists(st.fixed_dictionaries({}, optional={
                "index": st.integers(0, 2) | JSON, "id": JSON, "type": st.sampled_from(["function", "custom"]) | JSON,
                "function": JSON | st.fixed_dictionaries({}, optional={"name": JSON, "arguments": JSON})})),
        })})),
    "usage": JSON | st.fixed_dictionaries({}, optional={"prompt_tokens": JSON, "prompt_tokens_details": JSON}),
    "error": JSON, "x_groq": JSON,
}) | JSON  # fmt: skip


@given(st.lists(CHUNKS, max_size=5), st.sampled_from([PLAIN, TAGGED]))
@settings(max_examples=300, deadline=None)
def test_whatever_a_stream_says_only_our_errors_come_out(objects, config):
    with contextlib.suppress(LLMError):
        objects_read(BODY, objects, config)


@given(CHUNKS)
@settings(max_examples=300, deadline=None)
def test_whatever_a_body_says_only_our_errors_come_out(data):
    with contextlib.suppress(LLMError):
        BODY.read(data, PLAIN)
    choices = data.get("choices") if isinstance(data, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            with contextlib.suppress(LLMError):
                BODY.read({**data, "error": None, "choices": [{**choice, "message": choice.get("delta")}]}, TAGGED)
