"""The codec as the model sees it."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.converse import ConverseCodec
from bedrock_llm.codecs.converse.stream import ConverseStreamDecoder, WholeAnswerDecoder
from bedrock_llm.config import ModelConfig
from bedrock_llm.errors import ProtocolError, RateLimitError
from bedrock_llm.events import empty_response, fold
from bedrock_llm.messages import Message, Thinking
from tests.codecs.converse.frames import delta, stop, whole

CODEC = ConverseCodec()
CLAUDE = ModelConfig(model="anthropic.claude-next", family="claude")


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"content-type": "application/vnd.amazon.eventstream"}, ConverseStreamDecoder),
        ({"content-type": "Application/vnd.amazon.EventStream; charset=x"}, ConverseStreamDecoder),
        ({}, ConverseStreamDecoder),
        ({"content-type": "application/json; charset=utf-8"}, WholeAnswerDecoder),
    ],
)
def test_the_content_type_chooses_the_decoder(headers, kind):
    assert type(CODEC.decoder(headers, CLAUDE)) is kind


@pytest.mark.parametrize("content_type", ["text/html", "text/event-stream", ""])
def test_another_content_type_is_refused(content_type):
    with pytest.raises(ProtocolError) as caught:
        CODEC.decoder({"content-type": content_type, "x-amzn-requestid": "r-1"}, CLAUDE)
    assert (caught.value.status, caught.value.request_id) == (200, "r-1")


def test_reasoning_is_marked_with_the_family_on_both_ways():
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}}
    body = json.dumps({"output": {"message": {"content": [thought]}}, "stopReason": "end_turn"}).encode()
    expected = Message.assistant(Thinking("Hm", "s", None, "claude"))
    assert CODEC.decode(body, {}, CLAUDE).message == expected
    decoder = CODEC.decoder({}, CLAUDE)
    frames = (delta(0, reasoningContent={"text": "Hm"}), delta(0, reasoningContent={"signature": "s"}), stop(0))
    assert fold(empty_response(), decoder.feed(whole(*frames))).message == expected


def test_request_ids_and_errors():
    headers = {"x-amzn-requestid": "r-1", "x-amzn-errortype": "ThrottlingException"}
    assert (CODEC.name, CODEC.request_id(headers), CODEC.request_id({})) == ("converse", "r-1", None)
    error = CODEC.decode_error(429, headers, b'{"message": "slow down"}')
    assert (type(error), error.message, error.request_id) == (RateLimitError, "slow down", "r-1")
