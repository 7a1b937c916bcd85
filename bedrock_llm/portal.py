"""An event loop in a thread of its own, for code without one.

Here: `Portal`, how a call gets there and back, and how the thread ends: closed, forgotten, or with the process. Not
here: what is called (sync.py). Called by: sync.

Rule 1: the thread is started by the first call. Rule 2: who is interrupted while waiting (Ctrl-C) has the call
cancelled, and goes on when it has let go of its connection. Rule 3: a portal that nobody closed keeps neither the
interpreter from ending nor, once it is forgotten, its connections. Rule 4: a forked child starts a thread of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextvars import Context
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar
from weakref import WeakSet, finalize

from bedrock_llm.errors import ConnectionFailedError, UsageError

if TYPE_CHECKING:
    import asyncio

    import anyio
    from anyio.from_thread import BlockingPortal

__all__ = ["Portal"]

T = TypeVar("T")

_GRACE_S = 1.0  # how long the calls under way may take to notice that the connections are closed
_RELEASE_S = 5.0  # how long an interrupted call may take to let go of its connection
_EXIT_S = 1.0  # how long the end of the process waits for portals that nobody closed
_CLOSED = "the client is closed: make a new one, or keep the calls inside its `with` block"


class Held(Protocol):
    """What is closed before the loop ends."""

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Free what it holds."""


class Portal:
    """Runs calls on an event loop of its own, from any thread.

    Args:
        free: Frees what the calls share; run once, on the loop. It must not refer to the portal.
    """

    def __init__(self, free: Callable[[], Awaitable[None]]) -> None:
        self._free = free
        self._lock = threading.Lock()
        self._thread: _Thread | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def call(self, function: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> T:
        """What `function` gives, awaited on the loop.

        Raises:
            UsageError: The portal is closed, or this is its own thread.
            ConnectionFailedError: It was closed under this call.
        """
        if self._closed:
            raise UsageError(_CLOSED)
        return self._running().call(function, args, options)

    def hold(self, held: Held) -> None:
        """Have this closed before the loop ends; it is not kept alive."""
        self._running().held.add(held)

    def close_soon(self, held: Held) -> None:
        """Close this on the loop without waiting; for objects that nobody can wait for any more."""
        thread = self._thread
        if thread is not None and not self._closed:
            thread.post(lambda: _spawn(held.aclose()))

    def close(self) -> None:
        """Free what the calls share, end them, and end the thread. Can be called twice.

        Raises:
            UsageError: This is the portal's own thread.
            Exception: Whatever `free` raises.
        """
        with self._lock:
            if self._closed:
                return
            thread = self._started()
            thread.refuse_own_thread()
            self._closed = True
        thread.leave()
        thread.join()
        if thread.failure is not None:
            raise thread.failure

    def _running(self) -> _Thread:
        thread = self._thread
        if thread is not None and thread.process == os.getpid():
            return thread
        with self._lock:
            if self._closed:
                raise UsageError(_CLOSED)
            return self._started()

    def _started(self) -> _Thread:
        if self._thread is None or self._thread.process != os.getpid():
            self._thread = _Thread(self._free)
            finalize(self, self._thread.leave).atexit = False  # at the end of the process `_at_exit` does it
        return self._thread


class _Thread:
    """The thread, and the loop in it.

    Attributes:
        process: The process it lives in.
        held: What is closed before the loop ends.
        failure: What went wrong while freeing, or None.
    """

    def __init__(self, free: Callable[[], Awaitable[None]]) -> None:
        self.process = os.getpid()
        self.held: WeakSet[Any] = WeakSet()
        self.failure: Exception | None = None
        self._free = free
        self._ends_with_process = False
        self.calls = 0
        self._quiet: anyio.Event | None = None
        self._freed = threading.Event()
        self._ready: Future[tuple[BlockingPortal, anyio.Event, asyncio.AbstractEventLoop]] = Future()
        # A daemon: the end of the interpreter does not wait for it, nor for the worker threads that its loop starts.
        # The context is empty, so that nothing of whoever calls first stays with all later calls.
        self._thread = threading.Thread(target=Context().run, args=(self._run,), name="bedrock_llm", daemon=True)
        self._thread.start()
        self._portal, self._leaving, self._loop = self._ready.result()
        _remember(self)

    def call(self, function: Callable[..., Awaitable[T]], args: tuple[Any, ...], options: dict[str, Any]) -> T:
        """See `Portal.call`."""
        self.refuse_own_thread()
        call: _Call[T] = _Call(self, lambda: function(*args, **options))
        try:
            future = self._portal.start_task_soon(call.run)
        except RuntimeError as error:
            raise UsageError(_CLOSED) from error
        except BaseException:  # Ctrl-C, and the call may be under way
            call.give_up()
            raise
        return self._wait(future, call)

    def refuse_own_thread(self) -> None:
        """Refuse to wait here for what only this thread can do.

        Raises:
            UsageError: This is the loop's thread.
        """
        if threading.current_thread() is self._thread:
            raise UsageError(
                "a sync client was used on its own thread, from an observer or a callback: it would wait for itself "
                "for ever. Use another client there"
            )

    def leave(self) -> None:
        """Have the loop free everything and end, without waiting; from any thread."""
        self.post(self._leaving.set)

    def leave_with_process(self) -> None:
        """Have the loop free everything, and wait a little for it."""
        self._ends_with_process = True
        self.leave()
        self._freed.wait(_EXIT_S)

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def post(self, function: Callable[[], object]) -> None:
        """Run a plain function on the loop without waiting for it; from any thread, its own included."""
        with contextlib.suppress(RuntimeError):  # the loop has ended, and closed what it held
            self._loop.call_soon_threadsafe(function)

    def left(self) -> None:
        """A call has ended."""
        self.calls -= 1
        if self._quiet is not None and not self.calls:
            self._quiet.set()

    def _wait(self, future: Future[T], call: _Call[T]) -> T:
        try:
            result = future.result()
        except CancelledError:
            if not self._leaving.is_set():
                raise
            raise ConnectionFailedError("the client was closed under this call", retryable=False) from None
        except BaseException:
            if not call.ended.is_set():  # raised in this thread, by Ctrl-C, and not by the call
                call.give_up()
            raise
        if call.failure is not None:
            raise call.failure
        return result

    def _run(self) -> None:
        import anyio

        try:
            anyio.run(self._serve)
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)  # whoever waits for the start

    async def _serve(self) -> None:
        import asyncio

        import anyio
        from anyio.from_thread import BlockingPortal

        leaving = anyio.Event()
        async with BlockingPortal() as portal:
            self._ready.set_result((portal, leaving, asyncio.get_running_loop()))
            await leaving.wait()
            try:
                await self._free()
            except Exception as error:  # noqa: BLE001  # raised by `close`, if anybody called that
                self.failure = error
            if self.calls:
                self._quiet = anyio.Event()
                with anyio.move_on_after(_GRACE_S):
                    await self._quiet.wait()
            for held in tuple(self.held):
                await self._close(held)
            self._freed.set()
            if self._ends_with_process:  # to take the loop apart would need threads, and it is too late for those
                await anyio.sleep_forever()
            await portal.stop(cancel_remaining=True)

    async def _close(self, held: Held) -> None:
        try:
            await held.aclose()
        except Exception as error:  # noqa: BLE001  # as above
            self.failure = self.failure or error


