"""Cancelled at every await point: no socket, no task and no slot is left."""

from __future__ import annotations

import asyncio
import gc
import time

import pytest

from bedrock_llm.config import Limits, RetryPolicy
from bedrock_llm.errors import StreamInterruptedError, UsageError
from tests.strangers import Seen

pytestmark = pytest.mark.anyio
DEADLINE_S = 5


@pytest.fixture
def anyio_backend():
    return "asyncio"


class CancelledAt:
    """Runs a coroutine and cancels the task at its `point`-th await that really waits."""

    def __init__(self, coroutine, point):
        self.coroutine = coroutine
        self.point = point
        self.passed = 0

    def __await__(self):
        sent, thrown = None, None
        while True:
            try:
                waited_for = self.coroutine.throw(thrown) if thrown else self.coroutine.send(sent)
            except StopIteration as end:
                return end.value
            self.passed += 1
            if self.passed == self.point:
                asyncio.current_task().cancel()
            try:
                sent, thrown = (yield waited_for), None
            except BaseException as error:
                sent, thrown = None, error


async def generate(client):
    return (await client.generate("hello", max_tokens=9)).text


async def generate_long(client):
    return (await client.generate("hello")).text


async def stream(client):
    async with client.stream("hello") as running:
        return "".join([text async for text in running.text()])


async def stream_and_leave(client):
    async with client.stream("hello") as running:
        async for _ in running:
            break
    return "left"


async def no_connection_under_way(emulator, idle=0):
    ends = time.monotonic() + DEADLINE_S
    while emulator.open_connections > idle:
        assert time.monotonic() < ends, f"{emulator.open_connections} connections stand at the server"
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("faults", [(), ("throttle",)])
@pytest.mark.parametrize("use", [generate, generate_long, stream, stream_and_leave])
async def test_cancelled_at_every_await_point_nothing_is_left(emulator, client_of, use, faults):
    emulator.reply(lambda request: "one two three")
    tasks = asyncio.all_tasks()
    points = 0
    for point in range(1, 500):
        for fault in faults:
            emulator.fail(fault)
        seen = Seen()
        policy = RetryPolicy(wait=lambda state: 0.001)
        client = client_of(limits=Limits(max_concurrency=1), observers=[seen], retry=policy)
        run = CancelledAt(use(client), point)
        task = asyncio.ensure_future(_await(run))
        try:
            await asyncio.wait_for(task, DEADLINE_S)
            finished = True
        except asyncio.CancelledError:
            finished = False
            points += 1
            await no_connection_under_way(emulator, idle=1)  # one whose answer was read stays for the next call
            assert seen.names[-1:] == ["error"] or seen.names == []
            assert [name for name in seen.names if name != "retry"] in (["start", "error"], [])
        emulator._service.faults.clear()
        assert await asyncio.wait_for(use(client), DEADLINE_S) in ("one two three", "left")
        await client.aclose()
        await no_connection_under_way(emulator)
        if finished:
            break
    else:
        pytest.fail("the call never ended by itself")
    gc.collect()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks
    assert points >= 3


@pytest.mark.parametrize("use", [generate, generate_long, stream])
async def test_cancelled_while_the_server_is_silent_the_connection_is_closed(emulator, client_of, use):
    emulator.reply(lambda request: "one two three")
    async with client_of(limits=Limits(max_concurrency=1)) as client:
        for _ in range(5):
            emulator.fail("stall")
            asked = len(emulator.received)
            task = asyncio.ensure_future(use(client))
            ends = time.monotonic() + DEADLINE_S
            while len(emulator.received) == asked:
                assert time.monotonic() < ends
                await asyncio.sleep(0.002)
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await no_connection_under_way(emulator)
        assert await use(client) == "one two three"


async def _await(awaitable):
    return await awaitable


async def test_leaving_early_without_closing_frees_the_socket(emulator, client_of):
    emulator.reply(lambda request: "word " * 200)
    emulator.delay_s = 0.01
    async with client_of(limits=Limits(max_concurrency=4)) as client:
        for _ in range(20):
            async with client.stream("hello") as running:
                async for _ in running:
                    break
            await no_connection_under_way(emulator)


async def test_close_twice_and_use_after_close(emulator, client_of):
    emulator.reply(lambda request: "word " * 50)
    emulator.delay_s = 0.01
    client = client_of()
    running = client.stream("hello")
    await running.__aenter__()
    await running.aclose()
    await running.aclose()
    with pytest.raises(StreamInterruptedError, match="left before its end"):
        await anext(running)
    await client.aclose()
    await client.aclose()
    with pytest.raises(UsageError):
        await client.generate("hello")
    await no_connection_under_way(emulator)


async def test_closing_the_client_ends_calls_in_flight(emulator, client_of):
    from bedrock_llm.errors import ConnectionFailedError

    emulator.fail("stall")
    client = client_of()
    task = asyncio.ensure_future(client.generate("hello", max_tokens=9))
    ends = time.monotonic() + DEADLINE_S
    while not emulator.received:
        assert time.monotonic() < ends
        await asyncio.sleep(0.005)
    await client.aclose()
    with pytest.raises(ConnectionFailedError):
        await asyncio.wait_for(task, DEADLINE_S)
    await no_connection_under_way(emulator)
