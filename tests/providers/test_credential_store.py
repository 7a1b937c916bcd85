"""When credentials are asked for again: before they expire, and after they were refused."""

from __future__ import annotations

import threading

import anyio
import pytest

from bedrock_llm.config import AWSCredentials
from bedrock_llm.errors import MissingCredentialsError
from bedrock_llm.providers.credential_store import CredentialStore
from bedrock_llm.providers.credentials import choose_source
from tests.providers.sessions import RefreshableCredentials, Session

pytestmark = pytest.mark.anyio
FIRST = AWSCredentials("AKIDFIRST", "secret-number-0", "token-number-0")


def nth(number):
    return AWSCredentials("AKIDNEXT", f"secret-number-{number}", f"token-number-{number}")


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


def store_of(credentials, clock=None, environ=None):
    return CredentialStore(choose_source(environ or {}, credentials, None, None), clock or Clock())


async def all_of(number, function):
    results = []

    async def one():
        results.append(await function())

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(number):
                group.start_soon(one)
    return results


async def test_a_thousand_callers_ask_a_session_once():
    session = Session()
    store = store_of(session)
    results = await all_of(1000, store.get)
    assert session.calls == 1
    assert results == [AWSCredentials("AKIDSESSION", "secret-of-the-session")] * 1000
    await store.get()
    assert session.calls == 1


async def test_a_thousand_callers_ask_an_async_function_once():
    calls = []

    async def function():
        calls.append(1)
        await anyio.lowlevel.checkpoint()
        return FIRST

    assert await all_of(1000, store_of(function).get) == [FIRST] * 1000
    assert len(calls) == 1


async def test_cancelled_first_caller_leaves_the_others_served():
    entered, leave = threading.Event(), threading.Event()

    class SlowSession(Session):
        def get_credentials(self):
            entered.set()
            leave.wait(5)
            return super().get_credentials()

    session = SlowSession()
    store, results, scope = store_of(session), [], anyio.CancelScope()

    async def first():
        with scope:
            await store.get()

    async def other():
        results.append(await store.get())

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(first)
            await anyio.to_thread.run_sync(entered.wait, 5)
            group.start_soon(other)
            scope.cancel()
            await anyio.lowlevel.checkpoint()
            leave.set()
    assert scope.cancelled_caught
    assert results == [AWSCredentials("AKIDSESSION", "secret-of-the-session")]


async def test_a_failure_is_not_kept():
    session = Session()
    found, session.credentials = session.credentials, None
    store = store_of(session)
    with pytest.raises(MissingCredentialsError):
        await store.get()
    session.credentials = found
    assert (await store.get()).access_key_id == "AKIDSESSION"


async def test_store_shows_no_secret():
    store = store_of(FIRST)
    assert repr(store) == "CredentialStore(empty)"
    await store.get()
    assert repr(store) == "CredentialStore(filled)"


# --- before they expire


async def test_what_is_good_for_long_is_not_refreshed():
    expiring = RefreshableCredentials(seconds_left=901)
    store = store_of(Session(expiring))
    assert await all_of(100, store.get) == [FIRST] * 100
    assert expiring.refreshes == 0


async def test_expired_ones_are_refreshed_once_for_a_thousand_callers():
    expiring = RefreshableCredentials()
    store = store_of(Session(expiring))
    await store.get()
    expiring.seconds_left = 0
    assert await all_of(1000, store.get) == [nth(1)] * 1000
    assert expiring.refreshes == 1


async def test_early_refresh_keeps_nobody_else_waiting():
    entered, leave = threading.Event(), threading.Event()

    class Slow(RefreshableCredentials):
        def get_frozen_credentials(self):
            if self.refresh_needed():
                entered.set()
                leave.wait(5)
            return super().get_frozen_credentials()

    expiring = Slow()
    store, results = store_of(Session(expiring)), []
    await store.get()
    expiring.seconds_left = 600

    async def first():
        results.append(await store.get())

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(first)
            await anyio.to_thread.run_sync(entered.wait, 5)
            assert [await store.get() for _ in range(10)] == [FIRST] * 10
            leave.set()
    assert results == [nth(1)]
    assert await store.get() == nth(1)


async def test_early_refresh_that_fails_is_tried_again_after_a_pause():
    clock, expiring = Clock(), RefreshableCredentials()
    store = store_of(Session(expiring), clock)
    await store.get()
    expiring.seconds_left = 600
    expiring.failure = OSError("no way to the token service")
    assert await all_of(10, store.get) == [FIRST] * 10
    assert expiring.refreshes == 1
    clock.now_s += 31
    assert await store.get() == FIRST
    assert expiring.refreshes == 2


