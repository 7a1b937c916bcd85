"""Clients that are derived from a client: what they share, and who closes what."""

from __future__ import annotations

import gc
import weakref

import anyio
import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.config import AWSCredentials, Limits, RetryPolicy, Timeouts
from bedrock_llm.errors import (
    ConfigurationError,
    ConnectionFailedError,
    LLMError,
    RequestTimeoutError,
    ServerError,
    StreamInterruptedError,
    UnknownModelError,
    UnsupportedFeatureError,
    UsageError,
)
from bedrock_llm.events import TextDelta
from bedrock_llm.strategy import FallbackStrategy
from bedrock_llm.testing import Emulator, ScriptedModel
from bedrock_llm.transports.httpx2_transport import HttpxTransport
from tests.strangers import TWO_WORDS, Seen, Streams, ThreeMethods

pytestmark = pytest.mark.anyio

CLAUDE = "bedrock/us.anthropic.claude-sonnet-4-6"
NOVA = "bedrock/us.amazon.nova-lite-v1:0"
DEADLINE_S = 5


class Waits(ThreeMethods):
    """Never answers; says when it is asked, and whether it was closed."""

    def __init__(self):
        super().__init__()
        self.begun = anyio.Event()
        self.closed = 0

    async def generate_text(self, messages, **parameters):
        self.begun.set()
        await anyio.sleep_forever()

    async def aclose(self):
        self.closed += 1


@pytest.fixture
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def client_of(emulator):
    def make(model=CLAUDE, **options):
        given = {"base_url": emulator.url, "region": emulator.region, "credentials": emulator.credentials}
        return LLMClient(model, **{**given, **options})

    return make


def provider_of(client):
    return client._flow.strategy.models[0].provider


# --- what is shared -------------------------------------------------------------------------------------------------


async def test_what_is_not_given_is_the_parents():
    seen, model = Seen(), ThreeMethods()
    async with LLMClient(model, observers=[seen], limits=Limits(max_concurrency=2), context="raise") as client:
        other = client.with_options(timeouts=Timeouts(total_s=3))
        assert other is not client
        here, there = client._flow, other._flow
        for name in ("strategy", "observers", "retry", "budget", "slots", "context", "strict", "clock"):
            assert getattr(there, name) is getattr(here, name)
        assert (there.timeouts.total_s, here.timeouts.total_s) == (3, None)
        assert (await other.generate("hi")).text == "hello"
        assert seen.names == ["start", "complete"]


async def test_observers_stand_in_place_of_the_parents():
    first, second = Seen(), Seen()
    async with LLMClient(ThreeMethods(), observers=[first]) as client:
        await client.with_options(observers=[second]).generate("hi")
        await client.with_options(observers=[]).generate("hi")
    assert (first.names, second.names) == ([], ["start", "complete"])


async def test_another_retry_policy_has_a_budget_of_its_own_and_the_same_one_shares_it():
    async with LLMClient(ThreeMethods(), retry=RetryPolicy(max_attempts=2)) as client:
        assert client.with_options(retry=RetryPolicy(max_attempts=2))._flow.budget is client._flow.budget
        assert client.with_options(retry=RetryPolicy(max_attempts=5))._flow.budget is not client._flow.budget


async def test_the_retry_policy_of_the_derived_client_counts():
    async with LLMClient(ThreeMethods(ServerError("500", status=500))) as client:
        with pytest.raises(ServerError) as caught:
            await client.with_options(retry=RetryPolicy(max_attempts=1)).generate("hi")
    assert len(caught.value.attempts) == 1


async def test_limits_that_are_given_are_the_derived_clients_own_and_none_takes_them_away():
    async with LLMClient(ThreeMethods(), limits=Limits(max_concurrency=1), context="raise") as client:
        assert client.with_options(limits=Limits(max_concurrency=1))._flow.slots is not client._flow.slots
        assert client.with_options(limits=None)._flow.slots.unlimited is not None
        assert client.with_options(context=None)._flow.context is None
        assert client.with_options(timeouts=None)._flow.timeouts == Timeouts()


async def test_strict_is_of_the_derived_client_alone(client_of, emulator):
    async with client_of() as client:
        with pytest.raises(UnsupportedFeatureError):
            await client.with_options(strict=True).generate("hi", seed=1, max_tokens=9)
        assert (await client.generate("hi", seed=1, max_tokens=9)).warnings


