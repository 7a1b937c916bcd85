"""When a call is cancelled or left, its connection is closed and no task stays."""

from __future__ import annotations

import asyncio
import gc
import sys

import anyio
import pytest

from bedrock_llm.transports.base import HTTPCall

pytestmark = pytest.mark.anyio

PHASES = ["/stall-before-headers", "/pieces?n=1&then=stall", "/pieces?n=100000&every=0.005", "/never-read"]


async def no_task_but_ours(before: set) -> None:
    """Wait, at most 5 s, until all tasks that were not there before have ended."""
    if "trio" in sys.modules and not before:
        return
    with anyio.fail_after(5):
        while asyncio.all_tasks() - before:
            await anyio.sleep(0.01)


def tasks(kind) -> set:
    return asyncio.all_tasks() if kind.backend[0] == "asyncio" else set()


async def read_on(transport, call: HTTPCall) -> None:
    reply = await transport.open(call)
    try:
        reply.started()
        while await reply.read():
            pass
    finally:
        await reply.aclose()


async def send(transport, call: HTTPCall) -> None:
    await transport.send(call)


@pytest.mark.parametrize("ask", [send, read_on])
@pytest.mark.parametrize("path", PHASES)
@pytest.mark.parametrize("port", ["plain", "tls"])
async def test_twenty_calls_cancelled_at_once_leave_nothing(transport, call, server, kind, ask, path, port):
    body = bytes(8_000_000) if path == "/never-read" else b"prompt"
    before = tasks(kind)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask, transport, call(path, port=port, body=body))
        await server.open_becomes(20)
        await anyio.sleep(0.02)
        group.cancel_scope.cancel()
    await server.open_becomes(0)
    await no_task_but_ours(before)
    assert (await transport.send(call("/echo", port=port))).status == 200


async def test_calls_cancelled_in_the_tls_handshake_leave_nothing(transport, call, server, kind):
    before = tasks(kind)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(send, transport, call("/echo", port="stalled_tls"))
        await server.open_becomes(20)
        group.cancel_scope.cancel()
    await server.open_becomes(0)
    await no_task_but_ours(before)


async def test_calls_cancelled_while_connecting_leave_nothing(transport, server, kind):
    before = tasks(kind)
    full = HTTPCall("POST", f"http://127.0.0.1:{server.ports['full']}/", {})
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(send, transport, full)
        await anyio.sleep(0.05)
        group.cancel_scope.cancel()
    await no_task_but_ours(before)


@pytest.mark.parametrize("delay_ms", range(12))
async def test_a_call_cancelled_at_any_moment_leaves_nothing(transport, close_all, call, server, kind, delay_ms):
    before = tasks(kind)
    # uvloop itself reports a callback that fails, if TLS is cancelled in the round in which it would answer.
    for port in ("plain",) if kind.backend[1] else ("plain", "tls"):
        with anyio.move_on_after(delay_ms / 1000):
            await transport.send(call("/pieces?n=5&every=0.001", port=port))
        with anyio.move_on_after(delay_ms / 1000):
            await read_on(transport, call("/pieces?n=5&every=0.001", port=port))
    await no_task_but_ours(before)
    await close_all()
    await server.open_becomes(0)


async def test_a_cancelled_task_ends_as_cancelled(transport, call, kind):
    if kind.backend[0] != "asyncio":
        pytest.skip("asyncio's own cancellation")
    task = asyncio.ensure_future(transport.send(call("/stall-before-headers")))
    await asyncio.sleep(0.05)
    task.cancel("by name")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_asyncio_timeout_around_a_call_works(transport, call, kind, server):
    if kind.backend[0] != "asyncio":
        pytest.skip("asyncio's own timeout")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await transport.send(call("/stall-before-headers"))
    assert asyncio.current_task().cancelling() == 0
    await server.open_becomes(0)


async def test_closing_a_stream_early_closes_its_connection(transport, call, server):
    reply = await transport.open(call("/pieces?n=1&then=stall"))
    await reply.read()
    assert server.stats()["open"] == 1
    await reply.aclose()
    await server.open_becomes(0)
    await reply.aclose()


async def test_closing_a_stream_before_it_was_read_closes_its_connection(transport, call, server):
    reply = await transport.open(call("/pieces?n=1&then=stall"))
    await reply.aclose()
    await server.open_becomes(0)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_stream_that_is_dropped_is_closed(transport, call, server, kind):
    if kind.backend[0] == "trio":
        pytest.skip("trio ends a dropped generator with a complaint")
    reply = await transport.open(call("/pieces?n=1&then=stall"))
    await reply.read()
    del reply
    gc.collect()
    await server.open_becomes(0)


async def test_200_streams_at_once(transport, close_all, call, server):
    async def one() -> None:
        reply = await transport.open(call("/pieces?n=5&every=0.01"))
        text = b""
        while piece := await reply.read():
            text += piece
        await reply.aclose()
        done.append(text)

    done: list[bytes] = []
    async with anyio.create_task_group() as group:
        for _ in range(200):
            group.start_soon(one)
    assert done == [b"piece 0;piece 1;piece 2;piece 3;piece 4;"] * 200
    await close_all()
    await server.open_becomes(0)
