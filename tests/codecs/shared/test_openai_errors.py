"""Errors in OpenAI's shape, and in those of others who speak its APIs."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.shared.openai_errors import error_of
from bedrock_llm.errors import (
    AuthenticationError,
    ContextWindowExceededError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)
from tests.codecs.openai_responses.wire import body_of, records


def said(code=None, kind="invalid_request_error", message="words"):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("data", "status", "kind", "code"),
    [
        (said("invalid_api_key"), 401, AuthenticationError, "invalid_api_key"),
        (said(), 401, AuthenticationError, "invalid_request_error"),
        (said("invalid_request_error", "authentication_error"), 401, AuthenticationError, "invalid_request_error"),
        (said("invalid_request_error", "unknown_error"), 402, QuotaExceededError, "invalid_request_error"),
        (said("unsupported_country_region_territory", "request_forbidden"), 403, PermissionDeniedError,
         "unsupported_country_region_territory"),
        (said("model_not_found"), 400, NotFoundError, "model_not_found"),
        (said("DeploymentNotFound", None), 404, NotFoundError, "DeploymentNotFound"),
        (said(None, None), 408, ServerError, None),
        (said(), 409, RejectedRequestError, "invalid_request_error"),
        (said("context_length_exceeded"), 400, ContextWindowExceededError, "context_length_exceeded"),
        (said("rate_limit_exceeded", "tokens"), 429, RateLimitError, "rate_limit_exceeded"),
        (said("insufficient_quota", "insufficient_quota"), 429, QuotaExceededError, "insufficient_quota"),
        (said("billing_hard_limit_reached"), 400, QuotaExceededError, "billing_hard_limit_reached"),
        (said("credit_balance_exhausted"), 429, QuotaExceededError, "credit_balance_exhausted"),
        (said("project_spend_limit_exceeded"), 429, QuotaExceededError, "project_spend_limit_exceeded"),
        (said("429", None), 429, RateLimitError, "429"),
        (said(None, "server_error"), 500, ServerError, "server_error"),
        (said(None, None), 502, ServerError, None),
        (said(None, None), 503, OverloadedError, None),
        (said("slow_down", None), 503, OverloadedError, "slow_down"),
        (said(None, None), 418, RejectedRequestError, None),
        (said(502, None), None, ServerError, "502"),
        (said("server_error", None), None, ServerError, "server_error"),
        (said("invalid_prompt", None), None, RejectedRequestError, "invalid_prompt"),
        (said("image_content_policy_violation", None), None, RejectedRequestError, "image_content_policy_violation"),
        (said("novel", None), None, ServerError, "novel"),
        ({"code": "invalid-argument", "error": "Incorrect API key provided."}, 400, AuthenticationError,
         "invalid-argument"),
        ({"code": "novel", "error": "Your team has used all available credits"}, 403, QuotaExceededError, "novel"),
        ({"object": "error", "message": "words", "type": "invalid_request_error", "code": "1500"}, 422,
         RejectedRequestError, "1500"),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "words"}, None, RateLimitError,
         "rate_limit_exceeded"),
        ({"detail": "words"}, 401, AuthenticationError, None),
        ({"detail": [{"msg": "words"}]}, 422, RejectedRequestError, None),
        ([said("invalid_api_key")], 401, AuthenticationError, "invalid_api_key"),
        ("words", 500, ServerError, None),
        ({}, 500, ServerError, None),
        (None, 404, NotFoundError, None),
        ({"error": 7}, None, ServerError, None),
    ],
)  # fmt: skip
def test_codes_types_and_statuses_have_their_class(data, status, kind, code):
    error = error_of(data, status)
    assert (type(error), error.code, error.raw) == (kind, code, data)
    assert error.retryable is (status in (408, 409) or kind in (RateLimitError, OverloadedError, ServerError))
    assert error.message.strip()


@pytest.mark.parametrize(
    ("message", "wait_s"),
    [
        ("Rate limit reached. Please try again in 1.5s. Visit", 1.5),
        ("Please try again in 6m0s.", 360),
        ("Please try again in 1h2m3s.", 3723),
        ("Please try again in 250ms.", 0.25),
        ("Please retry after 26 seconds.", 26),
        ("Please try again later.", None),
        ("Please try again in a moment.", None),
    ],
)
def test_how_long_to_wait_is_read_from_the_words(message, wait_s):
    assert error_of(said("rate_limit_exceeded", None, message), 429).retry_after_s == wait_s
    assert error_of(said("server_error", None, message), 500).retry_after_s is None


def test_recorded_refusals_keep_their_words_and_codes():
    found = 0
    apis = ("chat", "responses", "completions")
    for record, expected in records(lambda record: record["api"] in apis and record["response"]["status"] != 200):
        error, wanted = error_of(json.loads(body_of(record)), record["response"]["status"]), expected["error"]
        code = wanted["code"] or wanted["type"]
        assert (error.message, error.code) == (wanted["message"], None if code is None else str(code)), record["id"]
        found += 1
    assert found > 30


def test_a_status_of_overload_tells_more_than_the_word_for_any_failure():
    failed = {"error": {"type": "server_error", "message": "busy"}}
    kinds = [type(error_of(failed, status)) for status in (500, 503, 529)]
    assert kinds == [ServerError, OverloadedError, OverloadedError]


def test_what_never_passes_is_not_sent_again():
    spent = error_of({"error": {"message": "x", "type": "insufficient_quota", "code": "rate_limit_exceeded"}}, 429)
    daily = error_of({"error": {"message": "Rate limit exceeded: free-models-per-day", "code": 429}}, 429)
    large = error_of(said("rate_limit_exceeded", "tokens", "Request too large: Limit 30000, Requested 45000"), 429)
    soon = error_of(said("rate_limit_exceeded", "requests", "Limit: 200 per day. Please try again in 7m"), 429)
    kinds = [QuotaExceededError, QuotaExceededError, RejectedRequestError, RateLimitError]
    assert [type(error) for error in (spent, daily, large, soon)] == kinds
    assert [error.retryable for error in (spent, daily, large, soon)] == [False, False, False, True]
