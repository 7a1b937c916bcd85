"""How much at once, and for how long: slots for requests, and the deadline of a whole call.

Here: `Slots` and `within`. Not here: when to try again (retry.py), deadlines of the wire (transports/). Called by:
flow, stream.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bedrock_llm.config import Limits
from bedrock_llm.errors import Phase, RequestTimeoutError

__all__ = ["Slots", "within"]

T = TypeVar("T")


async def within(
    seconds: float | None, phase: Phase, run: Callable[[], Awaitable[T]], *, limit_s: float | None = None
) -> T:
    """Run something, for at most `seconds`.

    Args:
        seconds: What is left; None for no limit.
        phase: The deadline's name.
        run: What to run; cancelled at the deadline.
        limit_s: The deadline's whole length, for the message; `seconds` if None.

    Raises:
        RequestTimeoutError: The deadline passed.
    """
    if seconds is None:
        return await run()
    import anyio

    with anyio.move_on_after(max(seconds, 0)):
        return await run()
    length = seconds if limit_s is None else limit_s
    if phase == "pool":  # to wait again is not for us: the caller has said how long
        text = f"no slot was free within {length:g} s (Limits.max_concurrency, Timeouts.pool_s)"
        raise RequestTimeoutError(text, phase=phase, after_s=length, sent=False, retryable=False)
    raise RequestTimeoutError(
        f"the call took longer than {length:g} s (Timeouts.{phase}_s)", phase=phase, after_s=length
    )


class Slots:
    """Requests at once, first come first served.

    Args:
        limits: How many; no limit costs nothing.

    Attributes:
        unlimited: Without a limit, what `take` would give, so that nothing is awaited; None with one.
    """

    def __init__(self, limits: Limits | None) -> None:
        self._most = None if limits is None else limits.max_concurrency
        self.unlimited: Callable[[], None] | None = _nothing if self._most is None else None
        self._loop: Any = None
        self._free: Any = None

    async def take(self, pool_s: float) -> Callable[[], None]:
        """Wait for a slot; what comes back frees it and can be called twice.

        Raises:
            RequestTimeoutError: None was free within `pool_s` (phase pool).
        """
        if self._most is None:
            return _nothing
        import anyio
        from anyio.lowlevel import current_token

        loop = current_token()
        if self._loop != loop:  # a semaphore belongs to its loop
            self._loop, self._free = loop, anyio.Semaphore(self._most)
        free = self._free
        await within(pool_s, "pool", free.acquire)
        return _Once(free.release)


class _Once:
    """Calls something the first time it is called."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def __call__(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()


def _nothing() -> None:
    """No slot was taken."""
