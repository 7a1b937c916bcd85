"""One call under way through httpx2 or httpx: its deadlines, and the one way to end it from outside.

Here: `HttpxFlight`. Not here: the client (httpx2_pool.py), the body (httpx2_reply.py). Called by: those two.

Rule 1: whatever waits, waits in `HttpxFlight.scope`: a deadline moves the scope's own, `fail` cancels it. This works
        under asyncio and trio alike; httpx's own read timeout cannot be changed once a body has begun.
Rule 2: `sent` is told by the `trace` extension of httpcore. A transport without it (a mock, an ASGI app) tells nothing;
        then only the exception's class can.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import anyio

from bedrock_llm.errors import LLMError
from bedrock_llm.transports.base import HTTPCall
from bedrock_llm.transports.faults import Situation, host_of, timed_out
from bedrock_llm.transports.httpx2_faults import from_httpx

__all__ = ["HttpxFlight"]


class HttpxFlight:
    """The state of one call.

    Attributes:
        received: Bytes of the body so far, decoded.
        error: Why the call was ended from outside, or None.
        connecting: A connection from TCP until its first use: cancelled in a TLS handshake, httpcore does not close it.
    """

    __slots__ = ("_begun", "_call", "_idle", "connecting", "error", "flights", "received", "scope", "sent")

    def __init__(self, flights: set[HttpxFlight], call: HTTPCall) -> None:
        self.flights = flights
        self.scope: anyio.CancelScope | None = None
        self.received = 0
        self.error: LLMError | None = None
        self.connecting: Any = None
        self.sent = False
        self._call = call
        self._idle = False
        self._begun = math.inf
        flights.add(self)

    # --- phases -----------------------------------------------------------------------------------------------------

    def waiting(self) -> anyio.CancelScope:
        """A scope to wait in, with the deadline of the phase."""
        timeouts, now = self._call.timeouts, anyio.current_time()
        if self._idle:
            deadline = now + timeouts.idle_s
        elif self._begun < math.inf:
            deadline = self._begun + timeouts.first_event_s
        else:  # not traced yet, or by a transport that never will
            deadline = now + timeouts.pool_s + timeouts.connect_s + timeouts.first_event_s
        self.scope = anyio.CancelScope(deadline=deadline)
        return self.scope

    async def trace(self, event: str, details: Mapping[str, Any]) -> None:
        """What httpcore tells; events are named `<module>.<step>.started`, `.complete` or `.failed`."""
        if event.endswith(".connect_tcp.started"):
            self._move(anyio.current_time() + self._call.timeouts.connect_s)
        elif event.endswith(".connect_tcp.complete"):
            self.connecting = details.get("return_value")
        elif event.endswith(".send_request_headers.started"):
            request = details.get("request")
            if getattr(request, "method", None) != b"CONNECT":  # that one goes to the proxy
                self.sending()

    def sending(self) -> None:
        """The connection stands, and the request goes out: `first_event_s` begins."""
        self.sent = True
        self.connecting = None
        self._begun = anyio.current_time()
        self._move(self._begun + self._call.timeouts.first_event_s)

    def answered(self) -> None:
        """The headers are there, also where nothing was traced."""
        if not self.sent:
            self.sending()

    def idling(self) -> None:
        """The first event is there: from now on `idle_s` counts."""
        self._idle = True

    def _move(self, deadline: float) -> None:
        if self.scope is not None:
            self.scope.deadline = deadline

    # --- ends -------------------------------------------------------------------------------------------------------

    def fail(self, error: LLMError) -> None:
        """End the call from outside: whatever it waits for raises `error`."""
        if self.error is None:
            self.error = error
            if self.scope is not None:
                self.scope.cancel()

    def finish(self) -> None:
        """Nothing is under way any more."""
        self.flights.discard(self)

    def overdue(self) -> LLMError:
        """Why a scope was cancelled that nobody outside cancelled: its deadline, or `fail`."""
        return self.error or timed_out(None, self.situation())

    def outcome(self, error: BaseException) -> BaseException:
        """What the caller gets for `error`, which ended a call."""
        if not isinstance(error, Exception):  # cancellation, Ctrl-C
            return error
        return self.error or from_httpx(error, self.situation()) or error

    def situation(self) -> Situation:
        """For the wording and the class of an error."""
        return Situation(host_of(self._call.url), self._call.timeouts, self.sent, self._idle)
