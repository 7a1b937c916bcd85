"""The portable transport: httpx2 under asyncio and trio, or a client that the user passes in.

Here: `HttpxTransport`, which imports no HTTP library until its first call. Not here: the work (httpx2_pool.py).
Called by: choose.py, factory.py (for `http_client=`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_llm.errors import ConfigurationError
from bedrock_llm.transports.addresses import checked_bundle
from bedrock_llm.transports.base import HTTPCall, HTTPReply, ReplyStream, Transport
from bedrock_llm.transports.loops import PerLoop

if TYPE_CHECKING:
    import ssl

    from bedrock_llm.transports.httpx2_pool import HttpxPool

__all__ = ["HttpxTransport"]


class HttpxTransport(Transport):
    """HTTP through httpx2, or through a client of httpx2 or httpx.

    Args:
        client: An `httpx2.AsyncClient` or `httpx.AsyncClient`. It stays the user's: we never close it, and its proxies,
            TLS, limits, headers and hooks hold. Its timeouts, its following of redirects and, where a call has an
            `Authorization` of its own, its `auth` do not. It works in the event loop of its first use only. None for a
            client of our own: connections not limited, 20 kept for 30 s when idle, made anew on another event loop.
        ca_bundle: A PEM file or folder of the authorities to trust, and no others; None for the system's, where
            `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured. Not together with `client`.

    Raises:
        ConfigurationError: `client` is not an async client; there is no such bundle; or both were given.
    """

    def __init__(self, client: Any = None, *, ca_bundle: str | None = None) -> None:
        if client is not None and ca_bundle:
            raise ConfigurationError("a CA bundle cannot be added to an HTTP client that is passed in; give it to that")
        if client is not None and not all(hasattr(client, name) for name in ("build_request", "send", "aclose")):
            raise ConfigurationError(
                f"http_client must be an httpx2.AsyncClient or httpx.AsyncClient, not {type(client).__name__}"
            )
        self._client = client
        self._first_loop: Any = None
        self._ca_bundle = checked_bundle(ca_bundle)
        self._tls: ssl.SSLContext | None = None
        self._pools: PerLoop[HttpxPool] = PerLoop(self._new_pool)

    def _new_pool(self, loop: Any) -> HttpxPool:
        from bedrock_llm.transports.addresses import tls_context
        from bedrock_llm.transports.httpx2_pool import HttpxPool, own_client

        if self._client is not None:
            self._first_loop = self._first_loop or loop
            return HttpxPool(loop, self._client, own=False, foreign=self._first_loop is not loop)
        if self._ca_bundle and self._tls is None:
            self._tls = tls_context(self._ca_bundle)
        return HttpxPool(loop, own_client(self._tls), own=True)

    async def send(self, call: HTTPCall) -> HTTPReply:
        """See `Transport.send`."""
        return await self._pools.current().send(call)

    async def open(self, call: HTTPCall) -> ReplyStream:
        """See `Transport.open`."""
        return await self._pools.current().open(call)

    async def aclose(self) -> None:
        """See `Transport.aclose`. A client that was passed in stays open."""
        await self._pools.aclose()
