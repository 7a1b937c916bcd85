"""The promises that hold for answers hold for operations: retries, attempts, deadlines, slots, secrets."""

from __future__ import annotations

import pickle

import anyio
import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.config import AWSCredentials, Limits, RetryPolicy, Timeouts
from bedrock_llm.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    LLMError,
    MissingCredentialsError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnsupportedFeatureError,
    UsageError,
)
from bedrock_llm.models.wrapper import WrapperImplementation
from bedrock_llm.operations import BedrockOperations
from bedrock_llm.strategy import FallbackStrategy
from bedrock_llm.testing import ScriptedModel
from bedrock_llm.transports.base import HTTPReply, Transport

pytestmark = pytest.mark.anyio

QUICK = RetryPolicy(wait=lambda state: 0.0)
GUARD = {"identifier": "ab12", "version": 1}


def guard(client):
    return client.bedrock.apply_guardrail("x", **GUARD)


async def test_what_is_retryable_is_sent_again_and_the_budget_pays(emulator, client_of):
    emulator.fail("throttle", 2)
    async with client_of(retry=QUICK) as client:
        assert (await guard(client)).action == "NONE"
    assert len(emulator.received) == 3


async def test_every_sending_is_on_the_error(emulator, client_of):
    emulator.fail("server_error", 5)
    async with client_of(retry=QUICK) as client:
        with pytest.raises(ServerError) as caught:
            await client.count_tokens("x", source="provider")
    error = caught.value
    assert [(attempt.number, attempt.status, attempt.billed) for attempt in error.attempts] == [
        (1, 500, "maybe"), (2, 500, "maybe"), (3, 500, "maybe"),
    ]  # fmt: skip
    assert all(attempt.request_id for attempt in error.attempts)
    assert (error.provider, error.model) == ("bedrock", "us.anthropic.claude-sonnet-4-6")
    assert isinstance(pickle.loads(pickle.dumps(error)), ServerError)


async def test_a_server_that_asks_for_too_long_is_not_waited_for(emulator, client_of):
    emulator.fail("throttle", retry_after_s=600)
    async with client_of() as client:
        with pytest.raises(RateLimitError) as caught:
            await guard(client)
    assert (caught.value.retry_after_s, len(caught.value.attempts)) == (600, 1)


async def test_a_lost_connection_is_sent_again(emulator, client_of):
    emulator.fail("disconnect")
    async with client_of(retry=QUICK) as client:
        assert (await guard(client)).action == "NONE"
    emulator.fail("disconnect", 3)
    async with client_of(retry=QUICK) as client:
        with pytest.raises(ConnectionFailedError) as caught:
            await guard(client)
    assert len(caught.value.attempts) == 3


@pytest.mark.parametrize("timeouts", [Timeouts(first_event_s=0.1), Timeouts(total_s=0.2)])
async def test_silence_ends_at_a_deadline(emulator, client_of, timeouts):
    emulator.fail("stall", 3)
    async with client_of(timeouts=timeouts, retry=RetryPolicy(max_attempts=1)) as client:
        with pytest.raises(RequestTimeoutError) as caught:
            await guard(client)
    assert [attempt.billed for attempt in caught.value.attempts] == ["maybe"]


async def test_a_cancelled_call_frees_its_slot_and_its_connection(emulator, client_of):
    emulator.fail("stall")
    async with client_of(limits=Limits(max_concurrency=1)) as client:
        with anyio.move_on_after(0.2) as scope:
            await guard(client)
        assert scope.cancelled_caught
        with anyio.fail_after(5):
            await guard(client)


async def test_a_body_that_is_no_json_is_a_protocol_error_with_its_request(emulator, client_of):
    emulator.fail("bad_crc")
    async with client_of() as client:
        with pytest.raises(ProtocolError) as caught:
            await guard(client)
    assert caught.value.request_id
    assert len(caught.value.attempts) == 1


