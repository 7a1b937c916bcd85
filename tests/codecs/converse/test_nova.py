"""Amazon Nova's own body: what differs from Converse, and that nothing else does."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.codecs.converse.nova import NovaBody
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError, StreamInterruptedError, UnsupportedFeatureError
from bedrock_llm.events import CUT_CALL, TextDelta, empty_response, fold
from bedrock_llm.messages import CachePoint, Document, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
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

BODY = NovaBody()
NOVA = ModelConfig(provider="bedrock", model="amazon.nova-pro-v1:0", family="nova")
NOVA_2 = ModelConfig(
    provider="bedrock",
    model="amazon.nova-2-lite-v1:0",
    family="nova",
    features={"reasoning": {"style": "nova", "efforts": ["low", "medium", "high"], "default_on": False}},
)
USAGE = {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}
SCHEMA = {"type": "object", "properties": {}}


def written(request, config=NOVA):
    prepared, _ = BODY.prepare(request, config)
    return json.loads(InvokeCodec(BODY).encode(prepared, config, stream=False).body)


def warned(request, config=NOVA):
    return [(warning.kind, warning.parameter) for warning in BODY.prepare(request, config)[1]]


def piece(index, **delta):
    return {"contentBlockDelta": {"delta": delta, "contentBlockIndex": index}}


def ending(index):
    return {"contentBlockStop": {"contentBlockIndex": index}}


def stopped(reason="end_turn", **usage):
    return [{"messageStop": {"stopReason": reason}}, {"metadata": {"usage": {**USAGE, **usage}, "metrics": {}}}]


def test_the_members_of_the_body_and_their_order():
    request = Request.of(
        "Hi", system="Be brief.", max_tokens=9, temperature=0.5, top_p=0.9, top_k=20, stop=["|"], tools=[ToolSpec("n")],
        tool_choice="required", reasoning="low",
    )  # fmt: skip
    assert list(written(request, NOVA_2).items()) == [
        ("messages", [{"role": "user", "content": [{"text": "Hi"}]}]),
        ("system", [{"text": "Be brief."}]),
        ("inferenceConfig", {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["|"], "topK": 20}),
        (
            "toolConfig",
            {"tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": SCHEMA}}}], "toolChoice": {"any": {}}},
        ),
        ("reasoningConfig", {"type": "enabled", "maxReasoningEffort": "low"}),
    ]


def test_top_k_alone_makes_the_sampling_member():
    assert written(Request.of("Hi", top_k=0))["inferenceConfig"] == {"topK": 0}


def test_what_the_carrier_writes_is_not_in_the_body():
    request = Request.of(
        "Hi", guardrail={"identifier": "g", "version": "1"}, metadata={"a": "b"}, service_tier="flex",
        latency="optimized", extra_body={"x": 1}, additional_model_request_fields={"y": 2},
    )  # fmt: skip
    assert BODY.write(request, NOVA, stream=False) == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    assert written(request) == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "y": 2, "x": 1}


@pytest.mark.parametrize("stream", [False, True])
def test_streamed_or_not_the_body_is_the_same(stream):
    assert BODY.write(Request.of("Hi"), NOVA, stream=stream) == BODY.write(Request.of("Hi"), NOVA, stream=False)


@pytest.mark.parametrize(
    "messages",
    [
        [Message.user("a", Document(b"%PDF-1.4", name="d"))],
        [
            Message.user("a"),
            Message.assistant(ToolCall("t", "n", {})),
            Message.user(ToolResult("t", (Document(b"a,b", media_type="text/csv"),))),
        ],
    ],
)
def test_documents_are_refused_with_the_way_that_takes_them(messages):
    request = Request.of(messages, tools=[ToolSpec("n")])
    for ask in (lambda: BODY.prepare(request, NOVA), lambda: BODY.write(request, NOVA, stream=False)):
        with pytest.raises(UnsupportedFeatureError, match="Converse") as caught:
            ask()
        assert "converse" in caught.value.allowed


def test_a_schema_for_the_answer_is_refused():
    with pytest.raises(UnsupportedFeatureError) as caught:
        BODY.prepare(Request.of("Hi", output_type=SCHEMA), NOVA)
    assert caught.value.parameter == "output_type"


def test_knobs_that_the_body_has_not_are_left_out_with_a_warning():
    request = Request.of("Hi", seed=1, logprobs=True, min_p=0.1)
    assert warned(request) == [("unsupported", name) for name in ("seed", "min_p", "logprobs")]
    assert written(request).keys() == {"messages"}


def test_cache_points_stand_in_system_and_messages_but_not_in_tools():
    request = Request.of("Hi", system="s", tools=[ToolSpec("n"), CachePoint()], cache=True)
    body = written(request)
    point = {"cachePoint": {"type": "default"}}
    assert (body["system"][-1], body["messages"][0]["content"][-1]) == (point, point)
    assert point not in body["toolConfig"]["tools"]
    assert ("unsupported", "cache") in warned(request)


def test_blocks_of_converse_go_to_nova_itself_and_the_other_way_round():
    block = {"toolUseId": "v", "name": "nova_code_interpreter", "input": {}, "type": "server_tool_use"}
    answer = {"output": {"message": {"role": "assistant", "content": [{"toolUse": block}]}}, "stopReason": "end_turn"}
    part = BODY.read(answer, NOVA).message.parts[0]
    assert part == Opaque("converse", "toolUse", block)
    request = Request.of([Message.user("a"), Message.assistant(part), Message.user("b")], tools=[ToolSpec("n")])
    assert written(request)["messages"][1]["content"] == [{"toolUse": block}]
    assert warned(request) == []
    prepared, warnings = ConverseCodec().prepare(request, NOVA)
    assert warnings == ()
    assert {"toolUse": block} in json.loads(ConverseCodec().encode(prepared, NOVA, stream=False).body)["messages"][1][
        "content"
    ]


def test_an_image_is_written_as_converse_writes_it():
    request = Request.of([Message.user("a", Image(b"x", media_type="image/png"))])
    image = {"image": {"format": "png", "source": {"bytes": "eA=="}}}
    assert written(request)["messages"][0]["content"] == [{"text": "a"}, image]


def test_a_whole_answer_with_the_counts_under_novas_names():
    content = [{"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}}, {"text": "a"}, {"text": "b"}]
    usage = {**USAGE, "cacheReadInputTokenCount": 7, "cacheWriteInputTokenCount": 2}
    data = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "max_tokens",
        "usage": usage,
    }
    response = BODY.read(data, NOVA)
    assert response.message.parts == (Thinking("Hm", "s", None, "nova"), Text("ab"))
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.length, "max_tokens")
    assert response.usage == Usage(3, 7, 2, 0, 5)
    assert response.raw == data


def test_counts_of_the_cache_that_the_answer_lacks_are_nothing_and_no_count_is_unknown():
    answer = {"output": {"message": {"content": [{"text": "a"}]}}, "stopReason": "end_turn"}
    assert BODY.read({**answer, "usage": USAGE}, NOVA).usage == Usage(3, 0, 0, 0, 5)
    assert BODY.read(answer, NOVA).usage == Usage()


def test_pieces_of_text_in_blocks_of_their_own_are_one_text():
    objects = [
        {"messageStart": {"role": "assistant"}},
        piece(0, text="On"), ending(0), piece(1, text=" their"), ending(1), piece(2, text=" way"), ending(2),
        {"contentBlockStart": {"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t", "name": "n"}}}},
        piece(3, toolUse={"input": '{"a":'}), piece(3, toolUse={"input": "1}"}), ending(3),
        piece(4, text="x"), ending(4), piece(5, text="y"), ending(5),
        *stopped("tool_use", cacheReadInputTokenCount=2),
    ]  # fmt: skip
    response, reader = objects_read(BODY, objects, NOVA)
    assert response.message.parts == (Text("On their way"), ToolCall("t", "n", {"a": 1}), Text("xy"))
    assert (response.stop_reason, response.usage) == (StopReason.tool_use, Usage(3, 2, 0, 0, 5))
    assert (reader.complete, reader.warnings) == (True, [])
    events = events_of_stream(BODY, frames(objects), NOVA)[0]
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["On", " their", " way", "x", "y"]


def test_a_text_that_goes_on_in_its_own_block_is_one_text_too():
    response, _ = objects_read(BODY, [piece(0, text="a"), piece(0, text="b"), ending(0), *stopped()], NOVA)
    assert response.message.parts == (Text("ab"),)


def test_reasoning_between_texts_parts_them():
    thought = [piece(1, reasoningContent={"text": "Hm"}), piece(1, reasoningContent={"signature": "s"}), ending(1)]
    objects = [piece(0, text="a"), ending(0), *thought, piece(2, text="b"), ending(2), *stopped()]
    assert objects_read(BODY, objects, NOVA)[0].message.parts == (
        Text("a"),
        Thinking("Hm", "s", None, "nova"),
        Text("b"),
    )


def test_a_call_that_was_cut_is_invalid():
    start = {"contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "n"}}}}
    response, _ = objects_read(BODY, [start, piece(0, toolUse={"input": '{"a'}), *stopped("max_tokens")], NOVA)
    assert response.tool_calls == (ToolCall("t", "n", None, '{"a', CUT_CALL),)


def test_without_metadata_the_carriers_count_is_taken():
    response = folded(BODY, counted([piece(0, text="a"), ending(0), {"messageStop": {"stopReason": "end_turn"}}]), NOVA)
    assert response.usage == Usage(3, 0, 0, 0, 5)


def test_what_is_not_known_is_kept():
    objects = [piece(0, text="a"), ending(0), {"novel": {"x": 1}}, {"messageStop": {"stopReason": "odd", "y": 2}}]
    response, reader = objects_read(BODY, [*objects, {"metadata": {"usage": USAGE, "trace": {"z": 3}}}], NOVA)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.other, "odd")
    assert response.raw == {"events": [{"novel": {"x": 1}}], "y": 2, "usage": USAGE, "trace": {"z": 3}}
    assert [warning.parameter for warning in reader.warnings] == ["stop_reason"]


def test_a_stream_without_its_end_is_interrupted():
    with pytest.raises(StreamInterruptedError):
        objects_read(BODY, [piece(0, text="a"), ending(0)], NOVA)


@pytest.mark.parametrize(
    "objects",
    [
        ["x"],
        [{"contentBlockDelta": 1}],
        [piece(0, toolUse={"input": "x"})],
        [piece(0, text=1)],
        [piece(0, text="a"), ending(0), *stopped()[:1], piece(1, text="b")],
        [*stopped()[:1], *stopped()[:1]],
        [piece(3, text="a"), piece(1, text="b")],
        [{"messageStart": {}}, {"messageStart": {}}],
    ],
)
def test_a_broken_stream_is_a_protocol_error(objects):
    with pytest.raises(ProtocolError):
        objects_read(BODY, objects, NOVA)


@pytest.mark.parametrize("data", [None, [], {}, {"output": {}}, {"output": {"message": {"content": "x"}}}])
def test_what_is_no_answer_is_a_protocol_error(data):
    with pytest.raises(ProtocolError):
        BODY.read(data, NOVA)


@st.composite
def blocks(draw):
    """Blocks of an answer, as Nova streams them and as it writes them whole; texts come in a block for each piece."""
    streamed, whole, index = [], [], 0
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["text", "thinking", "call"]))
        pieces = draw(st.lists(WORDS, max_size=4))
        if kind == "text":
            for text in pieces:
                streamed += [piece(index, text=text), ending(index)]
                index += 1
            whole.append({"text": "".join(pieces)})
            continue
        if kind == "thinking":
            deltas = [{"text": text} for text in pieces] + [{"signature": "s"}]
            streamed += [*(piece(index, reasoningContent=delta) for delta in deltas), ending(index)]
            whole.append({"reasoningContent": {"reasoningText": {"text": "".join(pieces), "signature": "s"}}})
        else:
            arguments, call = draw(OBJECTS), {"toolUseId": f"t-{index}", "name": "n"}
            text = json.dumps(arguments)
            start = {"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": call}}}
            streamed += [start, piece(index, toolUse={"input": text[:3]}), piece(index, toolUse={"input": text[3:]})]
            streamed.append(ending(index))
            whole.append({"toolUse": {**call, "input": arguments}})
        index += 1
    return streamed, whole


@given(blocks(), st.sampled_from(["end_turn", "tool_use", "novel"]))
@settings(max_examples=100, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer(made, reason):
    streamed, whole = made
    data = {"output": {"message": {"role": "assistant", "content": whole}}, "stopReason": reason, "usage": USAGE}
    assert folded(BODY, [*streamed, *stopped(reason)], NOVA) == BODY.read(data, NOVA).with_(warnings=())


@given(blocks())
@settings(max_examples=30, deadline=None)
def test_decoding_does_not_depend_on_how_the_bytes_were_cut(made):
    assert cut_anyhow(BODY, frames([*made[0], *stopped()]), NOVA, tries=2)


@given(st.lists(st.dictionaries(st.sampled_from(
    ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "odd"]
), JSON | st.fixed_dictionaries({}, optional={
    "contentBlockIndex": st.integers(-1, 3), "delta": JSON | st.fixed_dictionaries({"text": JSON}), "usage": JSON,
}), max_size=2) | JSON, max_size=6))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_whatever_a_stream_says_only_our_errors_come_out(objects):
    with contextlib.suppress(ProtocolError, StreamInterruptedError):
        objects_read(BODY, objects, NOVA)


def test_every_recorded_answer_is_read_to_its_expected_content():
    counts = {"whole": 0, "streamed": 0}
    for record, expected in records(
        lambda record: record["family"] == "nova" and record["api"] in ("invoke", "invoke-stream")
    ):
        if record["response"]["status"] != 200:
            continue
        data = body_of(record)
        if record["streaming"]:
            events, decoder = events_of_stream(BODY, data, NOVA)
            assert (decoder.complete, list(decoder.warnings)) == (True, [])
            response = fold(empty_response(), events)
            assert cut_anyhow(BODY, data, NOVA, tries=3)
        else:
            response = InvokeCodec(BODY).decode(data, record["response"]["headers"], NOVA)
        counts["streamed" if record["streaming"] else "whole"] += 1
        usage = {"input": response.usage.input_tokens, "output": response.usage.output_tokens}
        assert usage == {name: expected["usage"].get(name) for name in usage}, record["id"]
        said = (response.text, response.thinking, calls_of(response), response.raw_stop_reason)
        assert said == tuple(expected[name] for name in ("text", "thinking", "tool_calls", "stop")), record["id"]
    assert counts == {"whole": 4, "streamed": 4}
