"""aiohttp, in one event loop: a session, its connections, the calls under way.

Here: `AiohttpPool`. Not here: which loop (loops.py), one call's deadlines (aiohttp_flight.py), its body
(aiohttp_reply.py). Called by: aiohttp_transport.py, which imports it at the first call: aiohttp takes 0.15 s to load.
"""

from __future__ import annotations

import asyncio
import functools
import io
import math
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import yarl
from aiohttp.payload import TOO_LARGE_BYTES_BODY

from bedrock_llm.errors import ConnectionFailedError
from bedrock_llm.transports.addresses import checked_url, folded, our_headers, user_agent
from bedrock_llm.transports.aiohttp_flight import (
    CURRENT_FLIGHT,
    Flight,
    FlightRequest,
    Flights,
    WakingHandler,
    close_socket_of,
)
from bedrock_llm.transports.aiohttp_reply import EncodedReply, PlainReply
from bedrock_llm.transports.base import HTTPCall, HTTPReply
from bedrock_llm.transports.compression import decoder_for
from bedrock_llm.transports.proxies import Proxy, environment_proxy

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

__all__ = ["AiohttpPool"]

_KEEPALIVE_S = 30.0  # idle connections are kept so long: longer than a reader's pause, shorter than servers keep them
_BUFFER_BYTES = 64 * 1024  # per connection; reading from the socket stops at twice that
_HEADER_BYTES = 64 * 1024  # one header line; aiohttp's own 8,190 refuse what some gateways send
_CACHED = 256  # URLs, proxies and timeouts kept ready; a client has a few of each


class AiohttpPool:
    """All connections of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tls: Callable[[], ssl.SSLContext] | None) -> None:
        self._loop = loop
        self._flights = Flights(loop)
        self._agent = user_agent()
        self._urls: dict[str, tuple[yarl.URL, Proxy | None]] = {}
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self._closing: asyncio.Task[None] | None = None
        self._tls = tls
        self._session = _new_session()

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
        url, proxy = self._address(call.url)
        flight = Flight(self._loop, self._flights, call)
        entered = CURRENT_FLIGHT.set(flight)
        try:
            response = await self._session.request(call.method, url, **self._options(call, url, proxy))
            if flight.error is not None:
                raise flight.error
            return _reply(response, flight)
        except BaseException as error:
            outcome = flight.outcome(error)
            if outcome is error:
                raise
            raise outcome from outcome.__cause__ or error
        finally:
            CURRENT_FLIGHT.reset(entered)

    def _address(self, url: str) -> tuple[yarl.URL, Proxy | None]:
        known = self._urls.get(url)
        if known is None:
            if len(self._urls) >= _CACHED:
                self._urls.clear()
            # encoded=True: yarl would else decode %3A and the like, and the signature would no longer fit.
            known = self._urls[url] = (yarl.URL(checked_url(url), encoded=True), environment_proxy(url))
        return known

    def _options(self, call: HTTPCall, url: yarl.URL, proxy: Proxy | None) -> dict[str, Any]:
        headers = {**call.headers, **our_headers(call.headers, self._agent)}
        options: dict[str, Any] = {
            "headers": headers,
            "data": _body(call),
            "allow_redirects": False,
            "timeout": self._timeout(call.timeouts.connect_s),
        }
        if self._tls is not None and url.scheme == "https":
            options["ssl"] = self._tls()
        if proxy is not None:
            options["proxy"] = yarl.URL(proxy.url)
            if proxy.authorization and url.scheme == "http":
                headers["Proxy-Authorization"] = proxy.authorization
            elif proxy.authorization:
                options["proxy_headers"] = {"Proxy-Authorization": proxy.authorization}
        if "content-type" not in call.headers and not any(name.lower() == "content-type" for name in call.headers):
            options["skip_auto_headers"] = ("Content-Type",)  # aiohttp would invent application/octet-stream
        return options

    def _timeout(self, connect_s: float) -> aiohttp.ClientTimeout:
        """For aiohttp the phase `connect` holds DNS, TCP, a proxy's tunnel and TLS; the other phases are ours."""
        timeout = self._timeouts.get(connect_s)
        if timeout is None:
            if len(self._timeouts) >= _CACHED:
                self._timeouts.clear()
            timeout = self._timeouts[connect_s] = aiohttp.ClientTimeout(
                total=None,
                connect=connect_s,
                ceil_threshold=math.inf,  # aiohttp would round up to whole seconds
            )
        return timeout

    # --- ends -------------------------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """End the calls under way, close the connections."""
        for flight in tuple(self._flights):
            error = ConnectionFailedError("the transport was closed under this call", sent=flight.sent, retryable=False)
            flight.fail(error)
            flight.abort()
        await self._session.close()

    def close_soon(self) -> None:
        """See `Pool`."""
        self._closing = self._loop.create_task(self.aclose())

    def abandon(self) -> None:
        """See `Pool`. What aiohttp offers for this needs the loop."""
        for flight in tuple(self._flights):
            flight.abandon()
        connector = self._session.connector
        self._session.detach()
        idle = getattr(connector, "_conns", {})
        for connections in idle.values():
            for protocol, _ in connections:
                close_socket_of(protocol.transport)
        idle.clear()  # the connector's destructor would report them to the closed loop


def _new_session() -> aiohttp.ClientSession:
    """A session of the running loop that adds, stores, follows, decodes and repeats nothing by itself."""
    connector = aiohttp.TCPConnector(
        limit=0,
        keepalive_timeout=_KEEPALIVE_S,
        resolver=aiohttp.ThreadedResolver(),  # the system's answers, also where aiodns is installed
        socket_factory=_socket,
    )
    # There is no public way to say which protocol a connection speaks.
    connector._factory = functools.partial(WakingHandler, loop=asyncio.get_running_loop())  # type: ignore[assignment]  # noqa: SLF001
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        request_class=FlightRequest,
        read_bufsize=_BUFFER_BYTES,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
    )
    # aiohttp sends a GET or PUT again by itself when a kept connection breaks; only our retry may do that.
    session._retry_connection = False  # noqa: SLF001  # there is no public switch
    return session


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


def _body(call: HTTPCall) -> bytes | io.BytesIO | None:
    """The body as aiohttp wants it: large ones as a file, so that it neither warns nor copies them at once."""
    body = call.body
    if len(body) > TOO_LARGE_BYTES_BODY:
        return io.BytesIO(body)
    return body if body or call.method not in FlightRequest.GET_METHODS else None


def _reply(response: aiohttp.ClientResponse, flight: Flight) -> PlainReply:
    """The reply whose headers are there."""
    flight.answered(response.content)
    headers = folded(response.headers.items())
    decoder = decoder_for(headers["content-encoding"]) if "content-encoding" in headers else None
    if decoder is None:
        return PlainReply(response, headers, flight)
    return EncodedReply(response, headers, flight, decoder)
