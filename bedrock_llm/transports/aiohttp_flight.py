"""One call under way through aiohttp: its deadlines, and the one way to end it from outside.

Here: `Flight`, and the protocol class that wakes a reader. Not here: the connections (aiohttp_pool.py), what is sent
(aiohttp_exchange.py), the body (aiohttp_reply.py). Called by: those three.

Rule 1: all calls of a loop share one timer. It is not moved at each read, nor for each call; when it fires it looks
        which calls are due, ends those, and is set to the next deadline.
Rule 2: `sent` is known, not guessed: it is set when the connection stands, right before the head is written.
Rule 3: what is not finished is aborted, never closed: to close would first flush what the server does not read, or wait
        for its half of a TLS goodbye.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from aiohttp.client_exceptions import ClientConnectionError
from aiohttp.client_proto import ResponseHandler

from bedrock_llm.errors import LLMError
from bedrock_llm.transports.base import HTTPCall

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.connector import Connection

    from bedrock_llm.transports.faults import Situation

__all__ = ["Flight", "Flights", "WakingHandler", "close_socket_of"]


class Flights(set["Flight"]):
    """The calls of one event loop that are under way, and the timer for the earliest of their deadlines."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._at = math.inf

    def watch(self, due: float) -> None:
        """Look at the calls when the loop's clock says `due`, at the latest."""
        if due < self._at:
            if self._timer is not None:
                self._timer.cancel()
            self._at, self._timer = due, self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._at, self._timer = math.inf, None
        for flight in tuple(self):
            flight.look()


class Flight:
    """The state of one call.

    Attributes:
        received: Bytes of the body so far, decoded.
        reading_since: When the read that now waits began (the loop's clock), or None while none waits.
        error: Why the call was ended from outside, or None.
    """

    __slots__ = (
        "_begun",
        "_call",
        "_cancels_before",
        "_connection",
        "_early",
        "_idle",
        "_protocol",
        "_task",
        "_transport",
        "content",
        "error",
        "flights",
        "loop",
        "reading_since",
        "received",
        "sent",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, flights: Flights, call: HTTPCall) -> None:
        self.loop = loop
        self.flights = flights
        self.content: aiohttp.StreamReader | None = None
        self.received = 0
        self.reading_since: float | None = None
        self.error: LLMError | None = None
        self.sent = False
        self._call = call
        self._idle = False
        self._early = False
        self._begun = 0.0
        self._connection: Connection | None = None
        self._protocol: ResponseHandler | None = None
        self._transport: asyncio.Transport | None = None
        self._task = asyncio.current_task(loop)
        self._cancels_before = self._task.cancelling() if self._task else 0
        flights.add(self)

    # --- phases -----------------------------------------------------------------------------------------------------

    def sending(self, connection: Connection) -> None:
        """The connection stands, and the request goes out: `first_event_s` begins."""
        self.sent = True
        self._connection = connection
        self._protocol = connection.protocol
        self._transport = connection.transport
        self._begun = self.loop.time()
        self.flights.watch(self._begun + self._call.timeouts.first_event_s)

    def answered(self, content: aiohttp.StreamReader) -> None:
        """The headers are there. The connection is free again when the body was read to its end."""
        self.content = content
        if self._transport is not None and self._transport.get_write_buffer_size():
            # Answered before all was sent: aiohttp would close such a connection, and first flush what nobody reads.
            self._early = True
            if self._protocol is not None:
                self._protocol.force_close()
        if self._connection is not None:
            content.on_eof(self._connection.release)

    def idling(self) -> None:
        """The first event is there: from now on `idle_s` counts."""
        self._idle = True
        timeouts = self._call.timeouts
        if timeouts.idle_s < timeouts.first_event_s:
            self.flights.watch(self.loop.time() + timeouts.idle_s)

    def look(self) -> None:
        """The timer fired: end the call if its deadline has passed, or have it looked at again then."""
        if not self.sent:
            return  # connecting has a deadline of its own
        now, timeouts = self.loop.time(), self._call.timeouts
        if not self._idle:
            due = self._begun + timeouts.first_event_s
        elif self.reading_since is None:  # the caller is slow, not the server
            due = now + timeouts.idle_s
        else:
            due = self.reading_since + timeouts.idle_s
        if now < due:
            self.flights.watch(due)
        else:
            from bedrock_llm.transports.faults import timed_out

            self.fail(timed_out(None, self.situation()))

    # --- ends -------------------------------------------------------------------------------------------------------

    def fail(self, error: LLMError) -> None:
        """End the call from outside: whatever it waits for raises `error`."""
        if self.error is not None:
            return
        self.error = error
        if self.content is not None:
            self.content.set_exception(error)
        elif self._protocol is not None:
            self._protocol.set_exception(error)
        elif self._task is not None:  # still connecting: there is nothing but the task to take hold of
            self._task.cancel()

    def finish(self) -> None:
        """The body was read to its end: the connector has taken the connection back."""
        self.flights.discard(self)
        if self._early:
            self._early = False
            self.abort()

    def abort(self) -> None:
        """Close the connection at once. Can be called twice."""
        self.finish()
        transport, self._transport = self._transport, None
        if transport is not None and not self.loop.is_closed():
            if self._connection is not None:
                self._connection.close()
            transport.abort()
            if self.content is not None and not self.content.is_eof() and self.content.exception() is None:
                self.content.set_exception(ClientConnectionError("Connection closed"))  # wakes who still reads

    def abandon(self) -> None:
        """Close the socket without the loop, which is closed."""
        self.flights.discard(self)
        close_socket_of(self._transport)
        if self._connection is not None:
            self._connection._protocol = None  # noqa: SLF001  # it would give itself back to the closed loop

    def outcome(self, error: BaseException) -> BaseException:
        """What the caller gets for `error`, which ended a call; the connection is closed."""
        self.abort()
        if isinstance(error, asyncio.CancelledError):
            ours = self.error is not None and self._task is not None and not self._protocol
            if ours and self._task.uncancel() <= self._cancels_before:  # type: ignore[union-attr]  # `ours` says so
                return self.error or error
            return error
        from bedrock_llm.transports.aiohttp_faults import from_aiohttp

        return self.error or from_aiohttp(error, self.situation()) or error

    def situation(self) -> Situation:
        """For the wording and the class of an error. What words it is loaded where something failed."""
        from bedrock_llm.transports.faults import Situation, host_of

        return Situation(host_of(self._call.url), self._call.timeouts, self.sent, self._idle)


def close_socket_of(transport: Any) -> None:
    """Close a transport's socket where its loop, which should do it, is closed."""
    wrapped = transport.get_extra_info("socket") if transport is not None else None
    socket = getattr(wrapped, "_sock", None)  # asyncio's wrapper has no close(); uvloop closes all itself
    if socket is not None:
        socket.close()


class WakingHandler(ResponseHandler):
    """aiohttp's protocol, which tells the reader of a body when the framing around it breaks.

    aiohttp's own closes the connection and leaves the reader waiting for the rest, until its deadline.
    """

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """The connection is of no more use."""
        super().set_exception(exc, *cause)
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(exc)
