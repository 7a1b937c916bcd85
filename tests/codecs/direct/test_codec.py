"""A body over plain HTTPS: members, frames, headers, refusals."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.anthropic_messages import direct_body
from bedrock_llm.codecs.anthropic_messages.errors import error_of
from bedrock_llm.codecs.direct import Api, DirectCodec
from bedrock_llm.codecs.openai_chat import ChatBody
from bedrock_llm.codecs.shared.openai_errors import error_of as openai_error_of
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import (
    OverloadedError,
    ProtocolError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from bedrock_llm.events import empty_response, fold
from bedrock_llm.request import Request
from bedrock_llm.response import StopReason

CONFIG = ModelConfig(provider="anthropic", model="claude-x", family="claude")
CHAT_CONFIG = ModelConfig(provider="openai", model="gpt-x")


def members(request, config, stream):
    return {"model": config.model, **({"stream": True} if stream else {})}


MESSAGES = DirectCodec(direct_body(), Api("anthropic", "/v1/messages", "/v1/messages", error_of, members))
CHAT = DirectCodec(ChatBody(), Api("openai-chat", "/chat/completions", "/chat/completions", openai_error_of, members))
SSE = {"content-type": "text/event-stream; charset=utf-8"}


def sse(*payloads, named=True):
    lines = []
    for payload in payloads:
        head = f"event: {payload['type']}\n" if named else ""
        lines.append(f"{head}data: {json.dumps(payload, ensure_ascii=False)}\n\n")
    return "".join(lines).encode()


ANSWER = sse(
    {"type": "message_start", "message": {"role": "assistant", "content": [], "usage": {"input_tokens": 3}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Gr\u00fc\u00df "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Gott"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
)


def chunk(delta, reason=None, **more):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


CHUNKS = sse(chunk({"role": "assistant", "content": "A"}), chunk({"content": "B"}, "stop"), named=False)


def read(codec, config, *pieces, headers=SSE):
    decoder, events = codec.decoder(headers, config), []
    for piece in pieces:
        events += decoder.feed(piece)
        if decoder.complete:
            break
    events += decoder.close()
    return fold(empty_response(), events), decoder


def test_the_apis_own_members_stand_first_and_the_callers_win():
    request = Request.of("hi", max_tokens=5, extra_body={"max_tokens": 6, "thinking": {"type": "disabled"}})
    operation, body, headers = MESSAGES.encode(request, CONFIG, stream=True)
    assert operation == "/v1/messages"
    assert body.startswith(b'{"model":"claude-x","stream":true,"max_tokens":6,')
    assert headers == {"content-type": "application/json", "accept": "text/event-stream"}


@pytest.mark.parametrize("name", ["guardrail", "prompt_variables", "latency"])
def test_what_only_bedrock_has_is_left_out_with_a_warning(name):
    value = {"guardrail": {"identifier": "g", "version": "1"}, "prompt_variables": {"a": "b"}, "latency": "optimized"}
    prepared, (warning,) = MESSAGES.prepare(Request.of("hi", **{name: value[name]}), CONFIG)
    assert (warning.parameter, name in prepared.parameters) == (name, False)


def test_a_stream_is_the_same_however_it_is_cut():
    whole, decoder = read(MESSAGES, CONFIG, ANSWER)
    assert (whole.text, whole.stop_reason, whole.usage.input_tokens, whole.usage.output_tokens) == (
        "Gr\u00fc\u00df Gott",
        StopReason.stop,
        3,
        2,
    )
    assert (decoder.complete, list(decoder.warnings)) == (True, [])
    for place in range(len(ANSWER)):
        assert read(MESSAGES, CONFIG, ANSWER[:place], ANSWER[place:])[0] == whole


@pytest.mark.parametrize("place", [1, 60, 200, 400, 700])
def test_a_stream_that_ends_early_is_interrupted(place):
    with pytest.raises(StreamInterruptedError):
        read(MESSAGES, CONFIG, ANSWER[:place])


def test_done_ends_an_answer_whether_or_not_it_was_counted():
    counted = sse({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}, named=False)
    response, decoder = read(CHAT, CHAT_CONFIG, CHUNKS + counted + b"data: [DONE]\n\n")
    assert (response.text, response.usage.input_tokens, list(decoder.warnings)) == ("AB", 5, [])
    response, decoder = read(CHAT, CHAT_CONFIG, CHUNKS + b"data: [DONE]\n\n" + b"data: {garbage")
    assert (response.text, response.usage.input_tokens) == ("AB", None)
    assert [warning.parameter for warning in decoder.warnings] == ["usage"]


def test_comments_blank_events_and_events_without_data_mean_nothing():
    noisy = b": keep-alive\n\n" + ANSWER.replace(b"\n\n", b"\n\n: OPENROUTER PROCESSING\n\ndata:\n\n")
    assert read(MESSAGES, CONFIG, noisy)[0] == read(MESSAGES, CONFIG, ANSWER)[0]


def test_json_where_a_stream_was_asked_for_is_a_whole_answer():
    whole = {"type": "message", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn", "usage": {}}
    body = json.dumps(whole).encode()
    for headers in (SSE, {"content-type": "application/json"}):
        response, decoder = read(MESSAGES, CONFIG, b"\n " + body[:9], body[9:], headers=headers)
        assert (response.text, response.stop_reason) == ("hi", StopReason.stop)
        assert [warning.parameter for warning in decoder.warnings] == ["usage"]


def test_a_page_for_a_browser_is_no_stream():
    with pytest.raises(ProtocolError, match="text/html"):
        MESSAGES.decoder({"content-type": "text/html"}, CONFIG)


def test_an_event_that_is_no_json_breaks_the_stream_after_what_stood_before_it():
    start = ANSWER[: ANSWER.index(b"event: content_block_stop")]
    decoder = MESSAGES.decoder(SSE, CONFIG)
    events = decoder.feed(start + b"data: {oops\n\n")
    assert fold(empty_response(), events).text == "Gr\u00fc\u00df Gott"
    with pytest.raises(ProtocolError, match="not JSON"):
        decoder.close()


def test_an_error_inside_a_stream_is_that_error():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(OverloadedError, match="Overloaded"):
        read(MESSAGES, CONFIG, sse(error))


@pytest.mark.parametrize(
    ("status", "code", "headers", "kind", "retryable", "wait"),
    [
        (429, "rate_limit_error", {"retry-after": "7"}, RateLimitError, True, 7),
        (429, "rate_limit_error", {"retry-after-ms": "250"}, RateLimitError, True, 0.25),
        (500, "api_error", {"x-should-retry": "false"}, ServerError, False, None),
        (529, "overloaded_error", {}, OverloadedError, True, None),
        (402, "billing_error", {}, QuotaExceededError, False, None),
    ],
)
def test_refusals_have_their_class_and_their_wait(status, code, headers, kind, retryable, wait):
    body = json.dumps({"error": {"type": code, "message": "no"}}).encode()
    error = MESSAGES.decode_error(status, {**headers, "request-id": "req_1"}, body)
    assert type(error) is kind
    assert (error.status, error.retryable, error.retry_after_s, error.request_id) == (status, retryable, wait, "req_1")


def test_a_refusal_of_a_proxy_says_what_it_was():
    error = MESSAGES.decode_error(502, {}, b"<html><h1>Bad Gateway</h1></html>")
    assert isinstance(error, ServerError)
    assert "502" in error.message
    assert "Bad Gateway" in error.message


def test_a_redirect_is_not_followed():
    error = MESSAGES.decode_error(307, {"location": "https://elsewhere.example"}, b"")
    assert isinstance(error, ProtocolError)
    assert "elsewhere.example" in error.message
