"""Streamed answers."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.converse.decode import decode
from bedrock_llm.codecs.converse.stream import ConverseStreamDecoder, WholeAnswerDecoder
from bedrock_llm.codecs.shared.reading import STOP_MISSING, USAGE_MISSING
from bedrock_llm.errors import (
    ContextWindowExceededError,
    LLMError,
    OverloadedError,
    ProtocolError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
    StreamInterruptedError,
)
from bedrock_llm.events import (
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
    events_of,
    fold,
)
from bedrock_llm.framing.aws_eventstream import encode_frame
from bedrock_llm.messages import Citation, Image, Message, Opaque, Text, Thinking, ToolCall
from bedrock_llm.response import Response, StopReason, Usage
from tests.codecs.converse.frames import (
    USAGE,
    begin,
    delta,
    event,
    events_of_stream,
    exception,
    finish,
    folded,
    metadata,
    start,
    stop,
    text_block,
    whole,
)

COUNTED = Usage(input_tokens=9, cache_read_tokens=0, cache_write_tokens=0, cache_write_1h_tokens=0, output_tokens=4)
REST = OpaqueEvent("converse", "response", {"usage": USAGE, "metrics": {"latencyMs": 7}})
END = [UsageReported(COUNTED), REST, Finished(StopReason.stop, "end_turn")]


def answer(*blocks, reason="end_turn", usage=USAGE):
    """The same answer as JSON, decoded."""
    return {"output": {"message": {"role": "assistant", "content": list(blocks)}}, "stopReason": reason, "usage": usage}


def test_text_comes_as_deltas_and_then_as_a_part():
    events, decoder = events_of_stream(whole(text_block(0, "Hel", "", "lo")))
    assert events == [TextDelta("Hel"), TextDelta("lo"), PartFinished(Text("Hello")), *END]
    assert (decoder.complete, decoder.warnings, decoder.error) == (True, [], None)


def test_reasoning_ends_as_a_part_with_its_signature():
    blocks = (
        delta(0, reasoningContent={"text": "Hm"}),
        delta(0, reasoningContent={"text": "."}),
        delta(0, reasoningContent={"signature": "s1"}),
        delta(0, reasoningContent={"signature": "s2"}),
        stop(0),
        delta(1, reasoningContent={"redactedContent": "c2VhbA=="}),
        stop(1),
    )
    events, _ = events_of_stream(whole(*blocks, text_block(2, "so")), family="claude")
    assert events[:6] == [
        ThinkingDelta("Hm"),
        ThinkingDelta("."),
        PartFinished(Thinking("Hm.", "s1s2", None, "claude")),
        PartFinished(Thinking("", None, "c2VhbA==", "claude")),
        TextDelta("so"),
        PartFinished(Text("so")),
    ]


def test_sealed_reasoning_in_pieces_is_joined_as_bytes():
    blocks = (
        delta(0, reasoningContent={"redactedContent": "YQ=="}),
        delta(0, reasoningContent={"redactedContent": "Yg=="}),
    )
    assert folded(whole(*blocks, stop(0))).message.parts == (Thinking("", None, "YWI="),)


def test_tool_calls_are_counted_from_0_and_may_grow_side_by_side():
    blocks = (
        text_block(0, "I add."),
        start(2, toolUse={"toolUseId": "t-1", "name": "add", "type": "tool_use"}),
        delta(2, toolUse={"input": ""}),
        delta(2, toolUse={"input": '{"a":'}),
        start(5, toolUse={"toolUseId": "t-2", "name": "now"}),
        delta(2, toolUse={"input": "1}"}),
        stop(5),
        stop(2),
    )
    events, _ = events_of_stream(whole(*blocks, reason="tool_use"))
    assert events[2:] == [
        ToolCallStarted(0, "t-1", "add"),
        ToolCallDelta(0, '{"a":'),
        ToolCallStarted(1, "t-2", "now"),
        ToolCallDelta(0, "1}"),
        ToolCallFinished(ToolCall("t-2", "now", {})),
        ToolCallFinished(ToolCall("t-1", "add", {"a": 1})),
        UsageReported(COUNTED),
        REST,
        Finished(StopReason.tool_use, "tool_use"),
    ]
    assert fold(empty_response(), events).tool_calls == (ToolCall("t-1", "add", {"a": 1}), ToolCall("t-2", "now", {}))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"a":', "the arguments are not JSON: "),
        ("[1]", "the arguments are not a JSON object"),
        ("nonsense", "the arguments are not JSON: "),
    ],
)
def test_arguments_that_cannot_be_read_keep_their_text(text, error):
    blocks = (start(0, toolUse={"toolUseId": "t", "name": "n"}), delta(0, toolUse={"input": text}), stop(0))
    (call,) = folded(whole(*blocks, reason="tool_use")).tool_calls
    assert (call.arguments, call.raw_arguments, call.invalid) == (None, text, True)
    assert call.error.startswith(error)


def test_a_call_that_the_end_of_the_answer_cuts_is_invalid():
    blocks = (start(0, toolUse={"toolUseId": "t", "name": "n"}), delta(0, toolUse={"input": '{"a":1}'}))
    (call,) = folded(whole(*blocks, reason="max_tokens")).tool_calls
    assert (call.arguments, call.raw_arguments, call.invalid) == (None, '{"a":1}', True)


def test_tools_of_the_service_end_as_their_own_blocks():
    call = {"toolUseId": "t", "name": "nova_code_interpreter", "type": "server_tool_use"}
    result = {"toolUseId": "t", "type": "nova_code_interpreter_result", "status": "success"}
    blocks = (
        start(0, toolUse=call),
        delta(0, toolUse={"input": '{"s":'}),
        delta(0, toolUse={"input": '"1"}'}),
        stop(0),
        start(1, toolResult=result),
        delta(1, toolResult=[{"text": "a"}]),
        delta(1, toolResult=[{"text": "b"}, {"json": {"x": 1}}]),
        stop(1),
        start(2, toolUse={**call, "toolUseId": "u"}),
        delta(2, toolUse={"input": "{"}),
        stop(2),
    )
    response = folded(whole(*blocks))
    assert response.message.parts == (
        Opaque("converse", "toolUse", {**call, "input": {"s": "1"}}),
        Opaque("converse", "toolResult", {**result, "content": [{"text": "ab"}, {"json": {"x": 1}}]}),
        Opaque("converse", "toolUse", {**call, "toolUseId": "u", "input": "{"}),
    )
    assert response.stop_reason is StopReason.stop


def test_pictures_are_put_together():
    blocks = (
        start(0, image={"format": "png"}),
        delta(0, image={"source": {"bytes": "YQ=="}}),
        delta(0, image={"source": {"bytes": "Yg=="}}),
    )
    assert folded(whole(*blocks, stop(0))).message.parts == (Image(b"ab", media_type="image/png"),)
    failed = (start(0, image={"format": "png"}), delta(0, image={"error": {"message": "no"}}), stop(0))
    assert folded(whole(*failed)).message.parts == (
        Opaque("converse", "image", {"format": "png", "error": {"message": "no"}}),
    )


def test_citations_come_with_their_text():
    raw = {"title": "T", "sourceContent": [{"text": "c"}], "location": {"documentChar": {"documentIndex": 0}}}
    citation = Citation("c", "T", None, raw)
    events, _ = events_of_stream(whole(delta(0, citation=raw), delta(0, text="a"), stop(0), text_block(1, "b")))
    assert events[:5] == [
        CitationAdded(citation),
        TextDelta("a"),
        PartFinished(Text("a", (citation,))),
        TextDelta("b"),
        PartFinished(Text("b")),
    ]
    assert fold(empty_response(), events).message.parts == (Text("a", (citation,)), Text("b"))


def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer():
    raw = {"title": "T", "sourceContent": [{"text": "c"}]}
    blocks = (
        *(delta(0, reasoningContent=part) for part in ({"text": "H"}, {"text": "m"}, {"signature": "s"})),
        stop(0),
        text_block(1, "a", "b"),
        text_block(2, "", ""),
        stop(3),
        delta(4, citation=raw),
        delta(4, text="q"),
        stop(4),
        start(5, toolUse={"toolUseId": "t", "name": "n", "type": "tool_use"}),
        delta(5, toolUse={"input": '{"x":[1,2.5,"ä"]}'}),
        stop(5),
        start(6, toolResult={"toolUseId": "s", "type": "r"}),
        delta(6, toolResult=[{"json": 1}]),
        stop(6),
    )
    same = answer(
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}},
        {"text": "ab"},
        {"text": ""},
        {"citationsContent": {"content": [{"text": "q"}], "citations": [raw]}},
        {"toolUse": {"toolUseId": "t", "name": "n", "input": {"x": [1, 2.5, "ä"]}, "type": "tool_use"}},
        {"toolResult": {"toolUseId": "s", "type": "r", "content": [{"json": 1}]}},
        reason="tool_use",
    )
    assert folded(whole(*blocks, reason="tool_use"), "claude") == decode(json.dumps(same).encode(), {}, "claude")


@pytest.mark.parametrize("usage", [None, {}, {"inputTokens": -3, "outputTokens": 4}, [1]])
def test_broken_usage_means_the_same_in_a_stream(usage):
    same = decode(json.dumps(answer({"text": "a"}, usage=usage)).encode(), {}, None)
    assert folded(whole(text_block(0, "a"), usage=usage)) == same
    assert same.warnings == (USAGE_MISSING,)


def test_metadata_may_come_first():
    data = begin() + text_block(0, "a") + metadata() + finish()
    events, decoder = events_of_stream(data)
    assert events[2:] == END
    assert decoder.complete


def test_the_end_of_the_body_after_the_stop_completes_an_answer_of_unknown_usage():
    response = folded(begin() + text_block(0, "a") + finish())
    assert response == Response(
        message=Message.assistant("a"),
        stop_reason=StopReason.stop,
        raw_stop_reason="end_turn",
        usage=Usage(),
        warnings=(USAGE_MISSING,),
    )


def test_metadata_cut_behind_the_stop_does_not_lose_the_answer():
    data = begin() + text_block(0, "a") + finish() + metadata()[:-5]
    assert folded(data).warnings == (USAGE_MISSING,)


def test_a_stop_without_a_reason_is_told():
    response = folded(begin() + text_block(0, "a") + event("messageStop", {}) + metadata())
    assert (response.stop_reason, response.warnings) == (StopReason.other, (STOP_MISSING,))


def test_what_comes_after_the_end_is_not_looked_at():
    data = whole(text_block(0, "a"))
    events, decoder = events_of_stream(data + text_block(1, "b") + b"garbage that is no frame at all")
    assert events == [TextDelta("a"), PartFinished(Text("a")), *END]
    assert decoder.feed(b"more") == []
    assert decoder.close() == []


def test_fields_beside_the_known_ones_go_to_raw():
    stopped = finish(additionalModelResponseFields={"/stop_sequence": "x"})
    trace = {"guardrail": {"actionReason": "masked"}}
    data = begin() + text_block(0, "a") + stopped + metadata(trace=trace, serviceTier={"type": "flex"})
    assert folded(data).raw == {
        "additionalModelResponseFields": {"/stop_sequence": "x"},
        "usage": USAGE,
        "metrics": {"latencyMs": 7},
        "trace": trace,
        "serviceTier": {"type": "flex"},
    }


def test_unknown_events_blocks_and_deltas_are_kept_and_the_stream_goes_on():
    strange = {"contentBlockIndex": 0, "start": {"hologram": {"x": 1}}, "p": "abc"}
    data = whole(
        event("weather", {"sunny": True}),
        start(0, hologram={"x": 1}),
        delta(0, hologram={"y": 2}),
        stop(0),
        delta(1, smell={"z": 3}),
        stop(1),
        text_block(2, "a"),
    )
    events, _ = events_of_stream(data)
    assert events[:4] == [
        OpaqueEvent("converse", "weather", {"sunny": True}),
        OpaqueEvent("converse", "contentBlockStart", strange),
        OpaqueEvent(
            "converse", "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"hologram": {"y": 2}}, "p": "abcd"}
        ),
        OpaqueEvent(
            "converse", "contentBlockDelta", {"contentBlockIndex": 1, "delta": {"smell": {"z": 3}}, "p": "abcd"}
        ),
    ]
    assert folded(data).text == "a"


def test_an_unknown_member_beside_a_text_delta_does_not_cost_the_text():
    events, _ = events_of_stream(whole(delta(0, text="a", smell=1), delta(0, text="b"), stop(0)))
    assert events[0] == TextDelta("a")
    assert events[1].kind == "contentBlockDelta"
    assert events[2:4] == [TextDelta("b"), PartFinished(Text("ab"))]


def test_members_of_a_delta_that_are_null_count_as_absent():
    assert folded(whole(delta(0, text="a", toolUse=None), stop(0))).text == "a"
    assert folded(whole(delta(0, reasoningContent={"text": ""}), stop(0))).message.parts == ()


def test_a_start_that_says_nothing_is_followed_by_its_first_delta():
    assert folded(whole(start(0), text_block(0, "a"))).text == "a"


@pytest.mark.parametrize(
    "frames",
    [
        (delta(0, toolUse={"input": "{}"}),),
        (delta(0, toolResult=[{"text": "a"}]),),
        (delta(0, image={"source": {"bytes": "YQ=="}}),),
        (text_block(0, "a"), delta(0, text="b")),
        (text_block(0, "a"), stop(0)),
        (text_block(1, "a"), text_block(0, "b")),
        (delta(0, text="a"), delta(1, text="b")),
        (delta(0, text="a"), start(1, toolUse={"toolUseId": "t", "name": "n"})),
        (start(0, toolUse={"toolUseId": "t", "name": "n"}), delta(1, text="b")),
        (start(0, toolUse={"toolUseId": "t", "name": "n"}), delta(0, text="b")),
        (start(0, toolUse={"toolUseId": "t", "name": "n"}),) * 2,
        (start(0, toolUse={"name": "n"}),),
        (start(0, toolUse={"toolUseId": "t"}),),
        (start(0, toolUse="t"),),
        (delta(0, reasoningContent={"text": "a"}), delta(0, text="b")),
        (delta(0, reasoningContent="a"),),
        (delta(0, reasoningContent={"text": 7}),),
        (delta(0, text=7),),
        (delta(0, citation=7),),
        (start(0, toolUse={"toolUseId": "t", "name": "n"}), delta(0, toolUse={"input": {"a": 1}})),
        (start(0, toolResult={"toolUseId": "t"}), delta(0, toolResult="x")),
        (
            delta(0, reasoningContent={"redactedContent": "?"}),
            delta(0, reasoningContent={"redactedContent": "YQ=="}),
            stop(0),
        ),
        (begin(),),
        (text_block(0, "a"), begin()),
        (finish(), delta(0, text="a")),
        (finish(), finish()),
        (event("contentBlockDelta", {"delta": {"text": "a"}}),),
        (event("contentBlockDelta", {"contentBlockIndex": -1, "delta": {"text": "a"}}),),
        (event("contentBlockDelta", {"contentBlockIndex": [0], "delta": {"text": "a"}}),),
        (event("contentBlockDelta", {"contentBlockIndex": 0, "delta": []}),),
        (event("contentBlockDelta", {"contentBlockIndex": 0}),),
        (event("contentBlockDelta", []),),
        (event("contentBlockStop", {}),),
        (event("messageStop", {"stopReason": 7}),),
        (event("metadata", 7),),
        (encode_frame({":message-type": "event", ":event-type": "contentBlockDelta"}, b"{"),),
        (
            encode_frame(
                {":message-type": "event", ":event-type": "contentBlockDelta"},
                b'{"contentBlockIndex":0,"delta":{"text":"\xff"}}',
            ),
        ),
        (encode_frame({":message-type": "event", ":event-type": "metadata"}, b"[" * 5000),),
        (encode_frame({":message-type": "postcard"}, b"{}"),),
        (encode_frame({}, b"{}"),),
    ],
)
def test_what_breaks_the_format_is_refused_and_nothing_gets_into_a_wrong_block(frames):
    data = begin() + b"".join(frames)
    with pytest.raises(ProtocolError):
        events_of_stream(data)
    with pytest.raises(ProtocolError):
        events_of_stream(data, range(1, len(data)))


@pytest.mark.parametrize(
    ("name", "kind", "status", "retryable"),
    [
        ("throttlingException", RateLimitError, 429, True),
        ("serviceUnavailableException", OverloadedError, 503, True),
        ("internalServerException", ServerError, 500, True),
        ("validationException", RejectedRequestError, 400, False),
        ("modelStreamErrorException", ServerError, 424, True),
        ("modelTimeoutException", ServerError, 408, True),
        ("somethingNewException", ServerError, 500, True),
    ],
)
def test_exceptions_inside_a_stream_are_what_they_would_be_outside(name, kind, status, retryable):
    with pytest.raises(LLMError) as caught:
        events_of_stream(begin() + exception(name, {"message": "because"}))
    error = caught.value
    assert (type(error), error.status, error.retryable, error.message) == (kind, status, retryable, "because")
    assert (error.code, error.raw) == (name, {"message": "because"})


def test_a_model_error_inside_a_stream_says_what_the_model_said():
    fields = {"originalMessage": "bad tokens", "originalStatusCode": 400}
    with pytest.raises(ServerError) as caught:
        events_of_stream(exception("modelStreamErrorException", fields))
    assert (caught.value.message, caught.value.retryable) == ("bad tokens", False)


def test_an_overflow_inside_a_stream_is_told_from_other_refusals():
    with pytest.raises(ContextWindowExceededError):
        events_of_stream(exception("validationException", {"message": "Input is too long for requested model."}))


def test_error_frames_carry_their_code_and_message_in_headers():
    frame = encode_frame({":message-type": "error", ":error-code": "InternalFailure", ":error-message": "boom"})
    with pytest.raises(ServerError) as caught:
        events_of_stream(begin() + frame)
    assert (caught.value.code, caught.value.message) == ("InternalFailure", "boom")


def test_an_exception_without_words_is_named():
    with pytest.raises(RateLimitError, match="throttlingException inside the stream"):
        events_of_stream(encode_frame({":message-type": "exception", ":exception-type": "throttlingException"}))


@pytest.mark.parametrize(
    "broken", [exception("throttlingException", {"message": "slow"}), begin()[:-1] + b"\0", encode_frame({}, b"")]
)
def test_events_before_something_broken_are_handed_out_however_the_bytes_are_cut(broken):
    data = begin() + delta(0, text="a") + broken
    for cuts in ((), range(1, len(data))):
        decoder, events, raised = ConverseStreamDecoder(), [], None
        try:
            for begin_at, end_at in zip((0, *cuts), (*cuts, len(data)), strict=True):
                events += decoder.feed(data[begin_at:end_at])
            assert decoder.complete
            decoder.close()
        except LLMError as error:
            raised = error
        assert events == [TextDelta("a")]
        assert raised is not None
        with pytest.raises(type(raised)):
            decoder.feed(b"")


def test_a_body_that_ends_before_the_stop_is_interrupted_wherever_it_ends():
    data = whole(
        text_block(0, "a"),
        start(1, toolUse={"toolUseId": "t", "name": "n"}),
        delta(1, toolUse={"input": "{}"}),
        stop(1),
    )
    end = len(data) - len(metadata())
    for cut in range(end):
        decoder = ConverseStreamDecoder()
        decoder.feed(data[:cut])
        assert not decoder.complete
        with pytest.raises(StreamInterruptedError):
            decoder.close()


def test_an_answer_that_comes_whole_is_made_into_events():
    data = answer(
        {"reasoningContent": {"reasoningText": {"text": "Hm"}}},
        {"text": "a"},
        {"toolUse": {"toolUseId": "t", "name": "n", "input": {"x": 1}}},
        reason="tool_use",
    )
    raw, decoder = json.dumps(data).encode(), WholeAnswerDecoder({}, None)
    assert decoder.feed(raw[:9]) == decoder.feed(raw[9:]) == []
    events = decoder.close()
    assert events == [
        ThinkingDelta("Hm"),
        PartFinished(Thinking("Hm")),
        TextDelta("a"),
        PartFinished(Text("a")),
        ToolCallStarted(0, "t", "n"),
        ToolCallDelta(0, '{"x": 1}'),
        ToolCallFinished(ToolCall("t", "n", {"x": 1})),
        OpaqueEvent("", "response", data),
        UsageReported(COUNTED),
        Finished(StopReason.tool_use, "tool_use"),
    ]
    assert fold(empty_response(), events) == decode(raw, {}, None)
    assert (decoder.complete, decoder.close()) == (True, [])


def test_a_whole_answer_that_is_none_is_refused_at_its_end():
    decoder = WholeAnswerDecoder({})
    decoder.feed(b"<html>")
    with pytest.raises(ProtocolError):
        decoder.close()


def test_events_of_an_answer_fold_to_it():
    citation = Citation("c", "T", None, {"title": "T"})
    response = Response(
        message=Message.assistant(
            Thinking("Hm", "s"),
            Thinking("", None, "x"),
            Text("a", (citation,)),
            Text("b"),
            ToolCall("t", "n", {"x": 1}),
            ToolCall("u", "n", None, "{", "cut"),
            Opaque("converse", "hologram", 1),
            Text("", (citation,)),
        ),
        stop_reason=StopReason.tool_use,
        raw_stop_reason="tool_use",
        usage=COUNTED,
    )
    assert fold(empty_response(), events_of(response)) == response
