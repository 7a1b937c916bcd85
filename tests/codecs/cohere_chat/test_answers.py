"""Answers of Cohere's chat, whole and streamed."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.cohere_chat import CohereChatBody, direct_body
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import LLMError, ProtocolError, StreamInterruptedError
from bedrock_llm.events import CitationAdded, TextDelta, ToolCallStarted, empty_response, fold
from bedrock_llm.messages import Citation, Text, ToolCall
from bedrock_llm.response import StopReason, Usage
from tests.codecs.converse.test_properties import JSON, OBJECTS, WORDS
from tests.codecs.openai_chat.wire import (
    body_of,
    calls_of,
    counted,
    cut_anyhow,
    events_of_stream,
    folded,
    frames,
    objects_read,
    records,
)

BODY = CohereChatBody()
R = ModelConfig("bedrock", "cohere.command-r-v1:0", "cohere")
META = {"billed_units": {"input_tokens": 3, "output_tokens": 5.0}, "tokens": {"input_tokens": 70, "output_tokens": 5}}
CITED = {"start": 0, "end": 4, "text": "Rome", "document_ids": ["d_0", "d_1"]}
FOUND = [{"id": "d_1", "title": "Guide", "url": "https://example.com", "snippet": "Rome is old."}]


def event(kind, **fields):
    return {"is_finished": kind == "stream-end", "event_type": kind, **fields}


def ended(word="COMPLETE", **response):
    return event("stream-end", finish_reason=word, response={"finish_reason": word, "meta": META, **response})


def test_a_plain_answer():
    response = BODY.read({"text": "Hello", "finish_reason": "COMPLETE", "meta": META}, R)
    assert response.message.parts == (Text("Hello"),)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.stop, "COMPLETE")
    assert response.usage == Usage(input_tokens=3, output_tokens=5, searches=0)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("COMPLETE", StopReason.stop),
        ("MAX_TOKENS", StopReason.length),
        ("max_tokens", StopReason.length),
        ("ERROR_LIMIT", StopReason.length),
        ("ERROR_TOXIC", StopReason.content_filter),
        ("ERROR", StopReason.error),
        ("USER_CANCEL", StopReason.other),
    ],
)
def test_the_words_for_why_an_answer_ended(word, reason):
    response = BODY.read({"text": "a", "finish_reason": word}, R)
    assert (response.stop_reason, response.raw_stop_reason) == (reason, word)
    assert bool(response.warnings) is (reason is StopReason.other)


def test_counts_of_tokens_are_taken_where_nothing_is_billed():
    assert BODY.read({"text": "a", "meta": {"tokens": META["tokens"]}}, R).usage.input_tokens == 70
    assert BODY.read({"text": "a", "meta": {"billed_units": {"search_units": 1}}}, R).usage == Usage()
    assert BODY.read({"text": "a"}, R).usage == Usage()


def test_coheres_own_api_counts_all_tokens_and_what_a_cache_gave():
    meta = {**META, "cached_tokens": 60}
    usage = Usage(input_tokens=10, cache_read_tokens=60, output_tokens=5, searches=0)
    assert direct_body().read({"text": "a", "meta": meta}, R).usage == usage
    reader, events = direct_body().reader(R), []
    reader.take(event("stream-end", response={"text": "a", "finish_reason": "COMPLETE", "meta": meta}), events)
    assert reader.usage == usage
    assert direct_body().read({"text": "a", "meta": {"billed_units": META["billed_units"]}}, R).usage.input_tokens == 3


def test_calls_get_ids_of_their_places():
    calls = [{"name": "a", "parameters": {"x": 1}}, {"name": "b", "parameters": None}, {"name": "c", "parameters": "x"}]
    response = BODY.read({"text": "I look.", "tool_calls": calls, "finish_reason": "COMPLETE"}, R)
    assert response.message.parts[:3] == (
        Text("I look."),
        ToolCall("call_0", "a", {"x": 1}),
        ToolCall("call_1", "b", {}),
    )
    assert (response.tool_calls[2].raw_arguments, response.tool_calls[2].invalid) == ('"x"', True)
    assert response.stop_reason is StopReason.tool_use


def test_citations_stand_on_the_text_where_their_places_lie_in_it():
    beyond = {"start": 2, "end": 99, "text": "x", "document_ids": []}
    data = {
        "text": "Rome.",
        "citations": [CITED, beyond, {"text": "?"}],
        "documents": FOUND,
        "finish_reason": "COMPLETE",
    }
    assert BODY.read(data, R).message.parts == (
        Text("Rome.", (Citation(None, "Guide", "https://example.com", CITED),)),
    )


def test_a_stream_with_citations_and_calls():
    objects = [
        event("stream-start", generation_id="g"),
        event("search-queries-generation", search_queries=[{"text": "q"}]),
        event("text-generation", text="Ro"), event("text-generation", text="me."),
        event("citation-generation", citations=[CITED]),
        event("tool-calls-generation", tool_calls=[{"name": "n", "parameters": {"x": 1}}]),
        ended(text="Rome.", documents=FOUND),
    ]  # fmt: skip
    events, decoder = events_of_stream(BODY, frames(objects), R)
    assert [type(entry) for entry in events if isinstance(entry, (TextDelta, CitationAdded, ToolCallStarted))] == [
        TextDelta, TextDelta, CitationAdded, ToolCallStarted,
    ]  # fmt: skip
    response = fold(empty_response(), events)
    assert response.message.parts == (
        Text("Rome.", (Citation(None, "Guide", "https://example.com", CITED),)),
        ToolCall("call_0", "n", {"x": 1}),
    )
    assert (response.stop_reason, response.usage) == (StopReason.tool_use, Usage(3, None, None, None, 5, searches=0))
    assert (response.raw["generation_id"], response.raw["meta"]) == ("g", META)
    assert response.raw["events"] == [{"search-queries-generation": {"search_queries": [{"text": "q"}]}}]
    assert (decoder.complete, list(decoder.warnings)) == (True, [])


def test_documents_may_come_as_results_of_a_search():
    objects = [
        event("search-results", documents=FOUND),
        event("text-generation", text="Rome"),
        ended(citations=[CITED]),
    ]
    assert objects_read(BODY, objects, R)[0].message.parts[0].citations[0].title == "Guide"


def test_the_plan_beside_calls_is_text_however_it_comes():
    generation = event("tool-calls-generation", text="I look.", tool_calls=[{"name": "n", "parameters": {}}])
    pieces = [event("tool-calls-chunk", text="I "), event("tool-calls-chunk", text="look.")]
    delta = event("tool-calls-chunk", tool_call_delta={"index": 0, "name": "n"})
    for objects in ([generation], [*pieces, delta, generation]):
        response, _ = objects_read(BODY, [*objects, ended(text="I look.")], R)
        assert response.message.parts == (Text("I look."), ToolCall("call_0", "n", {}))


def test_an_end_alone_is_the_answer():
    response, _ = objects_read(BODY, [ended(text="a", tool_calls=[{"name": "n", "parameters": {}}])], R)
    assert response.message.parts == (Text("a"), ToolCall("call_0", "n", {}))


def test_events_without_their_kind_are_told_apart_by_what_they_hold():
    objects = [{"is_finished": False, "text": "a"}, {"is_finished": True, "finish_reason": "MAX_TOKENS"}]
    response, _ = objects_read(BODY, objects, R)
    assert (response.text, response.stop_reason) == ("a", StopReason.length)


def test_without_counts_the_carriers_are_taken():
    objects = [event("text-generation", text="a"), event("stream-end", finish_reason="COMPLETE")]
    assert folded(BODY, counted(objects), R).usage == Usage(3, 0, 0, 0, 5)


def test_an_unknown_event_is_kept():
    response, _ = objects_read(BODY, [event("novel", x=1), ended(text="a")], R)
    assert response.raw["events"] == [{"novel": {"x": 1}}]


def test_a_stream_without_its_end_is_interrupted():
    with pytest.raises(StreamInterruptedError):
        objects_read(BODY, [event("text-generation", text="a")], R)


@pytest.mark.parametrize(
    "objects",
    [
        ["x"],
        [event("text-generation", text=7)],
        [event("citation-generation", citations="x")],
        [event("stream-end", finish_reason=7)],
        [event("stream-end", response="x")],
        [event("stream-end", finish_reason="COMPLETE"), event("text-generation", text="a")],
        [event("tool-calls-generation", tool_calls=[{"parameters": {}}]), ended()],
    ],
)
def test_a_broken_stream_is_a_protocol_error(objects):
    with pytest.raises(ProtocolError):
        objects_read(BODY, objects, R)


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"message": "no"}, {"text": 7}, {"text": "a", "tool_calls": [7]}, {"text": "a", "citations": [7]},
     {"text": "a", "finish_reason": 7}],
)  # fmt: skip
def test_what_is_no_answer_is_a_protocol_error(data):
    with pytest.raises(ProtocolError):
        BODY.read(data, R)


@given(
    st.lists(WORDS, max_size=4),
    st.lists(st.tuples(st.integers(-1, 9), st.integers(-1, 9)), max_size=3),
    st.lists(OBJECTS, max_size=3),
    st.sampled_from(["COMPLETE", "MAX_TOKENS", "novel"]),
)
@settings(max_examples=100, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(pieces, places, arguments, word):
    citations = [{"start": start, "end": end, "text": "x", "document_ids": ["d_1"]} for start, end in places]
    calls = [{"name": "n", "parameters": entry} for entry in arguments]
    whole = {"text": "".join(pieces), "finish_reason": word, "meta": META, "tool_calls": calls}
    whole |= {"citations": citations, "documents": FOUND}
    objects = [event("text-generation", text=piece) for piece in pieces]
    objects += [event("citation-generation", citations=[entry]) for entry in citations]
    objects += [event("tool-calls-generation", tool_calls=calls)] if calls else []
    objects.append(event("stream-end", finish_reason=word, response=whole))
    assert folded(BODY, objects, R) == BODY.read(whole, R).with_(warnings=())
    assert cut_anyhow(BODY, frames(objects), R, tries=1)


KINDS = [
    "stream-start", "text-generation", "citation-generation", "search-results", "tool-calls-generation", "stream-end",
]  # fmt: skip
EVENTS = st.fixed_dictionaries(
    {"event_type": st.sampled_from(KINDS) | JSON},
    optional={
        "text": JSON,
        "citations": JSON | st.lists(JSON),
        "documents": JSON | st.lists(OBJECTS),
        "tool_calls": JSON | st.lists(JSON),
        "finish_reason": JSON,
        "response": JSON | OBJECTS,
    },
)


@given(st.lists(JSON | EVENTS, max_size=5))
@settings(max_examples=200, deadline=None)
def test_whatever_a_stream_says_only_our_errors_come_out(objects):
    with contextlib.suppress(LLMError):
        objects_read(BODY, objects, R)
    for data in objects:
        with contextlib.suppress(LLMError):
            BODY.read({"text": "abc", **data} if isinstance(data, dict) else data, R)


def is_chat(record):
    """Bedrock's Command R, and Cohere's own chat of the same version."""
    if record["response"]["status"] != 200:
        return False
    if record["provider"] == "bedrock":
        return record["api"] in ("invoke", "invoke-stream") and "command-r-" in record["model"]
    return (record["provider"], record["api"]) == ("cohere", "cohere-chat") and record["request"]["path"] == "/v1/chat"


def test_every_recorded_answer_is_read_to_its_expected_content():
    counts = {"whole": 0, "streamed": 0}
    for record, expected in records(is_chat):
        data, own = body_of(record), record["provider"] == "bedrock"
        if not record["streaming"]:
            response = InvokeCodec(BODY).decode(data, {}, R)
        elif own:
            response = fold(empty_response(), events_of_stream(BODY, data, R)[0])
            assert cut_anyhow(BODY, data, R)
        else:
            response = objects_read(BODY, [json.loads(line) for line in data.splitlines() if line.strip()], R)[0]
        said = (response.text, response.thinking, calls_of(response), response.raw_stop_reason)
        assert said == tuple(expected[name] for name in ("text", "thinking", "tool_calls", "stop")), record["id"]
        told = {**expected.get("metrics", {}), **expected["usage"]}
        billed = (told.get("billed_input", told.get("input")), told.get("billed_output", told.get("output")))
        assert (response.usage.input_tokens, response.usage.output_tokens) == billed, record["id"]
        counts["streamed" if record["streaming"] else "whole"] += 1
    assert counts == {"whole": 10, "streamed": 4}
