"""aiohttp, in one event loop: its connections, and the calls under way.

Here: `AiohttpPool`. Not here: which loop (loops.py), what is sent (aiohttp_exchange.py), one call's deadlines
(aiohttp_flight.py), its body (aiohttp_reply.py). Called by: aiohttp_transport.py, which imports it at the first call:
aiohttp takes 0.15 s to load.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from typing import TYPE_CHECKING, Any

import aiohttp

from bedrock_llm.errors import ConnectionFailedError
from bedrock_llm.transports.addresses import folded
from bedrock_llm.transports.aiohttp_exchange import Address, address_of, exchange
from bedrock_llm.transports.aiohttp_flight import Flight, Flights, WakingHandler, close_socket_of
from bedrock_llm.transports.aiohttp_reply import EncodedReply, PlainReply
from bedrock_llm.transports.base import HTTPCall, HTTPReply

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from aiohttp.http import RawResponseMessage

__all__ = ["AiohttpPool"]

_KEEPALIVE_S = 30.0  # idle connections are kept so long: longer than a reader's pause, shorter than servers keep them
_CACHED = 256  # addresses kept ready; a client has a few


class AiohttpPool:
    """All connections of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tls: Callable[[], ssl.SSLContext] | None) -> None:
        self._loop = loop
        self._flights = Flights(loop)
        self._addresses: dict[str, Address] = {}
        self._closing: asyncio.Task[None] | None = None
        self._tls = tls
        self._connector = _new_connector()

    # --- calls ------------------------------------------------------------------------------------------------------

    async def send(self, call: HTTPCall) -> HTTPReply:
        """See `Transport.send`."""
        reply = await self.open(call)
        try:
            reply.started()
            pieces = [await reply.read()]
            while pieces[-1] and not reply.at_end:
                pieces.append(await reply.read())
        finally:
            await reply.aclose()
        return HTTPReply(reply.status, reply.headers, b"".join(pieces))

    async def open(self, call: HTTPCall) -> PlainReply:
        """See `Transport.open`."""
        flight = Flight(self._loop, self._flights, call)
        try:
            tls = self._tls() if self._tls is not None and call.url.startswith("https") else None
            message, content = await exchange(self._connector, call, self._address(call.url, tls), flight, tls)
            if flight.error is not None:
                raise flight.error
            return _reply(message, content, flight)
        except BaseException as error:
            outcome = flight.outcome(error)
            if outcome is error:
                raise
            raise outcome from outcome.__cause__ or error

    def _address(self, url: str, tls: ssl.SSLContext | None) -> Address:
        known = self._addresses.get(url)
        if known is None:
            if len(self._addresses) >= _CACHED:
                self._addresses.clear()
            known = self._addresses[url] = address_of(url, tls, self._loop)
        return known

    # --- ends -------------------------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """End the calls under way, close the connections."""
        for flight in tuple(self._flights):
            error = ConnectionFailedError("the transport was closed under this call", sent=flight.sent, retryable=False)
            flight.fail(error)
            flight.abort()
        await self._connector.close()

    def close_soon(self) -> None:
        """See `Pool`."""
        self._closing = self._loop.create_task(self.aclose())

    def abandon(self) -> None:
        """See `Pool`. What aiohttp offers for this needs the loop."""
        for flight in tuple(self._flights):
            flight.abandon()
        idle = self._connector._conns  # noqa: SLF001
        for connections in idle.values():
            for protocol, _ in connections:
                close_socket_of(protocol.transport)
        idle.clear()  # the connector's destructor would report them to the closed loop


def _new_connector() -> aiohttp.TCPConnector:
    """The connections of the running loop, as many as there are calls."""
    connector = aiohttp.TCPConnector(
        limit=0,
        keepalive_timeout=_KEEPALIVE_S,
        resolver=aiohttp.ThreadedResolver(),  # the system's answers, also where aiodns is installed
        socket_factory=_socket,
    )
    # There is no public way to say which protocol a connection speaks.
    connector._factory = functools.partial(WakingHandler, loop=asyncio.get_running_loop())  # type: ignore[assignment]  # noqa: SLF001
    return connector


def _socket(address: Any) -> socket.socket:
    """A socket with TCP keepalive: a model may think for minutes, and gateways forget silent connections."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5)):
        option = getattr(socket, name, None)  # not on every platform
        if option is not None:
            made.setsockopt(socket.IPPROTO_TCP, option, value)
    return made


def _reply(message: RawResponseMessage, content: aiohttp.StreamReader, flight: Flight) -> PlainReply:
    """The reply whose headers are there."""
    flight.answered(content)
    headers = folded(message.headers.items())
    if "content-encoding" in headers:
        from bedrock_llm.transports.compression import decoder_for  # rarely needed: we ask for no encoding

        decoder = decoder_for(headers["content-encoding"])
        if decoder is not None:
            return EncodedReply(message.code, headers, content, flight, decoder)
    return PlainReply(message.code, headers, content, flight)
