"""Streamed answers of generateContent."""

from __future__ import annotations

import pytest

from bedrock_llm.errors import OverloadedError, ProtocolError, RateLimitError, StreamInterruptedError
from bedrock_llm.events import (
    CUT_CALL,
    CitationAdded,
    Finished,
    OpaqueEvent,
    PartFinished,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    UsageReported,
)
from bedrock_llm.messages import Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import StopReason
from tests.codecs.gemini.objects import (
    BODY,
    GEMINI,
    USAGE,
    answered,
    call,
    candidate,
    chunks,
    events_of_stream,
    folded,
    text,
    thought,
)


def test_text_comes_as_it_is_said_and_the_answer_is_complete_at_the_end_of_the_body():
    reader, events = BODY.reader(GEMINI), []
    for payload, so_far in zip(chunks([text("Hel")], [text("lo")]), (False, True), strict=True):
        reader.take(payload, events)
        reader.settle(events)
        assert (reader.answered, reader.complete) == (so_far, False)
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Hel", "lo"]
    reader.end(events)
    assert reader.complete
    assert events[-1] == Finished(StopReason.stop, "STOP")
    assert [event for event in events if isinstance(event, PartFinished)] == [PartFinished(Text("Hello"))]


def test_what_stands_behind_the_reason_still_belongs_to_the_answer():
    objects = [*chunks([text("a")]), answered(text("b"), word=None, usage={**USAGE, "totalTokenCount": 14})]
    response = folded(objects)
    assert (response.text, response.raw_stop_reason) == ("ab", "STOP")
    assert response.raw["usageMetadata"]["totalTokenCount"] == 14


def test_a_signature_at_the_end_stands_behind_the_text_that_is_cited():
    grounding = {
        "groundingChunks": [{"web": {"uri": "https://a"}}],
        "groundingSupports": [{"groundingChunkIndices": [0]}],
    }
    objects = chunks([text("a")], [text("", thoughtSignature="s")], [text("")], groundingMetadata=grounding)
    events, _ = events_of_stream(objects)
    told = [event for event in events if isinstance(event, (TextDelta, CitationAdded, PartFinished))]
    assert [type(event).__name__ for event in told] == ["TextDelta", "CitationAdded", "PartFinished", "PartFinished"]
    assert folded(objects).message.parts[1] == Thinking("", None, "s", "gemini")


def test_a_signed_call_gives_its_signature_before_it_begins():
    events, _ = events_of_stream(chunks([call(args={"a": 1}, signature="s"), call("b")]))
    kinds = [type(event) for event in events if not isinstance(event, (OpaqueEvent, UsageReported))]
    assert [kind.__name__ for kind in kinds] == [
        "PartFinished", "ToolCallStarted", "ToolCallDelta", "ToolCallFinished", "ToolCallStarted", "ToolCallFinished",
        "Finished",
    ]  # fmt: skip
    assert [event.call.id for event in events if isinstance(event, ToolCallFinished)] == ["gemini-r1-0", "gemini-r1-1"]


def piece(**value):
    more = {"willContinue": True} if value.pop("more", False) else {}
    return {"functionCall": {"partialArgs": [value], **more}}


def test_arguments_in_pieces_are_put_where_their_paths_say():
    parts = [
        call("n", willContinue=True, signature="s"),
        piece(jsonPath="$.list[0].a", stringValue="x", willContinue=True, more=True),
        piece(jsonPath="$.list[0].a", stringValue="y", more=True),
        piece(jsonPath="$.list[1]['b c']", numberValue=2.0, more=True),
        piece(jsonPath='$["d"]', boolValue=False, more=True),
        piece(jsonPath="$.e", nullValue="NULL_VALUE"),
        text("behind"),
    ]
    made = ToolCall("gemini-r1-0", "n", {"list": [{"a": "xy"}, {"b c": 2}], "d": False, "e": None})
    response = folded(chunks(*([part] for part in parts)))
    assert response.message.parts == (Thinking("", "s", None, "gemini"), made, Text("behind"))
    assert BODY.read(answered(*parts), GEMINI) == response


def test_a_call_in_pieces_that_was_cut_is_invalid():
    objects = chunks([call("n", willContinue=True)], [piece(jsonPath="$.a", stringValue="x", more=True)])
    assert folded(objects).tool_calls == (ToolCall("gemini-r1-0", "n", None, '{"a": "x"}', CUT_CALL),)
    another = chunks([call("n", willContinue=True)], [call("m", args={"b": 1})], word="MAX_TOKENS")
    assert [made.invalid for made in folded(another).tool_calls] == [True, False]


def test_a_piece_with_the_id_of_the_open_call_goes_on_with_it_and_no_two_calls_have_one_id():
    again = {"functionCall": {"name": "n", "id": "x", "partialArgs": [{"jsonPath": "$.a", "numberValue": 1.5}]}}
    objects = chunks([call("n", id="x", willContinue=True)], [again], [call("n", id="x")])
    assert folded(objects).tool_calls == (ToolCall("x", "n", {"a": 1.5}), ToolCall("gemini-r1-1", "n", {}))


