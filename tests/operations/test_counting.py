"""Counting by Bedrock's CountTokens, through the client and through `client.bedrock`."""

from __future__ import annotations

import base64
import json

import pytest

from bedrock_llm.errors import InvalidRequestError, RejectedRequestError, UnsupportedFeatureError
from bedrock_llm.messages import CachePoint, Image, Message
from bedrock_llm.models.counting import base_id
from bedrock_llm.models.wrapper import WrapperImplementation
from bedrock_llm.parameters import ToolSpec
from bedrock_llm.response import TokenCount
from bedrock_llm.testing import ScriptedModel

pytestmark = pytest.mark.anyio

WEATHER = ToolSpec("weather", "Weather of a city.", {"type": "object", "properties": {"city": {"type": "string"}}})
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32


def sent(emulator):
    return json.loads(emulator.received[-1].body)


async def test_the_service_counts_the_members_that_count_and_nothing_else(emulator, client_of):
    async with client_of() as client:
        count = await client.count_tokens("Hello there", system="Be brief.", tools=[WEATHER], source="provider")
    assert (count.source, count.error_bound) == ("provider", 0)
    assert count.tokens > 0
    assert emulator.received[-1].path == "/model/anthropic.claude-sonnet-4-6/count-tokens"
    body = sent(emulator)["input"]["converse"]
    assert list(body) == ["messages", "system", "toolConfig"]
    assert body["system"] == [{"text": "Be brief."}]


async def test_it_is_the_count_that_the_answer_reports(client_of):
    asked = [Message.user("Hello there", Image(PNG))]
    async with client_of() as client:
        count = await client.bedrock.count_tokens(asked, system="Be brief.")
        response = await client.generate(asked, system="Be brief.", max_tokens=20)
    assert count == TokenCount(response.usage.input_tokens, "provider", 0)


async def test_both_doors_count_alike(client_of):
    async with client_of() as client:
        assert await client.bedrock.count_tokens("Hello") == await client.count_tokens("Hello", source="provider")


async def test_without_a_source_nobody_is_asked(emulator, client_of):
    async with client_of() as client:
        count = await client.count_tokens("Hello there")
    assert count.source == "estimate"
    assert emulator.received == ()


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6"),
        ("eu.anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6"),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-8", "anthropic.claude-opus-4-8"),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-1", "meta.llama3-1"),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", None),
        ("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl", None),
    ],
)
def test_the_base_model_is_what_is_counted(name, base):
    assert base_id(name) == base


async def test_an_opaque_arn_is_counted_by_the_model_that_the_caller_names(emulator, client_of):
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    async with client_of(arn, base_model="us.anthropic.claude-sonnet-4-6") as client:
        await client.count_tokens("Hello", source="provider")
    assert emulator.received[-1].path == "/model/anthropic.claude-sonnet-4-6/count-tokens"
    async with client_of(arn) as client:
        with pytest.raises(UnsupportedFeatureError, match="base_model="):
            await client.count_tokens("Hello", source="provider")


async def test_a_family_that_is_not_counted_is_refused_before_sending(emulator, client_of):
    async with client_of("us.amazon.nova-lite-v1:0") as client:
        with pytest.raises(UnsupportedFeatureError) as caught:
            await client.count_tokens("Hello", source="provider")
    assert (caught.value.parameter, caught.value.value) == ("source", "provider")
    assert emulator.received == ()


async def test_a_model_without_a_provider_cannot_be_counted_by_it():
    from bedrock_llm.client import LLMClient

    async with LLMClient(WrapperImplementation(ScriptedModel(["Hi"]))) as client:
        with pytest.raises(UnsupportedFeatureError, match="cannot be counted by its provider"):
            await client.count_tokens("Hello", source="provider")


async def test_the_services_own_refusal_says_what_to_do(client_of):
    rows = {"amazon.nova-lite-v1:0": {"features": {"count_tokens": True}}}
    async with client_of("us.amazon.nova-lite-v1:0", catalog=rows) as client:
        with pytest.raises(
            RejectedRequestError, match=r"support counting tokens.*hint: CountTokens takes a base"
        ) as caught:
            await client.count_tokens("Hello", source="provider")
    assert caught.value.model == "us.amazon.nova-lite-v1:0"


async def test_a_model_that_nobody_knows_is_sent_for_the_service_to_judge(client_of):
    async with client_of("anthropic.claude-of-another-kind") as client:
        assert (await client.count_tokens("Hello", source="provider")).tokens > 0


async def test_with_the_native_body_the_whole_body_is_counted(emulator, client_of):
    async with client_of(api="invoke") as client:
        count = await client.bedrock.count_tokens("Hello there", system="Be brief.")
    assert count.source == "provider"
    body = json.loads(base64.b64decode(sent(emulator)["input"]["invokeModel"]["body"]))
    assert body["anthropic_version"] == "bedrock-2023-05-31"
    assert body["max_tokens"] > 0
    assert body["system"]


async def test_a_bad_message_is_named_before_sending(emulator, client_of):
    async with client_of() as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.bedrock.count_tokens(" ")
    assert caught.value.parameter == "messages"
    assert emulator.received == ()


async def test_cache_points_are_counted_with_their_texts(emulator, client_of):
    async with client_of() as client:
        await client.bedrock.count_tokens([Message.user("Much of it", CachePoint(), "What next?")])
    assert {"cachePoint": {"type": "default"}} in sent(emulator)["input"]["converse"]["messages"][0]["content"]
