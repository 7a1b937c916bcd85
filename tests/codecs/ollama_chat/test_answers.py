"""Answers of Ollama's chat, whole and streamed, and its errors."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.ollama_chat.errors import error_of
from bedrock_llm.errors import (
    AuthenticationError,
    ContextWindowExceededError,
    NotFoundError,
    OverloadedError,
    ProtocolError,
    QuotaExceededError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
    StreamInterruptedError,
)
from bedrock_llm.events import OpaqueEvent, TextDelta, ThinkingDelta
from bedrock_llm.messages import Text, Thinking, ToolCall
from bedrock_llm.response import StopReason
from tests.codecs.ollama_chat.wire import BODY, OLLAMA
from tests.codecs.openai_chat.wire import objects_read

END = {"done": True, "done_reason": "stop", "prompt_eval_count": 4, "eval_count": 2, "load_duration": 7}


def line(**message):
    return {"model": "m", "message": {"role": "assistant", "content": "", **message}, "done": False}


def answer(**message):
    return {**line(**message), **END}


def call(arguments, name="look", **members):
    return {**members, "function": {"index": 0, "name": name, "arguments": arguments}}


def read(*objects):
    return objects_read(BODY, objects, OLLAMA)[0]


def test_a_text_is_read_with_its_counts():
    response = BODY.read(answer(content="Hi."), OLLAMA)
    assert (response.text, response.stop_reason, response.raw_stop_reason) == ("Hi.", StopReason.stop, "stop")
    assert (response.usage.input_tokens, response.usage.output_tokens) == (4, 2)
    assert response.usage.cache_read_tokens is None
    assert response.raw["load_duration"] == 7


def test_reasoning_text_and_calls_are_parts_in_their_order():
    response = BODY.read(answer(content="I look.", thinking="Hm", tool_calls=[call({"a": 1}, id="t")]), OLLAMA)
    assert response.message.parts == (
        Thinking("Hm", family="qwen"),
        Text("I look."),
        ToolCall("t", "look", {"a": 1}),
    )
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.tool_use, "stop")


def test_calls_without_an_id_get_one_that_no_other_has():
    response = BODY.read(answer(tool_calls=[call({}, id="call_1"), call({}), call(None)]), OLLAMA)
    assert [each.id for each in response.tool_calls] == ["call_1", "call_1_", "call_2"]
    assert response.tool_calls[2].arguments == {}


def test_arguments_that_are_no_object_are_kept():
    text, items = BODY.read(answer(tool_calls=[call('{"a": 1}'), call([1])]), OLLAMA).tool_calls
    assert text.arguments == {"a": 1}
    assert items.invalid
    assert items.raw_arguments == "[1]"


def test_a_count_that_is_not_there_is_unknown():
    usage = BODY.read({**answer(content="a"), "prompt_eval_count": None}, OLLAMA).usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (None, 2, None)


@pytest.mark.parametrize(
    ("word", "reason", "warned"),
    [
        ("length", StopReason.length, False),
        ("load", StopReason.other, False),
        ("novel", StopReason.other, True),
        ("", StopReason.other, True),
    ],
)
def test_the_words_for_the_end_are_known(word, reason, warned):
    response = BODY.read({**answer(content="a"), "done_reason": word}, OLLAMA)
    assert (response.stop_reason, response.raw_stop_reason, bool(response.warnings)) == (reason, word or None, warned)


@pytest.mark.parametrize(
    "data", [None, [], {}, {"message": 7}, answer(content=7), answer(tool_calls=[{}]), answer(tool_calls=7)]
)
def test_what_is_no_answer_is_refused(data):
    with pytest.raises(ProtocolError):
        BODY.read(data, OLLAMA)


def test_an_answer_that_is_not_done_is_not_handed_over_as_whole():
    with pytest.raises(StreamInterruptedError):
        BODY.read(line(content="a"), OLLAMA)
    with pytest.raises(StreamInterruptedError):
        read(line(content="a"))


def test_a_stream_is_read_line_by_line():
    objects = [line(thinking="H"), line(thinking="m"), line(content="Ro"), line(content="me"), {**line(), **END}]
    reader, events = BODY.reader(OLLAMA), []
    for payload in objects:
        reader.take(payload, events)
        reader.settle(events)
    assert reader.complete
    assert [event for event in events if isinstance(event, TextDelta | ThinkingDelta)] == [
        ThinkingDelta("H"), ThinkingDelta("m"), TextDelta("Ro"), TextDelta("me"),
    ]  # fmt: skip
    response = read(*objects)
    assert response.message.parts == (Thinking("Hm", family="qwen"), Text("Rome"))
    assert response.raw == {"model": "m", **END}


def test_what_a_line_says_beside_the_message_is_handed_on():
    events = []
    BODY.reader(OLLAMA).take({**line(content="a"), "logprobs": [1]}, events)
    assert events == [TextDelta("a"), OpaqueEvent("ollama_chat", "line", {"logprobs": [1]})]


@pytest.mark.parametrize("objects", [["x"], [{}], [line(content=7)], [answer(content="a"), line(content="b")]])
def test_what_breaks_the_format_of_a_stream_is_refused(objects):
    reader, events = BODY.reader(OLLAMA), []
    with pytest.raises(ProtocolError):
        for payload in objects:
            reader.take(payload, events)


def test_an_error_inside_an_answer_is_raised():
    for ask in (
        lambda: read(line(content="a"), {"error": "it broke"}),
        lambda: BODY.read({"error": "it broke"}, OLLAMA),
    ):
        with pytest.raises(ServerError, match="it broke"):
            ask()


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "invalid options", RejectedRequestError),
        (400, "the input length exceeds the context length", ContextWindowExceededError),
        (401, "unauthorized", AuthenticationError),
        (404, "model 'x' not found", NotFoundError),
        (429, "too many concurrent requests", RateLimitError),
        (429, "you have reached your weekly usage limit, upgrade for higher limits", QuotaExceededError),
        (500, "llama runner process has terminated", ServerError),
        (503, "server busy, please try again. maximum pending requests exceeded", OverloadedError),
        (None, "an error was encountered while running the model", ServerError),
        (None, "prompt too long; exceeded max context length by 9 tokens", ContextWindowExceededError),
    ],
)
def test_the_status_decides_and_the_text_only_refines(status, error, kind):
    for data, code in (({"error": error}, None), ({"error": {"message": error, "type": "t", "code": None}}, "t")):
        made = error_of(data, status)
        assert type(made) is kind
        assert (made.message, made.code, made.status) == (error, code, status or 500)
        assert made.retryable is kind.default_retryable


@pytest.mark.parametrize("data", [None, [], "x", {}, {"error": 7}, {"error": {}}])
def test_a_body_that_says_nothing_makes_an_error_that_says_so(data):
    assert "said nothing more" in error_of(data, 500).message
