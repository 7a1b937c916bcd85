"""Signature Version 4: our golden vector, the published suite, and botocore as oracle."""

from __future__ import annotations

import datetime
import string
from hashlib import sha256
from pathlib import Path
from unittest import mock
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_llm.config import AWSCredentials
from bedrock_llm.providers import sigv4
from bedrock_llm.providers.sigv4 import canonical_request, sign, signature, string_to_sign, target
from tests.shared_data import shared

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12cd34ef56"
BODY = b'{"messages":[{"role":"user","content":[{"text":"hi"}]}]}'
TIME_S = 1767323045.75  # 2026-01-02T03:04:05.75Z
SIGNATURE = "d0aa9a3d5e49492eee5ccc9a8dabb85f9fb02c3aafe697901be9e93bb07284d4"


def test_golden_request_gets_its_golden_signature():
    added = sign(
        "POST",
        f"{HOST}/model/{ARN}/converse",
        {"Content-Type": "application/json"},
        BODY,
        AWSCredentials(KEY_ID, SECRET, "TOKEN"),
        "us-east-1",
        "bedrock",
        TIME_S,
    )
    assert added == {
        "host": "bedrock-runtime.us-east-1.amazonaws.com",
        "x-amz-date": "20260102T030405Z",
        "x-amz-security-token": "TOKEN",
        "authorization": f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20260102/us-east-1/bedrock/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature={SIGNATURE}",
    }


def test_a_server_can_check_the_golden_signature_piece_by_piece():
    where = target(f"/model/{ARN}/converse")
    assert where.path == f"/model/{ARN.replace('%', '%25')}/converse"
    received = [
        ("content-type", "application/json"),
        ("host", "bedrock-runtime.us-east-1.amazonaws.com"),
        ("x-amz-date", "20260102T030405Z"),
        ("x-amz-security-token", "TOKEN"),
    ]
    canonical = canonical_request("POST", where, received, sha256(BODY).hexdigest())
    assert sha256(canonical.encode()).hexdigest() == "602f32c94cc3eefee2f2d9375b25b8030bbc7df5537628680e46f59a05db8b55"
    to_sign = string_to_sign(canonical, "20260102T030405Z", "us-east-1", "bedrock")
    assert signature(SECRET, to_sign, "us-east-1", "bedrock") == SIGNATURE


def signed_names(headers, url=f"{HOST}/model/x/converse", token=None) -> str:
    credentials = AWSCredentials(KEY_ID, SECRET, token)
    added = sign("POST", url, headers, b"", credentials, "us-east-1", "bedrock", TIME_S)
    return added["authorization"].split("SignedHeaders=")[1].split(",")[0]


def test_headers_that_proxies_rewrite_are_not_signed():
    given_headers = dict.fromkeys([*sigv4.UNSIGNED_HEADERS, "X-Custom", "Accept"], "x")
    assert signed_names(given_headers) == "accept;host;x-amz-date;x-custom"


def test_headers_that_signing_writes_itself_are_not_taken_from_the_caller():
    stale = {"Host": "other", "X-Amz-Date": "20000101T000000Z", "X-Amz-Security-Token": "old", "Authorization": "old"}
    fresh = sign("POST", HOST, {}, b"", AWSCredentials(KEY_ID, SECRET, "new"), "us-east-1", "bedrock", TIME_S)
    again = sign("POST", HOST, stale, b"", AWSCredentials(KEY_ID, SECRET, "new"), "us-east-1", "bedrock", TIME_S)
    assert again == fresh


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.com/x", "example.com"),
        ("https://example.com:443/x", "example.com"),
        ("http://example.com:80/x", "example.com"),
        ("http://example.com:443/x", "example.com:443"),
        ("http://127.0.0.1:8123/x", "127.0.0.1:8123"),
        ("http://[::1]:8123/x", "[::1]:8123"),
        ("/x", ""),
    ],
)
def test_host_is_what_an_http_client_sends(url, host):
    assert target(url).host == host


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("", "/"),
        ("/", "/"),
        ("//a//b//", "/a/b/"),
        ("/a/./b/../c", "/a/c"),
        ("/../..", "/"),
        ("/model/a%3Ab/x", "/model/a%253Ab/x"),
        ("/model/a:b~c", "/model/a%3Ab~c"),
        ("/a b", "/a%20b"),
    ],
)
def test_paths_are_normalised_and_encoded_once_more(path, canonical):
    assert target(f"https://example.com{path}").path == canonical
    if path:
        assert target(path).path == canonical


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=1", "a=1&a=2"),
        ("a", "a="),
        ("a=b=c", "a=b%3Dc"),
        ("a=%7e%3a%2F", "a=~%3A%2F"),
        ("a=\u1234", "a=%E1%88%B4"),
        ("a=%FF", "a=%FF"),
    ],
)
def test_queries_are_sorted_and_each_part_encoded_once(query, canonical):
    assert target(f"https://example.com/?{query}").query == canonical
    assert target(f"/?{query}").query == canonical


def test_body_hash_in_a_header_is_believed():
    digest = sha256(b"other").hexdigest()
    credentials = AWSCredentials(KEY_ID, SECRET)
    by_header = sign("POST", HOST, {"X-Amz-Content-SHA256": digest}, b"", credentials, "us-east-1", "bedrock", TIME_S)
    by_body = sign(
        "POST", HOST, {"X-Amz-Content-SHA256": digest}, b"other", credentials, "us-east-1", "bedrock", TIME_S
    )
    assert by_header == by_body


