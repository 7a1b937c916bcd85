"""A transport that hands bytes on in small pieces.

What the server sends in pieces is often read together. Here what the socket gave is cut again, so that the decoder
really gets one byte at a time. Called by: asking.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from bedrock_llm import HTTPCall, HTTPReply, ReplyStream, Transport
from tests.replay.server import pieces_of


class CuttingTransport(Transport):
    """A transport, its streams cut.

    Args:
        inner: It; stays open.
        cut: "bytes" or "random".
        seed: Of the random cuts.
    """

    def __init__(self, inner: Transport, cut: str, seed: str) -> None:
        self._inner = inner
        self._cut = cut
        self._seed = seed

    async def send(self, call: HTTPCall) -> HTTPReply:
        return await self._inner.send(call)

    async def open(self, call: HTTPCall) -> ReplyStream:
        return _CutReply(await self._inner.open(call), self._cut, self._seed)

    async def aclose(self) -> None:
        """Nothing of its own is open."""


class _CutReply(ReplyStream):
    def __init__(self, inner: ReplyStream, cut: str, seed: str) -> None:
        self._inner = inner
        self._cut = cut
        self._seed = seed
        self._pieces: Iterator[bytes] = iter(())
        self.status = inner.status
        self.headers = inner.headers

    async def read(self) -> bytes:
        for piece in self._pieces:
            return piece
        self._pieces = pieces_of(await self._inner.read(), self._cut, self._seed)
        return next(self._pieces, b"")

    def started(self) -> None:
        self._inner.started()

    async def aclose(self) -> None:
        self._pieces = iter(())
        await self._inner.aclose()
