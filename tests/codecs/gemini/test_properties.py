"""What must hold for any answer and any cut."""

from __future__ import annotations

import contextlib
import json
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.errors import LLMError
from bedrock_llm.events import empty_response, events_of, fold
from bedrock_llm.framing.sse import SSEDecoder
from bedrock_llm.request import Request
from tests.codecs.gemini.objects import BODY, GEMINI, answered, chunks, events_of_stream, folded, prepared
from tests.value_strategies import messages

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=4)
SEALED = st.fixed_dictionaries({}, optional={"thoughtSignature": WORDS})
PARTS = st.one_of(
    st.tuples(st.fixed_dictionaries({"text": WORDS}, optional={"thought": st.booleans()}), SEALED),
    st.tuples(st.fixed_dictionaries({"functionCall": st.fixed_dictionaries({"name": st.just("n")}, optional={
        "args": OBJECTS, "id": st.sampled_from(["a", "b"]), "willContinue": st.booleans(),
    })}), SEALED),
    st.tuples(st.fixed_dictionaries({"executableCode": OBJECTS}), SEALED),
    st.tuples(st.just({"inlineData": {"mimeType": "image/png", "data": "eA=="}}), SEALED),
    st.tuples(st.fixed_dictionaries({"novelty": JSON}), SEALED),
).map(lambda pair: {**pair[0], **pair[1]})  # fmt: skip
REASONS = st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY", "OTHER", "TIRED"])
GROUNDING = {
    "groundingChunks": [{"web": {"uri": "https://a"}}],
    "groundingSupports": [{"groundingChunkIndices": [0], "segment": {"text": "a"}}],
}
MEMBERS = st.sampled_from([{}, {"groundingMetadata": GROUNDING}, {"finishMessage": "m"}])


@given(st.lists(st.lists(PARTS, max_size=3), max_size=5), REASONS, MEMBERS)
@settings(max_examples=300, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(groups, word, members):
    response = BODY.read(answered(*(part for group in groups for part in group), word=word, **members), GEMINI)
    assert folded(chunks(*groups, word=word, **members)) == response
    assert fold(empty_response(), events_of(response)) == response.with_(warnings=())  # events do not tell them


@given(st.lists(PARTS, max_size=6))
@settings(max_examples=300, deadline=None)
def test_every_signature_goes_back_once_and_in_order(parts):
    """On the part that it came on: nothing else of the part is lost either."""
    parts = [part for part in parts if "functionCall" not in part]  # those need results
    signed = [part for part in parts if part.get("thoughtSignature")]
    response = BODY.read(answered(*parts), GEMINI)
    body, _ = prepared([Request.of("hi").messages[0], response.message, Request.of("and?").messages[0]])
    back = [part for part in body["contents"][1]["parts"] if part.get("thoughtSignature")]
    for mine, theirs in zip(back, signed, strict=True):
        assert {"thought": False, **mine} == {"thought": False, **theirs}


def carried(body, cuts=()):
    decoder, events = SSEDecoder(), []
    for begin_at, end_at in pairwise([0, *cuts, len(body)]):
        events += decoder.feed(body[begin_at:end_at])
    return events_of_stream([json.loads(event.data) for event in (*events, *decoder.close())])[0]


@given(st.lists(st.lists(PARTS, max_size=2), max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_decoding_does_not_depend_on_how_the_bytes_were_cut(groups, data):
    body = b"".join(b"data: " + json.dumps(entry).encode() + b"\r\n\r\n" for entry in chunks(*groups))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(body) - 1), max_size=12)))
    assert carried(body, cuts) == carried(body)


ODD_PARTS = st.lists(JSON | PARTS | st.dictionaries(
    st.sampled_from(["text", "thought", "thoughtSignature", "functionCall", "inlineData", "executableCode"]), JSON
) | st.fixed_dictionaries({"functionCall": st.fixed_dictionaries({}, optional={
    "name": JSON, "args": JSON, "id": JSON, "willContinue": JSON, "partialArgs": JSON | st.lists(
        st.fixed_dictionaries({"jsonPath": st.sampled_from(["$.a", "$.a[0]", "$[0]", "a"])},
                              optional={"stringValue": JSON, "numberValue": JSON, "willContinue": JSON}), max_size=3),
})}), max_size=3)  # fmt: skip
ODD = st.fixed_dictionaries({}, optional={
    "candidates": JSON | st.lists(JSON | st.fixed_dictionaries({}, optional={
        "content": JSON | st.fixed_dictionaries({}, optional={"parts": JSON | ODD_PARTS}),
        "finishReason": JSON, "index": JSON, "citationMetadata": JSON | st.fixed_dictionaries({"citations": JSON}),
        "groundingMetadata": JSON | st.fixed_dictionaries({}, optional={
            "groundingChunks": JSON, "webSearchQueries": JSON,
            "groundingSupports": JSON | st.lists(st.fixed_dictionaries({"groundingChunkIndices": JSON}), max_size=2),
        }),
    }), max_size=2),
    "usageMetadata": JSON | st.dictionaries(
        st.sampled_from(["promptTokenCount", "candidatesTokenCount", "cachedContentTokenCount", "promptTokensDetails",
                         "thoughtsTokenCount", "totalTokenCount"]), JSON),
    "promptFeedback": JSON | st.fixed_dictionaries({"blockReason": JSON}),
    "responseId": JSON,
    "error": JSON | st.dictionaries(st.sampled_from(["code", "status", "message", "details"]), JSON),
})  # fmt: skip


@given(st.lists(ODD | JSON, max_size=4))
@settings(max_examples=400, deadline=None)
def test_whatever_a_stream_says_only_our_errors_come_out(objects):
    reader, events = BODY.reader(GEMINI), []
    with contextlib.suppress(LLMError):
        for entry in objects:
            reader.take(entry, events)
            reader.settle(events)
        reader.end(events)
    fold(empty_response(), events)


@given(ODD | JSON)
@settings(max_examples=400, deadline=None)
def test_whatever_an_answer_holds_only_our_errors_come_out(data):
    with contextlib.suppress(LLMError):
        BODY.read(data, GEMINI)


@given(st.lists(messages, min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_whatever_is_said_is_written_or_refused_with_our_errors_and_the_same_each_time(said):
    with contextlib.suppress(LLMError):
        request, _ = BODY.prepare(Request.of(said), GEMINI)
        made = BODY.write(request, GEMINI, stream=True)
        assert BODY.write(request, GEMINI, stream=True) == made
        assert all(content["parts"] for content in made["contents"])
        assert BODY.prepare(request, GEMINI) == (request, ())
