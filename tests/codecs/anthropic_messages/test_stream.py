"""Streamed Messages answers."""

from __future__ import annotations

import base64

import pytest

from bedrock_llm.errors import OverloadedError, ProtocolError, StreamInterruptedError
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
from tests.codecs.anthropic_messages.objects import (
    BODY,
    CLAUDE,
    END,
    begin,
    call_block,
    delta,
    events_of_stream,
    folded,
    reason,
    start,
    stop,
    text_block,
    whole,
)

NAME = "anthropic_messages"


def said(objects, *leave):
    """The events less those of a kind."""
    return [
        event for event in events_of_stream(objects)[0] if not isinstance(event, (OpaqueEvent, UsageReported, *leave))
    ]


def test_text():
    assert said(whole(text_block(0, "Hel", "", "lo"))) == [
        TextDelta("Hel"),
        TextDelta("lo"),
        PartFinished(Text("Hello")),
        Finished(StopReason.stop, "end_turn"),
    ]


def test_text_that_its_start_begins():
    assert said([start(0, "text", text="He"), delta(0, "text_delta", text="llo"), stop(0), reason(), END])[:3] == [
        TextDelta("He"),
        TextDelta("llo"),
        PartFinished(Text("Hello")),
    ]


def test_citations_stand_with_their_text():
    raw = {"type": "char_location", "cited_text": "c", "document_title": "T"}
    block = [
        start(0, "text", text="", citations=[]),
        delta(0, "citations_delta", citation=raw),
        delta(0, "text_delta", text="a"),
        stop(0),
    ]
    citation = Citation("c", "T", None, raw)
    assert said(whole(block))[:3] == [CitationAdded(citation), TextDelta("a"), PartFinished(Text("a", (citation,)))]


@pytest.mark.parametrize(
    ("pieces", "signature", "part"),
    [
        (("a", "b"), ("s", "t"), Thinking("ab", "st", None, "claude")),
        ((), ("s",), Thinking("", "s", None, "claude")),
        (("a",), (), Thinking("a", None, None, "claude")),
    ],
)
def test_thinking(pieces, signature, part):
    block = [
        start(0, "thinking", thinking="", signature=""),
        *(delta(0, "thinking_delta", thinking=piece) for piece in pieces),
        *(delta(0, "signature_delta", signature=piece) for piece in signature),
        stop(0),
    ]
    assert said(whole(block))[:-1] == [*map(ThinkingDelta, pieces), PartFinished(part)]


def test_sealed_thinking():
    sealed = Thinking("", None, base64.b64encode(b"EroC").decode(), "claude")
    assert said(whole([start(0, "redacted_thinking", data="EroC"), stop(0)]))[0] == PartFinished(sealed)


def test_blocks_that_hold_nothing_are_no_parts():
    empty = [start(1, "thinking", thinking="", signature=""), stop(1)]
    assert folded(whole(text_block(0), empty)).message.parts == ()


@pytest.mark.parametrize(
    ("pieces", "call"),
    [
        (("", '{"ci', 'ty": "Oslo"}'), ToolCall("toolu_1", "weather", {"city": "Oslo"})),
        ((), ToolCall("toolu_1", "weather", {})),
        (("",), ToolCall("toolu_1", "weather", {})),
        (('{"ci',), None),
        (("[1]",), ToolCall("toolu_1", "weather", None, "[1]", "the arguments are not a JSON object")),
    ],
)
def test_tool_calls(pieces, call):
    events = said(whole(call_block(0, *pieces), word="tool_use"))
    assert events[0] == ToolCallStarted(0, "toolu_1", "weather")
    assert events[1:-2] == [ToolCallDelta(0, piece) for piece in pieces if piece]
    found = events[-2].call
    assert found == call if call else (found.invalid and found.raw_arguments == '{"ci')


def test_arguments_that_stand_at_the_start_of_a_call():
    objects = [start(0, "tool_use", id="t", name="n", input={"a": 1}), stop(0), reason("tool_use"), END]
    assert said(objects)[1] == ToolCallFinished(ToolCall("t", "n", {"a": 1}))


def test_calls_may_grow_side_by_side_and_are_numbered():
    first, second = call_block(1, "{}"), call_block(2, "{}", identity="toolu_2")
    mixed = [first[0], second[0], second[1], first[1], second[2], first[2]]
    started = [event.index for event in said(whole(text_block(0, "a"), mixed)) if isinstance(event, ToolCallStarted)]
    assert started == [0, 1]


