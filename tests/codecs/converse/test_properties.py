"""What must hold for any answer and any cut."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.converse.decode import decode
from bedrock_llm.codecs.converse.stream import ConverseStreamDecoder
from bedrock_llm.codecs.shared.aws_errors import from_http
from bedrock_llm.errors import LLMError
from bedrock_llm.events import empty_response, events_of, fold
from tests.codecs.converse.frames import USAGE, delta, event, events_of_stream, folded, start, stop, whole

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=4)


@st.composite
def blocks(draw):
    """Blocks of an answer, each as the frames of a stream and as a block of a whole answer."""
    streamed, written = [], []
    for index in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["text", "thinking", "call", "cited", "result"]))
        pieces = draw(st.lists(WORDS, max_size=4))
        joined = "".join(pieces)
        if kind == "text":
            streamed += [*(delta(index, text=piece) for piece in pieces), stop(index)]
            written.append({"text": joined})
        elif kind == "thinking":
            deltas = [{"text": piece} for piece in pieces] + [{"signature": "s"}]
            streamed += [*(delta(index, reasoningContent=piece) for piece in deltas), stop(index)]
            written.append({"reasoningContent": {"reasoningText": {"text": joined, "signature": "s"}}})
        elif kind == "cited":
            raw = {"title": draw(WORDS)}
            streamed += [delta(index, citation=raw), *(delta(index, text=piece) for piece in pieces), stop(index)]
            written.append({"citationsContent": {"content": [{"text": joined}], "citations": [raw]}})
        elif kind == "call":
            given_input, call = draw(OBJECTS), {"toolUseId": f"t-{index}", "name": "n"}
            text = json.dumps(given_input, ensure_ascii=draw(st.booleans()))
            cut = draw(st.integers(0, len(text)))
            streamed += [
                start(index, toolUse=call),
                *(delta(index, toolUse={"input": part}) for part in (text[:cut], text[cut:])),
                stop(index),
            ]
            written.append({"toolUse": {**call, "input": given_input}})
        else:
            entries, result = draw(st.lists(JSON, max_size=3)), {"toolUseId": f"r-{index}", "type": "x"}
            content = [{"json": entry} for entry in entries]
            streamed += [
                start(index, toolResult=result),
                *(delta(index, toolResult=[entry]) for entry in content),
                stop(index),
            ]
            written.append({"toolResult": {**result, "content": content}})
    return streamed, written


@given(blocks(), st.sampled_from(["end_turn", "tool_use", "max_tokens", "novel"]))
@settings(max_examples=150, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(made, reason):
    streamed, written = made
    same = {"output": {"message": {"content": written}}, "stopReason": reason, "usage": USAGE}
    response = decode(json.dumps(same).encode(), {}, "claude")
    assert folded(whole(*streamed, reason=reason), "claude") == response
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())  # events do not tell them


@given(blocks(), st.data())
@settings(max_examples=150, deadline=None)
def test_decoding_does_not_depend_on_how_the_bytes_were_cut(made, data):
    body = whole(*made[0])
    cuts = sorted(data.draw(st.sets(st.integers(1, len(body) - 1), max_size=12)))
    assert events_of_stream(body, cuts)[0] == events_of_stream(body)[0]


@given(st.lists(st.tuples(st.sampled_from(
    ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "odd"]
), st.fixed_dictionaries({}, optional={
    "contentBlockIndex": st.integers(-1, 3) | JSON,
    "start": JSON | st.fixed_dictionaries({"toolUse": JSON}),
    "delta": JSON | st.fixed_dictionaries({"text": JSON}) | st.fixed_dictionaries({"toolUse": JSON}),
    "stopReason": JSON,
    "usage": JSON,
}) | JSON), max_size=8))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_a_stream_says_only_our_errors_come_out(said):
    body = b"".join(event(kind, payload) for kind, payload in said)
    for cuts in ((), range(1, len(body), 7)):
        decoder = ConverseStreamDecoder()
        events = []
        try:
            for begin_at, end_at in zip((0, *cuts), (*cuts, len(body)), strict=True):
                events += decoder.feed(body[begin_at:end_at])
            events += decoder.close()
        except LLMError:
            pass
        fold(empty_response(), events)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=300, deadline=None)
def test_whatever_a_body_says_only_our_errors_come_out(body):
    for around in (
        b"%b",
        b'{"output":{"message":{"content":%b}}}',
        b'{"output":{"message":{"content":[%b]}},"usage":%b}',
    ):
        with contextlib.suppress(LLMError):
            decode(around.replace(b"%b", body), {}, None)
    assert isinstance(from_http(500, {"retry-after": body.decode("latin-1")}, body), LLMError)


@given(JSON, st.sampled_from(["text", "toolUse", "reasoningContent", "citationsContent", "image", "audio", "other"]))
@settings(max_examples=300, deadline=None)
def test_whatever_a_block_holds_only_our_errors_come_out(value, kind):
    body = json.dumps({"output": {"message": {"content": [{kind: value}]}}}).encode()
    with contextlib.suppress(LLMError):
        decode(body, {}, None)