async def test_refresh_in_the_last_minute_that_fails_is_an_error():
    expiring = RefreshableCredentials()
    store = store_of(Session(expiring))
    await store.get()
    expiring.seconds_left = 59
    expiring.failure = OSError("no way to the token service")
    with pytest.raises(
        MissingCredentialsError, match="refreshing the AWS credentials failed: OSError: no way"
    ) as caught:
        await store.get()
    assert caught.value.__cause__ is expiring.failure


# --- after they were refused


async def test_a_thousand_refusals_ask_a_function_once():
    given = iter([FIRST, nth(1), nth(2)])
    store = store_of(lambda: next(given))
    assert await store.get() == FIRST
    assert await all_of(1000, store.reload) == [True] * 1000
    assert await store.get() == nth(1)


async def test_a_late_refusal_finds_the_new_ones_and_a_much_later_one_asks_again():
    clock, given = Clock(), iter([FIRST, nth(1), nth(2)])
    store = store_of(lambda: next(given), clock)
    await store.get()
    assert await store.reload() is True
    clock.now_s += 9
    assert await store.reload() is True
    assert await store.get() == nth(1)
    clock.now_s += 2
    assert await store.reload() is True
    assert await store.get() == nth(2)


async def test_the_same_ones_again_do_not_help():
    assert await store_and_reload(lambda: FIRST) is False
    assert await store_and_reload(FIRST) is False
    assert await store_and_reload(Session()) is False


async def store_and_reload(credentials):
    store = store_of(credentials)
    await store.get()
    return await store.reload()


async def test_environment_is_read_again():
    environ = {"AWS_ACCESS_KEY_ID": "AKIDOLD", "AWS_SECRET_ACCESS_KEY": "old-secret"}
    store = store_of(None, environ=environ)
    assert await store.get() == AWSCredentials("AKIDOLD", "old-secret")
    environ["AWS_ACCESS_KEY_ID"] = "AKIDNEW"
    assert await store.get() == AWSCredentials("AKIDOLD", "old-secret")
    assert await store.reload() is True
    assert await store.get() == AWSCredentials("AKIDNEW", "old-secret")


async def test_reload_that_fails_keeps_what_there_was():
    session = Session()
    store = store_of(session)
    found = await store.get()
    session.credentials = None
    assert await store.reload() is False
    assert await store.get() == found


def test_a_second_event_loop_is_served_from_the_same_store():
    session = Session()
    store = store_of(session)
    for backend in ("asyncio", "trio", "asyncio"):
        assert anyio.run(store.get, backend=backend).access_key_id == "AKIDSESSION"
    assert session.calls == 1


# --- what somebody else refreshed


async def test_session_that_is_refreshed_elsewhere_is_noticed_within_a_minute():
    clock, expiring = Clock(), RefreshableCredentials()
    store = store_of(Session(expiring), clock)
    await store.get()
    expiring.seconds_left = 0
    expiring.get_frozen_credentials()
    assert await store.get() == FIRST
    clock.now_s += 61
    assert await store.get() == nth(1)


class Held(RefreshableCredentials):
    """A refresh waits until it is let through."""

    def __init__(self):
        super().__init__()
        self.entered, self.leave = threading.Event(), threading.Event()

    def get_frozen_credentials(self):
        if self.refresh_needed():
            self.entered.set()
            self.leave.wait(5)
        return super().get_frozen_credentials()


async def test_refresh_whose_caller_left_is_taken_over_once_it_is_done():
    clock, expiring = Clock(), Held()
    store, scope = store_of(Session(expiring), clock), anyio.CancelScope()
    await store.get()
    expiring.seconds_left = 600

    async def first():
        with scope:
            await store.get()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(first)
            await anyio.to_thread.run_sync(expiring.entered.wait, 5)
            scope.cancel()
        assert await store.get() == FIRST
        expiring.leave.set()
        while expiring.refreshes == 0:
            await anyio.sleep(0.001)
        clock.now_s += 31
        assert await store.get() == nth(1)
    assert expiring.refreshes == 1


async def test_early_refresh_that_is_slow_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("bedrock_llm.providers.credential_store._EARLY_WAIT_S", 0.05)
    clock, expiring = Clock(), Held()
    store = store_of(Session(expiring), clock)
    await store.get()
    expiring.seconds_left = 600
    with anyio.fail_after(5):
        assert await store.get() == FIRST
        expiring.leave.set()
        clock.now_s += 31
        assert await store.get() == nth(1)
    assert expiring.refreshes == 1


async def test_those_who_come_in_the_last_minute_wait_for_a_refresh_that_began_before():
    clock, expiring, results = Clock(), Held(), []
    store = store_of(Session(expiring), clock)
    await store.get()
    expiring.seconds_left = 70

    async def ask():
        results.append(await store.get())

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await anyio.to_thread.run_sync(expiring.entered.wait, 5)
            assert await store.get() == FIRST
            clock.now_s += 20
            expiring.seconds_left = 50
            group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            expiring.leave.set()
    assert results == [nth(1)] * 2
