from __future__ import annotations

import asyncio
import logging
import time

import anyio
import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.errors import ServerError
from bedrock_llm.messages import Message, ToolCall
from bedrock_llm.observers.base import ModelObserver, ObserverGroup
from bedrock_llm.response import Response
from tests.strangers import Seen, ThreeMethods

pytestmark = pytest.mark.anyio


class Hostile(ModelObserver):
    def __init__(self, do):
        self.do = do
        self.calls = 0

    def _act(self, value):
        self.calls += 1
        return self.do(value)

    on_request_start = on_request_complete = on_error = on_retry = on_event = _act


def _raise(error):
    def act(value):
        raise error

    return act


@pytest.mark.parametrize("error", [ValueError("mine"), asyncio.CancelledError(), GeneratorExit(), StopAsyncIteration()])
async def test_what_an_observer_raises_is_logged_once_and_goes_no_further(error, caplog):
    hostile, seen = Hostile(_raise(error)), Seen()
    async with LLMClient(ThreeMethods("one", "two"), observers=[hostile, seen]) as client:
        assert (await client.generate("hello")).text == "one"
        async with client.stream("hello") as stream:
            assert (await stream.response()).text == "two"
    assert seen.names == ["start", "complete"] * 2
    starts = [record for record in caplog.records if "on_request_start" in record.getMessage()]
    assert len(starts) == 1
    assert "Hostile" in starts[0].getMessage()


async def test_an_async_hook_that_hangs_is_cancelled_and_switched_off(caplog):
    class Hangs(ModelObserver):
        calls = 0

        async def on_request_start(self, request):
            Hangs.calls += 1
            await anyio.sleep_forever()

    started = time.monotonic()
    async with LLMClient(ThreeMethods(), observers=[Hangs()]) as client:
        for _ in range(3):
            await client.generate("hello")
    assert time.monotonic() - started < 5
    assert Hangs.calls == 1
    assert [record for record in caplog.records if "switched off" in record.getMessage()]


async def test_a_slow_sync_hook_is_named_once(caplog):
    async with LLMClient(ThreeMethods(), observers=[Hostile(lambda value: time.sleep(0.06))]) as client:
        await client.generate("hello")
        await client.generate("hello")
    slow = [record.getMessage() for record in caplog.records if "50 ms" in record.getMessage()]
    assert len(slow) == len(set(slow)) == 2  # one for the start hook, one for the end hook


async def test_async_hooks_are_awaited_in_order():
    order = []

    class Async(ModelObserver):
        async def on_request_start(self, request):
            await anyio.lowlevel.checkpoint()
            order.append("start")

        async def on_request_complete(self, response):
            await anyio.lowlevel.checkpoint()
            order.append("complete")

    async with LLMClient(ThreeMethods(), observers=[Async()]) as client:
        await client.generate("hello")
        order.append("answer")
    assert order == ["start", "complete", "answer"]


async def test_the_end_is_told_even_where_the_call_is_being_cancelled():
    ended = []

    class Async(ModelObserver):
        async def on_error(self, error):
            await anyio.lowlevel.checkpoint()
            ended.append(error)

    class Slow(ThreeMethods):
        async def generate_text(self, messages, **parameters):
            await anyio.sleep_forever()

    async with LLMClient(Slow(), observers=[Async()]) as client:
        with anyio.move_on_after(0.05):
            await client.generate("hello")
    assert len(ended) == 1


async def test_an_observer_cannot_change_what_the_model_gets_or_the_caller_sees():
    def vandal(value):
        for message in getattr(value, "messages", ()):
            for call in message.tool_calls:
                call.arguments["city"] = "changed"
        if isinstance(value, Response):
            for call in value.tool_calls:
                call.arguments["city"] = "changed"
            value.raw["x"] = "changed"
            for message in value.request.messages:
                for call in message.tool_calls:
                    call.arguments["city"] = "changed"

    answer = Response(Message.assistant(ToolCall("2", "weather", {"city": "Rome"})), raw={"x": 1})
    model = ThreeMethods(answer)
    history = [Message.user("hi"), Message.assistant(ToolCall("1", "weather", {"city": "Oslo"})), Message.user("go on")]
    async with LLMClient(model, observers=[Hostile(vandal)]) as client:
        response = await client.generate(history)
    assert model.asked[0][0][1].tool_calls[0].arguments == {"city": "Oslo"}
    assert history[1].tool_calls[0].arguments == {"city": "Oslo"}
    assert response.tool_calls[0].arguments == {"city": "Rome"}
    assert response.raw == {"x": 1}


async def test_error_hooks_get_the_error():
    seen = Seen()
    error = ServerError("500", retryable=False)
    async with LLMClient(ThreeMethods(error), observers=[seen]) as client:
        with pytest.raises(ServerError):
            await client.generate("hello")
    shown = seen.calls[1][1]
    assert (type(shown), str(shown), shown.request) == (ServerError, "500", seen.calls[0][1])


async def test_duck_typed_observers_are_taken():
    class Duck:
        def __init__(self):
            self.starts = 0

        def on_request_start(self, request):
            self.starts += 1

    duck = Duck()
    async with LLMClient(ThreeMethods(), observers=[duck]) as client:
        await client.generate("hello")
    assert duck.starts == 1
    assert not ObserverGroup([duck]).sees_events
    assert logging.getLogger("bedrock_llm").handlers == []