async def test_refused_keys_are_fetched_anew_once(emulator):
    given = [AWSCredentials("AKIAOLD", "old-secret-key"), emulator.credentials]
    async with LLMClient(
        "bedrock/us.anthropic.claude-sonnet-4-6",
        base_url=emulator.url,
        region="us-east-1",
        credentials=lambda: given.pop(0),
    ) as client:
        await guard(client)
    assert given == []


async def test_a_closed_client_says_so(client_of):
    client = client_of()
    door = client.bedrock
    await client.aclose()
    with pytest.raises(UsageError, match="closed"):
        await door.apply_guardrail("x", **GUARD)


async def test_missing_keys_and_regions_are_named_before_sending(emulator, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with LLMClient("bedrock/anthropic.claude-sonnet-4-6", region="us-east-1", base_url=emulator.url) as client:
        with pytest.raises(MissingCredentialsError, match="AWS_ACCESS_KEY_ID"):
            await guard(client)
    async with LLMClient("bedrock/anthropic.claude-sonnet-4-6", credentials=emulator.credentials) as client:
        with pytest.raises(ConfigurationError, match="region="):
            await guard(client)


class Saying(Transport):
    """Gives one answer to everything."""

    def __init__(self, status, body, headers=None):
        self.reply = HTTPReply(status, headers or {}, body)

    async def send(self, call):
        await anyio.lowlevel.checkpoint()
        return self.reply

    async def open(self, call):
        raise NotImplementedError

    async def aclose(self):
        await anyio.lowlevel.checkpoint()


async def said(status, body, code, **options):
    """The error that one answer of the service becomes."""
    given = {"region": "eu-west-1", "credentials": AWSCredentials("AKIAEXAMPLE", "secret-of-the-test"), **options}
    transport = Saying(status, body, {"x-amzn-errortype": code})
    async with LLMClient("bedrock/anthropic.claude-sonnet-4-6", transport=transport, **given) as client:
        with pytest.raises(LLMError) as caught:
            await guard(client)
    return caught.value


async def test_no_secret_is_in_an_error():
    body = b'{"message":"refused secret-of-the-test and key-of-the-gateway"}'
    error = await said(400, body, "ValidationException", extra_headers={"x-gateway-key": "key-of-the-gateway"})
    shown = f"{error!r} {error} {error.raw} {pickle.dumps(error)}"
    assert "secret-of-the-test" not in shown
    assert "key-of-the-gateway" not in shown


async def test_a_missing_right_is_named_and_no_other():
    error = await said(403, b'{"message":"no"}', "AccessDeniedException")
    assert isinstance(error, PermissionDeniedError)
    assert error.message == "no (hint: ApplyGuardrail needs the IAM permission bedrock:ApplyGuardrail)"


async def test_wrong_keys_have_the_same_hint_as_everywhere():
    error = await said(403, b'{"message":"wrong"}', "UnrecognizedClientException")
    assert isinstance(error, AuthenticationError)
    assert "the access key is unknown in eu-west-1" in error.message


async def test_what_is_not_there_is_said_in_the_services_words():
    error = await said(404, b'{"message":"no such guardrail"}', "ResourceNotFoundException")
    assert isinstance(error, NotFoundError)
    assert (error.message, error.model) == ("no such guardrail", None)


async def test_only_a_model_of_bedrock_has_these_operations(client_of):
    async with LLMClient(ScriptedModel(["Hi"])) as client:
        with pytest.raises(UnsupportedFeatureError, match="Bedrock's own operations"):
            _ = client.bedrock


async def test_a_wrapped_model_and_a_later_one_of_a_strategy_will_do(emulator, client_of):
    async with client_of() as inner:
        (model,) = inner._flow.strategy.models
        strategy = FallbackStrategy([ScriptedModel(["Hi"]), WrapperImplementation(model)])
        async with LLMClient(strategy) as client:
            assert isinstance(client.bedrock, BedrockOperations)
            assert (await client.bedrock.count_tokens("x")).source == "provider"
