"""Errors of Cohere's API, each to its class."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.cohere_v2.errors import error_of
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


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "invalid request: message must be at least 1 token long", RejectedRequestError),
        (400, "too many tokens: total number of tokens in the prompt exceeds 4081", ContextWindowExceededError),
        (401, "invalid api token", AuthenticationError),
        (402, "Please add a payment method", QuotaExceededError),
        (403, "forbidden", PermissionDeniedError),
        (404, "model 'x' not found", NotFoundError),
        (422, "invalid value", RejectedRequestError),
        (429, "You are past the per minute request limit, please wait and try again later.", RateLimitError),
        (429, "You are using a Trial key, which is limited to 1000 API calls / month.", QuotaExceededError),
        (498, "blocked token", RejectedRequestError),
        (500, "internal server error", ServerError),
        (503, "service unavailable", OverloadedError),
        (504, "gateway timeout", ServerError),
        (None, "it broke in the middle", ServerError),
    ],
)
def test_the_status_decides_and_the_text_only_refines(status, message, kind):
    error = error_of({"id": "r", "message": message}, status)
    assert type(error) is kind
    assert (error.message, error.code, error.request_id) == (message, None, "r")
    assert error.status == (500 if status is None else status)
    assert error.retryable is kind.default_retryable


@pytest.mark.parametrize("data", [None, [], "x", {}, {"message": 7}])
def test_a_body_that_says_nothing_makes_an_error_that_says_so(data):
    error = error_of(data, 500)
    assert "said nothing more" in error.message
    assert error.raw == data
