"""The emulator as a plain ASGI application.

Here: HTTP in and out, the pace of a stream, connections cut or held. Not here: what is answered (service.py), the
socket (server.py). Called by: any ASGI server, or `httpx2.ASGITransport` in a test without a socket.
Follows: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from time import gmtime, strftime
from typing import Any, TypeAlias

from bedrock_llm.testing.emulator.service import Service
from bedrock_llm.testing.emulator.wire import Answer, Received

__all__ = ["EmulatorApp"]

_Message: TypeAlias = "MutableMapping[str, Any]"
_Receive: TypeAlias = "Callable[[], Awaitable[_Message]]"
_Send: TypeAlias = "Callable[[_Message], Awaitable[None]]"
_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


class EmulatorApp:
    """Serves a `Service` over ASGI."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Handle one connection's scope: a request, or the server's own start and end."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        received = _received(scope, await _body(receive))
        answer = self._service.handle(received)
        if answer.ending == "silence":
            await _until_gone(receive)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": self._headers(answer)})
        await _send_chunks(answer, receive, send)

    def _headers(self, answer: Answer) -> list[tuple[bytes, bytes]]:
        """With the service's clock in `date`, as a client with a wrong clock needs it."""
        date = strftime(_HTTP_DATE, gmtime(self._service.clock()))
        named = {} if answer.names_itself else {"x-amzn-requestid": str(uuid.uuid4())}
        headers = {"date": date, **named, **answer.headers}
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def _send_chunks(answer: Answer, receive: _Receive, send: _Send) -> None:
    for chunk in answer.chunks:
        if answer.delay_s:
            import anyio

            await anyio.sleep(answer.delay_s)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if answer.ending == "whole":
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    elif answer.ending == "stall":
        await _until_gone(receive)
    # "cut": to return before the body is complete makes the server close the connection


async def _until_gone(receive: _Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _body(receive: _Receive) -> bytes:
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def _received(scope: _Message, body: bytes) -> Received:
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    return Received(scope["method"], path, scope.get("query_string", b"").decode("latin-1"), headers, body)


async def _lifespan(receive: _Receive, send: _Send) -> None:
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})
