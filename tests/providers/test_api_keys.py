"""Short-term API keys: botocore and the makers' own package write the same."""

from __future__ import annotations

import base64
import datetime
import json
import subprocess
import sys
from unittest import mock
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_llm.config import AWSCredentials
from bedrock_llm.errors import ConfigurationError
from bedrock_llm.providers.api_keys import short_term_api_key

KEYS = AWSCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "TOKEN/+=&%")
TIME_S = 1767323045.0  # 2026-01-02T03:04:05Z


def decoded(key):
    assert key.startswith("bedrock-api-key-")
    return base64.b64decode(key.removeprefix("bedrock-api-key-"), validate=True).decode("ascii")


def as_botocore_signs(keys, region, expires_s, time_s):
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("POST", "https://bedrock.amazonaws.com/", params={"Action": "CallWithBearerToken"})
    theirs = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    now = datetime.datetime.fromtimestamp(int(time_s), datetime.UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        SigV4QueryAuth(theirs, "bedrock", region, expires=expires_s).add_auth(request)
    return request.url


visible = st.text("".join(chr(code) for code in range(33, 127)), min_size=1, max_size=60)


@settings(max_examples=200, deadline=None)
@given(
    keys=st.builds(AWSCredentials, visible, visible, st.none() | visible),
    region=st.sampled_from(["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"]),
    expires_s=st.integers(1, 43200),
    time_s=st.floats(0, 4_000_000_000),
)
def test_botocore_signs_the_same(keys, region, expires_s, time_s):
    ours = decoded(short_term_api_key(keys, region, expires_s, now=time_s))
    assert f"https://{ours}" == as_botocore_signs(keys, region, expires_s, time_s) + "&Version=1"


def test_what_a_key_says():
    text = decoded(short_term_api_key(KEYS, "us-east-1", now=TIME_S))
    where, _, query = text.partition("?")
    fields = {name: values[0] for name, values in parse_qs(query).items()}
    assert where == "bedrock.amazonaws.com/"
    assert len(fields.pop("X-Amz-Signature")) == 64
    assert fields == {
        "Action": "CallWithBearerToken",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request",
        "X-Amz-Date": "20260102T030405Z",
        "X-Amz-Expires": "43200",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Security-Token": "TOKEN/+=&%",
        "Version": "1",
    }
    assert KEYS.secret_access_key not in text


def test_time_of_this_machine_is_the_default():
    before = int(datetime.datetime.now(datetime.UTC).timestamp())
    (date,) = parse_qs(decoded(short_term_api_key(KEYS, "us-east-1")))["X-Amz-Date"]
    signed = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC).timestamp()
    assert before <= signed <= before + 60


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((("AKID", "secret"), "us-east-1"), "credentials must be AWSCredentials, not tuple"),
        ((KEYS, "us-east"), "region must be the name of an AWS region"),
        ((KEYS, None), "region must be the name of an AWS region"),
        ((KEYS, "us-east-1", 0), "expires_s must be a whole number from 1 to 43200"),
        ((KEYS, "us-east-1", 43201), "expires_s must be"),
        ((KEYS, "us-east-1", 60.5), "expires_s must be"),
        ((KEYS, "us-east-1", True), "expires_s must be"),
    ],
)
def test_what_makes_no_key_is_refused(arguments, named):
    with pytest.raises(ConfigurationError, match=named):
        short_term_api_key(*arguments)


@pytest.mark.parametrize("token", [None, "TOKEN/+=&%"])
@pytest.mark.parametrize("expires_s", [1, 900, 43200])
def test_makers_own_package_writes_the_same(monkeypatch, token, expires_s):
    generator = pytest.importorskip("aws_bedrock_token_generator")
    from botocore.credentials import Credentials

    keys = AWSCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    provider = mock.Mock(load=lambda: Credentials(keys.access_key_id, keys.secret_access_key, token))
    theirs = generator.provide_token("eu-west-1", provider, datetime.timedelta(seconds=expires_s))
    (date,) = parse_qs(decoded(theirs))["X-Amz-Date"]
    signed = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC).timestamp()
    assert short_term_api_key(keys, "eu-west-1", expires_s, now=signed) == theirs


def test_keys_are_made_without_the_aws_sdk():
    code = (
        "import sys, json\nfrom bedrock_llm import AWSCredentials\n"
        "from bedrock_llm.providers.api_keys import short_term_api_key\n"
        "short_term_api_key(AWSCredentials('a', 'b'), 'us-east-1')\n"
        "print(json.dumps([name for name in sys.modules if name.startswith(('boto', 'aiohttp', 'anyio'))]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(done.stdout) == []
