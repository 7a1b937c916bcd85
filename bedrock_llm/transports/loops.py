"""Which event loop is running, and one of something per loop.

Here: `PerLoop`, by which a transport keeps rule 4 of base.py, and what it needs to know of asyncio and trio. Not here:
HTTP. Called by: aiohttp_transport.py, httpx2_transport.py, choose.py.

A connection belongs to the loop (and the process) in which it was opened. What another loop left is:
    its loop is closed, or we are a forked child     dropped, without touching the loop
    its loop still runs, in another thread           kept; closed from there when the transport is closed
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from bedrock_llm.errors import UsageError

__all__ = ["PerLoop", "Pool", "running_loop", "under_trio"]


def under_trio() -> bool:
    """Whether a trio task is running; then the loop is trio's, also where asyncio is its host (guest mode)."""
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())


def _no_loop() -> NoReturn:
    raise UsageError("no event loop is running: call this from async code under asyncio or trio") from None


def running_loop() -> Any:
    """The running asyncio loop, or trio's token.

    Raises:
        UsageError: No event loop is running.
    """
    if under_trio():
        return sys.modules["trio"].lowlevel.current_trio_token()
    asyncio = sys.modules.get("asyncio")  # not imported here: that takes 30 ms, and who runs a loop has done it
    try:
        return asyncio.get_running_loop() if asyncio else _no_loop()
    except RuntimeError:
        return _no_loop()


def _is_asyncio(loop: Any) -> bool:
    return hasattr(loop, "call_soon_threadsafe")


def _is_dead(loop: Any) -> bool:
    """Whether an asyncio loop is closed or a trio run has ended; of the latter one learns by trying to reach it."""
    if _is_asyncio(loop):
        return bool(loop.is_closed())
    return not _call_in(loop, lambda: None)


def _call_in(loop: Any, function: Callable[[], object]) -> bool:
    """Run `function` in another thread's loop; False if that loop has ended."""
    try:
        if _is_asyncio(loop):
            loop.call_soon_threadsafe(function)
        else:
            loop.run_sync_soon(function)
    except RuntimeError:  # asyncio: closed; trio.RunFinishedError is one too
        return False
    return True


class Pool(Protocol):
    """Connections of one loop."""

    async def aclose(self) -> None:
        """Close all; called in the pool's own loop."""

    def close_soon(self) -> None:
        """The same, begun in the pool's own loop without waiting."""

    def abandon(self) -> None:
        """Let go of all without touching the loop, which has ended."""


P = TypeVar("P", bound=Pool)


class PerLoop(Generic[P]):
    """One pool for each event loop, made when it is first needed there.

    Args:
        make: Makes the pool of the running loop, which it is given.
    """

    def __init__(self, make: Callable[[Any], P]) -> None:
        self._make = make
        self._latest: tuple[Any, P] | None = None  # one attribute, so that another thread never sees half of it
        self._pools: dict[Any, P] = {}
        self._process = os.getpid()
        self._closed = False
        self._lock = threading.Lock()

    def current(self) -> P:
        """The running loop's pool.

        Raises:
            UsageError: No loop is running, or the transport is closed.
        """
        latest = self._latest
        if latest is not None and latest[0] is running_loop():
            return latest[1]
        return self._other(running_loop())

    def _other(self, loop: Any) -> P:
        with self._lock:
            if self._closed:
                raise UsageError("this transport is closed")
            self._drop_dead()
            pool = self._pools.get(loop)
            if pool is None:
                pool = self._pools[loop] = self._make(loop)
            self._latest = (loop, pool)
            return pool

    def _drop_dead(self) -> None:
        if os.getpid() != self._process:
            # The sockets are the parent's as well: to close or even to poll them here would disturb it.
            self._process = os.getpid()
            _LEFT_TO_PARENT.extend(self._pools.values())
            self._pools.clear()
        for loop in [loop for loop in self._pools if _is_dead(loop)]:
            self._pools.pop(loop).abandon()

    async def aclose(self) -> None:
        """Close the running loop's pool, and have the others closed where their loops still run."""
        here = running_loop()
        with self._lock:
            self._closed = True
            self._latest = None
            self._drop_dead()
            pools, self._pools = self._pools, {}
        for loop, pool in pools.items():
            if loop is here:
                await pool.aclose()
            elif not _call_in(loop, pool.close_soon):
                pool.abandon()


_LEFT_TO_PARENT: list[Any] = []  # kept so that no destructor of them runs in a forked child
