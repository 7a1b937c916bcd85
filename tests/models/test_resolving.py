"""An application inference profile whose model is asked for before the first answer."""

from __future__ import annotations

import anyio
import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.errors import ConfigurationError, InvalidRequestError
from bedrock_llm.events import TextDelta
from bedrock_llm.testing import Emulator

pytestmark = pytest.mark.anyio

CLAUDE = "anthropic.claude-sonnet-4-6"


@pytest.fixture
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def client_of(emulator):
    def make(arn, **options):
        given = {"base_url": emulator.url, "region": emulator.region, "credentials": emulator.credentials}
        return LLMClient(arn, resolve_profiles=True, **{**given, **options})

    return make


def asked(emulator):
    """How often the control plane was asked."""
    return sum(received.path.startswith("/inference-profiles/") for received in emulator.received)


async def test_the_facts_are_those_of_the_model_behind(emulator, client_of):
    arn = emulator.operations.account.add_profile("mine", CLAUDE)
    async with client_of(arn) as client, client_of(CLAUDE) as plain:
        assert asked(emulator) == 0
        first = await client.generate("Hello", max_tokens=20)
        second = await client.generate("Hello", max_tokens=20)
        known = await plain.generate("Hello", max_tokens=20)
        (model,) = client._flow.strategy.models
    assert first.cost == second.cost
    assert [line.rate for line in first.cost.lines] == [line.rate for line in known.cost.lines]
    assert (first.warnings, second.warnings) == ((), ())
    assert (first.model, model.config.family) == (arn, "claude")
    assert asked(emulator) == 1


async def test_a_stream_may_be_the_first(emulator, client_of):
    arn = emulator.operations.account.add_profile("mine", CLAUDE)
    emulator.reply("Hello you")
    async with client_of(arn) as client, client.stream("Hello") as stream:
        events = [event async for event in stream]
        response = await stream.response()
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == response.text == "Hello you"
    assert response.cost is not None
    assert response.request_id == response.attempts[0].request_id is not None
    assert response.attempts[0].status == 200


async def test_many_callers_ask_once(emulator, client_of):
    arn = emulator.operations.account.add_profile("mine", CLAUDE)
    async with client_of(arn) as client, anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(client.generate, "Hello")
    assert asked(emulator) == 1
    assert len(emulator.requests) == 8


async def test_what_cannot_be_found_out_is_a_warning_on_every_response(emulator, client_of):
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/nothere"
    async with client_of(arn) as client:
        first = await client.generate("Hello", max_tokens=20)
        async with client.stream("Hello", max_tokens=20) as stream:
            second = await stream.response()
    for response in (first, second):
        assert response.cost is None
        assert [warning.kind for warning in response.warnings] == ["unknown_model", "unknown_model"]
        assert "does not exist" in response.warnings[0].message
    assert asked(emulator) == 1


async def test_a_failing_stream_that_is_the_first_has_its_warning_too(emulator, client_of):
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/nothere"
    async with client_of(arn) as client, client.stream("Hello", max_tokens=20) as stream:
        response = await stream.response()
    assert [warning.kind for warning in response.warnings] == ["unknown_model", "unknown_model"]


async def test_several_models_behind_one_profile_are_none(emulator, client_of):
    arn = emulator.operations.account.add_profile("mine", CLAUDE, "amazon.nova-lite-v1:0")
    async with client_of(arn) as client:
        response = await client.generate("Hello", max_tokens=20)
    assert "2 models behind it" in response.warnings[0].message


async def test_the_first_request_is_checked_by_the_facts_too(emulator, client_of):
    arn = emulator.operations.account.add_profile("mine", CLAUDE)
    async with client_of(arn) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.generate("Hello", max_tokens=10_000_000)
    assert caught.value.parameter == "max_tokens"
    assert emulator.requests == ()


async def test_a_cancelled_first_caller_leaves_it_to_the_next(emulator, client_of):
    arn = emulator.operations.account.add_profile("mine", CLAUDE)
    emulator.fail("stall")
    async with client_of(arn) as client:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(client.generate, "Hello")
                while not asked(emulator):
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()
        assert (await client.generate("Hello", max_tokens=20)).cost is not None


async def test_counting_finds_it_out_only_where_the_provider_counts(emulator, client_of):
    arn = emulator.operations.account.add_profile("mine", CLAUDE)
    async with client_of(arn) as client:
        assert (await client.count_tokens("Hello")).source == "estimate"
        assert asked(emulator) == 0
        assert (await client.count_tokens("Hello", source="provider")).source == "provider"
    assert asked(emulator) == 1


async def test_nobody_is_asked_without_leave_or_need(emulator, client_of):
    arn = emulator.operations.account.add_profile("mine", CLAUDE)
    for model, options in (
        (arn, {"resolve_profiles": False}),
        (arn, {"base_model": CLAUDE}),
        (f"bedrock/us.{CLAUDE}", {}),
    ):
        async with (
            client_of(model, **options)
            if "resolve_profiles" not in options
            else LLMClient(
                model, base_url=emulator.url, region="us-east-1", credentials=emulator.credentials, **options
            ) as client
        ):
            await client.generate("Hello", max_tokens=20)
    assert asked(emulator) == 0


def test_the_option_is_true_or_false():
    with pytest.raises(ConfigurationError, match="resolve_profiles must be True or False"):
        LLMClient(f"bedrock/{CLAUDE}", region="us-east-1", resolve_profiles="yes")
