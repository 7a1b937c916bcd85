"""A body that comes through aiohttp.

Here: `PlainReply` and, for a body that was encoded, `EncodedReply`. Not here: deadlines (aiohttp_flight.py), decoding
(compression.py). Called by: aiohttp_pool.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp

from bedrock_llm.errors import LLMError, ProtocolError, UsageError
from bedrock_llm.transports.aiohttp_flight import Flight
from bedrock_llm.transports.base import FINISH_S, MAX_BODY_BYTES, ReplyStream

if TYPE_CHECKING:
    from bedrock_llm.transports.compression import BodyDecoder

__all__ = ["EncodedReply", "PlainReply"]


class PlainReply(ReplyStream):
    """A body that needs no decoding."""

    def __init__(self, status: int, headers: Mapping[str, str], content: aiohttp.StreamReader, flight: Flight) -> None:
        self.status = status
        self.headers = headers
        self._content = content
        self._flight = flight
        self._time = flight.loop.time
        self._open = True

    @property
    def at_end(self) -> bool:
        """Whether the next read is known to give nothing more."""
        return self._content.at_eof()

    async def read(self) -> bytes:
        """See `ReplyStream.read`. One await, no task, no timer: this runs once per packet."""
        flight = self._flight
        flight.reading_since = self._time()
        try:
            data = await self._content.readany()
        except BaseException as error:
            self._fail(error)
            raise
        flight.reading_since = None
        if not data:
            return self._ended()
        flight.received += len(data)
        if flight.received > MAX_BODY_BYTES:
            self._too_large()
        return data

    def _fail(self, error: BaseException) -> None:
        """Close the connection, and raise what the caller gets for `error` if that is something else."""
        if not self._open:
            raise UsageError("this answer is closed") from None
        outcome = self._flight.outcome(error)
        if outcome is not error:
            raise outcome from outcome.__cause__ or error

    def _ended(self) -> bytes:
        self._flight.finish()
        return b""

    def _too_large(self) -> None:
        self._flight.abort()
        raise ProtocolError(f"the answer is larger than {MAX_BODY_BYTES // 1024**2} MiB")

    def started(self) -> None:
        self._flight.idling()

    async def finish(self) -> None:
        """See `ReplyStream.finish`. Uses asyncio's own timeout: anyio takes 25 ms to load, in the middle of a call."""
        if not self._content.is_eof():
            with contextlib.suppress(LLMError, TimeoutError):  # nothing it may say changes the answer
                async with asyncio.timeout(FINISH_S):
                    await self.read()
        await self.aclose()

    async def aclose(self) -> None:
        if not self._open:
            return
        self._open = False
        if self._content.is_eof() and self._flight.error is None:  # aiohttp has pooled the connection already
            self._flight.finish()
            return
        self._flight.abort()
        await asyncio.sleep(0)  # the loop closes the socket in its next round: then it is closed when we return

    def __del__(self) -> None:
        flight = getattr(self, "_flight", None)
        if flight is None or not self._open or flight not in flight.flights:
            return
        self._open = False
        try:  # a collector may run us in any thread
            flight.loop.call_soon_threadsafe(flight.abort)
        except RuntimeError:
            flight.abandon()


class EncodedReply(PlainReply):
    """A body that comes compressed. Decoded bytes are counted, not those on the wire."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        content: aiohttp.StreamReader,
        flight: Flight,
        decoder: BodyDecoder,
    ) -> None:
        super().__init__(status, headers, content, flight)
        self._decoder = decoder
        self._decoded = 0

    @property
    def at_end(self) -> bool:
        """Never known before: what was decoded may still be held."""
        return False

    async def read(self) -> bytes:
        """See `ReplyStream.read`."""
        try:
            while not (piece := self._decoder.take()):
                raw = await super().read()
                if not raw:
                    self._decoder.finish()
                    return b""
                self._decoder.feed(raw)
        except ProtocolError:
            self._flight.abort()
            raise
        self._decoded += len(piece)
        if self._decoded > MAX_BODY_BYTES:
            self._too_large()
        return piece
