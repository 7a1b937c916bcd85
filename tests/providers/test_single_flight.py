"""One fetch for however many callers, on both event loops."""

from __future__ import annotations

import anyio
import pytest

from bedrock_llm.errors import MissingCredentialsError
from bedrock_llm.providers.single_flight import SingleFlight

pytestmark = pytest.mark.anyio


class Gate:
    """A fetch that waits until it is let through, and counts."""

    def __init__(self, failure=None):
        self.calls = 0
        self.entered = anyio.Event()
        self.open = anyio.Event()
        self.failure = failure

    async def fetch(self):
        self.calls += 1
        self.entered.set()
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return self.calls


async def run_many(flight, gate, number, into, failures):
    async def one():
        try:
            into.append(await flight.run(gate.fetch))
        except MissingCredentialsError as error:
            failures.append(error)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(number):
                group.start_soon(one)
            await gate.entered.wait()
            await anyio.wait_all_tasks_blocked()
            gate.open.set()


async def test_a_thousand_callers_share_one_fetch():
    flight, gate, results = SingleFlight(), Gate(), []
    await run_many(flight, gate, 1000, results, [])
    assert gate.calls == 1
    assert results == [1] * 1000
    assert not flight.under_way


async def test_a_later_caller_fetches_anew():
    flight, gate = SingleFlight(), Gate()
    gate.open.set()
    assert await flight.run(gate.fetch) == 1
    assert await flight.run(gate.fetch) == 2


async def test_those_who_waited_get_the_failure_without_asking_again():
    failure = MissingCredentialsError("nothing there")
    flight, gate, failures = SingleFlight(), Gate(failure), []
    await run_many(flight, gate, 100, [], failures)
    assert gate.calls == 1
    assert [str(error) for error in failures] == ["nothing there"] * 100
    assert len({id(error) for error in failures}) == 100


async def test_where_the_first_caller_is_cancelled_another_one_fetches():
    flight, gate, results = SingleFlight(), Gate(), []
    first = anyio.CancelScope()

    async def cancelled():
        with first:
            await flight.run(gate.fetch)

    async def patient():
        results.append(await flight.run(gate.fetch))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(cancelled)
            await gate.entered.wait()
            for _ in range(10):
                group.start_soon(patient)
            await anyio.wait_all_tasks_blocked()
            first.cancel()
            await anyio.wait_all_tasks_blocked()
            gate.open.set()
    assert first.cancelled_caught
    assert gate.calls == 2
    assert results == [2] * 10


async def test_a_cancelled_waiter_disturbs_nobody():
    flight, gate, results = SingleFlight(), Gate(), []
    scope = anyio.CancelScope()

    async def impatient():
        with scope:
            await flight.run(gate.fetch)

    async def patient():
        results.append(await flight.run(gate.fetch))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(patient)
            await gate.entered.wait()
            group.start_soon(impatient)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await anyio.wait_all_tasks_blocked()
            gate.open.set()
    assert (gate.calls, results) == (1, [1])


async def test_a_bug_in_the_fetch_reaches_its_caller_and_the_flight_ends():
    flight = SingleFlight()

    async def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await flight.run(broken)
    assert not flight.under_way
