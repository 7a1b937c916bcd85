from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.errors import InvalidRequestError, ProtocolError
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
    accumulate,
    empty_response,
    event_from_dict,
    events_of,
    fold,
)
from bedrock_llm.messages import Citation, Image, Message, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from tests import value_strategies as some

events = st.one_of(
    st.builds(TextDelta, some.texts),
    st.builds(ThinkingDelta, some.texts),
    st.builds(ToolCallStarted, st.integers(0, 5), some.names, some.names),
    st.builds(ToolCallDelta, st.integers(0, 5), some.texts),
    st.builds(ToolCallFinished, some.calls),
    st.builds(CitationAdded, some.citations),
    st.builds(PartFinished, some.parts),
    st.builds(UsageReported, st.builds(Usage, st.none() | st.integers(0, 9))),
    st.builds(Finished, st.sampled_from(StopReason), st.none() | some.texts),
    st.builds(OpaqueEvent, some.names, some.names, some.json_values),
)


@given(events)
def test_every_event_comes_back_from_its_dict_through_json_and_from_pickle(event):
    assert event_from_dict(json.loads(json.dumps(event.to_dict()))) == event
    assert pickle.loads(pickle.dumps(event)) == event


@pytest.mark.parametrize(
    "data", [{}, {"type": "nothing"}, {"type": "finished", "stop_reason": "bored"}, {"type": 5}, 5]
)
def test_what_is_no_event_is_refused(data):
    with pytest.raises(InvalidRequestError):
        event_from_dict(data)


responses = st.builds(
    lambda parts, usage, reason, raw: Response(
        Message("assistant", tuple(parts)), reason, "word", usage, raw=raw, provider="p"
    ),
    st.lists(some.assistant_parts, max_size=5),
    st.builds(Usage, st.none() | st.integers(0, 9)),
    st.sampled_from(StopReason),
    st.none() | some.json_objects,
)


def _seen(response):
    return response.message, response.stop_reason, response.raw_stop_reason, response.usage, response.raw


@given(responses)
def test_the_events_of_an_answer_fold_to_it_again(response):
    folded = fold(empty_response(), events_of(response))
    assert _seen(folded) == _seen(response)


def _accumulated(events):
    response = empty_response()
    for event in events:
        response = accumulate(response, event)
    return response


@given(responses, st.data())
def test_fold_equals_accumulate_however_deltas_are_cut_and_wherever_it_stops(response, data):
    cut = []
    for event in events_of(response):
        if isinstance(event, (TextDelta, ThinkingDelta)):
            place = data.draw(st.integers(0, len(event.text)))
            cut += [type(event)(event.text[:place]), type(event)(event.text[place:])]
        elif isinstance(event, ToolCallDelta):
            place = data.draw(st.integers(0, len(event.fragment)))
            cut += [
                ToolCallDelta(event.index, event.fragment[:place]),
                ToolCallDelta(event.index, event.fragment[place:]),
            ]
        else:
            cut.append(event)
    stop = data.draw(st.integers(0, len(cut)))
    assert _seen(fold(empty_response(), cut[:stop])) == _seen(_accumulated(cut[:stop]))
    assert _seen(fold(empty_response(), cut)) == _seen(response)


@given(st.permutations([0, 0, 1, 1, 1]), st.booleans())
def test_calls_may_grow_side_by_side_and_beside_a_text(order, with_text):
    events = [ToolCallStarted(0, "a", "f"), ToolCallStarted(1, "b", "g")]
    for number in order:
        events += [TextDelta("t"), ToolCallDelta(number, "x")] if with_text else [ToolCallDelta(number, "x")]
    expected = (
        ToolCall("a", "f", None, "xx", CUT_CALL),
        ToolCall("b", "g", None, "xxx", CUT_CALL),
        *((Text("ttttt"),) if with_text else ()),
    )
    assert fold(empty_response(), events).message.parts == expected
    assert _accumulated(events).message.parts == expected


