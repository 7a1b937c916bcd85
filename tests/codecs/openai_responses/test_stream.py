"""Streamed answers."""

from __future__ import annotations

import pytest

from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError, RateLimitError, ServerError, StreamInterruptedError
from bedrock_llm.events import (
    CUT_CALL,
    CitationAdded,
    Finished,
    OpaqueEvent,
    PartFinished,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
    UsageReported,
    empty_response,
    fold,
)
from bedrock_llm.messages import Citation, Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import StopReason, Usage
from tests.codecs.openai_responses.wire import (
    BODY,
    PLAIN,
    added,
    answer,
    call,
    done,
    ended,
    events_read,
    folded,
    grows,
    message,
    reasoning,
    says,
    text_part,
)

KNOWN = ModelConfig(family="gpt")
OWN = "openai_responses"
BEGUN = [
    {"type": kind, "response": answer(status="in_progress")} for kind in ("response.created", "response.in_progress")
]
SAID = [added(message()), says("Hel"), says("lo"), done(message("Hello"))]


def shown(objects, config=PLAIN):
    """The events less what goes to `raw`."""
    return [event for event in events_read(objects, config)[0] if not isinstance(event, OpaqueEvent)]


def test_a_text_comes_in_pieces_and_then_whole():
    assert shown([*BEGUN, *SAID, ended(message("Hello"))]) == [
        TextDelta("Hel"),
        TextDelta("lo"),
        PartFinished(Text("Hello")),
        UsageReported(Usage(2, 1, 0, None, 5, reasoning_tokens=0)),
        Finished(StopReason.stop, "completed"),
    ]


def test_nothing_is_told_before_the_first_item():
    assert events_read([*BEGUN, *SAID, ended()])[0][0] == OpaqueEvent(OWN, "response", BEGUN[0]["response"])
    reader, events = BODY.reader(PLAIN), []
    for payload in [*BEGUN, added(message())]:
        reader.take(payload, events)
    assert events == []


def test_raw_is_the_whole_answer_of_the_last_event():
    last = ended(message("Hello"), model="m")
    assert folded([*BEGUN, *SAID, last]).raw == last["response"]


def test_nothing_is_waited_for_after_the_last_event():
    _, reader = events_read([*SAID, ended(message("Hello"), usage=None), {"type": "novel"}])
    assert (reader.complete, [warning.kind for warning in reader.warnings]) == (True, ["incomplete"])