class _Call(Generic[T]):
    """One call, as seen from both threads.

    Attributes:
        ended: Set when it has let go of all.
        failure: What would have ended the loop and is raised in the caller's thread instead, or None.
    """

    def __init__(self, thread: _Thread, function: Callable[[], Awaitable[T]]) -> None:
        self.ended = threading.Event()
        self.failure: BaseException | None = None
        self._thread = thread
        self._function = function
        self._scope: anyio.CancelScope | None = None
        self._given_up = False

    async def run(self) -> T:
        """Run it, on the loop."""
        import anyio

        self._thread.calls += 1
        try:
            with anyio.CancelScope() as self._scope:
                self._cancel_if_given_up()
                return await self._function()
        except (KeyboardInterrupt, SystemExit) as error:  # raised by somebody's hook
            self.failure = error
        finally:
            self._thread.left()
            self.ended.set()
        return None  # type: ignore[return-value]  # nobody looks at it: the caller has gone, or raises the failure

    def give_up(self) -> None:
        """Cancel it, and wait until it has let go."""
        self._given_up = True
        self._thread.post(self._cancel_if_given_up)
        self.ended.wait(_RELEASE_S)

    def _cancel_if_given_up(self) -> None:
        if self._given_up and self._scope is not None:
            self._scope.cancel()


_SPAWNED: set[asyncio.Task[None]] = set()  # a loop keeps its tasks only weakly


def _spawn(work: Coroutine[Any, Any, None]) -> None:
    import asyncio

    task = asyncio.get_running_loop().create_task(work)
    _SPAWNED.add(task)
    task.add_done_callback(_SPAWNED.discard)


_LIVE: WeakSet[_Thread] = WeakSet()


def _remember(thread: _Thread) -> None:
    if not _LIVE:
        atexit.unregister(_at_exit)
        atexit.register(_at_exit)
    _LIVE.add(thread)


def _at_exit() -> None:
    """Free the connections of those that nobody closed. Not longer than it takes: the threads die with the process."""
    for thread in tuple(_LIVE):
        if thread.process == os.getpid():
            thread.leave_with_process()