def test_pieces_do_not_change_what_came():
    data = answered(call("n", args={"a": []}, willContinue=True), piece(jsonPath="$.a[0]", boolValue=True))
    assert BODY.read(data, GEMINI).tool_calls[0].arguments == {"a": [True]}
    assert data["candidates"][0]["content"]["parts"][0]["functionCall"]["args"] == {"a": []}


@pytest.mark.parametrize("path", ["a", "$", "$.a[", "$.list[7]", "$.list.a", "$.a[0]", "$" + ".a" * 200])
def test_a_path_that_leads_nowhere_breaks_the_format(path):
    parts = [call("n", args={"list": [], "a": 1}, willContinue=True), piece(jsonPath=path, stringValue="x", more=True)]
    with pytest.raises(ProtocolError):
        folded(chunks(parts))


def test_an_end_without_a_name_says_nothing_and_a_late_signature_is_kept_raw():
    assert folded(chunks([call("n")], [{"functionCall": {}}])).tool_calls == (ToolCall("gemini-r1-0", "n", {}),)
    late = {"functionCall": {}, "thoughtSignature": "s"}
    assert folded(chunks([call("n", willContinue=True)], [late])).raw["events"] == [{"part": late}]


def test_counts_are_sums_so_far_and_those_of_nothing_do_not_replace_them():
    usages = [{"trafficType": "X"}, {"promptTokenCount": 4, "totalTokenCount": 4}, USAGE, {"trafficType": "X"}]
    objects = [answered(text("a"), word=None, usage=usage) for usage in usages]
    events, reader = events_of_stream([*objects, answered(usage=None)])
    reported = [event.usage.total_tokens for event in events if isinstance(event, UsageReported)]
    assert reported == [4, 13, 13]
    assert reader.warnings == []


def test_an_answer_without_counts_says_so():
    response = folded(chunks([text("a")], usage=None))
    assert (response.usage.input_tokens, response.warnings[0].parameter) == (None, "usage")


def test_a_stream_without_a_reason_was_interrupted():
    reader, events = BODY.reader(GEMINI), []
    reader.take(answered(text("a"), word=None), events)
    with pytest.raises(StreamInterruptedError):
        reader.end(events)
    with pytest.raises(StreamInterruptedError):
        BODY.reader(GEMINI).end([])


def test_a_blocked_prompt_ends_the_stream_with_an_empty_answer():
    response = folded([{"promptFeedback": {"blockReason": "OTHER"}, "usageMetadata": USAGE}])
    assert (response.message.parts, response.stop_reason) == ((), StopReason.content_filter)
    assert (response.raw_stop_reason, response.raw["promptFeedback"]) == ("OTHER", {"blockReason": "OTHER"})
    assert len(response.warnings) == 1


def test_what_is_told_beside_the_parts_goes_to_raw():
    ratings = [{"category": "X", "probability": "LOW"}]
    objects = chunks([text("a")], [text("b")], safetyRatings=ratings, groundingMetadata={})
    other = {**candidate(text("z")), "index": 1}
    objects[0]["candidates"].insert(0, other)
    objects[0]["modelStatus"] = {"a": 1}
    response = folded(objects)
    assert response.text == "ab"
    assert response.raw == {
        "modelVersion": "gemini-next", "responseId": "r1", "modelStatus": {"a": 1}, "usageMetadata": USAGE,
        "events": [{"candidate": other}, {"candidate": {"safetyRatings": ratings}}],
    }  # fmt: skip
    assert [warning.parameter for warning in response.warnings] == ["n"]


def test_an_error_before_any_content_finds_an_answer_of_which_nothing_was_given_out():
    reader, events = BODY.reader(GEMINI), []
    reader.take({"usageMetadata": USAGE, "responseId": "r"}, events)
    assert events == []
    with pytest.raises(OverloadedError):
        reader.take({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}, events)
    assert events == []


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: [error]])
def test_an_error_inside_the_stream_is_raised(wrap):
    with pytest.raises(RateLimitError):
        folded([*chunks([text("a")]), wrap({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}})])


@pytest.mark.parametrize("payload", ["x", 7, None, [], {"candidates": 7}])
def test_what_is_no_chunk_is_refused(payload):
    with pytest.raises(ProtocolError):
        folded([payload])


def test_the_sentinel_of_others_is_passed_over():
    assert folded([*chunks([text("a")]), "[DONE]"]).text == "a"


def test_kinds_of_parts_are_never_interleaved():
    objects = chunks([thought("a")], [thought("b"), text("c")], [{"executableCode": {"code": "1"}}], [text("d")])
    made = folded(objects).message.parts
    code = Opaque("gemini", "executableCode", {"executableCode": {"code": "1"}})
    assert made == (Thinking("ab", family="gemini"), Text("c"), code, Text("d"))


def test_a_call_begins_once():
    events, _ = events_of_stream(chunks([call("n", willContinue=True)], [call("m")]))
    assert [event.index for event in events if isinstance(event, ToolCallStarted)] == [0, 1]