def test_reasoning_grows_by_its_summary_and_ends_with_its_item():
    item = reasoning("One. ", "Two.", encrypted_content="whole")
    objects = [
        added(reasoning(encrypted_content="half")),
        {"type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 0, "part": {}},
        grows("reasoning_summary_text", "One. "),
        grows("reasoning_summary_text", "Two."),
        done(item),
        ended(item),
    ]
    assert shown(objects, KNOWN)[:4] == [
        ThinkingDelta("One. "),
        ThinkingDelta("Two."),
        PartFinished(Thinking("One. Two.", "whole", None, "gpt")),
        PartFinished(Opaque(OWN, "reasoning", item)),
    ]


def test_reasoning_in_words_has_parts_around_its_pieces():
    item = reasoning(content=[{"type": "reasoning_text", "text": "Hm"}])
    frame = {"output_index": 0, "content_index": 0, "part": {"type": "reasoning_text", "text": ""}}
    objects = [
        added(reasoning()),
        {"type": "response.content_part.added", **frame},
        grows("reasoning_text", "Hm"),
        {"type": "response.content_part.done", **frame},
        done(item),
        ended(item),
    ]
    assert folded(objects).message.parts == (Thinking("Hm"), Opaque(OWN, "reasoning", item))


def test_arguments_come_in_pieces():
    item = call('{"a": 1}')
    objects = [
        added(call("")),
        grows("function_call_arguments", '{"a"'),
        grows("function_call_arguments", ": 1}"),
        {"type": "response.function_call_arguments.done", "output_index": 0, "arguments": '{"a": 1}'},
        done(item),
        ended(item),
    ]
    assert shown(objects)[:4] == [
        ToolCallStarted(0, "call_1", "n"),
        ToolCallDelta(0, '{"a"'),
        ToolCallDelta(0, ": 1}"),
        ToolCallFinished(ToolCall("call_1", "n", {"a": 1})),
    ]
    assert folded(objects).stop_reason is StopReason.tool_use


def test_a_custom_tools_input_comes_in_pieces():
    item = {"type": "custom_tool_call", "id": "x", "call_id": "c", "name": "sql", "input": "SELECT 1"}
    objects = [added({**item, "input": ""}), grows("custom_tool_call_input", "SELECT 1"), done(item), ended(item)]
    assert folded(objects) == BODY.read(ended(item)["response"], PLAIN)


def test_citations_come_as_they_are_added():
    cited = {"type": "url_citation", "url": "https://a", "title": "A"}
    more = {"type": "url_citation", "url": "https://b", "title": "B"}
    event = {"type": "response.output_text.annotation.added", "output_index": 0, "content_index": 0}
    item = message(text_part("x", [cited, more]))
    first, second = Citation(None, "A", "https://a", cited), Citation(None, "B", "https://b", more)
    assert shown([added(message()), says("x"), {**event, "annotation": cited}, done(item), ended(item)])[:4] == [
        TextDelta("x"),
        CitationAdded(first),
        CitationAdded(second),
        PartFinished(Text("x", (first, second))),
    ]


def test_the_parts_of_a_message_follow_one_another():
    item = message("ab", {"type": "refusal", "refusal": "no"})
    refusal = {**grows("refusal", "no"), "content_index": 1}
    whole = {"type": "response.content_part.done", "output_index": 0, "content_index": 0, "part": text_part("ab")}
    response = folded([added(message()), says("a"), says("b"), whole, refusal, done(item), ended(item)])
    assert response.message.parts == (Text("ab"), Text("no"))
    assert response.stop_reason is StopReason.content_filter


def test_the_last_event_of_an_item_is_the_truth():
    objects = [added(message()), says("Hel"), done(message("Hello")), ended(message("Hello"))]
    assert shown(objects)[:3] == [TextDelta("Hel"), TextDelta("lo"), PartFinished(Text("Hello"))]
    other = [added(message()), says("Hullo"), done(message("Hello")), ended(message("Hello"))]
    assert folded(other).text == "Hello"


def test_what_the_last_event_of_an_item_lacks_is_taken_from_its_pieces():
    objects = [
        added(message(), 0),
        says("Hi", 0),
        done(message(), 0),
        added(call(""), 1),
        grows("function_call_arguments", '{"a": 1}', 1),
        done(call(None), 1),
        added(reasoning(), 2),
        grows("reasoning_text", "Hm", 2),
        done(reasoning(), 2),
        ended(),
    ]
    parts = folded(objects).message.parts
    assert parts == (
        Text("Hi"),
        ToolCall("call_1", "n", {"a": 1}),
        Thinking("Hm"),
        Opaque(OWN, "reasoning", reasoning()),
    )


def test_items_that_grow_side_by_side_are_given_one_after_the_other():
    first, second = call('{"a": 1}', call_id="c1"), call('{"b": 2}', call_id="c2")
    objects = [
        added(call("", call_id="c1"), 0),
        added(call("", call_id="c2"), 1),
        grows("function_call_arguments", '{"b": 2}', 1),
        grows("function_call_arguments", '{"a": 1}', 0),
        done(second, 1),
        added(message(), 2),
        says("x", 2),
        done(first, 0),
        done(message("x"), 2),
        ended(first, second, message("x")),
    ]
    events = shown(objects)
    assert [event.index for event in events if isinstance(event, ToolCallStarted)] == [0, 1]
    assert fold(empty_response(), events) == BODY.read(objects[-1]["response"], PLAIN).with_(warnings=())


def test_an_answer_that_was_not_streamed_is_read_from_the_last_event():
    items = (reasoning("Hm"), message("a", phase="commentary"), message("b"), message("c"), call('{"a": 1}'))
    assert folded([*BEGUN, ended(*items)]) == BODY.read(answer(*items), PLAIN)


def test_items_that_were_not_ended_are_ended_by_the_answer():
    items = (message("Hello"), call('{"a": 1}'))
    objects = [added(message(), 0), says("Hel", 0), added(call(""), 1), ended(*items)]
    assert folded(objects) == BODY.read(answer(*items), PLAIN)


def test_what_the_limit_cut_is_told_as_cut():
    reason = {"reason": "max_output_tokens"}
    objects = [
        added(reasoning(), 0),
        grows("reasoning_summary_text", "Hm", 0),
        added(message(), 1),
        says("Hel", 1),
        added(call(""), 2),
        grows("function_call_arguments", "{", 2),
        ended(mark="incomplete", status="incomplete", incomplete_details=reason, output=[]),
    ]
    response = folded(objects, KNOWN)
    cut = ToolCall("call_1", "n", None, "{", CUT_CALL)
    assert response.message.parts == (Thinking("Hm", None, None, "gpt"), Text("Hel"), cut)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.length, "max_output_tokens")