SEARCH = {"id": "s", "name": "web_search", "input": {}}


@pytest.mark.parametrize(
    ("block", "kind", "data"),
    [
        ([start(0, "server_tool_use", **SEARCH), delta(0, "input_json_delta", partial_json='{"q": 1}'), stop(0)],
         "server_tool_use", {"type": "server_tool_use", **SEARCH, "input": {"q": 1}}),
        ([start(0, "server_tool_use", **SEARCH), delta(0, "input_json_delta", partial_json='{"q'), stop(0)],
         "server_tool_use", {"type": "server_tool_use", **SEARCH, "input": '{"q'}),
        ([start(0, "web_search_tool_result", tool_use_id="s", content=[1]), stop(0)],
         "web_search_tool_result", {"type": "web_search_tool_result", "tool_use_id": "s", "content": [1]}),
        ([start(0, "tool_use", **SEARCH, caller={"type": "code"}),
          delta(0, "input_json_delta", partial_json='{"q": 1}'), stop(0)],
         "tool_use", {"type": "tool_use", **SEARCH, "caller": {"type": "code"}, "input": {"q": 1}}),
        ([start(0, "compaction", content=None), delta(0, "compaction_delta", content="a"),
          delta(0, "compaction_delta", content="b", encrypted_content="e"), stop(0)],
         "compaction", {"type": "compaction", "content": "ab", "encrypted_content": "e"}),
        ([start(0, "new", x=1), stop(0)], "new", {"type": "new", "x": 1}),
    ],
)  # fmt: skip
def test_blocks_that_only_this_wire_knows_are_kept(block, kind, data):
    assert said(whole(block))[0] == PartFinished(Opaque(NAME, kind, data))


def test_deltas_and_events_without_a_name_are_kept_in_raw():
    novel = delta(0, "novel_delta", x=1)
    unknown = delta(1, "text_delta", text="a")
    objects = whole([start(0, "text", text="a"), novel, stop(0)], [start(1, "new"), unknown, stop(1), {"type": "odd"}])
    assert folded(objects).raw["events"] == [
        {"content_block_delta": novel},
        {"content_block_delta": unknown},
        {"odd": {"type": "odd"}},
    ]


def test_what_stands_beside_the_content_goes_to_raw():
    response = folded([
        begin(container={"id": "c"}),
        {"type": "ping"},
        *text_block(0, "a"),
        {**reason("refusal", {"output_tokens": 5}, stop_details={"category": "cyber"}), "context_management": {}},
        {**END, "extra": 1},
    ])  # fmt: skip
    raw = response.raw
    assert (raw["id"], raw["container"], raw["stop_details"]) == ("msg_1", {"id": "c"}, {"category": "cyber"})
    assert (raw["usage"], raw["context_management"]) == ({"input_tokens": 9, "output_tokens": 5}, {})
    assert (raw["extra"], "content" in raw, response.stop_reason) == (1, False, StopReason.content_filter)


def test_usage_is_cumulative_count_by_count():
    begun = {
        "input_tokens": 9,
        "cache_creation_input_tokens": 7,
        "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        "output_tokens": 1,
    }
    later = {"input_tokens": 11, "cache_read_input_tokens": None, "cache_creation_input_tokens": 9, "output_tokens": 5}
    events = events_of_stream([begin(begun), *text_block(0, "a"), reason(usage=later), END])[0]
    reported = [event.usage for event in events if isinstance(event, UsageReported)]
    assert reported == [Usage(9, 0, 3, 4, 1, searches=0), Usage(11, 0, 5, 4, 5, searches=0)]


def test_nothing_is_given_out_before_there_is_content():
    reader, events = BODY.reader(CLAUDE), []
    for entry in (begin(), {"type": "ping"}, start(0, "text", text="")):
        reader.take(entry, events)
    assert events == []
    reader.take(delta(0, "text_delta", text="a"), events)
    assert [type(event) for event in events] == [OpaqueEvent, UsageReported, TextDelta]


