from __future__ import annotations

import logging

import pytest

from bedrock_llm.client import LLMClient
from bedrock_llm.config import RetryPolicy
from bedrock_llm.errors import ServerError
from bedrock_llm.observers.logging import LoggingObserver
from tests.strangers import ThreeMethods

pytestmark = pytest.mark.anyio


async def test_a_call_is_two_lines_without_its_text(caplog):
    caplog.set_level(logging.DEBUG, "bedrock_llm")
    async with LLMClient(ThreeMethods("the answer"), observers=[LoggingObserver()]) as client:
        response = await client.generate("the question")
    assert [record.levelname for record in caplog.records] == ["DEBUG", "INFO"]
    assert {record.call_id for record in caplog.records} == {response.request.call_id}
    assert caplog.records[1].output_tokens == 2
    assert "cost unknown" in caplog.text
    assert "the question" not in caplog.text
    assert "the answer" not in caplog.text


async def test_content_is_logged_when_asked(caplog):
    caplog.set_level(logging.DEBUG, "mine")
    observer = LoggingObserver(logging.getLogger("mine"), content=True)
    async with LLMClient(ThreeMethods("the answer"), observers=[observer]) as client:
        await client.generate("the question")
    assert "the question" in caplog.text
    assert "the answer" in caplog.text


async def test_retries_and_errors_are_warnings(caplog):
    caplog.set_level(logging.DEBUG, "bedrock_llm")
    model = ThreeMethods(ServerError("first"), ServerError("second"))
    policy = RetryPolicy(max_attempts=2, wait=lambda state: 0.0)
    async with LLMClient(model, observers=[LoggingObserver()], retry=policy) as client:
        with pytest.raises(ServerError):
            await client.generate("hello")
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 2
    assert "trying again: ServerError: first" in warnings[0]
    assert "failed: ServerError: second" in warnings[1]
