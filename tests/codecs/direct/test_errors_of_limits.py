"""Refusals that no wait helps, and those that point elsewhere."""

from __future__ import annotations

import json

from bedrock_llm.errors import QuotaExceededError
from bedrock_llm.factory import ModelFactory


def refused(name, status, body, **headers):
    model = ModelFactory.create_model(name, api_key="k")
    return model.codec.decode_error(status, {key.replace("_", "-"): value for key, value in headers.items()}, body)


def test_an_account_without_money_is_not_asked_again_whatever_a_header_says():
    spent = json.dumps({"error": {"message": "x", "code": "insufficient_quota"}}).encode()
    error = refused("openai/gpt-4.1", 429, spent, x_should_retry="true")
    assert (type(error), error.retryable) == (QuotaExceededError, False)
    text = "Your credit balance is too low to access the Anthropic API."
    broke = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": text}}).encode()
    assert type(refused("anthropic/claude-sonnet-4-6", 400, broke)) is QuotaExceededError


def test_a_redirect_is_told_without_what_may_be_a_key():
    error = refused("anthropic/claude-sonnet-4-6", 302, b"", location="https://h.example/a?key=SECRET#f")
    assert "to https://h.example/a; redirects are not followed" in error.message
    assert "SECRET" not in error.message
    assert "redirect" not in refused("anthropic/claude-sonnet-4-6", 204, b"").message
