"""One fetch for however many callers wait for it.

Here: `SingleFlight`. Not here: what is fetched and kept. Called by: credential_store.py.

Rule 1: the first caller of an event loop fetches; the others of that loop wait and get its result or its error.
Rule 2: where the first caller is cancelled, nothing is settled, and one of those who waited fetches.
Rule 3: each loop has flights of its own: an event of one loop cannot wake a task of another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from bedrock_llm.errors import LLMError
from bedrock_llm.transports.loops import running_loop, under_trio

__all__ = ["SingleFlight"]

T = TypeVar("T")


class _Flight(Generic[T]):
    __slots__ = ("done", "error", "results")

    def __init__(self, done: Any) -> None:
        self.done = done
        self.error: LLMError | None = None
        self.results: list[T] = []  # of one; empty while nothing is settled


class SingleFlight(Generic[T]):
    """Lets one caller fetch while the others wait. On asyncio and on trio."""

    __slots__ = ("_flights",)

    def __init__(self) -> None:
        self._flights: dict[Any, _Flight[T]] = {}

    @property
    def under_way(self) -> bool:
        """Whether somebody is fetching, on any loop."""
        return bool(self._flights)

    async def run(self, fetch: Callable[[], Awaitable[T]]) -> T:
        """The result of `fetch`, called by one of those who wait.

        Raises:
            LLMError: What `fetch` raised; those who waited get an error of the same class and message.
        """
        loop = running_loop()
        while (flight := self._flights.get(loop)) is not None:
            await flight.done.wait()
            if flight.results:
                return flight.results[0]
            if flight.error is not None:
                raise type(flight.error)(flight.error.message) from flight.error
        flight = self._flights[loop] = _Flight(_event())
        try:
            result = await fetch()
            flight.results.append(result)
        except LLMError as error:
            flight.error = error
            raise
        finally:
            del self._flights[loop]
            flight.done.set()
        return result


def _event() -> Any:
    """The running library's own: anyio's takes 20 ms to import, in the middle of a call."""
    if under_trio():
        import trio

        return trio.Event()
    import asyncio

    return asyncio.Event()
