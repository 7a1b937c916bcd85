"""Counting messages and requests by estimate."""

from __future__ import annotations

import gc
import math
import weakref
from pathlib import Path
from types import MappingProxyType

import pytest

from bedrock_llm.config import ModelConfig
from bedrock_llm.messages import (
    Audio,
    CachePoint,
    Document,
    Image,
    Message,
    Opaque,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.request import Request
from bedrock_llm.response import TokenCount
from bedrock_llm.tokens.counter import ERROR_FLOOR_TOKENS, IMAGE_TOKENS, TokenCounter
from bedrock_llm.tokens.estimate import weigh_text

PLAIN = ModelConfig(
    features={"token_estimate": {"ratio": 1, "error": 0, "request": 0, "message": 0, "tools": 0, "tool": 0}}
)
TEXT = "The quick brown fox jumps over the lazy dog. " * 4


def request(*messages: Message, **parameters) -> Request:
    return Request(messages, MappingProxyType(parameters))


def said(part) -> Message:
    return Message("assistant" if isinstance(part, (ToolCall, Thinking)) else "user", (part,))


def tokens(part) -> int:
    return math.ceil(TokenCounter().weigh_message(said(part), PLAIN).tokens)


def doubt(part) -> int:
    return TokenCounter().count_request(request(said(part)), PLAIN).error_bound - ERROR_FLOOR_TOKENS


def test_a_text_is_counted_with_the_familys_ratio_and_error():
    config = ModelConfig(features={"token_estimate": {"ratio": 2, "error": 0.5}})
    count = TokenCounter().count_text(TEXT, config)
    assert count.tokens == pytest.approx(2 * weigh_text(TEXT).tokens, abs=1)
    assert count.error_bound == pytest.approx(count.tokens / 2, abs=1)
    assert count.source == "estimate"


def test_the_empty_text_is_no_token():
    assert TokenCounter().count_text("") == TokenCount(0, "estimate", 0)


def test_a_request_is_its_system_text_messages_tools_and_what_is_around_them():
    tool = ToolSpec("look_up", "Looks up a key", {"type": "object", "properties": {"key": {"type": "string"}}})
    config = ModelConfig(
        features={
            "token_estimate": {
                "ratio": 1,
                "error": 0,
                "request": 100,
                "message": 1000,
                "tools": 10_000,
                "tool": 100_000,
            }
        }
    )
    counter = TokenCounter()
    asked = request(Message.user(TEXT), Message.assistant(TEXT), system=TEXT, tools=(tool, tool))
    bare = counter.count_request(asked, PLAIN).tokens
    assert counter.count_request(asked, config).tokens == bare + 100 + 2000 + 10_000 + 200_000
    assert bare > 3 * int(weigh_text(TEXT).tokens)


def test_a_system_text_of_parts_counts_like_one_in_a_piece():
    counter, message = TokenCounter(), Message.user("Hi")
    whole = counter.count_request(request(message, system=TEXT))
    assert counter.count_request(request(message, system=(Text(TEXT), CachePoint()))) == whole


def test_a_tally_adds_up_to_the_count_of_the_request():
    counter = TokenCounter()
    asked = request(*(Message.user(TEXT * n) for n in range(5)), system="s")
    tally = counter.tally(asked)
    pieces = [tally.weight(0, 2), tally.weight(2, 3), tally.weight(3, 5)]
    assert tally.count(tally.whole()) == counter.count_request(asked)
    assert sum(p.tokens for p in pieces) + tally.around.tokens == pytest.approx(tally.whole().tokens)
    assert tally.weight(1, 2) == pytest.approx(counter.weigh_message(asked.messages[1]))
    count = counter.count_request(asked)
    assert tally.bound(tally.whole()) == pytest.approx(count.tokens + count.error_bound, abs=2)


def test_an_image_is_a_fixed_figure_in_full_doubt():
    assert (tokens(Image(b"\x89PNG....")), doubt(Image(b"\x89PNG...."))) == (IMAGE_TOKENS, IMAGE_TOKENS)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Document(b"%PDF" + bytes(15_996), media_type="application/pdf"), 1000),
        (Document("s3://bucket/file.pdf"), 3000),
        (Document(Path("file.pdf")), 3000),
        (Document("data:application/pdf;base64," + "A" * 21_305), 1000),
        (Audio(bytes(400_000)), 1000),
        (Video("s3://bucket/film.mp4"), 5000),
    ],
)
def test_media_are_counted_by_size_or_by_a_fixed_figure_in_full_doubt(part, expected):
    assert tokens(part) == expected
    assert doubt(part) == pytest.approx(expected, abs=1)


def test_a_text_document_is_counted_as_text():
    assert tokens(Document(TEXT.encode(), media_type="text/plain")) == tokens(Text(TEXT))


def test_tool_calls_and_results_count_their_json_and_content():
    assert tokens(ToolCall("1", "f", {"text": TEXT})) > tokens(Text(TEXT))
    assert tokens(ToolCall("1", "f", None, TEXT, "cut")) > tokens(Text(TEXT))
    assert tokens(ToolResult("1", TEXT)) == tokens(ToolResult("1", (Text(TEXT),)))
    assert tokens(ToolCall("1", "f")) < 15


def test_what_a_provider_may_or_may_not_count_is_in_doubt():
    for part in (
        Thinking(TEXT, "signature"),
        Thinking("", "s" * 400),
        Thinking("", None, "r" * 400),
        Opaque("x", "k", {"t": TEXT}),
    ):
        assert doubt(part) == pytest.approx(tokens(part), abs=1)
        assert tokens(part) > 10


def test_a_cache_point_is_nothing():
    assert tokens(CachePoint()) == 0


def test_structured_output_and_a_tool_of_the_providers_own_are_counted():
    counter, message = TokenCounter(), Message.user("Hi")
    bare = counter.count_request(request(message), PLAIN).tokens
    assert counter.count_request(request(message, output_type={"title": TEXT}), PLAIN).tokens > bare + 20
    assert (
        counter.count_request(request(message, tools=(Opaque("converse", "systemTool", {"n": TEXT}),)), PLAIN).tokens
        > bare + 20
    )


def test_a_counter_keeps_no_message_alive():
    counter = TokenCounter()
    message = Message.user(TEXT)
    counter.count_request(request(message))
    gone = weakref.ref(message)
    del message
    gc.collect()
    assert gone() is None


def test_a_request_counts_the_same_whatever_was_counted_before():
    counter = TokenCounter(capacity=3)
    messages = [Message.user(TEXT * (n % 7)) for n in range(30)]
    for begin in range(5):
        for end in range(begin, 30, 3):
            asked = request(*messages[begin:end], system="s")
            assert counter.count_request(asked) == TokenCounter().count_request(asked)


def test_more_tools_than_are_remembered_are_counted_all_the_same():
    counter, message = TokenCounter(), Message.user("Hi")
    tools = tuple(ToolSpec(f"tool_{number}", TEXT, {"type": "object"}) for number in range(600))
    first = counter.count_request(request(message, tools=tools))
    assert counter.count_request(request(message, tools=tools)) == first
    assert first == TokenCounter().count_request(request(message, tools=tools))
