"""httpx2 (or a client of httpx that was passed in), in one event loop.

Here: `HttpxPool` and the client we make when none is passed in. Not here: which loop (loops.py), one call's deadlines
(httpx2_flight.py), its body (httpx2_reply.py). Called by: httpx2_transport.py.

Of a client only `build_request`, `send` and `aclose` are used, of a response `status_code`, `headers`, `aiter_raw` (or
`aiter_bytes`) and `aclose`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_llm.errors import ConfigurationError, ConnectionFailedError, UsageError
from bedrock_llm.transports.addresses import checked_url, folded, our_headers, user_agent
from bedrock_llm.transports.base import HTTPCall, HTTPReply
from bedrock_llm.transports.compression import decoder_for
from bedrock_llm.transports.httpx2_flight import HttpxFlight
from bedrock_llm.transports.httpx2_reply import HttpxReply, close_quietly

if TYPE_CHECKING:
    import ssl

__all__ = ["HttpxPool", "own_client"]

_KEEPALIVE_S = 30.0  # as in aiohttp_pool.py
_IDLE_CONNECTIONS = 20  # few: at every request httpx looks at each of them


class HttpxPool:
    """The calls of one event loop on one client.

    Args:
        loop: The running loop.
        client: An `AsyncClient` of httpx2 or httpx.
        own: Whether we made it, and so close it and name ourselves in it.
        foreign: Whether it was first used in another loop.
    """

    def __init__(self, loop: Any, client: Any, *, own: bool, foreign: bool = False) -> None:
        self._loop = loop
        self._client = client
        self._own = own
        self._foreign = foreign
        self._agent = user_agent() if own else None
        self._flights: set[HttpxFlight] = set()
        self._closing: Any = None

    # --- calls ------------------------------------------------------------------------------------------------------

    async def send(self, call: HTTPCall) -> HTTPReply:
        """See `Transport.send`."""
        reply = await self.open(call)
        try:
            reply.started()
            pieces = [await reply.read()]
            while pieces[-1]:
                pieces.append(await reply.read())
        finally:
            await reply.aclose()
        return HTTPReply(reply.status, reply.headers, b"".join(pieces))

    async def open(self, call: HTTPCall) -> HttpxReply:
        """See `Transport.open`."""
        checked_url(call.url)
        flight = HttpxFlight(self._flights, call)
        try:
            response = await self._response(flight, call)
        except BaseException as error:
            flight.finish()
            if flight.connecting is not None:
                await close_quietly(flight.connecting)
            outcome = self._outcome(flight, error)
            if outcome is error:
                raise
            # What refuses a request shows its headers, which hold a secret.
            raise outcome from (None if isinstance(outcome, UsageError) else error)
        try:
            return self._reply(response, flight)
        except BaseException:
            flight.finish()
            await close_quietly(response)
            raise

    async def _response(self, flight: HttpxFlight, call: HTTPCall) -> Any:
        request = self._request(call, flight)
        options: dict[str, Any] = {"stream": True, "follow_redirects": False}
        if any(name.lower() == "authorization" for name in call.headers):
            options["auth"] = None  # a client's own would replace it
        with flight.waiting() as scope:
            response = await self._client.send(request, **options)
        if scope.cancelled_caught:
            raise flight.overdue()
        if flight.error is not None:
            await close_quietly(response)
            raise flight.error
        return response

    def _request(self, call: HTTPCall, flight: HttpxFlight) -> Any:
        given = {**call.headers, **our_headers(call.headers, self._agent)}
        timeouts = call.timeouts
        request = self._client.build_request(
            call.method,
            call.url,
            headers=[(name.encode(), value.encode()) for name, value in given.items()],
            content=call.body,
            extensions={
                # Reading and writing are bounded by the flight's scope; these two also where nothing is traced.
                "timeout": {"connect": timeouts.connect_s, "pool": timeouts.pool_s, "read": None, "write": None},
                "trace": flight.trace,
            },
        )
        target = _target(call.url)
        if request.url.raw_path != target:
            request.extensions["target"] = target  # httpx has requoted or resolved something
        return request

    def _reply(self, response: Any, flight: HttpxFlight) -> HttpxReply:
        flight.answered()
        headers = folded(response.headers.multi_items())
        return HttpxReply(response, headers, flight, decoder_for(headers.get("content-encoding")))

    def _outcome(self, flight: HttpxFlight, error: BaseException) -> BaseException:
        if self._foreign and isinstance(error, RuntimeError):
            return UsageError(
                "the HTTP client that was passed in holds connections of another event loop; pass one client per loop"
            )
        return flight.outcome(error)

    # --- ends -------------------------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """End the calls under way; close the client if we made it."""
        for flight in tuple(self._flights):
            error = ConnectionFailedError("the transport was closed under this call", sent=flight.sent, retryable=False)
            flight.fail(error)
        if self._own:
            await close_quietly(self._client)

    def close_soon(self) -> None:
        """See `Pool`."""
        if hasattr(self._loop, "create_task"):
            self._closing = self._loop.create_task(self.aclose())
        else:
            import trio

            self._closing = trio.lowlevel.spawn_system_task(self.aclose)

    def abandon(self) -> None:
        """See `Pool`. httpx has no way to close without the loop; the collector closes the sockets."""
        self._flights.clear()
        self._client = None


def _target(url: str) -> bytes:
    """Path and query as they stand in the URL."""
    rest = url.partition("://")[2].partition("#")[0]
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    target = rest[cut:]
    return (target if target.startswith("/") else "/" + target).encode()


def own_client(tls: ssl.SSLContext | None) -> Any:
    """A client that adds, stores and follows nothing by itself, and uses the environment's proxies.

    Raises:
        ConfigurationError: The environment names a proxy that httpx2 cannot use as it is installed.
    """
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx2

    limits = httpx2.Limits(
        max_connections=None, max_keepalive_connections=_IDLE_CONNECTIONS, keepalive_expiry=_KEEPALIVE_S
    )
    try:
        client = httpx2.AsyncClient(
            verify=tls or True,
            trust_env=True,
            http2=False,
            follow_redirects=False,
            limits=limits,
            timeout=None,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
    except (ImportError, ValueError) as error:  # SOCKS without its extra; an unknown scheme
        raise ConfigurationError(f"the environment's proxy cannot be used: {error}") from error
    for name in tuple(client.headers):  # Accept, Connection and the like: we send what the caller set
        del client.headers[name]
    return client
