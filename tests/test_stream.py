from __future__ import annotations

import gc

import anyio
import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.config import Limits, RetryPolicy, Timeouts
from bedrock_llm.errors import (
    CallCancelledError,
    ConnectionFailedError,
    ProtocolError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    StreamInterruptedError,
    UsageError,
)
from bedrock_llm.events import Finished, TextDelta, UsageReported
from bedrock_llm.messages import Message
from bedrock_llm.response import Response, StopReason, Usage
from tests.strangers import TWO_WORDS, Seen, Streams, ThreeMethods

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(wait=lambda state: 0.0)


class FailsToClose:
    """A stranger's iterator whose first step and whose closing fail."""

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise ServerError("500", retryable=False)

    async def aclose(self):
        raise ZeroDivisionError


class StreamsThatFailToClose(ThreeMethods):
    def answer_stream(self, request):
        return FailsToClose()


async def test_events_arrive_and_fold_into_the_response():
    model, seen = Streams(*TWO_WORDS[:2], UsageReported(Usage(1, output_tokens=2)), TWO_WORDS[2]), Seen()
    async with LLMClient(model, observers=[seen]) as client, client.stream("hello") as stream:
        events = [event async for event in stream]
        response = await stream.response()
    assert events == model.steps
    assert response.text == "one two"
    assert (response.stop_reason, response.raw_stop_reason) == (StopReason.stop, "end_turn")
    assert response.usage == Usage(1, output_tokens=2)
    assert response.first_event_s <= response.latency_s
    assert seen.names == ["start", "complete"]
    assert seen.calls[1][1] == response
    assert (model.opened, model.closed) == (1, 1)


async def test_text_alone():
    async with LLMClient(Streams(*TWO_WORDS)) as client, client.stream("hello") as stream:
        assert [text async for text in stream.text()] == ["one ", "two"]
        assert (await stream.response()).text == "one two"


async def test_response_reads_what_was_not_read_and_a_loop_can_be_taken_up_again():
    async with LLMClient(Streams(*TWO_WORDS)) as client:
        async with client.stream("hello") as stream:
            async for _ in stream:
                break
            assert [event async for event in stream] == list(TWO_WORDS[1:])
        async with client.stream("hello") as stream:
            assert (await stream.response()).text == "one two"
        assert (await stream.response()).text == "one two"


async def test_a_model_that_does_not_stream_is_made_into_events():
    async with LLMClient(ThreeMethods("hi")) as client, client.stream("hello") as stream:
        response = await stream.response()
    assert response == Response(
        Message.assistant("hi"), stop_reason=StopReason.stop, usage=Usage(3, output_tokens=2), raw_stop_reason=None
    )


async def test_an_unentered_stream_shows_how():
    async with LLMClient(Streams(*TWO_WORDS)) as client:
        stream = client.stream("hello")
        for use in (lambda: aiter(stream), stream.text, stream.__await__):
            with pytest.raises(UsageError, match=r"async with client\.stream"):
                use()
        with pytest.raises(UsageError, match="async with"):
            await stream.response()
        async with stream:
            pass
        with pytest.raises(UsageError, match="once"):
            await stream.__aenter__()


async def test_opening_is_retried_until_the_first_event():
    model = Streams([ServerError("500", status=500)], [RateLimitError("429", status=429)], list(TWO_WORDS))
    seen = Seen()
    async with LLMClient(model, retry=QUICK, observers=[seen]) as client, client.stream("hello") as stream:
        response = await stream.response()
    assert [attempt.status for attempt in response.attempts] == [500, 429, None]
    assert seen.names == ["start", "retry", "retry", "complete"]
    assert (model.opened, model.closed) == (3, 3)


async def test_nothing_is_sent_again_after_the_first_event():
    cut = ConnectionFailedError("reset by peer")
    model, seen = Streams(TextDelta("half "), cut), Seen()
    async with LLMClient(model, retry=QUICK, observers=[seen]) as client:
        with pytest.raises(StreamInterruptedError, match="reset by peer") as caught:
            async with client.stream("hello") as stream:
                async for _ in stream:
                    pass
    error = caught.value
    assert error.__cause__ is cut
    assert (error.partial.text, error.retryable, model.opened) == ("half ", False, 1)
    assert [attempt.error for attempt in error.attempts] == [error]
    assert seen.names == ["start", "error"]
    assert seen.calls[1][1].partial.text == "half "


async def test_an_error_inside_the_stream_keeps_its_cause_and_the_partial_answer():
    model = Streams(TextDelta("half "), RateLimitError("slow down", status=429))
    async with LLMClient(model, retry=QUICK) as client, client.stream("hello") as stream:
        with pytest.raises(StreamInterruptedError) as caught:
            await stream.response()
        assert isinstance(caught.value.__cause__, RateLimitError)
        with pytest.raises(StreamInterruptedError) as again:
            await stream.response()
        assert again.value is caught.value