def test_held_events_stand_behind_those_of_an_earlier_frame():
    reader, events = BODY.reader(CLAUDE), [TextDelta("before")]
    reader.take(begin(), events)
    reader.take(start(0, "text", text="a"), events)
    assert [type(event) for event in events] == [TextDelta, OpaqueEvent, UsageReported, TextDelta]


def test_an_error_inside_the_stream_is_raised():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(OverloadedError, match="Overloaded"):
        events_of_stream([begin(), error])


@pytest.mark.parametrize(
    "objects",
    [
        [begin(), delta(0, "text_delta", text="a")],
        [*text_block(0, "a"), delta(0, "text_delta", text="b")],
        [start(0, "text", text=""), delta(1, "text_delta", text="a")],
        [start(0, "text", text=""), delta(0, "thinking_delta", thinking="a")],
        [start(0, "text", text=""), delta(0, "input_json_delta", partial_json="a")],
        [start(0, "text", text=""), delta(0, "text_delta", text=1)],
        [start(0, "text", text=""), {"type": "content_block_delta", "index": 0, "delta": "a"}],
        [start(0, "text", text=""), {"type": "content_block_delta", "index": 0, "delta": {"type": []}}],
        [start(0, "tool_use", id="t", name="n", input={}), delta(0, "text_delta", text="a")],
        [start(0, "text", text=""), start(0, "text", text="")],
        [start(0, "text", text=""), start(1, "text", text="")],
        [start(1, "text", text=""), stop(1), start(0, "text", text="")],
        [start(0, "tool_use", name="n", input={})],
        [start(0, "text", text=1)],
        [{"type": "content_block_start", "index": 0, "content_block": "a"}],
        [{"type": "content_block_start", "index": None, "content_block": {"type": "text", "text": ""}}],
        [stop(0)],
        [*text_block(0, "a"), stop(0)],
        [begin(), begin()],
        [*text_block(0, "a"), begin()],
        [{"type": "message_start", "message": []}],
        [{"type": "message_delta", "delta": "a"}],
        [{"type": "message_delta", "delta": {"stop_reason": 1}}, END],
        ["text"],
    ],
)
def test_a_broken_stream_is_a_protocol_error(objects):
    with pytest.raises(ProtocolError):
        events_of_stream(objects)


def test_a_stream_without_reason_and_mark_was_interrupted():
    reader, events = BODY.reader(CLAUDE), []
    for entry in (begin(), *text_block(0, "a")):
        reader.take(entry, events)
        reader.settle(events)
    assert not reader.answered
    with pytest.raises(StreamInterruptedError):
        reader.end(events)
    assert fold(empty_response(), events).text == "a"


def test_a_reason_without_the_mark_is_a_whole_answer_with_a_warning():
    reader, events = BODY.reader(CLAUDE), []
    for entry in (begin(), *text_block(0, "a"), reason("max_tokens")):
        reader.take(entry, events)
        reader.settle(events)
    assert (reader.complete, reader.answered) == (False, True)
    reader.end(events)
    assert (reader.complete, events[-1]) == (True, Finished(StopReason.length, "max_tokens"))
    assert [warning.kind for warning in reader.warnings] == ["incomplete"]


def test_the_mark_without_a_reason_is_a_whole_answer_with_a_warning():
    response = folded([begin(), *text_block(0, "a"), END])
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.other, None)
    assert [warning.kind for warning in response.warnings] == ["incomplete"]


def test_a_block_that_was_open_at_the_end_is_finished_and_a_call_is_invalid():
    response = folded([begin(), start(0, "tool_use", id="t", name="n", input={}),
                       delta(0, "input_json_delta", partial_json="{}"), reason("max_tokens"), END])  # fmt: skip
    assert response.message.parts == (ToolCall("t", "n", None, "{}", CUT_CALL),)
    assert folded([start(0, "text", text="a"), reason(), END]).text == "a"


def test_an_answer_that_counts_nothing_waits_for_whoever_carries_it():
    reader, events = BODY.reader(CLAUDE), []
    for entry in (*text_block(0, "a"), reason(usage=None), END):
        reader.take(entry, events)
        reader.settle(events)
    assert (reader.complete, reader.answered) == (False, True)
    reader.counted = Usage(3, 0, 0, 0, 4)
    reader.settle(events)
    assert (reader.complete, reader.warnings, events[-2]) == (True, [], UsageReported(Usage(3, 0, 0, 0, 4)))
