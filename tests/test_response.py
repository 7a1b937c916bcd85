from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from bedrock_llm.errors import RateLimitError
from bedrock_llm.messages import Message, Thinking, ToolCall
from bedrock_llm.request import Request
from bedrock_llm.response import Attempt, Cost, Response, ResponseWarning, StopReason, Usage


def test_a_response_is_made_from_a_message_alone():
    response = Response(Message.assistant("hi"))
    assert (response.text, response.stop_reason, response.usage, response.cost) == (
        "hi",
        StopReason.stop,
        Usage(),
        None,
    )


def test_a_response_shows_its_text_thinking_and_calls():
    call = ToolCall("1", "f", {"a": 1})
    response = Response(Message.assistant(Thinking("hm"), "a", Thinking("m"), "b", call))
    assert (response.text, response.thinking, response.tool_calls, str(response)) == ("ab", "hmm", (call,), "ab")


def test_how_an_answer_came_is_not_compared():
    plain = Response(Message.assistant("hi"), usage=Usage(1))
    rich = plain.with_(
        request=Request.of("q"), raw={"a": 1}, attempts=(Attempt(1, "m", "p", 0, 1),), request_id="r", latency_s=1.0
    )
    assert rich == plain
    assert rich != plain.with_(usage=Usage(2))


@pytest.mark.parametrize(
    ("usage", "total_input", "total"),
    [
        (Usage(), None, None),
        (Usage(1), 1, None),
        (Usage(output_tokens=1), None, None),
        (Usage(1, 2, 3, 4, 5), 10, 15),
        (Usage(1, None, 3, None, 5), 4, 9),
        (Usage(1, output_tokens=5, reasoning_tokens=4), 1, 6),
        (Usage(1, output_tokens=5, input_audio_tokens=2, input_image_tokens=3, output_audio_tokens=4), 6, 15),
        (Usage(0, output_tokens=0), 0, 0),
    ],
)
def test_totals_add_the_buckets_and_are_unknown_only_where_input_or_output_is(usage, total_input, total):
    assert (usage.total_input_tokens, usage.total_tokens) == (total_input, total)


def test_stop_reasons_are_their_words():
    assert [str(reason) for reason in StopReason] == [
        "stop",
        "length",
        "tool_use",
        "content_filter",
        "pause",
        "error",
        "other",
    ]
    assert StopReason.stop == "stop"


def test_a_cost_prints_as_its_total_and_never_in_exponents():
    assert str(Cost(Decimal("1E-7"))) == "0.0000001"


def test_a_warning_prints_as_its_message():
    assert str(ResponseWarning("other", "look")) == "look"


def test_a_response_with_request_and_failed_attempts_pickles():
    failed = Attempt(1, "m", "p", 0, 1, 429, error=RateLimitError("slow", status=429, retry_after_s=2), billed="no")
    response = Response(Message.assistant("hi"), request=Request.of("q"), attempts=(failed,), raw={"a": 1})
    back = pickle.loads(pickle.dumps(response))
    assert (back, back.request, back.raw, back.attempts) == (response, response.request, {"a": 1}, (failed,))
    assert (back.attempts[0].error.status, back.attempts[0].error.retry_after_s) == (429, 2)


def test_the_dict_of_a_failed_attempt_says_what_went_wrong():
    attempt = Attempt(1, "m", "p", 0, 1, 429, error=RateLimitError("slow"), billed="no")
    assert attempt.to_dict()["error"] == "RateLimitError: slow"
    assert Attempt.from_dict(attempt.to_dict()) == attempt
