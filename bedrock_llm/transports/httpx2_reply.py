"""A body that comes through httpx2 or httpx.

Here: `HttpxReply`. Not here: deadlines (httpx2_flight.py), decoding (compression.py). Called by: httpx2_pool.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any

import anyio

from bedrock_llm.errors import ProtocolError, UsageError
from bedrock_llm.transports.base import MAX_BODY_BYTES, ReplyStream
from bedrock_llm.transports.compression import BodyDecoder
from bedrock_llm.transports.faults import row_for
from bedrock_llm.transports.httpx2_faults import HTTPX_ROWS, MODULES
from bedrock_llm.transports.httpx2_flight import HttpxFlight

__all__ = ["HttpxReply", "close_quietly"]

_CLOSE_S = 1.0  # a cancelled call waits no longer than this for its connection to close


async def close_quietly(closing: Any) -> None:
    """Close a response, iterator or client, whatever cancels us meanwhile and whatever the library says about it."""
    await _quietly(closing.aclose())


async def _quietly(ending: Awaitable[Any]) -> None:
    with anyio.CancelScope(shield=True, deadline=anyio.current_time() + _CLOSE_S):
        try:
            await ending
        except Exception as error:
            if row_for(type(error), HTTPX_ROWS, MODULES) is None:
                raise
            # It is gone, and that is what was wanted.


async def _run_out(pieces: AsyncIterator[bytes]) -> None:
    """Let the library's generators end, which stand one inside the other, now that their connection is closed.

    To close the outermost would leave the inner ones to the collector, about which trio complains.
    """
    left = _MOST_LEFT
    while left and await anext(pieces, None) is not None:
        left -= 1


_MOST_LEFT = 20_000  # pieces that can lie in a connection's buffer of 64 KiB; a mock may have no end at all


class HttpxReply(ReplyStream):
    """A body, plain or encoded.

    Args:
        response: The library's own, its body not yet read.
        headers: Folded.
        flight: The call.
        decoder: For an encoded body, or None.
    """

    def __init__(
        self, response: Any, headers: Mapping[str, str], flight: HttpxFlight, decoder: BodyDecoder | None
    ) -> None:
        self.status = response.status_code
        self.headers = headers
        self._response = response
        self._flight = flight
        # A mock's ready-made body counts as read, and decoded, already: then only aiter_bytes gives it.
        ready = bool(getattr(response, "is_stream_consumed", False))
        self._decoder = None if ready else decoder
        self._pieces: AsyncIterator[bytes] = response.aiter_bytes() if ready else response.aiter_raw()
        self._open = True
        self._at_end = False

    async def read(self) -> bytes:
        """See `ReplyStream.read`."""
        if self._decoder is None:
            piece = await self._raw()
        else:
            piece = await self._decoded(self._decoder)
        self._flight.received += len(piece)
        if self._flight.received > MAX_BODY_BYTES:
            await self._release()
            raise ProtocolError(f"the answer is larger than {MAX_BODY_BYTES // 1024**2} MiB")
        return piece

    async def _decoded(self, decoder: BodyDecoder) -> bytes:
        try:
            while not (piece := decoder.take()):
                raw = await self._raw()
                if not raw:
                    decoder.finish()
                    return b""
                decoder.feed(raw)
        except ProtocolError:
            await self._release()
            raise
        return piece

    async def _raw(self) -> bytes:
        """The next bytes of the wire."""
        if not self._open:
            raise UsageError("this answer is closed")
        if self._at_end:
            return b""
        if self._flight.error is not None:
            raise self._flight.error
        try:
            with self._flight.waiting() as scope:
                while not (piece := await anext(self._pieces, None)) and piece is not None:
                    pass
        except BaseException as error:
            await self._release()
            outcome = self._flight.outcome(error)
            if outcome is error:
                raise
            raise outcome from error
        if scope.cancelled_caught:
            await self._release()
            raise self._flight.overdue()
        if piece is None:
            self._at_end = True
            self._flight.finish()
        return piece or b""

    def started(self) -> None:
        self._flight.idling()

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            await self._release()

    async def _release(self) -> None:
        """Give the connection back, closed unless the body was read to its end. Can be called twice."""
        self._flight.finish()
        await close_quietly(self._response)
        if self._at_end:
            return
        self._at_end = True
        if str(getattr(self._response, "http_version", "")).startswith("HTTP/1"):
            await _quietly(_run_out(self._pieces))
        await close_quietly(self._pieces)  # of HTTP/2 this is all: its connection lives on
