from __future__ import annotations

import math

import anyio
import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st

from bedrock_llm.config import RetryPolicy
from bedrock_llm.errors import ConnectionFailedError, LLMError, RateLimitError, RejectedRequestError, ServerError
from bedrock_llm.retry import RetryBudget, with_retry
from tests.clocks import StillClock


class Attempts:
    """Fails with the given errors, then succeeds; counts."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.sent = 0

    async def __call__(self) -> str:
        self.sent += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


async def cannot_mend(error: LLMError) -> bool:
    return False


async def run(attempts, *, policy=None, budget=None, clock=None, mend=cannot_mend, deadline=None):
    policy = policy or RetryPolicy()
    clock = clock or StillClock()
    budget = budget or RetryBudget(policy)
    return await with_retry(attempts, mend, policy=policy, budget=budget, clock=clock, deadline=deadline)


@pytest.mark.anyio
async def test_a_first_success_neither_waits_nor_imports_tenacity_again():
    clock, attempts = StillClock(), Attempts()
    assert await run(attempts, clock=clock) == "answer"
    assert (attempts.sent, clock.slept) == (1, [])


@pytest.mark.anyio
async def test_waits_are_full_jitter_and_longer_after_throttling():
    clock = StillClock(chance=0.5)
    attempts = Attempts(ServerError("500"), RateLimitError("429"), ServerError("500"))
    assert await run(attempts, clock=clock, policy=RetryPolicy(max_attempts=4)) == "answer"
    assert clock.slept == [0.5 * 0.05, 0.5 * 1.0 * 2, 0.5 * 0.05 * 4]


@pytest.mark.anyio
async def test_the_last_error_is_raised_after_max_attempts():
    errors = [ServerError(str(number)) for number in range(5)]
    attempts = Attempts(*errors)
    with pytest.raises(ServerError) as caught:
        await run(attempts)
    assert (caught.value, attempts.sent) == (errors[2], 3)


@pytest.mark.anyio
@pytest.mark.parametrize("error", [RejectedRequestError("no"), ValueError("a stranger's"), KeyError("x")])
async def test_what_is_not_retryable_is_raised_at_once(error):
    attempts = Attempts(error)
    with pytest.raises(type(error)) as caught:
        await run(attempts)
    assert caught.value is error
    assert attempts.sent == 1


@pytest.mark.anyio
async def test_one_attempt_never_retries():
    attempts = Attempts(ServerError("500"))
    with pytest.raises(ServerError):
        await run(attempts, policy=RetryPolicy(max_attempts=1))
    assert attempts.sent == 1


@pytest.mark.anyio
async def test_the_servers_hint_is_the_least_that_is_waited():
    clock = StillClock(chance=0.5)
    assert await run(Attempts(RateLimitError("429", retry_after_s=7)), clock=clock) == "answer"
    assert clock.slept == [7]


@pytest.mark.anyio
async def test_a_hint_beyond_the_cap_raises_at_once_and_stays_on_the_error():
    clock, attempts = StillClock(), Attempts(RateLimitError("429", retry_after_s=86_400))
    with pytest.raises(RateLimitError) as caught:
        await run(attempts, clock=clock)
    assert (caught.value.retry_after_s, attempts.sent, clock.slept) == (86_400, 1, [])


@pytest.mark.anyio
async def test_a_wait_never_passes_the_deadline():
    clock, attempts = StillClock(), Attempts(RateLimitError("429", retry_after_s=5))
    with pytest.raises(RateLimitError):
        await run(attempts, clock=clock, deadline=5.0)
    assert (attempts.sent, clock.slept) == (1, [])


@pytest.mark.anyio
async def test_tenacitys_wait_and_stop_are_taken():
    clock = StillClock()
    policy = RetryPolicy(max_attempts=9, wait=tenacity.wait_fixed(3), stop=tenacity.stop_after_attempt(2))
    attempts = Attempts(*[ServerError("500")] * 5)
    with pytest.raises(ServerError):
        await run(attempts, policy=policy, clock=clock)
    assert (attempts.sent, clock.slept) == (2, [3.0])


@pytest.mark.anyio
async def test_what_is_mended_is_sent_again_at_once_even_if_not_retryable():
    clock, mended = StillClock(), []

    async def mend(error: LLMError) -> bool:
        mended.append(error)
        return len(mended) == 1

    errors = RejectedRequestError("expired"), RejectedRequestError("again")
    attempts = Attempts(*errors)
    with pytest.raises(RejectedRequestError) as caught:
        await run(attempts, clock=clock, mend=mend)
    assert caught.value is errors[1]
    assert (attempts.sent, clock.slept, mended) == (2, [0.0], list(errors))


@pytest.mark.anyio
async def test_the_budget_pays_for_retries_and_is_put_back_on_success():
    policy = RetryPolicy(budget=20, cost=14, throttle_cost=5)
    budget = RetryBudget(policy)
    assert await run(Attempts(ServerError("500")), policy=policy, budget=budget) == "answer"
    assert budget.left == 20
    with pytest.raises(ServerError):
        await run(Attempts(ServerError("1"), ServerError("2")), policy=policy, budget=budget)
    assert budget.left == 6
    assert await run(Attempts(RateLimitError("429")), policy=policy, budget=budget) == "answer"
    assert budget.left == 6
    await run(Attempts(), policy=policy, budget=budget)
    assert budget.left == 7


@pytest.mark.anyio
async def test_an_outage_is_not_made_worse_by_a_thousand_callers():
    policy, clock = RetryPolicy(), StillClock()
    budget, calls = RetryBudget(policy), [Attempts(*[ServerError("500")] * 3) for _ in range(1000)]

    async def call(attempts: Attempts) -> None:
        with pytest.raises(ServerError):
            await run(attempts, policy=policy, budget=budget, clock=clock)

    async with anyio.create_task_group() as group:
        for attempts in calls:
            group.start_soon(call, attempts)
    sent = sum(attempts.sent for attempts in calls)
    assert 1000 < sent <= 1200


@pytest.mark.anyio
async def test_cancelled_in_the_backoff_leaves_at_once():
    clock = StillClock()
    asleep = anyio.Event()

    async def sleep_for_ever(seconds: float) -> None:
        asleep.set()
        await anyio.sleep_forever()

    clock._sleep = sleep_for_ever
    attempts = Attempts(ServerError("500"))
    ended = []

    async def call() -> None:
        try:
            await run(attempts, clock=clock)
        finally:
            ended.append(True)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await asleep.wait()
            group.cancel_scope.cancel()
    assert (ended, attempts.sent) == ([True], 1)


@given(hint=st.one_of(st.none(), st.floats(allow_nan=False)), chance=st.floats(0, 1, exclude_max=True))
def test_no_wait_passes_the_cap_whatever_the_server_says(hint, chance):
    clock = StillClock(chance)
    policy = RetryPolicy(max_attempts=2)
    attempts = Attempts(ConnectionFailedError("reset", retry_after_s=hint))

    async def main() -> None:
        try:
            await run(attempts, policy=policy, clock=clock)
        except ConnectionFailedError:
            assert hint is not None
            assert hint > policy.retry_after_cap_s

    anyio.run(main)
    assert all(0 <= wait <= policy.retry_after_cap_s and math.isfinite(wait) for wait in clock.slept)
