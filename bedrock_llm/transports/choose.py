"""The transport a client gets when it names none.

Here: `default_transport`. Not here: either library. Called by: factory.py.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from bedrock_llm.transports.aiohttp_transport import AiohttpTransport
from bedrock_llm.transports.base import HTTPCall, HTTPReply, ReplyStream, Transport
from bedrock_llm.transports.httpx2_transport import HttpxTransport
from bedrock_llm.transports.loops import under_trio

__all__ = ["default_transport"]


class DefaultTransport(Transport):
    """aiohttp under asyncio, httpx2 under trio, chosen at each call; neither is loaded before it is needed."""

    def __init__(self, ca_bundle: str | None) -> None:
        self._under_asyncio = AiohttpTransport(ca_bundle=ca_bundle)
        self._under_trio = HttpxTransport(ca_bundle=ca_bundle)

    def _here(self) -> Transport:
        return self._under_trio if under_trio() else self._under_asyncio

    def send(self, call: HTTPCall) -> Coroutine[Any, Any, HTTPReply]:
        """See `Transport.send`."""
        return self._here().send(call)

    def open(self, call: HTTPCall) -> Coroutine[Any, Any, ReplyStream]:
        """See `Transport.open`."""
        return self._here().open(call)

    async def aclose(self) -> None:
        """See `Transport.aclose`."""
        await self._under_asyncio.aclose()
        await self._under_trio.aclose()


def default_transport(ca_bundle: str | None = None) -> Transport:
    """A transport that fits the event loop it is used in.

    Args:
        ca_bundle: A PEM file or folder of the authorities to trust, and no others; None for the system's.

    Raises:
        ConfigurationError: There is no such bundle.
    """
    return DefaultTransport(ca_bundle)
