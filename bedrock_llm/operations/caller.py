"""Who sends an operation: as often as the client's retry policy allows, within its deadlines and slots.

Here: `Caller`, the services of a client that it needs, and a count by the provider. Not here: one sending
(models/exchange.py), when to try again (retry.py). Called by: door, control_plane, client.

Rule 1: what holds for answers holds here: one owner of retries, one budget, every sending on the error, the slot free
at the end. Rule 2: observers are not told; they see answers.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from bedrock_llm.config import RetryPolicy, Timeouts
from bedrock_llm.errors import CallCancelledError, LLMError, UsageError
from bedrock_llm.limits import Slots, within
from bedrock_llm.models.base import BaseModelImplementation
from bedrock_llm.request import Request
from bedrock_llm.response import Attempt, TokenCount
from bedrock_llm.retry import RetryBudget, RetryClock, with_retry
from bedrock_llm.transports.base import TIMEOUTS

__all__ = ["Caller", "OwnServices", "Services", "count_at_provider"]

T = TypeVar("T")


class Services(Protocol):
    """What a client shares with its operations; its flow is one.

    Attributes:
        retry: When to send again.
        budget: What pays for that.
        slots: How many requests at once.
        timeouts: Deadlines, in seconds.
        clock: Time, sleep and chance.
        closed: Whether the client is.
    """

    retry: RetryPolicy
    budget: RetryBudget
    slots: Slots
    timeouts: Timeouts
    clock: RetryClock
    closed: bool


@dataclass(slots=True)
class OwnServices:
    """The services of somebody who has no client, with a client's defaults."""

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    slots: Slots = field(default_factory=lambda: Slots(None))
    clock: RetryClock = field(default_factory=lambda: RetryClock(time.monotonic))
    budget: RetryBudget = field(init=False)
    closed: bool = False

    def __post_init__(self) -> None:
        self.budget = RetryBudget(self.retry)


class Caller:
    """Sends one operation, as often as it takes.

    Args:
        services: The client's.
        recover: Mends what caused an error, if it can; asked once a call.
        provider: Whom the attempts name.
        model: The model that it is about, or None.
    """

    def __init__(
        self,
        services: Services,
        recover: Callable[[LLMError], Awaitable[bool]],
        *,
        provider: str | None,
        model: str | None = None,
    ) -> None:
        self._services = services
        self._recover = recover
        self._names = (model, provider)

    async def run(self, send: Callable[[], Awaitable[T]]) -> T:
        """The outcome of `send`.

        Raises:
            UsageError: The client is closed.
            LLMError: The last sending's, with all of them in `.attempts`.
        """
        services = self._services
        if services.closed:
            raise UsageError("the client is closed: make a new one, or keep the calls inside its `async with` block")
        call = _Call(services.clock, self._names)
        total_s, token = services.timeouts.total_s, TIMEOUTS.set(services.timeouts)
        try:
            return await within(total_s, "total", lambda: self._retried(send, call, total_s))
        except LLMError as error:
            error.attempts = tuple(call.attempts)
            error.model, error.provider = error.model or self._names[0], error.provider or self._names[1]
            raise
        finally:
            TIMEOUTS.reset(token)

    async def _retried(self, send: Callable[[], Awaitable[T]], call: _Call, total_s: float | None) -> T:
        services, tried = self._services, False

        async def mend(error: LLMError) -> bool:
            nonlocal tried
            before, tried = tried, True
            return not before and await self._recover(error)

        async def attempt() -> T:
            release = await services.slots.take(services.timeouts.pool_s)
            try:
                return await call.attempt(send)
            finally:
                release()

        return await with_retry(
            attempt,
            mend,
            policy=services.retry,
            budget=services.budget,
            clock=services.clock,
            deadline=None if total_s is None else call.started_s + total_s,
        )


async def count_at_provider(model: BaseModelImplementation, request: Request, services: Services) -> TokenCount:
    """Input tokens of a prepared request by the provider's own API, tried as often as the client's policy allows.

    Raises:
        UnsupportedFeatureError: The model cannot be counted so.
        LLMError: The call failed; what was tried is in `.attempts`.
    """
    caller = Caller(services, model.recover, provider=model.config.provider, model=model.config.model)
    return await caller.run(lambda: model.count_at_provider(request))


class _Call:
    """One call under way, and the sendings that failed."""

    def __init__(self, clock: RetryClock, names: tuple[str | None, str | None]) -> None:
        self.started_s = clock.now()
        self.attempts: list[Attempt] = []
        self._clock = clock
        self._names = names

    async def attempt(self, send: Callable[[], Awaitable[T]]) -> T:
        """Send once; a failure is written down, but for one on our side, of which nothing was sent."""
        started_s = self._clock.now()
        try:
            return await send()
        except UsageError:
            raise
        except BaseException as error:
            self._failed(started_s, error)
            raise

    def _failed(self, started_s: float, error: BaseException) -> None:
        known = error if isinstance(error, LLMError) else None
        attempt = Attempt(
            len(self.attempts) + 1,
            *self._names,
            started_s - self.started_s,
            self._clock.now() - started_s,
            known.status if known else None,
            known.request_id if known else None,
            error if isinstance(error, Exception) else CallCancelledError("the call was cancelled"),
            known.billed if known else "maybe",
        )
        self.attempts.append(attempt)
