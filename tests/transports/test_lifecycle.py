"""Closing, other event loops, other threads, forked processes."""

from __future__ import annotations

import asyncio
import copy
import gc
import importlib
import os
import pickle
import subprocess
import sys
import threading

import anyio
import pytest

from bedrock_llm.errors import ConfigurationError, ConnectionFailedError, UsageError
from bedrock_llm.transports.aiohttp_transport import AiohttpTransport
from bedrock_llm.transports.base import HTTPCall
from bedrock_llm.transports.httpx2_transport import HttpxTransport

OWN = pytest.mark.parametrize("make", [AiohttpTransport, HttpxTransport])


@pytest.mark.anyio
async def test_after_close_a_call_is_refused_and_nothing_is_open(transport, close_all, call, server):
    await transport.send(call("/echo"))
    await close_all()
    await transport.aclose()
    for ask in (transport.send, transport.open):
        with pytest.raises(UsageError):
            await ask(call("/echo"))
    await server.open_becomes(0)


@pytest.mark.anyio
async def test_close_before_any_call(transport, call):
    await transport.aclose()
    with pytest.raises(UsageError):
        await transport.send(call("/echo"))


@pytest.mark.anyio
@pytest.mark.parametrize("port", ["plain", "tls"])
async def test_calls_in_flight_end_when_the_transport_is_closed(transport, call, server, port):
    async def ask(path, failures):
        reply = None
        try:
            reply = await transport.open(call(path, port=port))
            while await reply.read():
                pass
        except ConnectionFailedError as error:
            failures.append((error.sent, error.retryable))
        finally:
            if reply is not None:
                await reply.aclose()

    async def connect(failures):
        try:
            await transport.send(HTTPCall("POST", f"http://127.0.0.1:{server.ports['full']}/", {}))
        except ConnectionFailedError as error:
            failures.append((error.sent, error.retryable))

    failures: list = []
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(connect, failures)
            group.start_soon(ask, "/stall-before-headers", failures)
            group.start_soon(ask, "/pieces?n=1&then=stall", failures)
            group.start_soon(ask, "/pieces?n=100000&every=0.005", failures)
            await server.open_becomes(3)
            await anyio.sleep(0.05)
            await transport.aclose()
    assert sorted(failures) == [(False, False), (True, False), (True, False), (True, False)]
    await server.open_becomes(0)


@pytest.mark.anyio
async def test_a_stream_that_nobody_reads_ends_when_the_transport_is_closed(transport, call, server):
    reply = await transport.open(call("/pieces?n=1&then=stall"))
    await transport.aclose()
    with pytest.raises(ConnectionFailedError):
        while await reply.read():
            pass
    await reply.aclose()
    await server.open_becomes(0)


@pytest.mark.anyio
async def test_a_closed_stream_is_not_read(transport, call):
    reply = await transport.open(call("/pieces?n=1&then=stall"))
    await reply.aclose()
    with pytest.raises(UsageError):
        await reply.read()


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/pieces?n=1", "/pieces?n=1&every=0.01", "/echo", "/encoded?kind=gzip"])
async def test_a_finished_stream_gives_its_connection_to_the_next_call(transport, call, server, path):
    reply = await transport.open(call(path))
    assert await reply.read()
    await reply.finish()
    opened = server.stats()["connections"]
    await transport.send(call("/echo"))
    assert server.stats()["connections"] == opened + 1  # the one that asks for the stats
    await reply.finish()
    await reply.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path", ["/pieces?n=1&then=stall", "/pieces?n=100000&every=0.005", "/cut-chunk?at=between", "/large?bytes=70000000"]
)
async def test_a_finished_stream_whose_body_does_not_end_is_closed(transport, call, server, path):
    reply = await transport.open(call(path))
    assert await reply.read()
    with anyio.fail_after(1):
        await reply.finish()
    await server.open_becomes(0)


@pytest.mark.anyio
async def test_a_client_that_was_passed_in_stays_open(made, call, kind):
    transport, client = made
    if client is None:
        pytest.skip("no client was passed in")
    await transport.send(call("/echo"))
    await transport.aclose()
    assert not client.is_closed
    assert (await client.get(call("/echo").url)).status_code == 200