def test_a_call_that_was_cut_is_invalid_and_keeps_its_text():
    response = fold(empty_response(), [ToolCallStarted(0, "1", "f"), ToolCallDelta(0, '{"a":')])
    assert response.tool_calls == (ToolCall("1", "f", None, '{"a":', CUT_CALL),)
    assert response.tool_calls[0].invalid


def test_a_call_that_has_begun_and_nothing_more_is_invalid_too():
    assert fold(empty_response(), [ToolCallStarted(0, "1", "f")]).tool_calls[0].invalid


def test_two_calls_of_one_id_are_finished_one_after_the_other():
    first, second = ToolCall("", "f", {"a": 1}), ToolCall("", "g", {"b": 2})
    events = [
        ToolCallStarted(0, "", "f"),
        ToolCallFinished(first),
        ToolCallStarted(1, "", "g"),
        ToolCallFinished(second),
    ]
    assert fold(empty_response(), events).tool_calls == (first, second)


def test_a_part_that_is_finished_stands_for_what_grew():
    signed = Thinking("ab", "seal")
    events = [ThinkingDelta("a"), ThinkingDelta("b"), PartFinished(signed), TextDelta("c"), PartFinished(Image(b"x"))]
    assert fold(empty_response(), events).message.parts == (signed, Text("c"), Image(b"x"))


def test_text_after_a_finished_text_is_a_part_of_its_own():
    events = [TextDelta("a"), PartFinished(Text("a")), TextDelta("b")]
    assert fold(empty_response(), events).message.parts == (Text("a"), Text("b"))


def test_a_citation_joins_the_text_that_grows():
    cite = Citation(title="t")
    assert fold(empty_response(), [TextDelta("a"), CitationAdded(cite), TextDelta("b")]).message.parts == (
        Text("ab", (cite,)),
    )
    assert fold(empty_response(), [CitationAdded(cite)]).message.parts == (Text("", (cite,)),)


def test_usage_replaces_and_the_end_closes():
    events = [TextDelta("a"), UsageReported(Usage(1)), UsageReported(Usage(2)), Finished(StopReason.stop, "end_turn")]
    response = fold(empty_response(), events)
    assert (response.usage, response.stop_reason, response.raw_stop_reason) == (Usage(2), StopReason.stop, "end_turn")
    assert response.open_part is False
    assert fold(empty_response(), events[:1]).open_part is True


def test_unknown_events_are_kept_raw():
    events = [OpaqueEvent("p", "odd", {"a": 1}), OpaqueEvent("p", "odd", 2), OpaqueEvent("p", "response", {"id": "x"})]
    assert fold(empty_response(), events).raw == {"events": [{"odd": {"a": 1}}, {"odd": 2}], "id": "x"}


@pytest.mark.parametrize("index", [-1, 0, 1])
def test_a_piece_of_a_call_that_did_not_begin_is_a_broken_protocol(index):
    with pytest.raises(ProtocolError, match="before the call began"):
        accumulate(empty_response(), ToolCallDelta(index, "x"))


def test_a_stranger_that_yields_no_events_is_told():
    with pytest.raises(ProtocolError, match="not str"):
        fold(empty_response(), ["text"])


def test_many_deltas_of_interleaved_calls_fold_in_linear_time():
    fragment = "x" * 1000
    events = [ToolCallStarted(0, "a", "f"), ToolCallStarted(1, "b", "g")]
    events += [ToolCallDelta(number % 2, fragment) for number in range(20_000)]
    assert [len(call.raw_arguments) for call in fold(empty_response(), events).tool_calls] == [10_000_000, 10_000_000]


def test_an_answer_before_its_first_event_knows_nothing():
    response = empty_response()
    assert (response.message, response.stop_reason, response.usage) == (
        Message("assistant", ()),
        StopReason.other,
        Usage(),
    )
