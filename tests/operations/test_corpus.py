"""Recorded CountTokens and ApplyGuardrail: each comes out as the corpus expects, through the public door."""

from __future__ import annotations

import base64
import json

import pytest

from bedrock_llm.catalog.lookup import find
from bedrock_llm.client import LLMClient
from bedrock_llm.config import AWSCredentials, RetryPolicy
from bedrock_llm.errors import ProviderError
from bedrock_llm.operations import GuardrailText
from bedrock_llm.testing.emulator.parse import parse_converse
from bedrock_llm.transports.base import HTTPReply, Transport
from tests.replay.comparing import HINT
from tests.replay.corpus import read_expected, read_records
from tests.shared_data import shared

pytestmark = pytest.mark.anyio

KEYS = AWSCredentials("AKIAIOSFODNN7EXAMPLE", "made-up-for-the-replay")


class Recorded(Transport):
    """Answers with one record, and keeps what was sent."""

    def __init__(self, record):
        self.record = record
        self.sent = None

    async def send(self, call):
        self.sent = call
        return HTTPReply(self.record.status, self.record.headers, self.record.body)

    async def open(self, call):
        raise NotImplementedError

    async def aclose(self):
        """Nothing is held."""


def records(api):
    folder = shared("corpus")
    expected = read_expected(folder)
    found = [(record, expected[record.id]) for record in read_records(folder) if record.kind == f"bedrock/{api}"]
    assert found
    return found


def client_of(record, transport, **options):
    given = {"region": "us-east-1", "credentials": KEYS, "retry": RetryPolicy(max_attempts=1), "transport": transport}
    return LLMClient(options.pop("model"), **given, **options)


def question(record):
    """What to count, and in which form: as recorded, or a greeting where the body is the maker's own."""
    form, asked = next(iter(record.asked["input"].items()))
    if form == "invokeModel":
        return "Hello", {}, "invoke"
    request = parse_converse({name: value for name, value in asked.items() if value}, find(record.model))
    return list(request.messages), {name: request.get(name) for name in ("system", "tools")}, "converse"


async def test_every_recorded_count_comes_out():
    for record, expected in records("count-tokens"):
        transport = Recorded(record)
        messages, given, api = question(record)
        async with client_of(record, transport, model=f"bedrock/{record.model}", api=api) as client:
            if expected["error"] is None:
                count = await client.count_tokens(messages, source="provider", **given)
                assert (count.tokens, count.source) == (expected["usage"]["input"], "provider"), record.id
            else:
                with pytest.raises(ProviderError) as caught:
                    await client.count_tokens(messages, source="provider", **given)
                assert caught.value.status == expected["error"]["status"], record.id
                assert caught.value.message.partition(HINT)[0] == expected["error"]["message"], record.id


async def test_a_recorded_conversation_is_sent_as_it_was_recorded():
    for record, _ in records("count-tokens"):
        asked = record.asked["input"].get("converse")
        if asked is None:
            continue
        transport = Recorded(record)
        messages, given, _ = question(record)
        async with client_of(record, transport, model=f"bedrock/{record.model}") as client:
            try:
                await client.count_tokens(messages, source="provider", **given)
            except ProviderError:
                assert record.status >= 400
        sent = json.loads(transport.sent.body)["input"]["converse"]
        wanted = {name: value for name, value in asked.items() if value}
        wanted.get("toolConfig", {}).pop("toolChoice", None)  # a count is asked without a choice
        assert sent == wanted, record.id
        assert transport.sent.url.endswith("/count-tokens")


def content(block):
    if block.get("text"):
        return GuardrailText(block["text"]["text"], tuple(block["text"].get("qualifiers") or ()))
    from bedrock_llm.messages import Image

    return Image(base64.b64decode(block["image"]["source"]["bytes"]))


async def test_every_recorded_guardrail_comes_out_with_all_it_says():
    for record, expected in records("apply-guardrail"):
        _, _, identifier, _, version, _ = record.path.split("/")
        transport = Recorded(record)
        async with client_of(record, transport, model="bedrock/anthropic.claude-sonnet-4-6") as client:
            call = client.bedrock.apply_guardrail(
                [content(block) for block in record.asked["content"]],
                identifier=identifier,
                version=version,
                source=record.asked["source"],
                scope=record.asked.get("outputScope"),
            )
            if expected["error"] is not None:
                with pytest.raises(ProviderError) as caught:
                    await call
                assert caught.value.status == expected["error"]["status"], record.id
                continue
            result = await call
        assert json.loads(transport.sent.body) == record.asked, record.id
        assert transport.sent.url.endswith(record.path)
        said = json.loads(record.body)
        assert (result.action, result.action_reason) == (said["action"], said.get("actionReason"))
        assert result.outputs == tuple(output["text"] for output in said["outputs"])
        assert result.usage.topic_policy_units == said["usage"]["topicPolicyUnits"]
        for assessment, raw in zip(result.assessments, said["assessments"], strict=True):
            listed = [entry for policy in raw.values() if policy for lists in policy.values()
                      if isinstance(lists, list) for entry in lists if isinstance(entry, dict)]  # fmt: skip
            assert len(assessment.findings) == len(listed), record.id
            assert assessment.guardrail_id == identifier
        assert result.raw == said
