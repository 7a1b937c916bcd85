"""One thread for however many callers, on both event loops, whoever leaves."""

from __future__ import annotations

import contextvars
import subprocess
import sys
import threading

import anyio
import pytest

from bedrock_llm.providers.off_loop import OffLoop, at_most

pytestmark = pytest.mark.anyio


class Slow:
    """A function that waits until it is let through, and counts."""

    def __init__(self):
        self.calls = 0
        self.entered, self.leave = threading.Event(), threading.Event()

    def __call__(self):
        self.calls += 1
        self.entered.set()
        self.leave.wait(5)
        return self.calls


async def until(condition):
    with anyio.fail_after(5):
        while not condition():
            await anyio.sleep(0.001)


async def test_result_and_error_come_back_from_a_thread():
    off_loop = OffLoop()
    assert await off_loop.run(threading.current_thread) is not threading.current_thread()
    with pytest.raises(ZeroDivisionError):
        await off_loop.run(lambda: 1 // 0)
    assert await off_loop.run(lambda: 7) == 7


async def test_variables_of_the_caller_are_seen():
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("mine")
    assert await OffLoop().run(variable.get) == "mine"


async def test_those_who_come_while_it_runs_share_it():
    off_loop, slow, results = OffLoop(), Slow(), []

    async def ask():
        results.append(await off_loop.run(slow))

    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(ask)
        await until(slow.entered.is_set)
        await anyio.wait_all_tasks_blocked()
        slow.leave.set()
    assert results == [1] * 100
    assert await off_loop.run(slow) == 2


async def test_those_who_leave_disturb_nobody():
    off_loop, slow = OffLoop(), Slow()
    threads = threading.active_count()
    for _ in range(50):
        assert await at_most(0.001, lambda: off_loop.run(slow)) is None
    assert threading.active_count() <= threads + 1
    slow.leave.set()
    await until(off_loop._errand.outcome.done)
    assert slow.calls == 1


async def test_another_function_is_not_held_up():
    off_loop, slow = OffLoop(), Slow()
    assert await at_most(0.001, lambda: off_loop.run(slow)) is None
    assert await off_loop.run(lambda: "other") == "other"
    slow.leave.set()


async def test_thread_that_never_ends_is_given_up_after_a_while():
    time_s = 0.0
    off_loop, slow = OffLoop(now=lambda: time_s), Slow()
    assert await at_most(0.001, lambda: off_loop.run(slow)) is None
    time_s = 121.0
    assert await at_most(0.001, lambda: off_loop.run(slow)) is None
    await until(lambda: slow.calls == 2)
    slow.leave.set()


async def test_what_can_be_awaited_only_once_is_for_the_caller_who_began():
    off_loop, entered, leave, results = OffLoop(), threading.Event(), threading.Event(), []
    calls = []

    async def later():
        return "waited for"

    def function():
        calls.append(1)
        entered.set()
        leave.wait(5)
        return later()

    async def ask():
        results.append(await (await off_loop.run(function)))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await until(entered.is_set)
        group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        leave.set()
    assert results == ["waited for"] * 2
    assert len(calls) == 2


async def test_at_most_gives_what_came_in_time():
    async def ready():
        return 7

    assert await at_most(5, ready) == 7


def test_thread_that_hangs_does_not_keep_the_program_from_ending():
    code = (
        "import asyncio, threading\n"
        "from bedrock_llm.providers.off_loop import OffLoop, at_most\n"
        "asyncio.run(at_most(0.05, lambda: OffLoop().run(threading.Event().wait)))\n"
        "print('ended')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "ended\n"


def test_loop_that_has_ended_is_not_woken():
    slow = Slow()
    off_loop = OffLoop()
    for backend in ("asyncio", "trio"):
        assert anyio.run(at_most, 0.001, lambda: off_loop.run(slow), backend=backend) is None
    slow.leave.set()
    assert off_loop._errand.outcome.result(5) == 1