async def test_a_derived_client_can_be_derived_from_again():
    async with LLMClient(ThreeMethods()) as client:
        second = client.with_options(timeouts=Timeouts(total_s=3)).with_options(strict=True)
        assert (second._flow.timeouts.total_s, second._flow.strict) == (3, True)


async def test_a_subclass_derives_its_own_kind():
    class Mine(LLMClient):
        pass

    async with Mine(ThreeMethods()) as client:
        assert type(client.with_options(strict=True)) is Mine


# --- models ---------------------------------------------------------------------------------------------------------


async def test_another_model_is_asked_over_the_same_connection(client_of, emulator):
    async with client_of() as client:
        assert (await client.generate("hi", max_tokens=9)).model == "us.anthropic.claude-sonnet-4-6"
        other = client.with_options(model=NOVA)
        assert (await other.generate("hi", max_tokens=9)).model == "us.amazon.nova-lite-v1:0"
        assert (await client.generate("hi", max_tokens=9)).model == "us.anthropic.claude-sonnet-4-6"
        assert emulator.open_connections == 1
    assert len(emulator.requests) == 3


async def test_provider_options_are_laid_over_the_parents(client_of):
    async with client_of(extra_headers={"x-team": "a"}) as client:
        other = client.with_options(region="eu-west-1")
        assert (provider_of(other).region, provider_of(client).region) == ("eu-west-1", "us-east-1")
        assert provider_of(other).base_url == provider_of(client).base_url
        assert (await other.generate("hi", max_tokens=9)).model == "us.anthropic.claude-sonnet-4-6"
        assert provider_of(other.with_options(model=NOVA)).region == "eu-west-1"


@pytest.mark.parametrize(
    ("given", "over", "left"),
    [
        ({"base_url": "https://a.example"}, {"endpoint_url": "https://b.example"}, {"endpoint_url"}),
        ({"endpoint_url": "https://a.example"}, {"base_url": "https://b.example"}, {"base_url"}),
        ({"api_key": "key"}, {"credentials": AWSCredentials("AKIDEXAMPLE", "made-up")}, {"credentials"}),
        ({"credentials": AWSCredentials("AKIDEXAMPLE", "made-up")}, {"api_key": "key"}, {"api_key"}),
        ({"api_key": "key", "region": "us-east-1"}, {"api_key": None}, {"api_key", "region"}),
        ({"base_model": CLAUDE, "region": "us-east-1"}, {"model": NOVA}, {"region"}),
        ({"base_model": CLAUDE}, {"region": "us-east-1"}, {"base_model", "region"}),
    ],
)
async def test_an_option_that_says_the_same_in_other_words_replaces_the_parents(given, over, left):
    async with LLMClient(CLAUDE, **given) as client:
        origin = client.with_options(**over)._origin
        assert set(origin.options) == left
        for name, value in over.items():
            if name != "model":
                assert origin.options[name] is value


async def test_keys_go_to_no_other_provider(monkeypatch):
    from bedrock_llm import factory

    made = []

    class Elsewhere(ThreeMethods):
        def __init__(self, name, options):
            super().__init__()
            made.append((name, dict(options)))

    routes = {**factory.ROUTES, "elsewhere": lambda _, name, options, transport, owned: Elsewhere(name, options)}
    monkeypatch.setattr(factory, "ROUTES", routes)
    async with LLMClient(CLAUDE, api_key="bedrock-key", region="us-east-1") as client:
        other = client.with_options(model="elsewhere/model", extra_headers={"x-team": "a"})
        assert made == [("model", {"extra_headers": {"x-team": "a"}})]
        assert other.with_options(model="elsewhere/second") is not other
        assert made[1] == ("second", {"extra_headers": {"x-team": "a"}})
        back = other.with_options(model=CLAUDE)
        assert dict(back._origin.options) == {}


async def test_a_strategy_of_names_is_made_with_the_parents_options(client_of, emulator):
    emulator.fail("server_error", times=3)
    async with client_of(retry=RetryPolicy(max_attempts=3, wait=lambda state: 0.0)) as client:
        other = client.with_options(model=FallbackStrategy([CLAUDE, NOVA]))
        assert (await other.generate("hi", max_tokens=9)).model == "us.amazon.nova-lite-v1:0"


async def test_a_model_object_is_closed_with_the_client_it_was_given_to():
    first, second = Waits(), Waits()
    async with LLMClient(first) as client:
        other = client.with_options(model=second)
        await other.aclose()
        assert (first.closed, second.closed) == (0, 1)
        same = client.with_options(model=first)
        await same.aclose()
        assert first.closed == 0
    assert (first.closed, second.closed) == (1, 1)


