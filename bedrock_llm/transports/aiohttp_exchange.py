"""One request on a connection of aiohttp's, up to the head of its answer.

Here: `Exchange`: where it goes, the head that is written, the head that is read. Not here: the connections
(aiohttp_pool.py), deadlines (aiohttp_flight.py), the body of the answer (aiohttp_reply.py). Called by: aiohttp_pool.py.

Rule 1: aiohttp makes and keeps the connections and reads HTTP. What we send is a head and a body in memory, so it is
        written here; aiohttp's own request, response and session serve cookies, redirects, forms and traces, and cost
        more than all the rest of a call.
Rule 2: a header goes out as it was given. One that would end its line is refused before a byte is written.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import yarl

from bedrock_llm.transports.addresses import checked_url, our_headers, user_agent
from bedrock_llm.transports.aiohttp_flight import Flight
from bedrock_llm.transports.base import HTTPCall
from bedrock_llm.transports.proxies import Proxy, environment_proxy

if TYPE_CHECKING:
    import ssl

    from aiohttp.http import RawResponseMessage

__all__ = ["Address", "address_of", "exchange"]

_BUFFER_BYTES = 64 * 1024  # per connection; reading from the socket stops at twice that
_HEADER_BYTES = 64 * 1024  # one header line; aiohttp's own 8,190 refuse what some gateways send
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Address(NamedTuple):
    """Where requests of one URL go.

    Attributes:
        url: As aiohttp has it.
        proxy: Through which they go, or None.
        target: What stands in the request line.
        host: The header of that name.
        request: What the connector is asked with: it looks at the address alone. None with a proxy, as the connector
            then changes it, and each call needs its own.
    """

    url: yarl.URL
    proxy: Proxy | None
    target: str
    host: str
    request: aiohttp.ClientRequest | None


def address_of(url: str, tls: ssl.SSLContext | None, loop: asyncio.AbstractEventLoop) -> Address:
    """Where requests to `url` go.

    Raises:
        ConfigurationError: It cannot be sent as it is.
    """
    # encoded=True: yarl would else decode %3A and the like, and the signature would no longer fit.
    parsed, proxy = yarl.URL(checked_url(url), encoded=True), environment_proxy(url)
    plainly_proxied = proxy is not None and parsed.scheme == "http"
    target = str(parsed.with_fragment(None)) if plainly_proxied else parsed.raw_path_qs or "/"
    request = _request(parsed, proxy, tls, loop)
    return Address(parsed, proxy, target, request.headers["Host"], None if proxy is not None else request)


def _request(
    url: yarl.URL, proxy: Proxy | None, tls: ssl.SSLContext | None, loop: asyncio.AbstractEventLoop
) -> aiohttp.ClientRequest:
    options: dict[str, Any] = {}
    if proxy is not None:
        options["proxy"] = yarl.URL(proxy.url)
        if proxy.authorization and url.scheme == "https":
            options["proxy_headers"] = {"Proxy-Authorization": proxy.authorization}
    return aiohttp.ClientRequest("POST", url, loop=loop, ssl=tls or True, **options)


async def exchange(
    connector: aiohttp.TCPConnector,
    call: HTTPCall,
    address: Address,
    flight: Flight,
    tls: ssl.SSLContext | None,
) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    """Send a request and read the head of its answer; what follows is the body. The connection is the flight's.

    Raises:
        ValueError: The head cannot be written; not a byte of it was.
    """
    head = _head(call, address)
    request = address.request or _request(address.url, address.proxy, tls, flight.loop)
    timeout = _timeout(call.timeouts.connect_s)
    connection = await connector.connect(request, [], timeout)
    protocol = connection.protocol
    assert protocol is not None  # it was just connected, and nothing was awaited since
    flight.sending(connection)
    protocol.set_response_params(
        skip_payload=call.method == "HEAD",
        read_until_eof=True,
        auto_decompress=False,
        read_bufsize=_BUFFER_BYTES,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
    )
    transport = protocol.transport
    if transport is None or transport.is_closing():
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")
    if len(call.body) < _BUFFER_BYTES:
        transport.write(head + call.body)
    else:
        transport.write(head)
        transport.write(call.body)
    while True:
        message, content = await protocol.read()
        if not 100 <= message.code <= 199 or message.code == 101:  # others announce the answer, and are not it
            return message, content


def _head(call: HTTPCall, address: Address) -> bytes:
    given = call.headers
    ours = _ours(tuple(given))
    lines = [f"{call.method} {address.target} HTTP/1.1"]
    if ours.host:
        lines.append(f"Host: {address.host}")
    lines += [f"{name}: {value}" for name, value in given.items()]
    lines += ours.lines
    if address.proxy is not None and address.proxy.authorization and address.url.scheme == "http":
        lines.append(f"Proxy-Authorization: {address.proxy.authorization}")
    if call.body or call.method not in _WITHOUT_BODY:
        lines.append(f"Content-Length: {len(call.body)}")
    text = "\r\n".join(lines)
    breaks = len(lines) - 1
    if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
        raise ValueError("a header, the method or the URL holds a line end")
    return (text + "\r\n\r\n").encode()


class _Ours(NamedTuple):
    """What the caller's headers leave to us: whether `Host`, and which lines beside it."""

    host: bool
    lines: tuple[str, ...]


@lru_cache(maxsize=64)  # a client's calls have the same names again and again
def _ours(given: tuple[str, ...]) -> _Ours:
    host = all(name.lower() != "host" for name in given)
    return _Ours(host, tuple(f"{name}: {value}" for name, value in our_headers(given, user_agent()).items()))


_TIMEOUTS: dict[float, aiohttp.ClientTimeout] = {}
_MAX_TIMEOUTS = 64


def _timeout(connect_s: float) -> aiohttp.ClientTimeout:
    """For aiohttp the phase `connect` holds DNS, TCP, a proxy's tunnel and TLS; the other phases are ours."""
    timeout = _TIMEOUTS.get(connect_s)
    if timeout is None:
        if len(_TIMEOUTS) >= _MAX_TIMEOUTS:
            _TIMEOUTS.clear()
        # aiohttp would round deadlines up to whole seconds.
        timeout = _TIMEOUTS[connect_s] = aiohttp.ClientTimeout(
            total=None, connect=connect_s, ceil_threshold=float("inf")
        )
    return timeout