@pytest.mark.anyio
async def test_a_client_that_its_user_closed_is_a_mistake_of_use(made, call):
    transport, client = made
    if client is None:
        pytest.skip("no client was passed in")
    await client.aclose()
    with pytest.raises(UsageError):
        await transport.send(call("/echo"))


@OWN
def test_a_transport_cannot_be_pickled_or_copied(make):
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(make())


@OWN
def test_without_an_event_loop_a_call_is_refused(make):
    with pytest.raises(UsageError):
        make().send(HTTPCall("GET", "http://127.0.0.1:1/", {})).send(None)


def test_a_thing_that_is_no_async_client_is_refused():
    import httpx2

    with httpx2.Client() as client, pytest.raises(ConfigurationError):
        HttpxTransport(client)
    with pytest.raises(ConfigurationError):
        HttpxTransport(object())


@OWN
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_another_event_loop_gets_fresh_connections(make, server):
    """Also where the first loop ended without a close, with an idle connection and an open stream."""
    transport = make()
    url = server.url("/echo")

    async def leave():
        await transport.send(HTTPCall("POST", url, {}))
        return await transport.open(HTTPCall("POST", server.url("/pieces?n=1&then=stall"), {}))

    async def come_again():
        assert (await transport.send(HTTPCall("POST", url, {}))).status == 200
        assert (await transport.send(HTTPCall("POST", url, {}))).status == 200
        await transport.aclose()

    left = asyncio.run(leave())
    asyncio.run(come_again())
    del left
    gc.collect()
    asyncio.run(server.open_becomes(0))


@OWN
def test_two_threads_each_have_their_own_connections(make, server):
    transport = make()
    failures: list[BaseException] = []
    ready = threading.Barrier(2, timeout=5)

    async def ask():
        for _ in range(50):
            assert (await transport.send(HTTPCall("POST", server.url("/echo"), {}, b"x"))).status == 200
        ready.wait()

    def work():
        try:
            asyncio.run(ask_and_wait())
        except BaseException as error:
            failures.append(error)

    async def ask_and_wait():
        await ask()
        while not closed.is_set():
            await asyncio.sleep(0.01)
        with pytest.raises(UsageError):
            await transport.send(HTTPCall("POST", server.url("/echo"), {}))
        await asyncio.sleep(0.1)

    async def ask_and_close():
        await ask()
        await transport.aclose()
        closed.set()

    closed = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    asyncio.run(ask_and_close())
    thread.join(5)
    assert failures == []
    asyncio.run(server.open_becomes(0))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_a_passed_in_client_on_a_second_loop_says_why_it_fails(server, library):
    def use_on_two_loops():
        transport = HttpxTransport(importlib.import_module(library).AsyncClient())

        async def ask():
            return (await transport.send(HTTPCall("POST", server.url("/echo"), {}))).status

        assert asyncio.run(ask()) == 200
        with pytest.raises(UsageError, match="another event loop"):
            asyncio.run(ask())

    use_on_two_loops()
    gc.collect()  # here, where the complaints about the first loop's socket are expected


FORK = """
import asyncio, os, sys
from bedrock_llm.transports.choose import default_transport
from bedrock_llm.transports.base import HTTPCall

transport = default_transport()
call = HTTPCall("POST", sys.argv[1], {})

async def ask():
    return (await transport.send(call)).status

loop = asyncio.new_event_loop()
print(loop.run_until_complete(ask()), flush=True)
child = os.fork()
if child == 0:
    async def main():
        status = await ask()
        await transport.aclose()
        return status
    print(asyncio.run(main()), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(loop.run_until_complete(ask()), flush=True)
loop.run_until_complete(transport.aclose())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_opens_its_own_connections_and_leaves_the_parents_alone(server):
    before = server.stats()["connections"]
    command = [sys.executable, "-c", FORK, server.url("/echo")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout.split(), done.stderr, done.returncode) == (["200", "200", "200"], "", 0)
    assert server.stats()["connections"] == before + 1 + 2  # ours for the stats, the parent's, the child's
