"""Blocking functions off the event loop, one thread for however many callers.

Here: `OffLoop`, and `at_most`, which stops waiting. Not here: what is called. Called by: credentials.py,
credential_store.py.

Rule 1: a caller who leaves (cancelled, out of time) leaves the thread to itself; whoever asks next waits for the same.
        So a metadata service or a credential process that hangs holds one thread, not one for each caller.
Rule 2: a thread that is busy for two minutes is given up, and a new one begun.
Rule 3: the threads are daemons: what hangs does not keep the program from ending.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from bedrock_llm.transports.loops import under_trio

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["OffLoop", "at_most"]

_GIVEN_UP_AFTER_S = 120  # longer than the retries of the AWS SDK take; only a process of the user's has no end

T = TypeVar("T")


class _Errand(NamedTuple):
    function: Callable[[], Any]
    outcome: Future[Any]
    begun_s: float


class OffLoop:
    """Runs one function at a time in a thread. From any loop, asyncio or trio, and from several at once.

    Args:
        now: Seconds of a clock that never goes back.
    """

    __slots__ = ("_errand", "_lock", "_now")

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._errand: _Errand | None = None

    async def run(self, function: Callable[[], T]) -> T:
        """What `function` returns or raises; it is not called again while an earlier call of it is still running."""
        with self._lock:
            errand, mine = self._errand, False
            if errand is None or not self._may_join(errand, function):
                errand, mine = _Errand(function, _begin(function), self._now()), True
                self._errand = errand
        result: T = await _wait(errand.outcome)
        if mine or not hasattr(result, "__await__"):
            return result
        return await self.run(function)  # what can be awaited only once is for the caller who began

    def _may_join(self, errand: _Errand, function: Callable[[], Any]) -> bool:
        busy = not errand.outcome.done() and self._now() - errand.begun_s < _GIVEN_UP_AFTER_S
        return busy and errand.function == function


def _begin(function: Callable[[], Any]) -> Future[Any]:
    from concurrent.futures import Future

    outcome: Future[Any] = Future()
    outcome.set_running_or_notify_cancel()  # from now on it cannot be cancelled by one of those who wait
    context = copy_context()

    def work() -> None:
        try:
            result = context.run(function)
        except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
            outcome.set_exception(error)
        else:
            outcome.set_result(result)

    Thread(target=work, name="bedrock_llm credentials", daemon=True).start()
    return outcome


async def _wait(outcome: Future[Any]) -> Any:
    if not under_trio():
        import asyncio

        return await asyncio.wrap_future(outcome)
    import trio

    done, token = trio.Event(), trio.lowlevel.current_trio_token()

    def wake(_: Future[Any]) -> None:
        with contextlib.suppress(trio.RunFinishedError):  # nobody is left to be told
            token.run_sync_soon(done.set)

    outcome.add_done_callback(wake)
    await done.wait()
    return outcome.result()


async def at_most(seconds: float, run: Callable[[], Awaitable[T]]) -> T | None:
    """What `run` gives, or None where it takes longer; it is cancelled then."""
    if under_trio():
        import trio

        with trio.move_on_after(seconds):
            return await run()
        return None
    import asyncio

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await run()
    return None
