"""What an audit found once: each of these was a silent loss, a leak or the wrong error."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading
import warnings

import anyio
import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.config import Limits, RetryPolicy, Timeouts
from bedrock_llm.errors import (
    CallCancelledError,
    ConfigurationError,
    ConnectionFailedError,
    InvalidRequestError,
    LLMError,
    RequestTimeoutError,
    ServerError,
    StreamInterruptedError,
    UsageError,
)
from bedrock_llm.messages import Citation, Message, Text
from bedrock_llm.observers.base import ModelObserver
from bedrock_llm.observers.cost import CostTracker
from bedrock_llm.response import Response
from bedrock_llm.strategy import FallbackStrategy
from tests.strangers import TWO_WORDS, Seen, Streams, ThreeMethods

pytestmark = pytest.mark.anyio

ONE_SLOT = Limits(max_concurrency=1)


async def test_no_free_slot_is_a_pool_timeout_that_is_not_retried():
    client = LLMClient(Streams(*TWO_WORDS), limits=ONE_SLOT, timeouts=Timeouts(pool_s=0.05))
    async with client.stream("hello"):
        with pytest.raises(RequestTimeoutError, match="no slot was free") as caught:
            await client.generate("hello")
    assert (caught.value.phase, caught.value.retryable, caught.value.attempts) == ("pool", False, ())


async def test_a_stream_closed_before_it_was_entered_cannot_be_entered():
    model, seen = Streams(*TWO_WORDS), Seen()
    client = LLMClient(model, observers=[seen], limits=ONE_SLOT)
    stream = client.stream("hello")
    await stream.aclose()
    with pytest.raises(UsageError, match="not after aclose"):
        await stream.__aenter__()
    assert (model.opened, seen.calls) == (0, [])


async def test_a_left_stream_is_never_read_on_as_if_it_had_ended():
    client = LLMClient(Streams(*TWO_WORDS))
    async with client.stream("hello") as stream:
        pass
    with pytest.raises(StreamInterruptedError, match="left before its end"):
        [text async for text in stream.text()]


async def test_a_stream_has_one_reader():
    never, seen = anyio.Event(), Seen()
    client = LLMClient(Streams(TWO_WORDS[0], never, *TWO_WORDS[1:]), observers=[seen])
    async with client.stream("hello") as stream:
        await anext(stream)
        async with anyio.create_task_group() as group:
            group.start_soon(stream.__anext__)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(UsageError, match="one reader"):
                await anext(stream)
            never.set()
        await stream.response()
    assert seen.names == ["start", "complete"]


async def test_a_dropped_stream_frees_its_slot_and_says_so():
    client = LLMClient(Streams(*TWO_WORDS), limits=ONE_SLOT, timeouts=Timeouts(pool_s=1))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        await client.stream("hello").__aenter__()
        gc.collect()
        assert (await client.generate("hello")).text == "hello"
    assert "a stream was dropped without `async with` or aclose()" in {str(warning.message) for warning in told}


async def test_what_cannot_be_copied_does_not_break_a_call():
    answer = Response(Message.assistant("ok"), raw={"lock": threading.Lock()})
    seen = Seen()
    async with LLMClient(ThreeMethods(answer), observers=[seen]) as client:
        assert (await client.generate("hello", extra_body={"lock": threading.Lock()})).text == "ok"
    assert seen.names == ["start", "complete"]


async def test_a_strangers_error_class_with_its_own_init_reaches_the_caller():
    class TheirsError(LLMError):
        def __init__(self, code, text):
            super().__init__(f"{code}: {text}")

    theirs, seen = TheirsError(7, "seven"), Seen()
    async with LLMClient(ThreeMethods(theirs), observers=[seen]) as client:
        with pytest.raises(TheirsError) as caught:
            await client.generate("hello")
    assert caught.value is theirs
    assert [str(error) for name, error in seen.calls if name == "error"] == ["7: seven"]


class Vandal(ModelObserver):
    def on_request_complete(self, response):
        response.parsed.append("changed")
        response.raw.clear()
        response.attempts[0].error.args = ("changed",)
        response.message.parts[0].citations[0].raw.clear()

    def on_retry(self, attempt):
        attempt.error.args = ("changed",)
        attempt.error.raw.clear()

    def on_error(self, error):
        error.args = ("changed",)
        error.raw.clear()


class VandalTracker(Vandal, CostTracker):
    pass


@pytest.mark.parametrize("kind", [Vandal, VandalTracker])
async def test_an_observer_changes_nothing_that_the_caller_sees(kind):
    text = Text("ok", (Citation(raw={"a": 1}),))
    answer = Response(Message.assistant(text), raw={"x": 1}, parsed=[1])
    failure = ServerError("500", raw={"y": 1})
    final = ServerError("last", raw={"z": 1}, retryable=False)
    model = ThreeMethods(failure, answer, final)
    async with LLMClient(model, observers=[kind()], retry=RetryPolicy(wait=lambda state: 0.0)) as client:
        response = await client.generate("hello")
        with pytest.raises(ServerError) as caught:
            await client.generate("hello")
    assert (response.parsed, response.raw, text.citations[0].raw) == ([1], {"x": 1}, {"a": 1})
    assert (str(response.attempts[0].error), failure.raw) == ("500", {"y": 1})
    assert (str(caught.value), caught.value.raw) == ("last", {"z": 1})


async def test_a_cancellation_of_the_hooks_own_making_is_its_own_affair(caplog):
    class Cancels(ModelObserver):
        async def on_request_start(self, request):
            raise asyncio.CancelledError

        async def on_request_complete(self, response):
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

    if asyncio_is_absent():
        return
    seen = Seen()
    async with LLMClient(ThreeMethods(), observers=[Cancels(), seen]) as client:
        assert (await client.generate("hello")).text == "hello"
    assert seen.names == ["start", "complete"]
    assert len([record for record in caplog.records if "CancelledError" in record.getMessage()]) == 2


def asyncio_is_absent():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


class SlowStart(ModelObserver):
    async def on_request_start(self, request):
        await anyio.sleep(0.5)


@pytest.mark.parametrize("way", ["generate", "stream"])
async def test_cancelled_while_a_start_hook_runs_those_who_saw_the_start_see_the_end(way):
    seen, late = Seen(), Seen()
    client = LLMClient(Streams(*TWO_WORDS), observers=[seen, SlowStart(), late])
    with anyio.move_on_after(0.05) as scope:
        await (client.generate("hello") if way == "generate" else client.stream("hello").__aenter__())
    assert scope.cancelled_caught
    assert (seen.names, late.names) == (["start", "error"], [])


async def test_cancelled_while_an_end_hook_runs_the_others_are_told_too():
    class SlowEnd(ModelObserver):
        async def on_request_complete(self, response):
            await anyio.sleep(0.2)

    if asyncio_is_absent():
        return
    seen = Seen()
    client = LLMClient(ThreeMethods(), observers=[SlowEnd(), seen])
    task = asyncio.ensure_future(client.generate("hello"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen.names == ["start", "complete"]


async def test_a_deadline_keeps_what_had_arrived_of_an_answer_streamed_inside(emulator, client_of):
    emulator.reply("word " * 200)
    emulator.delay_s = 0.02
    seen = Seen()
    async with client_of(timeouts=Timeouts(total_s=0.5), observers=[seen]) as client:
        with pytest.raises(RequestTimeoutError) as caught:
            await client.generate("hello")
    error = caught.value
    assert error.partial.text.startswith("word word")
    assert (error.provider, error.model) == ("bedrock", "us.anthropic.claude-sonnet-4-6")
    assert [type(attempt.error) for attempt in error.attempts] == [CallCancelledError]
    assert seen.calls[-1][1].partial.text == error.partial.text


async def test_headers_that_we_write_ourselves_are_refused_before_a_byte_is_sent(emulator, client_of):
    async with client_of() as client:
        for name in ("Content-Length", "Transfer-Encoding", "Authorization", "Host", "X-Amz-Date"):
            with pytest.raises(InvalidRequestError, match="extra_headers"):
                await client.generate("hello", extra_headers={name: "3"})
    assert emulator.received == ()


async def test_a_secret_of_a_calls_own_headers_is_not_pickled(emulator, client_of):
    emulator.reply("ok")
    async with client_of() as client:
        response = await client.generate("hello", extra_headers={"X-Password": "hunter2-hunter2"})
    assert b"hunter2" not in pickle.dumps(response)
    assert "hunter2" not in str(response.request.to_dict())


async def test_a_strategy_with_names_belongs_to_one_client(client_of):
    strategy = FallbackStrategy(["bedrock/us.amazon.nova-lite-v1:0"])
    LLMClient(strategy, region="us-east-1")
    with pytest.raises(ConfigurationError, match="belongs to the client"):
        LLMClient(strategy, region="us-east-1")


async def test_options_beside_a_model_object_are_refused():
    with pytest.raises(ConfigurationError, match="say nothing: region\\. Give"):
        LLMClient(ThreeMethods(), region="us-east-1")


@pytest.mark.parametrize(("wrong", "right"), [("observer", "observers"), ("retries", "retry"), ("timeout", "timeouts")])
async def test_a_misspelt_keyword_names_the_nearest(wrong, right):
    with pytest.raises(ConfigurationError, match=f"did you mean '{right}'"):
        LLMClient("bedrock/us.amazon.nova-lite-v1:0", **{wrong: None})


async def test_a_call_waiting_for_its_retry_ends_when_the_client_is_closed():
    waiting = anyio.Event()
    model = ThreeMethods(ServerError("500"))
    client = LLMClient(model)

    async def sleep(seconds):
        waiting.set()
        await anyio.sleep(0.05)

    client._flow.clock._sleep = sleep
    caught = []

    async def call():
        try:
            await client.generate("hello")
        except LLMError as error:
            caught.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await waiting.wait()
        await client.aclose()
    assert [type(error) for error in caught] == [ConnectionFailedError]
    assert len(model.asked) == 1


async def test_tenacitys_stop_after_delay_counts_the_first_attempt():
    import tenacity

    class Slow(ThreeMethods):
        async def generate_text(self, messages, **parameters):
            await anyio.sleep(0.1)
            return await super().generate_text(messages, **parameters)

    model = Slow(ServerError("500"), ServerError("500"))
    policy = RetryPolicy(stop=tenacity.stop_after_delay(0.05), wait=lambda state: 0.0)
    async with LLMClient(model, retry=policy) as client:
        with pytest.raises(ServerError):
            await client.generate("hello")
    assert len(model.asked) == 1


async def test_an_answer_with_a_local_parsed_class_pickles():
    class Local:
        pass

    answer = Response(Message.assistant("ok"), parsed=Local())
    assert pickle.loads(pickle.dumps(answer)).parsed is None
    assert pickle.loads(pickle.dumps(answer.with_(parsed=[1]))).parsed == [1]


async def test_a_hook_set_on_an_instance_is_called():
    observer, got = ModelObserver(), []
    observer.on_request_complete = got.append
    async with LLMClient(ThreeMethods(), observers=[observer]) as client:
        await client.generate("hello")
    assert len(got) == 1


async def test_count_tokens_refuses_what_it_does_not_know():
    async with LLMClient(ThreeMethods()) as client:
        with pytest.raises(InvalidRequestError, match="temperature"):
            await client.count_tokens("hello", temperature=1)
        with pytest.raises(InvalidRequestError, match="source"):
            await client.count_tokens("hello", source="guess")
