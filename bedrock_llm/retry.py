"""When a request is sent again: `with_retry`, the only place that does it.

Here: the loop after a failure, its waits, and the budget that all calls of a client share. Not here: what an attempt
is (flow.py), which errors are retryable (errors.py, the codecs). Called by: flow.

Rule 1: the first attempt costs nothing: tenacity is imported and asked only once an attempt has failed.
Rule 2: a wait never passes the deadline, and a server that asks for more than the cap is not waited for.
Rule 3: every retry is paid for out of one budget, so that an outage is not made worse.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from bedrock_llm.config import RetryPolicy
from bedrock_llm.errors import LLMError, OverloadedError, RateLimitError

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["RetryBudget", "RetryClock", "with_retry"]

T = TypeVar("T")

_THROTTLE_SCALE_S = 1.0  # the AWS SDKs' standard mode: first backoff after throttling ...
_OTHER_SCALE_S = 0.05  # ... and after anything else, doubled each time, with full jitter
_REFILL = 1  # what a call that succeeds at once puts back


class RetryBudget:
    """A bucket that retries are paid from, shared by all calls of a client.

    A success at once puts back 1, a success after a retry what the retry took, as the AWS SDKs do it.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._capacity = policy.budget
        self.left: int = policy.budget

    def take(self, cost: int) -> bool:
        """Take `cost` out, if that much is left."""
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def put(self, amount: int = _REFILL) -> None:
        """Put `amount` back, up to the capacity."""
        if self.left < self._capacity:
            self.left = min(self._capacity, self.left + amount)


class RetryClock:
    """Time, sleep and chance, so that tests need no patching.

    Args:
        now: Seconds that never go back.
        sleep: Waits so many seconds; None for anyio's.
        random: A number from 0 up to 1; None for the standard library's.
    """

    def __init__(
        self,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        self.now = now
        self._sleep = sleep
        self._random = random

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        if self._sleep is None:
            import anyio

            self._sleep = anyio.sleep
        await self._sleep(seconds)

    def random(self) -> float:
        """A number from 0 up to 1."""
        if self._random is None:
            import random

            self._random = random.random
        return self._random()


async def with_retry(
    attempt: Callable[[], Awaitable[T]],
    mend: Callable[[LLMError], Awaitable[bool]],
    *,
    policy: RetryPolicy,
    budget: RetryBudget,
    clock: RetryClock,
    deadline: float | None = None,
    again: Callable[[], Awaitable[None]] | None = None,
) -> T:
    """Run `attempt` until it succeeds, may not be retried, or the policy, the budget or the deadline says stop.

    Args:
        attempt: Sends one request.
        mend: Asked about every error; where it says True, what caused the error is mended and the next attempt follows
            at once, whether or not the error is retryable. It must not say so for ever.
        policy: How often, and how long to wait.
        budget: Pays for retries.
        clock: Time, sleep and chance.
        deadline: On `clock.now`, or None.
        again: Awaited before every attempt but the first.

    Raises:
        LLMError: The last attempt's.
    """
    started_s = time.monotonic()  # by tenacity's own clock, which its stop_after_delay looks at
    try:
        result = await attempt()
    except LLMError as error:
        return await _Retries(attempt, mend, policy, budget, clock, deadline, again).run(error, started_s)  # type: ignore[no-any-return]  # what `attempt` gives
    budget.put()
    return result


class _Retries:
    """What follows a first failure, run by tenacity."""

    def __init__(
        self,
        attempt: Callable[[], Awaitable[Any]],
        mend: Callable[[LLMError], Awaitable[bool]],
        policy: RetryPolicy,
        budget: RetryBudget,
        clock: RetryClock,
        deadline: float | None,
        again: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._attempt = attempt
        self._mend = mend
        self._policy = policy
        self._budget = budget
        self._clock = clock
        self._deadline = deadline
        self._again = again
        self._started_s = 0.0
        self._mended = False  # whether the error at hand was
        self._taken = 0

    async def run(self, error: LLMError, started_s: float) -> Any:
        """Go on after `error`, the first attempt's, which began at `started_s`."""
        self._started_s = started_s
        from tenacity import AsyncRetrying

        failed: LLMError | None = error

        async def attempt() -> Any:
            nonlocal failed
            first, failed = failed, None
            try:
                if first is not None:
                    raise first
                if self._again is not None:
                    await self._again()
                return await self._attempt()
            except LLMError as latest:
                self._mended = await self._mend(latest)
                raise

        retrying = AsyncRetrying(
            retry=self._may_retry, wait=self._wait_s, stop=self._must_stop, sleep=self._clock.sleep, reraise=True
        )
        result: Any = await retrying(attempt)
        self._budget.put(self._taken or _REFILL)
        return result

    def _may_retry(self, state: RetryCallState) -> bool:
        error = _error(state)
        return isinstance(error, LLMError) and (error.retryable or self._mended)

    def _wait_s(self, state: RetryCallState) -> float:
        if self._mended:
            return 0.0
        error = _error(state)
        asked = error.retry_after_s if isinstance(error, LLMError) else None
        return max(self._own_wait_s(state), asked or 0.0)

    def _own_wait_s(self, state: RetryCallState) -> float:
        if self._policy.wait is not None:
            return float(self._policy.wait(state))
        scale = _THROTTLE_SCALE_S if _throttled(_error(state)) else _OTHER_SCALE_S
        return self._clock.random() * min(scale * 2.0 ** (state.attempt_number - 1), self._policy.max_wait_s)

    def _must_stop(self, state: RetryCallState) -> bool:
        """Asked after the wait is known; takes from the budget last, when nothing else forbids the retry."""
        policy = self._policy
        error = _error(state)
        state.start_time = self._started_s
        if state.attempt_number >= policy.max_attempts or (policy.stop is not None and policy.stop(state)):
            return True
        asked = error.retry_after_s if isinstance(error, LLMError) else None
        if asked is not None and asked > policy.retry_after_cap_s and not self._mended:
            return True
        if self._deadline is not None and self._clock.now() + state.upcoming_sleep >= self._deadline:
            return True
        if self._mended:  # nothing is overloaded, and it happens once a call: it costs nothing
            return False
        cost = policy.throttle_cost if _throttled(error) else policy.cost
        if not self._budget.take(cost):
            return True
        self._taken = cost
        return False


def _error(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()


def _throttled(error: BaseException | None) -> bool:
    return isinstance(error, (RateLimitError, OverloadedError))