def test_the_last_events_name_stands_for_a_status_that_is_not_there():
    response = folded([*SAID, ended(message("Hello"), status=None)])
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.stop, None)


def test_items_without_a_place_are_told_apart_by_their_ids():
    objects = [*SAID, ended(message("Hello"))]
    placeless = [{name: value for name, value in payload.items() if name != "output_index"} for payload in objects]
    assert folded(placeless).message.parts == (Text("Hello"),)


def test_an_item_that_comes_at_once_is_whole():
    assert folded([done(message("Hello")), ended(message("Hello"))]).message.parts == (Text("Hello"),)


def test_a_call_that_gets_its_name_late_begins_then():
    item = call('{"a": 1}')
    objects = [added(call("", name="")), grows("function_call_arguments", '{"a": 1}'), done(item), ended(item)]
    assert shown(objects)[:3] == [
        ToolCallStarted(0, "call_1", "n"),
        ToolCallDelta(0, '{"a": 1}'),
        ToolCallFinished(ToolCall("call_1", "n", {"a": 1})),
    ]


def test_events_without_a_name_are_handed_on():
    searching = {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws"}
    item = {"type": "web_search_call", "id": "ws", "status": "completed"}
    objects = [added({**item, "status": "in_progress"}), searching, done(item), {"type": "novel"}, ended(item)]
    events = events_read(objects)[0]
    assert OpaqueEvent(OWN, "response.web_search_call.searching", searching) in events
    assert OpaqueEvent(OWN, "novel", {"type": "novel"}) in events
    assert folded(objects).message.parts == (Opaque(OWN, "web_search_call", item),)


@pytest.mark.parametrize(
    ("payload", "kind", "code"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "m", "param": None}, RateLimitError,
         "rate_limit_exceeded"),
        ({"type": "error", "error": {"type": "server_error", "message": "m"}}, ServerError, "server_error"),
        ({"error": {"message": "m", "code": 429}}, RateLimitError, "429"),
        ({"type": "response.failed", "response": answer(status="failed", error={"code": "server_error",
          "message": "m"})}, ServerError, "server_error"),
        (ended(status="failed", error={"code": "server_error", "message": "m"}), ServerError, "server_error"),
    ],
)  # fmt: skip
def test_an_error_inside_the_stream_is_raised(payload, kind, code):
    with pytest.raises(kind) as caught:
        events_read([*BEGUN, *SAID, payload])
    assert (caught.value.message, caught.value.code, caught.value.raw) == ("m", code, payload)


@pytest.mark.parametrize("objects", [[], BEGUN, SAID, [*SAID, "[DONE]"]])
def test_an_answer_without_its_last_event_was_interrupted(objects):
    with pytest.raises(StreamInterruptedError):
        events_read(objects)


@pytest.mark.parametrize(
    "objects",
    [
        [says("x")],
        [grows("function_call_arguments", "{}")],
        [added(message()), says("x", 1)],
        [*SAID, says("x")],
        [added(call()), says("x")],
        [added(message()), grows("function_call_arguments", "{}")],
        [added(message()), grows("reasoning_text", "x")],
        [added({"type": "web_search_call"}), says("x")],
        [added(message()), added(message())],
        [added(message()), says(7)],
        [added(message()), says("x", part=1), says("x", part=0)],
        [added(message()), says("x", part="y")],
        [added(message()), {**says("x"), "output_index": [0]}],
        [added(7)],
        [added({})],
        [{"type": "response.output_item.added", "item": {"type": "message"}}],
        [done(message(content=7))],
        [{"type": "response.completed"}],
        [ended(output=7)],
        ["x"],
        [7],
    ],
)
def test_what_the_format_does_not_allow_is_refused(objects):
    with pytest.raises(ProtocolError):
        events_read(objects)
