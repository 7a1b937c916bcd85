"""Clients of httpx2 and httpx without a network: mocks and ASGI applications."""

from __future__ import annotations

import gzip
import importlib

import anyio
import pytest

from bedrock_llm.config import Timeouts
from bedrock_llm.errors import ConnectionFailedError, ProtocolError, RequestTimeoutError
from bedrock_llm.transports.base import HTTPCall, HTTPReply
from bedrock_llm.transports.httpx2_transport import HttpxTransport

pytestmark = pytest.mark.anyio
URL = "https://host.example/model/a%3Ab/converse"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


@pytest.fixture(params=["httpx", "httpx2"])
def library(request):
    return importlib.import_module(request.param)


@pytest.fixture
def asking(library):
    """A transport over a function from request to response."""

    def make(handler, **options):
        client = library.AsyncClient(transport=library.MockTransport(handler), **options)
        return HttpxTransport(client)

    return make


async def read_all(reply) -> bytes:
    pieces = []
    while piece := await reply.read():
        pieces.append(piece)
    await reply.aclose()
    return b"".join(pieces)


async def test_a_mocks_ready_answer(asking, library):
    seen = []

    def answer(request):
        seen.append((request.method, request.url.raw_path, request.content, request.headers["x-a"]))
        return library.Response(200, headers={"X-B": "2"}, content=b"answer")

    transport = asking(answer)
    reply = await transport.send(HTTPCall("POST", URL, {"X-A": "1"}, b"body"))
    assert reply == HTTPReply(200, {"x-b": "2", "content-length": "6"}, b"answer")
    assert await read_all(await transport.open(HTTPCall("POST", URL, {"X-A": "1"}, b"body"))) == b"answer"
    assert seen == [("POST", b"/model/a%3Ab/converse", b"body", "1")] * 2


async def test_a_mocks_encoded_answer_is_decoded_once(asking, library):
    headers = {"Content-Encoding": "gzip"}
    ready = asking(lambda request: library.Response(200, headers=headers, content=gzip.compress(b"answer")))
    assert (await ready.send(HTTPCall("POST", URL, {}))).body == b"answer"

    async def pieces():
        for byte in gzip.compress(b"answer"):
            yield bytes([byte])

    streamed = asking(lambda request: library.Response(200, headers=headers, content=pieces()))
    assert (await streamed.send(HTTPCall("POST", URL, {}))).body == b"answer"


async def test_an_exception_of_the_library_is_mapped(asking, library):
    def fail(request):
        raise error

    for error, sent in [(library.ConnectError("no"), False), (library.ReadError("no"), False)]:
        with pytest.raises(ConnectionFailedError) as caught:
            await asking(fail).send(HTTPCall("POST", URL, {}))
        assert (caught.value.sent, caught.value.__cause__) == (sent, error)
    error = library.ReadTimeout("no")
    with pytest.raises(RequestTimeoutError) as caught_timeout:
        await asking(fail).send(HTTPCall("POST", URL, {}))
    assert (caught_timeout.value.phase, caught_timeout.value.sent) == ("first_event", True)
    error = library.PoolTimeout("no")
    with pytest.raises(RequestTimeoutError) as caught_timeout:
        await asking(fail).send(HTTPCall("POST", URL, {}))
    assert (caught_timeout.value.phase, caught_timeout.value.sent) == ("pool", False)


async def test_an_exception_of_the_users_own_code_comes_through(asking):
    def fail(request):
        raise KeyError("theirs")

    with pytest.raises(KeyError, match="theirs"):
        await asking(fail).send(HTTPCall("POST", URL, {}))


async def test_the_clients_own_auth_does_not_replace_ours_and_redirects_stay_off(asking, library):
    def answer(request):
        assert request.url.host == "host.example"
        headers = {"location": "https://elsewhere.example/", "x-seen": request.headers.get("authorization", "none")}
        return library.Response(307, headers=headers)

    transport = asking(answer, auth=("user", "pass"), follow_redirects=True)
    signed = await transport.send(HTTPCall("POST", URL, {"Authorization": "AWS4-HMAC-SHA256 x"}))
    assert (signed.status, signed.headers["x-seen"]) == (307, "AWS4-HMAC-SHA256 x")
    assert (await transport.send(HTTPCall("POST", URL, {}))).headers["x-seen"] == "Basic dXNlcjpwYXNz"


async def test_a_mock_that_stalls_ends_at_the_deadlines(asking, library):
    async def stall(request):
        await anyio.sleep(60)

    timeouts = Timeouts(connect_s=0.02, pool_s=0.02, first_event_s=0.06, idle_s=0.05)
    with anyio.fail_after(5), pytest.raises(RequestTimeoutError):
        await asking(stall).send(HTTPCall("POST", URL, {}, b"", timeouts))

    async def one_piece():
        yield b"first"
        await anyio.sleep(60)

    transport = asking(lambda request: library.Response(200, content=one_piece()))
    reply = await transport.open(HTTPCall("POST", URL, {}, b"", timeouts))
    assert await reply.read() == b"first"
    reply.started()
    with anyio.fail_after(5), pytest.raises(RequestTimeoutError) as caught:
        await reply.read()
    assert caught.value.phase == "idle"
    await reply.aclose()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # trio, of the mock's generator
async def test_a_body_without_end_is_bounded(asking, library):
    async def endless():
        while True:
            yield bytes(2**20)

    with pytest.raises(ProtocolError, match="64 MiB"):
        await asking(lambda request: library.Response(200, content=endless())).send(HTTPCall("POST", URL, {}))


async def test_an_asgi_application_answers(library):
    async def application(scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x-path", scope["raw_path"])]})
        await send({"type": "http.response.body", "body": body.upper()})

    async with library.AsyncClient(transport=library.ASGITransport(app=application)) as client:
        transport = HttpxTransport(client)
        reply = await transport.send(HTTPCall("POST", URL, {}, b"quiet"))
        assert reply == HTTPReply(201, {"x-path": "/model/a%3Ab/converse"}, b"QUIET")
        await transport.aclose()
