"""Sessions of the real aioboto3 and aiobotocore, in an environment of their own: `make test-aioboto3`.

They hold boto3 back at a release of autumn 2025, so they are not in the environment of the other tests, where this is
skipped.
"""

from __future__ import annotations

import json
import shlex
import sys

import anyio
import pytest

from bedrock_llm import AWSCredentials, LLMClient, MissingCredentialsError
from bedrock_llm.errors import AuthenticationError
from bedrock_llm.providers.bedrock import BedrockProvider
from bedrock_llm.testing import Emulator

aioboto3 = pytest.importorskip("aioboto3")
aiobotocore_session = pytest.importorskip("aiobotocore.session")

ROLE = "[profile role]\nrole_arn=arn:aws:iam::123456789012:role/reader\nsource_profile=base\nregion=eu-west-1\n"
BASE = "[profile base]\naws_access_key_id=AKIDBASE\naws_secret_access_key=of-the-base\n"


@pytest.fixture
def anyio_backend():
    """Both libraries are for asyncio."""
    return "asyncio"


def of_aioboto3(profile):
    return aioboto3.Session(profile_name=profile)


def of_aiobotocore(profile):
    return aiobotocore_session.AioSession(profile=profile)


LIBRARIES = pytest.mark.parametrize("make", [of_aioboto3, of_aiobotocore])


def issued(number):
    return AWSCredentials(f"AKID{number}", f"secret-{number}", f"token-{number}")


async def all_of(number, function):
    results = []

    async def one():
        results.append(await function())

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for _ in range(number):
                group.start_soon(one)
    return results


@pytest.mark.anyio
@LIBRARIES
async def test_keys_region_and_addresses_of_a_sessions_profile(aws, make):
    (aws / "config").write_text(f"{BASE}region=eu-west-1\nendpoint_url=https://gateway.example.com\n")
    provider = BedrockProvider(credentials=make("base"))
    assert await provider.credentials() == AWSCredentials("AKIDBASE", "of-the-base")
    assert (provider.region, provider.base_url) == ("eu-west-1", "https://gateway.example.com")


@pytest.mark.anyio
@LIBRARIES
async def test_a_thousand_callers_cause_one_request_and_later_one_refresh(aws, cloud, monkeypatch, make):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", cloud.url)
    (aws / "config").write_text(ROLE + BASE)
    cloud.life_s = 30
    provider = BedrockProvider(credentials=make("role"))
    for number in (1, 2):
        assert await all_of(1000, provider.credentials) == [issued(number)] * 1000
        assert cloud.issued == number


@pytest.mark.anyio
@LIBRARIES
async def test_keys_that_end_soon_are_refreshed_by_one_while_the_others_go_on(aws, cloud, monkeypatch, make):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", cloud.url)
    (aws / "config").write_text(ROLE + BASE)
    cloud.life_s = 300
    provider = BedrockProvider(credentials=make("role"))
    assert await provider.credentials() == issued(1)
    assert (await all_of(1000, provider.credentials)).count(issued(1)) == 999
    assert await provider.credentials() == issued(2)


@pytest.mark.anyio
@LIBRARIES
async def test_keys_of_a_process(aws, make):
    printed = json.dumps({"Version": 1, "AccessKeyId": "AKIDPROC", "SecretAccessKey": "of-the-process"})
    command = shlex.join([sys.executable, "-c", f"print({printed!r})"])
    (aws / "config").write_text(f"[profile mine]\ncredential_process={command}\nregion=us-east-1\n")
    found = await BedrockProvider(credentials=make("mine")).credentials()
    assert found == AWSCredentials("AKIDPROC", "of-the-process")


@pytest.mark.anyio
@LIBRARIES
async def test_session_that_finds_nothing_says_what_can_be_set(aws, make):
    (aws / "config").write_text("[profile mine]\nregion=us-east-1\n")
    with pytest.raises(MissingCredentialsError, match="AWS_ACCESS_KEY_ID"):
        await BedrockProvider(credentials=make("mine")).credentials()


@pytest.mark.anyio
async def test_session_that_is_made_anew_by_an_async_function_is_asked_again_after_a_refusal(aws):
    numbers = iter((1, 2))

    async def signed_in():
        return aioboto3.Session(f"AKID{next(numbers)}", "a-secret", region_name="us-east-1")

    provider = BedrockProvider(credentials=signed_in, region="us-east-1")
    assert (await provider.credentials()).access_key_id == "AKID1"
    assert await provider.recover(AuthenticationError("no", code="ExpiredTokenException", status=403)) is True
    assert (await provider.credentials()).access_key_id == "AKID2"


@pytest.mark.anyio
@LIBRARIES
async def test_call_that_such_a_session_signs_is_answered(aws, make):
    (aws / "config").write_text(f"{BASE}region=us-east-1\n")
    with Emulator(access_key_id="AKIDBASE", secret_access_key="of-the-base") as emulator:
        emulator.reply("signed and answered")
        model = "bedrock/us.anthropic.claude-sonnet-4-6"
        async with LLMClient(model, base_url=emulator.url, credentials=make("base")) as client:
            response = await client.generate("Hello", max_tokens=50)
    assert response.text == "signed and answered"
