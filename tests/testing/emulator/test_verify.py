"""Signatures and tokens: the right ones pass, and every wrong one is refused with AWS's code and words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_llm.config import AWSCredentials
from bedrock_llm.providers.sigv4 import sign
from bedrock_llm.testing.emulator.verify import Identity, verify
from bedrock_llm.testing.emulator.wire import Received, Refusal

NOW = 1767323045.0  # 2026-01-02T03:04:05Z
PATH = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12cd34ef56/converse"
BODY = b'{"messages":[]}'
IDENTITY = Identity("AKIDEXAMPLE", "a-secret", "an-api-key")


def signed(
    *,
    key="AKIDEXAMPLE",
    secret="a-secret",
    token=None,
    region="us-east-1",
    service="bedrock",
    at=NOW,
    headers=(("content-type", "application/json"),),
):
    given = dict(headers)
    made = sign(
        "POST", f"http://127.0.0.1:8000{PATH}", given, BODY, AWSCredentials(key, secret, token), region, service, at
    )
    return Received("POST", PATH, "", tuple({**given, **made}.items()), BODY)


def with_header(received, name, value):
    kept = tuple((key, entry) for key, entry in received.headers if key != name)
    return replace(received, headers=kept if value is None else (*kept, (name, value)))


def edited(received, old, new):
    value = received.header("authorization")
    assert old in value
    return with_header(received, "authorization", value.replace(old, new))


def refusal(received, identity=IDENTITY, now=NOW):
    with pytest.raises(Refusal) as caught:
        verify(received, identity, now)
    return caught.value.status, caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("received", "identity"),
    [
        (signed(), IDENTITY),
        (signed(token="a-token"), replace(IDENTITY, session_token="a-token")),
        (signed(region="eu-west-1"), IDENTITY),
        (signed(region="us-gov-west-1"), IDENTITY),
        (signed(region="eu-west-1"), replace(IDENTITY, region="eu-west-1")),
        (signed(at=NOW - 300), IDENTITY),
        (signed(at=NOW + 300), IDENTITY),
        (signed(headers=(("x-odd", "  two   spaces "), ("accept", "a/b"))), IDENTITY),
        (with_header(signed(), "user-agent", "anything that was added later"), IDENTITY),
        (Received("POST", PATH, "", (("authorization", "Bearer an-api-key"),), BODY), IDENTITY),
        (Received("POST", PATH, "", (("authorization", "bearer an-api-key"),), BODY), IDENTITY),
    ],
)
def test_a_caller_that_proves_who_it_is_passes(received, identity):
    verify(received, identity, NOW)


MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
INVALID_TOKEN = "The security token included in the request is invalid."


@pytest.mark.parametrize(
    ("received", "code", "message"),
    [
        (Received("POST", PATH, "", (), BODY), "MissingAuthenticationTokenException", "Missing Authentication Token"),
        (signed(secret="another"), "InvalidSignatureException", MISMATCH),
        (replace(signed(), body=BODY + b" "), "InvalidSignatureException", MISMATCH),
        (replace(signed(), path=PATH.replace("ab12", "ab13")), "InvalidSignatureException", MISMATCH),
        (replace(signed(), path=PATH.replace("%2F", "/")), "InvalidSignatureException", MISMATCH),
        (replace(signed(), query="a=1"), "InvalidSignatureException", MISMATCH),
        (replace(signed(), method="PUT"), "InvalidSignatureException", MISMATCH),
        (with_header(signed(), "content-type", "text/plain"), "InvalidSignatureException", MISMATCH),
        (with_header(signed(), "content-type", None), "InvalidSignatureException", MISMATCH),
        (with_header(signed(), "host", "elsewhere"), "InvalidSignatureException", MISMATCH),
        (signed(key="AKIDANOTHER"), "UnrecognizedClientException", INVALID_TOKEN),
        (signed(token="unexpected"), "UnrecognizedClientException", INVALID_TOKEN),
        (
            signed(service="sts"),
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'bedrock'. ",
        ),
        (signed(region="nowhere"), "InvalidSignatureException", "Credential should be scoped to a valid region. "),
        (
            edited(signed(), "aws4_request", "aws5_request"),
            "InvalidSignatureException",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
        ),
        (
            edited(signed(), "/20260102/", "/20260103/"),
            "InvalidSignatureException",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260103' != "
            "'20260102', from '20260102T030405Z'.",
        ),
        (
            edited(signed(), "content-type;host;", "content-type;"),
            "InvalidSignatureException",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            edited(signed(), ";x-amz-date", ""),
            "InvalidSignatureException",
            "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            with_header(signed(), "x-amz-date", None),
            "IncompleteSignatureException",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ),
        (
            edited(signed(), "Signature=", "Sign="),
            "IncompleteSignatureException",
            "Authorization header requires 'Signature' parameter.",
        ),
        (
            edited(signed(), "AKIDEXAMPLE/", "AKIDEXAMPLE"),
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements.",
        ),
        (
            edited(signed(), "AWS4-HMAC-SHA256", "AWS5"),
            "IncompleteSignatureException",
            "Unsupported AWS 'algorithm': 'AWS5'.",
        ),
        (
            signed(at=NOW - 301),
            "InvalidSignatureException",
            "Signature expired: 20260102T025904Z is now earlier than 20260102T025905Z (20260102T030405Z - 5 min.)",
        ),
        (
            signed(at=NOW + 301),
            "InvalidSignatureException",
            "Signature not yet current: 20260102T030906Z is still later than 20260102T030905Z (20260102T030405Z + 5 "
            "min.)",
        ),
        (
            Received("POST", PATH, "", (("authorization", "Bearer another-key"),), BODY),
            "AccessDeniedException",
            "Authentication failed: Please make sure your API Key is valid.",
        ),
    ],
)
def test_a_caller_that_does_not_is_refused_as_aws_refuses(received, code, message):
    assert refusal(received) == (403, code, message)


def test_a_malformed_time_is_refused():
    received = with_header(signed(), "x-amz-date", "20260102")
    assert refusal(received)[1] == "IncompleteSignatureException"


def test_a_session_token_that_is_expected_must_come_and_be_signed():
    identity = replace(IDENTITY, session_token="a-token")
    assert refusal(signed(), identity) == (403, "UnrecognizedClientException", INVALID_TOKEN)
    assert refusal(signed(token="another"), identity) == (403, "UnrecognizedClientException", INVALID_TOKEN)
    added = with_header(signed(), "x-amz-security-token", "a-token")
    assert refusal(added, identity)[2] == "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization."


def test_an_emulator_bound_to_a_region_takes_no_other():
    assert (
        refusal(signed(), replace(IDENTITY, region="eu-west-1"))[2] == "Credential should be scoped to a valid region. "
    )


def test_a_stated_hash_that_is_not_the_bodys_is_refused():
    received = replace(signed(headers=(("x-amz-content-sha256", "0" * 64),)))
    assert refusal(received)[1] == "InvalidSignatureException"


def test_an_identity_shows_no_secret():
    assert "a-secret" not in repr(IDENTITY)
    assert "an-api-key" not in repr(IDENTITY)
