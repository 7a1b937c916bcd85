"""Errors of Anthropic's API."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.anthropic_messages.errors import error_of
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

SPENT = {"error_code": "enforced_spend_limit_reached"}


def said(kind, message="words", **more):
    return {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("data", "status", "kind", "found", "retryable"),
    [
        (said("invalid_request_error"), None, RejectedRequestError, 400, False),
        (said("authentication_error"), None, AuthenticationError, 401, False),
        (said("billing_error"), None, QuotaExceededError, 402, False),
        (said("permission_error"), None, PermissionDeniedError, 403, False),
        (said("not_found_error"), None, NotFoundError, 404, False),
        (said("conflict_error"), None, RejectedRequestError, 409, True),
        (said("request_too_large"), None, RejectedRequestError, 413, False),
        (said("rate_limit_error"), None, RateLimitError, 429, True),
        (said("rate_limit_error", details=SPENT), 429, QuotaExceededError, 429, False),
        (said("rate_limit_error", details={"error_code": "other"}), 429, RateLimitError, 429, True),
        (said("api_error"), None, ServerError, 500, True),
        (said("timeout_error"), 408, ServerError, 408, True),
        (said("timeout_error"), None, ServerError, 504, True),
        (said("overloaded_error"), None, OverloadedError, 529, True),
        (said("overloaded_error"), 503, OverloadedError, 503, True),
        (said("novel_error"), None, ServerError, 500, True),
        (said("novel_error"), 429, RateLimitError, 429, True),
        (said("novel_error"), 418, RejectedRequestError, 418, False),
        (said("invalid_request_error", "prompt is too long: 3 tokens > 2 maximum"), 400,
         ContextWindowExceededError, 400, False),
        (said("invalid_request_error", "input length and `max_tokens` exceed context limit: 3 + 2 > 4"), None,
         ContextWindowExceededError, 400, False),
        ({"error": "text"}, 502, ServerError, 502, True),
        (None, 401, AuthenticationError, 401, False),
    ],
)  # fmt: skip
def test_types_and_statuses_have_their_class(data, status, kind, found, retryable):
    error = error_of(data, status)
    assert (type(error), error.status, error.retryable, error.raw) == (kind, found, retryable, data)


def test_an_error_holds_the_services_own_words():
    error = error_of(said("api_error", "Internal server error"))
    assert (error.message, error.code, error.request_id) == ("Internal server error", "api_error", "req_1")


@pytest.mark.parametrize(
    "data", [None, [], {}, {"error": {}}, {"error": {"type": 1, "message": ["x"]}, "request_id": 1}]
)
def test_an_error_without_words_says_so(data):
    error = error_of(data, 500)
    assert (error.message, error.code) == ("the service reported an error (500) and said nothing more", None)
