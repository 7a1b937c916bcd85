"""The fault server, and one transport of each kind on each event loop it works on."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from bedrock_llm.config import Timeouts
from bedrock_llm.transports.aiohttp_transport import AiohttpTransport
from bedrock_llm.transports.base import HTTPCall, Transport
from bedrock_llm.transports.httpx2_transport import HttpxTransport

ROOT = Path(__file__).resolve().parents[2]
TLS_PORTS = {"tls", "expired", "wrong_host", "self_signed", "old_tls", "dropping_tls", "stalled_tls"}
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class FaultServer:
    ports: dict[str, int]
    ca_bundle: str

    def url(self, path: str, port: str = "plain") -> str:
        scheme = "https" if port in TLS_PORTS else "http"
        return f"{scheme}://127.0.0.1:{self.ports[port]}{path}"

    def stats(self) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["plain"], timeout=5)
        try:
            connection.request("GET", "/stats")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    async def open_becomes(self, number: int) -> None:
        """Wait, at most 5 s, until so many connections are open at the server."""
        with anyio.fail_after(5):
            await anyio.sleep(0.01)  # the client's loop must turn for it to see what the server did
            while self.stats()["open"] != number:
                await anyio.sleep(0.01)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fault_server")
    command = [sys.executable, "-m", "tests.transports.fault_server", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield FaultServer(json.loads(process.stdout.readline()), str(folder / "ca.pem"))
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(5)


@pytest.fixture(autouse=True)
def no_environment_proxy(monkeypatch):
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def _client(module: str, ca_bundle: str | None) -> Any:
    import importlib
    import ssl

    library = importlib.import_module(module)
    verify = ssl.create_default_context(cafile=ca_bundle)
    return library.AsyncClient(verify=verify, limits=library.Limits(max_connections=None), follow_redirects=True)


@dataclass(frozen=True)
class Kind:
    """A transport on an event loop."""

    name: str
    backend: Any

    @property
    def is_aiohttp(self) -> bool:
        return self.name == "aiohttp"

    @property
    def passes_client(self) -> bool:
        return self.name.startswith("passed")

    def make(self, ca_bundle: str | None = None) -> tuple[Transport, Any]:
        """The transport, and the client to close after it, if one was passed in."""
        if self.is_aiohttp:
            return AiohttpTransport(ca_bundle=ca_bundle), None
        if not self.passes_client:
            return HttpxTransport(ca_bundle=ca_bundle), None
        client = _client(self.name.removeprefix("passed "), ca_bundle)
        return HttpxTransport(client), client


ASYNCIO, UVLOOP, TRIO = ("asyncio", {}), ("asyncio", {"use_uvloop": True}), ("trio", {})
KINDS = {
    "aiohttp": Kind("aiohttp", ASYNCIO),
    "aiohttp-uvloop": Kind("aiohttp", UVLOOP),
    "httpx2": Kind("httpx2", ASYNCIO),
    "httpx2-trio": Kind("httpx2", TRIO),
    "passed-httpx": Kind("passed httpx", ASYNCIO),
    "passed-httpx2-trio": Kind("passed httpx2", TRIO),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request):
    if request.param.backend == UVLOOP:
        pytest.importorskip("uvloop")
    return request.param


@pytest.fixture
def anyio_backend(kind):
    return kind.backend


@pytest.fixture
async def made(kind, server, anyio_backend):
    """The transport and, if one was passed in, its client."""
    transport, client = kind.make(server.ca_bundle)
    yield transport, client
    await transport.aclose()
    if client is not None:
        await client.aclose()


@pytest.fixture
def transport(made):
    return made[0]


@pytest.fixture
def close_all(made):
    """Close the transport and, as its user would, the client."""

    async def close():
        await made[0].aclose()
        if made[1] is not None:
            await made[1].aclose()

    return close


@pytest.fixture
def call(server):
    """Make a call to the fault server: `call("/echo", body=b"x", idle_s=0.05)`."""

    def make(path, *, port="plain", method="POST", headers=None, body=b"", **timeouts) -> HTTPCall:
        timeouts = {"connect_s": 5, "first_event_s": 5, "idle_s": 5, **timeouts}
        return HTTPCall(method, server.url(path, port), headers or {}, body, Timeouts(**timeouts))

    return make
