"""Answers that are not a success."""

from __future__ import annotations

import json

import pytest

from bedrock_llm.codecs.shared.aws_errors import from_http
from bedrock_llm.errors import (
    AuthenticationError,
    ContextWindowExceededError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    QuotaExceededError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)

DATE = "Fri, 20 Nov 2026 10:00:00 GMT"
DATE_S = 1795168800.0


def error(status, code=None, message="because", headers=(), **fields):
    named = {"x-amzn-errortype": code} if code else {}
    return from_http(status, {**named, **dict(headers)}, json.dumps({"message": message, **fields}).encode())


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (403, "AccessDeniedException", PermissionDeniedError, False),
        (404, "ResourceNotFoundException", NotFoundError, False),
        (429, "ThrottlingException", RateLimitError, True),
        (408, "ModelTimeoutException", ServerError, True),
        (500, "InternalServerException", ServerError, True),
        (503, "ServiceUnavailableException", OverloadedError, True),
        (400, "ValidationException", RejectedRequestError, False),
        (400, "ServiceQuotaExceededException", QuotaExceededError, False),
        (429, "ModelNotReadyException", OverloadedError, True),
        (400, "ConflictException", RejectedRequestError, False),
        (403, "UnrecognizedClientException", AuthenticationError, False),
        (403, "InvalidSignatureException", AuthenticationError, False),
        (403, "SignatureDoesNotMatch", AuthenticationError, False),
        (403, "ExpiredTokenException", AuthenticationError, False),
        (400, "ExpiredToken", AuthenticationError, False),
        (403, "MissingAuthenticationTokenException", AuthenticationError, False),
        (403, "RequestTimeTooSkewed", AuthenticationError, False),
        (403, "MPAgreementBeingCreated", PermissionDeniedError, False),
        (400, "TooManyRequestsException", RateLimitError, True),
        (404, "UnknownOperationException", NotFoundError, False),
    ],
)
def test_the_exception_decides_first(status, code, kind, retryable):
    for spelling in (code, f"{code}:http://internal.amazon.com/coral/com.amazon.bedrock/", f"com.amazon.coral#{code}"):
        found = error(status, spelling)
        assert (type(found), found.retryable, found.status, found.code) == (kind, retryable, status, code)
        assert (found.message, found.raw) == ("because", {"message": "because"})


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, RejectedRequestError, False),
        (401, AuthenticationError, False),
        (402, QuotaExceededError, False),
        (403, PermissionDeniedError, False),
        (404, NotFoundError, False),
        (408, ServerError, True),
        (413, RejectedRequestError, False),
        (418, RejectedRequestError, False),
        (422, RejectedRequestError, False),
        (424, ServerError, False),
        (429, RateLimitError, True),
        (500, ServerError, True),
        (502, ServerError, True),
        (503, OverloadedError, True),
        (504, ServerError, True),
        (529, OverloadedError, True),
        (599, ServerError, True),
    ],
)
def test_without_a_known_exception_the_status_decides(status, kind, retryable):
    for found in (error(status), error(status, "SomethingNewException"), from_http(status, {}, b"")):
        assert (type(found), found.retryable, found.status) == (kind, retryable, status)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": "ThrottlingException"}, "ThrottlingException"),
        ({"Code": "ThrottlingException"}, "ThrottlingException"),
        ({"__type": "com.amazon.bedrock#ThrottlingException"}, "ThrottlingException"),
        ({"__type": 7}, None),
        ({}, None),
    ],
)
def test_the_code_may_stand_in_the_body(fields, code):
    assert error(400, **fields).code == code


def test_the_message_may_be_written_large():
    assert from_http(400, {}, b'{"Message": "No."}').message == "No."


@pytest.mark.parametrize(
    ("fields", "retryable"),
    [
        ({"originalStatusCode": 500}, True),
        ({"originalStatusCode": 503}, True),
        ({"originalStatusCode": 400}, False),
        ({}, False),
    ],
)
def test_a_failure_of_the_model_is_worth_a_retry_only_where_it_was_its_own(fields, retryable):
    found = error(424, "ModelErrorException", **fields)
    assert (type(found), found.retryable, found.billed) == (ServerError, retryable, "maybe")


@pytest.mark.parametrize(
    "message",
    [
        "Input is too long for requested model.",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "This model's maximum context length is 8192 tokens.",
        "The prompt exceeds the context window.",
        "Too many input tokens. Max input tokens: 8192",
        "input tokens exceed the configured limit of 128000",
    ],
)
def test_an_overflow_is_told_by_its_text(message):
    assert type(error(400, "ValidationException", message)) is ContextWindowExceededError
    assert type(error(429, "ThrottlingException", message)) is RateLimitError


def test_a_key_that_was_not_accepted_is_told_from_a_missing_permission():
    message = "Authentication failed: Please make sure your API Key is valid."
    assert type(error(403, "AccessDeniedException", message)) is AuthenticationError


def test_html_of_a_proxy_is_an_error_by_status_with_its_words():
    found = from_http(502, {"x-amzn-requestid": "r-9"}, b"<html><head><title>502 Bad Gateway</title></head></html>")
    assert (type(found), found.request_id) == (ServerError, "r-9")
    assert found.message == "the service answered with status 502: 502 Bad Gateway"
    assert found.raw.startswith("<html>")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b'{"message": 7}', b'{"message": " "}', b"[" * 9999, b"\xff\xfe"]
)
def test_a_body_without_words_still_gives_a_sentence(body):
    found = from_http(500, {}, body)
    assert type(found) is ServerError
    assert found.message.startswith("the service answered with status 500")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304, 204])
def test_redirects_are_named_and_not_followed(status):
    found = from_http(status, {"location": "https://elsewhere.example/"}, b"<html>moved</html>")
    assert type(found) is ProtocolError
    assert (found.status, found.excerpt) == (status, "<html>moved</html>")
    assert ("redirects are not followed" in found.message) is (status >= 300)
    assert ("https://elsewhere.example/" in found.message) is (status >= 300)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"retry-after": "1", "x-amz-retry-after": "2500"}, 2.5),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:09 GMT", "date": DATE}, 9),
        ({"retry-after": "Friday, 20-Nov-26 10:00:09 GMT", "date": DATE}, 9),
        ({"retry-after": "Fri Nov 20 10:00:09 2026", "date": DATE}, 9),
        ({"retry-after": "Fri, 20 Nov 2026 09:00:00 GMT", "date": DATE}, 0),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:09 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "1_0"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Fri, 20 Nox 2026 10:00:09 GMT", "date": DATE}, None),
        ({"retry-after": "Fri, 32 Nov 2026 10:00:09 GMT", "date": DATE}, None),
        ({}, None),
    ],
)
def test_the_wait_that_the_service_asks_for_is_read_in_all_its_forms(headers, wait_s):
    assert error(429, "ThrottlingException", headers=headers).retry_after_s == wait_s


@pytest.mark.parametrize(
    ("date", "server_date_s"),
    [
        (DATE, DATE_S),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Sat, 29 Feb 2028 23:59:60 GMT", 1835481599.0),
        ("now", None),
        ("", None),
    ],
)
def test_the_service_s_own_clock_is_on_the_error(date, server_date_s):
    assert error(403, "InvalidSignatureException", headers={"date": date}).server_date_s == server_date_s