def test_caches_show_no_secret():
    signed_names({}, token="TOKEN-OF-THE-SESSION")
    for cached in (sigv4._signing_key, sigv4._layout):
        assert SECRET not in repr(cached) + repr(vars(cached))
        assert cached.cache_info().maxsize == 64


# --- the published suite

REGION, SERVICE = "us-east-1", "service"
SUITE_TIME_S = 1440938160.0  # 20150830T123600Z
NOT_FOR_SIGN = {
    "get-header-key-duplicate": "our calls hold each header once; checked as a server sees it",
    "get-header-value-order": "our calls hold each header once; checked as a server sees it",
    "post-sts-header-after": "adds the session token unsigned, which we never do; checked as a server sees it",
}


def suite() -> list[Path]:
    return sorted(shared("vectors/sigv4").rglob("*.req"))


def read_request(path: Path) -> tuple[str, str, list[tuple[str, str]], bytes]:
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    first, *lines = head.rstrip("\n").split("\n")
    method, rest = first.split(" ", 1)
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[0] in " \t":  # folded
            headers[-1] = (headers[-1][0], f"{headers[-1][1]}\n{line}")
        else:
            name, _, value = line.partition(":")
            headers.append((name, value))
    return method, rest.removesuffix(" HTTP/1.1"), headers, body.encode()


def expected(path: Path, kind: str) -> str:
    return path.with_suffix(kind).read_text(encoding="utf-8").strip()


def signed_token(path: Path) -> str | None:
    """The session token of a vector, where it is signed."""
    lines = expected(path, ".creq").split("\n")
    return next((line.partition(":")[2] for line in lines if line.startswith("x-amz-security-token:")), None)


def test_every_published_vector_canonicalises_and_signs_as_a_server_would():
    vectors = suite()
    assert len(vectors) == 34
    for path in vectors:
        method, rest, headers, body = read_request(path)
        token = signed_token(path)
        if token is not None and all(name.lower() != "x-amz-security-token" for name, _ in headers):
            headers.append(("X-Amz-Security-Token", token))
        where = target(f"https://example.amazonaws.com{rest}")
        canonical = canonical_request(method, where, headers, sha256(body).hexdigest())
        assert canonical == expected(path, ".creq"), path.stem
        to_sign = string_to_sign(canonical, "20150830T123600Z", REGION, SERVICE)
        assert to_sign == expected(path, ".sts"), path.stem
        proof = signature(SECRET, to_sign, REGION, SERVICE)
        assert expected(path, ".authz").endswith(f"Signature={proof}"), path.stem


def test_every_published_vector_that_our_calls_can_express_is_signed_so():
    skipped = []
    for path in suite():
        if path.stem in NOT_FOR_SIGN:
            skipped.append(path.stem)
            continue
        method, rest, headers, body = read_request(path)
        token = signed_token(path)
        url = f"https://example.amazonaws.com{rest}"
        added = sign(
            method, url, dict(headers), body, AWSCredentials(KEY_ID, SECRET, token), REGION, SERVICE, SUITE_TIME_S
        )
        assert added["authorization"] == expected(path, ".authz"), path.stem
    assert sorted(skipped) == sorted(NOT_FOR_SIGN)


# --- botocore as oracle


def botocore_authorization(method, url, headers, body, credentials, region, time_s) -> str:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method, url, headers=headers, data=body)
    keys = Credentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
    now = datetime.datetime.fromtimestamp(int(time_s), datetime.UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        SigV4Auth(keys, "bedrock", region).add_auth(request)
    return str(request.headers["Authorization"])


visible = st.text("".join(chr(c) for c in range(33, 127)), min_size=1, max_size=40)
tokens = st.text(string.ascii_letters + string.digits + "-_.!#$%&'*+^`|~", min_size=1, max_size=20)
values = st.text("".join(chr(c) for c in range(32, 127)) + "\t", max_size=40)
reserved = {"host", "date", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "authorization"}
odd_headers = st.dictionaries(tokens.filter(lambda name: name.lower() not in reserved), values, max_size=6).filter(
    lambda headers: len({name.lower() for name in headers}) == len(headers)
)
segments = st.text(string.ascii_letters + string.digits + "-._~:/", min_size=1, max_size=60)
regions = st.sampled_from(["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "ap-southeast-2"])
queries = st.lists(st.tuples(visible, visible), max_size=4)
accounts = st.integers(0, 999_999_999_999).map("{:012d}".format)
models = st.one_of(
    segments,
    st.builds("arn:aws:bedrock:{}:{}:application-inference-profile/{}".format, regions, accounts, tokens),
    st.builds("arn:aws:bedrock:{}::foundation-model/{}".format, regions, segments),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    model=models,
    raw_colon=st.booleans(),
    query=queries,
    headers=odd_headers,
    body=st.binary(max_size=200),
    credentials=st.builds(AWSCredentials, visible, visible, st.none() | visible),
    region=regions,
    time_s=st.floats(0, 4_000_000_000),
    port=st.sampled_from(["", ":443", ":8443"]),
)
def test_botocore_signs_the_same(model, raw_colon, query, headers, body, credentials, region, time_s, port):
    encoded = quote(model, safe="-._~:" if raw_colon else "-._~")
    url = f"https://bedrock-runtime.{region}.amazonaws.com{port}/model/{encoded}/converse"
    if query:
        url += "?" + "&".join(f"{quote(name, safe='-._~')}={quote(value, safe='-._~')}" for name, value in query)
    ours = sign("POST", url, headers, body, credentials, region, "bedrock", time_s)
    theirs = botocore_authorization("POST", url, headers, body, credentials, region, time_s)
    assert ours["authorization"] == theirs