async def test_a_broken_format_stays_a_protocol_error_with_the_partial_answer():
    broken = ProtocolError("bad checksum")
    async with LLMClient(Streams(TextDelta("half "), broken)) as client, client.stream("hello") as stream:
        with pytest.raises(ProtocolError) as caught:
            await stream.response()
    assert caught.value is broken
    assert broken.partial.text == "half "


async def test_a_stream_that_ends_without_its_last_event_is_never_taken_as_finished():
    async with LLMClient(Streams(TextDelta("half "))) as client, client.stream("hello") as stream:
        with pytest.raises(StreamInterruptedError) as caught:
            await stream.response()
    assert caught.value.partial.text == "half "
    async with LLMClient(Streams(), retry=RetryPolicy(max_attempts=1)) as client:
        with pytest.raises(StreamInterruptedError, match="before its first event"):
            await client.stream("hello").__aenter__()


async def test_leaving_early_frees_everything_and_is_one_end():
    never = anyio.Event()
    model, seen = Streams(TextDelta("one"), never), Seen()
    async with LLMClient(model, observers=[seen], limits=Limits(max_concurrency=1)) as client:
        for _ in range(3):
            async with client.stream("hello") as stream:
                async for _ in stream:
                    break
            await stream.aclose()
            with pytest.raises(StreamInterruptedError, match="left before its end"):
                await stream.response()
    gc.collect()
    assert (model.opened, model.closed) == (3, 3)
    assert seen.names == ["start", "error"] * 3
    assert isinstance(seen.calls[1][1], CallCancelledError)
    assert seen.calls[1][1].abandoned
    assert seen.calls[1][1].partial.text == "one"


async def test_cancelled_in_the_middle_frees_everything_and_is_one_end():
    never = anyio.Event()
    model, seen = Streams(TextDelta("one"), never), Seen()
    async with LLMClient(model, observers=[seen], limits=Limits(max_concurrency=1)) as client:
        for _ in range(2):
            with anyio.move_on_after(0.05) as scope:
                async with client.stream("hello") as stream:
                    async for _ in stream:
                        pass
            assert scope.cancelled_caught
    assert model.opened == model.closed == 2
    assert seen.names == ["start", "error"] * 2
    assert not seen.calls[1][1].abandoned


async def test_cancelled_before_the_first_event_frees_everything():
    model, seen = Streams(anyio.Event()), Seen()
    async with LLMClient(model, observers=[seen], limits=Limits(max_concurrency=1)) as client:
        for _ in range(2):
            with anyio.move_on_after(0.05):
                await client.stream("hello").__aenter__()
    assert model.opened == model.closed == 2
    assert seen.names == ["start", "error"] * 2


async def test_a_model_that_fails_to_close_after_failing_to_start_costs_no_slot():
    model = StreamsThatFailToClose()
    async with LLMClient(model, limits=Limits(max_concurrency=1), timeouts=Timeouts(pool_s=0.05)) as client:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await client.stream("hello").__aenter__()


async def test_the_callers_own_exception_leaves_the_stream_and_passes():
    model, seen = Streams(TextDelta("one"), anyio.Event()), Seen()
    async with LLMClient(model, observers=[seen]) as client:
        with pytest.raises(ZeroDivisionError):
            async with client.stream("hello") as stream:
                async for _ in stream:
                    raise ZeroDivisionError
    assert model.closed == 1
    assert seen.names == ["start", "error"]


async def test_the_total_deadline_after_the_first_event_keeps_the_partial_answer():
    model = Streams(TextDelta("one"), anyio.Event())
    async with LLMClient(model, timeouts=Timeouts(total_s=0.05)) as client, client.stream("hello") as stream:
        with pytest.raises(RequestTimeoutError) as caught:
            await stream.response()
    assert (caught.value.phase, caught.value.after_s, caught.value.partial.text) == ("total", 0.05, "one")
    assert model.closed == 1


async def test_observers_see_each_event_before_the_caller():
    class Events(Seen):
        def on_event(self, event):
            self.calls.append(("event", event))

    seen, got = Events(), []
    async with LLMClient(Streams(*TWO_WORDS), observers=[seen]) as client, client.stream("hello") as stream:
        async for event in stream:
            got.append(event)
            assert ("event", event) in seen.calls
    assert seen.names == ["start", "event", "event", "event", "complete"]


async def test_a_long_stream_is_folded_on_the_way():
    deltas = [TextDelta(f"{number} ") for number in range(10_000)]
    model = Streams(*deltas, Finished(StopReason.stop))
    async with LLMClient(model) as client, client.stream("hello") as stream:
        assert (await stream.response()).text == "".join(delta.text for delta in deltas)
        assert stream._unfolded == []
