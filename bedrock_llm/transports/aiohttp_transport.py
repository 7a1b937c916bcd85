"""The transport for asyncio: aiohttp, four to eight times cheaper per request than the portable one.

Here: `AiohttpTransport`, which imports no HTTP library until its first call. Not here: the work (aiohttp_pool.py).
Called by: choose.py.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bedrock_llm.transports.addresses import checked_bundle
from bedrock_llm.transports.base import HTTPCall, HTTPReply, ReplyStream, Transport
from bedrock_llm.transports.loops import PerLoop

if TYPE_CHECKING:
    import ssl

    from bedrock_llm.transports.aiohttp_pool import AiohttpPool

__all__ = ["AiohttpTransport"]


class AiohttpTransport(Transport):
    """HTTP through aiohttp, under asyncio (and uvloop).

    Connections are not limited here (`Limits` is the flow's), kept 30 s when idle, and made anew on another event loop.
    The environment's proxies are used (proxies.py); its netrc is not.

    Args:
        ca_bundle: A PEM file or folder of the authorities to trust, and no others; None for the system's, where
            `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured as OpenSSL does, if they were set before the first call.

    Raises:
        ConfigurationError: There is no such bundle.
    """

    def __init__(self, *, ca_bundle: str | None = None) -> None:
        self._ca_bundle = checked_bundle(ca_bundle)
        self._tls: ssl.SSLContext | None = None
        self._pools: PerLoop[AiohttpPool] = PerLoop(self._new_pool)

    def _new_pool(self, loop: Any) -> AiohttpPool:
        from bedrock_llm.transports.aiohttp_pool import AiohttpPool

        return AiohttpPool(loop, self._trust if self._ca_bundle else None)

    def _trust(self) -> ssl.SSLContext:
        """Made at the first https call: it takes 20 ms, which a call to loopback need not pay."""
        if self._tls is None:
            from bedrock_llm.transports.addresses import tls_context

            self._tls = tls_context(self._ca_bundle or "")
        return self._tls

    def send(self, call: HTTPCall) -> Coroutine[Any, Any, HTTPReply]:
        """See `Transport.send`."""
        return self._pools.current().send(call)

    def open(self, call: HTTPCall) -> Coroutine[Any, Any, ReplyStream]:
        """See `Transport.open`."""
        return self._pools.current().open(call)

    async def aclose(self) -> None:
        """See `Transport.aclose`."""
        await self._pools.aclose()
