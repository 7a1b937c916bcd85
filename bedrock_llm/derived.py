"""The services of a client that shares its connections with another.

Here: `DerivedFlow`, and how its calls end when it is closed while the connections stay open. Not here: what is shared
(options.py), the path of a call (flow.py). Called by: options makes it, client closes it.

Rule 1: a derived client is closed when it is closed itself, or any client it was derived from. Rule 2: closing it ends
its own calls and closes its own models, and touches nothing that is shared.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from bedrock_llm.call import Call, Opened, Ready
from bedrock_llm.errors import ConnectionFailedError
from bedrock_llm.events import Event
from bedrock_llm.flow import Flow
from bedrock_llm.models.base import BaseModelImplementation, EventStream
from bedrock_llm.response import Response, ResponseWarning
from bedrock_llm.transports.loops import running_loop

if TYPE_CHECKING:
    import anyio

__all__ = ["DerivedFlow"]

T = TypeVar("T")

_END_S = 1.0  # how long closing waits for calls that were told to end


class DerivedFlow(Flow):
    """The services of a derived client.

    Args:
        parent: The services that it shares.
        owned: Models that are its alone; closed with it.
        services: The fields of a `Flow`.
    """

    def __init__(self, parent: Flow, owned: Sequence[BaseModelImplementation], **services: Any) -> None:
        self._parent = parent
        self._owned = tuple(owned)
        self._shut = False
        self._waits: set[_Wait] = set()
        self._streams: WeakSet[_EndedWithClient] = WeakSet()
        super().__init__(**services)

    @property
    def closed(self) -> bool:
        """Whether this client or one that it was derived from is closed."""
        return self._shut or self._parent.closed

    @closed.setter
    def closed(self, value: bool) -> None:
        self._shut = value

    async def end(self) -> None:
        """End the calls under way, and close the models that nobody else has. Can be called twice.

        Calls on other event loops are told to end and not waited for.
        """
        import anyio

        here = running_loop()
        ending = []
        for wait in tuple(self._waits):
            if wait.loop is here:
                ending.append(wait.over())
                wait.end()
            else:
                _post(wait.loop, wait.end)
        with anyio.move_on_after(_END_S):
            for over in ending:
                await over.wait()
        for stream in tuple(self._streams):
            if stream.loop is here and not stream.reading:
                await stream.aclose()
        owned, self._owned = self._owned, ()
        for model in owned:
            await model.aclose()

    async def _answer(self, call: Call, ready: Ready) -> Response[Any]:
        return await self._until_closed(call, super()._answer(call, ready))

    async def _first_events(self, call: Call, ready: Ready) -> Opened:
        opened = await self._until_closed(call, super()._first_events(call, ready))
        stream = _EndedWithClient(self, call, opened.stream)
        self._streams.add(stream)
        return opened._replace(stream=stream)

    async def _until_closed(self, call: Call, work: Awaitable[T]) -> T:
        """What `work` gives, unless the client is closed before."""
        wait = _Wait(running_loop())
        self._waits.add(wait)
        try:
            return await wait.run(work)
        except _ClosedError:
            error = ConnectionFailedError("the client was closed under this call", retryable=False)
            call.broke(error)
            raise error from None
        finally:
            self._waits.discard(wait)
            wait.left()


class _ClosedError(Exception):
    """A wait was ended, as its client was closed."""


class _Wait:
    """One wait for the wire, which can be ended from outside.

    Under asyncio by cancelling its task, as a cancel scope for every packet would cost more than the packet.

    Attributes:
        loop: Where it waits.
    """

    __slots__ = ("_cancel", "_ended", "_over", "loop")

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self._cancel: Callable[[], object] | None = None
        self._ended = False
        self._over: anyio.Event | None = None

    async def run(self, work: Awaitable[T]) -> T:
        """What `work` gives.

        Raises:
            _ClosedError: It was ended.
        """
        if hasattr(self.loop, "call_soon_threadsafe"):
            return await self._in_task(work)
        import anyio

        with anyio.CancelScope() as scope:
            self._cancel = scope.cancel
            return await work
        raise _ClosedError

    def end(self) -> None:
        """End it, unless it is over; called on its loop."""
        if self._cancel is not None and not self._ended:
            self._ended = True
            self._cancel()

    def over(self) -> anyio.Event:
        """Set when it is over."""
        import anyio

        self._over = self._over or anyio.Event()
        return self._over

    def left(self) -> None:
        """It is over."""
        self._cancel = None
        if self._over is not None:
            self._over.set()

    async def _in_task(self, work: Awaitable[T]) -> T:
        import asyncio

        task = asyncio.current_task(self.loop)
        assert task is not None  # a loop runs, and this is a coroutine in it
        before = task.cancelling()
        self._cancel = task.cancel
        try:
            return await work
        except asyncio.CancelledError:
            if not self._ended or task.cancelling() > before + 1:  # somebody else's, or theirs as well
                raise
            raise _ClosedError from None
        finally:
            if self._ended:
                task.uncancel()


class _EndedWithClient(EventStream):
    """A stream that ends when its client is closed, also while nobody reads it.

    Attributes:
        loop: Where it is read.
        reading: Whether somebody waits for its next events.
    """

    def __init__(self, flow: DerivedFlow, call: Call, stream: EventStream) -> None:
        self._flow = flow
        self._call = call
        self._stream = stream
        self.loop = running_loop()
        self.reading = False

    @property
    def request_id(self) -> str | None:  # type: ignore[override]  # a plain attribute in the base
        """As the stream inside, like the other two."""
        return self._stream.request_id

    @property
    def status(self) -> int | None:  # type: ignore[override]
        return self._stream.status

    @property
    def warnings(self) -> Sequence[ResponseWarning]:  # type: ignore[override]
        return self._stream.warnings

    async def next_batch(self) -> Sequence[Event]:
        """The next events.

        Raises:
            ConnectionFailedError: The client was closed.
        """
        flow = self._flow
        if flow.closed:
            raise ConnectionFailedError("the client was closed under this call", retryable=False)
        self.reading = True
        try:
            return await flow._until_closed(self._call, self._stream.next_batch())  # noqa: SLF001  # one module, one job
        finally:
            self.reading = False

    async def aclose(self) -> None:
        """Free the connection."""
        await self._stream.aclose()


def _post(loop: Any, function: Callable[[], object]) -> None:
    """Run a function on another thread's loop, if that has not ended."""
    post = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon
    with contextlib.suppress(RuntimeError):  # it has
        post(function)
