"""The transport seam: a request of bytes in, a reply of bytes out.

Here: `Transport` and its values. Not here: any HTTP library (one file each beside this one), retries, signatures.
Called by: models/remote.py. Subclass `Transport` to change bytes on their way, e.g. in tests or for recording.

Rule 1: a transport raises only our errors; each exception of its library maps to one of them.
Rule 2: redirects are not followed, statuses are not judged, bodies are decoded (gzip and the like) and bounded.
Rule 3: when `aclose` returns, or a call is cancelled at any await point, its connection is free or closed.
Rule 4: a transport belongs to the event loop that first used it; on another loop it opens fresh connections.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from bedrock_llm.config import Timeouts
from bedrock_llm.errors import LLMError

__all__ = ["MAX_BODY_BYTES", "TIMEOUTS", "HTTPCall", "HTTPReply", "ReplyStream", "Transport"]

FINISH_S = 0.05  # how long a complete answer waits for the end of its body; a TLS handshake takes longer
MAX_BODY_BYTES = 64 * 1024 * 1024  # decoded; Bedrock's own limit is 25 MB each way

TIMEOUTS: ContextVar[Timeouts] = ContextVar("bedrock_llm_timeouts", default=Timeouts())  # it is frozen
"""The deadlines of the call under way; set by the flow, read when a call is made. Wrappers need not pass it on."""


class HTTPCall(NamedTuple):
    """One HTTP request.

    Attributes:
        method: e.g. `POST`.
        url: Absolute, percent-encoded; sent as it is, no character changed.
        headers: As they shall be sent, each name once.
        body: The whole body.
        timeouts: `connect_s`, `first_event_s` and `idle_s` are the transport's to keep; the others are the flow's.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    timeouts: Timeouts = Timeouts()  # it is frozen

    def __repr__(self) -> str:
        return f"HTTPCall({self.method} {self.url}, {len(self.body)} bytes)"


class HTTPReply(NamedTuple):
    """A whole answer: status, headers (names in lower case) and decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ReplyStream(ABC):
    """An answer whose headers are there and whose body is still coming.

    Attributes:
        status: HTTP status.
        headers: Names in lower case.
    """

    status: int
    headers: Mapping[str, str]

    @abstractmethod
    async def read(self) -> bytes:
        """The next bytes, as they come; `b""` at the end, which the body's own framing confirmed.

        Raises:
            ConnectionFailedError: The connection broke (`sent=True`), also where a length or chunk was cut short.
            RequestTimeoutError: `first_event` before `started`, else `idle`.
            ProtocolError: The body is larger than allowed, or not what its encoding says.
        """

    @abstractmethod
    def started(self) -> None:
        """The first event is there: now `idle_s` counts between bytes, no longer `first_event_s` from the start."""

    @abstractmethod
    async def aclose(self) -> None:
        """Free the connection; closes it unless the body was read to its end. Can be called twice."""

    async def finish(self) -> None:
        """The answer is complete: give the connection back for the next call, then close as `aclose` does.

        The body's own end mostly comes with the last event or right after it; it is waited for so long and no longer,
        as a new connection costs more. If more than the end comes, the connection is closed.
        """
        import anyio

        with anyio.move_on_after(FINISH_S), contextlib.suppress(LLMError):  # nothing it may say changes the answer
            await self.read()
        await self.aclose()


class Transport(ABC):
    """Sends `HTTPCall`s."""

    @abstractmethod
    async def send(self, call: HTTPCall) -> HTTPReply:
        """Send and read the whole answer.

        Raises:
            ConnectionFailedError: `.sent` tells whether the request may have reached the server.
            RequestTimeoutError: `.phase` is connect, first_event (until the headers) or idle (between body bytes).
            ProtocolError: Not HTTP, or a body over `MAX_BODY_BYTES`.
            UsageError: The transport is closed.
        """

    @abstractmethod
    async def open(self, call: HTTPCall) -> ReplyStream:
        """Send and wait for the headers. The caller closes what it gets. Errors as `send`."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close all connections; calls in flight end with `ConnectionFailedError`. Can be called twice."""

    def __reduce__(self) -> Any:
        raise TypeError(f"{type(self).__name__} holds connections and cannot be pickled or copied")