async def test_a_model_of_a_name_beside_a_model_object_has_connections_of_its_own(emulator):
    where = {"base_url": emulator.url, "region": emulator.region, "credentials": emulator.credentials}
    async with LLMClient(ScriptedModel(["scripted"])) as client:
        other = client.with_options(model=CLAUDE, **where)
        assert (await other.generate("hi", max_tokens=9)).provider == "bedrock"
        assert (await client.generate("hi")).text == "scripted"
    with anyio.fail_after(DEADLINE_S):
        while emulator.open_connections:
            await anyio.sleep(0.005)


async def test_a_transport_that_is_given_carries_a_model_of_the_same_name(client_of):
    transport = HttpxTransport()
    async with client_of() as client:
        other = client.with_options(transport=transport)
        assert other._flow.strategy.models[0].transport is transport
        assert (await other.generate("hi", max_tokens=9)).text
        await other.aclose()
        assert (await client.with_options(transport=transport).generate("hi", max_tokens=9)).text
    await transport.aclose()


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"timeout": 3}, "did you mean 'timeouts'"),
        ({"modle": NOVA}, "did you mean 'model'"),
        ({"reigon": "x"}, "did you mean 'region'"),
        ({"timeouts": 3}, "timeouts must be a Timeouts"),
        ({"retry": 3}, "retry must be a RetryPolicy"),
        ({"observers": "me"}, "observers must be a list"),
        ({"model": 3}, "a model is a name"),
        ({"region": "us-east-1"}, "given as an object or a strategy.*region"),
        ({"transport": HttpxTransport()}, "given as an object or a strategy.*transport"),
        ({"model": ThreeMethods(), "region": "us-east-1"}, "given as an object"),
        ({"context": "drop_all"}, "context must be one of"),
    ],
)
async def test_a_wrong_option_is_a_configuration_error(options, text):
    async with LLMClient(ThreeMethods()) as client:
        with pytest.raises(ConfigurationError, match=text):
            client.with_options(**options)


async def test_an_unknown_name_is_an_unknown_model():
    async with LLMClient(CLAUDE) as client:
        with pytest.raises(UnknownModelError):
            client.with_options(model="gpt-nothing")


# --- who closes what ------------------------------------------------------------------------------------------------


async def test_closing_the_derived_client_leaves_the_parent_open(client_of):
    async with client_of() as client:
        async with client.with_options(model=NOVA) as other, client.with_options(strict=True) as third:
            await other.generate("hi", max_tokens=9)
            await third.generate("hi", max_tokens=9)
        await other.aclose()
        for closed in (other, third):
            with pytest.raises(UsageError, match="closed"):
                await closed.generate("hi")
            with pytest.raises(UsageError, match="closed"):
                closed.with_options(strict=True)
        assert (await client.generate("hi", max_tokens=9)).text
        assert "closed" in repr(other)
        assert "closed" not in repr(client)


async def test_a_client_derived_from_a_closed_one_is_closed():
    client = LLMClient(ThreeMethods())
    child = client.with_options(strict=True)
    grandchild = child.with_options(strict=False)
    await child.aclose()
    with pytest.raises(UsageError):
        await grandchild.generate("hi")
    sibling = client.with_options(strict=True)
    assert (await sibling.generate("hi")).text == "hello"
    await client.aclose()
    with pytest.raises(UsageError):
        await sibling.generate("hi")
    with pytest.raises(UsageError):
        client.with_options(strict=True)


@pytest.mark.parametrize("which", ["own", "parent", "grandparent"])
async def test_closing_ends_the_derived_clients_calls_in_flight(which):
    model, seen, failures = Waits(), Seen(), []
    client = LLMClient(ThreeMethods())
    parent = client.with_options(model=model, observers=[seen], limits=Limits(max_concurrency=1))
    own = parent.with_options(strict=True)

    async def ask():
        with pytest.raises(ConnectionFailedError, match="closed under this call") as caught:
            await own.generate("hi")
        failures.append(caught.value)

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await model.begun.wait()
            await {"own": own, "parent": parent, "grandparent": client}[which].aclose()
            release = await own._flow.slots.take(1)
            release()
    (error,) = failures
    assert error.retryable is False
    assert [attempt.error for attempt in error.attempts] == [error]
    assert seen.names == ["start", "error"]
    await client.aclose()


