from __future__ import annotations

import anyio
import pytest

from bedrock_llm.config import Limits
from bedrock_llm.errors import RequestTimeoutError
from bedrock_llm.limits import Slots, within


@pytest.mark.anyio
async def test_without_a_limit_a_slot_is_free_at_once():
    release = await Slots(None).take(0.001)
    release()


@pytest.mark.anyio
async def test_waiting_for_a_slot_is_fair_and_a_freed_one_is_freed_once():
    slots, order = Slots(Limits(max_concurrency=1)), []
    first = await slots.take(5)

    async def call(number: int) -> None:
        release = await slots.take(5)
        order.append(number)
        release()
        release()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(call, number)
                await anyio.wait_all_tasks_blocked()
            assert order == []
            first()
    assert order == [0, 1, 2]


@pytest.mark.anyio
async def test_no_slot_in_time_is_a_pool_timeout_that_sent_nothing():
    slots = Slots(Limits(max_concurrency=1))
    release = await slots.take(5)
    with pytest.raises(RequestTimeoutError) as caught:
        await slots.take(0.05)
    assert (caught.value.phase, caught.value.after_s, caught.value.sent, caught.value.billed) == (
        "pool",
        0.05,
        False,
        "no",
    )
    release()
    (await slots.take(5))()


@pytest.mark.anyio
async def test_a_cancelled_waiter_takes_no_slot():
    slots = Slots(Limits(max_concurrency=1))
    release = await slots.take(5)
    with anyio.move_on_after(0.05):
        await slots.take(5)
    release()
    with anyio.fail_after(5):
        (await slots.take(5))()


def test_slots_work_on_a_second_loop():
    slots = Slots(Limits(max_concurrency=1))

    async def use() -> None:
        (await slots.take(1))()

    for _ in range(2):
        anyio.run(use)


@pytest.mark.anyio
async def test_within_gives_the_result_or_a_timeout_that_names_the_limit():
    async def answer() -> int:
        return 7

    assert await within(None, "total", answer) == 7
    assert await within(1.0, "total", answer) == 7
    with pytest.raises(RequestTimeoutError, match=r"longer than 2 s \(Timeouts.total_s\)") as caught:
        await within(0.01, "total", anyio.sleep_forever, limit_s=2)
    assert (caught.value.phase, caught.value.after_s) == ("total", 2)


@pytest.mark.anyio
async def test_within_does_not_eat_a_timeout_of_the_callers_own():
    with anyio.move_on_after(0.01) as scope:
        await within(5, "total", anyio.sleep_forever)
    assert scope.cancelled_caught
