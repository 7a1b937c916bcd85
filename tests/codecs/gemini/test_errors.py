"""Errors of Google's API."""

from __future__ import annotations

import pytest

from bedrock_llm.codecs.gemini.errors import error_of
from bedrock_llm.errors import (
    AuthenticationError,
    ContextWindowExceededError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)

RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}


def said(status, message="m", code=400, details=()):
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


def quota(name):
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


@pytest.mark.parametrize(
    ("data", "status", "kind"),
    [
        (said("INVALID_ARGUMENT"), 400, RejectedRequestError),
        (said("FAILED_PRECONDITION"), 400, RejectedRequestError),
        (said("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), 400, AuthenticationError),
        (said("INVALID_ARGUMENT", details=[{"reason": "API_KEY_INVALID"}]), 400, AuthenticationError),
        (said("PERMISSION_DENIED", details=[{"reason": "ACCESS_TOKEN_EXPIRED"}]), 403, AuthenticationError),
        (said("INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens allowed (8)."), 400,
         ContextWindowExceededError),
        (said("UNAUTHENTICATED"), 401, AuthenticationError),
        (said("PERMISSION_DENIED"), 403, PermissionDeniedError),
        (said("NOT_FOUND"), 404, NotFoundError),
        (said("RESOURCE_EXHAUSTED"), 429, RateLimitError),
        (said("RESOURCE_EXHAUSTED", details=[quota("RequestsPerMinutePerProject")]), 429, RateLimitError),
        (said("RESOURCE_EXHAUSTED", details=[quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")]), 429,
         QuotaExceededError),
        (said("RESOURCE_EXHAUSTED", details=[{"metadata": {"quota_limit": "RequestsPerDay"}}]), 429,
         QuotaExceededError),
        (said("RESOURCE_EXHAUSTED", "Quota exceeded for metric x, limit: 0"), 429, QuotaExceededError),
        (said("RESOURCE_EXHAUSTED", "Quota exceeded for metric x, limit: 05"), 429, RateLimitError),
        (said("INTERNAL"), 500, ServerError),
        (said("UNAVAILABLE"), 503, OverloadedError),
        (said("DEADLINE_EXCEEDED"), 504, ServerError),
        ({}, 503, OverloadedError),
        ({}, 500, ServerError),
        ({}, 418, RejectedRequestError),
        ("<html>", 502, ServerError),
        ({"error": "text"}, 400, RejectedRequestError),
    ],
)  # fmt: skip
def test_the_reason_then_the_word_then_the_status_decide(data, status, kind):
    error = error_of(data, status)
    assert type(error) is kind
    assert (error.status, error.raw) == (status, data)
    assert error.retryable is kind.default_retryable


def test_an_error_keeps_its_own_word_and_message():
    error = error_of([said("NOT_FOUND", "no such model", 404)], 404)
    assert (error.code, error.message, error.status) == ("NOT_FOUND", "no such model", 404)
    assert error_of({"error": {"message": " "}}, 500).message.startswith("the service reported an error (500)")


def test_inside_a_stream_the_status_is_what_the_error_says():
    assert error_of(said("UNAVAILABLE", code=503)).status == 503
    assert error_of(said("UNAVAILABLE", code=14)).status == 503
    assert error_of(said("UNAVAILABLE", code=503), 200).status == 503
    assert error_of({"error": {"message": "?"}}).status == 500


@pytest.mark.parametrize(
    ("details", "message", "wait_s"),
    [
        ([RETRY], "m", 34.5),
        ([{"retryDelay": "3s"}], "Please retry in 9.5s.", 3),
        ([{"retryDelay": {"seconds": "7", "nanos": 5}}], "m", 7),
        ([], "You exceeded your quota. Please retry in 36.429760048s.", 36.429760048),
        ([{"retryDelay": "soon"}], "m", None),
        ([{"retryDelay": {"seconds": "x"}}, 7, None], "m", None),
    ],
)
def test_how_long_to_wait_is_read_from_the_body(details, message, wait_s):
    assert error_of(said("RESOURCE_EXHAUSTED", message, 429, details), 429).retry_after_s == wait_s


@pytest.mark.parametrize("details", [7, "x", [7], [{"violations": 7}], [{"violations": [7]}], [{"metadata": 7}]])
def test_details_of_another_form_break_nothing(details):
    data = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m", "details": details}}
    assert isinstance(error_of(data, 429), ProviderError)
