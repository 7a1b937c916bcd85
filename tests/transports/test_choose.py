"""The default transport: aiohttp under asyncio, httpx2 under trio, each loaded only where it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bedrock_llm.errors import UsageError
from bedrock_llm.transports.base import HTTPCall
from bedrock_llm.transports.choose import default_transport

USED = """
import sys
from bedrock_llm.transports.choose import default_transport
from bedrock_llm.transports.base import HTTPCall
transport = default_transport()
assert not {"aiohttp", "httpx2", "asyncio", "trio", "anyio", "ssl"} & set(sys.modules), "too early"

async def main():
    status = (await transport.send(HTTPCall("POST", sys.argv[1], {}))).status
    reply = await transport.open(HTTPCall("POST", sys.argv[1], {}))
    while await reply.read():
        pass
    await reply.aclose()
    await transport.aclose()
    print(status, "aiohttp" in sys.modules, "httpx2" in sys.modules)

if sys.argv[2] == "trio":
    import trio
    trio.run(main)
elif sys.argv[2] == "guest":
    import asyncio, trio
    async def host():
        done = asyncio.get_running_loop().create_future()
        trio.lowlevel.start_guest_run(
            main,
            run_sync_soon_threadsafe=asyncio.get_running_loop().call_soon_threadsafe,
            done_callback=done.set_result,
        )
        (await done).unwrap()
    asyncio.run(host())
else:
    import asyncio
    asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("loop", "expected"), [("asyncio", "200 True False"), ("trio", "200 False True"), ("guest", "200 False True")]
)
def test_the_library_that_fits_the_loop_is_used_and_only_that_is_loaded(server, loop, expected):
    command = [sys.executable, "-c", USED, server.url("/echo"), loop]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout.strip(), done.stderr) == (expected, "")


def test_without_a_loop_a_call_is_refused():
    with pytest.raises(UsageError):
        default_transport().open(HTTPCall("GET", "http://127.0.0.1:1/", {})).send(None)
