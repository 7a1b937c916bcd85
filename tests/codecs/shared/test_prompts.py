"""What all text bodies do alike: what is prepared, how turns are labelled, which answers are read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.codecs.ai21_j2 import J2Body
from bedrock_llm.codecs.cohere_prompt import CoherePromptBody
from bedrock_llm.codecs.deepseek_prompt import DeepSeekPromptBody
from bedrock_llm.codecs.invoke import InvokeCodec
from bedrock_llm.codecs.llama_prompt import LlamaPromptBody
from bedrock_llm.codecs.mistral_prompt import MistralPromptBody
from bedrock_llm.codecs.shared.prompts import labelled
from bedrock_llm.codecs.shared.writing import to_bytes
from bedrock_llm.codecs.titan_text import TitanTextBody
from bedrock_llm.errors import (
    InvalidRequestError,
    LLMError,
    ProtocolError,
    StreamInterruptedError,
    UnsupportedFeatureError,
)
from bedrock_llm.messages import CachePoint, Document, Image, Message, Opaque, Text, Thinking, ToolCall, ToolResult
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import StopReason, Usage
from tests.codecs.shared.text_bodies import config_of, events_of_stream, frames, prepared, read_objects, said

LLAMA = {"body": "llama_prompt", "template": "llama-3.1", "tools": "json"}
BODIES = {
    "llama": (LlamaPromptBody, LLAMA, lambda text, word: {"generation": text, "stop_reason": word}),
    "mistral": (MistralPromptBody, {}, lambda text, word: {"outputs": [{"text": text, "stop_reason": word}]}),
    "deepseek": (DeepSeekPromptBody, {}, lambda text, word: {"choices": [{"text": text, "stop_reason": word}]}),
    "titan": (TitanTextBody, {}, lambda text, word: {"outputText": text, "completionReason": word}),
    "cohere": (
        CoherePromptBody,
        {},
        lambda text, word: {"text": text, "is_finished": word is not None, "finish_reason": word},
    ),
    "j2": (
        J2Body,
        {},
        lambda text, word: {"completions": [{"data": {"text": text}, "finishReason": word and {"reason": word}}]},
    ),
}
ALL = pytest.mark.parametrize("name", BODIES)
WORD = {"titan": "FINISHED", "cohere": "COMPLETE", "j2": "endoftext"}


def made(name, **features):
    kind, native, piece = BODIES[name]
    return kind(), config_of({"body": name, **native}, **features), piece


@ALL
def test_the_same_request_gives_the_same_bytes(name):
    body, config, _ = made(name)
    request = Request.of([Message.user("a"), Message.assistant("b"), Message.user("c")], max_tokens=3, temperature=0)
    once, again = (to_bytes(body.write(request, config, stream=False)) for _ in range(2))
    assert once == again


@ALL
def test_only_what_was_set_is_written(name):
    body, config, _ = made(name)
    assert len(prepared(body, Request.of("hi"), config)[0]) == 1


@ALL
def test_knobs_that_the_body_has_not_are_left_out_with_a_warning(name):
    body, config, _ = made(name)
    request = Request.of(
        "hi", seed=1, min_p=0.1, presence_penalty=1, logprobs=True, reasoning="low", cache=True, temperature=0.5
    )
    written, warned = prepared(body, request, config)
    assert set(warned) == {"seed", "min_p", "presence_penalty", "logprobs", "reasoning", "cache"}
    assert len(warned) == 6
    assert 0.5 in written.values() or 0.5 in written["textGenerationConfig"].values()


@ALL
def test_what_changes_the_meaning_is_refused(name):
    body, config, _ = made(name, images=True if name != "llama" else None, documents=True, tools=True)
    requests = [
        Request.of([Message.user("x", Image(b"\x89PNG\r\n\x1a\n"))]),
        Request.of([Message.user("x", Document(b"text"))]),
        Request.of("x", output_type={"type": "object"}),
    ]
    if name != "llama":
        requests.append(Request.of("x", tools=[ToolSpec("f")]))
        requests.append(Request.of([Message.user("x"), Message.assistant(ToolCall("1", "f", {})), Message.user("y")]))
    for request in requests:
        with pytest.raises(UnsupportedFeatureError):
            body.prepare(request, config)


@ALL
def test_system_text_is_refused_where_the_model_takes_none(name):
    body, config, _ = made(name, system=False)
    for request in (Request.of("hi", system="s"), Request.of([Message.system("s"), Message.user("u")])):
        with pytest.raises(UnsupportedFeatureError):
            body.prepare(request, config)


@ALL
def test_the_history_is_repaired_and_blocks_of_others_are_left_out(name):
    body, config, _ = made(name)
    messages = [
        Message.assistant(Thinking("hm", family="llama"), Text("a")),
        Message.user("b", CachePoint(), Opaque("converse", "guardContent", {})),
        Message.user("c"),
    ]
    ready, warnings = body.prepare(Request.of(messages), config)
    assert [message.role for message in ready.messages] == ["user", "assistant", "user"]
    assert [message.text for message in ready.messages] == [".", "a", "bc"]
    assert {warning.kind for warning in warnings} == {"unsupported", "repaired"}


@ALL
def test_cache_points_are_left_out_everywhere_with_one_warning(name):
    body, config, _ = made(name)
    request = Request.of([Message.user("a", CachePoint())], system=["s", CachePoint()])
    ready, warnings = body.prepare(request, config)
    assert (ready.messages, ready.get("system")) == ((Message.user("a"),), (Text("s"),))
    assert [warning.parameter for warning in warnings] == ["cache"]


@ALL
def test_no_tool_choice_is_left_over_without_tools(name):
    body, config, _ = made(name)
    request = Request.of("hi", tool_choice="none", parallel_tool_calls=False)
    assert prepared(body, request, config) == prepared(body, Request.of("hi"), config)


@ALL
def test_a_part_that_is_no_text_cannot_be_written(name):
    body, config, _ = made(name)
    with pytest.raises(InvalidRequestError) as caught:
        body.write(Request.of([Message.user(Opaque("somebody", "block", {}))]), config, stream=False)
    assert caught.value.parameter == "messages[0].parts[0]"


@ALL
def test_it_streams_unless_the_model_does_not(name):
    body, config, _ = made(name, streaming_with_tools=False)
    assert body.streams(Request.of("x", tools=[ToolSpec("f")]), config)
    assert not body.streams(Request.of("x"), made(name, streaming=False)[1])


@ALL
def test_an_unknown_stop_reason_is_kept_with_a_warning(name):
    body, config, piece = made(name)
    response = body.read(piece("hi", "novel"), config)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.other, "novel")
    assert "stop_reason" in [warning.parameter for warning in response.warnings]


@ALL
def test_a_whole_answer_without_a_stop_reason_is_warned_of(name):
    body, config, piece = made(name)
    response = body.read(piece("hi", None), config)
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.other, None)
    assert "stop_reason" in [warning.parameter for warning in response.warnings]


@ALL
def test_a_stream_without_its_end_is_cut(name):
    body, config, piece = made(name)
    with pytest.raises(StreamInterruptedError):
        read_objects(body, [piece("a", None), piece("b", None)], config)


@ALL
def test_text_behind_the_end_is_a_broken_format(name):
    body, config, piece = made(name)
    reader, events = body.reader(config), []
    reader.take(piece("a", WORD.get(name, "stop")), events)
    with pytest.raises(ProtocolError):
        reader.take(piece("b", None), events)


@ALL
def test_what_is_no_answer_of_this_body_is_a_protocol_error(name):
    body, config, _ = made(name)
    for data in (None, [], "x", 1, {}, {"message": "no"}, {"generation": 1}, {"outputs": []}, {"results": [1]}):
        with pytest.raises(ProtocolError):
            body.read(data, config)


@ALL
def test_unknown_members_of_a_stream_go_to_raw(name):
    body, config, piece = made(name)
    response = read_objects(body, [{**piece("a", None), "novel": 1}, piece("b", WORD.get(name, "stop"))], config)
    assert response.raw == {"novel": 1}


@ALL
def test_an_empty_answer_has_no_parts(name):
    body, config, piece = made(name)
    word = WORD.get(name, "stop")
    assert body.read(piece("", word), config).message.parts == ()
    assert read_objects(body, [piece("", None), piece("", word)], config).message.parts == ()


@ALL
@given(
    pieces=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
        | st.sampled_from(["<think>", "</th", "ink>", '{"name": ', '"f", "parameters": {', "}}", "[f(a=", "1)]", "\n"]),
        min_size=1,
        max_size=8,
    ),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_the_fold_of_a_stream_equals_the_decode_of_the_same_answer_however_it_is_cut(name, pieces, data):
    body, config, piece = made(name)
    pieces = [text for text in pieces if text != "<EOS_TOKEN>"]
    word = WORD.get(name, "stop")
    objects = [*(piece(text, None) for text in pieces), piece("", word)]
    whole = body.read(piece("".join(pieces), word), config)
    streamed = read_objects(body, objects, config)
    assert (streamed.message, streamed.stop_reason) == (whole.message, whole.stop_reason)
    sent = frames(objects)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=6)))
    assert events_of_stream(body, sent, config, cuts)[0] == events_of_stream(body, sent, config)[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = [
    "generation", "outputs", "choices", "results", "completions", "generations", "text", "outputText", "data",
    "finishReason", "reason", "usage", "stop_reason", "completionReason", "is_finished", "finish_reason", "index",
    "prompt_token_count",
]  # fmt: skip


@ALL
@given(data=st.dictionaries(st.sampled_from(NAMES), JSON | st.lists(st.dictionaries(st.sampled_from(NAMES), JSON))))
@settings(max_examples=100, deadline=None)
def test_whatever_an_answer_holds_only_our_errors_come_out(name, data):
    body, config, _ = made(name)
    try:
        response = body.read(data, config)
    except LLMError:
        return
    assert said(response)


@ALL
def test_the_services_count_is_taken_where_the_answer_has_none(name):
    body, config, piece = made(name)
    data = frames([piece("a", None), piece("b", WORD.get(name, "stop"))])
    response = events_of_stream(body, data, config)[0][-2].usage
    assert (response.input_tokens, response.output_tokens) == (3, 5)


def test_a_single_turn_is_sent_as_it_is_and_a_conversation_with_labels():
    turns = [Message.user("a\nBot: not me"), Message.assistant("\n b"), Message.user("c")]
    assert labelled(Request.of("User: x"), "User:", "Bot:") == "User: x"
    assert labelled(Request.of(turns), "User:", "Bot:") == "User: a\n Bot: not me\nBot: b\nUser: c\nBot:"
    assert labelled(Request.of(turns[:2]), "User:", "Bot:") == "User: a\n Bot: not me\nBot: b"
    assert labelled(Request.of("q", system="s"), "User:", "Bot:") == "s\n\nq"


def test_a_usage_that_the_answer_counts_goes_before_the_services():
    body, config, _ = made("llama")
    piece = {"generation": "a", "prompt_token_count": 7, "generation_token_count": 2, "stop_reason": "stop"}
    response = InvokeCodec(body).decode(to_bytes(piece), {"x-amzn-bedrock-input-token-count": "9"}, config)
    assert (response.usage.input_tokens, response.usage.output_tokens) == (7, 2)
    assert body.read(piece, config).usage == Usage(input_tokens=7, output_tokens=2)


def test_a_tool_result_stands_for_itself_only_where_a_template_has_it():
    history = [Message.user("x"), Message.assistant(ToolCall("1", "f", {})), Message.user(ToolResult("1", "r"))]
    with pytest.raises(UnsupportedFeatureError):
        made("mistral")[0].prepare(Request.of(history), made("mistral")[1])