async def test_closing_the_parent_ends_a_derived_call_on_the_wire(client_of, emulator):
    emulator.fail("stall")
    client = client_of()
    other, ended = client.with_options(timeouts=Timeouts(idle_s=60)), []

    async def ask():
        with pytest.raises(ConnectionFailedError) as caught:
            await other.generate("hi", max_tokens=9)
        ended.append(caught.value)

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            while not emulator.received:
                await anyio.sleep(0.005)
            await client.aclose()
        while emulator.open_connections:
            await anyio.sleep(0.005)
    assert ended


async def test_closing_the_derived_client_ends_its_stream_and_not_the_parents(client_of, emulator):
    emulator.reply(lambda request: "word " * 50)
    emulator.delay_s = 0.005
    async with client_of() as client:
        other, seen = client.with_options(model=NOVA), Seen()
        watched = other.with_options(observers=[seen])
        async with client.stream("hi") as kept, watched.stream("hi") as ended:
            await anext(ended)
            await other.aclose()
            with pytest.raises(StreamInterruptedError, match="closed under this call") as caught:
                await ended.response()
            assert caught.value.partial.text.startswith("word")
            assert (await kept.response()).text == "word " * 50
        assert seen.names == ["start", "error"]


async def test_closing_ends_a_stream_that_is_being_read():
    never = anyio.Event()
    model = Streams(TextDelta("one "), never)
    async with LLMClient(model) as client:
        other = client.with_options(strict=True)
        ended = []

        async def read(stream):
            with pytest.raises(StreamInterruptedError) as caught:
                await stream.response()
            ended.append(caught.value.partial.text)

        with anyio.fail_after(DEADLINE_S):
            async with other.stream("hi") as stream, anyio.create_task_group() as tasks:
                assert (await anext(stream)).text == "one "
                tasks.start_soon(read, stream)
                await anyio.wait_all_tasks_blocked()
                await other.aclose()
        assert ended == ["one "]
        assert model.closed == 1


async def test_a_derived_stream_is_the_answer_whole_and_cancels_cleanly():
    model = Streams(list(TWO_WORDS), [TextDelta("one "), anyio.Event()])
    async with LLMClient(model, limits=Limits(max_concurrency=1)) as client:
        other = client.with_options(timeouts=Timeouts(total_s=30))
        async with other.stream("hi") as stream:
            assert [event async for event in stream] == list(TWO_WORDS)
        with anyio.move_on_after(0.05) as scope:
            async with other.stream("hi") as stream:
                await stream.response()
        assert scope.cancelled_caught
        assert model.closed == 2
        with pytest.raises(RequestTimeoutError):
            await client.with_options(model=Waits(), timeouts=Timeouts(total_s=0.05)).generate("hi")


async def test_derived_clients_that_are_dropped_are_not_kept():
    async with LLMClient(ThreeMethods()) as client:
        flows = [weakref.ref(client.with_options(strict=True)._flow) for _ in range(3)]
        await client.with_options(strict=True).generate("hi")
        gc.collect()
        assert [flow() for flow in flows] == [None] * 3


async def test_a_stream_outlives_the_derived_client_that_was_dropped():
    async with LLMClient(Streams(*TWO_WORDS)) as client:
        stream = client.with_options(strict=True).stream("hi")
        gc.collect()
        async with stream:
            assert (await stream.response()).text == "one two"


async def test_a_model_that_fails_to_close_keeps_no_other_open():
    class Fails(ThreeMethods):
        async def aclose(self):
            raise ZeroDivisionError

    last = Waits()
    client = LLMClient(last)
    kept = client.with_options(model=Fails())
    with pytest.raises(ZeroDivisionError):
        await client.aclose()
    assert last.closed == 1
    assert kept._flow.closed


async def test_calls_on_another_loop_are_told_to_end():
    import asyncio
    import threading

    model, failures, begun = ThreeMethods(), [], threading.Event()

    async def answer(messages, **parameters):
        begun.set()
        await asyncio.sleep(DEADLINE_S)

    model.generate_text = answer
    async with LLMClient(model) as client:
        other = client.with_options(strict=True)

        def elsewhere():
            try:
                asyncio.run(other.generate("hi"))
            except LLMError as error:
                failures.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        assert begun.wait(DEADLINE_S)
        await other.aclose()
        thread.join(DEADLINE_S)
    assert [type(error) for error in failures] == [ConnectionFailedError]
