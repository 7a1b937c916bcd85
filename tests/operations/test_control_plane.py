"""The control plane through boto3, against the emulator."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import anyio
import boto3
import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.config import RetryPolicy, Timeouts
from bedrock_llm.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    InvalidRequestError,
    MissingCredentialsError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from bedrock_llm.operations import FoundationModel, InferenceProfile
from bedrock_llm.operations.account import read_model, read_profile

CLAUDE = "anthropic.claude-sonnet-4-6"
QUICK = RetryPolicy(wait=lambda state: 0.0)
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.anyio
async def test_the_models_of_the_region_are_listed(emulator, client_of):
    emulator.operations.account.legacy.add("amazon.nova-lite-v1:0")
    async with client_of() as client:
        models = {model.id: model for model in await client.bedrock.list_foundation_models()}
    claude, nova = models[CLAUDE], models["amazon.nova-lite-v1:0"]
    assert (claude.provider, claude.status, claude.streaming) == ("Anthropic", "ACTIVE", True)
    assert (claude.input_modalities, claude.output_modalities) == (("TEXT", "IMAGE"), ("TEXT",))
    assert claude.started_at == MADE_AT
    assert nova.status == "LEGACY"
    assert nova.raw["modelLifecycle"]["startOfLifeTime"] == "2026-01-01T00:00:00+00:00"
    assert FoundationModel.from_dict(json.loads(json.dumps(claude.to_dict()))) == claude


@pytest.mark.anyio
async def test_filters_are_sent_in_the_services_words(emulator, client_of):
    async with client_of() as client:
        models = await client.bedrock.list_foundation_models(
            provider="Anthropic", output_modality="text", inference_type="on_demand"
        )
    assert models
    assert {model.provider for model in models} == {"Anthropic"}
    assert all(model.on_demand for model in models)
    assert emulator.received[-1].query == "byProvider=Anthropic&byOutputModality=TEXT&byInferenceType=ON_DEMAND"


@pytest.mark.anyio
async def test_profiles_are_read_to_their_last_page(emulator, client_of):
    arn = emulator.operations.account.add_profile("mine", CLAUDE)
    async with client_of() as client:
        every = await client.bedrock.list_inference_profiles()
        emulator.operations.account.page_size = 40
        paged = await client.bedrock.list_inference_profiles()
        (mine,) = await client.bedrock.list_inference_profiles(kind="application")
        by_arn = await client.bedrock.get_inference_profile(arn)
    assert paged == every
    assert len(emulator.received) > 5
    assert mine == by_arn
    assert (mine.arn, mine.type, mine.model_ids, mine.created_at) == (arn, "APPLICATION", (CLAUDE,), MADE_AT)
    assert InferenceProfile.from_dict(json.loads(json.dumps(mine.to_dict()))) == mine


@pytest.mark.anyio
async def test_every_kind_of_credentials_asks(emulator, monkeypatch):
    keys = {"access_key_id": emulator.access_key_id, "secret_access_key": emulator.secret_access_key}
    session = boto3.Session(keys["access_key_id"], keys["secret_access_key"], region_name="us-east-1")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "another-token-that-must-not-win")
    for given in (
        {"credentials": emulator.credentials, "region": "us-east-1"},
        {"credentials": session},
        {"credentials": lambda: emulator.credentials, "region": "eu-west-1"},
        {"api_key": emulator.api_key, "region": "us-east-1"},
    ):
        async with LLMClient(f"bedrock/{CLAUDE}", base_url=emulator.url, **given) as client:
            assert await client.bedrock.list_foundation_models(provider="meta")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", emulator.api_key)
    async with LLMClient(f"bedrock/{CLAUDE}", base_url=emulator.url, region="us-east-1") as client:
        assert await client.bedrock.list_foundation_models(provider="meta")


@pytest.mark.anyio
async def test_the_region_of_a_profiles_arn_will_do(emulator, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    arn = emulator.operations.account.add_profile("mine", CLAUDE)
    given = {"base_url": emulator.url, "credentials": emulator.credentials}
    async with LLMClient(f"bedrock/{CLAUDE}", **given) as client:
        assert (await client.bedrock.get_inference_profile(arn)).arn == arn
        with pytest.raises(ConfigurationError, match="region"):
            await client.bedrock.list_foundation_models()


@pytest.mark.anyio
async def test_refusals_go_through_the_table_of_all_refusals(emulator, client_of):
    async with client_of() as client:
        with pytest.raises(NotFoundError, match="does not exist") as caught:
            await client.bedrock.get_inference_profile("us.nothing")
    error = caught.value
    assert (error.code, error.status) == ("ResourceNotFoundException", 404)
    assert error.request_id
    assert len(error.attempts) == 1
    wrong = {"base_url": emulator.url, "region": "us-east-1", "api_key": "key-that-is-wrong"}
    async with LLMClient(f"bedrock/{CLAUDE}", **wrong) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.bedrock.list_foundation_models()
    assert "key-that-is-wrong" not in f"{caught.value!r}{caught.value.__cause__!r}"


@pytest.mark.anyio
async def test_one_owner_sends_again(emulator, client_of):
    emulator.fail("throttle", 2)
    async with client_of(retry=QUICK) as client:
        assert await client.bedrock.list_foundation_models(provider="meta")
    assert len(emulator.received) == 3
    emulator.fail("server_error", 9)
    async with client_of(retry=QUICK) as client:
        with pytest.raises(ServerError) as caught:
            await client.bedrock.list_inference_profiles()
    assert len(emulator.received) == 6
    assert [attempt.status for attempt in caught.value.attempts] == [500, 500, 500]
    emulator.reset()
    emulator.fail("throttle", retry_after_s=600)
    async with client_of() as client:
        with pytest.raises(RateLimitError) as caught:
            await client.bedrock.list_inference_profiles()
    assert caught.value.retry_after_s == 600


@pytest.mark.anyio
@pytest.mark.parametrize("timeouts", [Timeouts(first_event_s=0.2), Timeouts(total_s=0.5)])
async def test_silence_ends_at_a_deadline(emulator, client_of, timeouts):
    emulator.fail("stall", 3)
    async with client_of(timeouts=timeouts, retry=RetryPolicy(max_attempts=1)) as client:
        with pytest.raises(RequestTimeoutError):
            await client.bedrock.list_foundation_models()


@pytest.mark.anyio
async def test_the_loop_goes_on_and_a_cancelled_caller_does_not_wait(emulator, client_of):
    emulator.fail("stall")
    async with client_of(timeouts=Timeouts(first_event_s=2)) as client:
        with anyio.fail_after(1.5), anyio.move_on_after(0.5) as scope:
            await client.bedrock.list_foundation_models()
        assert scope.cancelled_caught


@pytest.mark.anyio
async def test_nobody_there_is_a_failed_connection():
    given = {"base_url": "http://127.0.0.1:1", "region": "us-east-1", "api_key": "a-key-of-the-test"}
    async with LLMClient(f"bedrock/{CLAUDE}", retry=RetryPolicy(max_attempts=1), **given) as client:
        with pytest.raises(ConnectionFailedError) as caught:
            await client.bedrock.list_foundation_models()
    assert not caught.value.sent
    assert caught.value.__cause__ is not None


@pytest.mark.anyio
async def test_missing_keys_say_what_to_set(emulator, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with LLMClient(f"bedrock/{CLAUDE}", base_url=emulator.url, region="us-east-1") as client:
        with pytest.raises(MissingCredentialsError, match="AWS_ACCESS_KEY_ID"):
            await client.bedrock.list_foundation_models()


@pytest.mark.anyio
async def test_arguments_are_checked_before_sending(emulator, client_of):
    async with client_of() as client:
        for parameter, call in (
            ("provider", client.bedrock.list_foundation_models(provider=5)),
            ("output_modality", client.bedrock.list_foundation_models(output_modality=" ")),
            ("kind", client.bedrock.list_inference_profiles(kind="mine")),
            ("identifier", client.bedrock.get_inference_profile("")),
            ("identifier", client.bedrock.get_inference_profile(None)),
        ):
            with pytest.raises(InvalidRequestError) as caught:
                await call
            assert caught.value.parameter == parameter
    assert emulator.received == ()


def test_words_that_nobody_knows_stay_and_so_does_the_rest():
    raw = {
        "modelId": "new.model",
        "inferenceTypesSupported": ["TELEPATHY"],
        "modelLifecycle": {"status": "UNBORN"},
        "x": 1,
    }
    model = read_model(raw)
    assert (model.status, model.inference_types, model.on_demand, model.raw) == ("UNBORN", ("TELEPATHY",), False, raw)
    assert read_model({"modelId": "new.model"}).on_demand is None


@pytest.mark.parametrize(
    ("regions", "name"),
    [
        (["us-east-1"], "new.model"),
        (["us-east-1", "us-west-2"], "us.new.model"),
        (["us-gov-west-1", "us-gov-east-1"], "us-gov.new.model"),
        (["eu-west-1", "eu-central-1"], "eu.new.model"),
        (["us-east-1", "eu-west-1"], "new.model"),
        (["ap-northeast-1", "ap-south-1"], "new.model"),
        (["us-east-1", ""], "global.new.model"),
    ],
)
def test_the_base_model_of_a_profile_says_where_it_is_priced(regions, name):
    models = [{"modelArn": f"arn:aws:bedrock:{region}::foundation-model/new.model"} for region in regions]
    assert read_profile({"inferenceProfileId": "x", "models": models}).base_model == name


def test_a_profile_of_several_models_or_none_has_no_base_model():
    models = [{"modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/new.{name}"} for name in "ab"]
    assert read_profile({"inferenceProfileId": "x", "models": models}).base_model is None
    assert read_profile({"inferenceProfileId": "x"}).base_model is None
