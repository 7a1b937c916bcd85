"""One running answer.

Here: `ResponseStream`, how its events reach the caller, and how it ends: complete, broken, cancelled or left; `Turn`,
by which a conversation follows its stream. Not here: opening (flow.py), folding (events.py). Called by: client,
conversation, sync.

Rule 1: nothing is sent again once an event has reached the caller. Rule 2: when `aclose` returns, the connection and
the slot are free. Rule 3: observers are told one end, whichever comes first.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from types import TracebackType
from typing import Any, Generic, NoReturn, Protocol, Self, TypeVar

from bedrock_llm.call import Call, Opened, free
from bedrock_llm.errors import LLMError, StreamInterruptedError, UsageError, interrupted
from bedrock_llm.events import Event, Finished, TextDelta, empty_response, fold
from bedrock_llm.flow import Flow
from bedrock_llm.limits import within
from bedrock_llm.request import Request
from bedrock_llm.response import Response

__all__ = ["ResponseStream", "Turn"]

T = TypeVar("T")

_FOLD_EVERY = 4096  # events kept before they are folded, so that a long answer does not hold them all
_HOW = "enter the stream first: async with client.stream(messages) as stream: async for event in stream: ..."


class Turn(Protocol):
    """What a conversation does around one of its streams."""

    def begin(self) -> None:
        """The stream is entered; may refuse it."""

    async def take(self, response: Response[Any]) -> None:
        """The answer is complete."""

    def drop(self) -> None:
        """The stream is over; called at every end, perhaps more than once."""


class ResponseStream(AsyncIterator[Event], Generic[T]):
    """An answer that arrives event by event.

    Entering it sends the request and waits for the first event; until then it is retried as `generate` is.

        async with client.stream("Why is the sky blue?") as stream:
            async for text in stream.text():
                print(text, end="")
            response = await stream.response()
    """

    def __init__(self, flow: Flow, request: Request) -> None:
        self._flow = flow
        self._request = request
        self._call: Call | None = None
        self._opened: Opened | None = None
        self._pending: Iterator[Event] = iter(())
        self._unfolded: list[Event] = []
        self._folded: Response[Any] = empty_response()
        self._finished = False  # the last event was read
        self._response: Response[T] | None = None
        self._failure: BaseException | None = None
        self._closed = False
        self._reading = False
        self._turn: Turn | None = None

    async def __aenter__(self) -> Self:
        if self._call is not None or self._closed:
            raise UsageError("a stream can be entered once, and not after aclose(); ask again with client.stream(...)")
        if self._turn is not None:
            self._turn.begin()
        call = self._call = Call(self._request, self._flow.clock.now())
        try:
            await self._flow.start(call)
            opened = self._opened = await self._flow.open(call)
        except BaseException as error:
            self._failure = error
            self._over()
            await self._flow.fail(call, error)
            raise
        try:
            if self._flow.observers.sees_events:
                await self._show(opened.first)
            self._take(opened.first)
        except BaseException as error:
            await self._stop(opened, error)
            raise
        return self

    def __enter__(self) -> NoReturn:
        raise UsageError(_HOW)

    def __exit__(self, *error: object) -> None:
        """Never reached: `__enter__` has raised."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave(error)

    def __del__(self) -> None:
        opened = self._opened
        if opened is not None and not self._closed:
            self._over()
            opened.release()  # its connection frees itself; observers cannot be told from here
            warnings.warn("a stream was dropped without `async with` or aclose()", ResourceWarning, stacklevel=2)

    def __aiter__(self) -> AsyncIterator[Event]:
        self._check_entered()
        return self

    async def __anext__(self) -> Event:
        self._check_entered()
        while True:
            for event in self._pending:
                return event
            if not await self._advance():
                raise StopAsyncIteration

    def __await__(self) -> Generator[Any, Any, NoReturn]:
        raise UsageError(_HOW)

    def text(self) -> AsyncIterator[str]:
        """The text alone, piece by piece, as it arrives."""
        self._check_entered()
        return _Texts(self)

    async def response(self) -> Response[T]:
        """The whole answer: the fold of the events. Reads what has not been read yet.

        Raises:
            LLMError: The answer broke off, or the stream was left before its end; `.partial` holds what had arrived.
        """
        self._check_entered()
        while self._response is None:
            if not await self._advance() and self._response is None:
                self._nothing_more()
        self._pending = iter(())
        return self._response

    @property
    def partial(self) -> Response[Any] | None:
        """The fold of what has arrived so far; None before the first event."""
        if self._unfolded:
            self._folded = fold(self._folded, self._unfolded)
            self._unfolded = []
        return None if self._opened is None else self._folded

    async def aclose(self) -> None:
        """Leave the stream and free its connection. Can be called twice."""
        await self._leave(None)

    def _check_entered(self) -> None:
        if self._call is None:
            raise UsageError(_HOW)

    async def _advance(self) -> bool:
        """Make the next events pending; whether there are any."""
        opened = self._opened
        if self._closed or opened is None:
            return self._nothing_more()
        if self._reading:
            raise UsageError("this stream is being read by another task: one reader at a time")
        if self._finished:
            await self._end(opened)
            return False
        self._reading = True
        try:  # this runs once per packet: what need not be awaited is not
            unlimited = self._flow.timeouts.total_s is None
            batch = await (opened.stream.next_batch() if unlimited else self._within_deadline(opened))
            if not batch:
                raise StreamInterruptedError("the stream ended without its last event, Finished")
            if self._flow.observers.sees_events:
                await self._show(batch)
            self._take(batch)
        except LLMError as error:
            if self._closed:  # under this read, by another task
                return self._nothing_more()
            broken = interrupted(error, self.partial, retryable=False)
            await self._stop(opened, broken)
            if broken is error:
                raise
            raise broken from error
        except BaseException as error:
            await self._stop(opened, error)
            raise
        finally:
            self._reading = False
        return True

    def _nothing_more(self) -> bool:
        """False where the answer is complete.

        Raises:
            LLMError: It is not: what was left or broke is never handed over as finished.
        """
        if self._response is not None:
            return False
        if isinstance(self._failure, LLMError):
            raise self._failure
        text = "the stream was left before its end"
        raise StreamInterruptedError(text, retryable=False, partial=self.partial) from self._failure

    async def _within_deadline(self, opened: Opened) -> Sequence[Event]:
        limit_s = self._flow.timeouts.total_s
        deadline_s = self._entered().deadline(limit_s)
        left_s = None if deadline_s is None else deadline_s - self._flow.clock.now()
        return await within(left_s, "total", opened.stream.next_batch, limit_s=limit_s)

    async def _show(self, batch: Sequence[Event]) -> None:
        for event in batch:
            await self._flow.observers.tell("on_event", event)

    def _take(self, batch: Sequence[Event]) -> None:
        self._unfolded.extend(batch)
        if len(self._unfolded) > _FOLD_EVERY:
            _ = self.partial  # folds them
        self._pending = iter(batch)
        self._finished = batch[-1].__class__ is Finished

    def _entered(self) -> Call:
        assert self._call is not None  # every caller has checked
        return self._call

    async def _end(self, opened: Opened) -> None:
        """The answer is complete."""
        call, stream = self._entered(), opened.stream
        self._closed = True
        try:
            await free(opened.stream, opened.release)
            folded = (self.partial or self._folded).with_(request_id=stream.request_id, warnings=tuple(stream.warnings))
            self._response = self._flow.settle(call, opened.ready, folded)
        except BaseException as error:
            self._failure = error
            self._over()
            await self._flow.fail(call, error, self.partial)
            raise
        try:
            if self._turn is not None:
                await self._turn.take(self._response)
        finally:
            self._over()
            await self._flow.complete(call, self._response)

    async def _stop(self, opened: Opened, error: BaseException) -> None:
        """The answer is not complete: `error` says why. The first to say so is heard."""
        if self._closed:
            return
        self._failure = error
        self._over()
        self._pending = iter(())
        self._entered().broke(error)
        try:
            await free(opened.stream, opened.release)
        finally:
            await self._flow.fail(self._entered(), error, self.partial)

    def _over(self) -> None:
        self._closed = True
        if self._turn is not None:
            self._turn.drop()

    async def _leave(self, error: BaseException | None) -> None:
        opened = self._opened
        if self._closed or opened is None:
            self._closed = True
        elif self._finished:
            with contextlib.suppress(LLMError):  # told to observers, and kept for response()
                await self._end(opened)
        else:
            cancellation = error is not None and not isinstance(error, Exception)
            await self._stop(opened, error if cancellation and error is not None else GeneratorExit())


class _Texts(AsyncIterator[str]):
    """The text of a stream, piece by piece."""

    __slots__ = ("_stream",)

    def __init__(self, stream: ResponseStream[Any]) -> None:
        self._stream = stream

    async def __anext__(self) -> str:
        stream = self._stream
        while True:
            for event in stream._pending:  # noqa: SLF001  # one module, one job
                if event.__class__ is TextDelta:
                    return event.text
            if not await stream._advance():  # noqa: SLF001  # one module, one job
                raise StopAsyncIteration
